"""Coverage: how many examples each topic, type and generation has, and the places worth filling next."""

from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import DataTable, OptionList
from textual.widgets.option_list import Option

from curator.example import Example
from curator.labels import GENERATIONS, TOPICS, TYPES
from curator.stats.coverage import Coverage, Gap, makes_sense
from curator.tui.bindings import bindings
from curator.tui.state import Begin, NewExample
from curator.tui.widgets.jumping import JumpList
from curator.tui.widgets.line import Line

# Places listed beside the table; whoever has filled these sees the next ones.
MOST_GAPS = 40


class Cells(DataTable[Content]):
    """A table whose Enter is shown among the keys."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("table")


class Matrix(Vertical):
    """Rows by topic and, below each topic, by type; a column for each generation. Every cell begins an example."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._gaps: list[Gap] = []

    def compose(self) -> ComposeResult:
        """What the signs mean, the table, and beside it the places to fill."""
        yield Line("", id="coverage-said")
        with Horizontal():
            yield Cells(id="matrix", cursor_type="cell", fixed_columns=1)
            yield JumpList(id="gaps", markup=False)

    def show(self, examples: Iterable[Example]) -> None:
        """Count these."""
        coverage = Coverage(examples)
        self._gaps = coverage.gaps()
        empty = sum(not gap.examples for gap in self._gaps)
        next_one = self._gaps[0]
        self.query_one("#coverage-said", Line).put(
            Content.assemble(
                f"{empty} of {len(self._gaps)} places are empty (", ("· gap", "bold"), "); – does not go together. "
                "Enter: write one\n", ("w", "bold"), ": write where it is needed most: ", (_said(next_one), "bold"),
            )
        )  # fmt: skip
        self._show_table(coverage)
        self._show_gaps()

    def _show_table(self, coverage: Coverage) -> None:
        table = self.query_one("#matrix", DataTable)
        at = table.cursor_coordinate
        table.clear(columns=True)
        table.add_column("topic, type", key="label", width=15)
        for generation in GENERATIONS:
            table.add_column(generation, key=generation, width=9)
        table.add_column("sum", key="sum", width=4)
        for topic in (*TOPICS, ""):
            for kind in ("", *TYPES):
                name = (topic or "all topics") if not kind else f"  {kind}"
                counts = [coverage.count(topic, kind, g) for g in GENERATIONS]
                cells = [Content(_cell(n, topic, kind, g)) for n, g in zip(counts, GENERATIONS, strict=True)]
                row = [Content(name), *cells, Content(f"{sum(counts):>4}")]
                table.add_row(*(cell if kind else cell.stylize("bold") for cell in row), key=f"{topic}/{kind}")
        table.move_cursor(row=at.row, column=max(at.column, 1), animate=False)

    def _show_gaps(self) -> None:
        gaps = self.query_one("#gaps", OptionList)
        gaps.border_title = "Write next"
        at = gaps.highlighted
        gaps.clear_options()
        gaps.add_options(Option(Content(f"{n:>2}. {_said(gap)}")) for n, gap in enumerate(self._gaps[:MOST_GAPS], 1))
        gaps.highlighted = at or 0

    @on(DataTable.CellSelected, "#matrix")
    def _cell_selected(self, event: DataTable.CellSelected) -> None:
        topic, kind = str(event.cell_key.row_key.value).split("/")
        column = str(event.cell_key.column_key.value)
        generation = column if column in GENERATIONS else "all"
        if not makes_sense(topic, kind, generation):
            self.notify(f"{topic} {kind} and {generation} do not go together.", severity="warning", markup=False)
            return
        self.post_message(Begin(NewExample("", topic, kind or "completion", (generation,))))

    @on(OptionList.OptionSelected, "#gaps")
    def _gap_selected(self, event: OptionList.OptionSelected) -> None:
        gap = self._gaps[event.option_index]
        self.post_message(Begin(NewExample("", gap.topic, gap.type, (gap.generation,))))


def _cell(number: int, topic: str, kind: str, generation: str) -> str:
    if number:
        return f"{number:>5}"
    return "· gap" if makes_sense(topic, kind, generation) else "    –"


def _said(gap: Gap) -> str:
    """Such as "gui, migration, dwc: none"."""
    return f"{gap.topic}, {gap.type}, {gap.generation}: {gap.examples or 'none'}"
