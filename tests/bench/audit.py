"""How long an audit takes and how much memory it needs, by the number of rows. Each size runs in a process of its own.

    python tests/bench/audit.py --rows 10000 100000

The rows are those of the tests: synthetic, about 1,100 bytes each, with the known defects of a foreign dataset planted
in proportion (375 questions in 766 of 9,922 rows, 60 rows with literal line ends, 22 fragments). Needs no network.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent.parent))


def main() -> None:
    """Print a line for each size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--compiler", default="builtin", help="the judge of the code")
    parser.add_argument("--copies", type=int, default=4_000, help="copies of one question, for the worst case")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("--make", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.make:
        _write(Path(given.make), given.rows[0])
        return
    if given.child:
        print(json.dumps(_measured(Path(given.child), given.compiler)))
        return
    print(f"{'rows':>9} {'MB':>7} {'seconds':>8} {'processor s':>12} {'peak MB':>8} {'findings':>9}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.jsonl"
        for rows in given.rows:
            # not here: a process begins with the peak of the one that starts it
            subprocess.run([sys.executable, __file__, "--make", str(path), "--rows", str(rows)], check=True)
            _print(path, given.compiler, f"{rows:>9}")
        if given.copies:
            with path.open("w", encoding="utf-8") as file:
                for number in range(given.copies):
                    file.write(_copy(number))
            _print(path, given.compiler, f"{given.copies:>9}")
            print(
                f"{'':>9} (the last line: one question and answer with another number in each of {given.copies} rows)"
            )


def _print(path: Path, compiler: str, label: str) -> None:
    command = [sys.executable, __file__, "--child", str(path), "--compiler", compiler]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    seconds, processor, peak, findings = json.loads(done.stdout)
    print(f"{label} {path.stat().st_size / 1e6:>7.1f} {seconds:>8.1f} {processor:>12.1f} {peak:>8.0f} {findings:>9}")


def _measured(path: Path, compiler: str) -> tuple[float, float, float, int]:
    """Seconds on the clock and of the processor, MB at the peak, findings."""
    from curator.rows.audit import audit
    from curator.rows.row_checks import Options

    began, worked = time.perf_counter(), time.process_time()
    report = audit(path, Options(compiler))  # type: ignore[arg-type]
    seconds, processor = time.perf_counter() - began, time.process_time() - worked
    return seconds, processor, _peak_mb(), sum(report.counts.values())


def _peak_mb() -> float:
    try:
        import resource
    except ImportError:  # Windows
        return float("nan")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak / 1e3


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
