"""The `curator` command. Each subcommand reads its options, calls the core, prints the result and returns an exit code.

Exit codes: 0 fine, 1 findings, 2 wrong usage, 3 something is missing. Try it: `curator validate`
"""

import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

import click

from curator import __version__
from curator.errors import CuratorError

# Name of a command -> where it is. The core is imported inside the commands: `curator --help` answers in the time click
# takes, and a hook loads only what its check needs. tests/test_imports.py measures it.
COMMANDS = {
    "audit": "curator.commands.audit:audit",
    "check": "curator.commands.check:check",
    "convert": "curator.commands.convert:convert",
    "dedupe": "curator.commands.dedupe:dedupe",
    "delete": "curator.commands.delete:delete",
    "drafts": "curator.commands.drafts:drafts",
    "explain": "curator.commands.explain:explain",
    "import": "curator.commands.import_rows:import_command",
    "new": "curator.commands.new:new",
    "review": "curator.commands.review:review",
    "similar": "curator.commands.similar:similar",
    "stats": "curator.commands.stats:stats",
    "undo": "curator.commands.undo:undo",
    "validate": "curator.commands.validate:validate",
}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are asked for. `commands_at`: name -> "module:attribute"."""

    def __init__(self, *args: Any, commands_at: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._at = commands_at

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, sorted."""
        return sorted({*super().list_commands(ctx), *self._at})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, imported now; None if there is none."""
        if cmd_name not in self._at:
            return super().get_command(ctx, cmd_name)
        module, attribute = self._at[cmd_name].split(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command


@click.group(cls=LazyGroup, commands_at=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="curator")
def cli() -> None:
    """Write, check and deduplicate BBj training examples, and make datasets of them."""


def main() -> None:
    """The console script: errors as one line on stderr, exit codes as documented."""
    sys.exit(run(cli, "curator"))


def run(command: click.Command, name: str, arguments: Sequence[str] | None = None) -> int:
    """Run a click command and return its exit code. `curator`, `bbj-curator` and `trainer` share it."""
    _utf8(sys.stdout)
    _utf8(sys.stderr)
    try:
        code = command.main(
            args=list(arguments) if arguments is not None else None, prog_name=name, standalone_mode=False
        )
        return int(code or 0)
    except CuratorError as error:
        print(f"{name}: error: {error}", file=sys.stderr)
        return int(error.exit_code)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        print(f"{name}: stopped", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of a pipe has gone, as in `curator explain | head`
        sys.stderr.close()
        return 0


def _utf8(stream: Any) -> None:
    """Windows consoles and pipes may be in a code page that lacks characters of the output."""
    if hasattr(stream, "reconfigure") and (stream.encoding or "").lower().replace("-", "") != "utf8":
        stream.reconfigure(encoding="utf-8", errors="replace")
