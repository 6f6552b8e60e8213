"""Configs: read, checked, written. Everything here runs without torch."""

import subprocess
import sys
from dataclasses import replace

import pytest

from curator.cli import run
from curator.errors import ExitCode
from trainer.cli import cli
from trainer.config import (
    Config,
    ConfigError,
    Run,
    find_config,
    load_config,
    read_config,
    shipped_configs,
    write_config,
)
from trainer.errors import TrainerMissingError
from trainer.extra import check_extra

WRONG = """\
# a comment = 1
[model]
name = ""
quantization = "nf5"

[stage1]
learning_rat = 1e-4
epochs = "two"
max_length = 4

[stage3]
epochs = 1

[stage2]
batch_size = true
packing = "wrapped"
"""


def problems(text: str, *overrides: str) -> list[str]:
    with pytest.raises(ConfigError) as error:
        read_config(text, "c.toml", overrides)
    return list(error.value.problems)


def test_all_errors_of_a_config_are_reported_at_once_with_their_lines():
    where = [problem.split(": ")[0] for problem in problems(WRONG)]
    assert sorted(where) == sorted(f"c.toml:{line}" for line in (3, 4, 7, 8, 9, 11, 15, 16))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "[stage1]\nlearning_rat = 1",
            'c.toml:2: unknown key "learning_rat" in [stage1]; did you mean "learning_rate"?',
        ),
        ("[stag1]\nepochs = 1", 'c.toml:1: unknown table "stag1"; did you mean "stage1"?'),
        ("seed = 1", 'c.toml:1: unknown key outside of a table: "seed"'),
        ("stage1.epoch = 1", 'c.toml:1: unknown key "epoch" in [stage1]; did you mean "epochs"?'),
        ("run = 3", 'c.toml:1: "run" must be a table; write [run] and its keys below it'),
        (
            '[model]\ndtype = "bfloat"',
            'c.toml:2: model.dtype must be one of "bfloat16", "float32", not "bfloat"; did you mean "bfloat16"?',
        ),
        ("[stage1]\nbatch_size = 1.5", "c.toml:2: stage1.batch_size must be a whole number, not 1.5"),
        ("[run]\nseed = true", "c.toml:2: run.seed must be a whole number, not true"),
        ('[run]\nreport_to = "wandb"', 'c.toml:2: run.report_to must be a list of strings, not "wandb"'),
        ("[stage1]\nepochs = 0", "c.toml:2: stage1.epochs must be above 0 (it is 0.0)"),
        ("[stage1\nepochs = 1", "c.toml:1: not TOML: "),
    ],
)
def test_a_wrong_line_is_named_with_its_cure(text, expected):
    (problem,) = problems(text)
    assert problem.startswith(expected)


def test_a_run_without_any_stage_is_refused():
    (problem,) = problems("[stage1]\nenabled = false\n[stage2]\nenabled = false")
    assert "both stages are switched off" in problem


def test_stage_1_may_not_cut_off_and_stage_2_may_not_split():
    assert "cuts off the ends" in problems('[stage1]\npacking = "bfd"')[0]
    assert "never split" in problems('[stage2]\npacking = "bfd_split"')[0]


def test_overrides_win_and_a_bare_word_is_a_string():
    config = read_config("[stage1]\nepochs = 1.0", "c.toml", ["stage1.epochs=3", "model.quantization=nf4"])
    assert (config.stage1.epochs, config.model.quantization) == (3.0, "nf4")


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("epochs=3", "write --set section.key=value"),
        ("stage1.epoch=3", 'unknown key "epoch" in [stage1]; did you mean "epochs"?'),
        ("stag1.epochs=3", 'unknown table "stag1"; did you mean "stage1"?'),
        ("stage1.epochs=many", 'must be a finite number, not "many"'),
        ("stage1.epochs=inf", "must be a finite number, not inf"),
        ("stage1.enabled=1", "must be true or false, not 1"),
        ("run.report_to=['tensorbord']", "may hold azure_ml, "),
    ],
)
def test_a_wrong_override_is_named(override, expected):
    (problem,) = problems("", override)
    assert problem.startswith(f"--set {override}: ") and expected in problem


def test_a_secret_in_a_config_is_refused_and_not_repeated():
    (problem,) = problems("", "model.name=https://me:sesame@hub/model")
    assert "belongs into the environment" in problem and "sesame" not in problem


def test_a_written_config_reads_as_the_same_config():
    config = replace(Config(name="c"), run=Run(out='a "quoted"\\folder\n', report_to=("tensorboard", "wandb")))
    assert read_config(write_config(config), "c.toml") == config


@pytest.mark.parametrize("name", shipped_configs())
def test_a_shipped_config_is_valid_and_trains_both_stages(name):
    config = load_config(name)
    assert config.stage1.enabled and config.stage2.enabled and config.name == name


@pytest.mark.parametrize("name", shipped_configs())
def test_a_shipped_config_explains_every_value(name):
    lines = find_config(name).read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines):
        if "=" in line and not line.startswith("#"):
            before = [previous for previous in lines[:number] if previous.strip()]
            block = line.split(" = ")[0]
            near = any(previous.startswith("#") for previous in before[-4:])
            assert near, f"{name}: nothing says why {block}"


def test_an_unknown_config_names_those_there_are():
    with pytest.raises(TrainerMissingError, match=r'did you mean "smollm2-135m"\?.*qwen2.5-coder-14b'):
        find_config("smolm2-135m")


def test_a_config_that_is_not_utf8_is_named(tmp_path):
    path = tmp_path / "c.toml"
    path.write_bytes(b"# \xff\n")
    with pytest.raises(ConfigError, match="not UTF-8"):
        load_config(str(path))


def test_the_command_reports_a_wrong_config_with_exit_2(tmp_path, capsys):
    path = tmp_path / "c.toml"
    path.write_text(WRONG, encoding="utf-8")
    assert run(cli, "trainer", ["run", str(path), "--dry-run"]) == ExitCode.USAGE
    assert capsys.readouterr().err.count("c.toml:") == 8


def test_the_command_reports_a_missing_config_or_dataset_with_exit_3(tmp_path, capsys):
    assert run(cli, "trainer", ["run", "nothing"]) == ExitCode.MISSING
    arguments = ["run", "smollm2-135m", "--data", str(tmp_path / "none"), "--dry-run"]
    assert run(cli, "trainer", arguments) == ExitCode.MISSING
    assert "curator convert" in capsys.readouterr().err


def test_rows_without_a_dry_run_would_be_ignored_and_are_refused(tmp_path, capsys):
    assert run(cli, "trainer", ["run", "smollm2-135m", "--rows", str(tmp_path / "rows.jsonl")]) == ExitCode.USAGE
    assert "--rows belongs to --dry-run" in capsys.readouterr().err


def test_a_sweep_of_impossible_rates_is_refused_before_any_run(tmp_path, capsys):
    wide = ["sweep", "smollm2-135m", "--data", str(tmp_path), "--to", "0.5", "--out", str(tmp_path / "sweep")]
    assert run(cli, "trainer", wide) == ExitCode.USAGE
    assert "stage1.learning_rate must be between 0 and 0.1" in capsys.readouterr().err
    assert not (tmp_path / "sweep").exists()


def test_a_run_without_a_dataset_says_how_to_make_one(capsys):
    assert run(cli, "trainer", ["run", "smollm2-135m"]) == ExitCode.USAGE
    assert "--data" in capsys.readouterr().err


def test_a_missing_extra_is_one_line_with_its_cure():
    with pytest.raises(TrainerMissingError) as error:
        check_extra(("no_such_library",))
    assert str(error.value) == "needs no_such_library; run \"pip install 'bbj-curator[train]'\""
    assert error.value.exit_code == ExitCode.MISSING


def test_help_and_config_errors_load_no_torch():
    script = (
        "import sys\nfrom curator.cli import run\nfrom trainer.cli import cli\n"
        "run(cli, 'trainer', ['run', '--help'])\nrun(cli, 'trainer', ['run', 'nothing'])\n"
        "assert not {'torch', 'transformers', 'numpy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)
