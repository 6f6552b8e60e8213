"""What two texts are compared by: the set of their runs of five tokens, and the published hashes of those runs.

Tokens are `\\w+` in lower case, so layout, punctuation and case do not count. A text of fewer than five tokens is one
shingle. The hashes are part of the format of indexes and signatures: whoever wants to recompute them needs only this
file (docs/dedupe.md has a worked example). Plain Python: the checks and hooks that need only a few texts load no NumPy.
"""

import re
from array import array
from functools import lru_cache

from curator.example import Example

SIZE = 5
# Goes up whenever tokens, shingles or hashes change: an index or signature of another version is of no use.
VERSION = 1

_TOKEN = re.compile(r"\w+")
_MASK = (1 << 64) - 1
# Odd 64-bit constants: the golden ratio, and two multipliers of well-known mixing functions (splitmix-like, murmur3).
# `curator/similarity/native/kernels.c` repeats them; a test compares both.
TOKEN_FACTOR = 0x9E3779B97F4A7C15
RUN_FACTOR = 0xD6E8FEB86659FD93
LAST_FACTOR = 0xFF51AFD7ED558CCD
RUN_FACTOR_5 = pow(RUN_FACTOR, SIZE, 1 << 64)


def tokens(text: str) -> list[str]:
    """The tokens of a text, in order."""
    return _TOKEN.findall(text.lower())


def of(text: str) -> frozenset[str]:
    """The shingles of a text: every run of `SIZE` tokens, joined by blanks. Empty for a text without tokens."""
    words = tokens(text)
    if not words:
        return frozenset()
    return frozenset(" ".join(words[i : i + SIZE]) for i in range(max(1, len(words) - SIZE + 1)))


def has_tokens(text: str) -> bool:
    """True if a text has any token; else it has no shingle and is similar to nothing."""
    return _TOKEN.search(text) is not None


def hashes(text: str) -> "array[int]":
    """The 64-bit hashes of a text's shingles, each once, ascending, as array("Q"): `hash64` of each of `of(text)`."""
    values = list(map(_token_hash, tokens(text)))
    run, found = 0, set()
    for value in values[:SIZE]:
        run = (run * RUN_FACTOR + value) & _MASK
    if values:
        found.add(_last(run))
    for gone, value in zip(values, values[SIZE:], strict=False):  # the run moves on by one token
        run = (run * RUN_FACTOR + value - gone * RUN_FACTOR_5) & _MASK
        found.add(_last(run))
    return array("Q", sorted(found))


def hash64(shingle: bytes) -> int:
    """The 64-bit hash of one shingle: its lower-case tokens in UTF-8, joined by blanks."""
    run = 0
    for token in shingle.split(b" "):
        run = (run * RUN_FACTOR + _token_hash(token)) & _MASK
    return _last(run)


def hash32(shingle: bytes) -> int:
    """The low 32 bits of `hash64`: the `hashfunc` of datasketch for the signatures of `curator.similarity.lsh`."""
    return hash64(shingle) & 0xFFFFFFFF


def jaccard(a: frozenset[str], b: frozenset[str]) -> float:
    """Shared shingles over all shingles of both, 0 to 1; 0 if both are empty."""
    union = len(a | b)
    return len(a & b) / union if union else 0.0


def containment(part: frozenset[str], whole: frozenset[str]) -> float:
    """The share of `part` that stands in `whole`, 0 to 1: what counts while a draft is still short."""
    return len(part & whole) / len(part) if part else 0.0


def example_text(example: Example) -> str:
    """What counts of an example: its code, title, description and explanation, without labels and headings."""
    code = "\n".join(block.text for block in example.bbj_blocks)
    words = (example.title, str(example.meta.get("description") or ""), example.prose("Explanation"))
    return "\n".join((code, *words))


@lru_cache(1 << 16)  # a corpus repeats its words
def _token_hash(token: str | bytes) -> int:
    """Eight bytes of UTF-8 at a time, little-endian, the last ones filled up with zeros; no token holds a zero."""
    data = token.encode() if isinstance(token, str) else token
    value = 0
    for start in range(0, len(data), 8):
        value = ((value ^ int.from_bytes(data[start : start + 8], "little")) * TOKEN_FACTOR) & _MASK
        value ^= value >> 32
    return value


def _last(run: int) -> int:
    """Spreads what sets a run apart over all 64 bits."""
    run ^= run >> 32
    run = (run * LAST_FACTOR) & _MASK
    return run ^ (run >> 29)
