"""Options and small helpers that several commands share."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from curator.errors import MissingError

PATHS = click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
CORPUS = click.option("--corpus", "root", type=click.Path(path_type=Path), help="The training-data folder.")
COMPILER = click.option(
    "--compiler",
    type=click.Choice(["auto", "bbjcpl", "builtin", "bbj-ls", "none"]),
    default="auto",
    show_default=True,
    help="Who judges the BBj code: bbjcpl where it is installed, else the built-in checker.",
)
THRESHOLD = click.option(
    "--threshold", type=click.FloatRange(0.1, 1.0), default=0.7, show_default=True, help="Jaccard, 0 to 1."
)
TEXT_OR_JSON = click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)


def example_paths(paths: Sequence[Path]) -> list[Path]:
    """The example files that are meant; without `paths`, those of the nearest corpus. Raises MissingError if none."""
    from curator import corpus

    roots = list(paths) or [_relative(corpus.find_root(Path.cwd()))]
    found = corpus.example_paths(roots)
    if not found:
        raise MissingError(f"no examples in {', '.join(map(str, roots))}; begin one with: curator new")
    return found


def root_or_here() -> Path:
    """The nearest training-data folder, or the one to be made here."""
    from curator import corpus

    try:
        return _relative(corpus.find_root(Path.cwd()))
    except MissingError:
        return Path(corpus.FOLDER)


def reading(path: Path) -> Any:
    """A progress bar over the bytes of a file, on stderr; nothing where that is no terminal."""
    size = path.stat().st_size if path.is_file() else 0
    return click.progressbar(length=size, label=f"reading {path.name}", file=sys.stderr, hidden=not sys.stderr.isatty())


def _relative(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
