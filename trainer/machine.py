"""What the machine offers: threads, memory allocator, and its description for the run record.

The command calls `prepare_process` before torch is imported: OpenMP reads its settings once, when it is loaded.
"""

import ctypes
import gc
import math
import os
import platform
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def prepare_process() -> None:
    """Settings of the process that make training on a CPU quicker; each can be overridden by the environment."""
    # Threads that wait for each other sleep instead of spinning. With the default, a second program on the cores makes
    # two threads several times slower than one: each layer waits for the thread that has no core, and burns the other.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    keep_freed_memory()


def keep_freed_memory() -> None:
    """Tell glibc to keep freed memory: a training step allocates the same large blocks again and again.

    Without it each of them is a new mapping that the kernel fills with zeros page by page: a fifth of the time of a
    step. The price is memory that stays taken in pieces; `release_freed_memory` gives it back now and then. Only on
    Linux with glibc; elsewhere nothing happens.
    """
    libc = _glibc()
    if libc is not None:
        trim_threshold, top_pad, mmap_max = -1, -2, -4  # from malloc.h
        libc.mallopt(mmap_max, 0)
        libc.mallopt(trim_threshold, 2**31 - 1)
        libc.mallopt(top_pad, 2**28)


def release_freed_memory() -> None:
    """Collect what is no longer used and give it back to the system: between the parts of a run (it takes 0.3 s)."""
    gc.collect()
    return_freed_memory()


def return_freed_memory() -> None:
    """Give memory that is free now back to the system. Quick, but not for every step: it is fetched again."""
    libc = _glibc()
    if libc is not None:
        libc.malloc_trim(0)


def set_threads(wanted: int) -> int:
    """Set torch's threads: `wanted`, or with 0 OMP_NUM_THREADS, or else one for each usable core. Returns them."""
    import torch

    threads = wanted or _from_environment(os.environ) or usable_cores()
    torch.set_num_threads(threads)
    return threads


def usable_cores() -> int:
    """Physical cores this process may use: those of the machine, less what its container or its affinity takes away."""
    import psutil  # type: ignore[import-untyped]  # accelerate needs it anyway

    allowed = len(psutil.Process().cpu_affinity()) if sys.platform.startswith("linux") else os.cpu_count() or 1
    return max(1, min(allowed, psutil.cpu_count(logical=False) or allowed, _container_limit() or allowed))


def describe() -> dict[str, Any]:
    """Processor, memory, GPUs and system. No host name: run folders are passed on."""
    import psutil
    import torch

    return {
        "system": platform.platform(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "gpus": [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())],
    }


def peak_memory_gb() -> dict[str, float]:
    """The most memory this process has held so far, in GB: of the machine, and of the first GPU if there is one."""
    import torch

    peak: dict[str, float] = {}
    if sys.platform != "win32":
        import resource  # not on Windows

        used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        peak["ram"] = round(used / (1e9 if sys.platform == "darwin" else 1e6), 2)  # bytes there, kilobytes elsewhere
    if torch.cuda.is_available():
        peak["gpu"] = round(torch.cuda.max_memory_allocated() / 1e9, 2)
    return peak


def bf16_on_gpu() -> bool:
    """False only on a GPU that cannot compute in bfloat16. One that can merely imitate it (before Ampere) cannot."""
    import torch

    return not torch.cuda.is_available() or torch.cuda.is_bf16_supported(including_emulation=False)


def _glibc() -> ctypes.CDLL | None:
    if not sys.platform.startswith("linux"):
        return None
    try:
        libc = ctypes.CDLL("libc.so.6")
        libc.mallopt, libc.malloc_trim  # noqa: B018 - musl has neither, and says so here
    except (OSError, AttributeError):
        return None
    return libc


def _from_environment(environ: Mapping[str, str]) -> int:
    value = environ.get("OMP_NUM_THREADS", "").split(",")[0]
    return int(value) if value.isdigit() else 0


def _container_limit() -> int | None:
    """The CPU quota of a container (cgroup 2), rounded up; None without one."""
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
    except (OSError, ValueError):
        return None
    return None if quota == "max" else max(1, math.ceil(int(quota) / int(period)))


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
