"""The front matter as a form. It shows an example and says what the author changed; it changes nothing itself."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from textual import on
from textual.app import ComposeResult
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Label, Select, TextArea

from curator.editing.suggest import Suggestion
from curator.example import Example
from curator.labels import TOPICS
from curator.tui.fields import BY_KEY, FIELDS, Field, value_shown
from curator.tui.fields import value_written as _written
from curator.tui.shown import one_line, shown
from curator.tui.widgets.editor import TextEditor
from curator.tui.widgets.generations import Generations
from curator.tui.widgets.line import Line


class FrontMatterForm(Widget):
    """A field per key; `show` fills it, `Changed` and `TopicChanged` say what the author did."""

    class Changed(Message):
        """The author changed fields; `take` gives them."""

    @dataclass
    class TopicChanged(Message):
        """The author chose another topic for an example that has no file yet."""

        topic: str

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._shown: dict[str, str | tuple[str, ...]] = {}
        self._note = ""
        self._changes: dict[str, str | tuple[str, ...]] = {}

    def compose(self) -> ComposeResult:
        """A label and a widget per field, the help of the focused one below."""
        with VerticalScroll(id="fields", can_focus=False):
            for field in FIELDS:
                with Container(id=f"row-{field.key}", classes=f"field field-{field.kind}"):
                    yield Label(field.label, id=f"label-{field.key}", classes="field-label")
                    yield _widget(field)
                if field.key == "generation":
                    yield Line("", id="suggested")
            with Container(classes="field field-choice"):
                yield Label("Topic", classes="field-label")
                yield Select([(t, t) for t in TOPICS], id="topic", prompt="choose", allow_blank=True, compact=True)
        yield Line("", id="field-help")

    def show(self, example: Example, topic: str, topic_fixed: bool, note: str = "") -> None:
        """Fill the fields from the example. A widget is touched only if its value is another one than last shown."""
        readable = not any(p.kind in ("unclosed", "yaml", "not a mapping") for p in example.problems)
        for field in FIELDS:
            widget = self.query_one(f"#field-{field.key}")
            visible = not field.migration_only or example.type == "migration" or field.key in example.meta
            row = self.query_one(f"#row-{field.key}")
            if (row.display, widget.disabled) != (visible, not readable):
                row.display, widget.disabled = visible, not readable
            if field.key in self._changes:  # newer than the example
                continue
            value = value_shown(field, example)
            value = shown(value) if isinstance(value, str) else value
            if field.key not in self._shown or _written(field, self._shown[field.key]) != _written(field, value):
                self._shown[field.key] = value
                _fill(widget, value)
        select = self.query_one("#topic", Select)
        select.disabled = topic_fixed
        if topic in TOPICS and select.value != topic:
            with select.prevent(Select.Changed):
                select.value = topic
        if not readable:
            note = "The front matter cannot be read, so the fields are off. See Source (F5)."
        self._note = note
        self._say()

    def suggest(self, found: Sequence[Suggestion]) -> None:
        """Say below the generations what the code asks for, and the key that takes it."""
        lines = []
        for one in found:
            sign = "✓ " if one.agrees else "▲ "
            before = "Before: " if one.key == "from_generation" else ""
            keys = "" if one.agrees and one.suggested in one.label else " ctrl+g takes it."
            style = "$text-success" if one.agrees else "$text-warning"
            lines.append(Content.assemble((f"{sign}{before}", style), f"{one_line(one.said)}.{keys}"))
        self.query_one("#suggested", Line).put(Content("\n").join(lines), layout=True)

    def take(self) -> list[tuple[Field, str | tuple[str, ...]]]:
        """The fields changed since the last call, as shown (`fields.value_written` gives what is written).

        Taken at once and not carried by messages: with messages on their way, `show` would put old values back.
        """
        changes, self._changes = self._changes, {}
        return [(BY_KEY[key], value) for key, value in changes.items()]

    def mark(self, keys: Collection[str]) -> None:
        """Put a sign before the labels of the fields that have a problem."""
        for field in FIELDS:
            label = self.query_one(f"#label-{field.key}", Label)
            if label.has_class("-problem") != (field.key in keys):
                label.set_class(field.key in keys, "-problem")
                label.update(Content(("● " if field.key in keys else "") + field.label), layout=False)

    def focus_field(self, key: str) -> None:
        """Put the cursor into a field."""
        self.query_one(f"#field-{key}").focus()

    @on(Input.Changed)
    def _input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self._changed(event.input, shown(event.value))

    @on(TextArea.Changed)
    def _text_changed(self, event: TextArea.Changed) -> None:
        event.stop()
        self._changed(event.text_area, " ".join(event.text_area.text.split("\n")))

    @on(Select.Changed)
    def _select_changed(self, event: Select.Changed) -> None:
        event.stop()
        value = "" if event.value is Select.NULL else str(event.value)
        if event.select.id == "topic":
            if value:
                self.post_message(self.TopicChanged(value))
        else:
            self._changed(event.select, value)

    @on(Generations.Chosen)
    def _generations_changed(self, event: Generations.Chosen) -> None:
        event.stop()
        self._changed(event.list, event.words)

    def on_descendant_focus(self) -> None:
        """Show what the focused field is for, with a good and a bad sample."""
        self._say()

    def on_descendant_blur(self) -> None:
        """Nobody is in the form: show what is left to do."""
        self.call_after_refresh(self._say)

    def _changed(self, widget: Widget, value: str | tuple[str, ...]) -> None:
        field = BY_KEY[(widget.id or "").removeprefix("field-")]
        if self._shown.get(field.key) != value:  # else it only echoes what `show` put there
            self._shown[field.key] = self._changes[field.key] = value
            self.post_message(self.Changed())

    def _say(self) -> None:
        focused = self.screen.focused
        field = BY_KEY.get((focused.id or "").removeprefix("field-")) if focused else None
        help = self.query_one("#field-help", Line)
        if field:
            samples = (("\nGood: ", "bold"), field.good, ("\nBad: ", "bold"), field.bad)
            help.put(Content.assemble(field.help, *samples), layout=True)
        else:
            help.put(Content(self._note), layout=True)


def _widget(field: Field) -> Widget:
    id = f"field-{field.key}"
    if field.kind == "choice":
        return Select(list(_options(field)), id=id, prompt="choose", allow_blank=True, compact=True)
    if field.kind == "generations":
        return Generations(id=id)
    if field.kind == "text":
        return TextEditor(id=id, compact=True, soft_wrap=True, show_line_numbers=False)
    return Input(id=id, compact=True, select_on_focus=False)


def _options(field: Field) -> Iterator[tuple[str, str]]:
    return ((word, word) for word in field.choices)


def _fill(widget: Widget, value: str | tuple[str, ...]) -> None:
    if isinstance(widget, Input):
        widget.value = shown(str(value))
    elif isinstance(widget, TextEditor):
        widget.show(str(value))
    elif isinstance(widget, Select):
        widget.value = value or Select.NULL
    elif isinstance(widget, Generations):
        widget.show(value)
