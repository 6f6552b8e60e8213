"""What the corpus covers, where its gaps are, what repeats, how long it is, and how far its review got."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from curator import chatml, variant
from curator.example import Example
from curator.labels import GENERATIONS, TOPICS, TYPES
from curator.lengths import Lengths, lengths
from curator.near.answers import NEAR
from curator.progress import Progress
from curator.review.agreement import Agreement, agreement
from curator.review.log import Record
from curator.similarity import shingles, stars
from curator.similarity.stars import Cluster, Pair, Standing
from curator.stats.coverage import Coverage, Gap, topic_of
from curator.stats.weakness import Weakness


@dataclass(frozen=True)
class Review:
    """How many examples stand where, and how well blind second labels agree with the first (None without any)."""

    states: dict[str, int]
    agreement: Agreement | None


@dataclass(frozen=True)
class Place:
    """A place of the coverage where examples are few. `failing` is the share of failures to expect there, 0 to 1; None
    if no evaluation was given. `need` is what places are ranked by: failing / (examples + 1)."""

    gap: Gap
    failing: float | None

    @property
    def need(self) -> float:
        """The weaker the model and the fewer the examples, the more."""
        return (1.0 if self.failing is None else self.failing) / (self.gap.examples + 1)


@dataclass(frozen=True)
class Stats:
    """Counts of examples. An example of several generations counts in each of them.

    `cells` are examples by topic, type, generation and difficulty ("" for none); `places` are all that make sense,
    those worth filling first; `clusters` are near-duplicates.
    """

    examples: int
    labels: dict[str, dict[str, int]]
    coverage: Coverage
    cells: dict[tuple[str, str, str, str], int]
    places: list[Place]
    clusters: list[Cluster]
    threshold: float
    review: Review
    lengths: dict[str, Lengths]
    weakness: Weakness | None = None

    def as_dict(self) -> dict[str, Any]:
        """The fields as JSON values."""
        cover = self.coverage
        names = ("topic", "type", "generation", "difficulty")
        return {
            "examples": self.examples,
            "labels": self.labels,
            "coverage": [dict(zip(names, cell, strict=True)) | {"examples": n} for cell, n in self.cells.items()],
            "type_x_generation": {t: {g: cover.count("", t, g) for g in GENERATIONS} for t in TYPES},
            "topic_x_generation": {t: {g: cover.count(t, "", g) for g in GENERATIONS} for t in TOPICS},
            "gaps": [asdict(p.gap) | {"failing": p.failing, "need": round(p.need, 4)} for p in self.places],
            "near_duplicates": {
                "threshold": self.threshold,
                "clusters": [{"members": c.members, "kept": c.kept} for c in self.clusters],
            },
            "review": {
                "states": self.review.states,
                "agreement": self.review.agreement.as_dict() if self.review.agreement else None,
            },
            "lengths": {name: asdict(values) for name, values in self.lengths.items()},
            "evaluation": self.weakness.as_dict() if self.weakness else None,
        }


def count(
    examples: Sequence[Example],
    record: Record | None = None,
    threshold: float = NEAR,
    weakness: Weakness | None = None,
    tokens: Callable[[str], int] | None = None,
    progress: Progress | None = None,
    jobs: int | None = None,
) -> Stats:
    """Count a corpus. `record` is that of its review, `weakness` what gaps are ranked by, `tokens` counts a text's.
    `jobs` is how many texts are compared at a time; None takes all processors."""
    coverage = Coverage(examples)
    cells = Counter(
        (topic_of(e), e.type, generation, str(e.meta.get("difficulty") or ""))
        for e in examples
        for generation in chatml.target_generation(e)
    )
    places = [Place(g, weakness.of(g.type, g.generation) if weakness else None) for g in coverage.gaps()]
    return Stats(
        examples=len(examples),
        labels={
            "type": _counted(e.type for e in examples),
            "generation": _counted("+".join(e.generations) for e in examples),
            "topic": _counted(topic_of(e) for e in examples),
            "difficulty": _counted(str(e.meta.get("difficulty") or "not given") for e in examples),
        },
        coverage=coverage,
        cells=dict(sorted(cells.items())),
        # of equal need those with the emptiest surroundings come first, as `gaps` has them
        places=sorted(places, key=lambda p: (-p.need, p.gap.of_type + p.gap.of_topic)),
        clusters=_clusters(examples, threshold, progress, jobs),
        threshold=threshold,
        review=_review(examples, record),
        lengths=_lengths(examples, tokens, progress),
        weakness=weakness,
    )


def _review(examples: Iterable[Example], record: Record | None) -> Review:
    known = record or Record(Path())
    return Review(_counted(known.standing(e).state for e in examples), agreement(known.labels()))


def _clusters(
    examples: Sequence[Example], threshold: float, progress: Progress | None, jobs: int | None
) -> list[Cluster]:
    """As `curator dedupe` finds them; the richer explanation stays, nothing is judged here."""
    from curator.similarity import join  # NumPy

    by_path = {example.path: example for example in sorted(examples, key=lambda e: e.path)}
    paths = list(by_path)
    found = join.pairs(map(shingles.example_text, by_path.values()), threshold, jobs=jobs, progress=progress)
    similar = zip(found.a.tolist(), found.b.tolist(), found.jaccard.tolist(), strict=True)
    pairs = [Pair(paths[a], paths[b], similarity) for a, b, similarity in similar]
    inside = {path for pair in pairs for path in (pair.a, pair.b)}
    standings = {p: Standing(richness=len(shingles.tokens(by_path[p].prose("Explanation")))) for p in inside}
    return stars.clusters(pairs, standings, variant.wanted_pairs(((p.a, p.b) for p in pairs), by_path))


def _lengths(
    examples: Sequence[Example], tokens: Callable[[str], int] | None, progress: Progress | None
) -> dict[str, Lengths]:
    values: dict[str, list[int]] = {"code, lines": [], "conversation, characters": [], "conversation, tokens": []}
    for number, example in enumerate(examples, 1):
        if progress and number % 100 == 0:
            progress("lengths", number, len(examples))
        values["code, lines"].append(sum(len(b.text.splitlines()) for b in example.bbj_blocks))
        for made in chatml.conversations(example):
            text = "\n".join(m.content for m in made.messages)
            values["conversation, characters"].append(len(text))
            if tokens:
                values["conversation, tokens"].append(tokens(text))
    return {name: lengths(name.split(", ")[1], of) for name, of in values.items() if of}


def _counted(words: Iterable[str]) -> dict[str, int]:
    found: Mapping[str, int] = Counter(words)
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))
