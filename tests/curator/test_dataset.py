"""The dataset folder: split by cluster, stable, nothing lost in silence, readable by `datasets`."""

import dataclasses
import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from curator import chatml, schema
from curator.codes import CODES
from curator.dataset import build as dataset
from curator.dataset import files as dataset_files
from curator.dataset import formats, splits
from curator.dataset.build import Options
from curator.dataset.files import LeakError
from curator.errors import CuratorError, ExitCode, MissingError
from curator.example import parse
from curator.rows.foreign_rows import read_rows

GOOD = CODES["E101"].good


def example(number: int, body: str = "", kind: str = "completion"):
    """One of many that have nothing in common but a few words."""
    code, prose, task = (" ".join(f"{word}{number}x{n}" for n in range(30)) for word in ("word", "say", "do"))
    text = (
        GOOD.replace("PRINT writes to the terminal.", body or f"It prints. {prose}")
        .replace('print "Hello"', f'print "{number} {code}"')
        .replace("generation: all", f"generation: all\ndescription: {task}")
        .replace("type: completion", f"type: {kind}")
    )
    return parse(text, f"training-data/gui/example-{chr(97 + number % 26)}{number}.md")


ROOT = Path(__file__).parent.parent.parent
EXAMPLES = [example(n) for n in range(80)]


def read_jsonl(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text("utf-8").split("\n") if line]


def ids(made: dataset.Dataset, split: str) -> set[str]:
    return {row["id"] for row in made.rows[split]}


def test_every_example_is_in_exactly_one_split_or_removed():
    made = dataset.build(EXAMPLES, frozenset({EXAMPLES[3].path}))
    everywhere = [row["id"] for split in splits.SPLITS for row in made.rows[split]]
    assert len(everywhere) == len(set(everywhere)) == 79
    assert [(r.id, r.reason) for r in made.removed] == [(chatml.example_id(EXAMPLES[3].path), "has errors")]
    assert all(made.rows[split] for split in splits.SPLITS)


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


def test_the_review_record_has_the_last_word():
    written = parse(EXAMPLES[3].text.replace("generation: all", "generation: all\nreview: draft"), EXAMPLES[3].path)
    made = dataset.build([written, EXAMPLES[4]], states={written.path: "approved", EXAMPLES[4].path: "rejected"})
    assert [(r.id, r.reason) for r in made.removed] == [(chatml.example_id(EXAMPLES[4].path), "review: rejected")]


def test_added_examples_move_no_other():
    before = dataset.build(EXAMPLES[:50])
    after = dataset.build(EXAMPLES, ledger=before.ledger)
    for split in splits.SPLITS:
        assert ids(before, split) <= ids(after, split)
    assert {key: after.ledger[key] for key in before.ledger} == before.ledger


def test_the_same_corpus_and_ledger_give_the_same_bytes_whoever_was_there_before(tmp_path):
    first = dataset.build(EXAMPLES[:50])
    once = dataset.build(EXAMPLES, ledger=first.ledger)
    again = dataset.build(EXAMPLES, ledger=once.ledger)
    assert again == once


def test_every_type_and_generation_is_shared_out_by_itself():
    kinds = ("completion", "explanation", "comprehension")
    made = dataset.build([example(100 * place + n, kind=kind) for place, kind in enumerate(kinds) for n in range(20)])
    for kind in kinds:
        shares = {s: sum(row["type"] == kind for row in made.rows[s]) for s in splits.SPLITS}
        assert shares == {"train": 16, "validation": 2, "test": 2}


@pytest.mark.parametrize("what", ["program", "answer", "question"])
def test_what_shares_a_program_or_an_answer_or_a_question_never_stands_in_two_splits(what):
    """Each of 40 examples has a sister that shares only this with it."""

    def part(of):
        return {"program": of.bbj_blocks[0].text, "answer": of.prose("Explanation"), "question": of.meta["description"]}

    kind = "comprehension" if what == "answer" else "completion"
    first = [example(n, kind=kind) for n in range(40)]
    other = [example(n + 40, kind=kind) for n in range(40)]
    sisters = [parse(o.text.replace(part(o)[what], part(f)[what]), o.path) for f, o in zip(first, other, strict=True)]
    made = dataset.build([*first, *sisters])
    assert not made.removed, "they are no near-duplicates as a whole"
    placed = {row["id"]: (split, row["cluster"]) for split in splits.SPLITS for row in made.rows[split]}
    wrong = [f.path for f, s in zip(first, sisters, strict=True)
             if placed[chatml.example_id(f.path)] != placed[chatml.example_id(s.path)]]  # fmt: skip
    assert not wrong


def test_a_program_that_stands_in_a_longer_one_shares_its_split():
    longer = [
        parse(EXAMPLES[n + 40].text.replace('print "', EXAMPLES[n].bbj_blocks[0].text + 'print "', 1),
              EXAMPLES[n + 40].path)
        for n in range(40)
    ]  # fmt: skip
    made = dataset.build([*EXAMPLES[:40], *longer])
    split_of = {row["id"]: split for split in splits.SPLITS for row in made.rows[split]}
    for n in range(40):
        assert split_of[chatml.example_id(EXAMPLES[n].path)] == split_of[chatml.example_id(longer[n].path)]


def test_a_new_example_between_two_splits_is_left_out_and_named():
    made = dataset.build(EXAMPLES)
    a, b = (next(e for e in EXAMPLES if chatml.example_id(e.path) in ids(made, s)) for s in ("train", "test"))
    both = a.bbj_blocks[0].text + b.bbj_blocks[0].text
    bridge = parse(EXAMPLES[0].text.replace(EXAMPLES[0].bbj_blocks[0].text, both), "training-data/gui/bridge.md")
    again = dataset.build([*(e for e in EXAMPLES if e is not EXAMPLES[0]), bridge], ledger=made.ledger)
    if EXAMPLES[0] not in (a, b):
        (removed,) = again.removed
        assert removed.id == "gui/bridge" and "different splits" in removed.reason
        assert again.ledger == made.ledger


def test_two_files_with_one_id_are_not_taken_for_one():
    double = parse(EXAMPLES[1].text, f"other/{EXAMPLES[0].path}")
    made = dataset.build([EXAMPLES[0], double])
    assert [(r.id, r.reason) for r in made.removed] == [(chatml.example_id(double.path), "another file has this id")]


def test_near_duplicates_are_removed_and_listed_with_their_partner():
    text = EXAMPLES[0].text
    poorer = parse(text.replace("It prints. ", ""), "training-data/gui/copy.md")
    made = dataset.build([EXAMPLES[0], EXAMPLES[1], poorer], frozenset())
    assert [(r.id, r.partner) for r in made.removed] == [("gui/copy", chatml.example_id(EXAMPLES[0].path))]
    assert "says more" in made.removed[0].reason


def test_kept_near_duplicates_share_a_split_and_a_cluster():
    copies = [parse(EXAMPLES[n].text + "\nmore\n", f"training-data/gui/z{n}.md") for n in range(40)]
    made = dataset.build([*EXAMPLES[:40], *copies], frozenset(), options=Options(keep_duplicates=True))
    cluster = {row["id"]: (split, row["cluster"]) for split in splits.SPLITS for row in made.rows[split]}
    for n in range(40):
        assert cluster[f"gui/z{n}"] == cluster[chatml.example_id(EXAMPLES[n].path)]


def test_raw_code_of_the_test_split_is_never_trained_on():
    made = dataset.build(EXAMPLES, frozenset())
    raw = {split: {row["id"].split("#")[0] for row in made.rows[split]} for split in dataset.PRETRAIN}
    assert raw["pretrain"] == ids(made, "train")
    assert raw["pretrain-validation"] == ids(made, "validation")


def test_source_folders_are_read_deduplicated_and_tokenised_programs_named(tmp_path):
    code = "rem a program\n" + "".join(f"print {n}, total_{n}\n" for n in range(40))
    (tmp_path / "LICENSE").write_text("Licence of our own\n\nCopyright")
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
    assert rows[f"{name}/b.src"]["license"] == "Licence of our own"
    reasons = {r.id: r.reason for r in made.removed}
    assert "tokenised" in reasons[f"{name}/old.bbj"] and "near-duplicate" in reasons[f"{name}/a.bbj"]


@pytest.mark.parametrize("split", ["test", "validation"])
def test_source_that_holds_a_held_out_program_is_left_out_however_long_it_is(tmp_path, split):
    made = dataset.build(EXAMPLES)
    held_out = next(e for e in EXAMPLES if chatml.example_id(e.path) in ids(made, split))
    (tmp_path / "leak.bbj").write_text(f"{LONG}{held_out.bbj_blocks[0].text}{LONG.replace('x', 'y')}")
    again = dataset.build(EXAMPLES, sources=[tmp_path])
    (removed,) = again.removed
    assert removed.reason.startswith("shares a program with a held-out example")
    assert removed.partner == chatml.example_id(held_out.path)


LONG = "rem a long program\n" + "".join(f"x{n} = x{n + 1} * {n} + total(x{n + 7})\n" for n in range(80))


def test_source_that_repeats_the_corpus_is_left_out_and_what_only_holds_some_of_it_is_trained_on(tmp_path):
    made = dataset.build(EXAMPLES)
    trained = next(e for e in EXAMPLES if chatml.example_id(e.path) in ids(made, "train"))
    (tmp_path / "copy.bbj").write_text(trained.bbj_blocks[0].text)
    (tmp_path / "more.bbj").write_text(LONG + trained.bbj_blocks[0].text)
    again = dataset.build(EXAMPLES, sources=[tmp_path], ledger=made.ledger, options=Options(validation_share=0.5))
    (removed,) = again.removed
    assert removed.id.endswith("copy.bbj") and removed.reason.endswith("the corpus has it")
    assert f"{tmp_path.name}/more.bbj" in ids(again, "pretrain")


MIT = "Copyright (c) 2023 Somebody\n\nPermission is hereby granted, free of\ncharge, to any person\n"


def test_every_source_file_has_its_own_licence(tmp_path):
    for folder, name, licence in (
        ("a", "LICENSE", MIT),
        ("b", "License.md", "Apache License\nVersion 2.0"),
        ("c", "", ""),
    ):
        (tmp_path / folder / "deep").mkdir(parents=True)
        (tmp_path / folder / "deep" / f"{folder}.bbj").write_text(LONG.replace("x", folder))
        (tmp_path / folder / name).write_text(licence) if licence else None
    (tmp_path / "c" / "own.src").write_text("rem SPDX-License-Identifier: BSD-2-Clause\n" + LONG.replace("x", "z"))
    made = dataset.build([], sources=[tmp_path / "c", tmp_path / "a", tmp_path / "b"])
    rows = {row["id"]: row["license"] for name in dataset.PRETRAIN for row in made.rows[name]}
    assert rows == {"a/deep/a.bbj": "MIT", "b/deep/b.bbj": "Apache-2.0", "c/deep/c.bbj": "unknown",
                    "c/own.src": "BSD-2-Clause"}  # fmt: skip
    assert dataset.counts(made.rows)["pretrain"]["license"]


def test_two_folders_of_one_name_are_an_error_and_not_one_folder(tmp_path):
    for folder in ("one", "two"):
        (tmp_path / folder / "src").mkdir(parents=True)
        (tmp_path / folder / "src" / "a.bbj").write_text(LONG)
    with pytest.raises(CuratorError, match=r"src/a\.bbj"):
        dataset.build([], sources=[tmp_path / "one" / "src", tmp_path / "two" / "src"])
    assert len(dataset.build([], sources=[tmp_path, tmp_path / "one"]).removed) == 1  # the second is a copy


def test_a_source_file_that_comes_to_hold_a_training_program_is_moved_there_and_said(tmp_path):
    made = dataset.build(EXAMPLES)
    trained = next(e for e in EXAMPLES if chatml.example_id(e.path) in ids(made, "train"))
    key = f"{tmp_path.name}/a.bbj"
    (tmp_path / "a.bbj").write_text(LONG + trained.bbj_blocks[0].text)
    again = dataset.build(EXAMPLES, sources=[tmp_path], ledger={**made.ledger, key: "validation"})
    assert again.moved == {key: "validation"} and again.ledger[key] == "train"


def test_source_files_stay_where_they_are_when_others_are_added(tmp_path):
    def files(count):
        for n in range(count):
            (tmp_path / f"p{n}.bbj").write_text(LONG.replace("x", f"v{n}q"))
        return [tmp_path]

    before = dataset.build([], sources=files(20))
    after = dataset.build([], sources=files(40), ledger=before.ledger)
    assert len(ids(before, "pretrain-validation")) == 2 and len(ids(after, "pretrain-validation")) == 4
    assert ids(before, "pretrain") <= ids(after, "pretrain")


def test_the_same_corpus_gives_the_same_bytes_in_any_order(tmp_path):
    for name, examples in (("one", EXAMPLES), ("two", EXAMPLES[::-1])):
        dataset_files.write(dataset.build(examples, frozenset()), tmp_path / name)
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


def test_the_manifest_fits_its_schema_and_finds_every_change(tmp_path):
    folder = tmp_path / "out"
    written = dataset_files.write(dataset.build(EXAMPLES, frozenset()), folder)
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
    for split in splits.SPLITS:
        for row in made.rows[split]:
            assert list(schema.violations("conversation", row)) == []


@pytest.mark.parametrize(
    "files",
    [
        {"precious.txt": "x"},
        {"manifest.json": '{"name": "a web page"}', "index.html": "x"},
        {"manifest.json": '{"created_by": "curator 9", "files": {}}', ".git/HEAD": "x"},
        {"manifest.json": "[]"},
    ],
)
def test_a_folder_that_holds_something_else_is_not_replaced(tmp_path, files):
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(CuratorError, match="not made by this command"):
        dataset_files.write(dataset.build(EXAMPLES[:3]), tmp_path)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_file_in_the_place_of_the_folder_is_not_replaced(tmp_path):
    (tmp_path / "out").write_text("x")
    with pytest.raises(CuratorError, match="is a file"):
        dataset_files.write(dataset.build(EXAMPLES[:3]), tmp_path / "out")
    assert (tmp_path / "out").read_text() == "x"


def test_a_dataset_is_replaced_whole_whatever_a_file_manager_left_in_it(tmp_path):
    folder = tmp_path / "out"
    dataset_files.write(dataset.build(EXAMPLES[:20], options=Options(also=("alpaca",))), folder)
    (folder / "alpaca" / ".DS_Store").write_text("x")
    dataset_files.write(dataset.build(EXAMPLES[:20]), folder)
    assert not (folder / "alpaca").exists()
    assert list(tmp_path.iterdir()) == [folder]


@pytest.mark.parametrize("held_out", ["test", "validation", "pretrain-validation"])
def test_the_audit_at_the_end_reads_what_was_written_and_fails_loudly(tmp_path, held_out):
    made = dataset.build(EXAMPLES)
    dataset_files.write(made, tmp_path / "out")
    before = {path: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    train = made.rows["train"][0]
    text = train["messages"][2]["content"].split("```")[1].removeprefix("bbj\n")
    leak = {**made.rows["pretrain"][0], "id": "x", "text": text} if "pre" in held_out else {**train, "id": "x"}
    leaky = dataclasses.replace(made, rows={**made.rows, held_out: [*made.rows[held_out], leak]})
    with pytest.raises(LeakError, match=rf"{held_out}:x") as caught:
        dataset_files.write(leaky, tmp_path / "out")
    assert caught.value.exit_code == ExitCode.FINDINGS
    assert f"train:{train['id']}" in str(caught.value)
    assert {path: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_stop_while_writing_leaves_the_old_folder_and_nothing_else(tmp_path):
    dataset_files.write(dataset.build(EXAMPLES[:20]), tmp_path / "out")
    before = (tmp_path / "out" / "manifest.json").read_bytes()

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        dataset_files.write(dataset.build(EXAMPLES), tmp_path / "out", progress=stop)
    assert (tmp_path / "out" / "manifest.json").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limits of a process")
def test_a_full_disk_is_said_and_leaves_the_old_folder(tmp_path):
    """The system refuses to let a file grow beyond 20 kB, as it does when there is no room."""
    dataset_files.write(dataset.build(EXAMPLES[:5]), tmp_path / "out")
    before = (tmp_path / "out" / "manifest.json").read_bytes()
    script = (
        "import resource, sys\nfrom pathlib import Path\nfrom curator.errors import CuratorError\n"
        "from curator.dataset import files as dataset_files\nfrom tests.curator.test_dataset import EXAMPLES, dataset\n"
        "made = dataset.build(EXAMPLES)\nresource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))\n"
        "try: dataset_files.write(made, Path(sys.argv[1]))\n"
        "except CuratorError as error: print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "out")], capture_output=True, text=True, cwd=ROOT
    )
    assert "cannot be written: File too large; the old folder is untouched" in done.stdout, done.stderr
    assert (tmp_path / "out" / "manifest.json").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_folder_without_a_manifest_is_an_error(tmp_path):
    with pytest.raises(MissingError, match="curator convert"):
        dataset.read_manifest(tmp_path)
    (tmp_path / "manifest.json").write_text("{")
    with pytest.raises(CuratorError, match="not JSON"):
        dataset.read_manifest(tmp_path)


@pytest.mark.train
def test_the_datasets_library_reads_the_folder_in_every_form(tmp_path):
    datasets = pytest.importorskip("datasets")
    folder = tmp_path / "out"
    made = dataset.build(EXAMPLES, options=Options(also=("alpaca", "sharegpt")))
    dataset_files.write(made, folder)

    def read(*name: str):
        return datasets.load_dataset(str(folder), *name, cache_dir=str(tmp_path / "cache"))

    sizes = {split: len(made.rows[split]) for split in splits.SPLITS}
    for name, key in (((), "messages"), (("alpaca",), "instruction"), (("sharegpt",), "conversations")):
        loaded = read(*name)
        assert {split: len(loaded[split]) for split in loaded} == sizes
        assert loaded["train"][0][key]
    assert read()["train"][0]["messages"][0]["role"] == "system"
    assert len(read("pretrain")["train"]) == len(made.rows["pretrain"])


def test_the_other_forms_say_the_same(tmp_path):
    made = dataset.build(EXAMPLES, options=Options(also=("alpaca", "sharegpt")))
    manifest = dataset_files.write(made, tmp_path / "out")
    wanted = [[(m["role"], m["content"]) for m in row["messages"]] for row in made.rows["train"]]
    for form in ("alpaca", "sharegpt"):
        rows = list(read_rows(tmp_path / "out" / form / "train.jsonl"))
        assert [row.form for row in rows] == [form] * len(wanted)
        assert [[(m.role, m.content) for m in row.messages] for row in rows] == wanted
        assert manifest["files"][f"{form}/train.jsonl"]["rows"] == len(wanted)
    assert dataset.verify(tmp_path / "out") == []


def test_earlier_turns_stand_in_the_history_of_alpaca():
    turns = [("system", "s"), ("user", "a"), ("assistant", "b"), ("user", "c"), ("assistant", "d")]
    row = {"id": "x", "messages": [{"role": role, "content": text} for role, text in turns]}
    assert formats.alpaca(row) == {"instruction": "c", "input": "", "output": "d", "system": "s",
                                   "history": [["a", "b"]], "id": "x"}  # fmt: skip


def test_strange_texts_are_rows_like_others(tmp_path):
    """Beyond ASCII, of one token, with the line ends of Unicode, and of ten megabytes."""
    texts = ["Grüße, 東京 and \U0001f600.", "One.", "a\u2028b\u2029c\x85d\x0ce.", "The next record is read. " * 400_000]
    strange = [parse(EXAMPLES[n].text.replace(EXAMPLES[n].prose("Explanation"), t), EXAMPLES[n].path)
               for n, t in enumerate(texts)]  # fmt: skip
    made = dataset.build(strange)
    dataset_files.write(made, tmp_path / "out")
    lines = (tmp_path / "out" / "train.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line)["messages"] for line in lines] == [row["messages"] for row in made.rows["train"]]
    said = "".join(row["messages"][2]["content"] for split in splits.SPLITS for row in made.rows[split])
    assert all(text.strip() in said for text in texts)
    dataset_files.write(dataset.build([]), tmp_path / "out")


def test_the_number_of_workers_changes_no_byte(tmp_path):
    for jobs in (1, 3):
        made = dataset.build(EXAMPLES, jobs=jobs)
        dataset_files.write(made, tmp_path / str(jobs), jobs=jobs)
    for path in (tmp_path / "1").iterdir():
        assert path.read_bytes() == (tmp_path / "3" / path.name).read_bytes()


def test_every_row_names_its_licence_and_the_manifest_counts_them_by_source():
    own = parse(EXAMPLES[0].text.replace("generation: all", "generation: all\nlicense: BSD-2-Clause\nsource: a book"),
                EXAMPLES[0].path)  # fmt: skip
    made = dataset.build([own, EXAMPLES[1], EXAMPLES[2]])
    assert dataset.sources(made.rows) == [
        {"source": "a book", "license": "BSD-2-Clause", "conversations": 1, "programs": 1},
        {"source": "corpus", "license": "MIT", "conversations": 2, "programs": 2},
    ]


def test_paths_may_be_absolute_or_relative():
    absolute = [parse(e.text, Path("/x", e.path).as_posix()) for e in EXAMPLES]
    assert dataset.build(absolute, frozenset()).rows == dataset.build(EXAMPLES, frozenset()).rows
