"""The home screen: the corpus as a table with search and filters, and as a coverage matrix with its gaps."""

from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.coordinate import Coordinate
from textual.screen import Screen
from textual.widgets import DataTable, Footer, Input, Select, Static, TabbedContent, TabPane

from curator import chatml
from curator.drafts import left_over
from curator.example import Example
from curator.labels import DIFFICULTIES, GENERATIONS, TOPICS, TYPES
from curator.stats import MEANINGLESS, count
from curator.tui.shown import one_line
from curator.tui.signs import counted, short
from curator.tui.state import Begin, Known, NewExample, OfferDrafts, Open, ReadCorpus
from curator.tui.widgets.line import Line

# Rows a table may have before building it is felt while typing into the search box.
MOST_ROWS = 500

_PADDING, _SCROLL_BAR = 2, 2  # cells that DataTable adds to a column, and keeps for its scroll bar

_PROBLEMS = ("with problems", "without problems", "near-duplicates")
_FILTERS: dict[str, tuple[str, ...]] = {"topic": TOPICS, "type": TYPES, "generation": GENERATIONS}
_FILTERS |= {"difficulty": DIFFICULTIES, "problems": _PROBLEMS}


class Rows(DataTable[Content]):
    """A table whose Enter is shown among the keys."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "select_cursor", "Open", id="table.open")]


class HomeScreen(Screen[None]):
    """Choose an example to open, or begin one."""

    HELP = (
        "All examples of the corpus. Type into the search box (/) for words in title, description, tags and code; the "
        "boxes below it filter by label. Enter opens the chosen example, n begins a new one. The Coverage tab counts "
        "examples by label: enter on a cell begins an example with those labels, w does so for a gap.\n"
    )
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (104, "-wide")]  # noqa: RUF012

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "new", "New", id="home.new"),
        Binding("slash", "search", "Search", id="home.search", key_display="/"),
        Binding("w", "write_next", "Fill a gap", id="home.write-next"),
        Binding("d", "drafts", "Drafts", id="home.drafts", show=False),
        Binding("c", "coverage", "Coverage", id="home.coverage"),
        Binding("r", "reload", "Read again", id="home.reload", show=False),
        Binding("escape", "clear", "Clear the filters", id="home.clear", show=False),
    ]

    def __init__(self, known: Known) -> None:
        super().__init__()
        self.known = known
        self._matching: list[Example] = []
        self._said = ""

    def compose(self) -> ComposeResult:
        """Search and filters above the table; the second tab is the matrix."""
        yield Line("", id="home-title")
        yield Static("", id="home-drafts")
        with TabbedContent(id="home-views"):
            with TabPane("Examples", id="examples"):
                with Vertical(id="filters"):
                    yield Input(placeholder="Search: words in title, labels, text, code", id="search", compact=True)
                    with Horizontal(id="choices"):
                        for name, words in _FILTERS.items():
                            yield Select([(w, w) for w in words], prompt=name, id=f"by-{name}", compact=True)
                yield Rows(id="table", cursor_type="row", zebra_stripes=True)
                yield Line("", id="detail")
            with TabPane("Coverage", id="coverage"):
                yield Static("", id="coverage-said")
                yield Rows(id="matrix", cursor_type="cell")
        yield Footer(show_command_palette=True, compact=True)

    def on_mount(self) -> None:
        """Show what is known already; the app reads the rest in the background."""
        self.refresh_corpus("Reading the corpus …")
        self.query_one("#table").focus()

    def on_screen_resume(self) -> None:
        """Back from an example."""
        self.refresh_drafts()
        self._show()

    def on_resize(self) -> None:
        """The title column takes what the others leave."""
        self._show()

    # ------------------------------------------------------------------ showing

    def refresh_corpus(self, said: str) -> None:
        """Show the corpus as the app knows it now; `said` is what it is doing."""
        self._said = said
        if not self.query("#table"):  # the screen is being taken down
            return
        self._show()
        self._show_matrix()

    def refresh_drafts(self) -> None:
        """Say whether drafts were left over."""
        drafts = len(left_over(self.known.root.as_posix()))
        banner = self.query_one("#home-drafts", Static)
        banner.display = bool(drafts)
        some = f"{drafts} drafts were" if drafts > 1 else "A draft was"
        banner.update(Content(f"▲ {some} left over from an earlier session. Press d to open or discard."))

    def _show(self) -> None:
        examples = self.known.examples
        self._matching = [e for e in examples.values() if self._wanted(e)]
        self.known.order = [e.path for e in self._matching]
        shown = self._matching[:MOST_ROWS]
        cut = f" (the first {MOST_ROWS} are shown: search to see others)" if len(self._matching) > MOST_ROWS else ""
        root = self.known.root
        self.query_one("#home-title", Line).put(
            Content.assemble(
                ("bbj-curator", "bold $text-accent"),
                f"  {one_line(root.parent.name)}/{one_line(root.name)}",
                f"  {len(self._matching)} of {len(examples)} examples{cut}  ",
                (self._said, "$text-muted"),
            )
        )
        table = self.query_one("#table", DataTable)
        at = self._path_at(table)
        wide = self.size.width >= 104
        others = [("Topic", 12), ("Type", 13), ("Generation", 20 if wide else 12)]
        others += [("Difficulty", 12)] if wide else []
        others += [("Problems", 8)]
        beside = sum(width + _PADDING for _, width in others) + _PADDING + _SCROLL_BAR
        columns = [("Title", max(self.size.width - beside, 20)), *others]
        table.clear(columns=True)
        for name, width in columns:
            table.add_column(name, width=width, key=name)
        for example in shown:
            cells = zip(self._row(example, wide), columns, strict=True)
            table.add_row(*(cell.truncate(width, ellipsis=True) for cell, (_, width) in cells), key=example.path)
        if at in {e.path for e in shown}:
            table.move_cursor(row=table.get_row_index(at), animate=False)
        self._show_detail()

    def _row(self, example: Example, wide: bool) -> list[Content]:
        problems = self.known.problems.get(example.path)
        signs = "…" if problems is None else short(problems)
        words = [example.title or "(no title)", _topic(example), example.type, ", ".join(example.generations)]
        words += [str(example.meta.get("difficulty") or "")] if wide else []
        return [Content(one_line(word)) for word in [*words, signs]]

    def _show_detail(self) -> None:
        example = self._chosen()
        detail = self.query_one("#detail", Line)
        if example is None:
            nothing = "Nothing matches: escape clears the filters." if self.known.examples else self._said
            detail.put(Content(nothing or "The corpus is empty: n begins the first example."))
            return
        problems = self.known.problems.get(example.path)
        said = "checking …" if problems is None else counted(problems)
        if problems:
            said += f": {one_line(problems[0].message)}"
        description = one_line(str(example.meta.get("description") or ""))
        name = one_line("/".join(example.path.split("/")[-2:]))
        detail.put(Content.assemble((name, "bold"), f"  {said}\n{description}"))

    def _show_matrix(self) -> None:
        examples = self.known.examples
        stats = count(list(examples.values()))
        table = self.query_one("#matrix", DataTable)
        at = table.cursor_coordinate
        table.clear(columns=True)
        table.add_column("", key="label", width=20)
        for generation in GENERATIONS:
            table.add_column(generation, key=generation, width=11)
        for rows, counts in ((TOPICS, stats.topics), (TYPES, stats.matrix)):
            for label in rows:
                cells = [Content(_cell(counts[label][g], label, g)) for g in GENERATIONS]
                kind = "topic" if rows is TOPICS else "type"
                table.add_row(Content.assemble(f"{kind} ", (label, "bold")), *cells, key=f"{kind} {label}")
        table.move_cursor(row=at.row, column=max(at.column, 1), animate=False)
        said = f"Examples by topic and by type, for each generation; {len(stats.gaps)} pairs of type and generation "
        said += "have none. A line means that the two do not go together."
        self.query_one("#coverage-said", Static).update(Content(said + " Enter on a cell begins an example like that."))

    # ------------------------------------------------------------------ what the author does

    @on(Input.Changed, "#search")
    @on(Select.Changed)
    def _filter_changed(self) -> None:
        self._show()

    @on(Input.Submitted, "#search")
    def _search_done(self) -> None:
        self.query_one("#table").focus()

    @on(DataTable.RowHighlighted, "#table")
    def _highlighted(self) -> None:
        self._show_detail()

    @on(DataTable.RowSelected, "#table")
    def _selected(self) -> None:
        self.action_open()

    @on(DataTable.CellSelected, "#matrix")
    def _cell_selected(self, event: DataTable.CellSelected) -> None:
        self._begin_at(event.coordinate, str(event.cell_key.row_key.value))

    def action_open(self) -> None:
        """Open the chosen example."""
        example = self._chosen()
        if example is not None and self.query_one("#home-views", TabbedContent).active == "examples":
            self.post_message(Open(example.path))

    def action_new(self) -> None:
        """Begin a new example with the labels that the filters have."""
        topic, kind, generation = (self._filter(name) for name in ("topic", "type", "generation"))
        self.post_message(Begin(NewExample("", topic, kind or "completion", (generation or "all",))))

    def action_write_next(self) -> None:
        """Begin an example for the first gap of type and generation, in the emptiest topic."""
        stats = count(list(self.known.examples.values()))
        pairs = [(kind, g) for kind in TYPES for g in GENERATIONS if (kind, g) not in MEANINGLESS]
        kind, generation = min(pairs, key=lambda pair: stats.matrix[pair[0]][pair[1]])
        fitting = [topic for topic in TOPICS if not _strange(topic, generation)]
        emptiest = min(fitting, key=lambda topic: stats.topics[topic][generation])
        self.notify(f"Fewest examples: {kind} for {generation}, topic {emptiest}.", markup=False)
        self.post_message(Begin(NewExample("", emptiest, kind, (generation,))))

    def action_search(self) -> None:
        """Go to the search box."""
        self.query_one("#home-views", TabbedContent).active = "examples"
        self.query_one("#search").focus()

    def action_coverage(self) -> None:
        """Go to the coverage matrix, or back to the examples."""
        views = self.query_one("#home-views", TabbedContent)
        views.active = "examples" if views.active == "coverage" else "coverage"
        self.call_after_refresh(self.query_one("#table" if views.active == "examples" else "#matrix").focus)

    def action_drafts(self) -> None:
        """Look at the drafts that were left over."""
        self.post_message(OfferDrafts())

    def action_reload(self) -> None:
        """Read the corpus again."""
        self.post_message(ReadCorpus())

    def action_clear(self) -> None:
        """Take search and filters away."""
        self.query_one("#search", Input).value = ""
        for select in self.query(Select):
            select.value = Select.NULL
        self.query_one("#table").focus()

    # ------------------------------------------------------------------ filters

    def _filter(self, name: str) -> str:
        value = self.query_one(f"#by-{name}", Select).value
        return "" if value is Select.NULL else str(value)

    def _wanted(self, example: Example) -> bool:
        tests: dict[str, Callable[[str], bool]] = {
            "topic": lambda w: _topic(example) == w,
            "type": lambda w: example.type == w,
            "generation": lambda w: w in chatml.target_generation(example),
            "difficulty": lambda w: example.meta.get("difficulty") == w,
            "problems": lambda w: self._has(example, w),
        }
        if any(self._filter(name) and not test(self._filter(name)) for name, test in tests.items()):
            return False
        words = self.query_one("#search", Input).value.casefold().split()
        return not words or all(word in example.text.casefold() for word in words)

    def _has(self, example: Example, wanted: str) -> bool:
        problems = self.known.problems.get(example.path) or []
        if wanted == "near-duplicates":
            return any(d.code == "W901" for d in problems)
        return bool(problems) == (wanted == "with problems")

    def _chosen(self) -> Example | None:
        table = self.query_one("#table", DataTable)
        examples = self.known.examples
        return examples.get(self._path_at(table))

    def _path_at(self, table: DataTable[Content]) -> str:
        if not table.row_count:
            return ""
        return str(table.coordinate_to_cell_key(Coordinate(table.cursor_row, 0)).row_key.value)

    def _begin_at(self, at: Coordinate, row: str) -> None:
        generation = GENERATIONS[max(at.column - 1, 0)]
        kind, label = row.split(" ", 1)
        if kind == "type":
            wanted = NewExample("", "", label, (generation,))
        else:
            wanted = NewExample("", label, "completion", (generation,))
        self.post_message(Begin(wanted))


def _topic(example: Example) -> str:
    return chatml.example_id(example.path).split("/")[0]


def _cell(number: int, label: str, generation: str) -> str:
    if number:
        return f"{number:>6}"
    return "     –" if (label, generation) in MEANINGLESS or _strange(label, generation) else " · gap"


def _strange(topic: str, generation: str) -> bool:
    """True for a topic that the generation does not have: windows on a terminal, classes before BBj."""
    has_none = {"gui": ("all",), "oop": ("character", "vpro5"), "dwc": ("all", "character", "vpro5", "bbj-gui")}
    return generation in has_none.get(topic, ())
