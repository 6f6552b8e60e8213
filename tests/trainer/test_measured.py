"""What evaluations measure: everything if it is little, else a fixed sample of whole rows."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.config import Stage
from trainer.measured import MIN_TOKENS, planned_steps, sample, tokens_to_measure

ROWS = st.lists(st.integers(1, 400), min_size=1, max_size=40)


def test_planned_steps_are_passes_over_the_rows_with_a_cap():
    assert planned_steps(Stage(epochs=1.5, batch_size=2, accumulation=2), 10) == 4
    assert planned_steps(Stage(epochs=100, max_steps=7), 10) == 7
    assert planned_steps(Stage(epochs=0.001), 10) == 1


def test_all_evaluations_together_take_their_share_of_what_is_trained_on():
    stage = Stage(epochs=2.0, evaluations=9, evaluation_share=0.1)
    assert tokens_to_measure(stage, tokens=1_000_000, rows=1000) == 20_000  # two passes, ten evaluations
    assert tokens_to_measure(replace(stage, max_steps=1000), tokens=1_000_000, rows=1000) == 10_000  # one pass


def test_a_short_stage_still_measures_enough_to_say_something():
    assert tokens_to_measure(Stage(max_steps=2), tokens=1_000_000, rows=1000) == MIN_TOKENS


def test_a_share_of_nothing_means_no_limit():
    assert tokens_to_measure(Stage(evaluation_share=0.0), 1000, 10) is None
    assert sample(["a", "b"], [10**9, 10**9], None) == [0, 1]


@given(ROWS, st.integers(1, 4000))
def test_a_sample_has_the_tokens_that_are_allowed_and_at_most_one_row_more(lengths, at_most):
    ids = [f"row-{n}" for n in range(len(lengths))]
    chosen = sample(ids, lengths, at_most)
    taken = sum(lengths[at] for at in chosen)
    assert chosen == sorted(set(chosen))
    assert taken >= min(at_most, sum(lengths)) and taken < at_most + max(lengths)


@given(ROWS, st.integers(1, 4000), st.randoms(use_true_random=False))
def test_the_sample_does_not_depend_on_the_order_of_the_rows(lengths, at_most, random):
    rows = [(f"row-{n}", length) for n, length in enumerate(lengths)]
    other = random.sample(rows, len(rows))
    first, second = (
        {made[at][0] for at in sample([key for key, _ in made], [length for _, length in made], at_most)}
        for made in (rows, other)
    )
    assert first == second


@pytest.mark.train
@pytest.mark.parametrize("name", ["stage1", "stage2"])
def test_a_large_validation_set_is_measured_by_a_sample_and_the_report_says_so(tmp_path, name):
    pytest.importorskip("torch")
    from tests.trainer import small
    from trainer.data import prepare, read_folder
    from trainer.model import load_tokenizer

    config = small.config(tmp_path)
    many = {"validation": small.rows(60, 100), "pretrain_validation": small.documents(60, 100)}
    folder = read_folder(Path(small.dataset(tmp_path / "many", **many)))
    data = prepare(config, folder, name, load_tokenizer(config))
    report = data.report["measured"]
    assert len(data.validation.rows) == data.report["validation"]["rows"] == 60
    assert report["rows"] == len(data.measured.rows) < 60
    assert report["tokens"] == sum(len(row.ids) for row in data.measured.tokens) >= MIN_TOKENS
    lengths = [len(row.ids) for row in data.measured.tokens]
    assert lengths == sorted(lengths)
    whole = replace(config, **{name: replace(getattr(config, name), evaluation_share=0.0)})
    assert len(prepare(whole, folder, name, load_tokenizer(config)).measured.rows) == 60
