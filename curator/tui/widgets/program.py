"""The program of an example: an editor for each code block, side by side where there is room."""

from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Label, Static

from curator.example import Example
from curator.tui.regions import block_name
from curator.tui.widgets.editor import CodeEditor

_NOTHING = "There is no program yet: ctrl+n adds one (a ```bbj fence under ## Code)."


class Program(Vertical):
    """Panes with a name and an editor; the one with the cursor has the room on a narrow screen."""

    async def lay_out(self, example: Example) -> list[CodeEditor]:
        """Make an editor per block, in order; they are empty yet."""
        await self.remove_children()
        editors = []
        for index, block in enumerate(example.bbj_blocks):
            editor = CodeEditor(classes="code")
            pane = Vertical(Label(Content(block_name(block, index)), classes="part-label"), editor, classes="block")
            pane.set_class(index == 0, "-current")
            await self.mount(pane)
            editors.append(editor)
        self.set_class(len(editors) > 1, "-several")
        if not editors:
            await self.mount(Static(Content(_NOTHING), classes="hint"))
        return editors
