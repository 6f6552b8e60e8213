"""`curator import`: make examples of what others made."""

from pathlib import Path
from typing import Any

import click

from curator.commands.options import COMPILER, CORPUS, reading, root_or_here
from curator.errors import ExitCode


@click.command("import")
@click.argument("path", type=click.Path(path_type=Path))
@CORPUS
@click.option("--source", default="", help="What to name as the source. Default: the file's name.")
@click.option("--license", "license_name", default="", help="The licence of the rows, as an SPDX identifier.")
@click.option("--limit", type=click.IntRange(1), help="Stop after so many examples.")
@click.option("--dry-run", is_flag=True, help="Write nothing, only say what would be written.")
@COMPILER
def import_command(
    path: Path, root: Path | None, source: str, license_name: str, limit: int | None, dry_run: bool, compiler: Any
) -> ExitCode:
    """Make examples of the good rows of a dataset that others made, as drafts to be reviewed."""
    from curator import import_rows, output
    from curator.row_checks import Options

    wish = import_rows.Wish(source, license_name, limit, dry_run)
    with reading(path) as bar:
        done = import_rows.import_rows(path, root or root_or_here(), Options(compiler), wish, bar.update)
    for _, made in done.files:
        output.print_result(made.as_posix())
    for text in import_rows.as_lines(done):
        output.say(text)
    output.say(import_rows.summary(done, dry_run))
    return ExitCode.OK if done.files else ExitCode.FINDINGS
