"""`curator stats`: what the corpus covers."""

from collections.abc import Sequence
from pathlib import Path

import click

from curator.commands.options import JOBS, PATHS, TEXT_OR_JSON, THRESHOLD, example_paths, record_of, stages, told
from curator.errors import ExitCode
from curator.labels import GENERATIONS


@click.command()
@PATHS
@TEXT_OR_JSON
@click.option("--html", type=click.Path(path_type=Path), help="Write the figures as a page, with plots.")
@click.option(
    "--report",
    "evaluation",
    type=click.Path(path_type=Path),
    help="report.json of an evaluation: gaps are ranked by what the model is weakest at.",
)
@THRESHOLD
@click.option("--tokenizer", type=click.Path(path_type=Path), help="A tokenizer.json: lengths in tokens too.")
@JOBS
def stats(
    paths: Sequence[Path],
    form: str,
    html: Path | None,
    evaluation: Path | None,
    threshold: float,
    tokenizer: Path | None,
    jobs: int,
) -> ExitCode:
    """Count the corpus by label, and show its gaps, near-duplicates, lengths and the state of its review."""
    from curator import corpus, lengths, output
    from curator.stats import report as stats_report
    from curator.stats import summary as statistics
    from curator.stats import weakness

    files = example_paths(paths)
    record = record_of(files)
    weak = weakness.read(evaluation) if evaluation else None
    count_tokens = lengths.token_counter(tokenizer) if tokenizer else None
    with stages() as progress:
        examples, unreadable = corpus.load(told(files, "examples read", progress))
        counted = statistics.count(examples, record, threshold, weak, count_tokens, progress, jobs or None)
    if form == "json":
        output.print_json(counted.as_dict())
    else:
        cells = [(label, ["–" if n is None else n for n in counts]) for label, counts, _ in
                 stats_report.coverage_rows(counted)]  # fmt: skip
        output.table(f"{counted.examples} examples", ["topic, type", *GENERATIONS], [(a, *b) for a, b in cells])
        for text in stats_report.as_lines(counted):
            output.print_result(text)
    if html:
        corpus.write(html, stats_report.as_html(counted))
    for diagnostic in unreadable:
        output.say(output.line(diagnostic))
    return ExitCode.FINDINGS if unreadable else ExitCode.OK
