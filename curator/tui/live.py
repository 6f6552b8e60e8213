"""What is said of a draft while it is written: the quick pass at once, the compiler's after it. No Textual here."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from curator import variant
from curator.checks import check_code, check_text
from curator.codes import diagnose
from curator.diagnostic import Diagnostic, Severity, in_order
from curator.example import Example
from curator.judge.compiler import Source, Status, find_bbjcpl, judge_async, judge_name
from curator.near.answers import NEAR, Neighbour
from curator.similarity import passage, shingles

if TYPE_CHECKING:  # it loads NumPy, which the first paint does not wait for
    from curator.near.index import NearIndex

NO_EXAMPLES: Mapping[str, Example] = MappingProxyType({})

_CODE_TIERS = ("E3", "E4")


@dataclass(frozen=True)
class Findings:
    """What is known of one version of a draft, and who says so."""

    diagnostics: tuple[Diagnostic, ...] = ()
    neighbours: tuple[Neighbour, ...] = ()
    judge: str = ""
    note: str = ""  # "bbjcpl is running", or why it gave no verdict


def quick(example: Example, index: "NearIndex | None", examples: Mapping[str, Example] = NO_EXAMPLES) -> Findings:
    """Schema, sections, the built-in checker and near-duplicates: milliseconds, no other process.

    `examples` are the others by path: one of them may say that it is a wanted variant of this one.
    """
    found = check_text(example.text, example.path) + check_code([example], "builtin")
    neighbours: list[Neighbour] = []
    if index is not None:
        neighbours = index.query(shingles.example_text(example), without=example.path)
        found += [_near_duplicate(example, n) for n in neighbours if is_near_duplicate(example, n, examples)]
    return Findings(tuple(in_order(found)), tuple(neighbours), judge_name("builtin"))


def is_near_duplicate(example: Example, neighbour: Neighbour, examples: Mapping[str, Example]) -> bool:
    """True if the two teach the same and neither says that it is a wanted variant of the other."""
    other = examples.get(neighbour.path) or Example(neighbour.path, "")
    return neighbour.similarity >= NEAR and not variant.is_wanted(example, other)


def passages(example: Example, neighbours: Iterable[Neighbour], examples: Mapping[str, Example]) -> dict[str, str]:
    """By path, the longest stretch of the draft that stands in that example too; some milliseconds each."""
    draft = shingles.example_text(example)
    known = [other for n in neighbours if (other := examples.get(n.path))]
    return {other.path: passage.longest(draft, shingles.example_text(other)).text for other in known}


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
        "compare them in Similar (F7); make yours teach something else, or say there why it is a variant (v)",
    )  # fmt: skip
