"""One training example: Markdown with front matter, read with line numbers and edited by spans.

The text is the truth; everything else here is computed from it, and an edit is a new text in which no other byte
has changed. Parsing is lenient: a broken example still shows its sections and code, and the checks say what is wrong.
Try it: `python -c "from curator.example import parse; print(parse(open('x.md', newline='').read()).sections)"`
"""

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from itertools import accumulate

import yaml
from frontmatter import YAMLHandler

try:
    from yaml import CSafeLoader as Loader
except ImportError:  # libyaml is optional on some platforms; ten times slower without it
    from yaml import SafeLoader as Loader  # type: ignore[assignment]

# What may stand at the end (blanks, closing #) is taken off in Python: looked for by a pattern, a line of a million
# blanks would take hours.
_HEADING = re.compile(r"(#{1,6})[ \t]+(.*)$")
_FENCE = re.compile(r"( {0,3})(`{3,}|~{3,})[ \t]*([^\r\n]*)$")
_LINE = re.compile(r"[^\n]*\n|[^\n]+$")
_FILENAME = re.compile(r"<!--\s*+filename:\s*+(\S.{0,300}?)-->")


@dataclass(frozen=True, slots=True)  # 10,000 examples have half a million of these
class Place:
    """A piece of the text: where it starts for a reader (line and column from 1) and as offsets for an edit."""

    line: int
    column: int
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands under it, up to the next heading of the same or a higher level."""

    title: str
    level: int
    line: int
    body: Place


@dataclass(frozen=True, slots=True)
class CodeBlock:
    """A fenced block. `text` is the raw slice of the example between the fences.

    `filename` comes from a `<!-- filename: x.bbj -->` comment above the fence; `section` and `part` are the `##` and
    `###` headings it stands under; `closed` is False if the file ends before the closing fence.
    """

    language: str
    filename: str | None
    text: str
    first_line: int
    fence_line: int
    section: str
    part: str
    closed: bool
    code: Place


@dataclass(frozen=True)
class Problem:
    """Why the front matter could not be read, and where."""

    kind: str  # "missing", "unclosed", "yaml", "not a mapping", "duplicate key"
    message: str
    line: int
    column: int


@dataclass(frozen=True)
class Example:
    """The text of an example and what it says. `meta` is as written, nothing filled in."""

    path: str
    text: str
    meta: dict[str, object] = field(default_factory=dict)
    keys: dict[str, Place] = field(default_factory=dict)
    values: dict[tuple[str | int, ...], Place] = field(default_factory=dict)
    front_matter: Place | None = None
    sections: tuple[Section, ...] = ()
    code_blocks: tuple[CodeBlock, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def title(self) -> str:
        """The title as text, "" if there is none."""
        return str(self.meta.get("title") or "")

    @property
    def type(self) -> str:
        """The type as written, "" if there is none."""
        return str(self.meta.get("type") or "")

    @property
    def generations(self) -> tuple[str, ...]:
        """The generation label as a tuple, whether one word or a list was written."""
        return as_words(self.meta.get("generation"))

    @property
    def bbj_blocks(self) -> tuple[CodeBlock, ...]:
        """The blocks fenced as bbj, in order."""
        return tuple(block for block in self.code_blocks if block.language.lower() == "bbj")

    def section(self, title: str) -> Section | None:
        """The first `##` section of that title, whatever its case."""
        wanted = title.casefold()
        return next((s for s in self.sections if s.level == 2 and s.title.casefold() == wanted), None)

    def prose(self, title: str) -> str:
        """The text of a `##` section without its surrounding blank lines, "" if it is missing."""
        found = self.section(title)
        return self.text[found.body.start : found.body.stop].strip() if found else ""


def as_words(value: object) -> tuple[str, ...]:
    """A front-matter value that may be one word or a list, as a tuple of words."""
    if value is None:
        return ()
    return tuple(str(item) for item in value) if isinstance(value, list) else (str(value),)


def parse(text: str, path: str = "") -> Example:
    """Read an example. Never raises on bad content: `problems` says what could not be read."""
    lines = _Lines(text)
    matter, body_start, problems = _find_front_matter(text, lines)
    meta: dict[str, object] = {}
    keys: dict[str, Place] = {}
    values: dict[tuple[str | int, ...], Place] = {}
    if matter:
        problems += _read_yaml(text, lines, matter, meta, keys, values)
    sections, blocks = _read_body(text, lines, body_start)
    return Example(path, text, meta, keys, values, matter, sections, blocks, tuple(problems))


def with_code(example: Example, block: CodeBlock, code: str) -> str:
    """The text with the code of one block replaced. `code` needs no final line end."""
    if code and not code.endswith("\n"):
        code += "\n"
    return _spliced(example.text, block.code, _with_line_ends(block.text, code, _newline(example.text)))


def with_section(example: Example, title: str, prose: str) -> str:
    """The text with the body of a `##` section replaced, or the section added at the end."""
    newline = _newline(example.text)
    prose = prose.strip().replace("\r\n", "\n").replace("\n", newline)
    found = example.section(title)
    if found is None:
        gap = "" if not example.text or example.text.endswith(newline * 2) else newline
        gap = gap if example.text.endswith("\n") or not example.text else newline * 2
        return f"{example.text}{gap}## {title}{newline}{newline}{prose}{newline}"
    last = found.body.stop == len(example.text)
    return _spliced(example.text, found.body, f"{newline}{prose}{newline}" + ("" if last else newline))


def with_meta(example: Example, key: str, value: object) -> str:
    """The text with one front-matter key set, or removed if `value` is None.

    Only the value's own span changes: order, comments and the spelling of the other keys stay. A list keeps the style
    (block or flow) it was written in.
    """
    newline = _newline(example.text)
    if example.front_matter is None:
        return example.text if value is None else f"---{newline}{_line(key, value, newline)}---{newline}{example.text}"
    if key not in example.keys:
        if value is None:
            return example.text
        stop = example.front_matter.stop
        gap = "" if example.text[:stop].endswith("\n") else newline
        return example.text[:stop] + gap + _line(key, value, newline) + example.text[stop:]
    if value is None:
        return _without_key(example, key)
    if value == example.meta.get(key):
        return example.text
    place = example.values[(key,)]
    old = example.text[place.start : place.stop]
    if old.lstrip().startswith("- ") or old.endswith("\n"):  # a block list or scalar: its span runs to the next key
        after_key = example.keys[key].stop
        colon = example.text.index(":", after_key)
        tail = Place(place.line, place.column, colon + 1, place.start + len(old.rstrip()))
        if isinstance(value, list) and value and old.lstrip().startswith("- "):
            indent = " " * (place.column - 1)
            return _spliced(example.text, tail, "".join(f"{newline}{indent}- {_scalar(v)}" for v in value))
        return _spliced(example.text, tail, " " + _scalar(value))
    return _spliced(example.text, place, ("" if old or place.column == 1 else " ") + _scalar(value))


def _line(key: str, value: object, newline: str) -> str:
    return f"{key}: {_scalar(value)}{newline}"


def _scalar(value: object) -> str:
    """A value as one line of YAML."""
    text = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=float("inf"))
    return text.removesuffix("...\n").strip()


def _without_key(example: Example, key: str) -> str:
    start = example.text.rfind("\n", 0, example.keys[key].start) + 1
    assert example.front_matter is not None
    later = [p.start for p in example.keys.values() if p.start > example.keys[key].start]
    stop = min(later, default=example.front_matter.stop)
    stop = example.text.rfind("\n", 0, stop) + 1
    return example.text[:start] + example.text[stop:]


def _spliced(text: str, place: Place, new: str) -> str:
    return text[: place.start] + new + text[place.stop :]


def _with_line_ends(old: str, new: str, newline: str) -> str:
    """`new` with the line ends of the file; lines that `old` begins and ends with stay as they were, byte for byte."""
    before, after = _LINE.findall(old), _LINE.findall(new)
    plain_before = [line.rstrip("\r\n") for line in before]
    plain_after = [line.rstrip("\r\n") for line in after]
    same = 0
    while same < min(len(before), len(after)) and plain_before[same] == plain_after[same]:
        same += 1
    tail = 0
    while tail < min(len(before), len(after)) - same and plain_before[-1 - tail] == plain_after[-1 - tail]:
        tail += 1
    middle = [line.rstrip("\r\n") + newline for line in after[same : len(after) - tail]]
    return "".join([*before[:same], *middle, *before[len(before) - tail :]])


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


class _Lines:
    """Offsets of the lines of a text; only "\\n" ends a line, a "\\r" before it belongs to the line end."""

    def __init__(self, text: str) -> None:
        self.raw = text.split("\n")
        self.starts = [0, *accumulate(len(line) + 1 for line in self.raw)]

    def place(self, start: int, stop: int) -> Place:
        row = min(bisect_right(self.starts, start), len(self.raw)) - 1
        return Place(row + 1, start - self.starts[row] + 1, start, stop)


def _find_front_matter(text: str, lines: _Lines) -> tuple[Place | None, int, list[Problem]]:
    """The span between the two `---` lines, where the body starts, and what is wrong."""
    start = 1 if text.startswith("\ufeff") else 0
    boundary = YAMLHandler.FM_BOUNDARY
    first = boundary.match(text[start:])  # with a position, ^ would not match after a byte order mark
    if not first:
        return None, start, [Problem("missing", "no front matter", 1, 1)]
    opened = text.find("\n", start) + 1 or len(text)
    second = boundary.search(text, opened)
    if not second:
        return None, opened, [Problem("unclosed", "the front matter is never closed", 1, 1)]
    after = text.find("\n", second.start()) + 1 or len(text)
    return lines.place(opened, second.start()), after, []


def _read_yaml(
    text: str,
    lines: _Lines,
    matter: Place,
    meta: dict[str, object],
    keys: dict[str, Place],
    values: dict[tuple[str | int, ...], Place],
) -> list[Problem]:
    """Fill `meta` and the places of keys and values from the YAML between the fences."""
    loader = Loader(text[matter.start : matter.stop])

    def place(first: yaml.Mark, last: yaml.Mark) -> Place:
        start = lines.starts[matter.line - 1 + first.line] + first.column
        stop = lines.starts[min(matter.line - 1 + last.line, len(lines.raw))] + last.column
        return lines.place(start, min(stop, matter.stop))

    def visit(node: yaml.Node, where: tuple[str | int, ...]) -> None:
        values[where] = place(node.start_mark, node.end_mark)
        if isinstance(node, yaml.SequenceNode):
            for index, item in enumerate(node.value):
                visit(item, (*where, index))

    try:
        node = loader.get_single_node()
        if node is None:
            return []
        if not isinstance(node, yaml.MappingNode):
            at = place(node.start_mark, node.end_mark)
            return [
                Problem("not a mapping", "the front matter is not a list of `key: value` lines", at.line, at.column)
            ]
        problems = []
        for key_node, value_node in node.value:
            key, at = str(key_node.value), place(key_node.start_mark, key_node.end_mark)
            if key in keys:
                problems.append(Problem("duplicate key", f'key "{key}" is given twice', at.line, at.column))
            keys[key] = at
            visit(value_node, (key,))
        read = loader.construct_document(node)
        meta.update({str(key): value for key, value in read.items()})
        return problems
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        if error.context_mark and "end of stream" in (error.problem or ""):
            mark = error.context_mark  # a quote that never closes: where it opens, not where the text ends
        line, column = (matter.line + mark.line, mark.column + 1) if mark else (matter.line, 1)
        return [Problem("yaml", error.problem or "cannot be read as YAML", min(line, len(lines.raw)), column)]
    except (yaml.YAMLError, ValueError) as error:  # a character YAML forbids; a date such as 2024-13-45
        return [Problem("yaml", str(error).splitlines()[0], matter.line, 1)]
    finally:
        loader.dispose()


def _read_body(text: str, lines: _Lines, start: int) -> tuple[tuple[Section, ...], tuple[CodeBlock, ...]]:
    """Headings and fenced blocks below the front matter, as CommonMark reads them."""
    headings: list[tuple[str, int, int]] = []  # title, level, row
    blocks: list[CodeBlock] = []
    section = part = ""
    filename: str | None = None
    row = bisect_right(lines.starts, start) - 1
    while row < len(lines.raw):
        line = lines.raw[row].rstrip("\r")
        fence = _FENCE.match(line)
        if fence and not (fence[2][0] == "`" and "`" in fence[3]):
            last = _closing_fence(lines.raw, row, fence[2])
            begin = min(lines.starts[row + 1], len(text))
            stop = min(lines.starts[last], len(text)) if last < len(lines.raw) else len(text)
            language = next(iter(fence[3].split()), "")
            code = Place(row + 2, 1, begin, max(begin, stop))
            blocks.append(
                CodeBlock(
                    language, filename, text[begin : code.stop], row + 2, row + 1,
                    section, part, last < len(lines.raw), code,
                )
            )  # fmt: skip
            filename, row = None, last + 1
            continue
        heading = _HEADING.match(line)
        if heading:
            title, level = heading[2].rstrip(" \t").rstrip("#").strip(), len(heading[1])
            headings.append((title, level, row))
            section, part = (title, "") if level <= 2 else (section, title if level == 3 else part)
        name = _FILENAME.search(line)
        filename = name[1].rstrip() if name else (filename if not line.strip() else None)
        row += 1
    return _sections(headings, lines, len(text)), tuple(blocks)


def _closing_fence(raw: list[str], row: int, fence: str) -> int:
    """The row of the line that closes the fence opened at `row`, or one past the last row."""
    closing = re.compile(rf" {{0,3}}{re.escape(fence[0])}{{{len(fence)},}}[ \t\r]*$")
    return next((r for r in range(row + 1, len(raw)) if closing.match(raw[r])), len(raw))


def _sections(headings: list[tuple[str, int, int]], lines: _Lines, end: int) -> tuple[Section, ...]:
    found = []
    begins = [end] * 7  # where the nearest heading of each level below begins: from the last one up, so time is linear
    for title, level, row in reversed(headings):
        stop = min(begins[: level + 1])
        begins[level] = lines.starts[row]
        found.append(Section(title, level, row + 1, Place(row + 2, 1, min(lines.starts[row + 1], stop), stop)))
    return tuple(reversed(found))
