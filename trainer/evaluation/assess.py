"""One reply to one case, judged: what became of it, and the measures that stand beside "the compiler accepts it".

A compiler accepts trivial programs: a model can compile less and solve five times as much (COBOLEval: 78.8 % compiled
and 2.1 % solved before tuning, 74.0 % and 10.3 % after). So each reply is also asked whether it does the task, is in
the generation that was asked for, and was written or copied.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from curator.bbj.generation import detect, generations
from curator.bbj.lexer import Token, tokens
from curator.bbj.logical import logical_lines
from curator.diagnostic import Diagnostic, Severity
from curator.judge.compiler import Status, Verdict
from trainer.evaluation.cases import Case
from trainer.evaluation.extract import Extraction, Found
from trainer.evaluation.generate import Finish, Reply
from trainer.evaluation.leaks import long_lines

FEWEST_STATEMENTS = 3
"""A program of fewer different statements is trivial, unless the task's own solution has no more."""


class Outcome(StrEnum):
    """What became of a reply. The first four are the score's denominator; the last stands beside it."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    NO_CODE = "no code"
    TRUNCATED = "truncated"  # the budget ran out before the program did
    NO_VERDICT = "no verdict"  # the judge could not say


@dataclass(frozen=True)
class Assessment:
    """A reply and everything measured on it.

    Attributes:
        useful: accepted, all patterns of the case met, not trivial. `missing`: the patterns not met.
        produced: the generation the program needs, "" if it needs none in particular.
        copied, long_lines: lines of at least 20 characters, and those of them that stand verbatim in the training data
            but not in the prompt.
    """

    case: Case
    reply: Reply
    extraction: Extraction
    verdict: Verdict | None
    outcome: Outcome
    statements: int
    missing: tuple[str, ...]
    produced: str
    copied: int
    long_lines: int

    @property
    def accepted(self) -> bool:
        return self.outcome is Outcome.ACCEPTED

    @property
    def measured(self) -> bool:
        """False for what the judge could not say: never in a denominator."""
        return self.outcome is not Outcome.NO_VERDICT

    @property
    def useful(self) -> bool:
        return self.accepted and not self.missing and not self.trivial

    @property
    def trivial(self) -> bool:
        return self.statements < min(FEWEST_STATEMENTS, len(set(statements(self.case.reference))))

    @property
    def in_generation(self) -> bool:
        """Is the program in a generation that was asked for? One that needs none in particular is right where any was
        asked for, and where the reference needs none either: a class without a window shows no generation.
        """
        if self.produced in self.case.generation or (not self.produced and "all" in self.case.generation):
            return True
        return self.produced == produced(self.case.reference)

    @property
    def first_error(self) -> Diagnostic | None:
        """What the judge stumbled over first; later errors often only follow from it."""
        if self.verdict is None:
            return None
        return next((d for d in self.verdict.diagnostics if d.severity is Severity.ERROR), None)


def needs_judging(reply: Reply, extraction: Extraction) -> bool:
    """Whether there is a whole program to judge. Decided without the judge."""
    return extraction.found is not Found.NOTHING and not cut_short(reply, extraction)


def cut_short(reply: Reply, extraction: Extraction) -> bool:
    """Whether the budget ended the program. A closed fence holds a whole one, even if the prose after it was cut."""
    return reply.finish is Finish.LENGTH and extraction.found is not Found.FENCE


def assess(
    case: Case, reply: Reply, extraction: Extraction, verdict: Verdict | None, trained: frozenset[str]
) -> Assessment:
    """`verdict` is None exactly where there was nothing to judge; `trained` are the lines of the training data."""
    code = extraction.code
    own = [line for line in long_lines(code) if line not in _prompt_lines(case)]
    return Assessment(
        case=case,
        reply=reply,
        extraction=extraction,
        verdict=verdict,
        outcome=_outcome(reply, extraction, verdict),
        statements=len(set(statements(code))),
        missing=missing(case.requires, code),
        produced=produced(code),
        copied=sum(line in trained for line in own),
        long_lines=len(own),
    )


def produced(code: str) -> str:
    """The newest generation a program needs, "" if it needs none in particular."""
    return "".join(generations(detect(code)))


def statements(code: str) -> list[str]:
    """The statements of a program in lower case, without comments, blanks between tokens evened out."""
    return [" ".join(t.text.lower() for t in statement) for statement in _statements(code)]


def missing(requires: tuple[str, ...], code: str) -> tuple[str, ...]:
    """The patterns that are not found in the program. Comments do not count: `rem openSysGui` opens nothing."""
    text = without_comments(code)
    return tuple(p for p in requires if not re.search(p, text, re.IGNORECASE | re.MULTILINE))


def without_comments(code: str) -> str:
    """The logical lines of a program, each cut where its comment begins."""
    lines = []
    for line in logical_lines(code):
        comment = next((t.start for t in tokens(line.text) if t.kind == "rem"), None)
        lines.append(line.text if comment is None else line.text[:comment])
    return "\n".join(lines)


def _outcome(reply: Reply, extraction: Extraction, verdict: Verdict | None) -> Outcome:
    if extraction.found is Found.NOTHING:
        return Outcome.TRUNCATED if reply.finish is Finish.LENGTH else Outcome.NO_CODE
    if cut_short(reply, extraction):
        return Outcome.TRUNCATED
    assert verdict is not None
    by_status = {
        Status.ACCEPTED: Outcome.ACCEPTED,
        Status.REJECTED: Outcome.REJECTED,
        Status.NO_VERDICT: Outcome.NO_VERDICT,
    }
    return by_status[verdict.status]


def _statements(code: str) -> Iterator[list[Token]]:
    for line in logical_lines(code):
        statement: list[Token] = []
        for token in tokens(line.text):
            if token.kind == "rem":
                break
            if token.text == ";":
                if statement:
                    yield statement
                statement = []
            else:
                statement.append(token)
        if statement:
            yield statement


def _prompt_lines(case: Case) -> frozenset[str]:
    return frozenset(line for message in case.prompt for line in long_lines(message.content))
