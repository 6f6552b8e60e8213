"""Runs a config in processes that kill themselves with SIGKILL: `python -m tests.trainer.killed CONFIG OUT`.

Each line on stdin is a point to die at; a process of its own runs until there, and a line on stdout says with which
signal it ended (0: it did not die). The libraries are imported once and the processes forked off before anything is
computed: importing takes longer than all of the training. Not on Windows.

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


def run_until(point: str, config: str, out: Path) -> int:
    """Run in a forked process that dies at the point; returns the signal that ended it."""
    child = os.fork()
    if not child:
        try:
            die_at(point)
            run(load_config(config), out)
        finally:
            os._exit(0)
    return os.WTERMSIG(os.waitpid(child, 0)[1])


if __name__ == "__main__":
    import torch.utils.tensorboard  # noqa: F401 - what a run imports on its way
    import trl  # noqa: F401

    import trainer.stage  # noqa: F401
    from trainer.config import load_config
    from trainer.run import run

    for line in sys.stdin:
        print(run_until(line.strip(), sys.argv[1], Path(sys.argv[2])), flush=True)
