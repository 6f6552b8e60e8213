"""How long `curator validate` takes over a large corpus, on all processors and on one.

    python tests/bench/validate.py [--examples 10000]

The corpus is made of the shipped examples: each copy has a number in its title and in every line of its code that ends
with a string, so that no program is the same as another and little can be kept from one to the next.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]


def make(folder: Path, count: int) -> None:
    """`count` examples below `folder`/training-data, in the topics of the shipped ones."""
    shipped = sorted((ROOT / "training-data").glob("*/*.md"))
    for number in range(count):
        source = shipped[number % len(shipped)]
        text = source.read_text("utf-8").replace("rem ", f"rem {number} ", 1)
        text = re.sub(r'(?m)"$', f' {number}"', text)
        target = folder / "training-data" / source.parent.name / f"{source.stem}-n{number}.md"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")


def seconds(folder: Path, *prefix: str) -> tuple[float, str]:
    """Wall time of the command as a process, and its last line."""
    command = [*prefix, sys.executable, "-c", "from curator.cli import main; main()"]
    started = time.perf_counter()
    done = subprocess.run(
        [*command, "validate", "--compiler", "builtin", str(folder / "training-data")],
        capture_output=True, text=True, check=False, cwd=ROOT,
    )  # fmt: skip
    return time.perf_counter() - started, (done.stderr.strip().splitlines() or [""])[-1]


def main() -> None:
    """Print wall times."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--examples", type=int, default=10_000)
    count = parser.parse_args().examples
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(folder, count)
        taken, said = seconds(folder)
        print(f"{count} examples, {os.cpu_count()} processors: {taken:.1f} s ({said})")
        if sys.platform.startswith("linux"):
            taken, _ = seconds(folder, "taskset", "-c", "0")
            print(f"{count} examples, one processor: {taken:.1f} s")


if __name__ == "__main__":
    main()
