"""The compile probe: what is continued, what is judged, and that training does not notice it."""

import json
from dataclasses import replace

import pytest

pytest.importorskip("torch")

from tests.trainer import small, tiny
from trainer import run as recipe
from trainer.errors import TrainerMissingError
from trainer.probe import BEGINNING_TOKENS, beginning, judge_continuations

pytestmark = pytest.mark.train

FIRST = "rem Print\nclass public A\n    method public void f()\n"


def accepted(*continuations: str, ended: bool = True) -> int:
    count = len(continuations)
    result = judge_continuations([FIRST] * count, continuations, [ended] * count, "builtin")
    assert result.programs == count and result.judge.startswith("built-in")
    return result.accepted


def test_a_beginning_is_whole_lines_of_at_most_half_of_the_program():
    text = "".join(f"rem line {n}\n" for n in range(9))
    assert beginning(tiny.tokenizer(), text) == "".join(f"rem line {n}\n" for n in range(4))


def test_a_long_beginning_is_shortened_to_whole_lines():
    text = beginning(tiny.tokenizer(), "print 12345678\n" * 100)
    assert text == "print 12345678\n" * (BEGINNING_TOKENS // 15)


def test_a_program_of_one_line_has_no_beginning():
    assert beginning(tiny.tokenizer(), "print 1\n") == ""


def test_errors_in_the_continuation_count():
    assert accepted("        print 1\n", "        print (1\n", "        def f(x): return x\n") == 1


def test_what_is_only_not_closed_yet_in_the_beginning_does_not_count():
    assert accepted("        for i=1 to 3\n        print i\n") == 1


def test_the_last_line_of_a_continuation_that_was_cut_off_does_not_count():
    assert accepted('        print 1\n        print "half of a stri', ended=False) == 1
    assert accepted('        print 1\n        print "half of a stri', ended=True) == 0


def test_silence_and_comments_are_no_programs():
    assert accepted("", "\n\n", "rem nothing\nREM at all\n", "print 1", ended=False) == 0


def test_training_does_not_notice_the_probe(tmp_path):
    """Same losses, same gradients: no random number drawn, no mode and no attention left changed."""
    config = small.config(tmp_path)
    config = replace(
        config,
        lora=replace(config.lora, dropout=0.1),
        stage1=replace(config.stage1, max_steps=4, evaluations=4, max_length=128),
        stage2=replace(config.stage2, enabled=False),
        run=replace(config.run, merge="no"),
    )
    metrics = []
    for files in (0, 2):
        folder = recipe.run(replace(config, probe=replace(config.probe, files=files)), tmp_path / f"run{files}")
        rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
        metrics.append([(r["loss"], r["grad_norm"]) for r in rows if "loss" in r])
        stage = json.loads((folder / "run.json").read_text())["stages"]["stage1"]
        assert (stage["probe"] is not None) == (files > 0)
        assert ("continuations accepted by" in stage["why"]) == (files > 0)
        assert [r["step"] for r in rows if "probe_accepted" in r][:2] == ([0, 1] if files else [])
    assert metrics[0] == metrics[1]


def test_a_judge_that_is_not_there_is_named_before_anything_is_loaded(tmp_path, monkeypatch):
    config = small.config(tmp_path)
    monkeypatch.setattr("curator.judge.compiler.find_bbjcpl", lambda: None)
    with pytest.raises(TrainerMissingError, match=r"probe\.compiler: no bbjcpl in"):
        recipe.plan(replace(config, probe=replace(config.probe, compiler="bbjcpl")))
