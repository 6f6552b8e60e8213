"""Rows of foreign datasets as conversations of ours: audited, mended, labelled, the generation said in the question.

Used by `curator convert --merge`. What the audit finds unfit, or leaves to a reader, is not merged and listed with its
reason; what is near to the corpus or to held-out rows is dealt with by `build.py` like any other near-duplicate.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from curator import chatml
from curator.chatml import Conversation, Message
from curator.dataset.raw_code import UNKNOWN
from curator.errors import CuratorError
from curator.labels import DIFFICULTIES
from curator.progress import Progress
from curator.rows.audit import rows
from curator.rows.foreign_rows import Row
from curator.rows.row_checks import CheckedRow, Options
from curator.rows.row_labels import NEEDS_A_READER, generation_of, kind_of, programs, topic_of


@dataclass(frozen=True)
class Merged:
    """The conversations of the good rows, sorted by id, and what was left out: (file and line, reason)."""

    conversations: tuple[Conversation, ...]
    left_out: tuple[tuple[str, str], ...]


def read(
    paths: Sequence[Path],
    source: str = "",
    options: Options | None = None,
    progress: Progress | None = None,
    licenses: Mapping[str, str] | None = None,
    jobs: int | None = 1,
) -> Merged:
    """The good rows of these files. `source` is their label; without one, each file's name without endings.

    `licenses` are those of rows that name none themselves, by label, or under "" for all others; without, they are
    "unknown". An id is made of the label and of what the row says, so that neither the order of files nor that of rows
    matters. Raises CuratorError if a licence is given for a label that no file has.
    """
    known = dict(licenses or {})
    labels = {path: source or path.name.split(".")[0] for path in paths}
    for stray in sorted(set(known) - set(labels.values()) - {""}):
        raise CuratorError(f'a licence for "{stray}", but nothing merged is called so; the sources are: '
                           f'{", ".join(sorted(set(labels.values()))) or "none, use --merge"}')  # fmt: skip
    found: dict[str, Conversation] = {}
    left_out: list[tuple[str, str]] = []
    for path, label in sorted(labels.items()):
        of_label = known.get(label) or known.get("") or UNKNOWN
        for checked in rows(path, options, progress, jobs):
            reason = _unfit(checked)
            made = None if reason or not checked.row else _conversation(checked.row, label, of_label)
            if made is None:
                reason = reason or "code in the question and in the answer, and no migration"
            elif found.setdefault(made.id, made) is not made:
                reason = "the same row stands in another file"
            if reason:
                left_out.append((f"{path.name}:{checked.line}", reason))
    return Merged(tuple(found[key] for key in sorted(found)), tuple(left_out))


def _unfit(checked: CheckedRow) -> str:
    mended = {fix.code for fix in checked.fixes}
    for finding in checked.findings:
        if finding.code in NEEDS_A_READER or (finding.severity == "error" and finding.code not in mended):
            return f"{finding.code} {finding.message}"
    return ""


def _conversation(row: Row, label: str, license_: str) -> Conversation | None:
    """The row in our form; None if nobody can tell what it asks for. Its own licence goes before the one given."""
    asked, answered = programs(row.prompt), programs(row.answer)
    kind = kind_of(row, asked, answered)
    if not kind:
        return None
    code = "\n".join(block.text for block in (answered or asked))
    generation = generation_of(row, code)
    turns = [m for m in row.messages if m.role != "system"]
    said = chatml.spoken(generation)
    if said.casefold() not in row.prompt.casefold():
        turns[0] = Message("user", f"{turns[0].content}\n\nGeneration: {said}.")
    digest = hashlib.sha256("\0".join(m.content for m in row.messages).encode()).hexdigest()[:16]
    difficulty, own = row.data.get("difficulty"), row.data.get("license")
    return Conversation(
        id=f"{label}/{digest}",
        messages=(Message("system", chatml.SYSTEM), *turns),
        generation=generation,
        type=kind,
        difficulty=difficulty if difficulty in DIFFICULTIES else "",
        topic=topic_of(row, code, generation),
        source=label,
        license=" ".join(own.split()) if isinstance(own, str) and own.strip() else license_,
        cluster="",
    )
