"""Which editor shows which part of an example's text, and how an edit in one finds its way into the text.

The text is the truth: a region knows its place in it, so that an edit changes that place and no other byte.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from curator.diagnostic import Diagnostic
from curator.example import CodeBlock, Example, with_code, with_section
from curator.tui.shown import code_shown, expected_title, merged, one_line, shown
from curator.tui.widgets.editor import Mark, TextEditor


@dataclass
class Region:
    """What an editor shows of the text: a code block (`index`) or a section (`title`).

    `anchor` and `raw` are the example and the raw text of the region when the two last agreed; every edit is carried
    from there, so that a fence or a heading typed in the middle moves nothing twice.
    """

    editor: TextEditor
    anchor: Example
    index: int | None = None
    title: str = ""
    raw: str = ""
    raw_now: str = ""
    pulled: str = ""

    def fill(self) -> None:
        """Show the region of the anchor."""
        self.raw = self.raw_now = self.raw_in(self.anchor) or ""
        self.editor.show(self.shown(self.raw))
        self.pulled = self.editor.text

    def follow(self, example: Example) -> None:
        """Show the region of a newer example, unless something typed here has not been taken over yet."""
        raw = self.raw_in(example)
        if raw is None:
            return
        waiting = self.editor.text != self.pulled
        wanted = self.shown(raw)
        if (raw != self.raw_now or not waiting) and self.editor.text.rstrip() != wanted.rstrip():
            self.editor.show(wanted)
            self.pulled = self.editor.text
        self.anchor, self.raw, self.raw_now = example, raw, raw

    def raw_in(self, example: Example) -> str | None:
        """The region's text in an example, None if it is not there."""
        if self.index is None:
            return example.prose(self.title)
        return example.bbj_blocks[self.index].text if self.index < len(example.bbj_blocks) else None

    def block_in(self, example: Example) -> CodeBlock | None:
        """The code block of an example that the region shows, None for prose."""
        if self.index is None or self.index >= len(example.bbj_blocks):
            return None
        return example.bbj_blocks[self.index]

    def shown(self, raw: str) -> str:
        """The region's text as the editor shows it."""
        return shown(raw) if self.index is None else code_shown(raw)

    def edited(self) -> str:
        """The example's text with what the editor holds."""
        raw = merged(self.raw, self.shown(self.raw), self.editor.text)
        if self.index is None:
            return with_section(self.anchor, self.title, raw)
        return with_code(self.anchor, self.anchor.bbj_blocks[self.index], raw)


def structure(example: Example) -> tuple[object, ...]:
    """What the layout of the editors depends on."""
    return (tuple(block_name(b, i) for i, b in enumerate(example.bbj_blocks)), expected_title(example))


def block_name(block: CodeBlock, index: int) -> str:
    """What a code block is called above its editor."""
    name = one_line(" · ".join(part for part in (block.part, block.filename) if part))
    return name or ("Code" if index == 0 else f"Code {index + 1}")


def last_row(block: CodeBlock) -> int:
    """The file line of the block's last line."""
    return block.first_line + max(block.text.rstrip("\r\n").count("\n"), 0)


def code_rows(example: Example) -> frozenset[int]:
    """The lines of the file, from 0, that are BBj."""
    return frozenset(row for b in example.bbj_blocks for row in range(b.first_line - 1, last_row(b)))


def marks(diagnostics: Iterable[Diagnostic], first: int, last: int) -> list[Mark]:
    """The problems of the file lines `first` to `last`, as an editor that begins there marks them."""
    return [
        Mark(d.line - first, d.column - 1, None if d.end is None else d.end - 1, d.severity)
        for d in diagnostics
        if first <= d.line <= last
    ]
