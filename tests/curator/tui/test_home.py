"""The home screen: table, filters, coverage, delete and take back; and what is known of texts between sessions."""

from pathlib import Path

from textual.widgets import DataTable, Input, Select

from curator.example import parse
from curator.labels import GENERATIONS, TOPICS, TYPES
from curator.stats.coverage import Coverage, makes_sense
from curator.tui.app import CuratorApp
from curator.tui.checked import Checked
from curator.tui.entries import WITH, WITHOUT, Entries, Filter
from curator.tui.screens.edit import EditScreen
from curator.tui.screens.home import HomeScreen
from curator.tui.screens.new import NewScreen
from curator.tui.widgets.generations import Generations
from curator.tui.widgets.listing import Listing
from tests.curator.tui.conftest import FILES, GREETING, LINES, ready, until

GREET = "strings/print-a-greeting.md"
LINES_AT = "file-io/count-the-lines.md"
TWIN = LINES.replace("title: Count the lines", "title: How many lines").replace('"notes.txt"', '"other.txt"')


async def test_every_filter_takes_what_it_says_and_escape_takes_them_away(app: CuratorApp, root: Path) -> None:
    (root / GREET).write_text(GREETING.replace('name$ = "world"', "count++"))
    (root / "file-io" / "again.md").write_text(TWIN)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot, app)
        table = app.screen.query_one(Listing)

        async def shown(name: str, value: str) -> set[str]:
            box = app.screen.query_one(f"#by-{name}", Select)
            box.value = value
            await pilot.pause()
            found = {Path(key).stem for key in app.known.order}
            assert table.row_count == len(found)
            box.value = Select.NULL
            await pilot.pause()
            return found

        assert await shown("topic", "file-io") == {"count-the-lines", "again"}
        assert await shown("type", "migration") == {"from-mnemonics-to-objects"}
        assert await shown("generation", "bbj-gui") == {"from-mnemonics-to-objects"}
        assert await shown("difficulty", "basic") == {"print-a-greeting"}
        assert await shown("state", "approved") == set()
        assert await shown("problems", WITH) == {"print-a-greeting"}
        assert await shown("near", WITH) == {"count-the-lines", "again"}
        assert await shown("near", WITHOUT) == {"print-a-greeting", "from-mnemonics-to-objects"}
        app.screen.query_one("#search", Input).value = "no such word"
        await pilot.pause()
        assert "Nothing matches" in str(app.screen.query_one("#detail").render())
        await pilot.press("escape")
        assert table.row_count == 4


async def test_the_title_says_where_the_cursor_is(app: CuratorApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot, app)
        await pilot.press("down")
        assert "2 of 3" in str(app.screen.query_one("#home-title").render())
        await pilot.press("end", "down")
        assert "3 of 3" in str(app.screen.query_one("#home-title").render())
        assert await pilot.click(Listing, offset=(5, 1))
        assert "1 of 3" in str(app.screen.query_one("#home-title").render())
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, EditScreen))


async def test_a_deleted_example_is_gone_until_it_is_taken_back(app: CuratorApp, root: Path) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot, app)
        home = app.screen
        assert isinstance(home, HomeScreen)
        home.query_one(Listing).choose((root / GREET).as_posix())
        await pilot.press("delete")
        await until(pilot, lambda: home.query_one(Listing).row_count == 2)
        assert not (root / GREET).exists()
        await pilot.press("ctrl+z")
        await until(pilot, lambda: home.query_one(Listing).row_count == 3)
        assert (root / GREET).read_bytes() == GREETING.encode()
        await pilot.press("ctrl+z")
        await until(pilot, lambda: any("Nothing was done" in n.message for n in app._notifications))


async def test_a_cell_of_the_coverage_begins_an_example_with_its_labels(app: CuratorApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot, app)
        await pilot.press("c")
        await until(pilot, lambda: app.screen.query("#matrix") and app.screen.query_one("#matrix").has_focus)
        matrix = app.screen.query_one("#matrix", DataTable)
        assert str(matrix.get_cell("file-io/completion", "all")).strip() == "1"
        assert str(matrix.get_cell("gui/completion", "dwc")) == "· gap"
        assert str(matrix.get_cell("dwc/completion", "character")).strip() == "–"
        matrix.move_cursor(row=matrix.get_row_index("database/explanation"), column=3)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, NewScreen))
        assert app.screen.query_one("#new-topic", Select).value == "database"
        assert app.screen.query_one("#new-type", Select).value == "explanation"
        assert app.screen.query_one(Generations).words == ("vpro5",)


async def test_w_begins_an_example_for_the_place_that_needs_it_most(app: CuratorApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot, app)
        gap = Coverage(app.known.examples.values()).gaps()[0]
        await pilot.press("w")
        await until(pilot, lambda: isinstance(app.screen, NewScreen))
        assert app.screen.query_one("#new-topic", Select).value == gap.topic
        assert app.screen.query_one("#new-type", Select).value == gap.type
        assert app.screen.query_one(Generations).words == (gap.generation,)


def test_coverage_counts_a_list_in_each_generation_and_ranks_the_emptiest_first() -> None:
    several = GREETING.replace("generation: all", "generation: [bbj-gui, dwc]")
    coverage = Coverage([parse(several, "training-data/strings/a.md"), parse(GREETING, "training-data/strings/b.md")])
    assert coverage.count("strings", "completion", "dwc") == coverage.count("strings", "", "bbj-gui") == 1
    assert coverage.count("", "completion", "all") == coverage.count("", "", "all") == 1
    gaps = coverage.gaps()
    assert [gap.examples for gap in gaps] == sorted(gap.examples for gap in gaps)
    sensible = [(t, k, g) for t in TOPICS for k in TYPES for g in GENERATIONS if makes_sense(t, k, g)]
    assert sorted(sensible) == sorted((gap.topic, gap.type, gap.generation) for gap in gaps)


def test_a_search_takes_examples_with_all_words_whatever_their_case() -> None:
    entries = Entries()
    entries.update({name: parse(text, name) for name, text in FILES.items()})
    for words in ("pr", "print world", "print", "line", "line x", "", "zz", "z"):
        fresh = [e for e in FILES if all(word in FILES[e].casefold() for word in words.split())]
        assert entries.matching(Filter(tuple(words.split())), {}, {}) == fresh, words
    assert entries.matching(Filter(problems=WITHOUT), {}, {}) == []  # not checked is not "without problems"


def test_what_was_said_of_a_text_is_known_until_it_or_its_near_duplicate_changes(root: Path) -> None:
    from curator.near import corpus as near_corpus

    examples = {name: parse(text, name) for name, text in {**FILES, "file-io/again.md": TWIN}.items()}
    for name, example in examples.items():
        (root / name).write_text(example.text)
    examples = {(root / n).as_posix(): parse(e.text, (root / n).as_posix()) for n, e in examples.items()}
    index = near_corpus.open_index(root)
    near_corpus.refresh(index, root, examples)
    first = Checked(root)
    assert first.known(examples) == {}
    said: dict[str, list[object]] = {}
    for found in first.check(examples, index, examples, limit=2):
        said |= found
    assert [d.code for d in said[(root / LINES_AT).as_posix()]] == ["W901"]  # type: ignore[attr-defined]
    first.save(examples)
    assert Checked(root).known(examples) == said
    again = (root / "file-io" / "again.md").as_posix()
    examples[again] = parse(TWIN.replace("print", "write"), again)
    assert set(Checked(root).known(examples)) == {path for path in said if "/file-io/" not in path}
