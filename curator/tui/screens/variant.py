"""The dialog that says why a near-duplicate is wanted."""

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


class VariantScreen(ModalScreen[str | None]):
    """The note: what this variant teaches that the other one does not. None: it is no variant."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("variant")

    def __init__(self, original: str, note: str = "") -> None:
        super().__init__()
        self._original, self._note = original, note

    def compose(self) -> ComposeResult:
        """The question and a line to answer it."""
        with Vertical(classes="dialog"):
            yield Label(Content(f"A wanted variant of {one_line(self._original)}"), classes="dialog-title")
            yield Label("What does yours teach that the other one does not? The note goes into the front matter.")
            yield Input(one_line(self._note), id="variant-note", placeholder="the same list, for the browser",
                        compact=True)  # fmt: skip
            with Horizontal(classes="dialog-buttons"):
                yield Button("It is a variant (enter)", id="keep", variant="success")
                yield Button("Cancel (esc)", id="cancel")

    def on_mount(self) -> None:
        """Type at once."""
        self.query_one(Input).focus()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "keep":
            self._answer()
        else:
            self.dismiss(None)

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self._answer()

    def action_cancel(self) -> None:
        """It is no variant."""
        self.dismiss(None)

    def _answer(self) -> None:
        note = one_line(self.query_one(Input).value)
        if note:
            self.dismiss(note)
        else:
            self.notify("Write in a few words why it is wanted: a reviewer will ask.", severity="warning", markup=False)
