"""Which documents of a generation share most with a draft: exact counts, from the posting lists alone.

A draft has n shingles. Whoever shares more than r of them stands in at least one of the n - r shortest lists. So the
shortest lists are gathered, as many as the budget allows and at least as many as the strong answers need; for the
documents found in them the long lists are only asked "is it in there?", and a document leaves as soon as it cannot be
an answer any more. Frequent shingles (a licence header, the end of a loop) so cost a question instead of a long list.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from curator.near.answers import AT_LEAST, NEAR
from curator.near.files import Generation, Hashes, Numbers

Yes = NDArray[np.bool_]

# Postings that are gathered if they are needed to find every answer down to `at_least`: a millisecond's work. The
# strong answers are always found, and cost what they cost.
BUDGET = 65_536

# So few postings are gathered anyhow: that is cheaper than to ask their lists one by one.
FEW = 4_096

# Documents that rank alike are ordered by path; of very many (copies of one header) the first of so many.
_TIED = 100

# Above so many documents it pays to look which of them can still win before the next list is asked.
_MANY = 64


@dataclass(frozen=True)
class Level:
    """What makes an answer: from `strong` on (Jaccard or containment) it is found always, from `at_least` on listed."""

    strong: float = NEAR
    at_least: float = AT_LEAST


def search(
    generation: Generation, wanted: Hashes, skip: Yes, level: Level, limit: int, budget: int = BUDGET
) -> tuple[Numbers, Numbers, Numbers]:
    """The best documents for a draft: their numbers, how many shingles they share, how many they have.

    `wanted` are the draft's shingle hashes; documents that `skip` marks are left out. Best first, `limit` of them, and
    those that rank just as the last one does.
    """
    n = len(wanted)
    first, count = generation.ranges(wanted)
    inside = np.flatnonzero(count)
    order = inside[np.argsort(count[inside], kind="stable")]
    together = np.cumsum(count[order])
    gathered = max(
        len(order) - _most_missed(n, level.strong),
        min(len(order) - _most_missed(n, level.at_least), int(np.searchsorted(together, budget, "right"))),
        int(np.searchsorted(together, min(FEW, budget), "right")),
        0,
    )
    short, long = order[:gathered], order[gathered:]
    least = _most_missed(n, level.at_least) + 1
    documents, shared = _counted(generation.postings(first[short], count[short]), generation.documents)
    documents, shared = _where(shared + len(long) >= least, documents, shared)
    documents, shared = _where(~skip[documents], documents, shared)
    for left, at in zip(range(len(long), 0, -1), long.tolist(), strict=True):
        documents, shared = _where(shared + left >= least, documents, shared)
        if len(documents) > max(limit, _MANY):
            documents, shared = _where(
                _can_win(generation, documents, shared, left, n, level, limit), documents, shared
            )
        if not len(documents):
            break
        shared = shared + _is_in(generation.docs[first[at] : first[at] + count[at]], documents)
    documents, shared = _where(shared >= least, documents, shared)
    sizes = generation.sizes[documents].astype(np.int64)
    best = _ranked(shared, sizes, n, level.strong, limit)
    return documents[best].astype(np.int64), shared[best], sizes[best]


def _where(
    kept: Yes, documents: NDArray[np.uint32], shared: Numbers
) -> tuple[NDArray[np.uint32], Numbers]:  # fmt: skip
    return (documents, shared) if kept.all() else (documents[kept], shared[kept])


def _is_in(postings: NDArray[np.uint32], documents: NDArray[np.uint32]) -> Numbers:
    """1 for each of the documents that stands in the posting list, else 0; both ascending."""
    place = np.searchsorted(postings, documents)
    place[place == len(postings)] = 0
    return (postings[place] == documents).astype(np.int64)


def _most_missed(n: int, share: float) -> int:
    """The largest r with r / n < share: who shares no more than that is no answer."""
    r = int(n * share)
    while r / n >= share:
        r -= 1
    while (r + 1) / n < share:
        r += 1
    return r


def _counted(postings: NDArray[np.uint32], documents: int) -> tuple[NDArray[np.uint32], Numbers]:
    """The different documents in `postings`, ascending, and how often each stands there."""
    if len(postings) * 16 > documents:  # counting beats sorting
        counts = np.bincount(postings, minlength=0)
        found = np.flatnonzero(counts)
        return found.astype(np.uint32), counts[found]
    postings = np.sort(postings)
    new = np.flatnonzero(np.concatenate(([True], postings[1:] != postings[:-1]))) if len(postings) else np.zeros(0, int)
    return postings[new], np.diff(new, append=len(postings))


def _can_win(
    generation: Generation, documents: NDArray[np.uint32], shared: Numbers, left: int, n: int, level: Level, limit: int
) -> Yes:
    """Which documents can still be among the best if `left` lists are not asked yet."""
    certain = np.partition(shared, len(shared) - limit)[len(shared) - limit]  # so much the limit-th best has for sure
    sizes = generation.sizes[documents].astype(np.int64)
    most = np.minimum(shared + left, sizes)
    return (most >= certain) | (most / (n + sizes - most) >= level.strong)


def _ranked(shared: Numbers, sizes: Numbers, n: int, strong: float, limit: int) -> Numbers:
    """The places of the best ones, best first: near-duplicates by Jaccard, then the others by containment."""
    jaccard = shared / (n + sizes - shared)
    near = jaccard >= strong
    first = np.where(near, jaccard, shared / n)
    second = np.where(near, shared / n, jaccard)
    order = np.lexsort((-second, -first, ~near))
    if len(order) <= limit:
        return order
    last = order[limit - 1]
    tied = (near[order] == near[last]) & (first[order] == first[last]) & (second[order] == second[last])
    return order[: min(limit + int(tied[limit:].sum()), limit + _TIED)]
