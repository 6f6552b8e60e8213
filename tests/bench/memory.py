"""The dry run's estimate of memory beside what a stage really takes here, on a CPU.

    python tests/bench/memory.py                  # memory in use; all cases take minutes on two free cores
    python tests/bench/memory.py --as-run         # with the memory that a run keeps back for its next step
    python tests/bench/memory.py --shipped        # the estimates of the shipped configs on a GPU; nothing is measured

Each case trains two steps of stage 2 in a process of its own, with full rows and loss on every token. What the process
takes after a first run of a tiny model is taken off. So that memory in use is measured, and not what the C library
keeps after it was freed, each block goes back to the system at once; `--as-run` leaves that as `trainer run` sets it.
Linux with glibc. The estimate has no part for CUDA here.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from trainer.config import Config, load_config, write_config
from trainer.estimate import estimate

SMALL, LARGE_VOCABULARY = "SmolLM2-135M", "Qwen2 shape"
CHECKPOINTED = {"gradient_checkpointing": True}
FLOAT32 = {"dtype": "float32"}
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    f"{model}, {title}": (model, settings)
    for model, title, settings in (
        (SMALL, "bf16, 1 x 512", {}),
        (SMALL, "bf16, 4 x 256", {"batch_size": 4, "max_length": 256}),
        (SMALL, "bf16, 2 x 512, checkpointed", {"batch_size": 2, **CHECKPOINTED}),
        (SMALL, "bf16, 1 x 256, checkpointed", {"max_length": 256, **CHECKPOINTED}),
        (SMALL, "float32, 1 x 512", FLOAT32),
        (SMALL, "float32, 1 x 512, checkpointed", {**FLOAT32, **CHECKPOINTED}),
        (SMALL, "nf4, 1 x 512", {"quantization": "nf4"}),
        (SMALL, "nf4, 1 x 512, checkpointed", {"quantization": "nf4", **CHECKPOINTED}),
        (LARGE_VOCABULARY, "bf16, 1 x 1024", {"max_length": 1024}),
        (LARGE_VOCABULARY, "bf16, 4 x 256, checkpointed", {"batch_size": 4, "max_length": 256, **CHECKPOINTED}),
        (LARGE_VOCABULARY, "float32, 2 x 256", {"batch_size": 2, "max_length": 256, **FLOAT32}),
        (LARGE_VOCABULARY, "bf16, 1 x 256, chat tokens", {"max_length": 256, "chat_tokens": "train"}),
    )
}
_QWEN2_14B = (152_064, 5120, 13_824, 48, 40, 8)
# The large models as they are published: vocabulary, width, inner width, layers, heads, heads of keys and values.
SHAPES = {
    "qwen2.5-coder-14b": ("qwen2", _QWEN2_14B),
    "qwen2.5-coder-14b-2gpu": ("qwen2", _QWEN2_14B),
    "qwen2.5-coder-7b": ("qwen2", (152_064, 3584, 18_944, 28, 28, 4)),
    "qwen3-14b": ("qwen3", (151_936, 5120, 17_408, 40, 40, 8)),
    "qwen3-8b": ("qwen3", (151_936, 4096, 12_288, 36, 32, 8)),
}
# Every block of memory is a mapping of its own, and goes back when it is freed.
GIVE_BACK = {
    "MALLOC_MMAP_THRESHOLD_": "65536",
    "MALLOC_TRIM_THRESHOLD_": "65536",
    "MALLOC_TOP_PAD_": "0",
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_MAX_": "1000000",
}
_CHILD = """
import json, resource, sys
from pathlib import Path
from trainer import machine
if sys.argv[4] == "as-run":
    machine.prepare_process()
from trainer import run
from trainer.config import load_config
run.run(load_config(sys.argv[1]), Path(sys.argv[3]) / "warm")
machine.release_freed_memory()
status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
before = int(status["VmRSS"].split()[0])
run.run(load_config(sys.argv[2]), Path(sys.argv[3]) / "run")
print(json.dumps((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", nargs="*", choices=list(CASES), default=list(CASES))
    parser.add_argument("--as-run", action="store_true", help="memory as a run holds it, freed blocks included")
    parser.add_argument("--shipped", action="store_true", help="estimates of the shipped configs instead")
    options = parser.parse_args()
    if options.shipped:
        _shipped()
        return
    from tests.trainer import small
    from trainer.model import load_architecture

    how, allocator = ("as-run", {}) if options.as_run else ("in-use", GIVE_BACK)
    print(f"{'case':42}{'estimate':>10}{'measured':>10}{'error':>8}   GB", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "warm.toml").write_text(write_config(small.config(root / "tiny")), encoding="utf-8")
        for number, name in enumerate(options.cases):
            config = _config(*CASES[name], root)
            expected = estimate(config, load_architecture(config), config.stage2, gpu=False)
            path = root / "config.toml"
            path.write_text(write_config(config), encoding="utf-8")
            out = root / str(number)
            out.mkdir()
            done = subprocess.run(
                [sys.executable, "-c", _CHILD, str(root / "warm.toml"), str(path), str(out), how],
                env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), **allocator},
                capture_output=True, text=True, check=False,
            )  # fmt: skip
            if done.returncode:
                sys.exit(done.stderr)
            measured = json.loads(done.stdout.splitlines()[-1])
            parts = ", ".join(f"{part} {size / 1e9:.2f}" for part, size in vars(expected).items() if size)
            error = expected.total / measured - 1
            print(f"{name:42}{expected.total / 1e9:10.2f}{measured / 1e9:10.2f}{error:+8.0%}   {parts}", flush=True)


def _shipped() -> None:
    from transformers import Qwen2Config, Qwen3Config

    for name, (kind, shape) in SHAPES.items():
        keys = ("vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads")
        values = dict(zip((*keys, "num_key_value_heads"), shape, strict=True), tie_word_embeddings=False)
        architecture = Qwen2Config(**values) if kind == "qwen2" else Qwen3Config(**values, head_dim=128)
        config = load_config(name)
        for stage in ("stage1", "stage2"):
            made = estimate(config, architecture, getattr(config, stage))
            parts = ", ".join(f"{part} {size / 1e9:.2f}" for part, size in vars(made).items())
            print(f"{name:24}{stage:8}{made.total / 1e9:7.2f} GB   {parts}", flush=True)


def _config(kind: str, case: dict[str, Any], root: Path) -> Config:
    """Two steps of stage 2 on full rows; prompts count like answers, so that all positions have a loss."""
    from tests.trainer import small

    data = root / "data"
    if not data.exists():
        text = 'print "a line of text that is long enough to fill its row to the end",i\n' * 80
        rows = small.rows(25)
        for row in rows:
            row["messages"][-1]["content"] = row["messages"][-1]["content"] + text
        small.dataset(data, train=rows[1:], validation=rows[:1])
    config = load_config("smollm2-135m")
    model = {key: value for key, value in case.items() if key in ("quantization", "dtype")}
    if kind == LARGE_VOCABULARY:
        model |= {"name": str(_large_vocabulary(root / "large")), "public_name": "random"}
    stage = {key: value for key, value in case.items() if key not in model and key != "chat_tokens"}
    settings = {"max_steps": 2, "max_minutes": 0.0, "max_length": 512, "batch_size": 1, "accumulation": 1,
                "packing": "none", "evaluations": 1, "patience": 0, "prompt_weight": 1.0}  # fmt: skip
    return replace(
        config,
        model=replace(config.model, **model),
        lora=replace(config.lora, chat_tokens=case.get("chat_tokens", "frozen")),
        data=replace(config.data, folder=str(data), max_lost_share=1.0, max_duplicate_share=1.0, general=""),
        stage1=replace(config.stage1, enabled=False),
        stage2=replace(config.stage2, **{**settings, **stage}),
        stop_test=replace(config.stop_test, prompts=0),
        probe=replace(config.probe, files=0),
        run=replace(config.run, merge="no", report_to=()),
    )


def _large_vocabulary(folder: Path) -> Path:
    """A random model with other ratios: a vocabulary as large as the large models', a head of its own, four layers."""
    if not folder.exists():
        import torch
        from transformers import Qwen2Config, Qwen2ForCausalLM

        from tests.trainer import tiny

        torch.manual_seed(0)
        shape = Qwen2Config(
            vocab_size=152_064,
            hidden_size=512,
            intermediate_size=2048,
            num_hidden_layers=4,
            num_attention_heads=8,
            num_key_value_heads=2,
            max_position_embeddings=4096,
            tie_word_embeddings=False,
        )
        Qwen2ForCausalLM(shape).to(torch.bfloat16).save_pretrained(folder)
        tiny.tokenizer().save_pretrained(folder)
    return folder


if __name__ == "__main__":
    main()
