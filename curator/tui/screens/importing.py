"""The dialog that takes code from elsewhere: a file, the clipboard, or what is pasted into the window."""

from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.suggester import Suggester
from textual.widgets import Button, Footer, Input, Label, Static, TextArea

from curator.editing import import_code
from curator.editing.import_code import CODE_ENDINGS, TEXT_ENDINGS, Draft
from curator.errors import CuratorError
from curator.tui.bindings import bindings
from curator.tui.shown import one_line
from curator.tui.widgets.editor import TextEditor


class ImportScreen(ModalScreen[Draft | None]):
    """The draft example that was made of code from elsewhere. None: never mind."""

    HELP = (
        "Code from elsewhere becomes a draft example. Paste a program, a page or a chat into the large box, or name a "
        ".bbj file. Words and code are told apart by the lines of ``` around code; several files by lines such as "
        "File: main.bbj. The labels are suggested by the code. Nothing is written until you save the draft.\n"
    )
    BINDINGS: ClassVar[list[BindingType]] = bindings("import")

    def __init__(self, text: str = "") -> None:
        super().__init__()
        self._given = text.replace("\r\n", "\n").replace("\r", "\n")  # terminals paste \r for a line end
        self._draft: Draft | None = None

    def compose(self) -> ComposeResult:
        """A box for a file, one for the text, what would come of it."""
        with Vertical(classes="dialog dialog-wide"):
            yield Label("Import BBj code", classes="dialog-title")
            yield Label("File: a .bbj program, or text with code between lines of ```")
            yield Input(id="import-file", placeholder="C:\\work\\order.bbj or ~/work/order.bbj: → completes",
                        compact=True, suggester=_Paths())  # fmt: skip
            yield Label("Or paste here:")
            yield TextEditor(id="import-text", show_line_numbers=False)
            yield Static("", id="import-said")
            with Horizontal(classes="dialog-buttons"):
                yield Button("Open as a draft (ctrl+s)", id="open", variant="success")
                yield Button("Clipboard (F3)", id="clipboard")
                yield Button("Cancel (esc)", id="cancel")
        yield Footer(show_command_palette=False, compact=True)

    def on_mount(self) -> None:
        """The paste is what most come for."""
        editor = self.query_one("#import-text", TextEditor)
        if self._given:
            editor.show(self._given)
        editor.focus()
        self._look()

    @on(TextArea.Changed)
    def _text_changed(self, event: TextArea.Changed) -> None:
        event.stop()
        self._look()

    @on(Input.Changed)
    def _file_changed(self) -> None:
        self._look()

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self.action_open()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        deeds = {"open": self.action_open, "clipboard": self.action_clipboard}
        deeds.get(event.button.id or "", self.action_cancel)()

    @work(exclusive=True, group="look")
    async def _look(self) -> None:
        """Say what would come of it."""
        said, style = "", "$text-muted"
        try:
            self._draft = self._made()
        except CuratorError as error:
            self._draft = None
            said, style = f"▲ {error}", "$text-warning"
        if self._draft is not None:
            said = f"✓ {self._draft.title}\n" + "\n".join(f"  {note}" for note in self._draft.notes)
            style = "$text-success"
        elif not said:
            said = "Nothing to import yet. A paste may hold words and code between lines of ```, and several files."
        lines = Content("\n").join(Content(one_line(line)) for line in said.split("\n")[:5])
        self.query_one("#import-said", Static).update(lines.stylize(style))

    def _made(self) -> Draft | None:
        """The draft of what stands there, None if nothing does. Raises CuratorError."""
        text = self.query_one("#import-text", TextEditor).text
        if text.strip():
            named = _only_path(text)
            return import_code.draft_of(import_code.read(named), str(named)) if named else import_code.draft_of(text)
        file = self.query_one("#import-file", Input).value.strip().strip("\"'")
        if not file:
            return None
        path = Path(file).expanduser()
        if path.suffix.lower() not in CODE_ENDINGS + TEXT_ENDINGS:
            raise CuratorError(f"{file}: give a file that ends in {', '.join(CODE_ENDINGS + TEXT_ENDINGS)}")
        return import_code.draft_of(import_code.read(path), str(path))

    def action_open(self) -> None:
        """Return the draft, or say what is missing."""
        try:
            draft = self._made()
        except CuratorError as error:
            self.notify(one_line(str(error)), severity="warning", markup=False)
            return
        if draft is None:
            self.notify("Paste code or name a file first.", severity="warning", markup=False)
        else:
            self.dismiss(draft)

    def action_clipboard(self) -> None:
        """Put the clipboard into the box."""
        from curator.editing.clipboard import pasted

        if self.app.is_web:  # it would be the clipboard of the machine that serves
            self.notify("In the browser paste with ctrl+v.", markup=False)
            return
        try:
            self.query_one("#import-text", TextEditor).show(pasted())
        except CuratorError as error:
            self.notify(str(error), severity="warning", markup=False, timeout=10)

    def action_cancel(self) -> None:
        """Never mind."""
        self.dismiss(None)


class _Paths(Suggester):
    """Completes a path that is being typed, to folders and to files that can be imported."""

    def __init__(self) -> None:
        super().__init__(use_cache=False, case_sensitive=True)

    async def get_suggestion(self, value: str) -> str | None:
        """The first fitting path, None if there is none."""
        if not value.strip():
            return None
        typed = Path(value).expanduser()
        folder, begun = (typed, "") if value.endswith(("/", "\\")) else (typed.parent, typed.name)
        try:
            names = sorted(path.name + "/" * path.is_dir() for path in folder.iterdir() if _fits(path, begun))
        except OSError:
            return None
        return value + names[0][len(begun) :] if names else None


def _fits(path: Path, begun: str) -> bool:
    if not path.name.startswith(begun) or (path.name.startswith(".") and not begun) or not path.name.isprintable():
        return False
    return path.suffix.lower() in CODE_ENDINGS + TEXT_ENDINGS or path.is_dir()


def _only_path(text: str) -> Path | None:
    """The file whose path is all that was pasted, as terminals do for a file dropped into them."""
    line = text.strip().strip("\"'").replace("\\ ", " ")
    if "\n" in line or len(line) > 1000 or not line.lower().endswith(CODE_ENDINGS + TEXT_ENDINGS):
        return None
    path = Path(line.removeprefix("file://")).expanduser()
    try:
        return path if path.is_file() else None
    except OSError:
        return None
