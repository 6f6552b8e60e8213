"""The dialogs of a review: a reason or a comment, and the size of a sample."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Label

from curator.tui.bindings import bindings
from curator.tui.shown import one_line
from curator.tui.widgets.editor import TextEditor


class SayScreen(ModalScreen[str | None]):
    """A few words about an example. None: never mind."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("say")

    def __init__(self, question: str, hint: str) -> None:
        super().__init__()
        self._question, self._hint = question, hint

    def compose(self) -> ComposeResult:
        """The question, room for an answer, two buttons."""
        with Vertical(classes="dialog"):
            yield Label(Content(one_line(self._question)), classes="dialog-title")
            yield Label(Content(self._hint))
            yield TextEditor(id="say-text")
            with Horizontal(classes="dialog-buttons"):
                yield Button("Send (ctrl+s)", id="send", variant="primary")
                yield Button("Cancel (esc)", id="cancel")

    def on_mount(self) -> None:
        """Write at once."""
        self.query_one("#say-text").focus()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "send":
            self.action_send()
        else:
            self.dismiss(None)

    def action_send(self) -> None:
        """Return what was written, if anything was."""
        said = self.query_one("#say-text", TextEditor).text.strip()
        if said:
            self.dismiss(said)
        else:
            self.notify("Say something, or cancel with escape.", severity="warning", markup=False)

    def action_cancel(self) -> None:
        """Never mind."""
        self.dismiss(None)


class SampleScreen(ModalScreen[tuple[int, int] | None]):
    """How many examples to label blind, and the seed they are drawn with. None: never mind."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("sample")

    def compose(self) -> ComposeResult:
        """Two numbers, two buttons."""
        with Vertical(classes="dialog"):
            yield Label("Label a sample blind", classes="dialog-title")
            yield Label(
                "You see the code of examples that others wrote and say which generation it is, without seeing the "
                "label. curator stats then says how well you and the authors agree (Cohen's kappa)."
            )
            yield Label("\nHow many examples")
            yield Input("20", id="sample-size", type="integer", compact=True)
            yield Label("Seed: the same seed draws the same examples for everybody")
            yield Input("0", id="sample-seed", type="integer", compact=True)
            with Horizontal(classes="dialog-buttons"):
                yield Button("Begin (ctrl+s)", id="begin", variant="primary")
                yield Button("Cancel (esc)", id="cancel")

    def on_mount(self) -> None:
        """The first number."""
        self.query_one("#sample-size").focus()

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self.action_begin()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "begin":
            self.action_begin()
        else:
            self.dismiss(None)

    def action_begin(self) -> None:
        """Return the numbers."""
        try:
            size = int(self.query_one("#sample-size", Input).value)
            seed = int(self.query_one("#sample-seed", Input).value or 0)
        except ValueError:
            size = seed = 0
        if size > 0:
            self.dismiss((size, seed))
        else:
            self.notify("Give a number of examples, 1 or more.", severity="warning", markup=False)

    def action_cancel(self) -> None:
        """Never mind."""
        self.dismiss(None)
