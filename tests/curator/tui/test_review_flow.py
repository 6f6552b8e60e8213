"""Reviewing and labelling blind, by keys pressed."""

from pathlib import Path

import pytest

from curator.review import log as review_log
from curator.review import people
from curator.review.desk import Desk
from curator.tui.app import CuratorApp
from curator.tui.screens.edit import EditScreen
from curator.tui.screens.home import HomeScreen
from curator.tui.screens.label import LabelScreen
from curator.tui.screens.review import ReviewScreen
from curator.tui.screens.say import SampleScreen, SayScreen
from curator.tui.widgets.editor import TextEditor
from curator.tui.widgets.listing import Listing
from curator.tui.widgets.reading import Reading
from tests.curator.tui.conftest import FILES, ready, typed, until

GREET, LINES = "strings/print-a-greeting", "file-io/count-the-lines"


@pytest.fixture(autouse=True)
def reviewer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bob sits here."""
    monkeypatch.setenv(people.VARIABLE, "Bob <bob@example.org>")


def propose(app: CuratorApp) -> None:
    """Ann proposes all examples."""
    ann = Desk(app.known.root, "Ann <ann@example.org>")
    for name in FILES:
        path = app.known.root / name
        ann.decide("proposed", app.known.examples.get(path.as_posix()) or _read(path))


def _read(path: Path):  # type: ignore[no-untyped-def]
    from curator import corpus

    return corpus.read(path)


def state(app: CuratorApp, id: str) -> str:
    return review_log.read(app.known.root).standing(_read(app.known.root / f"{id}.md")).state


async def test_approve_and_advance_reject_with_a_reason_and_take_back(app: CuratorApp) -> None:
    propose(app)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot, app)
        await pilot.press("v")
        await until(pilot, lambda: isinstance(app.screen, ReviewScreen))
        screen = app.screen
        assert isinstance(screen, ReviewScreen)
        title = screen.query_one("#review-title")
        assert f"1 of 3  {LINES}  ? proposed" in str(title.render())
        await pilot.press("a")
        await until(pilot, lambda: "2 of 3" in str(title.render()))
        assert state(app, LINES) == "approved"
        await pilot.press("n", "x")
        await until(pilot, lambda: isinstance(app.screen, SayScreen))
        await pilot.press("ctrl+s")
        assert isinstance(app.screen, SayScreen)  # a reason is needed
        app.screen.query_one(TextEditor).focus()
        await typed(pilot, "It greets nobody.")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "✗ rejected" in str(title.render()))
        assert state(app, GREET) == "rejected"
        assert "It greets nobody." in str(screen.query_one("#review-said").render())
        await pilot.press("ctrl+z")
        await until(pilot, lambda: "? proposed" in str(title.render()))
        await pilot.press("ctrl+z")
        await until(pilot, lambda: f"1 of 3  {LINES}  ? proposed" in str(title.render()))
        await pilot.press("a", "escape")
        await until(pilot, lambda: isinstance(app.screen, HomeScreen))
        approved = (app.known.root / f"{LINES}.md").as_posix()
        await until(pilot, lambda: app.known.states[approved] == "approved")
        assert "✓" in app.screen._row(approved)  # type: ignore[attr-defined]


async def test_a_comment_decides_nothing_and_e_opens_the_editor(app: CuratorApp) -> None:
    propose(app)
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot, app)
        await pilot.press("v", "c")
        await until(pilot, lambda: isinstance(app.screen, SayScreen))
        await typed(pilot, "Why unt?")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, ReviewScreen))
        await until(pilot, lambda: "Why unt?" in str(app.screen.query_one("#review-said").render()))
        assert state(app, LINES) == "proposed"
        await pilot.press("e")
        await until(pilot, lambda: isinstance(app.screen, EditScreen))
        await pilot.press("escape", "escape")
        await until(pilot, lambda: isinstance(app.screen, ReviewScreen))


async def test_an_own_example_is_proposed_and_not_approved(app: CuratorApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot, app)
        await pilot.press("v")
        assert isinstance(app.screen, HomeScreen)  # nothing waits
        app.screen.query_one(Listing).choose((app.known.root / f"{GREET}.md").as_posix())
        await pilot.press("p")
        await until(pilot, lambda: app.known.states[(app.known.root / f"{GREET}.md").as_posix()] == "proposed")
        await pilot.press("v")
        await until(pilot, lambda: isinstance(app.screen, ReviewScreen))
        await pilot.press("a")
        await until(pilot, lambda: any("are its author" in n.message for n in app._notifications))
        assert state(app, GREET) == "proposed"


async def test_a_blind_label_shows_code_only_and_is_written_down(app: CuratorApp) -> None:
    propose(app)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot, app)
        await pilot.press("b")
        await until(pilot, lambda: isinstance(app.screen, SampleScreen))
        await pilot.press("ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, LabelScreen))
        title = app.screen.query_one("#label-title")
        await until(pilot, lambda: "1 of 3" in str(title.render()))
        first = app.screen._current  # type: ignore[attr-defined]
        said = str(app.screen.query_one(Reading)._body.render())
        assert "rem" in said and first.title not in said.replace("rem " + first.title, "")
        await pilot.press("enter")
        assert "1 of 3" in str(title.render())  # nothing is ticked yet
        await pilot.press("1", "4", "5", "enter")
        await until(pilot, lambda: "2 of 3" in str(title.render()))
        (label,) = review_log.read(app.known.root).labels()
        assert label.label == ("bbj-gui", "dwc") and label.by == "Bob <bob@example.org>"
        await pilot.press("ctrl+z")
        await until(pilot, lambda: "1 of 3" in str(title.render()))
        assert not review_log.read(app.known.root).labels()
        await pilot.press("s", "s", "2", "enter")
        await until(pilot, lambda: "Done. 2 were skipped" in str(app.screen.query_one("#label-choice").render()))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, HomeScreen))
