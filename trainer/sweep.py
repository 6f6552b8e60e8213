"""A learning-rate sweep: the same short run at several rates, and which rate to take.

Every run is `trainer run` in a process of its own, so that one that runs out of memory or diverges ends alone, and a
sweep that was stopped goes on where it was: runs that are finished are not run again.
"""

import json
import math
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from trainer.config import Config, write_config
from trainer.data import StageName
from trainer.errors import TrainerError
from trainer.plots import HELD_OUT, TRAINING, figure, save
from trainer.record import ENDED, read_record

# Validation losses of so short runs that lie closer together than this share say nothing about which one is better.
NOISE = 0.01


@dataclass(frozen=True)
class Trial:
    """One rate: the best validation loss of its run, in nats per token, or None and why there is none."""

    rate: float
    loss: float | None
    before: float | None
    why: str = ""


@dataclass(frozen=True)
class Advice:
    """The rate to take, None if no run came through; why; and what to try next, "" if nothing is left to try."""

    rate: float | None
    why: str
    next: str = ""


def rates(lowest: float, highest: float, count: int) -> tuple[float, ...]:
    """`count` rates from `lowest` to `highest`, evenly spaced by factor, rounded to two digits."""
    if not 0 < lowest < highest or count < 2:
        raise TrainerError("a sweep needs two rates or more, from a lowest to a higher one, both above 0")
    step = (highest / lowest) ** (1 / (count - 1))
    return tuple(dict.fromkeys(float(f"{lowest * step**n:.1e}") for n in range(count)))


def sweep(
    config: Config,
    stage: StageName,
    tried: Sequence[float],
    steps: int,
    out: Path,
    done: Callable[[Trial], None] = lambda trial: None,
) -> tuple[list[Trial], Advice]:
    """Run every rate for `steps` optimiser steps of one stage, and write sweep.json and the plots into `out`.

    `done` hears of every trial when it is over. The other stage is left out: stage 2 is tried on the bare base model.
    Raises TrainerError if `out` holds a sweep of another config.
    """
    out.mkdir(parents=True, exist_ok=True)
    text = write_config(config)
    kept = out / "config.toml"
    if kept.is_file() and kept.read_text("utf-8") != text:
        raise TrainerError(f"{out}: holds a sweep of another config; give another --out, or remove it")
    kept.write_text(text, encoding="utf-8")
    trials = []
    for rate in tried:
        trials.append(_trial(kept, stage, rate, steps, out / f"{stage}-{rate:.1e}-{steps}"))
        done(trials[-1])
    advice = advise(trials)
    result = {"stage": stage, "steps": steps, "trials": [asdict(t) for t in trials], "advice": asdict(advice)}
    (out / "sweep.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    plot(trials, advice, stage, steps, out)
    return trials, advice


def advise(trials: Sequence[Trial]) -> Advice:
    """The smallest rate whose loss is as good as the best one's, but for noise.

    The smallest, because short runs flatter high rates: what is best in a few steps is too much for a thousand.
    """
    good = sorted((t for t in trials if t.loss is not None and math.isfinite(t.loss)), key=lambda t: t.rate)
    if not good:
        return Advice(None, "no run came through", "look at the log.txt of the runs, or try lower rates")
    best = min(good, key=lambda t: t.loss or 0.0)
    assert best.loss is not None
    chosen = next(t for t in good if t.loss is not None and t.loss <= best.loss * (1 + NOISE))
    if best.before is not None and best.loss >= best.before:
        return Advice(None, "no rate made the validation loss smaller", "try lower rates, or more steps")
    why = f"validation loss {chosen.loss:.3f}, the best of the sweep"
    if chosen != best:
        why = f"validation loss {chosen.loss:.3f}, within {NOISE:.0%} of the best ({best.loss:.3f} at {best.rate:.1e})"
    more = ""
    if best.rate == max(t.rate for t in trials):
        more = "the best rate is the highest one: try higher ones too"
    elif chosen.rate == min(t.rate for t in trials):
        more = "the rate is the lowest one: try lower ones too"
    return Advice(chosen.rate, why, more)


def plot(trials: Sequence[Trial], advice: Advice, stage: str, steps: int, out: Path) -> list[Path]:
    """Validation loss against rate, as sweep.svg and sweep.png. Runs that failed stand at the upper edge."""
    made, axes = figure()
    good = [(t.rate, t.loss) for t in trials if t.loss is not None]
    if good:
        axes.plot(*zip(*good, strict=True), color=TRAINING, marker="o", linewidth=1.6, label="best validation loss")
    before = next((t.before for t in trials if t.before is not None), None)
    if before is not None:
        axes.axhline(before, color="0.5", linestyle=":", label="before training")
    for trial in trials:
        if trial.loss is None:
            axes.plot(trial.rate, 0.97, "x", color=HELD_OUT, transform=axes.get_xaxis_transform())
            axes.annotate("failed", (trial.rate, 0.97), xycoords=axes.get_xaxis_transform(), xytext=(0, -14),
                          textcoords="offset points", ha="center", fontsize=8)  # fmt: skip
    if advice.rate is not None:
        axes.axvline(advice.rate, color=HELD_OUT, linestyle="--", label=f"recommended: {advice.rate:.1e}")
    axes.set_xscale("log")
    axes.set(title=f"{stage.replace('stage', 'Stage ')}: {steps} steps at each rate", xlabel="learning rate",
             ylabel="loss (nats per token)")  # fmt: skip
    axes.legend(frameon=False)
    return save(made, out / "sweep")


def _trial(config: Path, stage: StageName, rate: float, steps: int, folder: Path) -> Trial:
    if read_record(folder).get("status") not in ENDED:
        command = [sys.executable, "-m", "trainer", "run", str(config), "--out", str(folder)]
        done = subprocess.run(
            [*command, *_settings(stage, rate, steps)], capture_output=True, text=True, encoding="utf-8", check=False
        )
        if done.returncode not in (0, 1):
            lines = [line for line in done.stderr.splitlines() if "error:" in line] or done.stderr.splitlines()
            return Trial(rate, None, None, lines[-1] if lines else f"exit code {done.returncode}")
    result = read_record(folder).get("stages", {}).get(stage, {})
    loss, before = result.get("eval_loss_best"), result.get("eval_loss_before")
    return Trial(rate, loss, before, "" if loss is not None else "no validation loss")


def _settings(stage: StageName, rate: float, steps: int) -> Iterator[str]:
    """What makes a short run of one stage of a config. The time limit goes: a rate must not lose by a slow minute."""
    other = "stage2" if stage == "stage1" else "stage1"
    for setting in (
        f"{stage}.learning_rate={rate}", f"{stage}.max_steps={steps}", f"{stage}.max_minutes=0", f"{stage}.patience=0",
        f"{stage}.evaluations=2", f"{other}.enabled=false", "probe.files=0", "stop_test.prompts=0", 'data.general=""',
        'run.merge="no"',
    ):  # fmt: skip
        yield from ("--set", setting)
