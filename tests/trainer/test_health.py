"""Token health and the stop test: without the cure a model with untrained chat tokens never stops, with it it does."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("torch")
import torch

from curator.cli import run as run_command
from curator.errors import ExitCode
from tests.trainer import base_model, small, tiny
from trainer import run as recipe
from trainer.cli import cli
from trainer.config import StopTest, write_config
from trainer.health import check_rows
from trainer.model import load_base, load_tokenizer
from trainer.stop_test import choose_prompts
from trainer.tokens import START, STOP, apply_template

pytestmark = pytest.mark.train


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("base")


@pytest.fixture(scope="module")
def uncured(root) -> Path:
    return recipe.run(base_model.config(root, "frozen"), root / "frozen")


@pytest.fixture(scope="module")
def cured(root) -> Path:
    return recipe.run(base_model.config(root, "auto"), root / "auto")


def record(folder: Path) -> dict:
    return json.loads((folder / "run.json").read_text())


def test_without_the_cure_no_answer_ends_and_the_run_is_marked_as_failed(uncured):
    assert record(uncured)["status"] == "failed stop test"
    test = record(uncured)["stop_test"]
    assert (test["prompts"], test["stopped"], test["failed"]) == (6, 0, True)
    assert len(test["running_on"]) == 6
    assert (uncured / "stage2" / "adapter_model.safetensors").is_file()  # what there is stays


def test_with_the_cure_every_answer_ends(cured):
    assert record(cured)["status"] == "finished"
    assert record(cured)["stop_test"]["share"] == 1.0


def test_without_the_cure_the_loss_cannot_fall_below_a_guess_among_all_that_look_alike(uncured, cured):
    import math

    # "yes" and the stop token: four tokens, of which the last is one of 63 equal ones
    floor = math.log(base_model.UNUSED + 2) / 4
    losses = [record(folder)["stages"]["stage2"]["eval_loss_best"] for folder in (uncured, cured)]
    assert losses[0] > 0.99 * floor and losses[1] < 0.05 * floor


def test_the_record_says_what_was_found(uncured):
    found = {(row["token"], row["matrix"]): row["verdict"] for row in record(uncured)["token_health"]}
    assert found == {(token, matrix): "untrained" for token in (START, STOP) for matrix in ("embedding", "head")}


def test_the_merged_model_has_two_new_rows_in_each_matrix_and_no_others(cured, root):
    from transformers import AutoModelForCausalLM

    base, merged = (AutoModelForCausalLM.from_pretrained(folder) for folder in (root / "model", cured / "merged"))
    for end in ("get_input_embeddings", "get_output_embeddings"):
        before, after = (getattr(model, end)().weight for model in (base, merged))
        assert (before != after).any(dim=1).nonzero().flatten().tolist() == base_model.CHAT_TOKENS


def test_the_command_ends_with_findings_and_says_so(root, tmp_path, capsys):
    config = base_model.config(root, "frozen")
    config = replace(config, stage2=replace(config.stage2, max_steps=1, evaluations=1))
    (tmp_path / "base.toml").write_text(write_config(config), encoding="utf-8")
    out = tmp_path / "run"
    assert run_command(cli, "trainer", ["run", str(tmp_path / "base.toml"), "--out", str(out)]) == ExitCode.FINDINGS
    shown = capsys.readouterr()
    assert "0 of 6 answers ended by themselves" in shown.out + shown.err
    assert "stop_test.min_share" in shown.err
    # The same command again is refused, as after any run that ended, instead of training once more.
    assert run_command(cli, "trainer", ["run", str(tmp_path / "base.toml"), "--out", str(out)]) == ExitCode.USAGE


def test_a_share_of_0_reports_and_never_fails(root, tmp_path):
    config = base_model.config(root, "frozen")
    config = replace(
        config,
        stage2=replace(config.stage2, max_steps=1, evaluations=1),
        stop_test=replace(config.stop_test, min_share=0.0),
    )
    done = record(recipe.run(config, tmp_path / "run"))
    assert done["status"] == "finished" and done["stop_test"]["share"] == 0.0


@pytest.mark.parametrize("tied", [False, True])
def test_a_model_whose_chat_tokens_were_trained_is_left_alone(root, tmp_path, tied):
    config = base_model.config(tmp_path, "auto", untrained=False, tied=tied)
    rows = check_rows(load_base(config), load_tokenizer(config))
    assert {row.verdict for row in rows} == {"trained"}
    model = recipe.with_adapter(config, None)
    assert not any("trainable_tokens" in name for name, _ in model.named_parameters())


def test_healthy_rows_are_trained_too_where_the_config_says_so(tmp_path):
    model = recipe.with_adapter(base_model.config(tmp_path, "train", untrained=False), None)
    rows = {name: p for name, p in model.named_parameters() if "trainable_tokens_delta" in name}
    assert len(rows) == 2 and all(p.requires_grad and p.shape[0] == 2 for p in rows.values())


def test_tied_matrices_are_one_and_their_rows_are_trained_once(tmp_path):
    config = base_model.config(tmp_path, "auto", tied=True)
    (rows,) = {row.matrix for row in check_rows(load_base(config), load_tokenizer(config))}
    assert rows == "embedding and head"
    config = replace(config, stage2=replace(config.stage2, max_steps=25, evaluations=1))
    done = record(recipe.run(config, tmp_path / "run"))
    assert done["stop_test"]["share"] == 1.0
    assert json.loads((tmp_path / "run" / "merged" / "config.json").read_text())["tie_word_embeddings"]


def test_the_rows_rest_in_stage_1_and_move_in_stage_2(tmp_path):
    config = base_model.config(tmp_path, "auto")
    both = replace(
        config,
        stage1=replace(config.stage2, enabled=True, packing="bfd_split", max_steps=2, evaluations=1),
        stage2=replace(config.stage2, max_steps=2, evaluations=1),
    )
    folder = recipe.run(both, tmp_path / "run")
    from safetensors.torch import load_file

    first, second = (load_file(folder / stage / "adapter_model.safetensors") for stage in ("stage1", "stage2"))
    seeded = recipe.with_adapter(both, None)
    start = {name: p for name, p in seeded.named_parameters() if "trainable_tokens_delta" in name}
    assert len(start) == 2
    for name, rows in start.items():
        key = name.replace(".default", "")
        assert torch.equal(first[key], rows.detach()) and not torch.equal(second[key], rows.detach())


def test_the_cure_works_on_a_4_bit_base_with_gradient_checkpointing(tmp_path):
    config = base_model.config(tmp_path, "auto")
    config = replace(
        config,
        model=replace(config.model, quantization="nf4", dtype="bfloat16"),
        stage2=replace(config.stage2, max_steps=25, evaluations=1, gradient_checkpointing=True),
    )
    assert record(recipe.run(config, tmp_path / "run"))["stop_test"]["share"] == 1.0


def test_where_no_unused_rows_are_known_a_far_too_short_row_is_untrained():
    model, tokenizer = tiny.model(), apply_template(tiny.tokenizer())
    assert {row.verdict for row in check_rows(model, tokenizer)} == {"trained"}
    with torch.no_grad():
        model.get_output_embeddings().weight[2] *= 0.01
    found = {(row.token, row.matrix): row.verdict for row in check_rows(model, tokenizer)}
    assert [key for key, verdict in found.items() if verdict == "untrained"] == [(STOP, "head")]


def test_where_unused_rows_look_like_trained_ones_nothing_is_claimed():
    model = base_model.base_model()
    with torch.no_grad():
        for matrix in (model.get_input_embeddings().weight, model.get_output_embeddings().weight):
            matrix.normal_(std=0.2)
    assert {row.verdict for row in check_rows(model, apply_template(tiny.tokenizer()))} == {"unclear"}


def test_only_prompts_with_short_answers_are_asked_and_always_the_same():
    rows = [tiny.conversation(f"strings/{n}", "Write", "print 1" * n) for n in range(1, 20)]
    chosen = choose_prompts(StopTest(prompts=5, tokens=128), tiny.tokenizer(), rows)
    again = choose_prompts(StopTest(prompts=5, tokens=128), tiny.tokenizer(), rows[::-1])
    assert chosen == again and len(chosen) == 5
    assert all(len(row["messages"][-1]["content"]) <= 64 for row in chosen)


def test_no_held_out_answer_that_is_short_enough_leaves_the_test_out(root, tmp_path, capsys):
    config = base_model.config(root, "frozen")
    rows = small.rows(3, 100)
    config = replace(
        config,
        data=replace(config.data, folder=str(small.dataset(tmp_path / "d", validation=rows))),
        stage2=replace(config.stage2, max_length=512, max_steps=1, evaluations=1),
    )
    done = record(recipe.run(config, tmp_path / "run"))
    assert "stop_test" not in done and done["status"] == "finished"
    assert "stop test left out" in capsys.readouterr().err


def test_fill_in_tokens_that_were_never_trained_are_refused(tmp_path):
    from trainer.errors import TrainerError
    from trainer.fim import KNOWN

    config = base_model.config(tmp_path, "auto")
    tiny.tokenizer(*KNOWN[0]).save_pretrained(config.model.name)  # in the vocabulary, on rows that never occurred
    config = replace(config, stage1=replace(config.stage1, enabled=True, packing="bfd_split", fim=0.1))
    with pytest.raises(
        TrainerError, match=r"stage1\.fim: <\|fim_prefix\|> in embedding: untrained.*Set stage1\.fim = 0"
    ):
        recipe.with_adapter(config, None)
