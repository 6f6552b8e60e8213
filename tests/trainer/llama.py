"""llama.cpp's own server, inside this process: a real endpoint that speaks OpenAI's protocol."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from trainer.errors import TrainerMissingError
from trainer.model import embedded_gguf


def embedded() -> Path:
    """The embedded model's file; without it the test is skipped."""
    try:
        return embedded_gguf("embedded:smollm2-135m")
    except TrainerMissingError as missing:
        pytest.skip(str(missing))


@contextmanager
def served(model: Path) -> Iterator[int]:
    """Serve a GGUF file on loopback, with the chat template in it; gives the port."""
    xllamacpp = pytest.importorskip("xllamacpp")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    params = xllamacpp.CommonParams()
    params.model.path = str(model)
    params.hostnames = ["127.0.0.1"]
    params.port, params.n_ctx, params.n_parallel, params.warmup = port, 512, 1, False
    params.use_jinja = True
    params.cpuparams.n_threads = 1
    server = xllamacpp.Server(params)
    try:
        yield port
    finally:
        del server  # ends it
