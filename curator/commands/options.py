"""Options and small helpers that several commands share."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from curator.errors import MissingError
from curator.near.answers import NEAR

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
    "--threshold", type=click.FloatRange(0.1, 1.0), default=NEAR, show_default=True, help="Jaccard, 0 to 1."
)
JOBS = click.option(
    "--jobs", type=click.IntRange(0), default=0, show_default="all processors", help="How much is done at a time."
)
TEXT_OR_JSON = click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)


def example_paths(paths: Sequence[Path]) -> list[Path]:
    """The example files that are meant; without `paths`, those of the nearest corpus. Raises MissingError if none."""
    from curator import corpus

    roots = list(paths) or [shown_path(corpus.find_root(Path.cwd()))]
    found = corpus.example_paths(roots)
    if not found:
        raise MissingError(f"no examples in {', '.join(map(str, roots))}; begin one with: curator new")
    return found


def record_of(files: Sequence[Path]) -> Any:
    """The record of the review of the corpus that these examples are in; None outside of one."""
    from curator import corpus
    from curator.review import log as review_log

    try:
        return review_log.read(corpus.find_root(files[0].parent))
    except MissingError:
        return None


def root_or_here() -> Path:
    """The nearest training-data folder, or the one to be made here."""
    from curator import corpus

    try:
        return shown_path(corpus.find_root(Path.cwd()))
    except MissingError:
        return Path(corpus.FOLDER)


@contextmanager
def stages() -> Iterator[Callable[[str, int, int | None], None] | None]:
    """Shows on stderr how far each stage of a long job is; None where that is no terminal.

    To be called with the stage, how much is done, and of how much (None: not known).
    """
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console  # 60 ms that a pipe need not pay
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, Any] = {}

        def tell(stage: str, done: int, total: int | None) -> None:
            if stage not in tasks:
                for task in bars.tasks:  # whose end was not known has come to it
                    bars.update(task.id, total=task.completed if task.total is None else task.total)
                tasks[stage] = bars.add_task(stage, total=total)
            bars.update(tasks[stage], completed=done, total=total)

        yield tell


def told(paths: Sequence[Path], stage: str, progress: Callable[[str, int, int | None], None] | None) -> Iterator[Path]:
    """The paths, while `progress` is told how many of them were taken."""
    for number, path in enumerate(paths):
        if progress and number % 100 == 0:
            progress(stage, number, len(paths))
        yield path


def shown_path(path: Path) -> Path:
    """A path as short as it can be said: relative where it is below the working folder."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
