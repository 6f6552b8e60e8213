"""What a run will take, before a GPU is touched: memory by part, and hours if its speed is known from an earlier run.

Try it: trainer run smollm2-135m --data DATASET --dry-run
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from curator import output
from trainer import runs
from trainer.config import Config, Stage
from trainer.data import StageName
from trainer.errors import TrainerError
from trainer.estimate import ERROR, Memory, advice, estimate
from trainer.model import load_architecture, public_name
from trainer.quiet import quiet_libraries

CARD_GB = 24.0
"""The card the recipes are made for; above it, settings that take less are named."""
PARTS = {
    "weights": "base model",
    "adapter": "adapter",
    "gradients": "gradients",
    "optimizer": "optimiser",
    "activations": "activations",
    "work": "loss, or one layer",
    "chat_rows": "chat tokens, if untrained",
    "overhead": "CUDA (assumed)",
}


@dataclass(frozen=True)
class Speed:
    """Tokens per second that a stage reached in its training steps, in which run and on what."""

    tokens_per_second: float
    run: str
    hardware: str


def memory(config: Config, stages: Mapping[StageName, Any]) -> dict[StageName, Memory]:
    """The memory of each stage on a GPU; nothing for a model that cannot be rehearsed."""
    architecture = load_architecture(config)
    try:
        with quiet_libraries():
            return {name: estimate(config, architecture, getattr(config, name), gpu=True) for name in stages}
    except (AttributeError, ValueError, TypeError, RuntimeError):  # no causal language model, layers of several kinds
        return {}


def last_speed(config: Config, name: StageName) -> Speed | None:
    """The speed of a stage in the newest run of this config with this model in `run.out`; None if there is none."""
    try:
        found = runs.find([Path(config.run.out)])
    except TrainerError:  # no folder, no run in it, or one that cannot be read: then the speed is not known
        return None
    for run in reversed(found):
        same = run.record.get("config") == config.name and run.record.get("base_model") == public_name(config)
        if same and (speed := run.stage(name, "tokens_per_second")):
            hardware = run.record.get("hardware", {})
            where = ", ".join(hardware.get("gpus") or [hardware.get("processor", "unknown hardware")])
            return Speed(speed, run.path.name, where)
    return None


def show(config: Config, tokens: Mapping[StageName, int]) -> None:
    """Print memory and time of the stages; `tokens` is what each of them will read in training."""
    parts = memory(config, tokens)
    if parts:
        rows = [(title, *(_gb(getattr(part, key)) for part in parts.values())) for key, title in PARTS.items()]
        rows.append(("in all", *(_gb(part.total) for part in parts.values())))
        output.table("peak memory on a GPU, GB", ["part", *parts], rows)
        output.say(f"memory: {ERROR}")
    else:
        output.say("memory: not estimated, a training step of this model cannot be rehearsed without its weights")
    for name, part in parts.items():
        if part.total > CARD_GB * 1e9:
            less = "; ".join(advice(config, getattr(config, name), name))
            output.say(f"{name}: more than {CARD_GB:.0f} GB. To lower it, most effective first: {less}")
    for name, count in tokens.items():
        output.say(f"{name}: {_time(config, name, count)}")


def _time(config: Config, name: StageName, tokens: int) -> str:
    speed = last_speed(config, name)
    if speed is None:
        return (
            f"hours unknown: {config.run.out} holds no run of this config to take the speed from; measure it with "
            f"--set stage1.max_steps=20 --set stage2.max_steps=20, then ask again"
        )
    stage: Stage = getattr(config, name)
    hours = tokens / speed.tokens_per_second / 3600
    limit = f"; {name}.max_minutes = {stage.max_minutes:g} stops it before" if _too_long(stage, hours) else ""
    return (
        f"about {_spoken(hours)} of training steps at {speed.tokens_per_second:,.0f} tokens/s, measured in "
        f"{speed.run} on {speed.hardware}; evaluations come on top{limit}"
    )


def _too_long(stage: Stage, hours: float) -> bool:
    return bool(stage.max_minutes) and hours * 60 > stage.max_minutes


def _spoken(hours: float) -> str:
    return f"{hours:.1f} hours" if hours >= 1 else f"{hours * 60:.1f} minutes"


def _gb(size: float) -> str:
    return f"{size / 1e9:.2f}"
