"""Entry point of `bbj-curator`: reads the arguments, then opens the app. `--help` must not load Textual.

Try it: `bbj-curator training-data`
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from curator import __version__
from curator.errors import CuratorError, ExitCode

DESCRIPTION = "Write BBj training examples: with checks, near-duplicates and the model's view as you type."
EPILOG = "Inside the app F1 shows the keys of the place you are in, ctrl+p every action. From a shell: curator --help."


def main(arguments: Sequence[str] | None = None) -> int:
    """Open the app on a corpus folder; returns the exit code."""
    parser = argparse.ArgumentParser(prog="bbj-curator", description=DESCRIPTION, epilog=EPILOG)
    parser.add_argument("corpus", nargs="?", type=Path, metavar="CORPUS_FOLDER",
                        help="the folder of examples (default: the nearest training-data/)")  # fmt: skip
    parser.add_argument("--version", action="version", version=f"bbj-curator {__version__}")
    options = parser.parse_args(arguments)
    try:
        root = _root(options.corpus)
    except CuratorError as error:
        print(f"bbj-curator: error: {error}", file=sys.stderr)
        return error.exit_code
    from curator.tui.app import CuratorApp  # 300 ms of Textual that --help and a wrong folder need not pay

    return CuratorApp(root).run() or ExitCode.OK


def _root(chosen: Path | None) -> Path:
    from curator.corpus import find_root

    if chosen is None:
        return find_root(Path.cwd())
    if chosen.is_dir():
        return chosen.resolve()
    raise CuratorError(f"{chosen}: no such folder; give a folder of examples, such as training-data")


if __name__ == "__main__":
    sys.exit(main())
