"""A small fixed corpus, a state folder of its own, and no compiler of the machine's."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import TextArea

from curator.tui.app import CuratorApp
from curator.tui.screens.edit import EditScreen, Opened
from curator.tui.widgets.editor import CodeEditor

GREETING = """---
title: Print a greeting
type: completion
generation: all
difficulty: basic   # the first one
description: Ask for nothing, print one line.
---

## Code

```bbj
rem Print a greeting
name$ = "world"
print "Hello, ", name$
end
```

## Expected Output

Hello, world

## Explanation

PRINT writes its items one after the other. The comma joins them without a blank.
"""

WINDOW = """---
title: From mnemonics to objects
type: migration
generation: bbj-gui
description: A window with a button, moved from mnemonics to objects.
from_generation: vpro5
to_generation: bbj-gui
---

## Code

### Before (vpro5)

```bbj
rem A window with a button
sysgui = unt
open (sysgui) "X0"
print (sysgui) 'window'(100,100,320,140,"Hello",$00010003$)
print (sysgui) 'button'(1,110,60,90,25,"Close",$$)
end
```

### After (bbj-gui)

```bbj
rem A window with a button
sysgui! = BBjAPI().openSysGui("X0")
window! = sysgui!.addWindow(100, 100, 320, 140, "Hello", $00010003$)
button! = window!.addButton(1, 110, 60, 90, 25, "Close")
process_events
```

## Expected Behavior

A window with a button opens.

## Explanation

The object knows its window, so the channel number is not needed any more.
"""

LINES = """---
title: Count the lines of a file
type: completion
generation: all
difficulty: intermediate
tags: [files, loops]
description: Read a text file to its end and print how many lines it has.
---

## Code

```bbj
rem Count the lines of a file
ch = unt
open (ch) "notes.txt"
count = 0
while 1
    read record (ch, end=*break) line$
    count = count + 1
wend
close (ch)
print "Lines:", count
end
```

## Expected Output

Lines: 3

## Explanation

END=*BREAK leaves the loop at the end of the file, so no flag is needed. UNT gives a channel that is free.
"""

FILES = {"strings/print-a-greeting.md": GREETING, "gui/from-mnemonics-to-objects.md": WINDOW,
         "file-io/count-the-lines.md": LINES}  # fmt: skip

# Only ends a hang: every wait is over as soon as what is waited for is there, however busy the machine is.
LIMIT_S = 120.0


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The corpus folder, and an environment in which nothing else is found."""
    monkeypatch.setenv("BBJ_CURATOR_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("BBJ_CURATOR_CONFIG", str(tmp_path / "config"))
    monkeypatch.setenv("BBJ_CURATOR_CACHE", str(tmp_path / "cache"))
    for name in ("BBJ_HOME", "BBJHOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(TextArea, "cursor_blink", False)
    folder = tmp_path / "project" / "training-data"
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(text.encode())
    return folder


@pytest.fixture
def app(root: Path) -> CuratorApp:
    """The app on that corpus."""
    return CuratorApp(root)


async def until(pilot: Pilot[int], condition: Callable[[], object]) -> None:
    """Wait for something to become true."""
    end = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < end, "it never became true"
        await asyncio.sleep(0.01)
    await pilot.pause()


async def ready(pilot: Pilot[int], app: CuratorApp) -> None:
    """Wait until the corpus is read and checked."""
    await until(pilot, lambda: app.known.index is not None and len(app.known.problems) == len(app.known.examples) > 0)
    await pilot.pause()


async def opened(pilot: Pilot[int], app: CuratorApp, name: str) -> EditScreen:
    """Open an example and wait for its first check."""
    await ready(pilot, app)
    app.open_path((app.known.root / name).as_posix())
    await until(pilot, lambda: isinstance(app.screen, EditScreen) and app.screen.findings.judge != "…")
    assert isinstance(app.screen, EditScreen)
    return app.screen


async def in_code(
    pilot: Pilot[int], app: CuratorApp, name: str, row: int = 0, column: int = 0
) -> tuple[EditScreen, CodeEditor]:
    """Open an example and put the cursor into its program, the first one if there are several."""
    edit = await opened(pilot, app, name)
    editor = edit.query(".code").first(CodeEditor)
    edit.set_focus(editor)
    editor.go_to(row, column)
    return edit, editor


async def nearly_the_same(pilot: Pilot[int], app: CuratorApp) -> EditScreen:
    """A new example that is nearly the one that counts lines, and nearly the same by the checks."""
    await ready(pilot, app)
    text = LINES.replace("notes.txt", "diary.txt").replace("Count the lines", "Count lines")
    app.push_screen(EditScreen(app.known, Opened(text, None, "file-io", None, None)))
    await until(pilot, lambda: isinstance(app.screen, EditScreen) and app.screen.findings.neighbours)
    assert isinstance(app.screen, EditScreen)
    return app.screen


async def typed(pilot: Pilot[int], text: str) -> None:
    """Press the keys of a text, faster than Pilot.press, which waits after each."""
    for character in text:
        key = {" ": "space", "\n": "enter"}.get(character, character)
        pilot.app.post_message(_key(key, character))
    await pilot.pause()


def _key(key: str, character: str):  # type: ignore[no-untyped-def]
    from textual.events import Key

    return Key(key, None if key == "enter" else character)


def painted(app: CuratorApp) -> str:
    """What stands on the screen now, as text."""
    return "\n".join(strip.text for strip in app.screen._compositor.render_strips())
