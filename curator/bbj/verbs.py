"""Verbs that are a list of values and options: one row each.

To add such a verb, add a row. The form is a small language:

    (c)  a channel in brackets, with options       (c)? may be missing
    s    a string   n  a number   e  any value     s?  may be missing   s*  none or more

Values are separated by commas; options (`ERR=`, `MODE=`, `TIM=` ...) may stand at any place among them.
Verbs with a grammar of their own have a function in channels.py, data.py, flow.py or frames.py.
"""

from collections.abc import Callable

from curator.bbj.expressions import arguments, expression, masked, option
from curator.bbj.functions import Spans, check_channel, check_type
from curator.bbj.lexer import NUMBER, STRING
from curator.bbj.line import Fault, Line
from curator.bbj.words import OPTIONS

FORMS = {
    "addr": "s",
    "auto": "e*",
    "background": "s?",
    "break": "",
    "bye": "",
    "chanopt": "(c) s",
    "chdir": "s",
    "cisam": "s e*",
    "clearp": "s n?",
    "clipclear": "",
    "clipfromfile": "e s",
    "clipfromstr": "e s",
    "cliplock": "",
    "cliptofile": "e s",
    "clipunlock": "",
    "close": "(c)",
    "continue": "",
    "csoff": "",
    "cson": "",
    "denum": "",
    "direct": "s n n n",
    "disable": "s?",
    "drop": "s",
    "dump": "(c)? e*",
    "edit": "e?",
    "enable": "s?",
    "end": "",
    "endtrace": "",
    "erase": "s s*",
    "escape": "",
    "escoff": "",
    "escon": "",
    "execute": "s",
    "exit": "n?",
    "file": "s s*",
    "fileopt": "s",
    "floatingpoint": "",
    "fnerr": "n",
    "fulltext": "s s s*",
    "indexed": "s n n*",
    "initfile": "s e*",
    "jerase": "s s*",
    "jopen": "(c) s",
    "lcheckin": "(c)",
    "library": "s e*",
    "load": "s",
    "lock": "(c)",
    "merge": "s",
    "mkdir": "s",
    "open": "(c) s",
    "precision": "n n?",
    "prefix": "s?",
    "process_events": "",
    "program": "s n*",
    "release": "n?",
    "remove": "(c)",
    "renum": "e*",
    "reserve": "n*",
    "reset": "",
    "resclose": "(c)",
    "retry": "",
    "rmdir": "s",
    "run": "s?",
    "save": "s? n?",
    "savep": "s? e? n?",
    "serial": "s n*",
    "set_case_sensitive_off": "",
    "set_case_sensitive_on": "",
    "setday": "s",
    "setdrive": "s",
    "setopts": "s",
    "setterm": "s",
    "settime": "n",
    "settrace": "(c)? e?",
    "sort": "s n n*",
    "sqlclose": "(c)",
    "sqlcommit": "(c)",
    "sqlexec": "(c) e*",
    "sqlopen": "(c) s",
    "sqlprep": "(c) s",
    "sqlrollback": "(c)",
    "sqlset": "(c) n e",
    "start": "e*",
    "stop": "",
    "string": "s n*",
    "tclose": "(c)",
    "tcommit": "(c)?",
    "throw": "s n?",
    "trollback": "(c)?",
    "unlock": "(c)",
    "updatelic": "e*",
    "wait": "n",
    "xfile": "s s*",
}

_MANY = 1000
_TYPES = {"s": STRING, "n": NUMBER, "e": 0}


def channel(p: Line, i: int) -> int:
    """Read `(channel{,OPTION=value})`. `i` is at the bracket."""
    spans: Spans = []
    after = arguments(p, i, spans)
    check_channel(p, spans, verb_before(p, i))
    return after


def verb_before(p: Line, i: int) -> str:
    """The verb in front of a channel, in capitals."""
    verb = p.toks[i - 1]
    return (p.toks[i - 2] if verb == "record" and i > 1 else verb).upper()


def _compile(verb: str, form: str) -> Callable[[Line, int], int]:
    parts = form.split()
    needs_channel = parts[:1] == ["(c)"]
    may_channel = parts[:1] == ["(c)?"]
    parts = [part for part in parts if part[0] != "("]
    types = [_TYPES[part[0]] for part in parts]
    least = sum(len(part) == 1 for part in parts)
    most = _MANY if parts and parts[-1][-1] == "*" else len(parts)

    def parse(p: Line, i: int) -> int:
        toks = p.toks
        if needs_channel or (may_channel and toks[i] == "("):
            if toks[i] != "(":
                raise Fault(i, f"a channel in brackets after {verb.upper()}", "channel")
            i = channel(p, i)
            if toks[i] == ",":
                raise Fault(i, "a value, without a comma in front,") if most else Fault(i, "the end of the statement")
        if p.ends(i) and least == 0:
            return i
        if toks[i] == ",":  # PROCESS_EVENTS,ERR=label
            i += 1
        count = 0
        while True:
            start = i
            if toks[i] in OPTIONS and toks[i + 1] == "=":
                if needs_channel:
                    p.broken_rule(i, "E436", name=toks[i].upper(), verb=verb.upper())
                i = option(p, i)
            else:
                if count == most:
                    if most and toks[i - 1] == ",":
                        raise Fault(i, f"no further value: {verb.upper()} takes {most}")
                    return i  # what follows is no part of the statement
                i = masked(p, i) if most else expression(p, i)
                wanted = types[min(count, len(types) - 1)]
                if wanted:
                    check_type(p, start, i, verb.upper(), wanted)
                count += 1
            if toks[i] != ",":
                break
            i += 1
        if count < least:
            raise Fault(i, f"another value: {verb.upper()} needs {least}")
        return i

    return parse


SIMPLE: dict[str, Callable[[Line, int], int]] = {verb: _compile(verb, form) for verb, form in FORMS.items()}
