"""Lists in which letters jump: typed quickly one after the other, they go to the next row that begins with them.

A letter that is a key of an action stays that; its capital jumps. Within a second all letters belong to the jump.
"""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual import events
from textual.widgets import OptionList

# Letters further apart than that begin a new jump.
PAUSE_S = 1.0


# Textual looks for styles along the widget classes only, so at run time the part added here must not be one.
if TYPE_CHECKING:
    from textual.widget import Widget as _Base
else:
    _Base = object


class Jumps(_Base):
    """What a list needs for it: the text of its rows, which row it is at, and a way to another."""

    _typed = ""
    _typed_at = 0.0

    def on_key(self, event: events.Key) -> None:
        """Take a letter as part of a jump."""
        letter = event.character if event.is_printable else None
        running = bool(self._typed) and time.monotonic() - self._typed_at < PAUSE_S
        if letter is None or (not running and (not letter.isalnum() or event.key in self.screen.active_bindings)):
            return
        event.stop()
        event.prevent_default()
        self._typed = (self._typed if running else "") + letter.casefold()
        self._typed_at = time.monotonic()
        found = next_row(self.rows_said(), self._typed, self.row_now())
        if found is not None:
            self.jump_to(found)

    def rows_said(self) -> Sequence[str]:
        """The text of every row."""
        raise NotImplementedError

    def row_now(self) -> int:
        """The row it is at, -1 for none."""
        raise NotImplementedError

    def jump_to(self, row: int) -> None:
        """Go to a row."""
        raise NotImplementedError


class JumpList(Jumps, OptionList):
    """An option list in which letters jump."""

    def rows_said(self) -> Sequence[str]:
        """The text of every row."""
        return [str(getattr(option.prompt, "plain", option.prompt)) for option in self.options]

    def row_now(self) -> int:
        """The row it is at, -1 for none."""
        return -1 if self.highlighted is None else self.highlighted

    def jump_to(self, row: int) -> None:
        """Go to a row."""
        self.highlighted = row


def next_row(rows: Sequence[str], typed: str, now: int) -> int | None:
    """The next row that begins with what was typed, else the next that has a word that does; None if there is none.

    One letter goes on from the row after `now`, so that it steps through; more may stay where they are.
    """
    start = now + (len(typed) == 1)
    order = [(start + step) % len(rows) for step in range(len(rows))] if rows else []
    folded = [row.casefold() for row in rows]
    begins = next((at for at in order if folded[at].startswith(typed)), None)
    if begins is not None:
        return begins
    return next((at for at in order if any(word.startswith(typed) for word in folded[at].split())), None)
