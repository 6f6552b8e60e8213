"""What two examples share, word by word: the reason for a similarity, marked in the text of either.

Counted as `curator.near.answers` counts (runs of five tokens of code, title, description and explanation), so that
what is marked is what the score rests on.
"""

import re
from collections.abc import Iterable

from curator.example import Example
from curator.similarity import shingles

Span = tuple[int, int]

_TOKEN = re.compile(r"\w+")


def shared(a: Example, b: Example) -> frozenset[str]:
    """The shingles that both examples have."""
    return shingles.of(shingles.example_text(a)) & shingles.of(shingles.example_text(b))


def marked(text: str, found: frozenset[str]) -> list[Span]:
    """The stretches of `text`, as offsets, whose tokens stand in a run of `found`; in order, neighbours joined."""
    places = [(match.start(), match.end(), match[0].lower()) for match in _TOKEN.finditer(text)]
    words = [word for _, _, word in places]
    covered = bytearray(len(words))
    for at in range(max(1, len(words) - shingles.SIZE + 1) if words else 0):
        if " ".join(words[at : at + shingles.SIZE]) in found:
            for inside in range(at, min(at + shingles.SIZE, len(words))):
                covered[inside] = 1
    spans: list[Span] = []
    for at, (start, stop, _) in enumerate(places):
        if not covered[at]:
            continue
        if spans and at and covered[at - 1]:
            spans[-1] = (spans[-1][0], stop)
        else:
            spans.append((start, stop))
    return spans


def by_line(text: str, spans: Iterable[Span]) -> dict[int, list[Span]]:
    """The same stretches as columns per line, lines from 0 and split at LF; a stretch over several lines is cut."""
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    found: dict[int, list[Span]] = {}
    row = 0
    for start, stop in spans:
        while starts[row + 1] <= start:
            row += 1
        at = row
        while start < stop:
            end = min(stop, starts[at + 1] - 1)
            if end > start:
                found.setdefault(at, []).append((start - starts[at], end - starts[at]))
            at += 1
            start = starts[at] if at < len(starts) else stop
    return found
