"""Near-duplicates among documents in memory: all pairs, exactly, and their clusters (`curator.similarity.stars`)."""

from collections.abc import Sequence
from dataclasses import dataclass

from curator.example import Example
from curator.similarity import shingles, stars
from curator.similarity.stars import Cluster, Pair, Standing

THRESHOLD = 0.7


@dataclass(frozen=True)
class Document:
    """What is compared, and what decides which one to keep: valid before invalid, richer before poorer."""

    key: str
    shingles: frozenset[str]
    valid: bool = True
    richness: int = 0


def document(example: Example, valid: bool = True) -> Document:
    """An example as it is compared; its richness is the length of its explanation in tokens."""
    text = shingles.example_text(example)
    return Document(example.path, shingles.of(text), valid, len(shingles.tokens(example.prose("Explanation"))))


def pairs(documents: Sequence[Document], threshold: float = THRESHOLD) -> list[Pair]:
    """All pairs with a Jaccard similarity of at least `threshold`, most similar first."""
    from curator.similarity import (
        join,
        sets,  # they load NumPy
    )

    by_key = sorted({d.key: d.shingles for d in documents}.items())
    hashed = sets.of_hashes(sorted(shingles.hash64(s.encode()) for s in found) for _, found in by_key)
    found = join.pairs_of(hashed, threshold)
    made = zip(found.a.tolist(), found.b.tolist(), found.jaccard.tolist(), strict=True)
    return sorted((Pair(by_key[a][0], by_key[b][0], s) for a, b, s in made), key=lambda p: (-p.similarity, p.a, p.b))


def clusters(documents: Sequence[Document], threshold: float = THRESHOLD) -> list[Cluster]:
    """The clusters of two or more, largest first."""
    standings = {d.key: Standing(1 if d.valid else 3, d.richness) for d in documents}
    return stars.clusters(pairs(documents, threshold), standings)


def cluster_names(documents: Sequence[Document], threshold: float = THRESHOLD) -> dict[str, str]:
    """For each document the name of its cluster: the first key in it, its own if it stands alone."""
    names = {d.key: d.key for d in documents}
    for cluster in clusters(documents, threshold):
        names.update(dict.fromkeys(cluster.members, cluster.members[0]))
    return names
