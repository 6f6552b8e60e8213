"""How many single defects the checker finds, and whether it points at the right line.

Real programs are damaged one defect at a time, in the ways models and people damage them (`damage.py` has the kinds
and says of each why the result is no BBj), and checked. Only programs the checker accepts are damaged, so that every
error found is the damage. Missing ENDIF, NEXT, WEND, FNEND are legal for bbjcpl: there a warning counts, apart.

"line": the first new error stands on the damaged physical line. For a deleted line there is no such line: the opening
line of its block and the line where the lack becomes visible count. "logical" also takes the other physical lines of
a continued line.
Run: `python tests/bench/mutation.py [folder] [--seed 1] [--per-kind 150] [--misses file.md]`
"""

import argparse
import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from curator.bbj.check import accepted, check
from curator.bbj.logical import physical_lines
from curator.diagnostic import Diagnostic, Severity
from curator.example import parse
from tests.bench.damage import BALANCE, KINDS, Mutant, Program

ROOT = Path(__file__).parents[2]


def programs(folder: Path) -> Iterator[tuple[str, str]]:
    """BBj files, and the BBj fences of Markdown examples."""
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in (".bbj", ".src", ".bbx", ".bbjt"):
            yield str(path.relative_to(folder)), _decoded(path.read_bytes())
        elif path.suffix == ".md":
            example = parse(path.read_text(encoding="utf-8"))
            for number, block in enumerate(example.bbj_blocks, 1):
                yield f"{path.relative_to(folder)}#{number}", block.text


def _decoded(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folder", nargs="?", type=Path, default=ROOT / "training-data")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--per-kind", type=int, default=150, help="at most so many mutants of a kind")
    options.add_argument("--misses", type=Path, help="write every miss, grouped by kind, to this Markdown file")
    given = options.parse_args()
    rng = random.Random(given.seed)

    texts = [(path, "\n".join(physical_lines(text))) for path, text in programs(given.folder)]
    base = [(Program(path, text), check(text)) for path, text in texts if len(text) < 200_000]
    base = [(program, diagnostics) for program, diagnostics in base if accepted(diagnostics)]
    print(f"{len(base)} programs of {given.folder}; {len(texts) - len(base)} left out, not accepted as they are\n")
    print(f"{'kind':38}{'mutants':>8}{'found':>8}{'line':>8}{'logical':>9}")

    report = "# Misses of the mutation bench\n"
    total = Score()
    for name, (function, why) in KINDS.items():
        sites = [(*entry, mutant) for entry in base for mutant in function(entry[0])]
        chosen = sites if len(sites) <= given.per_kind else rng.sample(sites, given.per_kind)
        score = Score()
        for program, before, mutant in chosen:
            score.add(program, before, mutant, warning=name == BALANCE)
        print(f"{name:38}{score.count:8}{score.shares()}")
        if name != BALANCE:
            total.join(score)
        if score.misses:
            report += f"\n## {name}: {len(score.misses)} of {score.count}\n\nNo BBj because: {why}\n\n"
            report += "\n".join(score.misses) + "\n"
    print(f"\n{total.count} mutants of {len(KINDS) - 1} kinds, warnings apart: found {total.found / total.count:.2%};")
    print(f"of the found, the first error is on the damaged line in {total.on_line / total.found:.2%}, ", end="")
    print(f"on its logical line in {total.on_logical / total.found:.2%}")
    if given.misses:
        given.misses.write_text(report, encoding="utf-8")


@dataclass
class Score:
    """Counts of one kind, or of all."""

    count: int = 0
    found: int = 0
    on_line: int = 0
    on_logical: int = 0
    misses: list[str] = field(default_factory=list)

    def add(self, program: Program, before: list[Diagnostic], mutant: Mutant, warning: bool) -> None:
        """Check one mutant and count what the checker says of it."""
        after = mutant.apply(program.physical)
        diagnostics = check("\n".join(after))
        if warning:  # the program had none before
            new = [d for d in diagnostics if d.code.startswith("W5")]
        else:
            known = {(d.code, d.message) for d in before}
            new = [d for d in diagnostics if d.severity is Severity.ERROR and (d.code, d.message) not in known]
        right = bool(new) and new[0].line in (mutant.damaged, *mutant.also)
        self.count += 1
        self.found += bool(new)
        self.on_line += right
        self.on_logical += right or (bool(new) and _same_logical(after, mutant.damaged, new[0].line))
        if not right:
            self.misses.append(_miss(program, mutant, after, new[0] if new else None))

    def join(self, other: "Score") -> None:
        self.count += other.count
        self.found += other.found
        self.on_line += other.on_line
        self.on_logical += other.on_logical

    def shares(self) -> str:
        values = (self.found, self.on_line, self.on_logical)
        return "".join(f"{value / self.count:8.1%}" if self.count else "       -" for value in values)


def _same_logical(lines: list[str], one: int, other: int) -> bool:
    """True if both physical lines belong to one logical line."""
    low, high = min(one, other), max(one, other)
    return all(lines[number].startswith(":") for number in range(low, high))


def _miss(program: Program, mutant: Mutant, after: list[str], said: Diagnostic | None) -> str:
    whole = "(deleted) " + program.physical[mutant.line - 1].strip()
    shown = whole if mutant.new is None else after[mutant.damaged - 1].strip()
    said_text = f"{said.code} at line {said.line}: {said.message}" if said else "NOT FOUND"
    return f"- {program.path}:{mutant.damaged}: `{shown[:140]}`\n  - {said_text}"


if __name__ == "__main__":
    main()
