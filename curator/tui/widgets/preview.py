"""What the model will see: the ChatML conversation, turn by turn, with the part that carries loss marked."""

from collections.abc import Iterator, Sequence

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from curator.chatml import Conversation, Message
from curator.tui.shown import shown

_SAID = {
    "system": "system · read, not learnt",
    "user": "user · read, not learnt",
    "assistant": "assistant · carries loss: the model learns to write this",
}
_NOTHING = (
    "No conversation comes of this example yet: it needs a type, a generation, a program in a bbj fence, "
    "and the text that answers (for a migration: Before and After)."
)


class Preview(VerticalScroll):
    """The turns of the conversations; assistant turns have a heavy bar and the words "carries loss"."""

    can_focus = True

    def compose(self) -> ComposeResult:
        """Filled by `show`."""
        yield Static(_NOTHING, classes="preview-nothing")

    async def show(self, conversations: Sequence[Conversation]) -> None:
        """Show these conversations instead of the last ones, at the place scrolled to."""
        await self.remove_children()
        await self.mount_all(_turns(conversations) if conversations else [Static(_NOTHING, classes="preview-nothing")])


def _turns(conversations: Sequence[Conversation]) -> Iterator[Static]:
    for conversation in conversations:
        for message in conversation.messages:
            turn = Static(_content(message), classes=f"turn turn-{message.role}")
            turn.border_title = _SAID.get(message.role, message.role)
            yield turn


def _content(message: Message) -> Content:
    return Content(shown(message.content))
