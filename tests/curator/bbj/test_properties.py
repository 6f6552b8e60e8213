"""Properties that hold for any text."""

import time

from hypothesis import given, settings
from hypothesis import strategies as st

from curator.bbj.check import check
from curator.bbj.codes import BBJ_CODES
from curator.bbj.foreign import FOREIGN_WORDS
from curator.bbj.words import VERBS

PIECES = [
    *sorted(VERBS), *sorted(FOREIGN_WORDS), *"()[]{},;:.#?@=+-*/<>!&|%^'\"$\\`_",
    "then", "else", "fi", "record", "err=", "*next", "class", "public", "void", "static",
    "x", "a$", "b!", "1", ".5", '"s"',
    "$00$", "'CS'", "::a::B", "rem", "\n", "\n:", "\n0010 ", "fnx", "all", "é", "\x0c",
    "//", "/*", "*/", "==", "\t", " ",
]  # fmt: skip
soups = st.lists(st.sampled_from(PIECES), max_size=40).map(" ".join) | st.lists(st.sampled_from(PIECES)).map("".join)
SAMPLES = [sample for code in BBJ_CODES if code.code != "E003" for sample in (code.bad, code.good)]


def holds(text: str) -> None:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    found = check(text)
    assert found == sorted(found, key=lambda d: (d.line, d.column, d.code))
    for d in found:
        assert 1 <= d.line <= len(lines)
        assert 1 <= d.column <= len(lines[d.line - 1]) + 1
        assert d.end is None or d.column < d.end <= len(lines[d.line - 1]) + 2
        assert d.message


@given(st.text(max_size=200))
@settings(max_examples=150, deadline=None)
def test_any_text_is_checked_without_exception(text: str) -> None:
    holds(text)


@given(st.binary(max_size=200))
@settings(max_examples=100, deadline=None)
def test_any_bytes_are_checked_without_exception(data: bytes) -> None:
    holds(data.decode("latin-1"))


@given(soups)
@settings(max_examples=300, deadline=None)
def test_any_soup_of_tokens_is_checked_without_exception(text: str) -> None:
    holds(text)


@given(soups)
@settings(max_examples=100, deadline=None)
def test_checking_twice_gives_the_same(text: str) -> None:
    assert check(text) == check(text)


@given(st.sampled_from([s for s in SAMPLES if "class" not in s and "/*" not in s]), st.integers(1, 30))
def test_comments_in_front_only_move_the_lines(sample: str, count: int) -> None:
    before = check(sample)
    after = check("rem x\n" * count + sample)
    assert [(d.line + count, d.column, d.code) for d in before] == [(d.line, d.column, d.code) for d in after]


@given(st.sampled_from(SAMPLES))
def test_line_ends_do_not_matter(sample: str) -> None:
    assert check(sample) == check(sample.replace("\n", "\r\n"))


def test_good_programs_one_after_the_other_are_good() -> None:
    good = [code.good for code in BBJ_CODES if code.code not in ("E401", "E421", "H602", "E413")]
    unique = [text for text in dict.fromkeys(good) if ":" not in text and "class" not in text]
    assert check("".join(unique)) == []


def test_time_grows_no_faster_than_the_text() -> None:
    """Ten times the text may take ten times as long, with a wide margin for a busy machine, not a hundred times."""
    for piece in ("(", '"', ":", "x=1;", "else ", "x = (1,\n", "goto a;", "/*\n", "x=1\n:+1\n", "if a then "):
        small, large = (_seconds(piece * n) for n in (3_000, 30_000))
        assert large < 60 * small + 0.2, piece


def _seconds(text: str) -> float:
    start = time.process_time()
    check(text)
    return time.process_time() - start
