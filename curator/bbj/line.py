"""One logical line while it is being parsed: its tokens, what it means for the program, what is wrong with it.

The parser modules share one convention: a function takes the `Line` and the index of a token, and returns the index
after what it has read. What does not fit raises `Fault` with the index of the offending token; `statements.parse`
catches it, notes a `Problem`, and goes on with the next statement.
"""

from typing import NamedTuple

from curator.bbj.lexer import KIND, NAME

# How deep brackets may nest. Far more than any program has, and far less than Python's stack allows.
MAX_DEPTH = 60

# Tokens that end a statement. ELSE, FI and ENDIF need no `;` in front of them.
STATEMENT_END = frozenset(("", ";", "else", "fi", "endif"))
LINE_END = frozenset(("", "rem"))


class Fault(Exception):
    """A statement cannot be read on.

    index: the token at fault. expected: what should stand there, in words; "" if only a code says it.
    code: if the parser already knows the mistake; "" lets `mistakes.explain` find out.
    """

    def __init__(self, index: int, expected: str = "", code: str = "", **words: str) -> None:
        super().__init__(index, expected, code)
        self.index = index
        self.expected = expected
        self.code = code
        self.words = words


class Problem(NamedTuple):
    """Something wrong in a logical line: offsets in its text, code, message and hint.

    role: "opens" or "closes" for the two ends of a block that BBj does not have (`try` ... `endtry`, `{` ... `}`): the
    program pass reports such a block once. "unfinished": the line ends too early; the next may be its continuation.
    "orphan": the line begins like the rest of the line above.
    """

    start: int
    end: int
    code: str
    message: str
    hint: str
    role: str = ""


class Event(NamedTuple):
    """What a line means for the program as a whole (a label, a jump, the begin of a class ...).

    kind: see `program.py`. token: its index. word: a name where there is one. extra: a second word.
    """

    kind: str
    token: int
    word: str = ""
    extra: str = ""


class Line:
    """The state of parsing one logical line."""

    __slots__ = ("depth", "events", "faults", "flowing", "inline_ifs", "text", "toks")

    def __init__(self, text: str, toks: list[str]) -> None:
        self.text = text
        self.toks = toks
        self.events: list[Event] = []
        self.faults: list[Fault] = []  # rules broken by a statement that could be read to its end
        self.depth = 0  # of brackets
        self.inline_ifs = 0  # single-line IFs that are open
        self.flowing = False  # the next statement may follow without `;` (after THEN, ELSE, FI)

    def event(self, kind: str, index: int, word: str = "", extra: str = "") -> None:
        """Note something for the program pass."""
        self.events.append(Event(kind, index, word, extra))

    def broken_rule(self, index: int, code: str, **words: str) -> None:
        """Note a broken rule that does not stop the reading of the statement."""
        self.faults.append(Fault(index, "", code, **words))

    def ends(self, i: int) -> bool:
        """True where a statement ends."""
        return self.toks[i] in STATEMENT_END or self.toks[i] == "rem"

    def need(self, i: int, token: str, expected: str = "") -> int:
        """The index after `token`, which must stand here."""
        if self.toks[i] != token:
            raise Fault(i, expected or f"`{token}`")
        return i + 1

    def name(self, i: int, expected: str) -> int:
        """The index after a name without suffix, which must stand here."""
        token = self.toks[i]
        if KIND.get(token[:1]) != NAME or token[-1] in "$!%@" or token == "rem":
            raise Fault(i, expected)
        return i + 1

    def dotted(self, i: int, expected: str) -> int:
        """The index after `a.b.c` or `a.b.C@`, which must stand here (members may be any words)."""
        token = self.toks[i]
        if KIND.get(token[:1]) != NAME or token[-1] in "$!%" or token == "rem":
            raise Fault(i, expected)
        i += 1
        while self.toks[i] == ".":
            i += 1
            if KIND.get(self.toks[i][:1]) != NAME:
                raise Fault(i, "a name after the dot")
            i += 1
        return i
