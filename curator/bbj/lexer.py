"""Tokens of one logical line.

One compiled pattern does all the work. Two doors:

- `scan(text)` for the parser: lower-case token strings only, because that is what `re.findall` gives at C speed. The
  first character tells the kind (`KIND`); `offsets(text)` recovers the places when something is wrong.
- `tokens(text)` for everybody else (highlighting, generation detection): kind, offset and original text.

Neither knows statements. Both take any text, never raise, and take time linear in its length (every repetition that
could backtrack is possessive).
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

BLANK, NAME, NUMBER, STRING, HEX, MNEMONIC, OTHER = range(7)

# Order matters: a comment before a name, two-character operators before one-character ones.
# - A `$` directly after a name is its suffix, elsewhere it opens a hex string; likewise `!` and `%`.
# - `@` belongs to a name (client object type) unless `(` follows: `input@(1,2),a$`.
# - The path of a class may hold anything but `::` and quotes.
_PATTERN = r"""
    (?<!\.)rem(?![a-z0-9_$!%]).*+
  | [a-z_][a-z0-9_]*+(?:[$!%]|@(?!\())?
  | "(?:[^"]++|"")*+" | ".*+
  | (?:[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)(?:e[+-]?[0-9]++)?
  | \$[0-9a-f]*+\$
  | '[-+*@\#]?[a-z0-9_]++'
  | ::(?:(?!::)[^"])++::[a-z_0-9]*+
  | <>|<=|>=
  | .
"""
_TOKEN = re.compile(rf"[ \t\f]*+({_PATTERN})", re.VERBOSE | re.DOTALL)
_find_tokens = _TOKEN.findall

KIND: dict[str, int] = {"": BLANK, '"': STRING, "$": HEX, "'": MNEMONIC}
KIND |= dict.fromkeys("abcdefghijklmnopqrstuvwxyz_", NAME) | dict.fromkeys("0123456789", NUMBER)
_IDENTIFIER = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_$!%")

REM = "rem"
UNCLOSED = '"'  # the token of a string whose closing quote is missing; always the last of its line
_UPPER = re.compile("[A-Z]+")


def lower(text: str) -> str:
    """Lower case that keeps every offset (`str.lower` changes the length of a few letters outside ASCII)."""
    if text.isascii():
        return text.lower()
    return _UPPER.sub(lambda match: match[0].lower(), text)


def scan(text: str) -> list[str]:
    """The tokens of a logical line in lower case, followed by two empty strings so that a parser can look ahead.

    A comment is the single token "rem", a string that is not closed the single token '"'.
    """
    toks: list[str] = _find_tokens(lower(text.rstrip(" \t\f\r")))
    if toks:
        last = toks[-1]
        if is_comment(last):
            toks[-1] = REM
        elif last[0] == '"' and last.count('"') & 1:
            toks[-1] = UNCLOSED
    toks += ("", "")
    return toks


def is_comment(token: str) -> bool:
    """True for `rem`, `rem text`, `rem:` and `rem---`; false for the variables `rem$` and `remark`."""
    return token.startswith("rem") and (len(token) == 3 or token[3] not in _IDENTIFIER)


@lru_cache(maxsize=2)  # a line with 100,000 mistakes is scanned once, not 100,000 times
def offsets(text: str) -> list[tuple[int, int]]:
    """Start and end of every token of `scan(text)`, and the end of the text for the empty ones after them.

    The list is shared: do not change it.
    """
    text = text.rstrip(" \t\f\r")
    places = [match.span(1) for match in _TOKEN.finditer(lower(text))]
    places += [(len(text), len(text))] * 2
    return places


class Token(NamedTuple):
    """One token as other modules see it.

    kind: "rem", "string", "hex", "number", "name", "mnemonic", "class path", "op" or "error".
    start: offset in the text given. text: as written.
    """

    kind: str
    start: int
    text: str


_NAMES = {NAME: "name", NUMBER: "number", STRING: "string", HEX: "hex", MNEMONIC: "mnemonic"}
OPERATORS = frozenset(
    [
        "+",
        "-",
        "*",
        "/",
        "^",
        "<",
        ">",
        "=",
        "<=",
        ">=",
        "<>",
        "(",
        ")",
        "[",
        "]",
        ",",
        ".",
        ":",
        ";",
        "!",
        "#",
        "?",
        "@",
    ]
)


def tokens(text: str) -> Iterator[Token]:
    """The tokens of a logical line (or any one-line text), blanks left out.

    Nothing is lost: what is no BBj token comes as kind "error" (a lone quote, `{`, `&`, an unclosed string ...).
    A comment is one token up to the end of the text. A name carries its suffix: `name$`, `window!`, `count%`.
    """
    for match in _TOKEN.finditer(lower(text)):
        start, end = match.span(1)
        word = match[1]
        kind = _NAMES.get(KIND.get(word[0], OTHER), "op")
        if is_comment(word) and text[start - 1 : start] != ".":
            kind = "rem"
        elif kind == "string":
            if word.count('"') & 1:
                kind = "error"
        elif kind in ("hex", "mnemonic"):
            if len(word) == 1:
                kind = "error"
        elif kind == "op":
            if word[:2] == "::" and len(word) > 2:
                kind = "class path"
            elif word[0] == "." and len(word) > 1:
                kind = "number"
            elif word not in OPERATORS:
                kind = "error"
        yield Token(kind, start, text[start:end])
