"""What the spelling of an expression proves about its type: string, number, or nothing.

Literals, suffixes and built-in functions prove something. Objects, methods and members can be anything, and so can a
value whose operands are not all known.
"""

from curator.bbj.lexer import HEX, KIND, MNEMONIC, NAME, NUMBER, STRING
from curator.bbj.words import NOT_A_VALUE, NUMBER_FUNCTIONS, STRING_FUNCTIONS, STRING_SYSTEM_VARIABLES, SYSTEM_VARIABLES

_PREFIXES = frozenset("-+!")
_COMPARISONS = frozenset(("<", ">", "=", "<=", ">=", "<>"))
_ARITHMETIC = frozenset("-*/^")
_UNKNOWN_NAMES = NOT_A_VALUE | {"new", "cast"}

# A variable without suffix is a number, but one that compares with a string is not reported: the published verdicts of
# the compiler hold no such case, and snippets written in a hurry do (`if a="x"`).
_VARIABLE = 100


def value_type(toks: list[str], start: int, end: int) -> int:
    """STRING or NUMBER if the tokens of an expression prove it, else 0."""
    return examine(toks, start, end)[0]


def examine(toks: list[str], start: int, end: int) -> tuple[int, int]:
    """The type of an expression, and the token where a string and a number clash (-1 if nowhere)."""
    clash = -1
    left = 0  # type before the comparison that is being read
    compared = logical = False
    current = -1  # type of the sum being read, -1 before its first operand
    operator = ""
    i = start
    while i < end:
        t = toks[i]
        if operator == "operand":
            if t in _COMPARISONS:
                if clash < 0 and compared and _clashing(left, current):
                    clash = i - 1
                left = NUMBER if compared else current
                compared, current, operator = True, -1, ""
            elif t == "and" or t == "or":
                if clash < 0 and compared and _clashing(left, current):
                    clash = i - 1
                compared, logical, left, current, operator = False, True, 0, -1, ""
            else:
                operator = t
                if t in _ARITHMETIC and current == STRING and clash < 0:
                    clash = i
            i += 1
            continue
        if t in _PREFIXES:
            if t == "!":
                logical = True
            i += 1
            continue
        found, after = _operand(toks, i, end)
        if operator and clash < 0 and STRING in (found, current) and found > 0 and current > 0 and found != current:
            clash = i
        if operator in _ARITHMETIC and operator:
            if found == STRING and clash < 0:
                clash = i
            current = NUMBER
        elif current == -1:
            current = found
        elif current != found and STRING in (found, current):
            current = max(current, found) if 0 in (current, found) else 0
        operator = "operand"
        i = after
    if clash < 0 and compared and _clashing(left, current):
        clash = end - 1
    if clash >= 0:
        return 0, clash
    if compared or logical or current == _VARIABLE:
        return NUMBER, -1
    return max(current, 0), -1


def _clashing(left: int, right: int) -> bool:
    return (left == STRING and right == NUMBER) or (left == NUMBER and right == STRING)


def _operand(toks: list[str], i: int, end: int) -> tuple[int, int]:
    """Type of the operand that begins here, and the index of the token after it."""
    t = toks[i]
    kind = KIND.get(t[:1])
    after = toks[i + 1] if i + 1 < end else ""
    found = 0
    if t == "(":
        close = _closing(toks, i, end)
        found = value_type(toks, i + 1, close)
        i = close + 1
    elif kind == NAME:
        if t == "new":
            i += 1
        else:
            found = _name_type(t, after)
        i += 1
    elif kind in (STRING, HEX, MNEMONIC):
        found = STRING
        i += 1
    elif kind == NUMBER or (t[0] == "." and len(t) > 1):
        found = NUMBER
        i += 1
    elif t == "#":
        found = _name_type(after, toks[i + 2] if i + 2 < end else "") if after[-1:] in ("$", "%") else 0
        i += 2
    else:
        i += 1
    while i < end:
        t = toks[i]
        if t == ".":
            found = 0
            i += 2
        elif t == "(" or t == "[":
            i = _closing(toks, i, end) + 1
        else:
            break
    return found, i


def _name_type(name: str, after: str) -> int:
    suffix = name[-1]
    if suffix == "$":
        return STRING
    if suffix == "%":
        return NUMBER
    if after == "(":
        if name in STRING_FUNCTIONS:
            return STRING
        return NUMBER if name in NUMBER_FUNCTIONS else 0
    if name in STRING_SYSTEM_VARIABLES:
        return STRING
    if name in SYSTEM_VARIABLES or suffix in "!@" or after == "[" or after == "." or name in _UNKNOWN_NAMES:
        return 0
    return _VARIABLE


def _closing(toks: list[str], i: int, end: int) -> int:
    """The index of the bracket that closes the one at `i`, or the last index."""
    depth = 0
    while i < end:
        t = toks[i]
        if t == "(" or t == "[":
            depth += 1
        elif t == ")" or t == "]":
            depth -= 1
            if depth == 0:
                return i
        i += 1
    return end - 1
