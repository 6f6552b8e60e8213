"""Logical lines and the way back to physical places."""

from hypothesis import given
from hypothesis import strategies as st

from curator.bbj.logical import logical_lines


def texts(text: str) -> list[tuple[int, str]]:
    return [(line.line, line.text) for line in logical_lines(text)]


def test_blank_lines_fall_out_and_numbers_stay() -> None:
    assert texts("a\n\n  \nb") == [(1, "a"), (4, "b")]


def test_a_continuation_is_glued_raw() -> None:
    assert texts('pri\n:nt "a\n: b"') == [(1, 'print "a b"')]


def test_line_ends_may_be_crlf_or_cr() -> None:
    assert texts("a\r\n:b\r\nc\rd") == [(1, "ab"), (3, "c"), (4, "d")]


def test_a_colon_behind_a_blank_continues_nothing() -> None:
    assert texts("a\n :b") == [(1, "a"), (2, " :b")]


def test_a_numbered_continuation_repeats_the_number() -> None:
    assert texts("0760 call a,\n0760:b") == [(1, "0760 call a,b")]


def test_a_number_with_colon_continues_only_a_numbered_line() -> None:
    assert texts("print 1\n9500: print 2") == [(1, "print 1"), (2, "9500: print 2")]


def test_a_first_line_with_a_colon_stays() -> None:
    assert texts(":a\nb") == [(1, ":a"), (2, "b")]


def test_places_lead_back_through_continuations() -> None:
    (line,) = logical_lines("ab\n:cd\r\n:ef")
    assert [line.place(offset) for offset in range(7)] == [(1, 1), (1, 2), (2, 2), (2, 3), (3, 2), (3, 3), (3, 4)]


@given(st.text("ab :\n\r\t10é", max_size=80))
def test_every_character_is_found_where_it_came_from(text: str) -> None:
    physical = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for line in logical_lines(text):
        for offset, character in enumerate(line.text):
            row, column = line.place(offset)
            assert physical[row - 1][column - 1] == character
