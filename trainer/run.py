"""The recipe: check, load, stage 1, stage 2, save. Nothing is loaded before everything that can be checked is checked.

Try it: trainer run smollm2-135m --data DATASET --dry-run
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from curator.output import say
from trainer import machine
from trainer.config import Config, Stage, load_config, write_config
from trainer.data import STAGES, DatasetFolder, StageData, StageName, prepare, read_folder
from trainer.errors import TrainerError, TrainerMissingError
from trainer.extra import check_extra
from trainer.model import load_base, load_tokenizer, public_name
from trainer.progress import RunProgress
from trainer.quiet import quiet_libraries


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


def plan(config: Config) -> Plan:
    """All checks and counts, with the tokenizer only: no weights are loaded. What `--dry-run` shows."""
    dataset = read_folder(Path(config.data.folder))
    check_extra()
    check_options(config)
    with quiet_libraries():
        from trainer.stage import planned_steps

        if config.model.dtype == "bfloat16" and not machine.bf16_on_gpu():
            raise TrainerError('this GPU cannot compute in bfloat16; set model.dtype = "float32", or use a newer GPU')
        tokenizer = load_tokenizer(config)
        names = [name for name in STAGES if getattr(config, name).enabled]
        stages = {name: prepare(config, dataset, name, tokenizer) for name in names}
        steps = {
            name: planned_steps(_stage(config, name), data.report["train"]["packed_rows"])
            for name, data in stages.items()
        }
    return Plan(config, dataset, tokenizer, stages, steps)


def run(config: Config, out: Path | None = None) -> Path:
    """Train as the config says; returns the run folder. `out` names that folder; without it one is numbered.

    Raises TrainerError (and TrainerMissingError) for all a user can mend; an unfinished run folder says so in run.json.
    """
    say(f"checking {config.data.folder} and loading {public_name(config)}")
    checked = plan(config)
    folder = make_run_folder(config, out)
    with quiet_libraries(folder / "log.txt"), RunProgress() as progress:
        from trainer.record import Record
        from trainer.stage import train_stage

        threads = machine.set_threads(config.run.threads)
        record = Record(folder, config, checked.dataset, checked.tokenizer, threads)
        (folder / "data-report.json").write_text(json.dumps(checked.report(), indent=2) + "\n", encoding="utf-8")
        status = "failed"
        try:
            adapter: Path | None = None
            for name, data in checked.stages.items():
                model = with_adapter(config, adapter)
                result = train_stage(name, config, model, checked.tokenizer, data, folder, progress)
                record.stage(name, result.as_dict())
                adapter = folder / name
                del model
                machine.release_freed_memory()  # the next stage loads the base again; two do not fit into a GPU
            status = "finished"
        except KeyboardInterrupt:
            status = "stopped"
            raise
        finally:
            record.end(status)
        from trainer.plots import plot_run

        plot_run(folder)
    return folder


def check_options(config: Config) -> None:
    """Are the libraries there that only some configs need? Raises TrainerMissingError."""
    eight_bit = any(_stage(config, name).optimizer.endswith("8bit") for name in STAGES)
    if config.model.quantization == "nf4" or eight_bit:
        check_extra(("bitsandbytes",))
    for tracker in config.run.report_to:
        if find_spec(tracker) is None:
            raise TrainerMissingError(f'run.report_to: "{tracker}" is not installed; run "pip install {tracker}"')


def with_adapter(config: Config, adapter: Path | None) -> Any:
    """The base model with a new adapter, or with the one the stage before left on disk, ready to be trained on.

    One adapter goes through both stages. Merging between them would change the base, which is not possible when it is
    quantised: the merged weights would be rounded again.
    """
    from peft import LoraConfig, PeftModel, get_peft_model
    from transformers import set_seed

    base = load_base(config)
    set_seed(config.run.seed)  # the adapter's first weights are random
    if adapter is not None:
        model = PeftModel.from_pretrained(base, str(adapter), is_trainable=True)
        # On disk the base has its public name; at every save PEFT would ask the model hub about that one.
        model.peft_config["default"].base_model_name_or_path = base.config._name_or_path
        return model
    lora = config.lora
    targets = lora.target_modules if isinstance(lora.target_modules, str) else list(lora.target_modules)
    return get_peft_model(
        base,
        LoraConfig(
            r=lora.rank,
            lora_alpha=lora.alpha,
            lora_dropout=lora.dropout,
            target_modules=targets,
            task_type="CAUSAL_LM",
        ),
    )


def make_run_folder(config: Config, out: Path | None) -> Path:
    """A new run folder with the resolved config in it. Raises TrainerError if it exists with something in it."""
    folder = out or _numbered(Path(config.run.out), config.name)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise TrainerError(f"{folder}: is there already; give another --out, or remove it")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "config.toml").write_text(write_config(config), encoding="utf-8")
    except OSError as error:
        raise TrainerError(f"{folder}: cannot be written ({error.strerror}); give another --out") from None
    return folder


def _numbered(root: Path, name: str) -> Path:
    """`root/name-1`, or the next number after those that are there."""
    taken = [re.fullmatch(rf"{re.escape(name)}-(\d+)", path.name) for path in root.glob(f"{name}-*")]
    return root / f"{name}-{max((int(match[1]) for match in taken if match), default=0) + 1}"


def _stage(config: Config, name: StageName) -> Stage:
    stage: Stage = getattr(config, name)
    return stage
