"""One function trains either stage: TRL's SFTTrainer does the loop, this sets it up and keeps what came of it.

Stage 1 and stage 2 differ in their rows, their end token and where the loss is taken; everything else is the config's.
A stage that was interrupted goes on from its newest whole checkpoint.
"""

import math
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from transformers import PrinterCallback
from trl import SFTConfig

from curator.output import say
from trainer import checkpoints, processes
from trainer.checkpoints import Checkpoint, StageState
from trainer.choice import Choice, ProbeResult, choose
from trainer.clock import LOADING, STEPS, Clock
from trainer.config import Config, Stage
from trainer.data import StageData, StageName
from trainer.errors import TrainerError
from trainer.estimate import advice
from trainer.general import GeneralLoss, read_general
from trainer.loss import WeightedTrainer
from trainer.machine import peak_memory_gb
from trainer.measured import planned_steps
from trainer.model import public_name
from trainer.probe import CompileProbe
from trainer.progress import RunProgress
from trainer.tensorboard import tensorboard_in
from trainer.tokens import END_OF_DOCUMENT, STOP
from trainer.watch import TITLES, Plan, Watch

# Parts of what torch says, in small letters: CUDA and its libraries, then the allocator of the CPU.
_NO_MEMORY = ("out of memory", "cublas_status_alloc_failed", "defaultcpuallocator", "not enough memory")


@dataclass(frozen=True)
class StageResult:
    """What a stage did. Losses are of the validation rows, in nats per token; tokens are those the model read.

    Minutes and tokens are those of all processes that worked on the stage, if it was interrupted.
    """

    steps: int
    planned_steps: int
    stopped_by: str  # "plan", "time", "patience"
    tokens: int
    minutes: float  # the stage, with all that is in `seconds`
    training_minutes: float  # the training steps alone
    seconds: dict[str, float]  # by part; see trainer/clock.py
    tokens_per_second: float  # of the training steps
    eval_loss_before: float
    eval_loss_best: float  # of the checkpoint that went on
    best_step: int  # that checkpoint
    general_loss_before: float | None  # on general code and chat: what the stage costs of what was known
    general_loss: float | None  # of the checkpoint that went on
    why: str  # why it was chosen
    probe_before: ProbeResult | None
    probe: ProbeResult | None  # of the checkpoint that went on
    peak_memory_gb: dict[str, float]

    def as_dict(self) -> dict[str, Any]:
        """The fields as JSON values."""
        return asdict(self)


def train_stage(
    name: StageName,
    config: Config,
    load: Callable[[], Any],
    tokenizer: Any,
    data: StageData,
    folder: Path,
    progress: RunProgress,
    general_before: float | None = None,
) -> StageResult:
    """Train what `load` gives (a PeftModel) on one stage, and put the chosen adapter into `folder/<name>/`.

    Metrics are appended to `folder/metrics.jsonl`, checkpoints are in `folder/checkpoints/<name>/`. `general_before` is
    the loss on general code of the adapter that is loaded, if it was measured already. If there are whole checkpoints,
    the stage goes on from the newest; if that is its last, nothing is loaded or trained.
    Raises TrainerError if memory or disk run out, or the training diverges.
    """
    written = folder / "checkpoints" / name
    resumed = processes.first_before_others(lambda: newest(name, written))
    clock = Clock(before=resumed.state.seconds if resumed else None)
    if resumed is None or not resumed.state.stopped_by:
        with _clear_memory_errors(name, config), tensorboard_in(folder):
            with clock.part(LOADING):
                model = load()
                trainer, _ = make_trainer(
                    name, config, model, tokenizer, data, folder, progress, resumed, clock, general_before
                )
            with _clear_disk_errors(written):
                trainer.train(resume_from_checkpoint=str(resumed.path) if resumed else None)
    processes.wait()  # until the first has written the last checkpoint
    found = checkpoints.whole(written)
    state = found[0].state
    choice = choose(state.evaluations, {checkpoint.state.step for checkpoint in found})
    if processes.is_first():
        with _clear_disk_errors(written):
            _put_adapter(written / f"checkpoint-{choice.evaluation.step}", folder / name)
    processes.wait()  # the next stage begins with it
    say(f"{TITLES[name]}: the adapter of step {choice.evaluation.step} goes on: {choice.why}")
    return _result(state, choice, clock)


def newest(name: StageName, written: Path) -> Checkpoint | None:
    """The checkpoint that a stage goes on from; half-written ones are removed, and it is said."""
    found = checkpoints.whole(written)
    broken = checkpoints.remove_others(written, {checkpoint.state.step for checkpoint in found})
    if broken:
        then = f"going on from {found[0].path.name}" if found else "starting the stage again"
        say(f"{name}: {', '.join(broken)} half-written, removed; {then}")
    return found[0] if found else None


def make_trainer(
    name: StageName,
    config: Config,
    model: Any,
    tokenizer: Any,
    data: StageData,
    folder: Path,
    progress: RunProgress,
    resumed: Checkpoint | None = None,
    clock: Clock | None = None,
    general_before: float | None = None,
) -> tuple[Any, Watch]:
    """The SFTTrainer of a stage, ready to train, and the callback that watches it.

    Raises TrainerError if TRL kept another number of rows than our own account says: then the account would be false.
    """
    from datasets import Dataset

    stage: Stage = getattr(config, name)
    steps = planned_steps(stage, data.report["train"]["packed_rows"])
    probe = None
    if name == "stage1" and config.probe.files:
        probe = CompileProbe(config.probe, tokenizer, [row["text"] for row in data.validation.rows])
        if not probe.beginnings:
            say("stage1: no held-out program is long enough for the compile probe; it is left out")
            probe = None
    rows = read_general(config.data.general)
    general = GeneralLoss(tokenizer, rows, at_most=config.data.general_tokens) if rows else None
    limits = (stage.evaluations, stage.max_minutes, stage.patience)
    plan = Plan(name, steps, *limits, public_name(config), probe, general, general_before)
    watch = Watch(plan, folder, progress, resumed, clock)
    trainer = WeightedTrainer(
        model=model,
        args=arguments(name, config, steps, folder, first=resumed is None),
        train_dataset=Dataset.from_list(data.train.examples(weigh_prompt=stage.prompt_weight > 0)),
        eval_dataset=Dataset.from_list(data.measured.examples()),  # answers only: losses compare between runs
        processing_class=tokenizer,
        callbacks=[watch],
        prompt_weight=stage.prompt_weight,
    )
    watch.watch(trainer)
    trainer.remove_callback(PrinterCallback)  # prints every log row to stdout once tqdm is off
    trainer.create_model_card = lambda *a, **k: None  # a README.md in every checkpoint, with paths of this machine
    _keep_adapter_precise(trainer.model)
    for split, rows, expected in (
        ("training", trainer.train_dataset, data.report["train"]["packed_rows"]),
        ("validation", trainer.eval_dataset, data.report["measured"]["packed_rows"]),
    ):
        if len(rows) != expected:
            raise TrainerError(
                f"{name}: TRL made {len(rows)} {split} rows where the data report says {expected}; "
                "this version of TRL treats rows otherwise: install the versions in constraints.txt"
            )
    return trainer, watch


def arguments(name: StageName, config: Config, steps: int, folder: Path, first: bool) -> SFTConfig:
    """A stage's settings in TRL's words. `first`: the stage begins, so the validation rows are measured before it."""
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
        "ddp_find_unused_parameters": False,  # all trained weights are used in every pass; looking costs time
        "eval_strategy": "steps",
        "eval_steps": evaluate_every,
        "eval_on_start": first,
        "save_strategy": "steps",
        "save_steps": evaluate_every,  # Watch removes those that can no longer be chosen
        "logging_nan_inf_filter": False,  # a loss that is not a number is an error, not the mean of those before it
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
    return SFTConfig(**options)


def out_of_memory(name: StageName, config: Config) -> str:
    """What happened and which settings would need less, the most effective one first."""
    return f"{name}: out of memory. Change one of these, the first does most: " + "; ".join(
        [*advice(config, getattr(config, name), name), "or take a smaller model"]
    )


# --- helpers ------------------------------------------------------------------------------------------------------


def _keep_adapter_precise(model: Any) -> None:
    """Train the adapter in float32, also where TRL has cast it to bfloat16 because the base is quantised.

    bfloat16 has 8 bits: late in the schedule a step is smaller than the last of them and is rounded away. And a resumed
    adapter would be float32 anyway (PEFT casts what it loads), so that a resumed run would not be the same run.
    """
    import torch

    for parameter in model.parameters():
        if parameter.requires_grad and parameter.dtype == torch.bfloat16:
            parameter.data = parameter.data.float()


def _put_adapter(checkpoint: Path, target: Path) -> None:
    """Copy a checkpoint's adapter into the stage's folder, which appears by one rename."""
    half = target.with_name(f"{target.name}.part")
    for path in (half, target):
        shutil.rmtree(path, ignore_errors=True)  # left by a run that was killed just here
    half.mkdir()
    for file in sorted(checkpoint.glob("adapter_*")):
        shutil.copyfile(file, half / file.name)  # not its mode: safetensors writes files that only their owner reads
    half.rename(target)


def _result(state: StageState, choice: Choice, clock: Clock) -> StageResult:
    seconds = clock.seconds()
    training = seconds.get(STEPS, 0.0)
    return StageResult(
        steps=state.step,
        planned_steps=state.steps,
        stopped_by=state.stopped_by,
        tokens=state.tokens,
        minutes=round(sum(seconds.values()) / 60, 2),
        training_minutes=round(training / 60, 2),
        seconds=seconds,
        tokens_per_second=round(state.tokens / max(training, 1e-9), 1),
        eval_loss_before=state.evaluations[0].loss,
        eval_loss_best=choice.evaluation.loss,
        best_step=choice.evaluation.step,
        general_loss_before=state.evaluations[0].general,
        general_loss=choice.evaluation.general,
        why=choice.why,
        probe_before=state.evaluations[0].probe,
        probe=choice.evaluation.probe,
        peak_memory_gb=peak_memory_gb(),
    )


@contextmanager
def _clear_memory_errors(name: StageName, config: Config) -> Iterator[None]:
    """Memory that runs out becomes one line with its cure. On a GPU and on a CPU torch reports it in many words."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:  # torch.OutOfMemoryError is a RuntimeError
        words = str(error).lower()
        if isinstance(error, MemoryError) or any(word in words for word in _NO_MEMORY):
            raise TrainerError(out_of_memory(name, config)) from error
        raise


@contextmanager
def _clear_disk_errors(written: Path) -> Iterator[None]:
    """A disk that cannot be written becomes one line with its cure."""
    try:
        yield
    except (OSError, SafetensorError, RuntimeError) as error:
        # torch.save and safetensors report a full disk by errors of their own, with the reason in their text at best.
        in_torch = "PytorchStreamWriter" in str(error) or "inline_container" in str(error)
        if isinstance(error, RuntimeError) and not in_torch:
            raise
        raise TrainerError(_cannot_write(error, written)) from error


def _cannot_write(error: Exception, written: Path) -> str:
    reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
    found = checkpoints.whole(written)
    needed = ""
    if found:
        size = sum(file.stat().st_size for file in found[0].path.rglob("*") if file.is_file())
        needed = f" (a checkpoint takes {size / 1e6:,.0f} MB)"
    then = f"it goes on from step {found[0].state.step}" if found else "the stage begins again"
    return (
        f"{written}: a checkpoint could not be written: {reason}. Free space there{needed} and start the same command "
        f"again; {then}"
    )
