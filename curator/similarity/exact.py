"""Every pair of sets that are similar enough, by a prefix join. Loads NumPy.

The method is AllPairs (Bayardo, Ma, Srikant 2007) with the positions of PPJoin (Xiao, Wang, Lin, Yu 2008): two sets
with a Jaccard similarity of t or more share one of their rarest shingles, so it is enough to look for partners by
these. Before that, most documents drop out for good: whoever has too many shingles that stand in no other document has
no partner.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue

import numpy as np
from numpy.typing import NDArray

from curator.progress import Progress
from curator.similarity import kernels, sets
from curator.similarity.sets import Sets

Part = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], int]
"""Numbers of two documents, how many shingles they share, and how many pairs were compared for these."""

# Documents that look for partners in one call: few enough that progress moves and Ctrl-C is heard.
_BLOCK = 512


def join(
    whole: Sets, skip: NDArray[np.uint8], threshold: float, jobs: int, progress: Progress | None, most: int
) -> Iterator[Part]:
    """All pairs among the documents, but for those to skip; if there are more than `most`, so many that this is clear.

    Uses up the hashes.
    """
    with ThreadPoolExecutor(jobs) as pool:
        documents, left, sizes, table = _with_partners(whole, skip, threshold, pool, jobs, progress)
        looks = sizes - least(sizes, threshold) + 1
        found = sizes - least(sizes, 2 * threshold / (1 + threshold)) + 1
        prefix = kernels.prefixes(left.hashes, left.starts, sizes, table, looks)
        index = kernels.index((left.hashes, left.starts, sizes), prefix, found, threshold)
        spare: SimpleQueue[NDArray[np.uint32]] = SimpleQueue()
        for _ in range(jobs):
            spare.put(np.zeros(len(documents), np.uint32))

        made = 0

        def block(ranks: range) -> list[tuple[kernels.Found, kernels.Found, kernels.Found, int]]:
            nonlocal made
            parts, seen = [], spare.get()
            for part in kernels.probe(index, ranks, seen):
                parts.append(part)
                made += len(part[0])
                if made > most:
                    break
            spare.put(seen)
            return parts

        blocks = [range(r, min(r + _BLOCK, len(documents))) for r in range(0, len(documents), _BLOCK)]
        for ranks, parts in zip(blocks, pool.map(block, blocks), strict=True):
            for a, b, common, compared in parts:
                yield documents[a], documents[b], common.astype(np.int64), compared
            if progress:
                progress("compared", ranks.stop, len(documents))


def least(sizes: NDArray[np.int64], share: float) -> NDArray[np.int64]:
    """The smallest number of shingles that is at least this share of each size, and at least 1.

    Rounding errs to the low side; what this lets through is decided by the exact similarity.
    """
    return np.maximum(np.ceil(share * sizes - 1e-6).astype(np.int64), 1)


def _with_partners(
    whole: Sets,
    skip: NDArray[np.uint8],
    threshold: float,
    pool: ThreadPoolExecutor,
    jobs: int,
    progress: Progress | None,
) -> tuple[NDArray[np.int64], Sets, NDArray[np.int64], NDArray[np.uint8]]:
    """The documents that may have a partner, their sets without what no other document has, their full sizes, and in
    how many documents each shingle stands."""
    documents, sizes = np.arange(len(whole)), whole.sizes
    while True:
        table = _counted(whole, skip, pool, jobs)
        wanted = least(sizes, threshold)
        views = sets.split(whole, 8 * jobs)
        keeping = [
            pool.submit(
                kernels.keep, view.hashes, view.starts, skip[i : i + len(view)], table, wanted[i : i + len(view)]
            )
            for i, view in views
        ]
        parts = []
        for (first, view), future in zip(views, keeping, strict=True):
            parts.append(future.result())
            if progress:
                progress("looked for partners", first + len(view), len(documents))
        kept = np.concatenate([np.zeros(0, np.int64), *(left for _, left in parts)])
        before, remain = len(documents), kept > 0
        documents, sizes, skip = documents[remain], sizes[remain], skip[remain]
        hashes = np.concatenate([np.zeros(0, np.uint64), *(part for part, _ in parts)])
        whole = sets.of_sizes(hashes, kept[remain])
        # Those that dropped out took shingles with them that others shared with them alone: once more without them.
        if len(documents) > 0.9 * before or not len(documents):
            return documents, whole, sizes, table


def _counted(whole: Sets, skip: NDArray[np.uint8], pool: ThreadPoolExecutor, jobs: int) -> NDArray[np.uint8]:
    """In how many documents a shingle stands, up to 255, in a table with two to four times as many cells as shingles.

    Shingles that share a cell seem more frequent than they are: this costs time, but no pair.
    """
    table = np.zeros(1 << max(10, (2 * len(whole.hashes)).bit_length()), np.uint8)
    step = len(table) // jobs + 1  # a thread has cells of its own, so that no two write to the same
    cells = [range(c, min(c + step, len(table))) for c in range(0, len(table), step)]
    list(pool.map(lambda own: kernels.count(whole.hashes, whole.starts, skip, table, own), cells))
    return table
