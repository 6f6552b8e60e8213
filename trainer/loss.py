"""TRL's trainer with one thing added: tokens of the prompt may count in the loss, with a weight below an answer's.

Loss on the prompt helps where questions are long and answers short (arXiv 2405.14394), and a small weight more than a
full one (arXiv 2507.07817). The loss is the weighted mean: sum of weight * loss over sum of weights. TRL's own
computation stays as it is: it is handed log-probabilities that are multiplied already, and the sum of the weights where
it would count tokens.
"""

from typing import Any

import torch
from peft.tuners.trainable_tokens.layer import TrainableTokensLayer
from peft.utils.other import TrainableTokensWrapper
from torch.distributed.tensor import DTensor, Partial
from trl import SFTTrainer
from trl.trainer import utils as trl_utils

from trainer.tokens import NO_LOSS, WEIGHED, weighed

# TRL's loss reads `lm_head.bias`, which PEFT's wrapper around a head with trained rows (trainer/health.py) does not
# pass on: AttributeError. No head of the supported models has a bias. Seen with trl 1.16.0 and peft 0.21.2.
if not hasattr(TrainableTokensWrapper, "bias"):
    TrainableTokensWrapper.bias = None

_of_whole_matrices = TrainableTokensLayer.get_merged_weights


def _of_divided_matrices(layer: Any, active_adapters: Any) -> Any:
    """The head with its trained rows, where FSDP2 has divided both over the processes: gathered, then put together.

    PEFT's own is told to put whole rows into a part of a matrix: "got mixed torch.Tensor and DTensor". Gradients are
    averaged over the processes, as FSDP2 does for all others. Seen with peft 0.21.2 and torch 2.13.0.
    """
    matrix = layer.base_layer.weight
    if not isinstance(matrix, DTensor):
        return _of_whole_matrices(layer, active_adapters)
    matrix = matrix.full_tensor()
    for name in active_adapters:
        rows = layer.trainable_tokens_delta[name].full_tensor(grad_placements=[Partial("avg")])
        index = torch.tensor(layer.token_indices[name], device=matrix.device)
        matrix = matrix.index_copy(0, index, rows.to(matrix))
    return matrix


TrainableTokensLayer.get_merged_weights = _of_divided_matrices


# TRL's head computes all positions on a CPU and throws away those without loss: a third of the tokens of conversations,
# at a fifth of a step's time each. It leaves them out on GPUs, and can here; a test compares. Seen with trl 1.16.0.
trl_utils._use_triton = lambda device: True


class WeightedTrainer(SFTTrainer):
    """An SFTTrainer whose rows may have labels made by `Tokens.labels(weigh_prompt=True)`. Without them it is TRL's."""

    def __init__(self, *args: Any, prompt_weight: float = 0.0, **kwargs: Any) -> None:
        self._prompt_weight = prompt_weight  # before: TRL's constructor may already ask for a loss
        super().__init__(*args, **kwargs)

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """TRL's, over log-probabilities that carry the weights."""
        is_prompt = inputs["labels"] <= WEIGHED  # (B, T)
        if not is_prompt.any():
            return super().compute_loss(model, inputs, return_outputs, num_items_in_batch)
        inputs["labels"] = torch.where(is_prompt, weighed(inputs["labels"]), inputs["labels"])
        weights = 1.0 - (1.0 - self._prompt_weight) * is_prompt[:, 1:].float()  # (B, T-1), as the log-probabilities

        def weighing(**given: Any) -> Any:
            out = model(**given)
            if out.get("log_probs") is not None:
                out.log_probs = out.log_probs * weights
            return out

        return super().compute_loss(weighing, inputs, return_outputs, num_items_in_batch)

    def _get_num_items_in_batch(self, batch_samples: list[dict[str, Any]], device: Any) -> Any:
        """The sum of the weights in all batches of a step, over all processes: what the loss is divided by."""
        every = super()._get_num_items_in_batch(batch_samples, device)
        if every is None or not self._prompt_weight:  # not "no such label here": all processes must count alike
            return every
        answers = super()._get_num_items_in_batch(
            [{"labels": batch["labels"].clamp(min=NO_LOSS)} for batch in batch_samples], device
        )
        return answers + self._prompt_weight * (every - answers)
