"""Makes the screenshots of the docs from the shipped corpus: docs/images/home.svg, edit.svg and similar.svg.

Run it from the root of the project: `python tests/bench/screenshots.py`. Look at what came out before committing it.
"""

import asyncio
import os
import shutil
import tempfile
from pathlib import Path

from textual.pilot import Pilot
from textual.widgets import TextArea

from curator.tui.app import CuratorApp
from curator.tui.screens.compare import CompareScreen
from curator.tui.screens.edit import EditScreen, Opened
from curator.tui.widgets.editor import CodeEditor

SIZE = (120, 34)
EXAMPLE = "file-io/total-text-file.md"
IMAGES = Path("docs/images")


async def main() -> None:
    """A copy of the corpus, so that nothing of it is changed; three pictures."""
    TextArea.cursor_blink = False
    with tempfile.TemporaryDirectory() as folder:
        os.environ["BBJ_CURATOR_STATE"] = folder + "/state"
        os.environ["BBJ_CURATOR_CACHE"] = folder + "/cache"
        root = Path(folder) / "bbj-curator" / "training-data"
        shutil.copytree("training-data", root)
        app = CuratorApp(root)
        async with app.run_test(size=SIZE) as pilot:
            await _wait(pilot, lambda: app.known.index and len(app.known.problems) == len(app.known.examples))
            _save(app, "home")
            app.open_path((root / EXAMPLE).as_posix())
            await _wait(pilot, lambda: isinstance(app.screen, EditScreen) and app.screen.findings.judge != "…")
            edit = app.screen
            assert isinstance(edit, EditScreen)
            editor = edit.query_one(".code", CodeEditor)
            editor.focus()
            row = editor.text.split("\n").index("    lines=lines+1")
            editor.replace("    lines++\n    if lines>limit then goto too_many", (row, 0), (row + 1, 0))
            editor.insert("\n", (row + 1, len("    if lines>limit then goto too_many")))
            editor.go_to(row, len("    lines++"))
            await _wait(pilot, lambda: sum(d.code[0] == "E" for d in edit.findings.diagnostics) >= 2)
            _save(app, "edit")
            copied = app.known.examples[edit.example.path].text
            copied = copied.replace("sales.txt", "orders.txt").replace("amounts", "orders").replace("row$", "line$")
            app.push_screen(EditScreen(app.known, Opened(copied, None, "file-io")))
            await _wait(pilot, lambda: isinstance(app.screen, EditScreen) and app.screen.findings.neighbours)
            await pilot.press("f7")
            await _wait(pilot, lambda: app.screen.query_one("#similar-list").has_focus)
            await pilot.press("enter")
            await _wait(pilot, lambda: isinstance(app.screen, CompareScreen))
            _save(app, "similar")


async def _wait(pilot: Pilot[int], condition) -> None:  # type: ignore[no-untyped-def]
    for _ in range(3000):
        if condition():
            break
        await asyncio.sleep(0.02)
    assert condition(), "it never became true"
    await pilot.pause(0.3)


def _save(app: CuratorApp, name: str) -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    (IMAGES / f"{name}.svg").write_text(app.export_screenshot(title="bbj-curator"), encoding="utf-8")


if __name__ == "__main__":
    asyncio.run(main())
