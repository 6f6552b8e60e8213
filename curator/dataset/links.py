"""What in a dataset is near to what: the links that no split may cut, and the audit that none was cut.

Two rows are near if their whole texts are, or their questions, their answers or any of their programs (Jaccard of
shingles), or if a program of one stands in a program of the other. A row that is merely explained in other words is a
leak like any other: the model would be asked for a program that it was trained on.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from curator.progress import Progress
from curator.rows import row_text

CONTAINED = 0.8
"""Share of a program's shingles from which it stands in another one. More than the usual threshold, as programs of one
topic share idioms; the same figure as in the audit of evaluation cases."""
FEWEST_SHINGLES = 8
"""A shorter program is not looked for in others: `print "Hello"` stands everywhere."""


@dataclass(frozen=True)
class View:
    """A text of a row that is compared with those of its kind: "text", "question", "answer", "program", and while a
    dataset is built "document" and "task"."""

    id: str
    kind: str
    text: str


@dataclass(frozen=True)
class Link:
    """Two rows that are near to each other (`a` before `b`), by what, and how much, 0 to 1.

    `kind` is that of the views, or "part of a program" where one stands in a longer one.
    """

    a: str
    b: str
    kind: str
    similarity: float


def views(row: Mapping[str, Any]) -> Iterator[View]:
    """What of a row is compared: of a conversation all that is not the system's, of a raw program the program."""
    if "messages" not in row:
        yield View(row["id"], "program", row["text"])
        return
    said = {role: "\n\n".join(m["content"] for m in row["messages"] if m["role"] == role)
            for role in ("user", "assistant")}  # fmt: skip
    yield View(row["id"], "text", "\n\n".join(said.values()))
    yield View(row["id"], "question", said["user"])
    yield View(row["id"], "answer", said["assistant"])
    for text in said.values():
        for block in row_text.blocks(text) if "```" in text or "~~~" in text else ():
            if block.language.lower() == "bbj":
                yield View(row["id"], "program", block.text)


def links(
    seen: Iterable[View], threshold: float, jobs: int | None = None, progress: Progress | None = None
) -> list[Link]:
    """All links between the rows of these views, sorted; of two rows that are near in several ways every one."""
    by_kind: dict[str, list[View]] = defaultdict(list)
    for view in seen:
        by_kind[view.kind].append(view)
    found: dict[tuple[str, str, str], float] = {}
    for number, kind in enumerate(sorted(by_kind)):
        if progress:
            progress("kinds of text compared", number, len(by_kind))
        ids = [view.id for view in by_kind[kind]]
        texts = [view.text for view in by_kind[kind]]
        pairs = [(kind, *pair) for pair in _similar(texts, threshold, jobs)]
        if kind == "program":
            pairs += [("part of a program", *pair) for pair in _contained(texts, progress)]
        for how, a, b, similarity in pairs:
            if ids[a] != ids[b]:
                key = (min(ids[a], ids[b]), max(ids[a], ids[b]), how)
                found[key] = max(similarity, found.get(key, 0.0))
    return [Link(*key, similarity) for key, similarity in sorted(found.items())]


def across(
    seen: Sequence[View],
    sides: Mapping[str, str],
    threshold: float,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> list[Link]:
    """The links between rows on different sides: the leaks. Nearest first."""
    cut = [link for link in links(seen, threshold, jobs, progress) if sides[link.a] != sides[link.b]]
    return sorted(cut, key=lambda link: (-link.similarity, link.a, link.b, link.kind))


def _similar(texts: Sequence[str], threshold: float, jobs: int | None) -> list[tuple[int, int, float]]:
    from curator.similarity import join  # NumPy

    found = join.pairs(texts, threshold, jobs=jobs)
    return list(zip(found.a.tolist(), found.b.tolist(), found.jaccard.tolist(), strict=True))


def _contained(texts: Sequence[str], progress: Progress | None) -> list[tuple[int, int, float]]:
    """Programs of which CONTAINED stands in another one: its number, the other's, and the share.

    Whoever holds that share of a program's shingles holds one of its rarest, so only those who do are compared.
    """
    import numpy as np

    from curator.similarity import sets

    hashes = [sets.of_text(text) for text in texts]
    sizes = np.array([len(h) for h in hashes], np.int64)
    if not sizes.sum():
        return []
    _, numbers, counts = np.unique(np.concatenate(hashes), return_inverse=True, return_counts=True)
    starts = np.concatenate(([0], np.cumsum(sizes)))
    holders = np.repeat(np.arange(len(texts)), sizes)[np.argsort(numbers, kind="stable")]
    firsts = np.concatenate(([0], np.cumsum(counts)))
    found = []
    for this in np.flatnonzero(sizes >= FEWEST_SHINGLES).tolist():
        if progress and this % 1000 == 0:
            progress("programs looked for in others", this, len(texts))
        least = int(np.ceil(CONTAINED * sizes[this] - 1e-9))
        mine = numbers[starts[this] : starts[this + 1]]
        rarest = mine[np.argsort(counts[mine], kind="stable")[: sizes[this] - least + 1]]
        lists = [holders[firsts[n] : firsts[n + 1]] for n in rarest.tolist() if counts[n] > 1]
        for other in np.unique(np.concatenate(lists)).tolist() if lists else ():
            if other == this or sizes[other] < least:
                continue
            common = len(np.intersect1d(hashes[this], hashes[other], assume_unique=True))
            if common >= least:
                found.append((this, other, common / int(sizes[this])))
    return found
