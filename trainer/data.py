"""From a dataset folder to the rows of both stages, with an account of every row that would not be trained whole.

The split was made once, by `curator convert`. Here it is verified against its manifest and audited, never made again.
Libraries cut and drop rows without a word; what they will do is counted here first, on the very tokens they are given.
"""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from curator.dataset import build as folders
from curator.errors import CuratorError, MissingError
from curator.output import say
from trainer.config import Config, Stage
from trainer.errors import TrainerError, TrainerMissingError
from trainer.fim import fill_in, fim_tokens, is_chosen
from trainer.jsonl import read_lines, refuse
from trainer.measured import sample, tokens_to_measure
from trainer.replay import choose, row_tokens
from trainer.tokens import Tokens

StageName = Literal["stage1", "stage2"]
STAGES: tuple[StageName, ...] = ("stage1", "stage2")
# The files of a stage: what is trained on, what is validated on.
FILES: dict[StageName, dict[str, str]] = {
    "stage1": {"train": "pretrain.jsonl", "validation": "pretrain-validation.jsonl"},
    "stage2": {"train": "train.jsonl", "validation": "validation.jsonl"},
}
# What is read of a dataset folder. It may hold more: the ledger of the split, the same rows in other forms.
READ = frozenset({"test.jsonl", "removed.jsonl"}.union(*(files.values() for files in FILES.values())))
TEST = "test.jsonl"  # conversations that only `trainer eval` sees
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
    """The rows of one split of one stage that are trained or validated on, and what each is as tokens.

    `rows` are the dataset's own, and behind them those that are replayed, whose type is "replay".
    """

    rows: list[dict[str, Any]]
    tokens: list[Tokens]

    def examples(self, weigh_prompt: bool = False) -> list[dict[str, list[int]]]:
        """The rows as the training loop takes them: tokens and labels. See `Tokens.labels`."""
        return [{"input_ids": t.ids, "labels": t.labels(weigh_prompt)} for t in self.tokens]


@dataclass(frozen=True)
class StageData:
    """What one stage gets, and the account of it.

    Attributes:
        measured: the validation rows that evaluations measure: all, or a fixed sample (trainer/measured.py).
        report: a JSON value for data-report.json.
        affected: every row that something happened to, for affected-rows.jsonl: stage, split, file, id, what, tokens.
    """

    train: Split
    validation: Split
    measured: Split
    report: dict[str, Any]
    affected: list[dict[str, Any]]


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
    rows = {name: _read_rows(folder / name) for name in files if name in READ}
    _audit_leaks(folder, rows)
    return DatasetFolder(folder, rows, manifest)


def prepare(
    config: Config, dataset: DatasetFolder, name: StageName, tokenizer: Any, replay: Sequence[dict[str, Any]] = ()
) -> StageData:
    """The rows of a stage with their tokens, and the report about them. `replay`: what `stage.replay` takes from.

    Raises TrainerError if a split is empty, or if the config asks for what the tokenizer cannot do.
    """
    stage: Stage = getattr(config, name)
    splits: dict[str, Split] = {}
    report: dict[str, Any] = {"max_length": stage.max_length, "packing": stage.packing}
    affected: list[dict[str, Any]] = []
    for split, file in FILES[name].items():
        rows = list(dataset.rows.get(file, ()))
        if not rows:
            cure = "give `curator convert` more examples" if split == "validation" else "switch the stage off"
            raise TrainerError(f"{dataset.path / file}: no rows for {name}; {cure}")
        fim = _fill_some_in(rows, stage, tokenizer, config.run.seed) if split == "train" and stage.fim else {}
        duplicates = _duplicates(dataset, file, _other_side(name, split))
        kept, account = _account(rows, fim, duplicates, stage, tokenizer)
        affected += [{"stage": name, "split": split, "file": file, **row} for row in account.pop("affected")]
        if split == "train" and stage.replay:
            kept, account["replay"] = _with_replay(kept, replay, config, name, tokenizer)
        lengths, fill = _packing(stage, kept.tokens)
        account |= {"packed_rows": len(lengths), "packing_efficiency": round(_mean(fill), 4)}
        of_label: dict[str, list[float]] = defaultdict(list)
        for row, share in zip(kept.rows, fill, strict=True):
            for label in _labels(row):
                of_label[label].append(share)
        for label, counts in account["labels"].items():
            counts["packing_efficiency"] = round(_mean(of_label[label]), 4)
        splits[split], report[split] = kept, account
    if name == "stage2" and dataset.rows.get(TEST):
        twice = _duplicates(dataset, TEST, _other_side(name, "test"))
        report["test"] = {"rows": len(dataset.rows[TEST]), "duplicates": len(twice)}
        affected += [
            {"stage": name, "split": "test", "file": TEST, "id": row["id"], "what": ["duplicates"]}
            for row in dataset.rows[TEST]
            if row["id"] in twice
        ]
    measured, report["measured"] = _measured(stage, splits["train"], splits["validation"], report)
    return StageData(splits["train"], splits["validation"], measured, report, affected)


def check_losses(config: Config, dataset: DatasetFolder, stages: Mapping[StageName, StageData]) -> None:
    """The hard stop: is too much cut off, dropped, or in training and held out at once? Raises TrainerError."""
    problems = []
    for name, data in stages.items():
        for split, file in {**FILES[name], "test": TEST}.items():
            account = data.report.get(split)
            if account is None:
                continue
            path = dataset.path / file
            rows = [row for row in data.affected if row["split"] == split]
            lost = [row["id"] for row in rows if {"truncated", "dropped"} & set(row["what"])]
            twice = [row["id"] for row in rows if "duplicates" in row["what"]]
            if account.get("lost_share", 0) > config.data.max_lost_share:
                problems.append(
                    f"{path}: {account['lost_share']:.0%} of the rows would be cut off or dropped at "
                    f"{name}.max_length = {data.report['max_length']} (allowed: {config.data.max_lost_share:.0%}), as "
                    f"{', '.join(lost[:5])}. The longest has {account['longest']} tokens: raise {name}.max_length or "
                    "data.max_lost_share"
                )
            # Seen from the held-out side: there a single row in twenty that was trained on spoils the figure.
            share = account["duplicates"] / account["rows"]
            if split != "train" and share > config.data.max_duplicate_share:
                problems.append(
                    f"{path}: {share:.0%} of the rows stand word for word in {FILES[name]['train']} (allowed: "
                    f"{config.data.max_duplicate_share:.0%}), as {', '.join(twice[:5])}; figures would be too good. "
                    "Take them out of either file, or raise data.max_duplicate_share"
                )
    if problems:
        raise TrainerError("\n".join(problems) + "\n`trainer run ... --dry-run --rows FILE` writes all their ids")


def affected_rows(stages: Mapping[StageName, StageData]) -> str:
    """affected-rows.jsonl: a line for each row that something happened to, with its id."""
    return "".join(json.dumps(row) + "\n" for data in stages.values() for row in data.affected)


def _packing(stage: Stage, tokens: Sequence[Tokens]) -> tuple[list[int], list[float]]:
    """The tokens of each row that is computed, and for each document how full of tokens its row is, 0 to 1.

    Packed, a row is full at max_length. Not packed, rows are padded to the longest of their batch; here with batches of
    neighbours, where the training will shuffle.
    """
    if not tokens:
        return [], []
    if stage.packing == "none":
        lengths = [len(t.ids) for t in tokens]
        size = stage.batch_size
        longest = [max(lengths[at - at % size : at - at % size + size]) for at in range(len(lengths))]
        return lengths, [length / most for length, most in zip(lengths, longest, strict=True)]
    from datasets import Dataset
    from trl import pack_dataset  # the packing of the training itself, so that steps are counted right

    # Packed in place of a document's tokens: its number, so that each row tells what is in it.
    numbers = [[number] * len(t.ids) for number, t in enumerate(tokens)]
    packed = pack_dataset(Dataset.from_dict({"input_ids": numbers}), stage.max_length, stage.packing)["input_ids"]
    full = {number: len(row) / stage.max_length for row in packed for number in row}
    return [len(row) for row in packed], [full[number] for number in range(len(tokens))]


def _measured(stage: Stage, train: Split, held_out: Split, report: Mapping[str, Any]) -> tuple[Split, dict[str, int]]:
    """The validation rows that evaluations measure, shortest first (little padding in a batch), and their counts."""
    read = sum(len(t.ids) for t in train.tokens)
    at_most = tokens_to_measure(stage, read, report["train"]["packed_rows"])
    chosen = sample([row["id"] for row in held_out.rows], [len(t.ids) for t in held_out.tokens], at_most)
    chosen.sort(key=lambda at: len(held_out.tokens[at].ids))
    measured = Split([held_out.rows[at] for at in chosen], [held_out.tokens[at] for at in chosen])
    tokens = sum(len(t.ids) for t in measured.tokens)
    packed = len(_packing(stage, measured.tokens)[0])
    return measured, {"rows": len(chosen), "tokens": tokens, "packed_rows": packed}


# --- the account --------------------------------------------------------------------------------------------------

# What is counted under each label. A row can count under several: over_length and truncated, fully_masked and dropped.
HAPPENED = ("over_length", "truncated", "fully_masked", "dropped", "duplicates")


def _account(
    rows: list[dict[str, Any]], fim: Mapping[str, str], duplicates: frozenset[str], stage: Stage, tokenizer: Any
) -> tuple[Split, dict[str, Any]]:
    """The rows that are kept, and the numbers.

    `over_length`: longer than max_length. `truncated`: loses its end, as stage 1's never do. `fully_masked`: no token
    with loss is left of it, so that the library would drop it without a word; it is `dropped` here. `duplicates`: word
    for word in the held-out file too.
    """
    kept: list[dict[str, Any]] = []
    tokens: list[Tokens] = []
    affected: list[dict[str, Any]] = []
    labels: dict[str, Counter[str]] = defaultdict(Counter)
    totals: Counter[str] = Counter()
    longest = 0
    splits_rows = stage.packing in ("bfd_split", "wrapped")  # then a long row goes on in the next one, nothing is lost
    for row in rows:
        shown = {"text": fim[row["id"]]} if row["id"] in fim else row
        full = row_tokens(tokenizer, shown)
        longest = max(longest, len(full.ids))
        used = full if splits_rows else full.cut(stage.max_length)
        masked = not any(used.loss)
        what = {
            "over_length": len(full.ids) > stage.max_length,
            "truncated": len(used.ids) < len(full.ids) and not masked,
            "fully_masked": masked,
            "dropped": masked,
            "duplicates": row["id"] in duplicates,
        }
        if not masked:
            kept.append(row)
            tokens.append(used)
        happened = [key for key in HAPPENED if what[key]]
        counted = dict.fromkeys(happened, 1)
        if not masked:
            counted |= {"tokens": len(used.ids), "loss_tokens": sum(used.loss)}
        totals.update(counted)
        for label in _labels(row):
            labels[label].update({"rows": 1, **counted})
        if happened:
            affected.append({"id": row["id"], "what": happened, "tokens": len(full.ids), "labels": list(_labels(row))})
    report = {
        "rows": len(rows),
        "rows_kept": len(kept),
        **{key: totals[key] for key in ("tokens", "loss_tokens", *HAPPENED)},
        "longest": longest,
        "lost_share": (totals["truncated"] + totals["dropped"]) / len(rows),
        "fim": len(fim),
        "labels": {label: dict(counts) for label, counts in sorted(labels.items())},
        "affected": affected,
    }
    return Split(kept, tokens), report


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _other_side(name: StageName, split: str) -> tuple[str, ...]:
    """The files in which no row of this split may stand: held-out ones for training, training for held-out ones."""
    if split != "train":
        return (FILES[name]["train"],)
    return (FILES[name]["validation"], TEST) if name == "stage2" else (FILES[name]["validation"],)


def _duplicates(dataset: DatasetFolder, file: str, others: Sequence[str]) -> frozenset[str]:
    """Ids of the rows of a file whose words, in this order, are also those of a row of the other files."""
    there = {_words(row) for other in others for row in dataset.rows.get(other, ())}
    return frozenset(row["id"] for row in dataset.rows.get(file, ()) if _words(row) in there)


def _words(row: Mapping[str, Any]) -> bytes:
    """A hash of what a row says, blind to white space, case and system text."""
    said = [row["text"]] if "text" in row else [m["content"] for m in row["messages"] if m["role"] != "system"]
    return hashlib.sha256(" ".join(" ".join(said).lower().split()).encode()).digest()


def _fill_some_in(rows: Sequence[dict[str, Any]], stage: Stage, tokenizer: Any, seed: int) -> dict[str, str]:
    """The programs that are shown with their middle last, by id.

    Only those that fit into a row: of a program that is cut into rows, the middle would come without its ends.
    """
    tokens = fim_tokens(tokenizer.get_vocab())
    chosen = {row["id"]: row["text"] for row in rows if is_chosen(row["id"], stage.fim, seed)}
    reordered = {key: fill_in(text, key, tokens, seed) for key, text in chosen.items()}
    return {
        key: text
        for key, text in reordered.items()
        if text != chosen[key] and len(row_tokens(tokenizer, {"text": text}).ids) <= stage.max_length
    }


def _with_replay(
    own: Split, replay: Sequence[dict[str, Any]], config: Config, name: StageName, tokenizer: Any
) -> tuple[Split, dict[str, Any]]:
    """The split with general rows behind its own. Raises TrainerError if there is nothing for this stage."""
    stage: Stage = getattr(config, name)
    rows, tokens, account = choose(
        replay,
        stage.replay,
        sum(len(t.ids) for t in own.tokens),
        tokenizer,
        chat=name == "stage2",
        longest=None if stage.packing in ("bfd_split", "wrapped") else stage.max_length,
        seed=config.run.seed,
    )
    if not rows:
        raise TrainerError(
            f'{name}.replay: data.replay holds nothing for this stage; it takes rows with "text"'
            + (' or "messages"' if name == "stage2" else "")
        )
    if account["share"] < stage.replay:
        say(
            f"{name}.replay: all of data.replay makes up {account['share']:.1%} of the tokens, less than the "
            f"{stage.replay:.1%} that were asked for"
        )
    return Split(own.rows + rows, own.tokens + tokens), account


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
    rows, problems = read_lines(path.read_text(encoding="utf-8"), str(path), lambda row: _wrong(row, path.name))
    refuse(problems, "make the dataset again with `curator convert`")
    return [row for _, row in rows]


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
    held_out[TEST] = {r.get("cluster") for r in rows.get(TEST, ())} - {None, ""}
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
