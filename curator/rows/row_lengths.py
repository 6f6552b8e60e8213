"""How long the rows of a dataset are, and which stand out: exact for any number of rows, in the temporary file."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from curator.lengths import Lengths, edges
from curator.rows.scratch import Scratch

# Tukey's outer fences, three times the distance of the quartiles, on the logarithm because lengths have a long tail;
# and a factor of three at least, because rows from one template are so alike that any other would stand out.
_OUTER, _LEAST_FACTOR, _FEWEST_ROWS = 3.0, 3.0, 20


@dataclass(frozen=True)
class Unusual:
    """A row far longer or shorter than the others: what is measured, its value, and the median of all."""

    line: int
    what: str
    unit: str
    value: int
    median: float


class RowLengths:
    """Lengths by what is measured, as "answer, characters"."""

    def __init__(self, scratch: Scratch) -> None:
        self._scratch = scratch
        self._names: dict[str, int] = {}
        scratch.run("CREATE TABLE lengths (name INTEGER, value INTEGER, line INTEGER)")

    def add(self, line: int, lengths: Mapping[str, int]) -> None:
        """Remember the lengths of a row."""
        rows = [(self._names.setdefault(name, len(self._names)), value, line) for name, value in lengths.items()]
        self._scratch.run_many("INSERT INTO lengths VALUES (?, ?, ?)", rows)

    def summaries(self) -> dict[str, Lengths]:
        """A summary of each kind of length."""
        self._sort()
        return {name: self._summary(name) for name in self._names}

    def unusual(self) -> Iterator[Unusual]:
        """The rows outside of Tukey's outer fences."""
        self._sort()
        for name, number in self._names.items():
            count = self._count(name)
            if count < _FEWEST_ROWS:
                continue
            low, middle, high = (self._quartile(name, count, quarter) for quarter in (1, 2, 3))
            reach = max(_OUTER * (high - low), math.log(_LEAST_FACTOR))
            fences = math.exp(low - reach), math.exp(high + reach)
            what, unit = name.split(", ")
            outside = "SELECT line, value FROM lengths WHERE name = ? AND (value < ? OR value > ?) ORDER BY line"
            for line, value in self._scratch.run(outside, (number, *fences)):
                yield Unusual(line, what, unit, value, math.exp(middle))

    def _sort(self) -> None:
        self._scratch.run("CREATE INDEX IF NOT EXISTS by_length ON lengths (name, value, line)")

    def _summary(self, name: str) -> Lengths:
        which = "FROM lengths WHERE name = ?"
        smallest, largest, total, count = self._scratch.run(
            f"SELECT min(value), max(value), sum(value), count(*) {which}", (self._names[name],)
        ).fetchone()
        bins = []
        for low, high in edges(smallest, largest):
            found = self._scratch.run(
                f"SELECT count(*) {which} AND value >= ? AND value < ?", (self._names[name], low, high)
            )
            bins.append((low, high, int(found.fetchone()[0])))
        middle = count // 2
        upper = self._at(name, middle)
        median = upper if count % 2 else (self._at(name, middle - 1) + upper) / 2
        return Lengths(name.split(", ")[1], smallest, median, largest, total, tuple(bins))

    def _quartile(self, name: str, count: int, quarter: int) -> float:
        """A quartile of the logarithms, as `statistics.quantiles` has it."""
        place = min(max(quarter * (count + 1) // 4, 1), count - 1)
        upper = quarter * (count + 1) - place * 4
        below, above = (math.log(max(self._at(name, at), 1)) for at in (place - 1, place))
        return (below * (4 - upper) + above * upper) / 4

    def _count(self, name: str) -> int:
        found = self._scratch.run("SELECT count(*) FROM lengths WHERE name = ?", (self._names[name],))
        return int(found.fetchone()[0])

    def _at(self, name: str, place: int) -> int:
        """The value at a place, from 0, in ascending order."""
        found = self._scratch.run(
            "SELECT value FROM lengths WHERE name = ? ORDER BY value LIMIT 1 OFFSET ?", (self._names[name], place)
        )
        return int(found.fetchone()[0])
