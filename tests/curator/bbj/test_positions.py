"""The right line and column, in the text as it was given."""

import pytest

from curator.bbj.check import check


def places(text: str) -> list[tuple[int, int, str]]:
    return [(d.line, d.column, d.code) for d in check(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x = 1\n  y == 2\n", (2, 5, "E310")),
        ("x = 1\r\n  y == 2\r\n", (2, 5, "E310")),
        ("\ty == 2\n", (1, 4, "E310")),
        ('a$ = "größer"; b == 2\n', (1, 18, "E310")),
        ("x = 1 +\n:  y == 2\n", (2, 6, "E310")),
        ("pri\n:nt 1 2\n", (2, 7, "E308")),
        ("if a then\n: b = 1;\n: c == 2\n", (3, 5, "E310")),
        ('0010 x = 1\n0020 call "a",\n0020:b == 2\n', (3, 8, "E310")),
        ("goto done; gosub nowhere\ndone:\n", (1, 18, "E401")),
        ("\ufeffx == 1\n", (1, 4, "E310")),
    ],
)
def test_a_diagnostic_stands_where_the_mistake_is(text: str, expected: tuple[int, int, str]) -> None:
    assert places(text) == [expected]


def test_the_end_marks_the_token() -> None:
    (found,) = check("print a$ b$\n")
    assert (found.column, found.end) == (10, 12)


@pytest.mark.parametrize("sign", ["++", "--", "+="])
def test_a_sign_of_two_characters_is_marked_as_a_whole(sign: str) -> None:
    (found,) = check(f"count{sign}" + "1" * (sign == "+=") + "\n")
    assert (found.code, found.column, found.end) == ("E312", 6, 8)


def test_a_token_cut_by_a_continuation_has_no_end_on_its_first_line() -> None:
    (found,) = check("goto no\n:where\n")
    assert (found.line, found.column, found.end) == (1, 6, None)


def test_the_path_is_passed_on() -> None:
    assert check("x == 1", "a.bbj")[0].path == "a.bbj"
