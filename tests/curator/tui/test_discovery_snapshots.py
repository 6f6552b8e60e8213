"""What import and help look like, in two sizes. Look at a new SVG before accepting it: `pytest --snapshot-update`."""

from typing import Any

import pytest
from textual.pilot import Pilot

from curator.tui.app import CuratorApp
from curator.tui.screens.dialogs import HelpScreen
from curator.tui.screens.importing import ImportScreen
from curator.tui.widgets.editor import TextEditor
from tests.curator.tui.conftest import opened, ready, until

SIZES = pytest.mark.parametrize("size", [(80, 24), (200, 60)], ids=["80x24", "200x60"])
CHAT = """Sure! It adds the numbers from 1 to 3.

```bbj total.bbj
rem Add three numbers
total=0
for i=1 to 3
    total=total+i
next i
print "Total:",total
```

File: helper.bbj
```
rem A helper
print "----"
```
"""


@SIZES
def test_import(app: CuratorApp, snap_compare: Any, size: tuple[int, int]) -> None:
    async def arrange(pilot: Pilot[int]) -> None:
        await ready(pilot, app)
        await pilot.press("i")
        await until(pilot, lambda: isinstance(app.screen, ImportScreen))
        app.screen.query_one("#import-text", TextEditor).show(CHAT)
        await until(pilot, lambda: "✓" in str(app.screen.query_one("#import-said").render()))

    assert snap_compare(app, terminal_size=size, run_before=arrange)


@SIZES
def test_help(app: CuratorApp, snap_compare: Any, size: tuple[int, int]) -> None:
    async def arrange(pilot: Pilot[int]) -> None:
        edit = await opened(pilot, app, "strings/print-a-greeting.md")
        edit.query_one("#field-title").focus()
        await pilot.press("f1")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))

    assert snap_compare(app, terminal_size=size, run_before=arrange)
