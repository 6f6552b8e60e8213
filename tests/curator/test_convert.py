"""`curator convert` as its user types it, and the ledger of the shipped corpus."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from curator import corpus as corpus_files
from curator.cli import cli, run
from curator.dataset import build as dataset
from curator.dataset import splits
from curator.labels import GENERATIONS, TYPES
from tests.curator.test_dataset import EXAMPLES, LONG, ROOT, read_jsonl

CONVERT = ("convert", "--compiler", "builtin", "--out", "out")


@pytest.fixture
def corpus(tmp_path, monkeypatch):
    """The working folder has a corpus of 24 examples in two topics."""
    root = tmp_path / "training-data"
    for n, e in enumerate(EXAMPLES[:24]):
        path = root / ("gui", "strings")[n % 2] / Path(e.path).name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(e.text)
    monkeypatch.chdir(tmp_path)
    return root


def test_neither_the_order_on_the_command_line_nor_the_workers_change_a_byte(corpus):
    for name in "ab":
        Path(name).mkdir()
        Path(name, "p.bbj").write_text(LONG.replace("x", name))
        Path(f"{name}.jsonl").write_text(json.dumps({"messages": [
            {"role": "user", "content": f"How is {name} printed in BBj, and why?"},
            {"role": "assistant", "content": f"So:\n\n```bbj\nrem Print {name}\nprint \"{name}\"\nend\n```"},
        ]}))  # fmt: skip
    files = sorted(map(str, corpus.rglob("*.md")))
    given = [("--source", "a"), ("--source", "b"), ("--merge", "a.jsonl"), ("--merge", "b.jsonl"),
             ("--also", "alpaca"), ("--also", "sharegpt")]  # fmt: skip
    words = [word for pair in given for word in pair]
    backwards = [word for pair in given[::-1] for word in pair]
    assert run(cli, "curator", [*CONVERT[:-1], "one", *files, *words, "--jobs", "1"]) == 0
    assert run(cli, "curator", [*CONVERT[:-1], "two", *files[::-1], *backwards, "--jobs", "3"]) == 0
    assert len(read_jsonl(Path("one/splits.jsonl"))) == 28
    for path in (path for path in Path("one").rglob("*") if path.is_file()):
        assert path.read_bytes() == (Path("two") / path.relative_to("one")).read_bytes(), path


def test_the_ledger_of_a_corpus_takes_what_is_new_and_knows_only_examples(corpus, capsys):
    added = corpus / "gui" / "added.md"
    ledger = corpus / splits.CORPUS_LEDGER
    assert run(cli, "curator", [*CONVERT, "--splits", str(ledger)]) == 0
    before = splits.read_ledger(ledger)
    assert len(before) == 24
    added.write_text(EXAMPLES[30].text)
    Path("private").mkdir()
    Path("private/secret.bbj").write_text(LONG)
    capsys.readouterr()
    assert run(cli, "curator", [*CONVERT, "--source", "private"]) == 0
    assert "training-data/.splits.jsonl: 1 placed anew; commit it" in capsys.readouterr().err
    after = splits.read_ledger(ledger)
    assert after.keys() - before.keys() == {"gui/added"} and after.items() >= before.items()
    assert "private/secret.bbj" in splits.read_ledger(Path("out/splits.jsonl"))
    assert run(cli, "curator", [*CONVERT[:-1], "other"]) == 0
    assert "placed anew" not in capsys.readouterr().err


def test_a_corpus_without_a_ledger_gets_none_unasked_and_the_one_of_the_folder_counts(corpus):
    assert run(cli, "curator", CONVERT) == 0
    first = Path("out/splits.jsonl").read_bytes()
    assert not (corpus / splits.CORPUS_LEDGER).exists()
    (corpus / "gui" / "added.md").write_text(EXAMPLES[30].text)
    assert run(cli, "curator", CONVERT) == 0
    assert set(first.splitlines()) < set(Path("out/splits.jsonl").read_bytes().splitlines())


def test_examples_outside_of_a_corpus_leave_the_ledger_of_a_corpus_beside_them_alone(corpus):
    (corpus / splits.CORPUS_LEDGER).write_text("")
    other = corpus.parent / "drafts" / "gui"
    other.mkdir(parents=True)
    (other / "mine.md").write_text(EXAMPLES[40].text)
    assert run(cli, "curator", [*CONVERT, "drafts"]) == 0
    assert (corpus / splits.CORPUS_LEDGER).read_text() == ""


def test_a_ledger_that_puts_near_duplicates_on_two_sides_is_mended_towards_training_and_said(corpus, capsys):
    twin = corpus / "gui" / "twin.md"
    twin.write_text((corpus / "gui" / "example-a0.md").read_text())
    (corpus / splits.CORPUS_LEDGER).write_text(
        '{"id": "gui/example-a0", "split": "train"}\n{"id": "gui/twin", "split": "test"}\n'
    )
    assert run(cli, "curator", [*CONVERT, "--keep-duplicates"]) == 1
    assert "moved: gui/twin from test to train" in capsys.readouterr().err
    assert splits.read_ledger(corpus / splits.CORPUS_LEDGER)["gui/twin"] == "train"
    assert run(cli, "curator", [*CONVERT, "--keep-duplicates"]) == 0


def test_files_that_cannot_be_read_are_listed_as_left_out(corpus, capsys):
    (corpus / "gui" / "old.md").write_bytes(b"\xff\xfe")
    assert run(cli, "curator", CONVERT) == 1
    assert "left out: gui/old: cannot be read" in capsys.readouterr().err
    (removed,) = read_jsonl(Path("out/removed.jsonl"))
    assert removed == {"id": "gui/old", "reason": "cannot be read", "partner": ""}


def test_the_ledger_of_the_shipped_corpus_is_complete_and_converting_it_changes_nothing(tmp_path, capsys):
    """If this fails after you added an example: run `curator convert --out dataset`, and commit the ledger."""
    root, out = tmp_path / corpus_files.FOLDER, tmp_path / "out"
    shutil.copytree(ROOT / corpus_files.FOLDER, root)
    before = (root / splits.CORPUS_LEDGER).read_bytes()
    assert run(cli, "curator", ["convert", str(root), "--compiler", "builtin", "--out", str(out)]) == 0
    assert (root / splits.CORPUS_LEDGER).read_bytes() == before
    said = capsys.readouterr().err
    assert "moved" not in said and "left out" not in said
    placed = {row["id"]: split for split in splits.SPLITS for row in read_jsonl(out / f"{split}.jsonl")}
    assert placed.items() <= splits.read_ledger(root / splits.CORPUS_LEDGER).items()


def test_the_shipped_split_is_near_to_its_shares_and_holds_out_every_type_and_generation(tmp_path):
    root = ROOT / corpus_files.FOLDER
    examples, _ = corpus_files.load(corpus_files.example_paths([root]))
    made = dataset.build(examples, ledger=splits.read_ledger(root / splits.CORPUS_LEDGER))
    assert max(group.off for group in made.balance) < 2
    for split in splits.SPLITS:
        assert {row["type"] for row in made.rows[split]} == set(TYPES)
        assert {word for row in made.rows[split] for word in row["generation"]} == set(GENERATIONS)


def test_the_commit_is_recorded_only_if_nothing_in_the_whole_corpus_is_uncommitted(corpus, capsys):
    def git(*words: str) -> str:
        own = ["-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "commit.gpgsign=false"]
        return subprocess.run(["git", *own, *words], check=True, capture_output=True, text=True).stdout.strip()

    def recorded() -> object:
        assert run(cli, "curator", CONVERT) == 0
        return dataset.read_manifest(Path("out"))["corpus_commit"]

    assert recorded() is None
    git("init", "-q")
    git("add", "training-data")
    git("commit", "-q", "-m", "x")
    assert recorded() == git("rev-parse", "HEAD")
    last = sorted((corpus / "strings").iterdir())[-1]
    last.write_text(last.read_text() + "\nMore.\n")
    assert recorded() is None, "the first topic is as it was"
