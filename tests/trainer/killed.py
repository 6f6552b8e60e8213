"""Runs a config in a process that kills itself with SIGKILL: `python -m tests.trainer.killed CONFIG OUT POINT`.

A point is `<what>:<n>`: at the n-th optimiser step of this process, at the n-th checkpoint when half of its files are
written, or when the n-th trainer is made (the second one: between the stages).
"""

import os
import signal
import sys
from pathlib import Path

POINTS = {"step": "training_step", "write": "_save_rng_state", "trainer": "__init__"}


def die_at(point: str) -> None:
    """Replace a method of the library's trainer by one that never returns from its n-th call."""
    from trl import SFTTrainer

    what, _, count = point.partition(":")
    method = getattr(SFTTrainer, POINTS[what])
    left = int(count)

    def counted(*arguments, **keywords):
        nonlocal left
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)
        return method(*arguments, **keywords)

    setattr(SFTTrainer, POINTS[what], counted)


if __name__ == "__main__":
    from trainer.config import load_config
    from trainer.run import run

    config, out, point = sys.argv[1:]
    die_at(point)
    run(load_config(config), Path(out))
