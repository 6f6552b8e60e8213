"""Replies from an OpenAI-compatible server (llama.cpp, Ollama, vLLM, a paid service): baselines, quantised models.

Only the address the user gave is called; redirects are refused, since they would carry prompts and key elsewhere. The
key comes from an environment variable and goes only over https or to this machine. Servers have surprising defaults
(Ollama: temperature 0.8), so every sampling option is sent.
"""

import http.client
import json
import os
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from trainer.errors import TrainerError, TrainerMissingError
from trainer.evaluation.generate import Finish, Prompt, Reply, Sampling, Tick, clean

KEY_VARIABLE = "TRAINER_API_KEY"
LARGEST_ANSWER = 8 * 1024 * 1024
"""Bytes read of one answer; a reply within any sensible budget is far smaller."""


@dataclass(frozen=True)
class Endpoint:
    """Where and how to ask.

    Attributes:
        url: the base, as in `http://127.0.0.1:8080/v1`; `/chat/completions` is added.
        model: the name the server knows it by.
        options: further fields of the request, such as {"top_k": 1} or {"cache_prompt": False}; sent as they are.
        timeout_s: for one reply. `tries`: how often one question is asked before giving up.
        parallel: questions on the way at once.
    """

    url: str
    model: str
    options: Mapping[str, Any] = field(default_factory=dict)
    timeout_s: float = 600.0
    tries: int = 4
    wait_s: float = 1.0
    parallel: int = 1


class EndpointGenerator:
    """A model behind an `Endpoint`."""

    def __init__(self, endpoint: Endpoint, environ: Mapping[str, str] = os.environ) -> None:
        parts = urlsplit(endpoint.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise TrainerError(f'"{endpoint.url}" is no http(s) address; write NAME=http://127.0.0.1:8080/v1#model')
        if parts.username or parts.password or parts.query:
            raise TrainerError(f"{parts.hostname}: put a key into {KEY_VARIABLE}, not into the address")
        local = parts.hostname in ("127.0.0.1", "::1", "localhost")
        self._endpoint = endpoint
        self._key = environ.get(KEY_VARIABLE, "") if local or parts.scheme == "https" else ""
        # a proxy from the environment is for the outside world, not for this machine
        handlers: list[urllib.request.BaseHandler] = [_NoRedirect()]
        if local:
            handlers.append(urllib.request.ProxyHandler({}))
        self._opener = urllib.request.build_opener(*handlers)

    def identity(self) -> dict[str, str]:
        endpoint = self._endpoint
        options = json.dumps(dict(endpoint.options), sort_keys=True)
        return {"provider": "openai-compatible", "url": endpoint.url, "model": endpoint.model, "options": options}

    def generate(
        self, prompts: Sequence[Prompt], wanted: Sequence[int], sampling: Sampling, tick: Tick
    ) -> Iterator[tuple[int, Reply]]:
        with ThreadPoolExecutor(self._endpoint.parallel) as pool:
            running: dict[Future[Reply], int] = {}
            waiting = list(reversed(wanted))
            try:
                while waiting or running:
                    while waiting and len(running) < self._endpoint.parallel:
                        at = waiting.pop()
                        running[pool.submit(self._ask, prompts[at], sampling)] = at
                    for future in wait(running, return_when=FIRST_COMPLETED).done:
                        at = running.pop(future)
                        reply = future.result()
                        tick(reply.tokens)
                        yield at, reply
            finally:
                pool.shutdown(wait=False, cancel_futures=True)

    def _ask(self, prompt: Prompt, sampling: Sampling) -> Reply:
        body = {
            "model": self._endpoint.model,
            "messages": [{"role": message.role, "content": message.content} for message in prompt],
            "max_tokens": sampling.max_new_tokens,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "seed": sampling.seed,
            "frequency_penalty": 0.0,
            "presence_penalty": 0.0,
            "stream": False,
            **self._endpoint.options,
        }
        return read_answer(self._post(json.dumps(body).encode()))

    def _post(self, body: bytes) -> bytes:
        """Post and post again: a server that is busy or restarting is asked again, a refusal is final."""
        url = self._endpoint.url.rstrip("/") + "/chat/completions"
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        problem = ""
        for attempt in range(self._endpoint.tries):
            if attempt:
                time.sleep(self._endpoint.wait_s * 2 ** (attempt - 1))
            request = urllib.request.Request(url, data=body, headers=headers, method="POST")
            try:
                with self._opener.open(request, timeout=self._endpoint.timeout_s) as response:
                    read: bytes = response.read(LARGEST_ANSWER)
                    return read
            except urllib.error.HTTPError as error:
                said = _short(error.read(2000))
                if error.code not in (408, 409, 425, 429) and error.code < 500:
                    raise TrainerError(f"{url}: HTTP {error.code}: {said}") from None
                problem = f"HTTP {error.code}: {said}"
            except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
                problem = str(getattr(error, "reason", error)) or type(error).__name__
        raise TrainerMissingError(
            f"{url}: no answer after {self._endpoint.tries} tries ({problem}); is the server running? "
            "What was answered is kept: run the same command again"
        )


def read_answer(content: bytes) -> Reply:
    """The reply in a chat-completions answer. Raises TrainerError if it is none."""
    try:
        answer = json.loads(content)
        choice = answer["choices"][0]
        text = choice["message"]["content"]
        usage = answer.get("usage") or {}
        tokens = usage.get("completion_tokens")
        finish = choice.get("finish_reason")
    except (ValueError, TypeError, KeyError, IndexError, AttributeError):
        raise TrainerError(f"no chat completion: {_short(content)}") from None
    if text is not None and not isinstance(text, str):
        raise TrainerError(f"no chat completion: {_short(content)}")
    return Reply(
        clean(text or ""),
        Finish.LENGTH if finish == "length" else Finish.STOP,
        tokens if isinstance(tokens, int) and tokens >= 0 else 0,
    )


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None  # urllib then raises the HTTPError of the redirect itself


def _short(content: bytes) -> str:
    """What a server said, on one line and without control characters, for a message."""
    text = content[:400].decode("utf-8", "replace")
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:200]
