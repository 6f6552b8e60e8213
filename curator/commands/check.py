"""`curator check`: check plain BBj files."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from curator.commands.report import report, report_options
from curator.errors import ExitCode, MissingError


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@report_options
@click.option("--compare", is_flag=True, help="Ask all judges that are there and print where they disagree.")
def check(paths: Sequence[Path], compiler: Any, compare: bool, **how: Any) -> ExitCode:
    """Check plain BBj files (.bbj, .bbx, .src), or all of them in a folder."""
    from curator import source
    from curator.checks import verdict_diagnostics
    from curator.judge import compiler as judges

    files = source.source_paths(paths)
    if not files:
        raise MissingError(f"no {', '.join(sorted(source.SUFFIXES))} files in {', '.join(map(str, paths))}")
    sources = [judges.Source(p.as_posix(), source.read_source(p)) for p in files]
    if compare:
        return _compare(judges.compare(sources))
    found = [
        d for s, v in zip(sources, judges.judge(sources, compiler), strict=True) for d in verdict_diagnostics(s, v)
    ]
    return report(found, [s.path for s in sources], "file", compiler, **how)


def _compare(disagreements: Sequence[Any]) -> ExitCode:
    from curator import output

    output.print_json([d.as_dict() for d in disagreements])
    output.say(f"{len(disagreements)} disagreements")
    return ExitCode.FINDINGS if disagreements else ExitCode.OK
