"""What a mistake is called: habits whose name, place or hint is easily got wrong, one diagnostic each."""

import pytest

from curator.bbj.check import check

NAMED = [
    ("x=1; again: y=2", 1, "E347", "does not stand at the begin"),
    ("gosub out; return; out: print 1", 1, "E347", "`out`"),
    ('print using "##", x', 1, "E335", "no PRINT USING"),
    ('#include "foo.bbj"', 1, "E333", "#include"),
    ("if a=1 print 1 elseif a=2 print 2", 1, "E316", "elseif"),
    ('x!.setCallback(1, () -> print("x"))', 1, "E323", "->"),
    ("use java.util.*", 1, "E333", "package"),
    ("class public A\npublic void m()\nprint 1\nmethodend\nclassend", 2, "E329", "METHOD PUBLIC"),
    ("print 1\nagain\ngoto again", 2, "E332", "again"),
    ("process_events()", 1, "E308", "()"),
    ("print 1 +\n  : 2", 2, "E306", "not in column 1"),
    ("class public A\nmethod public void m(BBjNumber a, b)\nmethodend\nclassend", 2, "E309", "type of its own"),
]


@pytest.mark.parametrize(("text", "line", "code", "words"), NAMED)
def test_one_mistake_one_diagnostic_with_its_name(text: str, line: int, code: str, words: str) -> None:
    found = check(text)
    assert [(d.line, d.code) for d in found] == [(line, code)]
    assert words in found[0].message
