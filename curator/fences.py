"""Fenced blocks in a text that somebody or some model wrote: a chat, a page, a reply.

The one reader of fences in free text. `trainer.evaluation.extract` takes the program of a reply with
it, so a change of what it finds is a change of the extraction rule there and raises its version. An example's own
fences are read by `curator.example`, which keeps to CommonMark.
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Block:
    """One fenced block.

    `label` is its first info word in lower case, `info` all of it as written; `closed` says whether the closing fence
    was there. The block stands in the lines `start` to `stop` (from 0, `stop` not included), fences and all.
    """

    label: str
    text: str
    closed: bool
    info: str = ""
    start: int = 0
    stop: int = 0


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
        start = at - 1
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
        label = words[0].lower() if words else ""
        blocks.append(Block(label, "\n".join(body), closed, info.strip(), start, at))
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


def _unindent(line: str, indent: int) -> str:
    """Without the indentation that the opening fence had: a block inside a list item is moved to the right."""
    kept = len(line) - len(line.lstrip(" \t"))
    return line[min(indent, kept) :]
