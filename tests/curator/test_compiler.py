"""bbjcpl as a judge, with a stand-in executable that behaves as the real one was recorded (nobody here has that)."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from curator.errors import ExitCode, MissingError
from curator.judge import bbjcpl, compiler
from curator.judge.compiler import (
    COMPILER_CODES,
    Source,
    Status,
    Verdict,
    compare,
    find_bbjcpl,
    judge,
    judge_async,
    judge_name,
)
from tests.curator import bbj_home
from tests.curator.bbj_home import all_killed, pids

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the stand-in executable is a script with a #! line")


class StandIn:
    """The stand-in, installed in a folder like BBj's."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.executable = bbj_home.install(home)

    @property
    def calls(self) -> list[dict[str, Any]]:
        return bbj_home.calls(self.home)


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    installed = StandIn(tmp_path / "bbj home")
    monkeypatch.setenv("BBJ_HOME", str(installed.home))
    return installed


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without BBj."""
    for name in ("BBJ_HOME", "BBJHOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setattr(bbjcpl, "USUAL_PLACES", ())
    monkeypatch.setenv("BBJ_LS_PORT", "1")


def one(text: str, path: str = "a.bbj", timeout_s: float = 20) -> Verdict:
    """The verdict of bbjcpl on one text."""
    (verdict,) = judge([Source(path, text)], "bbjcpl", timeout_s)
    return verdict


# Reading the answer


def test_silence_means_accepted(stand_in: StandIn) -> None:
    assert one('print "a"\n') == Verdict(Status.ACCEPTED, "bbjcpl")


def test_a_syntax_error_stands_on_the_physical_line_and_shows_the_printed_source(stand_in: StandIn) -> None:
    verdict = one('rem one\nrem two\n  print "(wrong"\n')
    assert verdict.status is Status.REJECTED
    (found,) = verdict.diagnostics
    assert (found.path, found.line, found.column, found.code) == ("a.bbj", 3, 3, "E801")
    assert found.message == 'bbjcpl: syntax error: print "(wrong"'


def test_every_line_of_a_cascade_is_kept(stand_in: StandIn) -> None:
    found = one('print "(wrong cascade"\nprint 2\n').diagnostics
    assert [(d.line, d.code) for d in found] == [(1, "E801"), (2, "E801")]


def test_an_undefined_label_is_marked_by_its_name(stand_in: StandIn) -> None:
    (found,) = one("if a then goto nowhere\n").diagnostics
    assert (found.code, found.line, found.column, found.end) == ("E802", 1, 16, 23)
    assert '"NOWHERE"' in found.message


def test_another_error_keeps_its_own_words(stand_in: StandIn) -> None:
    (found,) = one("(mistyped\n").diagnostics
    assert found.code == "E803"
    assert "No match for method foo" in found.message


def test_a_type_check_warning_is_no_error(stand_in: StandIn) -> None:
    assert one("(undeclared\n").status is Status.ACCEPTED


def test_errors_are_read_from_stdout_too(stand_in: StandIn) -> None:
    assert one("(wrong on stdout\n").status is Status.REJECTED


def test_a_line_printed_on_both_streams_counts_once(stand_in: StandIn) -> None:
    assert len(one("(wrong on both\n").diagnostics) == 1


def test_javas_note_about_its_options_is_no_answer(stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_TOOL_OPTIONS", "-Xmx1g")
    assert one("print 1\n").status is Status.ACCEPTED
    assert len(one("(wrong\n").diagnostics) == 1


def test_the_hint_is_what_the_built_in_checker_says_of_that_line(stand_in: StandIn) -> None:
    (found,) = one('print 1\nif a != 2 then print "(wrong"\n').diagnostics
    assert found.hint.startswith("E3")


# No verdict


def test_a_status_of_126_or_more_is_no_verdict_whatever_was_printed(stand_in: StandIn) -> None:
    verdict = one("(crash\n")
    assert verdict.status is Status.NO_VERDICT
    assert "127" in verdict.why


def test_output_of_no_known_form_is_no_verdict(stand_in: StandIn) -> None:
    verdict = one("(garbage\n")
    assert verdict.status is Status.NO_VERDICT
    assert verdict.why.startswith("odd output: Exception in thread main")


def test_an_unreadable_file_takes_no_verdict_from_the_others(stand_in: StandIn) -> None:
    verdicts = judge([Source("a", "print 1"), Source("b", "(unreadable"), Source("c", "(wrong")], "bbjcpl")
    assert [v.status for v in verdicts] == [Status.ACCEPTED, Status.NO_VERDICT, Status.REJECTED]
    assert len(stand_in.calls) == 1


def test_megabytes_of_errors_are_a_rejection_and_are_not_kept(stand_in: StandIn) -> None:
    verdicts = judge([Source("a", "(endless\n"), Source("b", "print 1\n")], "bbjcpl")
    assert [v.status for v in verdicts] == [Status.REJECTED, Status.ACCEPTED]


def test_a_timeout_is_no_verdict_and_leaves_no_process(stand_in: StandIn) -> None:
    verdict = one("(hangs\n", timeout_s=2)
    assert (verdict.status, verdict.why) == (Status.NO_VERDICT, "timeout after 2 s")
    assert len(pids(stand_in.home)) == 2
    assert all_killed(stand_in.home)


def test_an_executable_that_cannot_be_started_is_no_verdict(stand_in: StandIn) -> None:
    stand_in.executable.write_bytes(b"\x7fELF not for this machine")
    verdict = one("print 1\n")
    assert verdict.status is Status.NO_VERDICT
    assert verdict.why.startswith("cannot be started")


def test_a_missing_compiler_asked_for_by_name_stops_the_program(nowhere: None) -> None:
    with pytest.raises(MissingError, match="BBJ_HOME") as caught:
        judge([Source("a.bbj", "print 1")], "bbjcpl")
    assert caught.value.exit_code is ExitCode.MISSING


# Batches


def test_many_files_are_one_call(stand_in: StandIn) -> None:
    sources = [Source(f"{n}.bbj", "(wrong\n" if n % 7 == 0 else "print 1\n") for n in range(93)]
    verdicts = judge(sources, "bbjcpl")
    assert len(stand_in.calls) == 1
    assert [n for n, v in enumerate(verdicts) if v.status is Status.REJECTED] == list(range(0, 93, 7))
    assert verdicts[7].diagnostics[0].path == "7.bbj"


def test_more_files_than_fit_on_a_command_line_are_several_calls(stand_in: StandIn) -> None:
    verdicts = judge([Source(f"{n}.bbj", "print 1") for n in range(401)], "bbjcpl")
    assert len(stand_in.calls) == 3
    assert {v.status for v in verdicts} == {Status.ACCEPTED}


@pytest.mark.parametrize("trouble", ["(crash", "(garbage", "(hangs"])
def test_one_bad_file_takes_no_verdict_from_the_others(stand_in: StandIn, trouble: str) -> None:
    texts = ["print 1"] * 7 + [trouble] + ["(wrong"] * 2
    verdicts = judge([Source(f"{n}.bbj", text) for n, text in enumerate(texts)], "bbjcpl", 0.4)
    expected = [Status.ACCEPTED] * 7 + [Status.NO_VERDICT] + [Status.REJECTED] * 2
    assert [v.status for v in verdicts] == expected


def test_a_broken_installation_is_not_asked_for_each_file(stand_in: StandIn) -> None:
    (stand_in.home / "broken").touch()
    verdicts = judge([Source(f"{n}.bbj", "print 1") for n in range(300)], "bbjcpl")
    assert {v.status for v in verdicts} == {Status.NO_VERDICT}
    assert len(stand_in.calls) == 2  # the first chunk and one harmless program


def test_no_sources_are_no_call(stand_in: StandIn) -> None:
    assert judge([], "bbjcpl") == []
    assert stand_in.calls == []


# How it is called


def test_it_validates_copies_and_drops_nothing_beside_the_users_file(stand_in: StandIn, tmp_path: Path) -> None:
    own = tmp_path / "my program é.bbj"
    own.write_text("print 1\n")
    assert one(own.read_text(), str(own)).status is Status.ACCEPTED
    assert [p.name for p in tmp_path.iterdir() if p.is_file()] == [own.name]
    (call,) = stand_in.calls
    argv = call["argv"]
    assert isinstance(argv, list)
    assert argv[0] == "-N"
    assert all(Path(name).is_absolute() and Path(name) != own for name in argv[1:])
    assert call["stdin"] == ""
    assert not Path(str(call["cwd"])).exists()  # the private folder is gone


def test_names_with_blanks_and_non_ascii_letters_come_back_as_given(stand_in: StandIn) -> None:
    (found,) = one("(wrong\n", "größe und maß.bbj").diagnostics
    assert found.path == "größe und maß.bbj"


def test_bytes_of_a_latin_1_file_reach_the_compiler(stand_in: StandIn) -> None:
    text = b'print "Stra\xdfe"\n(wrong\n'.decode("utf-8", "surrogateescape")
    assert [d.line for d in one(text).diagnostics] == [2]
    assert one("print \ud800").status is Status.ACCEPTED  # half a pair, which no file can hold


def test_line_ends_of_windows_are_not_part_of_the_message(stand_in: StandIn) -> None:
    (found,) = one("print 1\r\nprint (wrong\r\n").diagnostics
    assert (found.line, found.message) == (2, "bbjcpl: syntax error: print (wrong")


# Finding it


def test_a_link_on_path_is_resolved_to_the_installation(stand_in: StandIn, tmp_path: Path, nowhere: None) -> None:
    (tmp_path / "links").mkdir()
    (tmp_path / "links" / "bbjcpl").symlink_to(stand_in.executable)
    assert find_bbjcpl({"PATH": str(tmp_path / "links")}) == stand_in.executable.resolve()


def test_bbj_home_comes_before_path_and_a_home_without_compiler_is_passed_over(tmp_path: Path) -> None:
    first, second = StandIn(tmp_path / "one"), StandIn(tmp_path / "two")
    path = str(second.executable.parent)
    assert find_bbjcpl({"BBJ_HOME": str(first.home), "PATH": path}) == first.executable
    assert find_bbjcpl({"BBJHOME": str(first.home), "PATH": path}) == first.executable
    assert find_bbjcpl({"BBJ_HOME": str(tmp_path), "PATH": path}) == second.executable


def test_nothing_is_started_from_the_current_folder(
    stand_in: StandIn, nowhere: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(stand_in.executable.parent)
    assert find_bbjcpl({"PATH": os.pathsep.join(["", "."])}) is None


def test_a_file_that_is_not_executable_is_not_the_compiler(stand_in: StandIn, nowhere: None) -> None:
    stand_in.executable.chmod(0o644)
    assert find_bbjcpl({"BBJ_HOME": str(stand_in.home)}) is None


def test_windows_names_are_looked_for_on_windows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nowhere: None
) -> None:
    stand_in = StandIn(tmp_path / "bbx")
    shutil.copy(stand_in.executable, stand_in.executable.with_name("bbjcplw.exe"))
    monkeypatch.setattr(bbjcpl, "_NAMES", ("bbjcpl.exe", "bbjcplw.exe"))
    found = find_bbjcpl({"BBJ_HOME": str(stand_in.home)})
    assert found is not None
    assert found.name == "bbjcplw.exe"


# While typing


async def test_a_verdict_while_typing_is_the_same(stand_in: StandIn) -> None:
    verdict = await judge_async(Source("a.bbj", "(wrong\n"), "bbjcpl")
    assert verdict == one("(wrong\n")


async def test_cancelling_kills_the_compiler_and_what_it_started(stand_in: StandIn) -> None:
    task = asyncio.create_task(judge_async(Source("a.bbj", "(hangs\n"), "bbjcpl"))
    while len(pids(stand_in.home)) < 2:
        await asyncio.sleep(0.02)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert all_killed(stand_in.home)
    (call,) = stand_in.calls
    assert not Path(call["cwd"]).exists()


async def test_quick_typing_leaves_only_the_last_run(stand_in: StandIn) -> None:
    tasks = []
    for n in range(4):
        if tasks:
            tasks[-1].cancel()
        text = "(wrong\n" if n == 3 else "(hangs\n"
        tasks.append(asyncio.create_task(judge_async(Source("a.bbj", text), "bbjcpl")))
        await asyncio.sleep(0.15)
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [isinstance(r, asyncio.CancelledError) for r in results] == [True, True, True, False]
    assert all_killed(stand_in.home)


def test_on_windows_the_tree_is_ended_with_taskkill(
    stand_in: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The Windows branch, run here with a stand-in for taskkill that notes how it was called and ends the process."""
    taskkill = tmp_path / "tools" / "taskkill"
    taskkill.parent.mkdir()
    taskkill.write_text(f'#!/bin/sh\necho "$@" > "{tmp_path}/taskkill.log"\nkill -9 "$4"\n')
    taskkill.chmod(0o755)
    monkeypatch.setenv("PATH", str(taskkill.parent), prepend=os.pathsep)
    monkeypatch.setattr("curator.judge.process._WINDOWS", True)
    monkeypatch.setattr("curator.judge.process._GRACE_S", 0.1)
    assert one("(hangs\n", timeout_s=2).status is Status.NO_VERDICT
    (call,) = stand_in.calls
    assert (tmp_path / "taskkill.log").read_text().split() == ["/F", "/T", "/PID", str(call["pid"])]
    os.kill(pids(stand_in.home)[-1], signal.SIGKILL)  # the stand-in ends no trees


# Choosing the judge


def test_auto_is_bbjcpl_where_it_is_found(stand_in: StandIn) -> None:
    (verdict,) = judge([Source("a.bbj", "print 1")])
    assert verdict.judge == judge_name() == "bbjcpl"


def test_auto_is_the_built_in_checker_elsewhere(nowhere: None) -> None:
    accepted, rejected = judge([Source("a.bbj", 'print "a"\n'), Source("b.bbj", "x += 1\n")])
    assert (accepted.status, rejected.status) == (Status.ACCEPTED, Status.REJECTED)
    assert accepted.judge == judge_name() == judge_name("builtin")
    assert accepted.judge.startswith("built-in ")
    assert rejected.diagnostics[0].path == "b.bbj"


def test_none_judges_nothing(stand_in: StandIn) -> None:
    assert judge([Source("a.bbj", "x")], "none") == [Verdict(Status.NO_VERDICT, "none", why="switched off")]
    assert stand_in.calls == []


def test_a_disagreement_keeps_both_verdicts(stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BBJ_LS_PORT", "1")  # nobody listens there
    same, other = Source("same.bbj", "print 1\n"), Source("other.bbj", 'print "(wrong"\n')
    (found,) = compare([same, other, Source("odd.bbj", "print 1; rem (garbage\n")])
    assert found.source == other
    assert [(v.judge.split()[0], v.status) for v in found.verdicts] == [
        ("built-in", Status.ACCEPTED),
        ("bbjcpl", Status.REJECTED),
    ]
    assert json.loads(json.dumps(found.as_dict()))["text"] == other.text


def test_there_is_nothing_to_compare_with_on_a_machine_without_bbj(nowhere: None) -> None:
    with pytest.raises(MissingError):
        compare([Source("a.bbj", "print 1")])


def test_importing_the_compiler_module_starts_and_loads_nothing_heavy() -> None:
    script = (
        "import sys, curator.judge.compiler; print([m for m in ('asyncio', 'subprocess', 'tempfile', 'http.client', "
    )
    script += "'curator.bbj.check', 'curator.judge.bbjls') if m in sys.modules])"
    run = subprocess.run([sys.executable, "-S", "-c", script], capture_output=True, text=True, check=True,
                         cwd=Path(compiler.__file__).parents[2])  # fmt: skip
    assert run.stdout.strip() == "[]"


def test_the_codes_of_the_compiler_are_unique_and_of_its_range() -> None:
    codes = [row.code for row in COMPILER_CODES]
    assert len(set(codes)) == len(codes)
    assert all(code.startswith("E8") for code in codes)
