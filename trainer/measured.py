"""What is measured at the evaluations of a stage: all held-out rows, or a fixed sample of them where all cost too much.

A large validation set measured twenty times can take as long as the training. The sample is of whole rows, in the order
of a hash of their ids: the same rows at every evaluation, in every run and with every seed, so that losses compare.
"""

import hashlib
import math
from collections.abc import Sequence

from trainer import processes
from trainer.config import Stage

MIN_TOKENS = 2048
"""An evaluation measures at least this much, if it is there: below, the loss says little (some 8 programs)."""


def planned_steps(stage: Stage, rows: int) -> int:
    """Optimiser steps of a stage with this many rows, packing done: `epochs` passes, capped by `max_steps`."""
    steps = max(1, math.ceil(rows * stage.epochs / _rows_a_step(stage)))
    return min(steps, stage.max_steps) if stage.max_steps else steps


def tokens_to_measure(stage: Stage, tokens: int, rows: int) -> int | None:
    """Validation tokens that one evaluation may take; None = no limit. `tokens`, `rows` are those of one training pass.

    All evaluations together, the one before the first step included, take `evaluation_share` of what is trained on.
    """
    if not stage.evaluation_share:
        return None
    steps = planned_steps(stage, rows)
    trained = tokens * steps * _rows_a_step(stage) / rows
    evaluations = min(stage.evaluations, steps) + 1
    return max(MIN_TOKENS, int(stage.evaluation_share * trained / evaluations))


def sample(ids: Sequence[str], lengths: Sequence[int], at_most: int | None) -> list[int]:
    """Which rows are measured, as indices in rising order: all, or those first by hash that have `at_most` tokens.

    The row that crosses the limit is still taken.
    """
    if at_most is None or sum(lengths) <= at_most:
        return list(range(len(ids)))
    chosen = []
    for at in sorted(range(len(ids)), key=lambda at: hashlib.sha256(ids[at].encode()).digest()):
        if at_most <= 0:
            break
        chosen.append(at)
        at_most -= lengths[at]
    return sorted(chosen)


def _rows_a_step(stage: Stage) -> int:
    return stage.batch_size * stage.accumulation * processes.count()
