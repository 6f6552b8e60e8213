"""MinHash signatures in the form of datasketch, and the pairs they propose. Loads NumPy, not datasketch.

A signature is bit for bit that of `datasketch.MinHash(num_perm=128, scheme="affine32", seed=1,
hashfunc=curator.similarity.shingles.hash32)` over the shingles of a text, so it can be stored in a
`datasketch.MinHashLSH` and compared with signatures that others have made.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from curator.errors import CuratorError
from curator.progress import Progress
from curator.similarity import kernels, sets
from curator.similarity.sets import Sets

if TYPE_CHECKING:
    from curator.similarity.exact import Part

PERMUTATIONS = 128
SEED = 1
# 32 bands of 4 rows: a pair with Jaccard 0.5 is a candidate with probability 1-(1-0.5^4)^32 = 0.87, one with 0.7
# with 0.9998. Candidates are verified exactly, so generous banding costs time, never precision.
BANDS, ROWS = 32, 4
# Candidates (8 bytes each): with more, the texts are alike in so large a part that bands are of no use.
_MOST_CANDIDATES = 50_000_000
# Pairs of several bands (8 bytes each) that are collected before those found twice are thrown together.
_ROOM = 10_000_000
# Documents that are signed, and pairs that are compared, in one call.
_DOCUMENTS, _BLOCK = 1 << 11, 1 << 16


def permutations() -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """The factors and offsets of datasketch's scheme "affine32" for our seed."""
    generator = np.random.RandomState(SEED)  # NumPy never changes the numbers of this old generator
    factors = generator.randint(0, 1 << 31, PERMUTATIONS, dtype=np.uint32) * np.uint32(2) + np.uint32(1)
    return factors, generator.randint(0, 1 << 32, PERMUTATIONS, dtype=np.uint32)


def signatures(whole: Sets) -> NDArray[np.uint32]:
    """The signature of each document, (documents, PERMUTATIONS); all ones for a document without shingles."""
    return kernels.sign(whole.hashes, whole.starts, *permutations())


def join(
    whole: Sets, skip: NDArray[np.uint8], threshold: float, jobs: int, progress: Progress | None
) -> "Iterator[Part]":
    """Those similar pairs among the documents that agree in a band; not those to skip.

    Raises CuratorError if so many agree that bands are of no use.
    """
    documents = np.flatnonzero(skip == 0)
    keys = np.empty((BANDS, len(documents)), np.uint64)

    def sign(first: int, view: Sets) -> int:
        start, stop = np.searchsorted(documents, (first, first + len(view)))
        keys[:, start:stop] = band_keys(signatures(view)[documents[start:stop] - first])
        return first + len(view)

    with ThreadPoolExecutor(jobs) as pool:
        for done in pool.map(lambda piece: sign(*piece), sets.split(whole, len(whole) // _DOCUMENTS + 1)):
            if progress:
                progress("signed", done, len(whole))
        blocks = np.array_split(candidates := _candidates(pool.map(_agreeing, keys)), len(candidates) // _BLOCK + 1)
        done = 0
        for block, part in zip(
            blocks, pool.map(lambda block: _similar(whole, documents, block, threshold), blocks), strict=True
        ):
            yield part
            done += len(block)
            if progress:
                progress("compared", done, len(candidates))


def band_keys(signed: NDArray[np.uint32]) -> NDArray[np.uint64]:
    """For each band (first axis) and signature a number that is the same if all rows of the band are."""
    rows = signed.reshape(len(signed), BANDS, ROWS).astype(np.uint64)
    key = rows[:, :, 0]
    for row in range(1, ROWS):
        key = (key ^ (key >> np.uint64(29))) * np.uint64(0x9E3779B97F4A7C15) + rows[:, :, row]
    return np.ascontiguousarray(key.T)


def _candidates(bands: Iterator[NDArray[np.uint64]]) -> NDArray[np.uint64]:
    """What the bands propose, each pair once, ascending; thrown together before repetitions take too much memory."""
    found, waiting = np.zeros(0, np.uint64), [np.zeros(0, np.uint64)]
    for band in bands:
        waiting.append(band)
        if sum(map(len, waiting)) > max(len(found), _ROOM):
            found, waiting = np.unique(np.concatenate([found, *waiting])), []
            _few_enough(len(found))
    return np.unique(np.concatenate([found, *waiting]))


def _agreeing(keys: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """All pairs of places with the same key, as one number: the smaller place in the upper half."""
    # Most keys stand alone. Counting by their first bits finds out most of these faster than sorting them would.
    bits = (8 * len(keys)).bit_length()
    table = np.zeros(1 << bits, np.uint8)
    kernels.count(keys, np.array([0, len(keys)]), np.zeros(1, np.uint8), table, range(len(table)))
    some = np.flatnonzero(table[keys >> np.uint64(64 - bits)] > 1)
    order = some[np.argsort(keys[some])].astype(np.uint64)
    ordered = keys[order]
    here = np.flatnonzero(ordered[1:] == ordered[:-1])
    found, count, step = [], 0, 1
    while len(here):
        one, other = order[here], order[here + step]
        found.append(np.minimum(one, other) << np.uint64(32) | np.maximum(one, other))
        count += len(here)
        _few_enough(count)
        step += 1
        here = here[here + step < len(ordered)]
        here = here[ordered[here] == ordered[here + step]]
    return np.concatenate([np.zeros(0, np.uint64), *found])


def _few_enough(candidates: int) -> None:
    if candidates > _MOST_CANDIDATES:
        raise CuratorError(
            f"more than {_MOST_CANDIDATES:,} pairs to compare: too many texts are alike in part; use the exact engine"
        )


def _similar(whole: Sets, documents: NDArray[np.int64], block: NDArray[np.uint64], threshold: float) -> "Part":
    """The candidates of a block that are similar enough."""
    a = documents[(block >> np.uint64(32)).astype(np.int64)]
    b = documents[(block & np.uint64(0xFFFFFFFF)).astype(np.int64)]
    common = kernels.shared(whole.hashes, whole.starts, a, b)
    sizes = np.diff(whole.starts)
    enough = common / (sizes[a] + sizes[b] - common) >= threshold
    return a[enough], b[enough], common[enough], len(block)
