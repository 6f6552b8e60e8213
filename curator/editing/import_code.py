"""Makes a draft example of BBj code as it comes: a `.bbj` file, a paste from a chat or a page, several files at once.

Fence and prose are taken apart: programs go under `## Code`, what is printed under `## Expected Output`, the words
before the code become the description and the others the explanation. All of it is a suggestion: the labels come from
the code, the example is marked `review: draft`, and words that came with the code end in a `TODO:`. Nothing is written.
Try it: `python -c "from curator.editing.import_code import draft_of; print(draft_of('print 1+1', 'sum.bbj').text)"`
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePath

from curator.bbj.generation import detect, generations
from curator.errors import CuratorError
from curator.example import parse, with_meta
from curator.fences import Block, fenced_blocks
from curator.labels import GENERATION_NAMES
from curator.rows import row_text
from curator.rows.row_labels import topic_of_code
from curator.templates import PLACEHOLDER

# Endings of files that hold a program and nothing else, and of those that hold text with fences.
CODE_ENDINGS = (".bbj", ".bbx", ".src", ".bbjt")
TEXT_ENDINGS = (".md", ".markdown", ".txt")

# More than that is no example, and an editor would not be glad of it. The format's typical program has 10 to 50 lines.
MOST_BYTES = 1_000_000

# Words after a fence that mean BBj; an empty one may, if the code looks so.
_LABELS = frozenset({"bbj", "bbx", "bbj-basic", "basic", "pro5", "vpro5", "ppro"})

_UNCHECKED = f"{PLACEHOLDER} check these words, they came with the code."
_NAME = r"(?P<name>[\w][\w.-]*\.(?:bbj|bbx|src|bbjt))"
_FOLDERS = r"(?:[\w.-]+[\\/])*"
# A line that says which file follows: <!-- filename: x.bbj -->, File: x.bbj, rem file x.bbj, ==> x.bbj <==
_SAYS_FILE = re.compile(
    rf"\s*(?:rem\s+|//\s*|\#+\s*|\*+|-+\s+)?\**(?:file(?:\s?name)?\s*[:=]\s*\**|file\s+)[`\"']?{_FOLDERS}{_NAME}[`\"']?"
    rf"\s*:?\**\s*-*"
    rf"|\s*<!--\s*(?:file(?:name)?\s*:\s*)?{_FOLDERS}(?P<comment>[\w][\w.-]*\.\w+)\s*-->"
    rf"|\s*(?:==+>|===+|---+)\s*{_FOLDERS}(?P<ruled>[\w][\w.-]*\.(?:bbj|bbx|src|bbjt))\s*(?:<==+|===+|---+)?",
    re.IGNORECASE,
)
# Above a fence a name alone will do: **x.bbj**, `x.bbj`:, ### x.bbj
_ONLY_NAME = re.compile(rf"\s*(?:\#+\s*|\d+\.\s*)?[*`_\"']*{_FOLDERS}{_NAME}[*`_\"']*\s*:?[*`_]*\s*", re.IGNORECASE)
_IN_INFO = re.compile(rf"(?:^|[\s:=\"'{{/\\]){_NAME}\b", re.IGNORECASE)
_OUTPUT = re.compile(r"\b(?:outputs?|prints?|results?|displays?)\b", re.IGNORECASE)
_BEFORE = re.compile(r"\b(?:before|old|original|legacy)\b", re.IGNORECASE)
_AFTER = re.compile(r"\b(?:after|new|migrated|modern|converted)\b", re.IGNORECASE)
_HEADING = re.compile(r"#{1,6}\s+(.*?)[\s#]*")
_EMPTY_HEADINGS = frozenset({"", "code", "program", "explanation", "answer", "solution", "example", "output"})
_REM = re.compile(r"\s*(?:\d+\s+)?rem\b[\s*=#-]*(.*?)[\s*=#-]*", re.IGNORECASE)
_MOST_TITLE = 70
_MOST_DESCRIPTION = 400

# What word processors and web pages put in place of what was typed.
_PASTED = {0x00A0: " ", 0x202F: " ", 0x200B: None, 0x200C: None, 0x200D: None, 0x2060: None, 0xFEFF: None,
           0x201C: '"', 0x201D: '"', 0x201E: '"', 0x2018: "'", 0x2019: "'"}  # fmt: skip


@dataclass(frozen=True)
class Program:
    """One program file; `name` is "" if nobody said how it is called."""

    name: str
    code: str


@dataclass(frozen=True)
class Material:
    """A text taken apart. `before` is the old program of a migration; `notes` say what was decided on the way."""

    programs: tuple[Program, ...]
    before: Program | None = None
    opening: str = ""
    explanation: str = ""
    output: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Draft:
    """The example made of it, where it would go, and what its reader should know."""

    text: str
    title: str
    topic: str
    notes: tuple[str, ...]


def draft_of(text: str, name: str = "", title: str = "") -> Draft:
    """The draft example of a text. `name` is the file it comes from ("" for a paste): a `.bbj` file is all program.

    A text that is an example already stays as it is. Raises CuratorError if no BBj code is found.
    """
    there = parse(text.removeprefix("\ufeff"))
    if there.title and not there.problems and any(block.text.strip() for block in there.bbj_blocks):
        code = "\n".join(block.text for block in there.bbj_blocks)
        said = ("it is an example already, with labels of its own",)
        return Draft(there.text, there.title, topic_of_code(code, there.generations), said)
    return example_of(taken_apart(text, name), PurePath(name).name, title)


def draft_of_files(paths: Sequence[Path], title: str = "") -> Draft:
    """One draft of several program files. Raises CuratorError for a file that cannot be one."""
    programs = [Program(path.name, _tidied(read(path))) for path in paths]
    _refuse_twins([program.name for program in programs])
    return example_of(Material(tuple(programs)), ", ".join(path.name for path in paths), title)


def read(path: Path) -> str:
    """The text of a file. Raises CuratorError if it cannot be read, is too large, or is no text."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise CuratorError(f"{path}: larger than {MOST_BYTES:,} bytes; cut out what the example is to show")
        data = path.read_bytes()
    except OSError as error:
        raise CuratorError(f"{path}: cannot be read: {error.strerror}; check the path") from error
    return decoded(data, str(path))


def decoded(data: bytes, name: str) -> str:
    """Bytes as text: UTF-8, else Windows' Western code page, which old programs are in. Raises CuratorError."""
    if data.startswith(b"<<bbj>>"):
        raise CuratorError(f"{name}: is a tokenized program; list it as text first (bbjlst), then import that")
    if len(data) > MOST_BYTES:
        raise CuratorError(f"{name}: larger than {MOST_BYTES:,} bytes; cut out what the example is to show")
    if b"\0" in data:
        raise CuratorError(f"{name}: is no text; give a program or a page as text")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def taken_apart(text: str, name: str = "") -> Material:
    """The programs of a text, and its words. Raises CuratorError if there is no BBj code in it."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if "\0" in text:
        raise CuratorError("it is no text; give a program or a page as text")
    if name.lower().endswith(CODE_ENDINGS):
        code = _tidied(text)
        if not code.strip():
            raise CuratorError(f"{name}: is empty; there is nothing to import")
        return Material((Program(PurePath(name).name, code),))
    text = _unquoted(text)
    blocks = fenced_blocks(text)
    if any(block.text.strip() for block in blocks):
        return _of_fences(text, blocks)
    return _of_plain(text)


def example_of(material: Material, source: str = "", title: str = "") -> Draft:
    """The draft example of what was taken apart; `source` is noted in it."""
    code = "\n".join(program.code for program in material.programs)
    evidence = detect(code)
    found = generations(evidence)
    generation = found or ("all",)
    topic = topic_of_code(code, generation)
    title = " ".join((title or _title(material, source)).split())
    notes = list(material.notes)
    if found:
        first = next(item for item in evidence if item.generation == found[0])
        notes.insert(0, f"generation {found[0]}: {first.construct} is {GENERATION_NAMES[found[0]]}; check it")
    else:
        notes.insert(0, "generation all: nothing in the code belongs to one alone; check it")
    notes.insert(1, f"topic {topic}: suggested by the code; check it")
    meta: dict[str, object] = {"title": title, "type": "migration" if material.before else "completion"}
    meta |= {"generation": generation[0], "difficulty": "basic" if code.count("\n") < 25 else "intermediate"}
    meta["description"] = _description(material.opening)
    if material.before:
        meta["from_generation"] = (generations(detect(material.before.code)) or ("all",))[0]
        meta["to_generation"] = generation[0]
    meta |= {"source": source or "pasted", "review": "draft"}
    return Draft(_markdown(meta, material, generation[0]), title, topic, tuple(notes))


# ---------------------------------------------------------------------- taking a text apart


def _of_fences(text: str, blocks: Sequence[Block]) -> Material:
    lines = text.split("\n")
    filled = [block for block in blocks if block.text.strip()]
    chosen = [block for block in filled if block.label.split(":")[0] in _LABELS]
    unlabelled = [block for block in filled if not block.label and block not in chosen]
    chosen += [block for block in unlabelled if row_text.looks_like_bbj(block.text)]
    if not chosen and len(filled) == 1:
        chosen = [block for block in filled if not block.label or row_text.looks_like_bbj(block.text)]
    if not chosen:
        raise CuratorError("no BBj code in it: none of its fenced blocks is labelled bbj or looks like BBj")
    chosen.sort(key=lambda block: block.start)
    gone: set[int] = set()
    programs, above = [], []
    for block in chosen:
        program, named_at = _program(block, lines)
        programs.append(program)
        above.append(_line_above(lines, block.start))
        gone |= set(range(block.start, block.stop)) | ({named_at} if named_at is not None else set())
    gone -= {block.start for block in chosen if _leading_words(lines[block.start])}
    output = ""
    for block in filled:
        at = _row_above(lines, block.start)
        if (
            block not in chosen
            and not output
            and block.start > chosen[0].start
            and _OUTPUT.search(lines[at] if at >= 0 else "")
        ):
            output = block.text.strip("\n")
            gone |= set(range(block.start, block.stop)) | ({at} if _is_label(lines[at]) else set())
    notes = [] if all(block.closed for block in chosen) else ["the last fence was never closed: is the code complete?"]
    if len(programs) == 2 and _BEFORE.search(above[0]) and _AFTER.search(above[1]):
        rows = [_row_above(lines, block.start) for block in chosen]
        gone |= {row for row in rows if _is_label(lines[row])}
        opening, rest = _words_around(lines, blocks, gone, chosen[0].start)
        return Material((programs[1],), programs[0], opening, rest, output, tuple(notes))
    opening, rest = _words_around(lines, blocks, gone, chosen[0].start)
    named, said = _all_named(programs)
    return Material(tuple(named), None, opening, rest, output, (*notes, *said))


def _of_plain(text: str) -> Material:
    """A text without fences: several files, each below a line with its name, or one program."""
    lines = text.split("\n")
    found = [(row, match) for row, line in enumerate(lines) if (match := _SAYS_FILE.fullmatch(line))]
    if found:
        programs = []
        for (row, match), stop in zip(found, [*(row for row, _ in found[1:]), len(lines)], strict=True):
            code = _tidied("\n".join(lines[row + 1 : stop]))
            if code.strip():
                programs.append(Program(_name_in(match), code))
        named, said = _all_named(programs)
        head = "\n".join(lines[: found[0][0]]).strip()
        if named and not row_text.looks_like_bbj(head):
            return Material(tuple(named), None, head, notes=tuple(said))
    code = _tidied(text)
    if not row_text.looks_like_bbj(code):
        raise CuratorError("no BBj code in it; put the code between two lines of ``` so that it is told from the words")
    return Material((Program("", code),))


def _words_around(lines: Sequence[str], blocks: Sequence[Block], gone: set[int], first: int) -> tuple[str, str]:
    """The words before the first program, and all others."""
    return _prose(lines, blocks, gone, 0, first + 1), _prose(lines, blocks, gone, first + 1, len(lines))


def _is_label(line: str) -> bool:
    """True for a line that only says what follows: "Output:", "### Before", "The new version:"."""
    return len(line.split()) <= 3


def _program(block: Block, lines: Sequence[str]) -> tuple[Program, int | None]:
    """The program of a block with its name, and the line that says the name, if it is one of the text around."""
    if match := _IN_INFO.search(block.info):
        return Program(match["name"], _tidied(block.text)), None
    first, _, rest = block.text.lstrip("\n").partition("\n")
    if match := _SAYS_FILE.fullmatch(first):
        kept = block.text if first.lstrip()[:3].lower() == "rem" else rest
        return Program(_name_in(match), _tidied(kept)), None
    at = _row_above(lines, block.start)
    if at >= 0 and (match := _SAYS_FILE.fullmatch(lines[at]) or _ONLY_NAME.fullmatch(lines[at])):
        return Program(_name_in(match), _tidied(block.text)), at
    return Program("", _tidied(block.text)), None


def _name_in(match: re.Match[str]) -> str:
    return next(name for name in match.groups() if name)


def _all_named(programs: Sequence[Program]) -> tuple[list[Program], list[str]]:
    """Several programs with a name each; one alone needs none."""
    if len(programs) < 2:
        return list(programs), []
    named: list[Program] = []
    notes = []
    taken = {program.name.casefold() for program in programs if program.name}
    seen: set[str] = set()
    for number, program in enumerate(programs, 1):
        name = program.name
        if not name or name.casefold() in seen:
            name = next(n for n in _names(number) if n not in taken)
            taken.add(name)
            notes.append(f"program {number} has no name of its own: called {name}")
        seen.add(name.casefold())
        named.append(replace(program, name=name))
    return named, notes


def _names(number: int) -> list[str]:
    first = ["main.bbj"] if number == 1 else []
    return [*first, f"part-{number}.bbj", *(f"part-{number}-{again}.bbj" for again in range(2, 1000))]


def _refuse_twins(names: Sequence[str]) -> None:
    folded = [name.casefold() for name in names]
    for name in names:
        if folded.count(name.casefold()) > 1:
            raise CuratorError(f"two files are called {name}; rename one of them")


def _row_above(lines: Sequence[str], row: int) -> int:
    """The last line above that is not blank, -1 if there is none."""
    return next((at for at in range(row - 1, -1, -1) if lines[at].strip()), -1)


def _line_above(lines: Sequence[str], row: int) -> str:
    at = _row_above(lines, row)
    return lines[at] if at >= 0 else ""


def _leading_words(line: str) -> str:
    """The words before a fence on its own line."""
    return line.partition("```")[0].strip()


def _prose(lines: Sequence[str], blocks: Sequence[Block], gone: set[int], first: int, last: int) -> str:
    """The lines that are words, without headings that say nothing; a heading of a section would begin one."""
    fenced = {block.start: block for block in blocks}
    kept: list[str] = []
    row = first
    while row < last:
        block = fenced.get(row)
        if row in gone:
            row += 1
        elif block is not None:
            words = _leading_words(lines[row])
            inside = not block.text.strip() or set(range(block.start + 1, block.stop)) <= gone
            kept += [words] if words else []
            kept += [] if inside else _fence(block.text, block.info).split("\n")
            row = max(block.stop, row + 1)
        else:
            heading = _HEADING.fullmatch(lines[row])
            if heading is None:
                kept.append(lines[row].rstrip())
            elif heading[1].strip(" :*").casefold() not in _EMPTY_HEADINGS:
                kept.append(f"### {heading[1]}")
            row += 1
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()


def _unquoted(text: str) -> str:
    """Without the `> ` that a mail or a chat puts before every line."""
    lines = text.split("\n")
    filled = [line for line in lines if line.strip()]
    if filled and all(line.startswith(">") for line in filled):
        return "\n".join(line.removeprefix(">").removeprefix(" ") for line in lines)
    return text


def _tidied(code: str) -> str:
    """Code with LF, without blank lines around, without what pages and word processors put into it."""
    code = code.replace("\r\n", "\n").replace("\r", "\n").translate(_PASTED)
    lines = [line.rstrip() for line in code.split("\n")]
    while lines and not lines[0]:
        lines.pop(0)
    while lines and not lines[-1]:
        lines.pop()
    return "\n".join(lines) + "\n" if lines else ""


# ---------------------------------------------------------------------- making an example of it


def _title(material: Material, source: str) -> str:
    """The first remark of the program, else its name in words, else the first words of the text."""
    for line in material.programs[0].code.split("\n")[:8]:
        remark = _REM.fullmatch(line)
        if remark is None:
            continue
        said = re.sub(rf"^(?:file\s*:?\s*)?{_NAME}\s*[-:]*\s*", "", remark[1], flags=re.IGNORECASE)
        if re.search(r"[A-Za-z]{3}", said):
            return _cut(said)
    name = PurePath(material.programs[0].name or source).stem
    words = re.sub(r"(?<=[a-z])(?=[A-Z])|[-_.]+", " ", name).strip()
    if re.search(r"[A-Za-z]{3}", words):
        return _cut(words)
    sentence = re.split(r"(?<=[.?!:])\s", " ".join(material.opening.split()), maxsplit=1)[0].rstrip(".:! ")
    return _cut(sentence) if re.search(r"[A-Za-z]{3}", sentence) else "Imported program"


def _cut(text: str) -> str:
    text = text if len(text) <= _MOST_TITLE else text[:_MOST_TITLE].rsplit(" ", 1)[0].rstrip(",;")
    return text[:1].upper() + text[1:]


def _description(opening: str) -> str:
    """The words before the code, without "Here it is:"; they become a task only when the author has read them."""
    words = " ".join(line for line in opening.split("\n") if not line.startswith("#"))
    sentences = [s for s in re.split(r"(?<=[.?!:])\s+", " ".join(words.split())) if s and not s.endswith(":")]
    said = " ".join(sentences)
    if not said or len(said) > _MOST_DESCRIPTION:
        return f"{PLACEHOLDER} the task in one or two sentences, as you would ask a colleague."
    return f"{said} {_UNCHECKED}"


def _markdown(meta: dict[str, object], material: Material, generation: str) -> str:
    code = "\n\n".join(_listed(program, len(material.programs) > 1) for program in material.programs)
    if material.before:
        old = f"### Before ({meta['from_generation']})\n\n{_listed(material.before, False)}"
        code = f"{old}\n\n### After ({generation})\n\n{code}"
    console = generation in ("all", "character")
    shown = "what is printed, line by line." if console else "what the user sees and can do."
    expected = _fence(material.output, "text") if material.output else f"{PLACEHOLDER} {shown}"
    words = [material.explanation]
    if len(" ".join(material.opening.split())) > _MOST_DESCRIPTION:
        words.insert(0, material.opening)
    said = "\n\n".join(word for word in words if word)
    explanation = f"{said}\n\n{_UNCHECKED}" if said else f"{PLACEHOLDER} say how the code works and why it is so."
    text = (
        f"\n## Code\n\n{code}\n\n## Expected {'Output' if console else 'Behavior'}\n\n{expected}\n\n"
        f"## Explanation\n\n{explanation}\n"
    )
    for key, value in meta.items():
        text = with_meta(parse(text), key, value)
    return text


def _listed(program: Program, with_name: bool) -> str:
    name = f"<!-- filename: {program.name} -->\n" if with_name else ""
    return name + _fence(program.code, "bbj")


def _fence(text: str, info: str) -> str:
    """The text in a fence that nothing in it can close."""
    longest = max((len(run) for run in re.findall(r"^[ \t]*(`{3,})", text, re.MULTILINE)), default=2)
    ticks = "`" * (longest + 1)
    end = "" if text.endswith("\n") else "\n"
    return f"{ticks}{info}\n{text}{end}{ticks}"
