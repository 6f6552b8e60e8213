"""From a dataset folder to the rows of both stages, with an account of every row that would not be trained whole.

The split was made once, by `curator convert`. Here it is verified against its manifest and audited, never made again.
Libraries cut and drop rows without a word; what they will do is counted here first, by the same tokeniser call.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from curator import dataset as folders
from curator.errors import CuratorError, MissingError
from trainer.config import Config, Stage
from trainer.errors import TrainerError, TrainerMissingError
from trainer.tokens import Tokens, conversation_tokens, document_tokens

StageName = Literal["stage1", "stage2"]
STAGES: tuple[StageName, ...] = ("stage1", "stage2")
# The files of a stage: what is trained on, what is validated on.
FILES: dict[StageName, dict[str, str]] = {
    "stage1": {"train": "pretrain.jsonl", "validation": "pretrain-validation.jsonl"},
    "stage2": {"train": "train.jsonl", "validation": "validation.jsonl"},
}
LABELS = ("type", "generation", "topic", "source", "license")


@dataclass(frozen=True)
class DatasetFolder:
    """A verified dataset: its rows by file name, its manifest."""

    path: Path
    rows: Mapping[str, Sequence[dict[str, Any]]]
    manifest: Mapping[str, Any]

    @property
    def content_hash(self) -> str:
        """The hash over all files, as the manifest has it."""
        return str(self.manifest.get("content_hash", ""))


@dataclass(frozen=True)
class Split:
    """The rows of one split of one stage that are trained or validated on, as TRL takes them, and their tokens."""

    rows: list[dict[str, Any]]
    tokens: list[Tokens]


@dataclass(frozen=True)
class StageData:
    """What one stage gets, and the account of it: a JSON value for data-report.json."""

    train: Split
    validation: Split
    report: dict[str, Any]


def read_folder(folder: Path) -> DatasetFolder:
    """Read and verify a dataset folder.

    Raises:
        TrainerMissingError: no such folder, or no manifest in it.
        TrainerError: a file differs from the manifest, a row is broken, or a near-duplicate cluster is in training and
            held-out files at once.
    """
    if not folder.is_dir():
        raise TrainerMissingError(f"{folder}: no such dataset folder; make one: curator convert --out {folder}")
    try:
        manifest = folders.read_manifest(folder)
        differences = folders.verify(folder)
    except MissingError as error:
        raise TrainerMissingError(str(error)) from None
    except (CuratorError, KeyError, TypeError, AssertionError) as error:
        raise TrainerError(f"{folder}: the manifest cannot be read ({error}); make the dataset again") from None
    if differences:
        raise TrainerError(
            f"{folder}: {'; '.join(differences)}. Results would not belong to the recorded data: "
            f"make it again with `curator convert --out {folder}`"
        )
    files = manifest["files"]
    assert isinstance(files, dict)
    rows = {name: _read_rows(folder / name) for name in files if name.endswith(".jsonl")}
    _audit_leaks(folder, rows)
    return DatasetFolder(folder, rows, manifest)


def prepare(config: Config, dataset: DatasetFolder, name: StageName, tokenizer: Any) -> StageData:
    """The rows of a stage with their tokens, and the report about them.

    Raises TrainerError if a split is empty, or if more of it would be lost than `data.max_lost_share` allows.
    """
    stage: Stage = getattr(config, name)
    splits: dict[str, Split] = {}
    report: dict[str, Any] = {"max_length": stage.max_length, "packing": stage.packing}
    for split, file in FILES[name].items():
        rows = list(dataset.rows.get(file, ()))
        if not rows:
            cure = "give `curator convert` more examples" if split == "validation" else "switch the stage off"
            raise TrainerError(f"{dataset.path / file}: no rows for {name}; {cure}")
        splits[split], report[split] = _account(rows, stage, name, tokenizer)
        share = report[split]["lost_share"]
        if share > config.data.max_lost_share:
            ids = ", ".join([*report[split]["truncated_ids"], *report[split]["dropped_ids"]][:5])
            raise TrainerError(
                f"{dataset.path / file}: {share:.0%} of the rows would be cut off or dropped at "
                f"{name}.max_length = {stage.max_length} (allowed: {config.data.max_lost_share:.0%}), as {ids}. "
                f"The longest has {report[split]['longest']} tokens: raise {name}.max_length or data.max_lost_share"
            )
    return StageData(splits["train"], splits["validation"], report)


def packed_lengths(stage: Stage, tokens: Sequence[Tokens]) -> list[int]:
    """How many tokens each row has that the model will see: after packing, or one row for each document."""
    if stage.packing == "none":
        return [min(len(t.ids), stage.max_length) for t in tokens]
    from datasets import Dataset
    from trl import pack_dataset  # the packing of the training itself, so that steps are counted right

    packed = pack_dataset(Dataset.from_dict({"input_ids": [t.ids for t in tokens]}), stage.max_length, stage.packing)
    return [len(ids) for ids in packed["input_ids"]]


# --- the account --------------------------------------------------------------------------------------------------


def _account(rows: list[dict[str, Any]], stage: Stage, name: StageName, tokenizer: Any) -> tuple[Split, dict[str, Any]]:
    """The rows that are kept, and the numbers. `truncated`: loses its end. `dropped`: no answer token would be left."""
    kept: list[dict[str, Any]] = []
    tokens: list[Tokens] = []
    truncated: list[str] = []
    dropped: list[str] = []
    labels: dict[str, Counter[str]] = {"rows": Counter(), "truncated": Counter(), "dropped": Counter()}
    full_lengths = []
    splits_rows = stage.packing in ("bfd_split", "wrapped")  # then a long row goes on in the next one, nothing is lost
    for row in rows:
        full = (
            document_tokens(tokenizer, row["text"])
            if name == "stage1"
            else conversation_tokens(tokenizer, row["messages"])
        )
        full_lengths.append(len(full.ids))
        used = full if splits_rows else full.cut(stage.max_length)
        labels["rows"].update(_labels(row))
        if not any(used.loss):
            dropped.append(str(row["id"]))
            labels["dropped"].update(_labels(row))
            continue
        if len(used.ids) < len(full.ids):
            truncated.append(str(row["id"]))
            labels["truncated"].update(_labels(row))
        kept.append({"text": row["text"]} if name == "stage1" else {"messages": row["messages"]})
        tokens.append(used)
    lengths = packed_lengths(stage, tokens) if tokens else []
    report = {
        "rows": len(rows),
        "rows_kept": len(kept),
        "packed_rows": len(lengths),
        "tokens": sum(len(t.ids) for t in tokens),
        "loss_tokens": sum(sum(t.loss) for t in tokens),
        "longest": max(full_lengths, default=0),
        "over_length": sum(length > stage.max_length for length in full_lengths),
        "truncated": len(truncated),
        "dropped": len(dropped),
        "lost_share": (len(truncated) + len(dropped)) / len(rows),
        "packing_efficiency": round(sum(lengths) / (len(lengths) * stage.max_length), 4) if lengths else 0.0,
        "labels": {
            label: {key: count[label] for key, count in labels.items() if count[label]}
            for label in sorted(labels["rows"])
        },
        "truncated_ids": truncated,
        "dropped_ids": dropped,
    }
    return Split(kept, tokens), report


def _labels(row: Mapping[str, Any]) -> Iterator[str]:
    """ "type=migration", "generation=dwc", ...: what a row counts under."""
    for label in LABELS:
        values = row.get(label)
        for value in values if isinstance(values, list) else [values]:
            # Paths of single files are no labels: there would be as many as rows.
            if value and not (label == "source" and "/" in str(value)):
                yield f"{label}={value}"


# --- reading ------------------------------------------------------------------------------------------------------


def _read_rows(path: Path) -> list[dict[str, Any]]:
    rows = []
    problems = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            problems.append(f"{path}:{number}: not JSON ({error})")
            continue
        wrong = _wrong(row, path.name)
        if wrong:
            problems.append(f"{path}:{number}: {wrong}")
        else:
            rows.append(row)
    if problems:
        more = f"\nand {len(problems) - 20} more" if len(problems) > 20 else ""
        raise TrainerError("\n".join(problems[:20]) + more + "\nmake the dataset again with `curator convert`")
    return rows


def _wrong(row: Any, name: str) -> str:
    """What keeps a row from being trained on; "" if nothing does."""
    if name == "removed.jsonl":
        return ""
    if not isinstance(row, dict) or not isinstance(row.get("id"), str):
        return 'not a row (an object with an "id")'
    if name.startswith("pretrain"):
        return "" if isinstance(row.get("text"), str) and row["text"].strip() else 'no "text"'
    messages = row.get("messages")
    if not isinstance(messages, list) or not messages:
        return 'no "messages"'
    for message in messages:
        if not isinstance(message, dict) or not all(isinstance(message.get(key), str) for key in ("role", "content")):
            return 'a message without "role" or "content"'
        if message["role"] not in ("system", "user", "assistant"):
            return f'unknown role "{message["role"]}"'
    if messages[-1]["role"] != "assistant" or not messages[-1]["content"].strip():
        return "the last message is not an answer"
    return ""


def _audit_leaks(folder: Path, rows: Mapping[str, Sequence[dict[str, Any]]]) -> None:
    """A cluster of near-duplicates must not be trained on and measured with."""
    trained = {file: {r.get("cluster") for r in rows.get(file, ())} - {None, ""} for file in _files("train")}
    held_out = {file: {r.get("cluster") for r in rows.get(file, ())} - {None, ""} for file in _files("validation")}
    held_out["test.jsonl"] = {r.get("cluster") for r in rows.get("test.jsonl", ())} - {None, ""}
    for file, clusters in trained.items():
        for other, others in held_out.items():
            both = sorted(map(str, clusters & others))
            if both:
                raise TrainerError(
                    f"{folder}: {len(both)} near-duplicate clusters are in {file} and in {other}, for example "
                    f'"{both[0]}"; figures would be too good. Make the dataset again with `curator convert`'
                )


def _files(split: str) -> list[str]:
    return [FILES[stage][split] for stage in STAGES]
