"""What decides which of several near-duplicates is kept: what the judge says, how much they explain, how old they are.

Loads no NumPy: the processes that judge many documents import this module.
"""

from collections.abc import Sequence
from contextlib import closing
from functools import partial

from curator import processes
from curator.batch import PARALLEL_FROM
from curator.checks import check_corpus, check_each
from curator.diagnostic import Severity
from curator.duplicates.collection import Collection, Record
from curator.judge.compiler import CompilerChoice, Source, Status, judge, judge_name
from curator.progress import Progress
from curator.similarity.stars import Standing

_CHUNK = 250
_NOT_CHECKED, _FAILS = 2, 3


def standings(
    collection: Collection,
    records: Sequence[Record],
    compiler: CompilerChoice,
    jobs: int = 0,
    progress: Progress | None = None,
) -> dict[str, Standing]:
    """The standing of each document by its key. `jobs` is the number of processes, 0 for all processors."""
    verdicts = dict.fromkeys((r.key for r in records), _NOT_CHECKED)
    asked = [r for r in records if r.example or r.programs]
    alone = not judge_name(compiler).startswith(("built-in", "none"))  # others get all programs in one call
    size = max(1, len(asked)) if alone else _CHUNK
    chunks = [asked[start : start + size] for start in range(0, len(asked), size)]
    number = processes.count(jobs) if len(asked) >= PARALLEL_FROM and len(chunks) > 1 else 1
    with closing(processes.in_order(partial(_verdicts, compiler=compiler), chunks, number)) as parts:
        for done, part in enumerate(parts, 1):
            verdicts |= part
            if progress:
                progress("judged", min(done * size, len(asked)), len(asked))
    examples = [r.key for r in records if r.example]
    bad = {d.path for d in check_corpus(examples) if d.severity is Severity.ERROR} if examples else set()
    verdicts |= dict.fromkeys(bad & verdicts.keys(), _FAILS)
    return {r.key: Standing(verdicts[r.key], r.richness, collection.age_of(r)) for r in records}


def _verdicts(records: Sequence[Record], compiler: CompilerChoice) -> dict[str, int]:
    """`Standing.verdict` of each document: of examples by all their checks, of others by their programs alone."""
    good = 0 if judge_name(compiler).startswith("bbjcpl") else 1
    examples = [record.example for record in records if record.example]
    bad = {d.path for d in check_each(examples, compiler) if d.severity is Severity.ERROR}
    sources = [Source(record.key, program) for record in records for program in record.programs]
    worst: dict[str, int] = {}
    for source, verdict in zip(sources, judge(sources, compiler) if sources else (), strict=True):
        rank = {Status.ACCEPTED: good, Status.REJECTED: _FAILS}.get(verdict.status, _NOT_CHECKED)
        worst[source.path] = max(rank, worst.get(source.path, 0))
    checked = _NOT_CHECKED if compiler == "none" else good
    return {r.key: (_FAILS if r.key in bad else checked) if r.example else worst[r.key] for r in records}
