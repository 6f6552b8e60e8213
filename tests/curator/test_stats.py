"""`curator stats`: what is counted, and that gaps are ranked by what a model is weakest at."""

import json
from pathlib import Path

import pytest

from curator import schema
from curator.cli import cli, run
from curator.codes import CODES
from curator.errors import CuratorError, MissingError
from curator.example import parse
from curator.labels import GENERATIONS, TYPES
from curator.lengths import lengths
from curator.stats import report as stats_report
from curator.stats import summary as stats
from curator.stats import weakness
from curator.stats.weakness import Weakness

GOOD = CODES["E101"].good


def example(topic: str, kind: str, generation: str, number: int = 0, difficulty: str = "basic"):
    own = " ".join(f"w{topic}{kind}{generation}{number}x{n}" for n in range(30)).replace("-", "")
    text = (
        GOOD.replace("type: completion", f"type: {kind}")
        .replace("generation: all", f"generation: {generation}\ndifficulty: {difficulty}")
        .replace("PRINT writes to the terminal.", own)
    )
    return parse(text, f"training-data/{topic}/{kind}-{number}.md")


def weak(by_generation: dict[str, float], by_type: dict[str, float] | None = None) -> Weakness:
    def shares(of: dict[str, float] | None) -> dict[str, tuple[float, int]]:
        return {word: (share, 20) for word, share in (of or {}).items()}

    return Weakness("report.json", "tuned", "built-in 1", 0.5, shares(by_generation), shares(by_type))


def test_examples_are_counted_by_topic_type_generation_and_difficulty():
    counted = stats.count([
        example("gui", "completion", "[bbj-gui, dwc]"),
        example("gui", "completion", "dwc", 1, "advanced"),
        example("strings", "explanation", "all", 2),
    ])  # fmt: skip
    assert counted.cells == {
        ("gui", "completion", "bbj-gui", "basic"): 1,
        ("gui", "completion", "dwc", "advanced"): 1,
        ("gui", "completion", "dwc", "basic"): 1,
        ("strings", "explanation", "all", "basic"): 1,
    }
    assert counted.as_dict()["type_x_generation"]["completion"]["dwc"] == 2


def test_without_an_evaluation_the_emptiest_places_come_first_and_senseless_ones_never():
    counted = stats.count([example("strings", kind, "all", n) for kind in TYPES for n in range(3)])
    needs = [place.need for place in counted.places]
    assert needs == sorted(needs, reverse=True)
    assert [p.gap.examples for p in counted.places[-4:]] == [3, 3, 3, 3]
    assert not any(p.gap.topic == "gui" and p.gap.generation == "all" for p in counted.places)


def test_of_two_empty_places_the_one_the_model_is_weaker_at_comes_first():
    counted = stats.count([], weakness=weak(dict.fromkeys(GENERATIONS, 0.2) | {"vpro5": 0.9}))
    assert {p.gap.generation for p in counted.places[:4]} == {"vpro5"}
    counted = stats.count([], weakness=weak({}, {"completion": 0.1, "migration": 0.9}))
    assert counted.places[0].gap.type == "migration" and counted.places[-1].gap.type == "completion"


def test_a_weak_place_with_examples_comes_after_a_weak_one_without_and_before_a_strong_one():
    known = weak(dict.fromkeys(GENERATIONS, 0.05) | {"dwc": 0.9})
    places = stats.count([example("dwc", "completion", "dwc", n) for n in range(3)], weakness=known).places
    order = [(p.gap.topic, p.gap.type, p.gap.generation) for p in places]
    full, empty = order.index(("dwc", "completion", "dwc")), order.index(("dwc", "explanation", "dwc"))
    assert empty < full < order.index(("strings", "completion", "all"))


def test_near_duplicates_lengths_and_the_state_of_the_review_are_counted():
    first = example("gui", "completion", "dwc")
    copy = parse(first.text.replace("difficulty: basic", "review: rejected"), "training-data/gui/copy.md")
    counted = stats.count([first, copy], tokens=lambda text: len(text.split()))
    assert [c.members for c in counted.clusters] == [("training-data/gui/completion-0.md", "training-data/gui/copy.md")]
    assert counted.review.states == {"rejected": 1, "unreviewed": 1}
    assert counted.lengths["code, lines"].total == 4
    assert counted.lengths["conversation, tokens"].smallest > 20
    assert "1 clusters, 1 examples that can go" in "\n".join(stats_report.as_lines(counted))


def share(count: int, n: int) -> dict[str, object]:
    return {"count": count, "n": n, "value": count / n if n else None, "low": 0.0, "high": 1.0}


def report(*arms: tuple[str, int]) -> dict[str, object]:
    """A report of `trainer eval` with arms of so many useful programs in ten."""

    def arm(name: str, useful: int) -> dict[str, object]:
        def measures(count: int, n: int) -> dict[str, object]:
            return {"compile_at_1": share(n, n), "useful_at_1": share(count, n)}

        outcomes = dict.fromkeys(("accepted", "rejected", "no code", "truncated", "no verdict"), 0)
        return {
            "name": name, "identity": {}, "outcomes": outcomes, **measures(useful, 10), "useful_own": share(0, 10),
            "extraction": dict.fromkeys(("fence", "unclosed fence", "whole reply", "nothing"), 0),
            "by_generation": {"dwc": measures(useful, 5), "vpro5": measures(0, 0)},
            "by_type": {"completion": measures(useful, 5)}, "generation_match": share(1, 2), "generation_matrix": {},
            "copied": {"lines": 0, "of": 0, "share": None}, "stopped": share(1, 2), "tokens": 5, "no_verdict": {},
            "errors": [],
        }  # fmt: skip

    made: dict[str, object] = {
        "format": 1, "created_by": "x", "created": "x", "headline": "x", "judge": "built-in 1",
        "extraction_version": "1",
        "sampling": {"max_new_tokens": 1, "temperature": 0, "top_p": 1, "seed": 1},
        "cases": {"name": "x", "n": 10, "left_out": 0, "by_generation": {}, "by_type": {}},
        "leaks": {"texts": None, "found": []}, "arms": [arm(*given) for given in arms], "comparisons": [],
        "caveats": ["x"], "run": {},
    }  # fmt: skip
    assert list(schema.violations("report", made)) == []
    return made


def written(tmp_path: Path, value: object) -> Path:
    (tmp_path / "report.json").write_text(json.dumps(value))
    return tmp_path / "report.json"


def test_the_tuned_arm_of_a_report_is_read_and_what_was_not_measured_takes_the_overall_share(tmp_path):
    read = weakness.read(written(tmp_path, report(("base", 1), ("tuned", 4), ("other", 5))))
    assert (read.arm, read.judge, read.overall) == ("tuned", "built-in 1", 0.6)
    assert read.by_generation == {"dwc": (pytest.approx(0.2), 5)}, "of vpro5 there was no case"
    assert read.of("migration", "vpro5") == 0.6
    assert read.of("completion", "dwc") == pytest.approx(0.2)
    assert weakness.read(tmp_path) == read, "the folder of an evaluation will do"
    assert weakness.read(written(tmp_path, report(("base", 1), ("other", 5)))).arm == "other"


def test_what_is_no_report_is_said(tmp_path):
    with pytest.raises(MissingError, match="trainer eval"):
        weakness.read(tmp_path)
    with pytest.raises(CuratorError, match="no report of an evaluation"):
        weakness.read(written(tmp_path, {"arms": []}))
    (tmp_path / "report.json").write_text("{")
    with pytest.raises(CuratorError, match="cannot be read"):
        weakness.read(tmp_path)


@pytest.fixture
def corpus(tmp_path, monkeypatch):
    (tmp_path / "training-data" / "gui").mkdir(parents=True)
    for kind in TYPES[:2]:
        (tmp_path / "training-data" / "gui" / f"{kind}.md").write_text(example("gui", kind, "dwc").text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_terminal_shows_coverage_gaps_and_whose_weakness_ranks_them(corpus, capsys):
    written(corpus, report(("tuned", 4)))
    assert run(cli, "curator", ["stats", "--report", "report.json"]) == 0
    out = capsys.readouterr().out
    assert "2 examples" in out and "useful@1, judge: built-in 1" in out
    assert "% of such answers not useful" in out and "unreviewed 2" in out


def test_json_has_all_of_it(corpus, capsys):
    assert run(cli, "curator", ["stats", "--format", "json"]) == 0
    read = json.loads(capsys.readouterr().out)
    assert {row["type"] for row in read["coverage"]} == set(TYPES[:2])
    assert len(read["gaps"]) > 100 and read["gaps"][0]["failing"] is None
    assert read["review"] == {"states": {"unreviewed": 2}, "agreement": None}
    assert read["near_duplicates"]["clusters"] == [] and read["evaluation"] is None


def test_the_page_stands_alone_and_has_plots(corpus, capsys):
    assert run(cli, "curator", ["stats", "--html", "page.html"]) == 0
    text = (corpus / "page.html").read_text("utf-8")
    assert text.count("<svg") >= 5 and "class=grid" in text
    assert "<script" not in text and "http" not in text and "src=" not in text


@pytest.mark.parametrize("values", [[0], [5], [7, 7, 8], [100, 101, 250], [0, 1, 3, 90_000], list(range(1, 2000, 7))])
def test_the_bins_of_a_histogram_hold_every_length_once_and_follow_on_each_other(values):
    made = lengths("lines", values)
    assert sum(texts for *_, texts in made.bins) == len(values)
    assert made.bins[0][0] <= min(values) and made.bins[-1][1] > max(values)
    assert all(a[1] == b[0] for a, b in zip(made.bins, made.bins[1:], strict=False))
    assert len(made.bins) <= 20
