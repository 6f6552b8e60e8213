"""A draft beside an example like it: what differs, or what both share and the score rests on."""

from typing import ClassVar, Literal

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Label

from curator.example import Example
from curator.similarity import overlap
from curator.tui.bindings import bindings
from curator.tui.shown import one_line
from curator.tui.widgets.sides import SideBySide

Answer = Literal["open", "variant", "back"]

_DIFFERS = "Marked: what differs (~ changed, - only yours, + only theirs).  m: what both share"
_SHARED = (
    "Marked with ┃ and underlined: the words that stand in both, in runs of five; they make the score.  m: what differs"
)


class CompareScreen(ModalScreen[Answer]):
    """Yours on the left, the other one on the right. What to do next is the answer."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("compare")

    def __init__(self, mine: Example, theirs: Example) -> None:
        super().__init__()
        self._mine, self._theirs = mine, theirs

    def compose(self) -> ComposeResult:
        """The two texts."""
        name = "/".join(self._theirs.path.split("/")[-2:])
        with Vertical(classes="dialog dialog-wide"):
            yield Label(Content(one_line(f"yours  │  {name}: {self._theirs.title}")), classes="dialog-title")
            yield Label(Content(_DIFFERS), id="compare-said")
            yield SideBySide(self._mine.text, self._theirs.text, overlap.shared(self._mine, self._theirs), id="sides")
            with Horizontal(classes="dialog-buttons"):
                yield Button("Open it (o)", id="open")
                yield Button("Mine is a variant (v)", id="variant")
                yield Button("Back (esc)", id="back", variant="primary")

    def on_mount(self) -> None:
        """The arrow keys scroll at once."""
        self.query_one("#sides").focus()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        answers: dict[str, Answer] = {"open": "open", "variant": "variant"}
        self.dismiss(answers.get(event.button.id or "", "back"))

    def action_answer(self, answer: Answer) -> None:
        """Answer by a key."""
        self.dismiss(answer)

    def action_marks(self) -> None:
        """Mark what both share instead of what differs, and back."""
        sides = self.query_one(SideBySide)
        sides.mark_shared(not sides.shows_shared)
        self.query_one("#compare-said", Label).update(Content(_SHARED if sides.shows_shared else _DIFFERS))
