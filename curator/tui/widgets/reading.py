"""An example for reading, not for writing: its labels, its program in colours, what it shows and why it works."""

from textual.containers import VerticalScroll
from textual.content import Content
from textual.highlight import highlight
from textual.widgets import Static

from curator.example import Example
from curator.tui.shown import code_shown, expected_title, one_line, shown


class Reading(VerticalScroll, can_focus=True):
    """One example after the other."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._body = Static("")

    def compose(self):  # type: ignore[no-untyped-def]
        """One text."""
        yield self._body

    def show(self, example: Example) -> None:
        """Show all of an example, from its top."""
        parts = [Content(one_line(example.title or "(no title)")).stylize("bold"), _labels(example)]
        description = shown(str(example.meta.get("description") or ""))
        parts += [Content(description)] if description else []
        for block in example.bbj_blocks:
            heading = " ".join(word for word in (block.part, block.filename) if word) or "Code"
            parts += [_heading(heading), coloured(block.text)]
        for title in (expected_title(example), "Explanation"):
            parts += [_heading(title), Content(shown(example.prose(title)) or "(nothing)")]
        self._put(parts)

    def show_code(self, code: str) -> None:
        """Show a program and nothing else."""
        self._put([coloured(code)])

    def _put(self, parts: list[Content]) -> None:
        self._body.update(Content("\n").join(parts))
        self.scroll_home(animate=False)


def coloured(code: str) -> Content:
    """BBj with line numbers, in the colours of the theme."""
    text = code_shown(code)
    lines = highlight(text, language="bbj").split("\n", allow_blank=True)
    width = len(str(len(lines)))
    numbered = (Content.assemble((f"{n:>{width}}  ", "$text-muted"), line) for n, line in enumerate(lines, 1))
    return Content("\n").join(numbered)


def _labels(example: Example) -> Content:
    words = [example.type, ", ".join(example.generations), str(example.meta.get("difficulty") or "")]
    source = [f"{key}: {example.meta[key]}" for key in ("from_generation", "requires_version", "source", "license")
              if key in example.meta]  # fmt: skip
    return Content(one_line(" · ".join(word for word in (*words, *source) if word))).stylize("$text-muted")


def _heading(title: str) -> Content:
    return Content(f"\n{one_line(title)}").stylize("bold $text-accent")
