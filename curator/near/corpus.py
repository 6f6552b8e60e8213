"""The live index of a corpus folder: where it lives, and how it is kept in step with the files.

It lives in the user's cache, one folder for each corpus, never beside the examples: nothing to commit, and nothing is
lost when it is deleted. What changed behind its back is noticed by size and modification time and read again; where
only the time changed (a checkout, say), a digest of the bytes saves the reading.
"""

import hashlib
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_cache_path

from curator import corpus, processes
from curator.batch import PARALLEL_FROM
from curator.diagnostic import Diagnostic
from curator.example import Example, parse
from curator.near.files import NO_FILE, Stamp
from curator.near.index import MANY, Document, NearIndex
from curator.progress import Progress
from curator.similarity import sets, shingles

# Set it to keep indexes elsewhere (tests do).
FOLDER_VARIABLE = "BBJ_CURATOR_CACHE"

# A file changed again within the clock tick of its modification time looks unchanged. So a time as fresh as this is not
# kept as known, and the next refresh looks at the bytes (git does the same).
_FRESH_NS = 2_000_000_000

_CHUNK = 250


@dataclass(frozen=True)
class Changes:
    """What a refresh did: documents read, documents forgotten, and files that cannot be read."""

    read: int
    dropped: int
    unreadable: tuple[Diagnostic, ...] = ()


def index_folder(root: Path) -> Path:
    """Where the index of that corpus lives."""
    chosen = os.environ.get(FOLDER_VARIABLE)
    cache = Path(chosen) if chosen else user_cache_path("bbj-curator", appauthor=False)
    return cache / "near" / hashlib.blake2b(os.fsencode(root.resolve()), digest_size=12).hexdigest()


def open_index(root: Path, folder: Path | None = None) -> NearIndex:
    """The index of a corpus as it was left; empty the first time. `refresh` brings it in step."""
    return NearIndex(folder or index_folder(root), root.as_posix().rstrip("/") + "/")


def refresh(
    index: NearIndex,
    root: Path,
    known: Mapping[str, Example] | None = None,
    progress: Progress | None = None,
    jobs: int = 1,
) -> Changes:
    """Read what changed since the index last saw the corpus. `known` are examples that were read already, by path.

    `jobs` is the number of processes for very many (0: all processors). Queries go on meanwhile, on what was there.
    """
    paths = {path.as_posix(): path for path in corpus.example_paths([root])}
    stamps = index.stamps()
    vanished = [path for path in stamps if path not in paths]
    touched, changed = _compared(paths, stamps)
    if touched:
        index.apply(restamp=touched)
    if not changed and not vanished:
        index.tidy()
        return Changes(0, 0)
    known = {path: example for path, example in (known or {}).items() if path in paths}
    read = _Read()
    if len(changed) + len(vanished) > MANY or index.generation is None:
        # all that changed, also what is not known: another process may have made an index while this one waited
        if index.rebuild(read.documents(changed, known, progress, jobs), [*vanished, *changed]):
            return read.changes(len(vanished))
        read = _Read()
    index.apply(read.documents(changed, known, progress, jobs))
    gone = [*vanished, *(path for path in read.unreadable if path in stamps)]
    index.apply(drop=gone)
    index.tidy()
    return read.changes(len(vanished))


def put(index: NearIndex, example: Example) -> None:
    """An example was written: it is in the index from now on."""
    try:
        stamp = stamp_of(Path(example.path), example.text.encode())
    except OSError:  # gone again; the next refresh will see
        stamp = NO_FILE
    index.put(example.path, shingles.example_text(example), stamp)


def stamp_of(path: Path, data: bytes) -> Stamp:
    """What to keep of a file that holds `data`."""
    now = path.stat()
    fresh = time.time_ns() - now.st_mtime_ns < _FRESH_NS
    digest = int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "little", signed=True)
    return Stamp(len(data), -1 if fresh else now.st_mtime_ns, digest)


def _compared(paths: Mapping[str, Path], stamps: Mapping[str, Stamp]) -> tuple[dict[str, Stamp], list[str]]:
    """Which files have only another time than when they were read, and which are new or have other bytes."""
    touched, changed = {}, []
    for name, path in paths.items():
        old = stamps.get(name)
        if old is None:
            changed.append(name)
            continue
        try:
            now = path.stat()
            if (now.st_size, now.st_mtime_ns) == (old.size, old.mtime_ns):
                continue
            stamp = stamp_of(path, path.read_bytes())
        except OSError:
            changed.append(name)
            continue
        if stamp.digest != old.digest or stamp.size != old.size:
            changed.append(name)
        elif stamp != old:
            touched[name] = stamp
    return touched, changed


class _Read:
    """Reads documents, and keeps account of it."""

    def __init__(self) -> None:
        self.count = 0
        self.unreadable: dict[str, Diagnostic] = {}

    def documents(
        self, names: list[str], known: Mapping[str, Example], progress: Progress | None, jobs: int
    ) -> Iterator[Document]:
        """The documents of these files, one after the other."""
        for result in _all_read(names, known, jobs):
            if isinstance(result, Diagnostic):
                self.unreadable[result.path] = result
            else:
                yield result
            self.count += 1
            if progress:
                progress("indexed", self.count, len(names))

    def changes(self, dropped: int) -> Changes:
        """What was done."""
        return Changes(self.count - len(self.unreadable), dropped, tuple(self.unreadable.values()))


def _all_read(names: list[str], known: Mapping[str, Example], jobs: int) -> Iterator[Document | Diagnostic]:
    if jobs == 1 or len(names) < PARALLEL_FROM or known:
        yield from (_one_read(name, known.get(name)) for name in names)
        return
    chunks = [names[start : start + _CHUNK] for start in range(0, len(names), _CHUNK)]
    with closing(processes.in_order(_chunk_read, chunks, processes.count(jobs))) as parts:
        for part in parts:
            yield from part


def _chunk_read(names: list[str]) -> list[Document | Diagnostic]:
    return [_one_read(name, None) for name in names]


def _one_read(name: str, known: Example | None) -> Document | Diagnostic:
    path = Path(name)
    try:
        data = path.read_bytes()
        text = data.decode("utf-8")
        stamp = stamp_of(path, data)
    except (OSError, UnicodeDecodeError):
        (problem,) = corpus.load([path])[1]
        return problem
    example = known if known is not None and known.text == text else parse(text, name)
    return Document(name, sets.of_text(shingles.example_text(example)), stamp)
