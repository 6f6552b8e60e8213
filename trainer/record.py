"""What a run was, written into its run.json: versions, hashes, seed, command, hardware, times, results.

Written when the run starts and again after every stage, so that a killed run has its record too.
"""

import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from importlib import metadata
from pathlib import Path
from typing import Any

from curator import __version__
from trainer import machine
from trainer.config import Config, write_config
from trainer.data import DatasetFolder
from trainer.model import model_hash, public_name
from trainer.tokens import CHAT_TEMPLATE

LIBRARIES = ("torch", "transformers", "trl", "peft", "bitsandbytes", "datasets", "accelerate", "tokenizers", "gguf")


class Record:
    """run.json of one run folder. `update` changes keys and writes the file."""

    def __init__(self, folder: Path, config: Config, dataset: DatasetFolder, tokenizer: Any, threads: int) -> None:
        self._path = folder / "run.json"
        self._started = time.monotonic()
        files = dataset.manifest["files"]
        self._values: dict[str, Any] = {
            "format": 1,
            "status": "running",
            "config": config.name,
            "base_model": public_name(config),
            "created_by": f"bbj-curator {__version__}",
            "command": _command(),
            "commit": _commit(),
            "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "seed": config.run.seed,
            "threads": threads,
            "python": platform.python_version(),
            "versions": {name: _version(name) for name in LIBRARIES},
            "hashes": {
                "config": _hash(write_config(config)),
                "dataset": dataset.content_hash,
                "files": {name: entry["sha256"] for name, entry in files.items()},
                "template": _hash(CHAT_TEMPLATE),
                "tokenizer": _hash(json.dumps(sorted(tokenizer.get_vocab().items()))),
                "model": model_hash(config),
            },
            "corpus_commit": dataset.manifest.get("corpus_commit"),
            "hardware": machine.describe(),
            "stages": {},
        }
        self._write()

    def stage(self, name: str, result: dict[str, Any]) -> None:
        """A stage is done."""
        self._values["stages"][name] = result
        self._write()

    def end(self, status: str, **more: Any) -> None:
        """The run is over: "finished", "stopped" (by the user) or "failed"."""
        self._values.update(status=status, minutes=round((time.monotonic() - self._started) / 60, 2), **more)
        self._values["peak_memory_gb"] = machine.peak_memory_gb()
        self._write()

    def _write(self) -> None:
        half = self._path.with_suffix(".json.part")
        half.write_text(json.dumps(self._values, indent=2) + "\n", encoding="utf-8")
        half.replace(self._path)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _command() -> list[str]:
    """The command line. The program is named without its folder."""
    return [Path(sys.argv[0]).name, *sys.argv[1:]]


def _commit() -> str | None:
    """The commit of the folder the command was run in; None outside of git."""
    git = shutil.which("git")
    if not git:
        return None
    done = subprocess.run(
        [git, "rev-parse", "HEAD"], capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"}, check=False
    )
    return done.stdout.strip() or None
