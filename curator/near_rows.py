"""Near-duplicates among many short texts, exactly, in memory that does not hold the texts.

The shingles and the measure are those of `curator.shingles`; of each text only the 64-bit hashes of its shingles are
kept. The join is AllPairs (Bayardo, Ma, Srikant 2007): a pair with Jaccard >= t shares one of the rarest shingles, so
only those are indexed, and every candidate is counted exactly. Plain Python, because an audit of ten thousand rows
takes seconds this way, and NumPy and datasketch stay unloaded.
"""

import math
from array import array
from collections import defaultdict

from curator import shingles

# How often a shingle occurs is counted in a table of fixed size. Shingles that share a cell seem more frequent than
# they are, which changes the order of work but no result.
_CELLS = 1 << 20
# After a first partner is found, this many further candidates are counted in search of a nearer one. Without a limit,
# a file of n copies of one text would cost n squared.
_FURTHER = 16


class NearTexts:
    """Texts by number, and which of them are near to each other."""

    def __init__(self) -> None:
        self._ids: dict[str, int] = {}
        self._keys = array("q")
        self._sets: list[array[int]] = []
        self._place: dict[int, int] = {}
        self._seen = array("L", bytes(_CELLS * array("L").itemsize))

    def add(self, key: int, text: str) -> None:
        """Remember the shingles of a text under a number of yours. A text without tokens is near to nothing."""
        hashes = self._hashes(text)
        if hashes:
            for value in hashes:
                self._seen[value % _CELLS] += 1
            self._place[key] = len(self._sets)
            self._keys.append(key)
            self._sets.append(array("q", hashes))

    def similarity(self, a: int, b: int) -> float:
        """The Jaccard similarity of two texts, 0 to 1; 0 if one of them has no tokens."""
        if a not in self._place or b not in self._place:
            return 0.0
        mine, other = set(self._sets[self._place[a]]), self._sets[self._place[b]]
        common = len(mine.intersection(other))
        return common / (len(mine) + len(other) - common)

    def pairs(self, threshold: float) -> list[tuple[int, int, float]]:
        """For every text that is near to one not larger than itself, one such pair: both numbers, the similarity.

        Every near-duplicate stands in a pair, but not every pair is listed. Sorted by numbers, the smaller one first.
        """
        seen = self._seen
        order = sorted(range(len(self._sets)), key=lambda i: (len(self._sets[i]), self._keys[i]))
        holders: dict[int, list[int]] = defaultdict(list)
        found = set()
        for this in order:
            rarest_first = sorted(self._sets[this], key=lambda value: (seen[value % _CELLS], value))
            best = self._nearest(this, rarest_first, holders, threshold)
            if best:
                a, b = sorted((self._keys[this], self._keys[best[0]]))
                found.add((a, b, best[1]))
            # partners to come are at least as large, so they share at least this many of the shingles here
            least = math.ceil(2 * threshold / (1 + threshold) * len(rarest_first) - 1e-9)
            for value in rarest_first[: len(rarest_first) - least + 1]:
                holders[value].append(this)
        return sorted(found)

    def _nearest(
        self, this: int, rarest_first: list[int], holders: dict[int, list[int]], threshold: float
    ) -> tuple[int, float] | None:
        size, mine = len(rarest_first), set(rarest_first)
        smallest = threshold * size - 1e-9
        tried: set[int] = set()
        best: tuple[int, float] | None = None
        further = 0
        for value in rarest_first[: size - math.ceil(smallest) + 1]:
            for other in holders.get(value, ()):
                if other in tried or len(self._sets[other]) < smallest:
                    continue
                tried.add(other)
                common = len(mine.intersection(self._sets[other]))
                similarity = common / (size + len(self._sets[other]) - common)
                if similarity >= threshold - 1e-12 and (best is None or similarity > best[1]):
                    best = (other, similarity)
                further += best is not None
                if further > _FURTHER:
                    return best
        return best

    def _hashes(self, text: str) -> set[int]:
        """A hash per shingle. Tokens become numbers first: the hash of a tuple of numbers is the same in every run."""
        words = [self._ids.setdefault(word, len(self._ids)) for word in shingles.tokens(text)]
        if len(words) < shingles.SIZE:
            return {hash(tuple(words))} if words else set()
        return set(map(hash, zip(*(words[start:] for start in range(shingles.SIZE)), strict=False)))
