"""The key file: what it prints it reads, what it cannot follow it refuses with line, both actions and cure."""

import subprocess
import sys
from pathlib import Path

import pytest

from curator.cli import run
from curator.errors import CuratorError
from curator.tui import settings
from curator.tui.actions import ACTIONS, BY_ID
from curator.tui.app import CuratorApp
from curator.tui.main import cli
from curator.tui.screens.edit import EditScreen
from curator.tui.screens.new import NewScreen
from curator.tui.settings import Settings, parse
from tests.curator.tui.conftest import opened, ready, until

HERE = Path("config.toml")


def test_the_keys_as_they_are_have_no_clash() -> None:
    own = {action.id: tuple(action.keys.split(",")) for action in ACTIONS}
    assert not [(one.id, other.id, key) for one, other, key in settings.clashes(own)]


def test_the_printed_keys_are_a_file_that_changes_nothing() -> None:
    assert parse(settings.as_toml(Settings(path=HERE)), HERE).keys == {}
    changed = parse('theme = "nord"\n[keys]\n"edit.save" = "f10"\n', HERE)
    assert parse(settings.as_toml(changed), HERE) == changed


def test_an_id_may_be_written_without_quotes_and_a_key_as_its_character() -> None:
    assert parse('[keys]\nhome.search = "?,f9"\n', HERE).keys == {"home.search": "question_mark,f9"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            '[keys]\n\n"edit.save" = "f2"',
            r'config\.toml:3: f2 is both "edit.save" \(Save\) and "edit.labels" \(Labels\)',
        ),
        ('[keys]\n"edit.save" = "ctrl+a"', 'both "edit.save" .* and "editor.select-all"'),
        ('[keys]\n"home.new" = "f1"', 'both "app.help" .* and "home.new"'),
        ('[keys]\n"edit.sav" = "f9"', 'config.toml:2: there is no action "edit.sav"; did you mean "edit.save"'),
        ('[keys]\n"edit.save" = "ctrl+foo"', 'config.toml:2: there is no key "ctrl\\+foo"'),
        ('[keys]\n"edit.save" = "hyper+s"', 'there is no key "hyper\\+s"'),
        ('[keys]\n"edit.save" = "x"', "x is needed to write"),
        ('[keys]\n"edit.save" = "enter"', "enter is needed to write"),
        ('[keys]\n"edit.save" = "ctrl+m"', "sends the same for ctrl\\+m and enter"),
        ('[keys]\n"app.quit" = "f9"', "always has ctrl\\+q"),
        ('[keys]\n"edit.save" = 7', "needs a key between quotes"),
        ("colour = 1", 'config.toml:1: unknown setting "colour"'),
        ("[keys]\n=", "is no TOML: .*line 2"),
    ],
)
def test_a_file_that_cannot_be_followed_is_refused(text: str, said: str) -> None:
    with pytest.raises(CuratorError, match=said):
        parse(text, HERE)


def test_a_clash_ends_the_start_with_code_2(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[keys]\n"edit.save" = "f2"\n')
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-m", "curator.tui.main", str(root / "training-data")], capture_output=True, text=True,
        env={"PYTHONPATH": str(root), settings.FOLDER_VARIABLE: str(tmp_path), "BBJ_CURATOR_STATE": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 2 and "config.toml:2:" in done.stderr and "give one of them another key" in done.stderr


def test_the_keys_are_printed_even_if_the_file_is_broken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(settings.FOLDER_VARIABLE, str(tmp_path))
    (tmp_path / "config.toml").write_text('[keys]\n"edit.save" = "f2"\n')
    assert run(cli, "bbj-curator", ["--keys"]) == 0
    out, err = capsys.readouterr()
    assert "config.toml:2" in err and parse(out, HERE).keys == {}


async def test_a_changed_key_works_the_old_one_does_not_and_the_footer_says_so(root: Path) -> None:
    app = CuratorApp(root, settings=Settings({"home.new": "f9", "edit.save": "f10", "edit.labels": "ctrl+s"}))
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot, app)
        await pilot.press("n")
        assert not isinstance(app.screen, NewScreen)
        await pilot.press("f9")
        await until(pilot, lambda: isinstance(app.screen, NewScreen))
        await pilot.press("escape")
        edit = await opened(pilot, app, "strings/print-a-greeting.md")
        assert isinstance(edit, EditScreen)
        await edit.change(edit.text + "\nMore.\n")
        await pilot.press("ctrl+s")
        assert edit.dirty
        await pilot.press("f10")
        await until(pilot, lambda: not edit.dirty)
        keys = {active.binding.id: key for key, active in app.screen.active_bindings.items()}
        assert keys["edit.save"] == "f10" and keys["edit.labels"] == "ctrl+s"


async def test_every_action_can_be_given_another_key(root: Path) -> None:
    free = [f"ctrl+f{number}" for number in range(1, 25)] + [f"alt+f{number}" for number in range(1, 25)]
    free += [f"super+f{number}" for number in range(1, 25)]
    text = "[keys]\n" + "\n".join(
        f'"{action.id}" = "{key}"' for action, key in zip((a for a in ACTIONS if not a.fixed), free, strict=False)
    )
    keys = parse(text, HERE).keys
    assert set(keys) == {a.id for a in ACTIONS if not a.fixed} and set(keys) < set(BY_ID)


async def test_the_chosen_theme_is_remembered_and_the_settings_go_before_it(root: Path) -> None:
    app = CuratorApp(root)
    async with app.run_test() as pilot:
        app.theme = "high-contrast"
        await until(pilot, lambda: settings.remembered_theme() == "high-contrast")
    assert CuratorApp(root).theme == "high-contrast"
    assert CuratorApp(root, settings=Settings(theme="ansi-light")).theme == "ansi-light"
    with pytest.raises(CuratorError, match='no theme "pink"'):
        CuratorApp(root, settings=Settings(theme="pink"))
