"""The callback that keeps the account of a stage: metrics, time, patience, the compile probe, whole checkpoints.

The Trainer's own best-checkpoint and early-stopping callbacks are not used: they know one number, and what they know is
not restored after a resume in which the best checkpoint decides. Here all of it follows from the list of evaluations,
which is in every checkpoint.
"""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from curator.output import say
from trainer import checkpoints, processes
from trainer.checkpoints import Checkpoint, StageState
from trainer.choice import Evaluation, ProbeResult, could_be_chosen, evaluations_without_gain, is_close
from trainer.clock import CHECKPOINTS, GENERAL, PROBE, REST, STEPS, VALIDATION, Clock
from trainer.data import StageName
from trainer.errors import TrainerError
from trainer.machine import return_freed_memory
from trainer.progress import RunProgress

TITLES: dict[StageName, str] = {"stage1": "stage 1: raw BBj", "stage2": "stage 2: conversations"}
SPEED_KNOWN = 10
"""Steps after which the time a stage will take is estimated."""


@dataclass(frozen=True)
class Plan:
    """What a stage was planned to be. `general_before`: the loss on general code, if it was measured already."""

    name: StageName
    steps: int
    evaluations: int
    max_minutes: float
    patience: int
    public_name: str
    probe: Callable[[Any], ProbeResult | None] | None = None
    general: Callable[[Any], float] | None = None
    general_before: float | None = None


class Watch(TrainerCallback):
    """Writes metrics.jsonl and the marks of checkpoints, moves the progress bar, stops on time and for want of gain."""

    def __init__(
        self, plan: Plan, folder: Path, progress: RunProgress, resumed: Checkpoint | None, clock: Clock | None = None
    ) -> None:
        self._plan = plan
        self._metrics = folder / "metrics.jsonl"
        self._progress = progress
        self._resumed = resumed
        state = resumed.state if resumed else StageState(0, plan.steps, {}, 0, ())
        self._evaluations = list(state.evaluations)
        self._clock = clock or Clock(before=state.seconds)
        self._first_step = state.step
        self._out_of_time = False
        self.trainer: Any = None

    def watch(self, trainer: Any) -> None:
        """The SFTTrainer to be watched, once it is there: it counts the tokens; its work outside steps is timed."""
        self.trainer = trainer
        trainer.evaluate = self._clock.timed(VALIDATION, trainer.evaluate)
        trainer._save_checkpoint = self._clock.timed(CHECKPOINTS, trainer._save_checkpoint)

    def state(self, step: int) -> StageState:
        """The account as of now, `step` steps being done."""
        return StageState(
            step,
            self._plan.steps,
            self._clock.seconds(),
            int(self.trainer._total_train_tokens),
            tuple(self._evaluations),
            self._stopped_by(step),
        )

    # --- called by the Trainer ------------------------------------------------------------------------------------

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if state.is_world_process_zero:
            drop_rows_after(self._metrics, self._plan.name, self._first_step if self._resumed else -1)
        self._progress.stage(TITLES[self._plan.name], self._plan.steps, self._first_step)
        if self._resumed:
            self.trainer._total_train_tokens = self._resumed.state.tokens

    def on_step_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self._clock.enter(STEPS)

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self._clock.enter(REST)
        self._progress.step(state.global_step)
        limit = self._plan.max_minutes * 60
        # The first process's clock counts for all: if they did not stop at the same step, one would wait for ever.
        if limit and processes.from_first(self._clock.total() > limit) and state.global_step < self._plan.steps:
            self._out_of_time = control.should_training_stop = True
        if limit and state.global_step == SPEED_KNOWN:
            self._warn_of_time(limit)
        if control.should_training_stop or state.global_step >= self._plan.steps:
            # The last step need not be a multiple of eval_steps, and an unmeasured one cannot be chosen.
            control.should_evaluate = control.should_save = True
        if control.should_save:
            control.should_log = True  # a mean over steps on both sides of a checkpoint would differ after a resume

    def on_prediction_step(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self._progress.validating()

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **kwargs: Any) -> None:
        return_freed_memory()  # rows of many lengths leave the heap in pieces
        logs = dict(logs or {})
        if "loss" in logs:
            self._progress.logged(float(logs["loss"]))
            if not math.isfinite(float(logs["loss"])):
                raise TrainerError(
                    f"{self._plan.name}: the training loss is {logs['loss']} at step {state.global_step}: the training "
                    f"diverged; lower {self._plan.name}.learning_rate and start a new run"
                )
        if "loss" in logs or "eval_loss" in logs:  # not the closing summary: its figures are wrong after a resume
            self._row(state, logs)

    def on_evaluate(self, args: Any, state: Any, control: Any, metrics: dict[str, Any], **kwargs: Any) -> None:
        loss = float(metrics["eval_loss"])
        probe = None
        # Asked before the first step, to compare with, and where the checkpoint can still be chosen.
        asked = state.global_step == 0 or is_close(loss, self._evaluations)
        if self._plan.probe and asked:  # in every process: a model that is divided generates only with all its parts
            with self._clock.part(PROBE):
                probe = self._plan.probe(self.trainer.model)
                return_freed_memory()
        if probe:
            values = {"accepted": probe.accepted, "programs": probe.programs, "judge": probe.judge}
            self._row(state, {f"probe_{key}": value for key, value in values.items()})
        general = self._general(state.global_step) if asked else None
        if general is not None:
            self._row(state, {"general_loss": general})
        self._report(probe, general)
        self._evaluations.append(Evaluation(state.global_step, loss, probe, general))
        self._progress.evaluated(state.global_step, loss, probe, general)
        if self._plan.patience and evaluations_without_gain(self._evaluations) >= self._plan.patience:
            control.should_training_stop = True

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        with self._clock.part(CHECKPOINTS):
            self._seal(args, state)

    # --- helpers --------------------------------------------------------------------------------------------------

    def _general(self, step: int) -> float | None:
        """The loss on general code. The adapter that a stage begins with was measured when the one before ended."""
        if step == 0 and self._plan.general_before is not None:
            return self._plan.general_before
        if self._plan.general is None:
            return None
        with self._clock.part(GENERAL):
            return self._plan.general(self.trainer.model)

    def _report(self, probe: ProbeResult | None, general: float | None) -> None:
        """Hand figures that are ours to the Trainer's trackers: they show as eval/general_loss, eval/probe_accepted."""
        values: dict[str, float] = {} if general is None else {"eval_general_loss": general}
        if probe:
            values["eval_probe_accepted"] = probe.accepted / probe.programs
        if values:
            self.trainer.log(values)

    def _seal(self, args: Any, state: Any) -> None:
        processes.wait()  # each writes the state of its random numbers
        if not state.is_world_process_zero:
            return
        folder = Path(args.output_dir)
        path = folder / f"checkpoint-{state.global_step}"
        scrub(path, self._plan.public_name)
        checkpoints.seal(path, self.state(state.global_step))
        # The one before stays: after a power cut the newest may be whole by name only.
        last_two = {evaluation.step for evaluation in self._evaluations[-2:]}
        checkpoints.remove_others(folder, could_be_chosen(self._evaluations) | last_two)

    def _stopped_by(self, step: int) -> str:
        if step >= self._plan.steps:
            return "plan"
        if self._out_of_time:
            return "time"
        patience = self._plan.patience
        return "patience" if patience and evaluations_without_gain(self._evaluations) >= patience else ""

    def _warn_of_time(self, limit: float) -> None:
        """Say early that the plan will not fit: a schedule that is cut off leaves the rate high at the end."""
        taken = self._clock.seconds()
        for_step = taken.get(STEPS, 0.0) / SPEED_KNOWN
        measuring = sum(taken.get(part, 0.0) for part in (VALIDATION, GENERAL, PROBE)) / max(1, len(self._evaluations))
        once = sum(taken.values()) - for_step * SPEED_KNOWN - measuring * len(self._evaluations)
        beside = once + measuring * (self._plan.evaluations + 1)
        will_take = for_step * self._plan.steps + beside
        if will_take > limit:
            name = self._plan.name
            fits = max(1, int((limit - beside) / for_step))
            say(
                f"{name}: at this speed the {self._plan.steps} steps take {will_take / 60:.0f} minutes, and "
                f"{name}.max_minutes = {self._plan.max_minutes:g} will stop them before the learning rate has come "
                f"down; {name}.max_steps = {fits} would fit"
            )

    def _row(self, state: Any, values: dict[str, Any]) -> None:
        if not state.is_world_process_zero:
            return
        row = {"stage": self._plan.name, "step": state.global_step, "seconds": round(self._clock.total(), 2), **values}
        with self._metrics.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")


def drop_rows_after(metrics: Path, stage: StageName, step: int) -> None:
    """Take the rows out of metrics.jsonl that a resumed stage will write again, and a half-written last line."""
    if not metrics.is_file():
        return
    kept = []
    for line in metrics.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if row["stage"] != stage or row["step"] <= step:
            kept.append(line)
    half = metrics.with_suffix(".part")
    half.write_text("".join(f"{line}\n" for line in kept), encoding="utf-8")
    half.replace(metrics)


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
