"""Checkpoints that can be trusted after a `kill -9`: a mark with the hash of every file is written last.

The Trainer writes a checkpoint's files in place, one after the other. A checkpoint without its mark, or with a file
that differs from it, is half-written; it is never resumed from and never chosen. The mark also holds what the Trainer
does not keep: the evaluations so far, the time used, why the stage ended.
"""

import json
import shutil
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from trainer.choice import Evaluation
from trainer.hashes import hash_file

MARK = "complete.json"


@dataclass(frozen=True)
class StageState:
    """How far a stage has come, as of one checkpoint."""

    step: int
    steps: int  # planned
    seconds: dict[str, float]  # used so far by part (trainer/clock.py), over all its processes
    tokens: int  # read by the model in training
    evaluations: tuple[Evaluation, ...]
    stopped_by: str = ""  # "plan", "time", "patience"; "" while it goes on

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "StageState":
        """From what `dataclasses.asdict` made of one."""
        state = cls(**values)
        return replace(state, evaluations=tuple(Evaluation.from_dict(e) for e in values["evaluations"]))


@dataclass(frozen=True)
class Checkpoint:
    """A whole checkpoint: its folder and the state of the stage when it was written."""

    path: Path
    state: StageState


def seal(path: Path, state: StageState) -> None:
    """Mark a checkpoint as whole. The mark appears by one rename."""
    files = {name: hash_file(path / name) for name in _files(path)}
    half = path / f"{MARK}.part"
    half.write_text(json.dumps({"format": 1, "state": asdict(state), "files": files}), encoding="utf-8")
    half.replace(path / MARK)


def read(path: Path) -> Checkpoint | None:
    """The checkpoint in a folder; None if it is not whole."""
    try:
        mark = json.loads((path / MARK).read_text(encoding="utf-8"))
        if any(hash_file(path / name) != digest for name, digest in mark["files"].items()):
            return None
        return Checkpoint(path, StageState.from_dict(mark["state"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def whole(folder: Path) -> list[Checkpoint]:
    """The whole checkpoints of a stage, the newest first; reads and hashes all of their files."""
    found = [checkpoint for path in folder.glob("checkpoint-*") if (checkpoint := read(path))]
    return sorted(found, key=lambda checkpoint: -checkpoint.state.step)


def remove_others(folder: Path, keep: set[int]) -> list[str]:
    """Delete the checkpoints of all steps but those to keep; returns the names of those deleted, in order of steps."""
    names = {f"checkpoint-{step}" for step in keep}
    others = sorted(path for path in folder.glob("checkpoint-*") if path.name not in names)
    for path in others:
        (path / MARK).unlink(missing_ok=True)  # first: what is left by a kill in between must not look whole
        shutil.rmtree(path, ignore_errors=True)
    return [path.name for path in others]


def _files(path: Path) -> list[str]:
    return sorted(file.relative_to(path).as_posix() for file in path.rglob("*") if file.is_file())
