"""Reading JSON Lines."""

import json

import pytest

from trainer.errors import TrainerError
from trainer.jsonl import read_lines, refuse


def test_only_a_line_feed_ends_a_row():
    text = json.dumps({"text": "a\u2028b\x85c"}, ensure_ascii=False) + "\n\n" + '{"text": "d"}\n'
    rows, problems = read_lines(text, "r.jsonl", lambda row: "")
    assert rows == [(1, {"text": "a\u2028b\x85c"}), (3, {"text": "d"})] and not problems


def test_every_wrong_line_is_named():
    _, problems = read_lines('{"a": 1}\n{\n[]\n', "r.jsonl", lambda row: "" if isinstance(row, dict) else "no object")
    assert [problem.split(" (")[0] for problem in problems] == ["r.jsonl:2: not JSON", "r.jsonl:3: no object"]


def test_of_very_many_problems_the_first_are_named_and_the_others_counted():
    with pytest.raises(TrainerError) as error:
        refuse([f"line {n}" for n in range(30)], "make it again")
    assert str(error.value).splitlines()[-3:] == ["line 19", "and 10 more", "make it again"]


def test_no_problem_is_no_error():
    refuse([], "make it again")
