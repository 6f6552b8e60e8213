"""Which checkpoint goes on: the lowest held-out loss; between equals what the compile probe accepts."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.choice import CLOSE, Evaluation, ProbeResult, choose, could_be_chosen, evaluations_without_gain
from trainer.errors import TrainerError


def evaluation(step: int, loss: float, accepted: int | None = None) -> Evaluation:
    return Evaluation(step, loss, None if accepted is None else ProbeResult(accepted, 8, "built-in 1"))


def chosen(*evaluations: Evaluation):
    choice = choose(evaluations, {e.step for e in evaluations})
    return choice.evaluation.step, choice.why


def test_without_a_probe_the_lowest_loss_goes_on():
    step, why = chosen(evaluation(0, 3.0), evaluation(5, 2.5), evaluation(10, 2.6))
    assert (step, why) == (5, "the lowest validation loss of 2 checkpoints, 2.500")


def test_the_probe_decides_between_losses_that_are_as_good_as_equal():
    step, why = chosen(evaluation(0, 3.0, 0), evaluation(5, 2.5, 3), evaluation(10, 2.51, 6))
    assert step == 10
    assert why.startswith("6 of 8 continuations accepted by built-in 1, against 3 at step 5, whose validation loss of")
    assert why.endswith("is lower by only 0.010")


def test_the_probe_cannot_save_a_loss_that_is_clearly_higher():
    assert chosen(evaluation(5, 2.5, 0), evaluation(10, 2.5 + 2 * CLOSE, 8))[0] == 5


def test_a_stage_that_made_the_model_worse_says_so():
    assert "WORSE than before the stage (2.000)" in chosen(evaluation(0, 2.0), evaluation(5, 2.1))[1]


def test_only_a_saved_checkpoint_can_go_on():
    evaluations = [evaluation(5, 2.5), evaluation(10, 2.4)]
    assert choose(evaluations, {5}).evaluation.step == 5


def test_losses_that_are_no_numbers_are_an_error_with_its_cure():
    with pytest.raises(TrainerError, match="lower learning_rate"):
        chosen(evaluation(0, 2.0), evaluation(5, math.nan))
    assert chosen(evaluation(0, 2.0), evaluation(5, math.nan), evaluation(10, 1.9))[0] == 10


@pytest.mark.parametrize(
    ("losses", "expected"),
    [([], 0), ([3.0], 0), ([3.0, 2.0], 0), ([2.0, 3.0], 1), ([3.0, 2.0, 2.0, 2.5], 2), ([2.0, math.nan], 1)],
)
def test_patience_counts_evaluations_since_the_lowest_loss(losses, expected):
    assert evaluations_without_gain([evaluation(n, loss) for n, loss in enumerate(losses)]) == expected


LISTS = st.lists(st.tuples(st.floats(2.0, 2.1), st.integers(0, 8)), min_size=1, max_size=8)


@given(LISTS)
def test_a_checkpoint_that_is_removed_would_never_have_been_chosen(values):
    evaluations = [evaluation(n, *pair) for n, pair in enumerate(values, 1)]
    kept: set[int] = set()
    for n in range(1, len(evaluations) + 1):
        kept = (kept | {n}) & could_be_chosen(evaluations[:n]) | {n}  # as Watch does after every evaluation
    everything = {e.step for e in evaluations}
    assert choose(evaluations, kept).evaluation == choose(evaluations, everything).evaluation
