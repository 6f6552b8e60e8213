"""Throws seeded nonsense at the checker, the lexer for colours and the generation detection, and times it.

Random bytes, soups of BBj tokens, real programs cut and spliced, and characters or fragments repeated or nested up to
`--size`. It prints how many texts each kind had, the slowest rate, and every exception or broken promise (diagnostics
out of order, a place outside the text, two runs that differ, a character lost by the colours). Exit status 1 if any.
Run: `python tests/bench/fuzz.py [folder] [--seed 1] [--rounds 300] [--size 200000]`
"""

import argparse
import random
import sys
import time
import traceback
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from curator.bbj import words
from curator.bbj.check import check
from curator.bbj.generation import contradictions, detect
from curator.bbj.highlight import BBjLexer
from curator.bbj.logical import physical_lines
from curator.diagnostic import Diagnostic
from tests.bench.mutation import programs

ROOT = Path(__file__).parents[2]
PIECES = [
    *sorted(words.VERBS | words.BLOCK_WORDS | words.FRAME_WORDS | words.FUNCTIONS | words.ACCESS_LEVELS),
    *"()[],.:;!#?@+-*/^<>=\"'$%&{}|\\`~_é",
    *("<=", ">=", "<>"),
    *("a", "b$", "c!", "d%", "1", "1.5", "65535", '"text"', '""', "$0D$", "'CS'", "::a.bbj::B", "err=", "*next"),
    "rem x",
    *("\n", "\n", "\n", "\n:", "\r\n", "\t", " ", " ", "\x00", "\x1a", "\ufeff", "\u2028", "label:", "10 "),
]  # fmt: skip
REPEATED = [
    "(", ")", "[", '"', '""', ":", ";", "'", "$", "!", ".", ",", "=", "a", "1", " ", "\n", "\n:", "\r", "#", "-", "é",
    "@(", "a(", "a.", "a+", "not ", "if a then ", "if ", "else ", "class public A\n", "method public void a()\n",
    "a=1;", "a: ", "goto ", 'print "a",', "def fna(", "for i=1 to ", "switch a\n", "case 1\n", "(a$)(",
    "rem ", "::", "a::b", "new a(", "10 ", "10:", "a$=a$+", "x!.y(", "dim a[", "[1:", "err=", ",err=*next",
    "\x00", "\U0001f600", "a\n", '"\n', "(\n",
]  # fmt: skip


def texts(folder: Path, rng: random.Random, rounds: int, size: int) -> Iterator[tuple[str, str]]:
    """(kind, text) of everything tried."""
    real = [text for _, text in programs(folder)]
    lines = [line for text in real for line in physical_lines(text)] or ["print 1"]
    for _ in range(rounds):
        raw = rng.randbytes(rng.randrange(1, 2000))
        yield "random bytes", raw.decode("utf-8", "surrogateescape") if rng.random() < 0.5 else raw.decode("latin-1")
        yield "random ASCII", "".join(chr(rng.choice((10, *range(32, 127)))) for _ in range(rng.randrange(1, 1500)))
        joint = rng.choice(("", " ", " "))
        yield "token soup", joint.join(rng.choices(PIECES, k=rng.randrange(1, 400)))
        yield "lines spliced", "\n".join(rng.choices(lines, k=rng.randrange(1, 120)))
        one, two = rng.choice(real or [""]), rng.choice(real or [""])
        yield (
            "programs spliced",
            one[: rng.randrange(len(one) + 1)][-20_000:] + two[rng.randrange(len(two) + 1) :][:20_000],
        )
        text = list(rng.choice(real or [""])[:20_000])
        for _ in range(rng.randrange(1, 30)):
            if text:
                text[rng.randrange(len(text))] = rng.choice(("", *PIECES))
        yield "program with holes", "".join(text)
    for piece in REPEATED:
        yield "repeated", piece * (size // len(piece))
    for opening, closing in ("()", "[]", ("a(", ")"), ("(1+", ")"), ("if a then ", " fi"), ("x![", "]")):
        yield "nested", "a=" + opening * (size // 2) + "1" + closing * (size // 2)
    yield "real lines as one", "".join(line.strip() for line in lines)[:size]


def broken_promises(text: str, diagnostics: list[Diagnostic]) -> list[str]:
    """What is wrong with the answers on this text."""
    found = []
    rows = physical_lines(text)
    places = [(d.line, d.column) for d in diagnostics]
    if places != sorted(places):
        found.append("diagnostics out of order")
    for d in diagnostics:
        if not (1 <= d.line <= len(rows) and 1 <= d.column <= len(rows[d.line - 1]) + 1):
            found.append(f"{d.code} at {d.line}:{d.column}, outside the text")
        if d.end is not None and d.end <= d.column:
            found.append(f"{d.code} ends at {d.end} before it begins at {d.column}")
    if len(text) < 50_000:
        if check(text) != diagnostics:
            found.append("two runs differ")
        if "".join(piece for _, _, piece in BBjLexer().get_tokens_unprocessed(text)) != text:
            found.append("the colours lose or change characters")
        contradictions(["all"], detect(text))
    return found


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folder", nargs="?", type=Path, default=ROOT / "training-data")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--rounds", type=int, default=300)
    options.add_argument("--size", type=int, default=200_000, help="of the repeated and nested texts, in characters")
    given = options.parse_args()
    counts: dict[str, list[float]] = {}  # kind -> texts, characters, seconds, most seconds for one
    slowest: tuple[float, str] = (0.0, "")
    failures = 0
    for kind, text in texts(given.folder, random.Random(given.seed), given.rounds, given.size):
        start = time.perf_counter()
        try:
            diagnostics = check(text)
            seconds = time.perf_counter() - start
            problems = broken_promises(text, diagnostics)
        except Exception:  # a fuzzer's whole purpose: any exception is a finding, and the next text is tried
            seconds = time.perf_counter() - start
            problems = [traceback.format_exc(limit=-3)]
        row = counts.setdefault(kind, [0, 0, 0, 0])
        row[0], row[1], row[2], row[3] = row[0] + 1, row[1] + len(text), row[2] + seconds, max(row[3], seconds)
        if len(text) > 100_000:
            slowest = max(slowest, (seconds / len(text) * 1e6, f"{kind}: {text[:20]!r}..., {len(text):,} characters"))
        for problem in problems[:3]:
            failures += 1
            print(f"FAILED on {kind}, {text[:80]!r}: {problem}")
    print(f"{'kind':24}{'texts':>8}{'MB':>8}{'MB/s':>8}{'slowest s':>11}")
    for kind, (number, size, seconds, longest) in counts.items():
        print(f"{kind:24}{number:8.0f}{size / 1e6:8.2f}{size / 1e6 / max(seconds, 1e-9):8.2f}{longest:11.3f}")
    print(f"\nslowest large text: {slowest[0]:.2f} s per million characters, {slowest[1]}")
    print(f"{failures} failures" if failures else "no failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
