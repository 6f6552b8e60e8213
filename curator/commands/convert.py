"""`curator convert`: make a dataset folder."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from curator.commands.options import COMPILER, JOBS, PATHS, THRESHOLD, example_paths, record_of, stages
from curator.errors import ExitCode

# So much of what is left out is said; removed.jsonl has all of it.
_SHOWN = 50


@click.command()
@PATHS
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The dataset folder to make or replace.")
@click.option("--source", "sources", multiple=True, type=click.Path(path_type=Path), help="Plain BBj for stage 1.")
@click.option(
    "--merge", "foreign", multiple=True, type=click.Path(path_type=Path), help="Rows that others made, as JSONL."
)
@click.option("--merge-source", default="", help="What to call their source. Default: the file's name.")
@click.option(
    "--splits",
    "ledger_path",
    type=click.Path(path_type=Path),
    help="The ledger of what stands in which split: read, and added to. Default: the one in --out.",
)
@click.option(
    "--also", multiple=True, type=click.Choice(["alpaca", "sharegpt"]), help="Write the rows in this form too."
)
@click.option("--validation-share", type=click.FloatRange(0, 0.5), default=0.1, show_default=True)
@click.option("--test-share", type=click.FloatRange(0, 0.5), default=0.1, show_default=True)
@THRESHOLD
@click.option("--keep-duplicates", is_flag=True, help="Keep near-duplicates, in one split.")
@COMPILER
@JOBS
def convert(
    paths: Sequence[Path],
    out: Path,
    sources: Sequence[Path],
    foreign: Sequence[Path],
    merge_source: str,
    ledger_path: Path | None,
    compiler: Any,
    jobs: int,
    **how: Any,
) -> ExitCode:
    """Make a dataset folder: ChatML conversations split by cluster, raw code, manifest, dataset card.

    What the ledger has placed stays in its split; only what is new is placed. Commit it to keep the split for all.
    """
    from curator import batch, corpus, output
    from curator.dataset import build as dataset
    from curator.dataset import files as dataset_files
    from curator.dataset import merge, splits
    from curator.rows.row_checks import Options

    files = example_paths(paths)
    ledger_path = ledger_path or out / splits.LEDGER
    ledger = splits.read_ledger(ledger_path)
    with stages() as progress:
        found = batch.check_files(files, compiler, jobs or None, progress)
        examples, _ = corpus.load(files)
        invalid = frozenset(d.path for d in found if d.severity == "error")
        record = record_of(files)
        states = {e.path: record.standing(e).state for e in examples} if record else {}
        merged = merge.read(foreign, merge_source, Options(compiler, threshold=how["threshold"]), progress)
        made = dataset.build(
            examples,
            invalid,
            sources,
            dataset.Options(**how),
            merged=merged,
            ledger=ledger,
            states=states,
            jobs=jobs or None,
            progress=progress,
        )
        manifest = dataset_files.write(made, out, files[0].parent, jobs=jobs or None, progress=progress)
        if ledger_path.parent.resolve() != out.resolve():
            corpus.write(ledger_path, (out / splits.LEDGER).read_text("utf-8"))
    output.table(f"{out}", ["file", "rows"], [(name, facts["rows"]) for name, facts in manifest["files"].items()])
    for removed in made.removed[:_SHOWN]:
        output.say(f"left out: {removed.id}: {removed.reason}" + (f" ({removed.partner})" if removed.partner else ""))
    if len(made.removed) > _SHOWN:
        output.say(f"left out: {len(made.removed) - _SHOWN} more, all in {out / 'removed.jsonl'}")
    for key, was in made.moved.items():
        output.say(f"moved: {key} from {was} to {made.ledger[key]}: it became near to what stands there")
    output.say(f"content hash {manifest['content_hash']}")
    for diagnostic in found:
        if diagnostic.severity == "error":
            output.say(output.line(diagnostic))
    return ExitCode.FINDINGS if invalid else ExitCode.OK
