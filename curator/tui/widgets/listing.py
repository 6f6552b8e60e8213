"""A table of any number of rows that draws only those in sight.

Textual's DataTable lays out every cell: 10,000 rows take seconds to fill, and filling it again is felt at every key of
a search. Here a row is asked for when it is drawn.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from curator.tui.bindings import bindings
from curator.tui.widgets.jumping import Jumps


@dataclass(frozen=True)
class Column:
    """A heading and how many cells wide; 0 takes what the others leave."""

    name: str
    width: int


class Listing(Jumps, ScrollView, can_focus=True):
    """Rows with a heading; one is chosen. `row` gives the cells of a key, as text that the terminal may have."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"listing--heading", "listing--row", "listing--cursor", "listing--blurred"}

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("table"),
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("home", "move(-1000000000)", "First", show=False),
        Binding("end", "move(1000000000)", "Last", show=False),
    ]

    @dataclass
    class Highlighted(Message):
        """Another row is chosen."""

        key: str

    @dataclass
    class Selected(Message):
        """The chosen row is to be opened."""

        key: str

    def __init__(self, row: Callable[[str], Sequence[str]], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._row = row
        self._keys: Sequence[str] = ()
        self._columns: Sequence[Column] = ()
        self.cursor_row = 0

    @property
    def row_count(self) -> int:
        """How many rows there are."""
        return len(self._keys)

    @property
    def key(self) -> str:
        """The key of the chosen row, "" if there is none."""
        return self._keys[self.cursor_row] if self._keys else ""

    def show(self, keys: Sequence[str], columns: Sequence[Column]) -> None:
        """Show these rows. The row that was chosen stays chosen if it is among them; else the one in its place."""
        before = self.key
        self._keys, self._columns = keys, columns
        try:
            row = (
                self.cursor_row if keys and keys[min(self.cursor_row, len(keys) - 1)] == before else keys.index(before)
            )
        except ValueError:
            row = self.cursor_row
        self.cursor_row = max(min(row, len(keys) - 1), 0)
        self.virtual_size = Size(self.size.width, len(keys) + 1)
        self._scroll_to_cursor()
        self.refresh()
        if self.key != before:
            self.post_message(self.Highlighted(self.key))

    def choose(self, key: str) -> None:
        """Choose a row by its key; nothing happens if it is not there."""
        if key in self._keys:
            self._go(self._keys.index(key))

    def rows_said(self) -> Sequence[str]:
        """The first cell of every row: letters jump by it."""
        return [self._row(key)[0] for key in self._keys]

    def row_now(self) -> int:
        """The chosen row."""
        return self.cursor_row if self._keys else -1

    def jump_to(self, row: int) -> None:
        """Choose a row."""
        self._go(row)

    def action_move(self, rows: int) -> None:
        """Choose another row, so many further down."""
        self._go(self.cursor_row + rows)

    def action_page(self, pages: int) -> None:
        """Choose a row a screenful away."""
        self._go(self.cursor_row + pages * max(self._height - 1, 1))

    def action_select_cursor(self) -> None:
        """Open the chosen row."""
        if self.key:
            self.post_message(self.Selected(self.key))

    def on_click(self, event: events.Click) -> None:
        """A click chooses a row, a click on the chosen one opens it."""
        row = self.scroll_offset.y + event.y - 1
        if event.y and row < len(self._keys):
            if row == self.cursor_row:
                self.action_select_cursor()
            self._go(row)

    def on_focus(self) -> None:
        """The cursor looks different."""
        self.refresh()

    def on_blur(self) -> None:
        """The cursor looks different."""
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """The heading, or one row."""
        width = self.scrollable_content_region.width
        if y == 0:
            style = self.get_component_rich_style("listing--heading")
            return self._strip([column.name for column in self._columns], style, width)
        row = self.scroll_offset.y + y - 1
        if row >= len(self._keys):
            return Strip.blank(width, self.rich_style)
        look = "listing--row"
        if row == self.cursor_row:
            look = "listing--cursor" if self.has_focus else "listing--blurred"
        return self._strip(self._row(self._keys[row]), self.get_component_rich_style(look), width)

    @property
    def _height(self) -> int:
        return max(self.size.height - 1, 1)

    def _strip(self, cells: Sequence[str], style: Style, width: int) -> Strip:
        fixed = sum(column.width + 1 for column in self._columns if column.width)
        rest = max(width - fixed - 2, 8)
        said = [_fitted(text, column.width or rest) + " " for text, column in zip(cells, self._columns, strict=False)]
        return Strip([Segment(set_cell_size(" " + "".join(said), width), style)], width)

    def _go(self, row: int) -> None:
        row = max(min(row, len(self._keys) - 1), 0)
        if row == self.cursor_row:
            return
        self.refresh(*(Region(0, r - self.scroll_offset.y + 1, self.size.width, 1) for r in (self.cursor_row, row)))
        self.cursor_row = row
        self._scroll_to_cursor()
        self.post_message(self.Highlighted(self.key))

    def _scroll_to_cursor(self) -> None:
        top = self.scroll_offset.y
        if self.cursor_row < top:
            self.scroll_to(y=self.cursor_row, animate=False, immediate=True)
        elif self.cursor_row >= top + self._height:
            self.scroll_to(y=self.cursor_row - self._height + 1, animate=False, immediate=True)


def _fitted(text: str, width: int) -> str:
    """The text in exactly so many cells; what is cut off ends in an ellipsis."""
    if text.isascii():
        return text.ljust(width) if len(text) <= width else text[: width - 1] + "…"
    fitted = set_cell_size(text, width)
    return fitted if fitted.rstrip() == text.rstrip() else set_cell_size(text, width - 1) + "…"
