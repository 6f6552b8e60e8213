"""The recipe: check, load, stage 1, stage 2, save. Nothing is loaded before everything that can be checked is checked.

A run that was interrupted, even by `kill -9`, goes on when the same command is given again; see resume.py.

Try it: trainer run smollm2-135m --data DATASET --dry-run
"""

import errno
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from curator.corpus import write
from curator.errors import MissingError
from curator.judge.compiler import judge
from curator.output import say
from trainer import machine, processes
from trainer.clock import IN_STAGES, MERGE, PLOTS, REST, START, STOP_TEST, Clock
from trainer.config import TRACKERS, Config, Stage, load_config
from trainer.data import (
    STAGES,
    DatasetFolder,
    StageData,
    StageName,
    affected_rows,
    check_losses,
    prepare,
    read_folder,
)
from trainer.errors import TrainerError, TrainerMissingError
from trainer.extra import check_extra
from trainer.health import as_record, freeze_rows, heal
from trainer.measured import planned_steps
from trainer.model import load_base, load_tokenizer, load_tuned, public_name
from trainer.progress import RunProgress
from trainer.quiet import quiet_libraries
from trainer.record import Record, hash_all
from trainer.replay import read_replay
from trainer.resume import claim


@dataclass(frozen=True)
class Plan:
    """A checked run: the data of each stage as the model will see it, and how many steps it takes."""

    config: Config
    dataset: DatasetFolder
    tokenizer: Any
    stages: dict[StageName, StageData]
    steps: dict[StageName, int]

    def report(self) -> dict[str, Any]:
        """The data report: what data-report.json holds."""
        return {name: {**data.report, "steps": self.steps[name]} for name, data in self.stages.items()}


def resolve(name_or_path: str, data: str | None = None, overrides: Sequence[str] = ()) -> Config:
    """The config with the command line's options in it. Raises ConfigError with all problems, TrainerMissingError."""
    config = load_config(name_or_path, overrides)
    if data is not None:
        config = replace(config, data=replace(config.data, folder=data))
    if not config.data.folder:
        raise TrainerError("no dataset: give --data FOLDER, or data.folder in the config; `curator convert` makes one")
    return config


def plan(config: Config, rows_file: Path | None = None) -> Plan:
    """All checks and counts, with the tokenizer only: no weights are loaded. What `--dry-run` shows.

    `rows_file` gets a line for each row that would not be trained whole, also if that is why a TrainerError is raised.
    """
    dataset = read_folder(Path(config.data.folder))
    check_extra()
    check_options(config)
    with quiet_libraries():
        if config.model.dtype == "bfloat16" and not machine.bf16_on_gpu():
            raise TrainerError(
                "this GPU cannot compute in bfloat16; --set model.dtype=float32 (slower, and more memory where nothing "
                "is quantised), or use a GPU of NVIDIA's Ampere generation or later"
            )
        tokenizer = load_tokenizer(config)
        names = [name for name in STAGES if getattr(config, name).enabled]
        replay = read_replay(config.data.replay)
        stages = {name: prepare(config, dataset, name, tokenizer, replay) for name in names}
        if rows_file is not None:
            write(rows_file, affected_rows(stages))
        check_losses(config, dataset, stages)
        steps = {
            name: planned_steps(_stage(config, name), data.report["train"]["packed_rows"])
            for name, data in stages.items()
        }
    return Plan(config, dataset, tokenizer, stages, steps)


def run(config: Config, out: Path | None = None) -> Path:
    """Train as the config says; returns the run folder. `out` names that folder; without it one is numbered.

    If the folder holds the same run, interrupted, it goes on. Raises TrainerError (and TrainerMissingError) for all a
    user can mend; run.json says how the run ended.
    """
    clock = Clock(START)
    if processes.is_first():
        say(f"checking {config.data.folder} and loading {public_name(config)}")
    checked = plan(config)
    hashes = hash_all(config, checked.dataset, checked.tokenizer)
    log = "log.txt" if processes.is_first() else f"log-{os.environ['RANK']}.txt"
    with (
        processes.only_first_speaks(),
        claim(config, hashes, out) as folder,
        quiet_libraries(folder / log),
        RunProgress() as progress,
    ):
        from trainer.merge import FOLDER, merge, wanted
        from trainer.plots import plot_run
        from trainer.run_report import write_report
        from trainer.stage import train_stage

        threads = machine.set_threads(config.run.threads)
        with recording(folder, checked, hashes, threads, clock) as record:
            adapter: Path | None = None
            general: float | None = None  # the loss on general code of that adapter: not measured twice
            for name, data in checked.stages.items():
                if name not in record.stages:
                    load = partial(with_adapter, config, adapter, record)
                    with clock.part(IN_STAGES):
                        result = train_stage(name, config, load, checked.tokenizer, data, folder, progress, general)
                        record.stage(name, result.as_dict())
                    machine.release_freed_memory()  # the next stage loads the base again; two do not fit into a GPU
                adapter, general = folder / name, record.stages[name].get("general_loss")
            if not processes.is_first():
                return folder  # what is left is for one
            with clock.part(STOP_TEST):
                _test_stopping(checked, folder, record)
            with clock.part(MERGE):
                if wanted(config) and not (folder / FOLDER).exists():
                    say(f"merged model: {merge(folder)}")
            with clock.part(PLOTS):
                plot_run(folder)
        write_report(folder)  # once the record says how the run ended
    return folder


@contextmanager
def recording(folder: Path, checked: Plan, hashes: dict[str, Any], threads: int, clock: Clock) -> Iterator[Record]:
    """The run's record while the run lasts: says in run.json how it ended, and to the user how to go on."""
    status = "failed"
    try:
        commit = checked.dataset.manifest.get("corpus_commit")
        record = Record(folder, checked.config, hashes, commit, threads, clock)
        clock.enter(REST)
        if processes.is_first():
            report = json.dumps(checked.report(), indent=2) + "\n"
            (folder / "data-report.json").write_text(report, encoding="utf-8")
            (folder / "affected-rows.jsonl").write_text(affected_rows(checked.stages), encoding="utf-8")
    except OSError as error:
        raise TrainerError(
            f"{folder}: cannot be written ({error.strerror}); free space or give another --out"
        ) from None
    try:
        yield record
        status = "failed stop test" if record.failed_stop_test else "finished"
    except KeyboardInterrupt:
        status = "stopped"
        say(f"stopped; to go on from the last checkpoint, give the same command again with --out {folder}")
        raise
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS):
            raise
        raise TrainerError(
            f"{folder}: cannot be written: {error.strerror}; free space and start the same command again: it goes on"
        ) from error
    finally:
        record.end(status)


def _test_stopping(checked: Plan, folder: Path, record: Record) -> None:
    """The stop test, once, with the adapter that stage 2 left."""
    from trainer.stop_test import choose_prompts, stop_test

    settings = checked.config.stop_test
    if "stage2" not in checked.stages or not settings.prompts or record.has_stop_test:
        return
    rows = choose_prompts(settings, checked.tokenizer, checked.stages["stage2"].validation.rows)
    if not rows:
        say(f"stop test left out: no held-out answer takes at most half of stop_test.tokens = {settings.tokens}")
        return
    say(f"stop test: {len(rows)} held-out prompts")
    model = load_tuned(folder, merge=checked.config.model.quantization == "none")  # as it is used; and quicker
    result = stop_test(settings, model, checked.tokenizer, rows)
    record.update(stop_test=result.as_dict())
    machine.release_freed_memory()


def check_options(config: Config) -> None:
    """Are the libraries there that only some configs need, and does the launcher do what the config asks for?

    Raises TrainerError, and TrainerMissingError for a library.
    """
    eight_bit = [
        name for name in STAGES if _stage(config, name).enabled and _stage(config, name).optimizer.endswith("8bit")
    ]
    if eight_bit and processes.divide_the_model():
        # "Operator bitsandbytes.optimizer_update_32bit.default does not have a sharding strategy registered", at step 1
        instead = " ".join(f"--set {name}.optimizer=adamw_torch_fused" for name in eight_bit)
        raise TrainerError(f"FSDP: bitsandbytes' 8-bit optimisers cannot step on parts of a model; add {instead}")
    if config.model.quantization == "nf4" or eight_bit:
        check_extra(("bitsandbytes",))
    for tracker in config.run.report_to:
        if find_spec(TRACKERS[tracker]) is None:
            raise TrainerMissingError(
                f'run.report_to: "{tracker}" needs the Python library {TRACKERS[tracker]}; install it, or take '
                f'"{tracker}" out of the list'
            )
    if config.stage1.enabled and config.probe.files:
        try:
            judge([], config.probe.compiler)
        except MissingError as error:
            raise TrainerMissingError(f"probe.compiler: {error}") from None


def with_adapter(config: Config, adapter: Path | None, record: Record | None = None) -> Any:
    """The base model with a new adapter, or with the one the stage before left on disk, ready to be trained on.

    One adapter goes through both stages. Merging between them would change the base, which is not possible when it is
    quantised: the merged weights would be rounded again.
    """
    from peft import LoraConfig, PeftModel, get_peft_model
    from transformers import set_seed

    base = load_base(config)
    if record is not None:
        record.revision(getattr(base.config, "_commit_hash", None))
    set_seed(config.run.seed)  # the adapter's first weights are random
    if adapter is not None:
        model = PeftModel.from_pretrained(base, str(adapter), is_trainable=True)
        # On disk the base has its public name; at every save PEFT would ask the model hub about that one.
        model.peft_config["default"].base_model_name_or_path = base.config._name_or_path
        return model
    health, chat_rows = heal(base, load_tokenizer(config), config)
    if record is not None:
        record.update(token_health=as_record(health))
    lora = config.lora
    targets = lora.target_modules if isinstance(lora.target_modules, str) else list(lora.target_modules)
    model = get_peft_model(
        base,
        LoraConfig(
            r=lora.rank,
            lora_alpha=lora.alpha,
            lora_dropout=lora.dropout,
            target_modules=targets,
            trainable_token_indices=chat_rows or None,
            task_type="CAUSAL_LM",
        ),
    )
    freeze_rows(model, frozen=config.stage1.enabled)
    return model


def _stage(config: Config, name: StageName) -> Stage:
    stage: Stage = getattr(config, name)
    return stage
