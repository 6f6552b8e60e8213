"""The estimate of memory beside what a stage really takes here, on a CPU, with the embedded model.

    python tests/bench/memory.py

Each case trains two steps of stage 2 in a process of its own; what Python and the libraries take before a model is
loaded is taken off. The estimate has no part for CUDA then.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from trainer.config import Config, load_config, write_config
from trainer.estimate import estimate

CASES = {
    "bf16, 1 x 512": {},
    "bf16, 4 x 512": {"batch_size": 4},
    "bf16, 8 x 256": {"batch_size": 8, "max_length": 256},
    "bf16, 4 x 512, checkpointed": {"batch_size": 4, "gradient_checkpointing": True},
    "bf16, 8 x 512, checkpointed": {"batch_size": 8, "gradient_checkpointing": True},
    "nf4, 4 x 512": {"batch_size": 4, "quantization": "nf4"},
    "float32, 4 x 512": {"batch_size": 4, "dtype": "float32"},
}
_CHILD = """
import json, resource, sys
from pathlib import Path
from trainer.machine import prepare_process
prepare_process()
import torch, transformers, trl, peft, datasets, accelerate
from trainer import run, stage
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
from trainer.config import load_config
run.run(load_config(sys.argv[1]), Path(sys.argv[2]))
print(json.dumps((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", nargs="*", choices=list(CASES), default=list(CASES))
    options = parser.parse_args()
    from trainer.model import load_architecture

    print(f"{'case':30}{'estimate':>10}{'measured':>10}{'error':>8}   GB")
    with tempfile.TemporaryDirectory() as folder:
        for name in options.cases:
            config = _config(CASES[name], Path(folder, "data"))
            expected = estimate(config, load_architecture(config), config.stage2, gpu=False)
            path = Path(folder, "config.toml")
            path.write_text(write_config(config), encoding="utf-8")
            out = Path(folder, name.replace(" ", "-"))
            done = subprocess.run([sys.executable, "-c", _CHILD, str(path), str(out)], capture_output=True, text=True,
                                  check=False)  # fmt: skip
            if done.returncode:
                sys.exit(done.stderr)
            measured = json.loads(done.stdout.splitlines()[-1])
            parts = ", ".join(f"{part} {size / 1e9:.2f}" for part, size in vars(expected).items() if size)
            error = expected.total / measured - 1
            print(f"{name:30}{expected.total / 1e9:10.2f}{measured / 1e9:10.2f}{error:+8.0%}   {parts}", flush=True)


def _config(case: dict[str, object], data: Path) -> Config:
    """Two steps of stage 2 on full rows."""
    from tests.trainer import small

    if not data.exists():
        text = 'print "a line of text that is long enough to fill its row to the end",i\n' * 80
        rows = small.rows(25)
        for row in rows:
            row["messages"][-1]["content"] = row["messages"][-1]["content"] + text
        small.dataset(data, train=rows[1:], validation=rows[:1])
    model = {k: v for k, v in case.items() if k in ("quantization", "dtype")}
    stage = {k: v for k, v in case.items() if k not in model}
    config = load_config("smollm2-135m")
    settings = {"max_steps": 2, "max_minutes": 0.0, "max_length": 512, "batch_size": 1, "accumulation": 1,
                "packing": "none", "evaluations": 1, "patience": 0}  # fmt: skip
    return replace(
        config,
        model=replace(config.model, **model),
        data=replace(config.data, folder=str(data), max_lost_share=1.0, max_duplicate_share=1.0, general=""),
        stage1=replace(config.stage1, enabled=False),
        stage2=replace(config.stage2, **{**settings, **stage}),
        stop_test=replace(config.stop_test, prompts=0),
        probe=replace(config.probe, files=0),
        run=replace(config.run, merge="no"),
    )


if __name__ == "__main__":
    main()
