"""All checks, as two lists of functions: EXAMPLE_CHECKS look at one example, CORPUS_CHECKS at the paths of all.

A check returns every problem it finds. To add one, write a function and put it in a list.
Try it: `curator validate training-data`
"""

import difflib
import itertools
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import PurePosixPath

from curator import chatml, schema
from curator.bbj import generation
from curator.codes import diagnose
from curator.diagnostic import Diagnostic, in_order
from curator.example import CodeBlock, Example, Section, parse
from curator.judge.compiler import CompilerChoice, Source, Status, Verdict, judge
from curator.labels import TOPICS
from curator.templates import PLACEHOLDER

ExampleCheck = Callable[[Example], list[Diagnostic]]
CorpusCheck = Callable[[Sequence[str]], list[Diagnostic]]

_KEBAB = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*\.md")
_EXPECTED = ("expected behavior", "expected output")
_SECTIONS_IN_ORDER = ("code", "expected", "explanation")


def check_examples(examples: Sequence[Example], compiler: CompilerChoice = "auto") -> list[Diagnostic]:
    """Everything wrong with these examples, in order of path and line. All code goes to the compiler in one call."""
    return in_order([*check_each(examples, compiler), *check_corpus([e.path for e in examples])])


def check_each(examples: Sequence[Example], compiler: CompilerChoice = "auto") -> list[Diagnostic]:
    """What is wrong with each of these examples, whatever the others are."""
    found = [d for example in examples for check in EXAMPLE_CHECKS for d in check(example)]
    return found + check_code(examples, compiler)


def check_corpus(paths: Sequence[str]) -> list[Diagnostic]:
    """What is wrong with these examples together."""
    return [d for check in CORPUS_CHECKS for d in check(paths)]


def check_text(text: str, path: str = "") -> list[Diagnostic]:
    """Everything wrong with one example but for its code, which the caller sends to the compiler when it likes."""
    example = parse(text, path)
    return in_order(d for check in EXAMPLE_CHECKS for d in check(example))


def check_code(examples: Iterable[Example], compiler: CompilerChoice = "auto") -> list[Diagnostic]:
    """What the compiler says about the BBj blocks, at the place where they stand in the Markdown."""
    blocks = [(example, block) for example in examples for block in example.bbj_blocks if _judged(block)]
    verdicts = judge([Source(example.path, block.text) for example, block in blocks], compiler)
    found = []
    for (example, block), verdict in zip(blocks, verdicts, strict=True):
        source = Source(example.path, block.text)
        found += [d.moved(example.path, block.first_line - 1) for d in verdict_diagnostics(source, verdict)]
    return found


def verdict_diagnostics(source: Source, verdict: Verdict) -> list[Diagnostic]:
    """What a judge found in a source; "no verdict" is shown as such, unless judging is switched off."""
    if verdict.status is Status.NO_VERDICT and verdict.judge != "none":
        message = f"no verdict from {verdict.judge}: {verdict.why}"
        return [diagnose("W809", source.path, 1, 1, message, "neither a pass nor a failure"), *verdict.diagnostics]
    return list(verdict.diagnostics)


def check_front_matter(example: Example) -> list[Diagnostic]:
    """The labels: readable, complete, known, of the right kind."""
    codes = {"missing": "E101", "unclosed": "E101", "yaml": "E106", "not a mapping": "E106", "duplicate key": "E107"}
    hints = {
        "missing": "put title, type and generation between two `---` lines at the top",
        "unclosed": "close it with a line of `---`",
        "yaml": 'text with a colon, a quote or a leading special character goes in double quotes: title: "A: b"',
        "not a mapping": "write `key: value` lines",
        "duplicate key": "keep one of the two",
    }
    found = [
        diagnose(codes[p.kind], example.path, p.line, p.column, p.message, hints[p.kind]) for p in example.problems
    ]
    if example.front_matter is None or any(p.kind in ("yaml", "not a mapping") for p in example.problems):
        return found
    return found + [d for v in schema.violations("example", example.meta) for d in _violation(example, v)]


def check_migration_labels(example: Example) -> list[Diagnostic]:
    """from_generation and to_generation stand in migrations only."""
    if example.type == "migration" or not example.type:
        return []
    return [
        diagnose("E108", example.path, example.keys[key].line, 1, f'"{key}" in an example of type {example.type}',
                 "remove it, or set `type: migration`")
        for key in ("from_generation", "to_generation")
        if key in example.keys
    ]  # fmt: skip


def check_sections(example: Example) -> list[Diagnostic]:
    """Code, Expected ... and Explanation: there, once, not empty, in order."""
    sections = [s for s in example.sections if s.level == 2]
    by_name = defaultdict(list)
    for section in sections:
        title = section.title.casefold()
        by_name["expected" if title in _EXPECTED else title].append(section)
    found = []
    last_line = example.text.count("\n") + (not example.text.endswith("\n"))
    missing = {
        "code": ("E201", 'no "## Code" section', "put the program under a line `## Code`"),
        "expected": ("E202", 'no "## Expected Behavior" or "## Expected Output" section',
                     "say what the user sees (Expected Behavior) or what is printed (Expected Output)"),
        "explanation": ("E203", 'no "## Explanation" section', "explain the code under a line `## Explanation`"),
    }  # fmt: skip
    swallowed = any(not block.closed for block in example.code_blocks)  # an open fence takes the headings below it
    for name, (code, message, hint) in missing.items():
        if not by_name[name] and not swallowed:
            close = difflib.get_close_matches(name, [s.title.casefold() for s in sections], 1, 0.7)
            hint = f'is "## {close[0]}" meant to be it?' if close else hint
            found.append(diagnose(code, example.path, max(last_line, 1), 1, message, hint))
    for name in _SECTIONS_IN_ORDER:
        found += [_empty(example, s) for s in by_name[name] if not _body(example, s)]
        found += [
            diagnose("E205", example.path, s.line, 1, f'"## {s.title}" a second time', "join it with the first one")
            for s in by_name[name][1:]
            if s.title.casefold() == by_name[name][0].title.casefold()
        ]
    order = [by_name[name][0].line for name in _SECTIONS_IN_ORDER if by_name[name]]
    if order != sorted(order):
        line = next(b for a, b in itertools.pairwise(order) if b < a)
        found.append(
            diagnose("W206", example.path, line, 1, "the sections stand in another order",
                     "put Code first, then Expected ..., then Explanation")
        )  # fmt: skip
    return found


def check_placeholders(example: Example) -> list[Diagnostic]:
    """Nothing that a template left to be written is still there."""
    found = []
    for number, line in enumerate(example.text.split("\n"), 1):
        column = line.find(PLACEHOLDER) + 1
        if column:
            found.append(
                diagnose("W207", example.path, number, column, f"{_around(example, number)} is still to be written",
                         f"write it, and remove the {PLACEHOLDER}", column + len(PLACEHOLDER))
            )  # fmt: skip
    return found


def _around(example: Example, line: int) -> str:
    """What a line belongs to: a field of the front matter, or the section it stands in."""
    above = [section for section in example.sections if section.line <= line]
    if above:
        return f'"{above[-1].title}"'
    named = re.match(r"(\w+):", example.text.split("\n")[line - 1])
    return f'"{named[1]}"' if named else "something"


def check_fences(example: Example) -> list[Diagnostic]:
    """The program is in closed, named bbj fences."""
    found = []
    for block in example.code_blocks:
        if not block.closed:
            found.append(
                diagnose("E213", example.path, block.fence_line, 1, "this fence is never closed",
                         "close it with a line of ```")
            )  # fmt: skip
    code = [b for b in example.code_blocks if b.section.casefold() == "code"]
    bbj = [b for b in code if b.language.lower() == "bbj"]
    foreign = [b for b in code if b.language.lower() != "bbj"]
    for block in foreign:
        shown = f'"{block.language}"' if block.language else "no language"
        found.append(
            diagnose("E212", example.path, block.fence_line, 1, f"a code fence with {shown}", "start it with ```bbj")
        )
    for block in bbj:
        if not block.text.strip():
            found.append(diagnose("E216", example.path, block.fence_line, 1, "an empty code block", "write the code"))
        elif not re.match(r"\s*(\d+\s+)?rem\b", block.text, re.IGNORECASE):
            found.append(
                diagnose("H221", example.path, block.first_line, 1, "the code does not start with a rem line",
                         "say in a first line what it does: rem Read a customer by key")
            )  # fmt: skip
    section = example.section("Code")
    if section and not code and _body(example, section):
        found.append(
            diagnose("E211", example.path, section.line, 1, "no code fence under ## Code",
                     "put the program between a line ```bbj and a line ```")
        )  # fmt: skip
    if example.type == "migration" and bbj:
        parts = {part for part in ("before", "after") for b in bbj if b.part.casefold().startswith(part)}
        for part in ("before", "after"):
            if part not in parts:
                found.append(
                    diagnose("E214", example.path, bbj[0].fence_line, 1, f"the migration has no {part} code",
                             f"put it under a line `### {part.title()} (...)`")
                )  # fmt: skip
    for part in {b.part for b in bbj}:
        same = [b for b in bbj if b.part == part]
        unnamed = [b for b in same if not b.filename]
        if len(same) > 1 and unnamed:
            found.append(
                diagnose("E215", example.path, unnamed[0].fence_line, 1, "one of several files, without a name",
                         "put `<!-- filename: x.bbj -->` on the line above each fence")
            )  # fmt: skip
    return found


def check_generation(example: Example) -> list[Diagnostic]:
    """The label does not contradict what the code needs."""
    labels = chatml.target_generation(example)
    found = []
    for block in example.bbj_blocks:
        if block.part.casefold().startswith("before"):
            continue
        found += [
            d.moved(example.path, block.first_line - 1)
            for d in generation.contradictions(labels, generation.detect(block.text))
        ]
    return found


def check_place(example: Example) -> list[Diagnostic]:
    """`<topic>/<kebab-name>.md`, when the file lies in a corpus."""
    path = PurePosixPath(example.path)
    if "training-data" not in path.parts:
        return []
    found = []
    if not _KEBAB.fullmatch(path.name):
        found.append(
            diagnose("E231", example.path, 1, 1, f'the file name "{path.name}" is not kebab-case',
                     "use lower-case words and hyphens, a letter first: read-customer.md")
        )  # fmt: skip
    if path.parent.name not in TOPICS or path.parent.parent.name != "training-data":
        close = difflib.get_close_matches(path.parent.name, TOPICS, 1)
        hint = f'did you mean "{close[0]}"?' if close else f"move it to one of {', '.join(TOPICS)}"
        found.append(diagnose("E232", example.path, 1, 1, f'"{path.parent.name}" is not a topic', hint))
    return found


def check_ids(paths: Sequence[str]) -> list[Diagnostic]:
    """No two examples share `<topic>/<name>` (case apart, since file systems differ)."""
    seen: dict[str, str] = {}
    found = []
    for path in paths:
        key = chatml.example_id(path).casefold()
        if key in seen and seen[key] != path:
            found.append(diagnose("E241", path, 1, 1, f"same id as {seen[key]}", "rename one of the two"))
        seen.setdefault(key, path)
    return found


EXAMPLE_CHECKS: list[ExampleCheck] = [
    check_front_matter,
    check_migration_labels,
    check_sections,
    check_placeholders,
    check_fences,
    check_generation,
    check_place,
]
CORPUS_CHECKS: list[CorpusCheck] = [check_ids]


def _violation(example: Example, violation: schema.Violation) -> list[Diagnostic]:
    where = violation.where
    if violation.rule == "required":
        return [_missing_key(example, violation.message.split("'")[1])]
    if violation.rule == "additionalProperties":
        return _unknown_keys(example)
    key = str(where[0]) if where else ""
    at = next((example.values[where[:n]] for n in range(len(where), 0, -1) if where[:n] in example.values), None)
    line, column = (at.line, at.column) if at else (1, 1)
    end = column + at.stop - at.start if at else None
    value = _value_at(example.meta, where)
    if violation.rule == "enum":
        if value == "all" and len(where) > 1:
            message, hint = f'"all" inside a list of {key}s', f"write `{key}: all`, or list the ones it runs in"
        else:
            message, hint = f'unknown {key} "{value}"', _did_you_mean(str(value), violation.allowed)
        return [diagnose("E102", example.path, line, column, message, hint, end)]
    kinds = {"minLength": "is empty", "pattern": "is blank", "minItems": "is empty",
             "uniqueItems": "names something twice"}  # fmt: skip
    if violation.rule == "pattern" and str(value).strip():
        kinds["pattern"] = f'is not one: "{value}"'
    message = f'"{key}" {kinds.get(violation.rule, "is not of the right kind")}'
    return [diagnose("E105", example.path, line, column, message, _kind_hint(key, value), end)]


def _missing_key(example: Example, key: str) -> Diagnostic:
    line = example.front_matter.line if example.front_matter else 1
    hint = f"add a line `{key}: ...` to the front matter"
    return diagnose("E103", example.path, line, 1, f'key "{key}" is missing', hint)


def _unknown_keys(example: Example) -> list[Diagnostic]:
    known = schema.load("example")["properties"]
    assert isinstance(known, dict)
    return [
        diagnose("E104", example.path, place.line, place.column, f'unknown key "{key}"',
                 _did_you_mean(key, tuple(known)), place.column + len(key))
        for key, place in example.keys.items()
        if key not in known
    ]  # fmt: skip


def _did_you_mean(word: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(word.lower().replace("_", "-"), known, 1)
    close = close or difflib.get_close_matches(word.lower(), known, 1)
    return f'did you mean "{close[0]}"?' if close else f"choose one of {', '.join(known)}"


def _value_at(value: object, where: tuple[str | int, ...]) -> object:
    for step in where:
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int):
            value = value[step]
    return value


def _kind_hint(key: str, value: object) -> str:
    if key == "tags" and isinstance(value, str):
        return f"write a list: tags: [{value}]"
    if key == "license" and isinstance(value, str):
        return "write an SPDX identifier: MIT, Apache-2.0, CC-BY-4.0"
    if key == "variant_of":
        return "write topic and file name without .md: gui/hello-window"
    if isinstance(value, (int, float)) or hasattr(value, "isoformat"):
        return f'put it in quotes: {key}: "{value}"'
    return f"give {key} a text" if key != "tags" else "write a list of words: tags: [files, keys]"


def _judged(block: CodeBlock) -> bool:
    return block.closed and bool(block.text.strip())


def _body(example: Example, section: Section) -> str:
    return example.text[section.body.start : section.body.stop].strip()


def _empty(example: Example, section: Section) -> Diagnostic:
    return diagnose("E204", example.path, section.line, 1, f'"## {section.title}" is empty', "write it, or remove it")
