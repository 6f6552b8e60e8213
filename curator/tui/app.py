"""The app: the corpus as it is known now, the workers that read and check it, and the way between screens.

Only the home screen is imported at the top. The others, and the checks, are loaded after the first paint, or when they
are needed: together they would add 100 ms to the start.
"""

import asyncio
import importlib
import time
from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.screen import Screen

from curator import corpus, drafts, shingles
from curator.diagnostic import Diagnostic
from curator.drafts import Draft, Journal
from curator.example import Example
from curator.tui.screens.home import HomeScreen
from curator.tui.state import Begin, Known, Left, NewExample, OfferDrafts, Open, ReadCorpus, Saved

# How often the home screen hears of examples read and checked meanwhile.
NEWS_S = 0.3


class CuratorApp(App[int]):
    """`bbj-curator`: one corpus, a home screen, an edit screen per open example."""

    TITLE = "bbj-curator"
    CSS_PATH = "app.tcss"
    ENABLE_COMMAND_PALETTE = True
    HELP = ""
    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-tall")]  # noqa: RUF012

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+q", "quit", "Quit", id="app.quit", priority=True),
        Binding("f1", "help", "Help", id="app.help", priority=True),
    ]

    def __init__(self, root: Path, animate: bool = False) -> None:
        super().__init__()
        self.known = Known(root)
        self.first_paint_s: float | None = None
        self.animation_level = "full" if animate else "none"

    def on_mount(self) -> None:
        """Paint first, read after."""
        self.push_screen(HomeScreen(self.known))
        self.call_after_refresh(self._painted)

    def _painted(self) -> None:
        self.first_paint_s = time.monotonic()
        self.read_corpus()

    # ------------------------------------------------------------------ the corpus

    @on(ReadCorpus)
    def _read_again(self) -> None:
        self.read_corpus()

    @work(exclusive=True, group="corpus")
    async def read_corpus(self) -> None:
        """Read all examples, then index them, then check them, telling the screens from time to time."""
        await asyncio.to_thread(importlib.import_module, "curator.tui.screens.edit")
        from curator.near import NearIndex
        from curator.tui import live
        from curator.tui.screens.edit import EditScreen

        examples: dict[str, Example] = {}
        problems: dict[str, list[Diagnostic]] = {}
        paths = await asyncio.to_thread(corpus.example_paths, [self.known.root])
        told = 0.0
        for batch in _batches(paths):
            read, unreadable = await asyncio.to_thread(corpus.load, batch)
            examples |= {example.path: example for example in read}
            for problem in unreadable:
                examples[problem.path] = Example(problem.path, "")
                problems[problem.path] = [problem]
            if not self.known.examples or len(examples) >= len(self.known.examples):
                self.known.examples, self.known.problems = dict(examples), dict(problems)
                if time.monotonic() - told > NEWS_S:
                    self._tell(f"Reading {len(examples)} of {len(paths)} …")
                    told = time.monotonic()
        self.known.examples, self.known.problems = examples, problems
        self.known.index = await asyncio.to_thread(NearIndex, [e for e in examples.values() if e.text])
        for screen in self.screen_stack:
            if isinstance(screen, EditScreen):
                screen.check_now()
        self._tell("Checking …")
        told = time.monotonic()
        for number, (path, example) in enumerate(list(examples.items())):
            if path not in problems:
                found = await asyncio.to_thread(live.quick, example, self.known.index)
                if self.known.examples.get(path) is example:  # else it was saved meanwhile, and checked then
                    self.known.problems[path] = list(found.diagnostics)
            if time.monotonic() - told > NEWS_S:
                self._tell(f"Checking {number + 1} of {len(examples)} …")
                told = time.monotonic()
        self._tell("")

    def _tell(self, said: str) -> None:
        for screen in self.screen_stack:
            if isinstance(screen, HomeScreen) and screen.is_mounted:
                screen.refresh_corpus(said)

    @on(Saved)
    def _saved(self, event: Saved) -> None:
        """An example was written: it is part of the corpus now."""
        from curator.tui import live

        example = event.example
        self.known.examples[example.path] = example
        self.known.examples = dict(sorted(self.known.examples.items()))
        if self.known.index is not None:
            self.known.index.put(example.path, shingles.example_text(example))
        self.known.problems[example.path] = list(live.quick(example, self.known.index).diagnostics)
        self._tell("")

    # ------------------------------------------------------------------ opening and leaving

    @on(Begin)
    def _begin(self, event: Begin) -> None:
        self._ask_and_begin(event.given)

    @work(group="begin", exclusive=True)
    async def _ask_and_begin(self, given: NewExample) -> None:
        from curator.templates import template
        from curator.tui.screens.edit import EditScreen, Opened
        from curator.tui.screens.new import NewScreen

        wanted = await self.push_screen_wait(NewScreen(self.known.root, given))
        if wanted is not None:
            text = template(wanted.title, wanted.type, wanted.generations)
            self.push_screen(EditScreen(self.known, Opened(text, None, wanted.topic, None, text)))

    @on(Open)
    def _open(self, event: Open) -> None:
        self.open_path(event.path)

    def open_path(self, path: str) -> None:
        """Open an example of the corpus in an edit screen of its own."""
        from curator.tui.screens.edit import EditScreen, Opened

        for screen in self.screen_stack:
            if isinstance(screen, EditScreen) and screen.example.path == path:
                self.notify("It is open already.", markup=False)
                return
        try:
            example = corpus.read(Path(path))
        except UnicodeDecodeError:
            self.notify("It is not UTF-8: save it as UTF-8 first.", severity="error", markup=False)
        except OSError as error:
            self.notify(f"{path}: cannot be read: {error.strerror}.", severity="error", markup=False)
        else:
            text = example.text
            self.push_screen(EditScreen(self.known, Opened(text, Path(path), "", text, text)))

    @on(Left)
    def _left(self, event: Left) -> None:
        """The edit screen on top is done; open the one after it in the home screen's list if that is wanted."""
        self.pop_screen()
        order = self.known.order
        if event.then_next and event.path in order and len(order) > 1:
            self.open_path(order[(order.index(event.path) + 1) % len(order)])

    # ------------------------------------------------------------------ drafts

    @on(OfferDrafts)
    def _offer_drafts(self) -> None:
        self.offer_drafts()

    @work(group="drafts", exclusive=True)
    async def offer_drafts(self) -> None:
        """Let the author open or throw away what was left over."""
        from curator.tui.screens.dialogs import DraftsScreen
        from curator.tui.screens.edit import EditScreen, Opened

        while found := drafts.left_over(self.known.root.as_posix()):
            chosen = await self.push_screen_wait(DraftsScreen(found, [_draft_line(draft) for draft in found]))
            if chosen is None:
                break
            deed, draft = chosen
            if deed == "discard":
                drafts.forget(draft)
                continue
            journal = Journal(id=draft.id)
            if not journal.hold():
                self.notify("It is open in another bbj-curator.", severity="warning", markup=False)
                continue
            path = Path(draft.path) if draft.path else None
            opened = Opened(draft.text, path, draft.topic, draft.base, draft.base, journal)
            self.push_screen(EditScreen(self.known, opened))
            break
        else:
            self.notify("There are no drafts.", markup=False)
        for screen in self.screen_stack:
            if isinstance(screen, HomeScreen):
                screen.refresh_drafts()

    # ------------------------------------------------------------------ keys and palette

    @work(group="quit", exclusive=True)
    async def action_quit(self) -> None:  # type: ignore[override]
        """Quit, asking about every example with unsaved changes."""
        from curator.tui.screens.edit import EditScreen

        for screen in reversed(self.screen_stack):
            if isinstance(screen, EditScreen) and not await screen.may_leave():
                return
        self.exit(0)

    def action_help(self) -> None:
        """What this place is for, and its keys."""
        from curator.tui.screens.dialogs import HelpScreen

        if isinstance(self.screen, HelpScreen):
            self.screen.dismiss(None)
            return
        keys: dict[str, tuple[str, str]] = {}
        for active in self.screen.active_bindings.values():
            binding = active.binding
            if binding.description and not binding.system:
                keys.setdefault(binding.action, (self.get_key_display(binding), binding.description))
        self.push_screen(HelpScreen(self.screen.HELP or "", sorted(keys.values(), key=lambda k: k[1])))

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Textual's own commands, and every binding of the screen by name."""
        yield from super().get_system_commands(screen)
        for binding in screen._bindings.key_to_bindings.values():
            for one in binding:
                said = f"key: {self.get_key_display(one)}"
                yield SystemCommand(one.description, said, _run(self, screen, one.action))


def _run(app: App[int], screen: Screen[object], action: str):  # type: ignore[no-untyped-def]
    async def run() -> None:
        await app.run_action(action, screen)

    return run


def _batches(paths: list[Path], size: int = 200) -> Iterable[list[Path]]:
    return (paths[at : at + size] for at in range(0, len(paths), size))


def _draft_line(draft: Draft) -> str:
    from curator.example import parse

    title = parse(draft.text).title or "(no title)"
    minutes = max(int((time.time() - draft.saved_at) / 60), 0)
    long = f"{minutes // 60} h" if minutes < 2880 else f"{minutes // 1440} days"
    ago = f"{minutes} min ago" if minutes < 120 else f"{long} ago"
    where = "/".join(draft.path.split("/")[-2:]) if draft.path else f"new, topic {draft.topic or 'not chosen'}"
    return f"{title}  ({where}, {ago})"
