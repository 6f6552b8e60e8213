"""What a run was, written into its run.json: versions, hashes, seed, command, hardware, times, results.

Written when the run starts and again after every stage, so that a killed run has its record too. A run that goes on
keeps its record and adds to it.
"""

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
from curator.output import say
from trainer import machine, processes
from trainer.clock import IN_STAGES, Clock, by_part, outside_steps
from trainer.config import Config, write_config
from trainer.data import FILES, DatasetFolder
from trainer.errors import TrainerError
from trainer.general import general_hash
from trainer.hashes import hash_text
from trainer.model import model_hash, public_name
from trainer.redact import redact
from trainer.replay import replay_hash
from trainer.tokens import CHAT_TEMPLATE

LIBRARIES = (
    "bbj-curator",
    "torch",
    "transformers",
    "trl",
    "peft",
    "bitsandbytes",
    "datasets",
    "accelerate",
    "tokenizers",
    "safetensors",
    "gguf",
    "numpy",
)

ENDED = ("finished", "failed stop test")
"""The statuses of a run that has done all it was told; others can go on. See trainer/stop_test.py."""


class Record:
    """run.json of one run folder; every change writes the file. Goes on with the one that is there.

    Of several processes that train together, all keep the record and the first one writes it. `clock` is that of the
    run; the time of the stages comes with their results.
    """

    def __init__(
        self, folder: Path, config: Config, hashes: dict[str, Any], corpus_commit: Any, threads: int, clock: Clock
    ) -> None:
        self._path = folder / "run.json"
        self._clock = clock
        earlier = processes.from_first(read_record(folder))
        now = {
            "status": "running",
            "command": _command(),
            "commit": _commit(),
            "threads": threads,
            "processes": processes.count(),
            "divided": processes.divide_the_model(),
            "python": platform.python_version(),
            "versions": {name: _version(name) for name in LIBRARIES},
            "hardware": machine.describe(),
        }
        self._values: dict[str, Any] = earlier or {
            "format": 1,
            "config": config.name,
            "base_model": public_name(config),
            "model_revision": config.model.revision,
            "created_by": f"bbj-curator {__version__}",
            "started": _now(),
            "seed": config.run.seed,
            "hashes": hashes,
            "corpus_commit": corpus_commit,
            "minutes": 0.0,
            "outside_steps": None,
            "seconds": {},
            "stages": {},
            "resumed": [],
            **now,
        }
        self._seconds_before = dict(self._values.get("seconds") or {})
        if earlier:
            self._go_on(now)
        self._write()

    @property
    def stages(self) -> dict[str, Any]:
        """The results of the stages that are done."""
        return dict(self._values["stages"])

    @property
    def has_stop_test(self) -> bool:
        """Has the stop test been made?"""
        return "stop_test" in self._values

    @property
    def failed_stop_test(self) -> bool:
        """Has it been made and not been passed?"""
        return self.has_stop_test and bool(self._values["stop_test"]["failed"])

    def stage(self, name: str, result: dict[str, Any]) -> None:
        """A stage is done. Its result holds its own time, by part."""
        self._values["stages"][name] = result
        self._clock.forget(IN_STAGES)
        self._write()

    def revision(self, commit: str | None) -> None:
        """The commit of the model as loaded; None for a local one. Raises TrainerError if it was another one before."""
        known = self._values["model_revision"]
        if not commit or known == commit:
            return
        if len(known) == 40:
            raise TrainerError(
                f"the model on the hub has changed since this run began: it was {known}, it is {commit}; set "
                f'model.revision = "{known}" in a new run to train on the old one'
            )
        self.update(model_revision=commit)

    def update(self, **values: Any) -> None:
        """Set keys of the record."""
        self._values.update(values)
        self._write()

    def end(self, status: str, **more: Any) -> None:
        """The run is over: "finished", "stopped" (by the user) or "failed". A full disk hides no earlier error."""
        try:
            self.update(status=status, ended=_now(), peak_memory_gb=machine.peak_memory_gb(), **more)
        except OSError as error:
            if status == "finished":
                raise TrainerError(
                    f"{self._path}: cannot be written: {error.strerror}; free space and start the same command again"
                ) from error
            say(f"{self._path}: cannot be written: {error.strerror}; it still says that the run is going on")

    def _go_on(self, now: dict[str, Any]) -> None:
        """Note what is different from the run so far; other versions may give other numbers."""
        changed = [
            f"{name} {old} -> {now['versions'].get(name)}"
            for name, old in self._values["versions"].items()
            if old != now["versions"].get(name)
        ]
        if changed:
            say(f"going on with other versions, so losses may differ slightly: {', '.join(changed)}")
        resumed = {"when": _now(), "command": now["command"], "commit": now["commit"], "changed_versions": changed}
        self._values["resumed"].append(resumed)
        now = {key: value for key, value in now.items() if key not in ("command", "commit")}
        self._values.update(now)

    def _write(self) -> None:
        if not processes.is_first():
            return
        here = self._clock.seconds()
        at_work = here.pop(IN_STAGES, 0.0)  # in a stage that is not done; its checkpoints keep the account of it
        parts = {**self._seconds_before, **here}
        self._values["seconds"] = {p: round(self._seconds_before.get(p, 0.0) + here.get(p, 0.0), 2) for p in parts}
        self._values["minutes"] = round((sum(by_part(self._values).values()) + at_work) / 60, 2)
        self._values["outside_steps"] = outside_steps(self._values)
        half = self._path.with_suffix(".json.part")
        half.write_text(json.dumps(self._values, indent=2) + "\n", encoding="utf-8")
        half.replace(self._path)


def read_record(folder: Path) -> dict[str, Any]:
    """run.json of a run folder as it is; empty if there is none."""
    path = folder / "run.json"
    try:
        values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (ValueError, OSError) as error:
        raise TrainerError(f"{path}: cannot be read ({error}); give another --out") from None
    return values


def hash_all(config: Config, dataset: DatasetFolder, tokenizer: Any) -> dict[str, Any]:
    """Hashes of all that a run's results follow from: config, data, split, template, tokenizer, model."""
    split = sorted(
        f"{file} {row['id']}"
        for file in {"test.jsonl", *(name for files in FILES.values() for name in files.values())}
        for row in dataset.rows.get(file, ())
    )
    return {
        "config": hash_text(write_config(config)),
        "dataset": dataset.content_hash,
        "files": {name: entry["sha256"] for name, entry in dataset.manifest["files"].items()},
        "split": hash_text("\n".join(split)),
        "template": hash_text(CHAT_TEMPLATE),
        "replay": replay_hash(config.data.replay),
        "general": general_hash(config.data.general),
        "tokenizer": hash_text(json.dumps(sorted(tokenizer.get_vocab().items()))),
        "model": model_hash(config),
    }


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _command() -> list[str]:
    """The command line. The program is named without its folder."""
    return [Path(sys.argv[0]).name, *map(redact, sys.argv[1:])]


def _commit() -> str | None:
    """The commit of the folder the command was run in, "+" behind it if files differ from it; None outside of git."""
    commit = _git("rev-parse", "HEAD")
    return commit and commit + ("+" if _git("status", "--porcelain", "--untracked-files=no") else "")


def _git(*arguments: str) -> str | None:
    git = shutil.which("git")
    if not git:
        return None
    done = subprocess.run(
        [git, *arguments], capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"}, check=False
    )
    return done.stdout.strip() or None
