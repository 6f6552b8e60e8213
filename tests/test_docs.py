"""The generated docs are up to date, links lead somewhere, and nothing local is named."""

import re
import runpy
from pathlib import Path

import click
import pytest

from curator.cli import cli as curator
from curator.tui.main import cli as bbj_curator
from trainer.cli import cli as trainer

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
MODULES = sorted(path for name in ("curator", "trainer") for path in (ROOT / name).rglob("*.py"))

# Written from the root: `curator/tui/app.py`, `tests/data/valid/`.
PATH = re.compile(
    r"(?<![\w/.-])(?:curator|trainer|tests|docs|schemas)/(?:[\w.-]+/)*(?:[\w.-]+\.(?:py|md|toml|c|tcss|jsonl?|yaml|svg)\b)?"
)


def test_generated_pages_are_not_stale():
    pages = runpy.run_path(str(ROOT / "docs" / "generate.py"))["pages"]()
    for name, text in pages.items():
        assert (ROOT / "docs" / name).read_text("utf-8") == text, f"docs/{name} is stale: python docs/generate.py"


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_between_pages_lead_to_a_file(page):
    for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", page.read_text("utf-8")):
        if not target.startswith(("http:", "https:", "mailto:")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_every_file_that_a_page_names_is_there(page):
    text = page.read_text("utf-8")
    assert [path for path in PATH.findall(text) if not (ROOT / path).exists()] == []
    modules = {path.name for path in MODULES}
    alone = re.findall(r"`(\w+\.py)`", text)
    assert [name for name in alone if name not in modules] == []


def test_every_module_that_a_module_names_is_beside_or_above_it():
    gone = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in MODULES
        for name in re.findall(r"(?<![\w/.])(?:\w+/)*\w+\.py\b", path.read_text("utf-8"))
        if not any((folder / name).exists() for folder in path.parents[: len(path.relative_to(ROOT).parents)])
    ]
    assert gone == []


# In a block or in backticks, up to its end, a pipe or a comment; variables may be set in front.
CALL = re.compile(r"(?:^ {4,}|^|`)(?:\w+=\S+ )*((?:curator|trainer|bbj-curator) [^`#|\n]*)", re.MULTILINE)
COMMANDS = {"curator": curator, "trainer": trainer, "bbj-curator": bbj_curator}


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_every_command_and_option_that_a_page_names_exists(page):
    for call in CALL.findall(page.read_text("utf-8")):
        name, *words = call.split()
        if name == "bbj-curator" and words[0] not in {*bbj_curator.commands, "--keys", "--help"}:
            words.insert(0, "open")  # what `bbj-curator FOLDER` is short for
        command = COMMANDS[name]
        while isinstance(command, click.Group) and words and not words[0].startswith("-"):
            command = command.get_command(click.Context(command), words.pop(0).rstrip(",.;:"))
            assert command, f"there is no such command: {call}"
        known = {option for parameter in command.get_params(click.Context(command)) for option in parameter.opts}
        named = {word.strip("[],.;:").split("=")[0] for word in words if word.strip("[").startswith("--")}
        assert named <= known, call
