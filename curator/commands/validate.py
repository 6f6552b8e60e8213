"""`curator validate`: check examples."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from curator.commands.options import JOBS, PATHS, example_paths, stages
from curator.commands.report import report, report_options
from curator.errors import ExitCode


@click.command()
@PATHS
@report_options
@JOBS
def validate(paths: Sequence[Path], compiler: Any, jobs: int, **how: Any) -> ExitCode:
    """Check examples: front matter, sections, fences, BBj code. Default: the whole corpus."""
    from curator.batch import check_files

    files = example_paths(paths)
    with stages() as progress:
        found = check_files(files, compiler, jobs or None, progress)
    return report(found, [p.as_posix() for p in files], "example", compiler, **how)
