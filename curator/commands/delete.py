"""`curator delete`: remove examples, so that `curator undo` brings them back."""

from collections.abc import Sequence
from pathlib import Path

import click

from curator.commands.options import CORPUS, root_or_here
from curator.errors import CuratorError, ExitCode


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@CORPUS
def delete(files: Sequence[Path], root: Path | None) -> ExitCode:
    """Remove examples from the corpus. `curator undo` brings the last one back."""
    from curator import output
    from curator.review.undo import ActionLog
    from curator.review.undo import delete as remove

    folder = root or root_or_here()
    log = ActionLog(folder)
    outside = [file for file in files if not file.resolve().is_relative_to(folder.resolve()) or file.suffix != ".md"]
    if outside:
        raise CuratorError(f"{outside[0]}: is no example of {folder}; nothing was deleted")
    for file in files:
        output.print_result(remove(file, log).said)
    output.say("curator undo brings it back" if len(files) == 1 else "curator undo brings back one at a time")
    return ExitCode.OK
