"""The stop test: does the tuned model end its answers by itself? Asked with held-out prompts after stage 2.

A model that never writes its stop token looks fine in every loss curve and is of no use: it fills each answer up to
the limit. Base models whose chat tokens are untrained do that (trainer/health.py), and so does one that was trained too
little.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from trainer.config import StopTest
from trainer.evaluation.generate import Finish, Sampling
from trainer.evaluation.generate_local import decode, stop_ids

BATCH_SIZE = 8
CIRCLING = 96
"""Tokens: an answer that ends in one phrase repeated over so many would go on for ever, and is not waited for."""


@dataclass(frozen=True)
class StopResult:
    """Of `prompts` answers, `stopped` ended before `tokens` tokens. `failed`: fewer than the config asks for."""

    prompts: int
    stopped: int
    tokens: int
    min_share: float
    running_on: tuple[str, ...]  # the ids of the rows whose answers did not end

    @property
    def share(self) -> float:
        """The share of answers that ended; 0 if none was asked for."""
        return self.stopped / self.prompts if self.prompts else 0.0

    @property
    def failed(self) -> bool:
        return self.share < self.min_share

    def __str__(self) -> str:
        return f"{self.stopped} of {self.prompts} answers ended by themselves within {self.tokens} tokens"

    def as_dict(self) -> dict[str, Any]:
        """For run.json."""
        return {**asdict(self), "share": round(self.share, 4), "failed": self.failed}


def choose_prompts(settings: StopTest, tokenizer: Any, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The held-out conversations that are asked, in the order of a hash of their ids.

    Only those whose own answer takes at most half of the limit: who does not stop there does not stop.
    """
    short = [row for row in rows if len(tokenizer(row["messages"][-1]["content"])["input_ids"]) <= settings.tokens // 2]
    return sorted(short, key=lambda row: hashlib.sha256(row["id"].encode()).digest())[: settings.prompts]


def stop_test(settings: StopTest, model: Any, tokenizer: Any, rows: Sequence[dict[str, Any]]) -> StopResult:
    """Answer the prompts of these conversations greedily, in batches of like length."""
    prompts = [
        list(
            tokenizer.apply_chat_template(
                row["messages"][:-1], tokenize=True, add_generation_prompt=True, return_dict=True
            )["input_ids"]
        )
        for row in rows
    ]
    stop = stop_ids(tokenizer)
    order = sorted(range(len(rows)), key=lambda at: len(prompts[at]))
    running_on: list[str] = []
    for start in range(0, len(order), BATCH_SIZE):
        batch = order[start : start + BATCH_SIZE]
        sampling = Sampling(max_new_tokens=settings.tokens)
        answers = decode(model, [prompts[at] for at in batch], sampling, stop, lambda live: None, CIRCLING)
        running_on += [rows[at]["id"] for at, (_, end) in zip(batch, answers, strict=True) if end is not Finish.STOP]
    return StopResult(
        len(rows), len(rows) - len(running_on), settings.tokens, settings.min_share, tuple(sorted(running_on))
    )
