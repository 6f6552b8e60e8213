"""Choosing one or more BBj generations."""

from collections.abc import Iterable
from dataclasses import dataclass

from rich.segment import Segment
from rich.style import Style
from textual import on
from textual.message import Message
from textual.strip import Strip
from textual.widgets import SelectionList
from textual.widgets.selection_list import Selection

from curator.labels import GENERATIONS
from curator.tui.fields import chosen

_SAID = {
    "all": "any generation",
    "character": "terminal (1980s)",
    "vpro5": "Visual PRO/5 (1990s)",
    "bbj-gui": "BBj GUI (2000s)",
    "dwc": "browser",
}


class Generations(SelectionList[str]):
    """A box per generation. `all` and a named one exclude each other: the last choice counts."""

    @dataclass
    class Chosen(Message):
        """The author chose; the words are in the order of the generations."""

        list: "Generations"
        words: tuple[str, ...]

        @property
        def control(self) -> "Generations":
            """The list the message comes from."""
            return self.list

    def __init__(self, words: Iterable[str] = (), *, id: str | None = None) -> None:
        self.words = tuple(words)
        boxes = (Selection(f"{word:<10}{_SAID[word]}", word, word in self.words) for word in GENERATIONS)
        super().__init__(*boxes, id=id, compact=True)

    def show(self, words: Iterable[str]) -> None:
        """Tick these and no others."""
        self.words = tuple(words)
        for word in GENERATIONS:
            (self.select if word in self.words else self.deselect)(word)

    def render_line(self, y: int) -> Strip:
        """The box in brackets, and empty when it is: Textual's own differs by colour only."""
        strip = super().render_line(y)
        at = self.scroll_offset.y + y
        if at >= self.option_count:
            return strip
        _, inner, _, blank, *rest = strip  # bracket, tick, bracket, blank
        tick = "x" if self.get_option_at_index(at).value in self.selected else " "
        beside = Style.combine([blank.style or Style(), Style(meta=inner.style.meta if inner.style else {})])
        box = (Segment("[", beside), Segment(tick, inner.style), Segment("]", beside))
        return Strip([*box, blank, *rest], strip.cell_length)

    @on(SelectionList.SelectedChanged)
    def _ticked(self, event: SelectionList.SelectedChanged[str]) -> None:
        event.stop()
        after = chosen(self.words, self.selected)
        ordered = tuple(word for word in GENERATIONS if word in after)
        if ordered == self.words:
            return
        if set(after) != set(self.selected):
            self.show(ordered)
        self.words = ordered
        self.post_message(self.Chosen(self, ordered))
