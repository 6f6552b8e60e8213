"""Which questions and answers came before, kept in a file, so that memory does not grow with the rows."""

import json
from dataclasses import dataclass, field

from curator.rows.scratch import Scratch


@dataclass
class Asked:
    """The answers that one question was given so far: line, hash, and the line where that answer stood first."""

    line: int
    answers: list[tuple[int, bytes, int]] = field(default_factory=list)
    rows: int = 0


class Seen:
    """Questions and answers by their hashes, and which of them have been reported as alike."""

    def __init__(self, scratch: Scratch) -> None:
        self._scratch = scratch
        for table in (
            "asked (key BLOB PRIMARY KEY, line INTEGER, rows INTEGER, answers TEXT) WITHOUT ROWID",
            "answered (key BLOB PRIMARY KEY, line INTEGER) WITHOUT ROWID",
            "alike (first INTEGER, line INTEGER, PRIMARY KEY (first, line)) WITHOUT ROWID",
        ):
            scratch.run(f"CREATE TABLE {table}")

    def answered(self, key: bytes, line: int) -> int:
        """The line where an answer stood first; `line`, which is remembered, if it is new."""
        found = self._scratch.run("SELECT line FROM answered WHERE key = ?", (key,)).fetchone()
        if found:
            return int(found[0])
        self._scratch.run("INSERT INTO answered VALUES (?, ?)", (key, line))
        return line

    def asked(self, key: bytes) -> Asked | None:
        """What is known of a question; None if it is new."""
        found = self._scratch.run("SELECT line, rows, answers FROM asked WHERE key = ?", (key,)).fetchone()
        if not found:
            return None
        answers = [(line, bytes.fromhex(answer), first) for line, answer, first in json.loads(found[2])]
        return Asked(found[0], answers, found[1])

    def remember(self, key: bytes, asked: Asked) -> None:
        """Put down what is known of a question now."""
        answers = json.dumps([(line, answer.hex(), first) for line, answer, first in asked.answers])
        self._scratch.run("REPLACE INTO asked VALUES (?, ?, ?, ?)", (key, asked.line, asked.rows, answers))

    def repeated(self) -> tuple[int, int]:
        """How many questions were asked more than once, and in how many rows."""
        counted = self._scratch.run("SELECT count(*), coalesce(sum(rows), 0) FROM asked WHERE rows > 1").fetchone()
        return int(counted[0]), int(counted[1])

    def reported(self, first: int, line: int) -> None:
        """These two lines have been reported as alike."""
        self._scratch.run("INSERT OR IGNORE INTO alike VALUES (?, ?)", (first, line))

    def is_reported(self, first: int, line: int) -> bool:
        """True if these two lines have been reported as alike."""
        return bool(self._scratch.run("SELECT 1 FROM alike WHERE first = ? AND line = ?", (first, line)).fetchone())
