"""The exact join in stages that exchange files, so that each can run on any machine that sees the folder. Loads NumPy.

A shard is a part of the documents, a range a part of all hash values. What a stage does with one shard or one range
needs no other stage's memory:

    spread   shard   texts -> sets of shingle hashes; which hashes it has, by range
    count    range   in how many documents each hash stands
    prefix   shard   the rarest hashes of each document, by range; whoever can have no partner drops out
    meet     range   pairs of documents that share one of these, by shard
    verify   shard   how much they share, exactly

Every stage writes whole files under their final names last, and gives the same files again if it is repeated.
"""

import hashlib
import itertools
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from curator.similarity import kernels, sets
from curator.similarity.exact import least
from curator.similarity.sets import Sets

Numbers = NDArray[np.int64]
# Documents whose sets are gathered for verification at a time.
_BLOCK = 100_000


@dataclass(frozen=True)
class Plan:
    """What all stages know: `firsts[s]` is the number of the first document of shard s, and one number more."""

    threshold: float
    firsts: tuple[int, ...]
    ranges: int

    @property
    def shards(self) -> int:
        """How many shards there are."""
        return len(self.firsts) - 1


def save_plan(folder: Path, plan: Plan) -> None:
    """Write the plan where the stages look for it."""
    (folder / "plan.json").write_text(json.dumps(asdict(plan)), encoding="utf-8")


def load_plan(folder: Path) -> Plan:
    """The plan of a folder."""
    value = json.loads((folder / "plan.json").read_text("utf-8"))
    return Plan(value["threshold"], tuple(value["firsts"]), value["ranges"])


def write_texts(folder: Path, shard: int, texts: list[str]) -> None:
    """The documents of a shard, one JSON string a line."""
    with (folder / f"texts-{shard}.jsonl").open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(json.dumps(text) + "\n" for text in texts)


def shingle(folder: Path, shard: int) -> int:
    """Makes the sets of a shard, and of each set a digest by which the same ones are found."""
    made = sets.of_texts(_texts(folder, shard), jobs=1)
    digests = b"".join(hashlib.blake2b(made[d].tobytes(), digest_size=16).digest() for d in range(len(made)))
    _save(folder, f"hashes-{shard}", made.hashes)
    _save(folder, f"starts-{shard}", made.starts)
    _save(folder, f"digests-{shard}", np.frombuffer(digests, np.uint64).reshape(-1, 2))
    return len(made)


def find_copies(folder: Path) -> tuple[Numbers, Numbers]:
    """Of each document the first one with the same set, and its size; written for the stages. Runs in one place."""
    plan = load_plan(folder)
    digests = np.concatenate([_load(folder, f"digests-{s}") for s in range(plan.shards)])
    sizes = np.concatenate([np.diff(_load(folder, f"starts-{s}")) for s in range(plan.shards)])
    order = np.lexsort((digests[:, 1], digests[:, 0]))
    new = np.ones(len(order), bool)
    new[1:] = (digests[order][1:] != digests[order][:-1]).any(axis=1)
    first = np.empty(len(order), np.int64)
    first[order] = order[np.maximum.accumulate(np.where(new, np.arange(len(order)), 0))]
    _save(folder, "first", first)
    return first, sizes


def spread(folder: Path, shard: int) -> int:
    """Writes the hashes of a shard by range, each with its document. Copies and empty documents stay out."""
    plan = load_plan(folder)
    made = _sets(folder, shard)
    documents = np.repeat(np.arange(len(made), dtype=np.uint32), made.sizes)
    alone = _load(folder, "first")[plan.firsts[shard] : plan.firsts[shard + 1]] == np.arange(*_span(plan, shard))
    chosen = alone[documents]
    hashes, documents = np.asarray(made.hashes)[chosen], documents[chosen]
    order = np.argsort(hashes, kind="stable")
    hashes, documents = hashes[order], documents[order]
    for r, part in enumerate(_by_range(hashes, plan.ranges)):
        _save(folder, f"keys-{r}-{shard}", hashes[part])
        _save(folder, f"holders-{r}-{shard}", documents[part])
    return len(hashes)


def count(folder: Path, r: int) -> int:
    """Writes in how many documents each hash of a range stands, beside the hashes of each shard."""
    plan = load_plan(folder)
    keys = [_load(folder, f"keys-{r}-{s}") for s in range(plan.shards)]
    values, counts = np.unique(np.concatenate(keys), return_counts=True)
    for s, part in enumerate(keys):
        _save(folder, f"counts-{r}-{s}", counts[np.searchsorted(values, part)].astype(np.uint32))
    return len(values)


def prefix(folder: Path, shard: int) -> int:
    """Writes the prefixes of a shard's documents by range: hash, document, size, place in the order of rarity."""
    plan = load_plan(folder)
    hashes, holders, counts = (
        np.concatenate([_load(folder, f"{name}-{r}-{shard}") for r in range(plan.ranges)])
        for name in ("keys", "holders", "counts")
    )
    sizes = _sets(folder, shard).sizes
    shared = counts > 1
    hashes, holders, counts = hashes[shared], holders[shared].astype(np.int64), counts[shared]
    left = np.bincount(holders, minlength=len(sizes))
    stays = (left >= least(sizes, plan.threshold))[holders]
    hashes, holders, counts = hashes[stays], holders[stays], counts[stays]
    order = np.lexsort((hashes, counts, holders))
    hashes, holders = hashes[order], holders[order]
    begins = np.searchsorted(holders, holders)
    # in front of what is shared, each document has what stands in no other one
    places = np.arange(len(holders)) - begins + (sizes - left)[holders]
    looks = places <= (sizes - least(sizes, plan.threshold))[holders]
    hashes, holders, places = hashes[looks], holders[looks], places[looks]
    order = np.argsort(hashes, kind="stable")
    hashes, holders, places = hashes[order], holders[order], places[order]
    rows = np.stack([holders + plan.firsts[shard], sizes[holders], places], axis=1)
    for r, part in enumerate(_by_range(hashes, plan.ranges)):
        _save(folder, f"prefix-{r}-{shard}", hashes[part])
        _save(folder, f"places-{r}-{shard}", rows[part])
    return len(hashes)


def meet(folder: Path, r: int) -> int:
    """Writes the pairs of documents that share a prefix hash of a range, by the shard of the first document.

    Sizes and places rule out most pairs. The bound by places holds at the first hash that two documents share, so a
    pair that is similar enough is written at least there.
    """
    plan = load_plan(folder)
    hashes = np.concatenate([_load(folder, f"prefix-{r}-{s}") for s in range(plan.shards)])
    rows = np.concatenate([_load(folder, f"places-{r}-{s}") for s in range(plan.shards)])
    order = np.lexsort((rows[:, 0], rows[:, 1], hashes))
    hashes, (documents, sizes, places) = hashes[order], rows[order].T
    found = [np.zeros((0, 2), np.int64)]
    at, step = np.arange(len(hashes)), 1
    while len(at := at[at + step < len(hashes)]):
        at = at[hashes[at] == hashes[at + step]]
        other = at + step
        small, large = sizes[at], sizes[other]
        together = np.ceil(plan.threshold / (1 + plan.threshold) * (small + large) - 1e-6)
        good = (small >= plan.threshold * large - 1e-6) & (
            np.minimum(small - places[at], large - places[other]) >= together
        )
        at = at[small >= plan.threshold * large - 1e-6]  # sizes ascend: no later one fits either
        pairs = np.stack([documents[other - step][good], documents[other][good]], axis=1)
        found.append(np.sort(pairs, axis=1))
        step += 1
    unique = np.unique(np.concatenate(found), axis=0)
    bounds = np.searchsorted(unique[:, 0], plan.firsts)
    for s, (begin, end) in enumerate(itertools.pairwise(bounds)):
        _save(folder, f"pairs-{r}-{s}", unique[begin:end])
    return len(unique)


def verify(folder: Path, shard: int) -> int:
    """Writes the pairs of a shard that are similar enough, with the number of shingles they share."""
    plan = load_plan(folder)
    pairs = np.unique(np.concatenate([_load(folder, f"pairs-{r}-{shard}") for r in range(plan.ranges)]), axis=0)
    batches = [_sets(folder, s) for s in range(plan.shards)]
    kept = [np.zeros((0, 3), np.int64)]
    for block in np.array_split(pairs, len(pairs) // _BLOCK + 1):
        documents, places = np.unique(block, return_inverse=True)
        places = places.reshape(block.shape)
        made = _gathered(batches, plan, documents)
        a, b = np.ascontiguousarray(places[:, 0]), np.ascontiguousarray(places[:, 1])
        common = kernels.shared(made.hashes, made.starts, a, b)
        similar = common / (made.sizes[a] + made.sizes[b] - common) >= plan.threshold
        kept.append(np.column_stack([block, common])[similar])
    _save(folder, f"found-{shard}", np.concatenate(kept))
    return len(pairs)


def found(folder: Path) -> Numbers:
    """All pairs that were verified: two documents and the shingles they share, a row each."""
    plan = load_plan(folder)
    return np.concatenate([_load(folder, f"found-{s}") for s in range(plan.shards)])


def _texts(folder: Path, shard: int) -> Iterator[str]:
    with (folder / f"texts-{shard}.jsonl").open(encoding="utf-8") as file:
        yield from map(json.loads, file)


def _sets(folder: Path, shard: int) -> Sets:
    return Sets(_load(folder, f"hashes-{shard}"), _load(folder, f"starts-{shard}"))


def _gathered(shards: list[Sets], plan: Plan, documents: Numbers) -> Sets:
    """The sets of some documents, copied from the shards they are in."""
    where = np.searchsorted(plan.firsts, documents, side="right") - 1
    parts = [shards[s][d - plan.firsts[s]] for s, d in zip(where.tolist(), documents.tolist(), strict=True)]
    return sets.of_hashes(parts)


def _span(plan: Plan, shard: int) -> tuple[int, int]:
    return plan.firsts[shard], plan.firsts[shard + 1]


def _by_range(hashes: NDArray[np.uint64], ranges: int) -> Iterator[slice]:
    """Where each range of hash values begins and ends among ascending hashes; `ranges` is a power of two."""
    bits = ranges.bit_length() - 1
    numbers = (hashes >> np.uint64(64 - bits)).astype(np.int64) if bits else np.zeros(len(hashes), np.int64)
    bounds = np.searchsorted(numbers, np.arange(ranges + 1))
    return (slice(begin, end) for begin, end in itertools.pairwise(bounds))


def _save(folder: Path, name: str, array: np.ndarray) -> None:
    draft = folder / f".{name}.tmp.npy"
    np.save(draft, np.ascontiguousarray(array))
    draft.replace(folder / f"{name}.npy")


def _load(folder: Path, name: str) -> np.ndarray:
    return np.load(folder / f"{name}.npy", mmap_mode="r")
