"""Tokens counted without transformers are those that the trainer sees."""

import json
import subprocess
import sys

import pytest

from curator.tui.widgets import preview
from trainer import tokens
from trainer.count import count, rendered

ROWS = [
    [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Größe 字 {said}?"},
     {"role": "assistant", "content": "```bbj\nprint 1\n```\n\nIt prints 1."}],
    [{"role": "user", "content": "{role}"}, {"role": "assistant", "content": "a"}, {"role": "user", "content": "b"},
     {"role": "assistant", "content": "c\n"}],
]  # fmt: skip


@pytest.mark.parametrize("messages", ROWS)
def test_counts_are_those_of_the_chat_template(messages: list[dict[str, str]]) -> None:
    pytest.importorskip("transformers", reason="needs the extra 'train'")
    from trainer.config import load_config
    from trainer.model import load_tokenizer

    tokenizer = load_tokenizer(load_config("smollm2-135m"))
    wanted = tokens.conversation_tokens(tokenizer, messages)
    found = count(tokenizer.backend_tokenizer, messages)
    assert (found["total"], found["loss"]) == (len(wanted.ids), sum(wanted.loss))
    assert rendered(messages)[0] == tokenizer.apply_chat_template(messages, tokenize=False)


def test_the_process_answers_line_by_line_and_ends_with_its_input() -> None:
    pytest.importorskip("tokenizers", reason="needs the extra 'train'")
    lines = "".join(json.dumps({"messages": messages}) + "\n" for messages in ROWS)
    done = subprocess.run([sys.executable, "-m", "trainer.count"], input=lines, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    first, second = map(json.loads, done.stdout.splitlines())
    assert first["total"] == sum(n for _, n in first["turns"]) > first["loss"] > 0
    assert [role for role, _ in second["turns"]] == ["user", "assistant", "user", "assistant"]


def test_the_preview_shows_the_words_of_the_template() -> None:
    assert tokens.TURN[0].startswith(preview.START) and tokens.TURN[2] == preview.STOP
