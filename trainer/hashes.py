"""What identifies a text or a file in a record: its sha256, in hexadecimal digits."""

import hashlib
from pathlib import Path


def hash_text(text: str) -> str:
    """Of a text in UTF-8."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def hash_file(path: Path) -> str:
    """Of a file's bytes, read in pieces: model files are large."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
