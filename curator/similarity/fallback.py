"""The kernels of native/kernels.c once more, in NumPy and Python: the same results without a compiler.

Signatures are those of `curator.similarity.kernels`, which chooses between the two.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from curator.similarity import shingles

if TYPE_CHECKING:
    from curator.similarity.kernels import Found, Hashes, Index, Numbers

Places = dict[int, tuple[list[int], list[int]]]
"""For each shingle of a prefix the ranks of the documents that have it, ascending, and its place in each."""

_FACTOR, _RUN, _LAST = (np.uint64(f) for f in (shingles.TOKEN_FACTOR, shingles.RUN_FACTOR, shingles.LAST_FACTOR))
_U = np.uint64


def _folded() -> NDArray[np.uint8]:
    table = np.zeros(256, np.uint8)
    word = [*b"abcdefghijklmnopqrstuvwxyz0123456789_", *range(128, 256)]
    table[word] = word
    table[list(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ")] = list(b"abcdefghijklmnopqrstuvwxyz")
    return table


_FOLDED = _folded()


def shingle(data: bytes, starts: Numbers) -> tuple[Hashes, Numbers]:
    """Every step for all tokens of all texts at once."""
    # A separator before each text keeps the tokens of two texts apart; those at the end are for the last eight bytes.
    letters = np.insert(_FOLDED[np.frombuffer(data, np.uint8)], starts[:-1], 0)
    letters = np.concatenate((letters, np.zeros(9, np.uint8)))
    edges = np.flatnonzero(np.diff((letters != 0).view(np.int8))) + 1
    begins, ends = edges[::2], edges[1::2]
    tokens = _token_hashes(letters, begins, ends - begins)
    counts = np.diff(np.searchsorted(begins, starts + np.arange(len(starts))))
    hashes, documents = _run_hashes(tokens, counts)
    order = np.argsort(hashes)
    small = documents.astype(np.uint16) if len(counts) <= 1 << 16 else documents  # sorted by counting
    order = order[np.argsort(small[order], kind="stable")]
    hashes, documents = hashes[order], documents[order]
    new = np.ones(len(hashes), bool)
    new[1:] = (hashes[1:] != hashes[:-1]) | (documents[1:] != documents[:-1])
    return hashes[new], np.bincount(documents[new], minlength=len(counts)).astype(np.int64)


def _token_hashes(letters: NDArray[np.uint8], begins: Numbers, lengths: Numbers) -> Hashes:
    words = np.ndarray(len(letters) - 7, "<u8", letters.tobytes(), strides=(1,))  # the eight bytes from each place on
    masks = np.array([(1 << 8 * n) - 1 for n in range(8)] + [(1 << 64) - 1], np.uint64)
    values = np.zeros(len(begins), np.uint64)
    some = np.arange(len(begins))
    offset = 0
    while len(some):
        word = words[begins[some] + offset] & masks[np.minimum(lengths[some] - offset, 8)]
        value = (values[some] ^ word) * _FACTOR
        values[some] = value ^ (value >> _U(32))
        offset += 8
        some = some[lengths[some] > offset]
    return values


def _run_hashes(tokens: Hashes, counts: Numbers) -> tuple[Hashes, Numbers]:
    """The hash of every run of five tokens, or of all tokens of a text with fewer, and whose it is."""
    documents = np.repeat(np.arange(len(counts)), counts)
    firsts = np.cumsum(counts) - counts
    runs, owners = [], []
    for size in range(1, shingles.SIZE + 1):
        if size < shingles.SIZE:
            start = firsts[counts == size]
        else:
            start = np.flatnonzero(np.arange(len(tokens)) + size <= (firsts + counts)[documents])
        run = np.zeros(len(start), np.uint64)
        for step in range(size):
            run = run * _RUN + tokens[start + step]
        run = (run ^ (run >> _U(32))) * _LAST
        runs.append(run ^ (run >> _U(29)))
        owners.append(documents[start])
    return np.concatenate(runs), np.concatenate(owners)


def _cells(hashes: Hashes, table: NDArray[np.uint8]) -> Numbers:
    return (hashes >> _U(65 - len(table).bit_length())).astype(np.int64)


def _per_document(values: NDArray, starts: Numbers) -> Numbers:
    """The sum of a number per shingle for each document."""
    return np.diff(np.concatenate(([0], np.cumsum(values, dtype=np.int64)))[starts])


def count(hashes: Hashes, starts: Numbers, skip: NDArray[np.uint8], table: NDArray[np.uint8], cells: range) -> None:
    """In memory that depends on the batch alone."""
    mine = _cells(hashes[np.repeat(skip == 0, np.diff(starts))], table)
    mine = mine[(mine >= cells.start) & (mine < cells.stop)]
    which, often = np.unique(mine, return_counts=True)
    table[which] = np.minimum(table[which] + often, 255)


def keep(
    hashes: Hashes, starts: Numbers, skip: NDArray[np.uint8], table: NDArray[np.uint8], least: Numbers
) -> tuple[Hashes, Numbers]:
    """As the compiled one, but leaves `hashes` alone."""
    common = table[_cells(hashes, table)] > 1
    kept = _per_document(common, starts)
    kept[(skip != 0) | (kept < least)] = 0
    return hashes[common & np.repeat(kept > 0, np.diff(starts))], kept


def shared(hashes: Hashes, starts: Numbers, a: Numbers, b: Numbers) -> Numbers:
    """Both sets behind each other and sorted: what they share stands there twice."""
    common = np.empty(len(a), np.int64)
    for i, (x, y) in enumerate(zip(a.tolist(), b.tolist(), strict=True)):
        both = np.concatenate((hashes[starts[x] : starts[x + 1]], hashes[starts[y] : starts[y + 1]]))
        both.sort()
        common[i] = np.count_nonzero(both[1:] == both[:-1])
    return common


def sign(
    hashes: Hashes, starts: Numbers, factors: NDArray[np.uint32], offsets: NDArray[np.uint32]
) -> NDArray[np.uint32]:
    """One permutation after the other, over all documents at once."""
    out = np.full((len(starts) - 1, len(factors)), 0xFFFFFFFF, np.uint32)
    mixed = hashes.astype(np.uint32)
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        mixed = (mixed ^ (mixed >> np.uint32(shift))) * np.uint32(factor)
    mixed ^= mixed >> np.uint32(16)
    some = np.flatnonzero(np.diff(starts))  # reduceat cannot do empty ones
    for k in range(len(factors) if len(some) else 0):
        out[some, k] = np.minimum.reduceat(mixed * factors[k] + offsets[k], starts[some])
    return out


def prefixes(
    hashes: Hashes, starts: Numbers, sizes: Numbers, table: NDArray[np.uint8], lengths: Numbers
) -> tuple[Hashes, Numbers, Numbers]:
    """One sort by document, count and hash."""
    counts = table[_cells(hashes, table)]
    documents = np.repeat(np.arange(len(sizes)), np.diff(starts))
    order = np.lexsort((hashes, counts, documents))
    first = sizes - _per_document(counts > 1, starts)
    places = np.arange(len(hashes)) - (starts[1:] - sizes)[documents]
    inside = (places >= first[documents]) & (places < lengths[documents])
    ends = np.zeros(len(starts), np.int64)
    np.cumsum(_per_document(inside, starts), out=ends[1:])
    return hashes[order][inside], ends, first


def places(heads: Hashes, starts: Numbers, first: Numbers, found: Numbers, order: Numbers) -> Places:
    """The inverted index of the prefixes."""
    made: Places = defaultdict(lambda: ([], []))
    for rank, document in enumerate(order.tolist()):
        start = int(starts[document])
        stop = min(int(starts[document + 1]), start + int(found[document] - first[document]))
        for place, value in enumerate(heads[start:stop].tolist(), int(first[document])):
            ranks, spots = made[value]
            ranks.append(rank)
            spots.append(place)
    return made


def probe(made: Index, ranks: range) -> tuple[Found, Found, Found, int]:
    """Document for document, with the same filters as the compiled one."""
    from bisect import bisect_left

    assert made.places is not None
    share = made.threshold / (1 + made.threshold)
    sizes, order = made.sizes.tolist(), made.order.tolist()
    pairs: list[tuple[int, int, int]] = []
    candidates = 0
    for rank in ranks:
        x, seen = order[rank], set()
        mine = set(made.hashes[made.starts[x] : made.starts[x + 1]].tolist())
        head = made.prefixes[made.prefix_starts[x] : made.prefix_starts[x + 1]].tolist()
        for place, value in enumerate(head, int(made.first[x])):
            others, spots = made.places.get(value, ((), ()))
            for p in range(bisect_left(others, made.smallest[rank]), bisect_left(others, rank)):
                y = order[others[p]]
                least = share * (sizes[x] + sizes[y]) - 1e-6
                if sizes[x] - place < least:
                    break
                if y in seen:
                    continue
                seen.add(y)
                if sizes[y] - spots[p] < least:
                    continue
                candidates += 1
                common = len(mine.intersection(made.hashes[made.starts[y] : made.starts[y + 1]].tolist()))
                if common and common / (sizes[x] + sizes[y] - common) >= made.threshold:
                    pairs.append((x, y, common))
    a, b, common_ = np.array(pairs, np.int32).reshape(-1, 3).T
    return a, b, common_, candidates
