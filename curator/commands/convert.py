"""`curator convert`: make a dataset folder."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from curator.commands.options import (
    COMPILER,
    JOBS,
    PATHS,
    THRESHOLD,
    example_paths,
    record_of,
    shown_path,
    stages,
    told,
)
from curator.dataset.splits import CORPUS_LEDGER, LEDGER, read_ledger
from curator.errors import ExitCode, MissingError

# So much of what is wrong, or left out, is said.
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
    "--merge-license",
    "licenses",
    multiple=True,
    metavar="[SOURCE=]LICENSE",
    help="The licence of merged rows that name none, of one source or of all. Default: unknown.",
)
@click.option(
    "--splits",
    "ledger_path",
    type=click.Path(path_type=Path, dir_okay=False),
    help=f"The ledger of what stands in which split: read, and added to. Default: {CORPUS_LEDGER} in the corpus, "
    "for its examples, and the one in --out.",
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
    licenses: Sequence[str],
    ledger_path: Path | None,
    compiler: Any,
    jobs: int,
    **how: Any,
) -> ExitCode:
    """Make a dataset folder: ChatML conversations split by cluster, raw code, manifest, dataset card.

    What the ledger has placed stays in its split; only what is new is placed. Commit it to keep the split for all.
    """
    from curator import batch, chatml, corpus, output
    from curator.dataset import build as dataset
    from curator.dataset import files as dataset_files
    from curator.dataset import merge
    from curator.rows.row_checks import Options

    dataset_files.refuse_foreign(out)
    files = example_paths(paths)
    root = _corpus_of(files)
    kept = ledger_path or (root / CORPUS_LEDGER if root and (root / CORPUS_LEDGER).is_file() else None)
    known = read_ledger(kept) if kept else {}
    ledger = known if ledger_path else read_ledger(out / LEDGER) | known
    with stages() as progress:
        found = batch.check_files(files, compiler, jobs or None, progress)
        examples, _ = corpus.load(told(files, "examples read", progress))
        invalid = frozenset(d.path for d in found if d.severity == "error")
        record = record_of(files)
        states = {e.path: record.standing(e).state for e in examples} if record else {}
        of_source = {source: license_ for source, _, license_ in (word.rpartition("=") for word in licenses)}
        checks = Options(compiler, threshold=how["threshold"])
        merged = merge.read(foreign, merge_source, checks, progress, of_source, jobs or None)
        made = dataset.build(
            examples,
            invalid,
            sources,
            dataset.Options(**how | {"also": tuple(sorted(set(how["also"])))}),
            merged=merged,
            ledger=ledger,
            states=states,
            jobs=jobs or None,
            progress=progress,
        )
        manifest = dataset_files.write(made, out, root or files[0].parent, jobs=jobs or None, progress=progress)
    output.table(f"{out}", ["file", "rows"], [(name, facts["rows"]) for name, facts in manifest["files"].items()])
    _tell(made, [output.line(diagnostic) for diagnostic in found if diagnostic.severity == "error"], out)
    if kept:
        # the ledger of a corpus is for everybody: what rows and files of one's own are called stays in the folder
        ids = set(made.ledger) if ledger_path else {chatml.example_id(e.path) for e in examples} | set(known)
        now = {key: split for key, split in made.ledger.items() if key in ids}
        if now != known:
            dataset_files.write_ledger(kept, now)
            moved = f", {len(made.moved)} moved" if made.moved else ""
            output.say(f"{kept}: {len(now.keys() - known.keys())} placed anew{moved}; commit it to keep the split")
    output.say(f"content hash {manifest['content_hash']}")
    return ExitCode.FINDINGS if invalid or made.moved else ExitCode.OK


def _tell(made: Any, errors: Sequence[str], out: Path) -> None:
    """What is wrong, left out or moved, and how near the split is to its shares."""
    from curator import output

    gone = [f"left out: {r.id}: {r.reason}" + (f" ({r.partner})" if r.partner else "") for r in made.removed]
    for lines, rest in ((errors, "more errors; curator validate names all"),
                        (gone, f"more left out, all in {out / 'removed.jsonl'}")):  # fmt: skip
        for line in lines[:_SHOWN]:
            output.say(line)
        if len(lines) > _SHOWN:
            output.say(f"{len(lines) - _SHOWN} {rest}")
    for key, was in made.moved.items():
        output.say(f"moved: {key} from {was} to {made.ledger[key]}: it became near to what stands there")
    if made.balance:
        worst = max(made.balance, key=lambda group: group.off)
        whole = next(group for group in made.balance if group.group == "all")
        counts = ", ".join(f"{number} {split}" for split, number in whole.clusters.items())
        output.say(f"split: {counts} clusters; furthest from its share is {worst.group}, by {worst.off:.1f} clusters")


def _corpus_of(files: Sequence[Path]) -> Path | None:
    """The corpus that all examples stand in; None if they do not stand in one."""
    from curator import corpus

    try:
        root = corpus.find_root(files[0].parent)
    except MissingError:
        return None
    inside = all(folder.resolve().is_relative_to(root) for folder in {path.parent for path in files})
    return shown_path(root) if inside else None
