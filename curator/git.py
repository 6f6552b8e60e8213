"""The one door to git: what it knows of a folder. Where it is missing or knows nothing, the answer is None."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

_TIMEOUT_S = 30


@dataclass(frozen=True)
class Added:
    """The commit that added a file: its author, and when it was written, in seconds since 1970."""

    name: str
    email: str
    at_s: int


def output(folder: Path, *arguments: str) -> str | None:
    """What git prints, None if there is no git or it refuses. It never asks for anything and locks nothing.

    File names that are not UTF-8 come as Python has them ("surrogateescape").
    """
    while not folder.is_dir() and folder != folder.parent:
        folder = folder.parent
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            capture_output=True, encoding="utf-8", errors="surrogateescape", timeout=_TIMEOUT_S, check=False,
            stdin=subprocess.DEVNULL, env=os.environ | {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"},
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def added(folder: Path) -> dict[str, Added] | None:
    """The first commit of each file below a folder, by its path there as it is now; followed over renames.

    None if git knows nothing of the folder: there is no git, no repository or no commit.
    """
    log = output(folder, "log", "-M", "--diff-filter=AR", "--name-status", "--format=%x01%at %aN <%aE>", "--relative",
                 "-z", "--", ".")  # fmt: skip
    return None if log is None else _added(log)


def _added(log: str) -> dict[str, Added]:
    """The log goes from new to old, so a renamed file's new name is known before its old one."""
    found: dict[str, Added] = {}
    now: dict[str, str] = {}
    commit = Added("", "", 0)
    words = iter(log.split("\0"))
    for word in words:
        word = word.removeprefix("\n")  # between a commit and its files
        if word.startswith("\x01"):
            when, _, who = word[1:].partition(" ")
            name, _, email = _printable(who).rpartition(" <")
            commit = Added(name, email.removesuffix(">"), int(when))
        elif word.startswith("R"):
            old, new = next(words), next(words)
            now[old] = now.get(new, new)
        elif word.startswith("A"):
            path = next(words)
            found.setdefault(now.get(path, path), commit)
    return found


def _printable(text: str) -> str:
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
