"""A run that was interrupted goes on with the same command and ends as if it had not been, or says why it does not."""

import json
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("torch")

from safetensors.torch import load_file
from trl import SFTTrainer

from curator.cli import run as run_command
from curator.errors import ExitCode
from tests.trainer import small
from trainer import run as recipe
from trainer.cli import cli
from trainer.config import Config, load_config, write_config
from trainer.errors import TrainerError
from trainer.model import load_tokenizer
from trainer.record import hash_all
from trainer.resume import claim, differences
from trainer.stage import newest
from trainer.watch import drop_rows_after

pytestmark = pytest.mark.train

ROOT = Path(__file__).parent.parent.parent
VARYING = {"seconds", "eval_runtime", "eval_samples_per_second", "eval_steps_per_second"}


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("resume")


@pytest.fixture(scope="module")
def config(root) -> Config:
    """Six steps to a stage, a checkpoint after every second; dropout, so that the random numbers count."""
    made = longer(small.config(root))
    (root / "tiny.toml").write_text(write_config(made), encoding="utf-8")
    return load_config(str(root / "tiny.toml"))


@pytest.fixture(scope="module")
def uninterrupted(root, config) -> Path:
    return recipe.run(config, root / "uninterrupted")


@pytest.fixture
def begun(config, tmp_path, monkeypatch) -> Path:
    """A run that was interrupted by Ctrl-C in its fourth step, with one checkpoint."""
    interrupt(monkeypatch, 4)
    with pytest.raises(KeyboardInterrupt):
        recipe.run(config, tmp_path / "run")
    monkeypatch.undo()
    return tmp_path / "run"


def longer(config: Config) -> Config:
    stage = replace(config.stage2, epochs=99.0, max_steps=6, evaluations=3)
    return replace(
        config,
        lora=replace(config.lora, dropout=0.1),
        stage1=replace(stage, packing="bfd_split", max_length=128),
        stage2=stage,
        run=replace(config.run, log_every=4),
        probe=replace(config.probe, files=2, tokens=16),
        data=replace(config.data, general="built-in", general_tokens=200),
    )


def interrupt(monkeypatch, at: int) -> None:
    step = SFTTrainer.training_step
    left = at

    def training_step(*arguments, **keywords):
        nonlocal left
        left -= 1
        if not left:
            raise KeyboardInterrupt
        return step(*arguments, **keywords)

    monkeypatch.setattr(SFTTrainer, "training_step", training_step)


def rows(folder: Path) -> list[dict]:
    """metrics.jsonl without what the clock says."""
    lines = (folder / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    return [{key: value for key, value in json.loads(line).items() if key not in VARYING} for line in lines]


def record(folder: Path) -> dict:
    return json.loads((folder / "run.json").read_text(encoding="utf-8"))


def same_adapters(first: Path, second: Path) -> bool:
    pairs = [
        (load_file(folder / stage / "adapter_model.safetensors") for folder in (first, second))
        for stage in ("stage1", "stage2")
    ]
    return all(a.keys() == b.keys() and all((a[k] == b[k]).all() for k in a) for a, b in pairs)


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_a_run_killed_four_times_ends_as_an_uninterrupted_one(root, config, uninterrupted, capsys):
    """In stage 1, in the middle of writing a checkpoint, between the stages, in stage 2."""
    out, said = root / "killed", root / "killed.txt"
    command = [sys.executable, "-m", "tests.trainer.killed", str(root / "tiny.toml"), str(out)]
    with (
        said.open("w", encoding="utf-8") as stderr,
        subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr, text=True
        ) as runs,
    ):
        assert runs.stdin and runs.stdout
        for point in ("step:4", "write:2", "trainer:2", "step:3"):
            print(point, file=runs.stdin, flush=True)
            assert runs.stdout.readline() == f"{signal.SIGKILL.value}\n", said.read_text(encoding="utf-8")
            if point == "write:2":
                assert (out / "checkpoints/stage1/checkpoint-6/optimizer.pt").is_file()
    assert "checkpoint-6 half-written, removed; going on from checkpoint-4" in said.read_text(encoding="utf-8")
    assert run_command(cli, "trainer", ["run", str(root / "tiny.toml"), "--out", str(out)]) == ExitCode.OK
    assert "going on with the run that was interrupted; done: stage1" in capsys.readouterr().err
    assert rows(out) == rows(uninterrupted)
    assert same_adapters(out, uninterrupted)
    assert record(out)["status"] == "finished" and len(record(out)["resumed"]) == 4
    for stage, result in record(uninterrupted)["stages"].items():
        for key in ("steps", "tokens", "eval_loss_before", "eval_loss_best", "best_step", "why", "stopped_by"):
            assert record(out)["stages"][stage][key] == result[key], key


def test_a_4_bit_run_goes_on_as_if_it_had_not_stopped(tmp_path, monkeypatch):
    config = longer(small.config(tmp_path, kind="qwen2"))
    config = replace(
        config,
        model=replace(config.model, quantization="nf4", dtype="bfloat16"),
        stage1=replace(config.stage1, enabled=False),
        stage2=replace(config.stage2, max_steps=4, evaluations=2),
        run=replace(config.run, merge="no"),
    )
    whole = recipe.run(config, tmp_path / "whole")
    interrupt(monkeypatch, 4)
    with pytest.raises(KeyboardInterrupt):
        recipe.run(config, tmp_path / "run")
    monkeypatch.undo()
    assert rows(recipe.run(config, tmp_path / "run")) == rows(whole)


def test_ctrl_c_says_how_to_go_on(config, tmp_path, monkeypatch, capsys):
    interrupt(monkeypatch, 1)
    with pytest.raises(KeyboardInterrupt):
        recipe.run(config, tmp_path / "run")
    assert f"give the same command again with --out {tmp_path / 'run'}" in capsys.readouterr().err
    assert record(tmp_path / "run")["status"] == "stopped"


def test_a_changed_config_is_refused_with_every_difference(begun, config):
    changed = replace(config, stage1=replace(config.stage1, learning_rate=5e-4), run=replace(config.run, seed=14))
    with pytest.raises(TrainerError) as error:
        recipe.run(changed, begun)
    lines = str(error.value).splitlines()
    assert lines[1:3] == ["  stage1.learning_rate: was 0.001, is 0.0005", "  run.seed: was 13, is 14"]
    assert "another --out" in lines[-1]


def test_changed_data_is_refused_file_by_file(begun, config, tmp_path):
    other = small.dataset(tmp_path / "other", train=small.rows(9), pretrain=small.documents(11))
    with pytest.raises(TrainerError) as error:
        recipe.run(replace(config, data=replace(config.data, folder=str(other))), begun)
    named = [line.split(":")[0].strip() for line in str(error.value).splitlines()[1:-1]]
    assert named == ["pretrain.jsonl", "train.jsonl", "split"]


def test_a_moved_dataset_is_the_same_dataset(begun, config, tmp_path):
    shutil.copytree(config.data.folder, tmp_path / "moved")
    moved = replace(config, data=replace(config.data, folder=str(tmp_path / "moved")))
    dataset = recipe.read_folder(tmp_path / "moved")
    assert differences(begun, moved, hash_all(moved, dataset, load_tokenizer(moved))) == []


@pytest.mark.parametrize("damage", ["a byte differs", "a file is missing", "the mark is missing"])
def test_a_damaged_checkpoint_is_not_resumed_from(begun, capsys, damage):
    written = begun / "checkpoints" / "stage1"
    assert newest("stage1", written).state.step == 2
    optimizer = written / "checkpoint-2" / "optimizer.pt"
    if damage == "a byte differs":
        optimizer.write_bytes(optimizer.read_bytes()[:-1] + b"x")
    else:
        (optimizer if damage == "a file is missing" else written / "checkpoint-2" / "complete.json").unlink()
    assert newest("stage1", written) is None
    assert "checkpoint-2 half-written, removed; starting the stage again" in capsys.readouterr().err


def test_rows_that_will_be_written_again_leave_the_metrics_and_so_does_half_a_row(tmp_path):
    written = [{"stage": "stage1", "step": 9}, {"stage": "stage2", "step": 2}, {"stage": "stage2", "step": 3}]
    metrics = tmp_path / "metrics.jsonl"
    metrics.write_text("".join(json.dumps(row) + "\n" for row in written) + '{"stage": "stage2", "st')
    drop_rows_after(metrics, "stage2", 2)
    assert metrics.read_text() == "".join(json.dumps(row) + "\n" for row in written[:2])


def test_the_time_used_before_counts(begun, config, tmp_path):
    """max_minutes is for the stage, not for each of the processes that work on it."""
    mark = begun / "checkpoints/stage1/checkpoint-2/complete.json"
    values = json.loads(mark.read_text())
    values["state"]["seconds"] = {"training steps": 3600.0}
    mark.write_text(json.dumps(values))
    limited = replace(config, stage1=replace(config.stage1, max_minutes=60.0))
    (begun / "config.toml").write_text(write_config(limited), encoding="utf-8")
    stage = record(recipe.run(limited, begun))["stages"]["stage1"]
    assert (stage["steps"], stage["stopped_by"]) == (3, "time") and stage["minutes"] >= 60


def test_patience_goes_on_where_it_was(config, tmp_path, monkeypatch):
    """Held-out text that is nothing like what is learnt: its loss rises, and evaluations before the break count."""
    other = [{**row, "text": "~^{@}|\\" * 20} for row in small.documents(2, 100)]
    data = replace(config.data, folder=str(small.dataset(tmp_path / "data", pretrain_validation=other)))
    stage = replace(config.stage1, learning_rate=0.05, warmup=0.0, max_steps=10, evaluations=10, patience=2)
    config = replace(
        config,
        data=data,
        stage1=stage,
        stage2=replace(config.stage2, enabled=False),
        probe=replace(config.probe, files=0),
        run=replace(config.run, merge="no"),
    )
    whole = recipe.run(config, tmp_path / "whole")
    assert record(whole)["stages"]["stage1"]["stopped_by"] == "patience"
    interrupt(monkeypatch, record(whole)["stages"]["stage1"]["steps"])
    with pytest.raises(KeyboardInterrupt):
        recipe.run(config, tmp_path / "run")
    monkeypatch.undo()
    assert rows(recipe.run(config, tmp_path / "run")) == rows(whole)


def test_a_stage_whose_training_had_ended_is_not_trained_again(config, uninterrupted, tmp_path):
    """Killed after the last checkpoint and before the record: only what is missing is made."""
    folder = shutil.copytree(uninterrupted, tmp_path / "run")
    values = record(folder)
    (folder / "run.json").write_text(json.dumps({**values, "status": "running", "stages": {}}), encoding="utf-8")
    shutil.rmtree(folder / "stage2")
    shutil.rmtree(folder / "merged")
    recipe.run(config, folder)
    assert rows(folder) == rows(uninterrupted) and same_adapters(folder, uninterrupted)
    for stage in ("stage1", "stage2"):
        assert record(folder)["stages"][stage]["tokens"] == values["stages"][stage]["tokens"]
    assert (folder / "merged" / "model.safetensors").is_file()


def test_a_finished_run_is_refused(uninterrupted, config):
    with pytest.raises(TrainerError, match="is there already; give another --out"):
        recipe.run(config, uninterrupted)


def test_two_processes_cannot_train_in_one_folder(config, tmp_path):
    folder = tmp_path / "run"
    with claim(config, {}, folder), pytest.raises(TrainerError, match="another process is training there"):
        recipe.run(config, folder)


def test_without_out_a_run_is_numbered_and_an_interrupted_one_goes_on(config, tmp_path, capsys):
    here = replace(config, run=replace(config.run, out=str(tmp_path)))
    other = replace(here, run=replace(here.run, seed=14))
    with claim(here, {}, None) as first, claim(here, {}, None) as beside:  # the first is at work: not interrupted
        assert (first.name, beside.name) == ("tiny-1", "tiny-2")
    with claim(here, {}, None) as again:
        assert again == beside
    with claim(other, {}, None) as new:
        assert new.name == "tiny-3"
    assert "tiny-2: its run was interrupted and is left alone" in (said := capsys.readouterr().err)
    assert "run.seed: was 13, is 14" in said
    (new / "run.json").write_text('{"status": "finished"}')
    with claim(other, {}, None) as after:
        assert after.name == "tiny-4"


@pytest.mark.parametrize("name", ["file/run", "full"])
def test_a_place_that_cannot_be_used_is_one_clear_line(config, tmp_path, name):
    (tmp_path / "file").write_text("")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("mine")
    with pytest.raises(TrainerError, match="give another --out"), claim(config, {}, tmp_path / name):
        pass


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs a limit on the size of files")
def test_a_disk_that_is_full_is_one_clear_line_and_the_run_goes_on_later(config, tmp_path, uninterrupted):
    """A limit of the system on the size of files ends a write in its middle, as a full disk does."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        with pytest.raises(TrainerError, match=r"checkpoint could not be written: .*start the same command again"):
            recipe.run(config, tmp_path / "run")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert record(tmp_path / "run")["status"] == "failed"
    assert rows(recipe.run(config, tmp_path / "run")) == rows(uninterrupted)
