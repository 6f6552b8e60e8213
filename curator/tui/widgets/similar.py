"""The examples that are near to the draft: how near, which, and what they share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from curator.near import Neighbour
from curator.tui.live import NEAR
from curator.tui.shown import one_line
from curator.tui.widgets.line import Line


class Similar(Vertical):
    """A list of neighbours, best first; choosing one asks for the comparison."""

    @dataclass
    class Chosen(Message):
        """The author wants to see this one beside the draft."""

        neighbour: Neighbour

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._neighbours: tuple[Neighbour, ...] = ()

    def compose(self) -> ComposeResult:
        """What the numbers mean above the list."""
        yield Line("", id="similar-summary")
        yield OptionList(id="similar-list", markup=False)

    def show(self, neighbours: Sequence[Neighbour], titles: Mapping[str, str], ready: bool) -> None:
        """List them with their titles; `ready` is False while the corpus is still being read."""
        summary = self.query_one("#similar-summary", Line)
        if not ready:
            said = "Reading the corpus …"
        elif not neighbours:
            said = "✓ Nothing in the corpus is like this. A draft of a few words has too little to compare."
        else:
            said = (
                "alike: shared runs of five words, of all both have.  in it: how much of yours stands there.  "
                f"From {NEAR:.0%} alike on it is a near-duplicate.  Enter shows both side by side."
            )
        summary.put(Content(said), layout=True)
        if tuple(neighbours) == self._neighbours:
            return
        self._neighbours = tuple(neighbours)
        options = self.query_one("#similar-list", OptionList)
        options.clear_options()
        options.add_options(Option(_line(n, titles.get(n.path, ""))) for n in neighbours)
        if neighbours:
            options.highlighted = 0

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.post_message(self.Chosen(self._neighbours[event.option_index]))


def _line(neighbour: Neighbour, title: str) -> Content:
    name = one_line("/".join(neighbour.path.split("/")[-2:]))
    shared = "; ".join(one_line(s) for s in neighbour.shared[:3])
    sign = "▲ near-duplicate " if neighbour.similarity >= NEAR else ""
    return Content.assemble(
        (sign, "$text-warning"),
        (f"{neighbour.similarity:4.0%} alike  {neighbour.containment:4.0%} in it  ", "bold"),
        f"{name}  {one_line(title)}\n",
        (f"      both say: {shared} …", "$text-muted"),
    )
