"""How many tokens a conversation has, counted by the tokenizer of the embedded model in a process of its own.

The tokenizer comes with the extra `train`, and this package never imports the trainer: it starts `python -m
trainer.count` and exchanges lines of JSON with it. So the app stays small, and a tokenizer that takes seconds to load
keeps nobody waiting. The process ends with its input, so it does not outlive a killed app.
"""

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from curator.chatml import Message

_COMMAND = (sys.executable, "-m", "trainer.count")
# Making the tokenizer of the embedded model takes some 5 s, once per machine.
_TIMEOUT_S = 60.0


@dataclass(frozen=True)
class Counts:
    """Tokens of a conversation: all, those that carry loss, and per turn as (role, count)."""

    total: int
    loss: int
    turns: tuple[tuple[str, int], ...]
    tokenizer: str


class TokenCounter:
    """One process, started at the first question. Ask from one task at a time."""

    def __init__(self, command: Sequence[str] = _COMMAND) -> None:
        self._command = command
        self._process: asyncio.subprocess.Process | None = None
        self._why_not = ""

    async def count(self, messages: Sequence[Message]) -> Counts | str:
        """The counts, or in a sentence why there are none."""
        if self._why_not:
            return self._why_not
        try:
            process = await self._started()
            assert process.stdin is not None and process.stdout is not None
            row = {"messages": [{"role": m.role, "content": m.content} for m in messages]}
            with contextlib.suppress(ConnectionError):  # it ended at once; its last words say why
                process.stdin.write((json.dumps(row) + "\n").encode())
                await process.stdin.drain()
            line = await asyncio.wait_for(process.stdout.readline(), _TIMEOUT_S)
            if not line:
                self._why_not = await self._last_words(process)
                return self._why_not
            read = json.loads(line)
            return Counts(read["total"], read["loss"], tuple(map(tuple, read["turns"])), read["tokenizer"])
        except (OSError, ValueError, KeyError, TimeoutError):
            self.close()
            self._why_not = "No token count: the tokenizer does not answer."
            return self._why_not
        except asyncio.CancelledError:
            self.close()  # an answer that nobody reads would be taken for the next one
            raise

    def close(self) -> None:
        """End the process."""
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
        self._process = None

    async def _started(self) -> asyncio.subprocess.Process:
        if self._process is None:
            own_group: dict[str, Any] = {} if os.name == "nt" else {"start_new_session": True}
            pipe = asyncio.subprocess.PIPE
            self._process = await asyncio.create_subprocess_exec(
                *self._command, stdin=pipe, stdout=pipe, stderr=pipe, **own_group
            )
        return self._process

    async def _last_words(self, process: asyncio.subprocess.Process) -> str:
        assert process.stderr is not None
        said = (await process.stderr.read()).decode("utf-8", "replace").strip().splitlines()
        reason = next((line for line in reversed(said) if "error:" in line), "")
        reason = reason.split("error:", 1)[-1].strip() or "the extra `train` is not installed"
        return f"No token count: {reason}"
