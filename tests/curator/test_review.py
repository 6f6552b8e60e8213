"""The review: rules, the record on disk and how git merges it, agreement, and the commands as a user runs them."""

import json
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.cli import cli, run
from curator.commands.review import STATES as COMMAND_STATES
from curator.errors import CuratorError, MissingError
from curator.example import parse
from curator.review import log as review_log
from curator.review import people
from curator.review import rules as review
from curator.review.agreement import agreement, cohen
from curator.review.desk import Desk
from curator.review.people import Person, person
from curator.review.rules import Event, new_event, standing, text_hash
from tests.curator.tui.conftest import GREETING

ANN, BOB = Person("Ann", "ann@example.org"), Person("Bob", "bob@example.org")
ID = "strings/print-a-greeting"
EXAMPLE = parse(GREETING, f"training-data/{ID}.md")


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-c", "user.name=Ann", "-c", "user.email=ann@example.org", *arguments],
        cwd=folder, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A corpus of one example that Ann committed, in a repository; no name from the machine's own settings."""
    monkeypatch.setenv("BBJ_CURATOR_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "none"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.delenv(people.VARIABLE, raising=False)
    project = tmp_path / "project"
    path = project / "training-data" / f"{ID}.md"
    path.parent.mkdir(parents=True)
    path.write_bytes(GREETING.encode())
    git(tmp_path, "init", "-q", str(project))
    git(project, "add", "-A")
    git(project, "commit", "-qm", "first")
    monkeypatch.chdir(project)
    return project / "training-data"


def curator(*arguments: str) -> int:
    return run(cli, "curator", list(arguments))


def events(*deeds: str, by: Person = ANN, text: str = "") -> list[Event]:
    return [new_event(deed, ID, by, text=text or text_hash(EXAMPLE)) for deed in deeds]  # type: ignore[arg-type]


# ---------------------------------------------------------------------- states


@pytest.mark.parametrize(
    ("deeds", "state"),
    [([], "unreviewed"), (["proposed"], "proposed"), (["proposed", "approved"], "approved"),
     (["proposed", "rejected"], "rejected"), (["proposed", "rejected", "proposed"], "proposed"),
     (["proposed", "approved", "comment"], "approved"), (["approved", "draft"], "draft")],
)  # fmt: skip
def test_the_last_decision_gives_the_state(deeds, state):
    assert standing(EXAMPLE, events(*deeds)).state == state


def test_an_approval_of_a_text_that_changed_since_is_outdated():
    assert standing(parse(GREETING + "\nMore.\n", EXAMPLE.path), events("approved")).state == "outdated"


def test_line_ends_and_the_review_key_are_no_change_of_the_text():
    marked = GREETING.replace("generation: all\n", "generation: all\nreview: draft\n").replace("\n", "\r\n")
    assert standing(parse(marked, EXAMPLE.path), events("approved")).state == "approved"


def test_without_a_decision_the_front_matter_says_the_state_but_cannot_approve():
    def marked(word: str) -> str:
        return standing(parse(GREETING.replace("type:", f"review: {word}\ntype:")), []).state

    assert [marked("draft"), marked("rejected"), marked("approved")] == ["draft", "rejected", "proposed"]


def test_the_command_knows_all_states():
    assert COMMAND_STATES == review.STATES


# ---------------------------------------------------------------------- who may decide


@pytest.mark.parametrize("deed", ["approved", "rejected"])
def test_an_author_does_not_decide_about_their_own_example(deed):
    with pytest.raises(CuratorError, match=r"you .* are its author"):
        review.decide(deed, EXAMPLE, [], Person("Ann Other", "ANN@example.org"), [ANN], "because")
    assert review.decide(deed, EXAMPLE, [], BOB, [ANN], "because").by == str(BOB)


def test_where_nobody_is_known_as_author_nobody_may_approve():
    with pytest.raises(CuratorError, match="nobody is known as its author"):
        review.decide("approved", EXAMPLE, [], BOB, [])


def test_a_rejection_needs_a_reason_and_an_approval_a_proposed_text_without_errors():
    with pytest.raises(CuratorError, match="needs a reason"):
        review.decide("rejected", EXAMPLE, [], BOB, [ANN], "  ")
    with pytest.raises(CuratorError, match="has 2 errors"):
        review.decide("approved", EXAMPLE, [], BOB, [ANN], unfit="has 2 errors")
    with pytest.raises(CuratorError, match="is a draft"):
        review.decide("approved", EXAMPLE, events("draft"), BOB, [ANN])
    with pytest.raises(CuratorError, match="was rejected by Ann"):
        review.decide("approved", EXAMPLE, events("rejected"), BOB, [ANN])


def test_whoever_proposed_it_is_an_author_and_a_named_author_goes_before_the_committer():
    named = parse(GREETING.replace("type:", "author: Cy\ntype:"), EXAMPLE.path)
    assert review.authors(named, events("proposed", by=BOB), ANN) == [BOB, Person("Cy")]
    assert review.authors(EXAMPLE, [], ANN) == [ANN]


@pytest.mark.parametrize(
    ("said", "who"),
    [("Ann <ann@example.org>", ANN), ("  Ann   B ", Person("Ann B")), ("a@b.org", Person("", "a@b.org"))],
)
def test_a_person_is_read(said, who):
    assert person(said) == who


def test_a_person_without_a_name_is_refused():
    with pytest.raises(CuratorError, match="is not a person"):
        person(" <> ")


def test_a_machine_without_a_name_says_what_to_set(root):
    with pytest.raises(MissingError, match=r"git config user\.name"):
        people.identity(folder=root)


def test_git_knows_who_added_an_example_even_after_it_was_renamed(root):
    git(root, "mv", f"{ID}.md", "strings/say-hello.md")
    git(root, "-c", "user.name=Bob", "-c", "user.email=bob@example.org", "commit", "-qm", "renamed")
    added = people.added_by(root)
    assert added is not None and added["strings/say-hello"] == ANN
    assert people.added_by(root.parent.parent) is None


# ---------------------------------------------------------------------- the record


def test_two_reviewers_on_two_branches_and_one_on_both_lose_no_line(root):
    git(root, "checkout", "-qb", "left")
    review_log.add(root, events("comment", by=ANN)[0])
    review_log.add(root, events("approved", by=BOB)[0])
    git(root, "add", "-A")
    git(root, "commit", "-qm", "left")
    git(root, "checkout", "-qb", "right", "HEAD~1")
    review_log.add(root, events("rejected", by=BOB)[0])
    git(root, "add", "-A")
    git(root, "commit", "-qm", "right")
    git(root, "merge", "-q", "left", "-m", "both")
    record = review_log.read(root)
    assert sorted(event.deed for event in record.events(ID)) == ["approved", "comment", "rejected"]
    assert not record.unreadable


def test_a_line_cut_short_costs_that_line_only(root):
    review_log.add(root, events("proposed")[0])
    file = root / ".review" / "ann.jsonl"
    with file.open("a") as half:
        half.write('{"id": "half", "de')
    review_log.add(root, events("draft")[0])
    record = review_log.read(root)
    assert [event.deed for event in record.events(ID)] == ["proposed", "draft"]
    assert len(record.unreadable) == 1 and "ann.jsonl:2" in record.unreadable[0]


@given(st.permutations(range(4)), st.booleans())
def test_the_order_of_lines_and_doubled_lines_do_not_matter(order, doubled):
    lines = [Event(str(n), f"2026-01-0{n + 1}T00:00:00Z", str(ANN), deed, ID) for n, deed in
             enumerate(("proposed", "comment", "approved", "draft"))]  # fmt: skip
    shuffled = [lines[n] for n in order] + lines * doubled
    found = review_log._by_example({event.id: event for event in shuffled}.values())
    assert found == {ID: tuple(lines)}


def test_only_who_said_it_takes_it_back(root):
    approval = events("approved", by=BOB)[0]
    review_log.add(root, approval)
    review_log.add(root, new_event("withdrawn", ID, ANN, of=approval.id))
    assert review_log.read(root).events(ID)
    review_log.withdraw(root, approval.id)
    assert not review_log.read(root).events(ID)


def test_the_record_follows_an_example_that_was_renamed_but_not_changed(root):
    review_log.add(root, events("approved", by=BOB)[0])
    moved = (root / f"{ID}.md").rename(root / "strings" / "say-hello.md")
    record = review_log.read(root)
    assert record.standing(parse(GREETING, moved.as_posix())).state == "approved"
    assert record.standing(parse(GREETING + "x", moved.as_posix())).state == "unreviewed"


def test_the_record_is_not_written_through_a_link_out_of_the_corpus(root, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (root / ".review").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(CuratorError, match="not a folder of the corpus"):
        review_log.add(root, events("proposed")[0])
    assert not list((tmp_path / "elsewhere").iterdir())


# ---------------------------------------------------------------------- agreement


def test_kappa_is_that_of_a_worked_example():
    pairs = [("yes", "yes")] * 20 + [("yes", "no")] * 5 + [("no", "yes")] * 10 + [("no", "no")] * 15
    found = cohen(pairs)
    assert (found.pairs, found.same, found.observed, found.expected) == (50, 35, 0.7, 0.5)
    assert found.kappa == pytest.approx(0.4)
    assert found.low == pytest.approx(0.4 - 1.96 * (0.7 * 0.3 / (50 * 0.25)) ** 0.5)


def test_kappa_is_not_defined_where_all_is_one_category():
    assert cohen([("a", "a")] * 9).kappa is None
    assert cohen([]).kappa is None


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), min_size=1, max_size=40))
def test_kappa_is_symmetric_and_at_most_one(pairs):
    one, other = cohen(pairs).kappa, cohen([(b, a) for a, b in pairs]).kappa
    assert (one is None) == (other is None)
    assert one is None or (one == pytest.approx(other) and -1 <= one <= 1)


def test_a_label_of_several_is_one_category_and_each_generation_has_its_own_kappa():
    labels = [
        new_event("labelled", f"gui/{n}", BOB, label=label, was=was)
        for n, (label, was) in enumerate([(("dwc",), ("bbj-gui", "dwc")), (("dwc",), ("dwc",)), (("all",), ("all",))])
    ]
    found = agreement(labels)
    assert found is not None and found.whole.same == 2
    assert found.each["dwc"].same == 3 and found.each["bbj-gui"].same == 2
    assert found.confusion == {("all", "all"): 1, ("bbj-gui+dwc", "dwc"): 1, ("dwc", "dwc"): 1}
    assert found.differing == [("gui/0", "bbj-gui+dwc", "dwc")]
    assert agreement([]) is None


def test_the_last_label_of_a_reader_counts():
    labels = [new_event("labelled", ID, BOB, label=(word,), was=("all",)) for word in ("dwc", "all")]
    found = agreement(labels)
    assert found is not None and (found.whole.pairs, found.whole.same) == (1, 1)


def test_a_sample_is_the_same_for_all_and_steady_as_examples_are_added():
    ids = [f"gui/{n}" for n in range(50)]
    first = review.sample(ids, 10, 7)
    assert first == review.sample(reversed(ids), 10, 7) != review.sample(ids, 10, 8)
    assert len(set(first) & set(review.sample([*ids, "gui/new"], 10, 7))) >= 9


# ---------------------------------------------------------------------- the commands


def test_propose_approve_and_undo_as_commands(root, capsys):
    assert curator("review", "propose", ID, "--as", str(ANN)) == 0
    assert curator("review", "approve", ID, "--as", str(ANN)) == 2
    assert "you (Ann <ann@example.org>) are its author" in capsys.readouterr().err
    assert curator("review", "approve", f"training-data/{ID}.md", "--as", str(BOB)) == 0
    assert curator("review", "list", "--state", "approved") == 0
    assert f"approved    {ID}  Bob <bob@example.org>" in capsys.readouterr().out
    assert curator("undo") == 0
    assert curator("review", "show", ID, "--as", "Cy") == 0
    out = capsys.readouterr().out
    assert f"taken back: approved {ID}" in out and f"{ID}: proposed" in out and "written by: Ann" in out
    assert (root / f"{ID}.md").read_bytes() == GREETING.encode()


def test_a_reason_and_a_comment_are_shown_and_nothing_of_them_reaches_the_terminal_raw(root, capsys):
    assert curator("review", "comment", ID, "see\x1b[31m line 3", "--as", str(ANN)) == 0
    assert curator("review", "reject", ID, "--reason", "prints nothing", "--as", str(BOB)) == 0
    assert curator("review", "show", ID, "--format", "json", "--as", "Cy") == 0
    shown = capsys.readouterr().out
    read = json.loads(shown[shown.index("{\n") :])
    assert (read["state"], read["said"]) == ("rejected", "prints nothing")
    assert curator("review", "show", ID, "--as", "Cy") == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out and "\\x1b[31m line 3" in out


def test_who_changed_the_text_here_does_not_review_it(root, capsys):
    (root / f"{ID}.md").write_text(GREETING + "\nMore.\n")
    assert curator("review", "approve", ID, "--as", str(BOB)) == 2
    assert "changes here that are not committed" in capsys.readouterr().err


def test_labels_are_asked_for_blind_and_stats_compare_them(root, capsys):
    assert curator("review", "sample", "--as", str(ANN)) == 0
    assert capsys.readouterr().out == ""  # she wrote it
    assert curator("review", "sample", "--as", str(BOB)) == 0
    assert capsys.readouterr().out == f"{ID}\n"
    assert curator("review", "label", ID, "--generation", "character", "--as", str(BOB)) == 0
    assert curator("review", "sample", "--as", str(BOB)) == 0
    out, err = capsys.readouterr()
    assert out == "" and "1 of 1 labelled" in err
    assert curator("stats") == 0
    assert "0 of 1 the same" in capsys.readouterr().out


def test_an_unknown_example_says_how_to_name_one(root, capsys):
    assert curator("review", "approve", "nix", "--as", str(BOB)) == 3
    assert "give a file, or topic/name" in capsys.readouterr().err


def test_a_rejected_or_taken_back_example_is_not_trained_on(root, tmp_path, capsys):
    assert curator("review", "reject", ID, "--reason", "wrong", "--as", str(BOB)) == 0
    curator("convert", "--compiler", "builtin", "--out", str(tmp_path / "dataset"))
    assert f"left out: {ID}: review: rejected" in capsys.readouterr().err


# ---------------------------------------------------------------------- taking back


def test_a_deleted_example_comes_back_byte_for_byte(root, capsys):
    path = root / f"{ID}.md"
    assert curator("delete", str(path)) == 0
    assert not path.exists()
    assert curator("undo", "--list") == 0
    assert f"deleted {ID}.md" in capsys.readouterr().out
    assert curator("undo") == 0
    assert path.read_bytes() == GREETING.encode()
    assert curator("undo") == 3


def test_nothing_is_taken_back_over_later_work(root, capsys):
    path = root / f"{ID}.md"
    assert curator("delete", str(path)) == 0
    path.write_text("something else")
    assert curator("undo") == 2
    assert "is there again since" in capsys.readouterr().err
    assert path.read_text() == "something else"


def test_a_file_outside_the_corpus_is_not_deleted(root, tmp_path):
    other = tmp_path / "other.md"
    other.write_text("mine")
    assert curator("delete", str(other)) == 2
    assert other.read_text() == "mine"


def test_the_desk_says_a_full_disk_and_records_nothing(root, monkeypatch):
    desk = Desk(root, str(BOB))
    review_log.add(root, events("proposed")[0])
    size = (root / ".review" / "ann.jsonl").stat().st_size

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("curator.review.log.os.fsync", full)
    with pytest.raises(CuratorError, match="No space left on device; nothing was recorded"):
        review_log.add(root, events("approved")[0])
    assert (root / ".review" / "ann.jsonl").stat().st_size == size
    assert desk.me == BOB
