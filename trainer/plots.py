"""Plots of a run, made from its metrics.jsonl and from nothing else.

Try it: python -c "from trainer.plots import plot_run; plot_run('runs/smollm2-135m-1')"
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

TITLES = {"stage1": "Stage 1: continued pretraining on raw BBj", "stage2": "Stage 2: tuning on conversations"}
# Colours that colour-blind readers tell apart (Okabe and Ito), and marks besides.
TRAINING, HELD_OUT, GENERAL = "#0072B2", "#D55E00", "#009E73"


def read_metrics(run_folder: Path | str) -> list[dict[str, Any]]:
    """The rows of metrics.jsonl, in order."""
    text = (Path(run_folder) / "metrics.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines() if line]


def plot_run(run_folder: Path | str) -> list[Path]:
    """Write plots/stage1-loss, stage2-loss and learning-rate, each as SVG and PNG; returns the files written."""
    folder = Path(run_folder)
    rows = read_metrics(folder)
    plots = folder / "plots"
    plots.mkdir(exist_ok=True)
    stages = [stage for stage in TITLES if any(row["stage"] == stage for row in rows)]
    written = []
    for stage in stages:
        made, axes = figure()
        draw_losses(axes, [row for row in rows if row["stage"] == stage], (TRAINING, HELD_OUT, GENERAL))
        axes.set_title(TITLES[stage])
        axes.legend(frameon=False)
        written += save(made, plots / f"{stage}-loss")
    made, axes = figure()
    draw_learning_rate(axes, rows, (TRAINING, HELD_OUT))
    axes.set_title("Learning rate")
    axes.legend(frameon=False)
    written += save(made, plots / "learning-rate")
    return written


def draw_losses(axes: Any, rows: Sequence[Mapping[str, Any]], colours: Sequence[str], text: str = "black") -> None:
    """Training and validation loss of one stage over its steps, from its metrics, and the loss on general code.

    The best validation loss is named.
    """
    training, held_out, general = (
        [(row["step"], row[key]) for row in rows if key in row] for key in ("loss", "eval_loss", "general_loss")
    )
    if training:
        axes.plot(*zip(*training, strict=True), color=colours[0], label="training", linewidth=1.6)
    if held_out:
        axes.plot(
            *zip(*held_out, strict=True), color=colours[1], label="validation", marker="o", markersize=4, linewidth=1.6
        )
        best = min(held_out, key=lambda point: point[1])
        axes.annotate(f"best {best[1]:.3f}", best, xytext=(0, 8), textcoords="offset points", ha="center", color=text)
    if general:
        axes.plot(
            *zip(*general, strict=True),
            color=colours[2],
            label="general code",
            marker="s",
            markersize=4,
            linestyle="--",
        )
    axes.set(xlabel="optimiser step", ylabel="loss (nats per token)")
    axes.xaxis.get_major_locator().set_params(integer=True)


def draw_learning_rate(axes: Any, rows: Sequence[Mapping[str, Any]], colours: Sequence[str]) -> None:
    """The learning rate over the steps of all stages, one after the other. `rows`: the metrics of a run."""
    offset = 0
    for at, stage in enumerate(dict.fromkeys(row["stage"] for row in rows)):
        mine = [row for row in rows if row["stage"] == stage]
        points = [(row["step"] + offset, row["learning_rate"]) for row in mine if "learning_rate" in row]
        if points:
            label = stage.replace("stage", "stage ")
            axes.plot(*zip(*points, strict=True), color=colours[at], label=label, linewidth=1.6)
        offset += max(row["step"] for row in mine)
    axes.set(xlabel="optimiser step, both stages", ylabel="learning rate")


def figure() -> tuple[Any, Any]:
    """An empty figure and its axes, in the style of all plots here."""
    # Figure without pyplot: no window system is looked for, and no global list of figures grows.
    from matplotlib.figure import Figure

    made = Figure(figsize=(7, 4), layout="constrained")
    axes = made.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.3)
    axes.margins(x=0.08, y=0.1)  # room for the label of a best point at the edge
    return made, axes


def save(made: Any, path: Path) -> list[Path]:
    """Write a figure as SVG and as PNG, `path` being the name without either suffix; returns both files."""
    import matplotlib

    written = [path.with_name(f"{path.name}{suffix}") for suffix in (".svg", ".png")]
    # Text stays text (searchable, small); no date, so that the same metrics give the same file.
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "bbj"}):
        made.savefig(written[0], metadata={"Date": None})
        made.savefig(written[1], dpi=144)
    return written
