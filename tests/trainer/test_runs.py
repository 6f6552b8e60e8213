"""`trainer runs`: the list, the comparison, and what is not compared."""

import json
from pathlib import Path

import pytest
from filelock import FileLock

from curator.cli import run
from curator.errors import ExitCode
from trainer import runs
from trainer.cli import cli
from trainer.resume import LOCK


def made(folder: Path, rate: float, loss: float, started: str, **record: object) -> Path:
    """A run folder with what is read of one."""
    folder.mkdir(parents=True)
    config = f'[data]\nfolder = "{folder.name}"\n[stage1]\nlearning_rate = {rate}\n[run]\nseed = 13\n'
    (folder / "config.toml").write_text(config, encoding="utf-8")
    values = {
        "status": "finished", "base_model": "x/tiny", "started": started, "minutes": 1.0,
        "hashes": {"dataset": "a" * 64}, "versions": {"torch": "2"}, "hardware": {"cores": 2},
        "stages": {"stage1": {"eval_loss_best": loss, "minutes": loss, "peak_memory_gb": {"cpu": loss}}}, **record,
    }  # fmt: skip
    (folder / "run.json").write_text(json.dumps(values), encoding="utf-8")
    return folder


@pytest.fixture
def two(tmp_path):
    made(tmp_path / "runs" / "late", 2e-4, 2.0, "2026-02-01T00:00:00Z")
    made(tmp_path / "runs" / "early", 1e-4, 3.0, "2026-01-01T00:00:00Z")
    return tmp_path / "runs"


def test_runs_are_listed_in_the_order_they_were_started(two, capsys):
    assert run(cli, "trainer", ["runs", str(two)]) == ExitCode.OK
    out = capsys.readouterr().out
    assert out.index("early") < out.index("late") and "what differs" not in out


def test_a_run_that_says_it_is_running_and_has_no_process_was_interrupted(tmp_path):
    folder = made(tmp_path / "r", 1e-4, 3.0, "2026-01-01T00:00:00Z", status="running")
    assert runs.read(folder).status == "interrupted"
    with FileLock(folder / LOCK):
        assert runs.read(folder).status == "running"


def test_a_comparison_shows_what_was_done_differently_and_what_came_out(two):
    found = {(d.table, d.key): d.values for d in runs.compare(runs.find([two]))}
    assert found["config", "stage1.learning_rate"] == (1e-4, 2e-4)
    assert found["results", "stage1.eval_loss_best"] == (3.0, 2.0)
    assert set(found) == {("config", "stage1.learning_rate"), ("results", "stage1.eval_loss_best"),
                          ("results", "stage1.minutes"), ("results", "stage1.peak_memory_gb.cpu")}  # fmt: skip


def test_other_data_is_seen_by_its_hash_though_the_folder_has_the_same_name(two, tmp_path):
    made(tmp_path / "more" / "early", 1e-4, 3.0, "2026-03-01T00:00:00Z", hashes={"dataset": "b" * 64})
    found = runs.compare([runs.read(two / "early"), runs.read(tmp_path / "more" / "early")])
    assert [(d.table, d.key) for d in found] == [("hashes", "dataset")]


def test_naming_two_runs_compares_them_without_what_surely_differs(two, capsys):
    assert run(cli, "trainer", ["runs", str(two / "early"), str(two / "late")]) == ExitCode.OK
    out = capsys.readouterr().out
    assert "stage1.learning_rate" in out and "stage1.minutes" not in out
    assert run(cli, "trainer", ["runs", "--compare", "--all", "--format", "json", str(two)]) == ExitCode.OK
    read = json.loads(capsys.readouterr().out)
    assert any(d["key"] == "stage1.minutes" for d in read["differences"]) and len(read["runs"]) == 2


def test_an_evaluation_stands_beside_its_run_with_the_judge(two, capsys):
    report = {"judge": "built-in 1", "arms": [{"name": "tuned", "compile_at_1": {"count": 9, "n": 60}}]}
    (two / "late" / "evaluation").mkdir()
    (two / "late" / "evaluation" / "report.json").write_text(json.dumps(report))
    assert runs.read(two / "late").compile_at_1 == "9/60 (built-in 1)"
    assert ("results", "compile@1") in {(d.table, d.key) for d in runs.compare(runs.find([two]))}


def test_a_folder_without_runs_and_a_broken_record_are_errors_with_a_cure(two, tmp_path, capsys):
    assert run(cli, "trainer", ["runs", str(tmp_path / "nothing")]) == ExitCode.MISSING
    assert "trainer run" in capsys.readouterr().err
    (two / "late" / "run.json").write_text("{")
    assert run(cli, "trainer", ["runs", str(two)]) == 2
    assert "run.json" in capsys.readouterr().err
