"""Work spread over other processes: results in order, a bounded part of the input in memory, and nobody left behind.

Processes are started afresh on every system, as Windows does it: forking a process that draws a progress bar in a
thread can hang. So functions, items and results must be picklable, and importing the function's module must be cheap.
"""

import _thread
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from curator.errors import CuratorError

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

Item = TypeVar("Item")
Result = TypeVar("Result")

# Windows waits for at most 63 things at a time, of which two are the pool's own.
_MOST_ON_WINDOWS = 61


def count(jobs: int | None = None) -> int:
    """How many processes `jobs` means: 0 and None are all processors that this process may use."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(jobs or usable, _MOST_ON_WINDOWS) if sys.platform == "win32" else jobs or usable


def in_order(function: Callable[[Item], Result], items: Iterable[Item], jobs: int) -> Generator[Result, None, None]:
    """`function(item)` for every item, in order; with one job here, with more in so many other processes.

    Items are taken as they are needed, a few ahead. Close the iterator when it is not read to its end (`closing`): that
    ends the processes. Raises what `function` raises, and CuratorError if the system ends a process.
    """
    if jobs == 1:
        yield from map(function, items)
        return
    from concurrent.futures import Future, ProcessPoolExecutor  # 30 ms that one process does not need
    from concurrent.futures.process import BrokenProcessPool
    from multiprocessing import get_context

    context = get_context("spawn")
    line, held = context.Pipe(duplex=False)  # nothing is sent; workers hear when this end of it is gone
    pool = ProcessPoolExecutor(jobs, context, _begin, (line,))
    waiting: deque[Future[Result]] = deque()
    try:
        for item in items:
            waiting.append(pool.submit(_call, function, item))
            if len(waiting) > 2 * jobs:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except BrokenProcessPool as error:
        raise CuratorError("the system ended a worker process, most often for want of memory; try --jobs 1") from error
    finally:
        held.close()  # ends also the tasks that workers have taken already
        pool.shutdown(cancel_futures=True)
        line.close()


_unwanted = False  # of a worker: true when its results are not wanted any more


def _begin(line: "Connection") -> None:
    """The beginning of a worker: Ctrl-C is heard in a task only, and the end of the parent is the worker's end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_watch, args=(line,), daemon=True).start()


def _watch(line: "Connection") -> None:
    """Waits until the parent closes its end. Without this, a parent that was killed would leave workers for ever."""
    from multiprocessing import parent_process

    global _unwanted
    with suppress(EOFError, OSError):
        line.recv_bytes()
    _unwanted = True
    _thread.interrupt_main()  # the task at work, if there is one, as Ctrl-C does
    parent = parent_process()
    if parent:
        parent.join()
        os._exit(1)


def _call(function: Callable[[Item], Result], item: Item) -> Result:
    """Ctrl-C stops a task, so that a compiler that it started is stopped too; it never prints a traceback."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        if _unwanted:
            raise KeyboardInterrupt
        return function(item)
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
