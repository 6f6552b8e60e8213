"""Two texts side by side. Signs and weight say what differs, or what both share; never colour alone."""

from collections.abc import Collection, Mapping, Sequence

from textual import events
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from curator.similarity import overlap
from curator.tui.diff import Row, Span, side_by_side
from curator.tui.shown import shown

_NUMBER = 4  # cells of a line number
_LOOKS = {"=": "", "~": "$text-warning", "-": "$text-error", "+": "$text-success"}
_BOTH = "┃"


class SideBySide(VerticalScroll):
    """Rows of two texts, each wrapped to half the width. `shared` are the shingles both have (`overlap.shared`)."""

    can_focus = True

    def __init__(self, left: str, right: str, shared: Collection[str] = (), *, id: str | None = None) -> None:
        super().__init__(id=id)
        left, right = shown(left), shown(right)
        self._rows = side_by_side(left, right)
        found = frozenset(shared)
        self._left_shared = overlap.by_line(left, overlap.marked(left, found)) if found else {}
        self._right_shared = overlap.by_line(right, overlap.marked(right, found)) if found else {}
        self.shows_shared = False
        self._body = Static("")

    def on_mount(self) -> None:
        """Put the rows in."""
        self.mount(self._body)

    def on_resize(self, event: events.Resize) -> None:
        """Draw for the new width."""
        self._draw()

    def mark_shared(self, on: bool) -> None:
        """Mark what both share (True) or what differs (False)."""
        self.shows_shared = on
        self._draw()

    def _draw(self) -> None:
        half = max((self.scrollable_content_region.width - 3) // 2, 12)
        drawn = self._drawn_shared if self.shows_shared else _drawn
        self._body.update(Content("\n").join(line for row in self._rows for line in drawn(row, half)))

    def _drawn_shared(self, row: Row, width: int) -> list[Content]:
        left = _shared_side(row.left, row.left_line, self._left_shared, width)
        return _joined(left, _shared_side(row.right, row.right_line, self._right_shared, width), width)


def _drawn(row: Row, width: int) -> list[Content]:
    style = _LOOKS[row.sign]
    mark = " " if row.sign == "=" else row.sign
    left = _side(row.left, row.left_line, row.left_spans, width, mark, "", style)
    right = _side(row.right, row.right_line, row.right_spans, width, mark, "", style)
    return _joined(left, right, width)


def _shared_side(text: str, line: int | None, shared: Mapping[int, Sequence[Span]], width: int) -> list[Content]:
    spans = shared.get(line - 1, ()) if line else ()
    return _side(text, line, spans, width, _BOTH if spans else " ", "$text-accent")


def _side(
    text: str, line: int | None, spans: Sequence[Span], width: int, sign: str, span_style: str, style: str = ""
) -> list[Content]:
    """One side of a row: as many lines of `width` cells as the text takes; none for no line."""
    if line is None:
        return []
    body = Content(text).stylize(style) if style else Content(text)
    for start, stop in spans:
        body = body.stylize(f"bold underline {span_style}", start, stop)
    body = body.expand_tabs(4)
    room = width - _NUMBER - 2
    pieces = [piece.rstrip() for piece in body.wrap(room)] if body.cell_length > room else [body]
    heads = [f"{line:>{_NUMBER}}{sign} ", *[" " * _NUMBER + f"{sign} "] * (len(pieces) - 1)]
    return [(Content(head) + piece).pad_right(width - _NUMBER - 2 - piece.cell_length)
            for head, piece in zip(heads, pieces, strict=True)]  # fmt: skip


def _joined(left: list[Content], right: list[Content], width: int) -> list[Content]:
    blank = Content(" " * width)
    lines = max(len(left), len(right), 1)
    pairs = zip(left + [blank] * (lines - len(left)), right + [blank] * (lines - len(right)), strict=True)
    return [Content.assemble(a, " │ ", b) for a, b in pairs]
