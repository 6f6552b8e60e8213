"""Plots of a run, made from its metrics.jsonl and from nothing else.

Try it: python -c "from trainer.plots import plot_run; plot_run('runs/smollm2-135m-1')"
"""

import json
from pathlib import Path
from typing import Any

TITLES = {"stage1": "Stage 1: continued pretraining on raw BBj", "stage2": "Stage 2: tuning on conversations"}
# Two colours that colour-blind readers tell apart (Okabe and Ito), and two marks besides.
TRAINING, HELD_OUT = "#0072B2", "#D55E00"


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
        training = [(r["step"], r["loss"]) for r in rows if r["stage"] == stage and "loss" in r]
        held_out = [(r["step"], r["eval_loss"]) for r in rows if r["stage"] == stage and "eval_loss" in r]
        _line(axes, training, TRAINING, "training", "")
        _line(axes, held_out, HELD_OUT, "validation", "o")
        if held_out:
            step, loss = min(held_out, key=lambda pair: pair[1])
            axes.annotate(f"best {loss:.3f}", (step, loss), textcoords="offset points", xytext=(0, 9), ha="center")
        axes.set(title=TITLES[stage], xlabel="optimiser step", ylabel="loss (nats per token)")
        axes.legend(frameon=False)
        written += save(made, plots / f"{stage}-loss")
    made, axes = figure()
    offset = 0
    for stage in stages:
        points = [
            (r["step"] + offset, r["learning_rate"]) for r in rows if r["stage"] == stage and "learning_rate" in r
        ]
        _line(axes, points, TRAINING if stage == "stage1" else HELD_OUT, stage.replace("stage", "stage "), "")
        offset += max(r["step"] for r in rows if r["stage"] == stage)
    axes.set(title="Learning rate", xlabel="optimiser step, both stages", ylabel="learning rate")
    axes.legend(frameon=False)
    written += save(made, plots / "learning-rate")
    return written


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


def _line(axes: Any, points: list[tuple[int, float]], colour: str, label: str, mark: str) -> None:
    if points:
        axes.plot(*zip(*points, strict=True), color=colour, label=label, marker=mark, linewidth=1.6)


def save(made: Any, path: Path) -> list[Path]:
    """Write a figure as SVG and as PNG, `path` being the name without either suffix; returns both files."""
    import matplotlib

    written = [path.with_name(f"{path.name}{suffix}") for suffix in (".svg", ".png")]
    # Text stays text (searchable, small); no date, so that the same metrics give the same file.
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "bbj"}):
        made.savefig(written[0], metadata={"Date": None})
        made.savefig(written[1], dpi=144)
    return written
