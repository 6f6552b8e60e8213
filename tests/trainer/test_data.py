"""The dataset folder is verified and audited; every row that would not be trained whole is counted."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.trainer import small, tiny
from trainer.config import Config, Stage
from trainer.data import prepare, read_folder
from trainer.errors import TrainerError, TrainerMissingError
from trainer.tokens import apply_template


def test_a_dataset_folder_is_read_with_its_hash(tmp_path):
    folder = read_folder(small.dataset(tmp_path / "d"))
    assert len(folder.rows["train.jsonl"]) == 8 and len(folder.content_hash) == 64


def test_a_missing_folder_or_manifest_names_the_command_that_makes_one(tmp_path):
    for folder in (tmp_path / "none", tmp_path):
        with pytest.raises(TrainerMissingError, match="curator convert --out"):
            read_folder(folder)


def test_a_changed_file_is_refused_with_the_cure(tmp_path):
    folder = small.dataset(tmp_path / "d")
    path = folder / "train.jsonl"
    path.write_text(path.read_text() + "\n")
    with pytest.raises(TrainerError, match=r"train\.jsonl was changed after it was made.*curator convert"):
        read_folder(folder)


def test_a_missing_file_is_refused(tmp_path):
    folder = small.dataset(tmp_path / "d")
    (folder / "pretrain.jsonl").unlink()
    with pytest.raises(TrainerError, match=r"pretrain\.jsonl is missing"):
        read_folder(folder)


def test_a_broken_manifest_is_refused(tmp_path):
    folder = small.dataset(tmp_path / "d")
    (folder / "manifest.json").write_text("{")
    with pytest.raises(TrainerError, match="make the dataset again"):
        read_folder(folder)


@pytest.mark.parametrize("held_out", ["validation", "test", "pretrain_validation"])
def test_a_cluster_in_training_and_held_out_files_is_a_leak(tmp_path, held_out):
    rows = small.documents(2, 100) if held_out.startswith("pretrain") else small.rows(2, 100)
    rows[0]["cluster"] = small.rows(1)[0]["cluster"]
    with pytest.raises(TrainerError, match="near-duplicate clusters are in"):
        read_folder(small.dataset(tmp_path / "d", **{held_out: rows}))


def test_broken_rows_are_named_all_at_once_with_their_lines(tmp_path):
    rows = small.rows(4)
    rows[0]["messages"] = []
    rows[1]["messages"][-1]["role"] = "user"
    rows[2]["messages"][0]["role"] = "wizard"
    with pytest.raises(TrainerError) as error:
        read_folder(small.dataset(tmp_path / "d", train=rows))
    text = str(error.value)
    assert 'train.jsonl:1: no "messages"' in text
    assert "train.jsonl:2: the last message is not an answer" in text
    assert 'train.jsonl:3: unknown role "wizard"' in text


def stage2(folder: Path, **stage: object) -> dict:
    config = replace(Config(), stage2=replace(Stage(), **stage), data=replace(Config().data, max_lost_share=1.0))
    return prepare(config, read_folder(folder), "stage2", apply_template(tiny.tokenizer())).report["train"]


@pytest.mark.train
def test_the_report_counts_rows_tokens_and_labels(tmp_path):
    report = stage2(small.dataset(tmp_path / "d"), max_length=512)
    assert report["rows"] == report["rows_kept"] == 8
    assert 0 < report["loss_tokens"] < report["tokens"]
    assert report["labels"]["type=completion"] == {"rows": 8}
    assert report["labels"]["generation=all"] == {"rows": 8}
    assert report["lost_share"] == 0


@pytest.mark.train
def test_rows_that_lose_their_end_or_their_answer_are_counted_and_named(tmp_path):
    rows = small.rows(4)
    rows[1]["messages"][-1]["content"] *= 10  # its answer is cut
    rows[2]["messages"][1]["content"] *= 100  # its answer is never reached
    report = stage2(small.dataset(tmp_path / "d", train=rows), max_length=512)
    assert (report["truncated_ids"], report["dropped_ids"]) == (["strings/count-1"], ["strings/count-2"])
    assert report["labels"]["type=completion"] == {"rows": 4, "truncated": 1, "dropped": 1}
    assert report["lost_share"] == 0.5


@pytest.mark.train
def test_too_much_loss_stops_before_training_and_names_rows(tmp_path):
    folder = read_folder(small.dataset(tmp_path / "d"))
    config = replace(Config(), stage2=Stage(max_length=64))
    with pytest.raises(TrainerError, match=r"100% of the rows .* strings/count-0.*raise stage2.max_length"):
        prepare(config, folder, "stage2", apply_template(tiny.tokenizer()))


@pytest.mark.train
def test_stage_1_loses_nothing_whatever_the_length(tmp_path):
    folder = read_folder(small.dataset(tmp_path / "d"))
    config = replace(Config(), stage1=Stage(max_length=64, packing="bfd_split"))
    report = prepare(config, folder, "stage1", apply_template(tiny.tokenizer())).report["train"]
    assert report["over_length"] > 0 and report["truncated"] == report["dropped"] == 0
    assert report["packing_efficiency"] > 0.8


@pytest.mark.train
def test_an_empty_validation_split_is_refused(tmp_path):
    folder = read_folder(small.dataset(tmp_path / "d", validation=[]))
    with pytest.raises(TrainerError, match=r"validation\.jsonl: no rows for stage2"):
        prepare(Config(), folder, "stage2", apply_template(tiny.tokenizer()))
