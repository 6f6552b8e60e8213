"""The commands as a user runs them: output, exit codes, nothing half-written."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from curator.cli import cli, run
from curator.codes import CODES

GOOD = CODES["E101"].good
BAD = CODES["E102"].bad


@pytest.fixture
def corpus(tmp_path, monkeypatch):
    """A corpus with one good and one bad example, and the working directory beside it."""
    folder = tmp_path / "training-data" / "strings"
    folder.mkdir(parents=True)
    (folder / "good.md").write_text(GOOD)
    (folder / "bad.md").write_text(BAD)
    monkeypatch.chdir(tmp_path)
    return folder


def curator(*arguments: str) -> int:
    return run(cli, "curator", list(arguments))


def test_validate_without_paths_checks_the_corpus_and_finds(corpus, capsys):
    assert curator("validate", "--compiler", "builtin") == 1
    out, err = capsys.readouterr()
    assert out == ('training-data/strings/bad.md:4:13: E102 unknown generation "bbj_gui"; did you mean "bbj-gui"?\n')
    assert "1 error; 1 of 2 examples with errors (judge: built-in" in err


def test_validate_of_good_files_is_quiet_if_asked(corpus, capsys):
    assert curator("validate", "--quiet", "training-data/strings/good.md") == 0
    assert capsys.readouterr() == ("", "")


def test_codes_can_be_selected_and_ignored(corpus):
    assert curator("validate", "--ignore", "E102") == 0
    assert curator("validate", "--select", "E3") == 0
    assert curator("validate", "--select", "E1") == 1


def test_strict_makes_warnings_fail(corpus):
    (corpus / "bad.md").write_text(CODES["W206"].bad)
    assert curator("validate") == 0
    assert curator("validate", "--strict") == 1


def test_json_lists_every_file_and_names_the_judge(corpus, capsys):
    assert curator("validate", "--format", "json", "--compiler", "builtin") == 1
    read = json.loads(capsys.readouterr().out)
    assert read["judge"].startswith("built-in")
    assert {f["path"].split("/")[-1]: f["status"] for f in read["files"]} == {"good.md": "valid", "bad.md": "invalid"}
    (found,) = next(f for f in read["files"] if f["status"] == "invalid")["diagnostics"]
    assert (found["line"], found["column"], found["code"], found["severity"]) == (4, 13, "E102", "error")


def test_github_format_annotates_the_line(corpus, capsys):
    curator("validate", "--format", "github")
    out = capsys.readouterr().out
    assert out.startswith("::error file=training-data/strings/bad.md,line=4,col=13,endColumn=20,title=E102::unknown")


def test_sarif_has_a_rule_and_a_place_for_each_result(corpus, capsys):
    curator("validate", "--format", "sarif")
    (made,) = json.loads(capsys.readouterr().out)["runs"]
    assert [rule["id"] for rule in made["tool"]["driver"]["rules"]] == ["E102"]
    region = made["results"][0]["locations"][0]["physicalLocation"]["region"]
    assert region == {"startLine": 4, "startColumn": 13, "endColumn": 20}


def test_check_takes_files_and_folders_of_plain_bbj(tmp_path, capsys):
    (tmp_path / "good.bbj").write_text('print "a"\n')
    (tmp_path / "latin.src").write_bytes(b'print "\xfc"\n')
    (tmp_path / "bad.bbx").write_text('print "a\n')
    (tmp_path / "other.txt").write_text("not BBj")
    assert curator("check", str(tmp_path), "--compiler", "builtin", "--format", "json") == 1
    read = json.loads(capsys.readouterr().out)
    assert [(Path(f["path"]).name, f["status"]) for f in read["files"]] == [
        ("bad.bbx", "rejected"), ("good.bbj", "accepted"), ("latin.src", "accepted"),
    ]  # fmt: skip


def test_an_empty_folder_is_missing_something(tmp_path, capsys):
    assert curator("validate", str(tmp_path)) == 3
    assert "no examples in" in capsys.readouterr().err
    assert curator("check", str(tmp_path)) == 3
    assert curator("validate", str(tmp_path / "nowhere")) == 3


def test_a_missing_compiler_is_missing_something(corpus, capsys, monkeypatch):
    for name in ("BBJ_HOME", "BBJHOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", "")
    assert curator("validate", "--compiler", "bbjcpl") == 3
    assert "bbjcpl" in capsys.readouterr().err


def test_wrong_usage_is_two(corpus, capsys):
    assert curator("validate", "--format", "xml") == 2
    assert curator("nonsense") == 2
    assert curator("explain", "E9999") == 2


def test_new_writes_a_template_that_is_valid_and_prints_its_path(corpus, capsys):
    words = ["--title", "Read by key", "--topic", "database", "--type", "migration", "--generation", "dwc"]
    assert curator("new", *words) == 0
    path = capsys.readouterr().out.strip()
    assert path == "training-data/database/read-by-key.md"
    assert curator("validate", path) == 0


def test_explain_shows_a_page_and_lists_all(capsys):
    assert curator("explain", "e102") == 0
    page = capsys.readouterr().out
    assert "Bad:" in page and "bbj_gui" in page and "Good:" in page
    assert curator("explain") == 0
    assert set(CODES) <= {line.split()[0] for line in capsys.readouterr().out.splitlines()}


def test_stats_counts_and_names_gaps(corpus, capsys):
    assert curator("stats", "--format", "json") == 0
    read = json.loads(capsys.readouterr().out)
    assert read["examples"] == 2
    assert read["type_x_generation"]["completion"]["all"] == 1
    assert any((gap["type"], gap["generation"]) == ("migration", "dwc") for gap in read["gaps"])
    assert curator("stats") == 0
    assert "places have no example" in capsys.readouterr().out


def test_dedupe_says_which_to_keep_and_why(corpus, capsys):
    long = GOOD.replace("PRINT writes to the terminal.", " ".join(f"word{n}" for n in range(60)) + ".")
    (corpus / "good.md").write_text(long)
    (corpus / "twin.md").write_text(long.replace("word59", "word59 word60"))
    assert curator("dedupe") == 1
    out = capsys.readouterr().out
    assert "keep    training-data/strings/twin.md" in out
    assert "remove  training-data/strings/good.md" in out and "says more" in out
    assert curator("dedupe", "--threshold", "1.0") == 1  # the code of a third one, explained in other words
    out = capsys.readouterr().out
    assert "cluster" not in out and "conflict 1: the same code, 2 answers" in out
    assert (corpus / "good.md").read_text() == long


def test_convert_makes_a_dataset_and_leaves_bad_examples_out(corpus, capsys):
    assert curator("convert", "--out", "out/data") == 1
    assert {p.name for p in Path("out/data").iterdir()} >= {"train.jsonl", "manifest.json", "README.md"}
    assert "left out: strings/bad: has errors" in capsys.readouterr().err
    (corpus / "bad.md").unlink()
    assert curator("convert", "--out", "out/data") == 0


def test_escapes_in_a_file_do_not_reach_the_terminal(corpus, capsys):
    (corpus / "bad.md").write_text(GOOD.replace("generation: all", 'generation: "\\e[31mred"'))
    curator("validate")
    assert "\x1b" not in "".join(capsys.readouterr())


def test_a_reader_that_stops_early_gives_no_traceback():
    code = subprocess.run(
        [sys.executable, "-c", "from curator.cli import main; main()", "explain"],
        capture_output=True, check=False,
    )  # fmt: skip
    assert code.returncode == 0 and code.stderr == b""
