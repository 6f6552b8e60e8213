"""What a mistake is called: from the place where a statement cannot be read on to one code, one place, one message.

Nothing here decides whether a statement is wrong; the parser has decided that. The functions look at the tokens around
the place for habits from other languages, and fall back on "expected this, found that".
"""

from curator.bbj.codes import fill
from curator.bbj.foreign import ENDS, FOREIGN_WORDS, first_word, suggestion
from curator.bbj.habits import Finding, operators
from curator.bbj.lexer import KIND, NAME, NUMBER, STRING, UNCLOSED, offsets
from curator.bbj.line import MAX_DEPTH, Fault, Line, Problem
from curator.bbj.words import RESERVED_AS_LABEL, VERBS, table

_NEEDS_COLON_FREE_LINE = table("""
    if while for else case def then until switch repeat class method elif try do next wend endif fi
""")
_CLOSING = {"(": ")", "[": "]"}
# After these the rest of the line is no BBj, so that nothing else is said about it.
_WHOLE_LINE = frozenset(
    ["E301", "E305", "E313", "E314", "E315", "E324", "E326", "E331", "E337", "E338", "E339", "E328", "E329"]
)


def explain(p: Line, start: int, fault: Fault) -> Problem:
    """The problem to report for a fault in the statement that begins at token `start`."""
    code, index, words = _find(p, start, fault)
    places = offsets(p.text)
    index = min(index, len(places) - 1)
    first, last = places[index]
    sign = words.get("found", "")
    if sign and not any(c.isalnum() for c in sign) and p.text.startswith(sign, first):
        last = max(last, first + len(sign))  # `++` is two tokens and one mistake
    words.setdefault("found", p.text[first:last] or "the end of the line")
    nearby = p.toks[start : start + 20]
    if words.get("name") in nearby:  # as written, not in lower case
        name_first, name_last = places[start + nearby.index(words["name"])]
        words["name"] = p.text[name_first:name_last]
    message, hint = fill(code, words)
    role = words.get("role", "")
    if code == "E301" or (not role and code in ("E302", "E304") and p.toks[fault.index] == ""):
        role = "unfinished"
    if "frame" in words:
        p.event(words["frame"], index, words.get("class", ""), words.get("extra", ""))
    return Problem(first, max(last, first + 1), code, message, hint, role)


def resume(p: Line, start: int, index: int, code: str) -> int:
    """The token to go on with after a fault: behind the next `;` outside brackets, or the end of the line."""
    toks = p.toks
    _salvage(p, start)
    end = len(toks) - 2
    if code in _WHOLE_LINE:
        return end
    depth = 0
    i = start
    while i < end:
        t = toks[i]
        if t in ("(", "["):
            depth += 1
        elif t in (")", "]"):
            depth -= 1
        elif t == ";" and i >= index:
            return i + 1 if depth == 0 else end
        i += 1
    return end


def _salvage(p: Line, start: int) -> None:
    """Keep what a faulty statement means for blocks: nothing is known any more, but no second diagnostic follows."""
    first = first_word(p.toks, start)
    if first in _BLOCK_VERBS or p.inline_ifs:
        p.event("murky", start)


_BLOCK_VERBS = table("""
    if else fi endif for next while wend repeat until switch select case swend def fnend do loop elif elseif end
    endwhile endfor endswitch foreach try then function sub
""")


def _find(p: Line, start: int, fault: Fault) -> Finding:
    toks = p.toks
    i = fault.index
    words = dict(fault.words)
    words["expected"] = fault.expected or "something else"
    code = fault.code
    if code in ("leftover", "start", "bare", "assignment", "channel", ""):
        place = int(words.get("end", i))  # of the first token that does not fit
        found = (
            _unclosed_string(p)
            or (
                _first_words(p, start, code)
                if i <= start + 1 or code not in ("", "start") or _no_verb(p, start)
                else None
            )
            or operators(p, start, place)
        )
        if found is None:
            if code == "bare":
                found = _bare(p, start, int(words.get("end", "0")))
            elif code == "leftover":
                found = _leftover(p, start, i)
            elif code == "start":
                found = _odd_start(p, start, i)
            elif code == "channel":
                verb = toks[start].upper()
                found = _channel(i, verb)
            else:
                found = _general(p, start, i, words)
        if found[0] == "E309" or found[0] == "E304":
            found[2].setdefault("expected", words["expected"])
        return found
    return _known(p, i, code, words)


def _known(p: Line, i: int, code: str, words: dict[str, str]) -> Finding:
    """A code the parser has given: add the words its message needs."""
    if code == "E301":
        return _unclosed_string(p) or (code, i, words)
    if code == "E302":
        i = int(words["opening"])
    elif code == "E336" and _starts_with_block(p.toks):
        code = "E325"
    elif code == "E337":
        words |= {
            "found": p.toks[i] + p.toks[i + 1],
            "what": "number",
            "help": "a hex string stands between dollar signs: $FF$",
        }
        if p.toks[i + 1][0] == "_":
            words["help"] = "write the digits without underscores"
    elif code == "E339":
        words["depth"] = str(MAX_DEPTH)
    elif code == "E402":
        words["help"] = (
            f"write `{words['name']}$`, or turn the value into a number with NUM()"
            if words["target"] == "number"
            else "turn the number into a string with STR()"
        )
    elif code == "E427":
        wants_number = words["wanted"] == "number"
        words.setdefault("help", "convert it with NUM()" if wants_number else "convert it with STR(), or add quotes")
    elif code == "E408":
        kind = words["type"]
        words["help"] = words["name"].rstrip("$%!") + (
            "$" if kind == "bbjstring" else "" if kind == "bbjnumber" else "!"
        )
    elif code == "E417":
        verb = words["verb"]
        words["help"] = f"{verb} PUBLIC ..."
    return code, i, words


def _starts_with_block(toks: list[str]) -> bool:
    return toks[0] in _NEEDS_COLON_FREE_LINE


def _unclosed_string(p: Line) -> Finding | None:
    toks = p.toks
    if toks[-3] != UNCLOSED:
        return None
    last = len(toks) - 3
    for index in range(last):
        if toks[index].endswith('\\"') and KIND.get(toks[index][0]) == STRING:
            return "E338", index, {}
    if toks[0] in ("/", "!") or toks[0].startswith("'"):
        return None
    return "E301", last, {}


def _first_words(p: Line, start: int, code: str) -> Finding | None:
    """Statements that give themselves away by their first words."""
    toks = p.toks
    first = toks[start]
    second = toks[start + 1]
    third = toks[start + 2]
    if KIND.get(first[:1]) != NAME:
        return None
    found = FOREIGN_WORDS.get(first)
    if found and second not in ("=", ".", "[") and (second != "(" or _no_verb(p, start)):
        foreign = found(toks, start)
        if foreign is not None:
            return foreign[0], start, {"found": toks[start], **foreign[1]}
    if code == "bare" and third == "=" and KIND.get(second[:1]) == NAME:
        kind, name = _written(p, start), _written(p, start + 1)
        return "E327", start, {"help": f"write DECLARE {kind} {name} on its own line, then {name} = ..."}
    if code == "bare" and second.startswith("'"):  # Here's the program
        return _prose(p, start)
    return None


def _no_verb(p: Line, start: int) -> bool:
    """True for words that begin a statement in other languages even in front of a bracket."""
    return p.toks[start] in ("catch", "except", "elif", "elseif", "elsif", "foreach")


def _bare(p: Line, start: int, end: int) -> Finding:
    """A name, call or other value that is not used as a statement may be."""
    toks = p.toks
    first = toks[start]
    following = toks[end]
    if _behind_print(toks, start) and following in ("", ";", ","):
        return "E334", start, {}
    if end == start + 1 and KIND.get(first[:1]) == NAME and first[-1] not in "$!%":
        if KIND.get(following[:1]) == NAME and KIND.get(toks[end + 1][:1]) == NAME:
            return _prose(p, start)
        if following == ":" and start and toks[start - 1] == ";" and first not in RESERVED_AS_LABEL:
            p.event("label", start, first)
            return "E347", start, {"name": first}
        if following in (":", "::") or (following == "!" and toks[end + 1][:1].isalpha()):
            return _prose(p, start)
        if following == "," and KIND.get(toks[end + 1][:1]) == NAME and KIND.get(toks[end + 2][:1]) == NAME:
            return _prose(p, start)
        if following == "":
            p.event("bare", start, first)  # meant as a label, perhaps
        return "E332", start, {"help": suggestion(first, alone=following == "")}
    if first == "#" and toks[start + 1] in ("include", "import", "use") and following not in ("", ";"):
        return "E333", start, {"found": f"#{toks[start + 1]}"}
    if first == "#" and KIND.get(following[:1]) == NAME:
        return "E314", start, {"found": "#"}
    if following not in ("", ";", "rem", "else", "fi", "endif"):
        return _leftover(p, start, end)
    if toks[end - 1] == ")" and KIND.get(first[:1]) == NAME and toks[start + 1] == "(" and first[-1] not in "$!%":
        return "E404", start, {"name": first}
    return "E403", start, {}


def _behind_print(toks: list[str], start: int) -> bool:
    if start == 0 or toks[start - 1] != ";":
        return False
    k = start - 2
    while k >= 0 and toks[k] != ";":
        k -= 1
    while k + 1 < start and toks[k + 2] == ":" and KIND.get(toks[k + 1][:1]) == NAME:
        k += 2
    return toks[k + 1] in ("print", "?", "input", "write")


def _prose(p: Line, start: int) -> Finding:
    return "E331", start, {"what": "it reads like a sentence", "help": "put `rem` in front of text"}


def _odd_start(p: Line, start: int, i: int) -> Finding:
    """A statement that begins with a sign."""
    toks = p.toks
    t = toks[i]
    after = toks[i + 1]
    if t == "`":
        if after == "`":
            return "E331", i, {"what": "a Markdown fence", "help": "keep fences out of the program", "role": "fence"}
        return "E305", i, {"help": "text stands in double quotes"}
    if t == "!" or t.startswith("'"):
        return "E314", i, {"found": "'" if t[0] == "'" else "!"}
    if t == "." and after == ".":
        return "E331", i, {"what": "the rest of the program is left out here", "help": "write the missing statements"}
    if t in ("-", "*", "+") and KIND.get(after[:1]) == NAME and KIND.get(toks[i + 2][:1]) == NAME:
        return _prose(p, start)
    if t == "-" and after == "-":
        return "E314", i, {"found": "--"}
    if t == "<" or t == "[":
        what = "markup" if t == "<" else "a placeholder"
        return "E331", i, {"what": what, "help": "only BBj statements belong here"}
    if t in (",", ")", "]", "+", "-", "*", "/", "=", "<>", "<=", ">=", "^", ".", ">"):
        return "E306", i, {"role": "orphan"}
    if t == ":":
        if i == 0:
            return "E306", i, {"role": "orphan"}
        return "E325" if _starts_with_block(toks) else "E336", i, {}
    return _general(p, start, i, {"expected": "a statement"})


def _leftover(p: Line, start: int, i: int) -> Finding:
    """Something follows a statement that is complete."""
    toks = p.toks
    t = toks[i]
    first = toks[start]
    before = toks[i - 1] if i else ""
    if t == "rem":
        return "E307", i, {}
    if t in (")", "]"):
        return "E303", i, {}
    if t == ":":
        if first in _NEEDS_COLON_FREE_LINE or (before in ("default", "then", ")") and toks[i + 1] == ""):
            return "E325", i, {}
        return "E336", i, {}
    if t == "!":
        return "E314", i, {"found": "!"}
    if t == "then":
        return "E308", i, {"found": "THEN", "help": _SEPARATORS}
    if t == "as":
        if first == "use":
            return "E333", i, {"found": "AS"}
        return "E327", i, {"help": "write DECLARE type name; DIM name$[n] is for arrays"}
    if first in ("while", "for", "until") and t == "do":
        return "E344", i, {"found": "DO"}
    if first == "print" and before == "using":
        problem = {"problem": "BBj has no PRINT USING", "help": 'the mask behind the value: PRINT x:"##0.00"'}
        return "E335", i - 1, problem
    if first == "input" and before == "line":
        return "E332", i - 1, {"help": "INPUT a$ reads a line"}
    if first == "use" and t == "*":
        return "E333", i, {"found": "USE package.*"}
    if first == "end" and KIND.get(t[:1]) == NAME:
        return "E317", start, {"found": f"end {t}", "help": _end_of(t)}
    if t == "=" and first == "declare":
        return "E327", i, {"help": "DECLARE gives no value; assign it on a line of its own"}
    if t == "," and first == "declare":
        return "E327", i, {"help": "DECLARE takes one variable; write one DECLARE for each"}
    if t in ("elif", "elseif", "elsif"):
        return "E316", i, {"found": t}
    if t == "(" and toks[i + 1] == ")" and first in VERBS:
        return "E308", i, {"found": "`()`", "help": f"write {first.upper()} without brackets"}
    return "E308", i, {"found": _shown(p, i), "help": _SEPARATORS}


_SEPARATORS = "statements are separated by `;`, values by `,` or an operator"


def _channel(i: int, verb: str) -> Finding:
    return "E335", i, {"problem": f"{verb} wants the channel in brackets", "help": f"{verb} (1)..."}


def _end_of(word: str) -> str:
    return ENDS.get(word, "ENDIF, WEND, NEXT, SWEND, FNEND, METHODEND or CLASSEND")


def _general(p: Line, start: int, i: int, words: dict[str, str]) -> Finding:
    """Expected this, found that."""
    toks = p.toks
    t = toks[i]
    first = toks[start]
    expected = words.get("expected", "")
    if t == "rem" and i > start:
        return "E307", i, {}
    if "opening" in words and t in ("", ";", "rem"):
        opening = int(words["opening"])
        return "E302", opening, {"bracket": toks[opening], "closing": _CLOSING[toks[opening]]}
    if t == "":
        return "E304", i - 1, {"expected": expected}
    if t == ":" and first in _NEEDS_COLON_FREE_LINE:
        return "E325", i, {}
    if t == "#" or (toks[i - 1] == "#" and i > 0):
        if t != "" and KIND.get(toks[i - (t != "#") + 1][:1]) == NUMBER:
            verb = first.upper()
            return _channel(i, verb)
        if first == "#":
            return "E314", start, {"found": "#"}
    if first == "for" and expected in ("TO", "`=` after the variable of FOR", "the name of a variable"):
        if t == "until":
            return "E326", i, {"help": "write TO"}
        return "E326", start, {"help": "write FOR i = 1 TO n"}
    if first in ("use",) and t == "*":
        return "E333", i, {"found": "USE package.*"}
    if first == "exit" and t in ("for", "while", "if", "switch", "repeat"):
        return "E345", start, {}
    if t in (")", "]") and expected == "a value" and toks[i - 1] not in ("(", ",", "[", "=") and i > start:
        return "E304", i - 1, {"expected": expected, "found": t}
    return "E309", i, {"expected": expected, "found": _shown(p, i)}


def _written(p: Line, i: int) -> str:
    first, last = offsets(p.text)[i]
    return p.text[first:last]


def _shown(p: Line, i: int) -> str:
    return f"`{_written(p, i)[:40]}`"
