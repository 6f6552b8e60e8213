"""The model hub: models are fetched from it once and kept in its cache; what goes wrong is one line with its cure.

Without a connection only the cache is asked; the hub's client would try for a minute and say so eleven times.
"""

import errno
import os
import socket
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies

from trainer.errors import TrainerMissingError

PATIENCE_S = 10.0
"""Seconds in which the hub must take a connection."""


def from_hub(name: str, revision: str, load: Callable[..., Any]) -> Any:
    """What `load(name, revision=..., local_files_only=...)` gives. Raises TrainerMissingError with reason and cure."""
    from huggingface_hub.constants import ENDPOINT

    there = is_reachable(ENDPOINT)
    try:
        return load(name, revision=revision or None, local_files_only=not there)
    except (OSError, ValueError) as error:  # transformers raises either for all that is missing or refused
        why = reason(error, name, revision) if there else f"there is no connection to {ENDPOINT}, and {_NOT_CACHED}"
        raise TrainerMissingError(f'cannot load the model "{name}": {why}') from error


_NOT_CACHED = (
    "the model is not in the cache; connect, or fetch it where there is a network (hf download MODEL --local-dir "
    "FOLDER) and set model.name to that folder"
)


def is_reachable(endpoint: str) -> bool:
    """Does the hub take a connection? Behind a proxy nobody can tell, so it is yes."""
    if os.environ.get("HF_HUB_OFFLINE", "0").lower() not in ("0", "", "false", "no", "off"):
        return False
    if getproxies():
        return True
    address = urlsplit(endpoint)
    try:
        port = address.port or (80 if address.scheme == "http" else 443)
        socket.create_connection((address.hostname or "", port), timeout=PATIENCE_S).close()
    except OSError:
        return False
    return True


def reason(error: BaseException, name: str, revision: str) -> str:
    """Why the hub did not give a model, and what to do; read from the errors that led to this one."""
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError, RevisionNotFoundError

    for cause in _chain(error):
        status = getattr(getattr(cause, "response", None), "status_code", None)
        if isinstance(cause, GatedRepoError):
            return (
                "its makers want their terms to be accepted: do so on its page on the hub, and set HF_TOKEN to a token "
                "of that account"
            )
        if isinstance(cause, RevisionNotFoundError):
            return f'it has no revision "{revision}"; correct model.revision, or leave it empty'
        if isinstance(cause, RepositoryNotFoundError):
            return "the hub has no such model, or it is private; check model.name, and for a private one HF_TOKEN"
        if status in (401, 403):
            return "the hub refuses the token; correct HF_TOKEN, or unset it (public models need none)"
        if isinstance(status, int):
            return f"the hub answers with {status}; try again later"
        if isinstance(cause, OSError) and cause.errno in (errno.ENOSPC, errno.EDQUOT):
            return f"no space for it: {cause.strerror}; free space, or set HF_HOME to a folder with more"
    first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return f"{first.rstrip('.')}; model.name must be a model that transformers reads, in safetensors and with tokenizer"


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error, and those it was raised from."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
