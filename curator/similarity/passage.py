"""The longest passage that two texts share: what a person looks at to see why they are called near-duplicates."""

import re
from dataclasses import dataclass

from curator.similarity import shingles

_TOKEN = re.compile(r"\w+")


@dataclass(frozen=True)
class Passage:
    """A part of the first text, as it stands there, and its length in tokens; 0 tokens if nothing is shared."""

    text: str
    tokens: int


def longest(a: str, b: str) -> Passage:
    """The longest run of tokens of `a` all of whose shingles stand in `b` too; the first of equally long ones."""
    lower = a.lower()
    # a few letters change their length in lower case; the places are then those of the lower-case text
    spans = [found.span() for found in _TOKEN.finditer(a if len(lower) == len(a) else lower)]
    words = [lower[start:end] for start, end in spans] if len(lower) == len(a) else _TOKEN.findall(lower)
    there = shingles.of(b)
    best = (0, 0)
    start = None
    size = min(shingles.SIZE, len(words))
    last = len(words) - size
    for at in range(last + 1 if words else 0):
        if " ".join(words[at : at + size]) not in there:
            start = None
            continue
        start = at if start is None else start
        if at + size - start > best[1] - best[0]:
            best = (start, at + size)
    if best == (0, 0):
        return Passage("", 0)
    text = (a if len(lower) == len(a) else lower)[spans[best[0]][0] : spans[best[1] - 1][1]]
    return Passage(text, best[1] - best[0])
