"""What is replayed, and what general knowledge is measured on."""

import json

import pytest

from trainer.config import load_config, read_config
from trainer.errors import TrainerError, TrainerMissingError
from trainer.general import BUILT_IN, general_hash, read_general
from trainer.replay import read_replay, replay_hash

CHAT = {"id": "c", "messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "hello"}]}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "code" / "deep").mkdir(parents=True)
    (tmp_path / "code" / "deep" / "a.py").write_text("print('ä')\n", encoding="utf-8")
    (tmp_path / "code" / "picture.png").write_bytes(b"\x89PNG")
    (tmp_path / "code" / "rows.jsonl").write_text(json.dumps(CHAT) + '\n\n{"text": "select 1"}\n', encoding="utf-8")
    return tmp_path / "code"


def test_a_folder_gives_its_source_files_and_the_rows_of_its_jsonl(folder):
    rows = read_replay([str(folder)])
    assert rows == [
        {"id": "code/deep/a.py", "text": "print('ä')\n"},
        {"id": "c", "messages": CHAT["messages"]},
        {"id": "code/rows.jsonl:3", "text": "select 1"},
    ]


def test_a_row_with_text_and_no_conversation_is_a_document(tmp_path):
    (tmp_path / "r.jsonl").write_text('\ufeff{"id": "a", "text": "select 1", "messages": null}\n', encoding="utf-8")
    assert read_replay([str(tmp_path / "r.jsonl")]) == [{"id": "a", "text": "select 1"}]


def test_the_hash_follows_the_content_and_not_the_place(folder, tmp_path):
    before = replay_hash([str(folder)])
    moved = folder.rename(tmp_path / "elsewhere").rename(tmp_path / "code2")
    assert replay_hash([str(moved.rename(tmp_path / "code"))]) == before
    (folder / "deep" / "a.py").write_text("print('b')\n", encoding="utf-8")
    assert replay_hash([str(folder)]) != before and replay_hash([]) == ""


def test_wrong_rows_are_named_all_at_once_with_their_lines(tmp_path):
    path = tmp_path / "r.jsonl"
    path.write_text('{"text": 1}\n{\n{"messages": [{"role": "user", "content": "hi"}]}\n{"text": "a"}\n')
    with pytest.raises(TrainerError) as error:
        read_replay([str(path)])
    assert [line.split(":")[1] for line in str(error.value).splitlines()] == ["1", "2", "3"]


@pytest.mark.parametrize("make", [lambda p: p / "none", lambda p: p])
def test_a_missing_or_empty_place_is_named(tmp_path, make):
    with pytest.raises(TrainerMissingError, match=r"data\.replay"):
        read_replay([str(make(tmp_path))])


def test_replay_that_names_nothing_to_replay_is_a_config_error():
    with pytest.raises(TrainerError, match=r"c\.toml:2: stage2\.replay needs something to replay"):
        read_config("[stage2]\nreplay = 0.1", "c.toml")


def test_the_built_in_rows_are_code_of_many_languages_and_chats_with_their_own_ids():
    rows = read_general(BUILT_IN)
    ids = [row["id"] for row in rows]
    assert len(set(ids)) == len(ids) >= 30
    assert {"python", "sql", "javascript", "java", "chat"} <= {key.split("/")[0] for key in ids}
    assert len(general_hash(BUILT_IN)) == 64 and read_general("") == []


def test_general_rows_of_ones_own_that_are_not_there_are_named():
    with pytest.raises(TrainerMissingError, match=r"data\.general names a JSONL"):
        read_general("none.jsonl")


def test_the_shipped_configs_replay_nothing_that_is_not_there():
    assert not load_config("smollm2-135m").data.replay


@pytest.mark.train
def test_the_general_loss_is_that_of_plain_cross_entropy_and_leaves_the_model_as_it_was():
    torch = pytest.importorskip("torch")
    from trl.trainer.utils import add_fused_lm_head

    from tests.trainer import tiny
    from trainer.general import GeneralLoss
    from trainer.replay import row_tokens
    from trainer.tokens import apply_template

    tokenizer, model, rows = apply_template(tiny.tokenizer()), tiny.model().train(), read_general(BUILT_IN)
    losses = []
    for row in rows:
        tokens = row_tokens(tokenizer, row).cut(1024)
        with torch.no_grad():
            logits = model(torch.tensor([tokens.ids])).logits[0, :-1]
        each = torch.nn.functional.cross_entropy(logits, torch.tensor(tokens.ids[1:]), reduction="none")
        losses.append(each[torch.tensor(tokens.loss[1:])])
    add_fused_lm_head(model)
    assert GeneralLoss(tokenizer, rows)(model) == pytest.approx(torch.cat(losses).mean().item(), rel=1e-4)
    assert model.training
