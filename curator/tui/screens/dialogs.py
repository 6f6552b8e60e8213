"""Dialogs: each asks one thing and says in its class what it returns. Escape is always the harmless answer."""

from collections.abc import Sequence
from typing import ClassVar, Literal

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Label, OptionList, Static
from textual.widgets.option_list import Option

from curator.editing.drafts import Draft
from curator.tui.actions import BY_ID
from curator.tui.bindings import bindings
from curator.tui.helping import Keys
from curator.tui.shown import one_line, shown
from curator.tui.widgets.jumping import JumpList
from curator.tui.widgets.sides import SideBySide

Leave = Literal["save", "keep", "discard", "cancel"]
Conflict = Literal["mine", "theirs", "cancel"]

PALETTE = BY_ID["app.palette"]


class LeaveScreen(ModalScreen[Leave]):
    """Unsaved changes: save them, keep them as a draft, throw them away, or stay."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("dialog")

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

    BINDINGS: ClassVar[list[BindingType]] = bindings("dialog")

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


class DraftsScreen(ModalScreen[tuple[Literal["open", "discard"], Draft] | None]):
    """The drafts that were left over: which to open or to throw away. None: neither."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("drafts")

    def __init__(self, drafts: Sequence[Draft], said: Sequence[str]) -> None:
        super().__init__()
        self._drafts, self._said = list(drafts), list(said)

    def compose(self) -> ComposeResult:
        """A line for each."""
        with Vertical(classes="dialog"):
            yield Label("Drafts that were not saved", classes="dialog-title")
            yield JumpList(*(Option(Content(one_line(line))) for line in self._said), id="drafts", markup=False)
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

    BINDINGS: ClassVar[list[BindingType]] = bindings("help")

    def __init__(self, here: tuple[str, str], text: str, keys: Sequence[Keys]) -> None:
        super().__init__()
        self._here, self._text, self._keys = here, text, keys

    def compose(self) -> ComposeResult:
        """The widget with the cursor, the screen, then the keys of both."""
        title, said = self._here
        parts: list[Content] = [Content(shown(said)), Content("")] if said else []
        parts += [Content(shown(self._text).rstrip()), Content("")] if self._text else []
        for group in self._keys:
            width = max(len(key) for key, _ in group.keys)
            parts.append(Content.styled(group.title, "bold underline"))
            for key, what in group.keys:
                parts.append(Content.assemble((f"{key:<{width}}", "bold $text-accent"), f"  {what}"))
            parts.append(Content(""))
        with Vertical(classes="dialog"):
            yield Label(Content(f"Help: {title}" if title else "Help"), classes="dialog-title")
            with VerticalScroll(id="help-text", can_focus=True):
                yield Static(Content("\n").join(parts))
            palette = next((key for group in self._keys for key, what in group.keys if what == PALETTE.help), "")
            more = f" {palette} lists every action by name." if palette else ""
            yield Label(Content(f"Escape goes back.{more}"))

    def on_mount(self) -> None:
        """The arrow keys scroll at once."""
        self.query_one("#help-text").focus()

    def action_leave(self) -> None:
        """Back."""
        self.dismiss(None)


def _leave(id: str | None) -> Leave:
    answers: dict[str, Leave] = {"save": "save", "keep": "keep", "discard": "discard"}
    return answers.get(id or "", "cancel")
