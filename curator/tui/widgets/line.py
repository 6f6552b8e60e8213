"""A line of text that is drawn again only when it says something else.

`Static.update` lays the whole screen out anew, which costs 20 ms or more; done on every key that is felt while typing.
"""

from textual.content import Content
from textual.widgets import Static


class Line(Static):
    """One or more lines of a fixed height; `put` replaces what it says."""

    _said: Content | None = None

    def put(self, content: Content, layout: bool = False) -> None:
        """Say this. `layout` if the height may change with it."""
        if self._said is None or (content.plain, content.spans) != (self._said.plain, self._said.spans):
            self._said = content
            self.update(content, layout=layout)
