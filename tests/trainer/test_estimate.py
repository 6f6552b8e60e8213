"""The estimate of memory, beside what real training steps of tiny models allocate."""

from dataclasses import replace

import pytest

pytest.importorskip("torch")

import torch
from peft import LoraConfig, get_peft_model
from transformers import LlamaConfig, Qwen2Config, Qwen2ForCausalLM, Qwen3NextConfig
from trl.kernels import chunked_logprob
from trl.trainer import utils as trl_utils
from trl.trainer.utils import add_fused_lm_head

from tests.trainer import small
from trainer.config import Stage
from trainer.estimate import estimate
from trainer.rehearsal import Allocations, rehearse

pytestmark = pytest.mark.train
LAYERS = 5


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    made = small.config(tmp_path_factory.mktemp("estimate"))
    return replace(made, lora=replace(made.lora, dropout=0.0, chat_tokens="frozen"), stage1=Stage(enabled=False))


def shape(**more):
    return Qwen2Config(
        **{
            "vocab_size": 500,
            "hidden_size": 64,
            "intermediate_size": 160,
            "num_hidden_layers": LAYERS,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "tie_word_embeddings": False,
            **more,
        }
    )


def really(config, architecture, stage):
    """Bytes kept after a real forward pass, and the most in the step, beside weights and gradients."""
    dtype = getattr(torch, config.model.dtype)
    base = Qwen2ForCausalLM._from_config(architecture, dtype=dtype, attn_implementation="sdpa")
    lora = LoraConfig(r=config.lora.rank, lora_dropout=0.0, target_modules="all-linear", task_type="CAUSAL_LM")
    model = get_peft_model(base, lora).train()
    if stage.gradient_checkpointing:
        model.enable_input_require_grads()
        model.gradient_checkpointing_enable({"use_reentrant": False})
    add_fused_lm_head(base, outputs=("log_probs", "entropy", "is_top1"))
    ids = torch.zeros(stage.batch_size, stage.max_length, dtype=torch.long)
    for parameter in model.parameters():
        if parameter.requires_grad:
            parameter.grad = torch.zeros_like(parameter)
    made = Allocations()
    made.start(*model.parameters(), *model.buffers(), *(p.grad for p in model.parameters() if p.grad is not None))
    with made:
        with torch.autocast("cpu", torch.bfloat16, enabled=dtype == torch.bfloat16):
            mask = torch.ones(stage.batch_size, 1, stage.max_length, stage.max_length, dtype=torch.bool)
            given = {"attention_mask": mask if stage.batch_size > 1 else None, "use_cache": False}
            loss = -model(input_ids=ids, labels=ids, fused_lm_head=True, **given).log_probs.sum()
        kept = made.now
        loss.backward()
    return kept, made.peak


@pytest.mark.parametrize("checkpointing", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize(("rows", "length"), [(1, 96), (3, 32)])
def test_a_rehearsal_allocates_what_a_real_step_does(config, dtype, rows, length, checkpointing):
    config = replace(config, model=replace(config.model, dtype=dtype))
    stage = Stage(batch_size=rows, max_length=length, gradient_checkpointing=checkpointing)
    kept, peak = really(config, shape(), stage)
    step = rehearse(config, shape(), stage, gpu=False)
    assert step.kept == pytest.approx(kept, rel=0.03, abs=12_000)  # small things that are kept once, or for each layer
    assert step.peak == pytest.approx(peak, rel=0.03)


def test_weights_are_those_of_the_whole_model_and_its_adapter(config):
    base = Qwen2ForCausalLM(shape())
    everything = sum(parameter.numel() for parameter in base.parameters())
    in_layers = sum(m.weight.numel() for n, m in base.named_modules() if n.endswith("_proj"))
    r = config.lora.rank
    adapter = sum(r * (m.in_features + m.out_features) for n, m in base.named_modules() if n.endswith("_proj"))
    step = rehearse(config, shape(), Stage(max_length=8), gpu=True)
    assert (step.linear, step.other, step.adapter) == (in_layers, everything - in_layers, adapter)
    assert step.largest == 64 * 160


def test_checkpointing_keeps_one_input_a_layer(config):
    stage = Stage(max_length=128, gradient_checkpointing=True)
    more, less = (rehearse(config, shape(num_hidden_layers=n), stage, gpu=True).kept for n in (20, 10))
    assert more - less == 10 * 128 * 64 * 4  # float32


def test_no_logits_of_the_whole_vocabulary_are_made_on_a_gpu(config):
    stage = Stage(max_length=1024, gradient_checkpointing=True)
    step = rehearse(config, shape(vocab_size=152_064, hidden_size=16), stage, gpu=True)
    assert step.peak < 1024 * 152_064 * 2  # in bfloat16 alone they would take this


def test_trained_chat_tokens_count_the_copies_of_the_head_that_they_cost(config):
    config = replace(config, lora=replace(config.lora, chat_tokens="auto"))
    vocabulary = 60_000
    made = estimate(config, shape(vocab_size=vocabulary), Stage(max_length=32))
    head = vocabulary * 64 * 4
    assert 2 * head < made.chat_rows < 4 * head  # its copy with the rows in it, and a gradient of its size


def test_nf4_takes_a_quarter_of_the_layers_and_room_for_the_largest(config):
    stage = Stage(max_length=32)
    plain, packed = (
        estimate(replace(config, model=replace(config.model, dtype="bfloat16", quantization=kind)), shape(), stage)
        for kind in ("none", "nf4")
    )
    linear = LAYERS * (2 * 64 * 64 + 2 * 64 * 32 + 3 * 64 * 160)
    assert plain.weights - packed.weights == pytest.approx(linear * (2 - 0.516), rel=0.001)
    assert packed.work - plain.work == 64 * 160 * 2


def test_a_rehearsal_leaves_the_libraries_as_they_were(config):
    before = (trl_utils._use_triton, chunked_logprob._backward_tile, chunked_logprob._addmm_fp32)
    rehearse(config, shape(), Stage(max_length=8), gpu=True)
    assert before == (trl_utils._use_triton, chunked_logprob._backward_tile, chunked_logprob._addmm_fp32)


def test_tied_weights_are_counted_once(config):
    tied = LlamaConfig(**{**shape(tie_word_embeddings=True).to_dict(), "model_type": "llama", "architectures": None})
    step = rehearse(config, tied, Stage(max_length=8), gpu=True)
    assert step.other < 1.1 * 500 * 64


def test_layers_of_several_kinds_are_not_estimated(config):
    with pytest.raises(ValueError, match="several kinds"):
        rehearse(config, Qwen3NextConfig(), Stage(max_length=8), gpu=True)
