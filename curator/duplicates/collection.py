"""What near-duplicates are looked for in: the examples of a corpus, BBj source files, or the rows of JSONL files.

A collection is read as a stream, as often as needed and always in the same order; one `Record` is in memory at a time.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Literal

from curator import corpus, git
from curator.chatml import target_generation
from curator.diagnostic import Diagnostic, Severity
from curator.errors import CuratorError
from curator.example import Example
from curator.rows.foreign_rows import HALF, BadLine, Line, Row, half_a_character, read_lines, read_object, row_of
from curator.rows.row_labels import programs
from curator.rows.row_text import blocks, prose
from curator.similarity import shingles
from curator.source import is_tokenised, read_source, source_paths

Kind = Literal["examples", "files", "rows"]
# .json too: if it is no JSONL, what is said of its first line is how to make lines of it.
_ROW_SUFFIXES = (".jsonl", ".jsonl.gz", ".ndjson", ".ndjson.gz", ".json", ".json.gz")
_NEVER = 2**62  # older than nothing: a file that Git does not know yet


@dataclass(frozen=True)
class Question:
    """Something asked and what is answered to it; `kind` says what is asked by: "prompt" or "code"."""

    kind: str
    text: str
    answer: str


@dataclass(frozen=True)
class Record:
    """A document: its key (a path, or a file and a line), the text that is compared, and what decides if it is kept.

    `richness` are tokens of explanation, `age` an order in time. `raw` is the line of a row as it stands in its file.
    `programs` is the code to judge.
    """

    key: str
    text: str
    questions: tuple[Question, ...] = ()
    programs: tuple[str, ...] = ()
    richness: int = 0
    age: int = 0
    raw: bytes = b""
    example: Example | None = None


@dataclass
class Collection:
    """Files of one kind. `bad` fills up while reading: what could not be read, with its place and the cure.

    `root` is the folder that holds them all; `row_field` names the text in a row, "" for the turns of a conversation.
    """

    kind: Kind
    paths: Sequence[Path]
    root: Path
    row_field: str = ""
    bad: list[Diagnostic] = field(default_factory=list)
    _ages: dict[str, int] | None = None

    def records(self) -> Iterator[Record]:
        """All documents, in order."""
        self.bad.clear()
        if self.kind == "rows":
            ages = count()
            for path in self.paths:
                yield from self._rows(path, ages)
            return
        for path in self.paths:
            record = self._example(path) if self.kind == "examples" else self._file(path)
            if record:
                yield record

    def place(self, path: Path) -> Path:
        """Where a file stands below `root`; a link to somewhere else stands where the link is."""
        return (path.parent.resolve() / path.name).relative_to(self.root)

    def age_of(self, record: Record) -> int:
        """When it was made: the first commit of a file in seconds, the place of a row among all rows."""
        if self.kind == "rows":
            return record.age
        if self._ages is None:
            self._ages = {path: commit.at_s for path, commit in (git.added(self.root) or {}).items()}
        return self._ages.get(self.place(Path(record.key)).as_posix(), _NEVER)

    def _example(self, path: Path) -> Record | None:
        examples, problems = corpus.load([path])
        self.bad += problems
        if not examples:
            return None
        example = examples[0]
        code = "\n".join(block.text for block in example.bbj_blocks)
        said = example.prose("Explanation")
        label = " ".join((example.type, *target_generation(example)))
        questions = (
            Question("prompt", f"{label}\n{example.title}\n{example.meta.get('description') or ''}", f"{code}\n{said}"),
            Question("code", f"{example.type}\n{code}", said),
        )
        richness = len(shingles.tokens(said))
        return Record(
            path.as_posix(), shingles.example_text(example), questions, richness=richness, example=example
        )  # fmt: skip

    def _file(self, path: Path) -> Record | None:
        try:
            text = read_source(path)
        except OSError as error:
            self._bad(path.as_posix(), 1, 1, "E002", f"cannot be read: {error.strerror}", "")
            return None
        if is_tokenised(text):
            self._bad(path.as_posix(), 1, 1, "E003", "a tokenised program; it is not compared", "save it as text")
            return None
        return Record(path.as_posix(), text, programs=(text,), richness=len(text))

    def _rows(self, path: Path, ages: Iterator[int]) -> Iterator[Record]:
        for line in read_lines(path):
            read = self._row(line, path, next(ages)) if isinstance(line, Line) else line
            if isinstance(read, BadLine):
                self._bad(path.as_posix(), read.line, read.column, "E911", read.why, read.hint)
            else:
                yield read

    def _row(self, line: Line, path: Path, age: int) -> Record | BadLine:
        value = read_object(line.data, line.number)
        if isinstance(value, BadLine):
            return value
        if b"\\u" in line.data and half_a_character(value):
            return _bad_row(line, HALF, "put the whole character there, or take it out")
        key = f"{path.as_posix()}:{line.number}"
        if self.row_field:
            text = _field(value, self.row_field)
            if text is None:
                return _no_text(line, f'no text at "{self.row_field}"; the keys are {", ".join(sorted(value))}')
            return Record(key, text, age=age, raw=line.data)
        row = row_of(value, line.number)
        if isinstance(row, Row):
            return _conversation(row, key, age, line.data)
        if isinstance(value.get("text"), str):
            return Record(key, value["text"], age=age, raw=line.data)
        return _no_text(line, f'{row}, and no text at "text"')

    def _bad(self, path: str, line: int, column: int, code: str, message: str, hint: str) -> None:
        self.bad.append(Diagnostic(path, line, column, code, Severity.ERROR, message, hint))


def collect(paths: Sequence[Path], kind: Kind | None = None, row_field: str = "") -> Collection:
    """The collection that `paths` name: JSONL files, or files and folders of examples or of BBj source.

    Raises MissingError if a path is not there, CuratorError if it is not clear what is meant, or nothing is found.
    """
    named = ", ".join(map(str, paths))
    if kind is None:
        kind = _kind_of(paths, named)
    if kind == "rows":
        for path in paths:
            next(read_lines(path), None)  # missing, or a folder
        files = list(paths)
    else:
        files = corpus.example_paths(paths) if kind == "examples" else source_paths(paths)
    if not files:
        raise CuratorError(f"no {kind} in {named}; name other folders, or say what they hold with --kind")
    return Collection(kind, _different(files), _root(paths), row_field)


def _kind_of(paths: Sequence[Path], named: str) -> Kind:
    rows = [path for path in paths if path.name.lower().endswith(_ROW_SUFFIXES)]
    if rows:
        if len(rows) < len(paths):
            raise CuratorError(f"{named}: JSONL and other files; name one kind at a time")
        return "rows"
    examples = [path for path in corpus.example_paths(paths) if path.suffix == ".md"]
    sources = [path for path in source_paths(paths) if path.suffix != ".md"]
    if examples and sources:
        raise CuratorError(f"{named}: examples and BBj source; say which with --kind examples or --kind files")
    return "files" if sources else "examples"


def _different(paths: Sequence[Path]) -> list[Path]:
    """Each file once, though it be named twice or by a link beside it; rather by its own name."""
    found: dict[Path, Path] = {}
    for path in paths:
        there = found.setdefault(path.resolve(), path)
        if there.is_symlink() and not path.is_symlink():
            found[path.resolve()] = path
    return list(found.values())


def _root(paths: Sequence[Path]) -> Path:
    """The nearest folder that holds all of them."""
    folders = [(path if path.is_dir() else path.parent).resolve() for path in paths]
    common = folders[0]
    while not all(folder.is_relative_to(common) for folder in folders):
        if common == common.parent:
            raise CuratorError(f"{', '.join(map(str, paths))}: on several drives; compare one drive at a time")
        common = common.parent
    return common


def _conversation(row: Row, key: str, age: int, raw: bytes) -> Record:
    """A row of turns. Its code is what the user gives; its questions the whole prompt, and that code."""
    given = "\n".join(block.text for block in blocks(row.prompt)) if _fenced(row.prompt) else ""
    fenced = blocks(row.answer) if _fenced(row.answer) else ()
    judged = tuple(block.text for block in programs(row.answer)) if fenced else ()
    questions = [Question("prompt", row.prompt, row.answer)]
    if given:  # to explain a program and to rewrite it are two questions, so what kind of answer there is counts too
        questions.append(Question("code", f"{'program' if fenced else 'prose'}\n{given}", row.answer))
    richness = len(shingles.tokens(prose(row.answer)))
    text = "\n\n".join(message.content for message in row.messages if message.role != "system")
    return Record(key, text, tuple(questions), judged, richness, age, raw)


def _fenced(text: str) -> bool:
    """Whether it is worth while to look for fences."""
    return "```" in text or "~~~" in text


def _field(value: Any, name: str) -> str | None:
    """The text at a dotted path such as "code" or "meta.source" or "messages.1.content"."""
    for part in name.split("."):
        if isinstance(value, list) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        elif isinstance(value, dict) and part in value:
            value = value[part]
        else:
            return None
    return value if isinstance(value, str) else None


def _no_text(line: Line, why: str) -> BadLine:
    return _bad_row(line, why, "name the field that holds the text with --field")


def _bad_row(line: Line, why: str, hint: str) -> BadLine:
    return BadLine(line.number, 1, why, hint, line.data.decode("utf-8", "backslashreplace").rstrip("\r\n"))
