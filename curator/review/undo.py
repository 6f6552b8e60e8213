"""Taking back what was done to the corpus: a deletion, a save, an overwrite, a decision of a review.

Each action is written down with what is needed to reverse it, outside the corpus: `<state>/undo/<corpus>/`, one JSON
line per action, and the bytes that a file had before in a file of their own. So the app takes back what it did in this
session, and `curator undo` what was done last, whoever did it and even after a crash.
An action is only taken back while the file is still as the action left it: later work is never overwritten.
"""

import hashlib
import json
import os
import time
import uuid
from dataclasses import asdict, dataclass
from pathlib import Path

from curator import corpus
from curator.editing.drafts import draft_folder
from curator.errors import CuratorError, MissingError
from curator.review import log as review_log

# Older actions are forgotten, and their bytes with them.
MOST = 200


@dataclass(frozen=True)
class Action:
    """Something that was done and can be taken back.

    Attributes:
        said: what was done, in words: "deleted gui/hello.md".
        at: seconds since 1970.
        path: the file that was changed; "" if none was.
        before: SHA-256 of the bytes the file had, None if there was no file. The bytes are kept under that name.
        after: SHA-256 of the bytes it has since, None if it is gone.
        event: the id of the review event that was added; "" if none was.
    """

    id: str
    said: str
    at: float
    path: str = ""
    before: str | None = None
    after: str | None = None
    event: str = ""


class ActionLog:
    """What was done to one corpus. `session` has the ids of what this object wrote down and did not take back."""

    def __init__(self, root: Path, folder: Path | None = None) -> None:
        self.root = root
        name = hashlib.sha256(root.resolve().as_posix().encode()).hexdigest()[:16]
        self.folder = (folder or draft_folder().parent / "undo") / name
        self.session: list[str] = []

    def file_changed(self, said: str, path: Path, before: bytes | None, after: bytes | None, event: str = "") -> Action:
        """Write down that a file is made (`before` None), changed, or removed (`after` None). Raises CuratorError.

        Call it just before the file is written, so that a crash in between loses nothing.
        """
        kept = None if before is None else self._keep(before)
        return self._add(Action(uuid.uuid4().hex, said, time.time(), path.as_posix(), kept, _digest(after)))

    def reviewed(self, said: str, event: str) -> Action:
        """Write down that a review event is added. Raises CuratorError."""
        return self._add(Action(uuid.uuid4().hex, said, time.time(), event=event))

    def forget(self, action: Action) -> None:
        """Strike an action out that was not done after all."""
        self._write({"undone": action.id})
        self.session = [id for id in self.session if id != action.id]

    def actions(self) -> list[Action]:
        """What can be taken back, the latest last."""
        try:
            lines = self._file.read_text("utf-8").splitlines()
        except OSError:
            return []
        found: dict[str, Action] = {}
        for line in lines:
            try:
                read = json.loads(line)
                if "undone" in read:
                    found.pop(read["undone"], None)
                else:
                    action = Action(**read)
                    found[action.id] = action
            except (ValueError, TypeError):
                continue  # a line cut short by a crash; the others are whole
        return list(found.values())[-MOST:]

    def last(self) -> Action | None:
        """What this session did last and did not take back."""
        known = {action.id: action for action in self.actions()}
        return next((known[id] for id in reversed(self.session) if id in known), None)

    def undo(self, action: Action) -> str:
        """Take an action back and return what was done in words.

        Raises CuratorError, and changes nothing, if the file is not as the action left it.
        """
        if action.path:
            self._put_back(action)
        if action.event:
            review_log.withdraw(self.root, action.event)
        self.forget(action)
        return f"taken back: {action.said}"

    # ------------------------------------------------------------------

    @property
    def _file(self) -> Path:
        return self.folder / "actions.jsonl"

    def _put_back(self, action: Action) -> None:
        path = Path(action.path)
        now = path.read_bytes() if path.is_file() else None
        if _digest(now) != action.after:
            what = "is there again" if action.after is None else "was changed" if now is not None else "is gone"
            raise CuratorError(f"{path}: {what} since it was {action.said.split(' ')[0]}; nothing was taken back")
        if action.before is None:
            assert now is not None
            self._keep(now)  # a saved new file: its text stays in the kept ones
            path.unlink()
            return
        kept = self.folder / action.before
        if not kept.is_file():
            raise MissingError(f"{kept}: the text that {path} had is gone; nothing was taken back")
        with corpus.replacing(path) as draft:
            draft.write_bytes(kept.read_bytes())

    def _keep(self, content: bytes) -> str:
        name = _digest(content) or ""
        target = self.folder / name
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise CuratorError(f"{self.folder}: cannot be written: {error.strerror}") from error
        if not target.exists():
            with corpus.replacing(target) as draft:
                draft.write_bytes(content)
        return name

    def _add(self, action: Action) -> Action:
        self._write(asdict(action))
        self.session.append(action.id)
        return action

    def _write(self, line: dict[str, object]) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with self._file.open("a", encoding="utf-8", newline="\n") as file:
                file.write(json.dumps(line) + "\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise CuratorError(f"{self._file}: cannot be written: {error.strerror}; free some space") from error


def delete(path: Path, log: ActionLog) -> Action:
    """Remove an example's file so that `undo` brings it back byte for byte. On CuratorError the file is still there."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise MissingError(f"{path}: cannot be read: {error.strerror}; nothing was deleted") from error
    action = log.file_changed(f"deleted {'/'.join(path.parts[-2:])}", path, content, None)
    try:
        path.unlink()
    except OSError as error:
        log.forget(action)
        raise CuratorError(f"{path}: cannot be removed: {error.strerror}; nothing was deleted") from error
    return action


def _digest(content: bytes | None) -> str | None:
    return None if content is None else hashlib.sha256(content).hexdigest()
