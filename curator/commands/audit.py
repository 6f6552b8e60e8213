"""`curator audit`: check a dataset that others made."""

from pathlib import Path
from typing import Any

import click

from curator.commands.options import COMPILER, JOBS, TEXT_OR_JSON, THRESHOLD, stages
from curator.errors import ExitCode


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@TEXT_OR_JSON
@click.option("--html", type=click.Path(path_type=Path), help="Write the report as a page, with plots.")
@click.option("--fix", "out", type=click.Path(path_type=Path), help="Write good and mended rows here, as JSONL.")
@click.option("--language", default="en", show_default=True, help='What prose is expected in; "any" to not look.')
@THRESHOLD
@click.option("--tokenizer", type=click.Path(path_type=Path), help="A tokenizer.json: lengths in tokens too.")
@COMPILER
@JOBS
def audit(
    path: Path, form: str, html: Path | None, out: Path | None, tokenizer: Path | None, jobs: int, **how: Any
) -> ExitCode:
    """Check a dataset that others made: ChatML, ShareGPT or Alpaca, one JSON object a line, gzip or not.

    The file itself is never changed. With --fix, rows that cannot be mended go to removed.jsonl beside the new file,
    and mended.jsonl lists what was put right, with the rows as they were.
    """
    from contextlib import nullcontext

    from curator import corpus, output
    from curator.rows import audit as audits
    from curator.rows import audit_fix, audit_report
    from curator.rows.row_checks import Options

    with stages() as progress, audit_fix.writing(path, out) if out else nullcontext() as writer:
        report = audits.audit(path, Options(**how), writer.take if writer else None, progress, tokenizer, jobs)
    if form == "json":
        output.print_json_lists(audit_report.as_dict(report), audit_report.as_lists(report))
    else:
        for text in audit_report.as_lines(report):
            output.print_result(text)
    if html:
        corpus.write(html, audit_report.as_html(report))
    if out and writer:
        output.say(audit_report.written(writer, out))
    output.say(audit_report.summary(report))
    return ExitCode.FINDINGS if report.needs_attention else ExitCode.OK
