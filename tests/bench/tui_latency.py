"""How long a key takes to be painted in a 500-line program with all checks on, and how long the app takes to start.

    python tests/bench/tui_latency.py [CORPUS_FOLDER] [--lines 500] [--examples 0]

Key latency is measured inside the app: from the key event until the editor has rendered the line it changed; beside it
the processor time that the app's main thread spent on it, which a busy machine does not change. Start-up is measured
from outside: from the start of the process in a terminal of its own until the home screen is painted. With --examples
the corpus is that many made-up ones (tests/bench/many_examples.py); near-duplicates of drafts are asked of it as the
edit screen does, once its index is up.
"""

import argparse
import asyncio
import os
import pty
import select
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from textual.events import Key

from curator.similarity import shingles
from curator.templates import code_for, template
from curator.tui.app import CuratorApp
from curator.tui.screens.edit import EditScreen, Opened
from curator.tui.widgets.editor import CodeEditor

KEYS = 60
DRAFTS = 200
STARTS = 5


def main() -> None:
    """Print all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", default=Path("training-data"))
    parser.add_argument("--lines", type=int, default=500)
    parser.add_argument("--examples", type=int, default=0)
    given = parser.parse_args()
    folder, lines = given.folder.resolve(), given.lines
    with tempfile.TemporaryDirectory() as state:
        os.environ["BBJ_CURATOR_STATE"] = state
        os.environ["BBJ_CURATOR_CACHE"] = state
        if given.examples:
            from tests.bench.many_examples import make

            make(Path(state), given.examples)
            folder = Path(state) / "training-data"
        print(said_of_starts([start_up(folder) for _ in range(STARTS)]))
        measured = asyncio.run(latencies(folder, lines))
    print(f"corpus: {measured.examples} examples; program: {lines} lines; checks on; {KEYS} keys, {DRAFTS} drafts")
    print(said_of("key to rendered line", measured.keys))
    print(said_of("  of it main thread's processor time", measured.worked))
    print(said_of("edit() alone", measured.edits))
    print(said_of("near-duplicates of a draft", measured.queries))


@dataclass
class Measured:
    """Milliseconds of each key, of the processor for it, of `edit()` alone, and of each query of the index."""

    examples: int = 0
    keys: list[float] = field(default_factory=list)
    worked: list[float] = field(default_factory=list)
    edits: list[float] = field(default_factory=list)
    queries: list[float] = field(default_factory=list)


def said_of(what: str, times: list[float]) -> str:
    """Median, 95th percentile and worst of some milliseconds."""
    ordered = sorted(times)
    p95 = ordered[int(len(ordered) * 0.95)]
    return f"{what}: median {statistics.median(ordered):.1f} ms, p95 {p95:.1f} ms, worst {ordered[-1]:.1f} ms"


def said_of_starts(starts: list[tuple[float, float]]) -> str:
    """The times of some starts; the processor's time tells how much of it was waiting for a busy machine."""
    times, worked = [wall for wall, _ in starts], [cpu for _, cpu in starts]
    wall = f"median {statistics.median(times):.0f} ms, worst {max(times):.0f} ms"
    return f"start to first paint: {wall} (processor time: median {statistics.median(worked):.0f} ms)"


def start_up(folder: Path) -> tuple[float, float]:
    """Milliseconds until the home screen is on the terminal, and how many of them the processor worked for it."""
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
    _, _, used = os.wait4(pid, 0)
    os.close(terminal)
    return took, (used.ru_utime + used.ru_stime) * 1000


async def latencies(folder: Path, lines: int) -> Measured:
    """The keys in the middle of a program of that many lines, and queries of the index by drafts of the corpus."""
    app = CuratorApp(folder)
    code = "\n".join(code_for(f"Part {n}", "bbj-gui") for n in range(lines // 10 + 1)).split("\n")[:lines]
    text = template("A long program", "completion", "bbj-gui")
    text = text.replace(code_for("A long program", "bbj-gui"), "\n".join(code) + "\n")
    measured = Measured()
    async with app.run_test(size=(120, 40)) as pilot:
        while app.known.index is None or len(app.known.problems) < len(app.known.examples):
            await asyncio.sleep(0.05)
        measured.examples = len(app.known.examples)
        path = folder / "gui" / "a-long-program.md"
        app.push_screen(EditScreen(app.known, Opened(text, path, "", text, text)))
        await asyncio.sleep(1.5)
        editor = app.screen.query_one(".code", CodeEditor)
        editor.focus()
        editor.go_to(lines // 2)
        await pilot.pause()
        painted: list[tuple[float, float, str]] = []
        render, edit = editor.render_line, editor.edit

        def watched(y: int):  # type: ignore[no-untyped-def]
            strip = render(y)
            painted.append((time.perf_counter(), time.thread_time(), strip.text))
            return strip

        def timed(one):  # type: ignore[no-untyped-def]
            begin = time.perf_counter()
            result = edit(one)
            measured.edits.append((time.perf_counter() - begin) * 1000)
            return result

        editor.render_line, editor.edit = watched, timed  # type: ignore[method-assign]
        for number in range(KEYS):
            painted.clear()
            wanted = "x" * (number % 20 + 1)
            begin, worked = time.perf_counter(), time.thread_time()
            app.post_message(Key("x", "x"))
            while not any(wanted in said for _, _, said in painted):
                await asyncio.sleep(0)
            at, thread, _ = next(one for one in painted if wanted in one[2])
            measured.keys.append((at - begin) * 1000)
            measured.worked.append((thread - worked) * 1000)
            await asyncio.sleep(0.4 if number % 5 == 0 else 0.08)  # now and then a pause, so that the check runs
            if number % 20 == 19:
                app.post_message(Key("enter", None))
                await asyncio.sleep(0.2)
        drafts = [e for e in app.known.examples.values() if e.text][:: max(len(app.known.examples) // DRAFTS, 1)]
        for draft in drafts[:DRAFTS]:
            begin = time.perf_counter()
            app.known.index.query(shingles.example_text(draft), without=draft.path)
            measured.queries.append((time.perf_counter() - begin) * 1000)
    return measured


if __name__ == "__main__":
    main()
