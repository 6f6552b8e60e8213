"""Operators and signs that other languages have and BBj has not: `==`, `!=`, `&&`, `+=`, `//`, `{`, `->` ...

`operators` looks at the tokens at and around the place where the parser stopped. To add a habit, add two lines there, a
row in codes.py, and a file in tests/data/invalid.
"""

from curator.bbj.foreign import OPERATOR_WORDS
from curator.bbj.lexer import offsets
from curator.bbj.line import Line

Finding = tuple[str, int, dict[str, str]]  # code, index of the token to point at, words of the message


def operators(p: Line, start: int, i: int) -> Finding | None:
    """Operators and signs of other languages at or around the fault."""
    toks = p.toks
    t = toks[i]
    before = toks[i - 1] if i else ""
    after = toks[i + 1] if t else ""
    if toks[start] == "for" and (t in ("in", "of") or toks[start + 1] in ("(", "each")):
        if t == "(" or toks[start + 1] == "(":
            return "E326", start, {"help": "write FOR i = 1 TO n"}
        return "E326", start, {"help": "count with FOR i = 0 TO v!.size() - 1, and take v!.get(i)"}
    if t == "/" and after in ("/", "*"):
        return "E314", i, {"found": "/" + after}
    if before == "/" and t in ("/", "*") and i > 0:
        return "E314", i - 1, {"found": "/" + t}
    if t in ("{", "}"):
        if t == "{" and (before in ("=", ",", "(", "[", "+")):
            return "E324", i, {"what": "maps", "help": 'write m! = new java.util.HashMap(), then m!.put("key", value)'}
        return "E313", i, {"role": "opens" if t == "{" else "closes"}
    if t == "=":
        if before == "=":
            return "E310", i - 1, {"found": "=="}
        if before == ":":
            return "E342", i - 1, {"found": ":="}
        if before in ("+", "-", "*", "/") and i >= 2:
            return "E312", i - 1, {"found": before + "=", "help": f"x = x {before} 1"}
    if t == ":" and after == "=":
        return "E342", i, {"found": ":="}
    if t == "!" and after == "=":
        if _touching(p, i):
            return "E311", i, {"found": "!="}
        return "E346", i, {"found": "!"}
    if t == ">" and before == "=":
        return "E322", i - 1, {"found": "=>", "help": ">="}
    if t == "<" and before == "=":
        return "E322", i - 1, {"found": "=<", "help": "<="}
    if t == ">" and before == "-":
        return "E323", i - 1, {"what": "`->`", "help": "a callback names a label or an object and its method"}
    if t in ("&", "|"):
        double = after == t
        sign = t * 2 if double else t
        help_ = {"&&": "write AND", "||": "write OR", "|": "write OR"}
        help_["&"] = "write `+` to join strings, AND for conditions"
        return "E320", i, {"found": sign, "help": help_[sign]}
    if t == ")" and before == "(" and after == "-" and toks[i + 2] == ">":
        return "E323", i - 1, {"what": "`() ->`", "help": "a callback names a label or an object and its method"}
    if before == "lambda":
        return "E323", i - 1, {"what": "lambda", "help": "a callback names a label or an object and its method"}
    if t == "*" and before == "*":
        return "E321", i - 1, {"found": "**", "help": "write `^`"}
    if t == "else" and before == "case":
        return "E343", i - 1, {}
    if t == "%":
        return "E321", i, {"found": "%", "help": "write MOD(a, b)"}
    if t in ("+", "-") and after == t and toks[i + 2] in ("", ";", "rem", ")"):
        return "E312", i, {"found": t * 2, "help": f"x = x {t} 1"}
    if t in ("+", "-") and after == "=":
        return "E312", i, {"found": t + "=", "help": f"x = x {t} 1"}
    if t in ("*", "/") and after == "=":
        return "E312", i, {"found": t + "=", "help": f"x = x {t} 1"}
    if before in ("+", "-") and i >= 2 and toks[i - 2] == before and t in ("", ";", ")"):
        return "E312", i - 2, {"found": before * 2, "help": f"x = x {before} 1"}
    if t == "?":
        if after == ".":
            return "E323", i, {"what": "`?.`", "help": "compare with NULL() first"}
        return "E323", i, {"what": "`? :`", "help": "write IFF(condition, a, b)"}
    if start and toks[start - 1] == "not":
        return "E319", start - 1, {}
    if before == "not" and t not in ("(", ")", ",", ";", "", "."):
        return "E319", i - 1, {}
    if t in OPERATOR_WORDS and i > start + 1 and before not in ("", ";", ",", "(", "="):
        return "E321", i, {"found": p.text[offsets(p.text)[i][0] : offsets(p.text)[i][1]], "help": OPERATOR_WORDS[t]}
    if t == "\\":
        if after == "":
            return "E306", i, {"role": "unfinished"}
        return "E321", i, {"found": "\\", "help": "write INT(a / b)"}
    if t == "":
        return None
    if t.startswith("'"):
        return "E315", i, {}
    if t == "`" and (i > start or after != "`"):
        return "E305", i, {"help": "text stands in double quotes"}
    if t == "$":
        what = {
            "what": "hex string",
            "help": "a hex string holds hex digits between dollar signs: $0D0A$; text stands in double quotes",
        }
        return "E337", i, {"found": "$" + (after if after[:1] != '"' else ""), **what}
    if t == "[" and before in ("=", ",", "(", "[", "+"):
        return "E324", i, {"what": "lists", "help": "write v! = BBjAPI().makeVector(), then v!.addItem(value)"}
    if t == "<" and (
        toks[start] in ("declare", "class", "method", "field", "use") or "new" in toks[max(start, i - 9) : i]
    ):
        return "E330", i, {}
    if (len(t) == 1 and not t.isascii()) or t in ("~", "|", "\x00") or (len(t) == 1 and ord(t) < 32):
        return "E305", i, {"help": _strange(t), "found": repr(t)[1:-1]}
    if t == "@" and i == start:
        return "E331", i, {"what": "an annotation", "help": "BBj has none; say it in a rem"}
    return None


def _touching(p: Line, i: int) -> bool:
    places = offsets(p.text)
    return places[i][1] == places[i + 1][0]


def _strange(character: str) -> str:
    if character in "“”„«»":
        return "write a straight double quote"
    if character in "‘’":
        return "write a straight quote; text stands in double quotes"
    if character == "\xa0":
        return "this is a no-break space; write an ordinary blank"
    if character in "–—−":
        return "write an ordinary minus sign"
    if character.isalpha():
        return "names use ASCII letters, digits and `_`"
    return "remove it"
