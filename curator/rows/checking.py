"""Reads a dataset and checks its rows, in this process or spread over several: the same values in the same order.

Lines are read here and sent out in chunks; what comes back is each row with its findings and with what it is compared
with others by. So the memory needed depends on the size of a chunk and the number of processes, never on the file.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from functools import cache, partial
from itertools import islice
from pathlib import Path

from curator import processes
from curator.lengths import token_counter
from curator.rows.foreign_rows import BadLine, Line, Progress, Row, read_lines, read_row
from curator.rows.near_rows import hashes
from curator.rows.row_checks import CheckedRow, Options, Traces, check_rows

# Rows that are judged together, as bbjcpl starts once for all of them, and bytes of them, as a row may have megabytes.
CHUNK_ROWS, CHUNK_BYTES = 200, 1 << 20
# A file of fewer chunks is checked in this process: for 2,000 rows, others save less than their start costs.
_ALONE = 10

Chunk = list[Line | BadLine]


def checked_rows(
    path: Path,
    options: Options,
    progress: Progress | None = None,
    tokenizer: Path | None = None,
    jobs: int | None = 1,
) -> Generator[CheckedRow, None, None]:
    """Every row in order with what is wrong with it alone, the same for every number of `jobs` (None: all processors).

    `progress` is told the bytes read since its last call. `tokenizer` is a tokenizer.json; with it, lengths are counted
    in tokens too. Close the iterator when it is not read to its end.
    """
    if tokenizer:
        token_counter(tokenizer)  # what is wrong with it is said before anything starts
    chunks = _chunks(path, progress)
    first = deque(islice(chunks, _ALONE))
    number = processes.count(jobs) if len(first) == _ALONE else 1
    check = partial(_check, path=path.as_posix(), options=options, tokenizer=tokenizer)
    with closing(chunks), closing(processes.in_order(check, _all(first, chunks), number)) as results:
        for checked in results:
            yield from checked


def _all(first: deque[Chunk], rest: Iterator[Chunk]) -> Iterator[Chunk]:
    while first:
        yield first.popleft()  # and not kept
    yield from rest


def _chunks(path: Path, progress: Progress | None) -> Generator[Chunk, None, None]:
    chunk: Chunk = []
    size = 0
    with closing(read_lines(path, progress)) as lines:
        for line in lines:
            chunk.append(line)
            size += len(line.data) if isinstance(line, Line) else 0
            if len(chunk) == CHUNK_ROWS or size >= CHUNK_BYTES:
                yield chunk
                chunk, size = [], 0
    if chunk:
        yield chunk


def _check(chunk: Chunk, path: str, options: Options, tokenizer: Path | None) -> list[CheckedRow]:
    """What a worker does."""
    tokens = _counter(tokenizer) if tokenizer else None
    rows = [line if isinstance(line, BadLine) else read_row(line.data, line.number) for line in chunk]
    found = check_rows(rows, path, options)
    for line, checked in zip(chunk, found, strict=True):
        checked.raw = line.data if isinstance(line, Line) else line.raw.encode("utf-8", "replace")
        if checked.row and not checked.broken:
            checked.traces = _traces(checked.row, tokens)
    return found


@cache
def _counter(tokenizer: Path) -> Callable[[str], int]:
    return token_counter(tokenizer)


def _traces(row: Row, tokens: Callable[[str], int] | None) -> Traces:
    system = "\n".join(m.content for m in row.messages if m.role == "system")
    question, answer = row.prompt, row.answer
    lengths = {"question, characters": len(question), "answer, characters": len(answer)}
    if tokens:
        lengths["row, tokens"] = tokens("\n".join(m.content for m in row.messages))
    asked = _hash(f"{system}\0{question}".casefold())
    return Traces(asked, _hash(answer), hashes(question), hashes(answer), lengths)


def _hash(text: str) -> bytes:
    """What a text is recognised by: its words, whatever blanks are between them. 12 bytes: no two in 10^14 rows."""
    return hashlib.blake2b(" ".join(text.split()).encode(), digest_size=12).digest()
