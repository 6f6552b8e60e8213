"""Home, coverage, review and blind label in two sizes. Look at the SVG before accepting: `pytest --snapshot-update`."""

from typing import Any

import pytest
from textual.pilot import Pilot

from curator.review import people
from curator.tui.app import CuratorApp
from tests.curator.tui.conftest import LINES, ready, until
from tests.curator.tui.test_review_flow import propose

SIZES = pytest.mark.parametrize("size", [(80, 24), (200, 60)], ids=["80x24", "200x60"])
KEYS = {"home": [], "coverage": ["c"], "review": ["v"], "label": ["b", "ctrl+s"]}
THERE = {"home": "#by-near", "coverage": "#matrix", "review": "#review-said", "label": "#label-choice"}


@SIZES
@pytest.mark.parametrize("name", KEYS)
def test_screen(
    app: CuratorApp, snap_compare: Any, size: tuple[int, int], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(people.VARIABLE, "Bob <bob@example.org>")
    monkeypatch.setattr("curator.review.rules.datetime", Noon)  # the review screen shows when something was said
    (app.known.root / "file-io" / "again.md").write_text(
        LINES.replace("title: Count", "title: Tell").replace("end\n", "")
    )
    propose(app)

    async def arrange(pilot: Pilot[int]) -> None:
        await ready(pilot, app)
        await until(pilot, lambda: app.screen.query("#by-near"))
        for key in KEYS[name]:
            await pilot.press(key)
        await until(pilot, lambda: app.screen.query(THERE[name]))
        if name == "label":
            await until(pilot, lambda: "1 of" in str(app.screen.query_one("#label-title").render()))
            await pilot.press("5")

    assert snap_compare(app, terminal_size=size, run_before=arrange)


class Noon:
    """A clock that stands."""

    @staticmethod
    def now(zone: Any) -> Any:
        from datetime import datetime

        return datetime(2026, 1, 2, 12, 0, tzinfo=zone)
