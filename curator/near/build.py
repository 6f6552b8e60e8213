"""Makes a generation of the live index: from documents, from an older generation, or from both.

Documents stream in; their hashes are sorted in runs that go to disk when they are large, and the runs are merged by
ranges of the hash. So the memory needed does not grow with the corpus beyond the paths, sizes and stamps.
The folder appears under its name only when everything in it is written: a reader sees all of it or nothing.
"""

import contextlib
import json
import os
import shutil
import tempfile
import zlib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from curator.near.files import COLUMNS, FORMAT, HEADER, Generation, Hashes, Stamp, file_name, header_crc
from curator.near.log import NAME as LOG
from curator.similarity import shingles

Run = tuple[Hashes, NDArray[np.uint32]]
"""Sorted hashes, and the document of each."""

# Occurrences (a shingle in a document) that are sorted at once: 4 million need some 150 MB while they are.
RUN = 4_000_000

# Occurrences for each bucket of keys. Fewer cost more disk, more cost more time per query.
PER_BUCKET = 8

_NOTHING = np.zeros(0, np.uint64), np.zeros(0, np.uint32)


class Builder:
    """Collects documents, then writes them as one generation. A context manager: leaving it removes what is half done.

    `base` and `gone` (its documents that are not to be taken over) let the new generation go on from an older one.
    """

    def __init__(self, parent: Path, base: Generation | None = None, gone: Collection[int] = ()) -> None:
        parent.mkdir(parents=True, exist_ok=True)
        self._folder = Path(tempfile.mkdtemp(prefix=".new-", dir=parent))
        self._base = base
        self._kept = np.ones(base.documents if base else 0, bool)
        if gone:
            self._kept[list(gone)] = False
        kept = np.flatnonzero(self._kept)
        self._paths: list[bytes] = [base.path_bytes(document) for document in kept.tolist()] if base else []
        self._sizes: list[int] = base.sizes[kept].tolist() if base else []
        self._stamps = [Stamp(*stamp) for stamp in base.stamps[kept].tolist()] if base else []
        self._hashes: list[Hashes] = []
        self._waiting = 0
        self._runs: list[Run] = []
        self._first = len(self._paths)  # the number of the first document in self._hashes

    def __enter__(self) -> "Builder":
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)

    def add(self, path: str, hashes: Hashes, stamp: Stamp) -> None:
        """Add a document; its hashes ascending, each once."""
        self._paths.append(path.encode("utf-8", "surrogateescape"))
        self._sizes.append(len(hashes))
        self._stamps.append(stamp)
        self._hashes.append(hashes)
        self._waiting += len(hashes)
        if self._waiting >= RUN:
            self._end_run(spill=True)

    def restamp(self, stamps: Mapping[str, Stamp]) -> None:
        """Change what is known of the files of documents that were taken over."""
        for document, path in enumerate(self._paths):
            stamp = stamps.get(path.decode("utf-8", "surrogateescape"))
            if stamp is not None:
                self._stamps[document] = stamp

    def publish(self, target: Path) -> None:
        """Write the generation and give it its name. Raises OSError (a full disk, say); then nothing has changed."""
        self._end_run(spill=False)
        files = {**self._write_documents(), **self._write_postings()}
        self._runs.clear()
        for run in self._folder.glob("run-*"):
            run.unlink()
        header = {
            "format": FORMAT, "shingles": shingles.VERSION, "documents": len(self._paths),
            "occurrences": self._total, "shift": self._shift, "files": files,
        }  # fmt: skip
        (self._folder / LOG).touch()
        with (self._folder / HEADER).open("w", encoding="ascii") as file:
            json.dump({**header, "crc32": header_crc(header)}, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        self._folder.rename(target)

    # ------------------------------------------------------------------ the documents

    def _write_documents(self) -> dict[str, dict[str, int]]:
        lengths = np.fromiter(map(len, self._paths), np.int64, len(self._paths))
        order = sorted(range(len(self._paths)), key=self._paths.__getitem__)
        stamps = np.array(self._stamps, np.int64).reshape(-1, 3)
        return dict(
            [
                self._column("sizes", np.array(self._sizes, np.int64)),
                self._column("paths", np.frombuffer(b"".join(self._paths), np.uint8)),
                self._column("ends", np.cumsum(lengths)),
                self._column("order", np.array(order, np.int64)),
                self._column("stamps", stamps),
            ]
        )

    def _column(self, name: str, values: NDArray[Any]) -> tuple[str, dict[str, int]]:
        column = _Column(self._folder, name)
        column.write(values)
        return name, column.close()

    # ------------------------------------------------------------------ the postings

    def _end_run(self, spill: bool) -> None:
        """Sort what is waiting by hash; documents of the same hash stay in order."""
        if not self._hashes:
            return
        keys = np.concatenate(self._hashes)
        counts = np.fromiter(map(len, self._hashes), np.int64, len(self._hashes))
        docs = np.repeat(np.arange(self._first, self._first + len(counts), dtype=np.uint32), counts)
        self._first += len(counts)
        self._hashes, self._waiting = [], 0
        by_key = np.argsort(keys, kind="stable")
        keys, docs = keys[by_key], docs[by_key]
        if spill:
            keys, docs = self._spilled(keys, "keys"), self._spilled(docs, "docs")
        self._runs.append((keys, docs))

    def _spilled(self, part: NDArray[Any], name: str) -> NDArray[Any]:
        path = self._folder / f"run-{len(self._runs)}-{name}.npy"
        np.save(path, part)
        return np.asarray(np.load(path, mmap_mode="r"))

    def _write_postings(self) -> dict[str, dict[str, int]]:
        """Merge base and runs, a range of the hash at a time."""
        self._total = sum(self._sizes)
        if self._total >= 1 << 32:
            raise OverflowError("the live index counts to 4 billion shingles; use several indexes")
        bits = max(1, (self._total // PER_BUCKET).bit_length() - 1)
        self._shift, buckets = 64 - bits, 1 << bits
        columns = {name: _Column(self._folder, name) for name in ("keys", "offsets", "docs", "starts")}
        columns["starts"].write(np.zeros(1, np.int64))
        new_number = np.cumsum(self._kept, dtype=np.uint32) - np.uint32(1)
        ranges = max(1, min(buckets, 2 * self._total // RUN))
        different = written = 0
        for first, last in ((buckets * i // ranges, buckets * (i + 1) // ranges) for i in range(ranges)):
            low, high = first << self._shift, last << self._shift
            parts = [_between(*run, low, high) for run in self._runs]
            if self._base is not None:
                keys, docs = _range_of(self._base, low, high)
                kept = self._kept[docs]
                parts.insert(0, (keys[kept], new_number[docs[kept]]))
            keys, docs = (np.concatenate(part) for part in zip(*parts, strict=True)) if parts else _NOTHING
            if len(parts) > 1:
                by_key = np.argsort(keys, kind="stable")
                keys, docs = keys[by_key], docs[by_key]
            new = np.flatnonzero(np.diff(keys, prepend=~keys[:1]))
            columns["keys"].write(keys[new])
            columns["offsets"].write(written + new)
            columns["docs"].write(docs)
            bucket = (keys[new] >> np.uint64(self._shift)).astype(np.int64) - first
            columns["starts"].write(different + np.cumsum(np.bincount(bucket, minlength=last - first)))
            different += len(new)
            written += len(docs)
        columns["offsets"].write(np.array([written], np.int64))
        return {name: column.close() for name, column in columns.items()}


class _Column:
    """A file that is written piece by piece, and its checksum."""

    def __init__(self, folder: Path, name: str) -> None:
        self._type = np.dtype(COLUMNS[name])
        self._file: IO[bytes] = (folder / file_name(name)).open("wb")
        self._length = self._crc = 0

    def write(self, values: NDArray[Any]) -> None:
        """Append values, as the column's type."""
        data = np.ascontiguousarray(values, self._type).reshape(-1).view(np.uint8).data
        self._crc = zlib.crc32(data, self._crc)
        self._length += self._file.write(data)

    def close(self) -> dict[str, int]:
        """What the header says of the file, which is on disk now."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        return {"bytes": self._length, "crc32": self._crc}


def remove(folder: Path) -> None:
    """Delete a generation that has a successor. Where a reader has it mapped, Windows refuses; a later call does it."""
    with contextlib.suppress(OSError):
        (folder / LOG).unlink(missing_ok=True)  # first: a reader notices by it that it must move on
        (folder / HEADER).unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)


def _between(keys: Hashes, docs: NDArray[np.uint32], low: int, high: int) -> Run:
    """The part of a sorted run with low <= key < high."""
    first, last = _places(keys, low, high)
    return keys[first:last], docs[first:last]


def _range_of(base: Generation, low: int, high: int) -> Run:
    """The same of the postings of a generation."""
    first, last = _places(base.keys, low, high)
    offsets = base.offsets[first : last + 1].astype(np.int64)
    return np.repeat(base.keys[first:last], np.diff(offsets)), base.docs[int(offsets[0]) : int(offsets[-1])]


def _places(keys: Hashes, low: int, high: int) -> tuple[int, int]:
    """Where the keys from `low` on begin, and where those before `high` (up to 2**64) end."""
    end = int(np.searchsorted(keys, np.uint64(high))) if high < 1 << 64 else len(keys)
    return int(np.searchsorted(keys, np.uint64(low))), end
