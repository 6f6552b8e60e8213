"""The list of problems below the editors, with the name of the judge."""

from collections.abc import Sequence
from dataclasses import dataclass

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from curator.diagnostic import Diagnostic, Severity
from curator.tui.shown import one_line
from curator.tui.signs import SIGNS, counted
from curator.tui.widgets.jumping import JumpList
from curator.tui.widgets.line import Line

STYLES = {Severity.ERROR: "$text-error", Severity.WARNING: "$text-warning", Severity.HINT: "$text-secondary"}


class Problems(Vertical):
    """A line with counts and judge, and a list to choose from."""

    @dataclass
    class Chosen(Message):
        """The author wants to go to this problem."""

        diagnostic: Diagnostic

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._diagnostics: tuple[Diagnostic, ...] = ()
        self._at = -1

    def compose(self) -> ComposeResult:
        """The summary above the list."""
        yield Line("checking …", id="problems-summary")
        yield JumpList(id="problems-list", compact=True, markup=False)

    def show(self, diagnostics: Sequence[Diagnostic], judge: str, note: str) -> None:
        """List them, the worst first, and say who judged."""
        diagnostics = sorted(diagnostics, key=lambda d: list(SIGNS).index(d.severity))
        said = f"{counted(diagnostics)}   judge: {judge}" + (f"   {note}" if note else "")
        worst = min((list(SIGNS).index(d.severity) for d in diagnostics), default=None)
        style = "$text-success" if worst is None else list(STYLES.values())[worst]
        self.query_one("#problems-summary", Line).put(Content.styled(said, style))
        if tuple(diagnostics) == self._diagnostics:
            return
        self._diagnostics, self._at = tuple(diagnostics), -1
        options = self.query_one("#problems-list", OptionList)
        options.clear_options()
        options.add_options(Option(_line(d)) for d in diagnostics)
        options.display = bool(diagnostics)

    def step(self, by: int) -> None:
        """Go to the next (1) or the last (-1) problem, around the end."""
        if not self._diagnostics:
            return
        self._at = (self._at + by) % len(self._diagnostics) if self._at >= 0 else (0 if by > 0 else -1)
        self._at %= len(self._diagnostics)
        self.query_one("#problems-list", OptionList).highlighted = self._at
        self.post_message(self.Chosen(self._diagnostics[self._at]))

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self._at = event.option_index
        self.post_message(self.Chosen(self._diagnostics[self._at]))


def _line(diagnostic: Diagnostic) -> Content:
    said = f" {diagnostic.code} line {diagnostic.line}: {one_line(diagnostic.message)}"
    hint = f"  → {one_line(diagnostic.hint)}" if diagnostic.hint else ""
    return Content.assemble((SIGNS[diagnostic.severity], STYLES[diagnostic.severity]), said, (hint, "$text-muted"))
