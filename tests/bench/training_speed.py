"""How many useful tokens a second stage 2 trains on, beside TRL's defaults and beside padding everything.

    curator convert --out dataset
    python tests/bench/training_speed.py dataset

All arms train the same adapter on the embedded model with the same rows, once. Useful are the tokens of the answers and
their stop tokens: what stage 2 is to learn. `TRL` is SFTTrainer with the defaults of SFTConfig (8 rows a step, padded
to the longest, activations recomputed, loss on the whole conversation, rows cut off at 1,024 tokens); `padded` pads
every row to the config's max_length and takes the loss on all tokens, padding included. Only training steps are timed.
"""

import argparse
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from trainer.machine import prepare_process

prepare_process()

import torch  # noqa: E402 - the process is prepared before torch is imported
from transformers import PrinterCallback, TrainerCallback  # noqa: E402

from trainer.config import Config  # noqa: E402
from trainer.data import StageData, prepare, read_folder  # noqa: E402
from trainer.machine import set_threads  # noqa: E402
from trainer.model import load_tokenizer  # noqa: E402
from trainer.progress import RunProgress  # noqa: E402
from trainer.quiet import quiet_libraries  # noqa: E402
from trainer.run import resolve, with_adapter  # noqa: E402

_CPU = {"use_cpu": True} if not torch.cuda.is_available() else {}  # without it SFTConfig wants a GPU


class Clock(TrainerCallback):
    """Seconds in training steps."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._begun = 0.0

    def on_step_begin(self, *args: Any, **kwargs: Any) -> None:
        self._begun = time.perf_counter()

    def on_step_end(self, *args: Any, **kwargs: Any) -> None:
        self.seconds += time.perf_counter() - self._begun


def ours(config: Config, tokenizer: Any, data: StageData, folder: Path) -> float:
    """The stage as `trainer run` trains it."""
    from trainer.stage import make_trainer

    trainer, _ = make_trainer("stage2", config, with_adapter(config, None), tokenizer, data, folder, RunProgress())
    return _timed(trainer)


def trl_defaults(config: Config, tokenizer: Any, data: StageData, folder: Path) -> float:
    """SFTTrainer as it is when nothing is set, on the same model, adapter and conversations."""
    from datasets import Dataset
    from trl import SFTConfig, SFTTrainer

    rows = Dataset.from_list([{"messages": row["messages"]} for row in data.train.rows])
    arguments = SFTConfig(output_dir=str(folder), num_train_epochs=1, save_strategy="no", disable_tqdm=True, **_CPU)
    model = with_adapter(config, None)
    return _timed(SFTTrainer(model=model, args=arguments, train_dataset=rows, processing_class=tokenizer))


def padded(config: Config, tokenizer: Any, data: StageData, folder: Path) -> float:
    """Every row padded to max_length, every token with loss."""
    from datasets import Dataset
    from trl import SFTConfig, SFTTrainer

    length = config.stage2.max_length
    filled = [list(row.ids) + [tokenizer.pad_token_id] * (length - len(row.ids)) for row in data.train.tokens]
    rows = Dataset.from_list([{"input_ids": ids, "labels": ids} for ids in filled])
    arguments = SFTConfig(
        output_dir=str(folder), num_train_epochs=1, save_strategy="no", disable_tqdm=True, max_length=length,
        per_device_train_batch_size=1, gradient_checkpointing=False, **_CPU,
    )  # fmt: skip
    model = with_adapter(config, None)
    return _timed(SFTTrainer(model=model, args=arguments, train_dataset=rows, processing_class=tokenizer))


def _timed(trainer: Any) -> float:
    clock = Clock()
    trainer.remove_callback(PrinterCallback)
    trainer.add_callback(clock)
    trainer.train()
    return clock.seconds


def main() -> None:
    """Print seconds, useful tokens per second, and the ratio to ours, for each arm."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", help="a folder made by `curator convert`")
    parser.add_argument("--rows", type=int, default=8, help="conversations that every arm trains on, once")
    parser.add_argument("--threads", type=int, default=0, help="as run.threads")
    options = parser.parse_args()
    config = resolve("smollm2-135m", options.dataset)
    stage = replace(config.stage2, epochs=1.0, max_steps=0, max_minutes=0.0, evaluations=1, patience=0)
    config = replace(
        config,
        stage2=stage,
        data=replace(config.data, general="", max_lost_share=1.0),
        run=replace(config.run, report_to=()),
    )
    threads = set_threads(options.threads)
    dataset = read_folder(Path(options.dataset))
    few = {"train.jsonl": options.rows, "validation.jsonl": 1}
    rows = {name: list(dataset.rows[name])[: few.get(name)] for name in dataset.rows}
    tokenizer = load_tokenizer(config)
    data = prepare(config, replace(dataset, rows=rows), "stage2", tokenizer)
    useful = sum(sum(row.loss) for row in data.train.tokens)
    read = sum(len(row.ids) for row in data.train.tokens)
    print(f"{options.rows} conversations, {read:,} tokens, {useful:,} of them in answers; {threads} threads")
    print("arm        seconds  useful tokens/s  ours is faster by")
    base = 0.0
    for name, train in (("ours", ours), ("TRL", trl_defaults), ("padded", padded)):
        with tempfile.TemporaryDirectory() as folder, quiet_libraries():
            seconds = train(config, tokenizer, data, Path(folder))
        base = base or seconds
        print(f"{name:9} {seconds:8.1f} {useful / seconds:16.1f} {seconds / base:18.2f}", flush=True)


if __name__ == "__main__":
    main()
