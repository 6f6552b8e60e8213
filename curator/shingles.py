"""What two texts are compared by: the set of their runs of five tokens.

Tokens are `\\w+` in lower case, so layout, punctuation and case do not count. A text of fewer than five tokens is one
shingle. Plain Python: the checks and hooks that need only a few texts load no NumPy for it.
"""

import re

from curator.example import Example

SIZE = 5

_TOKEN = re.compile(r"\w+")


def tokens(text: str) -> list[str]:
    """The tokens of a text, in order."""
    return _TOKEN.findall(text.lower())


def of(text: str) -> frozenset[str]:
    """The shingles of a text: every run of `SIZE` tokens, joined by blanks. Empty for a text without tokens."""
    words = tokens(text)
    if not words:
        return frozenset()
    return frozenset(" ".join(words[i : i + SIZE]) for i in range(max(1, len(words) - SIZE + 1)))


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
