"""Code from elsewhere becomes a draft example: fence and words taken apart, several files, hostile input."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator import corpus
from curator.checks import check_code, check_text
from curator.cli import cli, run
from curator.diagnostic import Severity
from curator.editing.import_code import decoded, draft_of, draft_of_files, taken_apart
from curator.errors import CuratorError
from curator.example import parse
from curator.templates import PLACEHOLDER

CHAT = """Sure! This program adds the numbers from 1 to 3. Here it is:

**total.bbj**
```bbj
rem Add three numbers
total=0
for i=1 to 3
    total=total+i
next i
print "Total:",total
```

The loop adds each number.

Output:

```
Total: 6
```

File: helper.bbj
```
rem A helper
print "----"
```

It needs this table:

```sql
select name from customer
```
"""


def test_words_and_code_of_a_chat_are_taken_apart() -> None:
    example = parse(draft_of(CHAT).text)
    assert [(b.filename, b.text.split("\n")[0]) for b in example.bbj_blocks] == [
        ("total.bbj", "rem Add three numbers"), ("helper.bbj", "rem A helper"),
    ]  # fmt: skip
    assert str(example.meta["description"]).startswith("Sure! This program adds the numbers from 1 to 3. TODO:")
    assert example.prose("Expected Output") == "```text\nTotal: 6\n```"
    words = example.prose("Explanation")
    assert words.startswith("The loop adds each number.") and "```sql\nselect name" in words and PLACEHOLDER in words
    assert "Output:" not in words and "helper.bbj" not in words


def test_an_import_is_marked_as_a_draft_with_suggested_labels_and_their_evidence() -> None:
    draft = draft_of('```bbj\nrem Style\nweb!=BBjAPI().getWebManager()\nweb!.injectStyle("b{}")\n```')
    meta = parse(draft.text).meta
    assert (meta["generation"], meta["review"], draft.topic) == ("dwc", "draft", "dwc")
    assert "getWebManager()" in draft.notes[0]


def test_a_program_file_is_all_code_and_gives_title_and_source() -> None:
    meta = parse(draft_of("rem print `a` ```\nprint 1\n", "work/showTotals.bbj").text).meta
    assert meta["title"] == "Print `a` ```" and meta["source"] == "showTotals.bbj"
    assert parse(draft_of("print 1\n", "work/showTotals.bbj").text).meta["title"] == "Show Totals"


@pytest.mark.parametrize(
    ("mark", "name"),
    [
        ("<!-- filename: a.bbj -->", "a.bbj"),
        ("File: src/a.bbj", "a.bbj"),
        ("==> a.bbj <==", "a.bbj"),
        ("rem File: a.bbj", "a.bbj"),
        ("// filename: a.bbj", "a.bbj"),
        ("--- a.bbj ---", "a.bbj"),
    ],
)
def test_files_without_fences_are_split_at_their_names(mark: str, name: str) -> None:
    found = taken_apart(f"{mark}\nrem one\nprint 1\n\n{mark.replace('a.bbj', 'b.bbj')}\nrem two\nprint 2\n")
    assert [program.name for program in found.programs] == [name, "b.bbj"]
    assert "File" not in found.programs[0].code


@pytest.mark.parametrize("info", ["bbj a.bbj", 'bbj title="a.bbj"', "bbj:src/a.bbj", "bbj {filename=a.bbj}"])
def test_the_info_string_names_the_file(info: str) -> None:
    assert taken_apart(f"```{info}\nrem one\nprint 1\n```").programs[0].name == "a.bbj"


def test_two_programs_called_before_and_after_are_a_migration() -> None:
    text = 'Old:\n```bbj\nprint \'cs\',@(1,2),"x"\n```\nNew:\n```bbj\nx!=BBjAPI().openSysGui("X0")\n```\n'
    example = parse(draft_of(text).text)
    assert example.type == "migration" and [b.part for b in example.bbj_blocks] == [
        "Before (character)", "After (bbj-gui)",
    ]  # fmt: skip


def test_programs_without_names_are_given_some_and_it_is_said() -> None:
    draft = draft_of("```bbj\nrem one\nprint 1\n```\n```bbj\nrem two\nprint 2\n```")
    assert [b.filename for b in parse(draft.text).bbj_blocks] == ["main.bbj", "part-2.bbj"]
    assert any("main.bbj" in note for note in draft.notes)


def test_an_example_stays_as_it_is() -> None:
    text = draft_of(CHAT).text
    assert draft_of(text).text == text


def test_what_pages_put_into_code_is_taken_out() -> None:
    found = taken_apart("> ```bbj\n> rem\u00a0say\n> print \u201cx\u201d\u200b\n> ```\n")
    assert found.programs[0].code == 'rem say\nprint "x"\n'


@pytest.mark.parametrize(
    "text", ["", "Hello, how are you?", "```python\nimport os\n```\n```sql\nselect 1\n```", "a\0b"]
)
def test_text_without_code_is_refused(text: str) -> None:
    with pytest.raises(CuratorError):
        draft_of(text)


def test_bytes_that_are_no_program_text_are_refused_and_old_code_pages_read() -> None:
    with pytest.raises(CuratorError, match="tokenized"):
        decoded(b"<<bbj>>\x00\x01", "x.bbj")
    with pytest.raises(CuratorError, match="no text"):
        decoded(b"\x00\x01", "x.bbj")
    assert decoded("rem Größe".encode("cp1252"), "x.bbj") == "rem Größe"


SOME = ["```", "```bbj", "~~~", "rem x", "print 1", "## Code", "---", "<!-- filename: ../../x.bbj -->", "title: x", ""]
PIECES = st.sampled_from([*SOME, "File: /etc/passwd.bbj", "\x1b[31m", "[bold]", "Output:", "\u202e"])


@given(st.lists(PIECES, max_size=14).map("\n".join))
def test_nothing_pasted_can_break_out_of_its_place(text: str) -> None:
    try:
        draft = draft_of(text)
        found = taken_apart(text)
    except CuratorError:
        return
    if draft.text == text:  # it is an example already, and shown as that
        return
    example = parse(draft.text)
    titles = [section.title for section in example.sections if section.level == 2]
    assert not example.problems and (len(titles), titles[0], titles[-1]) == (3, "Code", "Explanation")
    assert [b.text.rstrip() for b in example.bbj_blocks][-len(found.programs):] == [
        p.code.rstrip() for p in found.programs
    ]  # fmt: skip
    assert all("/" not in (b.filename or "") for b in example.bbj_blocks)
    where = corpus.new_path(Path("training-data"), draft.topic, draft.title)
    assert where.parts[:2] == ("training-data", draft.topic) and len(where.parts) == 3


def test_a_draft_has_no_error_but_what_is_still_to_write() -> None:
    for text in (CHAT, "File: a.bbj\nrem a\nprint 1\nFile: b.bbj\nrem b\nprint 2\n"):
        draft = draft_of(text)
        found = check_text(draft.text, "training-data/strings/x.md") + check_code([parse(draft.text)], "builtin")
        assert not [d for d in found if d.severity is Severity.ERROR]
        assert {d.code for d in found} <= {"W207", "H702", "W701"}


# ---------------------------------------------------------------------- the command


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BBJ_CURATOR_STATE", str(tmp_path / "state"))
    (tmp_path / "training-data").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_files_are_imported_and_the_bad_one_is_named(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "sum.bbj").write_text("rem Sum it\nprint 1+1\n")
    (here / "words.txt").write_text("no code\n")
    assert run(cli, "curator", ["import", "sum.bbj", "words.txt"]) == 1
    out, err = capsys.readouterr()
    assert out == "training-data/control-flow/sum-it.md\n" and "words.txt: no BBj code" in err
    assert run(cli, "curator", ["undo"]) == 0
    assert not (here / "training-data/control-flow/sum-it.md").exists()


def test_standard_input_is_imported(here: Path) -> None:
    command = [sys.executable, "-c", "from curator.cli import main; main()", "import", "-", "--topic", "strings"]
    environment = {"PYTHONPATH": str(Path(__file__).parents[2]), "BBJ_CURATOR_STATE": str(here / "s")}
    done = subprocess.run(command, input=CHAT.encode(), capture_output=True, cwd=here, env=environment)
    assert done.stdout.decode().strip() == "training-data/strings/add-three-numbers.md", done.stderr
    assert (here / "training-data/strings/add-three-numbers.md").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="a stand-in for xclip")
def test_the_clipboard_is_imported_or_it_is_said_why_not(here: Path) -> None:
    tools = here / "tools"
    tools.mkdir()
    (tools / "xclip").write_text("#!/bin/sh\nprintf 'See:\\n```bbj\\nrem From the board\\nprint 1\\n```\\n'\n")
    (tools / "xclip").chmod(0o755)
    command = [sys.executable, "-c", "from curator.cli import main; main()", "import", "--clipboard"]
    environment = {"PYTHONPATH": str(Path(__file__).parents[2]), "BBJ_CURATOR_STATE": str(here / "s")}
    done = subprocess.run(command, capture_output=True, text=True, cwd=here, env={**environment, "PATH": "/none"})
    assert done.returncode == 3 and "clipboard cannot be read" in done.stderr
    environment |= {"PATH": f"{tools}:/usr/bin:/bin", "DISPLAY": ":9"}
    done = subprocess.run(command, capture_output=True, text=True, cwd=here, env=environment)
    assert done.stdout == "training-data/control-flow/from-the-board.md\n", done.stderr


def test_files_together_are_one_example(here: Path) -> None:
    for name in ("main.bbj", "part.bbj"):
        (here / name).write_text(f"rem The {name}\nprint 1\n")
    example = parse(draft_of_files([here / "main.bbj", here / "part.bbj"], "Two files").text)
    assert [b.filename for b in example.bbj_blocks] == ["main.bbj", "part.bbj"] and example.title == "Two files"
    assert run(cli, "curator", ["import", "--together", "main.bbj", "main.bbj"]) == 2


def test_a_dry_run_writes_nothing(here: Path) -> None:
    (here / "sum.bbj").write_text("rem Sum it\nprint 1+1\n")
    assert run(cli, "curator", ["import", "--dry-run", "sum.bbj"]) == 0
    assert not list((here / "training-data").rglob("*.md"))


def test_drafts_are_listed_shown_and_deleted_by_a_command(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    from curator.editing.drafts import Journal

    journal = Journal()
    journal.write((here / "training-data").as_posix(), "", "gui", None, "---\ntitle: A \x1b[31m draft\n---\n")
    journal.close()
    assert run(cli, "curator", ["drafts"]) == 0
    out = capfd.readouterr().out
    assert journal.id[:8] in out and "\x1b" not in out
    assert run(cli, "curator", ["drafts", "--show", journal.id[:8]]) == 0
    assert capfd.readouterr().out.startswith("---\ntitle: A")
    assert run(cli, "curator", ["drafts", "--discard", journal.id[:8]]) == 0
    assert run(cli, "curator", ["drafts", "--show", journal.id[:8]]) == 3
