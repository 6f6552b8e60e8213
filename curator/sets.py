"""Texts as sets of shingle hashes, made while the texts are still being read. Loads NumPy.

Of a text only eight bytes for each shingle stay in memory.
"""

import itertools
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from curator import kernels, shingles

Progress = Callable[[str, int, int | None], None]
"""Is told the stage, how many documents are done, and of how many (None: not known)."""

# Large batches: a thread that comes back from a kernel waits for Python's lock, up to 5 ms while another thread reads.
_BATCH_CHARACTERS, _BATCH_TEXTS = 1 << 21, 1 << 14


@dataclass(frozen=True)
class Sets:
    """The shingles of documents, one behind the other: document d has hashes[starts[d]:starts[d + 1]], ascending."""

    hashes: NDArray[np.uint64]
    starts: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, document: int) -> NDArray[np.uint64]:
        return self.hashes[self.starts[document] : self.starts[document + 1]]

    @property
    def sizes(self) -> NDArray[np.int64]:
        """How many shingles each document has."""
        return np.diff(self.starts)


def of_sizes(hashes: NDArray[np.uint64], sizes: NDArray[np.int64]) -> Sets:
    """Sets from their hashes, one behind the other, and the size of each."""
    starts = np.zeros(len(sizes) + 1, np.int64)
    np.cumsum(sizes, out=starts[1:])
    return Sets(hashes, starts)


def of_hashes(documents: Iterable[Sequence[int]]) -> Sets:
    """Sets from hashes that are there already: of each document ascending and each once, as `shingles.hashes` says."""
    arrays = [np.asarray(hashes, np.uint64) for hashes in documents]
    return of_sizes(np.concatenate([np.zeros(0, np.uint64), *arrays]), np.array([len(a) for a in arrays], np.int64))


def of_text(text: str) -> NDArray[np.uint64]:
    """`shingles.hashes` of one text, by the compiled kernel if there is one."""
    return kernels.shingle(*_encoded([text]))[0]


def of_texts(texts: Iterable[str], jobs: int | None = None, progress: Progress | None = None) -> Sets:
    """The shingles of texts. The texts are read once, and only a few of them are held at a time."""
    jobs = jobs or workers()
    hashes = np.empty(1 << 24, np.uint64)  # pages nobody touches cost nothing
    sizes, filled, done = [np.zeros(0, np.int64)], 0, 0

    def finish(future: Future[tuple[NDArray[np.uint64], NDArray[np.int64]]]) -> None:
        nonlocal filled, done
        made, made_sizes = future.result()
        if filled + len(made) > len(hashes):  # grows in place where the system can
            hashes.resize(max(filled + len(made), len(hashes) * 3 // 2), refcheck=False)
        hashes[filled : filled + len(made)] = made
        sizes.append(made_sizes)
        filled += len(made)
        done += len(made_sizes)
        if progress:
            progress("read and shingled", done, None)

    with ThreadPoolExecutor(jobs) as pool:
        waiting: deque[Future[tuple[NDArray[np.uint64], NDArray[np.int64]]]] = deque()
        for batch in _batches(texts):
            waiting.append(pool.submit(kernels.shingle, *_encoded(batch)))
            if len(waiting) > 2 * jobs:  # the reader is ahead: no more texts in memory than this
                finish(waiting.popleft())
        while waiting:
            finish(waiting.popleft())
    hashes.resize(filled, refcheck=False)
    return of_sizes(hashes, np.concatenate(sizes))


def split(whole: Sets, pieces: int) -> list[tuple[int, Sets]]:
    """About so many views of about the same number of shingles, each with the number of its first document."""
    aims = np.linspace(0, len(whole.hashes), pieces + 1)[1:-1]
    cuts = np.unique([0, *np.searchsorted(whole.starts, aims).tolist(), len(whole)]).tolist()
    return [
        (i, Sets(whole.hashes[whole.starts[i] : whole.starts[j]], whole.starts[i : j + 1] - whole.starts[i]))
        for i, j in itertools.pairwise(cuts)
    ]


def workers() -> int:
    """How many threads to use if nobody says."""
    return os.cpu_count() or 1


def _batches(texts: Iterable[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    size = 0
    for text in texts:
        batch.append(text)
        size += len(text)
        if size >= _BATCH_CHARACTERS or len(batch) >= _BATCH_TEXTS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _encoded(batch: list[str]) -> tuple[bytes, NDArray[np.int64]]:
    """One UTF-8 string of all texts, and where each begins.

    Only Python knows which letters beyond ASCII are tokens and what they are in lower case, so of such a text its
    tokens go in, with blanks between.
    """
    parts = [(text if text.isascii() else " ".join(shingles.tokens(text))).encode() for text in batch]
    starts = np.zeros(len(parts) + 1, np.int64)
    np.cumsum(list(map(len, parts)), out=starts[1:])
    return b"".join(parts), starts
