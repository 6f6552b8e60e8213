"""Counts the tokens of conversations, a line of JSON in and a line out; bbj-curator runs it beside its preview.

Reads `{"messages": [...]}` and writes `{"total", "loss", "turns", "tokenizer"}`. Only the tokenizer is loaded, by the
small library `tokenizers`; transformers is needed once, to make its file out of the embedded model's.
Try it: `echo '{"messages": [{"role": "user", "content": "Hello"}]}' | python -m trainer.count`
"""

import json
import sys
from collections.abc import Sequence
from typing import Any

from curator.errors import CuratorError
from trainer.errors import TrainerError
from trainer.tokens import ROLE, SAID, TURN

TOKENIZER = "smollm2-135m"


def rendered(messages: Sequence[dict[str, str]]) -> tuple[str, list[tuple[str, int, int]], list[tuple[int, int]]]:
    """The ChatML text; per turn its role and place in the text; and the stretches that carry loss."""
    text, turns, loss = "", [], []
    for message in messages:
        start = len(text)
        head, said, stop, after = (part.replace(ROLE, message["role"]).replace(SAID, message["content"])
                                   for part in TURN)  # fmt: skip
        text += head
        if message["role"] == "assistant":
            loss.append((len(text), len(text) + len(said) + len(stop)))
        text += said + stop + after
        turns.append((message["role"], start, len(text)))
    return text, turns, loss


def count(tokenizer: Any, messages: Sequence[dict[str, str]]) -> dict[str, object]:
    """Tokens of a conversation by a `tokenizers.Tokenizer`: all, per turn, and those that carry loss."""
    text, turns, loss = rendered(messages)
    places = tokenizer.encode(text, add_special_tokens=False).offsets

    def within(start: int, stop: int) -> int:
        return sum(start <= first < stop for first, _ in places)

    return {
        "total": len(places),
        "loss": sum(within(*stretch) for stretch in loss),
        "turns": [(role, within(start, stop)) for role, start, stop in turns],
        "tokenizer": TOKENIZER,
    }


def main() -> int:
    """Answer line by line until the input ends."""
    try:
        tokenizer = _tokenizer()
    except (CuratorError, TrainerError) as error:
        print(f"trainer: error: {error}", file=sys.stderr)
        return 3
    for line in sys.stdin:
        print(json.dumps(count(tokenizer, json.loads(line)["messages"])), flush=True)
    return 0


def _tokenizer() -> Any:
    from trainer.model import EMBEDDED, tokenizer_folder

    try:
        from tokenizers import Tokenizer
    except ImportError:
        raise TrainerError("needs tokenizers; run \"pip install 'bbj-curator[train]'\"") from None
    return Tokenizer.from_file(str(tokenizer_folder(EMBEDDED + TOKENIZER) / "tokenizer.json"))


if __name__ == "__main__":
    sys.exit(main())
