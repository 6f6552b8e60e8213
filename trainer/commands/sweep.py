"""`trainer sweep`: which learning rate to take.

Try it: trainer sweep smollm2-135m --data DATASET --steps 10
"""

from pathlib import Path

import click

from curator.errors import ExitCode


@click.command("sweep")
@click.argument("config")
@click.option("--data", metavar="FOLDER", help="Dataset folder made by `curator convert`; else data.folder.")
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Override, as lora.rank=32.")
@click.option("--stage", type=click.Choice(["1", "2"]), default="1", show_default=True, help="Whose rate.")
@click.option("--from", "lowest", default=2e-5, show_default=True, help="The lowest rate.")
@click.option("--to", "highest", default=2e-3, show_default=True, help="The highest rate.")
@click.option(
    "--runs", type=click.IntRange(min=2), default=5, show_default=True, help="How many rates, evenly spaced by factor."
)
@click.option("--steps", type=click.IntRange(min=1), default=30, show_default=True, help="Optimiser steps of each run.")
@click.option("--out", type=click.Path(path_type=Path), help="The sweep's folder; the same one goes on with it.")
def sweep_command(
    config: str, data: str | None, overrides: tuple[str, ...], stage: str, lowest: float, highest: float, runs: int,
    steps: int, out: Path | None,
) -> ExitCode:  # fmt: skip
    """Try learning rates in short runs, and end in a table, a plot and a recommendation.

    A sweep that was stopped goes on with the same command. CONFIG is a TOML file or the name of one that is shipped.
    """
    from curator import output
    from trainer import run as recipe
    from trainer import sweep as sweeping

    resolved = recipe.resolve(config, data, overrides)
    # What is wrong with config, data or rates is said once, not by every run.
    for rate in (lowest, highest):
        recipe.resolve(config, data, (*overrides, f"stage{stage}.learning_rate={rate}"))
    recipe.plan(resolved)
    folder = out or Path(resolved.run.out) / f"sweep-{resolved.name}-stage{stage}"
    tried = sweeping.rates(lowest, highest, runs)

    def tell(trial: sweeping.Trial) -> None:
        output.say(f"{trial.rate:.1e}: " + (f"loss {trial.loss:.4f}" if trial.loss is not None else trial.why))

    trials, advice = sweeping.sweep(resolved, "stage1" if stage == "1" else "stage2", tried, steps, folder, tell)
    rows = [(f"{t.rate:.1e}", "-" if t.loss is None else f"{t.loss:.4f}", t.why) for t in trials]
    output.table(f"stage {stage}, {steps} steps", ["rate", "validation loss", ""], rows)
    if advice.rate is None:
        output.print_result(f"no recommendation: {advice.why}; {advice.next}")
        return ExitCode.FINDINGS
    output.print_result(f"stage{stage}.learning_rate = {advice.rate:.1e}  # {advice.why}")
    if advice.next:
        output.print_result(advice.next)
    output.say(f"plot: {folder / 'sweep.svg'}")
    return ExitCode.OK
