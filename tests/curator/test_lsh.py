"""MinHash signatures are datasketch's to the bit, and what they propose is checked exactly."""

import doctest
from pathlib import Path

import pytest
from datasketch import MinHash, MinHashLSH
from hypothesis import given, settings
from hypothesis import strategies as st

from curator.similarity import join, lsh, sets, shingles
from curator.similarity.native import library
from tests.curator.test_join import answer, brute_force, programs


@pytest.fixture(params=["compiled", "numpy"], autouse=True)
def kernels(request, monkeypatch):
    """Every test twice. Where nothing was compiled, the first time is the second one."""
    library.load.cache_clear()
    if request.param == "numpy":
        monkeypatch.setenv("CURATOR_NATIVE", "0")
    yield
    library.load.cache_clear()


def theirs(text: str) -> MinHash:
    made = MinHash(num_perm=lsh.PERMUTATIONS, scheme="affine32", seed=lsh.SEED, hashfunc=shingles.hash32)
    made.update_batch([shingle.encode() for shingle in shingles.of(text)])
    return made


def test_what_the_page_on_near_duplicates_shows_is_what_comes_out():
    page = Path(__file__).parents[2] / "docs" / "dedupe.md"
    assert doctest.testfile(str(page), module_relative=False, encoding="utf-8").failed == 0


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text("ab cÄ\n_9", max_size=60), min_size=1, max_size=5))
def test_signatures_are_those_of_datasketch(texts):
    signed = lsh.signatures(sets.of_texts(texts, 1))
    for text, signature in zip(texts, signed, strict=True):
        assert signature.tolist() == theirs(text).hashvalues.tolist()


def test_long_texts_are_signed_alike():
    text = " ".join(f"w{n * n % 1009}" for n in range(3000))
    assert lsh.signatures(sets.of_texts([text]))[0].tolist() == theirs(text).hashvalues.tolist()


def test_a_signature_can_be_stored_in_and_asked_of_a_datasketch_index():
    texts = programs(40)
    index = MinHashLSH(num_perm=lsh.PERMUTATIONS, params=(lsh.BANDS, lsh.ROWS))
    for number, row in enumerate(lsh.signatures(sets.of_texts(texts))):
        index.insert(number, MinHash(num_perm=lsh.PERMUTATIONS, seed=lsh.SEED, hashvalues=row, scheme="affine32"))
    for a, b, similarity in brute_force(texts, 0.7):
        assert b in index.query(theirs(texts[a])) or similarity < 0.75


def test_the_engine_finds_what_the_exact_one_finds_and_nothing_else():
    texts = programs(300)
    exact = answer(texts, 0.7)
    assert len(exact) > 30
    found = answer(texts, 0.7, engine="lsh")
    assert set(found) <= set(exact)
    assert len(found) >= 0.99 * len(exact)


def test_candidates_are_the_pairs_that_agree_in_a_band():
    texts = list(dict.fromkeys(programs(120)))  # copies are not compared
    signed = lsh.signatures(sets.of_texts(texts)).reshape(len(texts), lsh.BANDS, lsh.ROWS)
    agreeing = sum((signed[i] == signed[j]).all(axis=1).any() for i in range(len(texts)) for j in range(i))
    distinct = {shingles.of(text) for text in texts}
    assert len(distinct) == len(texts)
    assert join.pairs(texts, 0.7, engine="lsh").candidates == agreeing
