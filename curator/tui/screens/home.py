"""The home screen: the corpus as a table with search and filters, and as a coverage matrix with its gaps."""

import asyncio
from typing import TYPE_CHECKING, ClassVar

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Footer, Input, Select, Static, TabbedContent, TabPane

from curator.diagnostic import Diagnostic
from curator.editing.drafts import left_over
from curator.errors import CuratorError
from curator.example import Example
from curator.labels import DIFFICULTIES, GENERATIONS, TOPICS, TYPES
from curator.review.rules import STATE_SIGNS, STATES
from curator.tui.bindings import bindings
from curator.tui.entries import WITH, WITHOUT, Entries, Filter, has_near_duplicates
from curator.tui.shown import one_line
from curator.tui.signs import SIGNS, counted, short
from curator.tui.state import Begin, Changed, Import, Known, NewExample, OfferDrafts, Open, ReadCorpus
from curator.tui.widgets.line import Line
from curator.tui.widgets.listing import Column, Listing

if TYPE_CHECKING:
    from curator.tui.widgets.matrix import Matrix

_WIDE = 104

# Name of a filter -> what is shown and what it means.
_FILTERS: dict[str, list[tuple[str, str]]] = {
    name: [(word, word) for word in words]
    for name, words in (
        ("topic", TOPICS), ("type", TYPES), ("generation", GENERATIONS), ("difficulty", DIFFICULTIES)
    )
}  # fmt: skip
_FILTERS["state"] = [(f"{STATE_SIGNS[state]} {state}", state) for state in STATES]
_FILTERS["problems"] = [("with problems", WITH), ("without problems", WITHOUT)]
_FILTERS["near"] = [("with near-duplicates", WITH), ("without near-duplicates", WITHOUT)]
_PROMPTS = {"near": "near-dups"}


class HomeScreen(Screen[None]):
    """Choose an example to open, or begin one."""

    HELP = (
        "All examples of the corpus. Type into the search box (/) for words in title, description, tags and code; the "
        "boxes below it filter by label. Enter opens the chosen example, n begins a new one. The Coverage tab (c) "
        "counts examples by topic, type and generation: enter on a cell begins an example with those labels, w begins "
        "one for the emptiest place.\n"
        "Review: ✎ draft, ? proposed, ✓ approved, ↻ approved but changed since, ✗ rejected. p proposes the chosen "
        "example, v opens the queue of what waits for a review, b labels the generation of a sample blind.\n"
        "Problems: ● errors, ▲ warnings, · hints, ≈ the corpus has one like it.\n"
    )
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (_WIDE, "-wide")]  # noqa: RUF012

    BINDINGS: ClassVar[list[BindingType]] = bindings("home")

    def __init__(self, known: Known) -> None:
        super().__init__()
        self.known = known
        self._entries = Entries()
        self._matching: list[str] = []
        self._said = ""

    def compose(self) -> ComposeResult:
        """Search and filters above the table; the second tab is the matrix."""
        yield Line("", id="home-title")
        yield Static("", id="home-drafts")
        with TabbedContent(id="home-views"):
            with TabPane("Examples", id="examples"):
                with Vertical(id="filters"):
                    yield Input(placeholder="Search: words in title, labels, text, code", id="search", compact=True)
                    yield Horizontal(id="choices")
                yield Listing(self._row, id="table")
                yield Line("", id="detail")
            yield TabPane("Coverage", id="coverage")
        yield Footer(show_command_palette=True, compact=True)

    def on_mount(self) -> None:
        """Show what is known already; the app reads the rest in the background."""
        self.refresh_corpus("Reading the corpus …")
        self.query_one("#table").focus()
        self.call_after_refresh(self._add_filters)

    async def _add_filters(self) -> None:
        """Seven boxes of three widgets each, which the first paint does not wait for."""
        boxes = (
            Select(words, prompt=_PROMPTS.get(name, name), id=f"by-{name}", compact=True)
            for name, words in _FILTERS.items()
        )
        await self.query_one("#choices").mount_all(boxes)

    def on_screen_resume(self) -> None:
        """Back from an example."""
        self.refresh_drafts()
        self.refresh_corpus(self._said)

    def on_resize(self) -> None:
        """Other columns fit."""
        self._show()

    # ------------------------------------------------------------------ showing

    def refresh_corpus(self, said: str) -> None:
        """Show the corpus as the app knows it now; `said` is what it is doing."""
        self._said = said
        if not self.query("#table"):  # the screen is being taken down
            return
        self._entries.update(self.known.examples)
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
        self._matching = self._entries.matching(self._wanted(), self.known.states, self.known.problems)
        self.known.order = self._matching
        wide = self.size.width >= _WIDE
        columns = [Column("Title", 0), Column("Topic", 12), Column("Type", 13)]
        columns += [Column("Generation", 20 if wide else 10)] + [Column("Difficulty", 12)] * wide
        columns += [Column("Review", 12) if wide else Column("Rv", 2), Column("Problems", 9 if wide else 8)]
        self.query_one(Listing).show(self._matching, columns)
        self._show_position()

    def _row(self, path: str) -> list[str]:
        one = self._entries[path]
        state = self.known.states.get(path, "unreviewed")
        problems = self.known.problems.get(path)
        signs = "…" if problems is None else _signs(problems)
        sign = STATE_SIGNS[state]
        if self.size.width < _WIDE:
            return [one.title, one.topic, one.type, one.generation, sign, signs]
        word = f"{sign} {state}" if state != "unreviewed" else ""
        return [one.title, one.topic, one.type, one.generation, one.difficulty, word, signs]

    def _show_position(self) -> None:
        table, root = self.query_one(Listing), self.known.root
        position = f"{table.cursor_row + 1 if self._matching else 0} of {len(self._matching)}"
        many = f"{len(self._entries)} examples"
        self.query_one("#home-title", Line).put(
            Content.assemble(
                ("bbj-curator", "bold $text-accent"),
                f"  {one_line(root.parent.name)}/{one_line(root.name)}  ",
                (position, "bold"),
                f"  {many}  ",
                (one_line(self._said), "$text-muted"),
            )
        )
        self._show_detail()

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
            worst = min(problems, key=lambda d: list(SIGNS).index(d.severity))
            said += f": {one_line(worst.message)}"
        now = self.known.desk.standing(example)
        by = f" by {now.by.split(' <')[0]}" if now.by else ""
        reason = f": {now.said}" if now.said else ""
        review = "" if now.state == "unreviewed" else f"{STATE_SIGNS[now.state]} {now.state}{by}{reason}  "
        description = one_line(review + str(example.meta.get("description") or ""))
        name = one_line("/".join(example.path.split("/")[-2:]))
        detail.put(Content.assemble((name, "bold"), f"  {said}\n{description}"))

    def _show_matrix(self) -> None:
        if self._view == "coverage" and self.query("#matrix"):
            matrix: Matrix = self.query_one("#coverage-matrix")  # type: ignore[assignment]
            matrix.show(self.known.examples.values())

    @property
    def _view(self) -> str:
        return self.query_one("#home-views", TabbedContent).active

    # ------------------------------------------------------------------ what the author does

    @on(Input.Changed, "#search")
    @on(Select.Changed)
    def _filter_changed(self) -> None:
        self._show()

    @on(Input.Submitted, "#search")
    def _search_done(self) -> None:
        self.query_one("#table").focus()

    @on(Listing.Highlighted)
    def _highlighted(self) -> None:
        self._show_position()

    @on(Listing.Selected)
    def _selected(self) -> None:
        self.action_open()

    @on(TabbedContent.TabActivated)
    async def _other_view(self) -> None:
        if self._view == "coverage" and not self.query("#coverage-matrix"):
            from curator.tui.widgets.matrix import Matrix

            await self.query_one("#coverage", TabPane).mount(Matrix(id="coverage-matrix"))
            self.query_one("#matrix").focus()
        self._show_matrix()

    def action_open(self) -> None:
        """Open the chosen example."""
        example = self._chosen()
        if example is not None and self._view == "examples":
            self.post_message(Open(example.path))

    def action_new(self) -> None:
        """Begin a new example with the labels that the filters have."""
        topic, kind, generation = (self._filter(name) for name in ("topic", "type", "generation"))
        self.post_message(Begin(NewExample("", topic, kind or "completion", (generation or "all",))))

    def action_import(self) -> None:
        """Make an example of code from elsewhere."""
        self.post_message(Import())

    def on_paste(self, event: events.Paste) -> None:
        """What is pasted where nothing can be typed is taken for an import; a file dropped into a terminal is, too."""
        event.stop()
        self.post_message(Import(event.text))

    def action_write_next(self) -> None:
        """Begin an example for the emptiest place of topic, type and generation."""
        from curator.stats.coverage import Coverage

        gap = Coverage(self.known.examples.values()).gaps()[0]
        some = f"has {gap.examples}" if gap.examples else "has no example"
        self.notify(f"{gap.topic}, {gap.type}, {gap.generation} {some}.", markup=False)
        self.post_message(Begin(NewExample("", gap.topic, gap.type, (gap.generation,))))

    def action_search(self) -> None:
        """Go to the search box."""
        self.query_one("#home-views", TabbedContent).active = "examples"
        self.query_one("#search").focus()

    def action_coverage(self) -> None:
        """Go to the coverage matrix, or back to the examples."""
        views = self.query_one("#home-views", TabbedContent)
        views.active = "examples" if views.active == "coverage" else "coverage"
        for widget in self.query("#table" if views.active == "examples" else "#matrix"):
            self.set_focus(widget)  # at once, not behind the keys pressed meanwhile

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

    # ------------------------------------------------------------------ review, delete, take back

    def action_review(self) -> None:
        """Review what waits for it: of the examples shown, those proposed or approved and changed since.

        With a state chosen in the filters, all that are shown.
        """
        from curator.tui.screens.review import ReviewScreen

        waiting = [p for p in self._matching if self.known.states.get(p) in ("proposed", "outdated")]
        queue = list(self._matching) if self._filter("state") else waiting
        if not queue:
            self.notify("Nothing shown here waits for a review. p proposes the chosen example; a state in the filters "
                        "takes all that have it.", severity="warning", markup=False)  # fmt: skip
            return
        chosen = self.query_one(Listing).key
        self.app.push_screen(ReviewScreen(self.known, queue, chosen if chosen in queue else queue[0]))

    def action_label(self) -> None:
        """Label the generation of a sample blind."""
        from curator.tui.screens.label import LabelScreen

        self.app.push_screen(LabelScreen(self.known))

    @work(exclusive=True, group="deed")
    async def action_propose(self) -> None:
        """Propose the chosen example for review."""
        example = self._chosen()
        if example is None or self._view != "examples":
            return
        found = self.known.problems.get(example.path)
        try:
            await asyncio.to_thread(self.known.desk.decide, "proposed", example, "", found)
        except CuratorError as error:
            self.notify(str(error), severity="warning", markup=False, timeout=8)
        else:
            self.notify("Proposed. Somebody else reviews it (v). ctrl+z takes it back.", markup=False)
            self.post_message(Changed(example.path))

    @work(exclusive=True, group="deed")
    async def action_delete(self) -> None:
        """Delete the chosen example; ctrl+z brings it back."""
        from pathlib import Path

        from curator.review.undo import delete

        example = self._chosen()
        if example is None or self._view != "examples":
            return
        try:
            done = await asyncio.to_thread(delete, Path(example.path), self.known.log)
        except CuratorError as error:
            self.notify(str(error), severity="error", markup=False, timeout=10)
        else:
            self.notify(f"{done.said[:1].upper()}{done.said[1:]}. ctrl+z brings it back.", markup=False)
            self.post_message(Changed(example.path))

    @work(exclusive=True, group="deed")
    async def action_take_back(self) -> None:
        """Take back what was done last in this session: a save, an overwrite, a deletion, a decision."""
        await take_back(self)

    # ------------------------------------------------------------------ filters

    def _filter(self, name: str) -> str:
        boxes = self.query(f"#by-{name}").results(Select)  # none before the first paint
        return next(("" if box.value is Select.NULL else str(box.value) for box in boxes), "")

    def _wanted(self) -> Filter:
        words = tuple(self.query_one("#search", Input).value.casefold().split())
        return Filter(words, **{name: self._filter(name) for name in _FILTERS})

    def _chosen(self) -> Example | None:
        return self.known.examples.get(self.query_one(Listing).key)


def _signs(problems: list[Diagnostic]) -> str:
    """Such as "●2 ▲1 ≈": the near-duplicate has a sign of its own."""
    near = has_near_duplicates(problems)
    others = [d for d in problems if d.code != "W901"]
    return " ".join([short(others)] * (bool(others) or not near) + ["≈"] * near)


async def take_back(screen: Screen[None]) -> None:
    """Undo the last action of this session on any screen that has a `known`, and tell the app which file changed."""
    known: Known = screen.known  # type: ignore[attr-defined]
    last = await asyncio.to_thread(known.log.last)
    if last is None:
        older = await asyncio.to_thread(known.log.actions)
        said = f' Of an earlier one: "{older[-1].said}"; curator undo takes that back.' if older else ""
        screen.notify(f"Nothing was done in this session that could be taken back.{said}", markup=False)
        return
    try:
        said = await asyncio.to_thread(known.log.undo, last)
    except CuratorError as error:
        screen.notify(str(error), severity="error", markup=False, timeout=10)
        return
    screen.notify(f"{said[:1].upper()}{said[1:]}.", markup=False)
    screen.post_message(Changed(last.path))
