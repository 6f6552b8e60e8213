"""Reads datasets that others made, one JSON object a line: ChatML, ShareGPT or Alpaca, plain or gzip.

A stream: one row is in memory at a time, and a line that cannot be read is a value like any other, so that one bad
line never stops the reader. What is in the rows is not judged here.
Try it: `python -c "import sys; from curator.rows.foreign_rows import *; print(*read_rows(Path(sys.argv[1])))" x.jsonl`
"""

from __future__ import annotations

import gzip
import io
import json
import math
import zlib
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal, cast

from curator.chatml import Message
from curator.errors import CuratorError, MissingError

Form = Literal["chatml", "sharegpt", "alpaca"]
Progress = Callable[[int], object]
Edit = Callable[[str, str], str]

# A longer line is no training row but a broken file; without a limit it would be read into memory whole.
LONGEST_LINE = 64 * 2**20

HALF = "half of a character (a lone surrogate) in the text"

_SHAREGPT_ROLES = {"human": "user", "gpt": "assistant", "chatgpt": "assistant", "model": "assistant"}


@dataclass(frozen=True)
class Row:
    """One row: its line (from 1), its turns, and the JSON object as it was read."""

    line: int
    form: Form
    messages: tuple[Message, ...]
    data: dict[str, Any]

    @property
    def prompt(self) -> str:
        """What is asked: the user's turns, without the system message."""
        return "\n\n".join(m.content for m in self.messages if m.role == "user")

    @property
    def answer(self) -> str:
        """The assistant's turns."""
        return "\n\n".join(m.content for m in self.messages if m.role == "assistant")


@dataclass(frozen=True)
class BadLine:
    """A line that is no row: where, why, what to do, and its text, so that it can be kept aside."""

    line: int
    column: int
    why: str
    hint: str
    raw: str


def read_rows(path: Path, progress: Progress | None = None) -> Iterator[Row | BadLine]:
    """The rows of a file in order; blank lines are passed over. `progress` is told the bytes read since its last call.

    Raises MissingError if there is no such file, CuratorError if it is none.
    """
    for line in read_lines(path, progress):
        yield line if isinstance(line, BadLine) else read_row(line.data, line.number)


@dataclass(frozen=True)
class Line:
    """A line that is not blank, as it stands in the file with its line end; `number` from 1."""

    number: int
    data: bytes


def read_lines(path: Path, progress: Progress | None = None) -> Generator[Line | BadLine, None, None]:
    """The lines of a file, plain or gzip, in order; the last value is a BadLine if the gzip data is damaged.

    `progress` is told the bytes read since its last call. Raises as `read_rows` does.
    """
    if path.is_dir():
        raise CuratorError(f"{path}: is a folder; name a .jsonl file in it")
    try:
        raw = path.open("rb")
    except FileNotFoundError:
        raise MissingError(f"{path}: no such file; check the spelling") from None
    except OSError as error:
        raise CuratorError(f"{path}: cannot be read: {error.strerror}") from error
    with raw:
        stream = _utf8(_unzipped(raw), path)
        number = told = 0
        try:
            for number, data in enumerate(_lines(stream), 1):
                if progress and raw.tell() != told:
                    progress(raw.tell() - told)
                    told = raw.tell()
                if data.strip(b" \t\r\n\xef\xbb\xbf"):
                    yield Line(number, data)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            yield BadLine(
                number + 1, 1, f"the gzip data is damaged here: {error}", "what follows is lost; get it again", ""
            )


def read_row(data: bytes, line: int) -> Row | BadLine:
    """One line as a row, or why it is none."""
    value = read_object(data, line)
    if isinstance(value, BadLine):
        return value
    found = row_of(value, line)
    return found if isinstance(found, Row) else _bad(data, line, found, "see docs/audit.md for the three forms")


def read_object(data: bytes, line: int) -> dict[str, Any] | BadLine:
    """One line as a JSON object, or why it is none."""
    if len(data) > LONGEST_LINE:
        return _bad(data[:1000], line, f"longer than {LONGEST_LINE // 2**20} MiB", "put one row on one line")
    try:
        text = data.decode("utf-8-sig" if line == 1 else "utf-8")
    except UnicodeDecodeError as error:
        return _bad(data, line, f"not UTF-8: byte 0x{data[error.start]:02X}", "save it as UTF-8", error.start + 1)
    try:
        value = _decode(text)
    except json.JSONDecodeError as error:
        is_array = text.strip() in ("[", "]") or text.rstrip().endswith("},")
        return _bad(data, line, f"not JSON: {error.msg}", _ARRAY if is_array else _ONE, error.colno)
    except RecursionError:
        return _bad(data, line, _TOO_DEEP, "one row is one flat object")
    except ValueError as error:  # a number of thousands of digits, NaN, a key that stands twice
        return _bad(data, line, f"not JSON that can be read: {error}", _ONE)
    if not isinstance(value, dict):
        return _bad(data, line, f"{_kind(value)}, not an object", _ARRAY if isinstance(value, list) else _ONE)
    return _bad(data, line, _TOO_DEEP, "one row is one flat object") if _is_too_deep(value) else value


_ONE = "one JSON object a line"
_ARRAY = "this looks like one JSON array; make lines of it with: jq -c '.[]' FILE"

# Deeper brackets are no training row, and what can still be read of them depends on the room left on the stack.
_DEEPEST = 100
_TOO_DEEP = f"brackets nested more than {_DEEPEST} deep"


def _is_too_deep(value: object) -> bool:
    level: list[Any] = [value]
    for _ in range(_DEEPEST):
        level = [inner for outer in level for inner in (outer.values() if isinstance(outer, dict) else outer)
                 if isinstance(inner, dict | list)]  # fmt: skip
        if not level:
            return False
    return True


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys all differ. Of a key that stands twice, a reader keeps the last and loses the first."""
    made = dict(pairs)
    if len(made) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise ValueError(f'the key "{twice[:40]}" stands twice in one object')
    return made


def _no_number(word: str) -> Any:
    raise ValueError(f"{word} is no JSON value")


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):  # as 1e999 is, for which JSON has no word when it is written again
        raise ValueError(f"the number {digits[:20]} is too large")
    return number


_decode = json.JSONDecoder(object_pairs_hook=_once_each, parse_constant=_no_number, parse_float=_finite).decode


def row_of(data: dict[str, Any], line: int) -> Row | str:
    """A JSON object as a row, or in words why it is none."""
    try:
        if "messages" in data:
            row = Row(line, "chatml", tuple(_turns(data["messages"], "role", "content")), data)
        elif "conversations" in data:
            turns = _turns(data["conversations"], "from", "value")
            row = Row(line, "sharegpt", tuple(Message(_SHAREGPT_ROLES.get(m.role, m.role), m.content) for m in turns),
                      data)  # fmt: skip
        elif "instruction" in data:
            row = Row(line, "alpaca", tuple(_alpaca(data)), data)
        else:
            return "none of the keys messages (ChatML), conversations (ShareGPT), instruction (Alpaca)"
    except _WrongShape as wrong:
        return str(wrong)
    return HALF if half_a_character(data) else row


def half_a_character(value: object) -> bool:
    """True if there is half a character in a text of this JSON value, as in "\\ud83d": nothing can write it again."""
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        return True
    return False


def rewritten(row: Row, edit: Edit) -> dict[str, Any]:
    """The row's JSON object with every text replaced by `edit(role, text)`; form, order and other keys stay."""
    data = dict(row.data)
    if row.form == "alpaca":
        for key, role in (("system", "system"), ("instruction", "user"), ("input", "user"), ("output", "assistant")):
            if data.get(key):
                data[key] = edit(role, data[key])
        if data.get("history"):
            data["history"] = [[edit("user", asked), edit("assistant", said)] for asked, said in data["history"]]
        return data
    key, role_key, text_key = ("messages", "role", "content") if row.form == "chatml" else (
        "conversations", "from", "value")  # fmt: skip
    data[key] = [
        {**turn, text_key: edit(_SHAREGPT_ROLES.get(turn[role_key], turn[role_key]), turn[text_key])}
        for turn in data[key]
    ]
    return data


class _WrongShape(Exception):
    """The object is not of its form."""


def _unzipped(raw: IO[bytes]) -> IO[bytes]:
    """The bytes themselves, or what they unpack to if they begin as gzip does, whatever the file is called."""
    magic = raw.read(2)
    raw.seek(0)
    return cast(IO[bytes], gzip.GzipFile(fileobj=raw)) if magic == b"\x1f\x8b" else io.BufferedReader(cast(Any, raw))


def _utf8(stream: IO[bytes], path: Path) -> IO[bytes]:
    """The stream, if it does not begin as UTF-16 or UTF-32 does, in which no line could be read."""
    with suppress(EOFError, OSError, zlib.error):  # what is wrong with gzip data is told with its line
        head = stream.peek(4)[:4]  # type: ignore[attr-defined]
        encoding = json.detect_encoding(head)
        # a byte order mark or a bracket: a line of zeros is only a bad line
        if not encoding.startswith("utf-8") and head.decode(encoding, "ignore").lstrip("\ufeff")[:1] in ("{", "[", ""):
            raise CuratorError(f"{path}: is {encoding[:6].upper()}, not UTF-8; save it as UTF-8")
    return stream


def _lines(stream: IO[bytes]) -> Iterator[bytes]:
    while data := stream.readline(LONGEST_LINE + 2):
        rest = data
        while len(rest) > LONGEST_LINE and not rest.endswith(b"\n"):
            rest = stream.readline(LONGEST_LINE + 2)
        yield data


def _bad(data: bytes, line: int, why: str, hint: str, column: int = 1) -> BadLine:
    return BadLine(line, column, why, hint, data.decode("utf-8", "backslashreplace").rstrip("\r\n"))


def _turns(value: object, role_key: str, text_key: str) -> Iterator[Message]:
    if not isinstance(value, list) or not value:
        raise _WrongShape(f"the list of turns is {'empty' if value == [] else _kind(value)}")
    for number, turn in enumerate(value, 1):
        if not isinstance(turn, dict) or role_key not in turn or text_key not in turn:
            raise _WrongShape(f'turn {number} is no object with "{role_key}" and "{text_key}"')
        yield Message(_text(turn[role_key], f"the role of turn {number}"), _text(turn[text_key], f"turn {number}"))


def _alpaca(data: dict[str, Any]) -> Iterator[Message]:
    if data.get("system"):
        yield Message("system", _text(data["system"], '"system"'))
    history = data.get("history") or []
    if not isinstance(history, list) or not all(isinstance(pair, list) and len(pair) == 2 for pair in history):
        raise _WrongShape('"history" is no list of pairs')
    for asked, said in history:
        yield Message("user", _text(asked, '"history"'))
        yield Message("assistant", _text(said, '"history"'))
    asked, more = _text(data["instruction"], '"instruction"'), _text(data.get("input") or "", '"input"')
    yield Message("user", f"{asked}\n\n{more}" if more.strip() else asked)
    if "output" not in data:
        raise _WrongShape('no "output"')
    yield Message("assistant", _text(data["output"], '"output"'))


def _text(value: object, what: str) -> str:
    if not isinstance(value, str):
        raise _WrongShape(f"{what} is {_kind(value)}, not text")
    return value


def _kind(value: object) -> str:
    names = {dict: "an object", list: "a list", str: "a string", bool: "true or false", int: "a number",
             float: "a number"}  # fmt: skip
    return names.get(type(value), "null")
