"""What the checks said of each text, kept between sessions, so that a large corpus is not checked anew at every start.

Checking 10,000 examples takes half a minute of one core; reading what was said of them last time takes a moment. What
was said holds as long as the text is the same, the checker is the same, and no near-duplicate of it was changed. The
file is in the user's cache: deleting it costs time, nothing else. No Textual here.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from curator import corpus
from curator.diagnostic import Diagnostic, Severity
from curator.errors import CuratorError
from curator.example import Example
from curator.near import corpus as near_corpus
from curator.near.answers import NEAR
from curator.tui import live

if TYPE_CHECKING:
    from curator.near.index import NearIndex

# Examples checked in one go; the screen is told between two of them. Some 20 ms.
AT_ONCE = 8

_Row = tuple[str, list[Diagnostic], list[str]]
"""Digest of a text, what is said of it, and the paths of its near-duplicates."""


class Checked:
    """The checks of one corpus: `known` at once, the rest by `check`."""

    def __init__(self, root: Path) -> None:
        self._file = _cache_folder() / f"{_digest(root.resolve().as_posix())}.json"
        self._rows: dict[str, _Row] = self._read()

    def known(self, examples: Mapping[str, Example]) -> dict[str, list[Diagnostic]]:
        """What is known of these texts already, by path."""
        same = {p for p, row in self._rows.items() if p in examples and row[0] == _digest(examples[p].text)}
        return {path: self._rows[path][1] for path in same if same.issuperset(self._rows[path][2])}

    def check(
        self, examples: Mapping[str, Example], index: "NearIndex | None", left: Iterable[str], limit: int = AT_ONCE
    ) -> Iterator[dict[str, list[Diagnostic]]]:
        """Check these paths, a few at each step: what is said of them, and of known ones that they are now near to."""
        waiting, done = list(left), set(left)
        while waiting:
            found: dict[str, list[Diagnostic]] = {}
            batch, waiting = waiting[:limit], waiting[limit:]
            for path in batch:
                said = live.quick(examples[path], index, examples)
                near = [n.path for n in said.neighbours if n.similarity >= NEAR and n.path in examples]
                found[path] = list(said.diagnostics)
                self._rows[path] = (_digest(examples[path].text), found[path], near)
                again = [other for other in near if other not in done]
                waiting += again
                done.update(again)
            yield found

    def save(self, examples: Mapping[str, Example]) -> None:
        """Keep what is known of these for the next session. A full disk is no reason to complain: it is a cache."""
        rows = {
            path: [digest, [_plain(d) for d in said], near]
            for path, (digest, said, near) in self._rows.items()
            if path in examples
        }
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            corpus.write(self._file, json.dumps({"checker": _checker(), "rows": rows}))
        except (OSError, CuratorError):
            return

    def _read(self) -> dict[str, _Row]:
        try:
            read = json.loads(self._file.read_text("utf-8"))
            if read["checker"] != _checker():
                return {}
            return {
                path: (digest, [_diagnostic(path, row) for row in said], near)
                for path, (digest, said, near) in read["rows"].items()
            }
        except (OSError, ValueError, KeyError, TypeError):
            return {}


def _plain(d: Diagnostic) -> list[object]:
    return [d.line, d.column, d.code, str(d.severity), d.message, d.hint, d.end]


def _diagnostic(path: str, row: list[object]) -> Diagnostic:
    line, column, code, severity, message, hint, end = row
    return Diagnostic(path, line, column, code, Severity(severity), message, hint, end)  # type: ignore[arg-type]


def _checker() -> str:
    """Another checker gives other answers: the sizes and times of this package's files say whether it is the same."""
    package = Path(live.__file__).parent.parent
    files = sorted([*package.rglob("*.py"), *package.rglob("*.json"), *(package.parent / "schemas").glob("*.json")])
    return _digest(json.dumps([[f.name, f.stat().st_size, f.stat().st_mtime_ns] for f in files]))


def _cache_folder() -> Path:
    return near_corpus.index_folder(Path()).parent.parent / "checked"


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=12).hexdigest()
