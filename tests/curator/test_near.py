"""Near-duplicates: exact against brute force, clusters that are justified."""

import random

from curator.duplicates import dedupe
from curator.similarity import shingles

WORDS = ["open", "close", "read", "write", "print", "input", "key", "record", "channel", "mask", "date", "total",
         "customer", "order", "invoice", "stock"]  # fmt: skip


def texts(count: int, seed: int = 7) -> dict[str, str]:
    """Seeded documents of 40 words, half of them copies of an earlier one with a few words changed."""
    rng = random.Random(seed)
    made: dict[str, str] = {}
    for number in range(count):
        if number % 2 and made:
            words = made[rng.choice(sorted(made))].split()
            for _ in range(rng.randrange(4)):
                words[rng.randrange(len(words))] = rng.choice(WORDS) + str(rng.randrange(50))
        else:
            words = [rng.choice(WORDS) + str(rng.randrange(50)) for _ in range(40)]
        made[f"d{number:03}"] = " ".join(words)
    return made


def documents(made: dict[str, str]) -> list[dedupe.Document]:
    return [dedupe.Document(key, shingles.of(text), richness=len(text)) for key, text in made.items()]


def test_shingles_are_runs_of_five_lower_case_tokens():
    assert shingles.of("PRINT a$, b$ : Print c d") == {"print a b print c", "a b print c d"}
    assert shingles.of("one two") == {"one two"}
    assert shingles.of(" ;;") == frozenset()


def test_all_pairs_are_found_and_exactly_those():
    docs = documents(texts(120))
    brute = {
        (a.key, b.key)
        for i, a in enumerate(docs)
        for b in docs[i + 1 :]
        if shingles.jaccard(a.shingles, b.shingles) >= 0.7
    }
    assert len(brute) > 20
    assert {(p.a, p.b) for p in dedupe.pairs(docs, 0.7)} == brute


def test_every_removal_is_similar_to_a_kept_document():
    docs = documents(texts(120))
    sets = {d.key: d.shingles for d in docs}
    for cluster in dedupe.clusters(docs):
        assert sorted([*cluster.kept, *(r.key for r in cluster.removals)]) == sorted(cluster.members)
        for removal in cluster.removals:
            assert removal.partner in cluster.kept
            assert removal.similarity == shingles.jaccard(sets[removal.key], sets[removal.partner]) >= 0.7


def test_the_valid_one_is_kept_then_the_richer_one():
    same = shingles.of(" ".join(WORDS))
    (cluster,) = dedupe.clusters(
        [dedupe.Document("a", same, valid=False, richness=9), dedupe.Document("b", same, richness=1),
         dedupe.Document("c", same, richness=5)]
    )  # fmt: skip
    assert cluster.kept == ("c",)
    assert [(r.key, r.why) for r in cluster.removals] == [
        ("b", "the other one says more"), ("a", "the other one passes the checks"),
    ]  # fmt: skip


def test_documents_without_tokens_pair_with_nothing():
    assert dedupe.clusters([dedupe.Document("a", frozenset()), dedupe.Document("b", frozenset())]) == []
