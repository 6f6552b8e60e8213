"""What the app knows of the corpus, and what screens ask of the app. Screens read the one and post the other."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from textual.message import Message

from curator.diagnostic import Diagnostic
from curator.example import Example
from curator.review.desk import Desk
from curator.review.rules import State
from curator.review.undo import ActionLog

if TYPE_CHECKING:  # it loads NumPy, which the first paint does not wait for
    from curator.near.index import NearIndex


@dataclass
class Known:
    """The corpus as read so far. `problems` has no entry for an example that was not checked yet.

    `index` is None until the whole corpus is read. `order` is the list the home screen shows, as paths.
    """

    root: Path
    examples: dict[str, Example] = field(default_factory=dict)
    problems: dict[str, list[Diagnostic]] = field(default_factory=dict)
    index: "NearIndex | None" = None
    order: list[str] = field(default_factory=list)
    states: dict[str, State] = field(default_factory=dict)  # where each example stands in the review, by path
    log: ActionLog = field(init=False)  # what was done to the corpus, to be taken back
    desk: Desk = field(init=False)  # decides, and knows what was decided

    def __post_init__(self) -> None:
        self.log = ActionLog(self.root)
        self.desk = Desk(self.root, actions=self.log)


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
class Import(Message):
    """Ask for code from elsewhere; `text` is what was pasted already."""

    text: str = ""


@dataclass
class Open(Message):
    """Open the example of that path."""

    path: str


@dataclass
class Saved(Message):
    """An example was written."""

    example: Example


@dataclass
class Changed(Message):
    """The file of that path was made, changed or removed, or something was decided about it; "" if no one file."""

    path: str


@dataclass
class Left(Message):
    """The edit screen of that path is done; `then_next` opens the one after it."""

    path: str
    then_next: bool = False


class ReadCorpus(Message):
    """Read the corpus again."""


class OfferDrafts(Message):
    """Let the author look at the drafts that were left over."""
