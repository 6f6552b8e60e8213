"""The `trainer` command. Each subcommand reads its options, calls the core, prints the result, returns an exit code.

Exit codes: 0 fine, 1 findings, 2 wrong usage, 3 something is missing. Try it: `trainer run smollm2-135m --dry-run`
"""

import sys
from pathlib import Path

import click

from curator import __version__
from curator.cli import LazyGroup
from curator.cli import run as run_command
from curator.errors import ExitCode
from trainer import processes
from trainer.errors import TrainerError
from trainer.machine import prepare_process

# Commands that live in modules of their own, imported when they are asked for: `trainer --help` must not load torch.
COMMANDS = {
    "eval": "trainer.commands.evaluate:eval_command",
    "runs": "trainer.commands.runs:runs_command",
    "sweep": "trainer.commands.sweep:sweep_command",
}


@click.group(cls=LazyGroup, commands_at=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="trainer")
def cli() -> None:
    """Train a language model on BBj in two stages, and measure what it learnt."""
    command = click.get_current_context().invoked_subcommand
    if processes.count() > 1 and command != "run":  # each of them would do all of it, and write over the others
        raise TrainerError(f"`trainer {command}` is for one process: start it without `accelerate launch`")
    prepare_process()  # before any command imports torch


_DATA = click.option("--data", metavar="FOLDER", help="Dataset folder made by `curator convert`; else data.folder.")
_SET = click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Override, as stage1.epochs=2.")


@cli.command()
@click.argument("config")
@_DATA
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="The run folder; new, or with the same run, interrupted. Default: runs/<config>-<n>.",
)
@_SET
@click.option("--dry-run", is_flag=True, help="Check everything and count tokens and steps; load no weights.")
@click.option(
    "--rows",
    type=click.Path(path_type=Path),
    help="With --dry-run: write the ids of all rows that lose something to this file, as JSON lines.",
)
def run(
    config: str, data: str | None, out: Path | None, overrides: tuple[str, ...], dry_run: bool, rows: Path | None
) -> ExitCode:
    """Train both stages. CONFIG is a TOML file or the name of one that is shipped.

    The same command goes on with a run that was interrupted. Exit code 1: trained, but the stop test failed.
    """
    from curator import output
    from trainer import run as recipe
    from trainer import show

    if rows and not dry_run:
        raise click.UsageError("--rows belongs to --dry-run; a run writes affected-rows.jsonl into its folder")
    resolved = recipe.resolve(config, data, overrides)
    if dry_run:
        checked = recipe.plan(resolved, rows)
        if processes.is_first():
            show.print_plan(checked)
        return ExitCode.OK
    folder = recipe.run(resolved, out)
    if not processes.is_first():
        return ExitCode.OK  # the first process shows what came of it
    passed = show.print_result(folder)
    output.say(f"run folder: {folder}; measure it with: trainer eval {folder}")
    return ExitCode.OK if passed else ExitCode.FINDINGS


@cli.command()
@click.argument("config")
@_DATA
@_SET
@click.option("--stage", type=click.Choice(["1", "2"]), default="2", show_default=True, help="Whose rows.")
@click.option("--rows", type=click.IntRange(min=1), default=3, show_default=True, help="How many rows.")
@click.option("--html", type=click.Path(path_type=Path), help="Write all of the training rows as a page instead.")
def preview(
    config: str, data: str | None, overrides: tuple[str, ...], stage: str, rows: int, html: Path | None
) -> ExitCode:
    """Show training rows token by token as the model sees them; coloured by what each weighs in the loss."""
    from trainer import run as recipe
    from trainer import show

    checked = recipe.plan(recipe.resolve(config, data, overrides))
    show.preview(checked, "stage1" if stage == "1" else "stage2", rows, html)
    return ExitCode.OK


@cli.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="Where the model goes; must be new. Default: RUN/merged.")
def merge(run: Path, out: Path | None) -> ExitCode:
    """Fold a run's adapter into its base model.

    Gives a plain model in safetensors with its tokenizer; what it says is compared with base and adapter. Takes as much
    memory and disk as the unquantised model has.
    """
    from curator import output
    from trainer import merge as merging
    from trainer.quiet import quiet_libraries

    with quiet_libraries():
        folder = merging.merge(run, out)
    output.say(f"merged model: {folder}; merge.json in it says how it agrees with base and adapter")
    return ExitCode.OK


def main() -> None:
    """The console script: errors as one line on stderr, exit codes as documented."""
    sys.exit(run_command(cli, "trainer"))
