"""What the model knew before: its loss on general code and chat, beside the BBj loss, so that forgetting is seen.

The built-in rows (trainer/general.jsonl: Python, SQL, JavaScript, Java, C, Go, shell, HTML, short chats) were
written for this project and are its own. They are measured on and never trained on, so the figure means the same in
every run. Few rows give a coarse figure: good for "rose from 1.4 to 1.9", not for the second decimal.
"""

from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from trainer.errors import TrainerMissingError
from trainer.hashes import hash_text
from trainer.measured import sample
from trainer.replay import read_rows, row_tokens
from trainer.tokens import NO_LOSS, Tokens

BUILT_IN = "built-in"
BATCH_TOKENS = 1024
"""Tokens of a batch, padding included: bounds the memory of a measurement, whatever the stage's rows are."""


def read_general(source: str) -> list[dict[str, Any]]:
    """The rows of `data.general`: "built-in", a JSONL file, or "" for none.

    Raises TrainerMissingError if there is no such file, TrainerError if a row of it is wrong.
    """
    if not source:
        return []
    return read_rows(_text(source), source, Path(source).stem)


def general_hash(source: str) -> str:
    """What identifies the rows, for the record."""
    return hash_text(_text(source)) if source else ""


class GeneralLoss:
    """Call it with a model trained by TRL's trainer: nats per token, as the validation loss is.

    Over all rows, or over a fixed sample of about `at_most` tokens if that is not 0.
    """

    def __init__(
        self, tokenizer: Any, rows: Sequence[dict[str, Any]], longest: int = BATCH_TOKENS, at_most: int = 0
    ) -> None:
        self._padding = tokenizer.pad_token_id
        tokens = [row_tokens(tokenizer, row).cut(longest) for row in rows]
        chosen = sample([row["id"] for row in rows], [len(row.ids) for row in tokens], at_most or None)
        self._batches = _batches([tokens[at] for at in chosen if any(tokens[at].loss)])

    def __call__(self, model: Any) -> float:
        """The model is left as it was, in training or not; no random number is drawn."""
        import torch

        training = model.training
        model.eval()
        total = 0.0
        count = 0
        try:
            with torch.no_grad():
                for batch in self._batches:
                    width = max(len(row.ids) for row in batch)
                    ids = [row.ids + [self._padding] * (width - len(row.ids)) for row in batch]
                    mask = [[1] * len(row.ids) + [0] * (width - len(row.ids)) for row in batch]
                    labels = [row.labels() + [NO_LOSS] * (width - len(row.ids)) for row in batch]
                    made = {"input_ids": ids, "attention_mask": mask, "labels": labels}
                    tensors = {key: torch.tensor(value, device=model.device) for key, value in made.items()}  # (B, T)
                    # TRL's head: without the logits, which would be the largest tensor of all
                    out = model(**tensors, use_cache=False, fused_lm_head=True)
                    total -= out.log_probs.double().sum().item()
                    count += int(out.label_mask.sum())
        finally:
            model.train(training)
        return total / count


def _batches(rows: list[Tokens]) -> list[list[Tokens]]:
    """Rows of like length together, BATCH_TOKENS in a batch with its padding; at least one."""
    batches: list[list[Tokens]] = []
    for row in sorted(rows, key=lambda row: len(row.ids)):
        if not batches or len(row.ids) * (len(batches[-1]) + 1) > BATCH_TOKENS:
            batches.append([])
        batches[-1].append(row)
    return batches


def _text(source: str) -> str:
    if source == BUILT_IN:
        return (Path(str(resources.files("trainer"))) / "general.jsonl").read_text(encoding="utf-8")
    try:
        return Path(source).expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise TrainerMissingError(
            f'{source}: cannot be read ({error}); data.general names a JSONL file, "built-in" or ""'
        ) from None
