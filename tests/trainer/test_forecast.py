"""What `--dry-run` says of memory and hours."""

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("torch")

from curator.cli import run as run_command
from curator.errors import ExitCode
from tests.trainer import small
from trainer import forecast
from trainer.cli import cli
from trainer.config import Stage, write_config

pytestmark = pytest.mark.train


@pytest.fixture
def config(tmp_path):
    """A config whose model has a tokenizer and a config.json, and no weights."""
    made = small.config(tmp_path)
    bare = tmp_path / "bare"
    shutil.copytree(made.model.name, bare, ignore=shutil.ignore_patterns("*.safetensors"))
    return replace(
        made, model=replace(made.model, name=bare.as_posix()), run=replace(made.run, out=str(tmp_path / "runs"))
    )


def earlier(config, number, speed, started, **record):
    folder = Path(config.run.out) / f"tiny-{number}"
    folder.mkdir(parents=True)
    values = {
        "config": "tiny",
        "base_model": "tiny/random",
        "started": started,
        "hardware": {"gpus": ["A Card"]},
        "stages": {"stage2": {"tokens_per_second": speed}},
        **record,
    }
    (folder / "run.json").write_text(json.dumps(values), encoding="utf-8")


def test_a_dry_run_without_weights_shows_memory_by_part_and_in_all(config, tmp_path, capsys):
    path = tmp_path / "tiny.toml"
    path.write_text(write_config(config), encoding="utf-8")
    assert run_command(cli, "trainer", ["run", str(path), "--dry-run"]) == ExitCode.OK
    shown = capsys.readouterr()
    assert all(title in shown.out for title in forecast.PARTS.values())
    assert re.search(r"in all +\S* *1\.\d\d +\S* *1\.\d\d", shown.out)  # a tiny model, and what CUDA takes
    assert "hours unknown" in shown.out + shown.err and "More than 24 GB" not in shown.out + shown.err


def test_a_stage_that_does_not_fit_names_what_would_lower_it(config, capsys):
    large = Stage(max_length=65536, batch_size=512)
    forecast.show(replace(config, stage1=large), {"stage1": 1000})
    shown = capsys.readouterr()
    assert "stage1: more than 24 GB" in shown.out + shown.err
    assert "stage1.batch_size=256 with stage1.accumulation=2" in shown.out + shown.err


def test_the_speed_is_that_of_the_newest_run_of_the_same_config_and_model(config):
    earlier(config, 1, 100.0, "2026-01-01T00:00:00Z")
    earlier(config, 2, 200.0, "2026-01-02T00:00:00Z")
    earlier(config, 3, 300.0, "2026-01-03T00:00:00Z", base_model="tiny/other")
    earlier(config, 4, 400.0, "2026-01-04T00:00:00Z", stages={})
    assert forecast.last_speed(config, "stage2") == forecast.Speed(200.0, "tiny-2", "A Card")
    assert forecast.last_speed(config, "stage1") is None


def test_the_hours_say_where_the_speed_was_measured_and_what_ends_the_stage_before(config, capsys):
    earlier(config, 1, 10.0, "2026-01-01T00:00:00Z")
    forecast.show(replace(config, stage2=replace(config.stage2, max_minutes=5.0)), {"stage2": 72_000})
    shown = "".join(capsys.readouterr())
    assert "about 2.0 hours of training steps at 10 tokens/s, measured in tiny-1 on A Card" in shown
    assert "stage2.max_minutes = 5 stops it before" in shown
