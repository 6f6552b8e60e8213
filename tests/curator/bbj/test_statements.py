"""One line at a time: what is accepted and what is not, rule by rule."""

import pytest

from curator.bbj.check import accepted, check
from curator.bbj.words import RESERVED_AS_LABEL, RESERVED_AS_VARIABLE, VERBS

LABELS = "\nlab: return\nlab2: return\n"

ACCEPTED = [
    "print",
    "?a$,",
    "print a$, ",
    "print(1)a$",
    "print (a$)",
    "print (a + b) * 2",
    'print"x"',
    "print 'CS',@(0,0)",
    "input",
    "input@(10,3),p$",
    'input (0)a$:("y"=lab,"n"=lab2)',
    "read (1)*,a$,*",
    "read (1) iol=lab",
    'let a=1,b$="x"',
    "x = a=b",
    "a! = null",
    "a% = 5",
    "goto 100",
    "goto *next",
    "on x gosub lab,100",
    "if a then rem nothing",
    "if a",
    "dim a$(10), b[5]",
    'dim r$:(stbl("+X"))',
    "release",
    "exit err",
    "return 5",
    "methodret",
    "restore -",
    'field r$,"N"[1]=5',
    "for i=10 to 1 step -1; next i",
    "x!.foo()",
    "Foo.bar()",
    "BBjAPI().x().y()",
    "new Foo()",
    "cast(Foo, x!)",
    "::a.bbj::Foo.bar()",
    "#this!.m()",
    "#f! = 1",
    "x![0] = 1",
    'a$(1)(2) = "x"',
    "declare auto java.util.HashMap m!",
    "declare byte[][] b!",
    "declare ::x.bbj::Foo f!",
    "use java.util.Map.Entry",
    "use java.util.Map$Entry",
    "lab3: rem x",
    "one: two: print 1",
    "a=1;",
    "; ;",
    "start; start",
    "restore lab",
    'mkeyed "f",[1:1:10:"UNIQUE"],0,100',
    'x = "a" < "b"',
    "x = (a$ = b$) + 1",
    'if i = 5 and a$ = "x" then print 1',
    'a$ = iff(b = 1, "x", "y")',
    'n% = pos("x" = a$)',
    'x$ = x!.name + "a"',
    "rem:x",
]


@pytest.mark.parametrize("line", ACCEPTED)
def test_a_right_statement_is_accepted(line: str) -> None:
    found = [d for d in check(line + LABELS) if d.severity == "error"]
    assert found == []


REJECTED = [
    ("print a$ b$", "E308"),
    ("goto", "E304"),
    ("goto a$", "E309"),
    ("let x", "E304"),
    ("open (1)", "E304"),
    ("close 1", "E335"),
    ("for i to 5", "E326"),
    ("on x lab", "E309"),
    ("dim 5", "E309"),
    ("x = a.", "E304"),
    ("use", "E304"),
    ("a = b ? c", "E323"),
    ("ctrl(1) = 5", "E428"),
    ("gosub lab()", "E308"),
    ("next 5", "E309"),
    ("select (1) r$", "E304"),
    ("wend a", "E308"),
    ("x = not", None),
    ("call", "E304"),
    ("read record (1) a$, b$", "E424"),
    ("x! = new Foo", "E304"),
    ("table 0g", "E309"),
    ("if then print 1", "E309"),
    ("x = if", "E309"),
    ("x = 5 + * 2", "E309"),
    ("print 1 2", "E308"),
]


@pytest.mark.parametrize(("line", "code"), REJECTED)
def test_a_wrong_statement_is_rejected_with_one_code(line: str, code: str | None) -> None:
    found = [d.code for d in check(line + LABELS) if d.severity == "error"]
    assert found == ([code] if code else [])


@pytest.mark.parametrize("word", sorted(RESERVED_AS_VARIABLE))
def test_a_reserved_word_is_no_variable(word: str) -> None:
    assert not accepted(check(f"{word} = 1\n"))
    if word not in ("fnend", "fnerr"):
        assert accepted(check(f'{word}$ = "x"\n'))


@pytest.mark.parametrize("word", sorted(RESERVED_AS_LABEL))
def test_a_reserved_word_is_no_label(word: str) -> None:
    assert not accepted(check(f"{word}: print 1\n"))


@pytest.mark.parametrize("word", sorted(VERBS - RESERVED_AS_VARIABLE))
def test_other_verbs_may_be_variables(word: str) -> None:
    assert check(f"{word} = 1\nx = {word} + 1\n") == []


@pytest.mark.parametrize("word", sorted(VERBS - RESERVED_AS_LABEL - RESERVED_AS_VARIABLE))
def test_other_verbs_may_be_labels(word: str) -> None:
    assert check(f"goto {word}\n{word}: print 1\n") == []


def test_the_statement_behind_a_faulty_one_is_checked() -> None:
    found = check("a == 1; b != 2; c = 3\n")
    assert [(d.code, d.column) for d in found] == [("E310", 3), ("E311", 11)]


def test_deep_brackets_are_refused_and_not_a_crash() -> None:
    for text in ("(" * 100_000, "x=" + "(" * 100_000 + "1" + ")" * 100_000, "x=" + "f(" * 50_000, "x=" + "a[" * 50_000):
        assert [d.code for d in check(text)] == ["E339"]
