"""Asking models, once per question: what a reply is, who can be asked, and the file that remembers every answer.

Generation is the dear part of an evaluation (minutes to hours), judging the cheap one. So every reply is written to a
JSON Lines file the moment it exists, raw, under a key made of everything it depends on: the model with its adapter, the
messages, the sampling. A second run asks nothing again, a killed run goes on, a changed prompt is asked anew.

The two who can be asked are in `generate_local.py` (transformers) and `generate_endpoint.py` (an OpenAI-compatible
server). Replies are data from strangers: nothing here interprets them.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from curator.chatml import Message
from trainer.errors import TrainerError

Prompt = Sequence[Message]
Tick = Callable[[int], None]
"""Called with the number of tokens that were just generated."""


class Finish(StrEnum):
    """Why a reply ended."""

    STOP = "stop"  # the model ended it
    LENGTH = "length"  # the budget ended it


@dataclass(frozen=True)
class Sampling:
    """How tokens are chosen, the same for all arms. Temperature 0 is greedy: the likeliest token, always."""

    max_new_tokens: int = 256
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 0


@dataclass(frozen=True)
class Reply:
    """What a model answered: raw text without its stop token, why it ended, its length in tokens."""

    text: str
    finish: Finish
    tokens: int


class Generator(Protocol):
    """Who can be asked."""

    def identity(self) -> dict[str, str]:
        """All that the replies depend on beside prompt and sampling; goes into the cache key and into the report.
        Cheap: loads no model. Holds no secret and no path of this machine."""

    def generate(
        self, prompts: Sequence[Prompt], wanted: Sequence[int], sampling: Sampling, tick: Tick
    ) -> Iterator[tuple[int, Reply]]:
        """The replies to `prompts[i]` for `i` in `wanted`, in any order, each as soon as it exists."""


def replies(
    generator: Generator,
    prompts: Sequence[Prompt],
    sampling: Sampling,
    cache: "ReplyCache",
    tick: Tick = lambda tokens: None,
    done: Callable[[int], None] = lambda replies: None,
) -> list[Reply]:
    """One reply for each prompt, in order: from the cache where it has one, else generated and remembered.

    `done` is called with the number of replies that have just become available.
    """
    identity = generator.identity()
    keys = [reply_key(identity, prompt, sampling) for prompt in prompts]
    wanted = [at for at, key in enumerate(keys) if key not in cache]
    done(len(prompts) - len(wanted))
    if wanted:
        for at, reply in generator.generate(prompts, wanted, sampling, tick):
            cache.add(keys[at], reply)
            done(1)
    missing = [at for at, key in enumerate(keys) if key not in cache]
    if missing:
        raise TrainerError(f"{len(missing)} of {len(prompts)} prompts got no reply; run the same command again")
    return [cache[key] for key in keys]


def reply_key(identity: Mapping[str, str], prompt: Prompt, sampling: Sampling) -> str:
    """The name of a reply: a hash of everything it depends on. At temperature 0 the seed is no such thing."""
    chosen = asdict(sampling)
    if sampling.temperature == 0:
        chosen = {"max_new_tokens": sampling.max_new_tokens, "temperature": 0}
    depends_on = {
        "identity": dict(identity),
        "messages": [[message.role, message.content] for message in prompt],
        "sampling": chosen,
    }
    return hashlib.sha256(json.dumps(depends_on, sort_keys=True).encode()).hexdigest()


class ReplyCache:
    """The replies of a JSON Lines file, one a line: {"key", "text", "finish", "tokens"}.

    Appended line by line and flushed, so a kill costs at most the line being written; such a half line is skipped when
    the file is read again. A line that is no reply is skipped too: the worst that follows is asking once more.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._replies: dict[str, Reply] = {}
        self._ends_open = False
        if path.is_file():
            content = path.read_bytes()
            self._ends_open = bool(content) and not content.endswith(b"\n")
            for line in content.split(b"\n"):
                self._read(line)

    def __contains__(self, key: str) -> bool:
        return key in self._replies

    def __getitem__(self, key: str) -> Reply:
        return self._replies[key]

    def __len__(self) -> int:
        return len(self._replies)

    def add(self, key: str, reply: Reply) -> None:
        """Remember a reply, here and in the file."""
        row = {"key": key, **asdict(reply)}
        line = ("\n" if self._ends_open else "") + json.dumps(row) + "\n"  # pure ASCII, so any text survives
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a", encoding="ascii", newline="\n") as file:
                file.write(line)
        except OSError as error:
            raise TrainerError(f"{self.path}: cannot write ({error.strerror}); give another --out") from None
        self._ends_open = False
        self._replies[key] = reply

    def _read(self, line: bytes) -> None:
        try:
            row = json.loads(line)
            reply = Reply(clean(row["text"]), Finish(row["finish"]), int(row["tokens"]))
            self._replies[str(row["key"])] = reply
        except (ValueError, TypeError, KeyError, AttributeError):
            return


def clean(text: str) -> str:
    """The text with lone surrogates replaced: JSON may carry them, files and compilers cannot."""
    return text.encode("utf-8", "replace").decode("utf-8")
