"""Raw BBj for stage 1: the code blocks of examples, and folders of source files with their licences.

What repeats a held-out program, or another program, is left out with its partner; so are tokenised and empty files.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from curator import chatml
from curator.dataset.links import Link, View, links
from curator.dataset.splits import Shares, place
from curator.errors import CuratorError
from curator.example import Example
from curator.progress import Progress
from curator.similarity import stars
from curator.source import is_tokenised, read_source, source_paths

UNKNOWN = "unknown"
"""The licence of what names none."""

# A text file named so, in a source folder or above a file in it, says under what licence the file is.
_LICENSE_FILE = re.compile(r"(un)?licen[cs]e|copying", re.IGNORECASE)
_LICENSE_ENDINGS = ("", ".txt", ".md", ".rst")
_SPDX = re.compile(r"SPDX-License-Identifier:\s*([\w.+() -]+)")
# What only one licence says -> its SPDX identifier; of another text the first line is recorded.
_KNOWN = (
    ("Permission is hereby granted, free of charge", "MIT"),
    ("Apache License", "Apache-2.0"),
    ("Neither the name of", "BSD-3-Clause"),
    ("Redistribution and use in source and binary forms", "BSD-2-Clause"),
    ("Mozilla Public License", "MPL-2.0"),
)


@dataclass(frozen=True)
class SourceFile:
    """A file of plain BBj: `key` is its folder's name and its path in it, `source` the folder's name."""

    key: str
    text: str
    source: str
    license: str


@dataclass(frozen=True)
class LeftOut:
    """A file that is not trained on: why, and what it repeats, if it does."""

    key: str
    reason: str
    partner: str = ""


def of_example(example: Example, cluster: str) -> Iterator[dict[str, Any]]:
    """The code blocks of an example as they stand, without prose."""
    key = chatml.example_id(example.path)
    for number, block in enumerate(example.bbj_blocks, 1):
        yield {
            "id": f"{key}#{number}",
            "text": chatml.plain_code(block.text) + "\n",
            "source": chatml.source_of(example),
            "license": chatml.license_of(example),
            "cluster": cluster,
        }


def read(folders: Iterable[Path]) -> tuple[list[SourceFile], list[LeftOut]]:
    """The BBj files that these folders and files name, by key, and those without text.

    Raises CuratorError if two files would have the same key.
    """
    files: dict[str, SourceFile] = {}
    left_out: dict[str, LeftOut] = {}
    seen: set[Path] = set()
    taken: set[str] = set()
    of_folder = cache(_license_of_folder)
    for folder in sorted({folder.resolve() for folder in folders}):
        root = folder if folder.is_dir() else folder.parent
        for path in source_paths([folder]):
            key = f"{root.name}/{path.relative_to(root).as_posix()}"
            if path in seen:  # a folder inside another one that is given too
                continue
            if key in taken:
                raise CuratorError(f"{path}: another file is called {key} too; rename a folder, or give their parents")
            seen.add(path)
            taken.add(key)
            text = read_source(path)
            if is_tokenised(text):
                left_out[key] = LeftOut(key, "tokenised program; save it as text with BBj's _unpack or LIST")
            elif not text.strip():
                left_out[key] = LeftOut(key, "an empty file")
            else:
                plain = text.replace("\r\n", "\n").replace("\r", "\n")
                files[key] = SourceFile(key, plain, root.name, _license(path, root, plain, of_folder))
    return [files[key] for key in sorted(files)], [left_out[key] for key in sorted(left_out)]


@dataclass(frozen=True)
class SortedOut:
    """Where files go: rows with their split, "train" or "validation"; what is left out; the split of every file."""

    rows: list[tuple[str, dict[str, Any]]]
    left_out: list[LeftOut]
    splits: dict[str, str]


def sort_out(
    files: Sequence[SourceFile],
    programs: Sequence[View],
    sides: Mapping[str, str],
    ledger: Mapping[str, str],
    threshold: float,
    validation_share: float,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> SortedOut:
    """Leave out what repeats, and place the rest.

    `programs` are those of the rows, `sides` the splits of the rows by id. Left out is what is near to a held-out
    program (or holds one, or stands in one), what nearly repeats an example, and of files that nearly repeat each other
    all but the longest. A file that shares a part with an example that is trained on is trained on as well.
    """
    by_key = {file.key: file for file in files}
    seen = [*programs, *(View(key, "program", file.text) for key, file in by_key.items())]
    out: dict[str, LeftOut] = {}
    with_training: set[str] = set()
    among: list[Link] = []
    for link in links(seen, threshold, jobs, progress) if files else ():
        if link.a in by_key and link.b in by_key:
            among.append(link)
        elif link.a in by_key or link.b in by_key:
            key, other = (link.a, link.b) if link.a in by_key else (link.b, link.a)
            if sides[other] != "train":
                out[key] = LeftOut(key, f"shares a program with a held-out example ({link.similarity:.2f})", other)
            elif link.kind == "program":
                out.setdefault(key, LeftOut(key, f"near-duplicate ({link.similarity:.2f}): the corpus has it", other))
            else:
                with_training.add(key)
    pairs = [stars.Pair(p.a, p.b, p.similarity) for p in among if p.kind == "program" and not {p.a, p.b} & set(out)]
    standings = {key: stars.Standing(richness=len(file.text)) for key, file in by_key.items()}
    for cluster in stars.clusters(pairs, standings):
        for gone in cluster.removals:
            why = f"near-duplicate ({gone.similarity:.2f}): the longer file is kept, or the first by name"
            out[gone.key] = LeftOut(gone.key, why, gone.partner)
    strata = {key: (file.source,) for key, file in by_key.items() if key not in out}
    near = [(p.a, p.b) for p in among if p.a in strata and p.b in strata]
    known = dict(ledger) | dict.fromkeys(with_training, "train")
    placed = place(strata, near, known, Shares(validation_share, 0))
    for key, (first, *_) in placed.bridges.items():
        out[key] = LeftOut(key, "near to files in different splits", first)
    rows = [
        (placed.splits[key], _row(file, placed.clusters[key])) for key, file in by_key.items() if key in placed.splits
    ]
    return SortedOut(rows, [out[key] for key in sorted(out)], placed.splits)


def _row(file: SourceFile, cluster: str) -> dict[str, Any]:
    return {"id": file.key, "text": file.text, "source": file.source, "license": file.license, "cluster": cluster}


def _license(path: Path, root: Path, text: str, of_folder: Callable[[Path], str]) -> str:
    """What the file itself says, else what the nearest licence file up to `root` is; "unknown" without."""
    said = _SPDX.search(text[:4000])
    if said:
        return said[1].strip()
    folder = path.parent
    while not (found := of_folder(folder)) and folder not in (root, folder.parent):
        folder = folder.parent
    return found or UNKNOWN


def _license_of_folder(folder: Path) -> str:
    """What the licence file in a folder is, "" without one."""
    for path in sorted(folder.iterdir()):
        if _LICENSE_FILE.fullmatch(path.stem) and path.suffix.lower() in _LICENSE_ENDINGS and path.is_file():
            text = path.read_text("utf-8", "replace")
            plain = " ".join(text.split())
            first = next((" ".join(line.split()) for line in text.splitlines() if line.strip()), path.name)
            return next((spdx for phrase, spdx in _KNOWN if phrase in plain), first[:100])
    return ""
