"""What has happened since a generation was made: a log that is only appended to, read by every process.

A record is whole or it does not count: length and CRC-32 stand before it. A record that was torn by a crash ends the
log; the next writer cuts it off. Nothing is lost by that: whoever compares the index with the corpus sees a document
that changed, and reads it again. That is also why no write waits for the disk (fsync).
"""

import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path

import numpy as np

from curator.near.files import NO_FILE, Hashes, Stamp

NAME = "changes.log"

_FRAME = struct.Struct("<4sII")  # magic, bytes of the record, CRC-32 of the record
_RECORD = struct.Struct("<BIqqqI")  # kind, bytes of the path, stamp, number of hashes
_MAGIC = b"NEAR"


class Kind(IntEnum):
    """What a record says of a path: it has these shingles; it is gone; only its file's stamp is another."""

    PUT = 1
    DROP = 2
    STAMP = 3


@dataclass(frozen=True)
class Record:
    """One change. `hashes` are the shingle hashes of a PUT, ascending."""

    kind: Kind
    path: str
    stamp: Stamp = NO_FILE
    hashes: Hashes = field(default_factory=lambda: np.zeros(0, np.uint64))


def read(path: Path, offset: int = 0) -> tuple[list[Record], int]:
    """The whole records from `offset` on, and where they end. Raises FileNotFoundError."""
    with path.open("rb") as file:
        file.seek(offset)
        data = file.read()
    found, at = [], 0
    while len(data) - at >= _FRAME.size:
        magic, length, crc = _FRAME.unpack_from(data, at)
        body = data[at + _FRAME.size : at + _FRAME.size + length]
        if magic != _MAGIC or len(body) != length or zlib.crc32(body) != crc:
            break
        found.append(_unpacked(body))
        at += _FRAME.size + length
    return found, offset + at


def append(path: Path, offset: int, records: Iterable[Record]) -> int:
    """Write records at `offset`, the end of the last whole one, and return the new end. Only under the writer lock."""
    data = b"".join(_packed(record) for record in records)
    with path.open("r+b") as file:
        file.truncate(offset)
        file.seek(offset)
        file.write(data)
    return offset + len(data)


def _packed(record: Record) -> bytes:
    name = record.path.encode("utf-8", "surrogateescape")
    head = _RECORD.pack(record.kind, len(name), *record.stamp, len(record.hashes))
    body = head + name + record.hashes.astype("<u8", copy=False).tobytes()
    return _FRAME.pack(_MAGIC, len(body), zlib.crc32(body)) + body


def _unpacked(body: bytes) -> Record:
    kind, length, size, mtime_ns, digest, _ = _RECORD.unpack_from(body)
    name = body[_RECORD.size : _RECORD.size + length].decode("utf-8", "surrogateescape")
    hashes = np.frombuffer(body, "<u8", offset=_RECORD.size + length).astype(np.uint64, copy=False)
    return Record(Kind(kind), name, Stamp(size, mtime_ns, digest), hashes)
