"""The exact join on several processes or machines: `curator.similarity.join` through files on shared storage.

An engine is one function, `run(function, items) -> results`, since the stages exchange files and no values. Dask is the
one that is offered: tests/bench/cluster.py measures it beside Ray and a process pool. Loads NumPy.
"""

import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from curator.errors import CuratorError, MissingError
from curator.progress import Progress
from curator.similarity import cluster_stages as stages
from curator.similarity.join import MOST_PAIRS, Pairs, few_enough, with_copies
from curator.similarity.twins import of_firsts

Run = Callable[[Callable[[int], int], Sequence[int]], list[int]]

# Of documents of 1,700 bytes such a shard takes some gigabytes of a worker's memory (docs/dedupe-cluster.md).
SHARD = 500_000
# How long a scheduler has to answer.
_ANSWER_S = 10.0

_NO_DASK = "--engine dask needs dask.distributed; run \"pip install 'bbj-curator[cluster]'\""


def pairs(
    texts: Iterable[str],
    threshold: float,
    run: Run,
    *,
    shared: Path | None = None,
    shard: int = SHARD,
    ranges: int = 0,
    progress: Progress | None = None,
    most: int = MOST_PAIRS,
) -> Pairs:
    """All pairs of texts with a Jaccard similarity of at least `threshold`, as `join.pairs` gives them.

    `shared` is a folder that every worker sees under the same path (default: a temporary one); a folder inside it holds
    the files of this run and is removed at the end. `shard` is the number of documents in a shard; `ranges`, a power of
    two, how many parts the hash values are cut into (0: about as many as there are shards). Neither changes the result.
    """
    try:
        if shared:
            shared.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix="curator-join-", dir=shared))
    except OSError as error:
        raise CuratorError(
            f"{shared}: cannot be written: {error.strerror}; name another folder with --shared"
        ) from error
    try:
        firsts = _split(folder, texts, shard, progress)
        ranges = ranges or 1 << max(3, (len(firsts) - 2).bit_length())
        plan = stages.Plan(threshold, tuple(firsts), ranges)
        stages.save_plan(folder, plan)
        each_shard, each_range = range(plan.shards), range(ranges)
        tell = partial(_tell, progress, 6)
        run(partial(stages.shingle, folder), each_shard)
        tell(1)
        first, sizes = stages.find_copies(folder)
        run(partial(stages.spread, folder), each_shard)
        tell(2)
        run(partial(stages.count, folder), each_range)
        tell(3)
        run(partial(stages.prefix, folder), each_shard)
        tell(4)
        run(partial(stages.meet, folder), each_range)
        tell(5)
        compared = sum(run(partial(stages.verify, folder), each_shard))
        tell(6)
        a, b, common = stages.found(folder).T
        groups = of_firsts(first, sizes)
        few_enough(groups.count() + groups.count_between(a, b), most, threshold)
        return with_copies(groups, a, b, common / (sizes[a] + sizes[b] - common), compared)
    except OSError as error:
        raise CuratorError(f"{folder}: {error.strerror}; name a folder with more room with --shared") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def here(function: Callable[[int], int], items: Sequence[int]) -> list[int]:
    """Runs a stage in this process, one item after the other."""
    return [function(item) for item in items]


@contextmanager
def dask(scheduler: str = "", workers: int = 0) -> Iterator[Run]:
    """Runs stages on a Dask cluster: the one at `scheduler`, such as "tcp://host:8786", or one made on this machine.

    Raises MissingError if Dask is not installed, CuratorError if no scheduler answers.
    """
    try:
        from distributed import Client, LocalCluster
    except ImportError:
        raise MissingError(_NO_DASK) from None
    cluster = None
    if not scheduler:
        # no dashboard: it would listen on a port
        cluster = LocalCluster(n_workers=workers or None, threads_per_worker=1, dashboard_address=None)
    try:
        client = Client(cluster or scheduler, timeout=_ANSWER_S)
    except (OSError, ValueError) as error:
        raise CuratorError(
            f"{scheduler}: no Dask scheduler answers there ({error}); start one with: dask scheduler"
        ) from None
    try:
        # a stage's result is a count of what is in its files, so nothing may be taken from an earlier run
        yield lambda function, items: client.gather(client.map(function, items, pure=False))
    finally:
        client.close()
        if cluster:
            cluster.close()


def _split(folder: Path, texts: Iterable[str], size: int, progress: Progress | None) -> list[int]:
    """Writes the texts in shards and returns the number of the first document of each, and of all documents."""
    firsts, waiting = [0], []
    for text in texts:
        waiting.append(text)
        if len(waiting) == size:
            stages.write_texts(folder, len(firsts) - 1, waiting)
            firsts.append(firsts[-1] + len(waiting))
            waiting = []
            if progress:
                progress("read", firsts[-1], None)
    if waiting or len(firsts) == 1:
        stages.write_texts(folder, len(firsts) - 1, waiting)
        firsts.append(firsts[-1] + len(waiting))
    return firsts


def _tell(progress: Progress | None, of: int, done: int) -> None:
    if progress:
        progress("stages", done, of)
