"""Which part of a reply is the program: a fixed rule, decided before any verdict is known.

The rule moves scores by tens of points (one model: 0.17 with raw replies, 0.49 with cleaned ones), so it has a version
that stands in every report, and it must never ask the judge: a chooser that keeps whatever compiles measures itself.

Try: python -c "from trainer.evaluation.extract import extract; print(extract('Here:\\n```bbj\\nprint 1\\n```'))"
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from curator.fences import Block, fenced_blocks

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


def _preference(block: Block) -> int:
    if block.label in BBJ_LABELS:
        return 0
    return 1 if not block.label else 2


def _tidy(code: str) -> str:
    """Without blank lines around; leading spaces of the first line stay, as they cost nothing."""
    code = re.sub(r"^(?:[ \t]*\n)+", "", code)
    code = code.rstrip()
    return code + "\n" if code else ""
