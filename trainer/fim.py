"""Fill-in-the-middle rows for stage 1: a program as its beginning, its end, and then its middle.

Code models learn in their pretraining to fill in at a cursor, which is what an editor's completion needs. Continued
pretraining on whole programs alone lets that fade, so a share of the programs is shown in that order (arXiv 2207.14255,
where up to half of them cost the plain order nothing). Only with the model's own tokens: new ones would be untrained.
"""

import hashlib
import random
from collections.abc import Collection

from trainer.errors import TrainerError

# prefix, suffix, middle: Qwen2.5-Coder and its descendants; StarCoder and its.
KNOWN = (
    ("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"),
    ("<fim_prefix>", "<fim_suffix>", "<fim_middle>"),
)
SHORTEST = 60
"""Characters; a program that is shorter has no middle worth guessing."""


def fim_tokens(vocabulary: Collection[str]) -> tuple[str, str, str]:
    """The model's own three tokens. Raises TrainerError, with the reason, if it has none."""
    for tokens in KNOWN:
        if all(token in vocabulary for token in tokens):
            return tokens
    raise TrainerError(
        "stage1.fim: this model's tokenizer has no fill-in-the-middle tokens (<|fim_prefix|> and its like), so it "
        "never learnt to fill in, and a small adapter will not teach it; set stage1.fim = 0, or take a code model such "
        "as Qwen2.5-Coder"
    )


def is_chosen(key: str, share: float, seed: int) -> bool:
    """Is the row with this id among the share that is reordered? A hash decides: new rows do not change old ones."""
    return _number("chosen", key, seed) < share


def fill_in(text: str, key: str, tokens: tuple[str, str, str], seed: int) -> str:
    """The program reordered: prefix token, beginning, suffix token, end, middle token, middle.

    Both cuts fall anywhere, within lines too, as a cursor does. A text under SHORTEST characters comes back as it is.
    """
    if len(text) < SHORTEST:
        return text
    draw = random.Random(f"{seed} {key}")
    first, second = sorted(draw.sample(range(1, len(text)), 2))
    prefix, suffix, middle = tokens
    return f"{prefix}{text[:first]}{suffix}{text[second:]}{middle}{text[first:second]}"


def _number(purpose: str, key: str, seed: int) -> float:
    digest = hashlib.sha256(f"{purpose} {seed} {key}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64
