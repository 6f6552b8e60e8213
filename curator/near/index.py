"""The live index: draft text in, verified answers out, over up to millions of documents. Single-threaded, NumPy only.

What was there when the index was made stands in a generation of mapped files (files.py); what came since stands
in memory and in a log that all processes share (log.py). When that has grown, both become the next generation.
A reader never waits: it goes on with the files it has mapped until it sees that there are newer ones.

Counts are of 64-bit shingle hashes: that two different shingles of a draft and of 10**9 stored ones have the same hash
has a chance of 1 in 10**8. docs/near-index.md has the guarantees and the figures.
"""

import re
import shutil
import threading
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from curator.locking import locked
from curator.near import build as near_build
from curator.near import log as near_log
from curator.near import query as near_query
from curator.near.answers import AT_LEAST, FEWEST_SHINGLES, NEAR, Neighbour
from curator.near.files import NO_FILE, Damaged, Generation, Hashes, Stamp
from curator.near.log import Kind, Record
from curator.similarity import sets

LOCK = "writer.lock"

# Changes that are kept in memory before they become part of the files: some 50 MB, read in some 50 ms.
MANY = 1000

_LOG_BYTES = 1 << 24

_NAME = re.compile(r"g\d{8}")


@dataclass(frozen=True)
class Document:
    """What is indexed: a path, the hashes of its text (`sets.of_text`), and what its file was like."""

    path: str
    hashes: Hashes
    stamp: Stamp = NO_FILE


class NearIndex:
    """An index in a folder, shared with other processes; without a folder, in memory only.

    `prefix` stands in front of every path that goes in or comes out, and is not stored.
    `trouble` says why the files could not be used or written; the answers then come from memory, and stay right as
    long as this process lives.
    """

    def __init__(self, folder: Path | None = None, prefix: str = "") -> None:
        self.folder = folder
        self.prefix = prefix
        self.trouble = ""
        self.budget = near_query.BUDGET
        self._lock = threading.RLock()
        self._waiting: list[Record] = []  # done in memory, not yet in the log
        self._offset = 0  # where the part of the log ends that was read
        self._damaged: set[str] = set()
        self._start(None)
        if folder is not None:
            self._catch_up()

    def __len__(self) -> int:
        with self._lock:
            known = self._base.documents - int(self._gone.sum()) if self._base else 0
            return known + len(self._recent.documents)

    # ------------------------------------------------------------------ asking

    def query(
        self, text: str, limit: int = 5, without: str = "", strong: float = NEAR, at_least: float = AT_LEAST
    ) -> list[Neighbour]:
        """The nearest documents, best first (`Neighbour.rank`), at most `limit`; `without` is the draft's own path.

        None is left out that has Jaccard or containment of `strong` or more. Weaker ones are listed down to a
        containment of `at_least`; of those, documents that share nothing but very frequent shingles may be missing
        (`near_query.BUDGET`).
        """
        wanted = sets.of_text(text)
        if len(wanted) < FEWEST_SHINGLES:
            return []
        level = near_query.Level(strong, at_least)
        with self._lock:
            self._catch_up()
            hidden = self._stored(without) if without else None
            recent = self._recent.shared(wanted)
            found = [
                self._neighbour(path, len(wanted), shared, len(self._recent.documents[path].hashes))
                for path, shared in recent.items()
                if shared / len(wanted) >= at_least and path != hidden
            ]
            if self._base is not None:
                found += self._in_base(wanted, level, limit, hidden)
        return sorted(found, key=lambda n: n.rank(strong))[:limit]

    def _in_base(self, wanted: Hashes, level: near_query.Level, limit: int, hidden: str | None) -> list[Neighbour]:
        base = self._base
        assert base is not None
        own = base.find(hidden) if hidden else None
        # The draft's own document is asked for too and left out after: cheaper than a mask of its own.
        found = near_query.search(base, wanted, self._gone, level, limit + (own is not None), self.budget)
        return [
            self._neighbour(base.path(document), len(wanted), shared, size)
            for document, shared, size in zip(*(part.tolist() for part in found), strict=True)
            if document != own
        ]

    def _neighbour(self, path: str, n: int, shared: int, size: int) -> Neighbour:
        return Neighbour(self.prefix + path, shared / (n + size - shared), shared / n)

    def stamps(self) -> dict[str, Stamp]:
        """What is known of the file of every document."""
        with self._lock:
            self._catch_up()
            known: dict[str, Stamp] = {}
            if self._base is not None:
                rows = self._base.stamps.tolist()
                known = {self._base.path(d): Stamp(*rows[d]) for d in np.flatnonzero(~self._gone).tolist()}
            known |= {path: stamp for path, stamp in self._restamped.items() if path in known}
            known |= {path: document.stamp for path, document in self._recent.documents.items()}
            return {self.prefix + path: stamp for path, stamp in known.items()}

    # ------------------------------------------------------------------ changing

    def put(self, path: str, text: str, stamp: Stamp = NO_FILE) -> None:
        """Add a document, or replace the one of that path. In memory at once; in the log unless another one writes."""
        self.apply([Document(path, sets.of_text(text), stamp)])

    def drop(self, path: str) -> None:
        """Forget a document; nothing happens if it is not there."""
        self.apply(drop=[path])

    def apply(
        self, put: Iterable[Document] = (), drop: Iterable[str] = (), restamp: Mapping[str, Stamp] | None = None
    ) -> None:
        """Several changes at once, in memory and in the log. For very many use `rebuild`."""
        records = [Record(Kind.PUT, self._stored(d.path), d.stamp, d.hashes) for d in put]
        records += [Record(Kind.DROP, self._stored(path)) for path in drop]
        records += [Record(Kind.STAMP, self._stored(path), stamp) for path, stamp in (restamp or {}).items()]
        with self._lock:
            for record in records:
                self._take(record)
            if self.folder is not None:
                self._waiting += records
        self.flush(0)

    def flush(self, wait_s: float = 5.0) -> bool:
        """Write to the log what only this process knows; False if another one kept writing, or the disk refused."""
        if not self._waiting:
            return True
        try:
            with self._writing(wait_s) as mine, self._lock:
                if not mine:
                    return False
                self._catch_up()
                log = self._base.folder / near_log.NAME if self._base else None
                if log is not None and log.exists():
                    self._offset = near_log.append(log, self._offset, self._waiting)
                    self._waiting = []
                else:  # the first one, or somebody has cleared the cache
                    self._publish((), ())
        except OSError as error:
            self._cannot_write(error)
            return False
        return True

    def rebuild(self, documents: Iterable[Document] = (), drop: Collection[str] = (), wait_s: float = 60.0) -> bool:
        """Make the next generation of what is known and of `documents`, which are streamed; queries go on meanwhile.

        `drop` are paths to forget, among them those of `documents` that are known already. False, and nothing has
        changed, if there is no folder, another process kept writing for `wait_s`, or the disk refused.
        """
        if self.folder is None:
            return False
        try:
            with self._writing(wait_s) as mine:
                if mine:
                    with self._lock:
                        self._catch_up()
                    self._publish(documents, drop)
                return mine
        except OSError as error:
            self._cannot_write(error)
            return False

    def tidy(self, wait_s: float = 60.0) -> None:
        """Make a new generation if there have been many changes since the last one."""
        if self._base is not None and (len(self._recent.documents) > MANY or self._offset > _LOG_BYTES):
            self.rebuild(wait_s=wait_s)

    def _take(self, record: Record) -> None:
        """Do in memory what a record says."""
        if record.kind is Kind.STAMP:
            if not self._recent.restamp(record.path, record.stamp):
                self._restamped[record.path] = record.stamp
            return
        self._recent.drop(record.path)
        document = self._base.find(record.path) if self._base else None
        if document is not None:
            self._gone[document] = True
        if record.kind is Kind.PUT:
            self._recent.put(Document(record.path, record.hashes, record.stamp))

    # ------------------------------------------------------------------ files

    @property
    def generation(self) -> Generation | None:
        """The files in use."""
        return self._base

    def _start(self, base: Generation | None) -> None:
        """Forget all and begin with `base`; nothing of its log is read yet."""
        self._base = base
        self._gone = np.zeros(base.documents if base else 0, bool)
        self._recent = _Recent()
        self._restamped: dict[str, Stamp] = {}
        self._offset = 0

    def _catch_up(self) -> None:
        """Go on to the newest generation and read what others have added to its log; some 20 µs if there is nothing.

        The first generation that is opened is checked byte by byte, later ones, which a process that lives has just
        made, by their lengths. A damaged one is left alone from then on; the next writer removes it.
        """
        if self.folder is None:
            return
        while (name := max(self._generations() - self._damaged, default=None)) is not None:
            try:
                if self._base is None or name != self._base.folder.name:
                    self._start(Generation(self.folder / name, verify=self._base is None))
                    self._read_log()
                    for record in self._waiting:
                        self._take(record)
                else:
                    self._read_log()
                return
            except FileNotFoundError as error:
                if max(self._generations(), default=None) == name:  # else it had a successor, and was removed
                    self._cannot_read(name, error)
            except (Damaged, OSError) as error:
                self._cannot_read(name, error)

    def _read_log(self) -> None:
        assert self._base is not None
        path = self._base.folder / near_log.NAME
        length = path.stat().st_size
        if length == self._offset:
            return
        again = length < self._offset  # not what it was: all of it again
        if again:
            self._start(self._base)
        records, self._offset = near_log.read(path, self._offset)
        for record in [*records, *self._waiting] if again else records:
            self._take(record)

    def _publish(self, documents: Iterable[Document], drop: Collection[str]) -> None:
        """Write the next generation and go on to it. Only under the writer lock."""
        assert self.folder is not None
        with self._lock:
            base, recent, restamped = self._base, dict(self._recent.documents), dict(self._restamped)
            gone, written = set(np.flatnonzero(self._gone).tolist()), len(self._waiting)
        for path in map(self._stored, drop):
            recent.pop(path, None)
            document = base.find(path) if base else None
            if document is not None:
                gone.add(document)
        for left in self.folder.glob(".new-*"):  # of a process that was killed: only the writer makes them
            shutil.rmtree(left, ignore_errors=True)
        old = self._generations()
        target = self.folder / f"g{int(max(old, default='g0')[1:]) + 1:08}"
        with near_build.Builder(self.folder, base, gone) as builder:
            builder.restamp(restamped)
            for d in recent.values():
                builder.add(d.path, d.hashes, d.stamp)
            for d in documents:
                if self._stored(d.path) not in recent:  # else it was put meanwhile, and that is the newer one
                    builder.add(self._stored(d.path), d.hashes, d.stamp)
            builder.publish(target)
        made = Generation(target, verify=False)
        with self._lock:
            del self._waiting[:written]
            self._start(made)
            for record in self._waiting:
                self._take(record)
            self.trouble = ""
        for name in old:
            near_build.remove(self.folder / name)

    @contextmanager
    def _writing(self, wait_s: float) -> Iterator[bool]:
        """Hold the writer lock; yields False if another process kept it that long."""
        assert self.folder is not None
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with locked(self.folder / LOCK, wait_s) as mine:
            yield mine

    def _generations(self) -> set[str]:
        assert self.folder is not None
        try:
            return {path.name for path in self.folder.iterdir() if _NAME.fullmatch(path.name)}
        except OSError:
            return set()

    def _cannot_read(self, name: str, error: Exception) -> None:
        self._damaged.add(name)
        self.trouble = str(error)

    def _cannot_write(self, error: OSError) -> None:
        self.trouble = f"{self.folder}: the index cannot be written: {error.strerror}; it is kept in memory only"

    def _stored(self, path: str) -> str:
        return path.removeprefix(self.prefix)


class _Recent:
    """The documents of the last hours, in dictionaries. They are few; see MANY."""

    def __init__(self) -> None:
        self.documents: dict[str, Document] = {}
        self._paths_with: dict[int, list[str]] = {}

    def put(self, document: Document) -> None:
        """Add a document that is not there."""
        self.documents[document.path] = document
        for value in document.hashes.tolist():
            self._paths_with.setdefault(value, []).append(document.path)

    def drop(self, path: str) -> None:
        """Forget a document, if it is there."""
        document = self.documents.pop(path, None)
        for value in document.hashes.tolist() if document else ():
            holders = self._paths_with[value]
            holders.remove(path)
            if not holders:
                del self._paths_with[value]

    def restamp(self, path: str, stamp: Stamp) -> bool:
        """Change what is known of a document's file; False if the document is not here."""
        if path not in self.documents:
            return False
        self.documents[path] = Document(path, self.documents[path].hashes, stamp)
        return True

    def shared(self, wanted: Hashes) -> Counter[str]:
        """How many of these shingles each document has that has any."""
        if not self.documents:
            return Counter()
        return Counter(path for value in wanted.tolist() for path in self._paths_with.get(value, ()))
