"""Unsaved work outlives real signals, full disks and a second instance. Each case is an app in a process of its own."""

import errno
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from curator import corpus
from curator.editing import drafts
from curator.editing.drafts import Journal, draft_folder, left_over
from curator.errors import CuratorError
from tests.curator.tui.conftest import GREETING, LIMIT_S

GREET = "strings/print-a-greeting.md"
PROJECT = Path(__file__).parents[3]

_PROGRAM = """
import asyncio, signal, sys
from pathlib import Path
if hasattr(signal, "SIGHUP"):
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # ignored where the tests were started by nohup
sys.path.insert(0, {project!r})
from curator.tui.app import CuratorApp
from tests.curator.tui.conftest import in_code, typed, until
async def main():
    app = CuratorApp(Path({root!r}))
    async with app.run_test(size=(80, 24)) as pilot:
        edit, _ = await in_code(pilot, app, {name!r})
        {before}
        await typed(pilot, {keys!r})
        print("typed", flush=True)
        {after}
        await asyncio.sleep(600)
asyncio.run(main())
"""


@contextmanager
def editing(root: Path, keys: str, before: str = "pass", after: str = "pass") -> Iterator["subprocess.Popen[str]"]:
    """A process with the greeting open and `keys` typed into its code."""
    program = _PROGRAM.format(
        project=str(PROJECT), root=root.as_posix(), name=GREET, keys=keys, before=before, after=after
    )
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None and process.stdout.readline().strip() == "typed"
        yield process
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def kept(keys: str) -> bool:
    """True as soon as a draft on disk holds these words."""
    end = time.monotonic() + LIMIT_S
    while time.monotonic() < end:
        if any(keys in path.read_text() for path in draft_folder().glob("*.json")):
            return True
        time.sleep(0.02)
    return False


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
@pytest.mark.parametrize("name", ["SIGKILL", "SIGTERM", "SIGHUP"])
def test_a_draft_survives_a_signal(root: Path, name: str) -> None:
    with editing(root, "lost? ") as process:
        assert not left_over(root.as_posix()), "a draft that is being edited is not offered"
        assert kept("lost?")
        os.kill(process.pid, getattr(signal, name))
        process.wait(LIMIT_S)
    (draft,) = left_over(root.as_posix())
    assert "lost? rem Print a greeting" in draft.text and draft.base == GREETING
    assert (root / GREET).read_text() == GREETING


def test_two_instances_on_one_example_keep_two_drafts(root: Path) -> None:
    with editing(root, "first ") as one, editing(root, "second ") as two:
        assert kept("first ") and kept("second ")
        one.kill()
        one.wait()
        (draft,) = left_over(root.as_posix())
        assert "first rem" in draft.text, "the second one is still being edited"
        two.kill()
        two.wait()
        assert {d.text.split("rem")[0][-8:].split()[-1] for d in left_over(root.as_posix())} == {"first", "second"}


_LIMIT = "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
_FULL = "resource.setrlimit(resource.RLIMIT_FSIZE, (300, resource.RLIM_INFINITY))"
_ROOM = "resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))"


@pytest.mark.skipif(os.name == "nt", reason="limits of POSIX")
def test_without_room_for_a_draft_it_is_said_the_editor_goes_on_and_the_draft_comes_when_there_is_room(
    root: Path,
) -> None:
    title = 'str(edit.query_one("#edit-title").render())'
    after = (
        f'await until(pilot, lambda: "draft not kept: File too large" in {title}); print("said", flush=True); '
        'await typed(pilot, "more "); await until(pilot, lambda: "full? more " in edit.text); '
        'await pilot.press("ctrl+s"); await pilot.pause(1); '
        f'assert edit.dirty; print("not saved", flush=True); {_ROOM}; '
        f'await until(pilot, lambda: "not kept" not in {title}); print("kept", flush=True)'
    )
    with editing(root, "full? ", f"{_LIMIT}{_FULL}", after) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "said"
        assert process.stdout.readline().strip() == "not saved"
        assert (root / GREET).read_text() == GREETING
        assert [path.name for path in (root / "strings").iterdir()] == ["print-a-greeting.md"], "no half file is left"
        assert process.stdout.readline().strip() == "kept"
        assert kept("full? more ")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_full_disk_leaves_the_last_draft(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.write("/corpus", "", "gui", None, "the last one that had room")
    (tmp_path / f"{journal.id}.tmp").symlink_to("/dev/full")
    with pytest.raises(OSError) as raised:
        journal.write("/corpus", "", "gui", None, "one too many")
    assert raised.value.errno == errno.ENOSPC
    journal.close()
    (draft,) = drafts.left_over("/corpus", tmp_path)
    assert draft.text == "the last one that had room"
    assert json.loads(journal.path.read_text())["format"] == drafts.FORMAT


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_corpus_folder_that_cannot_be_written_is_named(root: Path) -> None:
    (root / "strings").chmod(0o500)
    try:
        with pytest.raises(CuratorError, match="cannot be written"):
            corpus.write(root / GREET, "x")
    finally:
        (root / "strings").chmod(0o700)
    assert (root / GREET).read_text() == GREETING
