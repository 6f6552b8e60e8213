"""`curator similar`: drafts against the corpus, from files and from standard input."""

import io
import json
import sys
from pathlib import Path

import pytest

from curator.cli import cli, run

ORIGINAL = (Path(__file__).parents[2] / "training-data" / "strings" / "compare-typed-codes.md").read_text("utf-8")


@pytest.fixture
def root(tmp_path, monkeypatch) -> Path:
    """A corpus with one example, the current folder beside it, and an empty cache."""
    monkeypatch.setenv("BBJ_CURATOR_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "training-data"
    (folder / "strings").mkdir(parents=True)
    (folder / "strings" / "original.md").write_text(ORIGINAL, "utf-8")
    monkeypatch.chdir(tmp_path)
    return folder


def similar(capsys, *words: str) -> tuple[int, str, str]:
    code = run(cli, "curator", ["similar", *words])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_an_example_is_not_a_near_duplicate_of_itself_however_its_path_is_written(root, capsys, monkeypatch):
    path = "training-data/strings/original.md"
    assert similar(capsys, path)[0] == 0
    assert similar(capsys, str(root / "strings" / "original.md"))[0] == 0
    monkeypatch.chdir(root / "strings")
    assert similar(capsys, "original.md")[0] == 0


def test_a_copy_outside_the_corpus_is_named_with_both_numbers_and_what_is_shared(root, capsys, tmp_path):
    (tmp_path / "draft.md").write_text(ORIGINAL.replace("same warehouse", "equal"), "utf-8")
    code, said, summary = similar(capsys, "draft.md")
    assert code == 1
    assert "draft.md:" in said and "near-duplicate of training-data/strings/original.md (Jaccard 0." in said
    assert 'both say: "' in said
    assert "1 draft, 1 example, 1 near-duplicate at Jaccard 0.7" in summary


def test_the_code_alone_is_seen_by_containment_on_standard_input(root, capsys, monkeypatch):
    code_only = ORIGINAL.split("```bbj\n")[1].split("```")[0]
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(code_only.encode())))
    code, said, _ = similar(capsys, "--format", "json", "-")
    ((found,),) = (draft["similar"] for draft in json.loads(said)["drafts"])
    assert code == 0 and found["containment"] == 1.0 and not found["near_duplicate"]
    assert found["passage"].startswith("rem ") and found["path"] == "training-data/strings/original.md"


def test_the_threshold_decides_what_a_finding_is(root, capsys, tmp_path):
    (tmp_path / "draft.bbj").write_text(ORIGINAL.split("```bbj\n")[1].split("```")[0], "utf-8")
    assert similar(capsys, "draft.bbj")[0] == 0
    assert similar(capsys, "draft.bbj", "--threshold", "0.2")[0] == 1


def test_a_wanted_variant_is_shown_and_is_no_finding(root, capsys):
    variant = ORIGINAL.replace("type:", "variant_of: strings/original\nvariant_note: why\ntype:", 1)
    (root / "strings" / "variant.md").write_text(variant, "utf-8")
    for name in ("variant.md", "original.md"):
        code, said, _ = similar(capsys, f"training-data/strings/{name}")
        assert code == 0 and "wanted variant of" in said
    assert similar(capsys, "--quiet", "training-data/strings/variant.md") == (0, "", "")


def test_a_saved_and_a_deleted_example_are_seen_by_the_next_command(root, capsys, tmp_path):
    (tmp_path / "draft.md").write_text(ORIGINAL, "utf-8")
    assert similar(capsys, "draft.md", "--index", "index")[0] == 1
    (root / "strings" / "original.md").unlink()
    (root / "strings" / "other.md").write_text(ORIGINAL.replace("warehouse", "shop"), "utf-8")
    _, said, _ = similar(capsys, "draft.md", "--index", "index", "--threshold", "0.2")
    assert "other.md" in said and "original.md" not in said
    assert not (tmp_path / "cache").exists()


def test_a_file_that_is_not_there_and_one_that_is_not_text_are_said_to_be(root, capsys, tmp_path):
    assert similar(capsys, "nothing.md")[0] == 3
    (tmp_path / "bad.md").write_bytes(b"\xff\xfe")
    code, _, said = similar(capsys, "bad.md")
    assert code == 2 and "not UTF-8; save the file as UTF-8" in said


def test_a_shared_passage_cannot_send_escapes_to_the_terminal(root, capsys, tmp_path):
    for path in (root / "strings" / "evil.md", tmp_path / "draft.md"):
        path.write_text(ORIGINAL.replace("first$=", "first$\x1b[2J="), "utf-8")
    _, said, _ = similar(capsys, "draft.md")
    assert "\x1b" not in said and "\\x1b[2J" in said
