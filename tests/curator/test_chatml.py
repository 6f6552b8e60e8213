"""Examples as conversations: by type, with the generation named, the same words every time."""

import pytest

from curator import schema
from curator.chatml import Task, conversations, example_id, prompt
from curator.codes import CODES
from curator.example import parse
from curator.labels import GENERATION_NAMES, TYPES

GOOD = CODES["E101"].good
MIGRATION = CODES["E214"].good.replace("generation: all", "generation: dwc\nfrom_generation: character")


def conversation(text: str, path: str = "training-data/gui/hello.md"):
    (made,) = conversations(parse(text, path))
    return made


@pytest.mark.parametrize("kind", [t for t in TYPES if t != "migration"])
def test_a_row_fits_the_schema_and_names_the_generation(kind):
    made = conversation(GOOD.replace("type: completion", f"type: {kind}"))
    assert list(schema.violations("conversation", made.as_row())) == []
    assert [m.role for m in made.messages] == ["system", "user", "assistant"]
    assert GENERATION_NAMES["all"] in made.messages[1].content
    assert (made.id, made.topic, made.type) == ("gui/hello", "gui", kind)


def test_a_completion_answers_with_code_then_explanation():
    answer = conversation(GOOD).messages[2].content
    assert answer == '```bbj\nrem Print a greeting\nprint "Hello"\n```\n\nPRINT writes to the terminal.'


def test_a_comprehension_shows_the_code_and_answers_with_prose():
    made = conversation(GOOD.replace("type: completion", "type: comprehension"))
    assert "```bbj\nrem Print a greeting" in made.messages[1].content
    assert made.messages[2].content == "PRINT writes to the terminal.\n\nHello"


def test_a_migration_asks_with_the_before_code_and_answers_with_the_after_code():
    made = conversation(MIGRATION)
    question, answer = made.messages[1].content, made.messages[2].content
    assert "rem Before" in question and "rem After" not in question
    assert "rem After" in answer and "rem Before" not in answer
    assert GENERATION_NAMES["character"] in question and GENERATION_NAMES["dwc"] in question


def test_files_of_a_program_keep_their_names():
    text = GOOD.replace("```bbj\n", "<!-- filename: a.bbj -->\n```bbj\n", 1).replace(
        "```\n\n## Expected", "```\n\n<!-- filename: b.bbj -->\n```bbj\nrem b\n```\n\n## Expected"
    )
    assert conversation(text).messages[2].content.startswith("`a.bbj`:\n\n```bbj\n")
    assert "`b.bbj`:\n\n```bbj\nrem b\n```" in conversation(text).messages[2].content


def test_some_completions_show_the_beginning_and_ask_for_the_whole():
    code = "rem x\n" + "".join(f"print {n}\n" for n in range(30))
    text = GOOD.replace('rem Print a greeting\nprint "Hello"\n', code)
    made = [conversation(text, f"training-data/gui/example-{n}.md") for n in range(40)]
    continued = [m for m in made if "```bbj" in m.messages[1].content]
    assert 3 <= len(continued) <= 20
    assert all("print 5" in m.messages[1].content and "print 20" not in m.messages[1].content for m in continued)


def test_wording_varies_between_ids_and_never_for_one():
    task = Task("gui/a", "completion", ("dwc",), "Show a window", "Open a window.")
    asked = {
        prompt(Task(f"gui/a{n}", "completion", ("dwc",), "Show a window", "Open it."))[1].content for n in range(40)
    }
    assert len(asked) == 4
    assert prompt(task) == prompt(task)


def test_windows_line_ends_do_not_reach_the_model():
    made = conversation(GOOD.replace("\n", "\r\n"))
    assert not any("\r" in m.content for m in made.messages)


def test_braces_in_code_and_titles_are_taken_literally():
    made = conversation(GOOD.replace("Print a greeting\ntype", "Print {title} {0}\ntype"))
    assert "Print {title} {0}" in made.messages[1].content


def test_an_example_without_code_gives_no_conversation():
    assert conversations(parse("---\ntitle: x\ntype: completion\ngeneration: all\n---\n", "gui/x.md")) == []


@pytest.mark.parametrize("path", ["training-data/gui/a.md", "/x/training-data/gui/a.md", "training-data\\gui\\a.md"])
def test_the_id_is_topic_and_name_on_every_system(path):
    assert example_id(path) == "gui/a"
