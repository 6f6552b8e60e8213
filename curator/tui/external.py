"""The author's own editor ($VISUAL, else $EDITOR) on a text: starts it, waits, returns what it wrote. No Textual here.

What comes back is not taken over if the editor failed; then it stays in its file, and the error names it.
"""

import os
import shlex
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from curator.errors import CuratorError, MissingError

# An editor that ends sooner than that without a change has opened a window and did not wait.
TOO_SOON_S = 0.5


def command(environment: Mapping[str, str] | None = None, windows: bool = os.name == "nt") -> list[str]:
    """The editor with its arguments. Raises MissingError where none is set; Windows has Notepad."""
    environment = os.environ if environment is None else environment
    for name in ("VISUAL", "EDITOR"):
        said = environment.get(name, "").strip()
        if not said:
            continue
        if windows and Path(said).is_file():  # C:\Program Files\... set without quotes
            return [said]
        try:
            # backslashes are folders on Windows, so its quotes are taken off by hand
            words = [word.strip('"') for word in shlex.split(said, posix=False)] if windows else shlex.split(said)
        except ValueError as error:
            raise CuratorError(f"${name} cannot be read: {error}; it says: {said}") from error
        if words:
            return words
    if windows:
        return ["notepad.exe"]
    raise MissingError('no editor is set; set one before you start, such as: export EDITOR="nano"')


def edited(text: str, ending: str, editor: list[str]) -> str:
    """The text as the editor left it. `ending` is that of the file, such as ".bbj", by which editors choose colours.

    Raises CuratorError if the editor cannot be started, fails, or writes something that is not UTF-8.
    """
    folder = Path(tempfile.mkdtemp(prefix="bbj-curator-"))  # readable by nobody else
    path = folder / f"example{ending}"
    path.write_bytes((text if text.endswith("\n") else text + "\n").encode("utf-8"))
    before, started = path.read_bytes(), time.monotonic()
    try:
        done = subprocess.run([*editor, str(path)], check=False)
    except OSError as error:
        _remove(folder)
        raise CuratorError(f"{editor[0]} cannot be started: {error.strerror}; set $VISUAL or $EDITOR") from error
    try:
        after = path.read_bytes()
    except OSError as error:
        raise CuratorError(f"{editor[0]} left no file behind ({error.strerror}); nothing was changed") from error
    if done.returncode:
        kept = f"; what it wrote is in {path}" if after != before else ""
        if not kept:
            _remove(folder)
        raise CuratorError(f"{editor[0]} ended with code {done.returncode}: nothing was taken over{kept}")
    if after == before and time.monotonic() - started < TOO_SOON_S:
        _remove(folder)
        raise CuratorError(f"{editor[0]} came back at once; if it opened a window, tell it to wait (code --wait)")
    try:
        back = after.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        raise CuratorError(f"{editor[0]} did not write UTF-8; what it wrote is in {path}") from error
    _remove(folder)
    return back if text.endswith("\n") else back.removesuffix("\n")


def _remove(folder: Path) -> None:
    """The text, and what the editor put beside it: swap and backup files."""
    import shutil

    shutil.rmtree(folder, ignore_errors=True)
