"""The kernels of the near-duplicate engine on NumPy arrays: compiled if they were built, in NumPy if not.

Both give the same results to the bit. What the arguments mean stands beside each kernel in native/kernels.c.
"""

import threading
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from curator.similarity import fallback
from curator.similarity.native import library

Hashes = NDArray[np.uint64]
Numbers = NDArray[np.int64]
Found = NDArray[np.int32]
# A room for shingles that a thread keeps between calls, in hashes: 16 MB.
_MOST_KEPT = 1 << 21
_POSTING = np.dtype([("hash", np.uint64), ("rank", np.int32), ("place", np.int32)])


_rooms = threading.local()


def shingle(data: bytes, starts: Numbers) -> tuple[Hashes, Numbers]:
    """The shingle hashes of texts (UTF-8, text d at starts[d] to starts[d + 1]), and how many each has.

    The hashes stand in a room that each thread has for itself and uses again at the next call: copy them before that.
    New memory for every batch would cost more time than the hashing.
    """
    lib = library.load()
    if lib is None:
        return fallback.shingle(data, starts)
    sizes = np.empty(len(starts) - 1, np.int64)
    need = len(data) // 2 + len(starts)  # a token and what ends it are two bytes
    out: Hashes = getattr(_rooms, "hashes", np.zeros(0, np.uint64))
    if len(out) < need:
        out = np.empty(need, np.uint64)
        if need <= _MOST_KEPT:
            _rooms.hashes = out
    total = _checked(
        lib.curator_shingle(data, _at(starts), len(sizes), _at(out), len(out), _at(sizes)),
    )
    return out[:total], sizes


def count(hashes: Hashes, starts: Numbers, skip: NDArray[np.uint8], table: NDArray[np.uint8], cells: range) -> None:
    """Adds to `table` in how many documents a shingle stands, for some of its cells."""
    lib = library.load()
    if lib is None:
        return fallback.count(hashes, starts, skip, table, cells)
    lib.curator_count(
        _at(hashes), _at(starts), len(starts) - 1, _at(skip), _at(table), _bits(table), cells.start, cells.stop
    )
    return None


def keep(
    hashes: Hashes, starts: Numbers, skip: NDArray[np.uint8], table: NDArray[np.uint8], least: Numbers
) -> tuple[Hashes, Numbers]:
    """The shingles that may stand in a second document, of documents that have at least `least` of them; the new
    sizes. Uses up `hashes`."""
    lib = library.load()
    if lib is None:
        return fallback.keep(hashes, starts, skip, table, least)
    kept = np.empty(len(starts) - 1, np.int64)
    total = lib.curator_keep(
        _at(hashes), _at(starts), len(kept), _at(skip), _at(table), _bits(table), _at(least), _at(kept)
    )
    return hashes[:total].copy(), kept


def shared(hashes: Hashes, starts: Numbers, a: Numbers, b: Numbers) -> Numbers:
    """How many shingles documents a[i] and b[i] share."""
    lib = library.load()
    if lib is None:
        return fallback.shared(hashes, starts, a, b)
    common = np.empty(len(a), np.int64)
    lib.curator_shared(_at(hashes), _at(starts), _at(a), _at(b), len(a), _at(common))
    return common


def sign(
    hashes: Hashes, starts: Numbers, factors: NDArray[np.uint32], offsets: NDArray[np.uint32]
) -> NDArray[np.uint32]:
    """MinHash signatures, a row for each document; all ones for one without shingles."""
    lib = library.load()
    if lib is None:
        return fallback.sign(hashes, starts, factors, offsets)
    out = np.empty((len(starts) - 1, len(factors)), np.uint32)
    _checked(lib.curator_sign(_at(hashes), _at(starts), len(out), _at(factors), _at(offsets), len(factors), _at(out)))
    return out


@dataclass(frozen=True)
class Index:
    """What a prefix join knows of its documents.

    Of each document its shingles without those that no other has (`hashes`, `starts`), how many it has with them
    (`sizes`), and of its prefix the same (`prefixes`, `prefix_starts`, `first`: the place of the first one in the whole
    order). `order` are the documents by size, `smallest` for each place in it the place of the smallest partner.
    """

    hashes: Hashes
    starts: Numbers
    sizes: Numbers
    prefixes: Hashes
    prefix_starts: Numbers
    first: Numbers
    order: Numbers
    smallest: Numbers
    threshold: float
    buckets: Numbers
    postings: NDArray[np.void]
    places: fallback.Places | None  # what the NumPy way has instead of buckets and postings


def prefixes(
    hashes: Hashes, starts: Numbers, sizes: Numbers, table: NDArray[np.uint8], lengths: Numbers
) -> tuple[Hashes, Numbers, Numbers]:
    """Of each document the shingles of its prefix of that length, rarest first, where they begin, and the place of the
    first: in front of it are shingles of no other document."""
    lib = library.load()
    if lib is None:
        return fallback.prefixes(hashes, starts, sizes, table, lengths)
    out, first = np.empty(len(hashes), np.uint64), np.empty(len(sizes), np.int64)
    ends = np.zeros(len(sizes) + 1, np.int64)
    total = lib.curator_prefixes(
        _at(hashes), _at(starts), _at(sizes), len(sizes), _at(table), _bits(table), _at(lengths), _at(out),
        _at(ends[1:]), _at(first),
    )  # fmt: skip
    out.resize(total, refcheck=False)
    return out, ends, first


def index(
    sets: tuple[Hashes, Numbers, Numbers], prefix: tuple[Hashes, Numbers, Numbers], found: Numbers, threshold: float
) -> Index:
    """The index of documents (hashes, starts, full sizes) by what `prefixes` made of them, up to the places `found`."""
    hashes, starts, sizes = sets
    heads, head_starts, first = prefix
    order = np.argsort(sizes, kind="stable")
    ascending = sizes[order]
    smallest = np.searchsorted(ascending, np.ceil(threshold * ascending - 1e-6))
    room = int(np.clip(found - first, 0, np.diff(head_starts)).sum())
    bits = max(4, room.bit_length())
    lib = library.load()
    buckets = np.zeros((1 << bits) + 2 if lib else 0, np.int64)
    postings = np.empty(room if lib else 0, _POSTING)
    if lib:
        lib.curator_index(
            _at(heads), _at(head_starts), _at(first), _at(found), _at(order), len(order), bits, _at(buckets),
            _at(postings),
        )  # fmt: skip
    places = None if lib else fallback.places(heads, head_starts, first, found, order)
    return Index(
        hashes, starts, sizes, heads, head_starts, first, order, smallest, threshold, buckets, postings, places
    )


def probe(made: Index, ranks: range, seen: NDArray[np.uint32]) -> Iterator[tuple[Found, Found, Found, int]]:
    """The pairs of documents at these places of the order with smaller ones: both numbers, how many shingles they
    share, and how many pairs were compared, in parts of bounded size. `seen` (0 for each document) is the thread's."""
    lib = library.load()
    if lib is None or made.places is not None:
        yield fallback.probe(made, ranks)
        return
    room = ranks.stop + 65536
    next_, candidates = np.array([ranks.start], np.int64), np.zeros(1, np.int64)
    a, b, common = (np.empty(room, np.int32) for _ in range(3))
    while next_[0] < ranks.stop:
        candidates[0] = 0
        n = lib.curator_probe(
            _at(made.hashes), _at(made.starts), _at(made.sizes), _at(made.prefixes), _at(made.prefix_starts),
            _at(made.first), _at(made.order), _at(made.smallest), len(made.buckets).bit_length() - 1,
            _at(made.buckets), _at(made.postings), made.threshold, ranks.stop, room, _at(seen), _at(next_), _at(a),
            _at(b), _at(common), _at(candidates),
        )  # fmt: skip
        yield a[:n].copy(), b[:n].copy(), common[:n].copy(), int(candidates[0])


def _at(array: np.ndarray) -> int:
    assert array.flags.c_contiguous
    return int(array.ctypes.data)


def _bits(table: NDArray[np.uint8]) -> int:
    return len(table).bit_length() - 1


def _checked(result: int) -> int:
    if result < 0:
        raise MemoryError("not enough memory for the shingles of a batch")
    return result
