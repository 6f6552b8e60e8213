"""Every code of an example: the bad sample gives it, the good one gives nothing; and messages at the right place."""

from pathlib import Path

import pytest

from curator import corpus, labels, schema
from curator.checks import check_examples, check_text
from curator.codes import CODES, EXAMPLE_CODES
from curator.diagnostic import Severity
from curator.example import parse
from curator.templates import template

DATA = Path(__file__).parent.parent / "data"
GOOD = CODES["E101"].good
SAMPLED = [row for row in EXAMPLE_CODES if row.bad]


def codes(text: str, path: str = "") -> list[str]:
    return [d.code for d in check_examples([parse(text, path)], "builtin")]


@pytest.mark.parametrize("row", SAMPLED, ids=lambda row: row.code)
def test_the_bad_sample_gives_exactly_its_code_and_the_good_one_none(row):
    assert set(codes(row.bad)) == {row.code}
    assert codes(row.good) == []


@pytest.mark.parametrize("path", sorted(DATA.glob("invalid/*/*.md")), ids=lambda p: f"{p.parent.name}/{p.name}")
def test_a_file_in_the_folder_of_a_code_gives_that_code(path):
    examples, unreadable = corpus.load([path])
    found = [*unreadable, *check_examples(examples, "builtin")]
    assert {d.code for d in found} == {path.parent.name}


@pytest.mark.parametrize("path", sorted(DATA.glob("valid/*.md")), ids=lambda p: p.name)
def test_a_valid_file_gives_nothing(path):
    examples, unreadable = corpus.load([path])
    assert [*unreadable, *check_examples(examples, "builtin")] == []


def test_the_words_in_python_are_the_words_of_the_schema():
    read = schema.load("example")
    generations = read["definitions"]["generation"]["oneOf"]
    assert tuple(generations[0]["enum"]) == labels.GENERATIONS
    assert (
        tuple(generations[1]["items"].get("enum", read["definitions"]["one_generation"]["enum"]))
        == (labels.GENERATIONS[1:])
    )
    assert tuple(read["properties"]["type"]["enum"]) == labels.TYPES
    assert tuple(read["properties"]["difficulty"]["enum"]) == labels.DIFFICULTIES
    assert tuple(read["properties"]["review"]["enum"]) == labels.REVIEW_STATES


def test_all_problems_are_reported_at_once_each_at_its_place():
    text = GOOD.replace("generation: all", "generation: [dwc, bbj_gui]\nlevl: x\nauthr: y").replace(
        'print "Hello"', 'print "Hello'
    )
    found = check_examples([parse(text, "a.md")], "builtin")
    assert [(d.line, d.column, d.code) for d in found if d.code[1] == "1"] == [
        (4, 19, "E102"), (5, 1, "E104"), (6, 1, "E104"),
    ]  # fmt: skip
    assert [d.line for d in found if d.code.startswith("E3")] == [13]


@pytest.mark.parametrize(
    ("old", "new", "hint"),
    [
        ("generation: all", "generation: bbj_gui", 'did you mean "bbj-gui"?'),
        ("generation: all", "generation: DWC", 'did you mean "dwc"?'),
        ("type: completion", "type: complete", 'did you mean "completion"?'),
        ("generation: all", "generation: [all, dwc]", "write `generation: all`"),
        ("generation: all", "generation: all\ndificulty: basic", 'did you mean "difficulty"?'),
        ("generation: all", "generation: all\nrequires_version: 23.04", 'requires_version: "23.04"'),
        ("generation: all", "generation: all\ntags: files", "tags: [files]"),
        ("## Explanation", "## Explanatoin", 'is "## explanatoin" meant to be it?'),
    ],
)
def test_the_hint_says_what_to_do(old, new, hint):
    assert any(hint in d.hint for d in check_text(GOOD.replace(old, new)))


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("training-data/gui/Hello.md", "E231"),
        ("training-data/gui/01-hello.md", "E231"),
        ("training-data/gui/hello_world.md", "E231"),
        ("training-data/guis/hello.md", "E232"),
        ("training-data/hello.md", "E232"),
        ("training-data/gui/hello-2.md", None),
        ("elsewhere/Any_Name.md", None),
    ],
)
def test_names_and_folders_of_a_corpus_are_checked(path, code):
    assert codes(GOOD, path) == ([code] if code else [])


def test_two_examples_with_one_id_are_reported():
    examples = [parse(GOOD, "training-data/gui/a.md"), parse(GOOD, "more/training-data/gui/a.md")]
    assert [d.code for d in check_examples(examples, "none")] == ["E241"]


def test_a_file_that_is_not_utf8_is_reported_with_its_line_and_stops_nothing(tmp_path):
    bad, good = tmp_path / "bad.md", tmp_path / "good.md"
    bad.write_bytes(GOOD.encode().replace(b"Print a greeting", b"Gr\xfc\xdfe", 1))
    good.write_text(GOOD)
    examples, found = corpus.load([bad, good])
    assert [(d.code, d.line, d.column) for d in found] == [("E001", 2, 10)]
    assert [e.path for e in examples] == [good.as_posix()]


def test_code_is_judged_where_it_stands_in_the_markdown():
    text = CODES["E214"].good.replace('print "Hello, world"', 'print "Hello, world')
    (found,) = (d for d in check_examples([parse(text, "m.md")], "builtin") if d.severity is Severity.ERROR)
    assert text.split("\n")[found.line - 1] == 'print "Hello, world'


def test_what_is_still_to_be_written_is_named():
    text = template("A title", "completion", ("all",))
    said = [d.message for d in check_text(text, "strings/a-title.md") if d.code == "W207"]
    assert said == [f'"{name}" is still to be written' for name in ("description", "Expected Output", "Explanation")]
