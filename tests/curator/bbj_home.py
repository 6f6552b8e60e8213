"""A folder like the one BBj is installed in, with a program of ours as its bbjcpl."""

import json
import sys
import time
from pathlib import Path
from typing import Any

STAND_IN = Path(__file__).with_name("stand_in_bbjcpl.py").read_text("utf-8")


def install(home: Path, program: str = STAND_IN) -> Path:
    """Make bin/bbjcpl in `home`, a Python program; returns its path."""
    executable = home / "bin" / "bbjcpl"
    executable.parent.mkdir(parents=True)
    executable.write_text(f"#!{sys.executable} -IS\n{program}", "utf-8")
    executable.chmod(0o755)
    return executable


def calls(home: Path) -> list[dict[str, Any]]:
    """How the stand-in was called: argv, cwd, stdin and pid of each time."""
    log = home / "calls.jsonl"
    return [json.loads(line) for line in log.read_text("utf-8").splitlines()] if log.exists() else []


def pids(home: Path) -> list[int]:
    """The processes of the stand-in that were ever started: its own, and the children of those that hang."""
    children = (home / "children").read_text("utf-8").split() if (home / "children").exists() else []
    return [*(call["pid"] for call in calls(home)), *map(int, children)]


def is_running(pid: int) -> bool:
    """True unless that process has ended; one that only waits to be reaped has."""
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def all_killed(home: Path) -> bool:
    """True if all of them were ended: in a moment none runs any more, and no child has slept to its end."""
    for _ in range(1000):
        if not any(map(is_running, pids(home))):
            return not (home / "woke").exists()
        time.sleep(0.02)
    return False
