"""Writing an example to its file so that the last text can be had back. No Textual here."""

from pathlib import Path

from curator import corpus
from curator.errors import CuratorError
from curator.review.undo import ActionLog


def on_disk(path: Path) -> str | None:
    """The file's text now, None if there is none. Bytes that are not UTF-8 count as a change, and are shown as such."""
    try:
        return path.read_bytes().decode("utf-8", errors="backslashreplace")
    except OSError:
        return None


def save(path: Path, text: str, log: ActionLog, verb: str = "saved") -> str:
    """Write the text and note how to take that back; the answer says why it cannot be, "" if it can.

    Raises CuratorError if the file cannot be written; it is then as it was.
    """
    if not corpus.inside(log.root, path):
        raise CuratorError(f"{path} is not in {log.root}; only files of the corpus are written")
    try:
        before = path.read_bytes() if path.exists() else None
    except OSError as error:
        raise CuratorError(f"{path}: cannot be read: {error.strerror}") from error
    corpus.write(path, text)
    if before == text.encode():
        return ""
    try:
        log.file_changed(f"{verb} {'/'.join(path.parts[-2:])}", path, before, text.encode())
    except CuratorError as error:  # the example is safe; only its last text is not kept
        return str(error)
    return ""
