"""What is wrong with the data, as one value that every check returns and every front end shows."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum


class Severity(StrEnum):
    """How much a diagnostic weighs. Only an error makes a file fail."""

    ERROR = "error"
    WARNING = "warning"
    HINT = "hint"


class Tier(StrEnum):
    """What kind of rule a code belongs to. Tiers are never mixed in one figure."""

    FILE = "file"
    FRONT_MATTER = "front matter"
    SECTIONS = "sections"
    SYNTAX = "syntax"
    COMPILER_RULE = "compiler rule"
    BLOCK_BALANCE = "block balance"
    STYLE = "style"
    GENERATION = "generation"
    CORPUS = "corpus"


@dataclass(frozen=True)
class Code:
    """One row of the table of codes.

    `bad` gives exactly this code and `good` gives none; `sample` says whether they are whole examples (Markdown)
    or BBj source. A test runs both.
    """

    code: str
    title: str
    severity: Severity
    tier: Tier
    why: str
    bad: str = ""
    good: str = ""
    sample: str = "bbj"


@dataclass(frozen=True)
class Diagnostic:
    """One problem at one place.

    Attributes:
        path: the file as the user named it; "" where there is none (text typed into the editor).
        line: physical line in the file, from 1.
        column: character in that line, from 1.
        end: column after the last character concerned, on the same line; None if only the start is known.
        code: a key of `curator.codes.CODES`, stable for ever.
        message: what happened. `hint`: what to do about it ("" where the message says it all).
    """

    path: str
    line: int
    column: int
    code: str
    severity: Severity
    message: str
    hint: str = ""
    end: int | None = None

    def moved(self, path: str, lines: int, columns: int = 0) -> "Diagnostic":
        """The same problem seen from an enclosing file: `lines` further down, `columns` to the right."""
        end = None if self.end is None else self.end + columns
        return replace(self, path=path, line=self.line + lines, column=self.column + columns, end=end)

    def as_dict(self) -> dict[str, object]:
        """The fields as JSON values, in the order of the class."""
        return {
            "path": self.path,
            "line": self.line,
            "column": self.column,
            "end": self.end,
            "code": self.code,
            "severity": str(self.severity),
            "message": self.message,
            "hint": self.hint,
        }


def in_order(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Sorted as a reader meets them: by path, line, column, code."""
    return sorted(diagnostics, key=lambda d: (d.path, d.line, d.column, d.code))


def has_errors(diagnostics: Iterable[Diagnostic]) -> bool:
    """True if any of them makes the file fail."""
    return any(d.severity is Severity.ERROR for d in diagnostics)
