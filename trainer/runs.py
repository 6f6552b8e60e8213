"""Run folders side by side: what differs between runs, and what came out of each.

Everything is read from run.json, config.toml and the evaluation report of a run; nothing is loaded or trained.
"""

import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from trainer.errors import TrainerError, TrainerMissingError
from trainer.record import read_record
from trainer.resume import is_busy

REPORT = Path("evaluation", "report.json")
# Of run.json: what was done differently, and what came out. What is in neither (paths, progress) is not compared.
_CAUSES = ("base_model", "model_revision", "seed", "threads", "python", "commit", "corpus_commit")
_CAUSE_TABLES = ("hashes", "versions", "hardware")
_RESULTS = ("status", "minutes", "outside_steps", "peak_memory_gb", "stop_test")


@dataclass(frozen=True)
class RunFolder:
    """One run as it lies on the disk: its record, its resolved config, and its evaluation report, if there is one."""

    path: Path
    record: Mapping[str, Any]
    config: Mapping[str, Any]
    report: Mapping[str, Any]

    @property
    def status(self) -> str:
        """As the record says; "interrupted" for a run whose process was killed before it could write how it ended."""
        said = str(self.record.get("status", "?"))
        return "interrupted" if said == "running" and not is_busy(self.path) else said

    def stage(self, name: str, key: str) -> Any:
        """A value of a stage's result; None if the stage has none."""
        return self.record.get("stages", {}).get(name, {}).get(key)

    @property
    def compile_at_1(self) -> str:
        """The tuned model's compile@1 with its judge, as "9/60 (built-in 1)"; "" if it was not measured."""
        for arm in self.report.get("arms", ()):
            if arm.get("name") == "tuned":
                figure = arm["compile_at_1"]
                return f"{figure['count']}/{figure['n']} ({self.report['judge']})"
        return ""


@dataclass(frozen=True)
class Difference:
    """Something that is not the same in all runs. `table` is "config", "data", "versions", ... or "results"."""

    table: str
    key: str
    values: tuple[Any, ...]

    def as_dict(self) -> dict[str, Any]:
        """The fields as JSON values."""
        return asdict(self)


def find(folders: Sequence[Path]) -> list[RunFolder]:
    """The runs that folders are or hold, in the order they were started.

    Raises TrainerMissingError if there is none, TrainerError if a record cannot be read.
    """
    found: dict[Path, RunFolder] = {}
    for folder in folders:
        inside = [folder] if (folder / "run.json").is_file() else sorted(p.parent for p in folder.glob("*/run.json"))
        if not inside:
            raise TrainerMissingError(f"{folder}: no run in it; make one with: trainer run smollm2-135m --data DATASET")
        found |= {path: read(path) for path in inside}
    return sorted(found.values(), key=lambda run: (str(run.record.get("started", "")), run.path))


def read(folder: Path) -> RunFolder:
    """One run folder. Raises TrainerError if a file of it cannot be read."""
    record = read_record(folder)
    try:
        text = (folder / "config.toml").read_text("utf-8") if (folder / "config.toml").is_file() else ""
        config = tomllib.loads(text)
        report = json.loads((folder / REPORT).read_text("utf-8")) if (folder / REPORT).is_file() else {}
    except (OSError, ValueError) as error:
        raise TrainerError(f"{folder}: cannot be read ({error}); leave it out, or run it again") from None
    return RunFolder(folder, record, config, report)


def compare(runs: Sequence[RunFolder]) -> list[Difference]:
    """What is not the same in all runs: first what was done differently, then what came out."""
    causes = [dict(_causes(run)) for run in runs]
    results = [dict(_results(run)) for run in runs]
    found = []
    for rows in (causes, results):
        for table, key in dict.fromkeys(place for row in rows for place in row):
            values = tuple(row.get((table, key)) for row in rows)
            if any(value != values[0] for value in values):
                found.append(Difference(table, key, values))
    return found


def _causes(run: RunFolder) -> Iterator[tuple[tuple[str, str], Any]]:
    for section, values in run.config.items():
        for key, value in values.items():
            if (section, key) not in (("run", "out"), ("data", "folder")):  # what they hold is compared by its hash
                yield ("config", f"{section}.{key}"), value
    for key in _CAUSES:
        yield ("run", key), run.record.get(key)
    for table in _CAUSE_TABLES:
        for key, value in _flat(run.record.get(table) or {}):
            yield (table, key), value


def _results(run: RunFolder) -> Iterator[tuple[tuple[str, str], Any]]:
    for stage, values in run.record.get("stages", {}).items():
        for key, value in _flat(values):
            yield ("results", f"{stage}.{key}"), value
    for name in _RESULTS:
        value = run.record.get(name)
        for key, inner in _flat(value) if isinstance(value, Mapping) else [("", value)]:
            yield ("results", f"{name}.{key}" if key else name), inner
    if run.compile_at_1:
        yield ("results", "compile@1"), run.compile_at_1


def _flat(values: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{key}.")
        else:
            yield f"{before}{key}", value
