"""The progress of a run on stderr: a bar on a terminal, a line per evaluation where there is none (CI, a file)."""

import sys
import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from curator.output import say


class RunProgress:
    """Shows one stage at a time. Use as a context manager; `stage`, then `step` and `evaluated`."""

    def __init__(self) -> None:
        console = Console(stderr=True)
        self._bar = (
            Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("steps  {task.fields[state]}"),
                TimeElapsedColumn(),
                TimeRemainingColumn(),
                console=console,
            )
            if console.is_terminal
            else None
        )
        self._task: object = None
        self._loss = ""
        self._held_out = ""
        self._title = ""
        self._total = 0
        self._started = time.monotonic()

    def __enter__(self) -> "RunProgress":
        if self._bar:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar:
            self._bar.stop()

    def stage(self, title: str, steps: int, done: int = 0) -> None:
        """A stage begins, or goes on after `done` steps."""
        self._title, self._total, self._started = title, steps, time.monotonic()
        self._loss = self._held_out = ""
        if self._bar:
            self._task = self._bar.add_task(title, total=steps, completed=done, state="")
        else:
            say(f"{title}: {steps} steps" + (f", going on after {done}" if done else ""))

    def step(self, step: int) -> None:
        """`step` optimiser steps are done."""
        if self._bar:
            self._bar.update(self._task, completed=step, state=self._state())  # type: ignore[arg-type]

    def validating(self) -> None:
        """The validation rows are being measured, which on a CPU takes a while without a step."""
        if self._bar:
            self._bar.update(self._task, state="measuring the validation rows")  # type: ignore[arg-type]

    def logged(self, loss: float) -> None:
        """The training loss of the last steps."""
        self._loss = f"loss {loss:.3f}"

    def evaluated(self, step: int, loss: float, probe: object = None, general: float | None = None) -> None:
        """The validation loss after `step` steps, what the compile probe found, and the loss on general code."""
        self._held_out = f"validation {loss:.3f}" + (f", general code {general:.3f}" if general is not None else "")
        self._held_out += f", {probe}" if probe else ""
        if self._bar:
            self._bar.update(self._task, completed=step, state=self._state())  # type: ignore[arg-type]
        else:
            minutes = (time.monotonic() - self._started) / 60
            say(f"{self._title}: step {step} of {self._total}, {self._state()}, {minutes:.1f} min")
            sys.stderr.flush()

    def _state(self) -> str:
        return "  ".join(part for part in (self._loss, self._held_out) if part)
