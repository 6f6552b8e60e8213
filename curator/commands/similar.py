"""`curator similar`: what a draft is near to, through the live index."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from curator.commands.options import CORPUS, TEXT_OR_JSON, THRESHOLD, stages
from curator.errors import ExitCode

if TYPE_CHECKING:
    from curator.near.index import NearIndex
    from curator.near.similar import Alike


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, allow_dash=True))
@CORPUS
@click.option("--index", "folder", type=click.Path(path_type=Path), help="Where the index is kept. Default: a cache.")
@THRESHOLD
@click.option("--limit", type=click.IntRange(1), default=5, show_default=True, help="How many to show for a draft.")
@TEXT_OR_JSON
@click.option("--quiet", is_flag=True, help="Only near-duplicates, and no summary.")
def similar(
    files: Sequence[Path],
    root: Path | None,
    folder: Path | None,
    threshold: float,
    limit: int,
    form: str,
    quiet: bool,
) -> ExitCode:
    """Compare drafts with the whole corpus: FILES are examples or plain BBj, "-" is standard input.

    Near-duplicates (Jaccard of --threshold or more) are findings, unless one of the two says variant_of. Below that is
    shown what stands in the corpus too, so that a copied beginning is seen early.
    """
    from curator import corpus, output
    from curator.near import similar as compared

    indexes: dict[Path, NearIndex] = {}
    found: dict[str, list[Alike]] = {}
    for file in files:
        stdin = str(file) == "-"
        here = root or _shown(corpus.find_root(Path.cwd() if stdin else file.resolve().parent))
        if here not in indexes:
            indexes[here] = _opened(here, folder, quiet)
        example = compared.draft(_standard_input(), "-") if stdin else compared.read_draft(file)
        own = "" if stdin else _inside(file, here)
        found[example.path] = compared.compare(indexes[here], example, own, threshold, limit)
    double = {path: [a for a in alike if a.similarity >= threshold and not a.wanted] for path, alike in found.items()}
    shown = double if quiet else found
    if form == "json":
        output.print_json(_plain(shown, threshold, sum(map(len, indexes.values()))))
    else:
        for path, alike in shown.items():
            for one in alike:
                output.print_result(_line(path, one, threshold))
    near = sum(map(len, double.values()))
    if not quiet:
        examples = sum(map(len, indexes.values()))
        counts = ((len(found), "draft"), (examples, "example"), (near, "near-duplicate"))
        said = ", ".join(f"{number} {noun}{'s' * (number != 1)}" for number, noun in counts)
        output.say(f"{said} at Jaccard {threshold} (5-grams of tokens)")
    return ExitCode.FINDINGS if near else ExitCode.OK


def _opened(root: Path, folder: Path | None, quiet: bool) -> "NearIndex":
    from curator import output
    from curator.near import corpus as near_corpus

    index = near_corpus.open_index(root, folder)
    with stages() as stage:
        changes = near_corpus.refresh(index, root, progress=stage, jobs=0)
    if index.trouble:
        output.say(index.trouble)
    if not quiet:
        for diagnostic in changes.unreadable:
            output.say(output.line(diagnostic))
    return index


def _inside(file: Path, root: Path) -> str:
    """The path under which an index of `root` knows that file; "" if it is not in that folder."""
    whole, top = file.resolve(), root.resolve()
    return (root / whole.relative_to(top)).as_posix() if whole.is_relative_to(top) else ""


def _shown(root: Path) -> Path:
    return root.relative_to(Path.cwd()) if root.is_relative_to(Path.cwd()) else root


def _standard_input() -> str:
    return sys.stdin.buffer.read().decode("utf-8", "replace")


def _line(path: str, one: "Alike", threshold: float) -> str:
    what = "wanted variant of" if one.wanted else "near-duplicate of" if one.similarity >= threshold else "like"
    where = f"{path}:{one.line}" if one.line else path
    words = " ".join(one.passage.split())
    both = f'\n  both say: "{words[:200]}{"…" if len(words) > 200 else ""}"' if words else ""
    return f"{where}: {what} {one.path} (Jaccard {one.similarity:.2f}, containment {one.containment:.2f}){both}"


def _plain(found: "dict[str, list[Alike]]", threshold: float, examples: int) -> dict[str, Any]:
    drafts = [
        {
            "path": path,
            "similar": [
                {
                    "path": one.path, "jaccard": one.similarity, "containment": one.containment,
                    "near_duplicate": one.similarity >= threshold, "wanted_variant": one.wanted,
                    "line": one.line or None, "passage": one.passage,
                }
                for one in alike
            ],
        }
        for path, alike in found.items()
    ]  # fmt: skip
    return {"threshold": threshold, "examples": examples, "drafts": drafts}
