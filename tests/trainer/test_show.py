"""What the commands print: the data report of a dry run, the preview by weight, the result."""

import json
import re
from pathlib import Path

import pytest

pytest.importorskip("torch")

from curator.cli import run as run_command
from curator.errors import ExitCode
from tests.trainer import small
from trainer.cli import cli
from trainer.config import write_config

pytestmark = pytest.mark.train

GENERAL = [
    {"id": "g1", "text": "def add(a, b):\n    return a + b\n"},
    {"id": "g2", "messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "hello"}]},
]


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    """A folder with tiny.toml, its model and dataset, and general.jsonl."""
    root = tmp_path_factory.mktemp("show")
    rows = small.rows(8)
    rows[5]["type"] = "explanation"
    rows[6]["messages"][-1]["content"] = "ä€\N{CAT FACE}"
    (root / "tiny.toml").write_text(write_config(small.config(root)), encoding="utf-8")
    small.dataset(root / "dataset", train=rows)
    general = "".join(json.dumps(row) + "\n" for row in GENERAL)
    (root / "general.jsonl").write_text(general, encoding="utf-8")
    return root


def command(root: Path, name: str, *arguments: str) -> ExitCode:
    return run_command(cli, "trainer", [name, str(root / "tiny.toml"), *arguments])


def plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def test_the_preview_counts_tokens_for_each_type(root, capsys):
    assert command(root, "preview", "--rows", "1") == ExitCode.OK
    shown = plain(capsys.readouterr().out)
    assert "for i=1 to 0" in shown and "1: strings/count-0 (completion)" in shown
    rows = [[cell.strip() for cell in line.split("│")[1:3]] for line in shown.splitlines() if "%" in line]
    assert rows == [["completion", "7"], ["explanation", "1"], ["all", "8"]]


def test_the_page_marks_what_is_learnt_and_every_second_token(root, tmp_path):
    page = tmp_path / "page.html"
    assert command(root, "preview", "--html", str(page)) == ExitCode.OK
    text = page.read_text(encoding="utf-8")
    learnt = [part.replace("<u>", "").replace("</u>", "") for part in re.findall(r"<b>(.*?)</b>", text, re.S)]
    assert len(learnt) == 8 and all(part.endswith("&lt;|im_end|&gt;") for part in learnt)
    assert learnt[6] == "ä€\N{CAT FACE}&lt;|im_end|&gt;"  # bytes as tokens, and no character is torn
    assert "<i>" not in text


def test_tokens_with_a_prompt_weight_are_shown_as_a_third_kind(root, tmp_path, capsys):
    page = tmp_path / "page.html"
    weight = ("--set", "stage2.prompt_weight=0.1")
    assert command(root, "preview", "--html", str(page), *weight) == ExitCode.OK
    text = page.read_text(encoding="utf-8")
    assert "yellow: counts with weight 0.1" in text
    assert "&lt;|im_start|&gt;" in text and "&lt;|im_start|&gt;" not in re.sub(r"<i>.*?</i>", "", text, flags=re.S)
    assert command(root, "preview", "--rows", "1", *weight) == ExitCode.OK
    assert "weight 0.1" in plain(capsys.readouterr().out)


def test_stage_1_can_be_previewed_and_a_stage_that_is_off_is_refused(root, capsys):
    assert command(root, "preview", "--stage", "1", "--rows", "1") == ExitCode.OK
    assert "1: raw/0 (program)" in plain(capsys.readouterr().out)
    off = ("--set", "stage1.enabled=false")
    assert command(root, "preview", "--stage", "1", *off) == ExitCode.USAGE
    assert "stage1 is switched off" in capsys.readouterr().err


def test_a_dry_run_shows_the_account_of_each_label(root, capsys):
    assert command(root, "run", "--dry-run") == ExitCode.OK
    shown = plain(capsys.readouterr().out)
    assert re.search(r"type=explanation +│ +1 │", shown) and re.search(r"generation=all +│ +8 │", shown)
    assert "…" not in shown and "cut off" not in shown  # fits into 80 characters; nothing is cut off here


def test_a_dry_run_shows_what_would_happen_to_rows(root, capsys):
    allowed = ("--set", "stage2.max_length=130", "--set", "data.max_lost_share=1.0")
    assert command(root, "run", "--dry-run", *allowed) == ExitCode.OK
    shown = plain(capsys.readouterr().out)
    assert all(word in shown for word in ("too long", "cut off")) and "…" not in shown


def test_the_ids_of_affected_rows_are_written_even_if_the_run_is_refused(root, tmp_path, capsys):
    file = tmp_path / "rows.jsonl"
    arguments = ("--dry-run", "--rows", str(file), "--set", "stage2.max_length=128")
    assert command(root, "run", *arguments) == ExitCode.USAGE
    assert "would be cut off or dropped at stage2.max_length = 128" in capsys.readouterr().err
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert {"stage2"} == {row["stage"] for row in rows if "truncated" in row["what"]}
    held_out = {row["id"] for row in rows if row["file"] == "validation.jsonl"}
    assert held_out == {f"strings/count-{n}" for n in (100, 101, 102)}


def test_a_run_with_replay_reports_it_and_the_general_loss_beside_its_own(root, tmp_path, capsys):
    general = (root / "general.jsonl").as_posix()
    sets = [f'data.general="{general}"', f'data.replay=["{general}"]', "stage2.replay=0.02", "stage1.max_steps=1"]
    arguments = [part for value in sets for part in ("--set", value)]
    assert command(root, "run", "--dry-run", *arguments) == ExitCode.OK
    assert re.search(r"stage2: \d rows of data\.replay, .* \(asked for: 2\.0%\)", capsys.readouterr().err)
    out = tmp_path / "run"
    assert command(root, "run", "--out", str(out), *arguments) == ExitCode.OK
    assert "loss on general code" in plain(capsys.readouterr().out)
    record = json.loads((out / "run.json").read_text())
    rows = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    for stage, result in record["stages"].items():
        measured = [row["general_loss"] for row in rows if row["stage"] == stage and "general_loss" in row]
        assert len(measured) == sum(row["stage"] == stage and "eval_loss" in row for row in rows) >= 2
        assert result["general_loss_before"] == measured[0] and result["general_loss"] == measured[-1]
    assert record["hashes"]["replay"] and record["hashes"]["general"]
    assert json.loads((out / "data-report.json").read_text())["stage2"]["train"]["replay"]["rows"] >= 1


def test_nothing_about_the_stop_test_is_printed_where_there_was_none(root, tmp_path, capsys):
    from trainer.show import print_result

    (tmp_path / "run.json").write_text(json.dumps({"minutes": 1.0, "stages": {}}), encoding="utf-8")
    assert print_result(tmp_path)
    assert "stop test" not in capsys.readouterr().err
