"""Verbs about variables and other programs: DIM, FIELD, DATA, IOLIST, TABLE, ENTER, CALL, CLEAR, RESTORE ..."""

import re

from curator.bbj.expressions import arguments, expression, masked, option, reference, subscripts
from curator.bbj.functions import check_type
from curator.bbj.lexer import HEX, KIND, NAME, NUMBER, STRING
from curator.bbj.line import Fault, Line
from curator.bbj.words import FUNCTIONS, OPTIONS

_HEX = re.compile("[0-9a-f]+")


def dim(p: Line, i: int) -> int:
    """`DIM a[10],b$[5](20,"."),c$(10),r$:template$ {,ERR=label}`."""
    toks = p.toks
    while True:
        i = option(p, i) if toks[i] in OPTIONS and toks[i + 1] == "=" else _dimension(p, i)
        if toks[i] != ",":
            return i
        i += 1


def _dimension(p: Line, i: int) -> int:
    toks = p.toks
    if toks[i] == "#":
        i += 1
    if KIND.get(toks[i][:1]) != NAME or toks[i] == "rem":
        raise Fault(i, "the name of a variable")
    i += 1
    while toks[i] == ".":
        i += 2
    if toks[i] not in _SIZES:
        raise Fault(i, "`[size]`, `(length)` or `:template`")
    if toks[i] == "[":
        i = subscripts(p, i, ranges=True)
    if toks[i] == "(":
        i = arguments(p, i)
    if toks[i] == ":":
        i = expression(p, i + 1)
    return i


_SIZES = frozenset(("[", "(", ":", "as"))  # `DIM a AS type` is a habit that has a name of its own


def redim(p: Line, i: int) -> int:
    """`REDIM r${,r2$}{,ERR=label}`."""
    return values(p, i)


def field(p: Line, i: int) -> int:
    """FIELD as a verb: `FIELD rec$,name$[n]=value{,ERR=label}`."""
    toks = p.toks
    i = expression(p, i)
    i = p.need(i, ",", "`,` and the name of the field")
    i = _name_of_field(p, i)
    if toks[i] == ",":
        i += 1
        i = subscripts(p, i) if toks[i] == "[" else _name_of_field(p, i)
    i = p.need(i, "=", "`=` and the value")
    i = masked(p, i)
    while toks[i] == ",":
        i = option(p, i + 1) if toks[i + 1] in OPTIONS else expression(p, i + 1)
    return i


def _name_of_field(p: Line, i: int) -> int:
    """An expression that stops before `=`: an operand, more joined by `+`, and `[occurrence]`."""
    toks = p.toks
    while True:
        i += 1
        while toks[i] in (".", "(", "["):
            if toks[i] == ".":
                i += 2
            else:
                i = arguments(p, i) if toks[i] == "(" else subscripts(p, i)
        if toks[i] not in ("+", "-"):
            return i
        i += 1


def values(p: Line, i: int) -> int:
    """One or more values or variables: DATA, IOLIST, DREAD, SQL arguments."""
    toks = p.toks
    while True:
        if toks[i] in OPTIONS and toks[i + 1] == "=":
            i = option(p, i)
        elif toks[i] == "*" and toks[i + 1] in (",", "", ";"):
            i += 1
        else:
            i = masked(p, i)
        if toks[i] != ",":
            return i
        i += 1


def variables(p: Line, i: int) -> int:
    """One or more variables that are filled: DREAD."""
    end = values(p, i)
    depth = 0
    for k in range(i, end):
        t = p.toks[k]
        depth += (t in ("(", "[")) - (t in (")", "]"))
        if not depth and (k == i or p.toks[k - 1] == ",") and KIND.get(t[:1]) in (STRING, NUMBER, HEX):
            raise Fault(k, "a variable")
    return end


def enter(p: Line, i: int) -> int:
    """`ENTER {a$,b[all]}{,ERR=label}`."""
    return i if p.ends(i) else variables(p, i)


def clear(p: Line, i: int) -> int:
    """`CLEAR`, `BEGIN`, `CLEAR EXCEPT a$,b[all]`, `CLEAR x![]`."""
    if p.ends(i):
        return i
    if p.toks[i] == "except":
        i += 1
    return values(p, i)


def table(p: Line, i: int) -> int:
    """`TABLE 00 01 FF`: hex digits to the end of the statement."""
    first = i
    while p.toks[i] not in ("", ";", "rem"):
        if not _HEX.fullmatch(p.toks[i]):
            raise Fault(i, "hex digits")
        i += 1
    if i == first:
        raise Fault(i, "hex digits")
    return i


def restore(p: Line, i: int) -> int:
    """`RESTORE`, `RESTORE label`, `RESTORE 0`, `RESTORE -1`."""
    if p.ends(i):
        return i
    if p.toks[i] == "-":
        return i + 1 if p.ends(i + 1) else expression(p, i)
    return reference(p, i)


def call(p: Line, i: int) -> int:
    """`CALL program${,ERR=label}{,arguments}`; XCALL has more options."""
    toks = p.toks
    start = i
    faults = len(p.faults)
    i = expression(p, i)
    if len(p.faults) == faults or p.faults[-1].code == "E432":
        del p.faults[faults:]  # CALL foo(1): the name of a program stands in quotes
        named = toks[start + 1] == "(" and toks[start] not in FUNCTIONS and toks[start][:2] != "fn"
        if named and toks[start][-1] not in "$!%" and i > start + 2:
            p.broken_rule(start, "E427", verb=toks[start - 1].upper(), wanted="string")
        else:
            check_type(p, start, i, toks[start - 1].upper(), STRING)
    while toks[i] == ",":
        i += 1
        i = option(p, i) if toks[i] in OPTIONS and toks[i + 1] == "=" else masked(p, i)
    return i


def list_(p: Line, i: int) -> int:
    """`LIST [(channel)] [first[,last]]`; DELETE and the other console verbs are alike."""
    toks = p.toks
    if toks[i] == "(":
        i = arguments(p, i)
    while not p.ends(i):
        if toks[i] == ",":
            i += 1
        else:
            i = reference(p, i)
    return i
