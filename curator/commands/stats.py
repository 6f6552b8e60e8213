"""`curator stats`: what the corpus covers."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from curator.commands.options import (
    PATHS,
    TEXT_OR_JSON,
    example_paths,
)
from curator.errors import ExitCode
from curator.labels import GENERATIONS


@click.command()
@PATHS
@TEXT_OR_JSON
def stats(paths: Sequence[Path], form: str) -> ExitCode:
    """Count the corpus by label and show its gaps."""
    from curator import corpus, output
    from curator import stats as statistics

    examples, unreadable = corpus.load(example_paths(paths))
    counted = statistics.count(examples)
    if form == "json":
        output.print_json(counted.as_dict())
    else:
        _print_stats(counted)
    for diagnostic in unreadable:
        output.say(output.line(diagnostic))
    return ExitCode.FINDINGS if unreadable else ExitCode.OK


def _print_stats(counted: Any) -> None:
    from curator import output

    output.table(
        f"{counted.examples} examples, {counted.lines_of_code} lines of code, median {counted.median_lines:g}",
        ["type", *GENERATIONS],
        [(kind, *by_generation.values()) for kind, by_generation in counted.matrix.items()],
    )
    output.table("", ["topic", *GENERATIONS], [(t, *row.values()) for t, row in counted.topics.items()])
    for label in ("difficulty", "review"):
        output.print_result(f"{label}: " + ", ".join(f"{word} {n}" for word, n in counted.labels[label].items()))
    gaps = ", ".join(f"{kind} x {generation}" for kind, generation in counted.gaps)
    output.print_result(f"gaps (type x generation): {gaps or 'none'}")
