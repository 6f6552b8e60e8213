"""Words that begin a statement in other languages, and what BBj has instead.

FOREIGN_WORDS maps a first word to a function of (tokens, index) that gives a code and the words of its message, or None
if the rest of the line shows that the word is an ordinary name here. To add a habit, add a line.
"""

from collections.abc import Callable

from curator.bbj.lexer import KIND, NAME
from curator.bbj.words import FUNCTIONS, VERBS

Foreign = tuple[str, dict[str, str]]
Check = Callable[[list[str], int], Foreign | None]


def first_word(toks: list[str], i: int) -> str:
    """The word a statement begins with, behind access levels that stand in front in other languages."""
    return toks[i]


def _always(code: str, **words: str) -> Check:
    return lambda toks, i: (code, words)


def _alone(code: str, **words: str) -> Check:
    """Only if nothing follows, or what other languages put there."""
    return lambda toks, i: (code, words) if toks[i + 1] in ("", ";", "rem", "{", ":") else None


def _before_name(code: str, **words: str) -> Check:
    """Only if a name follows."""
    return lambda toks, i: (code, words) if KIND.get(toks[i + 1][:1]) == NAME else None


def _end(toks: list[str], i: int) -> Foreign | None:
    word = toks[i + 1]
    if word in ENDS:
        more = {}
        if word in ("sub", "function", "procedure", "proc"):
            more = {"role": "closes E328"}
        elif word == "try":
            more = {"role": "closes E318"}
        elif word in ("class", "method", "interface"):
            more = {"frame": f"{word}end"}
        return "E317", {"found": f"end {word}", "help": ENDS[word], **more}
    return None


ENDS = {
    "if": "ENDIF",
    "while": "WEND",
    "for": "NEXT",
    "select": "SWEND",
    "switch": "SWEND",
    "class": "CLASSEND",
    "method": "METHODEND",
    "interface": "INTERFACEEND",
    "def": "FNEND",
    "function": "FNEND for DEF FN, RETURN for a label",
    "sub": "RETURN",
    "procedure": "RETURN",
    "proc": "RETURN",
    "try": "nothing: BBj has no TRY",
    "with": "nothing: BBj has no WITH",
    "repeat": "UNTIL condition",
    "loop": "WEND or UNTIL condition",
    "do": "WEND or UNTIL condition",
}


def _java_order(toks: list[str], i: int) -> Foreign | None:
    words = []
    while toks[i] in ("public", "private", "protected", "static", "abstract", "final", "async", "override", "virtual"):
        words.append(toks[i])
        i += 1
    verb = toks[i]
    access = next((word for word in words if word in ("public", "private", "protected")), "public")
    if verb in ("class", "interface", "method", "field"):
        return "E329", {"help": f"{verb.upper()} {access.upper()} ...", "frame": verb, "class": toks[i + 1]}
    if KIND.get(verb[:1]) == NAME and len(words) and KIND.get(toks[i + 1][:1]) == NAME:
        verb = "METHOD" if "(" in toks[i : i + 12] else "FIELD"
        more = {"frame": "method", "class": toks[i + 1], "extra": "foreign"} if verb == "METHOD" else {}
        return "E329", {"help": f"{verb} {access.upper()} type name", **more}
    return None


def _select(toks: list[str], i: int) -> Foreign | None:
    return ("E343", {}) if toks[i + 1] == "case" else None


def _for(toks: list[str], i: int) -> Foreign | None:
    if toks[i + 1] == "each":
        return "E326", {"help": "count with FOR i = 0 TO v!.size() - 1, and take v!.get(i)"}
    return None


def _declaration(toks: list[str], i: int) -> Foreign | None:
    name = toks[i + 1]
    if KIND.get(name[:1]) == NAME and toks[i + 2] in ("=", "", ";", ":", "as"):
        return "E327", {"help": f"write {name} = ..."}
    return None


def _exit(toks: list[str], i: int) -> Foreign | None:
    if toks[i + 1] in ("for", "while", "do", "loop", "sub", "function", "if", "select", "switch"):
        return "E345", {}
    return None


FOREIGN_WORDS: dict[str, Check] = {
    **dict.fromkeys(("elif", "elseif", "elsif"), _always("E316")),
    "end": _end,
    "endwhile": _alone("E317", help="WEND"),
    "endfor": _alone("E317", help="NEXT"),
    "endswitch": _alone("E317", help="SWEND"),
    "endselect": _alone("E317", help="SWEND"),
    "endcase": _alone("E317", help="SWEND"),
    "enddef": _alone("E317", help="FNEND"),
    "endfn": _alone("E317", help="FNEND"),
    "endfunction": _alone("E317", help="FNEND", role="closes E328"),
    "endsub": _alone("E317", help="RETURN", role="closes E328"),
    "endmethod": _alone("E317", help="METHODEND", frame="methodend"),
    "endclass": _alone("E317", help="CLASSEND", frame="classend"),
    "endinterface": _alone("E317", help="INTERFACEEND", frame="interfaceend"),
    "endrepeat": _alone("E317", help="UNTIL condition"),
    "endloop": _alone("E344", role="closes"),
    "endtry": _alone("E318", role="closes"),
    "endif": _alone("E317", help="ENDIF"),
    "try": _alone("E318", role="opens"),
    "catch": _always("E318", role="middle"),
    "except": _always("E318", role="middle"),
    "finally": _alone("E318", role="middle"),
    "raise": _always("E318"),
    "do": _always("E344", role="opens"),
    "loop": _always("E344", role="closes"),
    "foreach": _always("E326", help="count with FOR i = 0 TO v!.size() - 1, and take v!.get(i)"),
    "for": _for,
    "function": _before_name("E328", role="opens"),
    "func": _before_name("E328", role="opens"),
    "fn": _before_name("E328", role="opens"),
    "sub": _before_name("E328", role="opens"),
    "procedure": _before_name("E328", role="opens"),
    "proc": _before_name("E328", role="opens"),
    "import": _always("E333"),
    "include": _always("E333"),
    "require": _before_name("E333"),
    "package": _before_name("E333"),
    "from": _before_name("E333"),
    "using": _before_name("E333"),
    **dict.fromkeys(("public", "private", "protected", "static", "abstract", "final", "async"), _java_order),
    "select": _select,
    "exit": _exit,
    **dict.fromkeys(
        ("var", "const", "set", "local", "global", "int", "string", "double", "boolean", "long"), _declaration
    ),
    **dict.fromkeys(("val", "auto", "let", "dim"), lambda toks, i: None),
}

# Words that stand between two values in other languages.
OPERATOR_WORDS = {
    "mod": "write MOD(a, b)",
    "xor": "write XOR(a$, b$) for strings; join conditions with AND and OR",
    "div": "write INT(a / b)",
    "is": "write `=`",
    "in": "loop, or search with POS()",
    "isnot": "write `<>`",
    "eq": "write `=`",
    "ne": "write `<>`",
    "instanceof": "compare the class: x!.getClass()",
    "like": "search with POS() or MASK()",
    "shl": "multiply by a power of 2",
    "shr": "divide by a power of 2",
}

# Verbs of other languages, and the one BBj has.
_TRANSLATED = {
    "display": "PRINT",
    "echo": "PRINT",
    "printf": "PRINT",
    "println": "PRINT",
    "puts": "PRINT",
    "writeln": "PRINT",
    "output": "PRINT",
    "say": "PRINT",
    "cls": "PRINT 'CS'",
    "locate": "PRINT @(x,y)",
    "sleep": "WAIT",
    "delay": "WAIT",
    "pause": "WAIT",
    "quit": "BYE or RELEASE",
    "pass": "nothing; an empty block needs no statement",
    "with": "the object's name in front of each method",
    "swap": "a third variable",
    "randomize": "RND()",
    "line": "INPUT",
    "kill": "ERASE",
    "inc": "x = x + 1",
    "dec": "x = x - 1",
    "elsif": "ELSE and a new IF",
    "endsw": "SWEND",
    "default": "CASE DEFAULT",
    "unless": "IF !(condition)",
    "print_line": "PRINT",
    "console": "PRINT",
    "assert": "IF and THROW",
    "del": "CLEAR or x! = NULL()",
    "delay_ms": "WAIT",
    "new": "x! = NEW Type()",
}


def suggestion(word: str, alone: bool = False) -> str:
    """What to write instead of a word that is no verb; `alone` if the line holds nothing else."""
    if word in _TRANSLATED:
        return f"write {_TRANSLATED[word]}"
    from difflib import get_close_matches  # 4 ms of import that correct programs never pay

    close = get_close_matches(word, VERBS, n=1, cutoff=0.75)
    if close:
        return f"did you mean {close[0].upper()}?"
    if word in FUNCTIONS:
        return f"{word.upper()}() is a function: use its value"
    if alone:
        return f"a label ends with a colon (`{word}:`), a call needs CALL, GOSUB or the object in front"
    return "a statement begins with a verb, a variable that is assigned, or an object whose method is called"
