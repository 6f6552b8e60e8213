"""Two texts side by side. Signs and weight say what differs, not colour alone."""

from textual import events
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from curator.tui.diff import Row, side_by_side
from curator.tui.shown import shown

_NUMBER = 4  # cells of a line number
_LOOKS = {"=": "", "~": "$text-warning", "-": "$text-error", "+": "$text-success"}


class SideBySide(VerticalScroll):
    """Rows of two texts, cut to half the width each."""

    can_focus = True

    def __init__(self, left: str, right: str, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._rows = side_by_side(shown(left), shown(right))
        self._body = Static("")

    def on_mount(self) -> None:
        """Put the rows in."""
        self.mount(self._body)

    def on_resize(self, event: events.Resize) -> None:
        """Draw for the new width."""
        half = max((self.scrollable_content_region.width - 3) // 2, 10)
        self._body.update(Content("\n").join(_drawn(row, half) for row in self._rows))


def _drawn(row: Row, width: int) -> Content:
    style = _LOOKS[row.sign]
    left = _side(row.left, row.left_line, row.left_spans, width, "-" if row.sign == "-" else row.sign, style)
    right = _side(row.right, row.right_line, row.right_spans, width, row.sign, style)
    return Content.assemble(left, " │ ", right)


def _side(
    text: str, line: int | None, spans: tuple[tuple[int, int], ...], width: int, sign: str, style: str
) -> Content:
    if line is None:
        return Content(" " * width)
    mark = " " if sign == "=" else sign
    head = f"{line:>{_NUMBER}}{mark} "
    body = Content(text.expandtabs(4)).stylize(style) if style else Content(text.expandtabs(4))
    if "\t" not in text:
        for start, stop in spans:
            body = body.stylize("bold underline", start, stop)
    cell = Content(head) + body
    return cell.truncate(width, ellipsis=True, pad=True)
