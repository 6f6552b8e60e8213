"""All findings of an audit, and all that was put right, in its temporary file: a report keeps none in memory."""

from collections import Counter
from collections.abc import Iterator

from curator.diagnostic import Diagnostic, Severity
from curator.rows.row_checks import Fix
from curator.rows.scratch import Scratch


class Findings:
    """The findings of a file, counted by code. Iterating gives them as a reader meets them: by line, column, code."""

    def __init__(self, scratch: Scratch, path: str) -> None:
        self._scratch, self._path = scratch, path
        self.counts: Counter[str] = Counter()
        self.fix_counts: Counter[str] = Counter()
        scratch.run(
            "CREATE TABLE findings (code TEXT, line INTEGER, at INTEGER, number INTEGER, severity TEXT, message TEXT,"
            " hint TEXT, PRIMARY KEY (code, line, at, number)) WITHOUT ROWID"
        )
        scratch.run("CREATE TABLE fixes (line INTEGER, code TEXT, what TEXT)")

    def add(self, finding: Diagnostic) -> None:
        """One more finding."""
        self.counts[finding.code] += 1
        row = (finding.code, finding.line, finding.column, self.counts.total(), finding.severity, finding.message)
        self._scratch.run("INSERT INTO findings VALUES (?, ?, ?, ?, ?, ?, ?)", (*row, finding.hint))

    def add_fix(self, fix: Fix) -> None:
        """Something that was put right."""
        self.fix_counts[fix.code] += 1
        self._scratch.run("INSERT INTO fixes VALUES (?, ?, ?)", (fix.line, fix.code, fix.what))

    def __len__(self) -> int:
        return self.counts.total()

    def __iter__(self) -> Iterator[Diagnostic]:
        return self._selected("ORDER BY line, at, code, number", ())

    def first(self, code: str, number: int) -> list[Diagnostic]:
        """The first findings of a code, `number` at most."""
        return list(self._selected("WHERE code = ? ORDER BY line, at, number LIMIT ?", (code, number)))

    def fixes(self, number: int = -1) -> Iterator[Fix]:
        """What was put right, in order of line; the first `number`, or all."""
        for line, code, what in self._scratch.run("SELECT * FROM fixes ORDER BY rowid LIMIT ?", (number,)):
            yield Fix(line, code, what)

    def _selected(self, which: str, values: tuple[object, ...]) -> Iterator[Diagnostic]:
        found = self._scratch.run(f"SELECT line, at, code, severity, message, hint FROM findings {which}", values)
        for line, column, code, severity, message, hint in found:
            yield Diagnostic(self._path, line, column, code, Severity(severity), message, hint)
