"""What the screens look like, in two sizes. Look at the SVG before accepting a new one: `pytest --snapshot-update`."""

from typing import Any

import pytest
from textual.pilot import Pilot

from curator.tui.app import CuratorApp
from curator.tui.widgets.editor import CodeEditor
from tests.curator.tui.conftest import opened, ready, typed, until

SIZES = pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])


@SIZES
def test_home(app: CuratorApp, snap_compare: Any, size: tuple[int, int]) -> None:
    async def arrange(pilot: Pilot[int]) -> None:
        await ready(pilot, app)

    assert snap_compare(app, terminal_size=size, run_before=arrange)


@SIZES
def test_edit_with_a_problem(app: CuratorApp, snap_compare: Any, size: tuple[int, int]) -> None:
    async def arrange(pilot: Pilot[int]) -> None:
        edit = await opened(pilot, app, "file-io/count-the-lines.md")
        editor = edit.query_one(".code", CodeEditor)
        editor.focus()
        editor.go_to(6)
        await typed(pilot, "    count++\n")
        await until(pilot, lambda: any(d.code == "E312" for d in edit.findings.diagnostics))

    assert snap_compare(app, terminal_size=size, run_before=arrange)
