"""The journal of unsaved work: one small file per open draft, written beside the corpus, never into it.

A draft is on disk within a second of the last key, whole or not at all (temporary file, then rename), so it survives
`kill -9` and a power cut. The draft of a running editor is locked; what nobody holds is left over and can be recovered.
Nothing here opens a draft by itself: a draft that makes an editor crash is offered again, not run into again.
"""

import contextlib
import json
import os
import time
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from platformdirs import user_state_path

from curator.locking import try_lock

FORMAT = 1

# Set it to keep drafts elsewhere (tests do).
FOLDER_VARIABLE = "BBJ_CURATOR_STATE"


@dataclass(frozen=True)
class Draft:
    """Unsaved work on one example.

    Attributes:
        id: names the file of the draft.
        root: the corpus folder it belongs to.
        path: the example's file, "" if it was never saved.
        topic: where a new example is to go.
        base: the text of the file when it was opened, None if there was no file.
        text: what the author has now.
        saved_at: seconds since 1970.
    """

    id: str
    root: str
    path: str
    topic: str
    base: str | None
    text: str
    saved_at: float


class Journal:
    """The file of one draft, held by this process until `close` or `discard`."""

    def __init__(self, folder: Path | None = None, id: str = "") -> None:
        self.folder = folder or draft_folder()
        self.id = id or uuid.uuid4().hex
        self._lock: IO[str] | None = None

    @property
    def path(self) -> Path:
        """The file of the draft."""
        return self.folder / f"{self.id}.json"

    def write(self, root: str, path: str, topic: str, base: str | None, text: str) -> Draft:
        """Put the draft on disk, whole or not at all. Raises OSError (a full disk, say); the last draft then stays."""
        self.hold()
        draft = Draft(self.id, root, path, topic, base, text, time.time())
        temporary = self.path.with_suffix(".tmp")
        try:
            with temporary.open("w", encoding="ascii") as file:  # json escapes the rest
                json.dump({"format": FORMAT, **asdict(draft)}, file)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self.path)
        except OSError:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise
        return draft

    def hold(self) -> bool:
        """Lock the draft for this process; False if another one has it."""
        if self._lock is None:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock = try_lock(self.folder / f"{self.id}.lock")
        return self._lock is not None

    def close(self) -> None:
        """Let go of the draft and leave it on disk, to be recovered."""
        if self._lock is not None:
            with contextlib.suppress(OSError):  # while it is still ours; Windows refuses, and the file stays, unlocked
                (self.folder / f"{self.id}.lock").unlink(missing_ok=True)
            self._lock.close()
            self._lock = None

    def discard(self) -> None:
        """Remove the draft: it was saved, or given up."""
        with contextlib.suppress(OSError):
            self.path.unlink(missing_ok=True)
        self.close()


def draft_folder() -> Path:
    """Where drafts live on this system."""
    chosen = os.environ.get(FOLDER_VARIABLE)
    return (Path(chosen) if chosen else user_state_path("bbj-curator", appauthor=False)) / "drafts"


def left_over(root: str, folder: Path | None = None) -> list[Draft]:
    """The drafts of that corpus that no running editor holds, the latest first; unreadable files are skipped."""
    folder = folder or draft_folder()
    found = [draft for draft in _all(folder) if draft.root == root and not _held(folder, draft.id)]
    return sorted(found, key=lambda draft: -draft.saved_at)


def described(draft: Draft) -> str:
    """A draft in a line: its title, where it belongs, how old it is. It may hold anything the author typed."""
    from curator.example import parse  # YAML, which a start of the app without drafts need not load

    title = parse(draft.text).title or "(no title)"
    minutes = max(int((time.time() - draft.saved_at) / 60), 0)
    long = f"{minutes // 60} h" if minutes < 2880 else f"{minutes // 1440} days"
    ago = f"{minutes} min ago" if minutes < 120 else f"{long} ago"
    where = "/".join(draft.path.split("/")[-2:]) if draft.path else f"new, topic {draft.topic or 'not chosen'}"
    return f"{title}  ({where}, {ago})"


def forget(draft: Draft, folder: Path | None = None) -> None:
    """Delete a draft for good."""
    Journal(folder, draft.id).discard()


def _all(folder: Path) -> Iterator[Draft]:
    if not folder.is_dir():
        return
    for path in folder.glob("*.json"):
        with contextlib.suppress(OSError, ValueError, TypeError):
            read = json.loads(path.read_text("ascii"))
            if read.pop("format") == FORMAT:
                yield Draft(**read)


def _held(folder: Path, id: str) -> bool:
    path = folder / f"{id}.lock"
    if not path.exists():
        return False
    lock = try_lock(path)
    if lock is None:
        return True
    lock.close()
    return False
