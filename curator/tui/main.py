"""Entry point of `bbj-curator`: reads the arguments, then opens the app. `--help` must not load Textual.

Try it: `bbj-curator training-data`
"""

import sys
from pathlib import Path

import click

from curator import __version__
from curator.cli import run
from curator.errors import CuratorError, ExitCode


@click.command(epilog="Inside the app F1 shows the keys of the place you are in, ctrl+p every action by name.")
@click.argument("corpus_folder", required=False, type=click.Path(path_type=Path))
@click.version_option(__version__, prog_name="bbj-curator")
def cli(corpus_folder: Path | None) -> int:
    """Write BBj training examples, with checks, near-duplicates and the model's view as you type.

    CORPUS_FOLDER is the folder of examples; without it, the nearest training-data/ folder. The same work from a
    shell: curator --help.
    """
    root = _root(corpus_folder)
    from curator.tui.app import CuratorApp  # 300 ms of Textual that --help and a wrong folder need not pay

    return CuratorApp(root).run() or ExitCode.OK


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
