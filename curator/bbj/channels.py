"""Verbs that read and write: PRINT, WRITE, the READ family, INPUT with its verification, SELECT, key files, RENAME."""

from curator.bbj.expressions import arguments, expression, masked, option, reference
from curator.bbj.functions import Spans, check_channel, check_type
from curator.bbj.lexer import KIND, NAME, NUMBER, STRING
from curator.bbj.line import Fault, Line
from curator.bbj.verbs import channel, verb_before
from curator.bbj.words import OPTIONS


def print_(p: Line, i: int) -> int:
    """`PRINT [RECORD] [(channel)] items [,]`; WRITE is the same."""
    toks = p.toks
    if _says_record(toks, i):
        i += 1
    if toks[i] == "(":
        i = _channel_or_value(p, i)
        if toks[i] == ",":
            i += 1
    if p.ends(i):
        return i
    while True:
        if toks[i] == "iol" and toks[i + 1] == "=":
            i = reference(p, i + 2)
        elif toks[i] in OPTIONS and toks[i + 1] == "=" and toks[i] == "err":
            i = option(p, i)
        elif toks[i] == "*" and toks[i + 1] in (",", "", ";"):
            i += 1
        else:
            i = masked(p, i)
        if toks[i] != ",":
            return i
        i += 1
        if p.ends(i):
            return i  # a trailing comma: no line feed


# What shows behind `print (...)` that the bracket is no channel but the begin of a value. `*` may also be an item.
_GOES_ON = frozenset(("+", "-", "/", "^", "(", ".", ":", "<", ">", "=", "<>", "<=", ">=", "and", "or"))


def _channel_or_value(p: Line, i: int) -> int:
    """`(1)"x"` is a channel, `(a+b)*2` a value; what follows the bracket tells."""
    toks = p.toks
    spans: Spans = []
    faults = len(p.faults)
    after = arguments(p, i, spans)
    if toks[after] in _GOES_ON or (toks[after] == "*" and toks[after + 1] not in ("", ";", ",")):
        del p.events[_count_before(p, i) :], p.faults[faults:]  # the bracket is read a second time
        return masked(p, i)
    check_channel(p, spans, verb_before(p, i), printing=True)
    return after


def _count_before(p: Line, i: int) -> int:
    count = len(p.events)
    while count and p.events[count - 1].token >= i:
        count -= 1
    return count


def read(p: Line, i: int) -> int:
    """`READ [RECORD] [(channel)] items`; also FIND, EXTRACT and INPUT."""
    if _says_record(p.toks, i):
        return read_record(p, i + 1)
    return _read_items(p, i, record=False)


def _says_record(toks: list[str], i: int) -> bool:
    """`READ RECORD (1)r$` and `READ RECORD r$`; in `PRINT record` it is a variable."""
    after = toks[i + 1]
    return toks[i] == "record" and (after == "(" or (KIND.get(after[:1]) == NAME and after not in _BEHIND_A_VALUE))


_BEHIND_A_VALUE = frozenset(("and", "or", "else", "fi", "endif", "rem"))


def read_record(p: Line, i: int) -> int:
    """`READ RECORD (channel) variable$`: one variable."""
    return _read_items(p, i, record=True)


def _read_items(p: Line, i: int, record: bool) -> int:
    toks = p.toks
    has_channel = toks[i] == "("
    verb = verb_before(p, i)
    if has_channel:
        i = channel(p, i)
        if toks[i] == ",":
            i += 1
    first = i
    if p.ends(i):
        return i
    while True:
        if toks[i] == "iol" and toks[i + 1] == "=":
            i = reference(p, i + 2)
        elif toks[i + 1] == "=" and (toks[i] == "err" or (has_channel and toks[i] in OPTIONS)):
            if has_channel:
                p.broken_rule(i, "E436", name=toks[i].upper(), verb=verb)
            i = option(p, i)
        elif toks[i] == "*":
            i += 1
        elif KIND.get(toks[i][:1]) == NUMBER:
            raise Fault(i, "a variable")
        else:
            i = expression(p, i)
        if toks[i] == ":":
            i = _verification(p, i + 1) if toks[i + 1] == "(" else expression(p, i + 1)
        if toks[i] != ",":
            return i
        tail = has_channel and toks[i + 1] in OPTIONS and toks[i + 2] == "="
        if record and not tail and (toks[first] == "*" or i > first):
            raise Fault(i, code="E424")
        i += 1
        if p.ends(i):
            return i


def _verification(p: Line, i: int) -> int:
    """`("yes"=label,"no"=label,LEN=1,20)`, `(LEN=0,10)`, `(9)`. `i` is at the bracket."""
    toks = p.toks
    opening = i
    i += 1
    while True:
        if toks[i] == "len" and toks[i + 1] == "=":
            i = expression(p, i + 2)
            if toks[i] == ",":
                i = expression(p, i + 1)
        elif toks[i + 1] == "=" and toks[i][:1] in ('"', "$", "'"):
            i = reference(p, i + 2)
        else:
            i = masked(p, i)
            if toks[i] == "=" or (toks[i - 1] == "*" and KIND.get(toks[i][:1]) == NAME):
                i += 1
        if toks[i] == ")":
            return i + 1
        if toks[i] != ",":
            raise Fault(i, "`,` or `)`", opening=str(opening))
        i += 1


def select(p: Line, i: int) -> int:
    """`SELECT (channel) rec$[:fields] FROM file$ [WHERE ...] [SORTBY ...] [LIMIT a,b]`."""
    toks = p.toks
    if toks[i] != "(":
        raise Fault(i, "a channel in brackets after SELECT", "channel")
    i = expression(p, channel(p, i))
    if toks[i] == ":":
        i = expression(p, i + 1)  # fields, of any type
    while toks[i] == ",":
        i = expression(p, i + 1)
    i = expression(p, p.need(i, "from", "FROM"))
    if toks[i] == "where":
        i = expression(p, i + 1)
    if toks[i] == "sortby":
        i = expression(p, i + 1)
    if toks[i] == "limit":
        i = expression(p, i + 1)
        if toks[i] == ",":
            i = expression(p, i + 1)
    while toks[i] == ",":
        i = option(p, i + 1) if toks[i + 1] in OPTIONS else expression(p, i + 1)
    return i


def keyed_file(p: Line, i: int) -> int:
    """`MKEYED file$, key, records, size`: the key is a length or definitions `[field:offset:length:flags]`."""
    toks = p.toks
    verb = toks[i - 1]
    start = i
    i = expression(p, i)
    check_type(p, start, i, verb.upper(), STRING)
    numbers = keys = 0
    while toks[i] == ",":
        i += 1
        start = i
        if toks[i] == "[":
            keys = 1
            i = _key_segment(p, i)
            while toks[i] == "+":
                i = _key_segment(p, i + 1)
        elif toks[i] in OPTIONS and toks[i + 1] == "=":
            i = option(p, i)
        else:
            numbers += 1
            i = expression(p, i)
            check_type(p, start, i, verb.upper(), NUMBER)
    if numbers + keys < 3 and verb != "jkeyed":
        raise Fault(i, f"another value: {verb.upper()} needs file, key, records, size")
    return i


def _key_segment(p: Line, i: int) -> int:
    opening = i
    i = p.need(i, "[")
    while True:
        i = expression(p, i)
        if p.toks[i] == "]":
            return i + 1
        if p.toks[i] not in (":", ","):
            raise Fault(i, "`:` or `]`", opening=str(opening))
        i += 1


def rename(p: Line, i: int) -> int:
    """`RENAME a$ TO b$` or `RENAME a$,b$`, with options."""
    toks = p.toks
    i = expression(p, i)
    if toks[i] in ("to", ","):
        i = expression(p, i + 1)
    else:
        raise Fault(i, "TO or `,` and the new name")
    while toks[i] == ",":
        if toks[i + 1] not in OPTIONS:
            raise Fault(i + 1, "an option such as ERR=")
        i = option(p, i + 1)
    return i
