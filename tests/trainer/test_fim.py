"""Programs with their middle last: nothing is lost, and the same rows are chosen whatever is added."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.errors import TrainerError
from trainer.fim import KNOWN, SHORTEST, fill_in, fim_tokens, is_chosen

TOKENS = KNOWN[0]


@given(st.text(min_size=SHORTEST), st.integers(0, 9))
def test_beginning_middle_and_end_make_up_the_program(text, seed):
    shown = fill_in(text, "key", TOKENS, seed)
    prefix, suffix, middle = TOKENS
    beginning, rest = shown.removeprefix(prefix).split(suffix)
    end, between = rest.split(middle)
    assert beginning and between and end and beginning + between + end == text


def test_a_program_without_a_middle_worth_guessing_stays_as_it_is():
    assert fill_in("print 1", "key", TOKENS, 13) == "print 1"


def test_about_the_share_asked_for_is_chosen_and_a_larger_share_keeps_the_choice():
    keys = [f"row-{n}" for n in range(2000)]
    tenth, half = ({key for key in keys if is_chosen(key, share, 13)} for share in (0.1, 0.5))
    assert 150 < len(tenth) < 250 and 900 < len(half) < 1100 and tenth < half


def test_the_models_own_tokens_are_taken():
    assert fim_tokens({"a", *KNOWN[1]}) == KNOWN[1]
    with pytest.raises(TrainerError, match="set stage1"):
        fim_tokens({"a", KNOWN[0][0]})
