"""Kinds of damage for the mutation bench: each yields every place in a program where it could be done.

A kind says why its mutants are no BBj any more, by the known rules and not by the checker. Where a mutant could still
be valid BBj, its site is left out by a condition of the kind's function (a missing THEN is legal and is no kind at all;
`a<>b` -> `a!=b` compares the object `a!`). "bbjcpl" in a reason is a recorded run of the compiler. To add a kind,
write a generator and register it with `@kind(name, why)`.
"""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from curator.bbj.check import check
from curator.bbj.lexer import Token, tokens
from curator.bbj.logical import Logical, logical_lines, physical_lines
from curator.bbj.words import BLOCK_WORDS, FRAME_WORDS, FUNCTIONS, REF_OPTIONS, RESERVED_AS_VARIABLE, VERBS


@dataclass(frozen=True)
class Mutant:
    """One edit of one physical line (from 1): columns `start` to `stop` (from 0) become `new`.

    `new` None deletes the line; `below` puts `new` as a line of its own under it. `also`: other lines (of the damaged
    text) where the defect may rightly be reported.
    """

    line: int
    start: int = 0
    stop: int = 0
    new: str | None = None
    below: bool = False
    also: tuple[int, ...] = ()

    def apply(self, lines: list[str]) -> list[str]:
        old = lines[self.line - 1]
        if self.below:
            return [*lines[: self.line], self.new or "", *lines[self.line :]]
        if self.new is None:
            return lines[: self.line - 1] + lines[self.line :]
        edited = old[: self.start] + self.new + old[self.stop :]
        return [*lines[: self.line - 1], *edited.split("\n"), *lines[self.line :]]

    @property
    def damaged(self) -> int:
        """The damaged line in the new text."""
        return self.line + 1 if self.below or "\n" in (self.new or "") else self.line


class Line:
    """A logical line with its tokens and where its statements begin."""

    def __init__(self, logical: Logical) -> None:
        self.logical = logical
        self.tokens = list(tokens(logical.text))
        self.words = [token.text.lower() for token in self.tokens]
        self.comment = bool(self.tokens) and self.tokens[-1].kind == "rem"
        self.code = self.tokens[:-1] if self.comment else self.tokens
        self.starts = self._starts()
        self.last_line = logical.joints[-1][1] if logical.joints else logical.line

    def _starts(self) -> list[int]:
        starts, begin = [], True
        for index, word in enumerate(self.words):
            if begin and not (index == 0 and self.tokens[0].kind == "number"):
                starts.append(index)
                begin = False
            begin = begin or word in (";", "then", "else") or (word == ":" and bool(starts) and starts[-1] == index - 1)
        return starts

    def word(self, index: int) -> str:
        return self.words[index] if 0 <= index < len(self.words) else ""

    def kind(self, index: int) -> str:
        return self.tokens[index].kind if 0 <= index < len(self.tokens) else ""

    def only(self, *words: str) -> bool:
        """The line's code is exactly these words (a comment may follow)."""
        code = [token.text.lower() for token in self.code if token.kind != "rem"]
        if code and code[-1] == ";":
            code.pop()
        return code == list(words)

    def edit(self, first: int, last: int, new: str, **more: tuple[int, ...]) -> Iterator[Mutant]:
        """Tokens `first` to `last` (inclusive) replaced; nothing if a continuation cuts them."""
        start, stop = self.tokens[first].start, self.tokens[last].start + len(self.tokens[last].text)
        yield from self.edit_text(start, stop, new, **more)

    def edit_text(self, start: int, stop: int, new: str, **more: tuple[int, ...]) -> Iterator[Mutant]:
        line, column = self.logical.place(start)
        end_line, end_column = self.logical.place(stop - 1) if stop > start else (line, column - 1)
        if line == end_line:
            yield Mutant(line, column - 1, end_column, new, **more)


@dataclass
class Program:
    """A program text that the checker accepts, split into lines."""

    path: str
    text: str
    physical: list[str] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.physical = physical_lines(self.text)
        self.lines = [Line(logical) for logical in logical_lines("\n".join(self.physical))]


Kind = Callable[[Program], Iterator[Mutant]]
KINDS: dict[str, tuple[Kind, str]] = {}


def kind(name: str, why: str) -> Callable[[Kind], Kind]:
    """Register a kind of damage and why its mutants are no BBj."""

    def register(function: Kind) -> Kind:
        KINDS[name] = (function, why)
        return function

    return register


def each(program: Program, *kinds: str) -> Iterator[tuple[Line, int, Token]]:
    """All code tokens of these kinds, comments and raw TABLE lines left out."""
    for line in program.lines:
        if "table" in line.words:
            continue
        for index, token in enumerate(line.code):
            if not kinds or token.kind in kinds:
                yield line, index, token


# Characters lost or added


@kind("quote lost", "an odd number of quotes in a line without comment leaves a string open")
def quote_lost(program: Program) -> Iterator[Mutant]:
    for line, _, token in each(program, "string"):
        if not line.comment:
            yield from line.edit_text(token.start, token.start + 1, "")
            stop = token.start + len(token.text)
            yield from line.edit_text(stop - 1, stop, "")


@kind("quote escaped with \\", 'a string ends at the quote, so `"a\\"b"` leaves a third quote open')
def quote_escaped(program: Program) -> Iterator[Mutant]:
    for line, _, token in each(program, "string"):
        if not line.comment and len(token.text) > 4 and '"' not in token.text[1:-1]:
            middle = token.start + len(token.text) // 2
            yield from line.edit_text(middle, middle, '\\"')


@kind("single quotes with a blank", "between single quotes stands one mnemonic, without blanks")
def single_quotes(program: Program) -> Iterator[Mutant]:
    for line, index, token in each(program, "string"):
        text = token.text[1:-1]
        if " " in text.strip() and not set(text) & set("'\""):
            yield from line.edit(index, index, f"'{text}'")


@kind("bracket lost", "brackets that do not pair")
def bracket_lost(program: Program) -> Iterator[Mutant]:
    for line, index, token in each(program, "op"):
        if token.text in "()[]":
            yield from line.edit(index, index, "")


@kind("bracket too many", "brackets that do not pair")
def bracket_added(program: Program) -> Iterator[Mutant]:
    for line, index, token in each(program, "op"):
        if token.text in ")(":
            yield from line.edit(index, index, token.text * 2)


@kind("comma lost in brackets", "two operands side by side; left out where the second could be an operator or a call")
def comma_lost(program: Program) -> Iterator[Mutant]:
    for line, index, token in each(program, "op"):
        depth = line.words[:index].count("(") - line.words[:index].count(")")
        if (
            token.text == ","
            and depth > 0
            and line.kind(index + 1) in ("name", "string", "number")
            and (line.kind(index - 1) in ("name", "string", "number") or line.word(index - 1) in (")", "]"))
        ):
            yield from line.edit(index, index, " ")


@kind("= lost in an assignment", "two operands side by side; left out where the variable is named like a verb")
def equals_lost(program: Program) -> Iterator[Mutant]:
    for line, index, token in each(program, "op"):
        if (
            token.text == "="
            and index - 1 in line.starts
            and line.kind(index - 1) == "name"
            and line.word(index - 1) not in VERBS
            and line.kind(index + 1) in ("name", "string", "number", "hex")
        ):
            yield from line.edit(index, index, " ")


@kind("operand lost at the end", "an operator without its right operand")
def operand_lost(program: Program) -> Iterator[Mutant]:
    for line in program.lines:
        last = len(line.code) - 1
        if (
            last > 1
            and not line.comment
            and line.word(last - 1) in ("+", "-", "*", "/", "<>", "<", ">", "<=", ">=")
            and line.kind(last) in ("name", "string", "number")
        ):
            operator_line, _ = line.logical.place(line.tokens[last - 1].start)
            yield from line.edit(last, last, "", also=(operator_line,))


@kind("suffix doubled", "a name has one suffix")
def suffix_doubled(program: Program) -> Iterator[Mutant]:
    for line, index, token in each(program, "name"):
        if token.text[-1] == "!" and line.word(index + 1) in (".", "=", ")", ","):
            yield from line.edit(index, index, token.text + "!")


@kind("string into a number", "bbjcpl: a string literal cannot be assigned to a numeric variable")
def string_into_number(program: Program) -> Iterator[Mutant]:
    for line, index, token in each(program, "name"):
        alone = line.word(index + 3) in ("", ";") or line.kind(index + 3) == "rem"
        if (
            index in line.starts
            and token.text[-1] == "$"
            and line.word(index + 1) == "="
            and alone
            and line.kind(index + 2) == "string"
            and token.text[:-1].lower() not in VERBS | RESERVED_AS_VARIABLE
        ):
            yield from line.edit(index, index, token.text[:-1])


@kind("number into a string", "bbjcpl: a number cannot be assigned to a string variable")
def number_into_string(program: Program) -> Iterator[Mutant]:
    for line, index, token in each(program, "name"):
        alone = line.word(index + 3) in ("", ";") or line.kind(index + 3) == "rem"
        if (
            index in line.starts
            and token.text[-1].isalnum()
            and line.word(index + 1) == "="
            and alone
            and line.kind(index + 2) == "number"
            and token.text.lower() not in ("fnend", "fnerr")
        ):
            yield from line.edit(index, index, token.text + "$")


# Words and operators of other languages


def swap(program: Program, old: str, new: str) -> Iterator[Mutant]:
    for line, index, token in each(program):
        if token.text.lower() == old and line.word(index - 1) != ".":
            yield from line.edit(index, index, new)


def in_condition(line: Line, index: int) -> bool:
    """True inside the condition of an IF or WHILE at the start of the line, outside brackets."""
    before = line.words[:index]
    return (
        before[:1] in (["if"], ["while"], ["until"]) and "then" not in before and before.count("(") == before.count(")")
    )


@kind("= -> ==", "there is no ==")
def double_equals(program: Program) -> Iterator[Mutant]:
    for line, index, token in each(program, "op"):
        if token.text == "=" and in_condition(line, index) and "goto" not in line.words[:index]:
            yield from line.edit(index, index, "==")


@kind("<> -> !=", "there is no !=; left out directly behind a plain name, where `a!` is an object")
def not_equals(program: Program) -> Iterator[Mutant]:
    for line, index, token in each(program, "op"):
        if token.text == "<>":
            before = line.tokens[index - 1]
            touching = before.start + len(before.text) == token.start
            if before.kind != "name" or before.text[-1] in "$!%" or not touching:
                yield from line.edit(index, index, "!=")


@kind(">= -> =>", "only >= and <= [manual]")
def flipped(program: Program) -> Iterator[Mutant]:
    for old, new in ((">=", "=>"), ("<=", "=<")):
        yield from swap(program, old, new)


@kind("and -> &&, or -> ||", "neither & nor | is BBj")
def logic_symbols(program: Program) -> Iterator[Mutant]:
    for old, new in (("and", "&&"), ("or", "||")):
        for line, index, token in each(program, "name"):
            if token.text.lower() == old and line.word(index + 1) not in ("(", "=") and line.word(index - 1) != ".":
                yield from line.edit(index, index, new)


@kind("string + -> &", "& is not BBj")
def ampersand(program: Program) -> Iterator[Mutant]:
    for line, index, token in each(program, "op"):
        if token.text == "+" and "string" in (line.kind(index - 1), line.kind(index + 1)):
            yield from line.edit(index, index, "&")


@kind("x=x+1 -> x+=1, x++", "neither exists")
def compound(program: Program) -> Iterator[Mutant]:
    for line, index, _ in each(program, "name"):
        same = line.word(index) == line.word(index + 2)
        if index in line.starts and line.word(index + 1) == "=" and same and line.word(index + 3) in ("+", "-"):
            yield from line.edit(index + 1, index + 3, f" {line.word(index + 3)}= ")


@kind("$0D$ -> 0x0D", "hex strings stand between $; 0x is a number and a name side by side")
def hex_0x(program: Program) -> Iterator[Mutant]:
    for line, index, token in each(program, "hex"):
        if len(token.text) > 2:
            yield from line.edit(index, index, "0x" + token.text.strip("$"))


@kind("endif -> end if and the like", "END takes nothing behind it")
def split_ends(program: Program) -> Iterator[Mutant]:
    ends = {"endif": "end if", "fi": "end if", "wend": "end while", "next": "end for", "swend": "end switch"}
    for line in program.lines:
        for old, new in (ends | {"methodend": "end method", "classend": "end class"}).items():
            if line.only(old) and line.starts:
                yield from line.edit(line.starts[0], line.starts[0], new)


@kind("endif -> EndIf-like words of others", "no such word: `endwhile`, `endfor`, `endmethod` are bare names")
def other_ends(program: Program) -> Iterator[Mutant]:
    ends = {"wend": "endwhile", "next": "endfor", "swend": "endswitch", "fnend": "enddef", "methodend": "endmethod"}
    for line in program.lines:
        for old, new in (ends | {"classend": "endclass"}).items():
            if line.only(old) and line.starts:
                yield from line.edit(line.starts[0], line.starts[0], new)


@kind("braces", "{ and } are not BBj")
def braces(program: Program) -> Iterator[Mutant]:
    for line in program.lines:
        if line.word(0) in ("if", "while") and not line.comment and line.code:
            last = len(line.code) - 1
            if line.word(last) == "then":
                yield from line.edit(last, last, "{")
            elif line.word(0) == "while":
                yield from line.edit(last, last, line.code[last].text + " {")
        if line.only("endif") or line.only("methodend"):
            yield from line.edit(line.starts[0], line.starts[0], "}")


@kind("comment of another language", "`//`, `'`, `#`, `!` begin no comment")
def foreign_comment(program: Program) -> Iterator[Mutant]:
    for line in program.lines:
        if (
            line.comment
            and len(line.tokens) == 1
            and not line.logical.joints
            and len(line.words[0].split()) > 2
            and line.words[0].startswith("rem ")
        ):
            start = line.tokens[0].start
            mark = ("//", "'", "!", "#")[len(line.words[0]) % 4]
            yield from line.edit_text(start, start + 3, mark)


@kind("comment without ;", "bbjcpl: a comment behind a statement needs `;`")
def comment_unseparated(program: Program) -> Iterator[Mutant]:
    for line in program.lines:
        if (
            line.comment
            and line.word(len(line.tokens) - 2) == ";"
            and line.word(len(line.tokens) - 3) not in (":", "then", ";", "")
        ):
            yield from line.edit(len(line.tokens) - 2, len(line.tokens) - 2, " ")


@kind("else -> else:", "bbjcpl: ELSE cannot be a label")
def else_colon(program: Program) -> Iterator[Mutant]:
    for line in program.lines:
        if line.only("else"):
            yield from line.edit(line.starts[0], line.starts[0], line.tokens[line.starts[0]].text + ":")


@kind("while ... do, then:, for ... do", "nothing may follow the condition, the THEN or the limit there")
def do_words(program: Program) -> Iterator[Mutant]:
    for line in program.lines:
        last = len(line.code) - 1
        if line.comment or last < 1 or ";" in line.words:
            continue
        if line.word(0) == "while" or (line.word(0) == "for" and "to" in line.words):
            yield from line.edit(last, last, line.code[last].text + " do")
        elif line.word(last) == "then" and line.word(0) == "if":
            yield from line.edit(last, last, line.code[last].text + ":")


FOREIGN = (
    "counter += 1", "i++", "// step two", "try", "import java.util.List", "const LIMIT = 5", "var total = 0", "}",
    "elif x = 1 then", "for x! in list!", "x := 5", "if (a == b) {", "print(f\"{name}\")", "def total(a, b):",
    "BBjString name! = \"x\"", "int n = 5", "return x if y else z", "public void run() {", "function add(a, b)",
    "end sub",
    "Here is the corrected program:", "```", "a = b ? 1 : 2", "list! = [1, 2, 3]", "x! = null ?? y!", "loop",
    "set a = 1",
    "dim name as string", "print \"a\"; \"b\"", "@Override", "catch (e)", "else if a then {", "throw new",
)  # fmt: skip


@kind("a foreign statement", "each is no BBj by the grammar notes (operators, words or bare values BBj does not have)")
def foreign_statement(program: Program) -> Iterator[Mutant]:
    for number, line in enumerate(program.lines):
        nothing_open = number + 1 >= len(program.lines) or program.lines[number + 1].logical.line > line.last_line
        if nothing_open and line.code:
            new = FOREIGN[(number * 7 + len(program.text)) % len(FOREIGN)]
            yield Mutant(line.last_line, new=new, below=True)


# Words of BBj itself


@kind("verb misspelt", "two names, a bare name or a bare call: no statement; only verbs of four letters and more")
def verb_misspelt(program: Program) -> Iterator[Mutant]:
    known = VERBS | BLOCK_WORDS | FRAME_WORDS
    for line, index, token in each(program, "name"):
        word = token.text
        if (
            index in line.starts
            and word.lower() in known
            and len(word) > 3
            and line.word(index + 1) not in ("=", ".", ":", ",")
        ):
            middle = len(word) // 2
            wrong = word[: middle - 1] + word[middle] + word[middle - 1] + word[middle + 1 :]
            if wrong.lower() not in known and wrong != word:
                yield from line.edit(index, index, wrong)


@kind("jump to no label", "bbjcpl: a label name that is used must be defined")
def undefined_label(program: Program) -> Iterator[Mutant]:
    for line, index, token in each(program, "name"):
        jump = line.word(index - 1) in ("goto", "gosub") and index - 1 in line.starts
        option = line.word(index - 1) == "=" and line.word(index - 2) in REF_OPTIONS - {"tbl", "iol"} and index > 2
        option = option and line.word(index - 3) in (",", "(")
        if (jump or option) and token.text[-1].isalnum() and line.word(index + 1) in ("", ";", ",", ")", "else", "fi"):
            yield from line.edit(index, index, "no_such_label_q7")


@kind("target of a jump lost", "GOTO and GOSUB need a label")
def target_lost(program: Program) -> Iterator[Mutant]:
    for line, index, _ in each(program, "name"):
        if line.word(index - 1) in ("goto", "gosub") and index - 1 in line.starts:
            yield from line.edit(index, index, "")


@kind("THEN on the next line", "no statement begins with THEN")
def then_moved(program: Program) -> Iterator[Mutant]:
    for line, index, token in each(program, "name"):
        if (
            token.text.lower() == "then"
            and line.word(0) == "if"
            and line.words.count("then") == 1
            and line.words.count("if") == 1
        ):
            yield from line.edit(index, index, "\n" + token.text)


@kind("TO lost in FOR", "FOR needs TO")
def to_lost(program: Program) -> Iterator[Mutant]:
    for line, index, token in each(program, "name"):
        if token.text.lower() == "to" and line.word(0) == "for":
            yield from line.edit(index, index, "")


@kind(
    ": lost in a continuation", "brackets, quotes or an operator stay open on the line above; other places are left out"
)
def colon_lost(program: Program) -> Iterator[Mutant]:
    for line in program.lines:
        if line.comment or line.kind(0) == "rem":
            continue
        for offset, number, column in line.logical.joints:
            above = line.logical.text[:offset]
            words = [token.text for token in tokens(above)]
            open_quote = above.count('"') % 2 == 1
            unpaired = words.count("(") > words.count(")") or words.count("[") > words.count("]")
            hanging = bool(words) and words[-1] in ("+", "-", "*", "/", "=", "<>", "and", "or")
            blank = not program.physical[number - 1][1:].strip()
            if column == 2 and not blank and (open_quote or unpaired or hanging):
                yield Mutant(number, 0, 1, "", also=(number - 1, line.logical.line))


@kind("string broken over two lines", "a string ends on its line")
def string_broken(program: Program) -> Iterator[Mutant]:
    for line, _, token in each(program, "string"):
        if len(token.text) > 12 and " " in token.text and not line.comment and '""' not in token.text:
            blank = token.start + token.text.index(" ", 1) + 1
            continued = line.logical.text[blank] == ":"  # the second half would be a continuation line
            for mutant in line.edit_text(blank, blank, "\n") if not continued else ():
                yield Mutant(mutant.line, mutant.start, mutant.stop, mutant.new, also=(mutant.line,))


@kind("statements joined without ;", "two statements on a line need `;`")
def joined(program: Program) -> Iterator[Mutant]:
    for line, index, token in each(program, "op"):
        depth = line.words[:index].count("(") - line.words[:index].count(")")
        assignment = line.kind(index + 1) == "name" and line.word(index + 2) == "="
        ends = line.kind(index - 1) in ("string", "number") or line.word(index - 1) == ")"
        if token.text == ";" and depth == 0 and assignment and ends and line.word(0) not in ("if", "rem"):
            yield from line.edit(index, index, " ")


@kind("suffix in front", "`$name` opens a hex string that is none")
def suffix_in_front(program: Program) -> Iterator[Mutant]:
    for line, index, token in each(program, "name"):
        if token.text[-1] == "$" and line.logical.text.count("$") == 1 and token.text[0].lower() > "f":
            yield from line.edit(index, index, "$" + token.text[:-1])


@kind("reserved word as a variable", "bbjcpl: each of these words is refused as an unsuffixed variable")
def reserved_variable(program: Program) -> Iterator[Mutant]:
    for line, index, token in each(program, "name"):
        if index in line.starts and token.text[-1].isalnum() and line.word(index + 1) == "=":
            yield from line.edit(index, index, ("list", "load", "day", "ctl", "iol", "argc", "ssn")[index % 7])


@kind("DEF without FN", "bbjcpl: the name of a function begins with FN")
def def_without_fn(program: Program) -> Iterator[Mutant]:
    for line, index, token in each(program, "name"):
        if line.word(index - 1) == "def" and token.text.lower().startswith("fn") and len(token.text) > 3:
            yield from line.edit(index, index, "my" + token.text[2:])


@kind("result thrown away", "bbjcpl: a call of a function is no statement")
def result_thrown_away(program: Program) -> Iterator[Mutant]:
    for line, index, _ in each(program, "name"):
        call = line.word(index + 1) == "=" and line.word(index + 2) in FUNCTIONS and line.word(index + 3) == "("
        call = call and line.word(index + 2) != "cast"  # CAST alone was never put to bbjcpl
        if index in line.starts and call and _closing(line, index + 3) == len(line.code) - 1:
            yield from line.edit_text(line.tokens[index].start, line.tokens[index + 2].start, "")


def _closing(line: Line, index: int) -> int:
    """The bracket that closes the one at `index`."""
    depth = 0
    for place in range(index, len(line.code)):
        depth += {"(": 1, ")": -1}.get(line.word(place), 0)
        if depth == 0:
            return place
    return -1


@kind("field of the class twice", "bbjcpl: a duplicate field name in a class")
def field_twice(program: Program) -> Iterator[Mutant]:
    for line in program.lines:
        if (
            line.words[:1] == ["field"]
            and line.word(1) in ("public", "private", "protected")
            and not line.logical.joints
        ):
            yield Mutant(line.logical.line, new=line.logical.text, below=True)


@kind("#field -> #this!.field", "bbjcpl: `#this!.field!` is refused")
def this_field(program: Program) -> Iterator[Mutant]:
    for line, index, token in each(program, "name"):
        alone = line.word(index + 1) not in ("(", ".") and token.text.lower() not in ("this!", "super!")
        if line.word(index - 1) == "#" and alone and token.text[-1] == "!":
            yield from line.edit(index, index, "this!." + token.text)


@kind("call broken without :", "a bracket stays open at the line end")
def call_broken(program: Program) -> Iterator[Mutant]:
    for line, index, token in each(program, "op"):
        depth = line.words[:index].count("(") - line.words[:index].count(")")
        if token.text == "," and depth > 0:
            for mutant in line.edit(index, index, ",\n    "):
                yield Mutant(mutant.line, mutant.start, mutant.stop, mutant.new, also=(mutant.line,))


REFUSED = (
    'release "x"', "begin:", "restore:", "ctrl(1,2,3) = 5", 'parts$[] = "a"', 'parts$[all] = "a"', "fileopen(a$)",
    "a$(1,5)", "use java.util.HashMap; print 1", "a = 1 : b = 2", "read record (1)*,a$", "x$ = ''", "print 4 ! text",
    "abs(5)", "9500: print 1",
)  # fmt: skip


@kind("what bbjcpl was seen to refuse", "each line was rejected by a recorded run of bbjcpl")
def refused(program: Program) -> Iterator[Mutant]:
    if program.lines and program.lines[0].kind(0) == "number":
        return
    for number, line in enumerate(program.lines):
        nothing_open = number + 1 >= len(program.lines) or program.lines[number + 1].logical.line > line.last_line
        if nothing_open and line.code:
            yield Mutant(line.last_line, new=REFUSED[(number * 5 + len(program.text)) % len(REFUSED)], below=True)


@kind("a numbered line among others", "bbjcpl: a numbered line in an unnumbered program")
def numbered_line(program: Program) -> Iterator[Mutant]:
    if len(program.lines) > 3 and program.lines[0].kind(0) != "number":
        for line in program.lines[1:]:  # a numbered first line makes it a numbered program
            if (
                line.code
                and not line.comment
                and not line.logical.joints
                and line.starts
                and line.word(line.starts[0]) not in ("class", "classend", "method", "methodend", "field", "use")
            ):
                yield Mutant(line.logical.line, 0, 0, "120 ")


# The frame of classes


def frames(program: Program) -> Iterator[tuple[int, str]]:
    """Line and first word of every line of a class frame."""
    for line in program.lines:
        word = line.word(line.starts[0]) if line.starts else ""
        if word in ("class", "classend", "method", "methodend", "interface", "interfaceend") and line.word(
            line.starts[0] + 1
        ) not in ("=", ".", "("):
            yield line.logical.line, word


def deleted(program: Program, word: str, opener: str) -> Iterator[Mutant]:
    found = list(frames(program))
    for index, (number, this) in enumerate(found):
        if this == word and program.physical[number - 1].strip().lower().startswith(word):
            before = [n for n, w in found[:index] if w == opener][-1:]
            after = [n - 1 for n, _ in found[index + 1 :]][:1] or [len(program.physical) - 1]
            yield Mutant(number, also=(*before, *after))


@kind("METHODEND lost", "a METHOD without METHODEND [manual, bbjcpl]")
def methodend_lost(program: Program) -> Iterator[Mutant]:
    yield from deleted(program, "methodend", "method")


@kind("CLASSEND lost", "a CLASS without CLASSEND [manual, bbjcpl]")
def classend_lost(program: Program) -> Iterator[Mutant]:
    found = list(frames(program))
    for mutant in deleted(program, "classend", "class"):
        later = [n - 1 for n, w in found if n > mutant.line and w in ("class", "interface")][:1]
        end = tuple(range(len(program.physical) - 3, len(program.physical) + 1))
        yield Mutant(mutant.line, also=(*mutant.also, *later, *end))


@kind("METHOD line lost", "a METHODEND without METHOD [manual]")
def method_lost(program: Program) -> Iterator[Mutant]:
    found = list(frames(program))
    for index, (number, word) in enumerate(found):
        if word == "method" and found[index + 1 : index + 2] and found[index + 1][1] == "methodend":
            inside = tuple(range(number, found[index + 1][0]))
            yield Mutant(number, also=inside)


@kind("method without return type", "only a constructor has none")
def untyped_method(program: Program) -> Iterator[Mutant]:
    name = ""
    for line in program.lines:
        if line.word(0) == "class":
            name = next((w for w in line.words[1:] if w not in ("public", "private", "protected", "static")), "")
        if line.words[:1] == ["method"] and line.word(1) in ("public", "private", "protected"):
            at = 3 if line.word(2) == "static" else 2
            if (
                line.kind(at) == "name"
                and line.kind(at + 1) == "name"
                and line.word(at + 2) == "("
                and line.word(at + 1) != name
            ):
                yield from line.edit(at, at, "")


@kind("field of an object without !", "bbjcpl: a field of an object type needs `!`")
def field_without_suffix(program: Program) -> Iterator[Mutant]:
    plain = {"bbjnumber", "bbjstring", "bbjint", "int", "boolean", "byte", "short", "long", "float", "double", "char"}
    for line in program.lines:
        if line.words[:1] == ["field"] and line.word(1) in ("public", "private", "protected"):
            at = 3 if line.word(2) == "static" else 2
            if (
                line.kind(at) == "name"
                and line.word(at) not in plain
                and line.kind(at + 1) == "name"
                and line.tokens[at + 1].text.endswith("!")
                and line.word(at)[:3] == "bbj"
            ):
                yield from line.edit(at + 1, at + 1, line.tokens[at + 1].text[:-1])


@kind("public class", "the access level follows CLASS, METHOD and FIELD")
def java_order(program: Program) -> Iterator[Mutant]:
    for line in program.lines:
        if line.word(0) in ("class", "method", "field") and line.word(1) in ("public", "private", "protected"):
            yield from line.edit(0, 1, f"{line.word(1)} {line.word(0)}")


@kind("access level lost", "CLASS, METHOD and FIELD need an access level [manual]")
def access_lost(program: Program) -> Iterator[Mutant]:
    for line in program.lines:
        if line.word(0) in ("class", "method", "field") and line.word(1) in ("public", "private", "protected"):
            yield from line.edit(1, 1, "")


# Block balance: accepted by bbjcpl, so a warning is what counts

BALANCE = "end of a block lost (warning)"


@kind(BALANCE, "legal for bbjcpl; counted if a warning about the block appears")
def block_end_lost(program: Program) -> Iterator[Mutant]:
    if any(d.code.startswith("W5") for d in check(program.text)):
        return  # a lost end may belong to a block that was out of balance before
    for line in program.lines:
        if (
            (any(line.only(word) for word in ("endif", "fi", "wend", "fnend", "swend")) or line.word(0) == "next")
            and not line.logical.joints
            and ";" not in line.words
        ):
            everywhere = tuple(range(1, len(program.physical) + 1))  # which of two IFs it closed nobody can know
            yield Mutant(line.logical.line, also=everywhere)
