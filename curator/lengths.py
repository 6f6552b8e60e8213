"""How long texts are: smallest, median, largest, a histogram. Also: counting in tokens."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from curator.errors import CuratorError, MissingError

_MUCH_LONGER, _BINS = 16, 10


@dataclass(frozen=True)
class Lengths:
    """How long the texts of one kind are, and a histogram: `bins` is (from, below, texts).

    Bins double, as lengths have a long tail; of lengths that are much alike they are ten of the same width.
    """

    unit: str
    smallest: int
    median: float
    largest: int
    total: int
    bins: tuple[tuple[int, int, int], ...]


def lengths(unit: str, values: Sequence[int]) -> Lengths:
    """The summary of one or more lengths in this unit ("lines", "characters", "tokens")."""
    ordered = sorted(values)
    smallest, largest = ordered[0], ordered[-1]
    bins = [
        (low, high, bisect_left(ordered, high) - bisect_left(ordered, low)) for low, high in edges(smallest, largest)
    ]
    middle = len(ordered) // 2
    median = ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
    return Lengths(unit, smallest, median, largest, sum(ordered), tuple(bins))


def edges(smallest: int, largest: int) -> list[tuple[int, int]]:
    """The bins of a histogram of lengths: from, below."""
    alike = largest < _MUCH_LONGER * smallest
    low = smallest if alike else 1 << max(smallest.bit_length() - 1, 0) if smallest else 0
    found = []
    while low <= largest:
        high = low + (largest - smallest) // _BINS + 1 if alike else low * 2 or 1
        found.append((low, high))
        low = high
    return found


def token_counter(path: Path) -> Callable[[str], int]:
    """Counts the tokens of a text by the tokenizer.json of a model. Raises MissingError or CuratorError without one."""
    try:
        from tokenizers import Tokenizer  # comes with the extra `train`; 60 ms
    except ImportError:
        raise MissingError("lengths in tokens need tokenizers; run \"pip install 'bbj-curator[train]'\"") from None
    if not path.is_file():
        raise MissingError(f"{path}: no such file; give the tokenizer.json of a model")
    try:
        tokenizer: Any = Tokenizer.from_file(str(path))
    except Exception as error:  # tokenizers raises no narrower class
        raise CuratorError(f"{path}: no tokenizer.json ({error})") from error
    return lambda text: len(tokenizer.encode(text).ids)
