"""One function trains either stage: TRL's SFTTrainer does the loop, this sets it up, watches it and keeps the account.

Stage 1 and stage 2 differ in their rows, their end token and where the loss is taken; everything else is the config's.
"""

import json
import math
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from transformers import PrinterCallback, TrainerCallback
from trl import SFTConfig, SFTTrainer

from trainer.config import Config, Stage
from trainer.data import StageData, StageName
from trainer.errors import TrainerError
from trainer.machine import peak_memory_gb, release_freed_memory
from trainer.progress import RunProgress
from trainer.tokens import END_OF_DOCUMENT, STOP

TITLES: dict[StageName, str] = {"stage1": "stage 1: raw BBj", "stage2": "stage 2: conversations"}


@dataclass(frozen=True)
class StageResult:
    """What a stage did. Losses are of the validation rows, in nats per token; tokens are those the model read."""

    steps: int
    planned_steps: int
    stopped_by: str  # "plan", "time", "patience"
    tokens: int
    minutes: float  # the stage, evaluations and checkpoints included
    training_minutes: float  # the training steps alone
    tokens_per_second: float  # of the training steps
    eval_loss_before: float
    eval_loss_best: float
    best_step: int
    peak_memory_gb: dict[str, float]

    def as_dict(self) -> dict[str, Any]:
        """The fields as JSON values."""
        return asdict(self)


def train_stage(
    name: StageName, config: Config, model: Any, tokenizer: Any, data: StageData, folder: Path, progress: RunProgress
) -> StageResult:
    """Train `model` (a PeftModel, changed in place) on one stage and save its adapter as `folder/<name>/`.

    The adapter saved is that of the best validation loss, not of the last step. Metrics are appended to
    `folder/metrics.jsonl`, checkpoints are in `folder/checkpoints/<name>/`.
    """
    trainer, watch = make_trainer(name, config, model, tokenizer, data, folder, progress)
    started = time.monotonic()
    try:
        trainer.train()
    except RuntimeError as error:
        if "out of memory" in str(error).lower():
            raise TrainerError(out_of_memory(name, getattr(config, name))) from error
        raise
    target = folder / name
    trainer.model.save_pretrained(str(target))
    scrub(target, public_name=_public_name(config))
    best = min(watch.eval_losses, key=lambda pair: pair[1])
    return StageResult(
        steps=trainer.state.global_step,
        planned_steps=planned_steps(getattr(config, name), data.report["train"]["packed_rows"]),
        stopped_by=watch.stopped_by(trainer.state.global_step),
        tokens=int(trainer._total_train_tokens),
        minutes=round((time.monotonic() - started) / 60, 2),
        training_minutes=round(watch.training_seconds / 60, 2),
        tokens_per_second=round(trainer._total_train_tokens / max(watch.training_seconds, 1e-9), 1),
        eval_loss_before=watch.eval_losses[0][1],
        eval_loss_best=best[1],
        best_step=best[0],
        peak_memory_gb=peak_memory_gb(),
    )


def make_trainer(
    name: StageName, config: Config, model: Any, tokenizer: Any, data: StageData, folder: Path, progress: RunProgress
) -> tuple[Any, "Watch"]:
    """The SFTTrainer of a stage, ready to train, and the callback that watches it.

    Raises TrainerError if TRL kept another number of rows than our own account says: then the account would be false.
    """
    from datasets import Dataset

    stage: Stage = getattr(config, name)
    steps = planned_steps(stage, data.report["train"]["packed_rows"])
    watch = Watch(name, steps, stage.max_minutes, folder, progress, _public_name(config))
    trainer = SFTTrainer(
        model=model,
        args=arguments(name, config, steps, folder),
        train_dataset=Dataset.from_list(data.train.rows),
        eval_dataset=Dataset.from_list(data.validation.rows),
        processing_class=tokenizer,
        callbacks=[watch, *_patience(stage)],
    )
    trainer.remove_callback(PrinterCallback)  # prints every log row to stdout once tqdm is off
    trainer.create_model_card = lambda *a, **k: None  # a README.md in every checkpoint, with paths of this machine
    for split, rows, expected in (
        ("training", trainer.train_dataset, data.report["train"]["packed_rows"]),
        ("validation", trainer.eval_dataset, data.report["validation"]["packed_rows"]),
    ):
        if len(rows) != expected:
            raise TrainerError(
                f"{name}: TRL made {len(rows)} {split} rows where the data report says {expected}; "
                "this version of TRL treats rows otherwise: install the versions in constraints.txt"
            )
    return trainer, watch


def arguments(name: StageName, config: Config, steps: int, folder: Path) -> SFTConfig:
    """A stage's settings in TRL's words."""
    import torch

    stage: Stage = getattr(config, name)
    evaluate_every = max(1, math.ceil(steps / stage.evaluations))
    on_gpu = torch.cuda.is_available()
    options: dict[str, Any] = {
        "output_dir": str(folder / "checkpoints" / name),
        "max_steps": steps,
        "per_device_train_batch_size": stage.batch_size,
        "per_device_eval_batch_size": stage.batch_size,
        "gradient_accumulation_steps": stage.accumulation,
        "learning_rate": stage.learning_rate,
        "lr_scheduler_type": stage.schedule,
        "warmup_steps": stage.warmup,  # below 1 it is a share of the steps
        "weight_decay": stage.weight_decay,
        "max_grad_norm": stage.max_grad_norm,
        "optim": stage.optimizer,
        "max_length": stage.max_length,
        "packing": stage.packing != "none",
        "gradient_checkpointing": stage.gradient_checkpointing,
        "gradient_checkpointing_kwargs": {"use_reentrant": False} if stage.gradient_checkpointing else None,
        "bf16": config.model.dtype == "bfloat16",
        "use_cpu": not on_gpu,
        "dataloader_pin_memory": on_gpu,
        "eval_strategy": "steps",
        "eval_steps": evaluate_every,
        "eval_on_start": True,
        "save_strategy": "steps",
        "save_steps": evaluate_every,
        "save_total_limit": 2,  # the best and the last
        "load_best_model_at_end": True,
        "metric_for_best_model": "eval_loss",
        "greater_is_better": False,
        "logging_steps": config.run.log_every,
        "logging_first_step": True,
        "seed": config.run.seed,
        "data_seed": config.run.seed,
        "report_to": list(config.run.report_to) or "none",
        "run_name": f"{config.name}-{name}",
        "disable_tqdm": True,
    }
    if stage.packing != "none":
        options["packing_strategy"] = stage.packing
    if name == "stage1":
        options["eos_token"] = END_OF_DOCUMENT  # what the base model was pretrained to read between documents
    else:
        options["eos_token"] = STOP
        options["assistant_only_loss"] = True
    return SFTConfig(**options)


def planned_steps(stage: Stage, rows: int) -> int:
    """Optimiser steps of a stage with this many rows, packing done: `epochs` passes, capped by `max_steps`."""
    steps = max(1, math.ceil(rows * stage.epochs / (stage.batch_size * stage.accumulation)))
    return min(steps, stage.max_steps) if stage.max_steps else steps


def out_of_memory(name: StageName, stage: Stage) -> str:
    """What to change, in the order of what it costs."""
    advice = []
    if not stage.gradient_checkpointing:
        advice.append(f"{name}.gradient_checkpointing = true")
    if stage.batch_size > 1:
        advice.append(f"{name}.batch_size = {stage.batch_size // 2} with accumulation = {stage.accumulation * 2}")
    advice.append(f"{name}.max_length = {stage.max_length // 2}")
    advice.append('model.quantization = "nf4" if it is not, a smaller lora.rank, or a smaller model')
    return f"{name}: out of memory. Change one of these, in this order: " + "; ".join(advice)


class Watch(TrainerCallback):
    """Writes metrics.jsonl, moves the progress bar, stops on time, and makes the last step an evaluated one."""

    def __init__(
        self, name: StageName, steps: int, max_minutes: float, folder: Path, progress: RunProgress, public_name: str
    ) -> None:
        self.eval_losses: list[tuple[int, float]] = []
        self.training_seconds = 0.0
        self._name = name
        self._steps = steps
        self._limit_s = max_minutes * 60 or math.inf
        self._metrics = folder / "metrics.jsonl"
        self._progress = progress
        self._public_name = public_name
        self._out_of_time = False
        self._begun = time.monotonic()
        self._step_begun = self._begun

    def stopped_by(self, step: int) -> str:
        """Why the stage ended after `step` steps."""
        if self._out_of_time:
            return "time"
        return "plan" if step >= self._steps else "patience"

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self._begun = time.monotonic()
        self._progress.stage(TITLES[self._name], self._steps)

    def on_step_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self._step_begun = time.monotonic()

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        now = time.monotonic()
        self.training_seconds += now - self._step_begun
        self._progress.step(state.global_step)
        if now - self._begun > self._limit_s and state.global_step < self._steps:
            self._out_of_time = True
            control.should_training_stop = True
        if control.should_training_stop or state.global_step >= self._steps:
            # The last step need not be a multiple of eval_steps, and an unmeasured one cannot be the best.
            control.should_evaluate = control.should_save = True

    def on_prediction_step(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self._progress.validating()

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **kwargs: Any) -> None:
        release_freed_memory()  # rows of many lengths leave the heap in pieces
        logs = dict(logs or {})
        if "loss" in logs:
            self._progress.logged(float(logs["loss"]))
        if "eval_loss" in logs:
            self.eval_losses.append((state.global_step, float(logs["eval_loss"])))
            self._progress.evaluated(state.global_step, float(logs["eval_loss"]))
        if "loss" not in logs and "eval_loss" not in logs:
            return  # the Trainer's closing summary: its figures are wrong after a resume, and run.json has our own
        seconds = round(time.monotonic() - self._begun, 2)
        row = {"stage": self._name, "step": state.global_step, "seconds": seconds, **logs}
        with self._metrics.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        scrub(Path(args.output_dir) / f"checkpoint-{state.global_step}", self._public_name)


def scrub(adapter: Path, public_name: str) -> None:
    """Take this machine's paths out of a saved adapter: its base model is named by its public id.

    Done after saving: with the public id in place before, PEFT would ask the model hub about it at every save.
    """
    path = adapter / "adapter_config.json"
    if path.is_file():
        values = json.loads(path.read_text(encoding="utf-8"))
        values["base_model_name_or_path"] = public_name
        path.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")
    (adapter / "README.md").unlink(missing_ok=True)  # PEFT's model card template names the path too


def _public_name(config: Config) -> str:
    from trainer.model import public_name

    return public_name(config)


def _patience(stage: Stage) -> list[TrainerCallback]:
    if not stage.patience:
        return []
    from transformers import EarlyStoppingCallback

    return [EarlyStoppingCallback(early_stopping_patience=stage.patience)]
