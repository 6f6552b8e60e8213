"""How much memory a stage will need, by part, before a GPU is touched: from the config and the model's layer sizes.

The layers are laid out on torch's meta device, which takes no memory and no weights. What is kept for the backward pass
is counted for one layer of the Llama family (Llama, Qwen2, Qwen3, Mistral), as transformers computes it with SDPA:
tests/bench/memory.py measures how far off that is, and docs/training.md states it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from trainer.config import Config, Stage

# NF4 with double quantisation: 4 bit, a byte for each 64 weights, and 4 bytes for each 64 x 256 (arXiv 2305.14314).
_NF4_BYTES = 0.5 + 1 / 64 + 4 / (64 * 256)
_DTYPE_BYTES = {"bfloat16": 2, "float32": 4}
# State of the optimiser for each trained weight. The 8-bit ones keep a scale for each 256 values besides.
_OPTIMIZER_BYTES = {"adamw_torch": 8, "adamw_torch_fused": 8, "adamw_8bit": 2.03, "paged_adamw_8bit": 2.03}
# What CUDA, its libraries and the allocator's gaps take: a guess, not measured for want of a GPU.
CUDA_OVERHEAD = 1.0e9
# Adapters are trained in float32: PEFT casts them up, and the optimiser keeps their small steps that way.
_ADAPTER_BYTES = 4


@dataclass(frozen=True)
class Memory:
    """Bytes at the moment of most memory, by part. `overhead` is that of CUDA, 0 for a CPU."""

    weights: float
    adapter: float
    gradients: float
    optimizer: float
    activations: float
    logits: float
    overhead: float

    @property
    def total(self) -> float:
        """All parts."""
        return sum(vars(self).values())


@dataclass(frozen=True)
class _Sizes:
    """Numbers of weights: in linear layers that are quantised, in all others, in the adapter; widths of a layer."""

    linear: int
    other: int
    adapter: int
    layers: int
    hidden: int
    heads: int
    inner: int
    vocabulary: int


def estimate(config: Config, architecture: Any, stage: Stage, gpu: bool = True) -> Memory:
    """The memory that a stage takes at its peak. `architecture` is the model's config as transformers gives it."""
    sizes = _sizes(config, architecture)
    tokens = stage.batch_size * stage.max_length
    size = _DTYPE_BYTES[config.model.dtype]
    linear = _NF4_BYTES if config.model.quantization == "nf4" else size
    layer = _layer_bytes(sizes, size, config.lora.dropout > 0) * tokens
    if stage.gradient_checkpointing:  # every layer keeps its input, and one at a time is computed again
        activations = sizes.layers * sizes.hidden * size * tokens + layer
    else:
        activations = sizes.layers * layer
    if config.model.quantization == "nf4":  # the largest layer, dequantised for the product, there and back
        activations += 2 * sizes.hidden * sizes.inner * size
    return Memory(
        weights=sizes.linear * linear + sizes.other * size,
        adapter=sizes.adapter * _ADAPTER_BYTES,
        gradients=sizes.adapter * _ADAPTER_BYTES,
        optimizer=sizes.adapter * _OPTIMIZER_BYTES[stage.optimizer],
        activations=activations,
        # the logits, their copy in float32, the probabilities, and the gradients of the first two
        logits=tokens * sizes.vocabulary * (2 * size + 3 * 4),
        overhead=CUDA_OVERHEAD if gpu else 0.0,
    )


def advice(config: Config, stage: Stage, name: str) -> list[str]:
    """Settings that would lower the memory of a stage, the most effective one first, as `--set` options."""
    found = []
    if stage.batch_size > 1:
        found.append(f"{name}.batch_size={stage.batch_size // 2} with {name}.accumulation={stage.accumulation * 2}")
    if not stage.gradient_checkpointing:
        found.append(f"{name}.gradient_checkpointing=true")
    if config.model.quantization == "none":
        found.append("model.quantization=nf4")
    if stage.max_length > 512:
        found.append(f"{name}.max_length={stage.max_length // 2}")
    if not stage.optimizer.endswith("8bit"):
        found.append(f"{name}.optimizer=paged_adamw_8bit")
    if config.lora.rank > 8:
        found.append(f"lora.rank={config.lora.rank // 2} with lora.alpha={config.lora.alpha // 2}")
    return found


def _layer_bytes(sizes: _Sizes, size: int, dropout: bool) -> float:
    """What one layer keeps of a token for the backward pass."""
    h, q, f = sizes.hidden, sizes.heads, sizes.inner
    norms = 2 * h * (4 + 4 + size)  # the input and the normalised one in float32, and what comes out
    attention = 4 * q * size  # queries, keys and values repeated to as many heads, what comes out
    mlp = 3 * f * size  # gate, its activation, up
    residuals = 2 * h * size
    adapters = (6 * h + f) * _ADAPTER_BYTES  # PEFT casts the input of every adapter to the adapter's type
    if dropout:
        adapters += (6 * h + f) * (size + 1)  # what dropout leaves, and its mask
    return norms + attention + mlp + residuals + adapters


def _sizes(config: Config, architecture: Any) -> _Sizes:
    import torch
    from transformers import AutoModelForCausalLM

    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(architecture)
    linear = dict(_linear_layers(model))
    targets = config.lora.target_modules
    adapted = [m for n, m in linear.items() if targets == "all-linear" or n.rsplit(".", 1)[-1] in targets]
    in_linear = sum(m.weight.numel() for m in linear.values())
    everything = sum(weight.numel() for weight in model.parameters())
    head = getattr(architecture, "head_dim", None) or architecture.hidden_size // architecture.num_attention_heads
    return _Sizes(
        linear=in_linear,
        other=everything - in_linear,
        adapter=sum(config.lora.rank * (m.in_features + m.out_features) for m in adapted),
        layers=architecture.num_hidden_layers,
        hidden=architecture.hidden_size,
        heads=architecture.num_attention_heads * head,
        inner=architecture.intermediate_size,
        vocabulary=architecture.vocab_size,
    )


def _linear_layers(model: Any) -> Iterator[tuple[str, Any]]:
    """The layers that QLoRA quantises and adapts: all linear ones but the head."""
    import torch

    head = model.get_output_embeddings()
    for name, module in model.named_modules():
        if isinstance(module, torch.nn.Linear) and module is not head:
            yield name, module
