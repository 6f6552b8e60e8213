"""Text editors: prose, and code with BBj colours, marks in the gutter and underlined problems.

TextArea highlights by tree-sitter only; here its public `get_line` and `render_line` are overridden instead. One
private name is used (`_offset_to_line_info` of the wrapped document: which line a row of the screen shows); a test
holds it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from pygments.token import _TokenType
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual import events
from textual.binding import BindingType
from textual.color import Color
from textual.document._document import EditResult
from textual.document._edit import Edit
from textual.strip import Strip
from textual.widgets import TextArea
from textual.widgets.text_area import Selection

from curator.diagnostic import Severity
from curator.templates import PLACEHOLDER
from curator.tui.bindings import bindings
from curator.tui.highlighting import spans, style_of, styles
from curator.tui.shown import common_ends, shown
from curator.tui.signs import SIGNS

COLOURS = {Severity.ERROR: "text-error", Severity.WARNING: "text-warning", Severity.HINT: "text-secondary"}

_MARK_WIDTH = 2


@dataclass(frozen=True)
class Mark:
    """A problem at a place of an editor: row and column from 0; `end` is None if only the start is known."""

    row: int
    column: int
    end: int | None
    severity: Severity


class TextEditor(TextArea):
    """An editor of prose. What it holds is always fit for a terminal (`shown`), however it came in."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("editor")

    def show(self, text: str) -> None:
        """Show another text: the part that differs is replaced, as one edit that can be undone."""
        text = shown(text)
        old = self.text
        if text == old:
            return
        if not old and not self.history.undo_stack:
            self.load_text(text)
            return
        start, end = common_ends(old, text)
        self.history.checkpoint()
        self.replace(text[start : len(text) - end], _location(old, start), _location(old, len(old) - end))
        self.history.checkpoint()

    def go_to(self, row: int, column: int = 0) -> None:
        """Put the cursor there and bring it into sight."""
        row = max(0, min(row, self.document.line_count - 1))
        self.move_cursor((row, min(column, len(self.document.get_line(row)))), center=True)

    def edit(self, edit: Edit) -> EditResult:
        """Every change of the text passes here: typing, paste, undoable replacement."""
        edit.text = shown(edit.text.replace("\r\n", "\n").replace("\r", "\n"))  # terminals paste \r for a line end
        return super().edit(edit)

    def on_focus(self) -> None:
        """What the template says is there to be typed over."""
        if self.text.startswith(PLACEHOLDER):
            self.select_all()

    async def _on_key(self, event: events.Key) -> None:
        if event.key == "escape":
            event.prevent_default()  # TextArea would move the focus; here the screen's binding decides
        elif not event.is_printable:
            # Left to Textual, a key bound here travels up to the app first, and letters typed right after it, which
            # take the short way, would come before it: ctrl+a and a letter would not replace the text.
            active = self.screen.active_bindings.get(event.key)
            if active and active.node is self and active.enabled:
                event.stop()
                event.prevent_default()
                await self.app.run_action(active.binding.action, self)


class CodeEditor(TextEditor):
    """An editor of BBj, or of a whole example if `code_rows` says which rows are BBj."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"code-editor--heading", "code-editor--quiet"}

    def __init__(self, *, name: str | None = None, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(
            name=name, id=id, classes=classes, soft_wrap=False, show_line_numbers=True, tab_behavior="indent"
        )
        self.indent_width = 4
        self.code_rows: frozenset[int] | None = None
        self._marks: dict[int, list[Mark]] = {}
        self._styles: dict[_TokenType, Style] = {}
        self._mark_styles: dict[Severity, Style] = {}

    def mark(self, marks: Iterable[Mark]) -> None:
        """Show these problems instead of the last ones."""
        by_row: dict[int, list[Mark]] = {}
        for mark in marks:
            by_row.setdefault(mark.row, []).append(mark)
        if by_row != self._marks:
            self._marks = by_row
            self._repaint()

    def marks(self) -> Sequence[Mark]:
        """The problems shown now, moved along with the lines they belong to."""
        return [mark for row in sorted(self._marks) for mark in self._marks[row]]

    def colour_rows(self, rows: frozenset[int] | None) -> None:
        """Colour only these rows as BBj; None for all."""
        if rows != self.code_rows:
            self.code_rows = rows
            self._repaint()

    @property
    def gutter_width(self) -> int:
        """Line numbers, and two cells before them for the sign of a problem."""
        return super().gutter_width + (_MARK_WIDTH if self.show_line_numbers else 0)

    def get_line(self, line_index: int) -> Text:
        """A line in colours, its problems underlined."""
        line = super().get_line(line_index)
        if not self._styles:
            self._read_theme()
        if self.code_rows is None or line_index in self.code_rows:
            for start, stop, token in spans(line.plain):
                style = style_of(token, self._styles)
                if style:
                    line.stylize(style, start, stop)
        elif line.plain.startswith("#"):
            line.stylize(Style(bold=True))
        elif line.plain.startswith(("---", "```", "<!--")):
            line.stylize(Style(dim=True))
        for mark in self._marks.get(line_index, ()):
            start, stop = _underlined(line.plain, mark)
            line.stylize(Style(underline=True) + self._mark_styles[mark.severity], start, stop)
        return line

    def render_line(self, y: int) -> Strip:
        """A row of the screen, with the sign of the worst problem of its line in the first cells."""
        strip = super().render_line(y)
        if not self._marks or not self.show_line_numbers:
            return strip
        row = y + self.scroll_offset.y
        rows = self.wrapped_document._offset_to_line_info
        if row >= len(rows):
            return strip
        line_index, section = rows[row]
        marks = self._marks.get(line_index)
        if not marks or section:
            return strip
        worst = min((mark.severity for mark in marks), key=list(SIGNS).index)
        ground = Style(bgcolor=next((part.style.bgcolor for part in strip if part.style), None))
        sign = Segment(SIGNS[worst] + " ", ground + self._mark_styles[worst] + Style(bold=True))
        return Strip.join([Strip([sign], _MARK_WIDTH), strip.crop(_MARK_WIDTH)])

    def edit(self, edit: Edit) -> EditResult:
        """Problems below an edit move with their lines until the next check speaks."""
        if self._marks:
            top, bottom = sorted((edit.from_location, edit.to_location))
            moved = len(edit.text.splitlines() or [""]) - 1 + edit.text.endswith(("\n", "\r")) - (bottom[0] - top[0])
            if moved or bottom[0] != top[0]:
                kept = [mark for mark in self.marks() if mark.row <= top[0] or mark.row > bottom[0]]
                self._marks = {}
                for mark in kept:
                    row = mark.row + (moved if mark.row > bottom[0] else 0)
                    self._marks.setdefault(row, []).append(Mark(row, mark.column, mark.end, mark.severity))
                self.notify_style_update()
        return super().edit(edit)

    async def _on_key(self, event: events.Key) -> None:
        if event.key == "enter" and not self.read_only:  # a new line starts under the last one
            event.stop()
            event.prevent_default()
            row, column = self.selection.start if self.selection.start <= self.selection.end else self.selection.end
            line = self.document.get_line(row)[:column]
            indent = line[: len(line) - len(line.lstrip())]
            self._replace_via_keyboard("\n" + indent, *self.selection)
        elif event.key in ("tab", "shift+tab") and not self.read_only:
            first, last = sorted((self.selection.start[0], self.selection.end[0]))
            if event.key == "shift+tab" or first != last:
                event.stop()
                event.prevent_default()
                self._indent(first, last, 1 if event.key == "tab" else -1)

    def _indent(self, first: int, last: int, by: int) -> None:
        """Move lines in or out by one step, as one edit."""
        step = " " * self.indent_width
        old = [self.document.get_line(row) for row in range(first, last + 1)]
        if by > 0:
            new = [step + line if line else line for line in old]
        else:
            new = [line[min(len(line) - len(line.lstrip(" ")), self.indent_width) :] for line in old]
        if new == old:
            return
        selection = self.selection
        self.replace("\n".join(new), (first, 0), (last, len(old[-1])))
        moved = {row: len(new[row - first]) - len(old[row - first]) for row in range(first, last + 1)}
        (row, column), (end_row, end_column) = selection.start, selection.end
        self.selection = Selection((row, max(column + moved[row], 0)), (end_row, max(end_column + moved[end_row], 0)))

    def _app_theme_changed(self) -> None:
        self._styles = {}
        super()._app_theme_changed()

    def _read_theme(self) -> None:
        variables = self.app.theme_variables
        self._styles = styles(variables)
        for severity, name in COLOURS.items():
            value = variables.get(name, "")
            colour = Color.parse(value).rich_color if value and not value.startswith("auto") else None
            self._mark_styles[severity] = Style(color=colour)

    def _repaint(self) -> None:
        self.notify_style_update()
        self.refresh()


def _underlined(line: str, mark: Mark) -> tuple[int, int]:
    """The characters to underline: the ones named, else the word at the column, at least one."""
    start = min(mark.column, max(len(line) - 1, 0))
    if mark.end is not None and mark.end > start:
        return start, mark.end
    stop = start
    while stop < len(line) and (line[stop].isalnum() or line[stop] in "_$!%"):
        stop += 1
    return start, max(stop, start + 1)


def _location(text: str, offset: int) -> tuple[int, int]:
    """Row and column of a position in a text with LF line ends."""
    return text.count("\n", 0, offset), offset - (text.rfind("\n", 0, offset) + 1)
