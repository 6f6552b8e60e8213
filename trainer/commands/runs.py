"""`trainer runs`: which runs there are, and what differs between them.

Try it: trainer runs runs
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from curator.errors import ExitCode


@click.command("runs")
@click.argument("folders", nargs=-1, type=click.Path(path_type=Path))
@click.option("--compare", is_flag=True, help="Show what differs. Always done if two or more run folders are named.")
@click.option("--all", "everything", is_flag=True, help="Of a comparison, also what surely differs: times, memory.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def runs_command(folders: Sequence[Path], compare: bool, everything: bool, form: str) -> ExitCode:
    """List runs, or compare them: what was done differently, and what came out.

    FOLDERS are run folders, or folders that hold some; default: runs.
    """
    from curator import output
    from trainer import runs

    found = runs.find(list(folders) or [Path("runs")])
    compared = compare or (len(folders) > 1 and len(folders) == len(found))
    differences = [d for d in runs.compare(found) if everything or not _sure(d.key)] if compared else []
    if form == "json":
        values: dict[str, Any] = {"runs": [{"path": r.path.as_posix(), **r.record} for r in found]}
        output.print_json(values | ({"differences": [d.as_dict() for d in differences]} if compared else {}))
        return ExitCode.OK
    columns = ["run", "status", "model", "started", "min", "loss 1", "loss 2", "compile@1"]  # losses of stages 1 and 2
    output.table("", columns, [_row(run) for run in found])
    if compared:
        names = [run.path.name for run in found]
        rows = [(d.table, d.key, *(_short(value) for value in d.values)) for d in differences]
        output.table("what differs", ["", "", *names], rows)
    return ExitCode.OK


def _row(run: Any) -> tuple[object, ...]:
    record = run.record
    losses = (_short(run.stage(name, "eval_loss_best")) for name in ("stage1", "stage2"))
    model = str(record.get("base_model", "")).rsplit("/", 1)[-1]
    return (
        run.path.name, run.status, model, str(record.get("started", ""))[5:16].replace("T", " "),
        f"{record.get('minutes', 0):.1f}", *losses, run.compile_at_1 or "-",
    )  # fmt: skip


def _sure(key: str) -> bool:
    """Differs between any two runs, even of the same config."""
    return key.rsplit(".", 1)[-1] in {
        "minutes",
        "training_minutes",
        "outside_steps",
        "tokens_per_second",
        "commit",
        "why",
    } or ("peak_memory_gb" in key or ".seconds." in key or key.startswith("resumed"))


def _short(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.4g}"
    text = str(value)
    return text[:12] if len(text) == 64 else text  # a hash
