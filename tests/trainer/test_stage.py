"""What TRL's trainer really does with our rows, read from its dataloaders, its gradients and its losses."""

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

pytest.importorskip("torch")
import torch

from tests.trainer import small, tiny
from trainer.checkpoints import Checkpoint, StageState
from trainer.choice import Evaluation
from trainer.clock import STEPS, VALIDATION
from trainer.data import prepare, read_folder
from trainer.errors import TrainerError
from trainer.model import load_base, load_tokenizer
from trainer.progress import RunProgress
from trainer.run import with_adapter
from trainer.stage import make_trainer, train_stage
from trainer.tokens import END_OF_DOCUMENT, STOP, document_tokens
from trainer.watch import Plan, Watch, scrub

pytestmark = pytest.mark.train


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    return small.config(tmp_path_factory.mktemp("small"))


def made(config, name, folder):
    tokenizer = load_tokenizer(config)
    data = prepare(config, read_folder(Path(config.data.folder)), name, tokenizer)
    folder.mkdir(exist_ok=True)
    trainer, watch = make_trainer(name, config, with_adapter(config, None), tokenizer, data, folder, RunProgress())
    return trainer, watch, tokenizer


@pytest.mark.parametrize("packing", ["none", "bfd"])
@pytest.mark.parametrize("split", ["train", "validation"])
def test_exactly_the_answers_and_their_stop_tokens_carry_loss_in_real_batches(config, tmp_path, packing, split):
    config = replace(config, stage2=replace(config.stage2, packing=packing))
    trainer, _, tokenizer = made(config, "stage2", tmp_path / "r")
    loader = trainer.get_train_dataloader() if split == "train" else trainer.get_eval_dataloader()
    learnt = []
    for batch in loader:
        assert batch["labels"].shape == batch["input_ids"].shape
        for ids, labels in zip(batch["input_ids"].tolist(), batch["labels"].tolist(), strict=True):
            assert all(label in (-100, token) for token, label in zip(ids, labels, strict=True))
            learnt.append(tokenizer.decode([label for label in labels if label != -100]))
    rows = small.rows(8) if split == "train" else small.rows(3, 100)
    expected = [row["messages"][-1]["content"] + STOP for row in rows]
    assert sorted(part + STOP for text in learnt for part in text.split(STOP) if part) == sorted(expected)


def test_padding_carries_no_loss_and_no_attention(config, tmp_path):
    rows = small.rows(2)
    rows[1]["messages"][-1]["content"] *= 2
    config = replace(config, data=replace(config.data, folder=str(small.dataset(tmp_path / "d", train=rows))))
    trainer, _, tokenizer = made(config, "stage2", tmp_path / "r")
    (batch,) = trainer.get_train_dataloader()
    padding = batch["attention_mask"] == 0
    assert padding.any()
    assert (batch["input_ids"][padding] == tokenizer.pad_token_id).all() and (batch["labels"][padding] == -100).all()
    assert ((batch["labels"] == tokenizer.eos_token_id).sum(dim=1) == 1).all()  # each row still learns to stop


@pytest.mark.parametrize("packing", ["bfd_split", "wrapped", "none"])
def test_stage_1_reads_every_token_of_every_document(config, tmp_path, packing):
    config = replace(config, stage1=replace(config.stage1, packing=packing, max_length=512))
    trainer, _, tokenizer = made(config, "stage1", tmp_path / "r")
    rows = small.documents(12)
    expected = sorted(token for row in rows for token in document_tokens(tokenizer, row["text"]).ids)
    seen = sorted(token for row in trainer.train_dataset["input_ids"] for token in row)
    assert seen == expected
    assert seen.count(tokenizer.convert_tokens_to_ids(END_OF_DOCUMENT)) == len(rows)


def test_documents_packed_into_one_row_do_not_see_each_other(config, tmp_path):
    trainer, _, _ = made(config, "stage1", tmp_path / "r")
    model = trainer.model.eval()
    batch = next(iter(trainer.get_train_dataloader()))
    inputs = {key: value for key, value in batch.items() if key != "labels"} | {"use_cache": False}
    second = (batch["position_ids"][0] == 0).nonzero()[1].item()  # where the second document begins
    other = {**inputs, "input_ids": batch["input_ids"].clone()}
    other["input_ids"][0, :second] = 5
    with torch.no_grad():
        before, after = model(**inputs).logits[0], model(**other).logits[0]
    assert not torch.equal(before[:second], after[:second])
    assert torch.allclose(before[second:], after[second:], atol=1e-5)


def test_a_stage_evaluates_first_and_last_and_keeps_the_best_adapter(config, tmp_path):
    config = replace(config, stage2=replace(config.stage2, epochs=9.0, max_steps=5, evaluations=2))
    result, rows = trained(config, tmp_path / "r")
    evaluated = [(row["step"], row["eval_loss"]) for row in rows if "eval_loss" in row]
    assert [step for step, _ in evaluated] == [0, 3, 5]
    assert result.eval_loss_before == evaluated[0][1]
    assert (result.best_step, result.eval_loss_best) == min(evaluated, key=lambda pair: pair[1])
    assert result.stopped_by == "plan" and result.steps == result.planned_steps == 5
    assert result.eval_loss_best < result.eval_loss_before


def test_a_stage_that_runs_out_of_time_stops_cleanly_and_says_so(config, tmp_path):
    config = replace(config, stage2=replace(config.stage2, epochs=99.0, max_steps=50, max_minutes=1e-9))
    result, rows = trained(config, tmp_path / "r")
    assert (result.steps, result.stopped_by) == (1, "time")
    assert rows[-1]["step"] == 1 and "eval_loss" in rows[-1]
    assert (tmp_path / "r" / "stage2" / "adapter_model.safetensors").is_file()


def test_a_plan_that_will_not_fit_into_its_time_is_said_early(tmp_path, capsys):
    """At nine seconds a step, a hundred steps and their evaluations do not fit into ten minutes."""
    state = StageState(9, 100, {STEPS: 90.0, VALIDATION: 21.0}, 0, (Evaluation(0, 3.0),))
    plan = Plan("stage1", 100, 2, 10.0, 0, "org/model")
    watch = Watch(plan, tmp_path, RunProgress(), Checkpoint(tmp_path, state))
    control = SimpleNamespace(should_training_stop=False, should_save=False)
    watch.on_step_begin(None, SimpleNamespace(global_step=9), control)
    watch.on_step_end(None, SimpleNamespace(global_step=10), control)
    assert "stage1.max_minutes = 10 will stop them" in capsys.readouterr().err
    assert not control.should_training_stop


def test_the_same_seed_gives_the_same_losses(config, tmp_path):
    first, second = (trained(config, tmp_path / name)[1] for name in "ab")
    pick = [[row.get("loss", row.get("eval_loss")) for row in rows] for rows in (first, second)]
    assert pick[0] == pick[1]


def test_another_row_count_than_the_report_says_is_refused(config, tmp_path):
    tokenizer = load_tokenizer(config)
    folder = read_folder(Path(config.data.folder))
    data = prepare(config, folder, "stage2", tokenizer)
    data.report["train"]["packed_rows"] = 7
    with pytest.raises(TrainerError, match="TRL made 8 training rows where the data report says 7"):
        make_trainer("stage2", config, with_adapter(config, None), tokenizer, data, tmp_path, RunProgress())


def test_a_saved_adapter_names_its_base_by_its_public_id(tmp_path):
    (tmp_path / "adapter_config.json").write_text('{"base_model_name_or_path": "/home/me/model", "r": 4}')
    (tmp_path / "README.md").write_text("base: /home/me/model")
    scrub(tmp_path, "org/model")
    assert json.loads((tmp_path / "adapter_config.json").read_text())["base_model_name_or_path"] == "org/model"
    assert not (tmp_path / "README.md").exists()


def test_4_bit_layers_keep_their_gradients_after_an_evaluation(tmp_path):
    """On CPUs with AVX512-BF16 they lost them; see trainer.model.keep_gradients_on_cpu. Qwen2, as the large configs."""
    config = small.config(tmp_path, kind="qwen2")
    config = replace(config, model=replace(config.model, quantization="nf4", dtype="bfloat16"))
    model = with_adapter(config, None)
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.02)  # it starts as zero, and with it all gradients of lora_A
    ids = torch.tensor([tiny.tokenizer()("rem a program")["input_ids"]])

    def gradients():
        model.train()
        model.zero_grad()
        model(input_ids=ids, labels=ids, use_cache=False).loss.backward()
        return {name: p.grad.norm().item() for name, p in model.named_parameters() if p.grad is not None}

    torch.manual_seed(0)
    before = gradients()
    model.eval()
    with torch.no_grad():
        model(input_ids=ids, use_cache=False)
    torch.manual_seed(0)
    after = gradients()
    assert any(".0." in name for name in before) and all(norm > 0 for norm in before.values())
    assert after == pytest.approx(before, rel=1e-3)


def test_4_bit_base_is_quantised_and_its_head_is_not(tmp_path):
    config = small.config(tmp_path, kind="qwen2")
    config = replace(config, model=replace(config.model, quantization="nf4", dtype="bfloat16"))
    kinds = {name: type(module).__name__ for name, module in load_base(config).named_modules()}
    assert kinds["model.layers.0.self_attn.q_proj"] == "Linear4bit" and kinds["lm_head"] == "Linear"


@pytest.mark.parametrize("dtype", ["bfloat16", "float32"])
def test_4_bit_layers_compute_in_the_type_of_the_config(tmp_path, dtype):
    """A GPU without bfloat16 computes in float32, in 4 bit too."""
    config = small.config(tmp_path, kind="qwen2")
    config = replace(config, model=replace(config.model, quantization="nf4", dtype=dtype))
    assert load_base(config).model.layers[0].self_attn.q_proj.compute_dtype == getattr(torch, dtype)


def trained(config, folder):
    """Train stage 2 of a config in a folder; its result and its metrics."""
    tokenizer = load_tokenizer(config)
    data = prepare(config, read_folder(Path(config.data.folder)), "stage2", tokenizer)
    folder.mkdir()
    with RunProgress() as progress:
        result = train_stage("stage2", config, lambda: with_adapter(config, None), tokenizer, data, folder, progress)
    lines = (folder / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    return result, [json.loads(line) for line in lines]
