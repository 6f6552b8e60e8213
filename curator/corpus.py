"""The only door to `training-data/`: finds, reads and writes examples. No other module touches those files."""

import os
import re
import tempfile
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from curator.diagnostic import Diagnostic, Severity
from curator.errors import CuratorError, MissingError
from curator.example import Example, parse
from curator.labels import TOPICS

FOLDER = "training-data"

# Markdown files in a corpus that are about it, not part of it.
NOT_EXAMPLES = frozenset({"README.md", "FORMAT.md", "CONTRIBUTING.md"})


def find_root(start: Path) -> Path:
    """The nearest `training-data` folder: `start` itself, inside it, or beside one of its parents."""
    start = start.resolve()
    for folder in (start, *start.parents):
        if folder.name == FOLDER and folder.is_dir():
            return folder
        if (folder / FOLDER).is_dir():
            return folder / FOLDER
    raise MissingError(f"no {FOLDER}/ folder in {start} or above it; give the folder, or create one with: curator new")


def example_paths(paths: Iterable[Path]) -> list[Path]:
    """The example files that `paths` name: a file stands for itself, a folder for all examples below it, sorted."""
    found: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            inside = (p for p in path.rglob("*.md") if p.name not in NOT_EXAMPLES)
            found.update(dict.fromkeys(sorted(p for p in inside if not _hidden(p.relative_to(path)))))
        elif path.exists():
            found[path] = None
        else:
            raise MissingError(f"{path}: no such file or folder; check the spelling")
    return list(found)


def read(path: Path) -> Example:
    """Read one example, byte for byte. Raises UnicodeDecodeError if it is not UTF-8, OSError if it cannot be read."""
    return parse(path.read_bytes().decode("utf-8"), path.as_posix())


def load(paths: Iterable[Path]) -> tuple[list[Example], list[Diagnostic]]:
    """Read many examples; a file that cannot be read becomes a diagnostic and does not stop the others."""
    examples, problems = [], []
    for path in paths:
        try:
            examples.append(read(path))
        except UnicodeDecodeError as error:
            problems.append(_not_utf8(path, error))
        except OSError as error:
            reason = error.strerror or "cannot be read"
            problems.append(Diagnostic(path.as_posix(), 1, 1, "E002", Severity.ERROR, f"cannot be read: {reason}"))
    return examples, problems


def write(path: Path, text: str) -> None:
    """Write an example so that a reader, or a crash, sees either the old text or the new one. Line ends as given."""
    with replacing(path) as draft:
        draft.write_bytes(text.encode("utf-8"))


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary file beside `path` that takes its place if the block ends well, and vanishes if it does not."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    except OSError as error:
        raise CuratorError(f"{path}: cannot be written: {error.strerror}; choose another folder") from error
    os.close(handle)
    draft = Path(name)
    try:
        yield draft
        if path.exists():
            draft.chmod(path.stat().st_mode & 0o777)
        else:
            draft.chmod(0o666 & ~_umask())
        with draft.open("rb") as written:
            os.fsync(written.fileno())
        draft.replace(path)
    except OSError as error:
        raise CuratorError(f"{path}: cannot be written: {error.strerror}; the old file is untouched") from error
    finally:
        draft.unlink(missing_ok=True)


def new_path(root: Path, topic: str, title: str) -> Path:
    """Where an example of that title belongs: `<root>/<topic>/<slug>.md`, with a number if the name is taken."""
    if topic not in TOPICS:
        raise CuratorError(f'unknown topic "{topic}"; choose one of {", ".join(TOPICS)}')
    slug = slugify(title)
    if not slug:
        raise CuratorError(f'the title "{title}" gives no file name; use at least one letter')
    path = root / topic / f"{slug}.md"
    if not inside(root, path):
        raise CuratorError(f"{root / topic} leads out of {root}; make it a folder of its own")
    number = 2
    while path.exists():
        path = root / topic / f"{slug}-{number}.md"
        number += 1
    return path


def inside(root: Path, path: Path) -> bool:
    """True if a file of that path stands in the corpus, links followed."""
    return path.parent.resolve().is_relative_to(root.resolve())


def slugify(title: str) -> str:
    """A title as a kebab-case file name: ASCII, no digits in front. "" if nothing is left."""
    title = title.replace("ß", "ss")
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-").lstrip("0123456789-")[:60].rstrip("-")


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _not_utf8(path: Path, error: UnicodeDecodeError) -> Diagnostic:
    before = error.object[: error.start]
    line = before.count(b"\n") + 1
    column = len(before) - (before.rfind(b"\n") + 1) + 1
    return Diagnostic(
        path.as_posix(), line, column, "E001", Severity.ERROR,
        f"not UTF-8: byte 0x{error.object[error.start]:02X}",
        "save the file as UTF-8 (most editors: Save with encoding)",
    )  # fmt: skip
