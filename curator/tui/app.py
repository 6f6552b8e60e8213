"""The app: the corpus as it is known now, the workers that read and check it, and the way between screens.

Only the home screen is imported at the top. The others, and the checks, are loaded after the first paint, or when they
are needed: together they would add 100 ms to the start.
"""

import asyncio
import importlib
import time
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import App, SystemCommand
from textual.binding import BindingType
from textual.command import CommandPalette
from textual.dom import DOMNode
from textual.notifications import SeverityLevel
from textual.screen import Screen
from textual.theme import Theme

from curator import corpus
from curator.diagnostic import Diagnostic
from curator.editing import drafts
from curator.editing.drafts import Journal
from curator.errors import CuratorError
from curator.example import Example
from curator.tui.bindings import bindings
from curator.tui.screens.home import HomeScreen
from curator.tui.settings import Settings, remember_theme, remembered_theme
from curator.tui.shown import shown
from curator.tui.state import Begin, Changed, Import, Known, Left, NewExample, OfferDrafts, Open, ReadCorpus, Saved
from curator.tui.themes import OURS

if TYPE_CHECKING:
    from curator.near.index import NearIndex

# How often the home screen hears of examples read and checked meanwhile.
NEWS_S = 0.3

DEFAULT_THEME = "textual-dark"


class CuratorApp(App[int]):
    """`bbj-curator`: one corpus, a home screen, an edit screen per open example."""

    TITLE = "bbj-curator"
    CSS_PATH = "app.tcss"
    ENABLE_COMMAND_PALETTE = True
    HELP = ""
    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-tall")]  # noqa: RUF012

    BINDINGS: ClassVar[list[BindingType]] = bindings("app")

    def __init__(self, root: Path, animate: bool = False, settings: Settings | None = None) -> None:
        super().__init__()
        self.settings = settings or Settings()
        for theme in OURS:
            self.register_theme(theme)
        self.theme = self._first_theme()
        self._set_contrast()
        self.set_keymap(dict(self.settings.keys))
        self.known = Known(root)
        self.first_paint_s: float | None = None
        self.animation_level = "full" if animate else "none"

    def on_mount(self) -> None:
        """Paint first, read after."""
        self.push_screen(HomeScreen(self.known))
        self.theme_changed_signal.subscribe(self, self._theme_chosen)
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
        from curator.tui.checked import Checked
        from curator.tui.screens.edit import EditScreen

        examples: dict[str, Example] = {}
        problems: dict[str, list[Diagnostic]] = {}
        paths = await asyncio.to_thread(corpus.example_paths, [self.known.root])
        told = 0.0
        await asyncio.to_thread(self.known.desk.read)
        index = self.known.index
        if index is None:
            index = await asyncio.to_thread(_open_index, self.known.root)
            self.known.index = index if len(index) else None  # as it was left: answers before the corpus is read
        for batch in _batches(paths):
            read, unreadable = await asyncio.to_thread(corpus.load, batch)
            examples |= {example.path: example for example in read}
            self.known.states |= {example.path: self.known.desk.standing(example).state for example in read}
            for problem in unreadable:
                examples[problem.path] = Example(problem.path, "")
                problems[problem.path] = [problem]
            if not self.known.examples or len(examples) >= len(self.known.examples):
                self.known.examples, self.known.problems = dict(examples), dict(problems)
                if time.monotonic() - told > NEWS_S:
                    self._tell(f"Reading {len(examples)} of {len(paths)} …")
                    told = time.monotonic()
        self.known.examples, self.known.problems = examples, problems
        await asyncio.to_thread(_refresh_index, index, self.known.root, examples)
        self.known.index = index
        for screen in self.screen_stack:
            if isinstance(screen, EditScreen):
                screen.check_now()
        self._tell("Checking …")
        told = time.monotonic()
        checks = await asyncio.to_thread(Checked, self.known.root)
        self._take_problems(examples, await asyncio.to_thread(checks.known, examples))
        left = [path for path in examples if path not in self.known.problems and path not in problems]
        steps = checks.check(examples, self.known.index, left)
        while (found := await asyncio.to_thread(next, steps, None)) is not None:
            self._take_problems(examples, found)
            if time.monotonic() - told > NEWS_S:
                self._tell(f"Checked {len(self.known.problems)} of {len(examples)} …")
                told = time.monotonic()
        if left:
            await asyncio.to_thread(checks.save, examples)
        self._tell("")

    def _take_problems(self, examples: dict[str, Example], found: dict[str, list[Diagnostic]]) -> None:
        """Take what the checks said, but for examples that were saved meanwhile: those were checked then."""
        for path, diagnostics in found.items():
            if self.known.examples.get(path) is examples[path] and examples[path].text:
                self.known.problems[path] = diagnostics

    def _tell(self, said: str) -> None:
        for screen in self.screen_stack:
            if isinstance(screen, HomeScreen) and screen.is_mounted:
                screen.refresh_corpus(said)

    @on(Saved)
    def _saved(self, event: Saved) -> None:
        """An example was written: it is part of the corpus now."""
        self._take_in(event.example)

    @on(Changed)
    def _changed(self, event: Changed) -> None:
        """Something was decided, deleted or taken back: read that file and the record of the review again."""
        self._look_again(event.path)

    @work(group="look again")
    async def _look_again(self, path: str) -> None:
        await asyncio.to_thread(self.known.desk.read)
        if not path:  # a decision taken back: it may be about any of them
            standing = self.known.desk.standing
            self.known.states = {path: standing(example).state for path, example in self.known.examples.items()}
            self._tell("")
            return
        if Path(path).exists():
            read, unreadable = await asyncio.to_thread(corpus.load, [Path(path)])
            self._take_in(*read or [Example(path, "")])
            if unreadable:
                self.known.problems[path] = unreadable
        else:
            for known in (self.known.examples, self.known.problems, self.known.states):
                known.pop(path, None)
            if self.known.index is not None:
                self.known.index.drop(path)
        self._tell("")

    def _take_in(self, example: Example) -> None:
        from curator.near import corpus as near_corpus
        from curator.tui import live

        self.known.examples[example.path] = example
        self.known.examples = dict(sorted(self.known.examples.items()))
        self.known.states[example.path] = self.known.desk.standing(example).state
        if self.known.index is not None:
            near_corpus.put(self.known.index, example)
        self.known.problems[example.path] = list(live.quick(example, self.known.index, self.known.examples).diagnostics)
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

    @on(Import)
    def _import(self, event: Import) -> None:
        self._ask_and_import(event.text)

    @work(group="begin", exclusive=True)
    async def _ask_and_import(self, text: str) -> None:
        from curator.tui.screens.edit import EditScreen, Opened
        from curator.tui.screens.importing import ImportScreen

        draft = await self.push_screen_wait(ImportScreen(text))
        if draft is not None:
            self.push_screen(EditScreen(self.known, Opened(draft.text, None, draft.topic)))
            self.notify("Imported as a draft: check the labels (F2) and what is marked TODO:.", markup=False)

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
            chosen = await self.push_screen_wait(DraftsScreen(found, [drafts.described(draft) for draft in found]))
            if chosen is None:
                break
            deed, draft = chosen
            if deed == "discard":
                drafts.forget(draft)
                continue
            if draft.path and not corpus.inside(self.known.root, Path(draft.path)):
                self.notify(f"{draft.path} is not in this corpus: the draft stays where it is.", severity="warning")
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
        """What the widget with the cursor is for, what this screen is for, and the keys of both."""
        from curator.tui import helping
        from curator.tui.screens.dialogs import HelpScreen

        if isinstance(self.screen, HelpScreen):
            self.screen.dismiss(None)
            return
        if isinstance(self.screen, CommandPalette):  # it stands above the place that help is wanted for
            return
        keys = helping.keys_here(self, self.screen)
        said = helping.with_keys(self.screen.HELP or "", self.settings.keys)
        self.push_screen(HelpScreen(helping.of_widget(self.focused), said, keys))

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = False,
    ) -> None:
        """Say something in a corner. Whatever it quotes, no markup and no control character is acted upon."""
        super().notify(shown(message), title=title, severity=severity, timeout=timeout, markup=False)

    def action_choose_theme(self) -> None:
        """Choose the colours by name."""
        if not isinstance(self.screen, CommandPalette):
            self.search_themes()

    def _first_theme(self) -> str:
        """The theme of the settings, else the one chosen last. Raises CuratorError for a name there is none of."""
        if self.settings.theme and self.settings.theme not in self.available_themes:
            names = ", ".join(sorted(self.available_themes))
            raise CuratorError(f'there is no theme "{self.settings.theme}"; choose one of {names}')
        last = remembered_theme()
        return self.settings.theme or (last if last in self.available_themes else DEFAULT_THEME)

    def _set_contrast(self) -> None:
        """High contrast needs more than colours: app.tcss takes what is faint by itself out of it."""
        self.set_class(self.theme.startswith("high-contrast"), "-high-contrast")

    def _theme_chosen(self, theme: Theme) -> None:
        """Remember the choice, for the next start; a theme of the settings goes before it."""
        self._set_contrast()
        try:
            remember_theme(theme.name)
        except OSError as error:
            self.notify(f"The colours cannot be remembered: {error.strerror}.", severity="warning", markup=False)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Everything the table of actions has for this place, by name. Textual's own commands do not belong here: one
        of them writes files outside the corpus, and the others are in the table.
        """
        from curator.tui import helping

        for action in helping.actions_here(self, screen):
            yield SystemCommand(action.label, action.said, _run(self, action.node, action.action))


def _run(app: App[int], node: DOMNode, action: str) -> Callable[[], Awaitable[None]]:
    async def run() -> None:
        await app.run_action(action, node)

    return run


def _open_index(root: Path) -> "NearIndex":
    from curator.near import corpus as near_corpus  # NumPy costs 120 ms, which the first paint does not wait for

    return near_corpus.open_index(root)


def _refresh_index(index: "NearIndex", root: Path, examples: dict[str, Example]) -> None:
    from curator.near import corpus as near_corpus

    near_corpus.refresh(index, root, examples)


def _batches(paths: list[Path], size: int = 200) -> Iterable[list[Path]]:
    return (paths[at : at + size] for at in range(0, len(paths), size))
