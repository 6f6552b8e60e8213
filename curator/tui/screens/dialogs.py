"""Dialogs: each asks one thing and says in its class what it returns. Escape is always the harmless answer."""

from collections.abc import Sequence
from typing import ClassVar, Literal

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Label, OptionList, Static
from textual.widgets.option_list import Option

from curator.drafts import Draft
from curator.tui.shown import one_line, shown
from curator.tui.widgets.sides import SideBySide

Leave = Literal["save", "keep", "discard", "cancel"]
Conflict = Literal["mine", "theirs", "cancel"]
_CANCEL: list[BindingType] = [Binding("escape", "dismiss_with('cancel')", "Cancel", id="dialog.cancel")]


class LeaveScreen(ModalScreen[Leave]):
    """Unsaved changes: save them, keep them as a draft, throw them away, or stay."""

    BINDINGS: ClassVar[list[BindingType]] = _CANCEL

    def __init__(self, example: str) -> None:
        super().__init__()
        self._example = example

    def compose(self) -> ComposeResult:
        """The question and its four answers."""
        with Vertical(classes="dialog"):
            yield Label(Content(f"{one_line(self._example)} has changes that are not saved."), classes="dialog-title")
            yield Label("A kept draft is offered on the home screen; it is not in the corpus.")
            with Horizontal(classes="dialog-buttons"):
                yield Button("Save", id="save", variant="success")
                yield Button("Keep as draft", id="keep", variant="primary")
                yield Button("Discard", id="discard", variant="error")
                yield Button("Stay", id="cancel")

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        self.dismiss(_leave(event.button.id))

    def action_dismiss_with(self, answer: Leave) -> None:
        """Answer by a key."""
        self.dismiss(answer)


class ConflictScreen(ModalScreen[Conflict]):
    """The file is not what it was when it was opened: both texts side by side, and whose is to stay."""

    BINDINGS: ClassVar[list[BindingType]] = _CANCEL

    def __init__(self, example: str, mine: str, theirs: str | None) -> None:
        super().__init__()
        self._example, self._mine, self._theirs = example, mine, theirs

    def compose(self) -> ComposeResult:
        """The two texts and the three answers."""
        gone = self._theirs is None
        what = "was deleted" if gone else "was changed by somebody else"
        with Vertical(classes="dialog dialog-wide"):
            yield Label(Content(f"{one_line(self._example)} {what} since it was opened."), classes="dialog-title")
            yield Label("Left: on disk" + " (deleted)" * gone + ". Right: yours. Nothing is written yet.")
            yield SideBySide(self._theirs or "", self._mine, id="sides")
            with Horizontal(classes="dialog-buttons"):
                yield Button("Keep mine", id="mine", variant="warning")
                yield Button("Take theirs", id="theirs", variant="primary", disabled=gone)
                yield Button("Cancel", id="cancel")

    def on_mount(self) -> None:
        """Begin on the harmless answer."""
        self.query_one("#cancel").focus()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        answers: dict[str, Conflict] = {"mine": "mine", "theirs": "theirs"}
        self.dismiss(answers.get(event.button.id or "", "cancel"))

    def action_dismiss_with(self, answer: Conflict) -> None:
        """Answer by a key."""
        self.dismiss(answer)


class CompareScreen(ModalScreen[bool]):
    """The draft beside an example like it. True: open that example."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave(False)", "Back", id="compare.back"),
        Binding("o", "leave(True)", "Open it", id="compare.open"),
    ]

    def __init__(self, heading: str, left: str, right: str) -> None:
        super().__init__()
        self._heading, self._left, self._right = heading, left, right

    def compose(self) -> ComposeResult:
        """The two texts."""
        with Vertical(classes="dialog dialog-wide"):
            yield Label(Content(one_line(self._heading)), classes="dialog-title")
            yield SideBySide(self._left, self._right, id="sides")
            with Horizontal(classes="dialog-buttons"):
                yield Button("Open it (o)", id="open")
                yield Button("Back (esc)", id="back", variant="primary")

    def on_mount(self) -> None:
        """The arrow keys scroll at once."""
        self.query_one("#sides").focus()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "open")

    def action_leave(self, open: bool) -> None:
        """Answer by a key."""
        self.dismiss(open)


class DraftsScreen(ModalScreen[tuple[Literal["open", "discard"], Draft] | None]):
    """The drafts that were left over: which to open or to throw away. None: neither."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Back", id="drafts.back"),
        Binding("delete,d", "discard", "Throw away", id="drafts.discard"),
    ]

    def __init__(self, drafts: Sequence[Draft], said: Sequence[str]) -> None:
        super().__init__()
        self._drafts, self._said = list(drafts), list(said)

    def compose(self) -> ComposeResult:
        """A line for each."""
        with Vertical(classes="dialog"):
            yield Label("Drafts that were not saved", classes="dialog-title")
            yield OptionList(*(Option(Content(one_line(line))) for line in self._said), id="drafts", markup=False)
            yield Label("Enter opens one, d throws it away, escape leaves them as they are.")

    def on_mount(self) -> None:
        """The first one is chosen."""
        self.query_one(OptionList).highlighted = 0
        self.query_one(OptionList).focus()

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(("open", self._drafts[event.option_index]))

    def action_discard(self) -> None:
        """Throw the chosen one away."""
        at = self.query_one(OptionList).highlighted
        if at is not None:
            self.dismiss(("discard", self._drafts[at]))

    def action_leave(self) -> None:
        """Neither."""
        self.dismiss(None)


class HelpScreen(ModalScreen[None]):
    """What the place is for, and every key that works in it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,f1", "leave", "Back", id="help.back")]

    def __init__(self, text: str, keys: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self._text, self._keys = text, keys

    def compose(self) -> ComposeResult:
        """Prose, then the keys."""
        from textual.containers import VerticalScroll

        width = max((len(key) for key, _ in self._keys), default=0)
        lines = [Content.assemble((f"{key:>{width}}", "bold $text-accent"), f"  {what}") for key, what in self._keys]
        with Vertical(classes="dialog"):
            yield Label("Help", classes="dialog-title")
            with VerticalScroll(id="help-text", can_focus=True):
                yield Static(Content(shown(self._text)))
                yield Static(Content("\n").join(lines))
            yield Label("Escape goes back. ctrl+p lists every action by name.")

    def on_mount(self) -> None:
        """The arrow keys scroll at once."""
        self.query_one("#help-text").focus()

    def action_leave(self) -> None:
        """Back."""
        self.dismiss(None)


def _leave(id: str | None) -> Leave:
    answers: dict[str, Leave] = {"save": "save", "keep": "keep", "discard": "discard"}
    return answers.get(id or "", "cancel")
