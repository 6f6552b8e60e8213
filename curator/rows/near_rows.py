"""Near-duplicates among many short texts, exactly, in memory that does not grow with the texts.

The shingles and the measure are those of `curator.similarity.shingles`; of each text only the 64-bit hashes of its
shingles are kept, in a temporary file. The join is AllPairs (Bayardo, Ma, Srikant 2007): a pair with Jaccard >= t
shares one of the rarest shingles, so only those are indexed, and every candidate is counted exactly. They are dealt
out to part files by their value, and each part is indexed alone, so that the index is never larger than a fixed size.
Plain Python, because an audit of ten thousand rows takes seconds this way, and NumPy stays unloaded.
"""

from __future__ import annotations

import hashlib
import math
import tempfile
from array import array
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from itertools import chain
from typing import IO

from curator.errors import CuratorError
from curator.rows.scratch import Scratch
from curator.similarity import shingles

# How often a shingle occurs is counted in a table of fixed size. Shingles that share a cell seem more frequent than
# they are, which changes the order of work but no result.
_CELLS = 1 << 20
# After a first partner is found, this many further candidates are counted in search of a nearer one. Without a limit,
# a file of n copies of one text would cost n squared.
_FURTHER = 16
# So many shingles are in the index at a time: some 10 MB.
_POSTINGS = 100_000
# Part files that are open at a time; some systems allow a process 256. Above some 20 million shingles to look for (some
# 500,000 rows), a part is larger than the index may be and is gone through more than once.
_MOST_PARTS = 128
# Numbers that are read or written at a time.
_BLOCK = 1 << 11
# Bytes of a shingle in a part file: two numbers.
_POSTING = 16

Compared = Callable[[int, int], object]
"""Is told how many shingles have been dealt out and looked for, and of how many."""


class NearTexts:
    """Texts by number, and which of them are near to each other. `name` tells two such values in one file apart."""

    def __init__(self, scratch: Scratch, name: str = "texts", postings: int = _POSTINGS) -> None:
        self._scratch, self._name, self._postings = scratch, name, postings
        with _room():
            self._file = _temporary()
        self._written = 0
        self._new = array("q")  # hashes that are not in the file yet
        self._seen = array("I", bytes(_CELLS * array("I").itemsize))
        scratch.run(f"CREATE TABLE {name} (key INTEGER PRIMARY KEY, start INTEGER, size INTEGER)")
        scratch.run(f"CREATE TABLE {name}_near (key INTEGER PRIMARY KEY, other INTEGER, similarity REAL)")

    def add(self, key: int, text: array[int]) -> None:
        """Remember the `hashes` of a text under a number of yours. A text without tokens is near to nothing."""
        if text:
            for value in text:
                self._seen[value % _CELLS] += 1
            start = self._written + len(self._new)
            self._scratch.run(f"INSERT INTO {self._name} VALUES (?, ?, ?)", (key, start, len(text)))
            self._new.extend(text)
            if len(self._new) >= _BLOCK:
                self._write()

    def similarity(self, a: int, b: int) -> float:
        """The Jaccard similarity of two texts, 0 to 1; 0 if one of them has no tokens."""
        mine, other = set(self._of(a)), self._of(b)
        common = len(mine.intersection(other))
        return common / (len(mine) + len(other) - common) if mine and other else 0.0

    def pairs(self, threshold: float, progress: Compared | None = None) -> Iterator[tuple[int, int, float]]:
        """For every text that is near to one not larger than itself, one such pair: both numbers, the similarity.

        Every near-duplicate stands in a pair, but not every pair is listed. Sorted by numbers, the smaller one first.
        """
        sizes = self._scratch.run(f"SELECT size, count(*) FROM {self._name} GROUP BY size ORDER BY size")
        with _room(), ExitStack() as stack:
            self._write()
            join = _Join(self._scratch, self._name, self._file, self._seen, threshold, list(sizes), self._postings)
            join.deal(stack, progress)
            join.run(progress)
        yield from self._scratch.run(
            f"SELECT min(key, other), max(key, other), similarity FROM {self._name}_near ORDER BY 1, 2, 3"
        )

    def _of(self, key: int) -> array[int]:
        found = self._scratch.run(f"SELECT start, size FROM {self._name} WHERE key = ?", (key,)).fetchone()
        if not found:
            return array("q")
        start, size = found
        if start + size > self._written:
            self._write()
        with _room():
            return _read(self._file, start, size)

    def _write(self) -> None:
        with _room():
            self._file.seek(0, 2)
            self._new.tofile(self._file)
            self._file.flush()  # a full disk is noticed here
        self._written += len(self._new)
        self._new = array("q")


class _Join:
    """One run over all texts. A text's place is its number in the order of sizes: a partner comes before it."""

    def __init__(
        self,
        scratch: Scratch,
        name: str,
        hashes: IO[bytes],
        seen: array[int],
        threshold: float,
        sizes: list[tuple[int, int]],
        postings: int,
    ) -> None:
        self._scratch, self._name, self._hashes, self._seen = scratch, name, hashes, seen
        self._threshold, self._postings = threshold, postings
        # the sizes that occur and the first place of each; there are no more of them than the root of all shingles
        self._sizes = [size for size, _ in sizes]
        self._first = [0]
        for _, number in sizes:
            self._first.append(self._first[-1] + number)
        self._total = sum(number * self._looks(size) for size, number in sizes)
        self._parts: list[IO[bytes]] = []
        self._places: IO[bytes]

    def deal(self, stack: ExitStack, progress: Compared | None) -> None:
        """Write the rarest shingles of each text, so many that a partner has one of them, into part files."""
        number = min(self._total // self._postings + 1, _MOST_PARTS)
        self._parts = [stack.enter_context(_temporary()) for _ in range(number)]
        self._places = stack.enter_context(_temporary())  # key and start of each text, by place
        blocks = [array("q") for _ in range(number)]
        seen, places, dealt = self._seen, array("q"), 0
        texts = self._scratch.run(f"SELECT key, start, size FROM {self._name} ORDER BY size, key")
        for place, (key, start, size) in enumerate(texts):
            places.extend((key, start))
            own = sorted(_read(self._hashes, start, size), key=lambda value: (seen[value % _CELLS], value))
            found, looks = self._found(size), self._looks(size)
            dealt += looks
            for at, value in enumerate(own[:looks]):
                # two numbers for a shingle: the place, with 1 at the end if others find the text by it; the value
                block = blocks[value % number]
                block.append(place * 2 + (at < found))
                block.append(value)
                if len(block) >= _BLOCK:
                    block.tofile(self._parts[value % number])
                    del block[:]
            if len(places) >= _BLOCK:
                places.tofile(self._places)
                del places[:]
                if progress:
                    progress(dealt, 2 * self._total)
        for block, file in zip((places, *blocks), (self._places, *self._parts), strict=True):
            block.tofile(file)
            file.flush()

    def run(self, progress: Compared | None) -> None:
        """Find partners in one part after the other, and put the nearest ones into the table."""
        done = 0
        for part in self._parts:
            start: int | None = 0
            while start is not None:  # once, unless more shingles are in the part than the index may hold
                start = self._index(part, start)
            done += part.seek(0, 2) // _POSTING
            if progress:
                progress(self._total + done, 2 * self._total)

    def _index(self, part: IO[bytes], start: int) -> int | None:
        """Index a part from one shingle on until the index is full, and look for everything that comes after.

        Returns where the next index begins; None if there is none.
        """
        holders: dict[int, list[int]] = defaultdict(list)
        indexed, ends, number = 0, None, start
        for place, postings in _by_text(part, start):
            candidates = self._candidates(place, postings, holders)
            first = next(candidates, None)
            if first is not None:
                self._nearest(place, first, candidates)
            number += len(postings)
            if ends is None:
                for value, is_found in postings:
                    if is_found:
                        holders[value].append(place)
                        indexed += 1
                if indexed >= self._postings:
                    ends = number
        return ends if ends != number else None

    def _candidates(self, place: int, postings: list[tuple[int, bool]], holders: dict[int, list[int]]) -> Iterator[int]:
        """The texts before this one that share one of its rarest shingles and are large enough, each once."""
        told: set[int] = set()
        smallest = -1
        for value, _ in postings:
            sharing = holders.get(value)
            if not sharing:
                continue
            if smallest < 0:
                smallest = self._first_of(math.ceil(self._threshold * self._size(place) - 1e-9))
            for other in sharing:
                if other >= smallest and other not in told:
                    told.add(other)
                    yield other

    def _nearest(self, place: int, first: int, candidates: Iterator[int]) -> None:
        key, mine = self._text(place)
        known = self._scratch.run(f"SELECT similarity FROM {self._name}_near WHERE key = ?", (key,)).fetchone()
        best, further, own = known[0] if known else None, 0, set(mine)
        for other in chain((first,), candidates):
            partner, theirs = self._text(other)
            common = len(own.intersection(theirs))
            similarity = common / (len(own) + len(theirs) - common)
            if similarity >= self._threshold - 1e-12 and (best is None or similarity > best):
                best = similarity
                self._scratch.run(f"REPLACE INTO {self._name}_near VALUES (?, ?, ?)", (key, partner, similarity))
            further += best is not None
            if further > _FURTHER:
                return

    def _looks(self, size: int) -> int:
        """By how many of its shingles a text looks for partners: one of them is in every text near enough."""
        return size - math.ceil(self._threshold * size - 1e-9) + 1

    def _found(self, size: int) -> int:
        """By how many it is found: partners to come are at least as large, so they share more."""
        return size - math.ceil(2 * self._threshold / (1 + self._threshold) * size - 1e-9) + 1

    def _size(self, place: int) -> int:
        return self._sizes[bisect_right(self._first, place) - 1]

    def _first_of(self, size: int) -> int:
        """The first place whose text has at least this size."""
        return self._first[bisect_right(self._sizes, size - 1)]

    def _text(self, place: int) -> tuple[int, array[int]]:
        key, start = _read(self._places, 2 * place, 2)
        return key, _read(self._hashes, start, self._size(place))


@contextmanager
def _room() -> Iterator[None]:
    """Turn what the system says when a temporary file finds no room into an error that names the place."""
    try:
        yield
    except OSError as error:
        folder = tempfile.gettempdir()
        raise CuratorError(f"{folder}: no temporary file: {error.strerror}; make room, or set TMPDIR") from error


def _temporary() -> IO[bytes]:
    """A file that is deleted when nobody holds it any more."""
    return tempfile.TemporaryFile(buffering=1 << 13)


def _read(file: IO[bytes], start: int, number: int) -> array[int]:
    """So many of the 64-bit numbers of a file. Mapped into memory it would count as ours."""
    values = array("q")
    file.seek(start * values.itemsize)
    values.fromfile(file, number)
    return values


def _by_text(part: IO[bytes], start: int) -> Iterator[tuple[int, list[tuple[int, bool]]]]:
    """The shingles in a part file from number `start` on, those of one text together: its place; value, is found by."""
    left = part.seek(0, 2) // _POSTING - start
    place, postings = -1, list[tuple[int, bool]]()
    while left > 0:
        number = min(left, _BLOCK)
        block = _read(part, 2 * start, 2 * number)
        start, left = start + number, left - number
        for head, value in zip(block[::2], block[1::2], strict=True):
            if head >> 1 != place:
                if postings:
                    yield place, postings
                place, postings = head >> 1, []
            postings.append((value, bool(head & 1)))
    if postings:
        yield place, postings


def hashes(text: str) -> array[int]:
    """A hash per shingle. Tokens become numbers first: the hash of a tuple of numbers is the same in every process."""
    words = [_number(word) if len(word) <= _LONGEST_KEPT else _numbered(word) for word in shingles.tokens(text)]
    if len(words) < shingles.SIZE:
        return array("q", {hash(tuple(words))} if words else ())
    return array("q", set(map(hash, zip(*(words[start:] for start in range(shingles.SIZE)), strict=False))))


# A token may be as long as a document; such ones are not kept, whatever comes after them.
_LONGEST_KEPT = 50


@lru_cache(1 << 16)  # texts repeat their words
def _number(word: str) -> int:
    return _numbered(word)


def _numbered(word: str) -> int:
    return int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest(), "little")
