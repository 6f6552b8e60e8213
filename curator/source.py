"""Reads plain BBj source files, in whatever encoding they come; tokenised programs are recognised, not read."""

from collections.abc import Iterable
from pathlib import Path

from curator.errors import MissingError

SUFFIXES = frozenset({".bbj", ".bbjt", ".bbx", ".src"})


def source_paths(paths: Iterable[Path]) -> list[Path]:
    """The BBj files that `paths` name: a file stands for itself, a folder for all BBj files below it, sorted."""
    found: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            found.update(
                dict.fromkeys(sorted(p for p in path.rglob("*") if p.suffix.lower() in SUFFIXES and not p.is_dir()))
            )
        elif path.exists():
            found[path] = None
        else:
            raise MissingError(f"{path}: no such file or folder; check the spelling")
    return list(found)


def read_source(path: Path) -> str:
    """The text of a BBj file: UTF-8 where it is, else Latin-1, which older BBj systems write. Line ends as they are.

    A tokenised program comes back as the Latin-1 reading of its bytes, which the checker recognises (E003).
    """
    data = path.read_bytes()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def is_tokenised(text: str) -> bool:
    """True for a compiled program: it starts with the marker of one, or holds NUL characters."""
    return text.startswith("<<bbj>>") or "\0" in text
