"""Work in other processes: the same results for every number of them, and nobody is left behind when it stops."""

import gzip
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from operator import neg
from pathlib import Path

import pytest

from curator import processes
from curator.cli import cli, run
from curator.errors import CuratorError
from curator.rows import checking
from tests.curator import bbj_home
from tests.curator.planted_rows import planted, row

UNIX = pytest.mark.skipif(sys.platform == "win32", reason="process groups and signals of Unix")


def test_results_come_in_order_and_few_items_are_taken_ahead():
    taken = []

    def items() -> Iterator[int]:
        for number in range(100):
            taken.append(number)
            yield number

    with closing(processes.in_order(neg, items(), 2)) as results:
        assert [next(results) for _ in range(3)] == [0, -1, -2]
        assert len(taken) < 10


def test_what_a_worker_raises_is_raised_here():
    with pytest.raises(ZeroDivisionError):
        list(processes.in_order((1).__truediv__, [1, 0], 2))


def test_a_worker_that_the_system_ends_is_an_error_that_says_what_to_do():
    with pytest.raises(CuratorError, match="--jobs 1"):
        list(processes.in_order(os._exit, [1, 1], 2))


@pytest.fixture
def many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A packed file of so many chunks that other processes are started."""
    monkeypatch.setattr(checking, "CHUNK_ROWS", 20)
    made = planted(rows=300, groups=15, grouped_rows=32, literal=12, fragments=9, seed=5)
    made.add("{")
    path = tmp_path / "rows.jsonl.gz"
    path.write_bytes(gzip.compress(("\n".join(made.lines) + "\n").encode()))
    return path


def test_an_audit_is_the_same_for_every_number_of_jobs(many, tmp_path, capsys):
    seen = []
    for jobs in ("1", "3"):
        out, page = tmp_path / jobs / "clean.jsonl", tmp_path / jobs / "report.html"
        arguments = ["audit", str(many), "--jobs", jobs, "--compiler", "builtin", "--format", "json"]
        assert run(cli, "curator", [*arguments, "--fix", str(out), "--html", str(page)]) == 1
        files = [path.read_bytes() for path in (out, out.parent / "removed.jsonl", page)]
        seen.append((files, capsys.readouterr().out))
    assert seen[0] == seen[1]


def test_an_import_is_the_same_for_every_number_of_jobs(many, tmp_path, capsys):
    seen = []
    for jobs in ("1", "2"):
        folder = tmp_path / jobs
        arguments = ["import", str(many), "--corpus", str(folder), "--jobs", jobs, "--limit", "150"]
        assert run(cli, "curator", arguments) == 0
        capsys.readouterr()
        seen.append({path.relative_to(folder): path.read_bytes() for path in folder.rglob("*.md")})
    assert seen[0] == seen[1] and len(seen[0]) == 150


def test_a_small_file_starts_no_process(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text(row("What does END do in a BBj program?", "It ends the program and closes the files.") + "\n")
    script = (
        "import sys\nfrom curator.cli import cli, run\n"
        f"assert run(cli, 'curator', ['audit', {str(path)!r}, '--compiler', 'builtin', '--jobs', '8']) == 0\n"
        "assert 'concurrent.futures.process' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """An audit at work in two workers, in a process group of its own; it writes beside an older result."""
    path = tmp_path / "rows.jsonl"
    line = row("What does END do in a BBj program?", "```bbj\nrem Print\nprint 1\n```\n\nIt prints a number.")
    path.write_text("".join(line.replace("number", f"number {n}") + "\n" for n in range(60_000)), "utf-8")
    (tmp_path / "clean.jsonl").write_text("old")
    arguments = ["audit", str(path), "--jobs", "2", "--compiler", "builtin", "--fix", str(tmp_path / "clean.jsonl")]
    script = f"import sys; from curator.cli import cli, run; sys.exit(run(cli, 'curator', {arguments!r}))"
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
        deadline = time.monotonic() + 60
        while not any(draft.stat().st_size for draft in tmp_path.glob(".clean*.tmp")):
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.05)
        yield process
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)


@UNIX
@pytest.mark.parametrize("kill", [os.killpg, os.kill], ids=["all", "the parent alone"])
def test_ctrl_c_stops_a_compiler_that_hangs_in_a_worker(tmp_path, kill):
    home, path = tmp_path / "bbj", tmp_path / "rows.jsonl"
    bbj_home.install(home)
    line = row("What does END do in a BBj program?", "```bbj\nrem (hangs\nprint 1\n```\n\nIt prints a number.")
    path.write_text("".join(line.replace("number", f"number {n}") + "\n" for n in range(2200)), "utf-8")
    script = f"import sys; from curator.cli import cli, run; sys.exit(run(cli, 'curator', ['audit', {str(path)!r}]))"
    environment = {**os.environ, "BBJ_HOME": str(home)}
    with subprocess.Popen(
        [sys.executable, "-c", script], stderr=subprocess.PIPE, text=True, start_new_session=True, env=environment
    ) as process:
        deadline = time.monotonic() + 60
        while not (home / "children").exists():
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.05)
        kill(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=30)
    assert (process.returncode, said.strip()) == (130, "curator: stopped")
    assert bbj_home.all_killed(home)


def assert_ends(group: int) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        assert time.monotonic() < deadline, "a process of the group still runs"
        time.sleep(0.05)


@UNIX
def test_ctrl_c_ends_the_workers_and_leaves_the_old_file(running, tmp_path):
    os.killpg(running.pid, signal.SIGINT)
    _, said = running.communicate(timeout=30)
    assert running.returncode == 130
    assert said.strip() == "curator: stopped"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["clean.jsonl", "rows.jsonl"]
    assert (tmp_path / "clean.jsonl").read_text() == "old"
    assert_ends(running.pid)


@UNIX
def test_an_interrupt_of_the_parent_alone_ends_the_workers_too(running):
    os.kill(running.pid, signal.SIGINT)
    assert running.wait(timeout=30) == 130
    assert_ends(running.pid)


@UNIX
def test_workers_end_with_a_parent_that_is_killed(running):
    os.kill(running.pid, signal.SIGKILL)
    running.wait(timeout=30)
    assert_ends(running.pid)
