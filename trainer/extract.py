"""Which part of a reply is the program: a fixed rule, decided before any verdict is known.

The rule moves scores by tens of points (one model: 0.17 with raw replies, 0.49 with cleaned ones), so it has a version
that stands in every report, and it must never ask the judge: a chooser that keeps whatever compiles measures itself.

Try: python -c "from trainer.extract import extract; print(extract('Here:\\n```bbj\\nprint 1\\n```'))"
"""

import re
from dataclasses import dataclass
from enum import StrEnum

EXTRACTION_VERSION = "1"
"""Raised with every change of the rule. Figures of different versions must not be compared."""

BBJ_LABELS = frozenset({"bbj", "bbx", "bbj-basic", "basic", "pro5", "vpro5", "ppro"})
"""Info words that name the language; other BASICs' labels are what models write when they mean it."""


class Found(StrEnum):
    """How the program was found."""

    FENCE = "fence"  # a closed fenced block
    UNCLOSED = "unclosed fence"  # a fence that never closes: to the end of the reply
    WHOLE = "whole reply"  # no fence at all
    NOTHING = "nothing"  # an empty reply, or an empty block


@dataclass(frozen=True)
class Block:
    """One fenced block: its first info word in lower case, its text, whether its closing fence was there."""

    label: str
    text: str
    closed: bool


@dataclass(frozen=True)
class Extraction:
    """The program of a reply, how it was found, and how many fenced blocks the reply has."""

    code: str
    found: Found
    blocks: int


def extract(reply: str) -> Extraction:
    """The program in a reply: the first `bbj` block, else the first unlabelled one, else the first of any label;
    an unclosed fence runs to the end; without a fence the whole reply is the program.

    Line ends become `\\n`; the code ends in exactly one of them unless it is empty.
    """
    text = reply.replace("\r\n", "\n").replace("\r", "\n")
    blocks = fenced_blocks(text)
    if not blocks:
        code = _tidy(text)
        return Extraction(code, Found.WHOLE if code else Found.NOTHING, 0)
    block = min(blocks, key=_preference)  # min keeps the first among equals
    code = _tidy(block.text)
    if not code:
        return Extraction("", Found.NOTHING, len(blocks))
    return Extraction(code, Found.FENCE if block.closed else Found.UNCLOSED, len(blocks))


def fenced_blocks(text: str) -> list[Block]:
    """All fenced blocks in order, read as CommonMark 0.31 reads them (section 4.5), with two liberties that models
    take all the time: a fence may be indented by any amount, and prose may stand before the opening fence on its line.

    `text` has `\\n` line ends. A closing fence has the opening one's character, is at least as long and stands alone,
    so four backticks may hold a block of three.
    """
    blocks: list[Block] = []
    lines = text.split("\n")
    at = 0
    while at < len(lines):
        opening = _opening(lines[at])
        at += 1
        if opening is None:
            continue
        fence, info, indent = opening
        body: list[str] = []
        closed = False
        while at < len(lines) and not closed:
            line = lines[at]
            at += 1
            bare = line.strip()
            closed = len(bare) >= len(fence) and not bare.strip(fence[0])
            if not closed:
                body.append(_unindent(line, indent))
        words = info.split()
        blocks.append(Block(words[0].lower() if words else "", "\n".join(body), closed))
    return blocks


# Linear in the line: no two repetitions can match the same characters.
_AT_START = re.compile(r"(?P<indent>[ \t]*)(?:(?P<ticks>`{3,})(?P<info>[^`]*)|(?P<tildes>~{3,})(?P<any>.*))")
_AFTER_PROSE = re.compile(r"[^`]*[ \t](?P<ticks>`{3,})[ \t]*(?P<info>[\w+#.-]*)[ \t]*")


def _opening(line: str) -> tuple[str, str, int] | None:
    """Fence, info and indentation if the line opens a block. The info of backticks holds no backtick (that is inline
    code); after prose at most one label word may follow, so a sentence that mentions ``` opens nothing.
    """
    if match := _AT_START.fullmatch(line):
        fence = match["ticks"] or match["tildes"]
        return fence, match["info"] or match["any"] or "", len(match["indent"])
    if match := _AFTER_PROSE.fullmatch(line):
        return match["ticks"], match["info"], 0
    return None


def _preference(block: Block) -> int:
    if block.label in BBJ_LABELS:
        return 0
    return 1 if not block.label else 2


def _unindent(line: str, indent: int) -> str:
    """Without the indentation that the opening fence had: a block inside a list item is moved to the right."""
    kept = len(line) - len(line.lstrip(" \t"))
    return line[min(indent, kept) :]


def _tidy(code: str) -> str:
    """Without blank lines around; leading spaces of the first line stay, as they cost nothing."""
    code = re.sub(r"^(?:[ \t]*\n)+", "", code)
    code = code.rstrip()
    return code + "\n" if code else ""
