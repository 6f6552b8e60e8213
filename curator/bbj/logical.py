"""Physical lines to logical lines, and places in a logical line back to physical line and column.

A physical line whose first character is `:` continues the one above: line end and colon fall away, the rest is glued on
as it stands, so a continuation may cut a word or a string in two. In a line-numbered program the number may be repeated
in front: `0760:,b$`. This module knows nothing of tokens.
"""

import re
from bisect import bisect_right
from operator import itemgetter
from typing import NamedTuple

_NUMBERED_CONTINUATION = re.compile(r"[0-9]{1,5}:(?!:)")


class Logical(NamedTuple):
    """One logical line.

    text: what the compiler sees. line: physical line (from 1) of its first character.
    joints: (offset in text, physical line, physical column from 1 of that offset) of every continuation, in order.
    """

    text: str
    line: int
    joints: tuple[tuple[int, int, int], ...] = ()

    def place(self, offset: int) -> tuple[int, int]:
        """Physical line and column, both from 1, of an offset in the text."""
        k = bisect_right(self.joints, offset, key=itemgetter(0))
        if k == 0:
            return self.line, offset + 1
        start, line, column = self.joints[k - 1]
        return line, column + offset - start


def physical_lines(text: str) -> list[str]:
    """The lines of a text with LF, CRLF or CR line ends; a leading byte order mark counts as one blank."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if text.startswith("\ufeff"):
        text = " " + text[1:]
    return text.rstrip("\x1a").split("\n")  # Ctrl-Z ended a file on DOS


def logical_lines(text: str) -> list[Logical]:
    """All logical lines that are not blank, in order. A `:` with nothing above it to continue stays in its text."""
    result: list[Logical] = []
    current, start = "", 0  # the logical line being read and its first physical line
    pieces: list[str] = []  # of its continuations, joined once so that 100,000 of them stay linear
    joints: list[tuple[int, int, int]] = []
    length = 0
    for number, line in enumerate(physical_lines(text), 1):
        first = line[:1]
        skip = 0  # characters in front of a continuation
        if first == ":" and current:
            skip = 1
        elif "0" <= first <= "9" and current[:1].isdigit() and (match := _NUMBERED_CONTINUATION.match(line)):
            skip = match.end()
        if skip:
            line = line.rstrip("\r")
            joints.append((length, number, skip + 1))
            pieces.append(line[skip:])
            length += len(line) - skip
        elif line and not line.isspace():
            if current:
                result.append(_logical(current, start, pieces, joints))
                if joints:
                    pieces, joints = [], []
            current, start, length = line, number, len(line)
    if current:
        result.append(_logical(current, start, pieces, joints))
    return result


def _logical(first: str, line: int, pieces: list[str], joints: list[tuple[int, int, int]]) -> Logical:
    if not joints:
        return Logical(first, line)
    return Logical(first + "".join(pieces), line, tuple(joints))
