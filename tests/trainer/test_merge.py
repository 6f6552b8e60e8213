"""A merged model is a plain one that says what base and adapter say, also if the base was trained on in 4 bit."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("torch")
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer

from curator.cli import run as run_command
from curator.errors import ExitCode
from tests.trainer import small
from trainer.cli import cli
from trainer.config import Config, write_config
from trainer.errors import TrainerError
from trainer.merge import gigabytes, merge, merged_model, wanted
from trainer.model import load_base, model_hash
from trainer.tokens import INFERENCE_TEMPLATE

pytestmark = pytest.mark.train


def run_folder(root: Path, quantization: str, dtype: str) -> tuple[Path, Config]:
    """A run folder with an adapter that changes what the model says."""
    config = small.config(root, kind="qwen2")
    config = replace(config, model=replace(config.model, quantization=quantization, dtype=dtype))
    folder = root / "run"
    torch.manual_seed(1)
    adapter = LoraConfig(r=4, target_modules="all-linear", init_lora_weights=False, task_type="CAUSAL_LM")
    get_peft_model(load_base(config), adapter).save_pretrained(folder / "stage2")
    (folder / "config.toml").write_text(write_config(config), encoding="utf-8")
    return folder, config


@pytest.mark.parametrize(
    ("quantization", "dtype", "tolerance"),
    [("none", "float32", 1e-5), ("none", "bfloat16", 0.02), ("nf4", "bfloat16", 0.02)],
)
def test_the_merged_model_says_what_base_and_adapter_say(tmp_path, quantization, dtype, tolerance):
    """Tolerance: mean distance of the logits, as a share of their spread; in bfloat16 the weights are rounded once."""
    folder, config = run_folder(tmp_path, quantization, dtype)
    assert run_command(cli, "trainer", ["merge", str(folder)]) == ExitCode.OK
    plain = replace(config, model=replace(config.model, quantization="none"))
    tuned = PeftModel.from_pretrained(load_base(plain), str(folder / "stage2")).eval()
    merged = AutoModelForCausalLM.from_pretrained(folder / "merged", dtype=dtype).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder / "merged")
    ids = torch.tensor([tokenizer('rem Another prompt\nprint "x"\n')["input_ids"]])
    with torch.no_grad():
        base, before, after = (model(ids).logits.float() for model in (load_base(plain), tuned, merged))
    spread = before.std()
    assert (before - after).abs().mean() / spread < tolerance < (before - base).abs().mean() / spread
    report = json.loads((folder / "merged" / "merge.json").read_text())
    assert report["logits_difference"] < tolerance and report["base_model"] == "tiny/random"


def test_a_merged_model_stops_at_either_token_and_has_the_template_without_training_tags(tmp_path):
    folder, _ = run_folder(tmp_path, "none", "float32")
    merged = merge(folder, tmp_path / "out")
    tokenizer = AutoTokenizer.from_pretrained(merged)
    ends = AutoModelForCausalLM.from_pretrained(merged).generation_config.eos_token_id
    assert sorted(ends) == sorted(tokenizer.convert_tokens_to_ids(["<|im_end|>", "<|endoftext|>"]))
    assert tokenizer.chat_template == INFERENCE_TEMPLATE
    for path in merged.rglob("*"):
        assert str(tmp_path).encode() not in path.read_bytes(), path


def test_an_adapter_of_another_base_is_refused(tmp_path):
    folder, config = run_folder(tmp_path, "none", "float32")
    (folder / "run.json").write_text(json.dumps({"hashes": {"model": model_hash(config)}}))
    weights = tmp_path / "model" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    with pytest.raises(TrainerError, match="not the model that this run was trained on"):
        merge(folder)
    assert not list(folder.glob("merged*"))


def test_a_merge_that_went_wrong_is_noticed_and_leaves_nothing(tmp_path, monkeypatch):
    folder, _ = run_folder(tmp_path, "none", "bfloat16")
    monkeypatch.setattr("trainer.merge.MAX_DIFFERENCE", 0.0)  # rounding alone is more than that
    with pytest.raises(TrainerError, match=r"logits differ by .*: the merge is wrong"):
        merge(folder)
    assert not list(folder.glob("merged*"))


def test_a_merged_model_is_not_overwritten(tmp_path):
    (tmp_path / "merged").mkdir()
    with pytest.raises(TrainerError, match="is there already; remove it, or give another --out"):
        merge(tmp_path)


def test_a_large_model_is_merged_only_if_asked(tmp_path, capsys):
    config = small.config(tmp_path)
    path = tmp_path / "model" / "config.json"
    values = json.loads(path.read_text())
    values |= {"hidden_size": 8192, "intermediate_size": 8192, "num_attention_heads": 64, "vocab_size": 100_000}
    assert wanted(config) and gigabytes(config) == load_base(config).num_parameters() * 4 / 1e9
    path.write_text(json.dumps(values))
    assert gigabytes(config) > 4 and not wanted(config) and "`trainer merge` does it" in capsys.readouterr().err
    assert wanted(replace(config, run=replace(config.run, merge="yes")))


def test_the_agreement_is_measured_and_not_assumed(tmp_path):
    folder, config = run_folder(tmp_path, "none", "bfloat16")
    _, agreed = merged_model(config, folder / "stage2")
    assert 0 < agreed["logits_difference"] < 0.02 and 0.8 < agreed["same_first_token"] <= 1
