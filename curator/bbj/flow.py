"""Verbs that steer: IF, loops, SWITCH, jumps, DEF FN, callbacks."""

from curator.bbj.expressions import expression, option, reference, subscripts
from curator.bbj.functions import check_type, check_value
from curator.bbj.lexer import KIND, NAME, NUMBER
from curator.bbj.line import Fault, Line
from curator.bbj.words import OPTIONS, RESERVED_AS_VARIABLE


def if_(p: Line, i: int) -> int:
    """`IF condition [THEN] ...`. It spans lines if nothing but a comment follows on its own."""
    start = i - 1
    i = expression(p, i)
    if p.toks[i] == "then":
        i += 1
    if _line_ends(p, i):
        p.event("if", start)
    else:
        p.inline_ifs += 1
        if p.toks[i] == ";":
            i += 1
    p.flowing = True
    return i


def then(p: Line, i: int) -> int:
    """THEN is no statement of its own."""
    raise Fault(i - 1, "a statement; THEN belongs behind the condition on the line of the IF")


def else_(p: Line, i: int) -> int:
    """ELSE of a single-line IF, or alone on its line."""
    if not p.inline_ifs:
        p.event("else", i - 1)
    elif _line_ends(p, i):
        p.event("if", i - 1)
    p.flowing = True
    return i


def endif(p: Line, i: int) -> int:
    """FI or ENDIF, of a single-line IF or of one that spans lines."""
    if p.inline_ifs:
        p.inline_ifs -= 1
    else:
        p.event("endif", i - 1)
    p.flowing = True
    return i


def _line_ends(p: Line, i: int) -> bool:
    if p.toks[i] == ";":
        i += 1
    return p.toks[i] in ("", "rem")


def for_(p: Line, i: int) -> int:
    """`FOR i=a TO b [STEP s]`."""
    start = i - 1
    i = variable(p, i)
    check_type(p, start + 1, i, "FOR", NUMBER)
    i = _count(p, p.need(i, "=", "`=` after the variable of FOR"))
    i = _count(p, p.need(i, "to", "TO"))
    if p.toks[i] == "step":
        i = _count(p, i + 1)
    p.event("for", start)
    return i


def _count(p: Line, i: int) -> int:
    start = i
    i = expression(p, i)
    check_type(p, start, i, "FOR", NUMBER)
    return i


def variable(p: Line, i: int) -> int:
    """Read a variable, with members and subscripts."""
    toks = p.toks
    if toks[i] == "#":
        i += 1
    if KIND.get(toks[i][:1]) != NAME or toks[i] in RESERVED_AS_VARIABLE:
        raise Fault(i, "the name of a variable")
    i += 1
    while toks[i] in (".", "["):
        i = i + 2 if toks[i] == "." else subscripts(p, i)
    return i


def next_(p: Line, i: int) -> int:
    """`NEXT [i]`."""
    p.event("next", i - 1)
    while not p.ends(i):
        i = variable(p, i)
        if p.toks[i] != ",":
            return i
        i += 1
    return i


def while_(p: Line, i: int) -> int:
    """`WHILE condition`."""
    p.event("while", i - 1)
    return expression(p, i)


def until(p: Line, i: int) -> int:
    """`UNTIL condition`."""
    p.event("until", i - 1)
    return expression(p, i)


def wend(p: Line, i: int) -> int:
    """`WEND`."""
    p.event("wend", i - 1)
    return i


def repeat(p: Line, i: int) -> int:
    """`REPEAT`."""
    p.event("repeat", i - 1)
    return i


def switch(p: Line, i: int) -> int:
    """`SWITCH value`."""
    p.event("switch", i - 1)
    return expression(p, i)


def case(p: Line, i: int) -> int:
    """`CASE value` or `CASE DEFAULT`."""
    p.event("case", i - 1)
    if p.toks[i] == "default" and p.toks[i + 1] not in (".", "=", "+", "("):
        return i + 1
    return expression(p, i)


def swend(p: Line, i: int) -> int:
    """`SWEND`."""
    p.event("swend", i - 1)
    return i


def goto(p: Line, i: int) -> int:
    """`GOTO label`; also GOSUB, EXITTO, SETERR, SETESC."""
    return reference(p, i)


def on(p: Line, i: int) -> int:
    """`ON value GOTO label,label` or GOSUB."""
    if p.toks[i] == "error" and p.toks[i + 1] == "goto":
        p.event("onerror", i)
    i = expression(p, i)
    if p.toks[i] not in ("goto", "gosub"):
        raise Fault(i, "GOTO or GOSUB")
    i = reference(p, i + 1)
    while p.toks[i] == ",":
        i = reference(p, i + 1)
    return i


def return_(p: Line, i: int) -> int:
    """`RETURN`, and `RETURN value` in a DEF FN."""
    if p.ends(i):
        return i
    p.event("return", i - 1)
    return expression(p, i)


def def_(p: Line, i: int) -> int:
    """`DEF FNx(a,b$)=value`, or the block form that ends with FNEND."""
    toks = p.toks
    if KIND.get(toks[i][:1]) != NAME:
        raise Fault(i, "a function name that begins with FN")
    if not toks[i].startswith("fn"):
        raise Fault(i, code="E407", name=toks[i])
    start = i - 1
    name = toks[i]
    i += 1
    if toks[i] == "(":
        i += 1
        if toks[i] != ")":
            i = _parameter(p, i)
            while toks[i] == ",":
                i = _parameter(p, i + 1)
        i = p.need(i, ")", "`,` or `)`")
    if toks[i] == "=":
        end = expression(p, i + 1)
        check_value(p, start + 1, name, i + 1, end)
        return end
    p.event("def", start)
    return i


def _parameter(p: Line, i: int) -> int:
    if KIND.get(p.toks[i][:1]) != NAME:
        raise Fault(i, "the name of a parameter")
    i += 1
    return subscripts(p, i) if p.toks[i] == "[" else i


def fnend(p: Line, i: int) -> int:
    """`FNEND`."""
    p.event("fnend", i - 1)
    return i


def callback(p: Line, i: int) -> int:
    """`CALLBACK(event,label,context{,id})`."""
    i = expression(p, p.need(i, "("))
    i = reference(p, p.need(i, ","))
    return _rest_of_callback(p, i)


def remove_callback(p: Line, i: int) -> int:
    """`REMOVE_CALLBACK(event,context{,id})`."""
    i = expression(p, p.need(i, "("))
    return _rest_of_callback(p, i)


def _rest_of_callback(p: Line, i: int) -> int:
    toks = p.toks
    while toks[i] == ",":
        i += 1
        i = option(p, i) if toks[i] in OPTIONS and toks[i + 1] == "=" else expression(p, i)
    return p.need(i, ")", "`,` or `)`")
