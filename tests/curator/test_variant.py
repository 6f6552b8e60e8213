"""Wanted near-duplicates, and what two examples share."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from curator.checks import check_text
from curator.example import parse
from curator.similarity import overlap, shingles
from curator.templates import template
from curator.tui import live
from curator.variant import as_variant, is_wanted, not_variant

MINE = parse(template("List the customers", "completion", "all"), "training-data/gui/mine.md")
OTHER = parse(template("List the customers", "completion", "all"), "training-data/gui/other.md")


def test_a_variant_says_of_which_one_and_why_and_passes_the_checks() -> None:
    mine = parse(as_variant(MINE, "gui/other", "for the  browser"), MINE.path)
    assert mine.meta["variant_of"] == "gui/other" and mine.meta["variant_note"] == "for the browser"
    assert is_wanted(mine, OTHER) and is_wanted(OTHER, mine) and not is_wanted(MINE, OTHER)
    assert {d.code for d in check_text(mine.text)} <= {"W207"}
    assert not_variant(mine, "gui/other") == MINE.text


def test_an_example_may_be_a_variant_of_several() -> None:
    text = as_variant(parse(as_variant(MINE, "gui/other", "a")), "dwc/third", "a and b")
    assert parse(text).meta["variant_of"] == ["gui/other", "dwc/third"]
    assert parse(not_variant(parse(text), "gui/other")).meta["variant_of"] == "dwc/third"


def test_an_id_that_is_none_is_reported() -> None:
    (found,) = [d for d in check_text(as_variant(MINE, "Other.md", "x")) if d.severity == "error"]
    assert found.code == "E105" and "gui/hello-window" in found.hint


def test_a_wanted_pair_raises_no_warning() -> None:
    class Index:
        def query(self, text: str, without: str = "") -> list[live.Neighbour]:
            return [live.Neighbour(OTHER.path, 0.9, 0.9)]

    both = {OTHER.path: OTHER}
    assert "W901" in {d.code for d in live.quick(MINE, Index(), both).diagnostics}  # type: ignore[arg-type]
    mine = parse(as_variant(MINE, "gui/other", "why"), MINE.path)
    assert "W901" not in {d.code for d in live.quick(mine, Index(), both).diagnostics}  # type: ignore[arg-type]


@given(st.lists(st.sampled_from(["one", "two", "three", "four", "five", "six", "seven\n"]), max_size=40).map(" ".join))
def test_what_is_marked_are_the_words_of_shared_runs(text: str) -> None:
    found = shingles.of("one two three four five six")
    covered = {word for start, stop in overlap.marked(text, found) for word in shingles.tokens(text[start:stop])}
    assert covered == {word for run in shingles.of(text) & found for word in run.split()}


def test_marks_are_cut_at_line_ends() -> None:
    assert overlap.by_line("ab cd\nef gh\n\nij", [(3, 8), (9, 15)]) == {0: [(3, 5)], 1: [(0, 2), (3, 5)], 3: [(0, 2)]}


def test_dedupe_removes_no_wanted_variant_and_keeps_both_in_one_cluster(tmp_path: Path) -> None:
    folder = tmp_path / "training-data" / "strings"
    folder.mkdir(parents=True)
    text = template("List the customers of a country by name", "completion", "bbj-gui")
    (folder / "one.md").write_text(text)
    (folder / "two.md").write_text(text.replace("Hello", "Goodbye"))
    assert run_dedupe(folder)[0] == 1
    two = parse((folder / "two.md").read_text(), "strings/two.md")
    (folder / "two.md").write_text(as_variant(two, "strings/one", "another word on the window"))
    code, found = run_dedupe(folder)
    (cluster,) = found["clusters"]
    assert code == 0 and len(cluster["kept"]) == 2 and not cluster["removals"]


def run_dedupe(folder: Path) -> tuple[int, dict[str, Any]]:
    command = [sys.executable, "-c", "from curator.cli import main; main()", "dedupe", str(folder), "--format", "json"]
    done = subprocess.run(command, capture_output=True, text=True)
    return done.returncode, json.loads(done.stdout)
