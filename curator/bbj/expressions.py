"""Expressions, argument lists, references to labels, and what can be proved about the type of a value.

Precedence does not matter for whether an expression is legal, so `expression` reads operand, operator, operand ... in
one loop and recurses only into brackets.
"""

from curator.bbj.functions import Spans, check_call, check_option
from curator.bbj.lexer import HEX, KIND, MNEMONIC, NAME, NUMBER, REM, STRING, UNCLOSED
from curator.bbj.line import MAX_DEPTH, STATEMENT_END, Fault, Line
from curator.bbj.types import examine, value_type
from curator.bbj.words import MNEMONICS, NOT_A_VALUE, OPTIONS, REF_OPTIONS, SYMBOLIC_LABELS

_PREFIXES = frozenset("-+!")
_BINARY = frozenset(("+", "-", "*", "/", "^", "<", ">", "=", "<=", ">=", "<>", "and", "or"))
_POSTFIX = frozenset(".([")
_SPECIAL_NAMES = NOT_A_VALUE | {"new", "cast", REM}
_VALUE = "a value"


def expression(p: Line, i: int) -> int:
    """Read one expression. Ends before the first token that cannot go on with it."""
    start = i
    joined = False  # by an operator, so that types can clash
    toks = p.toks
    while True:
        t = toks[i]
        while t in _PREFIXES:
            i += 1
            t = toks[i]
        kind = KIND.get(t[:1])
        if kind == NAME:
            if t in _SPECIAL_NAMES:
                i = new_or_cast(p, i)
            else:
                i += 1
                if toks[i] == "(":
                    i = call(p, i)
        elif kind == STRING:
            if t == UNCLOSED:
                raise Fault(i, code="E301")
            i += 1
        elif kind == NUMBER:
            i = number(p, i)
            if toks[i] in _BINARY:
                i += 1
                if toks[i] in SYMBOLIC_LABELS and toks[i - 1] == "*" and toks[i + 1] in STATEMENT_END:
                    return i - 1  # `if p<>1 *break`: the star belongs to a jump
                joined = True
                continue
            return _joined(p, start, i) if joined else i
        else:
            i = _other_operand(p, i, kind)
        t = toks[i]
        while t in _POSTFIX:
            if t == ".":
                i += 2
                if KIND.get(toks[i - 1][:1]) != NAME:
                    raise Fault(i - 1, "the name of a member after the dot")
            elif t == "(":
                i = arguments(p, i)
            else:
                i = subscripts(p, i)
            t = toks[i]
        if t not in _BINARY:
            return _joined(p, start, i) if joined else i
        joined = True
        i += 1
        if t == "*" and toks[i] in SYMBOLIC_LABELS and toks[i + 1] in STATEMENT_END:
            return i - 1


def _joined(p: Line, start: int, end: int) -> int:
    """Note a clash of types in an expression that has operators; gives `end`."""
    clash = examine(p.toks, start, end)[1]
    if clash >= 0:
        p.broken_rule(clash, "E431")
    return end


def masked(p: Line, i: int) -> int:
    """Read an expression that a format mask may follow: `total:"##0.00"`."""
    i = expression(p, i)
    return masked_rest(p, i) if p.toks[i] == ":" else i


def number(p: Line, i: int) -> int:
    """Read a number literal; `0x1F`, `1_000` and `5%` are none."""
    after = p.toks[i + 1]
    if after and KIND.get(after[0]) == NAME and (after[0] in "x_" or after == "e") and _adjacent(p, i):
        raise Fault(i, code="E337")
    return i + 1


def call(p: Line, i: int) -> int:
    """Read the brackets behind a name: arguments of a function, or the part of a string. `i` is at the bracket."""
    spans: Spans = []
    after = arguments(p, i, spans)
    check_call(p, i - 1, spans)
    return after


def arguments(p: Line, i: int, spans: Spans | None = None) -> int:
    """Read `( ... )`: expressions and named options, separated by commas. `i` is at the bracket.

    spans: gets the place of each, without its mask.
    """
    toks = p.toks
    opening = i
    i += 1
    if toks[i] == ")":
        return i + 1
    p.depth += 1
    if p.depth > MAX_DEPTH:
        raise Fault(opening, code="E339")
    first = True
    while True:
        t = toks[i]
        start = i
        named = t in OPTIONS and toks[i + 1] == "=" and (not first or t == "err")
        i = option(p, i) if named else expression(p, i)
        if spans is not None:
            spans.append((start, i))
        if toks[i] == ":":
            i = masked_rest(p, i)
        t = toks[i]
        if t == ",":
            i += 1
            first = False
        elif t == ")":
            p.depth -= 1
            return i + 1
        else:
            raise Fault(i, "`,` or `)`", opening=str(opening))


def masked_rest(p: Line, i: int) -> int:
    """Read a mask; `i` is at its colon."""
    start = i
    i = expression(p, start + 1)
    if value_type(p.toks, start + 1, i) == NUMBER:
        if p.depth:
            raise Fault(start, "`,` or `)`; arguments have no names")
        raise Fault(start, "a string as mask", "E336")
    return i


def subscripts(p: Line, i: int, ranges: bool = False) -> int:
    """Read `[1,2]`, `[all]` or `[]`; in DIM also `[1:5]`. `i` is at the bracket."""
    toks = p.toks
    opening = i
    i += 1
    if toks[i] == "]":
        return i + 1
    if toks[i] == "all" and toks[i + 1] == "]":
        return i + 2
    p.depth += 1
    if p.depth > MAX_DEPTH:
        raise Fault(opening, code="E339")
    while True:
        i = expression(p, i)
        t = toks[i]
        if t == "," or (t == ":" and ranges):
            i += 1
        elif t == "]":
            p.depth -= 1
            return i + 1
        else:
            raise Fault(i, "`,` or `]`", opening=str(opening))


def option(p: Line, i: int) -> int:
    """Read `NAME=value` or `NAME=label`. `i` is at the name, which is one of OPTIONS."""
    word = p.toks[i]
    start = i
    i += 2
    if word in REF_OPTIONS:
        after = p.toks[i + 2] if p.toks[i] == "*" else p.toks[i + 1]
        if after not in (".", "(", "[", "+", "-", "*", "/", "^", "<", ">", "=", "<>", "<=", ">=", "and", "or"):
            return reference(p, i)
    i = expression(p, i)
    if not p.depth:  # in the arguments of a method it may be a comparison
        check_option(p, start, i)
    return i


def reference(p: Line, i: int) -> int:
    """Read what a jump may name: a label, a line number, or a symbolic label such as `*next`."""
    toks = p.toks
    t = toks[i]
    kind = KIND.get(t[:1])
    if kind == NAME and t[-1] not in "$!%@" and t != REM:
        p.event("ref", i, t)
        return i + 1
    if kind == NUMBER and t.isdigit():
        return i + 1
    if t == "*":
        if KIND.get(toks[i + 1][:1]) == NAME:
            if toks[i + 1] not in SYMBOLIC_LABELS:
                p.event("symbolic", i + 1, toks[i + 1])
            return i + 2
        raise Fault(i + 1, "the name of a symbolic label after `*`")
    raise Fault(i, "a label, a line number or a symbolic label such as *next")


def type_name(p: Line, i: int, expected: str = "the name of a type") -> int:
    """Read `BBjString`, `java.util.HashMap`, `Foo@`, `::path/file.bbj::Foo`, each with `[]` as often as needed."""
    t = p.toks[i]
    if t[:2] == "::" and len(t) > 2:
        if t.endswith("::"):
            raise Fault(i + 1, "the name of a class after the path")
        i += 1
        while p.toks[i] == "." and KIND.get(p.toks[i + 1][:1]) == NAME:
            i += 2
    else:
        i = p.dotted(i, expected)
        if p.toks[i - 1][-1] == "$" and p.toks[i][:1].isalpha() and _adjacent(p, i - 1):
            i = p.name(i, "the name of the inner class")  # java.util.Map$Entry
    while p.toks[i] == "[" and p.toks[i + 1] == "]":
        i += 2
    return i


def new_or_cast(p: Line, i: int) -> int:
    """Read an operand that begins with NEW, CAST or a word that is no value."""
    t = p.toks[i]
    if t == "new":
        i = type_name(p, i + 1, "the name of a class after NEW")
        if p.toks[i] == "@":
            i += 1  # a class of the client: NEW Color@(1,2,3); only before a bracket is `@` a token of its own
        if p.toks[i] == "(":
            return arguments(p, i)
        if p.toks[i] == "[":
            return subscripts(p, i)
        if p.toks[i - 1] == "]":
            return i
        raise Fault(i, "`(...)` after the type")
    if t == "cast":
        if p.toks[i + 1] != "(":
            return i + 1  # a variable
        i = type_name(p, i + 2, "a type as first argument of CAST()")
        i = p.need(i, ",")
        i = expression(p, i)
        if p.toks[i] == ",":
            i += 1
            i = option(p, i) if p.toks[i] in OPTIONS and p.toks[i + 1] == "=" else expression(p, i)
        return p.need(i, ")", "`,` or `)`")
    if p.toks[i + 1] == "(" and t != REM and t not in ("then", "else", "and", "or"):
        return i + 1
    raise Fault(i, _VALUE)


def _other_operand(p: Line, i: int, kind: int | None) -> int:
    """Read an operand that begins with a sign: bracket, hex string, mnemonic, `#field`, `@(x,y)`, class path, `.5`."""
    toks = p.toks
    t = toks[i]
    if t == "(":
        p.depth += 1
        if p.depth > MAX_DEPTH:
            raise Fault(i, code="E339")
        opening = i
        i = expression(p, i + 1)
        if toks[i] == ":":
            i = masked_rest(p, i)
        if toks[i] != ")":
            raise Fault(i, "`)`", opening=str(opening))
        p.depth -= 1
        return i + 1
    if t == "#":
        i += 1
        if KIND.get(toks[i][:1]) != NAME or toks[i] == REM:
            raise Fault(i, "the name of a field or method after `#`")
        if toks[i] == "this!" and toks[i + 1] == "." and toks[i + 3] != "(" and KIND.get(toks[i + 2][:1]) == NAME:
            p.broken_rule(i + 2, "E419", name=toks[i + 2])
        return i + 1
    if kind == HEX and len(t) > 1:
        return i + 1
    if kind == MNEMONIC and len(t) > 1:
        if t.strip("'") not in MNEMONICS and toks[i + 1] != "(":  # with arguments it cannot be meant as a text
            p.event("mnemonic", i, t.strip("'"))
        return i + 1
    if t == "@" and toks[i + 1] == "(":
        return i + 1
    if t[:2] == "::" and len(t) > 2:
        if toks[i + 1] == "." and toks[i + 3] != "(" and KIND.get(toks[i + 2][:1]) == NAME:
            p.broken_rule(i + 2, "E423", name=toks[i + 2])
        return i + 1
    if len(t) > 1 and t[0] == ".":
        return i + 1
    raise Fault(i, _VALUE)


def _adjacent(p: Line, i: int) -> bool:
    from curator.bbj.lexer import offsets  # only on the way to a fault

    places = offsets(p.text)
    return places[i][1] == places[i + 1][0]
