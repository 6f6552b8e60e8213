"""The chat template: what it renders, and on which tokens the loss is taken."""

import pytest

from tests.trainer import tiny
from trainer.config import Config
from trainer.errors import TrainerError
from trainer.model import load_tokenizer
from trainer.tokens import (
    CHAT_TEMPLATE,
    INFERENCE_TEMPLATE,
    STOP,
    apply_template,
    conversation_tokens,
    document_tokens,
)

pytestmark = pytest.mark.train

MESSAGES = [
    {"role": "system", "content": "You write BBj."},
    {"role": "user", "content": "Print a line."},
    {"role": "assistant", "content": 'print "a"'},
    {"role": "user", "content": "And another."},
    {"role": "assistant", "content": 'print "b"\n'},
]
RENDERED = (
    "<|im_start|>system\nYou write BBj.<|im_end|>\n<|im_start|>user\nPrint a line.<|im_end|>\n"
    '<|im_start|>assistant\nprint "a"<|im_end|>\n<|im_start|>user\nAnd another.<|im_end|>\n'
    '<|im_start|>assistant\nprint "b"\n<|im_end|>\n'
)


@pytest.fixture(scope="module", params=["tiny", "embedded"])
def tokenizer(request):
    return apply_template(tiny.tokenizer()) if request.param == "tiny" else load_tokenizer(Config())


def test_the_template_is_plain_chatml(tokenizer):
    assert tokenizer.apply_chat_template(MESSAGES, tokenize=False) == RENDERED


def test_the_template_adds_no_system_text_of_its_own(tokenizer):
    only_user = tokenizer.apply_chat_template(MESSAGES[1:2], tokenize=False)
    assert only_user == "<|im_start|>user\nPrint a line.<|im_end|>\n"


def test_the_prompt_ends_where_the_answer_begins(tokenizer):
    prompt = tokenizer.apply_chat_template(MESSAGES[:2], tokenize=False, add_generation_prompt=True)
    assert RENDERED.startswith(prompt) and prompt.endswith("<|im_start|>assistant\n")


def test_prompt_tokens_are_a_prefix_of_the_conversation_they_are_trained_in(tokenizer):
    prompt = tokenizer.apply_chat_template(MESSAGES[:2], return_dict=True, add_generation_prompt=True)["input_ids"]
    assert conversation_tokens(tokenizer, MESSAGES[:3]).ids[: len(prompt)] == prompt


def test_loss_is_taken_on_answers_and_their_stop_tokens_only(tokenizer):
    tokens = conversation_tokens(tokenizer, MESSAGES)
    learnt = tokenizer.decode([token for token, loss in zip(tokens.ids, tokens.loss, strict=True) if loss])
    assert learnt == f'print "a"{STOP}print "b"\n{STOP}'


def test_padding_is_not_the_stop_token(tokenizer):
    assert tokenizer.eos_token == STOP
    assert tokenizer.pad_token_id != tokenizer.eos_token_id


def test_the_template_for_inference_renders_the_same(tokenizer):
    assert "generation %" not in INFERENCE_TEMPLATE and "generation %" in CHAT_TEMPLATE
    assert tokenizer.apply_chat_template(MESSAGES, tokenize=False, chat_template=INFERENCE_TEMPLATE) == RENDERED


def test_a_document_ends_with_one_end_token(tokenizer):
    tokens = document_tokens(tokenizer, "print 1\n")
    assert tokens == document_tokens(tokenizer, "print 1\n<|endoftext|>")
    assert tokens.ids.count(tokenizer.pad_token_id) == 1 and tokens.ids[-1] == tokenizer.pad_token_id


def test_a_tokenizer_without_chatml_tokens_is_refused():
    class Bare:
        def get_vocab(self):
            return {"a": 0}

    with pytest.raises(TrainerError, match=r"<\|im_start\|>.*Qwen2.5-Coder"):
        apply_template(Bare())
