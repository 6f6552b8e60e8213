"""Writes what an audit lets through: OUT.jsonl with the rows put right, removed.jsonl beside it with the rest and why,
and mended.jsonl with what was put right and what stood there before.

The audited file is never touched, and the files appear whole or not at all. No row is lost: each is in OUT.jsonl or in
removed.jsonl.
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

REMOVED, MENDED = "removed.jsonl", "mended.jsonl"


class Writer:
    """Takes the rows of an audit in order. `kept` and `removed` count them; `reasons` are the removed ones by code,
    `fixes` what was put right in the kept ones, by code."""

    def __init__(self, kept: IO[str], removed: IO[str], mended: IO[str]) -> None:
        self._kept, self._removed, self._mended = kept, removed, mended
        self.kept = self.removed = 0
        self.reasons: Counter[str] = Counter()
        self.fixes: Counter[str] = Counter()

    def take(self, checked: CheckedRow) -> None:
        """Write a row to the one file or the other."""
        if checked.row and not checked.unsafe:
            self.kept += 1
            if not checked.fixes:
                # as it stands in the file, so that comparing the two files shows what was mended and nothing else
                self._kept.write(_text(checked) + "\n")
                return
            _line(self._kept, checked.row.data)
            self.fixes.update(fix.code for fix in checked.fixes)
            fixes = [{"code": fix.code, "what": fix.what} for fix in checked.fixes]
            _line(self._mended, {"line": checked.line, "fixes": fixes, "before": json.loads(_text(checked))})
            return
        self.removed += 1
        mended = {fix.code for fix in checked.fixes}
        why = [d for d in checked.findings if d.severity == "error" and d.code not in mended]
        self.reasons.update({d.code for d in why})
        reasons = [{"code": d.code, "message": d.message} for d in why]
        aside: dict[str, object] = {"line": checked.line, "reasons": reasons}
        if checked.row:
            aside["row"] = json.loads(_text(checked))  # as it was, whatever else could have been put right in it
        elif checked.bad:
            aside["raw"] = checked.bad.raw
        _line(self._removed, aside)


@contextmanager
def writing(source: Path, out: Path) -> Iterator[Writer]:
    """A writer to `out` and to `removed.jsonl` and `mended.jsonl` beside it, for the rows of `source`.

    Raises CuratorError if one of the four would be another.
    """
    files = (out, out.parent / REMOVED, out.parent / MENDED)
    if len({path.resolve() for path in (source, *files)}) < 4:
        raise CuratorError(f"{out}: {source.name}, {out.name}, {REMOVED} and {MENDED} must be four files; "
                           "choose another name or folder")  # fmt: skip
    with ExitStack() as stack:
        drafts = [stack.enter_context(corpus.replacing(path)) for path in files]
        yield Writer(*(stack.enter_context(draft.open("w", encoding="utf-8", newline="\n")) for draft in drafts))


def _text(checked: CheckedRow) -> str:
    return checked.raw.decode("utf-8-sig").strip("\r\n")


def _line(file: IO[str], value: object) -> None:
    file.write(json.dumps(value, ensure_ascii=False) + "\n")
