"""compile@1 and its companions: the same cases to every arm, one reply each, one judge for all, and what it adds up to.

Reads as the evaluation goes: ask, extract, judge, assess, count, compare. Three rules hold throughout:
every figure names its judge; what the judge could not say is in no denominator; arms are compared case by case.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

from curator.judge.compiler import CompilerChoice, Source, judge, judge_name
from curator.labels import GENERATIONS, TYPES
from trainer.evaluation.assess import Assessment, Outcome, assess, needs_judging
from trainer.evaluation.cases import Case, CaseSet
from trainer.evaluation.extract import EXTRACTION_VERSION, Found, extract
from trainer.evaluation.generate import Finish, Generator, ReplyCache, Sampling, replies
from trainer.evaluation.leaks import Leak
from trainer.evaluation.statistics import (
    ALPHA,
    Share,
    bootstrap_difference,
    detectable_difference,
    holm,
    mcnemar_exact,
    paired,
    share,
)

REPORT_FORMAT = 1
SMALL_CELL = 50
"""Cases below which a group's interval is about ±15 points or wider, so that it shows only large effects."""
OWN_WORK = 0.5
"""Share of copied lines from which a useful program no longer counts as the model's own work."""

MEASURES: dict[str, Callable[[Assessment], bool]] = {
    "compile@1": lambda assessment: assessment.accepted,
    "useful@1": lambda assessment: assessment.useful,
}


@dataclass(frozen=True)
class Arm:
    """One of the models that are compared."""

    name: str
    generator: Generator


@dataclass(frozen=True)
class ArmResult:
    """An arm's replies, assessed, in the order of the cases."""

    name: str
    identity: Mapping[str, str]
    assessments: tuple[Assessment, ...]


@dataclass(frozen=True)
class Audit:
    """What the leak audit looked at. `texts` is None where there was nothing to look at; `same_data` is False if the
    dataset is not the one that the run was trained on.
    """

    texts: int | None
    leaks: tuple[Leak, ...] = ()
    same_data: bool = True


@dataclass(frozen=True)
class Evaluation:
    """Everything measured, before it is counted."""

    cases: CaseSet
    arms: tuple[ArmResult, ...]
    judge: str
    sampling: Sampling
    audit: Audit
    seed: int = 0


def evaluate(
    case_set: CaseSet,
    arms: Sequence[Arm],
    cache: ReplyCache,
    sampling: Sampling,
    compiler: CompilerChoice = "auto",
    trained: frozenset[str] = frozenset(),
    audit: Audit | None = None,
    tick: Callable[[str, int], None] = lambda arm, tokens: None,
    done: Callable[[str, int], None] = lambda arm, replies: None,
) -> Evaluation:
    """Ask all arms, judge all programs at once. `trained` are the lines that were trained on; `tick` and `done` report
    tokens and replies while an arm is being asked.
    """
    cases = case_set.cases
    prompts = [case.prompt for case in cases]
    answers = []
    for arm in arms:
        name = arm.name
        answers.append(
            replies(
                arm.generator,
                prompts,
                sampling,
                cache,
                tick=lambda tokens, name=name: tick(name, tokens),  # type: ignore[misc]
                done=lambda number, name=name: done(name, number),  # type: ignore[misc]
            )
        )
    programs = [[extract(reply.text) for reply in of_arm] for of_arm in answers]
    wanted = [
        (a, c)
        for a, of_arm in enumerate(answers)
        for c, reply in enumerate(of_arm)
        if needs_judging(reply, programs[a][c])
    ]
    # the path carries no arm: a judge must not be able to tell them apart
    sources = [Source(f"{cases[c].id}.bbj", programs[a][c].code) for a, c in wanted]
    verdicts = dict(zip(wanted, judge(sources, compiler), strict=True))
    results = [
        ArmResult(
            arm.name,
            arm.generator.identity(),
            tuple(
                assess(case, answers[a][c], programs[a][c], verdicts.get((a, c)), trained)
                for c, case in enumerate(cases)
            ),
        )
        for a, arm in enumerate(arms)
    ]
    judges = sorted({verdict.judge for verdict in verdicts.values()}) or [judge_name(compiler)]
    return Evaluation(case_set, tuple(results), ", ".join(judges), sampling, audit or Audit(None))


def figures(evaluation: Evaluation) -> dict[str, Any]:
    """All figures as JSON values: the part of `report.json` that is measured (schema: `schemas/report.schema.json`)."""
    arms = [arm_figures(arm) for arm in evaluation.arms]
    comparisons = compare(evaluation)
    return {
        "format": REPORT_FORMAT,
        "judge": evaluation.judge,
        "extraction_version": EXTRACTION_VERSION,
        "sampling": asdict(evaluation.sampling),
        "cases": {
            "name": evaluation.cases.name,
            "n": len(evaluation.cases.cases),
            "left_out": evaluation.cases.left_out,
            "by_generation": _sizes(evaluation.cases.cases, lambda case: case.generation, GENERATIONS),
            "by_type": _sizes(evaluation.cases.cases, lambda case: (case.type,), TYPES),
        },
        "leaks": {"texts": evaluation.audit.texts, "found": [asdict(leak) for leak in evaluation.audit.leaks]},
        "arms": arms,
        "comparisons": comparisons,
        "headline": headline(evaluation.judge, arms, comparisons),
        "caveats": caveats(evaluation, arms),
    }


def arm_figures(arm: ArmResult) -> dict[str, Any]:
    """The figures of one arm. Shares are over the measured replies: all but those without a verdict."""
    everything = arm.assessments
    measured = [a for a in everything if a.measured]
    accepted = [a for a in measured if a.accepted]
    copied, long_lines = sum(a.copied for a in everything), sum(a.long_lines for a in everything)
    return {
        "name": arm.name,
        "identity": dict(arm.identity),
        "outcomes": {str(outcome): sum(a.outcome is outcome for a in everything) for outcome in Outcome},
        "extraction": {str(found): sum(a.extraction.found is found for a in everything) for found in Found},
        **_measures(measured),
        "useful_own": asdict(_share(measured, lambda a: a.useful and a.copied <= OWN_WORK * a.long_lines)),
        "by_generation": {
            name: _measures([a for a in measured if name in a.case.generation])
            for name in GENERATIONS
            if any(name in a.case.generation for a in everything)
        },
        "by_type": {
            name: _measures([a for a in measured if a.case.type == name])
            for name in TYPES
            if any(a.case.type == name for a in everything)
        },
        "generation_match": asdict(_share(accepted, lambda a: a.in_generation)),
        "generation_matrix": _matrix(accepted),
        "copied": {"lines": copied, "of": long_lines, "share": copied / long_lines if long_lines else None},
        "stopped": asdict(_share(everything, lambda a: a.reply.finish is Finish.STOP)),
        "tokens": sum(a.reply.tokens for a in everything),
        "no_verdict": dict(
            Counter(a.verdict.why or "unknown" for a in everything if not a.measured and a.verdict is not None)
        ),
        "errors": error_taxonomy(measured),
    }


def error_taxonomy(assessments: Iterable[Assessment]) -> list[dict[str, Any]]:
    """The first error of each rejected program, grouped by code, most frequent first, each with an example: what to
    write training data about next.
    """
    by_code: dict[str, list[Assessment]] = {}
    for assessment in assessments:
        if assessment.outcome is Outcome.REJECTED:
            error = assessment.first_error
            by_code.setdefault(error.code if error else "", []).append(assessment)
    rows = []
    for code, group in sorted(by_code.items(), key=lambda item: (-len(item[1]), item[0])):
        first = group[0]
        error = first.first_error
        lines = first.extraction.code.split("\n")
        rows.append(
            {
                "code": code,
                "title": _title(code),
                "count": len(group),
                "example": {
                    "case": first.case.id,
                    "message": error.message if error else "",
                    "line": lines[error.line - 1] if error and 0 < error.line <= len(lines) else "",
                },
            }
        )
    return rows


def compare(evaluation: Evaluation) -> list[dict[str, Any]]:
    """Every pair of arms on both measures, over the cases on which both have a verdict. The p-values of one measure are
    adjusted for the number of its pairs (Holm).
    """
    comparisons = []
    for measure, holds in MEASURES.items():
        rows = [
            _comparison(measure, holds, first, second, evaluation.seed)
            for first, second in combinations(evaluation.arms, 2)
        ]
        for row, adjusted in zip(rows, holm([row["p"] for row in rows]), strict=True):
            row["p_adjusted"] = adjusted
            row["significant"] = adjusted <= ALPHA
        comparisons += rows
    return comparisons


def headline(judge: str, arms: Sequence[Mapping[str, Any]], comparisons: Sequence[Mapping[str, Any]]) -> str:
    """The result in one sentence, with the judge."""
    parts = [f"{arm['name']} {spoken(Share(**arm['compile_at_1']))}" for arm in arms]
    sentence = f"compile@1 ({judge}): {'; '.join(parts)}"
    if len(arms) == 2:
        row = next(row for row in comparisons if row["measure"] == "compile@1")
        sentence += f"; difference {row['difference'] * 100:+.0f} points, {spoken_p(row['p'])} (exact McNemar)"
    return sentence + "."


def caveats(evaluation: Evaluation, arms: Sequence[Mapping[str, Any]]) -> list[str]:
    """What a reader must know before quoting a figure."""
    n = len(evaluation.cases.cases)
    notes = [
        f"{n} cases: an arm's 95 % interval is up to ±{_half_width(n):.0f} points wide. One reply per case"
        + (" by greedy decoding" if evaluation.sampling.temperature == 0 else "")
        + "; the interval covers the choice of cases, not the chance in training: one seed, one run.",
    ]
    if "bbjcpl" in evaluation.judge:
        notes.append(f"The judge is the BBj compiler ({evaluation.judge}), syntax only: unknown methods pass.")
    else:
        notes.append(
            f"The judge is {evaluation.judge}, not the BBj compiler: it accepts some programs that bbjcpl rejects and "
            "the reverse. Compare these figures only with figures of the same judge."
        )
    groups = {name: size for arm in arms[:1] for name, size in _group_sizes(arm).items() if size < SMALL_CELL}
    if groups:
        listed = ", ".join(f"{name} {size}" for name, size in groups.items())
        notes.append(f"Groups of under {SMALL_CELL} cases ({listed}) show only very large differences.")
    notes.append(
        "useful@1 asks for patterns and size. It proves neither that a program does its task nor that it is good BBj; "
        "only running it or a reader can."
    )
    if evaluation.audit.texts is None:
        notes.append("There was no training data to look at: nobody knows whether the cases were trained on.")
    elif evaluation.audit.leaks:
        notes.append(
            f"{len({leak.case for leak in evaluation.audit.leaks})} cases stand in the training data. The figures are "
            "too high by an unknown amount."
        )
    if not evaluation.audit.same_data:
        notes.append(
            "The dataset has changed since the run was trained on it: leaks and copied lines are of the new one."
        )
    for arm in arms:
        if without := arm["outcomes"][str(Outcome.NO_VERDICT)]:
            notes.append(f"{arm['name']}: {without} programs have no verdict. They are in no figure.")
    if len(arms) > 2:
        notes.append("Several pairs are compared: the p-values are adjusted (Holm).")
    return notes


def spoken(value: Share) -> str:
    """`68 of 100 = 68 % [58-76]`."""
    if value.value is None:
        return "not measured"
    return f"{value.count} of {value.n} = {value.value:.0%} [{value.low * 100:.0f}-{value.high * 100:.0f}]".replace(
        "%", " %"
    )


def spoken_p(p: float) -> str:
    """`p = 0.012`, and never `p = 0.000`."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


def result_rows(evaluation: Evaluation) -> Iterable[dict[str, Any]]:
    """One JSON value for each reply, for `results.jsonl`: what the figures were counted from."""
    for arm in evaluation.arms:
        for a in arm.assessments:
            yield {
                "arm": arm.name,
                "case": a.case.id,
                "type": a.case.type,
                "generation": list(a.case.generation),
                "outcome": str(a.outcome),
                "useful": a.useful,
                "missing": list(a.missing),
                "statements": a.statements,
                "produced": a.produced,
                "copied": a.copied,
                "long_lines": a.long_lines,
                "finish": str(a.reply.finish),
                "tokens": a.reply.tokens,
                "extraction": str(a.extraction.found),
                "blocks": a.extraction.blocks,
                "judge": a.verdict.judge if a.verdict else "",
                "why": a.verdict.why if a.verdict else "",
                "diagnostics": [d.as_dict() for d in a.verdict.diagnostics] if a.verdict else [],
                "code": a.extraction.code,
                "reply": a.reply.text,
            }


def _comparison(
    measure: str, holds: Callable[[Assessment], bool], first: ArmResult, second: ArmResult, seed: int
) -> dict[str, Any]:
    pairs = [(a, b) for a, b in zip(first.assessments, second.assessments, strict=True) if a.measured and b.measured]
    ones, others = [holds(a) for a, _ in pairs], [holds(b) for _, b in pairs]
    table = paired(ones, others)
    low, high = bootstrap_difference(ones, others, [a.case.cluster for a, _ in pairs], seed)
    discordant_share = table.discordant / table.n if table.n else 0.0
    return {
        "measure": measure,
        "first": first.name,
        "second": second.name,
        "n": table.n,
        "without_verdict": len(first.assessments) - table.n,
        "both": table.both,
        "only_first": table.only_first,
        "only_second": table.only_second,
        "neither": table.neither,
        "difference": table.difference,
        "low": low,
        "high": high,
        "p": mcnemar_exact(table.only_first, table.only_second),
        "detectable": detectable_difference(table.n, discordant_share),
    }


def _measures(assessments: Sequence[Assessment]) -> dict[str, Any]:
    return {
        "compile_at_1": asdict(_share(assessments, MEASURES["compile@1"])),
        "useful_at_1": asdict(_share(assessments, MEASURES["useful@1"])),
    }


def _share(assessments: Sequence[Assessment], holds: Callable[[Assessment], bool]) -> Share:
    return share(sum(map(holds, assessments)), len(assessments))


def _matrix(accepted: Sequence[Assessment]) -> dict[str, dict[str, int]]:
    """Asked for × written, over the accepted programs; "" is a program that needs no generation in particular."""
    matrix: dict[str, Counter[str]] = {}
    for a in accepted:
        matrix.setdefault(" or ".join(a.case.generation), Counter())[a.produced] += 1
    return {asked: dict(sorted(row.items())) for asked, row in sorted(matrix.items())}


def _sizes(cases: Iterable[Case], labels: Callable[[Case], Iterable[str]], order: Sequence[str]) -> dict[str, int]:
    counts = Counter(label for case in cases for label in labels(case))
    return {name: counts[name] for name in order if counts[name]}


def _group_sizes(arm: Mapping[str, Any]) -> dict[str, int]:
    return {name: cell["compile_at_1"]["n"] for name, cell in arm["by_generation"].items()}


def _half_width(n: int) -> float:
    widest = share(n // 2, n)
    return (widest.high - widest.low) * 50


def _title(code: str) -> str:
    from curator.codes import CODES  # pulls in the checker's tables; only reports need them

    return CODES[code].title if code in CODES else "no message"
