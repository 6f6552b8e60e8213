"""What is written: the contract, a page that is safe with hostile replies and stands alone, files whole or not."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curator import schema
from curator.diagnostic import Diagnostic, Severity
from curator.judge.compiler import Status
from tests.trainer.test_evaluate import GOOD, NO, UNKNOWN, YES, case, evaluation, fenced, results, verdict
from trainer.errors import TrainerError
from trainer.evaluation import report
from trainer.evaluation.assess import assess
from trainer.evaluation.evaluate import ArmResult, Audit, Evaluation, figures
from trainer.evaluation.extract import extract
from trainer.evaluation.generate import Finish, Reply, Sampling
from trainer.evaluation.leaks import Leak
from trainer.evaluation.report_html import esc, in_words, page

pytest.importorskip("matplotlib")

RUN = {
    "base_model": "tiny/random",
    "seed": 3,
    "command": ["trainer", "run", "/home/me/x"],
    "hashes": {"model": "sha256:1"},
}
METRICS = [
    {"stage": stage, "step": step, key: 3 - step / 10}
    for stage in ("stage1", "stage2")
    for step in (1, 2)
    for key in ("loss", "eval_loss")
]
HOSTILE = (
    "<script>alert(1)</script>\n</pre></details><img src=x onerror=alert(2)>\n"
    '" onmouseover="alert(3)\n\x1b[31mred\x1b[0m \x1b]8;;http://evil.example\x07link\n\u202egnp.exe\n'
    "<style>*{display:none}</style>&lt;b&gt;"
)


def hostile() -> Evaluation:
    """Markup and escapes wherever a model, a judge or a file has a say."""
    error = Diagnostic("x", 1, 1, "<i>E</i>", Severity.ERROR, f"message {HOSTILE}")
    reply = Reply(f"{HOSTILE}\n{fenced(HOSTILE)}", Finish.STOP, 9)
    one = replace(case("<u>id</u>"), requires=(r"<em>never</em>",))
    said = verdict(Status.REJECTED, diagnostics=(error,))
    lost = replace(UNKNOWN, why=HOSTILE)
    rows = tuple(assess(one, reply, extract(reply.text), v, frozenset()) for v in (said, lost))
    arms = tuple(ArmResult(f"<b>{name}</b>", {"model": HOSTILE}, rows) for name in "ab")
    leak = Leak("<u>id</u>", "prompt", "<s>file</s>", HOSTILE, 1.0, 1.0)
    return replace(evaluation(*arms), judge="<q>judge</q>", audit=Audit(3, (leak,)))


def html_of(e: Evaluation, run: Any = RUN, metrics: Any = METRICS) -> str:
    return page(report.report_data(e, run), report.samples(e), metrics)


class Tags(HTMLParser):
    """All start tags with their attributes, and a check that they are closed in order."""

    VOID = frozenset({"meta", "br", "img", "input", "link", "hr"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: Any) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, tag
        assert self.open.pop() == tag


OURS = {
    "html", "head", "meta", "title", "style", "body", "main", "section", "h1", "h2", "h3", "h4", "p", "ul", "li", "div",
    "table", "caption", "thead", "tbody", "tr", "th", "td", "code", "pre", "details", "summary", "small", "figure",
    "span", "svg", "g", "path", "defs", "text", "use", "rect", "clippath", "tspan",
}  # fmt: skip


def test_no_reply_becomes_markup() -> None:
    text = html_of(hostile())
    tags = Tags(text)
    assert tags.open == []
    assert {tag for tag, _ in tags.tags} <= OURS
    assert [tag for tag, _ in tags.tags].count("style") == 1
    assert not any(name.startswith("on") for _, attributes in tags.tags for name in attributes)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)
    assert esc("<script>alert(1)</script>") in text, "it is shown, harmless"


def test_the_page_needs_nothing_from_outside() -> None:
    tags = Tags(html_of(evaluation(results("base", NO, YES), results("tuned", YES, YES))))
    for _, attributes in tags.tags:
        for name in ("src", "href", "xlink:href", "action", "data", "srcset"):
            value = attributes.get(name)
            assert value is None or value.startswith("#"), (name, value)
    policy = next(a["content"] for t, a in tags.tags if t == "meta" and "http-equiv" in a)
    assert policy and policy.startswith("default-src 'none'")


def test_every_plot_has_a_name_and_a_table_after_it() -> None:
    text = html_of(evaluation(results("base", NO, YES), results("tuned", YES, YES)))
    assert text.count('<svg role="img" aria-label=') == text.count("<figure>") == 4
    for piece in text.split("</figure>")[1:]:
        assert "<table>" in piece.split("<figure>")[0]


def test_plots_follow_the_page_in_light_and_dark() -> None:
    text = html_of(evaluation(results("base", NO, YES), results("tuned", YES, YES)))
    pictures = "".join(re.findall(r"<svg.*?</svg>", text, re.DOTALL))
    assert "var(--arm1)" in pictures
    assert "var(--outcome1)" in pictures
    assert "currentColor" in pictures
    assert not re.search(r"#(b0b1b2|b3b4b5|c0c0c\d|d0d0d\d|000000)", pictures)
    assert "prefers-color-scheme: dark" in text


def test_ids_of_the_pictures_do_not_collide() -> None:
    text = html_of(evaluation(results("base", NO, YES), results("tuned", YES, YES)))
    clips = re.findall(r'<clipPath id="([^"]+)"', text)
    assert len(clips) == len(set(clips)) > 0


@pytest.mark.parametrize(
    "make", [hostile, lambda: evaluation(results("a", UNKNOWN)), lambda: evaluation(results("a", None, YES))]
)
def test_the_report_keeps_its_contract(make: Any, tmp_path: Path) -> None:
    data = report.write(make(), tmp_path, RUN, METRICS)
    assert list(schema.violations("report", data)) == []
    assert json.loads((tmp_path / "report.json").read_text(encoding="utf-8")) == data
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"report.json", "report.html", "report.md", "results.jsonl"}


def test_a_report_without_run_and_metrics_is_written(tmp_path: Path) -> None:
    report.write(evaluation(results("a", YES, NO)), tmp_path, {}, [])
    assert "The run folder has no metrics" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_the_command_line_of_the_run_stays_out() -> None:
    assert "/home/me" not in json.dumps(report.report_data(evaluation(results("a", YES)), RUN))


def test_at_most_five_samples_of_each_outcome() -> None:
    chosen = report.samples(evaluation(results("a", *[YES] * 9, *[NO] * 2), results("b", *[YES] * 11)))
    counts = [sum((s["arm"], s["outcome"]) == key for s in chosen) for key in [("a", "accepted"), ("a", "rejected")]]
    assert counts == [5, 2]
    shown = [[s["case"] for s in chosen if s["arm"] == arm and s["outcome"] == "accepted"] for arm in "ab"]
    assert set(shown[0]) & set(shown[1]), "the same cases where arms share an outcome"
    assert chosen[0]["prompt"].startswith("Count to three")


def test_the_comparison_reads_as_words() -> None:
    bad, good = results("base", *[NO] * 12), results("tuned", *[YES] * 10, NO, NO)
    row = figures(evaluation(bad, good))["comparisons"][0]
    text = in_words(row, "built-in 1")
    assert "compile@1 (built-in 1): on 12 cases, base and tuned fared alike on 2" in text
    assert "tuned alone succeeded on 10, base alone on 0: +83 points" in text
    assert "p = 0.002" in text
    assert "hardly chance" in text


def test_a_comparison_without_differences_says_so() -> None:
    row = figures(evaluation(results("a", YES), results("b", YES)))["comparisons"][0]
    assert "Nothing tells the two apart" in in_words(row, "j")


def test_a_model_card_table_is_not_broken_by_names(tmp_path: Path) -> None:
    text = report.markdown(report.report_data(hostile(), RUN))
    assert "<b>" not in text.split("\n", 1)[1]
    rows = [line for line in text.split("\n") if line.startswith("|")]
    assert len({line.replace("\\|", "").count("|") for line in rows}) == 1


def test_the_terminal_gets_no_escapes(capsys: pytest.CaptureFixture[str]) -> None:
    report.print_tables(report.report_data(hostile(), RUN))
    assert "\x1b" not in capsys.readouterr().out


def test_an_unwritable_folder_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(TrainerError, match="cannot write"):
        report.write(evaluation(results("a", YES)), tmp_path / "file" / "out", {}, [])


@settings(max_examples=10, deadline=None)
@given(st.text(max_size=200))
def test_any_reply_leaves_the_page_well_formed(text: str) -> None:
    reply = Reply(text.encode("utf-8", "replace").decode(), Finish.STOP, 1)
    found = extract(reply.text)
    row = assess(case("case-0"), reply, found, NO if found.code else None, frozenset())
    e = Evaluation(
        evaluation(results("a", YES)).cases, (ArmResult("a", {"model": text}, (row,)),), "j", Sampling(), Audit(1)
    )
    tags = Tags(html_of(e, {}, []))
    assert tags.open == []
    assert {tag for tag, _ in tags.tags} <= OURS


def test_the_code_of_a_good_program_is_shown_as_it_is() -> None:
    assert esc(GOOD) in html_of(evaluation(results("a", YES)))


def test_a_name_with_dollars_is_no_formula() -> None:
    assert "a$_{b$" in html_of(evaluation(results("a$_{b$", YES), results("_c", NO)))
