"""Two texts side by side, as rows. Plain difflib; no Textual here."""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Literal

Span = tuple[int, int]


@dataclass(frozen=True)
class Row:
    """A row of a side-by-side view. `sign`: "=" same, "~" changed, "-" only left, "+" only right.

    The spans are the characters of a changed line that the other side does not have.
    """

    sign: Literal["=", "~", "-", "+"]
    left: str
    right: str
    left_line: int | None
    right_line: int | None
    left_spans: tuple[Span, ...] = ()
    right_spans: tuple[Span, ...] = ()


def side_by_side(left: str, right: str) -> list[Row]:
    """The rows of two texts; lines that correspond stand beside each other."""
    a, b = left.splitlines(), right.splitlines()
    rows: list[Row] = []
    for operation, a0, a1, b0, b1 in SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        for i, j in zip_longest(range(a0, a1), range(b0, b1)):
            if operation == "equal":
                rows.append(Row("=", a[i], b[j], i + 1, j + 1))
            elif j is None:
                rows.append(Row("-", a[i], "", i + 1, None))
            elif i is None:
                rows.append(Row("+", "", b[j], None, j + 1))
            else:
                left_spans, right_spans = _changed(a[i], b[j])
                rows.append(Row("~", a[i], b[j], i + 1, j + 1, left_spans, right_spans))
    return rows


def _changed(a: str, b: str) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
    matcher = SequenceMatcher(None, a[:400], b[:400], autojunk=False)  # a line of a minified script is not worth more
    codes = [code for code in matcher.get_opcodes() if code[0] != "equal"]
    return tuple(_spans((c[1], c[2]) for c in codes)), tuple(_spans((c[3], c[4]) for c in codes))


def _spans(found: Iterator[Span]) -> Iterator[Span]:
    return ((start, stop) for start, stop in found if stop > start)
