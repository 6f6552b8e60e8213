"""`curator convert --merge`: foreign rows become ours, or are left out with a reason."""

import json
from collections import Counter

import pytest

from curator import chatml, schema
from curator.cli import cli, run
from curator.dataset import build as dataset
from curator.dataset import files as dataset_files
from curator.dataset import merge, splits
from curator.errors import CuratorError
from curator.labels import GENERATION_NAMES
from curator.rows.row_checks import Options
from tests.curator.planted_rows import Maker, planted, row
from tests.curator.test_dataset import EXAMPLES, GOOD

BUILTIN = Options("builtin")
PROGRAM = 'rem Print a total\ntotal = 3\nprint "Total:", total\nend'
QUESTION = "Write a BBj program that prints the total of all orders."


def read(tmp_path, *lines, name="others.v1.jsonl", source=""):
    path = tmp_path / name
    path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return merge.read([path], source, BUILTIN)


def answer(code=PROGRAM):
    return f"It adds up.\n\n```bbj\n{code}\n```"


def test_a_good_row_becomes_a_conversation_with_labels_our_system_message_and_the_generation_in_the_question(tmp_path):
    (made,) = read(tmp_path, row(QUESTION, answer())).conversations
    assert list(schema.violations("conversation", {**made.as_row(), "cluster": "x"})) == []
    assert (made.source, made.type, made.generation, made.topic) == ("others", "completion", ("all",), "control-flow")
    assert made.messages[0].content == chatml.SYSTEM
    assert made.messages[1].content == f"{QUESTION}\n\nGeneration: {GENERATION_NAMES['all']}."
    assert made.messages[2].content == answer()
    assert made.id.startswith("others/")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "E911"),
        (row(QUESTION, "Sure."), "E914"),
        (row(QUESTION, answer("print (")), "E919"),
        (row(QUESTION, answer() + "\n\nAsk anna.berg@firma.de."), "W928"),
        (row(f"Find the mistake.\n\n```bbj\n{PROGRAM}\n```", answer('rem Other\nprint "x"')), "code in the question"),
    ],
)
def test_what_is_unfit_is_left_out_with_its_reason(tmp_path, line, reason):
    made = read(tmp_path, line)
    assert not made.conversations
    ((where, why),) = made.left_out
    assert where == "others.v1.jsonl:1" and why.startswith(reason)


def test_the_licence_of_merged_rows_is_their_own_or_the_one_given_for_their_source_or_unknown(tmp_path):
    maker = Maker(8)
    lines = [row(maker.question(), maker.answer()) for _ in range(4)]
    lines[0] = json.dumps({**json.loads(lines[0]), "license": "CC-BY-4.0"})
    paths = [tmp_path / "a.jsonl", tmp_path / "b.jsonl"]
    for path, of_file in zip(paths, (lines[:2], lines[2:]), strict=True):
        path.write_text("\n".join(of_file))

    def licences(given):
        return Counter((c.source, c.license) for c in merge.read(paths, "", BUILTIN, licenses=given).conversations)

    assert licences({"b": "MIT"}) == {("a", "CC-BY-4.0"): 1, ("a", "unknown"): 1, ("b", "MIT"): 2}
    assert licences({"": "0BSD", "b": "MIT"}) == {("a", "CC-BY-4.0"): 1, ("a", "0BSD"): 1, ("b", "MIT"): 2}
    with pytest.raises(CuratorError, match=r'licence for "c".*the sources are: a, b'):
        licences({"c": "MIT"})


def test_the_card_names_the_licence_of_each_source_and_what_is_unknown(tmp_path):
    merged = read(tmp_path, row(QUESTION, answer()), source="a|b")
    dataset_files.write(dataset.build(EXAMPLES[:5], merged=merged), tmp_path / "out")
    card = (tmp_path / "out" / "README.md").read_text()
    assert "| a\\|b | unknown | 1 | 0 |" in card and "| corpus | MIT | 5 |" in card
    assert "The licence of what comes from a\\|b is not known" in card
    assert "license: other" in card
    known = merge.read([tmp_path / "others.v1.jsonl"], "x", BUILTIN, licenses={"x": "MIT"})
    dataset_files.write(dataset.build(EXAMPLES[:5], merged=known), tmp_path / "out")
    card = (tmp_path / "out" / "README.md").read_text()
    assert "not known" not in card and "license: mit" in card


def test_mended_rows_are_merged_mended(tmp_path):
    (made,) = read(tmp_path, row(QUESTION, answer().replace("\n", "\\n"))).conversations
    assert made.messages[2].content == answer()


def test_neither_the_order_of_rows_nor_that_of_files_matters(tmp_path):
    maker = Maker(3)
    lines = [row(maker.question(), maker.answer()) for _ in range(12)]
    (tmp_path / "a.jsonl").write_text("\n".join(lines[:8]))
    (tmp_path / "b.jsonl").write_text("\n".join(lines[4:][::-1]))
    paths = [tmp_path / "a.jsonl", tmp_path / "b.jsonl"]
    once, again = merge.read(paths, "x", BUILTIN), merge.read(paths[::-1], "x", BUILTIN)
    assert once == again
    assert len(once.conversations) == 12
    assert Counter(why for _, why in once.left_out) == {"the same row stands in another file": 4}


def test_the_corpus_is_kept_before_what_is_merged_and_both_are_split_by_cluster(tmp_path):
    ours = EXAMPLES[0].bbj_blocks[0].text
    maker = Maker(5)
    copies = [row(EXAMPLES[0].meta["description"], f"```bbj\n{ours}```\n\n{EXAMPLES[0].prose('Explanation')}")]
    others = [row(maker.question(), answer(e.bbj_blocks[0].text.rstrip())) for e in EXAMPLES[1:41]]
    merged = read(tmp_path, *copies, *others, source="bbjllm")
    made = dataset.build(EXAMPLES, merged=merged)
    (removed,) = made.removed
    assert removed.id.startswith("bbjllm/") and removed.reason.endswith("the corpus has it")
    assert removed.partner == chatml.example_id(EXAMPLES[0].path)
    clusters = {}
    for split in splits.SPLITS:
        for line in made.rows[split]:
            assert clusters.setdefault(line["cluster"], split) == split
    assert len(clusters) == 80, "each of the forty shares the cluster of the example with its program"
    assert {of["source"] for of in dataset.sources(made.rows)} == {"bbjllm", "corpus"}


def test_each_source_is_shared_out_by_itself(tmp_path):
    maker = Maker(6)
    merged = read(tmp_path, *(row(maker.question(), maker.answer()) for _ in range(30)), source="bbjllm")
    made = dataset.build(EXAMPLES[:40], merged=merged)
    assert not made.removed
    for source, wanted in (("corpus", (32, 4, 4)), ("bbjllm", (24, 3, 3))):
        assert tuple(sum(r["source"] == source for r in made.rows[s]) for s in splits.SPLITS) == wanted
    assert not any("bbjllm" in r["id"] for name in dataset.PRETRAIN for r in made.rows[name])


def test_a_file_with_known_defects_leaves_none_in_the_dataset(tmp_path):
    bad = planted(rows=300, groups=15, grouped_rows=32, literal=6, fragments=5, seed=9)
    merged = merge.read([bad.write(tmp_path / "rows.jsonl")], "", BUILTIN)
    left_out = {where.split(":")[1] for where, _ in merged.left_out}
    unfit = {str(line) for code in ("E914", "E920", "W921", "W922") for line in bad.expected[code]}
    assert left_out == unfit
    assert len(merged.conversations) == 300 - len(unfit)


def test_the_command_merges_keeps_a_ledger_and_moves_nothing_the_next_time(tmp_path, capsys):
    root, out, ledger = tmp_path / "training-data", tmp_path / "out", tmp_path / "splits.jsonl"
    (root / "strings").mkdir(parents=True)
    (root / "strings" / "hello.md").write_text(GOOD)
    maker = Maker(7)
    lines = [row(maker.question(), maker.answer()) for _ in range(24)]
    rows = tmp_path / "rows.jsonl"
    rows.write_text("\n".join([*lines[:12], "{"]))
    command = ["convert", str(root), "--out", str(out), "--merge", str(rows), "--merge-source", "Others",
               "--merge-license", "Others=CC0-1.0",
               "--splits", str(ledger), "--compiler", "builtin", "--jobs", "2"]  # fmt: skip
    assert run(cli, "curator", command) == 0
    assert "left out: rows.jsonl:13: E911" in capsys.readouterr().err
    before = splits.read_ledger(ledger)
    assert len(before) == 13 and ledger.read_bytes() == (out / "splits.jsonl").read_bytes()
    rows.write_text("\n".join(lines))
    assert run(cli, "curator", command) == 0
    after = splits.read_ledger(ledger)
    assert len(after) == 25 and {key: after[key] for key in before} == before
    assert dataset.read_manifest(out)["sources"][0] == {
        "source": "Others", "license": "CC0-1.0", "conversations": 24, "programs": 0}  # fmt: skip
    removed = [json.loads(line) for line in (out / "removed.jsonl").read_text().splitlines()]
    assert removed == []
    assert run(cli, "curator", [*command, "--merge", str(tmp_path / "no.jsonl")]) == 3
