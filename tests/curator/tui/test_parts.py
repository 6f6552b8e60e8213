"""The parts without a screen: text on its way to the screen and back, templates, fields, diffs, drafts, start-up."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.checks import check_code, check_text
from curator.diagnostic import Severity
from curator.editing import drafts
from curator.example import parse, with_meta
from curator.labels import GENERATIONS, TYPES
from curator.schema import load
from curator.templates import PLACEHOLDER, template
from curator.tui.diff import side_by_side
from curator.tui.fields import BY_KEY, FIELDS, chosen, value_shown, value_written
from curator.tui.shown import merged, one_line, shown, to_write

# A lone CR before an LF that an edit brings together becomes a line end; no editor makes one, so none is drawn here.
PIECES = ["a", "b", "\n", "\r\n", "\x1b", "\t", "é", "\u2028", "\x0c"]
RAW = st.lists(st.sampled_from(PIECES), max_size=20).map("".join)


@given(RAW, st.data())
def test_an_edit_on_the_screen_changes_nothing_else_of_the_raw_text(raw: str, data: st.DataObject) -> None:
    before = shown(raw)
    start = data.draw(st.integers(0, len(before)))
    stop = data.draw(st.integers(start, len(before)))
    after = before[:start] + data.draw(st.text("ab\n", max_size=4)) + before[stop:]
    edited = merged(raw, before, after)
    assert shown(edited) == after
    assert merged(raw, before, before) == raw


@given(st.text())
def test_no_control_character_is_shown(text: str) -> None:
    assert all(c in "\t\n" or c.isprintable() or not c.isascii() for c in shown(text))
    assert not set(shown(text)) & set("\x1b\x9b\r\x85\u2028\u202e")
    assert "\n" not in one_line(text)


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("generation", GENERATIONS)
def test_a_template_passes_every_check(kind: str, generation: str) -> None:
    text = template("Keep a: title, with 'quotes'", kind, generation)
    found = check_text(text, "training-data/strings/keep.md") + check_code([parse(text)], "builtin")
    serious = [d for d in found if d.severity is Severity.ERROR or d.code.startswith("W7")]
    assert not serious
    assert parse(text).title == "Keep a: title, with 'quotes'"
    assert PLACEHOLDER in to_write(parse(text))


def test_the_form_has_a_field_for_every_label_an_author_sets() -> None:
    known = load("example")["properties"]
    assert isinstance(known, dict)
    assert set(known) - set(BY_KEY) == {"variant_of", "variant_note"}, "those two are written by Similar"


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.key)
def test_a_field_writes_back_what_it_shows(field) -> None:  # type: ignore[no-untyped-def]
    text = template("A title", "migration", ["bbj-gui", "dwc"])
    text = with_meta(parse(text), "tags", ["one", "two"])
    text = with_meta(parse(text), "requires_version", "23.04")
    for key, value in (("author", "Anna"), ("license", "MIT"), ("source", "ours"), ("review", "proposed")):
        text = with_meta(parse(text), key, value)
    example = parse(with_meta(parse(text), "to_generation", "dwc"))
    assert value_written(field, value_shown(field, example)) == example.meta[field.key]


def test_all_and_a_named_generation_exclude_each_other() -> None:
    assert chosen(("all",), ("all", "dwc")) == ("dwc",)
    assert chosen(("dwc",), ("all", "dwc")) == ("all",)
    assert chosen(("dwc",), ("vpro5", "dwc")) == ("vpro5", "dwc")


def test_a_diff_sets_lines_beside_each_other() -> None:
    rows = side_by_side("a\nb\nc\n", "a\nB\nc\nd\n")
    assert [(row.sign, row.left, row.right) for row in rows] == [
        ("=", "a", "a"), ("~", "b", "B"), ("=", "c", "c"), ("+", "", "d"),
    ]  # fmt: skip


def test_a_draft_is_left_over_only_when_nobody_holds_it(tmp_path: Path) -> None:
    journal = drafts.Journal(tmp_path)
    journal.write("/corpus", "", "gui", None, "text \U0001f600\r\n\x1b")
    assert not drafts.left_over("/corpus", tmp_path)
    journal.close()
    (draft,) = drafts.left_over("/corpus", tmp_path)
    assert draft.text == "text \U0001f600\r\n\x1b" and draft.topic == "gui"
    assert not drafts.left_over("/another", tmp_path)
    drafts.forget(draft, tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_broken_draft_file_is_skipped(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("{")
    (tmp_path / "y.json").write_text('{"format": 2}')
    assert drafts.left_over("/corpus", tmp_path) == []


def test_help_loads_no_textual() -> None:
    program = (
        "import sys\nfrom curator.tui.main import main\n"
        "sys.argv = ['bbj-curator', '--help']\ntry: main()\nexcept SystemExit as stop: assert not stop.code\n"
        "sys.exit(any(name == 'textual' or name.startswith('textual.') for name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "CORPUS_FOLDER" in done.stdout


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "curator.tui.main", str(tmp_path / "nothing")], capture_output=True, text=True
    )
    assert done.returncode == 2 and "no such folder" in done.stderr


def test_no_training_data_above_is_said(tmp_path: Path) -> None:
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-m", "curator.tui.main"], cwd=tmp_path, capture_output=True, text=True,
        env={"PYTHONPATH": str(root), "PATH": "/usr/bin"},
    )  # fmt: skip
    assert done.returncode == 3 and "training-data" in done.stderr
