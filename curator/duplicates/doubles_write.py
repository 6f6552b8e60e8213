"""`curator dedupe --write`: the collection without its near-duplicates, and beside it what was left out and why.

Nothing is deleted: a new file or folder is made, and every document is either in it or in `removed.jsonl`.
"""

import gzip
import json
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any, cast

from curator import corpus, folders
from curator.duplicates.collection import Collection
from curator.duplicates.doubles import Doubles
from curator.errors import CuratorError
from curator.rows.foreign_rows import BadLine, read_lines

REMOVED = "removed.jsonl"
CONFLICTS = "conflicts.jsonl"


def write(collection: Collection, doubles: Doubles, out: Path) -> int:
    """Write what is kept to `out` and return the number of documents in it.

    Rows: `out` is a JSONL file (gzip if it ends in .gz) with the kept lines as they were, and the two lists stand
    beside it. Else `out` is a folder with copies of the kept files, and the lists are in it. A file or row that could
    not be read is in `removed.jsonl` too; rows with the line as it was.
    """
    removals = {r.key: r for r in doubles.removals}
    if collection.kind == "rows":
        return _rows(collection, doubles, out, removals)
    if any(path.resolve().is_relative_to(out.resolve()) for path in collection.paths):
        raise CuratorError(f"{out}: holds the files that are read; choose another folder")
    bad = {d.path: f"{d.message}; {d.hint}" if d.hint else d.message for d in doubles.bad}
    kept = 0
    with folders.replacing(out, REMOVED) as draft:
        with (draft / REMOVED).open("w", encoding="utf-8", newline="\n") as aside:
            for path in collection.paths:
                key = path.as_posix()
                if key in removals:
                    _line(
                        aside, _reason(doubles, removals[key]) | {"text": path.read_bytes().decode("utf-8", "replace")}
                    )
                elif key in bad:
                    _line(aside, {"document": key, "reason": bad[key]})
                else:
                    kept += 1
                    target = draft / path.resolve().relative_to(collection.root)
                    target.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(path, target)
        _conflicts(doubles, draft / CONFLICTS)
    return kept


def _rows(collection: Collection, doubles: Doubles, out: Path, removals: dict[str, Any]) -> int:
    aside_path, conflicts_path = out.parent / REMOVED, out.parent / CONFLICTS
    places = [*collection.paths, out, aside_path, conflicts_path]
    if len({path.resolve() for path in places}) < len(places):
        raise CuratorError(f"{out}: would replace a file that is read, or a list beside it; choose another name")
    bad = {(d.path, d.line): f"{d.message}; {d.hint}" if d.hint else d.message for d in doubles.bad}
    kept = 0
    with ExitStack() as stack:
        kept_file = stack.enter_context(_bytes(stack.enter_context(corpus.replacing(out)), out.suffix == ".gz"))
        draft = stack.enter_context(corpus.replacing(aside_path))
        aside = stack.enter_context(draft.open("w", encoding="utf-8", newline="\n"))
        _conflicts(doubles, stack.enter_context(corpus.replacing(conflicts_path)))
        for path in collection.paths:
            for line in read_lines(path):
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
                    kept_file.write(raw if raw.endswith(b"\n") else raw + b"\n")
    return kept


def _reason(doubles: Doubles, removal: Any) -> dict[str, object]:
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
    file.write(json.dumps(value, ensure_ascii=False) + "\n")


@contextmanager
def _bytes(path: Path, zipped: bool) -> Iterator[IO[bytes]]:
    """A file to write bytes to; gzip without the time, so that the same rows give the same bytes."""
    with path.open("wb") as plain:
        if not zipped:
            yield plain
            return
        with gzip.GzipFile(filename="", fileobj=plain, mode="wb", mtime=0) as packed:
            yield cast(IO[bytes], packed)
