"""Several processes that train one model together (`accelerate launch`): who does what, and who waits for whom.

The first process alone claims the run folder and writes into it. With one process, all of this does nothing.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr
from pathlib import Path
from typing import Any, TypeVar

from trainer.errors import TrainerError

T = TypeVar("T")


def count() -> int:
    """How many processes train together; the launcher says so in the environment."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def is_first() -> bool:
    """Is this the process that writes?"""
    return os.environ.get("RANK", "0") == "0"


def divide_the_model() -> bool:
    """Has each of them a part of the model (FSDP) instead of the whole? The launcher says so in the environment."""
    return count() > 1 and os.environ.get("ACCELERATE_USE_FSDP", "").lower() == "true"


def wait() -> None:
    """Until all processes are here."""
    if count() > 1:
        _state().wait_for_everyone()


def first_before_others(do: Callable[[], T]) -> T:
    """What `do` gives; the others begin when the first has done it."""
    if not is_first():
        wait()
    result = do()
    if is_first():
        wait()
    return result


def from_first(value: Any) -> Any:
    """The first process's value, in every process. If it is a TrainerError, it is raised in all of them."""
    if count() > 1:
        from accelerate.utils import broadcast_object_list

        _state()
        value = broadcast_object_list([value])[0]
    if isinstance(value, TrainerError):
        raise value
    return value


def in_step(model: Any) -> Any:
    """A divided model, to generate with in all processes at once: each goes on with the first one's logits.

    A forward pass takes all processes, so if one ended its answers a token before the others, they would wait for ever.
    """
    import torch

    class InStep:
        def __getattr__(self, name: str) -> Any:
            return getattr(model, name)

        def __call__(self, **given: Any) -> Any:
            # not in inference mode: the weights that are gathered here serve the next training step, too
            with torch.inference_mode(False), torch.no_grad():
                out = model(**given)
                out.logits = out.logits.float()
                torch.distributed.broadcast(out.logits, 0)
            return out

    return InStep()


@contextmanager
def only_first_speaks() -> Iterator[None]:
    """While this lasts, only the first process says what is going on; errors are raised in all of them."""
    if is_first():
        yield
        return
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere, redirect_stderr(nowhere):
        yield


def _state() -> Any:
    import torch
    from accelerate import PartialState

    return PartialState(cpu=not torch.cuda.is_available())
