"""Near-duplicates among many texts: every pair of texts whose shingles are similar enough. Loads NumPy.

    found = join.pairs(texts, 0.7)
    for a, b, similarity in zip(found.a, found.b, found.jaccard): ...

The exact engine finds all such pairs and no other. The engine "lsh" proposes pairs by MinHash signatures, so it may
miss some, and checks them in the same way. Texts with the same shingles are compared with others only once.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from curator.errors import CuratorError
from curator.progress import Progress
from curator.similarity import exact, lsh, sets, twins
from curator.similarity.twins import Twins

Engine = Literal["exact", "lsh"]
# Half a gigabyte of results. A corpus that has more is full of one text, and the list of its pairs is of no use.
MOST_PAIRS = 20_000_000


@dataclass(frozen=True)
class Pairs:
    """Pairs of texts by their numbers, a < b, sorted. `candidates` is how many pairs of sets were compared."""

    a: NDArray[np.int64]
    b: NDArray[np.int64]
    jaccard: NDArray[np.float64]
    candidates: int

    def __len__(self) -> int:
        return len(self.a)


def pairs(
    texts: Iterable[str],
    threshold: float,
    *,
    jobs: int | None = None,
    engine: Engine = "exact",
    progress: Progress | None = None,
    most: int = MOST_PAIRS,
) -> Pairs:
    """All pairs of texts with a Jaccard similarity of at least `threshold` (more than 0, at most 1).

    The texts are read once and not kept: eight bytes for each shingle are. A text without tokens is similar to nothing.
    The result does not depend on `jobs`. Raises CuratorError if there are more than `most` pairs.
    """
    _checked(threshold)
    jobs = jobs or sets.workers()
    whole = sets.of_texts(texts, jobs, progress)
    sizes = whole.sizes
    groups = twins.found(whole)
    if engine == "exact":  # it uses the hashes up
        run = exact.join(whole, groups.copies, threshold, jobs, progress, most)
    else:
        run = lsh.join(whole, groups.copies, threshold, jobs, progress)
    candidates, count, parts = 0, groups.count(), []
    few_enough(count, most, threshold)
    for a, b, common, compared in run:
        candidates += compared
        count += groups.count_between(a, b)
        few_enough(count, most, threshold)
        parts.append((a, b, common / (sizes[a] + sizes[b] - common)))
    a, b, jaccard = (np.concatenate(column) for column in zip(_NONE, *parts, strict=True))
    return with_copies(groups, a, b, jaccard, candidates)


def with_copies(
    groups: Twins, a: NDArray[np.int64], b: NDArray[np.int64], jaccard: NDArray[np.float64], candidates: int
) -> Pairs:
    """The pairs that pairs of the first documents of groups stand for, and those within groups."""
    left, right, row = groups.between(a, b)
    same = groups.pairs()
    left, right = np.concatenate((left, same[0])), np.concatenate((right, same[1]))
    jaccard = np.concatenate((jaccard[row], np.ones(len(same[0]))))
    low, high = np.minimum(left, right), np.maximum(left, right)
    order = np.lexsort((high, low))
    return Pairs(low[order], high[order], jaccard[order], candidates)


_NONE = (np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))


def few_enough(count: int, most: int, threshold: float) -> None:
    """Raises CuratorError if there are more than `most` pairs."""
    if count > most:
        raise CuratorError(
            f"more than {most:,} pairs of texts are similar at {threshold:g}: something must be there many thousand "
            "times; remove identical texts first, or raise the threshold"
        )


def _checked(threshold: float) -> None:
    if not 0 < threshold <= 1:
        raise CuratorError(f"the threshold is {threshold:g}; it must be more than 0 and at most 1")
