"""Which of many near-duplicates to keep, and why: every document that can go is directly similar to one that stays.

What hangs together over any number of pairs is one cluster. That is what must not be split between training and test;
but as a rule for removal it would take documents that are similar to nothing that stays. So within a cluster the best
document is kept, whatever is similar to it can go, and so on with the best of the rest: a star around each kept one.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)  # there can be millions
class Pair:
    """Two near-duplicates, `a` before `b`, and their Jaccard similarity (0 to 1)."""

    a: str
    b: str
    similarity: float


def pair(a: str, b: str, similarity: float) -> Pair:
    """The pair of two keys in either order."""
    return Pair(min(a, b), max(a, b), similarity)


@dataclass(frozen=True)
class Standing:
    """What decides which of two documents is kept, in this order; of what is equal the first by key.

    `verdict`: 0 accepted by bbjcpl, 1 passes the checks, 2 not checked, 3 fails them. `richness`: tokens of explanation
    (more is better). `age`: an order in time, smaller is older: seconds, or the line of a row.
    """

    verdict: int = 1
    richness: int = 0
    age: int = 0


@dataclass(frozen=True)
class Removal:
    """A document that can go, the kept one it is similar to, and the reason."""

    key: str
    partner: str
    similarity: float
    why: str


@dataclass(frozen=True)
class Cluster:
    """Documents that hang together by pairs. Every member is either kept or has a removal."""

    members: tuple[str, ...]
    pairs: tuple[Pair, ...]
    kept: tuple[str, ...]
    removals: tuple[Removal, ...]


def clusters(
    pairs: Iterable[Pair], standings: Mapping[str, Standing], conflicts: Collection[tuple[str, str]] = ()
) -> list[Cluster]:
    """The clusters that pairs make, largest first.

    `conflicts` are pairs of keys (the smaller first) of which neither may go for the other's sake: both are kept, or
    one of them goes for a third.
    """
    found = sorted(pairs, key=lambda p: (-p.similarity, p.a, p.b))
    near: dict[str, dict[str, float]] = defaultdict(dict)
    for pair in found:
        near[pair.a][pair.b] = near[pair.b][pair.a] = pair.similarity
    cluster_of = {key: number for number, group in enumerate(_connected(near)) for key in group}
    pairs_of: dict[int, list[Pair]] = defaultdict(list)
    for pair in found:
        pairs_of[cluster_of[pair.a]].append(pair)
    made = []
    for inside in pairs_of.values():
        members = tuple(sorted({key for pair in inside for key in (pair.a, pair.b)}))
        made.append(Cluster(members, tuple(inside), *_star(members, standings, near, frozenset(conflicts))))
    return sorted(made, key=lambda c: (-len(c.members), c.members))


def _connected(near: Mapping[str, Mapping[str, float]]) -> list[set[str]]:
    groups: list[set[str]] = []
    seen: set[str] = set()
    for start in near:
        if start in seen:
            continue
        group: set[str] = set()
        todo = [start]
        while todo:
            key = todo.pop()
            if key not in group:
                group.add(key)
                todo.extend(near[key])
        seen |= group
        groups.append(group)
    return groups


def _star(
    group: Sequence[str],
    standings: Mapping[str, Standing],
    near: Mapping[str, Mapping[str, float]],
    conflicts: frozenset[tuple[str, str]],
) -> tuple[tuple[str, ...], tuple[Removal, ...]]:
    """Best first, keep what is similar to nothing kept so far, and remove the rest for the most similar kept one."""
    kept: dict[str, None] = {}
    removals = []
    for key in sorted(group, key=lambda k: rank(k, standings[k])):
        partners = [o for o in near[key] if o in kept and (min(o, key), max(o, key)) not in conflicts]
        if not partners:
            kept[key] = None
            continue
        partner = min(partners, key=lambda other: (-near[key][other], other))
        why = reason(standings[partner], standings[key])
        removals.append(Removal(key, partner, near[key][partner], why))
    return tuple(kept), tuple(removals)


def rank(key: str, standing: Standing) -> tuple[int, int, int, str]:
    """What documents are sorted by, the best one first."""
    return standing.verdict, -standing.richness, standing.age, key


def reason(kept: Standing, removed: Standing) -> str:
    """In words, why the one is kept rather than the other."""
    if kept.verdict != removed.verdict:
        if kept.verdict == 0:
            return "bbjcpl accepted the other one"
        return "the other one passes the checks" if kept.verdict == 1 else "this one fails the checks"
    if kept.richness != removed.richness:
        return "the other one says more"
    return "the other one is older" if kept.age != removed.age else "the other one comes first by name"
