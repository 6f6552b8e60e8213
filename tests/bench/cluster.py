"""The join in stages: which engine runs them best, and what it takes for many more documents than here.

    python tests/bench/cluster.py --documents 20000
    python tests/bench/cluster.py --documents 100000 --engines processes dask ray --plan 100000000 --price 0.05

Every engine must give the pairs of the local join. Ray is measured if it is installed.
"""

import argparse
import resource
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from curator.similarity import cluster, join
from tests.bench.dedupe_data import synthetic

STAGES = ("shingle", "spread", "count", "prefix", "meet", "verify")


@contextmanager
def processes(workers: int) -> Iterator[cluster.Run]:
    """A pool of processes on this machine."""
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        yield lambda function, items: list(pool.map(function, items))


@contextmanager
def ray(workers: int) -> Iterator[cluster.Run]:
    """A Ray cluster on this machine."""
    import ray as library

    library.init(num_cpus=workers, include_dashboard=False, log_to_driver=False, logging_level="error")
    try:
        remote = library.remote(lambda function, item: function(item))
        yield lambda function, items: library.get([remote.remote(function, item) for item in items])
    finally:
        library.shutdown()


ENGINES: dict[str, Callable[[int], object]] = {
    "processes": processes,
    "dask": lambda workers: cluster.dask(workers=workers),
    "ray": ray,
}


def main() -> None:
    options = _options()
    texts = list(synthetic(options.documents))
    began = time.perf_counter()
    local = join.pairs(texts, options.threshold)
    print(f"local join: {time.perf_counter() - began:.1f} s, {len(local)} pairs, {options.documents} documents")
    how = {"shard": -(-options.documents // options.shards), "ranges": options.ranges}
    for name in options.engines:
        began = time.perf_counter()
        try:
            with ENGINES[name](options.workers) as run:
                ready = time.perf_counter()
                made = cluster.pairs(texts, options.threshold, run, **how)
                done = time.perf_counter()
        except ImportError:
            print(f"{name}: not installed")
            continue
        same = all(np.array_equal(getattr(made, f), getattr(local, f)) for f in ("a", "b", "jaccard"))
        whole = time.perf_counter() - began
        print(f"{name}: start {ready - began:.1f} s, join {done - ready:.1f} s, end {whole - (done - began):.1f} s, "
              f"together {whole:.1f} s; pairs identical to the local join: {same}")  # fmt: skip
        if not same:
            sys.exit(1)
    _plan(texts, options, how)


def _plan(texts: Sequence[str], options: argparse.Namespace, how: dict[str, int]) -> None:
    """Runs every stage in a process of its own and says what each took, here and for the planned number."""
    took: dict[str, list[tuple[float, int]]] = {}
    sizes: dict[str, int] = defaultdict(int)
    with tempfile.TemporaryDirectory() as folder:

        def run(function: Callable[[int], int], items: Sequence[int]) -> list[int]:
            with ProcessPoolExecutor(1, mp_context=get_context("spawn"), max_tasks_per_child=1) as pool:
                rows = list(pool.map(partial(_measured, function), items))
            took[function.func.__name__] = [(seconds, peak) for _, seconds, peak in rows]  # type: ignore[attr-defined]
            (inside,) = Path(folder).iterdir()
            for path in inside.iterdir():
                sizes[path.name.split("-")[0].split(".")[0]] = 0
            for path in inside.iterdir():
                sizes[path.name.split("-")[0].split(".")[0]] += path.stat().st_size
            return [result for result, _, _ in rows]

        cluster.pairs(texts, options.threshold, run, shared=Path(folder), **how)
    planned, n = options.plan, options.documents
    print(f"\n{'stage':10}{'s/1M docs':>11}{'peak MB':>9}{'core hours':>12}   for {planned:,} documents")
    total = 0.0
    for name in STAGES:
        seconds = sum(s for s, _ in took[name]) / n
        total += seconds * planned / 3600
        print(
            f"{name:10}{seconds * 1e6:11.1f}{max(p for _, p in took[name]) / 1e6:9.0f}{seconds * planned / 3600:12.1f}"
        )
    print(f"{'all':10}{'':20}{total:12.1f}   {total * options.price:.2f} at {options.price} for a core hour")
    print(f"(a worker had {how['shard']} documents or one of {options.ranges} ranges; the starting one had "
          f"{_measured(abs, 0)[2] / 1e6:.0f} MB)")  # fmt: skip
    print(f"\n{'file':10}{'bytes/doc':>11}{'GB':>10}   for {planned:,} documents")
    for name, size in sorted(sizes.items(), key=lambda item: -item[1]):
        print(f"{name:10}{size / n:11.1f}{size / n * planned / 1e9:10.1f}")
    print(f"{'all':10}{sum(sizes.values()) / n:11.1f}{sum(sizes.values()) / n * planned / 1e9:10.1f}")


def _measured(function: Callable[[int], int], item: int) -> tuple[int, float, int]:
    """The result, the processor seconds, and the most bytes of memory this process has had."""
    began = time.process_time()
    result = function(item)
    return result, time.process_time() - began, _peak()


def _peak() -> int:
    """The most bytes this process has had. ru_maxrss would begin with the peak of the process that started it."""
    status = Path("/proc/self/status")
    if status.is_file():
        return int(status.read_text().split("VmHWM:")[1].split()[0]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=20_000)
    parser.add_argument("--threshold", type=float, default=0.7)
    parser.add_argument("--engines", nargs="*", default=["processes", "dask", "ray"], choices=list(ENGINES))
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--shards", type=int, default=4)
    parser.add_argument("--ranges", type=int, default=8)
    parser.add_argument("--plan", type=int, default=100_000_000, help="documents to plan for")
    parser.add_argument("--price", type=float, default=0.05, help="of a core hour, in any currency")
    return parser.parse_args()


if __name__ == "__main__":
    main()
