"""A logical line to its statements: number, labels, then one statement after the other, each by its first word.

`parse(text)` is what the rest of the checker calls. It depends on nothing but the text of the line, so its results are
kept: re-checking a program after one keystroke parses one line.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from curator.bbj import channels, data, flow, frames
from curator.bbj.expressions import arguments, expression, masked, new_or_cast, subscripts
from curator.bbj.lexer import KIND, NAME, NUMBER, REM, STRING, scan
from curator.bbj.line import Event, Fault, Line, Problem
from curator.bbj.mistakes import explain, resume
from curator.bbj.types import value_type
from curator.bbj.verbs import SIMPLE
from curator.bbj.words import RESERVED_AS_LABEL, RESERVED_AS_VARIABLE, RESERVED_WITH_SUFFIX, SYMBOLIC_LABELS

Parser = Callable[[Line, int], int]


class Parsed(NamedTuple):
    """What one logical line says: its events for the program pass, its problems, and the index of its first token."""

    events: tuple[Event, ...]
    problems: tuple[Problem, ...]
    number: int  # the line number, -1 if there is none
    statements: int  # how many statements it holds, comments not counted


_NOTHING = Parsed((), (), -1, 1)
_COMMENT = Parsed((), (), -1, 0)
_CACHED_LENGTH = 2000  # longer lines are parsed anew each time, so that the cache stays small


def parse(text: str) -> Parsed:
    """Parse one logical line. Never raises; takes time linear in its length."""
    if len(text) > _CACHED_LENGTH:
        return _parse(text)
    return _parse_cached(text)


def _parse(text: str) -> Parsed:
    toks = scan(text)
    first = toks[0]
    if first == REM or first == "":
        return _COMMENT
    p = Line(text, toks)
    number, i = _line_number(toks)
    problems: list[Problem] = []
    count = 0
    labels = True  # a label may come first
    while True:
        start = i
        p.flowing = False
        try:
            if labels:
                labels = False
                i = start = _labels(p, i)
            t = toks[i]
            if t == "" or t == REM:
                break
            if t == ";":
                i += 1
                continue
            count += 1
            i = statement(p, i)
            t = toks[i]
            if t == ";":
                i += 1
            elif t != "" and not p.flowing and t not in _NO_SEPARATOR:
                raise Fault(i, "`;` or the end of the line", "leftover")
            if p.faults:
                problems += [explain(p, start, fault) for fault in p.faults]
                p.faults.clear()
            if t == "":
                break
        except Fault as fault:
            labels = False
            p.depth = 0
            p.faults.clear()
            problem = explain(p, start, fault)
            if not problems or problem.code not in _FOLLOW_UPS:
                problems.append(problem)
            i = resume(p, start, fault.index, problem.code)
    if not p.events and not problems and number < 0 and count == 1:
        return _NOTHING
    return Parsed(tuple(p.events), tuple(problems), number, count)


# What often only follows from another mistake in the same line: `print using "#";x`.
_FOLLOW_UPS = frozenset(("E332", "E334", "E403", "E404"))
_parse_cached = lru_cache(maxsize=1 << 15)(_parse)
_NO_SEPARATOR = frozenset(("else", "fi", "endif"))


def _line_number(toks: list[str]) -> tuple[int, int]:
    """The number a line begins with (-1 if none) and the index of the token after it."""
    first = toks[0]
    if KIND.get(first[:1]) != NUMBER or not first.isdigit() or toks[1] in _AFTER_A_VALUE:
        return -1, 0
    return (int(first) if len(first) < 9 else 10**9), 1


_AFTER_A_VALUE = frozenset(("+", "-", "/", "^", "=", "<", ">", "<>", "<=", ">=", ".", ")", "]", ","))


def _labels(p: Line, i: int) -> int:
    """Read the labels in front of the first statement."""
    toks = p.toks
    while toks[i + 1] == ":":
        t = toks[i]
        if KIND.get(t[:1]) == NUMBER:
            raise Fault(i, code="E422", name=t)
        if KIND.get(t[:1]) != NAME or t == REM:
            return i
        if t[-1] in "$!%@":
            return i
        if t in ("else", "then"):
            raise Fault(i + 1, code="E325")
        if t in RESERVED_AS_LABEL:
            raise Fault(i, code="E406", name=t)
        p.event("label", i, t)
        i += 2
        if toks[i] == ";":
            raise Fault(i, code="E430", name=t)
    if i == 1 and toks[1] == ":" and KIND.get(toks[0][:1]) == NUMBER:
        raise Fault(0, code="E422", name=toks[0])
    return i


def statement(p: Line, i: int) -> int:
    """Read one statement; `i` is at its first token."""
    toks = p.toks
    t = toks[i]
    verb = VERBS.get(t)
    if verb is not None and toks[i + 1] not in _NAME_NOT_VERB:
        return verb(p, i + 1)
    kind = KIND.get(t[:1])
    if kind == NAME or t == "#":
        return _assignment_or_call(p, i)
    if t == "*" and toks[i + 1] in SYMBOLIC_LABELS:
        return i + 2
    if t == "(" or (t[:2] == "::" and len(t) > 2):
        return _assignment_or_call(p, i)
    if kind is not None and t != "":
        raise Fault(i, "", "bare", end=str(expression(p, i)))
    raise Fault(i, "a statement", "start")


# `print = 1`, `data[1] = 2`, `log.end = 3`: a word before one of these is a name even if it is a verb.
_NAME_NOT_VERB = frozenset(("=", ".", "["))


def let(p: Line, i: int) -> int:
    """`LET a=1,b$="x"`."""
    return _assignment_or_call(p, i, let=True)


def _assignment_or_call(p: Line, i: int, let: bool = False) -> int:
    """`a=1,b$="x"` or a method call. The only two statements that do not begin with a verb."""
    toks = p.toks
    while True:
        start = i
        i, name, last = _target(p, i)
        if toks[i] == "=" and (last != "call" or toks[name][-1] == "$"):  # rec.name$(1,5) = "x" is no call
            _check_target(p, start, i, name, last)
            value = i + 1
            i = masked(p, value)
            _check_type(p, start, name, last, value, i)
            if toks[i] != ",":
                return i
            i += 1
            let = True
            continue
        if let:
            raise Fault(i, "`=` and a value", "assignment")
        if last == "call":
            return i
        raise Fault(start, "", "bare", end=str(i))


def _target(p: Line, i: int) -> tuple[int, int, str]:
    """Read a variable, field or call.

    Gives the index after it, the index of the name that decides its type, and what came last: "" for a plain name,
    "member" for `a.b`, "[]" for a subscript, "()" for brackets behind a name, "call" for a method call.
    """
    toks = p.toks
    t = toks[i]
    last = ""
    if t == "#":
        i += 1
        name = i
        if KIND.get(toks[i][:1]) != NAME or toks[i] == REM:
            raise Fault(i, "the name of a field or method after `#`")
        i += 1
        if toks[i] == "(":
            last = "call"
            i = arguments(p, i)
        elif toks[name] == "this!" and toks[i] == "." and toks[i + 2] != "(":
            p.broken_rule(i + 1, "E419", name=toks[i + 1])
    elif KIND.get(t[:1]) == NAME and t not in _NOT_A_TARGET:
        name = i
        i += 1
    else:
        name = i
        i = _operand(p, i)
        last = "call" if t == "new" or t == "cast" else "()"  # both make an object, which may stand alone
    t = toks[i]
    while t == "." or t == "(" or t == "[":
        if t == ".":
            i += 2
            name = i - 1
            if KIND.get(toks[name][:1]) != NAME:
                raise Fault(name, "the name of a member after the dot")
            last = "member"
        elif t == "(":
            i = arguments(p, i)
            last = "call" if last == "member" or (last == "call" and toks[name - 1] == ".") else "()"
        else:
            i = subscripts(p, i)
            last = "[]" if last != "()" else "()"
        t = toks[i]
    return i, name, last


_NOT_A_TARGET = frozenset(("new", "cast"))


def _operand(p: Line, i: int) -> int:
    """Read one operand that begins with `(`, NEW, CAST or a class path, without what follows it."""
    toks = p.toks
    t = toks[i]
    if t == "(":
        i = expression(p, i + 1)
        return p.need(i, ")")
    if t[:2] == "::":
        return i + 1
    if t == "cast" and toks[i + 1] != "(":
        return i + 1
    if t == "new" and toks[i + 1] in ("=", "", ";"):
        raise Fault(i, code="E405", name=t)
    return new_or_cast(p, i)


def _check_target(p: Line, start: int, end: int, name: int, last: str) -> None:
    """May this be assigned to?"""
    word = p.toks[name]
    if last == "":
        if name == start and word in RESERVED_AS_VARIABLE:
            raise Fault(start, code="E405", name=word)
        if word[-1] in "$!" and word[:-1] in RESERVED_WITH_SUFFIX:
            raise Fault(start, code="E405", name=word)
    elif last == "[]" and name == start and word in RESERVED_AS_VARIABLE:
        raise Fault(start, code="E405", name=word)  # let[a,b] = c
    elif last == "()" and (word[-1] not in "$!" or (p.toks[name + 1] != "(" and p.toks[name + 1] != "[")):
        raise Fault(start, code="E428", name=word)


def _check_type(p: Line, start: int, name: int, last: str, value: int, end: int) -> None:
    """Does the suffix contradict the value? Only what the spelling proves counts."""
    toks = p.toks
    word = toks[name]
    suffix = word[-1]
    if suffix == "!":
        return
    whole = last == "[]" and toks[value - 2] == "]" and toks[value - 3] in ("[", "all")
    if whole and end == value + 1 and KIND.get(toks[value][:1]) == STRING:
        raise Fault(start, code="E429", name=word)
    if suffix == "$":
        if value_type(toks, value, end) == NUMBER:
            p.broken_rule(start, "E402", name=word, target="string", value="number")
    elif (last == "" or last == "[]") and toks[name - 1] != "." and value_type(toks, value, end) == STRING:
        p.broken_rule(start, "E402", name=word, target="number", value="string")


VERBS: dict[str, Parser] = SIMPLE | {
    "?": channels.print_,
    "begin": data.clear,
    "call": data.call,
    "callback": flow.callback,
    "case": flow.case,
    "class": frames.class_,
    "classend": frames.marker,
    "clear": data.clear,
    "data": data.values,
    "declare": frames.declare,
    "def": flow.def_,
    "delete": data.list_,
    "dim": data.dim,
    "dread": data.variables,
    "else": flow.else_,
    "endif": flow.endif,
    "enter": data.enter,
    "exitto": flow.goto,
    "extract": channels.read,
    "extractrecord": channels.read_record,
    "fi": flow.endif,
    "field": frames.field,
    "find": channels.read,
    "findrecord": channels.read_record,
    "fnend": flow.fnend,
    "for": flow.for_,
    "gosub": flow.goto,
    "goto": flow.goto,
    "if": flow.if_,
    "input": channels.read,
    "inpute": channels.read,
    "inputn": channels.read,
    "inputrecord": channels.read_record,
    "interface": frames.interface,
    "interfaceend": frames.marker,
    "iolist": data.values,
    "jkeyed": channels.keyed_file,
    "let": let,
    "list": data.list_,
    "method": frames.method,
    "methodend": frames.marker,
    "methodret": frames.methodret,
    "mkeyed": channels.keyed_file,
    "next": flow.next_,
    "on": flow.on,
    "print": channels.print_,
    "printrecord": channels.print_,
    "read": channels.read,
    "readrecord": channels.read_record,
    "redim": data.redim,
    "remove_callback": flow.remove_callback,
    "rename": channels.rename,
    "repeat": flow.repeat,
    "restore": data.restore,
    "return": flow.return_,
    "select": channels.select,
    "seterr": flow.goto,
    "setesc": flow.goto,
    "swend": flow.swend,
    "switch": flow.switch,
    "table": data.table,
    "then": flow.then,
    "until": flow.until,
    "use": frames.use,
    "vkeyed": channels.keyed_file,
    "wend": flow.wend,
    "while": flow.while_,
    "write": channels.print_,
    "writerecord": channels.print_,
    "xcall": data.call,
    "xkeyed": channels.keyed_file,
}
