"""The join: every pair, and only those, against brute force over strings; compiled kernels and NumPy alike."""

import random
from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from curator.errors import CuratorError
from curator.similarity import join, sets, shingles, twins
from curator.similarity.native import library

TOKENS = st.sampled_from(["a", "b", "c", "print", "PRINT", "x_1", "größe", "İ", "\ud800", "語", "'", "\n"])
TEXTS = st.lists(st.lists(TOKENS, max_size=12).map(" ".join), max_size=14)
Answer = list[tuple[int, int, float]]


@pytest.fixture(params=["compiled", "numpy"], autouse=True)
def kernels(request, monkeypatch):
    """Every test twice. Where nothing was compiled, the first time is the second one."""
    library.load.cache_clear()
    if request.param == "numpy":
        monkeypatch.setenv("CURATOR_NATIVE", "0")
    yield request.param
    library.load.cache_clear()


def brute_force(texts: list[str], threshold: float) -> Answer:
    made = [shingles.of(text) for text in texts]
    found = ((i, j, shingles.jaccard(made[i], made[j])) for i, j in combinations(range(len(texts)), 2))
    return [pair for pair in found if pair[2] >= threshold]


def answer(texts: list[str], threshold: float, **options) -> Answer:
    found = join.pairs(texts, threshold, **options)
    return list(zip(found.a.tolist(), found.b.tolist(), found.jaccard.tolist(), strict=True))


def programs(count: int, seed: int = 7) -> list[str]:
    """Seeded documents of 40 words with a common beginning, half of them copies with a few words changed."""
    rng = random.Random(seed)
    made: list[str] = []
    for number in range(count):
        if number % 2:
            words = rng.choice(made).split()
            for _ in range(rng.randrange(6)):
                words[rng.randrange(len(words))] = f"w{rng.randrange(900)}"
        else:
            words = ["rem", "this", "header", "stands", "in", "every", "program", "of", "ours"]
            words += [f"w{rng.randrange(900)}" for _ in range(rng.randrange(20, 60))]
        made.append(" ".join(words))
    return made


def test_shingles_are_runs_of_five_lower_case_tokens():
    assert shingles.of("PRINT a$, b$ : Print c d") == {"print a b print c", "a b print c d"}
    assert shingles.of("one two") == {"one two"}
    assert shingles.of(" ;;") == frozenset() and not shingles.has_tokens(" ;;")


@settings(max_examples=60, deadline=None)
@given(TEXTS, st.sampled_from([0.05, 0.3, 0.5, 0.7, 0.75, 0.9, 1.0]))
@example(["a b c d e f g", "a b c d e f g", "", "A B c d e f g h"], 0.75)
@example(["a", "a", "b"], 1.0)
def test_any_texts_give_what_brute_force_gives(texts, threshold):
    assert answer(texts, threshold, jobs=1) == brute_force(texts, threshold)


@pytest.mark.parametrize("threshold", [0.2, 0.5, 0.7, 0.9])
def test_programs_with_edited_copies_give_what_brute_force_gives(threshold):
    texts = programs(150)
    expected = brute_force(texts, threshold)
    assert len(expected) > 10
    assert answer(texts, threshold) == expected


def test_the_number_of_threads_changes_nothing():
    texts = programs(200)
    assert join.pairs(texts, 0.6, jobs=1).candidates == join.pairs(texts, 0.6, jobs=5).candidates
    assert answer(texts, 0.6, jobs=1) == answer(texts, 0.6, jobs=2) == answer(texts, 0.6, jobs=5)


@pytest.mark.parametrize("engine", ["exact", "lsh"])
def test_the_order_of_the_texts_changes_only_their_numbers(engine):
    texts = programs(100)
    places = list(range(100))
    random.Random(3).shuffle(places)
    shuffled = [texts[place] for place in places]
    back = sorted((*sorted((places[a], places[b])), s) for a, b, s in answer(shuffled, 0.6, engine=engine))
    assert back == answer(texts, 0.6, engine=engine)


def test_texts_are_read_once_and_may_come_from_a_generator():
    texts = programs(50)
    assert answer((text for text in texts), 0.7) == brute_force(texts, 0.7)


def test_a_thousand_copies_of_a_text_are_all_paired_without_being_compared():
    found = join.pairs([programs(1)[0]] * 1000 + programs(40), 0.7)
    assert len(found) >= 1000 * 999 // 2
    assert found.candidates < 1000


def test_too_many_pairs_are_an_error_that_says_so():
    with pytest.raises(CuratorError, match="more than 1,000 pairs"):
        join.pairs(["the same five words again"] * 100, 0.7, most=1000)
    with pytest.raises(CuratorError, match="more than 10 pairs"):
        join.pairs(programs(100), 0.3, most=10)


@pytest.mark.parametrize("threshold", [0, -1, 1.01, float("nan")])
def test_a_threshold_that_makes_no_sense_is_an_error(threshold):
    with pytest.raises(CuratorError, match="threshold"):
        join.pairs(["a"], threshold)


@pytest.mark.parametrize("texts", [[], [""], ["", ""], ["a"], [" ;; ", "\ud800"], ["x", ""]])
def test_texts_with_nothing_to_compare_pair_with_nothing(texts):
    assert answer(texts, 0.1) == answer(texts, 0.1, engine="lsh") == []


def test_one_huge_text_among_small_ones(kernels):
    rng = random.Random(1)
    huge = " ".join(f"w{rng.randrange(10**6)}" for _ in range(200_000 if kernels == "compiled" else 20_000))
    texts = ["small text of a few words", huge, huge + " and an end", "Small text of a few words!"]
    assert [(a, b) for a, b, _ in answer(texts, 0.7)] == [(0, 3), (1, 2)]
    repeated = "print a, b, c, d, e, " * 50_000
    assert answer([repeated, repeated + " end"], 0.5) == brute_force([repeated, repeated + " end"], 0.5)


def test_sets_with_the_same_sum_of_hashes_are_not_taken_for_copies():
    made = sets.of_hashes([[1, 8], [2, 7], [1, 8], [], []])
    assert twins.found(made).copies.tolist() == [0, 0, 1, 1, 1]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 3), min_size=1, max_size=12), st.randoms())
def test_groups_of_copies_stand_for_all_their_pairs(kinds, rng):
    made = twins.found(sets.of_hashes([[5 * kind + 1, 5 * kind + 3] for kind in kinds]))
    within = {tuple(sorted(p)) for p in zip(*(side.tolist() for side in made.pairs()), strict=True)}
    assert within == {(i, j) for i, j in combinations(range(len(kinds)), 2) if kinds[i] == kinds[j]}
    firsts = np.flatnonzero(made.copies == 0)
    left, right, _ = made.between(firsts[:-1], firsts[1:])
    assert len(left) == made.count_between(firsts[:-1], firsts[1:])
    expected = {(i, j) for a, b in pairwise(firsts) for i in range(len(kinds))
                for j in range(len(kinds)) if kinds[i] == kinds[a] and kinds[j] == kinds[b]}  # fmt: skip
    assert set(zip(left.tolist(), right.tolist(), strict=True)) == expected


def test_progress_is_told_and_ends_at_the_end():
    told: list[tuple[str, int, int | None]] = []
    join.pairs(programs(60), 0.7, progress=lambda *step: told.append(step))
    assert told[0] == ("read and shingled", 60, None)
    stage, done, total = told[-1]
    assert stage == "compared" and done == total
