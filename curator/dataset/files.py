"""Writes a dataset folder: JSONL files, manifest with hashes, dataset card. It appears whole, or the old one stays.

Before it takes the place of the old one, what was written is read again and audited: if a row of one split is near to a
row of another, nothing is replaced and the pairs are named.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from curator import __version__, folders, git
from curator.corpus import write as write_file
from curator.dataset import links, splits
from curator.dataset.build import MANIFEST, PRETRAIN, Dataset, counts, read_manifest, sources
from curator.dataset.formats import FORMS
from curator.dataset.links import Link, View
from curator.dataset.raw_code import UNKNOWN
from curator.dataset.splits import SPLITS
from curator.errors import CuratorError, ExitCode
from curator.progress import Progress

# Which files a model sees while it is trained, which choose the checkpoint, and which measure it.
SIDES = {"train": "training", "pretrain": "training", "validation": "validation", "pretrain-validation": "validation",
         "test": "test"}  # fmt: skip

CARD = "README.md"
# What file managers leave in any folder.
_OF_NOBODY = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})


class LeakError(CuratorError):
    """Rows that are near to each other would stand on two sides."""

    exit_code = ExitCode.FINDINGS


def refuse_foreign(out: Path) -> None:
    """Raise CuratorError if `out` is there and is no dataset, or holds files that no dataset of ours has: they would
    vanish with the old one."""
    if not out.is_dir():
        if out.exists():
            raise CuratorError(f"{out}: is a file; choose a folder")
        return
    there = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file() or path.is_symlink()}
    there = {name for name in there if name.split("/")[-1] not in _OF_NOBODY}
    ours: set[str] = set()
    if MANIFEST in there:
        manifest = read_manifest(out)
        files = manifest.get("files")
        if str(manifest.get("created_by")).startswith("curator ") and isinstance(files, dict):
            ours = {MANIFEST, CARD, *files}
    if strange := sorted(there - ours):
        raise CuratorError(f"{out}: holds {strange[0]}, which is not made by this command, and would be replaced; move "
                           "it away, or choose another folder")  # fmt: skip


def write(
    dataset: Dataset,
    out: Path,
    corpus: Path | None = None,
    *,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Write the folder and return its manifest.

    `corpus` is the folder whose commit is recorded. Raises LeakError if rows of different splits are near to each
    other, CuratorError if `out` holds something that is not a dataset, or if it cannot be written; the old folder stays
    then.
    """
    refuse_foreign(out)
    with folders.replacing(out, MANIFEST) as draft:
        manifest = _write_files(dataset, draft, corpus)
        leaks = audit(draft, dataset.options.threshold, jobs, progress)
        if leaks:
            listed = "; ".join(f"{p.a} ~ {p.b} ({p.kind}, {p.similarity:.2f})" for p in leaks[:5])
            raise LeakError(
                f"{len(leaks)} pairs of rows are near to each other across splits: {listed}. "
                f"{out} was not written; please report this, as no input should lead to it"
            )
    return manifest


def audit(folder: Path, threshold: float, jobs: int | None = None, progress: Progress | None = None) -> list[Link]:
    """The rows of a dataset folder that are near to each other and stand in files of different sides: its leaks."""
    seen: list[View] = []
    sides: dict[str, str] = {}
    for name, side in SIDES.items():
        with (folder / f"{name}.jsonl").open(encoding="utf-8", newline="\n") as lines:
            for line in lines:
                row = json.loads(line)
                key = f"{name}:{row['id']}"
                sides[key] = side
                seen += links.views({**row, "id": key})
    return links.across(seen, sides, threshold, jobs, progress)


def write_ledger(path: Path, ledger: Mapping[str, str]) -> None:
    """Write a ledger as it stands in a dataset folder."""
    write_file(path, b"".join(map(_line, splits.ledger_rows(ledger))).decode())


def _write_files(dataset: Dataset, folder: Path, corpus: Path | None) -> dict[str, Any]:
    files: dict[str, dict[str, Any]] = {}
    for name, rows in dataset.rows.items():
        files[f"{name}.jsonl"] = _write_jsonl(folder / f"{name}.jsonl", rows)
    for form in dataset.options.also:
        for split in SPLITS:
            made = (FORMS[form](row) for row in dataset.rows[split])
            files[f"{form}/{split}.jsonl"] = _write_jsonl(folder / form / f"{split}.jsonl", made)
    left_out = [{"id": r.id, "reason": r.reason, "partner": r.partner} for r in dataset.removed]
    files["removed.jsonl"] = _write_jsonl(folder / "removed.jsonl", left_out)
    files[splits.LEDGER] = _write_jsonl(folder / splits.LEDGER, splits.ledger_rows(dataset.ledger))
    listing = "".join(f"{name} {facts['sha256']}\n" for name, facts in sorted(files.items()))
    options = dataset.options
    manifest: dict[str, Any] = {
        "format": 1,
        "created_by": f"curator {__version__}",
        "options": {
            "validation_share": options.validation_share,
            "test_share": options.test_share,
            "threshold": options.threshold,
            "keep_duplicates": options.keep_duplicates,
            "also": list(options.also),
        },
        "files": files,
        "counts": counts(dataset.rows),
        "sources": sources(dataset.rows),
        "balance": [asdict(group) for group in dataset.balance],
        "content_hash": hashlib.sha256(listing.encode()).hexdigest(),
        "corpus_commit": _commit(corpus) if corpus else None,
    }
    _write_text(folder / MANIFEST, json.dumps(manifest, indent=2, ensure_ascii=False) + "\n")
    _write_text(folder / CARD, _card(dataset, manifest))
    return manifest


def _write_jsonl(path: Path, rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    path.parent.mkdir(exist_ok=True)
    digest = hashlib.sha256()
    count = size = 0
    with path.open("wb") as file:
        for row in rows:
            data = _line(row)
            file.write(data)
            digest.update(data)
            count, size = count + 1, size + len(data)
        file.flush()
        os.fsync(file.fileno())
    return {"rows": count, "bytes": size, "sha256": digest.hexdigest()}


def _line(row: Mapping[str, Any]) -> bytes:
    """A row as a line. What some readers take for the end of a line is escaped, all else stays readable."""
    text = json.dumps(row, ensure_ascii=False)
    for character in "\x85\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return f"{text}\n".encode()


def _write_text(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _commit(corpus: Path) -> str | None:
    """The commit of the corpus, or None outside Git or with uncommitted changes in it."""
    if git.output(corpus, "status", "--porcelain", "--", "."):
        return None
    head = git.output(corpus, "rev-parse", "HEAD")
    return head.strip() if head else None


def _card(dataset: Dataset, manifest: Mapping[str, Any]) -> str:
    """The dataset card; its YAML tells `datasets.load_dataset` which file is which split."""
    configs = _config("conversations", {s: f"{s}.jsonl" for s in SPLITS if dataset.rows[s]}, default=True)
    raw = {s: f"{name}.jsonl" for s, name in zip(SPLITS, PRETRAIN, strict=False) if dataset.rows[name]}
    configs += _config("pretrain", raw)
    for form in dataset.options.also:
        configs += _config(form, {s: f"{form}/{s}.jsonl" for s in SPLITS if dataset.rows[s]})
    origins = manifest["sources"]
    licenses = {of["license"] for of in origins}
    table = "".join(f"| {name} | {facts['rows']} |\n" for name, facts in manifest["files"].items())
    also = "".join(f"- `{form}/` has the same conversations in the form of {form}.\n" for form in dataset.options.also)
    named = "".join(
        f"| {_cell(of['source'])} | {_cell(of['license'])} | {of['conversations']} | {of['programs']} |\n"
        for of in origins
    )
    unknown = ", ".join(_cell(of["source"]) for of in origins if of["license"] == UNKNOWN)
    warning = f"\n**The licence of what comes from {unknown} is not known.** Ask before you publish it.\n"
    return f"""---
license: {"mit" if licenses <= {"MIT"} else "other"}
language:
- en
tags:
- code
- bbj
- business-basic
{"configs:" + chr(10) + configs if configs else ""}---

# BBj conversations

Made by {manifest["created_by"]} with `curator convert`; content hash `{manifest["content_hash"]}`.

| file | rows |
|---|---|
{table}
- `train`, `validation` and `test` hold conversations in ChatML form (`messages`), labelled with the BBj generation,
  type, difficulty and topic; what is near to each other shares a `cluster`, and no cluster stands in two splits.
- `pretrain` and `pretrain-validation` hold raw BBj code for continued pretraining.
{also}- `removed.jsonl` lists what was left out, and why; `splits.jsonl` is the ledger of the split.

Every row names its `source` and its `license`:

| source | license | conversations | programs |
|---|---|---|---|
{named}{warning if unknown else ""}"""


def _cell(text: str) -> str:
    """A name that others chose, in a table of Markdown."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def _config(name: str, files: Mapping[str, str], default: bool = False) -> str:
    if not files:
        return ""
    listed = "".join(f"  - split: {split}\n    path: {path}\n" for split, path in files.items())
    return f"- config_name: {name}\n{'  default: true' + chr(10) if default else ''}  data_files:\n{listed}"
