"""Audits a foreign dataset before a model is trained on it: everything wrong with its rows, and what they are like.

One pass over a stream. Kept of each row are its hashes, the hashes of its shingles and its lengths, never its text.
The file itself is not changed; `audit_fix.py` writes what is fit to be kept elsewhere, from the same pass.
Try it: `curator audit dataset.jsonl`
"""

from __future__ import annotations

import hashlib
import math
from array import array
from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles

from curator.bbj.generation import generations
from curator.diagnostic import Diagnostic, in_order
from curator.judge.compiler import judge_name
from curator.lengths import Lengths, lengths, token_counter
from curator.rows import private_data
from curator.rows.audit_codes import found
from curator.rows.foreign_rows import Progress, Row, read_rows
from curator.rows.near_rows import NearTexts
from curator.rows.row_checks import CheckedRow, Fix, Options, check_rows
from curator.rows.seen import Asked, Seen

# A file that is wrong in every row must not fill the memory with complaints. All are counted, so many are listed.
LISTED_PER_CODE = 10_000

# Answers to one question that a further one is compared with, so that a file of one question takes no square time.
_ANSWERS_COMPARED = 50

# Tukey's outer fences, three times the distance of the quartiles, on the logarithm because lengths have a long tail;
# and a factor of three at least, because rows from one template are so alike that any other would stand out.
_OUTER, _LEAST_FACTOR, _FEWEST_ROWS = 3.0, 3.0, 20


@dataclass(frozen=True)
class Report:
    """All that an audit found. `counts` are findings by code, `findings` the listed ones in order of line.

    `repeated_prompts` are questions that are asked more than once, `rows_with_repeated_prompts` the rows that ask them.
    """

    path: str
    judge: str
    rows: int
    bad_lines: int
    unfit_rows: int
    forms: dict[str, int]
    counts: dict[str, int]
    findings: tuple[Diagnostic, ...]
    fixes: tuple[Fix, ...]
    fix_counts: dict[str, int]
    repeated_prompts: int
    rows_with_repeated_prompts: int
    programs: dict[str, int]
    generations: dict[str, int]
    turns: dict[int, int]
    lengths: dict[str, Lengths]
    not_checked: tuple[str, ...] = ()

    @property
    def needs_attention(self) -> bool:
        """True if anything weighs more than a hint."""
        return any(not code.startswith("H") for code in self.counts)


def audit(
    path: Path,
    options: Options | None = None,
    keep: Callable[[CheckedRow], object] | None = None,
    progress: Progress | None = None,
    tokenizer: Path | None = None,
) -> Report:
    """Read a file once and report on it.

    `keep` is given every row in order, with all that was found so far: everything but near-duplicates and unusual
    lengths, which are only known at the end. `progress` is told the bytes read since its last call. `tokenizer` is a
    tokenizer.json; with it, lengths are counted in tokens too.
    """
    options = options or Options()
    run = _Run(path.as_posix(), options, token_counter(tokenizer) if tokenizer else None)
    with closing(run.seen):
        for checked in check_rows(read_rows(path, progress), path.as_posix(), options):
            run.add(checked)
            if keep:
                keep(checked)
        return run.report()


class _Run:
    """What is remembered of the rows read so far."""

    def __init__(self, path: str, options: Options, tokens: Callable[[str], int] | None) -> None:
        self.path, self.options, self.tokens = path, options, tokens
        self.findings: list[Diagnostic] = []
        self.fixes: list[Fix] = []
        self.seen = Seen()
        self.prompts, self.answers = NearTexts(), NearTexts()
        self.alike: set[tuple[int, int]] = set()  # pairs of lines that are reported as near-duplicates already
        self.lines = array("L")
        self.lengths: dict[str, array[int]] = defaultdict(lambda: array("L"))
        self.rows = self.bad_lines = self.unfit = 0
        self.counts: Counter[str] = Counter()
        self.fix_counts: Counter[str] = Counter()
        self.forms: Counter[str] = Counter()
        self.programs: Counter[str] = Counter()
        self.generations: Counter[str] = Counter()
        self.turns: Counter[int] = Counter()

    def add(self, checked: CheckedRow) -> None:
        """Compare a row with those before it, count it, and forget its text."""
        if checked.row:
            self._count(checked, checked.row)
            if not checked.broken:
                checked.findings += self._repeated(checked.row)
        else:
            self.bad_lines += 1
        self.unfit += checked.unsafe
        for finding in checked.findings:
            self._tell(finding)
        for fix in checked.fixes:
            self.fix_counts[fix.code] += 1
            if self.fix_counts[fix.code] <= LISTED_PER_CODE:
                self.fixes.append(fix)

    def report(self) -> Report:
        """What can only be said when all rows are known, and the sums."""
        for code, texts, what in (("W924", self.prompts, "question"), ("W925", self.answers, "answer")):
            for first, line, similarity in texts.pairs(self.options.threshold):
                if (first, line) not in self.alike:
                    message = f"the {what} is {similarity:.2f} like that of line {first}"
                    self._tell(found(code, self.path, line, message))
        for finding in self._unusual():
            self._tell(finding)
        repeated, repeated_rows = self.seen.repeated()
        skipped = []
        if not private_data.secrets_are_looked_for():
            skipped.append("secrets: needs detect-secrets; run: pip install 'bbj-curator[audit]'")
        if self.options.compiler == "none":
            skipped.append("code: no judge was asked")
        return Report(
            path=self.path,
            judge=judge_name(self.options.compiler),
            rows=self.rows,
            bad_lines=self.bad_lines,
            unfit_rows=self.unfit,
            forms=dict(self.forms),
            counts=dict(sorted(self.counts.items(), key=lambda item: item[0][1:])),
            findings=tuple(in_order(self.findings)),
            fixes=tuple(self.fixes),
            fix_counts=dict(sorted(self.fix_counts.items())),
            repeated_prompts=repeated,
            rows_with_repeated_prompts=repeated_rows,
            programs=dict(sorted(self.programs.items())),
            generations=dict(sorted(self.generations.items())),
            turns=dict(sorted(self.turns.items())),
            lengths={name: lengths(name.split(", ")[1], values) for name, values in self.lengths.items() if values},
            not_checked=tuple(skipped),
        )

    def _tell(self, finding: Diagnostic) -> None:
        self.counts[finding.code] += 1
        if self.counts[finding.code] <= LISTED_PER_CODE:
            self.findings.append(finding)

    def _count(self, checked: CheckedRow, row: Row) -> None:
        self.rows += 1
        self.forms[row.form] += 1
        self.turns[sum(m.role == "assistant" for m in row.messages)] += 1
        self.programs.update(str(status) for status in checked.verdicts)
        if checked.programs:
            self.generations["".join(generations(checked.evidence)) or "all"] += 1
        if checked.broken:
            return
        self.lines.append(row.line)
        self.lengths["question, characters"].append(len(row.prompt))
        self.lengths["answer, characters"].append(len(row.answer))
        if self.tokens:
            text = "\n".join(m.content for m in row.messages)
            self.lengths["row, tokens"].append(self.tokens(text))

    def _repeated(self, row: Row) -> list[Diagnostic]:
        """The same question or the same answer in an earlier row."""
        system = "\n".join(m.content for m in row.messages if m.role == "system")
        asked_key = _hash(f"{system}\0{row.prompt}".casefold())
        answer_key = _hash(row.answer)
        first_with_answer = self.seen.answered(answer_key, row.line)
        if first_with_answer == row.line:
            self.answers.add(row.line, row.answer)
        asked = self.seen.asked(asked_key)
        if asked is None:
            asked = Asked(row.line)
            self.prompts.add(row.line, row.prompt)
        asked.rows += 1
        told = self._again(row.line, asked, answer_key, first_with_answer)
        if len(asked.answers) < _ANSWERS_COMPARED and not (told and told.code == "E920"):
            asked.answers.append((row.line, answer_key, first_with_answer))
        self.seen.remember(asked_key, asked)
        if told is None and first_with_answer != row.line:
            message = f"the answer is that of line {first_with_answer}, to another question"
            told = found("W923", self.path, row.line, message)
        return [told] if told else []

    def _again(self, line: int, asked: Asked, answer: bytes, first_with_answer: int) -> Diagnostic | None:
        if not asked.answers:
            return None
        for earlier, other, _ in asked.answers:
            if other == answer:
                return found("E920", self.path, line, f"question and answer are those of line {earlier}",
                             "left out with --fix")  # fmt: skip
        nearness = {earlier: self.answers.similarity(first, first_with_answer) for earlier, _, first in asked.answers}
        nearest = max(nearness, key=lambda earlier: (nearness[earlier], -earlier))
        if nearness[nearest] >= self.options.threshold:
            self.alike.add((nearest, line))
            message = f"the question of line {nearest}, with an answer that is {nearness[nearest]:.2f} like its own"
            return found("W921", self.path, line, message, "keep one of the two")
        message = f"the question of line {asked.line}, with another answer"
        return found("W922", self.path, line, message, "read both; keep the right one, or both if both are right")

    def _unusual(self) -> list[Diagnostic]:
        """Texts outside Tukey's outer fences."""
        unusual = []
        for name, values in self.lengths.items():
            if len(values) < _FEWEST_ROWS:
                continue
            low, middle, high = quantiles([math.log(max(value, 1)) for value in values], n=4)
            reach = max(_OUTER * (high - low), math.log(_LEAST_FACTOR))
            smallest, largest = math.exp(low - reach), math.exp(high + reach)
            what, unit = name.split(", ")
            for line, value in zip(self.lines, values, strict=True):
                if not smallest <= value <= largest:
                    message = f"the {what} has {value} {unit}; half of all have more than {math.exp(middle):.0f}"
                    unusual.append(found("H926", self.path, line, message))
        return unusual


def _hash(text: str) -> bytes:
    """What a text is recognised by: its words, whatever blanks are between them. 12 bytes: no two in 10^14 rows."""
    return hashlib.blake2b(" ".join(text.split()).encode(), digest_size=12).digest()
