"""Who is at work, and who wrote which example: the names that a review is signed with.

Git knows both; nothing else is asked. Where git is missing, or the corpus is in no repository, the caller is told so.
Try it: `python -c "from curator.review.people import identity; print(identity())"`
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from curator import git
from curator.errors import CuratorError, MissingError

# Set it to sign with another name than git's: "Ann Example <ann@example.org>".
VARIABLE = "BBJ_CURATOR_USER"

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
    here = folder or Path.cwd()
    name, email = (git.output(here, "config", "--get", key) or "" for key in ("user.name", "user.email"))
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
    found = git.added(root)
    if found is None:
        return None
    return {_id(path): Person(by.name, by.email) for path, by in found.items() if path.endswith(".md")}


def changed_here(path: Path) -> bool:
    """True if git sees the file as new or changed and not committed; False as well where git knows nothing."""
    return bool(git.output(path.parent, "status", "--porcelain", "--untracked-files=all", "--", path.name))


def _id(path: str) -> str:
    return "/".join(path.removesuffix(".md").split("/")[-2:])
