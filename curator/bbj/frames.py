"""The frame of classes: CLASS, INTERFACE, METHOD, FIELD declarations, METHODRET, USE, DECLARE.

Whether they stand in the right order is seen by the program pass; here each is one line.
"""

from curator.bbj import data
from curator.bbj.expressions import masked, type_name
from curator.bbj.functions import check_value
from curator.bbj.lexer import KIND, NAME
from curator.bbj.line import Fault, Line
from curator.bbj.words import ACCESS_LEVELS

# Types whose fields may go without `!`, and with which suffix.
_FIELD_SUFFIXES = {"bbjnumber": ("", "!", "%"), "bbjint": ("", "%", "!"), "bbjstring": ("$", "!")}
_FIELD_SUFFIXES |= dict.fromkeys(("boolean", "byte", "char", "double", "float", "int", "long", "short"), ("", "!", "%"))


def class_(p: Line, i: int) -> int:
    """`CLASS access [STATIC] Name [EXTENDS type] [IMPLEMENTS type{,type}]`."""
    p.event("class", i - 1, _name_ahead(p, i))
    i = _access(p, i, "CLASS")
    i = p.name(i, "the name of the class")
    if p.toks[i] == "extends":
        i = type_name(p, i + 1)
    if p.toks[i] == "implements":
        i = _types(p, i + 1)
    return i


def interface(p: Line, i: int) -> int:
    """`INTERFACE access Name [EXTENDS type{,type}]`."""
    p.event("interface", i - 1, _name_ahead(p, i))
    i = _access(p, i, "INTERFACE")
    i = p.name(i, "the name of the interface")
    if p.toks[i] == "extends":
        i = _types(p, i + 1)
    return i


def method(p: Line, i: int) -> int:
    """`METHOD access [STATIC] [type] name( [type name {,type name}] )`."""
    toks = p.toks
    event = len(p.events)
    p.event("method", i - 1, _name_before_bracket(p, i))
    i = _access(p, i, "METHOD")
    if toks[i + 1] == "(" and KIND.get(toks[i][:1]) == NAME:
        p.events[event] = p.events[event]._replace(extra="untyped")
    else:
        i = type_name(p, i, "the type the method returns, or VOID")
    if KIND.get(toks[i][:1]) != NAME:
        raise Fault(i, "the name of the method")
    i = p.need(i + 1, "(", "`(` after the name of the method")
    if toks[i] == ")":
        return i + 1
    while True:
        i = _parameter(p, i)
        if toks[i] == ")":
            return i + 1
        i = p.need(i, ",", "`,` or `)`")


def field(p: Line, i: int) -> int:
    """A FIELD declaration, `FIELD access [STATIC] type name [= value]`, or FIELD as a verb."""
    toks = p.toks
    if toks[i] not in ACCESS_LEVELS or (KIND.get(toks[i + 1][:1]) != NAME and toks[i + 1][:2] != "::"):
        if KIND.get(toks[i][:1]) == NAME and KIND.get(toks[i + 1][:1]) == NAME:
            p.event("field", i - 1)
            raise Fault(i, code="E417", verb="FIELD")
        return data.field(p, i)
    i = _access(p, i, "FIELD")
    start = i
    i = type_name(p, i, "the type of the field")
    name = toks[i]
    if KIND.get(name[:1]) != NAME:
        if i == start + 1:
            raise Fault(start, "a type and a name")
        raise Fault(i, "the name of the field")
    p.event("field", i, name)
    suffix = name[-1] if name[-1] in "$!%" else ""
    allowed = _FIELD_SUFFIXES.get(toks[start], ("!",)) if i == start + 1 else ("!",)
    if suffix not in allowed and (suffix == "" or len(allowed) > 1):
        p.broken_rule(i, "E408", name=name, type=toks[start])
    i += 1
    if toks[i] == "=":
        start = i + 1
        i = masked(p, start)
        check_value(p, start - 2, name, start, i)
    return i


def methodret(p: Line, i: int) -> int:
    """`METHODRET [value]`."""
    return i if p.ends(i) else masked(p, i)


def marker(p: Line, i: int) -> int:
    """CLASSEND, INTERFACEEND, METHODEND: one word."""
    p.event(p.toks[i - 1], i - 1)
    return i


def use(p: Line, i: int) -> int:
    """`USE java.util.HashMap`, `USE ::path/file.bbj::Class`."""
    p.event("use", i - 1)
    t = p.toks[i]
    if t[:2] == "::" and len(t) > 2:
        return i + 1
    i = p.dotted(i, "a class such as java.util.HashMap or ::path/file.bbj::Class")
    if p.toks[i - 1][-1] == "$":  # java.util.Map$Entry
        i = p.name(i, "the name of the inner class")
    return i


def declare(p: Line, i: int) -> int:
    """`DECLARE [AUTO] type name`."""
    toks = p.toks
    if (
        (toks[i] == "auto" and KIND.get(toks[i + 2][:1]) == NAME)
        or (toks[i] == "auto" and toks[i + 1][:2] == "::")
        or (toks[i] == "auto" and toks[i + 2] in (".", "["))
    ):
        i += 1
    i = type_name(p, i, "a type such as BBjString")
    if KIND.get(toks[i][:1]) != NAME or toks[i] == "rem":
        raise Fault(i, "a type and then the name of the variable")
    return i + 1


def _access(p: Line, i: int, verb: str) -> int:
    """Read the access level, which must be there, and STATIC."""
    if p.toks[i] not in ACCESS_LEVELS:
        raise Fault(i, code="E417", verb=verb)
    i += 1
    if p.toks[i] == "static" and p.toks[i + 1] != "(":
        i += 1
    return i


def _types(p: Line, i: int) -> int:
    i = type_name(p, i)
    while p.toks[i] == ",":
        i = type_name(p, i + 1)
    return i


def _parameter(p: Line, i: int) -> int:
    toks = p.toks
    i = type_name(p, i, "the type and name of a parameter, or `)`")
    if KIND.get(toks[i][:1]) != NAME:
        raise Fault(i, "the name of the parameter after its type (each parameter has a type of its own)")
    i += 1
    if toks[i] == "[":
        if toks[i + 1] == "all":
            i += 1
        i = p.need(i + 1, "]")
    return i


def _name_ahead(p: Line, i: int) -> str:
    """The name a CLASS line gives, as far as it can be told in a line that may be wrong."""
    toks = p.toks
    while toks[i] in ACCESS_LEVELS or toks[i] == "static":
        i += 1
    return toks[i]


def _name_before_bracket(p: Line, i: int) -> str:
    toks = p.toks
    while toks[i] and toks[i] != "(":
        i += 1
    return toks[i - 1]
