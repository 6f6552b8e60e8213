"""Entry point of `bbj-curator`: reads the arguments, then opens the app. `--help` must not load Textual.

Try it: `bbj-curator training-data`
"""

import sys
from pathlib import Path

import click

from curator import __version__
from curator.cli import run
from curator.errors import CuratorError, ExitCode


class _OpenByDefault(click.Group):
    """`bbj-curator FOLDER` means `bbj-curator open FOLDER`; a folder named like a command is written ./serve."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put `open` before what is no command and no option of the group."""
        own = {"-h", "--help", "--version", "--keys"}
        if not ctx.resilient_parsing and (not args or (args[0] not in self.commands and args[0] not in own)):
            args = ["open", *args]
        return super().parse_args(ctx, args)


def _print_keys(ctx: click.Context, _option: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        from curator import output
        from curator.tui import settings

        try:
            now = settings.load()
        except CuratorError as error:  # who prints the keys may be about to mend the file
            output.say(f"{error}\nthese are the keys without that file:")
            now = settings.Settings(path=settings.config_path())
        output.print_result(settings.as_toml(now).rstrip())
        ctx.exit(ExitCode.OK)


FOLDER = click.argument("corpus_folder", required=False, type=click.Path(path_type=Path))


@click.group(
    cls=_OpenByDefault,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Inside the app F1 explains the place you are in, ctrl+p finds every action by name.",
)
@click.version_option(__version__, prog_name="bbj-curator")
@click.option("--keys", is_flag=True, is_eager=True, expose_value=False, callback=_print_keys,
              help="Print all keys as a TOML file that can be changed and saved.")  # fmt: skip
def cli() -> None:
    """Write BBj training examples, with checks, near-duplicates and the model's view as you type.

    `bbj-curator CORPUS_FOLDER` opens that folder of examples; without it, the nearest training-data/ folder. The same
    work from a shell: curator --help.
    """


@cli.command("open")
@FOLDER
@click.option("--theme", default="", help="The colours: high-contrast, ansi-dark, textual-light and more.")
def open_app(corpus_folder: Path | None, theme: str) -> int:
    """Open the app on a folder of examples; `bbj-curator FOLDER` does the same."""
    from dataclasses import replace

    from curator.tui import settings

    root = _root(corpus_folder)
    chosen = settings.load()
    chosen = replace(chosen, theme=theme) if theme else chosen
    from curator.tui.app import CuratorApp  # 300 ms of Textual that --help and a wrong folder need not pay

    return CuratorApp(root, settings=chosen).run() or ExitCode.OK


@cli.command()
@FOLDER
@click.option("--host", default="localhost", show_default=True, help="An address of this machine; no other is served.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0 takes a free one.")
def serve(corpus_folder: Path | None, host: str, port: int) -> ExitCode:
    """Serve the app to a browser on this machine; needs the extra `serve`.

    It prints an address with a token; without the token no page is given out. Other addresses than this machine's own
    are refused.
    """
    from curator import output
    from curator.tui import serve as serving
    from curator.tui import settings

    settings.load()  # what is wrong with it is said here, and not in every browser window
    serving.serve(_root(corpus_folder), host, port, output.say)
    return ExitCode.OK


def main() -> None:
    """The console script: errors as one line on stderr, exit codes as documented."""
    sys.exit(run(cli, "bbj-curator"))


def _root(chosen: Path | None) -> Path:
    from curator.corpus import find_root

    if chosen is None:
        return find_root(Path.cwd())
    if chosen.is_dir():
        return chosen.resolve()
    raise CuratorError(f"{chosen}: no such folder; give a folder of examples, such as training-data")


if __name__ == "__main__":
    main()
