"""The built-in BBj checker: a program text in, diagnostics out.

Try: `python -c "from curator.bbj.check import check; print(*check('if a == b then print 1'), sep='\\n')"`
"""

from collections.abc import Iterable

from curator.bbj.codes import SEVERITIES
from curator.bbj.lexer import offsets
from curator.bbj.line import Problem
from curator.bbj.logical import Logical, logical_lines
from curator.bbj.program import Program
from curator.bbj.statements import Parsed, parse
from curator.diagnostic import Diagnostic, Severity, has_errors

# Raised whenever the verdict on any program changes; stands beside every figure the built-in checker gives.
CHECKER_VERSION = "1"

_TOKENISED_HEADER = "<<bbj>>"
_MAX_GLUED = 12  # lines tried as continuations of an unfinished one
_MAX_ATTEMPTS = 200  # of gluing in one program, so that time stays linear


def check(text: str, path: str = "") -> list[Diagnostic]:
    """All that can be said about one BBj program: syntax, compiler rules, balance of blocks, style; in order.

    Lines and columns count from 1 in the text given. Never raises, takes time linear in the length of the text.
    A tokenised program gives exactly one E003.
    """
    if text.startswith(_TOKENISED_HEADER) or "\x00" in text[:4096]:
        message = "this is a tokenised (compiled) BBj program, not text"
        hint = "list it to text with BBj's own tools first, for instance pro5lst"
        return [Diagnostic(path, 1, 1, "E003", Severity.ERROR, message, hint)]
    lines = logical_lines(text)
    parsed = [parse(line.text) for line in lines]
    diagnostics = _line_problems(path, lines, parsed)
    program = Program(lines)
    take = program.line
    skipped = {d.line for d in diagnostics if d.code == "E306"}
    for number, entry in enumerate(parsed):
        if entry.events or program.frame:
            take(number, entry)
    for finding in program.end():
        line = lines[finding.line]
        start, end = offsets(line.text)[finding.token]
        diagnostics.append(_diagnostic(path, line, start, end, finding.code, finding.message, finding.hint))
    diagnostics += _line_numbers(path, lines, parsed, skipped)
    if len(diagnostics) > 1:
        diagnostics.sort(key=lambda d: (d.line, d.column, d.code))
    return diagnostics


def accepted(diagnostics: Iterable[Diagnostic]) -> bool:
    """True if no diagnostic is an error."""
    return not has_errors(diagnostics)


def _diagnostic(path: str, line: Logical, start: int, end: int, code: str, message: str, hint: str) -> Diagnostic:
    row, column = line.place(start)
    last_row, last_column = line.place(max(end - 1, start))
    ends = last_column + 1 if last_row == row else None
    return Diagnostic(path, row, column, code, SEVERITIES[code], message, hint, ends)


def _line_problems(path: str, lines: list[Logical], parsed: list[Parsed]) -> list[Diagnostic]:
    """The problems of the lines one by one, with those left out that only follow from another."""
    result: list[Diagnostic] = []
    blocks = _ForeignBlocks()
    attempts = 0
    skip_to = -1
    comments_end = True  # a `*/` may still come
    for number, entry in enumerate(parsed):
        if not entry.problems or number < skip_to:
            continue
        text = lines[number].text
        for problem in entry.problems:
            if blocks.known(problem, text):
                continue
            if comments_end and text[problem.start : problem.start + 2] == "/*" and "*/" not in text:
                skip_to = _comment_end(lines, parsed, number)
                comments_end = skip_to > number
            if problem.role == "unfinished" and attempts < _MAX_ATTEMPTS:
                attempts += 1
                unglued = lines[number]
                glued = _glue(lines, parsed, number, problem)
                if glued is not None:
                    first, skip_to = glued
                    message, hint = _CONTINUATION
                    line = lines[first]
                    if line.text.lstrip(" \t")[:1] == ":":
                        message = _INDENTED
                    if problem.code == "E306":
                        result.append(_diagnostic(path, unglued, problem.start, problem.end, "E306", message, hint))
                        break
                    column = len(line.text) - len(line.text.lstrip())
                    result.append(_diagnostic(path, line, column, column + 1, "E306", message, hint))
                    break
            line = lines[number]
            start, end = problem.start, problem.end
            if problem.code == "E306" and text[start:end] == ":":
                problem = problem._replace(message=_INDENTED)
            if problem.code == "E301" and line.joints:
                start = _odd_quote(line, start)
                end = max(end, start + 1)
            result.append(_diagnostic(path, line, start, end, problem.code, problem.message, problem.hint))
    return result


def _odd_quote(line: Logical, start: int) -> int:
    """Where to point if a string of a continued line is not closed: the physical line whose quotes do not pair.

    To the parser every string behind the lost quote is turned inside out, so the one it finds open is the last.
    """
    edges = [0, *(joint[0] for joint in line.joints), len(line.text)]
    odd = [k for k in range(len(edges) - 1) if line.text.count('"', edges[k], edges[k + 1]) & 1]
    if len(odd) != 1:
        return start
    return line.text.rindex('"', edges[odd[0]], edges[odd[0] + 1])


class _ForeignBlocks:
    """Blocks that BBj does not have: reported where they open, not again where they close."""

    def __init__(self) -> None:
        self.open: dict[str, int] = {}

    def known(self, problem: Problem, text: str) -> bool:
        """True for the end of a block whose begin has been reported."""
        role, _, code = problem.role.partition(" ")
        code = code or problem.code  # END FUNCTION closes what FUNCTION has opened under another code
        if code != "E313" and "{" in text:
            self.open["E313"] = self.open.get("E313", 0) + 1
        if role not in ("opens", "closes", "middle", "fence"):
            return False
        count = self.open.get(code, 0)
        if role == "opens" or not count:
            if role != "middle":
                self.open[code] = count + (role != "closes" or problem.code == "E344")
            return False
        if role != "middle" and not (code == "E313" and "{" in text):  # `} else {` closes one and opens one
            self.open[code] = count - 1
        return True


def _comment_end(lines: list[Logical], parsed: list[Parsed], number: int) -> int:
    """Take the lines up to `*/` out of the program; gives the line to go on with."""
    for end in range(number + 1, len(lines)):
        if "*/" in lines[end].text:
            for k in range(number + 1, end + 1):
                parsed[k] = _EMPTY
            return end + 1
    return number


_INDENTED = "this goes on with the line above, but its `:` is not in column 1"
_CONTINUATION = (
    "this goes on with the line above, but does not begin with `:`",
    "put `:` into column 1 of every line that continues another",
)


def _glue(lines: list[Logical], parsed: list[Parsed], number: int, problem: Problem) -> tuple[int, int] | None:
    """Do the lines make sense if the next ones are read as continuations?

    Gives the line that lacks its colon and the line to go on with, or None.
    """
    glued = lines[number]
    for k in range(number + 1, min(number + _MAX_GLUED, len(lines))):
        if not parsed[k].problems and problem.code != "E306":
            return None  # a statement of its own: what lacks is in the line above
        glued = _joined(glued, lines[k])
        if len(glued.text) > 20000:
            return None
        tried = parse(glued.text)
        if all(problem.code in _NO_MATTER_OF_LINES for problem in tried.problems):
            lines[number] = glued
            parsed[number] = tried
            for j in range(number + 1, k + 1):
                parsed[j] = _EMPTY
            return number + 1, k + 1
        if tried.problems[0].role != "unfinished":
            return None
    return None


# Rules about types and functions: a line that only breaks these is complete.
_NO_MATTER_OF_LINES = frozenset(("E402", "E427", "E431", "E432", "E433", "E434", "E435", "E436"))


def _joined(line: Logical, following: Logical) -> Logical:
    """Two logical lines as one, with a blank between them instead of what other languages write there (`\\`, `_`)."""
    text = line.text.rstrip(" \t\\_") + " "
    start = len(following.text) - len(following.text.lstrip(" \t:"))
    shift = len(text) - start
    joints = [(len(text), following.line, start + 1)]
    joints += [(place + shift, row, column) for place, row, column in following.joints if place > start]
    return Logical(text + following.text[start:], line.line, line.joints + tuple(joints))


_EMPTY = Parsed((), (), -2, 0)


def _line_numbers(path: str, lines: list[Logical], parsed: list[Parsed], skipped: set[int]) -> list[Diagnostic]:
    """Numbers on some lines of a program that is otherwise without."""
    numbered = [k for k, entry in enumerate(parsed) if entry.number >= 0 and lines[k].line not in skipped]
    if not numbered:
        return []
    plain = [k for k, entry in enumerate(parsed) if entry.number == -1 and entry.statements]
    if len(numbered) > len(plain) or numbered[0] < plain[0]:
        return []
    message = "this line has a number, the others have none"
    result = []
    for k in numbered:
        start, end = offsets(lines[k].text)[0]
        result.append(_diagnostic(path, lines[k], start, end, "E421", message, "remove it, or number every line"))
    return result
