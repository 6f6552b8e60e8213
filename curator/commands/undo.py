"""`curator undo`: take back what was done last to the corpus."""

from datetime import datetime
from pathlib import Path

import click

from curator.commands.options import CORPUS, root_or_here
from curator.errors import ExitCode, MissingError


@click.command()
@CORPUS
@click.option("--list", "only_list", is_flag=True, help="Only list what can be taken back, the latest first.")
def undo(root: Path | None, only_list: bool) -> ExitCode:
    """Take back the last deletion, save, overwrite or review decision, whether made here or in bbj-curator.

    Nothing is taken back from a file that was changed since.
    """
    from curator import output
    from curator.review.undo import ActionLog

    log = ActionLog(root or root_or_here())
    actions = log.actions()
    if only_list:
        for action in reversed(actions):
            output.print_result(f"{datetime.fromtimestamp(action.at):%Y-%m-%d %H:%M}  {action.said}")
        return ExitCode.OK
    if not actions:
        raise MissingError(f"nothing was done to {log.root} that could be taken back")
    output.print_result(log.undo(actions[-1]))
    return ExitCode.OK
