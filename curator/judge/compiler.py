"""The one door to whoever judges BBj: the real compiler where it is installed, the built-in checker everywhere else.

Judges are never mixed in one figure: every verdict names its judge, and "auto" decides once for all sources of a call.
A missing compiler, a timeout or a crash is "no verdict", which is neither a pass nor a failure.
Importing this module starts nothing and loads no judge.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from curator.diagnostic import Diagnostic, Severity
from curator.errors import MissingError
from curator.judge import bbjcpl
from curator.judge.bbjcpl import COMPILER_CODES, find_bbjcpl
from curator.judge.process import Stoppable
from curator.judge.verdict import Source, Status, Verdict

__all__ = [
    "COMPILER_CODES",
    "CompilerChoice",
    "Disagreement",
    "Source",
    "Status",
    "Verdict",
    "compare",
    "find_bbjcpl",
    "judge",
    "judge_async",
    "judge_name",
]

CompilerChoice = Literal["auto", "bbjcpl", "bbj-ls", "builtin", "none"]

TIMEOUT_S = bbjcpl.TIMEOUT_S


def judge(sources: Sequence[Source], compiler: CompilerChoice = "auto", timeout_s: float = TIMEOUT_S) -> list[Verdict]:
    """One verdict per source, in order; many sources cost bbjcpl one call.

    "auto" is bbjcpl where it is found, else the built-in checker; "bbj-ls" (a running BBjServices) is used only when
    asked for. `timeout_s` is for one call of bbjcpl or one request to bbj-ls.
    Raises MissingError if a judge is asked for by name and not there.
    """
    return _judge(sources, compiler, timeout_s, Stoppable())


async def judge_async(source: Source, compiler: CompilerChoice = "auto", timeout_s: float = TIMEOUT_S) -> Verdict:
    """The verdict of one source without blocking the event loop; the pause in typing to wait for is the caller's.

    When the task is cancelled, the compiler and all it started are killed before the cancellation goes on.
    """
    import asyncio  # 40 ms; a command that judges a list of files never needs it

    runner = Stoppable()
    work = asyncio.get_running_loop().run_in_executor(None, _judge, [source], compiler, timeout_s, runner)
    try:
        return (await asyncio.shield(work))[0]
    except asyncio.CancelledError:
        runner.stop()
        if compiler in ("auto", "bbjcpl"):  # returns at once now; the other judges have nothing to clean up
            await asyncio.wait([work])
        work.add_done_callback(lambda done: done.cancelled() or done.exception())  # nobody asks for it any more
        raise


def judge_name(compiler: CompilerChoice = "auto") -> str:
    """The name that verdicts of this choice carry, without judging anything ("bbj-ls" may add its version)."""
    match compiler:
        case "auto":
            return bbjcpl.NAME if find_bbjcpl() else _built_in_name()
        case "builtin":
            return _built_in_name()
        case _:
            return compiler


@dataclass(frozen=True)
class Disagreement:
    """A source that one judge accepts and another rejects, with both verdicts: how the checker learns."""

    source: Source
    verdicts: tuple[Verdict, ...]

    def as_dict(self) -> dict[str, object]:
        """The fields as JSON values, the program included, so that an exported list can be judged again."""
        return {
            "path": self.source.path,
            "text": self.source.text,
            "verdicts": [verdict.as_dict() for verdict in self.verdicts],
        }


def compare(
    sources: Sequence[Source], judges: Sequence[CompilerChoice] = (), timeout_s: float = TIMEOUT_S
) -> list[Disagreement]:
    """The sources on which two judges disagree; without `judges`, the built-in checker and every other that is there.

    No verdict is no disagreement. Raises MissingError if there is nobody to compare with.
    """
    chosen = list(judges) or ["builtin", *_present()]
    if len(chosen) < 2:
        raise MissingError(f"nothing to compare the built-in checker with: {_NOT_FOUND}, and no BBjServices answers")
    columns = [judge(sources, choice, timeout_s) for choice in chosen]
    found = []
    for source, row in zip(sources, zip(*columns, strict=True), strict=True):
        if {Status.ACCEPTED, Status.REJECTED} <= {verdict.status for verdict in row}:
            found.append(Disagreement(source, row))
    return found


_NOT_FOUND = "no bbjcpl in $BBJ_HOME, $BBJHOME, PATH or " + ", ".join(bbjcpl.USUAL_PLACES)


def _judge(sources: Sequence[Source], compiler: CompilerChoice, timeout_s: float, runner: Stoppable) -> list[Verdict]:
    if compiler == "none":
        return [Verdict(Status.NO_VERDICT, "none", why="switched off") for _ in sources]
    if compiler == "bbj-ls":
        return _judge_bbjls(sources, timeout_s)
    found = None if compiler == "builtin" else find_bbjcpl()
    if found:
        verdicts = bbjcpl.verdicts(found, sources, timeout_s, runner)
        return [_with_hints(source, verdict) for source, verdict in zip(sources, verdicts, strict=True)]
    if compiler == "bbjcpl":
        raise MissingError(f"{_NOT_FOUND}; set BBJ_HOME to the BBj folder, or use the built-in checker")
    return [_judge_built_in(source) for source in sources]


def _judge_bbjls(sources: Sequence[Source], timeout_s: float) -> list[Verdict]:
    from curator.judge import bbjls  # http.client and json, 30 ms

    if not bbjls.answers():
        raise MissingError(
            f"no BBjServices with the syntax check answers on 127.0.0.1:{bbjls.port()}; start BBjServices 26.03 or "
            "later, or use the built-in checker"
        )
    return bbjls.verdicts(sources, min(timeout_s, bbjls.TIMEOUT_S))


def _judge_built_in(source: Source) -> Verdict:
    from curator.bbj.check import accepted, check  # the checker's tables, not needed where bbjcpl judges

    diagnostics = check(source.text, source.path)
    status = Status.ACCEPTED if accepted(diagnostics) else Status.REJECTED
    return Verdict(status, _built_in_name(), tuple(diagnostics))


def _built_in_name() -> str:
    from curator.bbj.check import CHECKER_VERSION

    return f"built-in {CHECKER_VERSION}"


def _with_hints(source: Source, verdict: Verdict) -> Verdict:
    """bbjcpl gives no reason for a syntax error; where the built-in checker has one for that line, it is the hint."""
    if not any(d.code == "E801" for d in verdict.diagnostics):
        return verdict
    from curator.bbj.check import check

    reasons: dict[int, Diagnostic] = {}
    for own in check(source.text, source.path):
        if own.severity is Severity.ERROR:
            reasons.setdefault(own.line, own)
    return replace(verdict, diagnostics=tuple(_with_hint(d, reasons.get(d.line)) for d in verdict.diagnostics))


def _with_hint(diagnostic: Diagnostic, reason: Diagnostic | None) -> Diagnostic:
    if diagnostic.code != "E801" or reason is None:
        return diagnostic
    hint = f"{reason.code} {reason.message}" + (f"; {reason.hint}" if reason.hint else "")
    return replace(diagnostic, column=reason.column, end=reason.end, hint=hint)


def _present() -> Iterable[CompilerChoice]:
    """The judges besides the built-in one that are there now."""
    from curator.judge import bbjls

    if find_bbjcpl():
        yield "bbjcpl"
    if bbjls.answers():
        yield "bbj-ls"
