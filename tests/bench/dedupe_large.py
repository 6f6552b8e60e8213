"""Every pair of a very large file of documents, to judge the engine by: a prefix join of its own, over a million in
minutes and 4 GB.

Needs NumPy; knows nothing of the project. Shingles are strings here too: Python's own hash of a string only proposes
pairs, and a hash that two strings share can only add to what is proposed. Whatever comes near the threshold is decided
on the strings themselves, read once more from the file.
"""

import itertools
import mmap
import sys
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import dedupe_data
import numpy as np

# Cells of the table that counts in how many documents a shingle stands: 1 GB.
_BITS = 28
# Documents whose shingles are put in order at a time.
_DOCUMENTS = 20_000
# What is this much below the threshold by hashes is decided on the strings too: a shared hash moves one shingle.
_MARGIN = 0.02


class Texts:
    """The documents of a file as `dedupe_data.write` makes it, in any order, without having them in memory."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        self._bytes = mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ)
        ends, at = [-1], 0
        while (at := self._bytes.find(b"\0", at)) >= 0:
            ends.append(at)
            at += 1
        self._ends = np.array(ends)
        self.shingles = lru_cache(30_000)(self._shingles)

    def __len__(self) -> int:
        return len(self._ends) - 1

    def _shingles(self, number: int) -> frozenset[str]:
        """The shingles of a document, as strings."""
        text = self._bytes[self._ends[number] + 1 : self._ends[number + 1]].decode("utf-8")
        return frozenset(dedupe_data.shingles(text))

    def similarity(self, a: int, b: int) -> float:
        """Jaccard of two documents, on strings."""
        one, other = self.shingles(a), self.shingles(b)
        common = len(one & other)
        return common / (len(one) + len(other) - common) if common else 0.0


def every_pair(path: Path, threshold: float) -> tuple[np.ndarray, np.ndarray]:
    """All pairs with a Jaccard similarity of at least `threshold`: as one number each (a << 32 | b, a < b), ascending,
    and their similarities. A file beside `path` holds the hashes meanwhile, eight bytes for each shingle."""
    texts = Texts(path)
    scratch = path.with_suffix(".hashes")
    try:
        starts = _hashed(texts, scratch)
        hashes = np.memmap(scratch, np.uint64, "r") if starts[-1] else np.zeros(0, np.uint64)
        proposed = _proposed(hashes, starts, threshold)
        similar = []
        for done, key in enumerate(proposed, 1):
            similarity = _decided(texts, hashes, starts, key, threshold)
            if similarity >= threshold:
                similar.append((key, similarity))
            _tell("decided", done, len(proposed))
        del hashes  # else Windows keeps the file
    finally:
        scratch.unlink(missing_ok=True)
    return np.array([k for k, _ in similar], np.int64), np.array([s for _, s in similar])


def _hashed(texts: Texts, scratch: Path) -> np.ndarray:
    """Writes the hashes of all documents, each document's ascending, and returns where each one's begin."""
    sizes = np.zeros(len(texts) + 1, np.int64)
    with scratch.open("wb") as file:
        for number in range(len(texts)):
            made = texts._shingles(number)
            hashes = np.fromiter(map(hash, made), np.int64, len(made)).view(np.uint64)
            hashes.sort()
            hashes.tofile(file)
            sizes[number + 1] = len(hashes)
            _tell("shingled", number + 1, len(texts))
    return np.cumsum(sizes)


def _proposed(hashes: np.ndarray, starts: np.ndarray, threshold: float) -> list[int]:
    """Pairs that share one of the rarest hashes of each: all that can be similar enough, and more."""
    sizes = np.diff(starts)
    table = np.zeros(1 << _BITS, np.uint32)  # whatever shares a cell seems more frequent; the order stays one order
    shift = np.uint64(64 - _BITS)
    blocks = [range(d, min(d + _DOCUMENTS, len(sizes))) for d in range(0, len(sizes), _DOCUMENTS)]
    for block in blocks:
        np.add.at(table, (hashes[starts[block.start] : starts[block.stop]] >> shift).astype(np.int64), np.uint32(1))
        _tell("counted", block.stop, len(sizes))
    keys, holders = [np.zeros(0, np.uint64)], [np.zeros(0, np.uint32)]
    for block in blocks:
        mine = np.asarray(hashes[starts[block.start] : starts[block.stop]])
        counts = table[(mine >> shift).astype(np.int64)]
        owners = np.repeat(np.arange(block.start, block.stop, dtype=np.uint32), sizes[block.start : block.stop])
        order = np.lexsort((mine, counts, owners))
        mine, counts, owners = mine[order], counts[order], owners[order]
        places = np.arange(len(mine)) - (starts[owners] - starts[block.start])
        looked = np.floor((1 - threshold) * sizes[owners] + 1e-6)  # n - ceil(t n), and one more
        chosen = (places <= looked) & (counts > 1)
        keys.append(mine[chosen])
        holders.append(owners[chosen])
        _tell("prefixes", block.stop, len(sizes))
    del table
    return _meeting(np.concatenate(keys), np.concatenate(holders), sizes, threshold)


def _meeting(keys: np.ndarray, holders: np.ndarray, sizes: np.ndarray, threshold: float) -> list[int]:
    """The pairs of documents under one key whose sizes allow it, as numbers, ascending."""
    order = np.lexsort((sizes[holders], keys))
    keys, holders = keys[order], holders[order]
    here, found = np.flatnonzero(keys[1:] == keys[:-1]), [np.zeros(0, np.uint64)]
    for step in itertools.count(1):
        if not len(here):
            break
        small, large = holders[here], holders[here + step]
        here = here[sizes[small] >= threshold * sizes[large] - 1e-6]  # sizes ascend: no later one fits either
        one, other = holders[here].astype(np.uint64), holders[here + step].astype(np.uint64)
        found.append(np.unique(np.minimum(one, other) << np.uint64(32) | np.maximum(one, other)))
        if len(found) > 50:
            found = [np.unique(np.concatenate(found))]
        here = here[here + step + 1 < len(keys)]
        here = here[keys[here] == keys[here + step + 1]]
    pairs: list[int] = np.unique(np.concatenate(found)).tolist()
    return pairs


def _decided(texts: Texts, hashes: np.ndarray, starts: np.ndarray, key: int, threshold: float) -> float:
    """The similarity of a pair: by hashes if it is far below the threshold, else on the strings."""
    a, b = key >> 32, key & 0xFFFFFFFF
    one, other = (hashes[starts[d] : starts[d + 1]] for d in (a, b))
    both = np.concatenate((one, other))
    both.sort()
    common = int(np.count_nonzero(both[1:] == both[:-1]))
    close = common / (len(both) - common)
    return texts.similarity(a, b) if close >= threshold - _MARGIN else close


def planted(path: Path, origins: Iterator[int], threshold: float) -> np.ndarray:
    """The pairs of a copy and what it was made from that are similar enough, as numbers, ascending. `origins` has for
    each document the number of its original, -1 if it is none."""
    texts = Texts(path)
    found = []
    for number, origin in enumerate(origins):
        if origin >= 0 and texts.similarity(origin, number) >= threshold:
            found.append(origin << 32 | number)
        _tell("planted copies", number + 1, len(texts))
    return np.sort(np.array(found, np.int64))


def _tell(stage: str, done: int, of: int) -> None:
    if sys.stderr.isatty() and (done % 1000 == 0 or done == of):
        print(f"\r{stage}: {done:,} of {of:,}  ", end="\n" if done == of else "", file=sys.stderr, flush=True)
