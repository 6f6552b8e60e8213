"""What the edit screen looks like, in two sizes. Look at the SVG before accepting it: `pytest --snapshot-update`."""

from typing import Any

import pytest
from textual.pilot import Pilot

from curator.tui.app import CuratorApp
from curator.tui.screens.compare import CompareScreen
from tests.curator.tui.conftest import in_code, nearly_the_same, opened, typed, until

SIZES = pytest.mark.parametrize("size", [(80, 24), (200, 60)], ids=["80x24", "200x60"])
LINES = "file-io/count-the-lines.md"


@SIZES
def test_a_problem_and_a_suggestion(app: CuratorApp, snap_compare: Any, size: tuple[int, int]) -> None:
    async def arrange(pilot: Pilot[int]) -> None:
        edit, _ = await in_code(pilot, app, LINES, 6)
        await typed(pilot, "    count++\n    web! = BBjAPI().getWebManager()\n")
        await until(pilot, lambda: any(d.code == "E312" for d in edit.findings.diagnostics))
        await until(pilot, lambda: "getWebManager()" in str(edit.query_one("#suggested").render()))

    assert snap_compare(app, terminal_size=size, run_before=arrange)


@SIZES
def test_before_and_after(app: CuratorApp, snap_compare: Any, size: tuple[int, int]) -> None:
    async def arrange(pilot: Pilot[int]) -> None:
        await opened(pilot, app, "gui/from-mnemonics-to-objects.md")

    assert snap_compare(app, terminal_size=size, run_before=arrange)


@SIZES
def test_what_the_model_sees(app: CuratorApp, snap_compare: Any, size: tuple[int, int]) -> None:
    async def arrange(pilot: Pilot[int]) -> None:
        edit = await opened(pilot, app, "strings/print-a-greeting.md")
        edit.counter._why_not = "No token count: needs tokenizers."  # so that it looks alike without the extra
        await pilot.press("f6")
        await pilot.press("f6")
        await until(pilot, lambda: len(edit.query(".turn-head")) == 3)

    assert snap_compare(app, terminal_size=size, run_before=arrange)


@SIZES
def test_a_near_duplicate_side_by_side(app: CuratorApp, snap_compare: Any, size: tuple[int, int]) -> None:
    async def arrange(pilot: Pilot[int]) -> None:
        await nearly_the_same(pilot, app)
        await pilot.press("f7", "enter")
        await until(pilot, lambda: isinstance(app.screen, CompareScreen))

    assert snap_compare(app, terminal_size=size, run_before=arrange)
