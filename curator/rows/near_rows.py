"""Near-duplicates among many short texts, exactly, in memory that does not grow with the texts.

The shingles and the measure are those of `curator.similarity.shingles`; of each text only the 64-bit hashes of its
shingles are kept, in a temporary file. The join is AllPairs (Bayardo, Ma, Srikant 2007): a pair with Jaccard >= t
shares one of the rarest shingles, so only those are indexed, and every candidate is counted exactly. The index is
made in several passes, each with a part of the shingles, so that it never gets larger than a fixed size. Plain
Python, because an audit of ten thousand rows takes seconds this way, and NumPy stays unloaded.
"""

from __future__ import annotations

import hashlib
import math
import tempfile
from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import IO

from curator.errors import CuratorError
from curator.similarity import shingles

# How often a shingle occurs is counted in a table of fixed size. Shingles that share a cell seem more frequent than
# they are, which changes the order of work but no result.
_CELLS = 1 << 20
# After a first partner is found, this many further candidates are counted in search of a nearer one. Without a limit,
# a file of n copies of one text would cost n squared.
_FURTHER = 16
# So many shingles are in the index in one pass: some 50 MB.
_POSTINGS = 500_000


class NearTexts:
    """Texts by number, and which of them are near to each other."""

    def __init__(self, postings: int = _POSTINGS) -> None:
        self._postings = postings
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  deleted with this object
        self._starts = array("Q", [0])
        self._keys = array("q")
        self._seen = array("L", bytes(_CELLS * array("L").itemsize))

    def add(self, key: int, text: str) -> None:
        """Remember a text under a number of yours, larger than those before. One without tokens is near to nothing."""
        hashes = _hashes(text)
        if hashes:
            for value in hashes:
                self._seen[value % _CELLS] += 1
            self._keys.append(key)
            with _room():
                self._file.seek(0, 2)
                array("q", hashes).tofile(self._file)
            self._starts.append(self._starts[-1] + len(hashes))

    def similarity(self, a: int, b: int) -> float:
        """The Jaccard similarity of two texts, 0 to 1; 0 if one of them has no tokens."""
        with _room():
            mine, other = set(self._of(a)), self._of(b)
        common = len(mine.intersection(other))
        return common / (len(mine) + len(other) - common) if mine and other else 0.0

    def pairs(self, threshold: float) -> list[tuple[int, int, float]]:
        """For every text that is near to one not larger than itself, one such pair: both numbers, the similarity.

        Every near-duplicate stands in a pair, but not every pair is listed. Sorted by numbers, the smaller one first.
        """
        if not self._keys:
            return []
        order = sorted(range(len(self._keys)), key=lambda i: (self._size(i), self._keys[i]))
        best: dict[int, tuple[int, float]] = {}
        with _room(), tempfile.TemporaryFile() as rarest:
            starts = self._rarest(order, threshold, rarest)
            passes = starts[-1] // self._postings + 1
            for number in range(passes):
                self._pass(order, rarest, starts, threshold, (number, passes), best)
        return sorted((*sorted((self._keys[this], self._keys[other])), s) for this, (other, s) in best.items())  # type: ignore[misc]

    def _rarest(self, order: list[int], threshold: float, file: IO[bytes]) -> array[int]:
        """Write the rarest shingles of each text, so many that a partner has one of them; where each text's begin."""
        seen, starts = self._seen, array("Q", [0])
        for this in order:
            size = self._size(this)
            own = sorted(self._set(this), key=lambda value: (seen[value % _CELLS], value))
            part = own[: size - math.ceil(threshold * size - 1e-9) + 1]
            array("q", part).tofile(file)
            starts.append(starts[-1] + len(part))
        return starts

    def _pass(
        self,
        order: list[int],
        rarest: IO[bytes],
        starts: array[int],
        threshold: float,
        part: tuple[int, int],
        best: dict[int, tuple[int, float]],
    ) -> None:
        """Find partners over the shingles of one part, and put the nearest ones into `best`."""
        number, passes = part
        holders: dict[int, list[int]] = defaultdict(list)
        for place, this in enumerate(order):
            size = self._size(this)
            # partners to come are at least as large, so they share at least this many of the shingles here
            least = math.ceil(2 * threshold / (1 + threshold) * size - 1e-9)
            found = _read(rarest, starts[place], starts[place + 1])
            mine = [(at, value) for at, value in enumerate(found) if value % passes == number]
            candidates = dict.fromkeys(other for _, value in mine for other in holders.get(value, ()))
            if candidates:
                self._nearest(this, candidates, threshold, best)
            for at, value in mine:
                if at <= size - least:
                    holders[value].append(this)

    def _nearest(
        self,
        this: int,
        candidates: dict[int, None],
        threshold: float,
        best: dict[int, tuple[int, float]],
    ) -> None:
        size, further = self._size(this), 0
        mine = set(self._set(this))
        for other in candidates:
            if self._size(other) < threshold * size - 1e-9:
                continue
            common = len(mine.intersection(self._set(other)))
            similarity = common / (size + self._size(other) - common)
            if similarity >= threshold - 1e-12 and (this not in best or similarity > best[this][1]):
                best[this] = (other, similarity)
            further += this in best
            if further > _FURTHER:
                return

    def _size(self, place: int) -> int:
        return self._starts[place + 1] - self._starts[place]

    def _of(self, key: int) -> array[int]:
        place = bisect_left(self._keys, key)
        there = place < len(self._keys) and self._keys[place] == key
        return self._set(place) if there else array("q")

    def _set(self, place: int) -> array[int]:
        return _read(self._file, self._starts[place], self._starts[place + 1])


@contextmanager
def _room() -> Iterator[None]:
    """Turn what the system says when a temporary file finds no room into an error that names the place."""
    try:
        yield
    except OSError as error:
        folder = tempfile.gettempdir()
        raise CuratorError(f"{folder}: no temporary file: {error.strerror}; make room, or set TMPDIR") from error


def _read(file: IO[bytes], start: int, stop: int) -> array[int]:
    """Numbers `start` to `stop` of a file of 64-bit numbers. Mapped into memory it would count as ours."""
    values = array("q")
    file.seek(start * values.itemsize)
    values.fromfile(file, stop - start)
    return values


def _hashes(text: str) -> set[int]:
    """A hash per shingle. Tokens become numbers first: the hash of a tuple of numbers is the same in every run."""
    words = [_number(word) for word in shingles.tokens(text)]
    if len(words) < shingles.SIZE:
        return {hash(tuple(words))} if words else set()
    return set(map(hash, zip(*(words[start:] for start in range(shingles.SIZE)), strict=False)))


@lru_cache(1 << 16)  # texts repeat their words
def _number(word: str) -> int:
    return int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest(), "little")
