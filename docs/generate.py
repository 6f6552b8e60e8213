"""Writes the docs that list commands, codes and fields; a test fails when they are stale.

Try it: `python docs/generate.py`
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import click

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS.parent))

from curator import schema  # noqa: E402
from curator.codes import CODES  # noqa: E402
from curator.diagnostic import Tier  # noqa: E402

_NOTE = "<!-- Made by docs/generate.py; edit the code, not this file. -->\n\n"


def pages() -> dict[str, str]:
    """Name of each generated file -> its text."""
    return {
        "commands.md": commands(),
        "diagnostics.md": diagnostics(),
        "format.md": format_page(),
        "tui.md": tui_page(),
    }


def commands() -> str:
    """Every command with its help, as click prints it."""
    from curator.cli import cli as curator
    from curator.tui.main import cli as bbj_curator
    from trainer.cli import cli as trainer

    parts = [_NOTE + "# Commands\n\nExit codes: 0 fine, 1 findings, 2 wrong usage, 3 something is missing.\n"]
    for name, command in (("curator", curator), ("bbj-curator", bbj_curator), ("trainer", trainer)):
        for full_name, text in _help(name, command):
            parts.append(f"\n## {full_name}\n\n```text\n{text}\n```\n")
    return "".join(parts)


def diagnostics() -> str:
    """Every code with why it matters, a bad and a good sample."""
    parts = [_NOTE + "# Diagnostics\n\n`curator explain CODE` shows the same on the terminal.\n"]
    for tier in Tier:
        rows = [row for row in CODES.values() if row.tier is tier]
        if not rows:
            continue
        parts.append(f"\n## {tier.capitalize()}\n\n| code | severity | what |\n|---|---|---|\n")
        parts += [f"| {row.code} | {row.severity} | {row.title.replace('|', chr(92) + '|')} |\n" for row in rows]
        for row in rows:
            parts.append(f"\n### {row.code}: {row.title}\n\n{row.why}\n")
            for name, sample in (("Bad", row.bad), ("Good", row.good)):
                if sample:
                    language = "bbj" if row.sample == "bbj" else "markdown"
                    parts.append(f"\n{name}:\n\n````{language}\n{sample.rstrip(chr(10))}\n````\n")
    return "".join(parts)


def format_page() -> str:
    """format.md with its table of fields made from the schema."""
    read = schema.load("example")
    properties, required = read["properties"], read["required"]
    assert isinstance(properties, dict) and isinstance(required, list)
    rows = [
        f"| `{name}` | {'yes' if name in required else 'no'} | {_kind(rule)} | {rule.get('description', '')} |"
        for name, rule in properties.items()
    ]
    table = "\n".join(["| key | required | value | what |", "|---|---|---|---|", *rows])
    text = (DOCS / "format.md").read_text("utf-8")
    return re.sub(r"(<!-- fields -->\n).*?(\n<!-- end of fields -->)", lambda m: m[1] + table + m[2], text, flags=re.S)


def tui_page() -> str:
    """tui.md with its tables of actions, each beside the command that does the same."""
    from curator.tui.actions import PLACES, of_place

    parts = []
    for place, (name, _) in PLACES.items():
        parts.append(f"### {name}\n\n| key | action | what it does | from a shell | id |\n|---|---|---|---|---|\n")
        for action in of_place(place):
            key = f"`{action.display or action.keys.replace(',', '`, `')}`"
            shell = action.shell if action.shell.startswith("(") else f"`{action.shell}`"
            parts.append(f"| {key} | {action.label} | {action.help} | {shell} | `{action.id}` |\n")
        parts.append("\n")
    text = (DOCS / "tui.md").read_text("utf-8")
    tables = "".join(parts)
    return re.sub(
        r"(<!-- actions -->\n).*?(<!-- end of actions -->)", lambda m: f"{m[1]}\n{tables}{m[2]}", text, flags=re.S
    )


def _kind(rule: dict[str, object]) -> str:
    if "enum" in rule:
        return ", ".join(f"`{word}`" for word in rule["enum"])  # type: ignore[attr-defined]
    if "$ref" in rule:
        return "a generation, or a list of them"
    if "oneOf" in rule:
        return "an id, or a list of them"
    return "list of words" if rule.get("type") == "array" else "text"


def _help(name: str, command: click.Command, parent: click.Context | None = None) -> Iterator[tuple[str, str]]:
    context = command.make_context(name, [], parent, resilient_parsing=True, max_content_width=100, terminal_width=100)
    yield context.command_path, command.get_help(context)
    if isinstance(command, click.Group):
        for sub_name in command.list_commands(context):
            sub = command.get_command(context, sub_name)
            assert sub is not None
            yield from _help(sub_name, sub, context)


if __name__ == "__main__":
    for page_name, page_text in pages().items():
        (DOCS / page_name).write_text(page_text, "utf-8", newline="\n")
        print(f"docs/{page_name}")
