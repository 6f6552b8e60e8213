"""Writes what an audit lets through: OUT.jsonl with the rows put right, removed.jsonl beside it with the rest and why.

The audited file is never touched, and both files appear whole or not at all. No row is lost: each is in one of the two.
"""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

from curator import corpus
from curator.errors import CuratorError
from curator.rows.row_checks import CheckedRow

REMOVED = "removed.jsonl"


class Writer:
    """Takes the rows of an audit in order. `kept` and `removed` count them; `reasons` are the removed ones by code."""

    def __init__(self, kept: IO[str], removed: IO[str]) -> None:
        self._kept, self._removed = kept, removed
        self.kept = self.removed = 0
        self.reasons: Counter[str] = Counter()

    def take(self, checked: CheckedRow) -> None:
        """Write a row to the one file or the other."""
        if checked.row and not checked.unsafe:
            self.kept += 1
            _line(self._kept, checked.row.data)
            return
        self.removed += 1
        mended = {fix.code for fix in checked.fixes}
        why = [d for d in checked.findings if d.severity == "error" and d.code not in mended]
        self.reasons.update({d.code for d in why})
        reasons = [{"code": d.code, "message": d.message} for d in why]
        aside: dict[str, object] = {"line": checked.line, "reasons": reasons}
        if checked.row:
            aside["row"] = checked.row.data
        elif checked.bad:
            aside["raw"] = checked.bad.raw
        _line(self._removed, aside)


@contextmanager
def writing(source: Path, out: Path) -> Iterator[Writer]:
    """A writer to `out` and to `removed.jsonl` beside it, for the rows of `source`.

    Raises CuratorError if one of the three would be another.
    """
    aside = out.parent / REMOVED
    if len({path.resolve() for path in (source, out, aside)}) < 3:
        raise CuratorError(f"{out}: would replace {source} or {aside}; choose another name")
    with ExitStack() as stack:
        drafts = [stack.enter_context(corpus.replacing(path)) for path in (out, aside)]
        kept, removed = (stack.enter_context(d.open("w", encoding="utf-8", newline="\n")) for d in drafts)
        yield Writer(kept, removed)


def _line(file: IO[str], value: object) -> None:
    file.write(json.dumps(value, ensure_ascii=False) + "\n")
