"""Two sides of an example: the page as readers see it, and the conversation that the model is trained on.

In the conversation every line that carries loss has a heavy bar and the words "carries loss" above it, so that nobody
needs colours to see it. Nothing of the text reaches the terminal as it is: `page` also takes the character references
(&#x202E;) that Markdown would turn into what `shown` takes away.
"""

import html
import re
from collections.abc import Iterator, Sequence

from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Markdown, Static

from curator.chatml import Conversation
from curator.editing.token_count import Counts
from curator.example import Example, as_words
from curator.tui.shown import one_line, shown
from curator.tui.widgets.line import Line

_NOTHING = (
    "No conversation comes of this example yet: it needs a type, a generation, a program in a bbj fence, "
    "and the text that answers (for a migration: Before and After)."
)
_PAGE_SAID = "As readers see it.  F6: as the model sees it."
_MODEL_SAID = (
    "ChatML, as the model sees it.  ▌ carries loss: the model learns to write this.  │ is read only.  F6: as readers "
    "see it."
)
_REFERENCE = re.compile(r"&(#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|\w{1,31});")

# The words of ChatML around a turn; a test compares them with the template that the trainer uses.
START, STOP = "<|im_start|>", "<|im_end|>"


class Preview(Widget):
    """The page, and behind it the conversation; side by side on a very wide screen."""

    def compose(self) -> ComposeResult:
        """Filled by `show`."""
        with VerticalScroll(id="preview-page", classes="-front", can_focus=True):
            yield Static(Content(_PAGE_SAID), classes="preview-said")
            yield Static("", classes="page-labels")
            yield Markdown("", open_links=False)
        with VerticalScroll(id="preview-model", can_focus=True):
            yield Static(Content(_MODEL_SAID), classes="preview-said")
            yield Line("", id="preview-tokens")
            yield Vertical(id="preview-turns")

    def turn_over(self) -> None:
        """Bring the other side to the front."""
        for side in self.query(VerticalScroll):
            side.toggle_class("-front")

    async def show(self, example: Example, conversations: Sequence[Conversation]) -> None:
        """Show this example, at the place scrolled to."""
        self.query_one(".page-labels", Static).update(Content(_labels(example)))
        await self.query_one(Markdown).update(page(example))
        turns = self.query_one("#preview-turns", Vertical)
        await turns.remove_children()
        await turns.mount_all(_turns(conversations) if conversations else [Static(Content(_NOTHING))])

    def count(self, said: Counts | str) -> None:
        """Say how many tokens the conversation has, or why nobody can tell."""
        for line in self.query("#preview-tokens").results(Line):  # none while the screen is taken down
            line.put(Content(one_line(_counted(said))), layout=True)


def page(example: Example) -> str:
    """The example as Markdown for the screen: the title as its heading, the body as it stands."""
    body = example.text
    if example.front_matter is not None:
        body = body[example.front_matter.stop :].split("\n", 1)[-1]
    title = re.sub(r"([\\`*_{}\[\]<>#|!~&])", r"\\\1", one_line(example.title or "(no title)"))
    return f"# {title}\n\n{_REFERENCE.sub(_safe_reference, shown(body))}"


def _safe_reference(found: re.Match[str]) -> str:
    """A character reference as it is, or, if it stands for something that is not shown, as its picture."""
    character = html.unescape(found[0])
    return found[0] if shown(character) == character and character not in "\t\n\r" else shown(character).strip()


def _labels(example: Example) -> str:
    meta = example.meta
    words = [example.type, ", ".join(example.generations), str(meta.get("difficulty") or "")]
    words += [", ".join(as_words(meta.get("tags")))]
    description = one_line(str(meta.get("description") or ""))
    return one_line(" · ".join(word for word in words if word)) + (f"\n{description}" if description else "")


def _turns(conversations: Sequence[Conversation]) -> Iterator[Static]:
    """ChatML in pieces. Loss is taken on the answer and on the token that ends it, not on the head of the turn."""
    for conversation in conversations:
        for message in conversation.messages:
            learnt = message.role == "assistant"
            yield Static(Content(f"{START}{message.role}"), classes="turn turn-head")
            body = Static(Content(f"{shown(message.content)}{STOP}"), classes="turn turn-learnt" if learnt else "turn")
            if learnt:
                yield Static(Content("carries loss from here"), classes="turn turn-learnt turn-sign")
            yield body


def _counted(said: Counts | str) -> str:
    if isinstance(said, str):
        return said
    turns = ", ".join(f"{role} {count}" for role, count in said.turns)
    return f"{said.total} tokens ({turns}); {said.loss} carry loss. Tokenizer: {said.tokenizer}"
