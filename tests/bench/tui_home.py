"""The home screen with many examples: first paint, filters, reading and checking, keys meanwhile, memory.

    python -m tests.bench.tui_home [--examples 10000] [--corpus FOLDER]

Without a folder, examples are made up (tests/bench/many_examples.py). First paint is measured from the start of the
process in a terminal of its own; the rest inside the app, without a terminal, from the key or choice until the table is
drawn with the new rows. "while checking" is the same while the background still checks. Memory is that of a process of
its own in which the app runs until everything is read, indexed and checked.
"""

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from textual.events import Key
from textual.widgets import Input, Select

from curator.tui.app import CuratorApp
from curator.tui.screens.home import HomeScreen
from curator.tui.widgets.listing import Listing
from tests.bench.many_examples import make
from tests.bench.tui_latency import said_of_starts, start_up

STARTS = 5
WORDS = ("led", "ledger", "ledger t", "print", "zzz", "", "column", "nothing at all", "")
CHOICES = (("topic", "gui"), ("generation", "dwc"), ("state", "unreviewed"), ("problems", "with"), ("near", "with"))


def main() -> None:
    """Print all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--examples", type=int, default=10_000)
    parser.add_argument("--corpus", type=Path)
    parser.add_argument("--session", type=Path, help=argparse.SUPPRESS)  # one run of the app, in a process of its own
    given = parser.parse_args()
    if given.session:
        asyncio.run(session(given.session))
        return
    with tempfile.TemporaryDirectory() as name:
        os.environ["BBJ_CURATOR_STATE"] = f"{name}/state"
        os.environ["BBJ_CURATOR_CACHE"] = f"{name}/cache"
        if not given.corpus:
            make(Path(name), given.examples)
        folder = (given.corpus or Path(name) / "training-data").resolve()
        print(said_of_starts([start_up(folder) for _ in range(STARTS)]))
        for run in ("nothing cached", "second start"):
            print(f"--- {run}", flush=True)
            subprocess.run([sys.executable, "-m", "tests.bench.tui_home", "--session", str(folder)], check=True)


async def session(folder: Path) -> None:
    """One run of the app."""
    app = CuratorApp(folder)
    begin = time.perf_counter()
    async with app.run_test(size=(120, 40)) as pilot:
        await until(lambda: "Check" in getattr(app.screen, "_said", "") or checked(app))
        print(f"read and indexed after {time.perf_counter() - begin:.1f} s: {len(app.known.examples)} examples")
        home = app.screen
        assert isinstance(home, HomeScreen)
        moving = [await moved(home) for _ in range(40)]
        if len(app.known.problems) < len(app.known.examples):
            print(f"cursor key to drawn row, while checking: {spread(moving)}")
            print(f"search, while checking: {spread([await searched(home, word) for word in WORDS])}")
        await until(lambda: checked(app))
        print(f"all checked after {time.perf_counter() - begin:.1f} s")
        await pilot.pause(0.5)
        print(f"cursor key to drawn row: {spread([await moved(home) for _ in range(40)])}")
        print(f"search: {spread([await searched(home, word) for word in WORDS])}")
        print(f"filters: {spread([await filtered(home, *choice) for choice in CHOICES])}")
        print(f"memory of this process: {memory_mb():.0f} MB")


def checked(app: CuratorApp) -> bool:
    """True when nothing is left to do in the background."""
    return len(app.known.problems) == len(app.known.examples) > 0 and getattr(app.screen, "_said", "") == ""


async def moved(home: HomeScreen) -> float:
    """Milliseconds from a cursor key until the table is drawn with the next row chosen."""
    table = home.query_one(Listing)
    table.focus()
    row = table.cursor_row
    begin = time.perf_counter()
    drawn = watched(table)
    home.app.post_message(Key("down", None))
    await until(lambda: table.cursor_row != row and drawn())
    await asyncio.sleep(0.02)
    return drawn() * 1000 - begin * 1000


async def searched(home: HomeScreen, word: str) -> float:
    """Milliseconds from a search text until the table is drawn with what it finds."""
    box = home.query_one("#search", Input)
    if box.value == word:
        return 0.0
    begin, drawn = time.perf_counter(), watched(home.query_one(Listing))
    box.value = word
    await until(drawn)
    return (drawn() - begin) * 1000


async def filtered(home: HomeScreen, name: str, value: str) -> float:
    """Milliseconds from a choice until the table is drawn with what it takes; then the choice is taken back."""
    box = home.query_one(f"#by-{name}", Select)
    begin, drawn = time.perf_counter(), watched(home.query_one(Listing))
    box.value = value
    await until(drawn)
    took = (drawn() - begin) * 1000
    drawn = watched(home.query_one(Listing))
    box.value = Select.NULL
    await until(drawn)
    return took


def watched(table: Listing) -> Callable[[], float]:
    """When the last line was drawn since now; 0 if none was."""
    at = [0.0]
    render = type(table).render_line

    def drawing(y: int):  # type: ignore[no-untyped-def]
        strip = render(table, y)
        at[0] = time.perf_counter()
        return strip

    table.render_line = drawing  # type: ignore[method-assign]
    return lambda: at[0]


async def until(condition: Callable[[], object]) -> None:
    """Wait for something to become true, at most five minutes."""
    end = time.monotonic() + 300
    while not condition():
        assert time.monotonic() < end, "it never became true"
        await asyncio.sleep(0.001)


def spread(times: list[float]) -> str:
    """Median and worst of some milliseconds."""
    return f"median {statistics.median(times):.0f} ms, worst {max(times):.0f} ms"


def memory_mb() -> float:
    """Resident memory of this process now (Linux), or the most it had (elsewhere)."""
    status = Path("/proc/self/status")
    if status.is_file():
        line = next(line for line in status.read_text("ascii").splitlines() if line.startswith("VmRSS"))
        return int(line.split()[1]) / 1024
    if sys.platform == "win32":
        return float("nan")
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform.startswith("linux") else 1024**2)


if __name__ == "__main__":
    main()
