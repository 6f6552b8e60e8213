"""The review screen: one example after the other, to be approved, rejected or commented on."""

import asyncio
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Footer, Static

from curator.chatml import example_id
from curator.errors import CuratorError
from curator.example import Example
from curator.review import rules as review
from curator.review.rules import STATE_SIGNS, Deed, Event, Standing
from curator.tui.bindings import bindings
from curator.tui.screens.home import take_back
from curator.tui.screens.say import SayScreen
from curator.tui.shown import one_line, shown
from curator.tui.signs import SIGNS, counted
from curator.tui.state import Changed, Known, Open
from curator.tui.widgets.line import Line
from curator.tui.widgets.reading import Reading

_SAID = {"approved": "Approved", "rejected": "Rejected", "comment": "Comment written", "draft": "Taken back to draft"}


class ReviewScreen(Screen[None]):
    """Go through a queue of examples and decide about each."""

    HELP = (
        "You review what others wrote. a approves the example and goes on to the next, x asks for a reason and rejects "
        "it, c comments without deciding, n and p step without deciding, e opens it in the editor, ctrl+z takes the "
        "last decision back. Nobody reviews their own example. An approval is of this very text: when it changes "
        "later, the approval shows as outdated (↻). What is decided is written to .review in the corpus folder; commit "
        "it with the examples.\n"
    )
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (104, "-wide")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = bindings("review")

    def __init__(self, known: Known, queue: list[str], first: str) -> None:
        super().__init__()
        self.known = known
        self._queue = queue
        self._at = queue.index(first)

    def compose(self) -> ComposeResult:
        """The example, and beside or below it what was said about it."""
        yield Line("", id="review-title")
        with Container(id="review-main"):
            yield Reading(id="review-text")
            with VerticalScroll(id="review-side", can_focus=True):
                yield Static("", id="review-said")
        yield Footer(show_command_palette=True, compact=True)

    def on_mount(self) -> None:
        """The arrow keys scroll the example at once."""
        self.query_one("#review-text").focus()

    def on_screen_resume(self) -> None:
        """Here, or here again from the editor."""
        self._show()

    # ------------------------------------------------------------------ showing

    @property
    def example(self) -> Example:
        """The example under review; an empty one if it is gone."""
        path = self._queue[self._at]
        return self.known.examples.get(path) or Example(path, "")

    def _show(self) -> None:
        example = self.example
        now = self.known.desk.standing(example)
        self.query_one("#review-title", Line).put(
            Content.assemble(
                ("Review ", "bold $text-accent"),
                (f"{self._at + 1} of {len(self._queue)}", "bold"),
                f"  {one_line(example_id(example.path))}  ",
                (f"{STATE_SIGNS[now.state]} {now.state}", "bold"),
            )
        )
        self.query_one(Reading).show(example)
        self._show_said(example, now)

    def _show_said(self, example: Example, now: Standing) -> None:
        problems = self.known.problems.get(example.path)
        said = [Content("checking …" if problems is None else counted(problems)).stylize("bold")]
        said += [Content(f"{SIGNS[d.severity]} {one_line(d.message)}") for d in problems or ()]
        author = example.meta.get("author")
        said += [Content(f"Author: {one_line(str(author))}")] if author else []
        text = review.text_hash(example)
        said += [Content("What was said").stylize("bold $text-accent")]
        events = [event for event in now.events if event.deed != "labelled"]
        said += [_line(event, event.text == text) for event in reversed(events)] or [Content("nothing yet")]
        self.query_one("#review-said", Static).update(Content("\n").join(said))

    # ------------------------------------------------------------------ what the reviewer does

    @work(exclusive=True, group="deed")
    async def action_decide(self, deed: Deed) -> None:
        """Approve, or take back to draft, and go on."""
        await self._decide(deed, "")

    @work(exclusive=True, group="deed")
    async def action_ask(self, deed: Deed) -> None:
        """Reject with a reason, or comment."""
        name = example_id(self.example.path)
        if deed == "rejected":
            question = SayScreen(f"Why is {name} rejected?", "The author reads this and knows what to change.")
        else:
            question = SayScreen(f"About {name}", "Everybody reads this; nothing is decided by it.")
        said = await self.app.push_screen_wait(question)
        if said:
            await self._decide(deed, said)

    async def _decide(self, deed: Deed, said: str) -> None:
        example = self.example
        found = self.known.problems.get(example.path)
        try:
            await asyncio.to_thread(self.known.desk.decide, deed, example, said, found)
        except CuratorError as error:
            self.notify(str(error), title="Not done", severity="warning", markup=False, timeout=10)
            return
        self.known.states[example.path] = self.known.desk.standing(example).state
        self.notify(f"{_SAID[deed]}: {one_line(example_id(example.path))}. ctrl+z takes it back.", markup=False)
        if deed == "comment" or self._at + 1 == len(self._queue):
            self._show()
            if deed != "comment":
                self.notify("That was the last one. Escape goes home.", markup=False)
        else:
            self.action_step(1)

    def action_step(self, by: int) -> None:
        """Go to another one of the queue."""
        at = self._at + by
        if 0 <= at < len(self._queue):
            self._at = at
            self._show()
        else:
            self.notify("This is the last one." if by > 0 else "This is the first one.", markup=False)

    def action_edit(self) -> None:
        """Open it in the editor."""
        self.post_message(Open(self.example.path))

    @work(exclusive=True, group="deed")
    async def action_take_back(self) -> None:
        """Take back the last decision, and show the example it was about."""
        last = await asyncio.to_thread(self.known.log.last)
        await take_back(self)
        await asyncio.to_thread(self.known.desk.read)
        id = last.said.split(" ")[-1] if last is not None and last.event else ""
        self._at = next((n for n, path in enumerate(self._queue) if example_id(path) == id), self._at)
        self._show()

    def action_leave(self) -> None:
        """Back home, where the states are shown."""
        self.post_message(Changed(""))
        self.dismiss(None)


def _line(event: Event, current: bool) -> Content:
    name = one_line(event.by.split(" <")[0])
    when = one_line(event.at[:16].replace("T", " "))
    older = "" if current else " (an earlier text)"
    said = f"\n  {shown(event.said)}" if event.said else ""
    return Content.assemble((f"{name} {event.deed}", "bold"), f"{older}  {when}", said)
