"""The dialog that begins a new example."""

from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Label, Select, Static

from curator.corpus import new_path
from curator.errors import CuratorError
from curator.labels import TOPICS, TYPES
from curator.tui.bindings import bindings
from curator.tui.shown import one_line
from curator.tui.state import NewExample
from curator.tui.widgets.generations import Generations

_TYPE_SAID = {
    "completion": "completion: a task, answered by code",
    "comprehension": "comprehension: code, answered by what it does",
    "migration": "migration: old code, answered by new code",
    "explanation": "explanation: a question, answered in words and code",
}


class NewScreen(ModalScreen[NewExample | None]):
    """Title, topic, type and generation of a new example. None: never mind."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("new")

    def __init__(self, root: Path, given: NewExample | None = None) -> None:
        super().__init__()
        self._root = root
        self._given = given or NewExample("", "")

    def compose(self) -> ComposeResult:
        """Four fields, the file name they give, two buttons."""
        given = self._given
        with VerticalScroll(classes="dialog", can_focus=False):
            yield Label("New example", classes="dialog-title")
            yield Label("Title: what it shows, in one line")
            yield Input(given.title, id="new-title", placeholder="Read a customer by primary key", compact=True)
            yield Label("Topic: the folder it goes to")
            yield Select([(t, t) for t in TOPICS], id="new-topic", prompt="choose a topic", compact=True,
                         value=given.topic or Select.NULL)  # fmt: skip
            yield Label("Type: what the model is to learn")
            yield Select([(_TYPE_SAID[t], t) for t in TYPES], id="new-type", value=given.type,
                         allow_blank=False, compact=True)  # fmt: skip
            yield Label("Generation the code is for: space ticks, several are fine")
            yield Generations(given.generations, id="new-generation")
            yield Static("", id="new-path")
            with Horizontal(classes="dialog-buttons"):
                yield Button("Create (ctrl+s)", id="create", variant="success")
                yield Button("Cancel (esc)", id="cancel")

    def on_mount(self) -> None:
        """The title is asked first."""
        self.query_one("#new-title").focus()
        self._say_path()

    @on(Input.Changed)
    @on(Select.Changed)
    def _changed(self) -> None:
        self._say_path()

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self.focus_next()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "create":
            self.action_create()
        else:
            self.dismiss(None)

    def action_create(self) -> None:
        """Return the answers, or say what is missing."""
        wanted = self._answers()
        problem = self._problem(wanted)
        if problem:
            self.notify(problem, severity="warning", markup=False)
            self.query_one("#new-title" if not wanted.title else "#new-topic").focus()
        else:
            self.dismiss(wanted)

    def action_cancel(self) -> None:
        """Never mind."""
        self.dismiss(None)

    def _answers(self) -> NewExample:
        topic, kind = self.query_one("#new-topic", Select).value, self.query_one("#new-type", Select).value
        generations = self.query_one("#new-generation", Generations).words
        title = " ".join(self.query_one("#new-title", Input).value.split())
        return NewExample(title, "" if topic is Select.NULL else str(topic), str(kind), generations)

    def _problem(self, wanted: NewExample) -> str:
        if not wanted.title:
            return "Give it a title first."
        if not wanted.topic:
            return "Choose a topic: it is the folder the example goes to."
        if not wanted.generations:
            return "Choose at least one generation."
        try:
            new_path(self._root, wanted.topic, wanted.title)
        except CuratorError as error:
            return str(error)
        return ""

    def _say_path(self) -> None:
        wanted = self._answers()
        said = "The file name comes from title and topic."
        if wanted.title and wanted.topic:
            try:
                path = new_path(self._root, wanted.topic, wanted.title)
                said = f"Will be {self._root.name}/{path.relative_to(self._root).as_posix()}"
            except CuratorError as error:
                said = str(error)
        self.query_one("#new-path", Static).update(Content(one_line(said)))
