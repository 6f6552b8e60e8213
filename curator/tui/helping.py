"""What F1 and the command palette say: of the widget with the cursor, of the screen around it, and which keys work.

The words per widget are here in one table; a form field's come from `fields`. Keys come from the table of actions and,
for what Textual's own widgets do, from their bindings.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from textual.app import App
from textual.binding import Binding
from textual.dom import DOMNode
from textual.screen import Screen
from textual.widget import Widget

from curator.tui.actions import BY_ID
from curator.tui.fields import BY_KEY

# By id, else by class. Every widget that can have the cursor has a line here or in `fields`; a test looks.
WIDGETS = {
    "table": ("The examples", "One row each. Arrow keys move, Enter opens; a capital letter jumps to the next "
              "title that "
              "begins with it, and letters typed quickly after it narrow that down."),
    "matrix": ("Coverage", "How many examples there are by label. Enter on a cell begins one with these labels."),
    "search": ("Search", "Words that title, labels, text or code must have. Enter goes to the table, Escape clears."),
    "problems-list": ("Problems", "Enter puts the cursor where the problem is. curator explain CODE says more."),
    "similar-list": ("Similar examples", "The nearest first. Enter sets both side by side."),
    "source-text": ("The whole file", "Everything as it will be written, front matter and all. What is "
                    "edited here shows everywhere."),
    "expected": ("What is printed or seen", "For a console program the output, word for word, in a ``` fence; for "
                 "one with "
                 "windows, what the user sees and can do."),
    "explanation": ("Explanation", "How the code works and why it is written this way: what a colleague would ask."),
    "topic": ("Topic", "The folder the example goes to. It is fixed once the example is saved."),
    "import-file": ("File", "The path of a .bbj program, or of text with code between lines of ```. → completes "
                    "it."),
    "import-text": ("Paste", "A program, a page or a chat. ctrl+v pastes; in some terminals it is ctrl+shift+v."),
    "new-title": ("Title", "What the example shows, in one line. The file name comes from it."),
    "new-topic": ("Topic", "The folder the example goes to: Enter or the down key opens the list, letters jump in it."),
    "new-type": ("Type", BY_KEY["type"].help),
    "new-generation": ("Generation", BY_KEY["generation"].help + " Space ticks; all excludes the others."),
    "drafts": ("Drafts", "What was not saved when bbj-curator ended. Enter opens one."),
    "sides": ("Side by side", "Arrow keys and PageUp, PageDown scroll."),
    "help-text": ("Help", "Arrow keys scroll."),
    "CodeEditor": ("Program", "BBj code. A sign in front of a line is a problem: ● error, ▲ warning, · hint. Tab "
                   "indents, "
                   "Escape leaves the editor."),
    "TextEditor": ("Text", "Escape leaves the editor."),
    "Preview": ("Preview", "Arrow keys scroll."),
    "VerticalScroll": ("Text to read", "Arrow keys and PageUp, PageDown scroll."),
    "Markdown": ("Text to read", "Arrow keys and PageUp, PageDown scroll."),
    "Generations": ("Generation", BY_KEY["generation"].help + " Space ticks; all excludes the others."),
    "ContentTabs": ("Views", "Left and right change the view, Tab goes into it."),
    "Select": ("Choice", "Enter or the down key opens the list; letters jump in it, Enter chooses, Escape closes."),
    "SelectOverlay": ("Choice", "Letters jump, Enter chooses, Escape closes."),
    "OptionList": ("List", "Arrow keys move, letters jump, Enter chooses."),
    "DataTable": ("Table", "Arrow keys move, Enter chooses; a capital letter jumps to the next "
                  "row that begins with it."),
    "Input": ("Field", "One line. Enter goes on."),
    "TextArea": ("Text", "Escape leaves the editor."),
    "Button": ("Button", "Enter presses it, Tab goes to the next."),
}  # fmt: skip


@dataclass(frozen=True)
class Keys:
    """A group of keys: whose they are, and (key, what it does) each."""

    title: str
    keys: tuple[tuple[str, str], ...]


def of_widget(widget: Widget | None) -> tuple[str, str]:
    """Title and text for the widget with the cursor; empty if there is none."""
    if widget is None:
        return "", ""
    id = widget.id or ""
    if id.startswith("field-") and (field := BY_KEY.get(id.removeprefix("field-"))):
        return field.label, f"{field.help}\nGood: {field.good}\nBad: {field.bad}"
    if id in WIDGETS:
        return WIDGETS[id]
    return next((WIDGETS[cls.__name__] for cls in type(widget).__mro__ if cls.__name__ in WIDGETS), ("", ""))


def keys_here(app: App[int], screen: Screen[object]) -> list[Keys]:
    """The keys that work now: the actions of the widget with the cursor, of the screen and of the app, and last what
    every widget of its kind can do.
    """
    groups: dict[str, dict[str, tuple[str, str]]] = {title: {} for title in _TITLES}
    for active in sorted(screen.active_bindings.values(), key=lambda a: _ORDER.get(a.binding.id or "", 0)):
        binding, row = active.binding, BY_ID.get(active.binding.id or "")
        said = row.help if row else binding.description
        if not said or (row is None and (binding.system or active.node in (app, screen))):
            continue
        keys = groups[_title(active.node, app, screen) if row else _PLAIN]
        shown = key_said(app, binding)
        keys[said] = (f"{keys[said][0]}, {shown}" if said in keys else shown, said)
    return [Keys(title, tuple(keys.values())) for title, keys in groups.items() if keys]


def with_keys(text: str, changed: Mapping[str, str]) -> str:
    """A help text with the author's own keys in place of those it was written with, letters excepted."""
    new = {BY_ID[id].keys: keys for id, keys in changed.items() if len(BY_ID[id].keys) > 1}
    if not new:
        return text
    words = "|".join(sorted(map(re.escape, new), key=len, reverse=True))
    return re.sub(rf"(?<![\w+])(?:{words})(?!\w)", lambda match: new[match[0].lower()], text, flags=re.IGNORECASE)


def key_said(app: App[int], binding: Binding) -> str:
    """A key as a newcomer reads it: ctrl+s, where the footer has room for ^s only."""
    return binding.key if binding.key.startswith("ctrl+") else app.get_key_display(binding)


@dataclass(frozen=True)
class Here:
    """An action that can be done now: its name, a sentence with its key, and the node it runs on."""

    label: str
    said: str
    action: str
    node: DOMNode


def actions_here(app: App[int], screen: Screen[object]) -> Iterator[Here]:
    """Everything the table of actions has for this place, each once."""
    seen: set[str] = set()
    for active in screen.active_bindings.values():
        row = BY_ID.get(active.binding.id or "")
        if row and row.id not in seen:
            seen.add(row.id)
            said = f"{key_said(app, active.binding)}: {row.help}"
            yield Here(row.label, said, active.binding.action, active.node)


_ORDER = {id: number for number, id in enumerate(BY_ID)}
_PLAIN = "In any field like this"
_TITLES = ("Here", "On this screen", "Everywhere", _PLAIN)


def _title(node: DOMNode, app: App[int], screen: Screen[object]) -> str:
    return "Everywhere" if node is app else "On this screen" if node is screen else "Here"
