"""The dataset folder: conversations split by cluster, raw code for stage 1, a manifest with hashes, a dataset card.

The split is made here and nowhere else. A hash of the cluster's name decides, so an added example moves no other, and
the same corpus gives the same bytes. Nothing vanishes: what is left out goes to removed.jsonl with its reason.
"""

import hashlib
import json
import shutil
import subprocess
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from curator import __version__, chatml, dedupe, shingles
from curator.errors import CuratorError, MissingError
from curator.example import Example
from curator.source import is_tokenised, read_source, source_paths
from curator.templates import PLACEHOLDER

SPLITS = ("train", "validation", "test")
PRETRAIN = ("pretrain", "pretrain-validation")
MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Options:
    """How a dataset is made. Shares are of clusters; what neither takes is for training."""

    validation_share: float = 0.1
    test_share: float = 0.1
    threshold: float = dedupe.THRESHOLD
    keep_duplicates: bool = False


@dataclass(frozen=True)
class Removed:
    """Something that is not in the dataset: what, why, and the document it repeats, if it does."""

    id: str
    reason: str
    partner: str = ""


@dataclass(frozen=True)
class Dataset:
    """All files of a dataset folder but the card, ready to be written. `leaks` are pairs across splits."""

    rows: Mapping[str, Sequence[dict[str, object]]]
    removed: Sequence[Removed]
    leaks: Sequence[dedupe.Pair]
    counts: Mapping[str, Mapping[str, Mapping[str, int]]]


def build(
    examples: Sequence[Example], invalid: frozenset[str], sources: Sequence[Path] = (), options: Options | None = None
) -> Dataset:
    """Split the examples and collect the raw code.

    `invalid` holds the paths of examples with errors; they are left out. `sources` are files or folders of plain BBj
    for stage 1: near-duplicates of each other, and of anything held out, are left out too.
    """
    options = options or Options()
    unfit = {e.path: reason for e in examples if (reason := _unfit(e, invalid))}
    removed = [Removed(chatml.example_id(path), reason) for path, reason in unfit.items()]
    good = sorted((e for e in examples if e.path not in unfit), key=lambda e: chatml.example_id(e.path))
    documents = [_document(e) for e in good]
    if not options.keep_duplicates:
        doubles = {r.key: r for c in dedupe.clusters(documents, options.threshold) for r in c.removals}
        removed += [_double(r, r.why) for r in doubles.values()]
        good = [e for e in good if chatml.example_id(e.path) not in doubles]
        documents = [d for d in documents if d.key not in doubles]
    names = dedupe.cluster_names(documents, options.threshold)
    rows: dict[str, list[dict[str, object]]] = {split: [] for split in (*SPLITS, *PRETRAIN)}
    split_of = {key: _split(name, options) for key, name in names.items()}
    for example in good:
        key = chatml.example_id(example.path)
        rows[split_of[key]] += [c.as_row() for c in chatml.conversations(example, names[key])]
        if split_of[key] != "test":
            rows["pretrain" if split_of[key] == "train" else "pretrain-validation"] += _raw_code(example, names[key])
    held_out = {d.key: d for d in documents if split_of[d.key] != "train"}
    raw, dropped = _raw_files(sources, held_out, options)
    for row in raw:
        rows["pretrain" if _split(str(row["cluster"]), options) == "train" else "pretrain-validation"].append(row)
    leaks = [p for p in dedupe.pairs(documents, options.threshold) if split_of[p.a] != split_of[p.b]]
    return Dataset(rows, sorted([*removed, *dropped], key=lambda r: r.id), leaks, _counts(rows))


def write(dataset: Dataset, out: Path, options: Options | None = None, corpus: Path | None = None) -> dict[str, object]:
    """Write the folder and return its manifest. It appears whole, or the old one stays.

    Raises CuratorError if there are leaks, or if `out` holds something that is not a dataset.
    """
    if dataset.leaks:
        listed = "; ".join(f"{p.a} ~ {p.b} ({p.similarity:.2f})" for p in dataset.leaks[:5])
        raise CuratorError(f"{len(dataset.leaks)} near-duplicates stand in different splits: {listed}")
    if out.exists() and not (out / MANIFEST).is_file() and (not out.is_dir() or any(out.iterdir())):
        raise CuratorError(f"{out}: is not a dataset folder, so it is not replaced; choose another --out")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    except OSError as error:
        raise CuratorError(f"{out}: cannot be written: {error.strerror}; choose another --out") from error
    try:
        manifest = _write_files(dataset, draft, options or Options(), corpus)
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
    return manifest


def read_manifest(folder: Path) -> dict[str, object]:
    """The manifest of a dataset folder. Raises MissingError if there is none, CuratorError if it is not one."""
    path = folder / MANIFEST
    if not path.is_file():
        raise MissingError(f"{folder}: no {MANIFEST}; make a dataset with: curator convert --out {folder}")
    try:
        manifest: dict[str, object] = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise CuratorError(f"{path}: not JSON ({error}); make it again with: curator convert") from error
    return manifest


def verify(folder: Path) -> list[str]:
    """How the files of a dataset folder differ from its manifest; empty if they do not."""
    files = read_manifest(folder)["files"]
    assert isinstance(files, dict)
    differences = []
    for name, recorded in files.items():
        path = folder / name
        if not path.is_file():
            differences.append(f"{name} is missing")
        elif hashlib.sha256(path.read_bytes()).hexdigest() != recorded["sha256"]:
            differences.append(f"{name} was changed after it was made")
    return differences


def _unfit(example: Example, invalid: frozenset[str]) -> str:
    """Why an example cannot be trained on, "" if it can."""
    if example.path in invalid:
        return "has errors"
    if example.meta.get("review") in ("draft", "rejected"):
        return f"review: {example.meta['review']}"
    return f"has a {PLACEHOLDER} that is still to be written" if PLACEHOLDER in example.text else ""


def _double(removal: dedupe.Removal, why: str) -> Removed:
    return Removed(removal.key, f"near-duplicate ({removal.similarity:.2f}): {why}", removal.partner)


def _document(example: Example) -> dedupe.Document:
    made = dedupe.document(example)
    return dedupe.Document(chatml.example_id(example.path), made.shingles, made.valid, made.richness)


def _split(cluster: str, options: Options) -> str:
    share = int.from_bytes(hashlib.sha256(f"split/{cluster}".encode()).digest()[:8], "big") / 2**64
    if share < options.test_share:
        return "test"
    return "validation" if share < options.test_share + options.validation_share else "train"


def _raw_code(example: Example, cluster: str) -> Iterator[dict[str, object]]:
    """The code blocks of an example as they stand, without prose."""
    key = chatml.example_id(example.path)
    for number, block in enumerate(example.bbj_blocks, 1):
        yield {
            "id": f"{key}#{number}",
            "text": chatml.plain_code(block.text) + "\n",
            "source": "corpus",
            "license": str(example.meta.get("license") or "MIT"),
            "cluster": cluster,
        }


def _raw_files(
    sources: Sequence[Path], held_out: Mapping[str, dedupe.Document], options: Options
) -> tuple[list[dict[str, object]], list[Removed]]:
    texts: dict[str, str] = {}
    removed = []
    for folder in sources:
        license_name = _license(folder)
        for path in source_paths([folder]):
            key = f"{folder.name}/{path.relative_to(folder).as_posix()}" if folder.is_dir() else path.name
            text = read_source(path)
            if is_tokenised(text):
                removed.append(Removed(key, "tokenised program; save it as text with BBj's _unpack or LIST"))
            elif text.strip():
                texts[key] = text.replace("\r\n", "\n")
    documents = [dedupe.Document(key, shingles.of(text), richness=len(text)) for key, text in texts.items()]
    removed += [
        _double(r, "the longer file is kept") for c in dedupe.clusters(documents, options.threshold) for r in c.removals
    ]
    code_held_out = {key: d.shingles for key, d in held_out.items()}
    for document in documents:
        partner = next((k for k, s in code_held_out.items() if shingles.containment(s, document.shingles) >= 0.5), "")
        if partner:
            removed.append(Removed(document.key, "holds a held-out example", partner))
    gone = {r.id for r in removed}
    kept: list[dict[str, object]] = [
        {"id": key, "text": text, "source": key.split("/")[0], "license": license_name, "cluster": key}
        for key, text in sorted(texts.items())
        if key not in gone
    ]
    return kept, removed


def _license(folder: Path) -> str:
    """The first line of a LICENSE file beside the sources, "unknown" if there is none."""
    for name in ("LICENSE", "LICENSE.txt", "LICENSE.md", "COPYING"):
        path = (folder if folder.is_dir() else folder.parent) / name
        if path.is_file():
            return next(
                (line.strip() for line in path.read_text("utf-8", "replace").splitlines() if line.strip()), name
            )
    return "unknown"


def _counts(rows: Mapping[str, Sequence[Mapping[str, object]]]) -> dict[str, dict[str, dict[str, int]]]:
    counts: dict[str, dict[str, dict[str, int]]] = {}
    for split in SPLITS:
        labels: dict[str, Counter[str]] = defaultdict(Counter)
        for row in rows[split]:
            labels["generation"]["+".join(row["generation"])] += 1  # type: ignore[arg-type]
            for label in ("type", "topic", "difficulty"):
                labels[label][str(row[label])] += 1
        counts[split] = {label: dict(sorted(words.items())) for label, words in labels.items()}
    return counts


def _write_files(dataset: Dataset, folder: Path, options: Options, corpus: Path | None) -> dict[str, object]:
    files: dict[str, dict[str, object]] = {}
    for name, rows in dataset.rows.items():
        files[f"{name}.jsonl"] = _write_jsonl(folder / f"{name}.jsonl", rows)
    left_out = [{"id": r.id, "reason": r.reason, "partner": r.partner} for r in dataset.removed]
    files["removed.jsonl"] = _write_jsonl(folder / "removed.jsonl", left_out)
    listing = "".join(f"{name} {facts['sha256']}\n" for name, facts in sorted(files.items()))
    manifest: dict[str, object] = {
        "format": 1,
        "created_by": f"curator {__version__}",
        "options": {
            "validation_share": options.validation_share,
            "test_share": options.test_share,
            "threshold": options.threshold,
            "keep_duplicates": options.keep_duplicates,
        },
        "files": files,
        "counts": dataset.counts,
        "content_hash": hashlib.sha256(listing.encode()).hexdigest(),
        "corpus_commit": _commit(corpus) if corpus else None,
    }
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", "utf-8", newline="\n")
    (folder / "README.md").write_text(_card(dataset, manifest), "utf-8", newline="\n")
    return manifest


def _write_jsonl(path: Path, rows: Iterable[Mapping[str, object]]) -> dict[str, object]:
    lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in rows]
    data = "".join(lines).encode("utf-8")
    path.write_bytes(data)
    return {"rows": len(lines), "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def _commit(corpus: Path) -> str | None:
    """The commit of the corpus, or None outside Git or with uncommitted changes in it."""
    git = shutil.which("git")
    if not git:
        return None

    def ask(*words: str) -> str | None:
        done = subprocess.run([git, "-C", str(corpus), *words], capture_output=True, text=True, timeout=30)
        return done.stdout.strip() if done.returncode == 0 else None

    return None if ask("status", "--porcelain", "--", ".") else ask("rev-parse", "HEAD")


def _card(dataset: Dataset, manifest: Mapping[str, object]) -> str:
    """The dataset card; its YAML tells `datasets.load_dataset` which file is which split."""
    table = "".join(f"| {name} | {len(rows)} |\n" for name, rows in dataset.rows.items())
    pretrain = "".join(
        f"  - split: {split}\n    path: {name}.jsonl\n"
        for split, name in (("train", "pretrain"), ("validation", "pretrain-validation"))
        if dataset.rows[name]
    )
    chat = "".join(f"  - split: {split}\n    path: {split}.jsonl\n" for split in SPLITS if dataset.rows[split])
    return f"""---
license: mit
language:
- en
tags:
- code
- bbj
- business-basic
configs:
- config_name: conversations
  default: true
  data_files:
{chat}- config_name: pretrain
  data_files:
{pretrain}---

# BBj conversations

Made by {manifest["created_by"]} with `curator convert`; content hash `{manifest["content_hash"]}`.

| file | rows |
|---|---|
{table}
`train`, `validation` and `test` hold conversations in ChatML form (`messages`), labelled with the BBj generation, type,
difficulty and topic; near-duplicates share a `cluster`, and no cluster stands in two splits. `pretrain` and
`pretrain-validation` hold raw BBj code for continued pretraining. `removed.jsonl` lists what was left out, and why.
"""
