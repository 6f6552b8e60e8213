"""`curator dedupe --write`: the collection without its near-duplicates, and beside it what was left out and why.

Nothing is deleted: a new file or folder is made, and every document is either in it or in `removed.jsonl`.
"""

import gzip
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import IO, cast

from curator import corpus, folders
from curator.duplicates.collection import Collection
from curator.duplicates.doubles import Doubles
from curator.errors import CuratorError
from curator.progress import Progress
from curator.rows.foreign_rows import BadLine, read_lines
from curator.similarity.stars import Removal
from curator.source import read_source

REMOVED = "removed.jsonl"
CONFLICTS = "conflicts.jsonl"
# Documents between two reports of progress.
_STEP = 1000


def write(collection: Collection, doubles: Doubles, out: Path, progress: Progress | None = None) -> int:
    """Write what is kept to `out` and return the number of documents in it.

    Rows: `out` is a JSONL file (gzip if it ends in .gz) with the kept lines as they were, and the two lists stand
    beside it. Else `out` is a folder with copies of the kept files, and the lists are in it. A file or row that could
    not be read is in `removed.jsonl` too; rows with the line as it was. Raises CuratorError if something else stands
    there, or the disk is full.
    """
    check(collection, out)
    removals = {r.key: r for r in doubles.removals}
    if collection.kind == "rows":
        return _rows(collection, doubles, out, removals, progress)
    bad = {d.path: f"{d.message}; {d.hint}" if d.hint else d.message for d in doubles.bad}
    kept = 0
    with folders.replacing(out, REMOVED) as draft:
        with (draft / REMOVED).open("w", encoding="utf-8", newline="\n") as aside:
            for number, path in enumerate(collection.paths, 1):
                if progress and number % _STEP == 0:
                    progress("written", number, len(collection.paths))
                key = path.as_posix()
                if key in removals:
                    _line(aside, _reason(doubles, removals[key]) | {"text": read_source(path)})
                elif key in bad:
                    _line(aside, {"document": key, "reason": bad[key]})
                else:
                    kept += 1
                    target = draft / collection.place(path)
                    target.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(path, target)
        _conflicts(doubles, draft / CONFLICTS)
    return kept


def check(collection: Collection, out: Path) -> None:
    """Raises CuratorError if `write` would not write there: to be asked before the comparison."""
    if collection.kind != "rows":
        if any(path.resolve().is_relative_to(out.resolve()) for path in collection.paths):
            raise CuratorError(f"{out}: holds the files that are read; choose another folder")
        folders.check(out, REMOVED)
        ours = {collection.place(path) for path in collection.paths} | {Path(REMOVED), Path(CONFLICTS)}
        found = {path.relative_to(out) for path in out.rglob("*") if not path.is_dir()} if out.is_dir() else set()
        if strange := sorted(found - ours):
            raise CuratorError(f"{out}: holds {strange[0]}, which would be lost; move it, or choose another folder")
        return
    removed = out.parent / REMOVED
    places = [*collection.paths, out, removed, out.parent / CONFLICTS]
    if len({path.resolve() for path in places}) < len(places):
        raise CuratorError(f"{out}: would replace a file that is read, or a list beside it; choose another name")
    if out.exists() != removed.exists():  # the one is not of the other's run
        there = out if out.exists() else removed
        raise CuratorError(f"{there}: is there already and not made by this run; choose another folder")


def _rows(
    collection: Collection, doubles: Doubles, out: Path, removals: dict[str, Removal], progress: Progress | None
) -> int:
    with (
        corpus.replacing(out.parent / CONFLICTS) as conflicts,
        corpus.replacing(out.parent / REMOVED) as removed,
        corpus.replacing(out) as kept,
    ):
        _conflicts(doubles, conflicts)
        # All is written before the first file takes its place: what fails, fails here.
        with _bytes(kept, out.suffix == ".gz") as rows, removed.open("w", encoding="utf-8", newline="\n") as aside:
            return _divided(collection, doubles, removals, rows, aside, progress)


def _divided(
    collection: Collection,
    doubles: Doubles,
    removals: dict[str, Removal],
    rows: IO[bytes],
    aside: IO[str],
    progress: Progress | None,
) -> int:
    """Every line of the collection into one of the two files; returns how many are kept."""
    bad = {(d.path, d.line): f"{d.message}; {d.hint}" if d.hint else d.message for d in doubles.bad}
    kept = lines = 0
    for path in collection.paths:
        for line in read_lines(path):
            lines += 1
            if progress and lines % _STEP == 0:
                progress("written", lines, doubles.documents + len(doubles.bad))
            if isinstance(line, BadLine):
                why = f"{line.why}; {line.hint}"
                _line(aside, {"document": f"{path.as_posix()}:{line.line}", "reason": why, "raw": line.raw})
                continue
            key, raw = f"{path.as_posix()}:{line.number}", line.data
            if key in removals:
                _line(aside, _reason(doubles, removals[key]) | {"row": json.loads(raw.decode("utf-8-sig"))})
            elif why := bad.get((path.as_posix(), line.number), ""):
                text = raw.decode("utf-8", "backslashreplace").rstrip("\r\n")
                _line(aside, {"document": key, "reason": why, "raw": text})
            else:
                kept += 1
                raw = raw.removeprefix(b"\xef\xbb\xbf")  # it may now stand in the middle
                rows.write(raw if raw.endswith(b"\n") else raw + b"\n")
    return kept


def _reason(doubles: Doubles, removal: Removal) -> dict[str, object]:
    shared = doubles.passages[removal.key]
    return {
        "document": removal.key,
        "reason": f"near-duplicate: {removal.why}",
        "partner": removal.partner,
        "jaccard": round(removal.similarity, 6),
        "shared": asdict(shared),
    }


def _conflicts(doubles: Doubles, path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for conflict in doubles.conflicts:
            _line(file, asdict(conflict))


def _line(file: IO[str], value: object) -> None:
    text = json.dumps(value, ensure_ascii=False)
    file.write(text.encode("utf-8", "backslashreplace").decode("utf-8") + "\n")  # a file name may be no UTF-8


@contextmanager
def _bytes(path: Path, zipped: bool) -> Iterator[IO[bytes]]:
    """A file to write bytes to; gzip without the time, so that the same rows give the same bytes."""
    with path.open("wb") as plain:
        if not zipped:
            yield plain
            return
        with gzip.GzipFile(filename="", fileobj=plain, mode="wb", mtime=0) as packed:
            yield cast(IO[bytes], packed)
