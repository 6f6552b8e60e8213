"""`curator validate`: check examples."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from curator.commands.options import (
    COMPILER,
    PATHS,
    example_paths,
)
from curator.commands.report import FORMAT, IGNORE, QUIET, SELECT, STRICT, report
from curator.errors import ExitCode


@click.command()
@PATHS
@FORMAT
@COMPILER
@SELECT
@IGNORE
@STRICT
@QUIET
def validate(paths: Sequence[Path], compiler: Any, **how: Any) -> ExitCode:
    """Check examples: front matter, sections, fences, BBj code. Default: the whole corpus."""
    from curator.batch import check_files

    files = example_paths(paths)
    found = check_files(files, compiler)
    return report(found, [p.as_posix() for p in files], "example", compiler, **how)
