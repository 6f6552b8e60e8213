"""What an author does, by keys pressed."""

from pathlib import Path

from textual.widgets import Input, OptionList, Select, TabbedContent

from curator.editing.drafts import draft_folder
from curator.example import parse
from curator.tui.app import CuratorApp
from curator.tui.screens.compare import CompareScreen
from curator.tui.screens.dialogs import ConflictScreen, DraftsScreen, HelpScreen, LeaveScreen
from curator.tui.screens.edit import EditScreen
from curator.tui.screens.home import HomeScreen
from curator.tui.screens.new import NewScreen
from curator.tui.widgets.editor import CodeEditor, TextEditor
from curator.tui.widgets.form import FrontMatterForm
from curator.tui.widgets.generations import Generations
from curator.tui.widgets.preview import Preview
from tests.curator import bbj_home
from tests.curator.tui.conftest import FILES, GREETING, in_code, opened, painted, ready, typed, until

GREET = "strings/print-a-greeting.md"
MIGRATION = "gui/from-mnemonics-to-objects.md"


async def test_the_home_screen_lists_the_corpus_and_filters_it(app: CuratorApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot, app)
        home = app.screen
        assert isinstance(home, HomeScreen)
        assert home.query_one("#table").row_count == 3
        await pilot.press("slash")
        await typed(pilot, "greeting")
        await until(pilot, lambda: home.query_one("#table").row_count == 1)
        assert "1 of 1  3 examples" in str(home.query_one("#home-title").render())
        await pilot.press("escape")
        await until(pilot, lambda: home.query_one("#table").row_count == 3)
        home.query_one("#by-generation", Select).value = "bbj-gui"
        await until(pilot, lambda: home.query_one("#table").row_count == 1)


async def test_an_example_is_created_from_a_template_and_saved(app: CuratorApp, root: Path) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot, app)
        await pilot.press("n")
        await until(pilot, lambda: isinstance(app.screen, NewScreen))
        await typed(pilot, "Close a window")
        app.screen.query_one("#new-topic", Select).value = "gui"
        generations = app.screen.query_one(Generations)
        generations.focus()
        await pilot.press("down", "down", "down", "space")
        assert generations.words == ("bbj-gui",)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, EditScreen))
        edit = app.screen
        assert isinstance(edit, EditScreen) and 'addWindow("' not in edit.text and "addWindow(100" in edit.text
        assert not edit.dirty
        await pilot.press("ctrl+s")
        path = root / "gui" / "close-a-window.md"
        await until(pilot, path.exists)
        assert path.read_text() == edit.text
        await until(pilot, lambda: path.as_posix() in app.known.examples)
        await pilot.press("f3", "escape", "escape")
        await until(pilot, lambda: isinstance(app.screen, HomeScreen))
        assert app.screen.query_one("#table").row_count == 4


async def test_a_new_example_without_title_or_topic_is_not_begun(app: CuratorApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot, app)
        await pilot.press("n", "ctrl+s")
        assert isinstance(app.screen, NewScreen)
        await typed(pilot, "Something")
        await pilot.press("ctrl+s")
        assert isinstance(app.screen, NewScreen)
        await pilot.press("escape")
        assert isinstance(app.screen, HomeScreen)


async def test_a_mistake_in_the_code_is_seen_in_gutter_and_list_and_f8_goes_there(app: CuratorApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        edit, editor = await in_code(pilot, app, GREET, 3)
        await typed(pilot, "count++\n")
        await until(pilot, lambda: any(d.code == "E312" for d in edit.findings.diagnostics))
        await until(pilot, lambda: [mark.row for mark in editor.marks()] == [3])
        assert "●" in editor.render_line(3).text
        assert "judge: built-in" in str(edit.query_one("#problems-summary").render())
        editor.go_to(0)
        edit.query_one("#explanation").focus()
        await pilot.press("f8")
        await until(pilot, lambda: edit.focused is editor and editor.cursor_location[0] == 3)
        # a line above moves the mark along before the next check speaks
        editor.go_to(0)
        await pilot.press("enter")
        assert [mark.row for mark in editor.marks()] == [4]


async def test_only_the_edited_lines_of_the_code_change(app: CuratorApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        edit, _ = await in_code(pilot, app, GREET, 1, 9)
        await typed(pilot, "whole ")
        await until(pilot, lambda: edit.dirty)
        assert edit.text == GREETING.replace('"world"', '"whole world"')
        await pilot.press("ctrl+z")
        await until(pilot, lambda: not edit.dirty)
        assert edit.text == GREETING


async def test_a_field_changes_only_its_span(app: CuratorApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        edit = await opened(pilot, app, GREET)
        form = edit.query_one(FrontMatterForm)
        form.query_one("#field-difficulty", Select).value = "advanced"
        await until(pilot, lambda: edit.dirty)
        assert edit.text == GREETING.replace("difficulty: basic   #", "difficulty: advanced   #")
        title = form.query_one("#field-title", Input)
        title.focus()
        await pilot.press("end")
        await typed(pilot, " aloud")
        await until(pilot, lambda: edit.example.title == "Print a greeting aloud")
        assert title.value == "Print a greeting aloud"
        form.query_one("#field-tags", Input).value = "print, first,"
        await until(pilot, lambda: edit.example.meta.get("tags") == ["print", "first"])
        assert form.query_one("#field-tags", Input).value == "print, first,"
        form.query_one("#field-generation", Generations).focus()
        await pilot.press("down", "space")
        await until(pilot, lambda: edit.example.meta["generation"] == "character")
        await pilot.press("down", "space")
        await until(pilot, lambda: edit.example.meta["generation"] == ["character", "vpro5"])


async def test_prose_and_code_reach_the_source_and_back(app: CuratorApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        edit = await opened(pilot, app, GREET)
        await pilot.press("f4")
        explanation = edit.query_one("#explanation", TextEditor)
        explanation.focus()
        explanation.move_cursor((0, 0))
        await typed(pilot, "In BBj ")
        await until(pilot, lambda: edit.example.prose("Explanation").startswith("In BBj PRINT"))
        await pilot.press("f5")
        source = edit.query_one("#source-text", CodeEditor)
        await until(pilot, lambda: source.text == edit.text.removesuffix("\n") or source.text == edit.text)
        row = source.text.split("\n").index('name$ = "world"')
        source.focus()
        source.go_to(row, 9)
        await typed(pilot, "old ")
        await until(pilot, lambda: '"old world"' in edit.text)
        assert 'name$ = "old world"' in edit.query_one(".code", CodeEditor).text
        assert edit.text == GREETING.replace("PRINT writes", "In BBj PRINT writes").replace('"world"', '"old world"')


async def test_a_heading_typed_into_the_explanation_doubles_nothing(app: CuratorApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        edit = await opened(pilot, app, GREET)
        await pilot.press("f4")
        explanation = edit.query_one("#explanation", TextEditor)
        explanation.focus()
        explanation.move_cursor(explanation.document.end)
        await typed(pilot, "\n\n# More\nof it")
        await until(pilot, lambda: edit.text.endswith("of it\n"))
        assert edit.text == GREETING.rstrip("\n") + "\n\n# More\nof it\n"


async def test_two_code_blocks_have_two_editors_and_keep_apart(app: CuratorApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        edit = await opened(pilot, app, MIGRATION)
        before, after = edit.query(".code").results(CodeEditor)
        after.focus()
        after.go_to(0, 3)
        await typed(pilot, " Now")
        before.focus()
        before.go_to(0, 3)
        await typed(pilot, " Then")
        await until(pilot, lambda: "rem Then A window" in edit.text and "rem Now A window" in edit.text)
        start, middle, end = FILES[MIGRATION].split("rem A window")
        assert edit.text == start + "rem Then A window" + middle + "rem Now A window" + end


async def test_code_is_added_where_there_is_none(app: CuratorApp, root: Path) -> None:
    bare = root / "strings" / "bare.md"
    bare.write_text("---\ntitle: Bare\ntype: completion\ngeneration: all\n---\n")
    async with app.run_test(size=(80, 24)) as pilot:
        edit = await opened(pilot, app, "strings/bare.md")
        assert not edit.query(".code")
        await pilot.press("ctrl+n")
        await until(pilot, lambda: len(edit.query(".code")) == 1)
        assert parse(edit.text).bbj_blocks[0].text == "rem \n"


async def test_a_near_duplicate_is_named_listed_and_compared(app: CuratorApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        edit = await opened(pilot, app, GREET)
        lines = FILES["file-io/count-the-lines.md"].replace("notes.txt", "diary.txt")
        await edit.change(lines)
        await until(pilot, lambda: any(d.code == "W901" for d in edit.findings.diagnostics))
        assert edit.findings.neighbours[0].path.endswith("file-io/count-the-lines.md")
        await pilot.press("f7")
        similar = edit.query_one("#similar-list", OptionList)
        await until(pilot, lambda: similar.has_focus)
        assert "near-duplicate" in str(similar.get_option_at_index(0).prompt)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, CompareScreen))
        await pilot.press("o")
        await until(pilot, lambda: isinstance(app.screen, EditScreen) and app.screen is not edit)


async def test_the_preview_shows_the_conversation_and_marks_what_is_learnt(app: CuratorApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        edit = await opened(pilot, app, GREET)
        await pilot.press("f6")
        preview = edit.query_one(Preview)
        await until(pilot, lambda: len(preview.query(".turn-head")) == 3)
        sign, answer = preview.query(".turn-learnt")
        assert "carries loss" in str(sign.render())
        assert 'print "Hello, "' in str(answer.render()) and str(answer.render()).endswith("<|im_end|>")


async def test_a_file_changed_on_disk_is_not_overwritten_in_silence(app: CuratorApp, root: Path) -> None:
    path = root / GREET
    async with app.run_test(size=(120, 40)) as pilot:
        edit, editor = await in_code(pilot, app, GREET, 1, 9)
        await typed(pilot, "my ")
        theirs = GREETING.replace("world", "their world")
        path.write_text(theirs)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, ConflictScreen))
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is edit)
        assert path.read_text() == theirs and "my world" in edit.text
        await pilot.press("ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, ConflictScreen))
        await pilot.click("#theirs")
        await until(pilot, lambda: app.screen is edit and edit.text == theirs)
        assert '"their world"' in editor.text and not edit.dirty
        await pilot.press("ctrl+z")
        await until(pilot, lambda: "my world" in edit.text)
        path.write_text(GREETING)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, ConflictScreen))
        await pilot.click("#mine")
        await until(pilot, lambda: "my world" in path.read_text())


async def test_leaving_with_changes_asks_and_a_kept_draft_is_offered(app: CuratorApp, root: Path) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        edit, _ = await in_code(pilot, app, GREET)
        await typed(pilot, "x")
        await pilot.press("ctrl+q")
        await until(pilot, lambda: isinstance(app.screen, LeaveScreen))
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is edit)
        await pilot.press("ctrl+q")
        await until(pilot, lambda: isinstance(app.screen, LeaveScreen))
        await pilot.click("#keep")
        await until(pilot, lambda: app.return_value is not None)
    assert (root / GREET).read_text() == GREETING
    again = CuratorApp(root)
    async with again.run_test(size=(120, 40)) as pilot:
        await ready(pilot, again)
        assert again.screen.query_one("#home-drafts").display
        await pilot.press("d")
        await until(pilot, lambda: isinstance(again.screen, DraftsScreen))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(again.screen, EditScreen))
        assert isinstance(again.screen, EditScreen) and again.screen.text == GREETING.replace("rem Print", "xrem Print")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "xrem" in (root / GREET).read_text())
        await until(pilot, lambda: not list(draft_folder().glob("*.json")))


async def test_discarding_leaves_no_draft(app: CuratorApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await in_code(pilot, app, GREET)
        await typed(pilot, "x")
        await until(pilot, lambda: list(draft_folder().glob("*.json")))
        await pilot.press("escape", "escape")
        await until(pilot, lambda: isinstance(app.screen, LeaveScreen))
        await pilot.click("#discard")
        await until(pilot, lambda: isinstance(app.screen, HomeScreen))
        assert not list(draft_folder().glob("*"))


async def test_the_compiler_speaks_after_the_built_in_checker_and_is_named(
    app: CuratorApp, tmp_path: Path, monkeypatch
) -> None:  # type: ignore[no-untyped-def]
    bbj_home.install(tmp_path / "bbj")
    monkeypatch.setenv("BBJ_HOME", str(tmp_path / "bbj"))
    async with app.run_test(size=(120, 40)) as pilot:
        edit, editor = await in_code(pilot, app, GREET, 3)
        await typed(pilot, "rem (wrong here\n")
        await until(pilot, lambda: any(d.code.startswith("E8") for d in edit.findings.diagnostics))
        assert edit.findings.judge.startswith("bbjcpl")
        assert [mark.row for mark in editor.marks()] == [3]
    assert all("-N" in call["argv"] for call in bbj_home.calls(tmp_path / "bbj"))


async def test_nothing_of_an_example_reaches_the_terminal_as_an_escape(app: CuratorApp, root: Path) -> None:
    evil = GREETING.replace("world", "\x1b]0;pwned\x07\x9b31m\u202e")
    evil = evil.replace("Print a greeting", "\x1b[2Jgone [b]x[/b]", 1)
    path = root / "strings" / "evil.md"
    evil = evil.replace("title: ", 'title: "').replace("[/b]\n", '[/b]"\n').replace("\x1b[2J", "\\e[2J")
    path.write_bytes(evil.encode())
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot, app)
        assert "\x1b" not in painted(app)
        edit = await opened(pilot, app, "strings/evil.md")
        before = edit.text
        for key in ("f3", "f4", "f5", "f6", "f7"):
            await pilot.press(key)
            await pilot.pause(0.1)
            assert not {"\x1b", "\x9b", "\x07", "\u202e"} & set(painted(app))
        assert "␛" in edit.query_one(".code", CodeEditor).text
        editor = edit.query_one(".code", CodeEditor)
        editor.focus()
        editor.go_to(0, 3)
        await pilot.press("f3")
        await typed(pilot, "!")
        await until(pilot, lambda: edit.dirty)
        assert len(edit.text) == len(before) + 1 and "\x1b]0;" in edit.text


async def test_help_and_palette_know_every_key_of_the_screen(app: CuratorApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        edit = await opened(pilot, app, GREET)
        commands = {command.title for command in app.get_system_commands(edit)}
        for binding in EditScreen.BINDINGS:
            assert binding.id and binding.description in commands  # type: ignore[union-attr]
        await pilot.press("f1")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        await pilot.press("escape")
        assert app.screen is edit


async def test_a_narrow_screen_shows_form_or_views(app: CuratorApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        edit = await opened(pilot, app, GREET)
        assert not edit.query_one("#form").display
        await pilot.press("f2")
        assert edit.query_one("#form").display and not edit.query_one("#views").display
        assert edit.focused is not None and edit.focused.id == "field-title"
        await pilot.press("f3")
        await until(pilot, lambda: isinstance(edit.focused, CodeEditor))
        assert edit.query_one("#views", TabbedContent).display


async def test_a_file_that_is_not_utf8_is_listed_and_not_opened(app: CuratorApp, root: Path) -> None:
    (root / "strings" / "latin.md").write_bytes("---\ntitle: Größe\n---\n".encode("latin-1"))
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot, app)
        path = (root / "strings" / "latin.md").as_posix()
        assert app.known.problems[path][0].code == "E001"
        app.open_path(path)
        await pilot.pause()
        assert isinstance(app.screen, HomeScreen)


async def test_keys_typed_faster_than_they_are_handled_are_all_kept(app: CuratorApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        edit = await opened(pilot, app, GREET)
        title = edit.query_one("#field-title", Input)
        title.focus()
        await pilot.press("end")
        said = " with many words that come in one burst"
        await typed(pilot, said)
        edit.query_one("#field-tags", Input).value = "burst"
        edit.query_one("#field-difficulty", Select).value = "advanced"
        await until(pilot, lambda: edit.example.meta.get("tags") == ["burst"])
        assert edit.example.title == title.value == "Print a greeting" + said
        assert edit.example.meta["difficulty"] == "advanced"
        editor = edit.query_one(".code", CodeEditor)
        editor.focus()
        editor.go_to(0, 3)
        await typed(pilot, " abcdefghijklmnopqrstuvwxyz")
        title.value = "Another"
        await until(pilot, lambda: edit.example.title == "Another" and edit.text.count("uvwxyz") == 1)
        assert editor.document.get_line(0) == "rem abcdefghijklmnopqrstuvwxyz Print a greeting"
