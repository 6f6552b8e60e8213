"""The generation that the code asks for, beside what the labels say."""

from curator.editing.suggest import suggestions, taken
from curator.example import parse, with_meta
from curator.templates import template


def test_the_suggestion_names_construct_and_line_of_the_file() -> None:
    text = template("Hello", "completion", "dwc")
    (found,) = suggestions(parse(with_meta(parse(text), "generation", None)))
    line = text.split("\n").index("web! = BBjAPI().getWebManager()")  # one line less, as the label's line is gone
    assert found.said == f"Suggested: dwc (line {line}: getWebManager())"


def test_a_contradiction_is_said_and_taken_over() -> None:
    example = parse(with_meta(parse(template("Hello", "completion", "dwc")), "generation", "character"))
    (found,) = suggestions(example)
    assert not found.agrees and found.said.startswith("The label says character, the code says dwc (line ")
    assert parse(taken(example, [found])).generations == ("dwc",)


def test_a_label_that_fits_stays_as_it_is_written() -> None:
    example = parse(with_meta(parse(template("Hello", "completion", "dwc")), "generation", ["bbj-gui", "dwc"]))
    (found,) = suggestions(example)
    assert found.agrees and found.said.startswith("Fits the code (line ")
    assert taken(example, [found]) == example.text


def test_code_without_evidence_suggests_all_and_contradicts_nothing() -> None:
    example = parse(with_meta(parse(template("Hello")), "generation", "vpro5"))
    (found,) = suggestions(example)
    assert found.agrees and found.suggested == "all" and found.said.startswith("Possible; the code alone says all")


def test_both_sides_of_a_migration_are_suggested() -> None:
    example = parse(template("Hello", "migration", "dwc", from_generation="vpro5"))
    for key in ("generation", "from_generation", "to_generation"):
        example = parse(with_meta(example, key, "all"))
    after, before = suggestions(example)
    assert (after.key, after.suggested, before.key, before.suggested) == (
        "generation", "dwc", "from_generation", "vpro5",
    )  # fmt: skip
    meta = parse(taken(example, [after, before])).meta
    assert [meta[key] for key in ("generation", "to_generation", "from_generation")] == ["dwc", "dwc", "vpro5"]


def test_without_code_nothing_is_suggested() -> None:
    assert suggestions(parse("---\ntitle: x\ntype: completion\ngeneration: dwc\n---\n")) == []
