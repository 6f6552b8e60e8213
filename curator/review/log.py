"""The record of the review on disk: `<corpus>/.review/<reviewer>.jsonl`, one event a line, only ever added to.

Each reviewer writes to a file of their own, so the work of two reviewers merges anywhere, even by a web button; for one
reviewer on two branches, `.gitattributes` beside the files tells git to keep the lines of both (merge=union). The order
of lines does not matter: events are sorted by time, and a line that stands twice counts once.
"""

import json
import os
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path

from curator import chatml, corpus
from curator.errors import CuratorError
from curator.example import Example
from curator.review.people import person
from curator.review.rules import DEEDS, Event, Standing, new_event, standing, text_hash

FOLDER = ".review"
_ATTRIBUTES = "*.jsonl text eol=lf merge=union\n"


@dataclass(frozen=True)
class Record:
    """All events of a corpus that count (a withdrawn one does not), by example and in order of time.

    `unreadable` has one line of text for each line of the files that is no event.
    """

    root: Path
    by_example: Mapping[str, tuple[Event, ...]] = field(default_factory=dict)
    unreadable: tuple[str, ...] = ()

    def events(self, id: str) -> tuple[Event, ...]:
        """The events of an example, by its `<topic>/<slug>`."""
        return self.by_example.get(id, ())

    def of(self, example: Example) -> tuple[Event, ...]:
        """The events of an example; of one that was renamed, those about exactly this text under its old name."""
        found = self.events(chatml.example_id(example.path))
        if found or not self._gone:
            return found
        return self.events(self._gone.get(text_hash(example), ""))

    def standing(self, example: Example) -> Standing:
        """Where an example stands."""
        return standing(example, self.of(example))

    def labels(self) -> list[Event]:
        """The blind second labels, in order of time."""
        found = [event for events in self.by_example.values() for event in events if event.deed == "labelled"]
        return sorted(found, key=_when)

    @cached_property
    def _gone(self) -> dict[str, str]:
        """The texts of examples that have no file any more, and their ids."""
        gone = [id for id in self.by_example if not (self.root / f"{id}.md").exists()]
        return {event.text: id for id in gone for event in self.by_example[id] if event.text}


def read(root: Path) -> Record:
    """The record of a corpus; empty if there is none."""
    folder = root / FOLDER
    events: dict[str, Event] = {}
    unreadable: list[str] = []
    for path in sorted(folder.glob("*.jsonl")) if folder.is_dir() else ():
        try:
            lines = path.read_bytes().decode("utf-8", "replace").split("\n")
        except OSError as error:
            unreadable.append(f"{path}: cannot be read: {error.strerror}")
            continue
        for number, line in enumerate(lines, 1):
            if line.strip():
                try:
                    event = _event(line)
                    events[event.id] = event
                except (ValueError, TypeError, KeyError, CuratorError):
                    unreadable.append(f"{path}:{number}: not an event of a review; mend or remove the line")
    return Record(root, _by_example(events.values()), tuple(unreadable))


def add(root: Path, event: Event) -> None:
    """Write an event down: one line at the end of its author's file. Raises CuratorError, and leaves no half line."""
    path = _file(root, event.by)
    line = {key: value for key, value in asdict(event).items() if value not in ("", ())}
    _append(path, json.dumps(line, ensure_ascii=False) + "\n")


def withdraw(root: Path, id: str) -> None:
    """Take an event back, in the name of whoever it is by. Raises CuratorError if it is not there (any more)."""
    found = next((e for events in read(root).by_example.values() for e in events if e.id == id), None)
    if found is None:
        raise CuratorError(f"{root / FOLDER}: the decision {id} is not there any more; nothing was taken back")
    add(root, new_event("withdrawn", found.example, person(found.by), of=id))


# ----------------------------------------------------------------------


def _event(line: str) -> Event:
    read = json.loads(line)
    deed = read["deed"]
    if deed not in DEEDS:
        raise ValueError(deed)
    words = {key: str(read.get(key, "")) for key in ("id", "at", "by", "example", "text", "said", "of")}
    person(words["by"])
    if not words["id"] or not words["example"]:
        raise ValueError(line)
    label, was = (tuple(str(word) for word in read.get(key, ())) for key in ("label", "was"))
    return Event(words["id"], words["at"], words["by"], deed, words["example"], words["text"], words["said"],
                 label, was, words["of"])  # fmt: skip


def _by_example(events: Iterable[Event]) -> dict[str, tuple[Event, ...]]:
    ordered = sorted(events, key=_when)
    # Only who said it takes it back; others reject or approve in their own name.
    by = {event.id: event.by for event in ordered}
    gone = {event.of for event in ordered if event.deed == "withdrawn" and by.get(event.of) == event.by}
    found: dict[str, list[Event]] = defaultdict(list)
    for event in ordered:
        if event.deed != "withdrawn" and event.id not in gone:
            found[event.example].append(event)
    return {id: tuple(events) for id, events in found.items()}


def _when(event: Event) -> tuple[str, str]:
    return event.at, event.id


def _file(root: Path, by: str) -> Path:
    folder = root / FOLDER
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise CuratorError(f"{folder}: is not a folder of the corpus; remove it, since reviews are written there")
    who = person(by)
    name = corpus.slugify(who.name) or corpus.slugify(who.email) or "reviewer"
    return folder / f"{name}.jsonl"


def _append(path: Path, line: str) -> None:
    """Add a line so that another process may do so at the same time: one write at the end of the file, then fsync.

    A line that a crash cut short is closed first; a full disk leaves the file as it was.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        attributes = path.parent / ".gitattributes"
        if not attributes.exists():
            corpus.write(attributes, _ATTRIBUTES)
        if path.is_symlink():
            raise CuratorError(f"{path}: is a link; reviews are written into the corpus only")
        with path.open("a+b", buffering=0) as file:
            size = file.seek(0, os.SEEK_END)
            if size:
                file.seek(size - 1)
                line = line if file.read(1) == b"\n" else "\n" + line
            content = line.encode("utf-8", "replace")
            try:
                if file.write(content) != len(content):
                    raise OSError(28, "no space left on the disk")
                os.fsync(file.fileno())
            except OSError:
                file.truncate(size)
                raise
    except OSError as error:
        raise CuratorError(f"{path}: cannot be written: {error.strerror}; nothing was recorded") from error
