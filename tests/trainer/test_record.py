"""The record of a run: what it holds, what it keeps when a run goes on, what it must never hold."""

import json
import logging
from dataclasses import replace

import pytest

pytest.importorskip("torch")

from tests.trainer import small
from trainer.clock import IN_STAGES, Clock, by_part
from trainer.config import Config
from trainer.data import read_folder
from trainer.errors import TrainerError
from trainer.quiet import quiet_libraries
from trainer.record import Record, hash_all
from trainer.redact import redact

pytestmark = pytest.mark.train


@pytest.fixture(scope="module")
def config(tmp_path_factory) -> Config:
    return small.config(tmp_path_factory.mktemp("record"))


def begin(folder, config, clock=None, **hashes) -> Record:
    return Record(folder, config, hashes, None, 1, clock or Clock())


def values(folder) -> dict:
    return json.loads((folder / "run.json").read_text(encoding="utf-8"))


def test_a_run_that_goes_on_keeps_its_record_and_adds_to_it(config, tmp_path):
    first = begin(tmp_path, config, dataset="abc")
    result = {"minutes": 12.5, "seconds": {"training steps": 700.0, "validation rows": 50.0}}
    first.stage("stage1", result)
    began = values(tmp_path)
    record = begin(tmp_path, config, dataset="never compared here")
    record.end("finished")
    ended = values(tmp_path)
    assert ended["hashes"] == {"dataset": "abc"} and ended["started"] == began["started"]
    assert record.stages == {"stage1": result} and ended["minutes"] >= 12.5
    assert ended["outside_steps"] == pytest.approx(50 / 750, abs=0.01)
    assert [entry["changed_versions"] for entry in ended["resumed"]] == [[]] and began["resumed"] == []


def test_the_time_of_all_processes_of_a_run_adds_up_and_none_counts_twice(config, tmp_path):
    """A stage keeps its own account over its processes; the time around the stages is added up by the record."""
    killed = Clock("start and checks", before={"start and checks": 30.0, IN_STAGES: 99.0})
    begin(tmp_path, config, killed)
    assert values(tmp_path)["minutes"] == pytest.approx((30 + 99) / 60, abs=0.02)  # the stage is at work
    second = Clock("merging", before={"start and checks": 20.0, "merging": 5.0, IN_STAGES: 40.0})
    record = begin(tmp_path, config, second)
    record.stage("stage1", {"seconds": {"training steps": 120.0}})  # 80 of them in the process before
    record.end("finished")
    parts = by_part(values(tmp_path))
    assert parts == pytest.approx({"training steps": 120.0, "start and checks": 50.0, "merging": 5.0}, abs=1.0)
    assert values(tmp_path)["minutes"] == pytest.approx(175 / 60, abs=0.02)


def test_other_versions_are_noted_when_a_run_goes_on(config, tmp_path, capsys):
    begin(tmp_path, config)
    path = tmp_path / "run.json"
    path.write_text(path.read_text().replace(f'"torch": "{values(tmp_path)["versions"]["torch"]}"', '"torch": "1.0"'))
    begin(tmp_path, config)
    assert values(tmp_path)["resumed"][0]["changed_versions"][0].startswith("torch 1.0 -> 2")
    assert "losses may differ slightly: torch 1.0 ->" in capsys.readouterr().err


def test_the_commit_of_a_model_on_the_hub_is_recorded_and_may_not_change(config, tmp_path):
    record = begin(tmp_path, config)
    record.revision(None)
    record.revision("a" * 40)
    assert values(tmp_path)["model_revision"] == "a" * 40
    with pytest.raises(TrainerError, match="has changed since this run began"):
        begin(tmp_path, config).revision("b" * 40)


def test_the_split_has_a_hash_of_its_own(config, tmp_path):
    """Another text in a row changes the data; a row that moves to another file changes the split as well."""
    from tests.trainer import tiny

    rows, held_out = small.rows(4), small.rows(2, 100)
    changed = [*rows[:3], {**rows[3], "messages": held_out[0]["messages"]}]
    hashes = [
        hash_all(config, read_folder(small.dataset(tmp_path / name, train=train, test=test)), tiny.tokenizer())
        for name, train, test in (
            ("a", rows, held_out),
            ("b", changed, held_out),
            ("c", rows[1:], [*held_out, rows[0]]),
        )
    ]
    assert hashes[0]["split"] == hashes[1]["split"] != hashes[2]["split"]
    assert hashes[0]["files"]["train.jsonl"] != hashes[1]["files"]["train.jsonl"]


def test_the_record_names_no_path_of_the_program(config, tmp_path, monkeypatch):
    monkeypatch.setattr("sys.argv", ["/home/me/venv/bin/trainer", "run", "tiny"])
    begin(tmp_path, replace(config, model=replace(config.model, public_name="")))
    assert "/home/me" not in (tmp_path / "run.json").read_text()
    assert values(tmp_path)["base_model"] == "model"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("401 for hf_abcdefghijklmnopqrstuvwx now", "401 for [removed] now"),
        ("https://me:pass-word@example.org/repo", "https://[removed]@example.org/repo"),
        ("key=sk-abcdefghijklmnopqrst", "key=[removed]"),
        ("the value my-own-secret-value here", "the value [removed] here"),
        ("true is no secret", "true is no secret"),
        ("https://example.org:8080/a@b", "https://example.org:8080/a@b"),
    ],
)
def test_secrets_are_replaced_and_nothing_else(monkeypatch, text, expected):
    monkeypatch.setenv("TRACKER_API_KEY", "my-own-secret-value")
    monkeypatch.setenv("USE_TOKEN", "true")
    assert redact(text) == expected


def test_the_log_holds_no_secret(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_thisIsNoRealToken")
    with quiet_libraries(tmp_path / "log.txt"):
        logging.getLogger("some.library").warning("refused with %s", "hf_thisIsNoRealToken")
    assert (tmp_path / "log.txt").read_text().endswith("some.library: refused with [removed]\n")
