"""Every action is in the one table, and the table is in footer, help, palette and docs."""

import importlib
import pkgutil
import re
from pathlib import Path

import click
import pytest
from textual.binding import Binding
from textual.command import CommandPalette
from textual.dom import DOMNode
from textual.widgets import OptionList

import curator.tui.screens
import curator.tui.widgets
from curator.cli import cli
from curator.tui.actions import ACTIONS, BY_ID
from curator.tui.app import CuratorApp
from curator.tui.helping import of_widget, with_keys
from curator.tui.main import cli as bbj_curator
from curator.tui.screens.dialogs import HelpScreen
from curator.tui.screens.home import HomeScreen
from curator.tui.screens.importing import ImportScreen
from curator.tui.screens.new import NewScreen
from curator.tui.state import NewExample
from curator.tui.widgets.jumping import next_row
from tests.curator.tui.conftest import opened, ready, typed, until

GREET = "strings/print-a-greeting.md"


def places() -> list[type[DOMNode]]:
    """The app, and every screen and widget of ours."""
    found: list[type[DOMNode]] = [CuratorApp]
    for package in (curator.tui.screens, curator.tui.widgets):
        for module in pkgutil.iter_modules(package.__path__):
            loaded = importlib.import_module(f"{package.__name__}.{module.name}")
            found += [v for v in vars(loaded).values() if isinstance(v, type) and v.__module__ == loaded.__name__
                      and issubclass(v, DOMNode)]  # fmt: skip
    return found


def test_every_key_with_a_name_comes_from_the_table_and_every_row_has_a_place() -> None:
    ids = set()
    for place in places():
        for binding in place.__dict__.get("BINDINGS", ()):
            assert isinstance(binding, Binding)
            if binding.id is None:  # movement, as in Textual's own lists
                assert not binding.show and not binding.priority, (place, binding)
                continue
            row = BY_ID[binding.id]
            assert (binding.key, binding.action, binding.description) == (row.keys, row.action, row.label), place
            ids.add(binding.id)
    assert ids == set(BY_ID)


def test_every_row_has_its_method() -> None:
    methods = {name for place in places() for cls in place.__mro__ for name in vars(cls) if name.startswith("action_")}
    for action in ACTIONS:
        assert f"action_{action.action.partition('(')[0]}" in methods, action.id


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.id)
def test_every_action_has_a_command_that_exists_or_a_reason(action) -> None:  # type: ignore[no-untyped-def]
    if action.shell.startswith("("):
        assert action.shell.endswith(")") and len(action.shell) > 8
        return
    found = re.findall(r"\b(curator|bbj-curator) ((?:[a-z-]+ ?)+|--\w+)?([^;,]*)", action.shell)
    assert found, action.shell
    for name, words, rest in found:
        command: click.Command = cli if name == "curator" else bbj_curator
        context = click.Context(command)
        for word in words.split():
            if word.startswith("-"):
                break
            assert isinstance(command, click.Group), action.shell
            sub = command.get_command(context, word)
            assert sub is not None, f"{action.id}: no such command: {action.shell}"
            command = sub
        options = {o for parameter in command.params for o in parameter.opts} | {"--help"}
        if command is bbj_curator:
            options |= {o for parameter in bbj_curator.commands["open"].params for o in parameter.opts}
        for option in re.findall(r"--[a-z-]+", words + rest):
            assert option in options, f"{action.id}: {action.shell}"


async def test_help_is_about_the_field_with_the_cursor_and_lists_its_keys(app: CuratorApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        edit = await opened(pilot, app, GREET)
        edit.query_one("#field-title").focus()
        await pilot.press("f1")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        said = _said(app)
        assert "Help: Title" in said and "Good: Read a customer by primary key" in said
        await pilot.press("f1")
        await until(pilot, lambda: app.screen is edit)
        edit.query_one(".code").focus()
        await pilot.press("f1")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        said = _said(app)
        assert "Help: Program" in said and BY_ID["editor.undo"].help in said and BY_ID["edit.save"].help in said


async def test_everything_that_can_have_the_cursor_has_its_help(app: CuratorApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot, app)
        silent = _silent(app)
        app.push_screen(NewScreen(app.known.root, NewExample("", "")))
        app.push_screen(ImportScreen())
        await until(pilot, lambda: isinstance(app.screen, ImportScreen))
        silent += _silent(app)
        app.pop_screen()
        silent += _silent(app)
        app.pop_screen()
        await opened(pilot, app, GREET)
        silent += _silent(app)
    assert not silent


async def test_the_palette_has_every_action_of_the_place_and_does_it(app: CuratorApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        edit = await opened(pilot, app, GREET)
        edit.query_one(".code").focus()
        names = [command.title for command in app.get_system_commands(edit)]
        rows = [a.label for a in ACTIONS if a.place in ("app", "edit", "editor")]
        assert sorted(names) == sorted(rows)
        await pilot.press("ctrl+p")
        await until(pilot, lambda: isinstance(app.screen, CommandPalette))
        await typed(pilot, "List of problems")
        await until(pilot, lambda: app.screen.query_one(OptionList).option_count > 0)
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is edit)
        edit.action_view("source")
        await until(pilot, lambda: app.screen is edit)


async def test_letters_jump_in_lists_and_in_the_table(app: CuratorApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot, app)
        table = app.screen.query_one("#table")
        table.focus()
        titles = list(table.rows_said())  # type: ignore[attr-defined]
        await pilot.press("P")
        await until(pilot, lambda: titles[table.cursor_row].startswith("Print"))  # type: ignore[attr-defined]
        await pilot.press("C")  # still within the second: "pc" is nowhere
        assert titles[table.cursor_row].startswith("Print")  # type: ignore[attr-defined]


def test_a_letter_steps_and_letters_narrow() -> None:
    rows = ["Open a file", "Print a line", "Print two lines", "● E312 no such verb"]
    assert next_row(rows, "p", 1) == 2 and next_row(rows, "p", 2) == 1
    assert next_row(rows, "print t", 1) == 2
    assert next_row(rows, "e3", 0) == 3 and next_row(rows, "zz", 0) is None and next_row([], "a", -1) is None


async def test_both_screens_can_be_painted_in_every_kind_of_theme(app: CuratorApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot, app)
        for where in ("home", GREET):
            if where != "home":
                await opened(pilot, app, where)
            for theme in ("textual-light", "high-contrast", "high-contrast-light", "ansi-dark", "ansi-light"):
                app.theme = theme
                await pilot.pause()
                assert app.has_class("-high-contrast") == theme.startswith("high")
                assert isinstance(app.screen, HomeScreen) == (where == "home")


async def test_help_and_quit_are_in_the_footer_of_a_small_terminal(app: CuratorApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot, app)
        for name in ("home", GREET):
            if name != "home":
                await opened(pilot, app, name)
            last = "\n".join(strip.text for strip in app.screen._compositor.render_strips()).split("\n")[23]
            assert "Help" in last and "Quit" in last and "Actions" in last, last


def test_a_help_text_names_the_keys_of_the_author() -> None:
    said = with_keys("Save by ctrl+s. F2, F20 and shift+f2.", {"edit.save": "f10", "edit.labels": "ctrl+e"})
    assert said == "Save by f10. ctrl+e, F20 and shift+f2."


def test_the_page_for_authors_lists_every_action() -> None:
    said = (Path(__file__).parents[3] / "docs" / "tui.md").read_text("utf-8")
    for action in ACTIONS:
        assert f"`{action.id}`" in said and action.help in said, "python docs/generate.py"


def _said(app: CuratorApp) -> str:
    return "\n".join(str(widget.render()) for widget in app.screen.query("Static, Label"))


def _silent(app: CuratorApp) -> list[str]:
    return [f"{type(w).__name__}#{w.id}" for w in app.screen.focus_chain if not of_widget(w)[1]]
