"""How well the built-in BBj checker agrees with known verdicts, and how fast it is.

    python tests/bench/checker.py FOLDER... [--disagreements] [--no-speed]

Each folder is a set. What is expected of its files comes from what lies in it:
- `manifest.jsonl` with rows {"file", "expected": "accept"|"reject"} (verdicts of the real compiler),
- or `manifest.jsonl` with rows {"file"} and perhaps "known_to_be_rejected_by_bbjcpl": real programs, expected to be
  accepted but for those,
- or a file `probes.jsonl` with rows {"id", "code", "expect": "accept"|"reject"|"unknown", "basis"},
- or nothing: every .bbj, .bbjt, .bbx and .src file below, expected to be accepted.
A folder may hold several of these; each is reported as a set of its own.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from curator.bbj import statements
from curator.bbj.check import accepted, check
from curator.diagnostic import Diagnostic, Severity

SUFFIXES = {".bbj", ".bbjt", ".bbx", ".src"}


@dataclass(frozen=True)
class Case:
    """One program with what is expected of it: True accepted, False rejected, None unknown."""

    name: str
    text: str
    expected: bool | None
    group: str


def read(path: Path) -> str:
    """The text of a program in UTF-8, or else Latin-1."""
    data = path.read_bytes()
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def sets(folder: Path) -> Iterator[tuple[str, list[Case]]]:
    """The sets of cases in a folder."""
    if folder.is_file():
        yield str(folder.name), probes(folder)
        return
    manifests = sorted(folder.rglob("manifest.jsonl"))
    for manifest in manifests:
        yield manifest.parent.name, from_manifest(manifest)
    for file in sorted(folder.rglob("probes.jsonl")):
        yield file.name, probes(file)
    if not manifests:
        files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
        if files:
            yield folder.name, [Case(str(file.relative_to(folder)), read(file), True, "real") for file in files]


def from_manifest(manifest: Path) -> list[Case]:
    """The cases of a manifest.jsonl."""
    cases = []
    for line in manifest.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        expected = row.get("expected", "reject" if row.get("known_to_be_rejected_by_bbjcpl") else "accept")
        text = read(manifest.parent / row["file"])
        cases.append(Case(row["file"], text, expected == "accept", expected))
    return cases


def probes(file: Path) -> list[Case]:
    """The cases of a probes.jsonl."""
    cases = []
    for line in file.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        expected = None if row["expect"] == "unknown" else row["expect"] == "accept"
        cases.append(Case(row["id"], row["code"], expected, f"{row['expect']}, basis {row['basis']}"))
    return cases


def report(name: str, cases: list[Case], show_all: bool) -> None:
    """Print one set: counts, agreement by group, disagreements, speed."""
    statements._parse_cached.cache_clear()
    start = time.perf_counter()
    results = [(case, check(case.text, case.name)) for case in cases]
    seconds = time.perf_counter() - start
    size = sum(len(case.text) for case in cases)
    yes = sum(accepted(found) for _, found in results)
    print(f"\n{name}: {len(cases)} files, {yes} accepted, {len(cases) - yes} rejected, {size / seconds / 1e6:.2f} MB/s")
    groups: dict[str, list[bool]] = {}
    for case, found in results:
        if case.expected is not None:
            groups.setdefault(case.group, []).append(accepted(found) == case.expected)
    for group, agreed in sorted(groups.items()):
        print(f"  {group:24} {sum(agreed):5} of {len(agreed):5} agree  {sum(agreed) / len(agreed):7.2%}")
    for case, found in results:
        if case.expected is not None and accepted(found) != case.expected:
            wanted = "accepted" if case.expected else "rejected"
            print(f"  disagreement: {case.name} should be {wanted}: {first_error(found)}")
        elif case.expected is None and show_all:
            print(f"  unknown: {case.name}: {'accepted' if accepted(found) else first_error(found)}")


def first_error(found: list[Diagnostic]) -> str:
    """The first error of a file, or "no error"."""
    errors = [d for d in found if d.severity is Severity.ERROR]
    return f"{errors[0].line}:{errors[0].column} {errors[0].code} {errors[0].message}" if errors else "no error"


def linear_time() -> None:
    """Print the time for texts of 10 KB to 10 MB made of one program with changing numbers."""
    print("\ntime by size (a program repeated with ever new names, so that no line is remembered)")
    for kilobytes in (10, 100, 1_000, 10_000):
        text = program(kilobytes * 1000)
        statements._parse_cached.cache_clear()
        start = time.perf_counter()
        check(text)
        seconds = time.perf_counter() - start
        print(f"  {len(text) / 1e6:7.2f} MB {seconds:8.3f} s {len(text) / seconds / 1e6:6.2f} MB/s")


def program(size: int) -> str:
    """A program of about `size` characters without a line that occurs twice."""
    blocks: list[str] = []
    length = 0
    while length < size:
        n = len(blocks)
        block = (
            f"rem step {n}\n"
            f'name{n}$ = cvs(customer{n}.name$, 3) + " (" + str(n{n}:"000") + ")"\n'
            f'if total{n} > {n} and name{n}$ <> "" then\n'
            f"    total{n} = total{n - 1} + num(amount{n}$, err=*next) * 1.5\n"
            f'    window!.addButton({n}, 10, 20, 80, 24, "Button {n}").setCallback(api!.ON_PUSH, #this!, "push{n}")\n'
            "endif\n"
            f'print (0)@({n % 80},{n % 24}),"line {n}",name{n}$:"##0.00",\n'
        )
        blocks.append(block)
        length += len(block)
    return "".join(blocks)


def keystroke() -> None:
    """Print the time of checking a 500-line program again after each of 50 keystrokes."""
    lines = program(22_000).split("\n")[:500]
    check("\n".join(lines))
    times = []
    for n in range(50):
        lines[250] = "value = " + "x" * (n + 1)
        text = "\n".join(lines)
        start = time.perf_counter()
        check(text)
        times.append(time.perf_counter() - start)
    times.sort()
    print(f"\n500 lines after a keystroke: median {times[25] * 1000:.1f} ms, slowest {times[-1] * 1000:.1f} ms")


def process() -> None:
    """Print the time from the start of a process to the verdict on one small file."""
    code = "from curator.bbj.check import check; check('print 1 == 2')"
    times = []
    for _ in range(7):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])
        times.append(time.perf_counter() - start)
    times.sort()
    print(f"start of a process to verdict: median {times[3] * 1000:.0f} ms, slowest {times[-1] * 1000:.0f} ms")


def main() -> None:
    """Read the options and print everything."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--disagreements", action="store_true", help="also list what happens to cases without verdict")
    parser.add_argument("--no-speed", action="store_true", help="only agreement")
    options = parser.parse_args()
    for folder in options.folders:
        for name, cases in sets(folder):
            report(name, cases, options.disagreements)
    if not options.no_speed:
        linear_time()
        keystroke()
        process()


if __name__ == "__main__":
    main()
