"""Does what `python -m trainer` does, for `accelerate launch ... --module tests.trainer.together run CONFIG`, and more.

INTERRUPT_AT=<n>: all processes stop as by Ctrl-C at the n-th forward and backward pass of training, then give the same
command again.

DIVIDE_ON_CPU=1: FSDP on CPUs, which accelerate keeps for GPUs: on CPUs it trains as with DDP and does not say so. Here
its processes pass for those of GPUs and compute on the CPU. What is below that is as on GPUs: torch's fully_shard,
accelerate's and the Trainer's saving and loading of parts.
"""

import contextlib
import os
import runpy


def divide_on_cpu() -> None:
    """Make accelerate's state as on several GPUs, with the CPU as device and gloo between the processes."""
    from accelerate import PartialState
    from accelerate.utils import DistributedType

    os.environ["ACCELERATE_TORCH_DEVICE"] = "cpu"
    PartialState._prepare_backend = lambda *a, **k: ("gloo", DistributedType.MULTI_GPU)
    PartialState()


def interrupt_at(count: int) -> None:
    """The trainer's `count`-th training step stops the run, once."""
    from trl import SFTTrainer

    step = SFTTrainer.training_step
    done = 0

    def counted(*arguments, **keywords):
        nonlocal done
        done += 1
        if done == count:
            raise KeyboardInterrupt
        return step(*arguments, **keywords)

    SFTTrainer.training_step = counted


if __name__ == "__main__":
    if os.environ.get("DIVIDE_ON_CPU"):
        divide_on_cpu()
    if os.environ.get("INTERRUPT_AT"):
        interrupt_at(int(os.environ["INTERRUPT_AT"]))
        with contextlib.suppress(SystemExit):
            runpy.run_module("trainer", run_name="__main__", alter_sys=True)
    runpy.run_module("trainer", run_name="__main__", alter_sys=True)
