"""The join in stages gives the pairs of the local one, on one process and on a real Dask cluster."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curator.errors import CuratorError
from curator.similarity import cluster, join


def documents(count: int, seed: int = 3) -> list[str]:
    """Seeded texts: some copies, some edited copies, some empty, some not ASCII."""
    rng = random.Random(seed)
    made: list[str] = []
    for _ in range(count):
        kind = rng.random()
        words = made[rng.randrange(len(made))].split() if made and kind < 0.5 else []
        if kind < 0.4 and words:
            words[rng.randrange(len(words))] = f"w{rng.randrange(99)}"
        elif kind > 0.95:
            words = ["ÄÖÜ", "naïve"] * rng.randrange(3)
        elif not words:
            words = [f"w{rng.randrange(60)}" for _ in range(rng.randrange(3, 60))]
        made.append(" ".join(words))
    return made


def same(a: join.Pairs, b: join.Pairs) -> bool:
    return all(np.array_equal(getattr(a, name), getattr(b, name)) for name in ("a", "b", "jaccard"))


@pytest.mark.parametrize("threshold", [0.3, 0.7, 1.0])
@pytest.mark.parametrize(("shard", "ranges"), [(37, 4), (1000, 1)])
def test_stages_give_the_same_pairs_as_the_local_join(threshold, shard, ranges):
    texts = documents(300)
    local = join.pairs(texts, threshold)
    assert len(local) > 20
    assert same(cluster.pairs(texts, threshold, cluster.here, shard=shard, ranges=ranges), local)


@given(st.lists(st.text("ab ", max_size=20), max_size=12), st.sampled_from([0.2, 0.5, 0.9]))
@settings(max_examples=40, deadline=None)
def test_any_texts_give_the_same_pairs(texts, threshold):
    made = cluster.pairs(texts, threshold, cluster.here, shard=3, ranges=2)
    assert same(made, join.pairs(texts, threshold))


def test_a_dask_cluster_gives_the_same_pairs_and_leaves_no_file(tmp_path):
    pytest.importorskip("distributed")
    texts = documents(200)
    with cluster.dask(workers=2) as run:
        made = cluster.pairs(texts, 0.7, run, shared=tmp_path / "shared", shard=60, ranges=4)
    assert same(made, join.pairs(texts, 0.7))
    assert not list((tmp_path / "shared").iterdir())


def test_too_many_pairs_are_an_error_here_too():
    with pytest.raises(CuratorError, match="more than 1,000 pairs"):
        cluster.pairs(["the same five words again"] * 100, 0.7, cluster.here, most=1000)


def test_a_shared_folder_that_cannot_be_made_is_an_error_with_a_cure(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CuratorError, match="name another folder with --shared"):
        cluster.pairs(["a"], 0.7, cluster.here, shared=tmp_path / "file" / "shared")


def test_a_scheduler_that_is_not_there_is_an_error_with_a_cure(monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr(cluster, "_ANSWER_S", 1.0)
    with pytest.raises(CuratorError, match="no Dask scheduler answers"), cluster.dask("tcp://127.0.0.1:9"):
        pass
