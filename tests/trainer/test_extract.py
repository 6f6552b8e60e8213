"""The extraction rule, one reply a row: changing a row is changing the rule, and raises EXTRACTION_VERSION."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.evaluation.extract import BBJ_LABELS, EXTRACTION_VERSION, Found, extract

TABLE = {
    "a labelled fence": ("```bbj\nprint 1\n```", "print 1\n", Found.FENCE, 1),
    "prose in the lines before": ("Here it is:\n\n```bbj\nprint 1\n```\nIt prints 1.", "print 1\n", Found.FENCE, 1),
    "prose on the line of the fence": ("Sure: ```bbj\nprint 1\n```", "print 1\n", Found.FENCE, 1),
    "an unlabelled fence": ("```\nprint 1\n```", "print 1\n", Found.FENCE, 1),
    "another label": ("```python\nprint(1)\n```", "print(1)\n", Found.FENCE, 1),
    "a label in capitals with attributes": ("```BBj title=x\nprint 1\n```", "print 1\n", Found.FENCE, 1),
    "an unclosed fence": ("```bbj\nprint 1\nprint 2", "print 1\nprint 2\n", Found.UNCLOSED, 1),
    "tildes": ("~~~bbj\nprint 1\n~~~", "print 1\n", Found.FENCE, 1),
    "tildes do not close backticks": ("```bbj\nprint 1\n~~~\nprint 2\n```", "print 1\n~~~\nprint 2\n", Found.FENCE, 1),
    "a longer fence holds a shorter": ("````bbj\na=1\n```\nb=1\n````", "a=1\n```\nb=1\n", Found.FENCE, 1),
    "a longer closing fence": ("```bbj\nprint 1\n`````\nprose", "print 1\n", Found.FENCE, 1),
    "a fence with an info word does not close": ("```bbj\na=1\n```bbj\nb=1\n```", "a=1\n```bbj\nb=1\n", Found.FENCE, 1),
    "no fence": ("print 1\nprint 2\n\n", "print 1\nprint 2\n", Found.WHOLE, 0),
    "inline code is no fence": ("Use `a=1` or ```b=1``` here", "Use `a=1` or ```b=1``` here\n", Found.WHOLE, 0),
    "backticks at the end of code are no fence": ("print 1```", "print 1```\n", Found.WHOLE, 0),
    "a sentence about fences": ("Put ``` around your code.", "Put ``` around your code.\n", Found.WHOLE, 0),
    "the first of several": ("```bbj\na=1\n```\nthen\n```bbj\nb=1\n```", "a=1\n", Found.FENCE, 2),
    "bbj before an earlier shell block": ("```sh\nbbj x.bbj\n```\n```bbj\na=1\n```", "a=1\n", Found.FENCE, 2),
    "unlabelled before an earlier shell block": ("```sh\nbbj x.bbj\n```\n```\na=1\n```", "a=1\n", Found.FENCE, 2),
    "a closed first block and an unclosed second": ("```bbj\na=1\n```\n```bbj\nb=1", "a=1\n", Found.FENCE, 2),
    "CRLF": ("```bbj\r\nprint 1\r\nprint 2\r\n```\r\n", "print 1\nprint 2\n", Found.FENCE, 1),
    "a lone CR": ("```bbj\rprint 1\r```", "print 1\n", Found.FENCE, 1),
    "a fence inside a list": ("1. So:\n    ```bbj\n    if x\n      y=1\n    ```", "if x\n  y=1\n", Found.FENCE, 1),
    "blank lines around": ("```bbj\n\n\n  print 1\n\n```", "  print 1\n", Found.FENCE, 1),
    "an empty reply": ("", "", Found.NOTHING, 0),
    "a reply of spaces": (" \n\t\n", "", Found.NOTHING, 0),
    "an empty block": ("Nothing to do:\n```bbj\n\n```", "", Found.NOTHING, 1),
    "a fence at the very end": ("```bbj", "", Found.NOTHING, 1),
}


@pytest.mark.parametrize("row", TABLE)
def test_the_rule_finds_this_program(row: str) -> None:
    reply, code, found, blocks = TABLE[row]
    got = extract(reply)
    assert (got.code, got.found, got.blocks) == (code, found, blocks)


def test_the_rule_is_version_1_and_its_table_has_not_shrunk() -> None:
    assert EXTRACTION_VERSION == "1"
    assert len(TABLE) >= 28


# no line ends, no fence characters, and the blank as the only white space, so that the expectation below is simple
letters = st.characters(exclude_characters="`~", exclude_categories=("Cs", "Cc", "Zl", "Zp", "Zs"))
lines = st.text(letters | st.just(" "))


@given(st.lists(lines, max_size=8), st.sampled_from(sorted(BBJ_LABELS)), st.sampled_from(["```", "````", "~~~"]), lines)
def test_what_was_fenced_comes_back(body: list[str], label: str, fence: str, prose: str) -> None:
    got = extract("\n".join([prose, "", fence + label, *body, fence, "afterwards"]))
    while body and not body[0].strip():
        body = body[1:]
    while body and not body[-1].strip():
        body = body[:-1]
    expected = "".join(line + "\n" for line in body)
    assert got.code == (expected.rstrip() + "\n" if expected else "")
    assert got.found is (Found.FENCE if expected else Found.NOTHING)


@given(st.text())
def test_any_text_gives_a_program_or_nothing(reply: str) -> None:
    got = extract(reply)
    assert (got.found is Found.NOTHING) == (got.code == "")
    assert "\r" not in got.code
    assert got.code == "" or got.code.endswith("\n")


@given(st.text(alphabet="`~ab \n\r"))
def test_a_program_found_once_is_found_again_when_fenced(reply: str) -> None:
    code = extract(reply).code
    again = extract(f"`````````bbj\n{code}`````````") if "`````````" not in code else None
    assert again is None or again.code == code
