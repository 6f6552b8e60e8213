"""How the commands that check print what they found."""

from collections.abc import Callable, Sequence
from typing import Any

import click

from curator.commands.options import COMPILER
from curator.errors import ExitCode

_OPTIONS = (
    click.option(
        "--format", "form", type=click.Choice(["text", "json", "github", "sarif"]), default="text", show_default=True
    ),
    COMPILER,
    click.option("--select", multiple=True, metavar="CODE", help="Only this code, or all that begin with it."),
    click.option("--ignore", multiple=True, metavar="CODE", help="Leave out a code, or all that begin with it."),
    click.option("--strict", is_flag=True, help="Warnings fail too."),
    click.option("--quiet", is_flag=True, help="Say nothing if there is nothing to say."),
)


def report_options(command: Callable[..., ExitCode]) -> Callable[..., ExitCode]:
    """Give a command `--compiler` and the options that `report` takes."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def report(
    found: Sequence[Any],
    paths: Sequence[str],
    noun: str,
    compiler: Any,
    form: Any,
    select: Sequence[str],
    ignore: Sequence[str],
    strict: bool,
    quiet: bool,
) -> ExitCode:
    """Print diagnostics in the form asked for, with the summary, and return the exit code."""
    from curator import output
    from curator.diagnostic import Severity
    from curator.judge.compiler import judge_name

    shown = [
        d
        for d in found
        if not (select and not d.code.startswith(tuple(code.upper() for code in select)))
        and not d.code.startswith(tuple(code.upper() for code in ignore))
    ]
    judge = judge_name(compiler)
    words = ("valid", "invalid", "no verdict") if noun == "example" else ("accepted", "rejected", "no verdict")
    output.print_diagnostics(shown, paths, judge, form, words)
    if shown or not quiet:
        output.say(output.summary(shown, len(paths), noun, judge))
    failing = {Severity.ERROR, Severity.WARNING} if strict else {Severity.ERROR}
    return ExitCode.FINDINGS if any(d.severity in failing for d in shown) else ExitCode.OK
