"""Calls, channels and the types that values prove: one line, one code."""

import pytest

from curator.bbj.check import check
from curator.bbj.functions import SIGNATURES
from curator.bbj.words import FUNCTIONS

CODES = {
    "E402": ["def fnx(a$)=a$", "def fnx$(a)=a+1", "rec.name$(1,5)=5"],
    "E405": ["let [a, b] = c"],
    "E304": ["dim a", "dim x$", 'mkeyed "x"', 'mkeyed "x",10,0'],
    "E309": ["dim a,b,c", "x=a[1:3]", 'enter "x"', "enter 5", "dread 5", 'dread "x"', "read (1) 5"],
    "E427": [
        "call foo",
        "call foo(1,2)",
        "for i$ = 1 to 5; next",
        'for i = "a" to "z"; next',
        'mkeyed 10,"x",0,100',
        "read (1,key=1)a$",
        "open (1,mode=5)a$",
        'read (1,siz="5")a$',
        'open ("x")"y"',
        "throw 5",
    ],
    "E432": ["x=ucase(b)", "a$=trim(b$)", "x=instr(a$,b$)", "print (a(1)+b)*2", "x! = Foo(1)"],
    "E433": [
        'p=pos("x",a$)',
        "p=pos(a$)",
        'a$=str("x","y")',
        'a$=date("YYYY")',
        'a$=date(0,"%Yl")',
        "a=len(5)",
        'a$=chr("A")',
        'a=abs("x")',
        "a=round(a$,2)",
        "a=max()",
        "a=mod(5)",
        "a$=cvs(5,3)",
        "if not(a) then b=1",
    ],
    "E434": ["a$=Left$(b$,3)", "a$=Mid$(b$,2,3)", 'a$=STR$("x")'],
    "E435": [
        "read (1,a$)",
        "write (1,a$)",
        "print (1,a$)",
        "read record (1,a$)",
        "close (1,2)",
        'find (1,"key")',
        'open (1,"r")"f"',
        "sqlexec (1,a$)",
        'input (0,"x",a$)',
        'input ("Name: ",name$)',
    ],
    "E436": [
        'open (1)"x",err=*next',
        "read (1)a$,err=*next",
        "read (1)a$,end=*next",
        "read record (1)a$,end=*next",
    ],
}


@pytest.mark.parametrize(("code", "line"), [(code, line) for code, lines in CODES.items() for line in lines])
def test_a_line_gives_its_code_once(code: str, line: str) -> None:
    assert [d.code for d in check(line)] == [code]


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("a$ = trim(b$)", "CVS(x$,3)"),
        ("a$ = upper(b$)", "CVS(x$,4)"),
        ("a$ = lower(b$)", "CVS(x$,8)"),
        ("p = instr(a$,b$)", "POS("),
        ("a$ = mid(b$,1,2)", "a$(start,length)"),
        ("a$ = now()", "DATE("),
        ("p = poss(1)", "POS()"),
        ("a = fill(1,2)", "FILL(number{,string})"),
        ("a$ = chr$(b$)", "CHR(), without `$`"),
    ],
)
def test_the_hint_says_what_bbj_has(line: str, hint: str) -> None:
    assert any(hint in d.hint for d in check(line))


def test_signatures_are_about_functions() -> None:
    assert set(SIGNATURES) <= FUNCTIONS


def test_a_broken_rule_in_a_continued_line_does_not_hide_the_missing_colon() -> None:
    assert [(d.line, d.code) for d in check("x = foo(1,\n2)")] == [(2, "E306")]
