"""Who is at work, and who wrote which example: the names that a review is signed with.

Git knows both; nothing else is asked. Where git is missing, or the corpus is in no repository, the caller is told so.
Try it: `python -c "from curator.review.people import identity; print(identity())"`
"""

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from curator.errors import CuratorError, MissingError

# Set it to sign with another name than git's: "Ann Example <ann@example.org>".
VARIABLE = "BBJ_CURATOR_USER"

_TIMEOUT_S = 30
_PERSON = re.compile(r"\s*([^<>]*?)\s*(?:<([^<>]*)>)?\s*")


@dataclass(frozen=True)
class Person:
    """A name and an e-mail address; either may be empty, not both."""

    name: str
    email: str = ""

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>" if self.email and self.name else self.name or self.email

    def same(self, other: "Person") -> bool:
        """True if they are one person: by address if both have one, else by name; case apart."""
        if self.email and other.email:
            return self.email.casefold() == other.email.casefold()
        return bool(self.name) and self.name.casefold() == other.name.casefold()


def person(text: str) -> Person:
    """Read "Name <address>", a bare name or a bare address. Raises CuratorError for anything else."""
    found = _PERSON.fullmatch(" ".join(text.split()))
    if not found or not (found[1] or found[2]):
        raise CuratorError(f'"{text}" is not a person; write: Ann Example <ann@example.org>')
    name, email = found[1], found[2] or ""
    return Person("", name) if "@" in name and not email else Person(name, email)


def identity(given: str = "", folder: Path | None = None) -> Person:
    """Who is at work here: `given`, else BBJ_CURATOR_USER, else git's user.name and user.email.

    Raises MissingError if nobody is named.
    """
    chosen = given or os.environ.get(VARIABLE, "")
    if chosen.strip():
        return person(chosen)
    name, email = (_git(folder or Path.cwd(), "config", "--get", key) or "" for key in ("user.name", "user.email"))
    if not name.strip() and not email.strip():
        raise MissingError(
            "nobody is named to sign the review; run: git config user.name 'Ann Example' "
            f"(and user.email), or set {VARIABLE}"
        )
    return Person(name.strip(), email.strip())


def added_by(root: Path) -> dict[str, Person] | None:
    """Who committed each example below `root` first, by `<topic>/<slug>` and followed over renames: one git process.

    None if git knows nothing of the folder: there is no git, no repository or no commit.
    """
    log = _git(root, "-c", "core.quotepath=off", "log", "-M", "--diff-filter=AR", "--name-status",
               "--format=%x01%aN <%aE>", "--relative", "--", ".")  # fmt: skip
    return None if log is None else _added(log)


def changed_here(path: Path) -> bool:
    """True if git sees the file as new or changed and not committed; False as well where git knows nothing."""
    return bool(_git(path.parent, "status", "--porcelain", "--untracked-files=all", "--", path.name))


def _added(log: str) -> dict[str, Person]:
    """The log goes from new to old, so a renamed file's new name is known before its old one."""
    found: dict[str, Person] = {}
    now: dict[str, str] = {}
    who: Person | None = None
    for line in log.splitlines():
        if line.startswith("\x01"):
            name, _, email = line[1:].rpartition(" <")
            who = Person(name, email.removesuffix(">"))
            continue
        kind, *paths = line.split("\t")
        if who is None or not paths or not paths[-1].endswith(".md"):
            continue
        id = now.get(paths[-1], _id(paths[-1]))
        if kind.startswith("R"):
            now[paths[0]] = id
        else:
            found.setdefault(id, who)
    return found


def _id(path: str) -> str:
    return "/".join(path.removesuffix(".md").split("/")[-2:])


def _git(folder: Path, *arguments: str) -> str | None:
    """What git prints, None if there is no git or it refuses. It never asks for anything and locks nothing."""
    while not folder.is_dir() and folder != folder.parent:
        folder = folder.parent
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            capture_output=True, encoding="utf-8", errors="replace", timeout=_TIMEOUT_S, check=False,
            stdin=subprocess.DEVNULL, env=os.environ | {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"},
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
