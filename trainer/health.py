"""Token health: were `<|im_start|>` and `<|im_end|>` ever trained in this model? If not, they are seeded and trained.

Base models of the Qwen2.5 generation carry both tokens untrained (QwenLM/Qwen3 issue 1064): their rows in embedding and
head look like those of the tokens that never occurred, so a LoRA that leaves both matrices frozen cannot tell
`<|im_end|>` from a hundred others, and the tuned model never stops. Training both matrices whole would cost 1.6 billion
parameters on a 14B model; training two rows of each costs twenty thousand.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from curator.output import say
from trainer import processes
from trainer.config import Config
from trainer.errors import TrainerError
from trainer.fim import fim_tokens
from trainer.tokens import END_OF_DOCUMENT, START, STOP

Verdict = Literal["trained", "untrained", "unclear"]
SAMPLE = 1024
"""Rows of ordinary tokens to compare with: enough for steady medians."""
UNUSED_NEEDED = 8
"""Rows known to be untrained that are needed as the other side of the comparison."""
TRUST = 0.9
"""The comparison must sort this share of the known rows right, or it says nothing of the others."""
HALF = 0.7
"""A logarithm: where no unused rows are known, a row half as long as the shortest trained one counts as untrained."""


@dataclass(frozen=True)
class RowHealth:
    """A token's row in one matrix, beside the rows of ordinary tokens and those that no token has.

    Attributes:
        matrix: "embedding", "head", or "embedding and head" where the two are one.
        norm: its length; `trained_norm` and `unused_norm` are the medians of the two groups.
        cosine: with the mean unused row, and the medians of the two groups. None where no unused rows are known.
    """

    token: str
    matrix: str
    verdict: Verdict
    norm: float
    trained_norm: float
    unused_norm: float | None = None
    cosine: float | None = None
    trained_cosine: float | None = None
    unused_cosine: float | None = None

    def __str__(self) -> str:
        beside = f"length {self.norm:.2f}, of trained rows {self.trained_norm:.2f}"
        if self.unused_norm is not None:
            beside += f", of unused rows {self.unused_norm:.2f}; likeness to unused rows {self.cosine:.2f}"
            beside += f", of trained rows {self.trained_cosine:.2f}, of unused rows {self.unused_cosine:.2f}"
        return f"{self.token} in {self.matrix}: {self.verdict} ({beside})"


def heal(model: Any, tokenizer: Any, config: Config) -> tuple[list[RowHealth], dict[str, list[int]]]:
    """Look at a base model's rows before it gets its adapter; seed what is untrained, in place, unless told not to.

    Returns what was found, and what PEFT is to train beside the adapter (`trainable_token_indices`). Raises
    TrainerError if `stage1.fim` asks for tokens that were never trained.
    """
    if config.stage1.enabled and config.stage1.fim:
        check_fim(model, tokenizer)
    rows = check_rows(model, tokenizer)
    for row in rows:
        if row.verdict != "trained":
            say(f"token health: {row}")
    if config.lora.chat_tokens != "frozen":
        cure_rows(model, tokenizer, rows)
    return rows, trainable_rows(model, tokenizer, rows, config.lora.chat_tokens)


def check_rows(model: Any, tokenizer: Any, tokens: Sequence[str] = (START, STOP)) -> list[RowHealth]:
    """The health of each token in each matrix of a loaded model."""
    vocabulary: dict[str, int] = tokenizer.get_vocab()
    special = {vocabulary[token] for token in tokenizer.all_special_tokens if token in vocabulary}
    ordinary = sorted(set(vocabulary.values()) - special - {vocabulary[token] for token in tokens})
    # Merges are numbered by frequency, so the first half is trained in any model.
    half = ordinary[: max(SAMPLE, len(ordinary) // 2)]
    trained = half[:: max(1, len(half) // SAMPLE)]
    unused = list(range(max(vocabulary.values()) + 1, _matrices(model)["embedding"].shape[0]))
    unused = unused[:: max(1, len(unused) // SAMPLE)]
    ids = {token: vocabulary[token] for token in tokens}
    return [row for name, matrix in _named(model).items() for row in _judge(name, matrix, ids, trained, unused)]


def check_fim(model: Any, tokenizer: Any) -> None:
    """Raises TrainerError if the tokens that `stage1.fim` needs are in the vocabulary and were never trained."""
    tokens = fim_tokens(tokenizer.get_vocab())
    for row in check_rows(model, tokenizer, tokens):
        if row.verdict == "untrained":
            raise TrainerError(
                f"stage1.fim: {row}; this model never learnt to fill in. Set stage1.fim = 0, or take a code model such "
                "as Qwen2.5-Coder"
            )


def cure_rows(model: Any, tokenizer: Any, rows: Sequence[RowHealth]) -> None:
    """Seed the untrained rows, in place: from then on they mean something near what they will have to mean.

    `<|im_end|>` begins as the end of a document. `<|im_start|>` begins, where it is read, as such a border too; where
    it could be written, as the mean of all rows, which no position asks for.
    """
    import torch

    vocabulary = tokenizer.get_vocab()
    matrices = _named(model)
    with torch.no_grad():
        for row in rows:
            if row.verdict == "untrained":
                matrix = matrices[row.matrix]
                as_border = row.token == STOP or row.matrix == "embedding"
                seed = matrix[vocabulary[END_OF_DOCUMENT]] if as_border else matrix.float().mean(0).to(matrix.dtype)
                matrix[vocabulary[row.token]] = seed.clone()


def trainable_rows(model: Any, tokenizer: Any, rows: Sequence[RowHealth], setting: str) -> dict[str, list[int]]:
    """PEFT's `trainable_token_indices`: module name -> ids. Empty if nothing is to be trained.

    A token that is untrained in one matrix is trained in both. `setting` is `lora.chat_tokens`.
    """
    vocabulary = tokenizer.get_vocab()
    wanted = [row.token for row in rows if setting == "train" or (setting == "auto" and row.verdict == "untrained")]
    ids = sorted({vocabulary[token] for token in wanted})
    if not ids:
        return {}
    modules = {id(module): name.rsplit(".", 1)[-1] for name, module in model.named_modules()}
    ends = [model.get_input_embeddings()]
    if not _is_tied(model):
        ends.append(model.get_output_embeddings())  # without it the head's rows would not move at all
    elif processes.divide_the_model():  # accelerate takes the wrapped ends for two matrices and divides the one twice
        raise TrainerError(
            "FSDP cannot divide a model whose embedding is its head, too, with trained rows of chat tokens in it; "
            'train with ddp.yaml, or set lora.chat_tokens = "frozen" if the model stops by itself'
        )
    return {modules[id(module)]: ids for module in ends}


def freeze_rows(model: Any, frozen: bool) -> None:
    """Hold the trained rows of a PeftModel as they are, or let them go.

    Held in stage 1: no program has a chat token in it, so all it could learn is to push them away.
    """
    for name, parameter in model.named_parameters():
        if "trainable_tokens_delta" in name:
            parameter.requires_grad_(not frozen)


def as_record(rows: Sequence[RowHealth]) -> list[dict[str, Any]]:
    """For run.json."""
    return [{key: round(v, 4) if isinstance(v, float) else v for key, v in asdict(row).items()} for row in rows]


def _is_tied(model: Any) -> bool:
    return model.get_output_embeddings().weight is model.get_input_embeddings().weight


def _matrices(model: Any) -> dict[str, Any]:
    return {
        "embedding": model.get_input_embeddings().weight.detach(),
        "head": model.get_output_embeddings().weight.detach(),
    }


def _named(model: Any) -> dict[str, Any]:
    """The matrices there are: one with both names if they are tied."""
    matrices = _matrices(model)
    return {"embedding and head": matrices["embedding"]} if _is_tied(model) else matrices


def _judge(name: str, matrix: Any, ids: dict[str, int], trained: list[int], unused: list[int]) -> list[RowHealth]:
    """Compare length and direction. A token belongs to the group whose medians it is nearer to, in spreads."""
    known = len(unused) >= UNUSED_NEEDED
    ordinary = matrix[trained].float()
    lengths = _log_norm(ordinary)
    if not known:
        # Nothing untrained to compare with: a row is suspicious if it is far shorter than all that were trained.
        shortest = lengths.min().item()
        own_lengths = {token: _log_norm(matrix[at].float()[None]).item() for token, at in ids.items()}
        return [
            RowHealth(token, name, "untrained" if length < shortest - HALF else "trained", *_exp(length, lengths))
            for token, length in own_lengths.items()
        ]
    other = matrix[unused].float()
    direction = other.mean(0)
    sides = [_Side(_log_norm(group), _cosine(group, direction)) for group in (ordinary, other)]
    # Does the comparison know its own examples? If the groups look alike, it must not judge.
    right = [(_nearer(side, sides) == at).float().mean().item() for at, side in enumerate(sides)]
    rows = []
    for token, at in ids.items():
        row = matrix[at].float()[None]
        own = _Side(_log_norm(row), _cosine(row, direction))
        verdict: Verdict = "untrained" if _nearer(own, sides).item() == 1 else "trained"
        if min(right) < TRUST:
            verdict = "unclear"
        (norm, trained_norm), (_, unused_norm) = (_exp(own.length.item(), side.length) for side in sides)
        cosines = [side.cosine.median().item() for side in (own, *sides)]
        rows.append(RowHealth(token, name, verdict, norm, trained_norm, unused_norm, *cosines))
    return rows


@dataclass(frozen=True)
class _Side:
    length: Any  # (rows,), natural logarithm of the norm
    cosine: Any  # (rows,), with the mean unused row


def _nearer(side: _Side, groups: Sequence[_Side]) -> Any:
    """For each row of `side`, 0 or 1: the group it is nearer to. Both measures count alike, each in its own spread."""
    import torch

    distances = [
        _spreads(side.length, group.length, 0.05) + _spreads(side.cosine, group.cosine, 0.02) for group in groups
    ]
    return torch.stack(distances).argmin(0)


def _spreads(values: Any, group: Any, least: float) -> Any:
    """How many spreads the values are from the group's median. Spread: 1.48 median absolute deviations, as of a normal
    distribution; at least `least`, since rows that were never touched may all be equal.
    """
    middle = group.median()
    return (values - middle).abs() / (1.4826 * (group - middle).abs().median()).clamp(min=least)


def _log_norm(rows: Any) -> Any:
    return rows.norm(dim=-1).clamp(min=1e-12).log()


def _cosine(rows: Any, direction: Any) -> Any:
    import torch

    return torch.nn.functional.cosine_similarity(rows, direction[None], dim=-1, eps=1e-12)


def _exp(length: float, group: Any) -> tuple[float, float]:
    return math.exp(length), math.exp(group.median().item())
