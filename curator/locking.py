"""A lock between processes that a dead process does not hold: the system lets go of it when the process ends."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

# Between two tries of a lock that another process holds.
_PAUSE_S = 0.02


def try_lock(path: Path) -> IO[str] | None:
    """The file, made if need be and locked for this process until it is closed; None if another one has it."""
    file = path.open("a+")
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return None
    return file


@contextmanager
def locked(path: Path, wait_s: float) -> Iterator[bool]:
    """Hold the lock during the block. Yields False, and holds nothing, if another process kept it for `wait_s`."""
    end = time.monotonic() + wait_s
    while (file := try_lock(path)) is None and time.monotonic() < end:
        time.sleep(_PAUSE_S)
    try:
        yield file is not None
    finally:
        if file is not None:
            file.close()
