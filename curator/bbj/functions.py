"""Calls inside expressions: which functions BBj has, what each takes, and what the brackets behind a string mean.

SIGNATURES holds a row for every function whose arguments are known, in the alphabet of verbs.py: `s` a string, `n` a
number, `e` any value, `?` may be missing, `*` none or more. Options and masks need no mention. A function that is not
in the table may have any arguments. To add one, add a row; its name belongs into words.py.
"""

from functools import lru_cache

from curator.bbj.lexer import NUMBER, STRING
from curator.bbj.line import Line
from curator.bbj.types import value_type
from curator.bbj.words import FUNCTIONS, OPTIONS, SYSTEM_VARIABLES

Spans = list[tuple[int, int]]  # first token of each argument, and the token after it; masks do not count

SIGNATURES = {
    "abs": "n",
    "and": "s s",
    "argv": "n",
    "asc": "s",
    "ath": "s",
    "atn": "n n?",
    "bin": "n n?",
    "chr": "n",
    "cos": "n n?",
    "cpl": "s s?",
    "crc": "s s?",
    "cvs": "s n s?",
    "date": "n n? e?",
    "dec": "s",
    "decrypt": "s e*",
    "dir": "s",
    "encrypt": "s e*",
    "env": "s e?",
    "errmes": "n s?",
    "fattr": "s s? s?",
    "fbin": "n",
    "fdec": "s",
    "fid": "n",
    "field": "s s? n?",
    "fill": "n s?",
    "fin": "n",
    "fpt": "n",
    "gap": "s",
    "hta": "s",
    "iff": "n e e",
    "ind": "n",
    "info": "n n",
    "int": "n",
    "ior": "s s",
    "jul": "e e n? e*",
    "key": "n",
    "keyf": "n",
    "keyl": "n",
    "keyn": "n",
    "keyp": "n",
    "len": "s",
    "levenshtein": "s s",
    "log": "n n?",
    "lrc": "s",
    "lst": "s s?",
    "mask": "s s?",
    "max": "n n*",
    "min": "n n*",
    "mod": "n n",
    "neval": "s",
    "nfield": "s s n?",
    "not": "s",
    "num": "s",
    "pad": "s n e? s?",
    "pck": "n n",
    "pos": "e n? n?",
    "resopen": "s",
    "rnd": "n?",
    "round": "n n?",
    "scall": "s",
    "seval": "s",
    "sgn": "n",
    "sin": "n n?",
    "sqlerr": "n",
    "sqlfetch": "n",
    "sqltmpl": "n",
    "sqr": "n",
    "stbl": "s s?",
    "str": "e",
    "swap": "s s?",
    "tcb": "n",
    "upk": "s",
    "xor": "s s",
}
_PART = "n n?"  # a$(start,length)
_WORDS = {"s": "string", "n": "number", "e": "value"}
_TYPES = {"s": STRING, "n": NUMBER, "e": 0}
_MANY = 1000


def _compile(form: str) -> tuple[int, int, list[int]]:
    """The least and the greatest number of arguments, and the type of each."""
    parts = form.split()
    least = sum(len(part) == 1 for part in parts)
    return least, _MANY if form.endswith("*") else len(parts), [_TYPES[part[0]] for part in parts]


_COMPILED = {name: _compile(form) for name, form in SIGNATURES.items()}
_COMPILED_PART = _compile(_PART)
_CALLABLE = FUNCTIONS | SYSTEM_VARIABLES | {"bbjapi"}
_RELATIONS = frozenset(("<", ">", "=", "<=", ">=", "<>"))

# Functions of other languages, and what BBj has.
_SUBSTRING = "write a$(start,length)"
_DATE = 'write DATE(0:"%Yd-%Mz-%Dz"), or JUL(0,0,0) for the day as a number'
_TRANSLATED = {
    **dict.fromkeys(("trim", "strip", "alltrim"), "write CVS(x$,3)"),
    "ltrim": "write CVS(x$,1)",
    "rtrim": "write CVS(x$,2)",
    **dict.fromkeys(("ucase", "upper", "toupper", "uppercase"), "write CVS(x$,4)"),
    **dict.fromkeys(("lcase", "lower", "tolower", "lowercase"), "write CVS(x$,8)"),
    **dict.fromkeys(("instr", "indexof", "find", "index", "strpos", "contains"), 'write POS("x"=a$)'),
    **dict.fromkeys(("mid", "left", "right", "substr", "substring"), _SUBSTRING),
    "replace": "copy the string to an object and call its method: x! = a$; a$ = x!.replace(old$,new$)",
    "split": "copy the string to an object and call its method: x! = a$; parts! = x!.split(separator$)",
    "join": "add the strings with `+` in a loop",
    "format": 'write STR(x:"##0.00")',
    "tostring": "write STR(x)",
    **dict.fromkeys(("val", "tonumber", "parseint", "float", "double", "number"), "write NUM(a$)"),
    **dict.fromkeys(("now", "today", "getdate", "curdate"), _DATE),
    **dict.fromkeys(("time", "timer"), "the variable TIM holds the time of day in hours"),
    "length": "write LEN(a$)",
    "size": "write LEN(a$) for a string, x!.size() for a list",
    "sqrt": "write SQR(x)",
    **dict.fromkeys(("rand", "random"), "write RND(0)"),
    **dict.fromkeys(("floor", "fix", "trunc"), "write INT(x)"),
    "pow": "write x ^ y",
    "sign": "write SGN(x)",
    "char": "write CHR(n)",
    "ord": "write ASC(a$)",
    "hex": "write HTA(a$)",
    "space": "write FILL(n)",
    **dict.fromkeys(("repeat", "string", "replicate"), 'write FILL(n,"x")'),
    **dict.fromkeys(("isnull", "is_null"), "write x! = NULL()"),
    **dict.fromkeys(("if", "iif", "ifelse"), "write IFF(condition, a, b)"),
    "input": 'INPUT is a statement: INPUT "Name: ",name$',
    "getenv": "write ENV(name$)",
    **dict.fromkeys(("ubound", "sizeof", "count"), "write DIMS(a[all]) for an array, x!.size() for a list"),
    "tan": "write SIN(x) / COS(x)",
}


def check_call(p: Line, name: int, spans: Spans) -> None:
    """Note what is wrong with `name(...)`, whose arguments have been read; `name` is the index of the name."""
    toks = p.toks
    word = toks[name]
    if word[-1] in "!%@" or word.startswith("fn"):
        return
    part = word[-1] == "$"
    form = _COMPILED_PART if part else _COMPILED.get(word)
    if form is None:
        if word not in _CALLABLE:
            p.broken_rule(name, "E432", name=word, help=_instead(word))
        return
    values = [span for span in spans if not _is_option(toks, span[0])]
    problem = ""
    if word == "pos" and values and not _has_relation(toks, *values[0]):
        problem = "wants a comparison as first value"
    problem = problem or _mismatch(toks, form, values)
    if problem and (values or not part):
        if part:
            p.broken_rule(name, "E434", name=word, problem=problem, help=_part_help(word))
        else:
            p.broken_rule(name, "E433", name=word.upper(), problem=problem, help=_usage(word))


def _mismatch(toks: list[str], form: tuple[int, int, list[int]], values: Spans) -> str:
    """What is wrong with the arguments, in words; "" if nothing can be proved."""
    least, most, types = form
    if not least <= len(values) <= most:
        count = str(least) if least == most else f"{least} or more" if most == _MANY else f"{least} to {most}"
        return f"takes {count} value{'s' if count != '1' else ''}, here are {len(values)}"
    for k, (start, end) in enumerate(values):
        wanted = types[min(k, len(types) - 1)]
        if wanted:
            found = value_type(toks, start, end)
            if found and found != wanted:
                return f"wants a {'string' if wanted == STRING else 'number'} as value {k + 1}"
    return ""


def _is_option(toks: list[str], start: int) -> bool:
    return toks[start + 1] == "=" and toks[start] in OPTIONS


def _has_relation(toks: list[str], start: int, end: int) -> bool:
    depth = 0
    for t in toks[start:end]:
        if t == "(" or t == "[":
            depth += 1
        elif t == ")" or t == "]":
            depth -= 1
        elif depth == 0 and t in _RELATIONS:
            return True
    return False


@lru_cache(maxsize=256)
def _instead(word: str) -> str:
    """What to write instead of a function that BBj does not have."""
    if word in _TRANSLATED:
        return _TRANSLATED[word]
    from difflib import get_close_matches  # 4 ms of import that correct programs never pay

    close = get_close_matches(word, FUNCTIONS, n=1, cutoff=0.75)
    if close:
        return f"did you mean {close[0].upper()}()?"
    return "functions of your own are DEF FN...; a method needs its object in front, an array square brackets"


_USAGE = {
    "pos": 'POS("x"=a$)',
    "str": 'STR(x), with a mask STR(x:"##0.00")',
    "date": 'DATE(0:"%Yd-%Mz-%Dz"), the mask behind a colon',
    "not": "NOT() turns the bits of a string around; a condition is negated with !(...)",
}


def _usage(word: str) -> str:
    """How a function is called: `FILL(number{,string})`."""
    if word in _USAGE:
        return _USAGE[word]
    shown = ""
    for k, part in enumerate(SIGNATURES[word].split()):
        value = ("," if k else "") + _WORDS[part[0]]
        shown += value if len(part) == 1 else f"{{{value}{'...' if part[1] == '*' else ''}}}"
    return f"{word.upper()}({shown})"


def _part_help(word: str) -> str:
    if word[:-1] in FUNCTIONS:
        return f"the function is called {word[:-1].upper()}(), without `$`"
    return _TRANSLATED.get(word[:-1], _SUBSTRING + ", both numbers")


def check_value(p: Line, index: int, name: str, start: int, end: int) -> None:
    """Note it if a value contradicts the suffix of the name that gets it; an object takes everything."""
    if name[-1] == "!":
        return
    target = STRING if name[-1] == "$" else NUMBER
    found = value_type(p.toks, start, end)
    if found and found != target:
        p.broken_rule(index, "E402", name=name, target=_IN_WORDS[target], value=_IN_WORDS[found])


_IN_WORDS = {STRING: "string", NUMBER: "number"}
_OPTION_TYPES = dict.fromkeys(("key", "mode"), STRING) | dict.fromkeys(("siz", "tim", "ind", "dir", "isz"), NUMBER)


def check_option(p: Line, start: int, end: int) -> None:
    """Note it if the value of `NAME=value` proves to be of the wrong type; `start` is at the name."""
    word = p.toks[start]
    wanted = _OPTION_TYPES.get(word)
    if wanted:
        check_type(p, start + 2, end, word.upper() + "=", wanted)


def check_type(p: Line, start: int, end: int, verb: str, wanted: int, **words: str) -> None:
    """Note it if an expression proves to be of the wrong type for a verb or option; once in a statement."""
    found = value_type(p.toks, start, end)
    if found and found != wanted and not (p.faults and p.faults[-1].words.get("verb") == verb):
        p.broken_rule(start, "E427", verb=verb, wanted=_IN_WORDS[wanted], **words)


def check_channel(p: Line, spans: Spans, verb: str, printing: bool = False) -> None:
    """`(channel{,NAME=value})`: the channel is a number, and the rest has names.

    printing: PRINT("x") may be a value in brackets; what bbjcpl says to it is not known.
    """
    toks = p.toks
    for start, end in spans[1:]:
        if toks[start + 1] != "=":
            p.broken_rule(start, "E435", verb=verb, help=_ONE_CHANNEL.get(verb, f"write {verb} (1)a$"))
            return
        check_option(p, start, end)
    if spans and not printing and not _is_option(toks, spans[0][0]):
        check_type(p, *spans[0], f"the channel of {verb}", NUMBER, help=f"a channel is a number: {verb} (1)...")


_ONE_CHANNEL = {
    "CLOSE": "write CLOSE (1); CLOSE (2)",
    "OPEN": 'write OPEN (1,MODE="...")name$',
    "INPUT": 'without a channel there are no brackets: INPUT "Name: ",name$',
    **{verb: f"write {verb} (1,KEY=key$)" for verb in ("REMOVE", "FIND", "EXTRACT")},
}
