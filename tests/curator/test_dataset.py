"""The dataset folder: split by cluster, stable, nothing lost in silence, readable by `datasets`."""

import hashlib
import json
from pathlib import Path

import pytest

from curator import chatml, dataset, schema
from curator.codes import CODES
from curator.dataset import Options
from curator.errors import CuratorError, MissingError
from curator.example import parse

GOOD = CODES["E101"].good


def example(number: int, body: str = ""):
    words = " ".join(f"word{number}x{n}" for n in range(30))
    text = GOOD.replace("PRINT writes to the terminal.", body or f"It prints. {words}").replace(
        'print "Hello"', f'print "{number} {words}"'
    )
    return parse(text, f"training-data/gui/example-{chr(97 + number % 26)}{number}.md")


EXAMPLES = [example(n) for n in range(80)]


def ids(made: dataset.Dataset, split: str) -> set[str]:
    return {row["id"] for row in made.rows[split]}


def test_every_example_is_in_exactly_one_split_or_removed():
    made = dataset.build(EXAMPLES, frozenset({EXAMPLES[3].path}))
    everywhere = [row["id"] for split in dataset.SPLITS for row in made.rows[split]]
    assert len(everywhere) == len(set(everywhere)) == 79
    assert [(r.id, r.reason) for r in made.removed] == [(chatml.example_id(EXAMPLES[3].path), "has errors")]
    assert all(made.rows[split] for split in dataset.SPLITS)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("generation: all", "generation: all\nreview: draft", "review: draft"),
        ("generation: all", "generation: all\nreview: rejected", "review: rejected"),
        ("It prints.", "TODO: write this.", "has a TODO: that is still to be written"),
    ],
)
def test_what_is_not_finished_is_left_out_with_the_reason(old, new, reason):
    unfinished = parse(EXAMPLES[3].text.replace(old, new), EXAMPLES[3].path)
    made = dataset.build([*EXAMPLES[:3], unfinished], frozenset())
    assert [(r.id, r.reason) for r in made.removed] == [(chatml.example_id(EXAMPLES[3].path), reason)]


def test_added_examples_move_no_other():
    before = dataset.build(EXAMPLES[:50], frozenset())
    after = dataset.build(EXAMPLES, frozenset())
    for split in dataset.SPLITS:
        assert ids(before, split) <= ids(after, split)


def test_near_duplicates_are_removed_and_listed_with_their_partner():
    text = EXAMPLES[0].text
    poorer = parse(text.replace("It prints. ", ""), "training-data/gui/copy.md")
    made = dataset.build([EXAMPLES[0], EXAMPLES[1], poorer], frozenset())
    assert [(r.id, r.partner) for r in made.removed] == [("gui/copy", chatml.example_id(EXAMPLES[0].path))]
    assert "richer explanation" in made.removed[0].reason


def test_kept_near_duplicates_share_a_split_and_a_cluster():
    copies = [parse(EXAMPLES[n].text + "\nmore\n", f"training-data/gui/z{n}.md") for n in range(40)]
    made = dataset.build([*EXAMPLES[:40], *copies], frozenset(), options=Options(keep_duplicates=True))
    cluster = {row["id"]: (split, row["cluster"]) for split in dataset.SPLITS for row in made.rows[split]}
    for n in range(40):
        assert cluster[f"gui/z{n}"] == cluster[chatml.example_id(EXAMPLES[n].path)]
    assert made.leaks == []


def test_raw_code_of_the_test_split_is_never_trained_on():
    made = dataset.build(EXAMPLES, frozenset())
    raw = {split: {row["id"].split("#")[0] for row in made.rows[split]} for split in dataset.PRETRAIN}
    assert raw["pretrain"] == ids(made, "train")
    assert raw["pretrain-validation"] == ids(made, "validation")


def test_source_folders_are_read_deduplicated_and_tokenised_programs_named(tmp_path):
    code = "rem a program\n" + "".join(f"print {n}, total_{n}\n" for n in range(40))
    (tmp_path / "LICENSE").write_text("MIT License\n\nCopyright")
    (tmp_path / "a.bbj").write_text(code)
    (tmp_path / "b.src").write_text(code + "rem one more line here\n")
    (tmp_path / "latin.bbj").write_bytes(b"rem Gr\xfc\xdfe\r\nprint 1\r\n")
    (tmp_path / "old.bbj").write_bytes(b"<<bbj>>\0\1\2")
    (tmp_path / "notes.txt").write_text("no code")
    made = dataset.build(EXAMPLES, frozenset(), [tmp_path])
    name = tmp_path.name
    rows = {row["id"]: row for split in dataset.PRETRAIN for row in made.rows[split] if "#" not in row["id"]}
    assert set(rows) == {f"{name}/b.src", f"{name}/latin.bbj"}
    assert rows[f"{name}/latin.bbj"]["text"] == "rem Grüße\nprint 1\n"
    assert rows[f"{name}/b.src"]["license"] == "MIT License"
    reasons = {r.id: r.reason for r in made.removed}
    assert "tokenised" in reasons[f"{name}/old.bbj"] and "near-duplicate" in reasons[f"{name}/a.bbj"]


def test_source_that_holds_a_held_out_example_is_left_out(tmp_path):
    made = dataset.build(EXAMPLES, frozenset())
    held_out = next(e for e in EXAMPLES if chatml.example_id(e.path) in ids(made, "test"))
    words = "\n".join([held_out.title, held_out.bbj_blocks[0].text, held_out.prose("Explanation")])
    (tmp_path / "leak.bbj").write_text("rem " + words)
    again = dataset.build(EXAMPLES, frozenset(), [tmp_path])
    (removed,) = again.removed
    assert removed.reason == "holds a held-out example"
    assert removed.partner == chatml.example_id(held_out.path)


def test_the_same_corpus_gives_the_same_bytes_in_any_order(tmp_path):
    for name, examples in (("one", EXAMPLES), ("two", EXAMPLES[::-1])):
        dataset.write(dataset.build(examples, frozenset()), tmp_path / name)
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


def test_the_manifest_fits_its_schema_and_finds_every_change(tmp_path):
    folder = tmp_path / "out"
    written = dataset.write(dataset.build(EXAMPLES, frozenset()), folder)
    assert list(schema.violations("dataset", written)) == []
    assert dataset.read_manifest(folder) == json.loads(json.dumps(written))
    assert dataset.verify(folder) == []
    rows = (folder / "train.jsonl").read_bytes()
    assert written["files"]["train.jsonl"]["sha256"] == hashlib.sha256(rows).hexdigest()
    (folder / "train.jsonl").write_bytes(rows[:-5])
    (folder / "test.jsonl").unlink()
    assert dataset.verify(folder) == ["train.jsonl was changed after it was made", "test.jsonl is missing"]


def test_every_row_fits_the_schema():
    made = dataset.build(EXAMPLES, frozenset())
    for split in dataset.SPLITS:
        for row in made.rows[split]:
            assert list(schema.violations("conversation", row)) == []


def test_a_folder_of_something_else_is_not_replaced(tmp_path):
    (tmp_path / "precious.txt").write_text("x")
    with pytest.raises(CuratorError, match="not a dataset folder"):
        dataset.write(dataset.build(EXAMPLES, frozenset()), tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["precious.txt"]


def test_a_dataset_is_replaced_whole(tmp_path):
    folder = tmp_path / "out"
    dataset.write(dataset.build(EXAMPLES, frozenset()), folder)
    (folder / "stale.jsonl").write_text("x")
    dataset.write(dataset.build(EXAMPLES[:60], frozenset()), folder)
    assert not (folder / "stale.jsonl").exists()
    assert list(tmp_path.iterdir()) == [folder]


def test_leaks_are_an_error(tmp_path):
    made = dataset.build(EXAMPLES, frozenset())
    leaky = dataset.Dataset(made.rows, made.removed, [dataset.dedupe.Pair("a", "b", 0.9)], made.counts)
    with pytest.raises(CuratorError, match=r"a ~ b \(0.90\)"):
        dataset.write(leaky, tmp_path / "out")


def test_a_folder_without_a_manifest_is_an_error(tmp_path):
    with pytest.raises(MissingError, match="curator convert"):
        dataset.read_manifest(tmp_path)
    (tmp_path / "manifest.json").write_text("{")
    with pytest.raises(CuratorError, match="not JSON"):
        dataset.read_manifest(tmp_path)


@pytest.mark.train
def test_the_datasets_library_reads_the_folder(tmp_path):
    datasets = pytest.importorskip("datasets")
    folder = tmp_path / "out"
    made = dataset.build(EXAMPLES, frozenset())
    dataset.write(made, folder)
    cache = str(tmp_path / "cache")
    read = datasets.load_dataset(str(folder), cache_dir=cache)
    assert {split: len(read[split]) for split in read} == {s: len(made.rows[s]) for s in dataset.SPLITS}
    assert read["train"][0]["messages"][0]["role"] == "system"
    raw = datasets.load_dataset(str(folder), "pretrain", cache_dir=cache)
    assert len(raw["train"]) == len(made.rows["pretrain"])


def test_the_commit_of_the_corpus_is_recorded_only_if_nothing_is_uncommitted(tmp_path):
    assert dataset.write(dataset.build(EXAMPLES, frozenset()), tmp_path / "o", corpus=tmp_path)["corpus_commit"] is None


def test_paths_may_be_absolute_or_relative():
    absolute = [parse(e.text, Path("/x", e.path).as_posix()) for e in EXAMPLES]
    assert dataset.build(absolute, frozenset()).rows == dataset.build(EXAMPLES, frozenset()).rows
