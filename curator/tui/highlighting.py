"""BBj colours for one line at a time, in the colours of the app's theme.

Line by line because only that stays fast while typing: lexing a 500-line program takes 20 ms, a line 40 µs, and BBj has
no token that matters beyond its line.
"""

from collections.abc import Mapping
from functools import lru_cache

from pygments.token import Comment, Error, Keyword, Name, Number, Operator, String, _TokenType
from rich.style import Style
from textual.color import Color

Span = tuple[int, int, _TokenType]

# Token -> theme variable, bold, italic. The nearest ancestor of a token counts; what is not here is plain text.
_LOOKS: dict[_TokenType, tuple[str, bool, bool]] = {
    Comment: ("", False, True),
    Keyword: ("text-accent", True, False),
    Name.Builtin: ("text-accent", False, False),
    Name.Function: ("text-primary", True, False),
    Name.Class: ("text-primary", True, False),
    Name.Label: ("text-warning", True, False),
    Name.Constant: ("text-warning", False, False),
    Name.Entity: ("text-secondary", False, False),
    String: ("text-success", False, False),
    Number: ("text-warning", False, False),
    Operator.Word: ("text-accent", True, False),
    Error: ("text-error", False, False),
}


def styles(variables: Mapping[str, str]) -> dict[_TokenType, Style]:
    """A style per token for a theme's variables."""
    found = {}
    for token, (variable, bold, italic) in _LOOKS.items():
        value = variables.get(variable, "")
        # "auto 60%" and the like depend on what lies below; such a token keeps the text's own colour
        color = Color.parse(value).rich_color if value and not value.startswith("auto") else None
        dim = True if token is Comment and variables.get("comments") != "plain" else None
        found[token] = Style(color=color, bold=bold or None, italic=italic or None, dim=dim)
    return found


def style_of(token: _TokenType, table: Mapping[_TokenType, Style]) -> Style | None:
    """The style of a token or of its nearest ancestor that has one."""
    at: _TokenType | None = token
    while at is not None:
        if at in table:
            return table[at]
        at = at.parent
    return None


@lru_cache(maxsize=4096)
def spans(line: str) -> tuple[Span, ...]:
    """The tokens of one line of BBj: start, stop and kind."""
    return tuple((start, start + len(text), token) for start, token, text in _lexer().get_tokens_unprocessed(line))


@lru_cache(maxsize=1)
def _lexer():  # type: ignore[no-untyped-def]
    from curator.bbj.highlight import BBjLexer  # builds its tables at import; the home screen needs none

    return BBjLexer()
