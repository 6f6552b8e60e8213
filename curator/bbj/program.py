"""The program as a whole: frame of classes, labels, SWITCH, balance of blocks, line numbers.

One pass over what the lines mean (their events). Labels and blocks belong to the method they stand in, or to the
program outside classes.
"""

from typing import NamedTuple

from curator.bbj.codes import fill
from curator.bbj.lexer import lower, offsets
from curator.bbj.line import Event
from curator.bbj.logical import Logical
from curator.bbj.statements import Parsed

_FRAME = frozenset(("class", "classend", "interface", "interfaceend", "method", "methodend", "field", "use"))
_OPENERS = {"if": "W501", "for": "W503", "while": "W505", "repeat": "W507", "switch": "W509", "def": "W511"}
_CLOSERS = {
    "endif": ("if", "W502"),
    "next": ("for", "W504"),
    "wend": ("while", "W506"),
    "until": ("repeat", "W508"),
    "swend": ("switch", "W510"),
    "fnend": ("def", "W512"),
}


class Finding(NamedTuple):
    """Something wrong in the program: the logical line, the index of its token, code, message, hint."""

    line: int
    token: int
    code: str
    message: str
    hint: str


class _Open(NamedTuple):
    kind: str
    line: int
    token: int


class _Scope:
    """A method, or the program outside classes."""

    def __init__(self, name: str = "") -> None:
        self.name = name
        self.labels: dict[str, int] = {}
        self.refs: list[tuple[int, int, str]] = []
        self.blocks: list[_Open] = []
        self.balance: list[tuple[str, int, int, dict[str, str]]] = []
        self.bare: set[str] = set()  # names alone on a line: reported there, so not again by a jump to them
        self.murky = False  # a block statement here could not be read, so nothing is said about balance
        self.switches = 0
        self.defs = 0


class Program:
    """Collects findings while the lines of a program go by, in order."""

    def __init__(self, lines: list[Logical]) -> None:
        self.lines = lines
        self.findings: list[Finding] = []
        self.main = _Scope()
        self.scope = self.main
        self.frame: list[tuple[str, str, int, int]] = []  # verb, name, line, index of open CLASS and METHOD
        self.fields: dict[str, int] = {}
        self.braced: set[int] = set()  # lines of CLASS and METHOD with a curly bracket: nobody expects their end

    def report(self, line: int, index: int, code: str, /, **words: str) -> None:
        """Note a finding at a token of a logical line."""
        message, hint = fill(code, words)
        self.findings.append(Finding(line, index, code, message, hint))

    def line(self, number: int, parsed: Parsed) -> None:
        """Take in one logical line."""
        in_class = bool(self.frame)
        faulty = bool(parsed.problems)
        for event in parsed.events:
            kind = event.kind
            if kind == "ref":
                self.scope.refs.append((number, event.token, event.word))
            elif kind == "label":
                first = self.scope.labels.setdefault(event.word, number)
                if first != number:
                    self.report(number, event.token, "H602", name=event.word, line=str(self.lines[first].line))
            elif kind in _FRAME:
                if parsed.statements > 1 and not parsed.problems:
                    self._shared_line(number, event)
                self._frame_event(number, event, faulty)
                in_class = True
            elif kind == "bare":
                self.scope.bare.add(event.word)
            elif kind == "symbolic":
                self.report(number, event.token, "H605", name=event.word)
            elif kind == "mnemonic":
                name = self._written(number, event.token)
                if len(name) > 4 and not name.isupper():  # a mnemonic we do not know is written in capitals
                    self.report(number, event.token, "H601", name=name)
            elif kind == "onerror":
                self.report(number, event.token, "H604")
            elif kind == "return":
                if self.scope.name and not self.scope.defs:
                    self.report(number, event.token, "H603")
            elif kind == "murky":
                self.scope.murky = True
            else:
                self._block_event(number, event)
        if in_class and len(self.frame) == 1 and parsed.statements and not faulty and not self._belongs(number, parsed):
            self.report(number, 0, "W513")

    def _belongs(self, number: int, parsed: Parsed) -> bool:
        """May this line stand in a class outside methods?"""
        if any(event.kind in _FRAME for event in parsed.events):
            return True
        return lower(self.lines[number].text.lstrip()[:7]) == "declare"

    def end(self) -> list[Finding]:
        """Everything that only the end of the program shows."""
        if self.frame and self.frame[-1][2] not in self.braced:
            kind, name, line, index = self.frame[-1]
            where = "before the end of the program"
            if kind == "method":
                self.report(line, index, "E412", name=name, line=str(self.lines[line].line), where=where)
                self._close_scope()
            else:
                self.report(line, index, "E414", verb=kind.upper(), name=name, where=where, help=f"{kind.upper()}END")
        self.scope = self.main
        self._close_scope()
        return self.findings

    def _shared_line(self, number: int, event: Event) -> None:
        verb = event.kind
        if verb == "use":
            self.report(number, event.token, "E420")
        elif not any(found.line == number and found.code == "E418" for found in self.findings[-3:]):
            self.report(number, event.token, "E418", verb=verb.upper())

    def _frame_event(self, number: int, event: Event, faulty: bool) -> None:
        kind = event.kind
        name = self._as_written(number, event.word)
        top = self.frame[-1][0] if self.frame else ""
        if kind == "use":
            return
        if kind in ("class", "interface"):
            if top == "method":
                self._unclosed_method(number, event.token, f"before this {kind.upper()}")
                top = self.frame[-1][0] if self.frame else ""
            if self.frame:
                self.report(
                    number,
                    event.token,
                    "E416",
                    verb=kind.upper(),
                    name=self.frame[-1][1],
                    line=str(self.lines[self.frame[-1][2]].line),
                )
            self.frame.append((kind, name, number, event.token))
            self.fields = {}
            if faulty and "{" in self.lines[number].text:
                self.braced.add(number)
        elif kind in ("classend", "interfaceend"):
            if top == "method":
                self._unclosed_method(number, event.token, f"before this {kind.upper()}")
            if self.frame:
                self.frame.pop()
            else:
                self.report(number, event.token, "E415", verb=kind.upper())
        elif kind == "method":
            if not top and event.extra == "foreign":
                return  # Java, not a METHOD in Java's order
            if top == "method":
                self._unclosed_method(number, event.token, "before this METHOD")
                top = self.frame[-1][0] if self.frame else ""
            if not top:
                self.report(number, event.token, "E411", verb="METHOD")
            if (
                event.extra == "untyped"
                and not faulty
                and (not self.frame or name.lower() != self.frame[-1][1].lower())
                and top
            ):
                self.report(number, event.token, "E410", name=name)
            if faulty and "{" in self.lines[number].text:
                self.braced.add(number)
            if top != "interface":
                self.frame.append(("method", name, number, event.token))
                self.scope = _Scope(name)
        elif kind == "methodend":
            if top == "method":
                self._close_method()
            elif top == "class" or not top:
                self.report(number, event.token, "E413")
        elif kind == "field" and name:
            if top != "class" and top != "interface":
                self.report(number, event.token, "E411", verb="FIELD")
            else:
                key = self._written(number, event.token)
                if key in self.fields:
                    self.report(number, event.token, "E409", name=key, line=str(self.lines[self.fields[key]].line))
                self.fields.setdefault(key, number)

    def _written(self, number: int, index: int) -> str:
        text = self.lines[number].text
        start, end = offsets(text)[index]
        return text[start:end]

    def _as_written(self, number: int, word: str) -> str:
        text = self.lines[number].text
        start = lower(text).find(word) if len(text) < 1000 else -1
        return text[start : start + len(word)] if start >= 0 else word

    def _unclosed_method(self, number: int, index: int, where: str) -> None:
        _, name, line, _ = self.frame[-1]
        if line not in self.braced:
            self.report(number, index, "E412", name=name, line=str(self.lines[line].line), where=where)
        self._close_method()

    def _close_method(self) -> None:
        self._close_scope()
        self.frame.pop()
        self.scope = self.main

    def _close_scope(self) -> None:
        scope = self.scope
        for line, index, word in scope.refs:
            if word not in scope.labels and word not in scope.bare:
                where = f"in the method `{scope.name}`" if scope.name else "in the program"
                self.report(line, index, "E401", name=self._as_written(line, word), where=where)
        if not scope.murky:
            for code, line, index, words in scope.balance:
                self.report(line, index, code, **words)
            for block in scope.blocks:
                self.report(block.line, block.token, _OPENERS[block.kind])

    def _block_event(self, number: int, event: Event) -> None:
        scope = self.scope
        kind = event.kind
        if kind in _OPENERS:
            scope.blocks.append(_Open(kind, number, event.token))
            scope.switches += kind == "switch"
            scope.defs += kind == "def"
        elif kind == "case":
            if scope.switches <= 0 and not scope.murky:
                self.report(number, event.token, "E425")
        elif kind == "else":
            if not any(block.kind == "if" for block in scope.blocks[-8:]):
                scope.balance.append(("W514", number, event.token, {}))
        elif kind in _CLOSERS:
            opener, code = _CLOSERS[kind]
            blocks = scope.blocks
            place = next(
                (k for k in range(len(blocks) - 1, max(-1, len(blocks) - 40), -1) if blocks[k].kind == opener), -1
            )
            if place < 0:
                found = self._written(number, event.token)
                scope.balance.append((code, number, event.token, {"found": found}))
                return
            for block in blocks[place + 1 :]:
                scope.balance.append((_OPENERS[block.kind], block.line, block.token, {}))
            del blocks[place:]
            scope.switches -= kind == "swend"
            scope.defs -= kind == "fnend"
