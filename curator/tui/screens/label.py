"""The blind second label: the code of an example that somebody else wrote, and the question which generation it is."""

import asyncio
from typing import ClassVar

from textual import events, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Footer, Static

from curator.errors import CuratorError
from curator.example import Example
from curator.labels import GENERATION_NAMES, GENERATIONS
from curator.review import rules as review
from curator.review.agreement import agreement, said
from curator.tui.bindings import bindings
from curator.tui.fields import chosen
from curator.tui.screens.home import take_back
from curator.tui.screens.say import SampleScreen
from curator.tui.state import Known
from curator.tui.widgets.line import Line
from curator.tui.widgets.reading import Reading


class LabelScreen(Screen[None]):
    """Go through a seeded sample; neither title nor label nor file name is shown."""

    HELP = (
        "You see programs that others wrote, without title and label, and say which generation each is for: the keys 1 "
        "to 5 tick, several are fine, enter writes your label down and goes on, s skips. curator stats compares your "
        "labels with the authors' (Cohen's kappa). ctrl+z takes the last label back.\n"
    )
    BINDINGS: ClassVar[list[BindingType]] = bindings("label")

    def __init__(self, known: Known) -> None:
        super().__init__()
        self.known = known
        self._left: list[Example] = []
        self._skipped = 0
        self._done: list[Example] = []
        self._count = 0
        self._words: tuple[str, ...] = ()

    def compose(self) -> ComposeResult:
        """The code above the question."""
        yield Line("", id="label-title")
        yield Reading(id="label-code")
        yield Static("", id="label-choice")
        yield Footer(show_command_palette=True, compact=True)

    def on_mount(self) -> None:
        """Ask how many."""
        self.query_one(Reading).focus()
        self._draw()

    @work(exclusive=True, group="sample")
    async def _draw(self) -> None:
        wanted = await self.app.push_screen_wait(SampleScreen())
        if wanted is None:
            self.dismiss(None)
            return
        try:
            examples = list(self.known.examples.values())
            self._left, self._count = await asyncio.to_thread(self.known.desk.to_label, examples, *wanted)
        except CuratorError as error:
            self.notify(str(error), severity="error", markup=False, timeout=10)
            self.dismiss(None)
            return
        self._show()

    def on_key(self, event: events.Key) -> None:
        """A digit ticks a generation."""
        if event.character and event.character in "12345" and self._current is not None:
            event.stop()
            word = GENERATIONS[int(event.character) - 1]
            ticked = [w for w in self._words if w != word] if word in self._words else [*self._words, word]
            self._words = tuple(w for w in GENERATIONS if w in chosen(self._words, ticked))
            self._show_choice()

    # ------------------------------------------------------------------

    @property
    def _current(self) -> Example | None:
        return self._left[self._skipped] if self._skipped < len(self._left) else None

    def _show(self) -> None:
        example = self._current
        done = self._count - len(self._left)
        title = self.query_one("#label-title", Line)
        if example is None:
            title.put(Content.assemble(("Blind label ", "bold $text-accent"), f"{done} of {self._count} labelled"))
            self.query_one(Reading).show_code("")
            self.query_one("#label-choice", Static).update(Content(self._end(done)))
            return
        position = f"{done + self._skipped + 1} of {self._count}"
        said = "  Which generation is this code for? Its label is hidden."
        title.put(Content.assemble(("Blind label ", "bold $text-accent"), (position, "bold"), said))
        self.query_one(Reading).show_code(review.code_alone(example))
        self._words = ()
        self._show_choice()

    def _show_choice(self) -> None:
        boxes = [
            Content.assemble((f" {n} ", "bold"), f"[{'x' if word in self._words else ' '}] {word:<10}",
                             (GENERATION_NAMES[word], "$text-muted"))
            for n, word in enumerate(GENERATIONS, 1)
        ]  # fmt: skip
        self.query_one("#label-choice", Static).update(Content("\n").join(boxes))

    def _end(self, done: int) -> str:
        if not self._count:
            return "Nobody else's example is there to be labelled by you."
        found = agreement(self.known.desk.record.labels(), str(self.known.desk.me))
        left = f" {self._skipped} were skipped." if self._skipped else ""
        return (
            f"Done.{left} "
            + (f"You and the authors: {said(found.whole)}. " if found else "")
            + ("curator stats says more. Escape goes home.")
        )

    @work(exclusive=True, group="deed")
    async def action_save(self) -> None:
        """Write the label down and go on."""
        example = self._current
        if example is None:
            return
        if not self._words:
            self.notify("Tick a generation first: keys 1 to 5.", severity="warning", markup=False)
            return
        try:
            await asyncio.to_thread(self.known.desk.label, example, self._words)
        except CuratorError as error:
            self.notify(str(error), title="Not written", severity="warning", markup=False, timeout=10)
            return
        self._left.remove(example)
        self._done.append(example)
        self._show()

    def action_skip(self) -> None:
        """Go on without a label."""
        if self._current is not None:
            self._skipped += 1
            self._show()

    @work(exclusive=True, group="deed")
    async def action_take_back(self) -> None:
        """Take the last label back and ask again."""
        last = await asyncio.to_thread(self.known.log.last)
        if last is None or not self._done or not last.said.startswith("labelled"):
            self.notify("No label was written in this session.", markup=False)
            return
        await take_back(self)
        await asyncio.to_thread(self.known.desk.read)
        self._left.insert(self._skipped, self._done.pop())
        self._show()

    def action_leave(self) -> None:
        """Back home."""
        self.dismiss(None)
