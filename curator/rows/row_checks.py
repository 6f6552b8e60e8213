"""Checks the rows of a foreign dataset one at a time, and says what can safely be put right in each.

A row is put right first (line ends, blanks) and then checked, so that one mistake is not reported as five. What needs
other rows to be seen (duplicates, unusual lengths) is in `audit.py`. To add a check, write a function from a draft to
findings and put it in a list at the end of this file.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

from curator.bbj import generation
from curator.diagnostic import Diagnostic, Severity, has_errors
from curator.example import CodeBlock, as_words
from curator.judge.compiler import CompilerChoice, Source, Status, Verdict, judge
from curator.labels import GENERATIONS
from curator.near.answers import NEAR
from curator.rows import private_data, row_text
from curator.rows.audit_codes import found
from curator.rows.foreign_rows import BadLine, Row, rewritten, row_of
from curator.similarity import shingles

# Names that people and models write on a fence when they mean BBj.
BASIC_LABELS = frozenset(
    ("basic", "bbx", "bbj-basic", "businessbasic", "business-basic", "pro5", "vpro5", "ppro", "qbasic", "vb", "vbnet")
)

# Fewer words than this, without code, are no answer: "Use the PRINT verb." is the shortest we would keep.
FEWEST_WORDS = 4


@dataclass(frozen=True)
class Options:
    """How rows are judged. `language` is what prose is expected in, "any" to not look."""

    compiler: CompilerChoice = "auto"
    language: str = "en"
    threshold: float = NEAR


@dataclass(frozen=True)
class Fix:
    """Something put right in a row: the finding's code and what was done."""

    line: int
    code: str
    what: str


@dataclass(frozen=True)
class Traces:
    """What of a row is compared with others, instead of its text: hashes of the question (with the system message) and
    of the answer, the hashes of their shingles, and lengths by what is measured ("answer, characters")."""

    asked: bytes
    answered: bytes
    question: array[int]
    answer: array[int]
    lengths: dict[str, int]


@dataclass
class CheckedRow:
    """A row with all that was found in it. `row` is as it should be written; None if the line is no row.

    `programs` are its BBj programs, `evidence` what in them tells their generation, `verdicts` what the judge said.
    `raw` is the line as it stands in the file. `traces` are what it is compared with others by; None if it is broken.
    """

    line: int
    row: Row | None
    bad: BadLine | None = None
    raw: bytes = b""
    traces: Traces | None = None
    findings: list[Diagnostic] = field(default_factory=list)
    fixes: list[Fix] = field(default_factory=list)
    programs: tuple[str, ...] = ()
    evidence: list[generation.Evidence] = field(default_factory=list)
    verdicts: list[Status] = field(default_factory=list)

    @property
    def broken(self) -> bool:
        """True if there is no conversation in it that could be compared with others."""
        return self.row is None or any(d.code in ("E911", "E912", "E913", "E914") for d in self.findings)

    @property
    def unsafe(self) -> bool:
        """True if what is wrong with it cannot be put right without a person."""
        fixed = {fix.code for fix in self.fixes}
        return has_errors(d for d in self.findings if d.code not in fixed)


def check_rows(rows: Iterable[Row | BadLine], path: str, options: Options) -> list[CheckedRow]:
    """What is wrong with each of these rows alone; their code is judged in one call. `path` is what findings name."""
    drafts = [_Draft(item, path, options) for item in rows]
    programs = list(dict.fromkeys(p.text for draft in drafts for p in draft.programs))
    verdicts = judge([Source(path, text) for text in programs], options.compiler)
    known = dict(zip(programs, verdicts, strict=True))
    for draft in drafts:
        draft.hear(known)
    return [draft.checked for draft in drafts]


@dataclass(frozen=True)
class _Program:
    """A piece of an answer that is or may be BBj: which one in the row, how it was found, and its fence if it has one.

    `kind`: in a bbj fence; in a fence that never closes; in a fence with another word; without a fence.
    """

    number: int
    kind: Literal["bbj", "open", "mislabelled", "bare"]
    text: str
    answer: str
    block: CodeBlock | None = None


class _Draft:
    """A row being checked: put right, looked at, then judged."""

    def __init__(self, item: Row | BadLine, path: str, options: Options) -> None:
        self.path, self.options = path, options
        self.programs: list[_Program] = []
        if isinstance(item, BadLine):
            self.checked = CheckedRow(item.line, None, item)
            self.checked.findings.append(found("E911", path, item.line, item.why, item.hint, item.column))
            return
        self.row = item
        self.checked = CheckedRow(item.line, item)
        self._put_right()
        for structure_check in STRUCTURE_CHECKS:
            self.checked.findings += structure_check(self)
        if self.checked.broken:
            return
        for check in TEXT_CHECKS:
            self.checked.findings += check(self)
        self.programs = list(_programs(self.answers()))

    def answers(self) -> list[str]:
        """The assistant's turns."""
        return [m.content for m in self.row.messages if m.role == "assistant"]

    def found(self, code: str, message: str, hint: str = "") -> Diagnostic:
        """A finding in this row."""
        return found(code, self.path, self.row.line, message, hint)

    def fixed(self, code: str, what: str) -> None:
        """Remember that something was put right."""
        self.checked.fixes.append(Fix(self.row.line, code, what))

    def hear(self, known: dict[str, Verdict]) -> None:
        """Turn the verdicts of this row's programs into findings, mend its fences, and look at the generation."""
        edits: dict[str, list[_Program]] = {}
        bare = [answer for answer in self.answers() if row_text.bare_code(answer)] if not self.checked.broken else []
        for answer in bare:
            if not any(p.kind == "bare" and p.answer == answer for p in self.programs):
                self.checked.findings.append(
                    self.found("W916", "BBj code stands in the prose without a fence", "put it in a ```bbj fence")
                )
        for program in self.programs:
            verdict = known[program.text]
            self.checked.verdicts.append(verdict.status)
            for finding, what in _heard(self, program, verdict):
                self.checked.findings.append(finding)
                if what:
                    self.fixed(finding.code, what)
                    edits.setdefault(program.answer, []).append(program)
        if edits:
            self._rewrite(lambda role, text: _mended(text, edits.get(text, ())) if role == "assistant" else text)
        if self.programs:
            self.checked.programs = tuple(p.text for p in self.programs)
            self._look_at_generation()
        self.checked.row = self.row if self.checked.row else None
        self.checked.findings.sort(key=lambda d: d.code)

    def _put_right(self) -> None:
        """Line ends and blanks: what can be mended without a judge."""
        contents = [m.content for m in self.row.messages]
        twice = [text for text in contents if row_text.escaped_twice(text)]
        if twice:
            count = sum(text.count("\\n") for text in twice)
            self.checked.findings.append(self.found("W915", f"{count} line ends are written as \\n", _FIX))
            self.fixed("W915", f"{count} literal \\n made line ends")
        if any(row_text.tidied(text) != text for text in contents if text.strip()):
            if any("\r" in text for text in contents):
                what = "line ends of another system (CR)"
            else:
                what = "blanks or empty lines around a text"
            self.checked.findings.append(self.found("H931", what, _FIX))
            self.fixed("H931", f"{what} removed")
        if self.checked.fixes:
            self._rewrite(_put_right)

    def _rewrite(self, edit: Callable[[str, str], str]) -> None:
        again = row_of(rewritten(self.row, edit), self.row.line)
        assert isinstance(again, Row), again
        self.row = again

    def _look_at_generation(self) -> None:
        labels = asked_generation(self.row)
        for program in dict.fromkeys(self.checked.programs):
            evidence = generation.detect(program)
            self.checked.evidence += evidence
            for d in generation.contradictions(labels, evidence):
                message = f"{d.message} (line {d.line} of the code)"
                self.checked.findings.append(replace(d, path=self.path, line=self.row.line, column=1, message=message))


_FIX = "mended with --fix"
_Check = Callable[[_Draft], Iterable[Diagnostic]]


def _put_right(role: str, text: str) -> str:
    return row_text.tidied(row_text.unescaped(text) if row_text.escaped_twice(text) else text)


def check_turns(draft: _Draft) -> Iterator[Diagnostic]:
    """One system message at most, then user and assistant in turns; the assistant has the last word."""
    roles = [m.role for m in draft.row.messages]
    unknown = sorted(set(roles) - {"system", "user", "assistant"})
    turns = roles[1:] if roles[0] == "system" else roles
    hint = "a conversation is: system (or not), then user and assistant in turns"
    if unknown:
        yield draft.found("E912", f'unknown role "{_short(unknown[0])}"', hint)
    elif "system" in turns:
        yield draft.found("E912", f"a system message at turn {roles.index('system', 1) + 1}", hint)
    elif not turns or turns[-1] != "assistant":
        yield draft.found("E912", f"the last turn is {roles[-1]}'s, so there is no answer", hint)
    else:
        for number, role in enumerate(turns):
            if role != ("user", "assistant")[number % 2]:
                place = number + 1 + len(roles) - len(turns)
                yield draft.found("E912", f"turn {place} is {role}'s and should not be", hint)
                return


def check_empty(draft: _Draft) -> Iterator[Diagnostic]:
    """No question and no answer is empty."""
    for message in draft.row.messages:
        if message.role in ("user", "assistant") and not message.content.strip():
            yield draft.found("E913", f"the {'answer' if message.role == 'assistant' else 'question'} is empty")
            return


def check_fragments(draft: _Draft) -> Iterator[Diagnostic]:
    """An answer of a word or two, or one that ends in the middle of a sentence."""
    for answer in draft.answers():
        if not answer.strip():
            continue
        has_code = any(block.text.strip() for block in row_text.blocks(answer)) or row_text.looks_like_bbj(answer)
        words = len(shingles.tokens(answer))
        if not has_code and words < FEWEST_WORDS:
            yield draft.found("E914", f'the whole answer is "{_short(answer.strip())}"')
            return
        if row_text.breaks_off(answer) and not row_text.looks_like_bbj(answer):
            yield draft.found("E914", f'the answer breaks off: "...{answer[-30:].splitlines()[-1]}"')
            return


def check_template_tokens(draft: _Draft) -> Iterator[Diagnostic]:
    """Tokens that belong to a chat template, not to a text."""
    for message in draft.row.messages:
        token = _TEMPLATE_TOKEN.search(message.content)
        if token:
            yield draft.found("E930", f'"{token[0]}" in the text of the {message.role}', "take it out")
            return


def check_private_data(draft: _Draft) -> Iterator[Diagnostic]:
    """Secrets and personal data, wherever they stand."""
    text = "\n".join(m.content for m in draft.row.messages)
    yield from (draft.found("E927", what, "withdraw it and take it out") for what in private_data.secrets(text))
    yield from (draft.found("W928", what, "use an invented one") for what in private_data.personal(text))


def check_language(draft: _Draft) -> Iterator[Diagnostic]:
    """Prose in another language than the expected one."""
    if draft.options.language == "any":
        return
    for message in draft.row.messages:
        spoken = row_text.language(row_text.prose(message.content), draft.options.language)
        if spoken:
            who = {"user": "question", "assistant": "answer"}.get(message.role, f"{message.role} message")
            yield draft.found("W929", f"the {who} seems to be in {row_text.LANGUAGE_NAMES[spoken]}")
            return


STRUCTURE_CHECKS: list[_Check] = [check_turns, check_empty, check_fragments]
TEXT_CHECKS: list[_Check] = [check_template_tokens, check_private_data, check_language]

_TEMPLATE_TOKEN = re.compile(
    r"<\|(?:im_start|im_end|endoftext|eot_id|start_header_id|end_header_id|begin_of_text)\|>|\[/?INST\]|<</?SYS>>"
)
_GENERATION_WORDS = {
    "dwc": re.compile(r"\bDWC\b|\bdynamic web client\b", re.IGNORECASE),
    "bbj-gui": re.compile(r"\bBBj[ -]GUI\b|\bSysGUI\b", re.IGNORECASE),
    "vpro5": re.compile(r"\bvisual ?pro ?/? ?5\b|\bvpro/?5\b", re.IGNORECASE),
    "character": re.compile(
        r"\bcharacter[- ](?:based|mode|terminal|screen|ui)\b|\bgreen[- ]screen\b|\bBBx\b", re.IGNORECASE
    ),
}


def asked_generation(row: Row) -> tuple[str, ...]:
    """The generation a row asks for: its label, else what the question names; () if it names none or several."""
    written = tuple(word for word in as_words(row.data.get("generation")) if word in GENERATIONS)
    if written:
        return written
    named = [name for name, words in _GENERATION_WORDS.items() if words.search(row_text.prose(row.prompt))]
    return tuple(named) if len(named) == 1 else ()


def _programs(answers: list[str]) -> Iterator[_Program]:
    number = 0
    for answer in answers:
        fenced = row_text.blocks(answer)
        for block in fenced:
            if not block.text.strip():
                continue
            label = block.language.lower()
            looks = label == "bbj" or row_text.looks_like_bbj(block.text)
            if not looks:
                continue
            number += 1
            kind: Literal["bbj", "open", "mislabelled"] = (
                "open" if not block.closed else "bbj" if label == "bbj" else "mislabelled"
            )
            yield _Program(number, kind, block.text, answer, block)
        if not fenced and row_text.bare_code(answer) and row_text.looks_like_bbj(answer):
            number += 1
            yield _Program(number, "bare", answer + "\n", answer)


def _heard(draft: _Draft, program: _Program, verdict: Verdict) -> Iterator[tuple[Diagnostic, str]]:
    """The findings that follow from a verdict, each with what was done about it ("" if nothing can be)."""
    accepted, rejected = verdict.status is Status.ACCEPTED, verdict.status is Status.REJECTED
    opinion = "" if not rejected else f"; {_reason(program, verdict)}"
    hint = _FIX if accepted else ""
    if program.kind == "bbj" and rejected:
        yield draft.found("E919", _reason(program, verdict)), ""
    elif verdict.status is Status.NO_VERDICT and verdict.judge != "none":
        why = f"no verdict from {verdict.judge}: {verdict.why}"
        yield Diagnostic(draft.path, draft.row.line, 1, "W809", Severity.WARNING, why), ""
    if program.kind == "open":
        yield draft.found("E918", "a fence is never closed" + opinion, hint), "fence closed" if accepted else ""
    elif program.kind == "bare":
        done = "fence put around the program" if accepted else ""
        yield draft.found("W916", "the whole answer is BBj code without a fence" + opinion, hint), done
    elif program.kind == "mislabelled" and program.block:
        label = _short(program.block.language)
        # what another language's fence holds, and BBj's judge rejects, is another language
        if not rejected or not label or label.lower() in BASIC_LABELS:
            said = f'the fence says "{label}"' if label else "the fence has no word"
            done = f'fence word "{label}" made bbj' if accepted else ""
            yield draft.found("W917", f"{said}, the code looks like BBj{opinion}", hint), done


def _short(text: str) -> str:
    """The beginning of a text, on one line."""
    return " ".join(text[:40].split())


def _reason(program: _Program, verdict: Verdict) -> str:
    first = next((d for d in verdict.diagnostics if d.severity is Severity.ERROR), None)
    what = f"{first.code} {first.message} (line {first.line} of program {program.number})" if first else "rejected"
    return f"{verdict.judge} rejects the code: {what}"


def _mended(answer: str, programs: Iterable[_Program]) -> str:
    """The answer with the fences of these programs put right."""
    lines = ("\n" + answer.rstrip()).split("\n")
    end = ""
    for program in programs:
        if program.block is None:
            return f"```bbj\n{answer.rstrip()}\n```"
        row = program.block.fence_line - 1
        lines[row] = re.sub(r"(`{3,}|~{3,})[ \t]*\S*", r"\1bbj", lines[row], count=1)
        if not program.block.closed:
            fence = re.search(r"`{3,}|~{3,}", lines[row])
            end = f"\n{fence[0] if fence else '```'}"
    return "\n".join(lines)[1:] + end
