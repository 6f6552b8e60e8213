"""How much memory a stage will need, by part, before a GPU is touched: from the config and the model's layer sizes.

Weights, adapter, gradients and optimiser are counted; what a training step takes besides is what a rehearsal of it
allocates (rehearsal.py). tests/bench/memory.py measures how far off that is, and docs/training.md states it.
"""

from dataclasses import dataclass
from typing import Any

from trainer.config import Config, Stage

ERROR = "within 10 % of what was measured of small models on a CPU (docs/training.md); on a GPU nothing was measured"
"""What the dry run says of its own figures; `python tests/bench/memory.py` prints the table behind it."""

# NF4 with double quantisation: 4 bit, a byte for each 64 weights, and 4 bytes for each 64 x 256 (arXiv 2305.14314).
_NF4_BYTES = 0.5 + 1 / 64 + 4 / (64 * 256)
_DTYPE_BYTES = {"bfloat16": 2, "float32": 4}
# State of the optimiser for each trained weight. The 8-bit ones keep a scale for each 256 values besides. Paged states
# count in full: they leave the GPU only when it is full.
_OPTIMIZER_BYTES = {"adamw_torch": 8, "adamw_torch_fused": 8, "adamw_8bit": 2.03, "paged_adamw_8bit": 2.03}
# What CUDA, its libraries and the allocator's gaps take: a guess, not measured for want of a GPU.
CUDA_OVERHEAD = 1.0e9
# Adapters are trained in float32: PEFT casts them up, and the optimiser keeps their small steps that way.
_ADAPTER_BYTES = 4


@dataclass(frozen=True)
class Memory:
    """Bytes at the moment of most memory, by part. `overhead` is that of CUDA, 0 for a CPU.

    Attributes:
        activations: what is kept from the forward pass for the backward pass.
        work: what is needed beside it at the worst moment: a part of the logits with the loss, or one layer.
        chat_rows: what is added if the rows of the chat tokens must be trained, too (trainer/health.py).
    """

    weights: float
    adapter: float
    gradients: float
    optimizer: float
    activations: float
    work: float
    chat_rows: float
    overhead: float

    @property
    def total(self) -> float:
        """All parts."""
        return sum(vars(self).values())


def estimate(config: Config, architecture: Any, stage: Stage, gpu: bool = True) -> Memory:
    """The memory that a stage takes at its peak. `architecture` is the model's config as transformers gives it.

    Raises ValueError, AttributeError, TypeError or RuntimeError for a model that cannot be rehearsed.
    """
    from trainer.rehearsal import rehearse  # torch: 4 s

    step = rehearse(config, architecture, stage, gpu)
    size = _DTYPE_BYTES[config.model.dtype]
    work = float(step.peak - step.kept)
    if config.model.quantization == "nf4":  # the largest layer, dequantised for its product
        work += step.largest * size
    weights = step.linear * (_NF4_BYTES if config.model.quantization == "nf4" else size) + step.other * size
    if config.model.quantization == "nf4" and not gpu:
        weights += step.linear * size  # the file stays mapped as long as embedding and head are read from it
    rows = 0.0
    if config.lora.chat_tokens != "frozen":
        # In stage 1 the rows are in the adapter and held as they are; whether they are needed only the weights tell.
        held = "frozen" if config.stage1.enabled and stage is config.stage1 else "trained"
        rows = float(rehearse(config, architecture, stage, gpu, held).peak - step.peak)
    return Memory(
        weights=weights,
        adapter=step.adapter * _ADAPTER_BYTES,
        gradients=step.adapter * _ADAPTER_BYTES,
        optimizer=step.adapter * _OPTIMIZER_BYTES[stage.optimizer],
        activations=float(step.kept),
        work=work,
        chat_rows=max(0.0, rows),
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
