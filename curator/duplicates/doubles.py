"""`curator dedupe`: the near-duplicates and conflicts of a collection, and which documents can go.

Two passes over the collection: one compares all texts, the other fetches the few that turned out to matter.
Loads NumPy, with the join.
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from curator import variant
from curator.checks import check_examples
from curator.diagnostic import Diagnostic, Severity
from curator.duplicates.collection import Collection, Kind, Record
from curator.duplicates.conflicts import Conflict, Questions, conflicts
from curator.judge.compiler import CompilerChoice, Source, Status, judge, judge_name
from curator.similarity import passage, stars
from curator.similarity.passage import Passage
from curator.similarity.stars import Cluster, Removal, Standing

Progress = Callable[[str, int, int | None], None]
Engine = Literal["exact", "lsh", "dask"]


@dataclass(frozen=True)
class Options:
    """How near-duplicates are looked for. `threshold` is a Jaccard similarity; `jobs` 0 means all processors.

    `scheduler` and `shared` are for the engine "dask": see `curator.similarity.cluster`.
    """

    threshold: float = 0.7
    engine: Engine = "exact"
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
    records = {d: r for d, r in enumerate(collection.records()) if d in wanted} if wanted else {}
    disputed = conflicts(list(records.values()), options.threshold)
    clusters = _clusters(collection, pairs, copies, records, disputed, options.compiler)
    by_key = {record.key: record for record in records.values()}
    passages = {
        r.key: passage.longest(by_key[r.key].text, by_key[r.partner].text) for c in clusters for r in c.removals
    }
    return Doubles(
        collection.kind, first.documents, first.empty, found.candidates, tuple(clusters), tuple(disputed), passages,
        tuple(collection.bad), judge_name(options.compiler), options,
    )  # fmt: skip


def _compared(texts: Iterator[str], options: Options, progress: Progress | None) -> Any:
    """The pairs of texts, by the engine that was chosen: a `join.Pairs`."""
    from curator.similarity import join  # NumPy, 120 ms

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
        """All texts but those that are there already, letter for letter."""
        seen: dict[bytes, int] = {}
        for document, record in enumerate(self._collection.records()):
            self.documents += 1
            self.questions.add(document, record)
            self.empty += not record.text.strip()
            digest = hashlib.blake2b(record.text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
            first = seen.setdefault(digest, document)
            if first != document and record.text.strip():
                self._same_as[document] = first
            elif first == document:
                self.unique.append(document)
                yield record.text

    def copies(self) -> dict[int, int]:
        """Of each document that is a copy of another, letter for letter, the first of them."""
        return self._same_as


def _clusters(
    collection: Collection,
    pairs: Sequence[tuple[int, int, float]],
    copies: Mapping[int, int],
    records: Mapping[int, Record],
    disputed: Sequence[Conflict],
    compiler: CompilerChoice,
) -> list[Cluster]:
    """The clusters of all documents. Of copies the best one takes part in the comparison, for all of them."""
    members = sorted({d for a, b, _ in pairs for d in (a, b)} | set(copies) | set(copies.values()))
    standings = _standings(collection, [records[d] for d in members], compiler)
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


def _standings(collection: Collection, records: Sequence[Record], compiler: CompilerChoice) -> dict[str, Standing]:
    verdicts = _verdicts(records, compiler)
    return {r.key: Standing(verdicts[r.key], r.richness, collection.age_of(r)) for r in records}


def _verdicts(records: Sequence[Record], compiler: CompilerChoice) -> dict[str, int]:
    """`Standing.verdict` of each document: of examples by all their checks, of others by their programs alone."""
    good = 0 if judge_name(compiler).startswith("bbjcpl") else 1
    examples = [record.example for record in records if record.example]
    bad = {d.path for d in check_examples(examples, compiler) if d.severity is Severity.ERROR} if examples else set()
    sources = [Source(record.key, program) for record in records for program in record.programs]
    worst: dict[str, int] = {}
    for source, verdict in zip(sources, judge(sources, compiler) if sources else (), strict=True):
        rank = {Status.ACCEPTED: good, Status.REJECTED: 3}.get(verdict.status, 2)
        worst[source.path] = max(rank, worst.get(source.path, 0))
    return {
        r.key: (3 if r.key in bad else 2 if compiler == "none" else good) if r.example else worst.get(r.key, 2)
        for r in records
    }
