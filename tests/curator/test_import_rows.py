"""`curator import`: good rows become valid example files marked as drafts; nothing is replaced or imported twice."""

import json
from pathlib import Path

import pytest

from curator import chatml, checks, corpus, schema
from curator.cli import cli, run
from curator.example import Example
from curator.rows.import_rows import _LICENSE, Wish, import_rows
from curator.rows.row_checks import Options
from tests.curator.planted_rows import Maker, row

BUILTIN = Options("builtin")
PROGRAM = 'rem Print a total\ntotal = 3\nprint "Total:", total\nend'
QUESTION = "Write a BBj program that prints the total of all orders."
CODE = f"```bbj\n{PROGRAM}\n```"
GUI = (
    'rem Open a window\ng! = BBjAPI().openSysGui("X0")\nw! = g!.addWindow(1,1,200,100,"Hi",$00010003$)\nprocess_events'
)


def curator(*arguments: str) -> int:
    return run(cli, "curator", list(arguments))


def imported(tmp_path: Path, *lines: str, wish: Wish | None = None) -> list[Example]:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    files: list[Path] = []
    import_rows(path, tmp_path / "training-data", BUILTIN, wish, lambda _, made: files.append(made))
    return [corpus.read(made) for made in files]


def left_out(tmp_path: Path, *lines: str) -> list[tuple[int, str]]:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    done = import_rows(path, tmp_path / "training-data", BUILTIN)
    return [(line, left.reason) for left in done.left_out.values() for line in left.first]


def test_a_row_becomes_a_valid_example_that_is_marked_as_a_draft(tmp_path):
    (example,) = imported(tmp_path, row(QUESTION, f"This adds up.\n\n{CODE}\n\nPRINT writes it."))
    assert example.path.endswith("training-data/control-flow/prints-the-total-of-all-orders.md")
    assert example.meta == {
        "title": "Prints the total of all orders",
        "type": "completion",
        "generation": "all",
        "description": QUESTION,
        "license": "unknown",
        "source": "rows.jsonl, line 1",
        "review": "draft",
    }
    assert example.bbj_blocks[0].text == PROGRAM + "\n"
    assert example.prose("Explanation") == "This adds up.\n\nPRINT writes it."
    assert example.prose("Expected Output").startswith("TODO:")
    assert not [d for d in checks.check_examples([example], "builtin") if d.severity == "error"]


def fenced(code: str) -> str:
    return f"```bbj\n{code}\n```"


TERMINAL = "rem Ask for a name\nprint 'CS',@(5,5),\ninput name$\nend"
LABELS = {
    "completion": (row(QUESTION, CODE), "completion", "all", "control-flow"),
    "comprehension": (row(f"What does this do?\n\n{CODE}", "It prints the total of the orders it has added up."),
                      "comprehension", "all", "control-flow"),
    "explanation": (row("How do I print a number?", f"{Maker(1).sentence(40)}\n\n{CODE}"),
                    "explanation", "all", "control-flow"),
    "migration": (row(f"Migrate it to the BBj GUI.\n\n{fenced(TERMINAL)}", f"{fenced(GUI)}\n\nIt has a window."),
                  "migration", "bbj-gui", "gui"),
    "a window": (row("Show a window.", fenced(GUI)), "completion", "bbj-gui", "gui"),
    "the browser": (row("Set a style.", fenced('rem Style\nBBjAPI().getWebManager().injectStyle("a{}")')),
                    "completion", "dwc", "dwc"),
    "the terminal": (row("Ask for a name.", fenced(TERMINAL)), "completion", "character", "control-flow"),
    "a file": (row("Read a file.", fenced('rem Read\nopen (1)"x"\nread (1,end=*next)a$\nclose (1)')),
               "completion", "all", "file-io"),
    "a class": (row("Make a class.", fenced("rem A class\nclass public A\nclassend")), "completion", "all", "oop"),
    "text": (row("Trim a text.", fenced('rem Trim\nprint cvs(" a ",3)')), "completion", "all", "strings"),
}  # fmt: skip


@pytest.mark.parametrize("name", LABELS)
def test_labels_are_suggested_from_question_and_code(tmp_path, name):
    line, kind, generation, topic = LABELS[name]
    (example,) = imported(tmp_path, line)
    assert (example.type, example.generations, Path(example.path).parent.name) == (kind, (generation,), topic)


def test_a_migration_has_both_programs_and_both_generations(tmp_path):
    (example,) = imported(tmp_path, LABELS["migration"][0])
    assert (example.meta["from_generation"], example.meta["to_generation"]) == ("character", "bbj-gui")
    assert [b.part for b in example.bbj_blocks] == ["Before (character)", "After (bbj-gui)"]
    assert example.prose("Expected Behavior").startswith("TODO:")


def test_output_shown_in_the_answer_becomes_the_expected_output(tmp_path):
    answer = f"{CODE}\n\nOutput:\n\n```\nTotal: 3\n```\n\n## Explanation\n\n## Why\n\nIt adds."
    (example,) = imported(tmp_path, row(QUESTION, answer))
    assert example.prose("Expected Output") == "```text\nTotal: 3\n```"
    assert example.prose("Explanation") == "### Why\n\nIt adds."


def test_named_files_stay_one_program_and_unnamed_ones_are_left_out(tmp_path):
    other = 'rem Another file\nprint "more"\nend'
    named = row(QUESTION, f"`main.bbj`:\n\n{CODE}\n\n`other.bbj`:\n\n{fenced(other)}\n\nTwo files.")
    (example,) = imported(tmp_path, named)
    assert [b.filename for b in example.bbj_blocks] == ["main.bbj", "other.bbj"]
    assert example.prose("Explanation") == "Two files."
    assert left_out(tmp_path / "b", row(QUESTION, f"{CODE}\n\n{fenced(other)}")) == [
        (1, "several programs without file names")
    ]


@pytest.fixture(autouse=True)
def folder(tmp_path):
    (tmp_path / "b").mkdir()


REASONS = {
    "no code": (row("What does END do?", "It ends the program and closes all files."), "no BBj code"),
    "wrong code": (row(QUESTION, "```bbj\nprint (\n```\n\nIt prints."), "E919"),
    "a fragment": (row(QUESTION, "Sure."), "E914"),
    "personal data": (row(QUESTION, f"{CODE}\n\nAsk anna.berg@firma.de for more."), "W928"),
    "no JSON": ("{", "E911"),
    "two questions": (json.dumps({"messages": [{"role": role, "content": text} for role, text in (
        ("user", QUESTION), ("assistant", CODE), ("user", "Why like this?"), ("assistant", "Because it is short."),
    )]}), "several questions in one row"),
    "code on both sides": (row(f"Find the mistake.\n\n{CODE}", f"Here it is without it:\n\n{fenced(GUI)}"),
                           "code in the question and in the answer"),
}  # fmt: skip


@pytest.mark.parametrize("name", REASONS)
def test_what_is_no_good_example_is_left_out_with_its_reason(tmp_path, name):
    line, reason = REASONS[name]
    ((number, said),) = left_out(tmp_path, line)
    assert number == 1 and said.startswith(reason)
    assert not list(tmp_path.rglob("*.md"))


def test_of_two_answers_to_one_question_the_second_waits_for_a_reader(tmp_path):
    lines = [row(QUESTION, CODE), row(QUESTION, f"With a window:\n\n{fenced(GUI)}")]
    ((number, reason),) = left_out(tmp_path, *lines)
    assert number == 2 and reason.startswith("W922")


def test_mended_rows_are_imported_mended(tmp_path):
    (example,) = imported(tmp_path, row(QUESTION, f"It adds.\n\n{CODE}\n\nDone here.".replace("\n", "\\n")))
    assert example.bbj_blocks[0].text == PROGRAM + "\n"


def test_nothing_is_replaced_and_nothing_imported_twice(tmp_path):
    (first,) = imported(tmp_path, row(QUESTION, CODE))
    again = left_out(tmp_path, row(QUESTION, CODE), row(QUESTION, CODE.replace("total", "sum")))
    assert again[0] == (1, "the corpus has this program")
    made = sorted(path.name for path in tmp_path.rglob("*.md"))
    assert made == ["prints-the-total-of-all-orders.md"]
    imported(tmp_path, row(QUESTION, CODE.replace("total", "sum")))
    assert sorted(path.name for path in tmp_path.rglob("*.md"))[0] == "prints-the-total-of-all-orders-2.md"
    assert corpus.read(Path(first.path)).text == first.text


def test_rows_made_by_convert_keep_their_labels(tmp_path):
    text = (
        "---\ntitle: Print a total\ntype: completion\ngeneration: [bbj-gui, dwc]\ndifficulty: advanced\n---\n\n"
        f"## Code\n\n{fenced(GUI)}\n\n## Expected Behavior\n\nA window.\n\n## Explanation\n\nIt opens a window.\n"
    )
    (tmp_path / "training-data" / "oop").mkdir(parents=True)
    path = tmp_path / "training-data" / "oop" / "print.md"
    corpus.write(path, text)
    (conversation,) = chatml.conversations(corpus.read(path))
    path.unlink()
    (example,) = imported(tmp_path, json.dumps(conversation.as_row()))
    assert (example.generations, example.meta["difficulty"]) == (("bbj-gui", "dwc"), "advanced")
    assert Path(example.path).parent.name == "oop"


def test_the_command_prints_the_files_and_what_was_left_out(tmp_path, capsys):
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join([row(QUESTION, CODE), row("Why?", "No."), "{"]) + "\n")
    folder = tmp_path / "training-data"
    assert curator("import", str(path), "--corpus", str(folder), "--source", "Others", "--license", "MIT") == 0
    out, err = capsys.readouterr()
    (made,) = folder.rglob("*.md")
    assert out == f"{made.as_posix()}\n"
    assert corpus.read(made).meta["source"] == "Others, line 1" and corpus.read(made).meta["license"] == "MIT"
    assert "left out: 1 x E914 a fragment of an answer (line 2)" in err
    assert "1 examples written, marked `review: draft`" in err
    assert curator("validate", str(folder)) == 0


LICENCES = {
    "the row's own": ({"license": "Apache-2.0"}, "MIT", "Apache-2.0"),
    "in words": ({"license": "CC BY-SA 4.0"}, "", "CC-BY-SA-4.0"),
    "the one given": ({}, "MIT", "MIT"),
    "none": ({}, "", "unknown"),
    "no words": ({"license": "see (1)"}, "MIT", "MIT"),
    "no text": ({"license": 3}, "", "unknown"),
}


@pytest.mark.parametrize("name", LICENCES)
def test_every_example_says_its_licence(tmp_path, name):
    own, given, expected = LICENCES[name]
    line = json.dumps({**json.loads(row(QUESTION, CODE)), **own})
    (example,) = imported(tmp_path, line, wish=Wish(license=given))
    assert example.meta["license"] == expected
    assert not [d for d in checks.check_examples([example], "builtin") if d.severity == "error"]


def test_what_a_row_says_of_its_source_is_kept(tmp_path):
    (example,) = imported(tmp_path, json.dumps({**json.loads(row(QUESTION, CODE)), "source": "Forum,\n thread 7"}))
    assert example.meta["source"] == "rows.jsonl, line 1: Forum, thread 7"


def test_a_licence_that_is_no_identifier_is_refused_before_anything_is_written(tmp_path, capsys):
    path = tmp_path / "rows.jsonl"
    path.write_text(row(QUESTION, CODE) + "\n")
    assert curator("import", str(path), "--corpus", str(tmp_path / "t"), "--license", "ask (me)") == 2
    assert "no SPDX identifier" in capsys.readouterr().err and not (tmp_path / "t").exists()


def test_the_form_of_a_licence_is_that_of_the_schema():
    properties = schema.load("example")["properties"]
    assert f"^{_LICENSE.pattern}$" == properties["license"]["pattern"]


def test_unknown_licences_are_said(tmp_path, capsys):
    path = tmp_path / "rows.jsonl"
    path.write_text(row(QUESTION, CODE) + "\n")
    assert curator("import", str(path), "--corpus", str(tmp_path / "t")) == 0
    assert "1 examples are marked `license: unknown`" in capsys.readouterr().err


def test_a_line_of_a_million_blanks_in_a_heading_takes_no_hours(tmp_path):
    answer = f"# Total{' ' * 1_000_000}x\n\n{CODE}\n\n# Total {'#' * 1_000_000}"
    (example,) = imported(tmp_path, row(QUESTION, answer))
    assert example.prose("Explanation").endswith("### Total")


def test_a_dry_run_writes_nothing_and_a_limit_stops(tmp_path, capsys):
    maker = Maker(5)
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(row(maker.question(), maker.answer()) + "\n" for _ in range(5)))
    folder = tmp_path / "training-data"
    assert curator("import", str(path), "--corpus", str(folder), "--dry-run", "--limit", "2") == 0
    assert len(capsys.readouterr().out.splitlines()) == 2
    assert not folder.exists()
    assert curator("import", str(path), "--corpus", str(folder), "--limit", "3") == 0
    assert len(list(folder.rglob("*.md"))) == 3


def test_a_missing_file_is_said(tmp_path, capsys):
    assert curator("import", str(tmp_path / "no.jsonl"), "--corpus", str(tmp_path)) == 3
    assert "no such file" in capsys.readouterr().err
