"""How long an audit takes and how much memory it needs, by the number of rows. Each size runs in a process of its own.

    python tests/bench/audit.py --rows 10000 100000 300000 --jobs 1 2

The rows are those of the tests: synthetic, about 1,100 bytes each, with the known defects of a foreign dataset planted
in proportion (375 questions in 766 of 9,922 rows, 60 rows with literal line ends, 22 fragments). Needs no network.
Processor seconds are those of all processes; the peaks are those of the process that reads and of the largest worker.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent.parent))


def main() -> None:
    """Print a line for each size and number of jobs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--jobs", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--compiler", default="builtin", help="the judge of the code")
    parser.add_argument("--copies", type=int, default=20_000, help="copies of one question, for the worst case")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("--make", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.make:
        _write(Path(given.make), given.rows[0])
        return
    if given.child:
        print(json.dumps(_measured(Path(given.child), given.compiler, given.jobs[0])))
        return
    print(f"{'rows':>9} {'MB':>7} {'jobs':>5} {'seconds':>8} {'processor s':>12} {'peak MB':>8} {'of a worker':>12} "
          f"{'findings':>9}")  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.jsonl"
        for rows in given.rows:
            # not here: a process begins with the peak of the one that starts it
            subprocess.run([sys.executable, __file__, "--make", str(path), "--rows", str(rows)], check=True)
            for jobs in given.jobs:
                _print(path, given.compiler, rows, jobs)
        if given.copies:
            with path.open("w", encoding="utf-8") as file:
                for number in range(given.copies):
                    file.write(_copy(number))
            print("one question and answer with another number in each row:")
            _print(path, given.compiler, given.copies, given.jobs[-1])


def _print(path: Path, compiler: str, rows: int, jobs: int) -> None:
    command = [sys.executable, __file__, "--child", str(path), "--compiler", compiler, "--jobs", str(jobs)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    seconds, processor, peak, worker, findings = json.loads(done.stdout)
    print(
        f"{rows:>9} {path.stat().st_size / 1e6:>7.1f} {jobs:>5} {seconds:>8.1f} {processor:>12.1f} {peak:>8.0f} "
        f"{worker if jobs > 1 else 0:>12.0f} {findings:>9}",
        flush=True,
    )


def _measured(path: Path, compiler: str, jobs: int) -> tuple[float, float, float, float, int]:
    """Seconds on the clock and of the processors, MB at the peak here and in the largest worker, findings."""
    from curator.rows.audit import audit
    from curator.rows.row_checks import Options

    began = time.perf_counter()
    report = audit(path, Options(compiler), jobs=jobs)  # type: ignore[arg-type]
    seconds, used = time.perf_counter() - began, os.times()
    processor = used.user + used.system + used.children_user + used.children_system
    return seconds, processor, *_peaks_mb(), len(report.findings)


def _peaks_mb() -> tuple[float, float]:
    try:
        import resource
    except ImportError:  # Windows
        return float("nan"), float("nan")
    unit = 1e6 if sys.platform == "darwin" else 1e3
    mine, workers = (
        resource.getrusage(who).ru_maxrss / unit for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return mine, workers


def _write(path: Path, rows: int) -> None:
    from tests.curator.planted_rows import planted

    share = rows / 9922
    groups = round(375 * share)
    grouped = max(round(766 * share), 2 * groups)
    planted(rows, groups, grouped, round(60 * share), round(22 * share)).write(path)


def _copy(number: int) -> str:
    from tests.curator.planted_rows import row

    question = f"Write a program that reads all the orders of one customer and prints them, number {number}."
    return row(question, f"It reads the orders and prints every one of them to the screen, {number}.") + "\n"


if __name__ == "__main__":
    main()
