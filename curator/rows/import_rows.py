"""Turns the good rows of a foreign dataset into example files, so that two datasets become one corpus.

Labels are suggested from the code and the question, and every file is marked `review: draft`: a person reads it before
it counts. What a row does not say (most often what the program prints) is left open with the templates' placeholder.
No file is ever replaced, and a program that the corpus already has is not imported again.
Try it: `curator import dataset.jsonl --corpus training-data --dry-run`
"""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from curator import chatml, checks, corpus
from curator.bbj.generation import detect, generations
from curator.diagnostic import has_errors
from curator.errors import CuratorError
from curator.example import CodeBlock, parse, with_meta
from curator.labels import DIFFICULTIES
from curator.progress import Progress
from curator.rows import audit, row_text
from curator.rows.audit_report import title as audit_title
from curator.rows.foreign_rows import Row
from curator.rows.row_checks import CheckedRow, Options
from curator.rows.row_labels import FILE_NAME, NEEDS_A_READER, generation_of, kind_of, line_above, programs, topic_of
from curator.similarity import shingles
from curator.templates import PLACEHOLDER

# What is written as the licence where nobody says one. Without it an example would count as MIT, like the corpus.
UNKNOWN = "unknown"


@dataclass(frozen=True)
class Wish:
    """How to import: source, licence of rows that name none ("" for the file's name and `UNKNOWN`), where to stop."""

    source: str = ""
    license: str = ""
    limit: int | None = None
    dry_run: bool = False


@dataclass
class LeftOut:
    """Rows left out for one reason: how many, and the first of them."""

    reason: str
    rows: int = 0
    first: list[int] = field(default_factory=list)


@dataclass
class Imported:
    """What became of the rows: how many examples, with which labels, without a known licence; why there are no more.

    `stopped_at` is the last line that was read, if the limit was reached before the end.
    """

    examples: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    unlicensed: int = 0
    left_out: dict[str, LeftOut] = field(default_factory=dict)
    stopped_at: int | None = None

    def leave_out(self, line: int, reason: str) -> None:
        """Count a row that becomes no example."""
        known = self.left_out.setdefault(reason, LeftOut(reason))
        known.rows += 1
        if len(known.first) < _LINES_NAMED:
            known.first.append(line)


# Of the rows left out for a reason so many are named.
_LINES_NAMED = 10


def import_rows(
    path: Path,
    root: Path,
    options: Options | None = None,
    wish: Wish | None = None,
    made: Callable[[int, Path], object] | None = None,
    progress: Progress | None = None,
    jobs: int | None = 1,
) -> Imported:
    """Audit a dataset and write an example into the corpus `root` for every row that is fit to be one.

    `made` is told the line and the file of each; `jobs` processes check the rows, None for all processors.
    Raises CuratorError if the licence of the wish is none that an example may have.
    """
    wish = wish or Wish()
    if not _LICENSE.fullmatch(wish.license or UNKNOWN):
        raise CuratorError(f'the licence "{wish.license}" is no SPDX identifier; write it like MIT or CC-BY-4.0')
    importer = _Importer(path, root, wish)
    with closing(audit.rows(path, options, progress, jobs)) as rows:
        for checked in rows:
            if wish.limit is not None and importer.done.examples >= wish.limit:
                importer.done.stopped_at = checked.line - 1
                break
            try:
                file = importer.take(checked)
            except NotAnExample as reason:
                importer.done.leave_out(checked.line, str(reason))
            else:
                if made:
                    made(checked.line, file)
    return importer.done


def as_lines(done: Imported) -> list[str]:
    """What was left out, by reason: how many rows, and the first of them; and what is known of the licence."""
    said = []
    for left in sorted(done.left_out.values(), key=lambda left: -left.rows):
        shown = ", ".join(map(str, left.first)) + (", ..." if left.rows > len(left.first) else "")
        said.append(f"left out: {left.rows} x {left.reason} (line {shown})")
    if done.stopped_at is not None:
        said.append(f"stopped at the limit; the rows after line {done.stopped_at} were not looked at")
    if done.unlicensed:
        said.append(f"{done.unlicensed} examples are marked `license: {UNKNOWN}`, and the dataset card will say so; "
                    "if you know it, give it with --license")  # fmt: skip
    return said


def summary(done: Imported, dry_run: bool = False) -> str:
    """What was done, in one line."""
    labels = ", ".join(f"{label} {count}" for label, count in done.labels.most_common())
    verb = "would be written" if dry_run else "written, marked `review: draft`"
    left_out = sum(left.rows for left in done.left_out.values())
    return f"{done.examples} examples {verb} ({labels or 'no labels'}); {left_out} rows left out"


# As schemas/example.schema.json has it; a test compares the two.
_LICENSE = re.compile(r"[A-Za-z0-9.+-]+( (AND|OR|WITH) [A-Za-z0-9.+-]+)*")


class _Importer:
    def __init__(self, path: Path, root: Path, wish: Wish) -> None:
        self.path, self.root, self.wish = path, root, wish
        self.done = Imported()
        paths = corpus.example_paths([root]) if root.exists() else []
        self.programs = {_key(b.text for b in e.bbj_blocks) for e in corpus.load(paths)[0]}

    def take(self, checked: CheckedRow) -> Path:
        """Write the example of one row and say where; raises NotAnExample if there is none in it."""
        for finding in checked.findings:
            if finding.code in NEEDS_A_READER or (finding.severity == "error" and checked.unsafe):
                raise NotAnExample(f"{finding.code} {audit_title(finding.code)}")
        assert checked.row
        draft = _draft(checked.row)
        key = _key(draft.programs)
        if key in self.programs:
            raise NotAnExample("the corpus has this program")
        license_ = _license(checked.row) or self.wish.license or UNKNOWN
        text = _markdown(draft, _source(checked.row, self.wish.source or self.path.name), license_)
        try:
            path = corpus.new_path(self.root, draft.topic, draft.title)
        except CuratorError as error:
            raise NotAnExample(str(error)) from error
        problems = checks.check_examples([parse(text, path.as_posix())], "builtin")
        if has_errors(problems):
            first = next(d for d in problems if d.severity == "error")
            raise NotAnExample(f"would not be a valid example: {first.code} {first.message}")
        self.programs.add(key)
        if not self.wish.dry_run:
            corpus.write(path, text)
        self.done.examples += 1
        self.done.unlicensed += license_ == UNKNOWN
        for label in (draft.type, draft.topic, *draft.generation):
            self.done.labels[label] += 1
        return path


def _license(row: Row) -> str:
    """The row's own licence, in the form of an SPDX identifier; "" if it names none."""
    own = row.data.get("license")
    words = own.split() if isinstance(own, str) else []
    found = " ".join(words) if _LICENSE.fullmatch(" ".join(words)) else "-".join(words)
    return found if _LICENSE.fullmatch(found) else ""


def _source(row: Row, of_file: str) -> str:
    """Where a row is from: the file and the line, and what the row itself says."""
    own = row.data.get("source")
    more = f": {' '.join(own.split())[:200]}" if isinstance(own, str) and own.strip() else ""
    return f"{of_file}, line {row.line}{more}"


class NotAnExample(Exception):
    """Why a row becomes no example."""


@dataclass(frozen=True)
class Draft:
    """An example as suggested by a row. `before` is a migration's old program, else ""."""

    type: str
    topic: str
    generation: tuple[str, ...]
    title: str
    description: str
    difficulty: str
    code: tuple[CodeBlock, ...]
    before: str
    from_generation: tuple[str, ...]
    output: str
    explanation: str

    @property
    def programs(self) -> list[str]:
        """All code, as it decides whether two examples are one."""
        return [*([self.before] if self.before else []), *(b.text for b in self.code)]


def _draft(row: Row) -> Draft:
    if sum(m.role == "user" for m in row.messages) != 1:
        raise NotAnExample("several questions in one row")
    asked, answered = programs(row.prompt), programs(row.answer)
    question = " ".join(row_text.prose(row.prompt).split())
    if len(answered) > 1 and not all(block.filename for block in answered):
        raise NotAnExample("several programs without file names")
    if not asked and not answered:
        raise NotAnExample("no BBj code")
    kind = kind_of(row, asked, answered)
    if not kind or (kind == "migration" and len(asked) > 1):
        raise NotAnExample("code in the question and in the answer, and no migration")
    if kind == "comprehension" and len(asked) > 1:
        raise NotAnExample("several programs without file names")
    before = asked[0].text if kind == "migration" else ""
    code = answered or asked
    text = "\n".join(block.text for block in code)
    output, explanation = _prose(row.answer)
    # what a migration asks for may be either side's; its code is sure
    generation = generations(detect(text)) or ("all",) if kind == "migration" else generation_of(row, text)
    difficulty = str(row.data.get("difficulty") or "")
    return Draft(
        type=kind,
        topic=topic_of(row, text, generation),
        generation=generation,
        title=_title(row, question),
        description=question,
        difficulty=difficulty if difficulty in DIFFICULTIES else "",
        code=code,
        before=before,
        from_generation=(generations(detect(before)) or ("all",)) if before else (),
        output=output,
        explanation=explanation,
    )


_LEAD_IN = re.compile(
    r"(?:please\s+)?(?:(?:write|create|show|give|make|develop|implement|provide)\s+(?:me\s+)?(?:a|an|some|the)?\s*"
    r"(?:simple|small|short|complete)?\s*(?:bbj|bbx|visual pro/5)?\s*(?:program|code|example|script|function)?\s*"
    r"(?:in bbj)?\s*(?:that|which|to|in which|for|of)?|(?:please\s+)?(?:explain|describe))\s+",
    re.IGNORECASE,
)


def _title(row: Row, question: str) -> str:
    """The row's own title, or the beginning of the question without "Write a program that"."""
    own = row.data.get("title")
    if isinstance(own, str) and own.strip():
        return " ".join(own.split())
    sentence = re.split(r"(?<=[.?!:])\s", question, maxsplit=1)[0].rstrip(".:! ")
    short = _LEAD_IN.sub("", sentence, count=1) or sentence
    if len(short) > 70:
        short = short[:70].rsplit(" ", 1)[0].rstrip(",;")
    if not short:
        raise NotAnExample("the question is only code")
    return short[0].upper() + short[1:]


def _prose(answer: str) -> tuple[str, str]:
    """What the program prints, if the answer shows it in a fence ("" if not), and the rest of the prose."""
    lines = ("\n" + answer).split("\n")
    blocks = row_text.blocks(answer)
    code = programs(answer)
    output = ""
    gone: set[int] = set()
    for block in blocks:
        first = block.fence_line - 1
        last = first + block.text.count("\n") + 1
        span = set(range(first, last + 1))
        above = line_above(lines, block)
        if any(program.fence_line == block.fence_line for program in code):
            gone |= span
            if FILE_NAME.fullmatch(lines[above].strip()) or lines[above].startswith("<!--"):
                gone.add(above)
        elif not output and code and block.fence_line > code[0].fence_line and _OUTPUT.search(lines[above]):
            output = f"```text\n{block.text.rstrip()}\n```"
            gone |= span | ({above} if len(lines[above]) < 60 else set())
    inside = {n for block in blocks for n in range(block.first_line - 1, block.first_line + block.text.count("\n"))}
    kept = []
    for number, line in enumerate(lines):
        if number in gone:
            continue
        heading = re.match(r"#{1,6}\s+(.*)", line) if number not in inside else None
        if heading:  # a ## would begin a section of the example
            title = heading[1].rstrip("# \t")
            if title.strip(" :").casefold() in ("explanation", "code", "answer", "solution", ""):
                continue
            line = f"### {title}"
        kept.append(line)
    return output, re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()


_OUTPUT = re.compile(r"\b(?:outputs?|prints?|results?|displays?)\b", re.IGNORECASE)


def _markdown(draft: Draft, source: str, license_: str) -> str:
    meta: dict[str, object] = {
        "title": draft.title,
        "type": draft.type,
        "generation": _word_or_list(draft.generation),
        "difficulty": draft.difficulty,
        "description": draft.description,
    }
    if draft.type == "migration":
        meta["from_generation"] = _word_or_list(draft.from_generation)
        meta["to_generation"] = _word_or_list(draft.generation)
    meta |= {"license": license_, "source": source, "review": "draft"}
    console = draft.generation[0] in ("all", "character")
    code = "\n\n".join(_fenced(block) for block in draft.code)
    if draft.before:
        code = (
            f"### Before ({draft.from_generation[0]})\n\n```bbj\n{chatml.plain_code(draft.before)}\n```\n\n"
            f"### After ({draft.generation[0]})\n\n{code}"
        )
    expected = draft.output or f"{PLACEHOLDER} {'what is printed' if console else 'what the user sees and can do'}."
    explanation = draft.explanation or f"{PLACEHOLDER} say how the code works and why it is written this way."
    text = (
        f"\n## Code\n\n{code}\n\n## Expected {'Output' if console else 'Behavior'}\n\n{expected}\n\n"
        f"## Explanation\n\n{explanation}\n"
    )
    for key, value in meta.items():
        if value:
            text = with_meta(parse(text), key, value)
    return text


def _fenced(block: CodeBlock) -> str:
    name = f"<!-- filename: {block.filename} -->\n" if block.filename else ""
    return f"{name}```bbj\n{chatml.plain_code(block.text)}\n```"


def _word_or_list(words: tuple[str, ...]) -> object:
    return words[0] if len(words) == 1 else list(words)


def _key(programs: Iterable[str]) -> bytes:
    """What two programs are the same by: a hash of their tokens, whatever the layout."""
    return hashlib.sha256("\0".join(" ".join(shingles.tokens(text)) for text in programs).encode()).digest()
