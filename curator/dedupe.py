"""Which documents are near-duplicates of each other, which one to keep of them, and why.

Candidates come from MinHash LSH and are verified by exact Jaccard. A cluster is what hangs together over any number of
pairs (so that no pair is split between training and test); but a document is only marked as removable if it is
directly similar to one that is kept.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from curator import minhash, shingles
from curator.example import Example

THRESHOLD = 0.7


@dataclass(frozen=True)
class Document:
    """What is compared, and what decides which one to keep: valid before invalid, richer before poorer."""

    key: str
    shingles: frozenset[str]
    valid: bool = True
    richness: int = 0


@dataclass(frozen=True)
class Pair:
    """Two near-duplicates, `a` before `b`, and their Jaccard similarity (0 to 1)."""

    a: str
    b: str
    similarity: float


@dataclass(frozen=True)
class Removal:
    """A document that can go, the kept one it is similar to, and the reason."""

    key: str
    partner: str
    similarity: float
    why: str


@dataclass(frozen=True)
class Cluster:
    """Documents that hang together by pairs. Every member is either kept or has a removal."""

    members: tuple[str, ...]
    pairs: tuple[Pair, ...]
    kept: tuple[str, ...]
    removals: tuple[Removal, ...]


def document(example: Example, valid: bool = True) -> Document:
    """An example as it is compared; its richness is the length of its explanation in tokens."""
    text = shingles.example_text(example)
    return Document(example.path, shingles.of(text), valid, len(shingles.tokens(example.prose("Explanation"))))


def pairs(documents: Sequence[Document], threshold: float = THRESHOLD) -> list[Pair]:
    """All pairs that MinHash proposes and exact Jaccard confirms, most similar first."""
    sets = {d.key: d.shingles for d in documents}
    found = [Pair(a, b, shingles.jaccard(sets[a], sets[b])) for a, b in minhash.candidates(sets)]
    return sorted((p for p in found if p.similarity >= threshold), key=lambda p: (-p.similarity, p.a, p.b))


def clusters(documents: Sequence[Document], threshold: float = THRESHOLD) -> list[Cluster]:
    """The clusters of two or more, largest first."""
    found = pairs(documents, threshold)
    near: dict[str, dict[str, float]] = defaultdict(dict)
    for pair in found:
        near[pair.a][pair.b] = near[pair.b][pair.a] = pair.similarity
    by_key = {d.key: d for d in documents}
    groups = [sorted(group) for group in _connected(near)]
    return [
        Cluster(tuple(group), tuple(p for p in found if p.a in group), *_star(group, by_key, near))
        for group in sorted(groups, key=lambda g: (-len(g), g))
    ]


def cluster_names(documents: Sequence[Document], threshold: float = THRESHOLD) -> dict[str, str]:
    """For each document the name of its cluster: the first key in it, its own if it stands alone."""
    names = {d.key: d.key for d in documents}
    for cluster in clusters(documents, threshold):
        names.update(dict.fromkeys(cluster.members, cluster.members[0]))
    return names


def _connected(near: Mapping[str, Mapping[str, float]]) -> list[set[str]]:
    groups, seen = [], set()
    for start in near:
        if start in seen:
            continue
        group, todo = set(), [start]
        while todo:
            key = todo.pop()
            if key not in group:
                group.add(key)
                todo.extend(near[key])
        seen |= group
        groups.append(group)
    return groups


def _star(
    group: Sequence[str], by_key: Mapping[str, Document], near: Mapping[str, Mapping[str, float]]
) -> tuple[tuple[str, ...], tuple[Removal, ...]]:
    """Best first, keep what is similar to nothing kept so far, and remove the rest for the most similar kept one."""
    kept: list[str] = []
    removals = []
    for key in sorted(group, key=lambda k: (not by_key[k].valid, -by_key[k].richness, k)):
        partners = [other for other in kept if other in near[key]]
        if not partners:
            kept.append(key)
            continue
        partner = max(partners, key=lambda other: near[key][other])
        removals.append(Removal(key, partner, near[key][partner], _reason(by_key[partner], by_key[key])))
    return tuple(kept), tuple(removals)


def _reason(kept: Document, removed: Document) -> str:
    if kept.valid != removed.valid:
        return "the other one passes the checks"
    if kept.richness != removed.richness:
        return "the other one has the richer explanation"
    return "the other one comes first by name"
