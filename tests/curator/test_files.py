"""The files of a program: added, named and removed in the text, and nothing else of it changes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.checks import check_text
from curator.editing.files import with_file, with_name, without_file
from curator.errors import CuratorError
from curator.example import parse
from curator.templates import template

ONE = template("Two files", "completion", "all")


def named(text: str) -> list[str | None]:
    return [block.filename for block in parse(text).bbj_blocks]


def test_a_second_file_names_the_first_one_too() -> None:
    text = with_file(parse(ONE), "helper.bbj")
    assert named(text) == ["main.bbj", "helper.bbj"]
    assert not [d for d in check_text(text) if d.code == "E215"]


def test_a_file_comes_below_the_chosen_one() -> None:
    text = with_file(parse(with_file(parse(ONE), "last.bbj")), "middle.bbj", None)
    text = with_file(parse(text), "second.bbj", parse(text).bbj_blocks[0])
    assert named(text) == ["main.bbj", "second.bbj", "last.bbj", "middle.bbj"]


def test_a_file_gets_another_name() -> None:
    example = parse(with_file(parse(ONE), "helper.bbj"))
    text = with_name(example, example.bbj_blocks[1], "tools.bbj")
    assert text == example.text.replace("filename: helper.bbj", "filename: tools.bbj")


def test_adding_and_removing_a_file_leaves_the_text_as_it_was() -> None:
    two = parse(with_file(parse(ONE), "helper.bbj"))
    three = parse(with_file(two, "more.bbj"))
    assert without_file(three, three.bbj_blocks[2]) == two.text


def test_a_file_added_in_a_migration_stays_in_its_part() -> None:
    example = parse(template("Old and new", "migration", "dwc"))
    text = with_file(example, "helper.bbj", example.bbj_blocks[0])
    assert [b.part.split()[0] for b in parse(text).bbj_blocks] == ["Before", "Before", "After"]


def test_a_missing_program_is_added_without_a_name() -> None:
    text = with_file(parse("---\ntitle: x\n---\n"))
    assert named(text) == [None] and parse(text).section("Code")


def test_line_ends_of_windows_stay() -> None:
    text = with_file(parse(ONE.replace("\n", "\r\n")), "helper.bbj")
    assert text.count("\n") == text.count("\r\n") and named(text) == ["main.bbj", "helper.bbj"]


@pytest.mark.parametrize("name", ["", "../x.bbj", "a/b.bbj", "c:\\x.bbj", "--> x", "main.bbj", "MAIN.bbj"])
def test_a_name_that_is_none_or_taken_is_refused(name: str) -> None:
    example = parse(with_file(parse(ONE), "helper.bbj"))
    with pytest.raises(CuratorError):
        with_file(example, name)


@given(st.lists(st.from_regex(r"[a-z]{1,4}\.bbj", fullmatch=True), min_size=1, max_size=5, unique=True))
def test_every_added_file_is_there_by_its_name(names: list[str]) -> None:
    text = ONE
    for name in names:
        text = with_file(parse(text), name)
    assert set(names) <= set(named(text)) and len(named(text)) == len(names) + 1
