"""`curator convert`: make a dataset folder."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from curator.commands.options import (
    COMPILER,
    PATHS,
    THRESHOLD,
    example_paths,
)
from curator.errors import ExitCode


@click.command()
@PATHS
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The dataset folder to make or replace.")
@click.option("--source", "sources", multiple=True, type=click.Path(path_type=Path), help="Plain BBj for stage 1.")
@click.option("--validation-share", type=click.FloatRange(0, 0.5), default=0.1, show_default=True)
@click.option("--test-share", type=click.FloatRange(0, 0.5), default=0.1, show_default=True)
@THRESHOLD
@click.option("--keep-duplicates", is_flag=True, help="Keep near-duplicates, in one split.")
@COMPILER
def convert(
    paths: Sequence[Path],
    out: Path,
    sources: Sequence[Path],
    validation_share: float,
    test_share: float,
    threshold: float,
    keep_duplicates: bool,
    compiler: Any,
) -> ExitCode:
    """Make a dataset folder: ChatML conversations split by cluster, raw code, manifest, dataset card."""
    from curator import checks, corpus, dataset, output

    files = example_paths(paths)
    examples, unreadable = corpus.load(files)
    found = [*unreadable, *checks.check_examples(examples, compiler)]
    invalid = frozenset(d.path for d in found if d.severity == "error")
    options = dataset.Options(validation_share, test_share, threshold, keep_duplicates)
    made = dataset.build(examples, invalid, sources, options)
    manifest = dataset.write(made, out, options, files[0].parent)
    output.table(f"{out}", ["file", "rows"], [(f"{name}.jsonl", len(rows)) for name, rows in made.rows.items()])
    for removed in made.removed:
        output.say(f"left out: {removed.id}: {removed.reason}" + (f" ({removed.partner})" if removed.partner else ""))
    output.say(f"content hash {manifest['content_hash']}")
    for diagnostic in found:
        if diagnostic.severity == "error":
            output.say(output.line(diagnostic))
    return ExitCode.FINDINGS if invalid else ExitCode.OK
