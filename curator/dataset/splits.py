"""Which documents are trained on and which are held out: decided once, written down, and never changed.

No rule can be both stratified and free of memory. If adding a document may move no other, then what a rule without
memory says of a document does not depend on the others, and so it cannot keep count of them. So the placements are
kept in a ledger, as a lock file keeps versions: what stands in it stays where it is, and only what is new is placed, in
the split that its stratum and the whole are shortest of. docs/datasets.md tells what that costs.
"""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from curator.errors import CuratorError

LEDGER = "splits.jsonl"
"""Its name in a dataset folder."""
CORPUS_LEDGER = ".splits.jsonl"
"""Its name in a corpus, beside the record of the review: hidden, as `training-data/*` means the examples."""

# From what may be trained on to what is kept apart most strictly.
SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class Shares:
    """The shares of the clusters that are held out, 0 to 1 each; the rest is for training."""

    validation: float = 0.1
    test: float = 0.1

    def as_dict(self) -> dict[str, float]:
        """Each split with its share, the held-out ones first: of two that are equally short they come first."""
        return {"test": self.test, "validation": self.validation, "train": 1 - self.test - self.validation}


@dataclass(frozen=True)
class Placed:
    """Where documents stand, and why some do not stand where they might.

    `clusters` names the cluster of each document by its first member. `bridges` are new documents that are near to two
    that stand in different splits: they stand in none.
    """

    splits: dict[str, str] = field(default_factory=dict)
    clusters: dict[str, str] = field(default_factory=dict)
    bridges: dict[str, tuple[str, ...]] = field(default_factory=dict)


def place(
    strata: Mapping[str, Sequence[str]],
    links: Iterable[tuple[str, str]],
    ledger: Mapping[str, str],
    shares: Shares | None = None,
) -> Placed:
    """Give every document a split, so that no link goes from one split to another.

    `strata` has for each document its stratum, and after it the wider groups that are to have their share too, `links`
    the pairs of documents that are near to each other, `ledger` the splits of documents that were placed before. What
    the ledger has is only moved where two of its own documents have become near to each other; a new document that is
    near to two splits is left out instead. Among what is left, clusters are placed one at a time: in every stratum the
    number of clusters in each split differs from its share by at most one, and over all by at most two, however often
    documents were added (tests/curator/test_splits.py); wider groups come as near as that leaves room for.
    """
    near: dict[str, set[str]] = {key: set() for key in strata}
    for a, b in links:
        near[a].add(b)
        near[b].add(a)
    splits = {key: ledger[key] for key in strata if key in ledger}
    for near_group in connected(splits, near):
        least = min((splits[key] for key in near_group), key=SPLITS.index)
        splits.update(dict.fromkeys(near_group, least))
    bridges = _join(splits, near)
    here = [key for key in strata if key not in bridges]
    groups = sorted(sorted(group) for group in connected(here, near))
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for group in groups:
        if group[0] in splits:
            _count(counts, strata[group[0]], splits[group[0]])
    for group in sorted((g for g in groups if g[0] not in splits), key=lambda g: _hash(g[0])):
        split = _shortest(counts, strata[group[0]], (shares or Shares()).as_dict())
        splits.update(dict.fromkeys(group, split))
        _count(counts, strata[group[0]], split)
    clusters = {key: group[0] for group in groups for key in group}
    return Placed(splits, clusters, bridges)


@dataclass(frozen=True)
class Balance:
    """How a group of documents is shared out: its clusters in each split, and by how many clusters the split that is
    furthest from its exact share misses it."""

    group: str
    clusters: Mapping[str, int]
    off: float


def balance(strata: Mapping[str, Sequence[str]], placed: Placed, shares: Shares) -> list[Balance]:
    """Every stratum and wider group of `strata`, by name, and all together. A cluster counts where its first member
    does, as it did when it was placed."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for key in set(placed.clusters.values()):
        _count(counts, strata[key], placed.splits[key])
    wanted = shares.as_dict()
    made = []
    for group in sorted(counts):
        of = counts[group]
        off = max(abs(share * of.total() - of[split]) for split, share in wanted.items())
        made.append(Balance(group or "all", {split: of[split] for split in SPLITS}, round(off, 2)))
    return made


def connected(keys: Iterable[str], near: Mapping[str, Iterable[str]]) -> Iterator[set[str]]:
    """The groups that hang together over links among these keys; whoever has none is a group of its own."""
    left = set(keys)
    while left:
        todo, group = [left.pop()], set()
        while todo:
            key = todo.pop()
            group.add(key)
            reached = left.intersection(near[key])
            left -= reached
            todo += reached
        yield group


def read_ledger(path: Path) -> dict[str, str]:
    """The splits by id; nothing if there is no such file. Raises CuratorError with the line if it is damaged."""
    if not path.is_file():
        return {}
    ledger: dict[str, str] = {}
    try:
        lines = path.read_text("utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise CuratorError(f"{path}: cannot be read: {error}; get it from version control again") from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            key, split = str(row["id"]), row["split"]
        except (ValueError, TypeError, KeyError):
            raise CuratorError(f'{path}:{number}: no line like {{"id": "...", "split": "test"}}; mend it, or get the '
                               "file from version control again") from None  # fmt: skip
        if split not in SPLITS:
            raise CuratorError(f'{path}:{number}: unknown split "{split}"; use one of {", ".join(SPLITS)}')
        if ledger.setdefault(key, split) != split:
            # two branches placed it, and were merged: what one of them has trained on is no test any more
            ledger[key] = min(ledger[key], split, key=SPLITS.index)
    return ledger


def ledger_rows(ledger: Mapping[str, str]) -> list[dict[str, str]]:
    """The lines of a ledger: one for each id, sorted, so that versions differ only where something was added."""
    return [{"id": key, "split": ledger[key]} for key in sorted(ledger)]


def _join(splits: dict[str, str], near: Mapping[str, set[str]]) -> dict[str, tuple[str, ...]]:
    """Give new documents the split of those they are near to, over any number of links; return those with two."""
    bridges: dict[str, tuple[str, ...]] = {}
    reached = {other for key in splits for other in near[key]} - set(splits)
    while reached:
        further = set()
        for key in sorted(reached):
            partners = {splits[other]: other for other in sorted(near[key], reverse=True) if other in splits}
            if len(partners) > 1:
                bridges[key] = tuple(partners[split] for split in SPLITS if split in partners)
            else:
                splits[key] = next(iter(partners))
                further |= near[key]
        reached = further - set(splits) - set(bridges)
    return bridges


def _shortest(counts: Mapping[str, Counter[str]], groups: Sequence[str], shares: Mapping[str, float]) -> str:
    """The split that one more cluster of these groups goes to; the first of them is its stratum.

    Only a split that the stratum has not filled is asked; one that the stratum is a whole cluster short of comes first;
    among several the one that stratum, wider groups and whole together are shortest of.
    """
    short = {
        split: [share * (counts[group].total() + 1) - counts[group][split] for group in (*groups, _WHOLE)]
        for split, share in shares.items()
    }
    open_ = [split for split in shares if short[split][0] > 1e-9]
    due = [split for split in open_ if short[split][0] >= 1 - 1e-9]
    return max(due or open_, key=lambda split: round(sum(short[split]), 9))


_WHOLE = ""  # no group has an empty name


def _count(counts: Mapping[str, Counter[str]], groups: Sequence[str], split: str) -> None:
    for group in (*groups, _WHOLE):
        counts[group][split] += 1


def _hash(key: str) -> bytes:
    """An order that has nothing to do with topics or names; the name after it, so that no two are equal."""
    return hashlib.sha256(f"split/{key}".encode()).digest() + key.encode()
