"""Two processes on the CPU, started by `accelerate launch` with the shipped config, train what one process trains."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("torch")

from tests.trainer import small
from trainer import run as recipe
from trainer.config import Config, shipped_configs, write_config

pytestmark = pytest.mark.train

# Sums over the processes are added in another order: floats differ in their last digits, and the rates magnify them.
TOLERANCE = 1e-4


@pytest.fixture(scope="module")
def folders(tmp_path_factory) -> tuple[Path, Path]:
    """The run folders of one process with accumulation 2, and of two with accumulation 1: equal global batches."""
    root = tmp_path_factory.mktemp("two")
    alone = plain(small.config(root))
    recipe.run(alone, root / "alone")
    together = replace(
        alone, stage1=replace(alone.stage1, accumulation=1), stage2=replace(alone.stage2, accumulation=1)
    )
    (root / "tiny.toml").write_text(write_config(together), encoding="utf-8")
    launch = ["-m", "accelerate.commands.launch", "--config_file", str(launcher("ddp"))]
    command = ["--num_processes", "2", "--module", "trainer", "run", str(root / "tiny.toml"), "--out", "together"]
    done = subprocess.run(
        [sys.executable, *launch, *command],
        cwd=root, capture_output=True, text=True, check=False, timeout=300,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parents[2])},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return root / "alone", root / "together"


def plain(config: Config) -> Config:
    """Nothing random but the order of the rows: dropout draws other numbers in another process."""
    stages = {
        name: replace(getattr(config, name), accumulation=2, batch_size=1, packing=packing)
        for name, packing in (("stage1", "none"), ("stage2", "none"))
    }
    return replace(config, lora=replace(config.lora, dropout=0.0), probe=replace(config.probe, files=0), **stages)


def launcher(name: str) -> Path:
    return next(iter(shipped_configs().values())).parent / "accelerate" / f"{name}.yaml"


def metrics(folder: Path, key: str) -> list[tuple[str, int, float]]:
    rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    return [(row["stage"], row["step"], row[key]) for row in rows if key in row]


@pytest.mark.parametrize("key", ["loss", "eval_loss", "grad_norm", "learning_rate"])
def test_two_processes_have_the_losses_of_one_at_equal_global_batch(folders, key):
    alone, together = (metrics(folder, key) for folder in folders)
    assert [row[:2] for row in together] == [row[:2] for row in alone] and len(alone) >= 4
    assert [row[2] for row in together] == pytest.approx([row[2] for row in alone], rel=TOLERANCE)


def test_the_first_process_alone_writes_the_run_folder(folders):
    alone, together = ({path.name for path in folder.iterdir()} for folder in folders)
    assert together == alone | {"log-1.txt"}
    record = json.loads((folders[1] / "run.json").read_text(encoding="utf-8"))
    assert (record["status"], record["processes"]) == ("finished", 2)
    assert [stage["steps"] for stage in record["stages"].values()] == [2, 2]


@pytest.mark.parametrize("name", ["ddp", "fsdp2"])
def test_a_shipped_launcher_config_is_one_that_accelerate_reads(name):
    from accelerate.commands.config.config_args import load_config_from_file

    assert load_config_from_file(str(launcher(name))).num_processes == 2
