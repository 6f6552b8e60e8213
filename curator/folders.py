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
    if out.exists() and not (out / mark).is_file() and (not out.is_dir() or any(out.iterdir())):
        raise CuratorError(f"{out}: is there already and not made by this command; choose another folder")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    except OSError as error:
        raise CuratorError(f"{out}: cannot be written: {error.strerror}; choose another folder") from error
    try:
        yield draft
        draft.chmod(0o755)
        if out.exists():
            old = Path(tempfile.mkdtemp(prefix=f".{out.name}.old.", dir=out.parent))
            out.replace(old / out.name)
            draft.replace(out)
            shutil.rmtree(old)
        else:
            draft.replace(out)
    except OSError as error:
        raise CuratorError(f"{out}: cannot be written: {error.strerror}; the old folder is untouched") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
