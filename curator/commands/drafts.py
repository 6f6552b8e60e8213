"""`curator drafts`: unsaved work that bbj-curator kept, without opening it."""

from pathlib import Path

import click

from curator.commands.options import CORPUS, root_or_here
from curator.errors import ExitCode, MissingError


@click.command()
@CORPUS
@click.option("--show", metavar="ID", help="Print the text of a draft; the beginning of its id will do.")
@click.option("--discard", metavar="ID", help="Delete a draft for good.")
def drafts(root: Path | None, show: str | None, discard: str | None) -> ExitCode:
    """List unsaved work that an earlier bbj-curator left; print or delete one of them.

    `curator drafts --show ID > training-data/topic/name.md` saves one.
    """
    from curator import output
    from curator.editing import drafts as kept

    found = kept.left_over((root or root_or_here()).resolve().as_posix())
    wanted = show or discard
    if wanted is None:
        for draft in found:
            output.print_result(f"{draft.id[:8]}  {kept.described(draft)}")
        output.say(f"{len(found)} drafts")
        return ExitCode.OK
    chosen = [draft for draft in found if draft.id.startswith(wanted)]
    if len(chosen) != 1:
        what = "no draft" if not chosen else "more than one draft"
        raise MissingError(f"{what} begins with {wanted}; list them with: curator drafts")
    if show:
        output.print_text(chosen[0].text)
    else:
        kept.forget(chosen[0])
        output.say(f"deleted: {kept.described(chosen[0])}")
    return ExitCode.OK
