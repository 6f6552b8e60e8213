"""Suggests labels for a row that others made: its type and topic, from where its code stands and what the code does.

Shared by `curator import`, which writes drafts for a reader, and by `curator convert --merge`, which takes rows.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from curator.bbj.generation import detect, generations
from curator.example import CodeBlock
from curator.labels import TOPICS
from curator.rows import row_text
from curator.rows.foreign_rows import Row
from curator.rows.row_checks import asked_generation
from curator.similarity import shingles

# Findings that are no errors but make a row unfit for a public corpus, or one that only a reader can decide about.
NEEDS_A_READER = frozenset({"W921", "W922", "W923", "W928"})

# The line above the fence of one file of several, as `chatml` writes it and as models do.
FILE_NAME = re.compile(r"[*`]*([\w.-]+\.(?:bbj|bbx|src|bbjt))[*`]*:?[*`]*")

_MIGRATION = re.compile(r"\b(?:migrat|convert|moderni[sz]|port\b|upgrad|rewrit|translat)", re.IGNORECASE)
_ASKS = re.compile(r"(?:how|what|why|when|which|where|explain|describe|is|are|can|does|do)\b", re.IGNORECASE)
# What tells a topic, asked in this order; what none of them knows is control flow.
_TOPICS = (
    ("oop", r"^\s*(?:class|interface)\s+(?:public|protected|private)\b"),
    ("database", r"\bsql\w+\s*\(|\bsql(?:open|close)\b|\bBBjRecordSet\b|\bBBjSqlRecordSet\b|\bjdbc\b"),
    ("file-io", r"\bopen\s*\(|\b(?:read|write|extract|find)\s*(?:record\s*)?\(\w|\b(?:mkeyed|xkeyed|vkeyed|direct)\b"),
    ("strings", r"\b(?:cvs|pos|mid|pad|trim|len|str|num|fill|ath|hta|mask|stbl|asc|chr)\s*\("),
)


def kind_of(row: Row, asked: Sequence[CodeBlock], answered: Sequence[CodeBlock]) -> str:
    """The type of a row: `asked` and `answered` are the programs in its question and in its answer.

    "" if there are programs in both and no migration is asked for.
    """
    question = " ".join(row_text.prose(row.prompt).split())
    if asked and answered:
        if begins(answered[0].text, asked[0].text):
            return "completion"  # the beginning to be completed; `curator convert` makes such questions of its own
        return "migration" if _MIGRATION.search(question) else ""
    if asked:
        return "comprehension"
    return "explanation" if not answered or is_question(question, row.answer) else "completion"


def generation_of(row: Row, code: str) -> tuple[str, ...]:
    """What a row asks for: by its label, else by its question, else by its code; "all" if none of them tells."""
    return asked_generation(row) or generations(detect(code)) or ("all",)


def programs(text: str) -> tuple[CodeBlock, ...]:
    """The BBj programs of a message: fenced so, or fenced without a word and looking so; with their files' names."""
    lines = ("\n" + text).split("\n")
    found = []
    for block in row_text.blocks(text):
        label = block.language.lower()
        if block.text.strip() and (label == "bbj" or (not label and row_text.looks_like_bbj(block.text))):
            above = line_above(lines, block)
            name = FILE_NAME.fullmatch(lines[above].strip())
            found.append(replace(block, filename=block.filename or (name[1] if name else None)))
    return tuple(found)


def line_above(lines: list[str], block: CodeBlock) -> int:
    """The row of the last line above a fence that is not blank."""
    return next((number for number in range(block.fence_line - 2, 0, -1) if lines[number].strip()), 0)


def begins(program: str, beginning: str) -> bool:
    """True if the one program begins with the other, whatever the layout."""
    return " ".join(shingles.tokens(program)).startswith(" ".join(shingles.tokens(beginning)))


def is_question(question: str, answer: str) -> bool:
    """True if words are asked for: a question, and an answer that says more before the code than a sentence."""
    words_before = len(shingles.tokens(re.split(r"^[ \t]*(?:```|~~~)", answer, maxsplit=1, flags=re.MULTILINE)[0]))
    return bool(_ASKS.match(question)) and words_before > 25


def topic_of(row: Row, code: str, generation: tuple[str, ...]) -> str:
    """The row's own topic if it is one of ours, else what the code is about."""
    own = row.data.get("topic")
    return own if own in TOPICS else topic_of_code(code, generation)


def topic_of_code(code: str, generation: tuple[str, ...]) -> str:
    """What the code is about: a topic of the corpus; `generation` is its label."""
    if re.search(_TOPICS[0][1], code, re.IGNORECASE | re.MULTILINE):
        return "oop"
    if "dwc" in generation:
        return "dwc"
    if "bbj-gui" in generation or "vpro5" in generation:
        return "gui"
    return next((name for name, words in _TOPICS if re.search(words, code, re.IGNORECASE | re.MULTILINE)),
                "control-flow")  # fmt: skip
