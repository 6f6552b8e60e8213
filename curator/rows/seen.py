"""Which questions and answers came before, kept in a file, so that memory does not grow with the rows."""

import json
import sqlite3
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from curator.errors import CuratorError

# Pages of the file that SQLite keeps in memory, in KiB.
_CACHE_KIB = 8192


@dataclass
class Asked:
    """The answers that one question was given so far: line, hash, and the line where that answer stood first."""

    line: int
    answers: list[tuple[int, bytes, int]] = field(default_factory=list)
    rows: int = 0


class Seen:
    """Questions and answers by their hashes, in a temporary SQLite file that vanishes with this value."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="curator-audit-")
        self._file = sqlite3.connect(Path(self._folder.name, "seen.db"), isolation_level=None)
        # nobody else reads the file and it is not wanted after a crash, so nothing has to be safe on the disk
        for command in (
            "PRAGMA journal_mode=OFF", "PRAGMA synchronous=OFF", f"PRAGMA cache_size=-{_CACHE_KIB}",
            "CREATE TABLE asked (key BLOB PRIMARY KEY, line INTEGER, rows INTEGER, answers TEXT) WITHOUT ROWID",
            "CREATE TABLE answered (key BLOB PRIMARY KEY, line INTEGER) WITHOUT ROWID",
        ):  # fmt: skip
            self._run(command)

    def answered(self, key: bytes, line: int) -> int:
        """The line where an answer stood first; `line`, which is remembered, if it is new."""
        found = self._run("SELECT line FROM answered WHERE key = ?", (key,)).fetchone()
        if found:
            return int(found[0])
        self._run("INSERT INTO answered VALUES (?, ?)", (key, line))
        return line

    def asked(self, key: bytes) -> Asked | None:
        """What is known of a question; None if it is new."""
        found = self._run("SELECT line, rows, answers FROM asked WHERE key = ?", (key,)).fetchone()
        if not found:
            return None
        answers = [(line, bytes.fromhex(answer), first) for line, answer, first in json.loads(found[2])]
        return Asked(found[0], answers, found[1])

    def remember(self, key: bytes, asked: Asked) -> None:
        """Put down what is known of a question now."""
        answers = json.dumps([(line, answer.hex(), first) for line, answer, first in asked.answers])
        self._run("REPLACE INTO asked VALUES (?, ?, ?, ?)", (key, asked.line, asked.rows, answers))

    def repeated(self) -> tuple[int, int]:
        """How many questions were asked more than once, and in how many rows."""
        count, rows = self._run("SELECT count(*), coalesce(sum(rows), 0) FROM asked WHERE rows > 1").fetchone()
        return int(count), int(rows)

    def _run(self, command: str, values: tuple[object, ...] = ()) -> sqlite3.Cursor:
        try:
            return self._file.execute(command, values)
        except sqlite3.Error as error:
            raise CuratorError(f"no temporary file: {error}; make room, or set TMPDIR") from error

    def close(self) -> None:
        """Remove the file."""
        self._file.close()
        self._folder.cleanup()
