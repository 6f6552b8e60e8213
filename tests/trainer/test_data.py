"""The dataset folder is verified and audited; every row that would not be trained whole is counted."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.trainer import small, tiny
from trainer.config import Config, Data
from trainer.data import StageData, affected_rows, check_losses, prepare, read_folder
from trainer.errors import TrainerError, TrainerMissingError
from trainer.fim import KNOWN
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


def prepared(folder: Path, name: str = "stage2", **stage: object) -> StageData:
    config = replace(Config(), **{name: replace(getattr(Config(), name), **stage)})
    return prepare(config, read_folder(folder), name, apply_template(tiny.tokenizer()))


@pytest.mark.train
def test_the_report_counts_rows_and_tokens_in_all_and_for_each_label(tmp_path):
    report = prepared(small.dataset(tmp_path / "d"), max_length=512).report["train"]
    assert report["rows"] == report["rows_kept"] == 8
    assert 0 < report["loss_tokens"] < report["tokens"]
    whole = {key: report[key] for key in ("rows", "tokens", "loss_tokens", "packing_efficiency")}
    assert report["labels"]["type=completion"] == report["labels"]["generation=all"] == whole
    assert report["lost_share"] == 0


@pytest.fixture
def damaged(tmp_path) -> Path:
    rows = small.rows(4)
    rows[1]["messages"][-1]["content"] *= 10  # its answer is cut
    rows[2]["messages"][1]["content"] *= 100  # its answer is never reached
    return small.dataset(tmp_path / "d", train=rows)


@pytest.mark.train
def test_rows_that_lose_their_end_or_their_answer_are_counted(damaged):
    report = prepared(damaged, max_length=512).report["train"]
    label = report["labels"]["type=completion"]
    for key, count in {"rows": 4, "over_length": 2, "truncated": 1, "fully_masked": 1, "dropped": 1}.items():
        assert report[key] == label[key] == count
    assert report["lost_share"] == 0.5


@pytest.mark.train
def test_every_affected_row_is_named_with_what_happened_to_it(damaged):
    data = prepared(damaged, max_length=512)
    lines = [json.loads(line) for line in affected_rows({"stage2": data}).splitlines()]
    assert [(line["file"], line["id"], line["what"]) for line in lines] == [
        ("train.jsonl", "strings/count-1", ["over_length", "truncated"]),
        ("train.jsonl", "strings/count-2", ["over_length", "fully_masked", "dropped"]),
    ]
    assert all(line["tokens"] > 512 and "type=completion" in line["labels"] for line in lines)


@pytest.mark.train
def test_too_much_loss_stops_before_training_and_names_rows(damaged):
    data = prepared(damaged, max_length=512)
    with pytest.raises(TrainerError, match=r"50% of the rows .* strings/count-1.*raise stage2.max_length"):
        check_losses(Config(), read_folder(damaged), {"stage2": data})
    check_losses(replace(Config(), data=Data(max_lost_share=0.5)), read_folder(damaged), {"stage2": data})


@pytest.mark.train
def test_a_held_out_row_that_stands_word_for_word_in_training_stops_the_run(tmp_path):
    copied = {**small.rows(1)[0], "id": "strings/copy", "cluster": "another"}
    copied["messages"] = [{**m, "content": m["content"].upper() + "\n"} for m in copied["messages"]]
    folder = small.dataset(tmp_path / "d", validation=[copied, *small.rows(3, 100)])
    data = prepared(folder, max_length=512)
    assert (data.report["train"]["duplicates"], data.report["validation"]["duplicates"]) == (1, 1)
    assert [row["id"] for row in data.affected] == ["strings/count-0", "strings/copy"]
    with pytest.raises(TrainerError, match="25% of the rows stand word for word in train"):
        check_losses(Config(), read_folder(folder), {"stage2": data})


@pytest.mark.train
def test_a_test_row_that_stands_in_training_stops_the_run_too(tmp_path):
    folder = small.dataset(tmp_path / "d", test=[{**small.rows(1)[0], "id": "strings/copy", "cluster": "another"}])
    data = prepared(folder, max_length=512)
    assert data.report["test"] == {"rows": 1, "duplicates": 1} and data.report["train"]["duplicates"] == 1
    assert [(row["split"], row["id"]) for row in data.affected] == [
        ("train", "strings/count-0"),
        ("test", "strings/copy"),
    ]
    with pytest.raises(TrainerError, match=r"test\.jsonl: 100% of the rows stand word for word"):
        check_losses(Config(), read_folder(folder), {"stage2": data})


@pytest.mark.train
def test_too_little_to_replay_is_said(tmp_path, capsys):
    config = replace(Config(), stage2=replace(Config().stage2, max_length=512, replay=0.5))
    folder = read_folder(small.dataset(tmp_path / "d"))
    prepare(config, folder, "stage2", apply_template(tiny.tokenizer()), [{"id": "g", "text": "select 1"}])
    assert "all of data.replay makes up 0.8% of the tokens, less than the 50.0%" in capsys.readouterr().err


@pytest.mark.train
def test_stage_1_loses_nothing_whatever_the_length(tmp_path):
    report = prepared(small.dataset(tmp_path / "d"), "stage1", max_length=64).report["train"]
    assert report["over_length"] > 0 and report["truncated"] == report["dropped"] == 0
    assert report["packing_efficiency"] > 0.8


@pytest.mark.train
@pytest.mark.parametrize(("batch_size", "expected"), [(1, 1.0), (4, 0.625)])
def test_unpacked_rows_are_padded_to_the_longest_of_their_batch(tmp_path, batch_size, expected):
    rows = small.documents(4)  # of lengths 1 to 4, roughly
    for row in rows:
        row["text"] = row["text"].ljust(160, " ")[: 40 * (int(row["id"][-1]) + 1) - 1]
    folder = small.dataset(tmp_path / "d", pretrain=rows)
    report = prepared(folder, "stage1", packing="none", batch_size=batch_size).report["train"]
    assert report["packing_efficiency"] == expected


@pytest.mark.train
def test_a_share_of_the_programs_is_shown_with_the_middle_last(tmp_path):
    folder = small.dataset(tmp_path / "d", pretrain=small.documents(90))
    config = replace(Config(), stage1=replace(Config().stage1, max_length=2048, fim=0.3))
    tokenizer = apply_template(tiny.tokenizer(*KNOWN[0]))
    data = prepare(config, read_folder(folder), "stage1", tokenizer)
    prefix = tokenizer.convert_tokens_to_ids(KNOWN[0][0])
    shown = [tokens for tokens in data.train.tokens if tokens.ids[0] == prefix]
    assert len(shown) == data.report["train"]["fim"] and 0.2 < len(shown) / 90 < 0.4
    assert all(all(tokens.loss) for tokens in shown)
    assert not any(tokens.ids[0] == prefix for tokens in data.validation.tokens)


@pytest.mark.train
def test_fim_is_refused_with_the_reason_for_a_model_without_its_tokens(tmp_path):
    with pytest.raises(TrainerError, match=r"no fill-in-the-middle tokens.*set stage1\.fim = 0"):
        prepared(small.dataset(tmp_path / "d"), "stage1", fim=0.1)


@pytest.mark.train
@pytest.mark.parametrize("name", ["stage1", "stage2"])
def test_replayed_rows_make_up_the_share_that_was_asked_for(tmp_path, name):
    general = [{"id": f"g{n}", "text": f"def f{n}():\n    return {n}\n"} for n in range(100)]
    config = replace(Config(), **{name: replace(getattr(Config(), name), max_length=512, replay=0.1)})
    folder = read_folder(small.dataset(tmp_path / "d"))
    data = prepare(config, folder, name, apply_template(tiny.tokenizer()), general)
    account = data.report["train"]["replay"]
    assert 0.1 <= account["share"] < 0.12
    replayed = [t for row, t in zip(data.train.rows, data.train.tokens, strict=True) if row.get("type") == "replay"]
    assert (account["rows"], account["tokens"]) == (len(replayed), sum(len(t.ids) for t in replayed))
    assert data.report["train"]["rows"] == len(folder.rows["train.jsonl" if name == "stage2" else "pretrain.jsonl"])


@pytest.mark.train
def test_replay_without_anything_for_the_stage_is_refused(tmp_path):
    chat = [{"id": "c", "messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "hello"}]}]
    config = replace(Config(), stage1=replace(Config().stage1, replay=0.1))
    folder = read_folder(small.dataset(tmp_path / "d"))
    with pytest.raises(TrainerError, match='takes rows with "text"'):
        prepare(config, folder, "stage1", apply_template(tiny.tokenizer()), chat)


@pytest.mark.train
def test_an_empty_validation_split_is_refused(tmp_path):
    folder = read_folder(small.dataset(tmp_path / "d", validation=[]))
    with pytest.raises(TrainerError, match=r"validation\.jsonl: no rows for stage2"):
        prepare(Config(), folder, "stage2", apply_template(tiny.tokenizer()))
