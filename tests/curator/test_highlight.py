"""The Pygments lexer: nothing lost, no Error in valid code, the same colours for one line alone where that can be."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pygments.lexers import get_lexer_by_name, get_lexer_for_filename
from pygments.token import Comment, Error, Keyword, Name, Operator, String, _TokenType

from curator.bbj.highlight import BBjLexer

VALID = sorted((Path(__file__).parents[1] / "data" / "valid").rglob("*.bbj"))
LEXER = BBjLexer(stripnl=False, ensurenl=False)


def kinds(text: str) -> list[tuple[_TokenType, str]]:
    """The tokens of a text without the blanks."""
    return [(kind, piece) for kind, piece in LEXER.get_tokens(text) if piece.strip()]


def kind_of(word: str, text: str) -> _TokenType:
    return next(kind for kind, piece in kinds(text) if piece == word)


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.stem)
def test_valid_code_has_no_error_token(path: Path) -> None:
    text = path.read_bytes().decode("utf-8", "surrogateescape")
    assert [piece for kind, piece in kinds(text) if kind is Error] == []
    for line in text.splitlines():
        assert [piece for kind, piece in kinds(line) if kind is Error] == [], line


@given(st.text(alphabet=st.sampled_from(list("ab\"'$:;{}()\n\r\t @*#.0é\ufeff\x1a")), max_size=60))
def test_every_character_comes_once_and_in_order(text: str) -> None:
    position = 0
    for offset, _, piece in LEXER.get_tokens_unprocessed(text):
        assert offset == position
        assert piece == text[offset : offset + len(piece)] != ""
        position += len(piece)
    assert position == len(text)


@given(st.text())
def test_no_text_makes_it_fail(text: str) -> None:
    assert "".join(piece for _, _, piece in LEXER.get_tokens_unprocessed(text)) == text


def test_what_is_no_bbj_token_is_an_error() -> None:
    assert kind_of("{", "if a=1 {") is Error


def test_a_string_cut_by_a_continuation_is_a_string_in_both_lines() -> None:
    text = 'a$="one\n: two { three"\nb=1\n'
    assert [piece for kind, piece in kinds(text) if kind is String.Double] == ['"one', ' two { three"']


def test_a_continuation_shown_alone_is_guessed_to_begin_in_a_string() -> None:
    assert kinds(': two { three"')[1] == (String.Double, ' two { three"')


def test_a_word_cut_in_two_has_one_colour() -> None:
    assert [(kind, piece) for kind, piece in kinds('pri\n:nt "x"') if kind is Keyword] == [
        (Keyword, "pri"),
        (Keyword, "nt"),
    ]


def test_verbs_that_are_names_are_coloured_by_their_place() -> None:
    assert kind_of("print", "print 1") is Keyword
    assert kind_of("print", "print = 1") is Name
    assert kind_of("print", "gosub print") is Name.Label
    assert kind_of("end", "a = rec.end") is Name.Attribute
    assert kind_of("print", "if a=1 print b") is Keyword
    assert kind_of("next", "a=num(b$,err=*next)") is Name.Label


def test_a_label_an_option_a_function_and_a_comment_are_told_apart() -> None:
    text = 'trap: a=len(b$,err=trap) and rev; rem "note"'
    assert kinds(text)[0] == (Name.Label, "trap")
    assert kind_of("len", text) is Name.Builtin
    assert kind_of("err", text) is Name.Decorator
    assert kind_of("and", text) is Operator.Word
    assert kinds(text)[-1] == (Comment.Single, 'rem "note"')


def test_pygments_finds_it_by_name_and_by_file() -> None:
    assert isinstance(get_lexer_by_name("bbj"), BBjLexer)
    assert isinstance(get_lexer_for_filename("program.bbj"), BBjLexer)
