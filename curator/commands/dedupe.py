"""`curator dedupe`: near-duplicates."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from curator.commands.options import (
    PATHS,
    TEXT_OR_JSON,
    THRESHOLD,
    example_paths,
)
from curator.errors import ExitCode


@click.command()
@PATHS
@THRESHOLD
@TEXT_OR_JSON
def dedupe(paths: Sequence[Path], threshold: float, form: str) -> ExitCode:
    """Find near-duplicates, and say which one of each to keep and why. Nothing is changed."""
    from curator import checks, corpus, output
    from curator import dedupe as near

    examples, unreadable = corpus.load(example_paths(paths))
    bad = {d.path for d in checks.check_examples(examples, "builtin") if d.severity == "error"}
    clusters = near.clusters([near.document(e, e.path not in bad) for e in examples], threshold)
    if form == "json":
        output.print_json({"threshold": threshold, "documents": len(examples), "clusters": _plain(clusters)})
    else:
        for number, cluster in enumerate(clusters, 1):
            output.print_result(f"cluster {number}: {len(cluster.members)} examples")
            for key in cluster.kept:
                output.print_result(f"  keep    {key}")
            for removal in cluster.removals:
                output.print_result(f"  remove  {removal.key}")
                output.print_result(f"          {removal.similarity:.2f} like {removal.partner}; {removal.why}")
    doubles = sum(len(c.removals) for c in clusters)
    output.say(f"{len(examples)} examples, {doubles} near-duplicates at Jaccard {threshold} (5-grams of tokens)")
    for diagnostic in unreadable:
        output.say(output.line(diagnostic))
    return ExitCode.FINDINGS if clusters or unreadable else ExitCode.OK


def _plain(clusters: Sequence[Any]) -> list[dict[str, object]]:
    from dataclasses import asdict

    return [asdict(cluster) for cluster in clusters]
