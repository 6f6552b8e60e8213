"""Checks many example files on all processors: `curator validate` over a large corpus.

A small corpus is checked in this process, since starting others costs more than it saves.
"""

from collections.abc import Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

from curator import checks, corpus, processes
from curator.diagnostic import Diagnostic, in_order
from curator.judge.compiler import CompilerChoice, judge_name
from curator.progress import Progress

# Below this, the start of other processes (0.4 s) costs more than half of the work.
PARALLEL_FROM = 2000
_CHUNK = 250


def check_files(
    paths: Sequence[Path],
    compiler: CompilerChoice = "auto",
    jobs: int | None = None,
    progress: Progress | None = None,
) -> list[Diagnostic]:
    """Everything wrong with these example files, unreadable ones included, in order of path and line.

    `jobs` is the number of processes; None takes all processors. bbjcpl gets all code in one call, so it uses one.
    `progress` is told the stage, how many files are done, and of how many.
    """
    one_call = not judge_name(compiler).startswith(("built-in", "none"))
    size = max(len(paths), 1) if one_call else _CHUNK
    chunks = [paths[start : start + size] for start in range(0, len(paths), size)]
    number = min(processes.count(jobs), len(chunks)) if len(chunks) > 1 and len(paths) >= PARALLEL_FROM else 1
    found: list[Diagnostic] = []
    done = 0
    check = partial(_check_alone, compiler=compiler)
    with closing(processes.in_order(check, chunks, number)) as parts:
        for chunk, part in zip(chunks, parts, strict=True):
            found += part
            done += len(chunk)
            if progress:
                progress("examples checked", done, len(paths))
    return in_order([*found, *checks.check_corpus([path.as_posix() for path in paths])])


def _check_alone(paths: Sequence[Path], compiler: CompilerChoice) -> list[Diagnostic]:
    examples, unreadable = corpus.load(paths)
    return [*unreadable, *checks.check_each(examples, compiler)]
