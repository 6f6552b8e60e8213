"""The files of a program: adding, naming and removing the fenced blocks under `## Code`. Each edit gives a new text.

A program of several files has a `<!-- filename: main.bbj -->` line above each fence; a migration has its files under
Before and After.
"""

import re

from curator.errors import CuratorError
from curator.example import CodeBlock, Example, parse, with_section

# What the first file is called when a second one comes and it has no name yet.
MAIN = "main.bbj"

_COMMENT = re.compile(r"<!--\s*filename:.*?-->")
_NAME = re.compile(r"[\w][\w.-]*")


def check_name(example: Example, name: str, instead_of: CodeBlock | None = None) -> None:
    """Raises CuratorError if a file of the example cannot be called that: not a plain name, or taken."""
    if not _NAME.fullmatch(name):
        raise CuratorError(f'"{name}" is no file name; write one such as order.bbj, without a folder')
    part = instead_of.part if instead_of else None
    for block in example.bbj_blocks:
        taken = (block.filename or "").casefold() == name.casefold() and (part is None or block.part == part)
        if taken and block != instead_of:
            raise CuratorError(f'there is a file "{name}" already; choose another name')


def with_file(example: Example, name: str = "", after: CodeBlock | None = None) -> str:
    """The text with another file: below `after`, or below the last one. A first file needs no name.

    Where a second file comes, a first one without a name becomes `main.bbj`. Raises CuratorError for a bad name.
    """
    blocks = example.bbj_blocks
    if not blocks:
        said = f"{example.prose('Code')}\n\n```bbj\nrem \n```".strip()
        return with_section(example, "Code", said)
    check_name(example, name)
    at = blocks.index(after) if after in blocks else len(blocks) - 1
    unnamed = [i for i, b in enumerate(blocks) if not b.filename and b.part == blocks[at].part]
    if unnamed:
        first = MAIN if name.casefold() != MAIN else "program.bbj"
        example = parse(with_name(example, blocks[unnamed[0]], first), example.path)
    newline = "\r\n" if "\r\n" in example.text else "\n"
    stop = _end_of_fence(example, example.bbj_blocks[at])
    lines = ("", f"<!-- filename: {name} -->", "```bbj", f"rem {name}: ", "```", "")
    gap = "" if example.text[:stop].endswith("\n") else newline
    return example.text[:stop] + gap + newline.join(lines) + example.text[stop:]


def with_name(example: Example, block: CodeBlock, name: str) -> str:
    """The text with that block called `name`. Raises CuratorError for a bad name."""
    check_name(example, name, block)
    text, start = example.text, _start_of_fence(example, block)
    comment = _comment_above(example, block)
    said = f"<!-- filename: {name} -->"
    if comment:
        return text[: comment[0]] + said + text[comment[1] :]
    newline = "\r\n" if "\r\n" in text else "\n"
    return text[:start] + said + newline + text[start:]


def without_file(example: Example, block: CodeBlock) -> str:
    """The text without that block and the line that names it."""
    start, stop = _start_of_fence(example, block), _end_of_fence(example, block)
    comment = _comment_above(example, block)
    if comment:
        start = example.text.rfind("\n", 0, comment[0]) + 1
    before, behind = example.text[:start], example.text[stop:]
    if before.endswith(("\n\n", "\r\n\r\n")):
        behind = behind.removeprefix("\r\n").removeprefix("\n")
    return before + behind


def _start_of_fence(example: Example, block: CodeBlock) -> int:
    """The offset of the line with the opening fence."""
    return example.text.rfind("\n", 0, max(block.code.start - 1, 0)) + 1


def _end_of_fence(example: Example, block: CodeBlock) -> int:
    """The offset behind the line with the closing fence."""
    if not block.closed:
        return block.code.stop
    return example.text.find("\n", block.code.stop) + 1 or len(example.text)


def _comment_above(example: Example, block: CodeBlock) -> tuple[int, int] | None:
    """Where the `filename` comment of a block stands: the last one before its fence."""
    if not block.filename:
        return None
    above = list(_COMMENT.finditer(example.text, 0, _start_of_fence(example, block)))
    return above[-1].span() if above else None
