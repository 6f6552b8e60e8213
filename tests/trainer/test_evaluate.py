"""From replies to figures: outcomes, denominators, pairs, leaks, and the whole command on a miniature run."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from curator.diagnostic import Diagnostic, Severity
from curator.judge.compiler import Status, Verdict
from tests.trainer import tiny
from tests.trainer.scripted import Scripted
from trainer.errors import TrainerError, TrainerMissingError
from trainer.evaluation.assess import Outcome, assess, missing, needs_judging, statements
from trainer.evaluation.cases import Case, CaseSet, load_cases
from trainer.evaluation.evaluate import Arm, ArmResult, Audit, Evaluation, arm_figures, compare, evaluate, figures
from trainer.evaluation.extract import extract
from trainer.evaluation.generate import Finish, Reply, ReplyCache, Sampling
from trainer.evaluation.leaks import find_leaks, training_lines, training_texts

GOOD = "rem Count to three\nfor i=1 to 3\nprint i\nnext i\n"
BAD = "for i in range(3):\n    print(i)\n"


def fenced(code: str) -> str:
    return f"```bbj\n{code}```\n"


def case(key: str = "count", **changes: Any) -> Case:
    from curator.chatml import Message

    base = Case(
        id=key,
        type="completion",
        generation=("all",),
        topic="control-flow",
        difficulty="basic",
        prompt=(Message("system", "s"), Message("user", f"Count to three, {key}")),
        task=f"Count to three, {key}",
        requires=(r"\bfor\b", r"\bprint\b"),
        reference=GOOD,
        cluster=key,
    )
    return replace(base, **changes)


def verdict(status: Status, **more: Any) -> Verdict:
    return Verdict(status, "built-in 1", **more)


ERROR = Diagnostic("x.bbj", 1, 1, "E301", Severity.ERROR, "unexpected word")


def assessed(reply: Reply | str, said: Verdict | None = None, of: Case | None = None, trained: str = "") -> Any:
    reply = reply if isinstance(reply, Reply) else Reply(reply, Finish.STOP, 9)
    found = extract(reply.text)
    if said is None and needs_judging(reply, found):
        said = verdict(Status.ACCEPTED)
    return assess(of or case(), reply, found, said, frozenset(trained.split("\n")))


# --- one reply ----------------------------------------------------------------------------------------------------

CUT = Finish.LENGTH


@pytest.mark.parametrize(
    ("reply", "said", "outcome"),
    [
        (fenced(GOOD), verdict(Status.ACCEPTED), Outcome.ACCEPTED),
        (fenced(BAD), verdict(Status.REJECTED, diagnostics=(ERROR,)), Outcome.REJECTED),
        (fenced(GOOD), verdict(Status.NO_VERDICT, why="timeout"), Outcome.NO_VERDICT),
        ("", None, Outcome.NO_CODE),
        ("```bbj\n```", None, Outcome.NO_CODE),
        (Reply("```bbj\n" + GOOD, CUT, 9), None, Outcome.TRUNCATED),
        (Reply(GOOD, CUT, 9), None, Outcome.TRUNCATED),
        (Reply("", CUT, 9), None, Outcome.TRUNCATED),
        # the program was over before the budget was: only the prose was cut
        (Reply(fenced(GOOD) + "It cou", CUT, 9), verdict(Status.ACCEPTED), Outcome.ACCEPTED),
        (Reply(fenced(BAD) + "It cou", CUT, 9), verdict(Status.REJECTED, diagnostics=(ERROR,)), Outcome.REJECTED),
        # an unclosed fence that the model itself ended is a whole program
        ("```bbj\n" + GOOD, verdict(Status.ACCEPTED), Outcome.ACCEPTED),
    ],
)
def test_each_reply_has_one_outcome(reply: Any, said: Verdict | None, outcome: Outcome) -> None:
    assert assessed(reply, said).outcome is outcome


def test_accepted_is_not_yet_useful() -> None:
    assert assessed(fenced(GOOD)).useful
    assert not assessed(fenced("a=1\nb=2\nc=3\n")).useful, "the patterns of the case are not met"
    assert not assessed(fenced('for i=1 to 3; print i\nrem and so on\nrem "for" and "print"\n')).useful, "trivial"
    assert not assessed(fenced(GOOD), verdict(Status.REJECTED, diagnostics=(ERROR,))).useful


def test_a_task_that_one_statement_solves_may_be_solved_by_one() -> None:
    short = case(reference="print 1\n", requires=(r"\bprint\b",))
    assert assessed(fenced("print 1\n"), of=short).useful


def test_repeated_statements_count_once() -> None:
    assert assessed(fenced("print i\n" * 30), of=case(requires=())).statements == 1


def test_comments_meet_no_requirement_but_strings_do() -> None:
    assert missing(("opensysgui",), "rem openSysGui\nx=1 ; rem openSysGui\n") == ("opensysgui",)
    assert missing(("opensysgui",), 's!=BBjAPI().openSysGui("X0")\n') == ()
    assert missing(("'window'", "^b="), "print 'WINDOW'(1,2)\nb=2\n") == ()


def test_statements_are_separated_by_semicolons_outside_of_strings() -> None:
    assert statements('a=1;b$="x;y" ; rem c\nif a then\n:b=2\n') == ["a = 1", 'b$ = "x;y"', "if a thenb = 2"]


@pytest.mark.parametrize(
    ("asked", "reference", "code", "right"),
    [
        ("all", "print 1\n", "print 2\n", True),
        ("all", "print 1\n", 's!=BBjAPI().openSysGui("X0")\n', False),
        ("bbj-gui", 's!=BBjAPI().openSysGui("X0")\n', 's!=BBjAPI().openSysGui("X0")\n', True),
        ("bbj-gui", 's!=BBjAPI().openSysGui("X0")\n', "print 1\n", False),
        ("bbj-gui", "class public A\nclassend\n", "class public B\nclassend\n", True),
        ("character", "print @(1,2),1\n", "print @(3,4),1\n", True),
    ],
)
def test_a_program_is_in_its_generation(asked: str, reference: str, code: str, right: bool) -> None:
    assert assessed(fenced(code), of=case(generation=(asked,), reference=reference)).in_generation is right


def test_copied_lines_are_long_ones_of_the_training_data_and_not_of_the_prompt() -> None:
    from curator.chatml import Message

    long, mine, given = (
        'print "a long line that was trained"',
        'print "a long line of my own"',
        'print "of the prompt !!"',
    )
    migration = case(prompt=(Message("user", f"Migrate:\n{given}\n"),))
    got = assessed(fenced(f"{long}\n{mine}\n{given}\nend\n"), of=migration, trained=f"{long}\n{given}\nend")
    assert (got.copied, got.long_lines) == (1, 2)


# --- counting -----------------------------------------------------------------------------------------------------


def results(name: str, *said: Verdict | None) -> ArmResult:
    """An arm with one reply per verdict; None is a truncated one."""
    rows = []
    for at, one in enumerate(said):
        reply = Reply(fenced(GOOD), Finish.STOP, 9) if one else Reply("```bbj\nprint", CUT, 256)
        rows.append(assess(case(f"case-{at}"), reply, extract(reply.text), one, frozenset()))
    return ArmResult(name, {"provider": "scripted"}, tuple(rows))


YES, NO = verdict(Status.ACCEPTED), verdict(Status.REJECTED, diagnostics=(ERROR,))
UNKNOWN = verdict(Status.NO_VERDICT, why="timeout")


def evaluation(*arms: ArmResult) -> Evaluation:
    cases = tuple(a.case for a in arms[0].assessments)
    return Evaluation(CaseSet("test", cases), arms, "built-in 1", Sampling(), Audit(10))


def test_no_verdict_never_enters_a_denominator() -> None:
    arm = arm_figures(results("a", YES, NO, None, UNKNOWN, UNKNOWN))
    assert (arm["compile_at_1"]["count"], arm["compile_at_1"]["n"]) == (1, 3)
    assert arm["useful_at_1"]["n"] == 3
    assert arm["by_generation"]["all"]["compile_at_1"]["n"] == 3
    assert arm["by_type"]["completion"]["useful_at_1"]["n"] == 3
    assert arm["outcomes"] == {"accepted": 1, "rejected": 1, "no code": 0, "truncated": 1, "no verdict": 2}
    assert arm["no_verdict"] == {"timeout": 2}


def test_only_no_verdicts_measure_nothing() -> None:
    arm = arm_figures(results("a", UNKNOWN))
    assert arm["compile_at_1"]["value"] is None
    assert "not measured" in figures(evaluation(results("a", UNKNOWN), results("b", YES)))["headline"]


def test_truncated_counts_as_failed() -> None:
    assert arm_figures(results("a", YES, None))["compile_at_1"]["value"] == 0.5


def test_pairs_need_a_verdict_on_both_sides() -> None:
    first, second = results("a", YES, NO, NO, UNKNOWN, YES), results("b", YES, YES, NO, YES, UNKNOWN)
    row = compare(evaluation(first, second))[0]
    assert (row["n"], row["without_verdict"]) == (3, 2)
    assert (row["both"], row["only_first"], row["only_second"], row["neither"]) == (1, 0, 1, 1)


def test_the_p_values_of_several_pairs_are_adjusted() -> None:
    bad, good = [NO] * 12, [YES] * 12
    rows = compare(evaluation(results("a", *bad), results("b", *good), results("c", *good)))
    assert [row["p_adjusted"] > row["p"] for row in rows if row["first"] == "a"] == [True] * 4
    assert [(row["first"], row["second"]) for row in rows[:3]] == [("a", "b"), ("a", "c"), ("b", "c")]


def test_errors_are_grouped_by_the_first_code() -> None:
    other = replace(ERROR, code="E401", message="a rule")
    warned = replace(ERROR, code="W501", severity=Severity.WARNING)
    second = verdict(Status.REJECTED, diagnostics=(warned, other, ERROR))
    rows = arm_figures(results("a", NO, NO, second, YES))["errors"]
    assert [(row["code"], row["count"]) for row in rows] == [("E301", 2), ("E401", 1)]
    assert rows[0]["example"]["line"] == "rem Count to three"


def test_every_figure_names_its_judge() -> None:
    data = figures(evaluation(results("base", NO, NO), results("tuned", YES, NO)))
    assert data["headline"].startswith("compile@1 (built-in 1): base 0 of 2 = 0 % [")
    assert any("not the BBj compiler" in note for note in data["caveats"])


def test_both_arms_are_asked_the_same_and_judged_together(tmp_path: Path) -> None:
    case_set = CaseSet("test", (case("a"), case("b")))
    arms = [Arm("one", Scripted([fenced(GOOD), fenced(BAD)], "one")), Arm("two", Scripted([fenced(GOOD), ""], "two"))]
    got = evaluate(case_set, arms, ReplyCache(tmp_path / "r.jsonl"), Sampling(), "builtin")
    outcomes = [[str(a.outcome) for a in arm.assessments] for arm in got.arms]
    assert outcomes == [["accepted", "rejected"], ["accepted", "no code"]]
    assert got.judge.startswith("built-in")


# --- cases --------------------------------------------------------------------------------------------------------


def test_the_suite_can_be_solved_by_its_own_references() -> None:
    case_set = load_cases()
    assert len(case_set.cases) >= 40
    for one in case_set.cases:
        got = assess(
            one, Reply(fenced(one.reference), Finish.STOP, 1), extract(fenced(one.reference)), YES, frozenset()
        )
        assert got.useful, (one.id, got.missing, got.statements)
        assert got.in_generation, (one.id, got.produced)


def test_a_limit_takes_cases_from_all_of_the_file() -> None:
    everything, some = load_cases().cases, load_cases(limit=10).cases
    assert len(some) == 10
    assert some[0] == everything[0]
    assert everything.index(some[-1]) > len(everything) * 0.8


def test_rows_of_a_dataset_lose_their_answer(tmp_path: Path) -> None:
    path = tmp_path / "test.jsonl"
    rows = [
        tiny.conversation("strings/a", "Print one", "print 1"),
        tiny.conversation("b/b", "Explain", "x", "comprehension"),
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    case_set = load_cases(str(path))
    assert (len(case_set.cases), case_set.left_out) == (1, 1)
    (one,) = case_set.cases
    assert [m.role for m in one.prompt] == ["system", "user"]
    assert one.reference == "print 1\n"
    assert one.requires == ()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("c.toml", "[[case]]\nid = 3\n", "case 1 \\(3\\): id: 3 is not of type"),
        ("c.toml", "[[case]\n", "not TOML"),
        ("c.toml", "", "no case"),
        ("c.jsonl", "{\n", "c.jsonl:1: not JSON"),
        ("c.jsonl", '{"id": "x"}\n', "c.jsonl:1: 'messages' is a required property"),
        ("c.jsonl", b"\xff\xfe", "not UTF-8"),
    ],
)
def test_bad_cases_are_named_with_their_place(tmp_path: Path, name: str, content: Any, message: str) -> None:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(TrainerError, match=message):
        load_cases(str(path))


def test_missing_cases_are_missing() -> None:
    with pytest.raises(TrainerMissingError, match="cannot read the cases"):
        load_cases("nowhere.toml")


# --- leaks --------------------------------------------------------------------------------------------------------

LONG = "\n".join(
    f'print "this is line {word} of a long program",{n}' for n, word in enumerate(["one", "two", "three", "four"])
)


def leaks_of(tmp_path: Path, one: Case, *programs: str) -> list[tuple[str, str]]:
    folder = tiny.dataset(tmp_path / "ds", *programs)
    return [(leak.what, leak.id) for leak in find_leaks([one], training_texts(folder))]


def test_a_case_nobody_trained_on_is_no_leak(tmp_path: Path) -> None:
    assert leaks_of(tmp_path, case(reference=LONG), GOOD) == []


def test_a_reference_in_the_data_is_found_whatever_its_layout(tmp_path: Path) -> None:
    changed = LONG.upper().replace("\n", "\n\n   ")
    assert leaks_of(tmp_path, case(reference=LONG), GOOD, changed) == [("reference", "strings/row-1")]


def test_a_reference_inside_a_long_file_is_found(tmp_path: Path) -> None:
    around = "\n".join(f"value{n}={n}*other{n}" for n in range(300))
    assert leaks_of(tmp_path, case(reference=LONG), f"{around}\n{LONG}\n{around}") == [("reference", "strings/row-0")]


def test_a_short_reference_leaks_only_as_a_whole_text(tmp_path: Path) -> None:
    folder = tiny.dataset(tmp_path / "ds", 'a=1\nprint "x"\nb=2')
    raw = {"id": "raw/short", "text": "PRINT  'x'", "cluster": "raw/short"}
    (folder / "pretrain.jsonl").write_text(json.dumps(raw) + "\n", encoding="utf-8")
    found = find_leaks([case(reference='print "x"\n')], training_texts(folder))
    assert [(leak.what, leak.id) for leak in found] == [("reference", "raw/short")]


def test_a_task_in_the_data_is_found_in_any_wording(tmp_path: Path) -> None:
    task = "Read the file of customers line by line and print the names that begin with the letter B in capitals"
    row = tiny.conversation("file-io/names", f"I need a BBj program. {task}. Generation: any.", "print 1")
    folder = tiny.dataset(tmp_path / "ds")
    (folder / "train.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    found = find_leaks([case(task=task)], training_texts(folder))
    assert [(leak.what, leak.id) for leak in found] == [("prompt", "file-io/names")]


def test_a_cluster_in_the_data_is_a_leak(tmp_path: Path) -> None:
    assert leaks_of(tmp_path, case(cluster="strings/hello")) == [("cluster", "strings/hello")]


def test_training_lines_are_the_long_ones(tmp_path: Path) -> None:
    lines = training_lines(tiny.dataset(tmp_path / "ds", "a=1"))
    assert 'print "hello, whole wide world"' in lines
    assert "rem Nothing to see here, move along please" in lines
    assert "a=1" not in lines


# --- the command --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("peft")
    return tiny.run_folder(tmp_path_factory.mktemp("eval"))


def invoke(*arguments: str) -> Any:
    from trainer.commands.evaluate import eval_command

    return CliRunner().invoke(eval_command, [*arguments], standalone_mode=False)


FAST = ("--compiler", "builtin", "--limit", "3", "--max-new-tokens", "8", "--batch", "2")


@pytest.mark.train
def test_the_command_measures_both_arms_and_asks_only_once(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    got = invoke(str(run), *FAST)
    assert got.exception is None, got.output
    assert got.return_value == 0
    out = run / "evaluation"
    report = json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert [arm["name"] for arm in report["arms"]] == ["base", "tuned"]
    assert report["cases"]["n"] == 3
    assert report["run"]["base_model"] == "tiny/random"
    assert len((out / "results.jsonl").read_text().splitlines()) == 6
    raw = (out / "replies.jsonl").read_bytes()
    assert len(raw.splitlines()) == 6
    assert len({json.loads(line)["text"] for line in raw.splitlines()}) > 3, "base and tuned answer differently"
    assert str(run.parent) not in (out / "report.json").read_text() + (out / "report.html").read_text()

    def refuse(*args: Any, **more: Any) -> None:
        raise AssertionError("a second run loads no model")

    monkeypatch.setattr("trainer.model.load_base", refuse)
    monkeypatch.setattr("trainer.model.load_tuned", refuse)
    again = invoke(str(run), *FAST)
    assert again.exception is None, again.output
    assert (out / "replies.jsonl").read_bytes() == raw


@pytest.mark.train
def test_leaked_cases_stop_the_command_before_any_question(run: Path, tmp_path: Path) -> None:
    reference = next(c.reference for c in load_cases(limit=3).cases if len(c.reference) > 200)
    leaky = tiny.dataset(tmp_path / "leaky", reference)
    got = invoke(str(run), *FAST, "--data", str(leaky), "--out", str(tmp_path / "out"))
    assert got.return_value == 1
    assert "1 of 3 cases stand in the training data" in got.output
    assert not (tmp_path / "out").exists()
    allowed = invoke(str(run), *FAST, "--data", str(leaky), "--out", str(tmp_path / "out"), "--allow-leaks")
    assert allowed.exception is None, allowed.output
    assert allowed.return_value == 0
    report = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    assert any("too high by an unknown amount" in note for note in report["caveats"])


@pytest.mark.train
def test_another_dataset_than_the_one_trained_on_is_said(run: Path, tmp_path: Path) -> None:
    other = tiny.dataset(tmp_path / "other")
    (other / "manifest.json").write_text(json.dumps({"format": 1, "files": {}, "content_hash": "sha256:else"}))
    got = invoke(str(run), *FAST, "--data", str(other), "--out", str(tmp_path / "out"))
    assert got.exception is None, got.output
    report = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    assert any("has changed since" in note for note in report["caveats"])


@pytest.mark.train
def test_without_the_training_data_nobody_can_tell(run: Path, tmp_path: Path) -> None:
    got = invoke(str(run), *FAST, "--data", str(tmp_path / "nowhere"))
    assert isinstance(got.exception, TrainerMissingError)
    assert "--data" in str(got.exception)


@pytest.mark.parametrize("arm", ["baseline", "x=y", "=http://127.0.0.1/v1#m", "x=http://127.0.0.1/v1#"])
def test_an_arm_that_is_none_is_wrong_usage(tmp_path: Path, arm: str) -> None:
    got = invoke(str(tmp_path), "--arm", arm)
    assert got.exception is not None
    assert getattr(got.exception, "exit_code", None) == 2


@pytest.mark.train
def test_a_folder_that_is_no_run_is_missing(tmp_path: Path) -> None:
    got = invoke(str(tmp_path))
    assert isinstance(got.exception, TrainerMissingError)


@pytest.mark.train
def test_a_server_is_an_arm_like_the_others(run: Path, tmp_path: Path) -> None:
    from tests.trainer.test_generate import completion, serving

    def answer(body: dict[str, Any]) -> tuple[int, Any]:
        assert body["max_tokens"] == 8
        assert body["top_k"] == 1
        return 200, completion(fenced(GOOD))

    with serving(answer) as server:
        arm = f"served={server.url}#m"
        got = invoke(str(run), *FAST, "--arm", arm, "--request-option", "top_k=1", "--out", str(tmp_path))
    assert got.exception is None, got.output
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert report["comparisons"] == []
    assert report["arms"][0]["outcomes"]["accepted"] == 3
    assert report["arms"][0]["identity"]["model"] == "m"


@pytest.mark.parametrize("option", ["top_k", "top_k=", "=1", "top_k=one"])
def test_a_request_option_that_is_none_is_wrong_usage(tmp_path: Path, option: str) -> None:
    got = invoke(str(tmp_path), "--arm", "x=http://127.0.0.1:1/v1#m", "--request-option", option)
    assert getattr(got.exception, "exit_code", None) == 2
