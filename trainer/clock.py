"""Where the time of a run goes: every moment belongs to one part, so the parts add up to the whole.

What is not given a name is `REST`; it is shown like the others, so nothing can hide. Wall time, in seconds.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from typing import Any

START = "start and checks"
IN_STAGES = "stages"  # while a stage is at work it keeps its own account; see trainer/stage.py
LOADING = "loading the model"
STEPS = "training steps"
VALIDATION = "validation rows"
GENERAL = "general code"
PROBE = "compile probe"
CHECKPOINTS = "checkpoints"
STOP_TEST = "stop test"
MERGE = "merging"
PLOTS = "plots"
REST = "the rest"


class Clock:
    """Seconds by part. `before` are those of earlier processes, if the run or the stage goes on."""

    def __init__(self, part: str = REST, before: Mapping[str, float] | None = None) -> None:
        self._seconds: Counter[str] = Counter()
        self._seconds.update(before or {})
        self._part = part
        self._since = time.monotonic()

    def enter(self, part: str) -> str:
        """From now on the time is that of `part`; returns the part it was before."""
        before, now = self._part, time.monotonic()
        self._seconds[before] += now - self._since  # type: ignore[assignment]  # a Counter of floats
        self._part, self._since = part, now
        return before

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """The time of the block is that of `name`; what is within another block of its own is that one's."""
        before = self.enter(name)
        try:
            yield
        finally:
            self.enter(before)

    def timed(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, with its time counted as that of `name`."""

        @wraps(function)
        def within(*arguments: Any, **keywords: Any) -> Any:
            with self.part(name):
                return function(*arguments, **keywords)

        return within

    def forget(self, part: str) -> None:
        """Drop what a part took so far: its time has been accounted for elsewhere."""
        self.enter(self._part)
        self._seconds.pop(part, None)

    def seconds(self) -> dict[str, float]:
        """What each part took so far, to a hundredth of a second."""
        self.enter(self._part)
        return {part: round(float(taken), 2) for part, taken in self._seconds.items()}

    def total(self) -> float:
        """All parts."""
        self.enter(self._part)
        return float(sum(self._seconds.values()))


def by_part(record: Mapping[str, Any]) -> dict[str, float]:
    """The seconds of a whole run from its run.json, the longest part first; empty if it is from an older version."""
    sums: Counter[str] = Counter()
    for seconds in (record.get("seconds") or {}, *(stage.get("seconds") or {} for stage in _stages(record))):
        sums.update(seconds)
    return {part: round(float(taken), 2) for part, taken in sums.most_common()}


def outside_steps(record: Mapping[str, Any]) -> float | None:
    """The share of a run's time that is not in training steps; None if it is not known."""
    parts = by_part(record)
    total = sum(parts.values())
    return round(1 - parts.get(STEPS, 0.0) / total, 4) if total else None


def table_rows(record: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Part, seconds, share of the run: what the terminal and the report show."""
    parts = by_part(record)
    total = sum(parts.values())
    return [(part, f"{seconds:.1f}", f"{seconds / total:.1%}") for part, seconds in parts.items()] if total else []


def _stages(record: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return list((record.get("stages") or {}).values())
