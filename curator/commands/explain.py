"""`curator explain`: what a code means."""

import click

from curator.errors import CuratorError, ExitCode


@click.command()
@click.argument("code", required=False)
def explain(code: str | None) -> ExitCode:
    """Explain a diagnostic code with a bad and a good sample; without one, list them all."""
    from curator import output
    from curator.codes import CODES

    if code is None:
        for row in CODES.values():
            output.print_result(f"{row.code}  {row.severity:8}{row.title}")
        return ExitCode.OK
    if code.upper() not in CODES:
        raise CuratorError(f'there is no code "{code}"; list them with: curator explain')
    output.print_result(output.explain(CODES[code.upper()]))
    return ExitCode.OK
