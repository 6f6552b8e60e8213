"""What an author does on the edit screen besides typing: suggestions, files, variants, previews, taking back."""

import json
import sys
from pathlib import Path

import pytest
from textual.events import Key
from textual.widgets import Input, Markdown, OptionList

from curator.example import parse, with_meta
from curator.tui.app import CuratorApp
from curator.tui.screens.compare import CompareScreen
from curator.tui.screens.dialogs import LeaveScreen
from curator.tui.screens.files import FilesScreen
from curator.tui.screens.variant import VariantScreen
from curator.tui.widgets.editor import TextEditor
from curator.tui.widgets.preview import Preview
from curator.tui.widgets.sides import SideBySide
from tests.curator import bbj_home
from tests.curator.tui.conftest import FILES, GREETING, in_code, nearly_the_same, opened, painted, typed, until

GREET = "strings/print-a-greeting.md"
LINES = "file-io/count-the-lines.md"


async def test_the_suggested_generation_is_shown_with_its_evidence_and_taken_by_a_key(app: CuratorApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        edit, _ = await in_code(pilot, app, GREET, 1)
        await typed(pilot, "web! = BBjAPI().getWebManager()\n")
        said = edit.query_one("#suggested")
        await until(pilot, lambda: "The label says all, the code says dwc (line 13: getWebM" in str(said.render()))
        assert "ctrl+g: dwc?" in str(edit.query_one("#edit-title").render())
        await pilot.press("ctrl+g")
        await until(pilot, lambda: edit.example.generations == ("dwc",))
        await until(pilot, lambda: "Fits the code (line 13: getWebManager())" in str(said.render()))


async def test_files_are_added_named_and_removed(app: CuratorApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        edit = await opened(pilot, app, GREET)

        def names() -> list[str | None]:
            return [block.filename for block in edit.example.bbj_blocks]

        await pilot.press("ctrl+n")
        await until(pilot, lambda: isinstance(app.screen, FilesScreen))
        await typed(pilot, "no/folder")
        await pilot.press("enter")
        assert isinstance(app.screen, FilesScreen), "a bad name is refused, and the dialog stays"
        app.screen.query_one(Input).value = "helper.bbj"
        await pilot.press("enter")
        await until(pilot, lambda: names() == ["main.bbj", "helper.bbj"])
        await until(pilot, lambda: len(edit.query(".code")) == 2)
        await pilot.press("ctrl+n")
        await until(pilot, lambda: isinstance(app.screen, FilesScreen))
        app.screen.query_one(OptionList).highlighted = 1
        await typed(pilot, "tools.bbj")
        await pilot.press("ctrl+r")
        await until(pilot, lambda: names() == ["main.bbj", "tools.bbj"])
        await pilot.press("ctrl+n")
        await until(pilot, lambda: isinstance(app.screen, FilesScreen))
        app.screen.query_one(OptionList).highlighted = 1
        await pilot.press("ctrl+d")
        await until(pilot, lambda: names() == ["main.bbj"] and len(edit.query(".code")) == 1)


async def test_a_near_duplicate_is_compared_its_words_are_marked_and_it_becomes_a_wanted_variant(
    app: CuratorApp,
) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        edit = await nearly_the_same(pilot, app)
        assert "W901" in {d.code for d in edit.findings.diagnostics}
        await pilot.press("f7")
        similar = edit.query_one("#similar-list", OptionList)
        await until(pilot, lambda: similar.has_focus)
        assert "both say (" in str(similar.get_option_at_index(0).prompt)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, CompareScreen))
        assert "┃" not in painted(app).split("Marked")[1]
        await pilot.press("m")
        await pilot.pause()
        sides = app.screen.query_one(SideBySide)
        (marked,) = [line for line in painted(app).splitlines() if "read record" in line]
        assert sides.shows_shared and marked.count("┃") == 2
        await pilot.press("v")
        await until(pilot, lambda: isinstance(app.screen, VariantScreen))
        await pilot.press("enter")
        assert isinstance(app.screen, VariantScreen), "a variant needs a note"
        await typed(pilot, "another file")
        await pilot.press("enter")
        await until(pilot, lambda: edit.example.meta.get("variant_of") == "file-io/count-the-lines")
        assert edit.example.meta["variant_note"] == "another file"
        await until(pilot, lambda: "W901" not in {d.code for d in edit.findings.diagnostics})
        await until(pilot, lambda: "wanted variant" in str(similar.get_option_at_index(0).prompt))
        similar.focus()
        await pilot.press("v")
        await until(pilot, lambda: "variant_of" not in edit.example.meta)
        await until(pilot, lambda: "W901" in {d.code for d in edit.findings.diagnostics})


async def test_the_page_shows_the_markdown_and_the_other_side_the_tokens(app: CuratorApp) -> None:
    pytest.importorskip("tokenizers", reason="needs the extra 'train'")
    async with app.run_test(size=(120, 40)) as pilot:
        edit = await opened(pilot, app, GREET)
        await pilot.press("f6")
        page = edit.query_one("#preview-page")
        await until(pilot, lambda: page.has_focus)
        assert edit.query_one(Markdown).source.startswith("# Print a greeting\n")
        assert not edit.query_one("#preview-model").display
        await pilot.press("f6")
        counted = edit.query_one("#preview-tokens")
        await until(pilot, lambda: "carry loss. Tokenizer: smollm2-135m" in str(counted.render()))
        assert edit.query_one("#preview-model").display and not page.display


async def test_a_missing_tokenizer_is_said_and_the_preview_stays(app: CuratorApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        edit = await opened(pilot, app, GREET)
        words = "import sys; sys.exit('trainer: error: needs tokenizers; run pip')"
        edit.counter._command = (sys.executable, "-c", words)
        await pilot.press("f6")
        counted = edit.query_one("#preview-tokens")
        await until(pilot, lambda: "No token count: needs tokenizers; run pip" in str(counted.render()))
        assert len(edit.query_one(Preview).query(".turn-head")) == 3


async def test_a_save_is_taken_back_and_the_text_stays(app: CuratorApp, root: Path) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        edit, _ = await in_code(pilot, app, GREET)
        await typed(pilot, "rem new\n")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: not edit.dirty)
        written = (root / GREET).read_bytes()
        assert b"rem new" in written
        await pilot.press("ctrl+t")
        await until(pilot, lambda: (root / GREET).read_bytes() == GREETING.encode())
        await until(pilot, lambda: edit.dirty)
        assert edit.text.encode() == written
        await pilot.press("ctrl+s")
        await until(pilot, lambda: (root / GREET).read_bytes() == written and not edit.dirty)


async def test_a_new_example_that_is_taken_back_is_gone_from_disk_and_list(app: CuratorApp, root: Path) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        edit = await nearly_the_same(pilot, app)
        await pilot.press("ctrl+s")
        path = root / "file-io" / "count-lines-of-a-file.md"
        await until(pilot, path.exists)
        await until(pilot, lambda: path.as_posix() in app.known.examples)
        await pilot.press("ctrl+t")
        await until(pilot, lambda: not path.exists())
        await until(pilot, lambda: path.as_posix() not in app.known.examples)
        assert edit.file is None and edit.dirty and "diary.txt" in edit.text


async def test_a_compiler_that_hangs_keeps_nobody_waiting_and_ends_with_the_screen(
    app: CuratorApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "bbj"
    bbj_home.install(home)
    monkeypatch.setenv("BBJ_HOME", str(home))

    def processes() -> list[int]:
        return [pid for pid in bbj_home.pids(home) if bbj_home.is_running(pid)]

    async with app.run_test(size=(120, 40)) as pilot:
        edit, _ = await in_code(pilot, app, GREET, 3)
        await typed(pilot, "rem (hangs here\n")
        await until(pilot, lambda: len(processes()) == 2 and "running" in edit.findings.note)
        older = processes()
        await typed(pilot, "x=1\n")
        await until(pilot, lambda: "x=1" in edit.text)
        await until(pilot, lambda: len(processes()) == 2 and not {*older} & {*processes()})
        await pilot.press("ctrl+q")
        await until(pilot, lambda: isinstance(app.screen, LeaveScreen))
        await pilot.click("#discard")
        await until(pilot, lambda: app.return_value is not None)
    assert bbj_home.all_killed(home)


EVIL = "\x1b]0;pwned\x07\x9b31m\u202e\x00[bold]x[/bold][@click=app.quit]y[/]"


async def test_hostile_text_is_shown_and_nothing_of_it_acts(
    app: CuratorApp, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Escapes, markup, direction marks and NUL: in title, labels, code, prose, file names, compiler output."""
    compiler = f"""
import sys
for name in sys.argv[2:]:
    print(f"{{name}}: error at line 10 (1): " + {EVIL!r}, file=sys.stderr)
"""
    bbj_home.install(tmp_path / "bbj", compiler)
    monkeypatch.setenv("BBJ_HOME", str(tmp_path / "bbj"))
    escaped = json.dumps(EVIL)
    text = FILES[LINES].replace("title: Count the lines of a file", f"title: {escaped}")
    text = text.replace("[files, loops]", f"[{escaped}]").replace(
        "description: Read", f"author: {escaped}\ndescription: Read"
    )
    text = text.replace("```bbj", f"<!-- filename: {EVIL[:-30]}.bbj -->\n```bbj").replace("notes.txt", EVIL)
    text = text.replace("END=*BREAK", f"&#x202e;&#27;&rlm;{EVIL} [link](javascript:alert) ![i](file:///etc/passwd) END")
    (root / "file-io" / "evil.md").write_bytes(text.encode())
    async with app.run_test(size=(120, 40)) as pilot:
        edit = await opened(pilot, app, "file-io/evil.md")
        await until(pilot, lambda: edit.findings.judge.startswith("bbjcpl"))

        def check() -> None:
            seen = painted(app)
            assert not {"\x1b", "\x9b", "\x07", "\u202e", "\u200f", "\x00"} & set(seen)

        for key in ("f2", "f3", "f4", "f5", "f6", "f6", "f7", "ctrl+l", "f8"):
            await pilot.press(key)
            await pilot.pause(0.1)
            check()
        await pilot.press("f3", "ctrl+n")
        await until(pilot, lambda: isinstance(app.screen, FilesScreen))
        assert "[bold.bbj" in painted(app)
        check()
        await pilot.press("escape")
        other = parse(with_meta(app.known.examples[(root / LINES).as_posix()], "title", EVIL))
        app.push_screen(CompareScreen(edit.example, other))
        await pilot.pause()
        check()
        assert "[bold]x[/bold]" in painted(app), "markup is shown as it is written"
        await pilot.press("m")
        await pilot.pause()
        check()
        app.push_screen(VariantScreen(EVIL, EVIL))
        await pilot.pause()
        check()
        assert app.return_value is None


async def test_keys_that_edit_keep_their_place_among_letters_typed_without_a_pause(app: CuratorApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        _, editor = await in_code(pilot, app, GREET)
        for key in ("ctrl+a", "a", "b", "left", "c", "home", "d", "end", "backspace", "e", "ctrl+z", "f"):
            app.post_message(Key(key, key if len(key) == 1 else None))
        await until(pilot, lambda: "f" in editor.text)
        assert editor.text == "dacf"


async def test_letters_typed_right_after_the_key_of_a_view_go_into_that_view(app: CuratorApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        edit, _ = await in_code(pilot, app, GREET)
        await pilot.pause()
        for key in ("f4", "a", "b"):
            app.post_message(Key(key, key if len(key) == 1 else None))
        await until(pilot, lambda: edit.query_one("#expected", TextEditor).text == "abHello, world")
