"""From examples, foreign rows and source files to the rows of a dataset: what is in it, and where.

The split is made here and nowhere else, by clusters of what is near to each other (`links.py`), and kept in a ledger
(`splits.py`), so that an added example moves no other. Nothing vanishes: what is left out is listed with its reason.
`files.py` writes the folder. How one is read again and verified stands here too, as the trainer does only that.
"""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from curator import chatml, variant
from curator.chatml import Conversation
from curator.dataset import links, raw_code, splits
from curator.dataset.links import View
from curator.dataset.splits import SPLITS, Balance, Shares
from curator.errors import CuratorError, MissingError
from curator.example import Example
from curator.near.answers import NEAR
from curator.progress import Progress
from curator.similarity import shingles, stars
from curator.similarity.stars import Standing
from curator.templates import PLACEHOLDER

if TYPE_CHECKING:
    from curator.dataset.merge import Merged

PRETRAIN = ("pretrain", "pretrain-validation")
MANIFEST = "manifest.json"
OtherForm = Literal["alpaca", "sharegpt"]

Rows = Mapping[str, Sequence[dict[str, Any]]]


@dataclass(frozen=True)
class Options:
    """How a dataset is made. Shares are of clusters; what neither takes is for training. `also`: other forms."""

    validation_share: float = 0.1
    test_share: float = 0.1
    threshold: float = NEAR
    keep_duplicates: bool = False
    also: tuple[OtherForm, ...] = ()


@dataclass(frozen=True)
class Removed:
    """Something that is not in the dataset: what, why, and the document it repeats, if it does."""

    id: str
    reason: str
    partner: str = ""


@dataclass(frozen=True)
class Dataset:
    """The rows of a dataset folder by file, what is left out, and the ledger of all placements ever made.

    `moved` are held-out documents that had to be given to another split, with the one they came from: an edit made them
    near to what stands there. `balance` is how near the conversations are to their shares.
    """

    rows: Rows
    removed: Sequence[Removed]
    ledger: Mapping[str, str]
    moved: Mapping[str, str] = field(default_factory=dict)
    balance: Sequence[Balance] = ()
    options: Options = field(default_factory=Options)


@dataclass(frozen=True)
class _Document:
    """An example or a foreign row on its way: the conversation, what it repeats others by, which of two stays."""

    conversation: Conversation
    text: str
    standing: Standing
    example: Example | None = None

    @property
    def stratum(self) -> tuple[str, str, str]:
        """What is shared out fairly, our own examples and each merged set for itself: first each type of each
        generation, then the types and the generations."""
        made = self.conversation
        origin, generation = "corpus" if self.example else made.source, "+".join(made.generation)
        return f"{origin}: {made.type}, {generation}", f"{origin}: {made.type}", f"{origin}: {generation}"


def build(
    examples: Sequence[Example],
    invalid: frozenset[str] = frozenset(),
    sources: Sequence[Path] = (),
    options: Options | None = None,
    *,
    merged: "Merged | None" = None,
    ledger: Mapping[str, str] | None = None,
    states: Mapping[str, str] | None = None,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> Dataset:
    """Split examples and merged rows, and collect the raw code.

    `invalid` holds the paths of examples with errors and of files that could not be read; they are left out. `sources`
    are files or folders of plain BBj for stage 1. `ledger` has the splits of an earlier dataset, `states` those of the
    review by path: drafts and what was rejected are left out. The order of none of these matters, nor do `jobs`.
    """
    options, ledger = options or Options(), ledger or {}
    files, without_text = raw_code.read(sources)
    documents, removed = _documents(examples, invalid, states or {}, merged.conversations if merged else ())
    removed += [Removed(left.key, left.reason) for left in without_text]
    removed += [Removed(key, reason) for key, reason in (merged.left_out if merged else ())]

    seen = [View(key, "document", d.text) for key, d in documents.items()]
    seen += [view for key, d in documents.items() for view in dict.fromkeys(_views(d))]
    near = links.links(seen, options.threshold, jobs, progress)
    shares = Shares(options.validation_share, options.test_share)
    strata = {key: d.stratum for key, d in documents.items()}
    placed = splits.place(strata, [(link.a, link.b) for link in near], ledger, shares)
    removed += [Removed(key, _bridging(partners, placed.splits), partners[0])
                for key, partners in placed.bridges.items()]  # fmt: skip
    doubles = {} if options.keep_duplicates else _doubles(near, documents, placed.splits)
    removed += doubles.values()

    rows: dict[str, list[dict[str, Any]]] = {split: [] for split in (*SPLITS, *PRETRAIN)}
    for key, document in documents.items():
        if key not in placed.splits or key in doubles:
            continue
        split, cluster = placed.splits[key], placed.clusters[key]
        rows[split].append(replace(document.conversation, cluster=cluster).as_row())
        if document.example and split != "test":
            rows[_pretrain(split)] += raw_code.of_example(document.example, cluster)
    programs = [view for view in seen if view.kind == "program" and view.id in placed.splits]
    raw = raw_code.sort_out(
        files, programs, placed.splits, ledger, options.threshold, options.validation_share, jobs, progress
    )
    for split, row in raw.rows:
        rows[_pretrain(split)].append(row)
    removed += [Removed(left.key, left.reason, left.partner) for left in raw.left_out]
    now = {**placed.splits, **raw.splits}
    return Dataset(
        rows,
        sorted(removed, key=lambda r: (r.id, r.reason)),
        {**ledger, **now},
        {key: ledger[key] for key in sorted(now) if ledger.get(key, now[key]) != now[key]},
        splits.balance(strata, placed, shares),
        options,
    )


def read_manifest(folder: Path) -> dict[str, object]:
    """The manifest of a dataset folder. Raises MissingError if there is none, CuratorError if it is not one."""
    path = folder / MANIFEST
    if not path.is_file():
        raise MissingError(f"{folder}: no {MANIFEST}; make a dataset with: curator convert --out {folder}")
    try:
        manifest = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise CuratorError(f"{path}: not JSON ({error}); make it again with: curator convert") from error
    return manifest if isinstance(manifest, dict) else {}


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


def sources(rows: Rows) -> list[dict[str, Any]]:
    """Where the rows come from, under which licence, and how many conversations and raw programs there are of each."""
    counted: Counter[tuple[str, str, str]] = Counter()
    for name, of_file in rows.items():
        kind = "programs" if name in PRETRAIN else "conversations"
        counted.update((row["source"], row["license"], kind) for row in of_file)
    return [
        {"source": source, "license": license_,
         "conversations": counted[source, license_, "conversations"], "programs": counted[source, license_, "programs"]}
        for source, license_ in sorted({(source, license_) for source, license_, _ in counted})
    ]  # fmt: skip


def counts(rows: Rows) -> dict[str, dict[str, dict[str, int]]]:
    """For each file how many rows there are of each label."""
    counted: dict[str, dict[str, dict[str, int]]] = {}
    for name, of_file in rows.items():
        labels: dict[str, Counter[str]] = defaultdict(Counter)
        for row in of_file:
            for label in ("generation", "type", "topic", "difficulty", "license"):
                if label in row:
                    labels[label]["+".join(row[label]) if label == "generation" else str(row[label])] += 1
        counted[name] = {label: dict(sorted(words.items())) for label, words in labels.items()}
    return counted


def _documents(
    examples: Sequence[Example], invalid: frozenset[str], states: Mapping[str, str], merged: Sequence[Conversation]
) -> tuple[dict[str, _Document], list[Removed]]:
    """What can be trained on, by id in order, and what cannot."""
    documents: dict[str, _Document] = {}
    removed = []
    for example in sorted(examples, key=lambda e: (chatml.example_id(e.path), e.path)):
        key = chatml.example_id(example.path)
        reason = _unfit(example, invalid, states.get(example.path)) or (
            "another file has this id" if key in documents else ""
        )
        made = chatml.conversations(example) if not reason else []
        if not made:
            removed.append(Removed(key, reason or "gives no conversation: it has no code, or no answer"))
            continue
        explained = len(shingles.tokens(example.prose("Explanation")))
        text = shingles.example_text(example)
        documents[key] = _Document(made[0], text, Standing(richness=explained), example)
    here = {example.path for example in examples}
    removed += [Removed(chatml.example_id(path), "cannot be read") for path in sorted(invalid - here)]
    for row in merged:
        text = "\n\n".join(m.content for m in row.messages if m.role != "system")
        # "not checked" as an example is: what was written for this corpus is kept before what was merged
        documents[row.id] = _Document(row, text, Standing(verdict=2, richness=len(text)))
    return dict(sorted(documents.items())), removed


def _unfit(example: Example, invalid: frozenset[str], state: str | None) -> str:
    """Why an example cannot be trained on, "" if it can."""
    if example.path in invalid:
        return "has errors"
    state = state or str(example.meta.get("review"))
    if state in ("draft", "rejected"):
        return f"review: {state}"
    return f"has a {PLACEHOLDER} that is still to be written" if PLACEHOLDER in example.text else ""


def _views(document: _Document) -> Iterable[View]:
    yield from links.views(document.conversation.as_row())
    if document.example:
        key = document.conversation.id
        for block in raw_code.of_example(document.example, ""):
            yield View(key, "program", block["text"])
        # the task before it is worded: one task in two wordings is one task
        yield View(key, "task", f"{document.example.title}\n{document.example.meta.get('description') or ''}")


def _bridging(partners: Sequence[str], placed: Mapping[str, str]) -> str:
    where = " and ".join(f"{key} ({placed[key]})" for key in partners)
    return f"near to documents in different splits: {where}"


def _doubles(
    near: Iterable[links.Link], documents: Mapping[str, _Document], placed: Mapping[str, str]
) -> dict[str, Removed]:
    """Whole documents that repeat one that is kept. Both are in one split, as no link leaves one."""
    pairs = [stars.Pair(link.a, link.b, link.similarity) for link in near
             if link.kind == "document" and link.a in placed and link.b in placed]  # fmt: skip
    removed = {}
    examples = {key: d.example for key, d in documents.items() if d.example is not None}
    wanted = variant.wanted_pairs(((p.a, p.b) for p in pairs), examples)
    for cluster in stars.clusters(pairs, {key: d.standing for key, d in documents.items()}, wanted):
        for gone in cluster.removals:
            theirs, ours = documents[gone.key].example is None, documents[gone.partner].example is not None
            why = "the corpus has it" if theirs and ours else gone.why
            removed[gone.key] = Removed(gone.key, f"near-duplicate ({gone.similarity:.2f}): {why}", gone.partner)
    return removed


def _pretrain(split: str) -> str:
    return "pretrain" if split == "train" else "pretrain-validation"
