"""How long a key takes to be painted in a 500-line program with all checks on, and how long the app takes to start.

Key latency is measured inside the app: from the key event until the editor has rendered the line it changed. Start-up
is measured from outside: from the start of the process in a terminal of its own until the home screen is painted.
Run it: `python tests/bench/tui_latency.py [CORPUS_FOLDER] [LINES]`
"""

import asyncio
import os
import pty
import select
import statistics
import sys
import tempfile
import time
from pathlib import Path

from textual.events import Key

from curator.templates import code_for, template
from curator.tui.app import CuratorApp
from curator.tui.screens.edit import EditScreen, Opened
from curator.tui.widgets.editor import CodeEditor

KEYS = 60
STARTS = 5


def main() -> None:
    """Print both."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "training-data").resolve()
    lines = int(sys.argv[2]) if len(sys.argv) > 2 else 500
    with tempfile.TemporaryDirectory() as state:
        os.environ["BBJ_CURATOR_STATE"] = state
        starts = [start_up(folder) for _ in range(STARTS)]
        print(f"start to first paint: median {statistics.median(starts):.0f} ms, worst {max(starts):.0f} ms")
        rendered, edits = asyncio.run(latencies(folder, lines))
    rendered.sort()
    p95 = rendered[int(len(rendered) * 0.95)]
    median = statistics.median(rendered)
    print(f"key to rendered line, {lines} lines, checks on: median {median:.1f} ms, p95 {p95:.1f} ms")
    print(f"edit() alone: median {statistics.median(edits):.2f} ms")


def start_up(folder: Path) -> float:
    """Milliseconds until the title of the home screen is on the terminal."""
    begin = time.perf_counter()
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ.update(TERM="xterm-256color", COLUMNS="120", LINES="40")
        os.execv(sys.executable, [sys.executable, "-m", "curator.tui.main", str(folder)])
    seen = b""
    while b"Search" not in seen:
        if select.select([terminal], [], [], 10)[0]:
            seen += os.read(terminal, 65536)
    took = (time.perf_counter() - begin) * 1000
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    os.close(terminal)
    return took


async def latencies(folder: Path, lines: int) -> tuple[list[float], list[float]]:
    """Milliseconds from key to rendered line, and of `edit()` alone, in the middle of a program of that many lines."""
    app = CuratorApp(folder)
    code = "\n".join(code_for(f"Part {n}", "bbj-gui") for n in range(lines // 10 + 1)).split("\n")[:lines]
    text = template("A long program", "completion", "bbj-gui")
    text = text.replace(code_for("A long program", "bbj-gui"), "\n".join(code) + "\n")
    rendered: list[float] = []
    edits: list[float] = []
    async with app.run_test(size=(120, 40)) as pilot:
        while app.known.index is None or len(app.known.problems) < len(app.known.examples):
            await asyncio.sleep(0.05)
        path = folder / "gui" / "a-long-program.md"
        app.push_screen(EditScreen(app.known, Opened(text, path, "", text, text)))
        await asyncio.sleep(1.5)
        editor = app.screen.query_one(".code", CodeEditor)
        editor.focus()
        editor.go_to(lines // 2)
        await pilot.pause()
        painted: list[tuple[float, str]] = []
        render, edit = editor.render_line, editor.edit

        def watched(y: int):  # type: ignore[no-untyped-def]
            strip = render(y)
            painted.append((time.perf_counter(), strip.text))
            return strip

        def timed(one):  # type: ignore[no-untyped-def]
            begin = time.perf_counter()
            result = edit(one)
            edits.append((time.perf_counter() - begin) * 1000)
            return result

        editor.render_line, editor.edit = watched, timed  # type: ignore[method-assign]
        for number in range(KEYS):
            painted.clear()
            wanted = "x" * (number % 20 + 1)
            begin = time.perf_counter()
            app.post_message(Key("x", "x"))
            while not any(wanted in said for _, said in painted):
                await asyncio.sleep(0)
            rendered.append((next(at for at, said in painted if wanted in said) - begin) * 1000)
            await asyncio.sleep(0.4 if number % 5 == 0 else 0.08)  # now and then a pause, so that the check runs
            if number % 20 == 19:
                app.post_message(Key("enter", None))
                await asyncio.sleep(0.2)
    return rendered, edits


if __name__ == "__main__":
    main()
