"""Compares drafts with a corpus through its live index: `curator similar`, and the hook that keeps doubles out.

Try it: `curator similar draft.md`, or `curator similar - < draft.bbj`
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from curator import corpus, source, variant
from curator.errors import CuratorError, MissingError
from curator.example import Example, parse
from curator.near.answers import NEAR
from curator.similarity import passage, shingles

if TYPE_CHECKING:  # it loads NumPy
    from curator.near.index import NearIndex


@dataclass(frozen=True)
class Alike:
    """An example that a draft is near to.

    Attributes:
        path: the example.
        similarity: Jaccard of both, 0 to 1.
        containment: the share of the draft that stands in the example, 0 to 1.
        passage: the longest stretch of the draft that stands there too.
        line: where that stretch begins in the draft, from 1; 0 if it is put together of several places.
        wanted: one of the two says that it is a variant of the other.
    """

    path: str
    similarity: float
    containment: float
    passage: str
    line: int
    wanted: bool


def read_draft(path: Path) -> Example:
    """A draft as an example: an example file, or plain BBj. Raises CuratorError, MissingError."""
    try:
        if path.suffix.lower() in source.SUFFIXES:
            return draft(source.read_source(path), path.as_posix())
        return corpus.read(path)
    except UnicodeDecodeError as error:
        raise CuratorError(f"{path}: not UTF-8; save the file as UTF-8") from error
    except OSError as error:
        raise MissingError(f"{path}: cannot be read: {error.strerror}; check the name") from error


def draft(text: str, path: str) -> Example:
    """Text that somebody gives, as an example: what has neither labels nor BBj fences is code as a whole."""
    example = parse(text, path)
    if example.meta or example.bbj_blocks:
        return example
    return parse(f"```bbj\n{text}\n```\n", path)


def compare(
    index: "NearIndex", example: Example, own: str = "", threshold: float = NEAR, limit: int = 5
) -> list[Alike]:  # fmt: skip
    """The examples a draft is near to, near-duplicates (Jaccard of `threshold` or more) first.

    `own` is the path under which the draft itself is in the index.
    """
    text = shingles.example_text(example)
    return [
        _alike(example, text, neighbour.path, neighbour.similarity, neighbour.containment)
        for neighbour in index.query(text, limit, without=own, strong=threshold)
    ]


def _alike(example: Example, text: str, path: str, similarity: float, containment: float) -> Alike:
    try:
        other = corpus.read(Path(path))
    except (OSError, UnicodeDecodeError):  # it was there when the index was brought in step
        return Alike(path, similarity, containment, "", 0, False)
    shared = passage.longest(text, shingles.example_text(other)).text
    at = example.text.find(shared) if shared else -1
    line = example.text.count("\n", 0, at) + 1 if at >= 0 else 0
    return Alike(path, similarity, containment, shared, line, variant.is_wanted(example, other))
