"""The dialog for the files of a program: add one, give one another name, remove one."""

from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Label, OptionList
from textual.widgets.option_list import Option

from curator.editing import files
from curator.errors import CuratorError
from curator.example import CodeBlock, Example
from curator.tui.bindings import bindings
from curator.tui.regions import block_name
from curator.tui.widgets.jumping import JumpList


class FilesScreen(ModalScreen[str | None]):
    """The new text of the example. None: never mind."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("files")

    def __init__(self, example: Example, chosen: int = 0) -> None:
        super().__init__()
        self._example = example
        self._chosen = chosen

    def compose(self) -> ComposeResult:
        """The files, a name, what to do with it."""
        blocks = self._example.bbj_blocks
        lines = (f"{block_name(b, i)}   {b.text.count(chr(10))} lines" for i, b in enumerate(blocks))
        with Vertical(classes="dialog"):
            yield Label("Files of this program", classes="dialog-title")
            yield JumpList(*(Option(Content(line)) for line in lines), id="files-list", markup=False)
            yield Label("Name of a new file, or the new name of the chosen one:")
            yield Input(id="files-name", placeholder="customer.bbj", compact=True)
            with Horizontal(classes="dialog-buttons"):
                yield Button("Add (enter)", id="add", variant="success")
                yield Button("Name (ctrl+r)", id="name")
                yield Button("Remove (ctrl+d)", id="remove", variant="error")
                yield Button("Cancel (esc)", id="cancel")

    def on_mount(self) -> None:
        """Type a name and press enter: that adds a file."""
        self.query_one(OptionList).highlighted = min(self._chosen, len(self._example.bbj_blocks) - 1)
        self.query_one(Input).focus()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        deeds = {"add": self.action_add, "name": self.action_name, "remove": self.action_remove}
        deeds.get(event.button.id or "", self.action_cancel)()

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self.action_add()

    @on(OptionList.OptionSelected)
    def _selected(self) -> None:
        self.query_one(Input).focus()

    def action_add(self) -> None:
        """A new file below the chosen one."""
        self._try(lambda: files.with_file(self._example, self._typed, self._block))

    def action_name(self) -> None:
        """Another name for the chosen one."""
        self._try(lambda: files.with_name(self._example, self._block, self._typed))

    def action_remove(self) -> None:
        """Take the chosen one out of the text; undo in Source (F5) brings it back."""
        self.dismiss(files.without_file(self._example, self._block))

    def action_cancel(self) -> None:
        """Never mind."""
        self.dismiss(None)

    @property
    def _typed(self) -> str:
        return self.query_one(Input).value.strip()

    @property
    def _block(self) -> CodeBlock:
        return self._example.bbj_blocks[self.query_one(OptionList).highlighted or 0]

    def _try(self, edit: Callable[[], str]) -> None:
        try:
            self.dismiss(edit())
        except CuratorError as error:
            self.notify(str(error), severity="warning", markup=False)
            self.query_one(Input).focus()
