"""Audits a foreign dataset before a model is trained on it: everything wrong with its rows, and what they are like.

One pass over a stream. What has to be remembered of each row (hashes, hashes of shingles, lengths, findings) goes into
temporary files, never its text, so that memory does not grow with the file. The file itself is not changed;
`audit_fix.py` writes what is fit to be kept elsewhere, from the same pass.
Try it: `curator audit dataset.jsonl`
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from curator.bbj.generation import generations
from curator.diagnostic import Diagnostic
from curator.judge.compiler import judge_name
from curator.lengths import Lengths
from curator.progress import Progress
from curator.rows import private_data
from curator.rows.audit_codes import found
from curator.rows.checking import checked_rows
from curator.rows.findings import Findings
from curator.rows.foreign_rows import Row
from curator.rows.near_rows import NearTexts
from curator.rows.row_checks import CheckedRow, Fix, Options, Traces
from curator.rows.row_lengths import RowLengths
from curator.rows.scratch import Scratch
from curator.rows.seen import Asked, Seen

# Answers to one question that a further one is compared with, so that a file of one question takes no square time.
_ANSWERS_COMPARED = 50


@dataclass(frozen=True)
class Report:
    """All that an audit found. `counts` are findings by code; `findings` are read from a temporary file.

    `repeated_prompts` are questions that are asked more than once, `rows_with_repeated_prompts` the rows that ask them.
    """

    path: str
    judge: str
    rows: int
    bad_lines: int
    unfit_rows: int
    forms: dict[str, int]
    counts: dict[str, int]
    findings: Findings
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
        """True if anything weighs more than a hint, or if there is no row at all."""
        return any(not code.startswith("H") for code in self.counts) or not self.rows

    def fixes(self) -> Iterator[Fix]:
        """Everything that can be mended, in order of line."""
        return self.findings.fixes()


def audit(
    path: Path,
    options: Options | None = None,
    keep: Callable[[CheckedRow], object] | None = None,
    progress: Progress | None = None,
    tokenizer: Path | None = None,
    jobs: int | None = 1,
) -> Report:
    """Read a file once and report on it; with `jobs` processes, None for all processors, which changes nothing else.

    `keep` is given every row in order, with all that was found so far: everything but near-duplicates and unusual
    lengths, which are only known at the end. `tokenizer` is a tokenizer.json; with it, lengths are counted in tokens
    too.
    """
    run = _Run(path.as_posix(), options or Options())
    with closing(run.rows(path, progress, tokenizer, jobs)) as rows:
        for checked in rows:
            if keep:
                keep(checked)
    return run.report(progress)


def rows(
    path: Path, options: Options | None = None, progress: Progress | None = None, jobs: int | None = 1
) -> Generator[CheckedRow, None, None]:
    """What `audit` gives to `keep`, for those who need no report. Close it when it is not read to its end."""
    return _Run(path.as_posix(), options or Options()).rows(path, progress, None, jobs)


class _Run:
    """What is remembered of the rows read so far: sums here, everything else in temporary files."""

    def __init__(self, path: str, options: Options) -> None:
        self.path, self.options = path, options
        scratch = Scratch()
        self.findings = Findings(scratch, path)
        self.seen = Seen(scratch)
        self.lengths = RowLengths(scratch)
        self.prompts, self.answers = NearTexts(scratch, "questions"), NearTexts(scratch, "answers")
        self.good_rows = self.bad_lines = self.unfit = 0
        self.forms: Counter[str] = Counter()
        self.programs: Counter[str] = Counter()
        self.generations: Counter[str] = Counter()
        self.turns: Counter[int] = Counter()

    def rows(
        self, path: Path, progress: Progress | None, tokenizer: Path | None, jobs: int | None
    ) -> Generator[CheckedRow, None, None]:
        """Every row in order, compared with those before it and counted."""
        read = _bytes_read(path, progress) if progress else None
        with closing(checked_rows(path, self.options, read, tokenizer, jobs)) as stream:
            for checked in stream:
                self._add(checked)
                yield checked

    def report(self, progress: Progress | None) -> Report:
        """What can only be said when all rows are known, and the sums."""
        for code, texts, what in (("W924", self.prompts, "question"), ("W925", self.answers, "answer")):
            compared = partial(progress, f"{what}s compared") if progress else None
            for first, line, similarity in texts.pairs(self.options.threshold, compared):
                if not self.seen.is_reported(first, line):
                    message = f"the {what} is {similarity:.2f} like that of line {first}"
                    self.findings.add(found(code, self.path, line, message))
        for row in self.lengths.unusual():
            message = f"the {row.what} has {row.value} {row.unit}; half of all have more than {row.median:.0f}"
            self.findings.add(found("H926", self.path, row.line, message))
        repeated, repeated_rows = self.seen.repeated()
        skipped = []
        if not private_data.secrets_are_looked_for():
            skipped.append("secrets: needs detect-secrets; run: pip install 'bbj-curator[audit]'")
        if self.options.compiler == "none":
            skipped.append("code: no judge was asked")
        return Report(
            path=self.path,
            judge=judge_name(self.options.compiler),
            rows=self.good_rows,
            bad_lines=self.bad_lines,
            unfit_rows=self.unfit,
            forms=dict(self.forms),
            counts=dict(sorted(self.findings.counts.items(), key=lambda item: item[0][1:])),
            findings=self.findings,
            fix_counts=dict(sorted(self.findings.fix_counts.items())),
            repeated_prompts=repeated,
            rows_with_repeated_prompts=repeated_rows,
            programs=dict(sorted(self.programs.items())),
            generations=dict(sorted(self.generations.items())),
            turns=dict(sorted(self.turns.items())),
            lengths=self.lengths.summaries(),
            not_checked=tuple(skipped),
        )

    def _add(self, checked: CheckedRow) -> None:
        if checked.row:
            self._count(checked, checked.row)
            if checked.traces:
                self.lengths.add(checked.line, checked.traces.lengths)
                checked.findings += self._repeated(checked.line, checked.traces)
        else:
            self.bad_lines += 1
        self.unfit += checked.unsafe
        for finding in checked.findings:
            self.findings.add(finding)
        for fix in checked.fixes:
            self.findings.add_fix(fix)

    def _count(self, checked: CheckedRow, row: Row) -> None:
        self.good_rows += 1
        self.forms[row.form] += 1
        self.turns[sum(m.role == "assistant" for m in row.messages)] += 1
        self.programs.update(str(status) for status in checked.verdicts)
        if checked.programs:
            self.generations["".join(generations(checked.evidence)) or "all"] += 1

    def _repeated(self, line: int, traces: Traces) -> list[Diagnostic]:
        """The same question or the same answer in an earlier row."""
        first_with_answer = self.seen.answered(traces.answered, line)
        if first_with_answer == line:
            self.answers.add(line, traces.answer)
        asked = self.seen.asked(traces.asked)
        if asked is None:
            asked = Asked(line)
            self.prompts.add(line, traces.question)
        asked.rows += 1
        told = self._again(line, asked, traces.answered, first_with_answer)
        if len(asked.answers) < _ANSWERS_COMPARED and not (told and told.code == "E920"):
            asked.answers.append((line, traces.answered, first_with_answer))
        self.seen.remember(traces.asked, asked)
        if told is None and first_with_answer != line:
            message = f"the answer is that of line {first_with_answer}, to another question"
            told = found("W923", self.path, line, message)
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
            self.seen.reported(nearest, line)
            message = f"the question of line {nearest}, with an answer that is {nearness[nearest]:.2f} like its own"
            return found("W921", self.path, line, message, "keep one of the two")
        message = f"the question of line {asked.line}, with another answer"
        return found("W922", self.path, line, message, "read both; keep the right one, or both if both are right")


def _bytes_read(path: Path, progress: Progress) -> Callable[[int], None]:
    """Progress in bytes since the last call as a stage with its sum."""
    done, size = 0, path.stat().st_size if path.is_file() else None

    def tell(read: int) -> None:
        nonlocal done
        done += read
        progress(f"{path.name}, bytes read", done, size)

    return tell
