"""The whole loop on the embedded model, as `make demo` runs it: the same commands a user types, timed.

Try it: `python -m trainer.demo --out demo`
"""

import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import click

from curator import output
from curator.corpus import find_root
from curator.errors import CuratorError, ExitCode

CONFIG = "smollm2-135m"
# Of the 101 cases, spread over types and generations: generating is half of the demo's time. `trainer eval` takes all.
CASES = 60


def steps(corpus: Path, out: Path) -> list[tuple[str, Sequence[str], frozenset[ExitCode]]]:
    """What is done, the command, and the exit codes after which the loop goes on."""
    fine = frozenset({ExitCode.OK})
    dataset, run, evaluation = str(out / "dataset"), str(out / "run"), str(out / "evaluation")
    return [
        ("validate the corpus", ("curator", "validate", str(corpus)), fine),
        ("report near-duplicates", ("curator", "dedupe", str(corpus)), fine | {ExitCode.FINDINGS}),
        ("convert to a dataset", ("curator", "convert", str(corpus), "--out", dataset), fine),
        ("train both stages", ("trainer", "run", CONFIG, "--data", dataset, "--out", run), fine),
        ("evaluate base and tuned", ("trainer", "eval", run, "--out", evaluation, "--limit", str(CASES)), fine),
    ]


@click.command()
@click.option("--out", type=click.Path(path_type=Path), default=Path("demo"), show_default=True)
def demo(out: Path) -> ExitCode:
    """Validate, deduplicate, convert, train two stages, evaluate, report."""
    corpus = find_root(Path.cwd())
    corpus = corpus.relative_to(Path.cwd()) if corpus.is_relative_to(Path.cwd()) else corpus
    if (out / "run").exists():
        output.say(f"removing the run of an earlier demo: {out / 'run'}")
        shutil.rmtree(out / "run")
    todo = steps(corpus, out)
    times = []
    for number, (title, command, may) in enumerate(todo, 1):
        output.say(f"\n== {number} of {len(todo)}: {title}\n   {' '.join(command)}")
        started = time.monotonic()
        code = subprocess.run([_script(command[0]), *command[1:]]).returncode
        times.append((title, time.monotonic() - started))
        if code not in may:
            raise CuratorError(f"{' '.join(command)} ended with {code}; the messages above say why")
    total = sum(seconds for _, seconds in times)
    output.say("")
    output.table("time of each step", ["step", "seconds"], [(t, f"{s:.1f}") for t, s in [*times, ("all", total)]])
    output.say(f"report: {(out / 'evaluation' / 'report.html').as_posix()}")
    return ExitCode.OK


def _script(name: str) -> str:
    """The console script beside this Python, so that an unactivated environment works on every system."""
    found = shutil.which(name, path=str(Path(sys.executable).parent))
    if not found:
        raise CuratorError(f"no {name} beside {sys.executable}; install the project: pip install -e '.[train]'")
    return found


if __name__ == "__main__":
    from curator.cli import run

    sys.exit(run(demo, "demo"))
