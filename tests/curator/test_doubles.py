"""`curator dedupe` over examples, source files and JSONL: what is kept and why, conflicts, and what is written."""

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.cli import cli, run
from curator.duplicates import collection, doubles, doubles_write
from curator.errors import CuratorError
from curator.similarity import passage, shingles, stars
from curator.similarity.stars import Pair, Standing
from tests.curator import bbj_home

PROGRAM = (
    'rem reads the customer file\nopen(1)"CUST"\nwhile 1\n  read(1,end=*break)name$,city$,phone$\n  print name$\nwend\n'
)
PROSE = "The program opens the customer file, reads every record until the end and prints the name of each customer."


def chat(question: str, answer: str) -> dict[str, object]:
    return {"messages": [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]}


def jsonl(path: Path, rows: list[object]) -> Path:
    text = "".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows)
    path.write_text(text, encoding="utf-8")
    return path


def report(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict:
    run(cli, "curator", ["dedupe", "--format", "json", *map(str, arguments)])
    return json.loads(capsys.readouterr().out)


@given(
    st.dictionaries(
        st.tuples(st.integers(0, 9), st.integers(0, 9)).filter(lambda p: p[0] < p[1]),
        st.sampled_from([0.7, 0.8, 0.9]),
        max_size=30,
    ),
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2), st.integers(0, 2)), min_size=10, max_size=10),
)
def test_every_removal_is_similar_to_a_kept_document_that_is_not_worse(edges, how):
    pairs = [Pair(f"d{a}", f"d{b}", s) for (a, b), s in edges.items()]
    standings = {f"d{n}": Standing(*values) for n, values in enumerate(how)}
    near = {(p.a, p.b): p.similarity for p in pairs}
    for cluster in stars.clusters(pairs, standings):
        assert sorted([*cluster.kept, *(r.key for r in cluster.removals)]) == sorted(cluster.members)
        assert not any((min(a, b), max(a, b)) in near for a in cluster.kept for b in cluster.kept if a != b)
        for removal in cluster.removals:
            assert removal.partner in cluster.kept
            assert near[min(removal.key, removal.partner), max(removal.key, removal.partner)] == removal.similarity
            ranks = [stars.rank(key, standings[key]) for key in (removal.partner, removal.key)]
            assert ranks[0] < ranks[1]


@pytest.mark.parametrize(
    ("kept", "removed", "why"),
    [
        (Standing(0), Standing(1), "bbjcpl accepted the other one"),
        (Standing(1), Standing(3), "the other one passes the checks"),
        (Standing(1), Standing(2), "the other one passes the checks"),
        (Standing(1, 9), Standing(1, 3), "the other one says more"),
        (Standing(1, 3, 5), Standing(1, 3, 8), "the other one is older"),
        (Standing(), Standing(), "the other one comes first by name"),
    ],
)
def test_what_is_kept_is_decided_in_a_stated_order(kept, removed, why):
    (cluster,) = stars.clusters([Pair("a", "b", 0.9)], {"a": kept, "b": removed})
    assert (cluster.kept, cluster.removals[0].why) == (("a",), why)


def test_the_shared_passage_is_the_longest_run_of_shared_tokens_as_it_stands_in_the_text():
    found = passage.longest(
        "X1 Y1 Z1\nOPEN (1) File$; READ it, now! and more words here", "so open(1)file$ read it now q"
    )
    assert (found.text, found.tokens) == ("OPEN (1) File$; READ it, now", 6)
    assert passage.longest("a b c d e", "v w x y z") == passage.Passage("", 0)
    assert passage.longest("", "a").tokens == 0


@given(st.text(max_size=60), st.text(max_size=60))
def test_a_passage_is_there_exactly_if_shingles_are_shared(a, b):
    found = passage.longest(a, b)
    assert bool(found.tokens) == bool(shingles.of(a) & shingles.of(b))
    assert shingles.of(found.text) <= shingles.of(b)


def test_rows_are_compared_and_the_earlier_of_equals_is_kept(tmp_path, capsys):
    path = jsonl(tmp_path / "rows.jsonl", [{"text": PROSE}, {"text": "something else entirely, said once"},
                                           {"text": PROSE + " Now."}, {"text": PROSE}])  # fmt: skip
    (cluster,) = report(capsys, path)["clusters"]
    assert cluster["kept"] == [f"{path.as_posix()}:1"]
    why = {r["key"].rsplit(":")[-1]: (r["why"], r["similarity"]) for r in cluster["removals"]}
    assert why["4"] == ("the other one is older", 1.0)
    assert why["3"][1] == pytest.approx(15 / 16)


def test_a_row_that_the_judge_rejects_goes_for_one_that_it_accepts(tmp_path, capsys):
    said = f"{PROSE}\n\n```bbj\n{PROGRAM}```\n"
    bad = said.replace("wend", "wend ) (")
    path = jsonl(tmp_path / "rows.jsonl", [chat(PROSE + " Write it.", bad), chat(PROSE + " Write it!", said)])
    (cluster,) = report(capsys, path, "--compiler", "builtin")["clusters"]
    assert cluster["kept"] == [f"{path.as_posix()}:2"]
    assert cluster["removals"][0]["why"] == "the other one passes the checks"


def test_one_question_with_two_answers_is_listed_and_neither_answer_is_removed(tmp_path, capsys):
    question = PROSE * 3
    path = jsonl(tmp_path / "rows.jsonl", [chat(question, "Yes, it does."), chat(question.upper(), "No, never."),
                                           chat(question, "yes, it  does.")])  # fmt: skip
    found = report(capsys, path)
    (conflict,) = found["conflicts"]
    key = path.as_posix()
    assert conflict["kind"] == "prompt" and conflict["variants"] == [[f"{key}:1", f"{key}:3"], [f"{key}:2"]]
    assert {r["key"] for c in found["clusters"] for r in c["removals"]} == {f"{key}:3"}


def test_the_same_code_explained_differently_is_a_conflict(tmp_path, capsys):
    asked = [f"{words}\n\n```bbj\n{PROGRAM}```" for words in ("Explain this.", "What does this program do?")]
    path = jsonl(tmp_path / "rows.jsonl", [chat(asked[0], "It prints the names of all customers."),
                                           chat(asked[1], "It deletes every city from the disk.")])  # fmt: skip
    (conflict,) = report(capsys, path)["conflicts"]
    assert conflict["kind"] == "code" and PROGRAM.strip() == conflict["question"]


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a script")
def test_what_bbjcpl_accepts_is_kept_rather_than_what_nobody_checked(tmp_path, capsys, monkeypatch):
    bbj_home.install(tmp_path / "bbj")
    monkeypatch.setenv("BBJ_HOME", str(tmp_path / "bbj"))
    answers = [f"{PROSE}\n\n{PROGRAM}", f"{PROSE}\n\n```bbj\n{PROGRAM}```", f"{PROSE}\n\n```bbj\n{PROGRAM}(wrong\n```"]
    path = jsonl(tmp_path / "rows.jsonl", [chat(PROSE, answer) for answer in answers])
    found = report(capsys, path, "--compiler", "bbjcpl")
    (cluster,) = found["clusters"]
    assert cluster["kept"] == [f"{path.as_posix()}:2"] and found["judge"].startswith("bbjcpl")
    assert {removal["why"] for removal in cluster["removals"]} == {"bbjcpl accepted the other one"}


def test_a_program_in_another_language_is_not_judged_as_bbj(tmp_path, capsys):
    shell = f"{PROSE}\n\n```sh\nrm -f x && (\n```\n"
    path = jsonl(tmp_path / "rows.jsonl", [chat(PROSE + " Write it.", shell), chat(PROSE + " Write it!", shell)])
    (cluster,) = report(capsys, path, "--compiler", "builtin")["clusters"]
    assert cluster["removals"][0]["why"] == "the other one is older"


def test_a_row_with_half_a_character_is_set_aside_and_not_a_crash(tmp_path, capsys):
    path = jsonl(tmp_path / "rows.jsonl", ['{"text": "half \\ud83d"}', '{"text": "whole \\ud83d\\ude00"}'])
    out = tmp_path / "out" / "kept.jsonl"
    assert run(cli, "curator", ["dedupe", str(path), "--write", str(out)]) == 1
    assert "rows.jsonl:1:1: E911 half of a character" in capsys.readouterr().err
    assert out.read_text("utf-8") == path.read_text("utf-8").splitlines(keepends=True)[1]
    assert json.loads((out.parent / "removed.jsonl").read_text("utf-8"))["raw"] == '{"text": "half \\ud83d"}'


def test_write_makes_a_new_file_and_puts_every_other_row_aside(tmp_path, capsys):
    rows = [{"text": PROSE, "n": 1}, "{broken", {"text": PROSE, "n": 2}, {"other": 1}, {"text": "ünïcode"}]
    path = jsonl(tmp_path / "rows.jsonl", rows)
    before = path.read_bytes()
    out = tmp_path / "out" / "kept.jsonl.gz"
    assert run(cli, "curator", ["dedupe", str(path), "--write", str(out)]) == 1  # two rows could not be read
    said = capsys.readouterr().err
    assert f"{path.as_posix()}:2:2: E911 not JSON" in said and "--field" in said
    lines = before.splitlines(keepends=True)
    assert gzip.decompress(out.read_bytes()) == lines[0] + lines[4]
    aside = [json.loads(line) for line in (out.parent / "removed.jsonl").read_text("utf-8").splitlines()]
    assert [row["document"].rsplit(":")[-1] for row in aside] == ["2", "3", "4"]
    assert aside[1]["row"] == rows[2] and aside[1]["partner"].endswith(":1") and aside[1]["jaccard"] == 1
    assert aside[1]["shared"]["tokens"] == len(shingles.tokens(PROSE))
    assert aside[0]["raw"] == "{broken" and json.loads(aside[2]["raw"]) == rows[3]
    assert path.read_bytes() == before


def test_a_field_that_no_row_has_is_not_said_of_every_row(tmp_path, capsys):
    path = jsonl(tmp_path / "rows.jsonl", [{"text": f"{n}"} for n in range(100)])
    assert run(cli, "curator", ["dedupe", str(path), "--field", "code"]) == 1
    said = capsys.readouterr().err.splitlines()
    assert said[0].endswith(
        'E911 no text at "code"; the keys are text; name the field that holds the text with --field'
    )
    assert said[20].startswith("... and 80 more") and said[21].endswith("0 near-duplicates at Jaccard 0.7 (5-grams of "
        "tokens, engine exact, judge built-in 1); 100 could not be read")  # fmt: skip
    assert len(report(capsys, path, "--field", "code")["unreadable"]) == 100


def test_one_json_array_is_told_how_to_become_lines(tmp_path, capsys):
    path = tmp_path / "rows.json"
    path.write_text(json.dumps([{"text": PROSE}, {"text": PROSE}], indent=1), encoding="utf-8")
    assert run(cli, "curator", ["dedupe", str(path)]) == 1
    assert "jq -c '.[]'" in capsys.readouterr().err.splitlines()[0]


def test_the_mark_at_the_beginning_of_a_file_does_not_get_into_the_middle(tmp_path):
    first, second = (jsonl(tmp_path / name, [{"text": name}]) for name in ("one.jsonl", "two.jsonl"))
    second.write_bytes(b"\xef\xbb\xbf" + second.read_bytes())
    out = tmp_path / "out" / "kept.jsonl"
    assert run(cli, "curator", ["dedupe", str(first), str(second), "--write", str(out)]) == 0
    assert [json.loads(line)["text"] for line in out.read_text("utf-8").splitlines()] == ["one.jsonl", "two.jsonl"]


def test_a_file_that_changes_meanwhile_is_an_error_that_says_so(tmp_path):
    path = jsonl(tmp_path / "rows.jsonl", [{"text": PROSE}, {"text": PROSE}])

    def meanwhile(stage: str, done: int, of: int | None) -> None:
        path.write_text('{"text": "something else"}\n')

    with pytest.raises(CuratorError, match="run it again"):
        doubles.find(collection.collect([path]), doubles.Options(), meanwhile)


def test_progress_is_told_of_every_stage(tmp_path):
    words = [" ".join(f"w{n // 2}x{k}" for k in range(20)) for n in range(2000)]
    path = jsonl(
        tmp_path / "rows.jsonl", [chat("", f"```bbj\nrem {text} {n % 2}\n```") for n, text in enumerate(words)]
    )
    told: list[str] = []
    found = doubles.find(collection.collect([path]), doubles.Options(), lambda stage, done, of: told.append(stage))
    doubles_write.write(
        collection.collect([path]), found, tmp_path / "out" / "kept.jsonl", lambda s, *_: told.append(s)
    )
    assert list(dict.fromkeys(told)) == ["read and shingled", "looked for partners", "compared", "fetched", "judged",
                                         "passages", "written"]  # fmt: skip


def test_write_copies_the_files_that_are_kept_into_a_new_folder(tmp_path, capsys):
    source = tmp_path / "src"
    (source / "a").mkdir(parents=True)
    (source / "a" / "one.bbj").write_bytes(PROGRAM.encode() + b"rem caf\xe9\n")
    (source / "two.bbj").write_text(PROGRAM)
    (source / "other.bbj").write_text('print "hello"\n')
    out = tmp_path / "out"
    for _ in range(2):  # the second time it replaces what it made
        assert run(cli, "curator", ["dedupe", str(source), "--write", str(out)]) == 0
        assert sorted(p.relative_to(out).as_posix() for p in out.rglob("*.bbj")) == ["a/one.bbj", "other.bbj"]
    assert (out / "a" / "one.bbj").read_bytes() == (source / "a" / "one.bbj").read_bytes()
    (aside,) = [json.loads(line) for line in (out / "removed.jsonl").read_text("utf-8").splitlines()]
    assert aside["text"] == PROGRAM and aside["reason"] == "near-duplicate: the other one says more"
    assert len(list(source.rglob("*.bbj"))) == 3


def test_a_file_that_somebody_put_into_the_new_folder_is_not_lost(tmp_path, capsys):
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.bbj").write_text(PROGRAM)
    out = tmp_path / "out"
    assert run(cli, "curator", ["dedupe", str(tmp_path / "src"), "--write", str(out)]) == 0
    (out / "letter.txt").write_text("dear")
    assert run(cli, "curator", ["dedupe", str(tmp_path / "src"), "--write", str(out)]) == 2
    assert "holds letter.txt, which would be lost" in capsys.readouterr().err
    assert (out / "letter.txt").read_text() == "dear"


def test_a_folder_that_something_else_made_is_not_replaced(tmp_path, capsys):
    (tmp_path / "a.bbj").write_text(PROGRAM)
    out = tmp_path / "mine"
    out.mkdir()
    (out / "letter.txt").write_text("dear")
    assert run(cli, "curator", ["dedupe", str(tmp_path / "a.bbj"), "--write", str(out)]) == 2
    assert "choose another folder" in capsys.readouterr().err and (out / "letter.txt").read_text() == "dear"


def test_links_folders_and_odd_names_do_not_stop_a_folder_of_source(tmp_path, capsys):
    source, elsewhere = tmp_path / "src", tmp_path / "elsewhere.bbj"
    (source / "folder.bbj").mkdir(parents=True)
    elsewhere.write_text('print "elsewhere, and nothing like the others"\n')
    (source / "program.bbj").write_bytes(PROGRAM.encode() + b"rem the old caf\xe9\n")
    (source / "shorter.bbj").write_bytes(PROGRAM.encode() + b"rem caf\xe9\n")
    try:
        (source / "a-link.bbj").symlink_to("program.bbj")
        (source / "outside.bbj").symlink_to(elsewhere)
        (source / "broken.bbj").symlink_to("nowhere")
    except OSError:
        pytest.skip("no links here")
    out = tmp_path / "out"
    assert run(cli, "curator", ["dedupe", str(source), "--write", str(out)]) == 1
    said = capsys.readouterr()
    assert "broken.bbj:1:1: E002" in said.err and "folder.bbj" not in said.err and "a-link" not in said.out
    assert sorted(p.name for p in out.rglob("*.bbj")) == ["outside.bbj", "program.bbj"]
    assert (out / "outside.bbj").read_bytes() == elsewhere.read_bytes()
    aside = [json.loads(line) for line in (out / "removed.jsonl").read_text("utf-8").splitlines()]
    assert sorted(Path(row["document"]).name for row in aside) == ["broken.bbj", "shorter.bbj"]
    assert {row.get("text") for row in aside} == {None, PROGRAM + "rem café\n"}


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_a_file_name_that_is_no_text_is_shown_and_written_with_escapes(tmp_path, capsys):
    (tmp_path / "a.bbj").write_text(PROGRAM + "print 1\n")
    (tmp_path / os.fsdecode(b"b\xff.bbj")).write_text(PROGRAM)
    out = tmp_path / "out"
    assert run(cli, "curator", ["dedupe", str(tmp_path), "--write", str(out)]) == 0
    assert "b\\xdcff.bbj" in capsys.readouterr().out
    (aside,) = [json.loads(line) for line in (out / "removed.jsonl").read_text("utf-8").splitlines()]
    assert aside["document"].endswith("b\udcff.bbj")
    assert report(capsys, tmp_path)["clusters"][0]["removals"][0]["key"].endswith("b\udcff.bbj")


def test_a_file_that_is_named_twice_is_one_document(tmp_path, capsys, monkeypatch):
    jsonl(tmp_path / "rows.jsonl", [{"text": PROSE}])
    monkeypatch.chdir(tmp_path)
    found = report(capsys, "rows.jsonl", tmp_path / "rows.jsonl")
    assert found["documents"] == 1 and not found["clusters"]


def test_the_lists_of_another_run_are_never_replaced(tmp_path, capsys):
    path = jsonl(tmp_path / "rows.jsonl", [{"text": PROSE}, {"text": PROSE}])
    assert run(cli, "curator", ["dedupe", str(path), "--write", str(tmp_path / "out" / "one.jsonl")]) == 0
    before, _ = (tmp_path / "out" / "removed.jsonl").read_bytes(), capsys.readouterr()
    assert run(cli, "curator", ["dedupe", str(path), "--write", str(tmp_path / "out" / "two.jsonl")]) == 2
    said = capsys.readouterr()
    assert "removed.jsonl: is there already" in said.err and "near-duplicates" not in said.err  # told before the work
    assert (tmp_path / "out" / "removed.jsonl").read_bytes() == before
    assert run(cli, "curator", ["dedupe", str(path), "--write", str(tmp_path / "out" / "one.jsonl")]) == 0


def test_the_input_is_never_the_output(tmp_path, capsys):
    path = jsonl(tmp_path / "removed.jsonl", [{"text": PROSE}])
    assert run(cli, "curator", ["dedupe", str(path), "--write", str(tmp_path / "x.jsonl")]) == 2
    assert run(cli, "curator", ["dedupe", str(path), "--write", str(path)]) == 2
    assert path.read_text("utf-8") == json.dumps({"text": PROSE}) + "\n"


def test_a_wanted_variant_stays_though_its_text_is_the_same(tmp_path, capsys, monkeypatch):
    folder = tmp_path / "training-data" / "strings"
    folder.mkdir(parents=True)
    text = sorted(Path("training-data/strings").glob("*.md"))[0].read_text("utf-8")
    (folder / "original.md").write_text(text, encoding="utf-8")
    (folder / "other.md").write_text(text.replace("---\n", "---\nvariant_of: strings/original\n", 1), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    (cluster,) = report(capsys)["clusters"]
    assert len(cluster["kept"]) == 2 and not cluster["removals"]


def test_the_older_of_two_examples_is_kept_by_the_history(tmp_path, capsys, monkeypatch):
    folder = tmp_path / "training-data" / "strings"
    folder.mkdir(parents=True)
    text = sorted(Path("training-data/strings").glob("*.md"))[0].read_text("utf-8")
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run([*git, "init", "-q"], check=True)
    for name, when in (("z-old", "2020-01-01T00:00:00"), ("a-new", "2024-01-01T00:00:00")):
        (folder / f"{name}.md").write_text(text, encoding="utf-8")
        subprocess.run([*git, "add", "."], check=True)
        env = {**os.environ, "GIT_AUTHOR_DATE": when, "GIT_COMMITTER_DATE": when}
        subprocess.run([*git, "commit", "-qm", name], check=True, env=env)
    (folder / "z-old.md").rename(folder / "z-renamed.md")
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-qm", "a new name makes it no younger"], check=True)
    monkeypatch.chdir(tmp_path)
    (cluster,) = report(capsys)["clusters"]
    assert cluster["kept"] == ["training-data/strings/z-renamed.md"]
    assert cluster["removals"][0]["why"] == "the other one is older"


@pytest.mark.parametrize("engine", ["exact", "lsh"])
def test_texts_without_tokens_are_similar_to_nothing_and_stay(tmp_path, capsys, engine):
    found = report(capsys, jsonl(tmp_path / "rows.jsonl", [{"text": ";;"}, {"text": ";;"}, {"text": ""}]),
                   "--engine", engine)  # fmt: skip
    assert not found["clusters"] and (found["documents"], found["empty"]) == (3, 3)


@pytest.mark.parametrize("engine", ["exact", "lsh"])
def test_odd_documents_behave(tmp_path, capsys, engine):
    long = " ".join(f"word{n}" for n in range(300_000))
    rows = [
        {"text": t}
        for t in ("", "", " \n", "one", "one", "naïve café ΣΑΣ", "NAÏVE CAFÉ σας", long, long + " x", "\u0000;;")
    ]
    found = report(capsys, jsonl(tmp_path / "rows.jsonl", rows), "--engine", engine)
    groups = sorted(sorted(int(m.rsplit(":")[-1]) for m in c["members"]) for c in found["clusters"])
    assert groups == [[4, 5], [6, 7], [8, 9]] and found["empty"] == 4 and not found["unreadable"]


def test_twenty_thousand_copies_of_one_row_are_one_cluster(tmp_path, capsys):
    path = jsonl(tmp_path / "rows.jsonl", [{"text": PROSE}] * 20_000)
    (cluster,) = report(capsys, path)["clusters"]
    assert len(cluster["kept"]) == 1 and len(cluster["removals"]) == 19_999


@pytest.mark.parametrize(("number", "room"), [(200, 50_000), (1, 500)])  # found out in the middle, and at the end
def test_a_full_disk_is_reported_and_leaves_the_old_files(tmp_path, number, room):
    resource = pytest.importorskip("resource")
    rows = [{"text": f"{PROSE} {n} " + " ".join(f"w{n}x{k}" for k in range(200))} for n in range(number)]
    path = jsonl(tmp_path / "rows.jsonl", rows)
    out = tmp_path / "out.jsonl"
    for name in ("out.jsonl", "removed.jsonl", "conflicts.jsonl"):
        (tmp_path / name).write_text(f"old {name}\n")

    def small_disk() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))

    done = subprocess.run(
        [sys.executable, "-c", "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
         "from curator.cli import main; main()", "dedupe", str(path), "--write", str(out)],
        capture_output=True, text=True, preexec_fn=small_disk, check=False,
    )  # fmt: skip
    assert done.returncode == 2 and "cannot be written" in done.stderr and "Traceback" not in done.stderr
    assert sorted(p.name for p in tmp_path.iterdir()) == ["conflicts.jsonl", "out.jsonl", "removed.jsonl", "rows.jsonl"]
    assert {p.read_text() for p in tmp_path.iterdir() if p != path} == {
        "old out.jsonl\n", "old removed.jsonl\n", "old conflicts.jsonl\n",
    }  # fmt: skip
