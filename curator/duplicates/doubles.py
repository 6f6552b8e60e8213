"""`curator dedupe`: the near-duplicates and conflicts of a collection, and which documents can go.

Two passes over the collection: one compares all texts, the other fetches the few that turned out to matter.
Loads NumPy with the join, when it compares.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from curator import variant
from curator.diagnostic import Diagnostic
from curator.duplicates.collection import Collection, Kind, Record
from curator.duplicates.conflicts import Conflict, Questions, conflicts
from curator.duplicates.standing import standings
from curator.errors import CuratorError
from curator.judge.compiler import CompilerChoice, judge_name
from curator.near.answers import NEAR
from curator.progress import Progress
from curator.similarity import passage, shingles, stars
from curator.similarity.passage import Passage
from curator.similarity.stars import Cluster, Removal, Standing

if TYPE_CHECKING:  # it loads NumPy, 120 ms
    from curator.similarity import join

# Documents between two reports of progress.
_STEP = 1000


@dataclass(frozen=True)
class Options:
    """How near-duplicates are looked for. `threshold` is a Jaccard similarity; `jobs` 0 means all processors.

    `scheduler` and `shared` are for the engine "dask": see `curator.similarity.cluster`.
    """

    threshold: float = NEAR
    engine: "join.Engine | Literal['dask']" = "exact"
    jobs: int = 0
    scheduler: str = ""
    shared: Path | None = None
    compiler: CompilerChoice = "auto"


@dataclass(frozen=True)
class Doubles:
    """What was found. `passages`: of each removed document what it shares with its partner; `empty`: documents without
    tokens, which are similar to nothing; `compared`: pairs that were counted exactly; `judge` named the valid ones."""

    kind: Kind
    documents: int
    empty: int
    compared: int
    clusters: tuple[Cluster, ...]
    conflicts: tuple[Conflict, ...]
    passages: Mapping[str, Passage]
    bad: tuple[Diagnostic, ...]
    judge: str
    options: Options

    @property
    def removals(self) -> list[Removal]:
        """All documents that can go."""
        return [removal for cluster in self.clusters for removal in cluster.removals]

    def as_dict(self) -> dict[str, object]:
        """The report as JSON values."""
        clusters = [
            {
                "members": cluster.members,
                "kept": cluster.kept,
                "pairs": [asdict(pair) for pair in cluster.pairs],
                "removals": [asdict(r) | {"shared": asdict(self.passages[r.key])} for r in cluster.removals],
            }
            for cluster in self.clusters
        ]
        return {
            "kind": self.kind,
            "documents": self.documents,
            "empty": self.empty,
            "threshold": self.options.threshold,
            "engine": self.options.engine,
            "judge": self.judge,
            "clusters": clusters,
            "conflicts": [asdict(conflict) for conflict in self.conflicts],
            "unreadable": [d.as_dict() for d in self.bad],
        }


def find(collection: Collection, options: Options, progress: Progress | None = None) -> Doubles:
    """Compare all documents of a collection. Raises CuratorError if far too many are similar."""
    first = _FirstPass(collection)
    found = _compared(first.texts(), options, progress)
    pairs = [
        (first.unique[a], first.unique[b], similarity)
        for a, b, similarity in zip(found.a.tolist(), found.b.tolist(), found.jaccard.tolist(), strict=True)
    ]
    copies = first.copies()
    wanted = {d for a, b, _ in pairs for d in (a, b)} | set(copies) | set(copies.values()) | first.questions.suspects()
    records = _fetched(collection, wanted, first.documents, progress)
    disputed = conflicts(list(records.values()), options.threshold)
    members = sorted({d for a, b, _ in pairs for d in (a, b)} | set(copies) | set(copies.values()))
    decides = standings(collection, [records[d] for d in members], options.compiler, options.jobs, progress)
    clusters = _clusters(members, pairs, copies, records, disputed, decides)
    passages = _passages([r for c in clusters for r in c.removals], records, progress)
    return Doubles(
        collection.kind, first.documents, first.empty, found.candidates, tuple(clusters), tuple(disputed), passages,
        tuple(collection.bad), judge_name(options.compiler), options,
    )  # fmt: skip


def _compared(texts: Iterator[str], options: Options, progress: Progress | None) -> Any:
    """The pairs of texts, by the engine that was chosen: a `join.Pairs`."""
    from curator.similarity import join

    if options.engine != "dask":
        jobs = options.jobs or None
        return join.pairs(texts, options.threshold, jobs=jobs, engine=options.engine, progress=progress)
    from curator.similarity import cluster

    with cluster.dask(options.scheduler, options.jobs) as run:
        return cluster.pairs(texts, options.threshold, run, shared=options.shared, progress=progress)


class _FirstPass:
    """Hands on each text once. `unique`: of each text handed on, its document; `same_as`: of each copy, the first."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection
        self.unique: list[int] = []
        self.questions = Questions()
        self.documents = self.empty = 0
        self._same_as: dict[int, int] = {}

    def texts(self) -> Iterator[str]:
        """All texts but those that are there already, letter for letter. A variant that its author wants is no copy:
        whether it may go is decided for each pair that it makes."""
        seen: dict[bytes, int] = {}
        for document, record in enumerate(self._collection.records()):
            self.documents += 1
            self.questions.add(document, record)
            if not shingles.has_tokens(record.text):  # similar to nothing, not even to the same again
                self.empty += 1
                continue
            if not _is_variant(record):
                digest = hashlib.blake2b(record.text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
                first = seen.setdefault(digest, document)
                if first != document:
                    self._same_as[document] = first
                    continue
            self.unique.append(document)
            yield record.text

    def copies(self) -> dict[int, int]:
        """Of each document that is a copy of another, letter for letter, the first of them."""
        return self._same_as


def _is_variant(record: Record) -> bool:
    return record.example is not None and bool(variant.originals(record.example.meta))


def _fetched(collection: Collection, wanted: set[int], of: int, progress: Progress | None) -> dict[int, Record]:
    """The wanted documents by number, from a second pass."""
    found = {}
    for number, record in enumerate(collection.records() if wanted else ()):
        if number in wanted:
            found[number] = record
        if progress and (number + 1) % _STEP == 0:
            progress("fetched", number + 1, of)
    if len(found) < len(wanted):
        raise CuratorError(f"{collection.root}: files changed while they were compared; run it again")
    return found


def _passages(
    removals: Sequence[Removal], records: Mapping[int, Record], progress: Progress | None
) -> dict[str, Passage]:
    """What each removed document shares with its partner."""
    by_key = {record.key: record for record in records.values()}
    found = {}
    for number, removal in enumerate(removals, 1):
        found[removal.key] = passage.longest(by_key[removal.key].text, by_key[removal.partner].text)
        if progress and number % _STEP == 0:
            progress("passages", number, len(removals))
    return found


def _clusters(
    members: Sequence[int],
    pairs: Sequence[tuple[int, int, float]],
    copies: Mapping[int, int],
    records: Mapping[int, Record],
    disputed: Sequence[Conflict],
    standings: Mapping[str, Standing],
) -> list[Cluster]:
    """The clusters of all documents. Of copies the best one takes part in the comparison, for all of them."""
    groups: dict[int, list[str]] = defaultdict(list)
    for document in members:
        groups[copies.get(document, document)].append(records[document].key)
    best = {first: min(keys, key=lambda key: stars.rank(key, standings[key])) for first, keys in groups.items()}
    named = [stars.pair(best[a], best[b], similarity) for a, b, similarity in pairs]
    in_conflict = {pair for conflict in disputed for pair in conflict.pairs()}
    examples = {r.key: r.example for r in records.values() if r.example is not None}
    wanted = variant.wanted_pairs(((p.a, p.b) for p in named), examples)
    made = stars.clusters(named, standings, in_conflict | wanted)
    removed = {r.key: r for cluster in made for r in cluster.removals}
    others = {best[first]: [key for key in keys if key != best[first]] for first, keys in groups.items()}
    made = [_with_copies(cluster, others, removed, standings) for cluster in made]
    inside = {key for cluster in made for key in cluster.members}
    alone = [Cluster((key,), (), (key,), ()) for key, rest in others.items() if rest and key not in inside]
    made += [_with_copies(cluster, others, removed, standings) for cluster in alone]
    return sorted(made, key=lambda c: (-len(c.members), c.members))


def _with_copies(
    cluster: Cluster,
    others: Mapping[str, Sequence[str]],
    removed: Mapping[str, Removal],
    standings: Mapping[str, Standing],
) -> Cluster:
    """The cluster with the copies of its members, which go for the one that is kept."""
    pairs, removals, members = list(cluster.pairs), list(cluster.removals), list(cluster.members)
    for key in cluster.members:
        for copy in others[key]:
            goes = removed.get(key)
            partner, similarity = (goes.partner, goes.similarity) if goes else (key, 1.0)
            pairs.append(stars.pair(key, copy, 1.0))
            removals.append(Removal(copy, partner, similarity, stars.reason(standings[partner], standings[copy])))
            members.append(copy)
    return replace(cluster, members=tuple(sorted(members)), pairs=tuple(pairs), removals=tuple(removals))
