"""`curator new`: begin an example."""

from pathlib import Path

import click

from curator.commands.options import CORPUS, root_or_here
from curator.errors import ExitCode
from curator.labels import DIFFICULTIES, GENERATIONS, TOPICS, TYPES


@click.command()
@click.option("--title", prompt=True, help="What the example shows, in one line.")
@click.option("--topic", type=click.Choice(TOPICS), prompt=True)
@click.option("--type", "kind", type=click.Choice(TYPES), prompt=True)
@click.option("--generation", type=click.Choice(GENERATIONS), prompt=True)
@click.option("--from-generation", type=click.Choice(GENERATIONS), help="Of a migration: that of the old program.")
@click.option("--difficulty", type=click.Choice(DIFFICULTIES), default="basic", show_default=True)
@CORPUS
def new(
    title: str,
    topic: str,
    kind: str,
    generation: str,
    from_generation: str | None,
    difficulty: str,
    root: Path | None,
) -> ExitCode:
    """Begin an example from a template and print its path."""
    from curator import corpus, output
    from curator.templates import template

    folder = root or root_or_here()
    path = corpus.new_path(folder, topic, title)
    corpus.write(path, template(title, kind, generation, difficulty, from_generation or ()))
    output.print_result(path.as_posix())
    output.say("edit it, then run: curator validate " + path.as_posix())
    return ExitCode.OK
