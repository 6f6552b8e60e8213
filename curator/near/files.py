"""One generation of the live index on disk: immutable files, mapped into memory, checked when they are opened.

    keys.u8     the different shingle hashes of all documents, ascending
    offsets.u4  docs[offsets[k]:offsets[k + 1]] are the documents that have keys[k], ascending
    docs.u4     their numbers
    starts.u4   keys[starts[b]:starts[b + 1]] are the keys whose top bits are b, so a hash is found by one step
    sizes.u4    how many shingles each document has
    paths.u1    the paths in UTF-8, one after the other
    ends.u8     where each path ends
    order.u4    the documents in order of their paths
    stamps.i8   what each document's file was like when it was read: (size, mtime in ns, digest)
    header.json     format, shingle version, counts, and the length and CRC-32 of every file

All numbers are little-endian. A generation never changes: what happens later stands in its log (log.py) until the
next generation is made (build.py). docs/near-index.md says what is guaranteed.
"""

import json
import sys
import zlib
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from curator.errors import CuratorError
from curator.similarity import shingles

Hashes = NDArray[np.uint64]
Numbers = NDArray[np.int64]

FORMAT = 1
COLUMNS = {
    "keys": "<u8", "offsets": "<u4", "docs": "<u4", "starts": "<u4", "sizes": "<u4",
    "paths": "|u1", "ends": "<u8", "order": "<u4", "stamps": "<i8",
}  # fmt: skip
HEADER = "header.json"
_MADV_POPULATE_READ = 22  # of Linux 5.14; the module mmap has no name for it


def file_name(column: str) -> str:
    """The file of a column."""
    return f"{column}.{COLUMNS[column][1:]}"


class Damaged(CuratorError):
    """The files are not what was written, or another version wrote them: the index must be made again."""


class Stamp(NamedTuple):
    """A document's file as it was read: bytes, mtime in ns (-1: too fresh to be trusted), 64-bit digest (signed)."""

    size: int
    mtime_ns: int
    digest: int


NO_FILE = Stamp(-1, -1, 0)


class Generation:
    """The mapped files of one generation. Raises Damaged if they are not whole; FileNotFoundError if they are gone."""

    def __init__(self, folder: Path, verify: bool = True) -> None:
        self.folder = folder
        header = read_header(folder)
        arrays = {}
        for name, kind in COLUMNS.items():
            path, told = folder / file_name(name), header["files"][name]
            check_file(path, told, verify)
            arrays[name] = _mapped(path, kind, told["bytes"])
        self.shift = int(header["shift"])
        self.documents = int(header["documents"])
        self.occurrences = int(header["occurrences"])
        self.keys, self.offsets, self.docs, self._starts = (arrays[n] for n in ("keys", "offsets", "docs", "starts"))
        self.sizes, self.stamps = arrays["sizes"], arrays["stamps"].reshape(-1, 3)
        self._paths, self._ends, self._order = (arrays[n] for n in ("paths", "ends", "order"))

    @cached_property
    def bytes_on_disk(self) -> int:
        """The size of all files."""
        return sum(path.stat().st_size for path in self.folder.iterdir())

    def ranges(self, wanted: Hashes) -> tuple[Numbers, Numbers]:
        """For each hash of `wanted` (n u8) where its documents begin in `docs`, and how many there are: two n i8."""
        bucket = (wanted >> np.uint64(self.shift)).astype(np.int64)
        start = self._starts[bucket].astype(np.int64)
        width = self._starts[bucket + 1] - start
        owner = np.repeat(np.arange(len(wanted)), width)
        places = _expand(start, width)
        hit = np.flatnonzero(self.keys[places] == wanted[owner])
        place, owner = places[hit], owner[hit]
        first, count = np.zeros(len(wanted), np.int64), np.zeros(len(wanted), np.int64)
        first[owner] = self.offsets[place]
        count[owner] = self.offsets[place + 1] - first[owner]
        return first, count

    def postings(self, first: Numbers, count: Numbers) -> NDArray[np.uint32]:
        """The documents of several ranges, one range after the other (u4)."""
        return self.docs[_expand(first, count)]

    def path(self, document: int) -> str:
        """The path of a document."""
        return self.path_bytes(document).decode("utf-8", "surrogateescape")

    def path_bytes(self, document: int) -> bytes:
        """The path of a document as it is stored."""
        begin = int(self._ends[document - 1]) if document else 0
        return self._paths[begin : int(self._ends[document])].tobytes()

    def find(self, path: str) -> int | None:
        """The document of that path, None if there is none."""
        wanted, low, high = path.encode("utf-8", "surrogateescape"), 0, self.documents
        while low < high:
            middle = (low + high) // 2
            if self.path_bytes(int(self._order[middle])) < wanted:
                low = middle + 1
            else:
                high = middle
        if low < self.documents and self.path_bytes(int(self._order[low])) == wanted:
            return int(self._order[low])
        return None


def read_header(folder: Path) -> dict[str, Any]:
    """The header of a generation, checked. Raises Damaged."""
    try:
        header: dict[str, Any] = json.loads((folder / HEADER).read_bytes())
        told = header.pop("crc32")
    except FileNotFoundError:
        raise
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise Damaged(f"{folder / HEADER}: cannot be read ({error}); the index is made again") from error
    if header.get("format") != FORMAT or header.get("shingles") != shingles.VERSION:
        raise Damaged(f"{folder}: the index is of another version; it is made again")
    if told != header_crc(header):
        raise Damaged(f"{folder / HEADER}: damaged; the index is made again")
    return header


def header_crc(header: dict[str, Any]) -> int:
    """The checksum of a header without its own."""
    return zlib.crc32(json.dumps(header, sort_keys=True).encode())


def check_file(path: Path, told: dict[str, int], whole: bool) -> None:
    """Compare a file's length with what the header says, and its CRC-32 if `whole`. Raises Damaged."""
    if path.stat().st_size != told["bytes"]:
        raise Damaged(f"{path}: {path.stat().st_size} bytes instead of {told['bytes']}; the index is made again")
    if whole:
        crc = 0
        with path.open("rb", buffering=0) as file:
            buffer = memoryview(bytearray(1 << 20))
            while length := file.readinto(buffer):
                crc = zlib.crc32(buffer[:length], crc)
        if crc != told["crc32"]:
            raise Damaged(f"{path}: damaged, its checksum differs; the index is made again")


def _mapped(path: Path, kind: str, length: int) -> NDArray[Any]:
    if not length:
        return np.zeros(0, kind)
    mapped = np.memmap(path, np.dtype(kind), "r")
    if sys.platform == "linux":
        # Else a first query of a large index takes a thousand page faults, 10 ms and more. Older kernels refuse.
        with suppress(OSError):
            mapped._mmap.madvise(_MADV_POPULATE_READ)  # type: ignore[attr-defined]
    # asarray: np.memmap, the subclass, makes every slice ten times as slow
    return np.asarray(mapped)


def _expand(first: Numbers, count: Numbers) -> Numbers:
    """The positions first[0], first[0] + 1, ... of each range, one range after the other."""
    ends = np.cumsum(count)
    total = int(ends[-1]) if len(ends) else 0
    return np.repeat(first - (ends - count), count) + np.arange(total)
