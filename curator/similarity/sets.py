"""Texts as sets of shingle hashes, made while the texts are still being read. Loads NumPy.

Of a text only eight bytes for each shingle stay in memory.
"""

import itertools
import os
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from curator.progress import Progress
from curator.similarity import kernels, shingles

# Of this size the copies of a batch stay in a processor's cache, and their memory is used again for the next one.
_BATCH_CHARACTERS, _BATCH_TEXTS = 1 << 18, 1 << 14


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
    return kernels.shingle(*_encoded([text]))[0].copy()


def of_texts(texts: Iterable[str], jobs: int | None = None, progress: Progress | None = None) -> Sets:
    """The shingles of texts. The texts are read once, and only a few of them are held at a time."""
    jobs, gathered = jobs or workers(), _Gathered()
    with ThreadPoolExecutor(jobs) as pool:
        waiting: deque[Future[int]] = deque()
        for number, batch in enumerate(_batches(texts)):
            waiting.append(pool.submit(gathered.add, number, *_encoded(batch)))
            while len(waiting) > 2 * jobs or (waiting and waiting[0].done()):
                done = waiting.popleft().result()  # the reader may be ahead, but by no more texts than this
                if progress:
                    progress("read and shingled", done, None)
        for future in waiting:
            done = future.result()
            if progress:
                progress("read and shingled", done, None)
    return gathered.whole()


class _Gathered:
    """Sets that threads make in any order and put one behind the other in the order of their numbers."""

    def __init__(self) -> None:
        self._hashes, self._sizes = np.empty(1 << 16, np.uint64), [np.zeros(0, np.int64)]
        self._filled = self._documents = self._next = 0
        self._failed = False
        self._turn = threading.Condition()

    def add(self, number: int, data: bytes, starts: NDArray[np.int64]) -> int:
        """Make the sets of a batch, and put them down when all before it have been; returns how many there are then."""
        try:
            made, sizes = kernels.shingle(data, starts)
            with self._turn:
                self._turn.wait_for(lambda: self._next == number or self._failed)
                if self._filled + len(made) > len(self._hashes):  # grows in place where the system can
                    room = max(self._filled + len(made), len(self._hashes) * 3 // 2)
                    self._hashes.resize(room, refcheck=False)  # untouched pages cost nothing
                self._hashes[self._filled : self._filled + len(made)] = made
                self._sizes.append(sizes)
                self._filled += len(made)
                self._documents += len(sizes)
                self._next += 1
                self._turn.notify_all()
                return self._documents
        except BaseException:
            with self._turn:  # those behind it must not wait for ever
                self._failed = True
                self._turn.notify_all()
            raise

    def whole(self) -> Sets:
        """All of them."""
        self._hashes.resize(self._filled, refcheck=False)
        return of_sizes(self._hashes, np.concatenate(self._sizes))


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
    whole = "".join(batch)
    if not whole.isascii():
        batch = [text if text.isascii() else " ".join(shingles.tokens(text)) for text in batch]
        parts = [text.encode() for text in batch]
        return b"".join(parts), _starts(map(len, parts))
    return whole.encode(), _starts(map(len, batch))


def _starts(lengths: Iterable[int]) -> NDArray[np.int64]:
    return np.array([0, *itertools.accumulate(lengths)], np.int64)
