"""Import and the author's own editor, by keys pressed; hostile text stays text, and nothing leaves the corpus."""

import os
import pty
import select
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from textual import events
from textual.pilot import Pilot
from textual.widgets import Input

from curator.editing.drafts import left_over
from curator.errors import CuratorError, MissingError
from curator.tui import external
from curator.tui.app import CuratorApp
from curator.tui.screens.edit import EditScreen
from curator.tui.screens.home import HomeScreen
from curator.tui.screens.importing import ImportScreen
from curator.tui.widgets.editor import CodeEditor, TextEditor
from tests.curator.tui.conftest import LIMIT_S, opened, ready, until

CHAT = (
    'Here is a greeting.\r\r```bbj\rrem Greet the user\rprint "Hello"\r```\r\rIt prints a line.\r'  # as terminals paste
)
HOSTILE = (
    "---\nx\n\x1b]0;owned\x07\x1b[2J[bold red]loud[/] [@click=app.quit]leave[/]\n```bbj main.bbj\n"
    'rem ../../../etc/cron.d/[link=x]evil[/link] \x1b[31m\u202e\nprint "\x9b2J"\n```\n'
)


async def importing(pilot: Pilot[int], app: CuratorApp) -> ImportScreen:
    await ready(pilot, app)
    await pilot.press("i")
    await until(pilot, lambda: isinstance(app.screen, ImportScreen))
    assert isinstance(app.screen, ImportScreen)
    return app.screen


async def test_a_paste_becomes_a_draft_that_is_not_written_yet(app: CuratorApp, root: Path) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await importing(pilot, app)
        screen.query_one("#import-text").post_message(events.Paste(CHAT))
        await until(pilot, lambda: "✓ Greet the user" in str(screen.query_one("#import-said").render()))
        await pilot.press("ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, EditScreen) and app.screen.findings.judge != "…")
        edit = app.screen
        assert isinstance(edit, EditScreen)
        assert edit.dirty and edit.file is None and edit.example.meta["review"] == "draft"
        assert edit.query_one(".code", CodeEditor).text == 'rem Greet the user\nprint "Hello"'
        await pilot.press("ctrl+s")
        await until(pilot, (root / "control-flow" / "greet-the-user.md").exists)


async def test_what_is_pasted_on_the_home_screen_comes_to_the_import(app: CuratorApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot, app)
        app.screen.query_one("#table").post_message(events.Paste(CHAT))
        await until(pilot, lambda: isinstance(app.screen, ImportScreen))
        await until(pilot, lambda: "✓" in str(app.screen.query_one("#import-said").render()))


async def test_a_file_is_imported_by_its_path_or_by_dropping_it(app: CuratorApp, tmp_path: Path) -> None:
    file = tmp_path / "my sum.bbj"
    file.write_text("rem Sum it up\nprint 1+1\n")
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await importing(pilot, app)
        screen.query_one("#import-file", Input).value = str(tmp_path / "nothing.bbj")
        await until(pilot, lambda: "cannot be read" in str(screen.query_one("#import-said").render()))
        screen.query_one("#import-file", Input).value = str(file)
        await until(pilot, lambda: "✓ Sum it up" in str(screen.query_one("#import-said").render()))
        screen.query_one("#import-file", Input).value = ""
        screen.query_one("#import-text").post_message(events.Paste(f"'{file}'\r"))
        await until(pilot, lambda: "✓ Sum it up" in str(screen.query_one("#import-said").render()))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, HomeScreen))


async def test_nothing_to_import_is_said_and_nothing_happens(app: CuratorApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await importing(pilot, app)
        await pilot.press("ctrl+s")
        screen.query_one("#import-text", TextEditor).show("just words")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "no BBj code" in str(screen.query_one("#import-said").render()))
        assert app.screen is screen


async def test_hostile_text_stays_text_and_nothing_is_written_outside(app: CuratorApp, root: Path) -> None:
    before = _files(root.parent.parent)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        screen = await importing(pilot, app)
        screen.query_one("#import-text", TextEditor).show(HOSTILE)
        await until(pilot, lambda: "✓" in str(screen.query_one("#import-said").render()))
        await pilot.press("ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, EditScreen) and app.screen.findings.judge != "…")
        edit = app.screen
        assert isinstance(edit, EditScreen)
        for keys in ("f2", "f3", "f4", "f5", "f6", "f6", "f7"):
            await pilot.press(keys)
            await pilot.pause()
            _harmless(app)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: edit.file is not None)
        _harmless(app)
        await pilot.press("escape", "escape")
        await until(pilot, lambda: isinstance(app.screen, HomeScreen))
        _harmless(app)
        new = _files(root.parent.parent) - before
        assert new and all(root in p.parents for p in new)
        assert edit.file is not None and edit.file.parent.parent == root


def _files(folder: Path) -> set[Path]:
    """Everything there but what the app keeps for itself."""
    return {p for p in folder.rglob("*") if not {"state", "cache", "config"} & set(p.parts)}


def _harmless(app: CuratorApp) -> None:
    for strip in app.screen._compositor.render_strips():
        for segment in strip:
            assert segment.control is None
            assert not set(segment.text) & set("\x1b\x07\x9b\u202e\r"), segment.text
            meta = segment.style.meta if segment.style else {}
            assert "app.quit" not in str(meta.get("@click", "")) and not (segment.style and segment.style.link)


async def test_a_draft_that_names_a_file_outside_the_corpus_is_not_opened(app: CuratorApp, tmp_path: Path) -> None:
    from curator.editing.drafts import Journal

    outside = tmp_path / "outside.md"
    outside.write_text("old")
    journal = Journal()
    journal.write(app.known.root.as_posix(), outside.as_posix(), "gui", "old", "---\ntitle: New\n---\n")
    journal.close()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await ready(pilot, app)
        await pilot.press("d")
        await pilot.press("enter")
        await pilot.pause()
        await until(pilot, lambda: any("not in this corpus" in n.message for n in app._notifications))
        assert not isinstance(app.screen, EditScreen)
    assert outside.read_text() == "old" and left_over(app.known.root.as_posix())


@pytest.mark.skipif(os.name == "nt", reason="links need a right there")
def test_a_topic_that_is_a_link_out_of_the_corpus_is_not_written_to(root: Path, tmp_path: Path) -> None:
    from curator import corpus
    from curator.review.undo import ActionLog
    from curator.tui.saving import save

    (tmp_path / "elsewhere").mkdir()
    (root / "dwc").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(CuratorError, match="leads out of"):
        corpus.new_path(root, "dwc", "A title")
    for path in (root / "dwc" / "x.md", root / ".." / "x.md", tmp_path / "x.md"):
        with pytest.raises(CuratorError, match="only files of the corpus"):
            save(path, "text", ActionLog(root))
    assert not list(tmp_path.rglob("x.md"))


async def test_a_message_that_quotes_markup_or_escapes_shows_them(app: CuratorApp) -> None:
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await ready(pilot, app)
        app.screen.notify("[@click=app.quit]\x1b[2Jx[/]", markup=True)
        await until(pilot, lambda: "␛" in "".join(strip.text for strip in app.screen._compositor.render_strips()))
        _harmless(app)


# ---------------------------------------------------------------------- the author's own editor


def test_the_editor_may_have_arguments_and_blanks_in_its_path() -> None:
    command = external.command
    assert command({"VISUAL": "code --wait", "EDITOR": "vi"}, False) == ["code", "--wait"]
    assert command({"EDITOR": "'/opt/my editor/ed' -n"}, False) == ["/opt/my editor/ed", "-n"]
    assert command({"VISUAL": " ", "EDITOR": "vi"}, False) == ["vi"]
    assert command({}, True) == ["notepad.exe"]
    assert command({"EDITOR": r'"C:\Program Files\ed\ed.exe" -w'}, True) == [r"C:\Program Files\ed\ed.exe", "-w"]
    with pytest.raises(MissingError, match="EDITOR"):
        command({}, False)
    with pytest.raises(CuratorError, match="cannot be read"):
        command({"EDITOR": "'vi"}, False)


def script(tmp_path: Path, body: str) -> list[str]:
    path = tmp_path / "an editor.py"
    path.write_text(f"import sys, pathlib\np = pathlib.Path(sys.argv[-1])\n{body}\n")
    return [sys.executable, str(path), "-n"]


def test_what_the_editor_wrote_comes_back(tmp_path: Path) -> None:
    editor = script(
        tmp_path, "assert p.suffix == '.bbj'; p.write_bytes(p.read_bytes().replace(b'a', b'\\xc3\\xa4\\r\\n'))"
    )
    assert external.edited("a = 1", ".bbj", editor) == "ä\n = 1"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("sys.exit(3)", "ended with code 3: nothing was taken over$"),
        ("p.write_text('kept'); sys.exit(1)", r"ended with code 1: .*what it wrote is in \S+example\.bbj"),
        ("p.write_bytes(b'\\xff')", r"did not write UTF-8; .*example\.bbj"),
        ("p.unlink()", "left no file behind"),
    ],
)
def test_an_editor_that_fails_is_reported_and_its_text_is_kept(tmp_path: Path, body: str, said: str) -> None:
    with pytest.raises(CuratorError, match=said):
        external.edited("a = 1", ".bbj", script(tmp_path, body))


def test_an_editor_that_is_not_there_or_does_not_wait_is_reported(tmp_path: Path, monkeypatch: Any) -> None:
    with pytest.raises(CuratorError, match="cannot be started"):
        external.edited("a", ".bbj", [str(tmp_path / "none")])
    monkeypatch.setattr(external, "TOO_SOON_S", 60)
    with pytest.raises(CuratorError, match="came back at once"):
        external.edited("a", ".bbj", script(tmp_path, ""))


async def test_without_a_terminal_it_says_so(app: CuratorApp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISUAL", "true")
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await opened(pilot, app, "strings/print-a-greeting.md")
        await pilot.press("f9")
        await until(pilot, lambda: any("no terminal" in n.message for n in app._notifications))


@pytest.mark.skipif(os.name == "nt", reason="needs a pseudo-terminal")
def test_in_a_terminal_the_editor_gets_the_screen_and_its_edit_is_one_step_to_undo(root: Path, tmp_path: Path) -> None:
    """The real app on a real pseudo-terminal: F9, save; then F9, ctrl+z, save."""
    example = root / "strings" / "print-a-greeting.md"
    before = example.read_text()
    editor = script(tmp_path, "p.write_text(p.read_text().replace('Hello', 'Servus').replace('world', 'Welt'))")
    quoted = " ".join(f"'{word}'" for word in editor)
    terminal, inside = pty.openpty()
    program = (
        "import sys; from pathlib import Path; from curator.tui.app import CuratorApp\n"
        "app = CuratorApp(Path(sys.argv[1]))\n"
        "app.call_later(app.set_timer, 0.5, lambda: app.open_path(sys.argv[2]))\n"
        "app.run()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(root), str(example)], stdin=inside, stdout=inside, stderr=inside,
        start_new_session=True, cwd=Path(__file__).parents[3],
        env={**os.environ, "VISUAL": quoted, "TERM": "xterm-256color", "COLUMNS": "120", "LINES": "40"},
    )  # fmt: skip
    try:
        _read_until(terminal, "judge: built-in")
        os.write(terminal, b"\x1b[20~")  # F9
        _read_until(terminal, "Servus")
        os.write(terminal, b"\x13")  # ctrl+s
        _wait(lambda: example.read_text() != before)
        assert example.read_text() == before.replace('"world"', '"Welt"').replace('"Hello, "', '"Servus, "')
        os.write(terminal, b"\x1a")  # ctrl+z
        _read_until(terminal, "world")
        os.write(terminal, b"\x13")
        _wait(lambda: example.read_text() == before)
    finally:
        process.kill()
        process.wait()
        os.close(terminal)
        os.close(inside)


def _read_until(terminal: int, wanted: str) -> None:
    said, end = "", time.monotonic() + LIMIT_S
    while wanted not in said:
        assert time.monotonic() < end, said[-500:]
        if select.select([terminal], [], [], 0.2)[0]:
            said += os.read(terminal, 65536).decode("utf-8", "replace")


def _wait(condition: Any) -> None:
    end = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < end, "it never became true"
        time.sleep(0.05)
