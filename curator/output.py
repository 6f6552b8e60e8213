"""All printing: results on stdout, everything else on stderr, in the format that was asked for.

Text from files may hold terminal escapes; nothing is printed without `visible`.
"""

import json
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from curator import __version__
from curator.diagnostic import Code, Diagnostic, Severity, has_errors

Format = Literal["text", "json", "github", "sarif"]
FORMATS: tuple[Format, ...] = ("text", "json", "github", "sarif")

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def visible(text: str) -> str:
    """The text with control characters (terminal escapes, text-direction marks) shown as \\x1b and the like; also what
    of a file name is no text."""
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def say(text: str) -> None:
    """A line for the user, on stderr."""
    print(visible(text), file=sys.stderr)


def print_result(text: str) -> None:
    """A line of the result, on stdout."""
    print(visible(text))


def print_text(text: str) -> None:
    """A text as the result: exactly as it is into a file or a pipe, made visible on a terminal."""
    if sys.stdout.isatty():
        print(visible(text), end="")
    else:
        sys.stdout.flush()
        sys.stdout.buffer.write(text.encode("utf-8"))


def print_json(value: object) -> None:
    """A result as JSON on stdout."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    print(text.encode("utf-8", "backslashreplace").decode("utf-8"))  # half a character becomes an escape of JSON's


def print_json_lists(values: Mapping[str, object], lists: Mapping[str, Iterable[object]]) -> None:
    """A result as one JSON object on stdout: these values, then lists that are never in memory whole."""
    print(json.dumps(values, indent=2, ensure_ascii=False)[: -len("\n}")], end="")
    for name, items in lists.items():
        print(f",\n  {json.dumps(name)}: [", end="")
        before = "\n"
        for item in items:
            print(f"{before}    {json.dumps(item, ensure_ascii=False)}", end="")
            before = ",\n"
        print("\n  ]" if before != "\n" else "]", end="")
    print("\n}")


def print_diagnostics(
    diagnostics: Sequence[Diagnostic], paths: Sequence[str], judge: str, form: Format, words: tuple[str, str, str]
) -> None:
    """The diagnostics of all files. `words` are the states of a file without errors, with errors, without verdict."""
    if form == "json":
        print_json({"judge": judge, "files": _files(diagnostics, paths, words)})
    elif form == "sarif":
        print_json(_sarif(diagnostics))
    elif form == "github":
        for diagnostic in diagnostics:
            print(_github(diagnostic))
    else:
        for diagnostic in diagnostics:
            print_result(line(diagnostic))


def line(diagnostic: Diagnostic) -> str:
    """A diagnostic as one line: what happened, where, what to do."""
    hint = f"; {diagnostic.hint}" if diagnostic.hint else ""
    where = f"{diagnostic.path}:{diagnostic.line}:{diagnostic.column}: " if diagnostic.path else ""
    return f"{where}{diagnostic.code} {diagnostic.message}{hint}"


def summary(diagnostics: Iterable[Diagnostic], files: int, noun: str, judge: str) -> str:
    """How many problems in how many files, and who judged the code."""
    found = list(diagnostics)
    counts = Counter(d.severity for d in found)
    parts = [_many(counts[s], str(s)) for s in Severity if counts[s]]
    bad = len({d.path for d in found if d.severity is Severity.ERROR})
    total = _many(files, noun)
    if not parts:
        return f"{total}: no problems (judge: {judge})"
    where = f"; {bad} of {total} with errors" if bad else f" in {total}, none an error"
    return f"{', '.join(parts)}{where} (judge: {judge})"


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table on stdout; plain text where the output is no terminal."""
    from rich.console import Console  # rich costs 60 ms; only commands that show tables pay it
    from rich.table import Table

    grid = Table(title=visible(title), title_justify="left")
    for index, column in enumerate(columns):
        # fold: in a narrow terminal a word goes on in the next line; its end is not cut off
        grid.add_column(visible(column), justify="left" if index == 0 else "right", overflow="fold")
    for row in rows:
        grid.add_row(*(visible(str(cell)).replace("[", "\\[") for cell in row))
    Console().print(grid)


def explain(code: Code) -> str:
    """The page of a code for a terminal."""
    parts = [f"{code.code}: {code.title}", f"{code.severity}, {code.tier}", "", code.why]
    for name, sample in (("Bad", code.bad), ("Good", code.good)):
        if sample:
            parts += ["", f"{name}:", "", *(f"    {text}".rstrip() for text in sample.rstrip("\n").split("\n"))]
    return "\n".join(parts)


def _many(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


def _files(
    diagnostics: Sequence[Diagnostic], paths: Sequence[str], words: tuple[str, str, str]
) -> list[dict[str, object]]:
    by_path: dict[str, list[Diagnostic]] = defaultdict(list)
    for diagnostic in diagnostics:
        by_path[diagnostic.path].append(diagnostic)
    accepted, rejected, unjudged = words
    files: list[dict[str, object]] = []
    for path in paths:
        found = by_path[path]
        no_verdict = any(d.code == "W809" for d in found)
        status = rejected if has_errors(found) else unjudged if no_verdict else accepted
        files.append({"path": path, "status": status, "diagnostics": [_without_path(d) for d in found]})
    return files


def _without_path(diagnostic: Diagnostic) -> dict[str, object]:
    return {key: value for key, value in diagnostic.as_dict().items() if key != "path"}


_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.HINT: "notice"}


def _github(diagnostic: Diagnostic) -> str:
    """A workflow command, which GitHub shows beside the line."""

    def escaped(text: str, in_property: bool = False) -> str:
        text = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
        return text.replace(":", "%3A").replace(",", "%2C") if in_property else text

    end = f",endColumn={diagnostic.end}" if diagnostic.end else ""
    place = f"file={escaped(diagnostic.path, True)},line={diagnostic.line},col={diagnostic.column}{end}"
    hint = f"; {diagnostic.hint}" if diagnostic.hint else ""
    text = visible(f"{diagnostic.message}{hint}")
    return f"::{_LEVELS[diagnostic.severity]} {place},title={diagnostic.code}::{escaped(text)}"


def _sarif(diagnostics: Sequence[Diagnostic]) -> dict[str, Any]:
    """SARIF 2.1.0, which code-scanning services read."""
    from curator.codes import CODES

    used = sorted({d.code for d in diagnostics})
    levels = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.HINT: "note"}
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "curator",
                        "version": __version__,
                        "rules": [
                            {
                                "id": code,
                                "shortDescription": {"text": CODES[code].title},
                                "fullDescription": {"text": CODES[code].why},
                            }
                            for code in used
                        ],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": [
                    {
                        "ruleId": d.code,
                        "ruleIndex": used.index(d.code),
                        "level": levels[d.severity],
                        "message": {"text": visible(d.message + (f"; {d.hint}" if d.hint else ""))},
                        "locations": [
                            {
                                "physicalLocation": {
                                    "artifactLocation": {"uri": Path(d.path).as_posix()},
                                    "region": {"startLine": d.line, "startColumn": d.column}
                                    | ({"endColumn": d.end} if d.end else {}),
                                }
                            }
                        ],
                    }
                    for d in diagnostics
                ],
            }
        ],
    }
