"""A temporary SQLite file: what an audit has to remember of every row stands there, so that memory does not grow.

One for each audit, in a folder that vanishes with the value. What is stored is for the modules that make the tables.
"""

import shutil
import sqlite3
import tempfile
import weakref
from collections.abc import Iterable, Sequence
from pathlib import Path

from curator.errors import CuratorError

# Pages of the file that SQLite keeps in memory, in KiB. What it sorts beyond that goes into temporary files of its own.
_CACHE_KIB = 2048


class Scratch:
    """A temporary database. It is removed by `close`, or when nobody holds the value any more."""

    def __init__(self) -> None:
        try:
            folder = tempfile.mkdtemp(prefix="curator-audit-")
            # nobody else reads the file and it is not wanted after a crash, so nothing has to be safe on the disk
            self._file = sqlite3.connect(Path(folder, "rows.db"), isolation_level=None, check_same_thread=False)
        except (OSError, sqlite3.Error) as error:
            raise CuratorError(f"no temporary file: {error}; make room, or set TMPDIR") from error
        self.close = weakref.finalize(self, _remove, self._file, folder)
        for command in ("journal_mode=OFF", "synchronous=OFF", "locking_mode=EXCLUSIVE", f"cache_size=-{_CACHE_KIB}"):
            self.run(f"PRAGMA {command}")
        self.run("BEGIN")  # and never committed: pages are written when the cache is full, not after each row

    def run(self, command: str, values: Sequence[object] = ()) -> sqlite3.Cursor:
        """Do one command. Raises CuratorError if there is no room."""
        try:
            return self._file.execute(command, values)
        except sqlite3.Error as error:
            raise CuratorError(f"no temporary file: {error}; make room, or set TMPDIR") from error

    def run_many(self, command: str, rows: Iterable[Sequence[object]]) -> None:
        """Do one command for each row of values. Raises CuratorError if there is no room."""
        try:
            self._file.executemany(command, rows)
        except sqlite3.Error as error:
            raise CuratorError(f"no temporary file: {error}; make room, or set TMPDIR") from error


def _remove(file: sqlite3.Connection, folder: str) -> None:
    file.close()
    shutil.rmtree(folder, ignore_errors=True)
