"""How many useful tokens a second stage 2 trains on, beside TRL's defaults and beside padding everything.

    curator convert --out dataset
    python tests/bench/training_speed.py dataset

All arms train the same adapter on the embedded model, in the same type, on the same rows, once, with as many threads;
in turn, round after round, so that a busy machine is busy for all. Useful are the tokens of the answers and their stop
tokens, as far as the arm reads them: what stage 2 is to learn. `TRL` is SFTTrainer with the defaults of SFTConfig (8
rows a step, padded to the longest, activations recomputed, loss on the whole conversation, rows cut off at 1,024
tokens). `padded` is the way of the bbjllm project: every row padded to max_length, the loss on all tokens, padding
included; here without recomputing activations, in its favour. Only training steps are timed. Both have the settings of
threads and allocator of `trainer` (trainer/machine.py), and TRL's own output head, not our change to it.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from trainer.machine import prepare_process

prepare_process()

import torch  # noqa: E402 - the process is prepared before torch is imported
from transformers import PrinterCallback, TrainerCallback  # noqa: E402

from trainer.config import Config  # noqa: E402
from trainer.data import StageData, prepare, read_folder  # noqa: E402
from trainer.machine import release_freed_memory, set_threads  # noqa: E402
from trainer.measured import sample  # noqa: E402
from trainer.model import load_tokenizer  # noqa: E402
from trainer.progress import RunProgress  # noqa: E402
from trainer.quiet import quiet_libraries  # noqa: E402
from trainer.run import resolve, with_adapter  # noqa: E402

_CPU = {"use_cpu": True} if not torch.cuda.is_available() else {}  # without it SFTConfig wants a GPU


@dataclass(frozen=True)
class Trained:
    """One pass of one arm: seconds in training steps; tokens computed, padding included; useful ones among them."""

    seconds: float
    computed: int
    useful: int


class Clock(TrainerCallback):
    """Seconds in training steps."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._begun = 0.0

    def on_step_begin(self, *args: Any, **kwargs: Any) -> None:
        self._begun = time.perf_counter()

    def on_step_end(self, *args: Any, **kwargs: Any) -> None:
        self.seconds += time.perf_counter() - self._begun


def ours(config: Config, tokenizer: Any, data: StageData, folder: Path) -> Trained:
    """The stage as `trainer run` trains it."""
    from trainer.stage import make_trainer

    trainer, _ = make_trainer("stage2", config, with_adapter(config, None), tokenizer, data, folder, RunProgress())
    return _train(trainer, data, config.stage2.max_length)


def trl_defaults(config: Config, tokenizer: Any, data: StageData, folder: Path) -> Trained:
    """SFTTrainer as it is when nothing is set, on the same model, adapter and conversations."""
    from datasets import Dataset
    from trl import SFTConfig, SFTTrainer

    rows = Dataset.from_list([{"messages": row["messages"]} for row in data.train.rows])
    arguments = SFTConfig(output_dir=str(folder), num_train_epochs=1, save_strategy="no", disable_tqdm=True, **_CPU)
    model = with_adapter(config, None)
    with _own_head():
        trainer = SFTTrainer(model=model, args=arguments, train_dataset=rows, processing_class=tokenizer)
        return _train(trainer, data, arguments.max_length)


def padded(config: Config, tokenizer: Any, data: StageData, folder: Path) -> Trained:
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
    with _own_head():
        trainer = SFTTrainer(model=model, args=arguments, train_dataset=rows, processing_class=tokenizer)
        return _train(trainer, data, length)


ARMS = {"ours": ours, "TRL": trl_defaults, "padded": padded}


def _train(trainer: Any, data: StageData, length: int) -> Trained:
    clock = Clock()
    trainer.remove_callback(PrinterCallback)
    trainer.add_callback(clock)
    computed = sum(batch["input_ids"].numel() for batch in trainer.get_train_dataloader())
    trainer.train()
    return Trained(clock.seconds, computed, sum(sum(row.loss[:length]) for row in data.train.tokens))


@contextmanager
def _own_head() -> Iterator[None]:
    """TRL as it was published: trainer/loss.py changes which positions its output head computes on a CPU."""
    from trl.kernels import chunked_logprob
    from trl.trainer import utils

    changed = utils._use_triton
    utils._use_triton = chunked_logprob._use_triton
    try:
        yield
    finally:
        utils._use_triton = changed


def main() -> None:
    """Print seconds, tokens computed, useful tokens per second (medians), and the ratio to ours, for each arm."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", help="a folder made by `curator convert`")
    parser.add_argument("--tokens", type=int, default=4096, help="every arm trains once on rows of about so many")
    parser.add_argument("--rounds", type=int, default=2, help="how often each arm is run")
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
    tokenizer = load_tokenizer(config)
    data = _data(config, Path(options.dataset), tokenizer, options.tokens)
    useful = sum(sum(row.loss) for row in data.train.tokens)
    read = sum(len(row.ids) for row in data.train.tokens)
    print(f"{len(data.train.rows)} conversations, {read:,} tokens, {useful:,} of them in answers; {threads} threads")
    results: dict[str, list[Trained]] = {name: [] for name in ARMS}
    for number in range(options.rounds):
        for name, train in ARMS.items():
            with tempfile.TemporaryDirectory() as folder, quiet_libraries():
                results[name].append(train(config, tokenizer, data, Path(folder)))
            release_freed_memory()
            print(f"round {number + 1}: {name} {results[name][-1].seconds:.1f} s", file=sys.stderr, flush=True)
    print("arm      seconds  tokens computed  useful  useful tokens/s  ours is faster by  in the rounds")
    base = [_rate(trained) for trained in results["ours"]]
    for name, passes in results.items():
        rates = [_rate(trained) for trained in passes]
        rate = statistics.median(rates)
        each = ", ".join(f"{mine / other:.2f}" for mine, other in zip(base, rates, strict=True))
        print(
            f"{name:8} {statistics.median(t.seconds for t in passes):7.1f} {passes[0].computed:16,} "
            f"{passes[0].useful:7,} {rate:16.1f} {statistics.median(base) / rate:18.2f}  {each}"
        )


def _rate(trained: Trained) -> float:
    return trained.useful / trained.seconds


def _data(config: Config, folder: Path, tokenizer: Any, tokens: int) -> StageData:
    """Stage 2 of the dataset with a fixed sample of its rows; one validation row, since nothing is measured."""
    dataset = read_folder(folder)
    whole = prepare(config, dataset, "stage2", tokenizer).train
    chosen = sample([row["id"] for row in whole.rows], [len(row.ids) for row in whole.tokens], tokens)
    rows = dict(dataset.rows)
    rows["train.jsonl"] = [whole.rows[at] for at in chosen]
    rows["validation.jsonl"] = list(rows["validation.jsonl"])[:1]
    return prepare(config, replace(dataset, rows=rows), "stage2", tokenizer)


if __name__ == "__main__":
    main()
