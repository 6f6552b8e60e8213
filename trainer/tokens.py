"""The one chat template, and how a tokenizer is made ready for it.

The template is ChatML with no default system text. The `{% generation %}` tags surround the answer and its `<|im_end|>`
and nothing else: loss is taken there, so the model learns the answer and that it ends. The templates that come with
models are not used: they add a system text of their own, and the training variant that TRL has for Qwen2.5 also takes
loss on the line feeds around the answer, which the prompt at inference already contains.

The tokenizer, a GGUF file and an Ollama Modelfile each want it in their own words; all are made from TURN and ASK, and
tests/trainer/test_template.py renders them and compares the bytes.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from trainer.errors import TrainerError

START = "<|im_start|>"
STOP = "<|im_end|>"  # ends every turn; the token at which generation stops
END_OF_DOCUMENT = "<|endoftext|>"  # ends every document of stage 1; also the padding

# A turn in four parts: its head, what is said, its end, what stands between turns; and the head of an answer to be
# written. ROLE and SAID are filled in by whoever renders it.
ROLE, SAID = "{role}", "{said}"
TURN = (f"{START}{ROLE}\n", SAID, STOP, "\n")
ASK = f"{START}assistant\n"
_FIELD = re.compile(r"(\{role\}|\{said\})")


def _jinja(text: str) -> str:
    """A part of a turn as a Jinja expression: literals and fields joined by +."""
    fields = {ROLE: "message['role']", SAID: "message['content']"}
    words = [fields.get(part) or "'" + part.replace("\n", "\\n") + "'" for part in _FIELD.split(text) if part]
    return "{{ " + " + ".join(words) + " }}"


def _go(text: str) -> str:
    """A part of a turn as a Go template; white space in it is taken literally."""
    return text.replace(ROLE, "{{ .Role }}").replace(SAID, "{{ .Content }}")


CHAT_TEMPLATE = (
    "{% for message in messages %}"
    + _jinja(TURN[0])
    + "{% if message['role'] == 'assistant' %}"
    + "{% generation %}"
    + _jinja(TURN[1] + TURN[2])
    + "{% endgeneration %}"
    + "{% else %}"
    + _jinja(TURN[1] + TURN[2])
    + "{% endif %}"
    + _jinja(TURN[3])
    + "{% endfor %}"
    + "{% if add_generation_prompt %}"
    + _jinja(ASK)
    + "{% endif %}"
)

# For an exported tokenizer and a GGUF file (its key "tokenizer.chat_template"): without the tags only training knows.
INFERENCE_TEMPLATE = CHAT_TEMPLATE.replace("{% generation %}", "").replace("{% endgeneration %}", "")

# For an Ollama Modelfile, in the syntax of Go's text/template. Ollama always wants an answer, hence ASK at the end.
GO_TEMPLATE = "{{ range .Messages }}" + _go("".join(TURN)) + "{{ end }}" + ASK

# The lines of a Modelfile that say how prompts look. Without TEMPLATE Ollama would guess one from the GGUF's, which it
# knows only by likeness; without END_OF_DOCUMENT among the stops it would run on where a base model ends its text.
MODELFILE_TEMPLATE = f'TEMPLATE """{GO_TEMPLATE}"""\n' + "".join(
    f'PARAMETER stop "{token}"\n' for token in (START, STOP, END_OF_DOCUMENT)
)


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

    def labels(self, weigh_prompt: bool = False) -> list[int]:
        """What TRL takes as labels: the token where loss is taken, NO_LOSS elsewhere.

        With `weigh_prompt` a token without loss is written as `weighed(token)`: its loss counts, with another weight.
        """
        return [
            token if loss else weighed(token) if weigh_prompt else NO_LOSS
            for token, loss in zip(self.ids, self.loss, strict=True)
        ]


NO_LOSS = -100  # the label every library skips
WEIGHED = -1000


def weighed(token: int) -> int:
    """The label of a prompt token that carries a weight: below WEIGHED, so that it is neither a token nor NO_LOSS.

    Written into the labels themselves because packing, truncation and batching keep those and drop other columns. The
    function is its own inverse, for numbers and for tensors; trainer/loss.py reads it back.
    """
    return WEIGHED - token


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
