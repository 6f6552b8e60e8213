"""A whole folder written at once: it appears as it should be, or what was there stays."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from curator.errors import CuratorError


@contextmanager
def replacing(out: Path, mark: str) -> Iterator[Path]:
    """An empty folder beside `out` that takes its place if the block ends well, and vanishes if it does not.

    Only an empty folder is replaced, or one that holds a file named `mark`, which this program left there. Raises
    CuratorError otherwise, and if the disk is full.
    """
    check(out, mark)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    except OSError as error:
        raise CuratorError(f"{out}: cannot be written: {error.strerror}; choose another folder") from error
    try:
        yield draft
        draft.chmod(0o755)
        _replace(out, draft)
    except OSError as error:
        raise CuratorError(f"{out}: cannot be written: {error.strerror}; the old folder is untouched") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def check(out: Path, mark: str) -> None:
    """Raises CuratorError if `replacing` would: to be asked before long work."""
    if out.exists() and not (out / mark).is_file() and (not out.is_dir() or any(out.iterdir())):
        raise CuratorError(f"{out}: is there already and not made by this command; choose another folder")


def _replace(out: Path, draft: Path) -> None:
    """Put the new folder in the place of the old one; a stop between the two steps puts the old one back."""
    if not out.exists():
        draft.replace(out)
        return
    aside = Path(tempfile.mkdtemp(prefix=f".{out.name}.old.", dir=out.parent))
    try:
        out.replace(aside / out.name)
        draft.replace(out)
    except BaseException:
        if not out.exists() and (aside / out.name).exists():
            (aside / out.name).replace(out)
        raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)
