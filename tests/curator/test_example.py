"""Reading an example with line numbers, and editing it by spans."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator import corpus
from curator.example import parse, with_code, with_meta, with_section

TEXT = """---
title: "Höhe"  # a comment
type: completion
generation: [dwc, "bbj-gui"]
tags:
  - files
  - keys
---

Intro.

## Code

<!-- filename: main.bbj -->
```bbj
rem main
print "# no heading"
```

<!-- filename: sub.bbj -->
~~~~bbj
rem sub
~~~
~~~~

## Expected Output

```
1
```

## Explanation

One.

### Detail

Two.
"""


def test_front_matter_is_read_with_the_place_of_each_key_and_value():
    example = parse(TEXT)
    assert example.meta == {
        "title": "Höhe", "type": "completion", "generation": ["dwc", "bbj-gui"], "tags": ["files", "keys"],
    }  # fmt: skip
    assert [(key, place.line) for key, place in example.keys.items()] == [
        ("title", 2), ("type", 3), ("generation", 4), ("tags", 5),
    ]  # fmt: skip
    second = example.values[("generation", 1)]
    assert TEXT[second.start : second.stop] == '"bbj-gui"'
    assert (second.line, second.column) == (4, 19)


def test_sections_and_code_blocks_know_where_they_stand():
    example = parse(TEXT)
    assert [(s.title, s.level) for s in example.sections] == [
        ("Code", 2), ("Expected Output", 2), ("Explanation", 2), ("Detail", 3),
    ]  # fmt: skip
    main, sub, output = example.code_blocks
    assert (main.filename, main.first_line, main.text) == ("main.bbj", 16, 'rem main\nprint "# no heading"\n')
    assert (sub.filename, sub.text, sub.closed) == ("sub.bbj", "rem sub\n~~~\n", True)
    assert (output.language, output.section) == ("", "Expected Output")
    assert example.prose("explanation") == "One.\n\n### Detail\n\nTwo."


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_line_ends_and_a_byte_order_mark_do_not_move_the_lines(newline):
    example = parse("\ufeff" + TEXT.replace("\n", newline))
    assert example.meta["type"] == "completion"
    assert [b.first_line for b in example.code_blocks] == [16, 22, 29]
    assert example.keys["tags"].line == 5


@pytest.mark.parametrize(
    ("text", "kind", "line"),
    [
        ("", "missing", 1),
        ("## Code\n", "missing", 1),
        ("---\ntitle: x\n", "unclosed", 1),
        ('---\ntype: a\ntitle: "x\n---\n', "yaml", 3),
        ("---\n- a\n---\n", "not a mapping", 2),
        ("---\ntitle: a\ntitle: b\n---\n", "duplicate key", 3),
        ("---\nd: 2024-13-45\n---\n", "yaml", 2),
        ("---\ntitle: \x07\n---\n", "yaml", 2),
    ],
)
def test_front_matter_that_cannot_be_read_is_a_problem_with_its_line(text, kind, line):
    (problem, *_) = parse(text).problems
    assert (problem.kind, problem.line) == (kind, line)


def test_an_unclosed_fence_runs_to_the_end():
    (block,) = parse("## Code\n\n```bbj\nprint 1\n").code_blocks
    assert (block.closed, block.text) == (False, "print 1\n")


@pytest.mark.parametrize("value", ["plain", "with: colon", "'quoted'", "äöü", "yes", "1.0", "", "# no comment", "- x"])
def test_a_set_value_is_read_back_and_nothing_else_changes(value):
    before = parse(TEXT)
    after = parse(with_meta(before, "title", value))
    assert after.meta == {**before.meta, "title": value}
    assert "# a comment" in after.text
    assert after.text[after.front_matter.stop :] == TEXT[before.front_matter.stop :]


@pytest.mark.parametrize("value", [["dwc"], "all", ["a", "b", "c"]])
@pytest.mark.parametrize("key", ["generation", "tags", "new_key"])
def test_a_list_is_set_in_the_style_it_was_written_in(key, value):
    before = parse(TEXT)
    after = parse(with_meta(before, key, value))
    assert after.meta == {**before.meta, key: value}
    block_style = after.text[after.values[(key,)].start] == "-"
    assert block_style == (key == "tags" and isinstance(value, list))


def test_a_key_can_be_removed_and_added_to_a_text_without_front_matter():
    assert "tags" not in parse(with_meta(parse(TEXT), "tags", None)).meta
    assert parse(with_meta(parse("## Code\n"), "title", "x")).meta == {"title": "x"}
    assert with_meta(parse(TEXT), "absent", None) == TEXT


def test_code_and_sections_are_replaced_in_place():
    example = parse(TEXT)
    changed = parse(with_code(example, example.code_blocks[0], "rem new\nprint 2"))
    assert [b.text for b in changed.code_blocks] == ["rem new\nprint 2\n", "rem sub\n~~~\n", "```\n1\n```\n"[4:-4]]
    assert parse(with_section(example, "Explanation", "New.")).prose("Explanation") == "New."
    added = parse(with_section(example, "Expected Behavior", "A window."))
    assert added.prose("Expected Behavior") == "A window." and added.text.startswith(TEXT)


def test_code_keeps_the_line_ends_of_the_file():
    example = parse(TEXT.replace("\n", "\r\n"))
    changed = with_code(example, example.code_blocks[0], "rem a\nrem b")
    assert "rem a\r\nrem b\r\n```" in changed and "\n" not in changed.replace("\r\n", "")


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=400))
def test_parsing_never_fails_and_keeps_the_text(text):
    assert parse(text).text == text


_PIECES = st.sampled_from(
    ["---\n", "title: x\n", "tags: [a]\n", "tags:\n  - a\n", "generation: all\r\n", "## Code\n", "### Before (x)\n",
     "```bbj\n", "```\n", "~~~\n", "rem x\n", "\r\n", "\t", "é\n",
     "<!-- filename: a.bbj -->\n", "a: |\n  b\n", "&a ", "* "]
)  # fmt: skip


@given(st.lists(_PIECES, max_size=25).map("".join), st.text("abc: \"'é", max_size=8))
def test_edits_change_nothing_outside_their_span(text, value):
    example = parse(text)
    for block in example.code_blocks:
        if block.closed:
            assert with_code(example, block, block.text) == text or not block.text.endswith("\n")
    for key in example.keys:
        if not example.problems and key in example.meta:
            assert with_meta(example, key, example.meta[key]) == text
    if example.front_matter and not example.problems:
        edited = with_meta(example, "title", value)
        assert edited.startswith(text[: example.front_matter.start])
        assert edited.endswith(text[example.front_matter.stop :])
        assert parse(edited).meta.get("title") == value


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=300))
def test_reading_and_saving_a_file_changes_no_byte(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("x") / "training-data" / "gui" / "a.md"
    corpus.write(path, text)
    before = path.read_bytes()
    corpus.write(path, corpus.read(path).text)
    assert path.read_bytes() == before == text.encode()
