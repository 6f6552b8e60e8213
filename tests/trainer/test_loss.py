"""Prompt weights, by numbers: what TRL's trainer takes as loss, and what gradients come of it."""

from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("torch")
import torch

from tests.trainer import small
from trainer.data import prepare, read_folder
from trainer.model import load_tokenizer
from trainer.progress import RunProgress
from trainer.run import with_adapter
from trainer.stage import make_trainer
from trainer.tokens import NO_LOSS, Tokens, weighed

pytestmark = pytest.mark.train


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    return small.config(tmp_path_factory.mktemp("small"))


def made(config, folder, **stage):
    config = replace(config, stage2=replace(config.stage2, accumulation=2, **stage))
    tokenizer = load_tokenizer(config)
    data = prepare(config, read_folder(Path(config.data.folder)), "stage2", tokenizer)
    folder.mkdir(exist_ok=True)
    return make_trainer("stage2", config, with_adapter(config, None), tokenizer, data, folder, RunProgress())[0]


def step(trainer):
    """The loss of one optimiser step of two batches, as the training loop computes it, and the gradients."""
    trainer.create_optimizer_and_scheduler(1)
    batches, count = trainer.get_batch_samples(iter(trainer.get_train_dataloader()), 2, "cpu")
    model = trainer.model.train()
    trainer.current_gradient_accumulation_steps = 2
    losses = [trainer.training_step(model, dict(batch), num_items_in_batch=count) for batch in batches]
    return sum(losses).item(), {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}


def by_hand(trainer, weight):
    """The weighted mean over the same two batches, from plain logits."""
    batches, _ = trainer.get_batch_samples(iter(trainer.get_train_dataloader()), 2, "cpu")
    total = weights = 0.0
    for batch in batches:
        with torch.no_grad():
            logits = trainer.model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits
        labels = batch["labels"][:, 1:]
        each = torch.nn.functional.cross_entropy(
            logits[:, :-1].transpose(1, 2), batch["input_ids"][:, 1:], reduction="none"
        )
        weight_of = torch.where(labels >= 0, 1.0, torch.where(labels == NO_LOSS, 0.0, weight))
        total += (each * weight_of).sum().item()
        weights += weight_of.sum().item()
    return total / weights


@pytest.mark.parametrize("weight", [0.0, 0.1, 1.0])
def test_the_loss_of_a_step_is_the_weighted_mean_over_its_batches(config, tmp_path, weight):
    trainer = made(config, tmp_path / "r", prompt_weight=weight)
    expected = by_hand(trainer, weight)
    assert step(trainer)[0] == pytest.approx(expected, rel=1e-5)


def test_a_prompt_weight_pulls_the_gradients_between_those_of_answers_and_of_all(config, tmp_path):
    gradients = {}
    for weight in (0.0, 0.5, 1.0):
        grads = step(made(config, tmp_path / f"{weight}", prompt_weight=weight))[1]
        gradients[weight] = torch.cat([grad.flatten() for name, grad in sorted(grads.items()) if "lora_B" in name])
    answers, half, both = gradients.values()
    assert not torch.allclose(answers, both, rtol=0.1)
    # Three vectors on one line: half = answers + s * (both - answers), with 0 < s < 1.
    share = ((half - answers) @ (both - answers) / (both - answers).pow(2).sum()).item()
    assert 0 < share < 1
    assert torch.allclose(half, answers + share * (both - answers), atol=1e-6)


@pytest.mark.parametrize("packing", ["none", "bfd"])
def test_validation_takes_the_answers_only_whatever_the_weight(config, tmp_path, packing):
    losses = [
        made(config, tmp_path / f"{weight}", prompt_weight=weight, packing=packing).evaluate()["eval_loss"]
        for weight in (0.0, 0.5)
    ]
    assert losses[0] == losses[1]


def test_positions_without_loss_are_left_out_of_the_head_and_change_nothing(config, tmp_path, monkeypatch):
    """Also a sign that TRL still asks where trainer/loss.py answers."""
    from trl.kernels import chunked_logprob
    from trl.trainer import utils

    computed = []
    apply = utils._ChunkedLogProbFunction.apply

    def counted(hidden, *others):
        computed.append(len(hidden))
        return apply(hidden, *others)

    monkeypatch.setattr(utils._ChunkedLogProbFunction, "apply", counted)
    (loss, gradients), few = step(made(config, tmp_path / "ours")), sum(computed)
    computed.clear()
    monkeypatch.setattr(utils, "_use_triton", chunked_logprob._use_triton)
    (same_loss, same_gradients), every = step(made(config, tmp_path / "theirs")), sum(computed)
    assert few < 0.7 * every
    assert loss == pytest.approx(same_loss, rel=1e-6) and gradients.keys() == same_gradients.keys()
    assert all(torch.allclose(gradients[name], same_gradients[name], atol=1e-6) for name in gradients)


def test_labels_say_which_tokens_count_and_which_count_less():
    tokens = Tokens([5, 6, 7], [False, True, False])
    assert tokens.labels() == [NO_LOSS, 6, NO_LOSS]
    assert tokens.labels(weigh_prompt=True) == [weighed(5), 6, weighed(7)]
    assert [weighed(weighed(token)) for token in (0, 151_664)] == [0, 151_664]
