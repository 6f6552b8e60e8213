"""The recipe of a run as values: what to train, on what, how long.

A config is a TOML file with the tables [model], [lora], [data], [stage1], [stage2], [run]. Every default lives in the
dataclasses below and nowhere else; what a run really used is written into its run folder. All errors of a config are
reported together, each with its line, before anything is loaded. This module imports no torch.

Try it: trainer run smollm2-135m --dry-run --data DATASET
"""

import difflib
import math
import re
import tomllib
import types
import typing
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from importlib import resources
from pathlib import Path
from typing import Any, Literal

from trainer.errors import TrainerError, TrainerMissingError
from trainer.redact import has_secret, redact


@dataclass(frozen=True)
class Model:
    """The base model.

    Attributes:
        name: "embedded:smollm2-135m", a folder with a saved model, or an id on the Hugging Face Hub.
        revision: branch, tag or commit on the Hub; "" = the newest. Pin it: a model's files do change.
        public_name: what the adapter says it belongs to; "" = `name` (or the folder's last part). Never a local path.
        dtype: of the weights. bfloat16 halves the memory; on a CPU with AVX512-BF16 it is the fastest, too.
        quantization: "nf4" loads the linear layers in 4 bit (QLoRA); "none" leaves them as they are.
    """

    name: str = "embedded:smollm2-135m"
    revision: str = ""
    public_name: str = ""
    dtype: Literal["bfloat16", "float32"] = "bfloat16"
    quantization: Literal["none", "nf4"] = "none"


@dataclass(frozen=True)
class Lora:
    """The adapter: one, continued through both stages.

    Attributes:
        rank: width of the adapter; it bounds how much can be learnt.
        alpha: scale of the adapter; the effective factor is alpha / rank.
        dropout: share of the adapter's inputs set to zero while training.
        target_modules: "all-linear" (every linear layer but the head), or a list of module names.
        chat_tokens: the rows of <|im_start|> and <|im_end|> in embedding and head. "auto" seeds and trains those that
            were never trained (trainer/health.py); "train" trains all of them; "frozen" only reports.
    """

    rank: int = 16
    alpha: int = 32
    dropout: float = 0.05
    target_modules: str | tuple[str, ...] = "all-linear"
    chat_tokens: Literal["auto", "train", "frozen"] = "auto"


@dataclass(frozen=True)
class Data:
    """The dataset folder made by `curator convert`, and general code beside it.

    Attributes:
        folder: its path; `--data` overrides it.
        max_lost_share: stop before training if more than this share of a stage's rows would be cut off or dropped.
        max_duplicate_share: stop if more than this share of a held-out file stands word for word in training.
        replay: files or folders with general code and chat, for `stage1.replay` and `stage2.replay`: JSONL with
            "text" or "messages" in a row, or source files as they are.
        general: what the general-code loss is measured on: "built-in" (general.jsonl here), a JSONL file, or "" = not.
        general_tokens: measure a fixed sample of about so many tokens of it; 0 = all.
    """

    folder: str = ""
    max_lost_share: float = 0.05
    max_duplicate_share: float = 0.0
    replay: tuple[str, ...] = ()
    general: str = "built-in"
    general_tokens: int = 0


@dataclass(frozen=True)
class Stage:
    """One stage of training.

    Attributes:
        enabled: False leaves the stage out.
        epochs: passes over the training rows, at most.
        max_steps: optimiser steps, at most; 0 = as `epochs` says.
        max_minutes: a safety stop, at a step's end; 0 = none. A run stopped by it says so.
        max_length: tokens per row. Stage 1 packs documents into such rows; in stage 2 it bounds a conversation.
        packing: "bfd_split" packs whole documents and splits only those longer than a row; "bfd" never splits and cuts
            what is longer (stage 2 only); with both, documents in one row do not see each other. "wrapped" concatenates
            everything and cuts anywhere; "none" = one row for each document, padded to the longest of a batch.
        batch_size: rows per forward pass; `accumulation` of them make one optimiser step.
        learning_rate: at the top of the schedule; `warmup` is the share of the steps it takes to get there.
        max_grad_norm: gradients longer than this are shortened to it.
        evaluations: how often the validation rows are measured, spread evenly, the first before step 1.
        evaluation_share: the tokens of all evaluations together, at most this share of those trained on: a larger
            validation set is measured by a fixed sample of its rows, of 2,048 tokens or more; 0 = always all of it.
        patience: stop after this many evaluations without a better validation loss; 0 = never.
        gradient_checkpointing: recompute activations: about a third more time, a fraction of the memory.
        prompt_weight: stage 2: what a token of the question weighs in the loss; an answer's weighs 1.
        replay: share of the training tokens that come from `data.replay`, against forgetting; 0.05 to 0.1 is advised.
        fim: stage 1: share of the programs shown as beginning, end, middle, so that filling in stays alive.
    """

    enabled: bool = True
    epochs: float = 1.0
    max_steps: int = 0
    max_minutes: float = 0.0
    max_length: int = 512
    packing: Literal["none", "bfd", "bfd_split", "wrapped"] = "none"
    batch_size: int = 1
    accumulation: int = 1
    learning_rate: float = 2e-4
    schedule: Literal["cosine", "linear", "constant_with_warmup"] = "cosine"
    warmup: float = 0.1
    weight_decay: float = 0.0
    max_grad_norm: float = 1.0
    optimizer: Literal["adamw_torch", "adamw_torch_fused", "adamw_8bit", "paged_adamw_8bit"] = "adamw_torch"
    evaluations: int = 5
    evaluation_share: float = 0.1
    patience: int = 0
    gradient_checkpointing: bool = False
    prompt_weight: float = 0.0
    replay: float = 0.0
    fim: float = 0.0


@dataclass(frozen=True)
class StopTest:
    """After stage 2: do answers to held-out prompts end by themselves? A model that does not stop is of no use.

    Attributes:
        prompts: how many are answered, greedily; 0 = no test.
        tokens: the limit of an answer. Only prompts whose own answer is at most half as long are taken.
        min_share: a run with a smaller share of answers that ended is marked as failed; 0 = reported, never failed.
    """

    prompts: int = 24
    tokens: int = 1024
    min_share: float = 0.8


@dataclass(frozen=True)
class Probe:
    """The compile probe of stage 1: beginnings of held-out programs are continued and judged at evaluations.

    Attributes:
        files: how many beginnings; 0 = no probe.
        tokens: how long each continuation may be.
        compiler: the judge: "auto" is bbjcpl where it is installed, else the built-in checker.
    """

    files: int = 8
    tokens: int = 64
    compiler: Literal["auto", "bbjcpl", "bbj-ls", "builtin"] = "auto"


@dataclass(frozen=True)
class Run:
    """How the run is carried out and recorded.

    Attributes:
        out: folder in which a run folder `<config>-<number>` is made; `--out` names the run folder itself.
        seed: of adapter weights, order of rows and dropout.
        threads: of torch on the CPU; 0 = one for each core, or OMP_NUM_THREADS where that is set.
        log_every: steps between two rows of training loss in metrics.jsonl.
        report_to: trackers the Trainer knows ("tensorboard", "wandb", ...), if they are installed; [] = none.
        merge: fold the adapter into the base at the end (`trainer merge` does it later): "auto" = up to 4 GB of model.
    """

    out: str = "runs"
    seed: int = 13
    threads: int = 0
    log_every: int = 5
    report_to: tuple[str, ...] = ("tensorboard",)
    merge: Literal["auto", "yes", "no"] = "auto"


@dataclass(frozen=True)
class Config:
    """A whole recipe. Stage 1 is continued pretraining on raw BBj, stage 2 is tuning on conversations."""

    model: Model = field(default_factory=Model)
    lora: Lora = field(default_factory=Lora)
    data: Data = field(default_factory=Data)
    stage1: Stage = field(default_factory=lambda: Stage(packing="bfd_split"))
    stage2: Stage = field(default_factory=Stage)
    stop_test: StopTest = field(default_factory=StopTest)
    probe: Probe = field(default_factory=Probe)
    run: Run = field(default_factory=Run)
    name: str = "default"  # the config's file name; not a key of the file


class ConfigError(TrainerError):
    """All that is wrong with a config, one line each."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(problems))


def shipped_configs() -> dict[str, Path]:
    """The configs that come with the package, by name."""
    folder = Path(str(resources.files("trainer"))) / "configs"
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def find_config(name_or_path: str) -> Path:
    """The file meant: a path, or a shipped config's name. Raises TrainerMissingError."""
    path = Path(name_or_path)
    if path.is_file():
        return path
    shipped = shipped_configs()
    if name_or_path in shipped:
        return shipped[name_or_path]
    close = _did_you_mean(name_or_path, shipped)
    raise TrainerMissingError(f'no config "{name_or_path}"{close}; give a path or one of: {", ".join(shipped)}')


def load_config(name_or_path: str, overrides: Sequence[str] = ()) -> Config:
    """Read a config and apply `--set section.key=value` overrides.

    Raises:
        ConfigError: anything is wrong with the file or an override; the error holds all problems.
        TrainerMissingError: there is no such file.
    """
    path = find_config(name_or_path)
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError([f"{path}: not UTF-8 (byte {error.start}); save it as UTF-8"]) from None
    return read_config(text, str(path), overrides)


def read_config(text: str, path: str = "<config>", overrides: Sequence[str] = ()) -> Config:
    """The same from the text of a TOML file; `path` is what messages call it."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([_toml_error(path, error)]) from None
    problems: list[str] = []
    values: list[_Value] = list(_values(table, text, path, problems))
    values += _overrides(overrides, problems)
    config = Config(name=Path(path).stem)
    for value in values:
        config = _with(config, value, problems)
    problems += _check(config, {(v.section, v.key): v.where for v in values}, path)
    if problems:
        raise ConfigError(problems)
    return config


def write_config(config: Config) -> str:
    """The config as TOML with every value, defaults included: reading it gives an equal config."""
    lines: list[str] = []
    for section in _sections():
        lines.append(f"[{section}]")
        part = getattr(config, section)
        lines += [f"{f.name} = {_toml(getattr(part, f.name))}" for f in fields(part)]
        lines.append("")
    return "\n".join(lines)


# --- reading ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Value:
    section: str
    key: str
    value: Any
    where: str  # "file.toml:12" or "--set stage1.epochs=x"


def _sections() -> tuple[str, ...]:
    return tuple(f.name for f in fields(Config) if f.name != "name")


def _values(table: dict[str, Any], text: str, path: str, problems: list[str]) -> Iterator[_Value]:
    for section, content in table.items():
        where = f"{path}:{_line(text, section, '')}"
        if section not in _sections():
            kind = "table" if isinstance(content, dict) else "key outside of a table:"
            problems.append(f'{where}: unknown {kind} "{section}"{_did_you_mean(section, _sections())}')
        elif not isinstance(content, dict):
            problems.append(f'{where}: "{section}" must be a table; write [{section}] and its keys below it')
        else:
            for key, value in content.items():
                yield _Value(section, key, value, f"{path}:{_line(text, section, key)}")


def _overrides(overrides: Sequence[str], problems: list[str]) -> list[_Value]:
    values = []
    for override in overrides:
        where = f"--set {override}"
        match = re.fullmatch(r"\s*([\w-]+)\.([\w-]+)\s*=(.*)", override, re.S)
        if not match:
            problems.append(f"{where}: write --set section.key=value, for example --set stage1.epochs=2")
            continue
        section, key, raw = match.groups()
        if section not in _sections():
            problems.append(f'{where}: unknown table "{section}"{_did_you_mean(section, _sections())}')
            continue
        try:
            value = tomllib.loads(f"value = {raw.strip()}")["value"]
        except tomllib.TOMLDecodeError:
            value = raw.strip()  # a bare word is a string: --set model.quantization=nf4
        values.append(_Value(section, key, value, where))
    return values


def _with(config: Config, value: _Value, problems: list[str]) -> Config:
    part = getattr(config, value.section)
    hints = typing.get_type_hints(type(part))
    if value.key not in hints:
        problems.append(
            f'{value.where}: unknown key "{value.key}" in [{value.section}]{_did_you_mean(value.key, hints)}'
        )
        return config
    try:
        converted = _convert(value.value, hints[value.key])
    except ValueError as error:
        problems.append(f"{value.where}: {value.section}.{value.key} {error}")
        return config
    if has_secret(_shown(converted)):
        problems.append(
            f"{redact(value.where)}: {value.section}.{value.key} holds what looks like a token or a password; it would "
            "stand in the run folder. Take it out; a token belongs into the environment, as HF_TOKEN"
        )
    return replace(config, **{value.section: replace(part, **{value.key: converted})})


def _convert(value: Any, hint: Any) -> Any:
    """The value as the type of its field. Raises ValueError("must be ...")."""
    if typing.get_origin(hint) is Literal:
        choices = typing.get_args(hint)
        if value in choices:
            return value
        close = _did_you_mean(str(value), choices)
        raise ValueError(f"must be one of {', '.join(map(_shown, choices))}, not {_shown(value)}{close}")
    if typing.get_origin(hint) is types.UnionType:
        for choice in typing.get_args(hint):
            try:
                return _convert(value, choice)
            except ValueError:
                continue
        raise ValueError(f"must be a string or a list of strings, not {_shown(value)}")
    if typing.get_origin(hint) is tuple:
        if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
            return tuple(value)
        raise ValueError(f"must be a list of strings, not {_shown(value)}")
    if hint is float and isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return float(value)
    if type(value) is hint and hint is not float:
        return value
    names = {str: "a string", int: "a whole number", float: "a finite number", bool: "true or false"}
    raise ValueError(f"must be {names[hint]}, not {_shown(value)}")


# --- checking -----------------------------------------------------------------------------------------------------

_Rule = tuple[str, Callable[[Any], bool], str]

# What transformers' Trainer knows, and the library each of them needs; a test compares.
TRACKERS = {
    **{name: name for name in ("clearml", "codecarbon", "comet_ml", "dagshub", "dvclive", "kubeflow", "mlflow")},
    **{name: name for name in ("neptune", "swanlab", "tensorboard", "trackio", "wandb")},
    "azure_ml": "azureml",
    "flyte": "flytekit",
}

_STAGE_RULES: tuple[_Rule, ...] = (
    ("epochs", lambda v: v > 0, "must be above 0"),
    ("max_steps", lambda v: v >= 0, "must not be negative"),
    ("max_minutes", lambda v: v >= 0, "must not be negative"),
    ("max_length", lambda v: v >= 32, "must be at least 32 tokens"),
    ("batch_size", lambda v: v >= 1, "must be at least 1"),
    ("accumulation", lambda v: v >= 1, "must be at least 1"),
    ("learning_rate", lambda v: 0 < v < 0.1, "must be between 0 and 0.1; usual for LoRA: 1e-5 to 1e-3"),
    ("warmup", lambda v: 0 <= v < 1, "is a share of the steps, from 0 to below 1"),
    ("weight_decay", lambda v: v >= 0, "must not be negative"),
    ("max_grad_norm", lambda v: v > 0, "must be above 0"),
    ("evaluations", lambda v: v >= 1, "must be at least 1: without validation nobody sees overfitting"),
    ("evaluation_share", lambda v: v >= 0, "must not be negative; 0 measures all held-out rows every time"),
    ("patience", lambda v: v >= 0, "must not be negative"),
    ("replay", lambda v: 0 <= v <= 0.5, "is a share of the tokens, from 0 to 0.5; 0.05 to 0.1 is advised"),
)
_RULES: dict[str, tuple[_Rule, ...]] = {
    "model": (("name", lambda v: bool(v.strip()), "must not be empty"),),
    "lora": (
        ("rank", lambda v: v >= 1, "must be at least 1"),
        ("alpha", lambda v: v >= 1, "must be at least 1"),
        ("dropout", lambda v: 0 <= v < 1, "must be from 0 to below 1"),
        ("target_modules", lambda v: bool(v), "must not be empty"),
    ),
    "data": (
        ("max_lost_share", lambda v: 0 <= v <= 1, "is a share, from 0 to 1"),
        ("max_duplicate_share", lambda v: 0 <= v <= 1, "is a share, from 0 to 1"),
        ("general_tokens", lambda v: v >= 0, "must not be negative"),
    ),
    "stage1": (
        *_STAGE_RULES,
        ("packing", lambda v: v != "bfd", 'must not be "bfd": it cuts off the ends of long files; take "bfd_split"'),
        ("prompt_weight", lambda v: v == 0, "belongs to stage 2: programs have no prompt"),
        ("fim", lambda v: 0 <= v <= 1, "is a share of the programs, from 0 to 1; 0.05 to 0.5 is usual"),
    ),
    "stage2": (
        *_STAGE_RULES,
        # Cutting conversations into rows would separate questions from their answers.
        ("packing", lambda v: v in ("none", "bfd"), 'must be "none" or "bfd": conversations are never split'),
        ("prompt_weight", lambda v: 0 <= v <= 1, "is from 0 (answers only) to 1 (every token alike)"),
        ("fim", lambda v: v == 0, "belongs to stage 1: conversations are not filled in"),
    ),
    "stop_test": (
        ("prompts", lambda v: v >= 0, "must not be negative"),
        ("tokens", lambda v: v >= 8, "must be at least 8"),
        ("min_share", lambda v: 0 <= v <= 1, "is a share, from 0 to 1"),
    ),
    "probe": (
        ("files", lambda v: v >= 0, "must not be negative"),
        ("tokens", lambda v: v >= 8, "must be at least 8: shorter continuations have no whole line"),
    ),
    "run": (
        ("threads", lambda v: v >= 0, "must not be negative"),
        ("log_every", lambda v: v >= 1, "must be at least 1"),
        ("seed", lambda v: 0 <= v < 2**32, "must be from 0 to 4294967295"),
        ("report_to", lambda v: set(v) <= set(TRACKERS), f"may hold {', '.join(sorted(TRACKERS))}; [] is for none"),
    ),
}


def _check(config: Config, where: dict[tuple[str, str], str], path: str) -> list[str]:
    problems = []
    for section, rules in _RULES.items():
        for key, holds, message in rules:
            value = getattr(getattr(config, section), key)
            if not holds(value):
                place = where.get((section, key), path)
                problems.append(f"{place}: {section}.{key} {message} (it is {_shown(value)})")
    if not (config.stage1.enabled or config.stage2.enabled):
        place = where.get(("stage2", "enabled"), path)
        problems.append(f"{place}: both stages are switched off; leave at least one enabled")
    for section in ("stage1", "stage2"):
        if getattr(config, section).replay and not config.data.replay:
            place = where.get((section, "replay"), path)
            problems.append(f"{place}: {section}.replay needs something to replay; name files in data.replay")
    return problems


# --- small things -------------------------------------------------------------------------------------------------


def _line(text: str, section: str, key: str) -> int:
    """The line, from 1, of a key of a table (or of the table's header, with key ""). tomllib gives no positions."""
    current = ""
    header = 1
    for number, line in enumerate(text.splitlines(), start=1):
        table = re.match(r"\s*\[\s*([^\[\]]+?)\s*\]", line)
        if table:
            current = table.group(1).strip("\"'")
            if current.split(".")[0] == section and header == 1:
                header = number
            continue
        name = re.match(r"\s*([\w.\"'-]+)\s*=", line)
        if not name:
            continue
        full = ".".join(part for part in (current, name.group(1).replace('"', "").replace("'", "")) if part)
        if full == (f"{section}.{key}" if key else section):
            return number
    return header


def _toml_error(path: str, error: tomllib.TOMLDecodeError) -> str:
    match = re.search(r"^(.*) \(at line (\d+), column (\d+)\)$", str(error))
    if match:
        return f"{path}:{match[2]}: not TOML: {match[1]} (column {match[3]})"
    return f"{path}: not TOML: {error}"


def _did_you_mean(word: str, known: Any) -> str:
    close = difflib.get_close_matches(word, [str(k) for k in known], n=1, cutoff=0.6)
    return f'; did you mean "{close[0]}"?' if close else ""


def _shown(value: Any) -> str:
    """A value as it stands in a TOML file, for messages; a table or a date as Python shows it."""
    if isinstance(value, list):
        return "[" + ", ".join(map(_shown, value)) + "]"
    return _toml(value) if isinstance(value, bool | int | float | str | tuple) else str(value)


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, tuple):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    escaped = "".join(_ESCAPES.get(c, c) if c >= " " else f"\\u{ord(c):04x}" for c in value)
    return f'"{escaped}"'


_ESCAPES = {'"': '\\"', "\\": "\\\\"}
