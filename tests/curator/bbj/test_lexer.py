"""Tokens of one line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.bbj.lexer import UNCLOSED, is_comment, lower, offsets, scan, tokens


def kinds(text: str) -> list[tuple[str, str]]:
    return [(token.kind, token.text) for token in tokens(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("rem a;b", [("rem", "rem a;b")]),
        ("REM", [("rem", "REM")]),
        ("rem: x", [("rem", "rem: x")]),
        ("remark$", [("name", "remark$")]),
        ("rem15", [("name", "rem15")]),
        ('"a""b"', [("string", '"a""b"')]),
        ('"C:\\x\\"', [("string", '"C:\\x\\"')]),
        ('"open', [("error", '"open')]),
        ("$0D0a$", [("hex", "$0D0a$")]),
        ("$$", [("hex", "$$")]),
        ("a$", [("name", "a$")]),
        ("a$+$00$", [("name", "a$"), ("op", "+"), ("hex", "$00$")]),
        ("x!.y", [("name", "x!"), ("op", "."), ("name", "y")]),
        ("Foo@.bar", [("name", "Foo@"), ("op", "."), ("name", "bar")]),
        ("input@(1)", [("name", "input"), ("op", "@"), ("op", "("), ("number", "1"), ("op", ")")]),
        ("1.5e-7", [("number", "1.5e-7")]),
        (".5", [("number", ".5")]),
        ("10.", [("number", "10.")]),
        ("'CS'", [("mnemonic", "'CS'")]),
        ("::a/b.bbj::C", [("class path", "::a/b.bbj::C")]),
        ("::C:/b.bbj::C", [("class path", "::C:/b.bbj::C")]),
        ("a<>b", [("name", "a"), ("op", "<>"), ("name", "b")]),
        ("{", [("error", "{")]),
        ("'", [("error", "'")]),
        ("x!.rem", [("name", "x!"), ("op", "."), ("name", "rem")]),
    ],
)
def test_each_token_has_its_kind(text: str, expected: list[tuple[str, str]]) -> None:
    assert kinds(text) == expected


def test_scan_is_lower_case_and_marks_comments_and_open_strings() -> None:
    assert scan("Print A$; REM done") == ["print", "a$", ";", "rem", "", ""]
    assert scan('x="a') == ["x", "=", UNCLOSED, "", ""]


def test_lower_keeps_offsets() -> None:
    assert len(lower("İ STANBUL")) == len("İ STANBUL")
    assert lower("ABC é") == "abc é"


def test_a_comment_needs_a_boundary() -> None:
    assert is_comment("rem-- x")
    assert not is_comment("rem$")


@given(st.text(st.characters(codec="utf-8", exclude_characters="\n\r"), max_size=60))
def test_tokens_lose_nothing_but_blanks(text: str) -> None:
    position = 0
    for token in tokens(text):
        assert text[position : token.start].strip(" \t\f") == ""
        assert text[token.start : token.start + len(token.text)] == token.text
        position = token.start + len(token.text)
    assert text[position:].strip(" \t\f") == ""


@given(st.text("ab$!\"';:().,1 \tremREM=<>", max_size=60))
def test_scan_and_offsets_agree(text: str) -> None:
    assert len(scan(text)) == len(offsets(text))
