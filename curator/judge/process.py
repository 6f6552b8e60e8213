"""Runs a program that must not outlive its use: limited time, limited output, stoppable from another thread.

The child gets a process group of its own, and the whole group is killed on timeout and on `stop()`: a launcher script
that started a Java machine leaves no orphan.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import subprocess

OUTPUT_CAP = 1_000_000  # bytes kept of each stream; the rest is read and dropped, so that the child never blocks
_GRACE_S = 2.0  # after the child's end, how long a grandchild may keep a pipe open before the group is killed

_WINDOWS = os.name == "nt"

Outcome = Literal["ended", "timeout", "stopped", "not started"]


@dataclass(frozen=True)
class Finished:
    """What came of a run: `status` is None unless it ended by itself; `cut` says that output was dropped."""

    outcome: Outcome
    status: int | None = None
    stdout: bytes = b""
    stderr: bytes = b""
    cut: bool = False
    problem: str = ""


class Stoppable:
    """One or several runs, one after the other, that `stop()` ends from another thread. After that no run starts."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self.stopped = False

    def stop(self) -> None:
        """Kill what runs now, with everything it started, and let nothing start afterwards."""
        with self._lock:
            self.stopped = True
            if self._process is not None and self._process.returncode is None:
                _kill_group(self._process)

    def run(self, command: Sequence[str], folder: Path, timeout_s: float) -> Finished:
        """Run a command with empty stdin in `folder` and wait for it, at most `timeout_s` seconds."""
        import subprocess  # 10 ms, needed only where a compiler is installed

        with self._lock:
            if self.stopped:
                return Finished("stopped")
            try:
                process = subprocess.Popen(
                    command,
                    cwd=folder,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    **_own_group(),
                )
            except (OSError, ValueError) as error:  # not executable, wrong architecture, a NUL in a name
                return Finished("not started", problem=str(error))
            self._process = process
        assert process.stdout is not None and process.stderr is not None
        readers = [_Reader(process.stdout), _Reader(process.stderr)]
        outcome: Outcome = "ended"
        try:
            process.wait(timeout_s)
            for reader in readers:
                reader.join(_GRACE_S)
            if any(reader.is_alive() for reader in readers):
                _kill_group(process)  # somebody of the group still holds a pipe, so the group's number is still its own
        except subprocess.TimeoutExpired:
            outcome = "timeout"
        finally:  # also on KeyboardInterrupt
            if process.returncode is None:
                _kill_group(process)
                process.wait()
            with self._lock:
                self._process = None
        for reader in readers:
            reader.join(_GRACE_S)
        if self.stopped:
            return Finished("stopped")
        out, err = (bytes(reader.kept) for reader in readers)
        status = process.returncode if outcome == "ended" else None
        return Finished(outcome, status, out, err, any(reader.cut for reader in readers))


class _Reader(threading.Thread):
    """Reads a pipe to its end and keeps the first `OUTPUT_CAP` bytes."""

    def __init__(self, pipe: IO[bytes]) -> None:
        super().__init__(daemon=True)
        self.kept = bytearray()
        self.cut = False
        self._pipe = pipe
        self.start()

    def run(self) -> None:
        with self._pipe:
            while piece := os.read(self._pipe.fileno(), 65536):
                room = OUTPUT_CAP - len(self.kept)
                self.kept += piece[:room]
                self.cut = self.cut or len(piece) > room


def _own_group() -> dict[str, Any]:
    """What gives a child its own process group on this system."""
    if _WINDOWS:
        import subprocess

        flags = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0) | getattr(subprocess, "CREATE_NO_WINDOW", 0)
        return {"creationflags": flags}
    return {"start_new_session": True}


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kill a child and everything it started."""
    if _WINDOWS:
        import subprocess

        # /T takes the tree; plain kill() would leave the Java machine behind its launcher running
        command = ["taskkill", "/F", "/T", "/PID", str(process.pid)]
        with suppress(OSError):
            subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=10)
        process.kill()  # where taskkill is missing or refused, at least the launcher
        return
    with suppress(ProcessLookupError, PermissionError):  # all gone already (macOS says EPERM for a group of zombies)
        os.killpg(process.pid, signal.SIGKILL)  # the group's number is the pid: start_new_session made it so
