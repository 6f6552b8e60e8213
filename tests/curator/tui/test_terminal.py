"""The main flow in a real terminal: from nothing to a saved, valid example by the keys that the screen names."""

import os
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.curator.tui.conftest import LIMIT_S

PROJECT = Path(__file__).parents[3]

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="needs tmux")


class Terminal:
    """A tmux server of its own with the app in it, 80 columns by 24 rows."""

    def __init__(self, folder: Path, state: Path) -> None:
        self._socket = f"bbj-curator-{uuid.uuid4().hex[:8]}"
        names = {"BBJ_CURATOR_STATE": state / "state", "BBJ_CURATOR_CACHE": state / "cache", "PYTHONPATH": PROJECT}
        settings = [f"{name}={value}" for name, value in names.items()]
        command = ["env", "-u", "BBJ_HOME", "-u", "BBJHOME", *settings, sys.executable, "-m", "curator.tui.main"]
        self._tmux(
            "new-session",
            "-d",
            "-s",
            "app",
            "-x",
            "80",
            "-y",
            "24",
            "-c",
            str(folder),
            " ".join([*command, str(folder)]),
        )

    def keys(self, *names: str) -> None:
        """Press keys by tmux's names for them."""
        for name in names:
            self._tmux("send-keys", "-t", "app", name)

    def type(self, text: str) -> None:
        """Type a text."""
        self._tmux("send-keys", "-t", "app", "-l", text)

    def screen(self) -> str:
        """What stands there now; "" once the app has ended."""
        done = self._tmux("capture-pane", "-t", "app", "-p", check=False)
        return done.stdout

    def cursor_row(self) -> int:
        """The row of the screen the cursor is in."""
        return int(self._tmux("display-message", "-t", "app", "-p", "#{cursor_y}").stdout)

    def wait(self, *words: str) -> None:
        """Wait until all these words stand there."""

        def there() -> bool:
            seen = self.screen()
            return all(word in seen for word in words)

        wait_until(there, lambda: f"{words} in\n{self.screen()}")

    def wait_for_the_end(self) -> None:
        """Wait until the app is gone."""
        wait_until(lambda: self._tmux("has-session", "-t", "app", check=False).returncode != 0, self.screen)

    def close(self) -> None:
        """End the server, and the app with it."""
        self._tmux("kill-server", check=False)

    def _tmux(self, *words: str, check: bool = True) -> "subprocess.CompletedProcess[str]":
        # -f: not the developer's own settings
        command = ["tmux", "-L", self._socket, "-f", os.devnull, *words]
        return subprocess.run(command, capture_output=True, text=True, check=check, encoding="utf-8")


def wait_until(condition: Callable[[], bool], seen: Callable[[], str]) -> None:
    """Wait until something is true; if it never is, fail with what is seen then."""
    end = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < end, f"it never came: {seen()}"
        time.sleep(0.05)


@pytest.fixture
def terminal(root: Path, tmp_path: Path) -> Iterator[Terminal]:
    """The app on the small corpus."""
    shown = Terminal(root, tmp_path)
    yield shown
    shown.close()


def test_from_nothing_to_a_saved_valid_example(terminal: Terminal, root: Path) -> None:
    terminal.wait("Print a greeting", "New")
    terminal.keys("n")
    terminal.wait("New example", "Title: what it shows")
    terminal.type("Greet somebody by name")
    terminal.keys("Tab", "Enter")
    terminal.wait("control-flow")
    terminal.keys("Down", "Down", "Down", "Enter")  # below "choose a topic": gui, database, strings
    terminal.wait("strings/greet-somebody-by-name.md")
    terminal.keys("C-s")
    terminal.wait("new, not saved", "rem Greet somebody", "TODO: description F2")
    terminal.keys("C-a")
    for line in ("rem Greet somebody by name", 'input "Name: ", name$'):
        terminal.type(line)
        terminal.keys("Enter")
    terminal.type("count++")
    terminal.wait("E312", "ctrl+g: character?")
    terminal.keys("F8", "End", *["BSpace"] * 7)
    terminal.type('print "Hello, " + name$')
    terminal.keys("C-g")
    terminal.keys("F2")
    terminal.wait("[x] character", "Fits the code (line 13: INPUT)")
    terminal.keys("Tab", "Tab", "Tab", "Tab")
    terminal.wait("The task in one or two sentences")
    terminal.type("Ask for a name and greet by it.")
    terminal.keys("F4")
    terminal.wait("Expected Output: what is printed")
    terminal.type("Hello, Anna")
    row = terminal.cursor_row()
    terminal.keys("Tab")
    wait_until(lambda: terminal.cursor_row() > row, terminal.screen)
    terminal.type("INPUT prints its prompt and waits.")
    terminal.wait("✓ no problems")
    terminal.keys("C-s")
    terminal.wait("somebody-by-name.md   saved")
    terminal.keys("C-q")
    terminal.wait_for_the_end()
    path = root / "strings" / "greet-somebody-by-name.md"
    done = subprocess.run(
        [sys.executable, "-c", "from curator.cli import main; main()", "validate", "--compiler", "builtin", str(path)],
        capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(PROJECT)},
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "")
    assert "generation: character" in path.read_text() and "TODO:" not in path.read_text()


def test_a_window_closed_by_the_system_leaves_the_draft(terminal: Terminal, tmp_path: Path) -> None:
    """The terminal goes away (SIGHUP) half a second after the last key or later: nothing is lost."""
    terminal.wait("Print a greeting")
    terminal.keys("Down", "Enter")
    terminal.wait("Code F3", "judge")
    terminal.type("x_lost ")
    drafts = tmp_path / "state" / "drafts"
    wait_until(lambda: any("x_lost" in path.read_text() for path in drafts.glob("*.json")), terminal.screen)
    terminal.close()
    (draft,) = drafts.glob("*.json")
    assert "x_lost" in draft.read_text()
