"""Checks many example files on all processors: `curator validate` over a large corpus.

A small corpus is checked in this process, since starting others costs more than it saves.
"""

import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path

from curator import checks, corpus
from curator.diagnostic import Diagnostic, in_order
from curator.judge.compiler import CompilerChoice, judge_name

# Below this, the start of a second process (0.2 s) costs more than half of the work.
PARALLEL_FROM = 1000
_CHUNK = 250


def check_files(
    paths: Sequence[Path],
    compiler: CompilerChoice = "auto",
    jobs: int | None = None,
    progress: Callable[[str, int, int | None], None] | None = None,
) -> list[Diagnostic]:
    """Everything wrong with these example files, unreadable ones included, in order of path and line.

    `jobs` is the number of processes; None takes all processors. bbjcpl gets all code in one call, so it uses one.
    `progress` is told the stage, how many files are done, and of how many.
    """
    jobs = jobs or len(os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1))
    parts: Iterable[list[Diagnostic]]
    chunks = [paths[start : start + _CHUNK] for start in range(0, len(paths), _CHUNK)]
    with ExitStack() as stack:
        if not judge_name(compiler).startswith(("built-in", "none")):
            parts, chunks = [_check_alone(paths, compiler)], [paths]
        elif jobs == 1 or len(paths) < PARALLEL_FROM:
            parts = (_check_alone(chunk, compiler) for chunk in chunks)
        else:
            from concurrent.futures import ProcessPoolExecutor  # 30 ms that a hook does not need

            pool = stack.enter_context(ProcessPoolExecutor(jobs))
            parts = pool.map(_check_alone, chunks, [compiler] * len(chunks))
        found, done = [], 0
        for chunk, part in zip(chunks, parts, strict=True):
            found += part
            done += len(chunk)
            if progress:
                progress("examples checked", done, len(paths))
    return in_order([*found, *checks.check_corpus([path.as_posix() for path in paths])])


def _check_alone(paths: Sequence[Path], compiler: CompilerChoice) -> list[Diagnostic]:
    examples, unreadable = corpus.load(paths)
    return [*unreadable, *checks.check_each(examples, compiler)]
