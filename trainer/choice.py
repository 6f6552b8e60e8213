"""Which checkpoint of a stage goes on, and why: by the held-out loss, and among equals by the compile probe.

The loss is the measure; it sees every held-out token. The probe sees a few short continuations, so it only decides
between checkpoints whose losses are as good as equal. Everything here is computed from the list of evaluations, so a
resumed stage decides as an uninterrupted one.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from trainer.errors import TrainerError

CLOSE = 0.02
"""Losses nearer than this count as equal, in nats per token: 2 % of perplexity, less than the probe's own steps."""


@dataclass(frozen=True)
class ProbeResult:
    """Of `programs` continued beginnings of held-out files, how many the judge found no error in."""

    accepted: int
    programs: int
    judge: str

    def __str__(self) -> str:
        return f"{self.accepted} of {self.programs} continuations accepted by {self.judge}"


@dataclass(frozen=True)
class Evaluation:
    """The validation rows measured after `step` steps: loss in nats per token, and the probe if it was asked.

    `general` is the loss on general code; it decides nothing.
    """

    step: int
    loss: float
    probe: ProbeResult | None = None
    general: float | None = None

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Evaluation":
        """From what `dataclasses.asdict` made of one."""
        probe = values["probe"]
        return cls(values["step"], values["loss"], ProbeResult(**probe) if probe else None, values.get("general"))

    @property
    def accepted(self) -> int:
        """Programs the probe accepted; 0 where it was not asked."""
        return self.probe.accepted if self.probe else 0


@dataclass(frozen=True)
class Choice:
    """The evaluation whose checkpoint goes on, and the reason in words."""

    evaluation: Evaluation
    why: str


def is_close(loss: float, evaluations: Iterable[Evaluation]) -> bool:
    """Could a checkpoint of this loss still be chosen, after these evaluations?"""
    return loss <= min((e.loss for e in evaluations if e.step and math.isfinite(e.loss)), default=math.inf) + CLOSE


def could_be_chosen(evaluations: Sequence[Evaluation]) -> set[int]:
    """The steps whose checkpoints must be kept: close to the lowest loss, and no other is better in both measures."""
    near = _near(evaluations)
    return {
        e.step
        for at, e in enumerate(near)
        if not any(
            other.loss <= e.loss and other.accepted >= e.accepted and (other.loss < e.loss or place < at)
            for place, other in enumerate(near)
            if place != at
        )
    }


def choose(evaluations: Sequence[Evaluation], saved: set[int]) -> Choice:
    """The checkpoint that goes on, of those in `saved` (steps). Raises TrainerError if no loss is a number."""
    near = _near([e for e in evaluations if e.step in saved])
    if not near:
        raise TrainerError(
            "the validation loss of every checkpoint is not a number: the training diverged; lower learning_rate"
        )
    lowest = min(near, key=lambda e: e.loss)
    chosen = min(near, key=lambda e: (-e.accepted, e.loss))
    if chosen is not lowest:
        why = (
            f"{chosen.probe}, against {lowest.accepted} at step {lowest.step}, whose validation loss of "
            f"{lowest.loss:.3f} is lower by only {chosen.loss - lowest.loss:.3f}"
        )
    else:
        why = f"the lowest validation loss of {len([e for e in evaluations if e.step])} checkpoints, {chosen.loss:.3f}"
        if chosen.probe:
            others = f", at least as many as at the others within {CLOSE} of it" if len(near) > 1 else ""
            why += f"; {chosen.probe}{others}"
    before = [e.loss for e in evaluations if e.step == 0]
    if before and chosen.loss >= before[0]:
        why += f"; WORSE than before the stage ({before[0]:.3f}): lower the learning rate, or leave the stage out"
    return Choice(chosen, why)


def evaluations_without_gain(evaluations: Sequence[Evaluation]) -> int:
    """How many evaluations there were since the lowest loss, step 0 included."""
    losses = [_number(e.loss) for e in evaluations]
    return len(losses) - 1 - losses.index(min(losses)) if losses else 0


def _near(evaluations: Sequence[Evaluation]) -> list[Evaluation]:
    trained = [e for e in evaluations if e.step and math.isfinite(e.loss)]  # of step 0 there is no checkpoint
    return [e for e in trained if is_close(e.loss, trained)]


def _number(loss: float) -> float:
    return loss if math.isfinite(loss) else math.inf
