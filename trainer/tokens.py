"""The one chat template, and how a tokenizer is made ready for it.

The template is ChatML with no default system text. The `{% generation %}` tags surround the answer and its `<|im_end|>`
and nothing else: loss is taken there, so the model learns the answer and that it ends. The templates that come with
models are not used: they add a system text of their own, and the training variant that TRL has for Qwen2.5 also takes
loss on the line feeds around the answer, which the prompt at inference already contains.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from trainer.errors import TrainerError

START = "<|im_start|>"
STOP = "<|im_end|>"  # ends every turn; the token at which generation stops
END_OF_DOCUMENT = "<|endoftext|>"  # ends every document of stage 1; also the padding

_PROMPT = "{{ '<|im_start|>' + message['role'] + '\\n' }}"
_ANSWER = "{{ message['content'] + '<|im_end|>' }}"

CHAT_TEMPLATE = (
    "{% for message in messages %}"
    + _PROMPT
    + "{% if message['role'] == 'assistant' %}"
    + "{% generation %}"
    + _ANSWER
    + "{% endgeneration %}"
    + "{% else %}"
    + _ANSWER
    + "{% endif %}"
    + "{{ '\\n' }}"
    + "{% endfor %}"
    + "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)

# What goes into an exported tokenizer, GGUF or Modelfile: the same text, without the tags only training understands.
INFERENCE_TEMPLATE = CHAT_TEMPLATE.replace("{% generation %}", "").replace("{% endgeneration %}", "")


def apply_template(tokenizer: Any) -> Any:
    """Give the tokenizer our template, `<|im_end|>` as its end and `<|endoftext|>` as its padding; returns it.

    Padding must not be the stop token: collators that mask the padding in the labels would then mask every stop token
    too, and the model would never learn to stop. SmolLM2's tokenizer comes with exactly that: pad == eos == <|im_end|>.

    Raises:
        TrainerError: the vocabulary lacks one of the three tokens.
    """
    vocabulary = tokenizer.get_vocab()
    missing = [token for token in (START, STOP, END_OF_DOCUMENT) if token not in vocabulary]
    if missing:
        raise TrainerError(
            f"the model's tokenizer has no {', '.join(missing)}; take a model with ChatML tokens, such as Qwen2.5-Coder"
        )
    tokenizer.chat_template = CHAT_TEMPLATE
    tokenizer.eos_token = STOP
    tokenizer.pad_token = END_OF_DOCUMENT
    tokenizer.padding_side = "right"
    return tokenizer


@dataclass(frozen=True)
class Tokens:
    """One row as the model sees it: `ids` and, for each of them, whether the loss is taken there."""

    ids: list[int]
    loss: list[bool]

    def cut(self, length: int) -> "Tokens":
        """The first `length` tokens: what is left of the row in a trainer with that `max_length`."""
        return Tokens(self.ids[:length], self.loss[:length])


def conversation_tokens(tokenizer: Any, messages: Sequence[dict[str, str]]) -> Tokens:
    """A conversation, tokenised by the same call as TRL's. Loss on the answers and their stop tokens only."""
    out = tokenizer.apply_chat_template(
        list(messages), tokenize=True, return_dict=True, return_assistant_tokens_mask=True
    )
    return Tokens(list(out["input_ids"]), [bool(flag) for flag in out["assistant_masks"]])


def document_tokens(tokenizer: Any, text: str) -> Tokens:
    """A document of stage 1, with its end token. Loss everywhere."""
    if not text.endswith(END_OF_DOCUMENT):
        text += END_OF_DOCUMENT
    ids = list(tokenizer(text)["input_ids"])
    return Tokens(ids, [True] * len(ids))
