"""What the app knows of the corpus, and what screens ask of the app. Screens read the one and post the other."""

from dataclasses import dataclass, field
from pathlib import Path

from textual.message import Message

from curator.diagnostic import Diagnostic
from curator.example import Example
from curator.near import NearIndex


@dataclass
class Known:
    """The corpus as read so far. `problems` has no entry for an example that was not checked yet.

    `index` is None until the whole corpus is read. `order` is the list the home screen shows, as paths.
    """

    root: Path
    examples: dict[str, Example] = field(default_factory=dict)
    problems: dict[str, list[Diagnostic]] = field(default_factory=dict)
    index: NearIndex | None = None
    order: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class NewExample:
    """All that a template needs, and where the example goes."""

    title: str
    topic: str
    type: str = "completion"
    generations: tuple[str, ...] = ("all",)


@dataclass
class Begin(Message):
    """Ask for a new example; the labels given are filled in."""

    given: NewExample


@dataclass
class Open(Message):
    """Open the example of that path."""

    path: str


@dataclass
class Saved(Message):
    """An example was written."""

    example: Example


@dataclass
class Left(Message):
    """The edit screen of that path is done; `then_next` opens the one after it."""

    path: str
    then_next: bool = False


class ReadCorpus(Message):
    """Read the corpus again."""


class OfferDrafts(Message):
    """Let the author look at the drafts that were left over."""
