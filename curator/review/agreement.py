"""How well two readers agree on the generation of examples: Cohen's kappa of the label and a blind second one.

An example may have several generations. The headline kappa takes the whole label as one category ("bbj-gui+dwc" is not
"dwc"), which is strict: half right is not right. Beside it stands a kappa for each generation on its own (is it in the
label, yes or no), which shows where readers part. Kappa is (po - pe) / (1 - pe), the agreement beyond chance (Cohen,
Educational and Psychological Measurement 20, 1960); the interval is the large-sample one given there.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import sqrt

from curator.labels import GENERATIONS
from curator.review.rules import Event

Pair = tuple[str, str]


@dataclass(frozen=True)
class Kappa:
    """Agreement on one set of categories. `kappa` is None where all stands in one category: then it is not defined.

    `low` and `high` are the 95 % interval, None with `kappa`. `observed` and `expected` are shares, 0 to 1.
    """

    pairs: int
    same: int
    observed: float
    expected: float
    kappa: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Agreement:
    """Labels against blind second labels, of one second reader or (`by` "") of all.

    `confusion` counts pairs of (label, second label); `differing` are the examples on which the two differ.
    """

    by: str
    whole: Kappa
    each: dict[str, Kappa]
    confusion: dict[Pair, int]
    differing: list[tuple[str, str, str]]

    def as_dict(self) -> dict[str, object]:
        """The fields as JSON values."""
        return {
            "by": self.by or "all",
            "whole_label": asdict(self.whole),
            "each_generation": {generation: asdict(kappa) for generation, kappa in self.each.items()},
            "confusion": [{"label": a, "second": b, "examples": n} for (a, b), n in self.confusion.items()],
            "differing": [{"example": id, "label": a, "second": b} for id, a, b in self.differing],
        }


def agreement(labels: Sequence[Event], by: str = "") -> Agreement | None:
    """The agreement over "labelled" events; None without any. `by` takes those of one reader only.

    Of several labels by one reader for one example the last counts; the label it is compared with is the one the
    example had when the reader chose, so correcting labels afterwards does not raise the figure.
    """
    last = {(event.by, event.example): event for event in labels if not by or event.by == by}
    if not last:
        return None
    events = sorted(last.values(), key=lambda event: (event.example, event.by))
    pairs = [(_word(event.was), _word(event.label)) for event in events]
    each = {
        generation: cohen([(str(generation in e.was), str(generation in e.label)) for e in events])
        for generation in GENERATIONS
    }
    return Agreement(
        by,
        cohen(pairs),
        each,
        dict(sorted(Counter(pairs).items())),
        [(e.example, a, b) for e, (a, b) in zip(events, pairs, strict=True) if a != b],
    )


def cohen(pairs: Sequence[Pair]) -> Kappa:
    """Cohen's kappa of pairs of categories, with its 95 % interval."""
    count = len(pairs)
    same = sum(a == b for a, b in pairs)
    first, second = Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
    observed = same / count if count else 0.0
    expected = sum(first[word] * second[word] for word in first) / count**2 if count else 0.0
    if not count or expected >= 1:
        return Kappa(count, same, observed, expected, None)
    kappa = (observed - expected) / (1 - expected)
    error = 1.96 * sqrt(observed * (1 - observed) / (count * (1 - expected) ** 2))
    return Kappa(count, same, observed, expected, kappa, max(kappa - error, -1.0), min(kappa + error, 1.0))


def said(kappa: Kappa) -> str:
    """A kappa in one line: "kappa 0.40 (95 % 0.14 to 0.66), 35 of 50 the same"."""
    counts = f"{kappa.same} of {kappa.pairs} the same"
    if kappa.kappa is None:
        return f"kappa not defined (one category only), {counts}"
    return f"kappa {kappa.kappa:.2f} (95 % {kappa.low:.2f} to {kappa.high:.2f}), {counts}"


def lines(agreement: Agreement) -> list[str]:
    """The agreement for a terminal: whole labels, each generation, the confusion, where the two differ."""
    each = [f"  {generation}: {said(kappa)}" for generation, kappa in agreement.each.items()]
    confusion = [f"  label {a}, second label {b}: {n}" for (a, b), n in agreement.confusion.items()]
    differing = [f"  {id}: label {a}, second label {b}" for id, a, b in agreement.differing]
    parts = [f"second labels: {said(agreement.whole)}", *each, "label and second label, examples:", *confusion]
    return [*parts, *(["they differ on:", *differing] if differing else [])]


def _word(label: Sequence[str]) -> str:
    return "+".join(sorted(label, key=lambda word: (GENERATIONS.index(word) if word in GENERATIONS else 9, word)))
