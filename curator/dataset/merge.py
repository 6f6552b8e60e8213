"""Rows of foreign datasets as conversations of ours: audited, mended, labelled, the generation said in the question.

Used by `curator convert --merge`. What the audit finds unfit, or leaves to a reader, is not merged and listed with its
reason; what is near to the corpus or to held-out rows is dealt with by `dataset.py` like any other near-duplicate.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from curator import chatml
from curator.chatml import Conversation, Message
from curator.dataset.links import Progress
from curator.labels import DIFFICULTIES
from curator.rows.audit import audit
from curator.rows.foreign_rows import Row
from curator.rows.row_checks import CheckedRow, Options
from curator.rows.row_labels import NEEDS_A_READER, generation_of, kind_of, programs, topic_of


@dataclass(frozen=True)
class Merged:
    """The conversations of the good rows, sorted by id, and what was left out: (file and line, reason)."""

    conversations: tuple[Conversation, ...]
    left_out: tuple[tuple[str, str], ...]


def read(
    paths: Sequence[Path], source: str = "", options: Options | None = None, progress: Progress | None = None
) -> Merged:
    """The good rows of these files. `source` is their label; without one, each file's name without endings.

    An id is made of the label and of what the row says, so that neither the order of files nor that of rows matters.
    """
    found: dict[str, Conversation] = {}
    left_out: list[tuple[str, str]] = []
    for path in sorted(paths):
        label = source or path.name.split(".")[0]

        def take(checked: CheckedRow, name: str = path.name, label: str = label) -> None:
            reason = _unfit(checked)
            made = None if reason or not checked.row else _conversation(checked.row, label)
            if made is None:
                reason = reason or "code in the question and in the answer, and no migration"
            elif found.setdefault(made.id, made) is not made:
                reason = "the same row stands in another file"
            if reason:
                left_out.append((f"{name}:{checked.line}", reason))

        audit(path, options, take, _of_file(path, progress))
    return Merged(tuple(found[key] for key in sorted(found)), tuple(left_out))


def _of_file(path: Path, progress: Progress | None) -> Callable[[int], None] | None:
    """Progress in bytes of one file, as the audit tells it, as one stage of many."""
    if not progress or not path.is_file():
        return None
    done, size = 0, path.stat().st_size

    def tell(read: int) -> None:
        nonlocal done
        done += read
        progress(f"audited, {path.name}", done, size)

    return tell


def _unfit(checked: CheckedRow) -> str:
    mended = {fix.code for fix in checked.fixes}
    for finding in checked.findings:
        if finding.code in NEEDS_A_READER or (finding.severity == "error" and finding.code not in mended):
            return f"{finding.code} {finding.message}"
    return ""


def _conversation(row: Row, label: str) -> Conversation | None:
    """The row in our form; None if nobody can tell what it asks for."""
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
    difficulty = row.data.get("difficulty")
    return Conversation(
        id=f"{label}/{digest}",
        messages=(Message("system", chatml.SYSTEM), *turns),
        generation=generation,
        type=kind,
        difficulty=difficulty if difficulty in DIFFICULTIES else "",
        topic=topic_of(row, code, generation),
        source=label,
        cluster="",
    )
