"""The examples that are near to the draft: how near, which, what they share, and whether that is wanted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from curator import chatml, variant
from curator.example import Example
from curator.near.answers import NEAR, Neighbour
from curator.tui.bindings import bindings
from curator.tui.shown import one_line
from curator.tui.widgets.jumping import JumpList
from curator.tui.widgets.line import Line

_PASSAGE = 160  # characters of what both say; the comparison marks all of it


class Similar(Vertical):
    """A list of neighbours, best first; choosing one asks for the comparison."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("similar")

    @dataclass
    class Chosen(Message):
        """The author wants to see this one beside the draft."""

        neighbour: Neighbour

    @dataclass
    class VariantWanted(Message):
        """The author says of this one that the draft is a wanted variant of it, or is not any more."""

        neighbour: Neighbour

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._neighbours: tuple[Neighbour, ...] = ()
        self._lines: list[Content] = []

    def compose(self) -> ComposeResult:
        """What the numbers mean above the list."""
        yield Line("", id="similar-summary")
        yield JumpList(id="similar-list", markup=False)

    def show(
        self,
        draft: Example,
        neighbours: Sequence[Neighbour],
        others: Mapping[str, Example],
        passages: Mapping[str, str],
        ready: bool,
    ) -> None:
        """List them; by path, `others` has the examples and `passages` what the draft shares with each.

        `ready` is False while the corpus is still being read.
        """
        summary = self.query_one("#similar-summary", Line)
        if not ready:
            said = "Reading the corpus …"
        elif not neighbours:
            said = "✓ Nothing in the corpus is like this. A draft of a few words has too little to compare."
        else:
            said = (
                "alike: shared runs of five words, of all both have.  in it: how much of yours stands there.  "
                f"From {NEAR:.0%} alike on it is a near-duplicate.\nEnter shows both side by side (m there marks what "
                "they share).  v: mine is a wanted variant, with a note."
            )
        summary.put(Content(said), layout=True)
        lines = [_line(draft, n, others.get(n.path), passages.get(n.path, "")) for n in neighbours]
        if [line.plain for line in lines] == [line.plain for line in self._lines]:
            self._neighbours = tuple(neighbours)
            return
        self._neighbours, self._lines = tuple(neighbours), lines
        options = self.query_one("#similar-list", OptionList)
        at = options.highlighted or 0
        options.clear_options()
        options.add_options(Option(line) for line in lines)
        if neighbours:
            options.highlighted = min(at, len(lines) - 1)

    def action_variant(self) -> None:
        """The chosen one is what the draft is a variant of."""
        at = self.query_one("#similar-list", OptionList).highlighted
        if at is not None and at < len(self._neighbours):
            self.post_message(self.VariantWanted(self._neighbours[at]))

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.post_message(self.Chosen(self._neighbours[event.option_index]))


def _line(draft: Example, neighbour: Neighbour, other: Example | None, passage: str) -> Content:
    name = one_line("/".join(neighbour.path.split("/")[-2:]))
    why = ""
    sign, style = ("▲ near-duplicate ", "$text-warning") if neighbour.similarity >= NEAR else ("", "")
    if other is not None and variant.is_wanted(draft, other):
        mine = chatml.example_id(neighbour.path) in variant.originals(draft.meta)
        note = one_line(str((draft if mine else other).meta.get(variant.NOTE) or "no note"))
        sign, style = ("✓ wanted variant ", "$text-success")
        why = f"{note}   (v takes it back)" if mine else note
    elif passage:
        words = len(passage.split())
        why = f"both say ({words} words on end): {one_line(passage)[:_PASSAGE]}" + " …" * (len(passage) > _PASSAGE)
    return Content.assemble(
        (sign, style),
        (f"{neighbour.similarity:4.0%} alike  {neighbour.containment:4.0%} in it  ", "bold"),
        f"{name}  {one_line(other.title if other else '')}\n",
        (f"      {why}", "$text-muted"),
    )
