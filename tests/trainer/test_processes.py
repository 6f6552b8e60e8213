"""Two processes on the CPU, started by `accelerate launch` with the shipped configs, train what one process trains.

The model has all that makes it hard: 4-bit layers, trained rows of chat tokens, packed rows, recomputed activations.
"""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("torch")

from curator.cli import run as run_command
from curator.errors import ExitCode
from tests.trainer import base_model, small, tiny
from trainer import run as recipe
from trainer.cli import cli
from trainer.config import Config, load_config, shipped_configs, write_config
from trainer.errors import TrainerError
from trainer.health import check_rows, trainable_rows
from trainer.record import read_record
from trainer.resume import differences

pytestmark = [pytest.mark.train, pytest.mark.xdist_group("two processes")]  # one worker launches them, once

# Sums over two processes are added in another order. Measured here: nothing with DDP; with FSDP2 1e-7 of the losses and
# 2e-6 of the largest weight. Room is left for other processors.
TOLERANCE = 1e-4
ADAPTER_TOLERANCE = 1e-4  # of weights of about 0.1
INTERRUPTED_AT = 6  # of 2 + 4 steps: in the last one, after the checkpoint of step 2 of stage 2


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("two")


@pytest.fixture(scope="module")
def alone(root) -> Path:
    """The run folder of one process with accumulation 2."""
    recipe.run(config(root, accumulation=2), root / "alone")
    return root / "alone"


@pytest.fixture(scope="module", params=["ddp", "fsdp2"])
def together(root, alone, request) -> Path:
    """The run folder of two processes with accumulation 1: the same rows in a step. They are interrupted once."""
    path = root / "tiny.toml"
    path.write_text(write_config(config(root, accumulation=1)), encoding="utf-8")
    done = launch(request.param, ["run", str(path), "--out", request.param], root, INTERRUPT_AT=str(INTERRUPTED_AT))
    assert done.returncode == 0, done.stderr
    (root / f"{request.param}.err").write_text(done.stderr, encoding="utf-8")
    return root / request.param


def config(root: Path, accumulation: int) -> Config:
    """A few steps of both stages, with nothing random but the order of the rows."""
    folder = root / "model"
    if not folder.exists():
        base_model.base_model().save_pretrained(folder)
        tiny.tokenizer().save_pretrained(folder)
        small.dataset(root / "dataset")
        general = {"id": "general/one", "text": "def add(a, b):\n    return a + b\n"}
        (root / "general.jsonl").write_text(json.dumps(general) + "\n", encoding="utf-8")
    made = base_model.config(root, chat_tokens="auto")
    stage = replace(
        made.stage2, max_length=256, batch_size=1, accumulation=accumulation, learning_rate=1e-3,
        gradient_checkpointing=True, evaluations=1, epochs=1.0,
    )  # fmt: skip
    return replace(
        made,
        model=replace(made.model, quantization="nf4"),
        data=replace(made.data, general=str(root / "general.jsonl")),
        stage1=replace(stage, enabled=True, max_steps=2, packing="bfd_split"),
        stage2=replace(stage, max_steps=4, evaluations=2, packing="bfd", prompt_weight=0.1),
        probe=replace(made.probe, files=2, tokens=8, compiler="builtin"),
        stop_test=replace(made.stop_test, prompts=0),
        run=replace(made.run, log_every=1, merge="no"),
    )


def launch(name: str, command: list[str], root: Path, **environment: str) -> subprocess.CompletedProcess:
    known = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parents[2]), **environment}
    if name == "fsdp2":
        known["DIVIDE_ON_CPU"] = "1"
    accelerate = ["-m", "accelerate.commands.launch", "--config_file", str(launcher(name)), "--num_processes", "2"]
    return subprocess.run(
        [sys.executable, *accelerate, "--module", "tests.trainer.together", *command],
        cwd=root, capture_output=True, text=True, check=False, timeout=300, env=known,
    )  # fmt: skip


def launcher(name: str) -> Path:
    return next(iter(shipped_configs().values())).parent / "accelerate" / f"{name}.yaml"


def metrics(folder: Path, key: str) -> list[tuple[str, int, float]]:
    rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    return [(row["stage"], row["step"], row[key]) for row in rows if key in row]


@pytest.mark.parametrize(
    "key",
    [
        "loss",
        "eval_loss",
        "general_loss",
        "grad_norm",
        "learning_rate",
        "num_tokens",
        "probe_accepted",
        "probe_programs",
    ],
)
def test_two_processes_have_the_figures_of_one_at_equal_global_batch(alone, together, key):
    """Though they were interrupted. For FSDP2 this is also what shows that a divided model is evaluated and asked."""
    one, two = metrics(alone, key), metrics(together, key)
    assert [row[:2] for row in two] == [row[:2] for row in one] and len(one) >= 2
    assert [row[2] for row in two] == pytest.approx([row[2] for row in one], rel=TOLERANCE)


def test_two_processes_leave_the_adapter_of_one(alone, together):
    """With FSDP2 each process had a half of it."""
    from safetensors.torch import load_file

    for stage in ("stage1", "stage2"):
        one, two = (load_file(folder / stage / "adapter_model.safetensors") for folder in (alone, together))
        assert {key: value.shape for key, value in two.items()} == {key: value.shape for key, value in one.items()}
        assert all(two[key].allclose(one[key], rtol=0, atol=ADAPTER_TOLERANCE) for key in one)


def test_the_first_process_alone_writes_the_run_folder(alone, together):
    here = {path.name for path in alone.iterdir()}
    assert {path.name for path in together.iterdir()} == here | {"log-1.txt"}
    record = json.loads((together / "run.json").read_text(encoding="utf-8"))
    assert (record["status"], record["processes"], record["divided"]) == ("finished", 2, together.name == "fsdp2")
    assert [stage["steps"] for stage in record["stages"].values()] == [2, 4] and len(record["resumed"]) == 1


def test_the_first_process_alone_speaks(together):
    said = together.with_suffix(".err").read_text(encoding="utf-8")
    assert said.count("checking ") == 2 and said.count("going on with the run") == 1  # once for each of the two starts


def test_a_checkpoint_of_a_divided_model_holds_the_whole_of_what_was_trained(together):
    import torch

    newest = max((together / "checkpoints" / "stage2").glob("checkpoint-*"))
    if together.name == "fsdp2":
        whole = torch.load(newest / "pytorch_model_fsdp.bin", weights_only=True)
        assert any("trainable_tokens_delta" in key and value.shape == (2, 64) for key, value in whole.items())
    assert {path.name for path in newest.glob("rng_state_*")} == {"rng_state_0.pth", "rng_state_1.pth"}


# --- what a process does because of the others, told by the launcher's environment ---------------------------------


@pytest.fixture()
def second_of_two(monkeypatch) -> pytest.MonkeyPatch:
    for key, value in {"WORLD_SIZE": "2", "RANK": "1", "LOCAL_RANK": "1"}.items():
        monkeypatch.setenv(key, value)
    return monkeypatch


@pytest.mark.parametrize("name", ["ddp", "fsdp2"])
def test_a_shipped_launcher_config_is_one_that_accelerate_reads(name):
    from accelerate.commands.config.config_args import load_config_from_file

    read = load_config_from_file(str(launcher(name)))
    assert (read.num_processes, read.mixed_precision) == (2, "no")  # model.dtype decides on the precision


def test_each_process_loads_the_model_onto_its_own_gpu(second_of_two, root, alone):
    import torch
    from transformers import AutoModelForCausalLM

    from trainer.model import load_base

    asked = {}

    def load(name, **options):
        asked.update(options)
        raise RuntimeError("no GPU here")

    second_of_two.setattr(torch.cuda, "is_available", lambda: True)
    second_of_two.setattr(AutoModelForCausalLM, "from_pretrained", load)
    with pytest.raises(RuntimeError, match="no GPU here"):
        load_base(config(root, 1))
    assert asked["device_map"] == {"": 1}
    assert asked["quantization_config"].bnb_4bit_quant_storage == torch.bfloat16


def test_the_two_gpu_config_takes_as_many_rows_a_step_as_the_one_gpu_config(second_of_two):
    """So that rates, warm-up and number of steps are those of the other."""
    from trainer.stage import planned_steps

    on_one, on_two = load_config("qwen2.5-coder-14b"), load_config("qwen2.5-coder-14b-2gpu")
    together = [planned_steps(stage, 1600) for stage in (on_two.stage1, on_two.stage2)]
    second_of_two.setenv("WORLD_SIZE", "1")
    assert together == [planned_steps(stage, 1600) for stage in (on_one.stage1, on_one.stage2)]


def test_a_run_does_not_go_on_with_another_number_of_processes(alone, root, second_of_two):
    record = read_record(alone)
    changed = differences(alone, config(root, accumulation=2), record["hashes"])
    assert changed == ["processes: were 1, are 2; rows would come in another order"]


def test_a_run_does_not_go_on_with_parts_of_a_model_where_it_was_whole(alone, root, second_of_two):
    second_of_two.setenv("ACCELERATE_USE_FSDP", "true")
    changed = differences(alone, config(root, accumulation=2), read_record(alone)["hashes"])
    assert changed[1:] == ["launcher: was no FSDP, is FSDP; they cannot read each other's checkpoints"]


def test_eight_bit_optimisers_are_refused_for_a_divided_model_before_anything_is_loaded(second_of_two):
    made = load_config("qwen2.5-coder-14b-2gpu")
    recipe.check_options(made)
    second_of_two.setenv("ACCELERATE_USE_FSDP", "true")
    with pytest.raises(TrainerError, match=r"--set stage1\.optimizer=adamw_torch_fused --set stage2\.optimizer="):
        recipe.check_options(made)


def test_trained_rows_of_a_matrix_that_is_embedding_and_head_are_refused_for_a_divided_model(second_of_two):
    second_of_two.setenv("ACCELERATE_USE_FSDP", "true")
    model, tokenizer = base_model.base_model(tied=True), tiny.tokenizer()
    with pytest.raises(TrainerError, match="train with ddp"):
        trainable_rows(model, tokenizer, check_rows(model, tokenizer), "auto")


def test_other_commands_are_refused_in_several_processes(second_of_two, capsys):
    assert run_command(cli, "trainer", ["sweep", "smollm2-135m"]) == ExitCode.USAGE
    assert "`trainer sweep` is for one process" in capsys.readouterr().err
