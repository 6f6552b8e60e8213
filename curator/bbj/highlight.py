"""Colours for BBj: a Pygments lexer on the checker's own tokens and words.

Registered as an entry point, so that fences in Markdown, diffs and the editor are coloured alike. It colours, it does
not judge: an Error token is only what can be no BBj token at all, such as `{`. One line at a time works too, as the
editor needs it: no state crosses a line except what a continuation line cut in two, and there it guesses.
Try it: `pygmentize -l bbj program.bbj`
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pygments.lexer import Lexer
from pygments.token import (
    Comment,
    Error,
    Keyword,
    Name,
    Number,
    Operator,
    Punctuation,
    String,
    Text,
    Whitespace,
    _TokenType,
)

from curator.bbj import words
from curator.bbj.lexer import Token, tokens
from curator.bbj.logical import Logical, logical_lines

_SLOT_WORDS = frozenset(["record", "from", "where", "sortby", "limit", "except", "error"])
_KEYWORDS = words.VERBS | words.BLOCK_WORDS | words.FRAME_WORDS | words.ACCESS_LEVELS | _SLOT_WORDS
_JUMPS = frozenset(["goto", "gosub", "exitto", "restore", "seterr", "setesc"])
_BEFORE_A_TYPE = frozenset(["new", "class", "extends", "implements"])
_PLAIN = {
    "rem": Comment.Single,
    "string": String.Double,
    "hex": String.Other,
    "number": Number,
    "mnemonic": String.Symbol,
    "class path": Name.Namespace,
}
_PUNCTUATION = frozenset(["(", ")", "[", "]", ",", ".", ":", ";"])
_NOTHING = Token("op", 0, ";")  # what stands before the first and after the last token: the end of a statement


class BBjLexer(Lexer):
    """BBj source: `.bbj`, and `.bbx` and `.src` where they are text."""

    name = "BBj"
    aliases = ["bbj"]  # noqa: RUF012  (Pygments declares these as lists)
    filenames = ["*.bbj", "*.bbx", "*.src"]  # noqa: RUF012
    url = "https://basis.cloud"

    def get_tokens_unprocessed(self, text: str) -> Iterator[tuple[int, _TokenType, str]]:
        """Every character of the text exactly once, with its kind: (offset, kind, piece)."""
        starts = [0, *(match.end() for match in re.finditer(r"\r\n|\r|\n", text))]
        position = 0
        for logical in logical_lines(text):
            for token, kind in _coloured(logical.text):
                for start, stop in _places(logical, token, starts):
                    if position < start:
                        yield position, _gap(text[position:start]), text[position:start]
                    yield start, kind, text[start:stop]
                    position = stop
        if position < len(text):
            yield position, _gap(text[position:]), text[position:]


def _places(logical: Logical, token: Token, starts: list[int]) -> Iterator[tuple[int, int]]:
    """Where a token stands in the whole text: several places if continuation lines cut it."""
    start, stop = token.start, token.start + len(token.text)
    cuts = [offset for offset, _, _ in logical.joints if start < offset < stop]
    for first, last in zip([start, *cuts], [*cuts, stop], strict=True):
        line, column = logical.place(first)
        begin = starts[line - 1] + column - 1
        yield begin, begin + last - first


def _gap(text: str) -> _TokenType:
    """Blanks, line ends, and the colon in front of a continuation."""
    return Whitespace if text.isspace() else Punctuation


def _coloured(text: str) -> list[tuple[Token, _TokenType]]:
    """The tokens of a logical line with their kinds."""
    if not text.startswith(":"):
        return _code(text, 0)
    # A continuation without the line above it: it may begin inside a string. What fits better is shown, and no errors.
    as_code = _code(text, 1)
    first_quote = text.find('"') + 1
    if first_quote and _misfits(as_code):
        as_string = [(Token("string", 1, text[1:first_quote]), String.Double), *_code(text, first_quote)]
        if _misfits(as_string) < _misfits(as_code):
            as_code = as_string
    return [(token, Text if kind is Error else kind) for token, kind in as_code]


def _misfits(coloured: list[tuple[Token, _TokenType]]) -> int:
    return sum(token.kind == "error" for token, _ in coloured)


def _code(text: str, start: int) -> list[tuple[Token, _TokenType]]:
    line = [token._replace(start=token.start + start) for token in tokens(text[start:])]
    return [(token, _kind(line, index)) for index, token in enumerate(line)]


def _kind(line: list[Token], index: int) -> _TokenType:
    """The kind of one token, seen with its neighbours."""
    token = line[index]
    if token.kind == "name":
        return _kind_of_name(line, index)
    if token.kind == "op":
        if token.text == "*" and _is_symbolic(line, index + 1):
            return Name.Label
        return Punctuation if token.text in _PUNCTUATION else Operator
    if token.kind == "error":  # a string may go on in the next line, which is not here to be seen
        return String.Double if token.text.startswith('"') else Error
    if token.kind == "number" and index == 0 and token.start == 0:
        return Name.Label  # a line number
    return _PLAIN[token.kind]


def _kind_of_name(line: list[Token], index: int) -> _TokenType:
    before = line[index - 1] if index else _NOTHING
    after = line[index + 1] if index + 1 < len(line) else _NOTHING
    word = line[index].text.lower()
    if before.text == ".":
        return Name.Function if after.text == "(" else Name.Attribute
    if before.text == "#":
        return Name.Function if after.text == "(" else Name.Variable.Instance
    if _is_symbolic(line, index) or before.text.lower() in _JUMPS:
        return Name.Label
    if word[-1] in "$!%":
        return Name.Variable
    begins = _begins_statement(line, index)
    if begins and after.text == ":" and word not in words.RESERVED_AS_LABEL:
        return Name.Label
    if before.text == "=" and index > 1 and line[index - 2].text.lower() in words.REF_OPTIONS:
        return Name.Label
    if word in ("and", "or"):
        return Operator.Word
    # `print = 1` and `rec.end` are names; between two operands, or where a statement begins, a verb is a verb
    if word in _KEYWORDS and after.text not in ("=", ".") and (begins or _ends_operand(before)):
        return Keyword
    if word in ("new", "auto"):
        return Keyword
    if after.text == "=" and word in words.OPTIONS:
        return Name.Decorator
    if after.text == "(" and word in words.FUNCTIONS:
        return Name.Builtin
    if word in words.SYSTEM_VARIABLES:
        return Name.Builtin.Pseudo
    if word.startswith("bbj") or word[-1] == "@" or before.text.lower() in _BEFORE_A_TYPE:
        return Name.Class
    return Name


def _is_symbolic(line: list[Token], index: int) -> bool:
    """True for the `next` of `err=*next` and `goto *next`: no blank after the star, no operand before it."""
    if not 0 < index < len(line) or line[index - 1].text != "*":
        return False
    star, before = line[index - 1], line[index - 2] if index > 1 else _NOTHING
    joined = star.start + 1 == line[index].start
    return joined and line[index].text.lower() in words.SYMBOLIC_LABELS and (
        not _ends_operand(before) or before.text.lower() in _KEYWORDS
    )  # fmt: skip


def _begins_statement(line: list[Token], index: int) -> bool:
    """True at the start of the line or after what ends a statement, a label, or THEN and ELSE."""
    before = line[index - 1] if index else _NOTHING
    if before.text == ":":  # a label's colon, where nothing but the label or a line number stands before it
        return index <= 3
    return before.text == ";" or before.text.lower() in ("then", "else") or (index == 1 and before.kind == "number")


def _ends_operand(token: Token) -> bool:
    return token.kind not in ("op", "error") or token.text in (")", "]")
