"""`curator dedupe`: near-duplicates."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from curator.commands.options import COMPILER, JOBS, PATHS, TEXT_OR_JSON, THRESHOLD, root_or_here, stages
from curator.errors import ExitCode

# Of a passage so much is shown on the terminal; JSON and removed.jsonl have all of it.
_SHOWN = 90
# So many messages about what could not be read are shown: a field that no row has gives one for each row.
_MOST_BAD = 20
# From so many documents on one waits long enough to be told why.
_MANY = 100_000


@click.command()
@PATHS
@click.option("--kind", type=click.Choice(["examples", "files", "rows"]), help="What PATHS hold, if not clear.")
@click.option("--field", "row_field", default="", metavar="NAME", help='The text in a row, as "code" or "meta.text".')
@THRESHOLD
@click.option(
    "--engine",
    type=click.Choice(["exact", "lsh", "dask"]),
    default="exact",
    show_default=True,
    help="exact finds every pair; lsh proposes pairs by MinHash and checks them; dask is exact on many machines.",
)
@click.option("--scheduler", default="", metavar="ADDRESS", help="Of dask, as tcp://host:8786. Default: one made here.")
@click.option("--shared", type=click.Path(path_type=Path), help="Of dask: a folder that all workers see.")
@JOBS
@COMPILER
@click.option("--write", "out", type=click.Path(path_type=Path), help="Write what is kept to this new file or folder.")
@TEXT_OR_JSON
def dedupe(paths: Sequence[Path], kind: Any, row_field: str, out: Path | None, form: str, **how: Any) -> ExitCode:
    """Find near-duplicates, say which one of each to keep and why, and list conflicting answers.

    PATHS are examples, folders of BBj source files, or JSONL files (gzip too); default: the whole corpus. What is given
    is never changed: --write makes a new file or folder, removed.jsonl says what is not in it and why, conflicts.jsonl
    what stands in it with several answers.
    """
    from curator import output
    from curator.duplicates import collection, doubles, doubles_write
    from curator.similarity import lsh
    from curator.similarity.native import library

    chosen = collection.collect(list(paths) or [root_or_here()], kind, row_field)
    if out:
        doubles_write.check(chosen, out)
    with stages() as progress:
        found = doubles.find(chosen, doubles.Options(**how), progress)
    if found.documents >= _MANY and (notice := library.notice()):
        output.say(notice)
    if found.options.engine == "lsh":
        chance = 1 - (1 - found.options.threshold**lsh.ROWS) ** lsh.BANDS
        output.say(f"lsh finds {chance:.2%} of the pairs at {found.options.threshold:g}, exact finds every one")
    if form == "json":
        output.print_json(found.as_dict())
    else:
        _print(found)
    for diagnostic in found.bad[:_MOST_BAD]:
        output.say(output.line(diagnostic))
    if len(found.bad) > _MOST_BAD:
        output.say(f"... and {len(found.bad) - _MOST_BAD} more; --format json and removed.jsonl have them all")
    if out:
        with stages() as progress:
            kept = doubles_write.write(chosen, found, out, progress)
        output.say(f"{out}: {kept} of {_many(found.documents, found.kind)}")
    output.say(_summary(found))
    return ExitCode.FINDINGS if found.bad or ((found.removals or found.conflicts) and not out) else ExitCode.OK


def _print(found: Any) -> None:
    from curator import output

    for number, cluster in enumerate(found.clusters, 1):
        output.print_result(f"cluster {number}: {_many(len(cluster.members), found.kind)}")
        for key in cluster.kept:
            output.print_result(f"  keep    {key}")
        for removal in cluster.removals:
            shared = found.passages[removal.key]
            output.print_result(f"  remove  {removal.key}")
            output.print_result(f"          {_rounded(removal.similarity)} like {removal.partner}; {removal.why}")
            output.print_result(f"          {_many(shared.tokens, 'tokens')} shared: {_short(shared.text)}")
    for number, conflict in enumerate(found.conflicts, 1):
        output.print_result(f"conflict {number}: the same {conflict.kind}, {len(conflict.variants)} answers")
        output.print_result(f"          {_short(conflict.question)}")
        for variant, keys in enumerate(conflict.variants, 1):
            for key in keys:
                output.print_result(f"  answer {variant}  {key}")


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else line[: _SHOWN - 2] + " …"


def _rounded(similarity: float) -> str:
    """Two digits, and 1.00 only for what is the same."""
    return f"{similarity if similarity == 1 else min(similarity, 0.99):.2f}"


def _many(number: int, things: str) -> str:
    return f"{number} {things if number != 1 else things[:-1]}"


def _summary(found: Any) -> str:
    parts = [
        f"{_many(found.documents, found.kind)}, {_many(len(found.removals), 'near-duplicates')} at Jaccard "
        f"{found.options.threshold:g} (5-grams of tokens, engine {found.options.engine}, judge {found.judge})"
    ]
    if found.conflicts:
        parts.append(f"{_many(len(found.conflicts), 'questions')} with conflicting answers")
    if found.empty:
        parts.append(f"{found.empty} without words")
    if found.bad:
        parts.append(f"{len(found.bad)} could not be read")
    return "; ".join(parts)
