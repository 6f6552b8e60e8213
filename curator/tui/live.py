"""What is said of a draft while it is written: the quick pass at once, the compiler's after it. No Textual here."""

from dataclasses import dataclass, replace

from curator import shingles
from curator.checks import check_code, check_text
from curator.codes import diagnose
from curator.compiler import Source, Status, find_bbjcpl, judge_async, judge_name
from curator.diagnostic import Diagnostic, Severity, in_order
from curator.example import Example
from curator.near import NearIndex, Neighbour

# From here on two examples teach the same thing; the same number as `curator dedupe` takes by default.
NEAR = 0.7

# Below this two programs share a FOR loop or an error branch, which says nothing.
WORTH_SHOWING = 0.1

_CODE_TIERS = ("E3", "E4")


@dataclass(frozen=True)
class Findings:
    """What is known of one version of a draft, and who says so."""

    diagnostics: tuple[Diagnostic, ...] = ()
    neighbours: tuple[Neighbour, ...] = ()
    judge: str = ""
    note: str = ""  # "bbjcpl is running", or why it gave no verdict


def quick(example: Example, index: NearIndex | None) -> Findings:
    """Schema, sections, the built-in checker and near-duplicates: milliseconds, no other process."""
    found = check_text(example.text, example.path) + check_code([example], "builtin")
    neighbours: list[Neighbour] = []
    if index is not None:
        near = index.query(shingles.example_text(example), 5, without=example.path)
        neighbours = [n for n in near if max(n.similarity, n.containment) >= WORTH_SHOWING]
        found += [_near_duplicate(example, n) for n in neighbours if n.similarity >= NEAR]
    return Findings(tuple(in_order(found)), tuple(neighbours), judge_name("builtin"))


def has_compiler() -> bool:
    """True if bbjcpl is installed here, so that a second pass is worth announcing."""
    return find_bbjcpl() is not None


async def compiled(example: Example, findings: Findings) -> Findings:
    """The findings with bbjcpl's verdict in place of the built-in checker's errors.

    Cancelling the task kills the compiler. Without a verdict the built-in findings stay, and the note says why.
    """
    own: list[Diagnostic] = []
    judge = findings.judge
    for block in example.bbj_blocks:
        if not block.text.strip():
            continue
        verdict = await judge_async(Source(example.path, block.text), "bbjcpl")
        if verdict.status is Status.NO_VERDICT:
            return replace(findings, note=f"{verdict.judge}: no verdict ({verdict.why})")
        judge = verdict.judge
        own += [d.moved(example.path, block.first_line - 1) for d in verdict.diagnostics]
    kept = [d for d in findings.diagnostics if not _overruled(d)]
    return replace(findings, diagnostics=tuple(in_order(kept + own)), judge=judge, note="")


def _overruled(diagnostic: Diagnostic) -> bool:
    return diagnostic.severity is Severity.ERROR and diagnostic.code.startswith(_CODE_TIERS)


def _near_duplicate(example: Example, neighbour: Neighbour) -> Diagnostic:
    name = "/".join(neighbour.path.split("/")[-2:])
    return diagnose(
        "W901", example.path, 1, 1, f"{neighbour.similarity:.0%} the same as {name}",
        "compare them in Similar (F7); make yours teach something else, or leave it out",
    )  # fmt: skip
