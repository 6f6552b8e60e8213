"""A training step on tensors without content: the model's own code runs and says what it would allocate.

Two small copies of the model, of one layer and of two, go forward and backward through transformers, PEFT and TRL's
head as in training, on torch's fake tensors: they have shapes and no memory, so this works for any size on any machine,
without weights. What the second layer adds, each further one adds. What a kernel takes for itself is not seen.
"""

import copy
import weakref
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import torch
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from trainer.config import Config, Stage


@dataclass(frozen=True)
class Rehearsal:
    """Numbers of weights, and bytes beside weights, gradients and optimiser.

    Attributes:
        linear: weights in linear layers other than the head, which QLoRA quantises; `other` all else of the base.
        largest: weights of the largest linear layer.
        adapter: trained weights.
        kept: bytes kept between forward and backward pass.
        peak: the most bytes at any time of the step, those included.
    """

    linear: int
    other: int
    largest: int
    adapter: int
    kept: int
    peak: int


class Allocations(TorchDispatchMode):
    """Counts the bytes of all tensors that are made while it is entered: `now`, and `peak`, the most at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.now = self.peak = 0
        self._known: set[int] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        for tensor in tree_leaves(made):
            if isinstance(tensor, torch.Tensor):
                self.add(tensor)
        return made

    def add(self, tensor: torch.Tensor) -> None:
        """Count a tensor's memory, once however many views of it there are, until the last of them is gone."""
        storage = tensor.untyped_storage()
        key, size = id(storage), storage.nbytes()
        if key not in self._known:
            self._known.add(key)
            self.now += size
            self.peak = max(self.peak, self.now)
            weakref.finalize(storage, self._gone, key, size)

    def start(self, *known: torch.Tensor) -> None:
        """Count from here, without what is there: `known`, and all that was counted so far."""
        for tensor in known:
            self.add(tensor)
        self.now = self.peak = 0

    def _gone(self, key: int, size: int) -> None:
        self._known.discard(key)
        self.now -= size


def rehearse(config: Config, architecture: Any, stage: Stage, gpu: bool, chat_rows: str = "none") -> Rehearsal:
    """What a step of a stage takes. `architecture` is the model's config as transformers gives it.

    `gpu` False is for a CPU, where TRL's head has no kernels of its own and makes more copies of a part of the logits.
    `chat_rows`: rows of two chat tokens beside the adapter, "none", "frozen" or "trained".
    Raises ValueError, AttributeError, TypeError or RuntimeError for a model that this cannot be done with.
    """
    if len(set(getattr(architecture, "layer_types", None) or ["one kind"])) > 1:
        raise ValueError("layers of several kinds")
    one, two = (_of(config, architecture, layers, stage, gpu, chat_rows) for layers in (1, 2))
    more = architecture.num_hidden_layers - 1
    values = {key: value + more * (getattr(two, key) - value) for key, value in vars(one).items()}
    return Rehearsal(**values)


def _of(config: Config, architecture: Any, layers: int, stage: Stage, gpu: bool, chat_rows: str) -> Rehearsal:
    from trl.trainer.utils import add_fused_lm_head

    model = _model(config, architecture, layers, chat_rows)
    base = model.get_base_model()
    head = next(name for name, module in base.named_modules() if module is base.get_output_embeddings())
    # The adapter wraps each linear layer, and is made of linear layers itself.
    linear = [
        module.weight.numel()
        for name, module in base.named_modules()
        if isinstance(module, torch.nn.Linear) and "lora_" not in name and not f"{name}.".startswith(f"{head}.")
    ]
    adapter = sum(p.numel() for p in model.parameters() if p.requires_grad)
    everything = sum(p.numel() for p in model.parameters())
    fake = FakeTensorMode(allow_non_fake_inputs=True)
    _without_content(model, fake)
    model.train()
    precise = config.model.dtype == "float32"
    with fake, _head_as_on(gpu):
        if stage.gradient_checkpointing:
            model.enable_input_require_grads()
            model.gradient_checkpointing_enable({"use_reentrant": False})
        add_fused_lm_head(base, outputs=("log_probs", "entropy", "is_top1"))  # what SFTTrainer asks for
        static = [*model.parameters(), *model.buffers()]
        for weight in model.parameters():
            if weight.requires_grad:
                weight.grad = torch.zeros_like(weight)  # counted apart
                static.append(weight.grad)
        made = Allocations()
        made.start(*static)
        with made:
            with nullcontext() if precise else torch.autocast("cpu", torch.bfloat16):
                loss = -model(**_inputs(stage), use_cache=False, fused_lm_head=True).log_probs.sum()
            kept = made.now
            loss.backward()
    return Rehearsal(sum(linear), everything - adapter - sum(linear), max(linear), adapter, kept, made.peak)


def _model(config: Config, architecture: Any, layers: int, chat_rows: str) -> Any:
    """The model with its adapter as trainer/run.py makes them, with fewer layers and without memory."""
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    small = copy.deepcopy(architecture)
    if getattr(small, "layer_types", None):
        small.layer_types = small.layer_types[:layers]
    small.num_hidden_layers = layers
    lora = config.lora
    with torch.device("meta"):
        dtype = getattr(torch, config.model.dtype)
        base = AutoModelForCausalLM.from_config(small, dtype=dtype, attn_implementation="sdpa")
        rows = None
        if chat_rows != "none":
            names = {id(module): name.rsplit(".", 1)[-1] for name, module in base.named_modules()}
            ends = [base.get_input_embeddings()]
            if not small.tie_word_embeddings:
                ends.append(base.get_output_embeddings())
            rows = {names[id(module)]: [0, 1] for module in ends}
        model = get_peft_model(
            base,
            LoraConfig(
                r=lora.rank,
                lora_alpha=lora.alpha,
                lora_dropout=lora.dropout,
                target_modules=lora.target_modules if isinstance(lora.target_modules, str) else [*lora.target_modules],
                trainable_token_indices=rows,
                task_type="CAUSAL_LM",
            ),
        )
    for name, weight in model.named_parameters():
        if chat_rows == "frozen" and "trainable_tokens_delta" in name:
            weight.requires_grad_(False)
        if weight.requires_grad:
            weight.data = weight.data.float()  # as trainer/stage.py keeps them
    return model


def _without_content(model: Any, fake: FakeTensorMode) -> None:
    """Turn the tensors of a model on the meta device into fake ones of a CPU, where they take the ways of real ones."""
    made: dict[int, Any] = {}  # tied weights stay one
    alive = []
    for module in model.modules():
        for tensors in (module._parameters, module._buffers):
            for key, tensor in list(tensors.items()):
                if tensor is None:
                    continue
                if id(tensor) not in made:
                    alive.append(tensor)  # or its id might come again
                    plain = FakeTensor(fake, tensor.detach(), torch.device("cpu"))
                    is_weight = isinstance(tensor, torch.nn.Parameter)
                    made[id(tensor)] = torch.nn.Parameter(plain, tensor.requires_grad) if is_weight else plain
                tensors[key] = made[id(tensor)]


def _inputs(stage: Stage) -> dict[str, Any]:
    """The largest batch of a stage: rows of full length, with loss on every token."""
    rows, length = stage.batch_size, stage.max_length
    if stage.packing in ("bfd", "bfd_split"):  # TRL puts the packed rows of a batch one after the other
        rows, length = 1, rows * length
    ids = torch.zeros(rows, length, dtype=torch.long)
    mask = None
    if stage.packing in ("bfd", "bfd_split") or (stage.packing == "none" and rows > 1):
        # Programs of a row do not see each other; rows of different length are padded. Then there is a mask.
        mask = torch.ones(rows, 1, length, length, dtype=torch.bool)
    return {"input_ids": ids, "labels": ids, "attention_mask": mask}


@contextmanager
def _head_as_on(gpu: bool) -> Iterator[None]:
    """TRL's fused head: with all positions (which have a loss depends on the content); on a GPU without the copies that
    its kernels do not make, as they work within one part of the logits. Seen with trl 1.16.0.
    """
    from transformers import masking_utils
    from trl.kernels import chunked_logprob
    from trl.trainer import utils

    import trainer.loss  # noqa: F401 - what the trainer changes of TRL's head and PEFT's rows

    with ExitStack() as changed:
        changed.enter_context(patch.object(utils, "_use_triton", lambda device: False))
        # It reads positions, and makes a mask where it cannot. Where rows are packed, `_inputs` has made one.
        changed.enter_context(patch.object(masking_utils, "find_packed_sequence_indices", lambda positions: None))
        for name in ("_forward_tile", "_backward_tile", "_addmm_fp32") if gpu else ():
            changed.enter_context(patch.object(chunked_logprob, name, lambda *args, **options: None))
        yield
