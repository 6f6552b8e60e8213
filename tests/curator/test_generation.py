"""Which generation a program belongs to: own snippets for each construct, and what must not count."""

import pytest

from curator.bbj.generation import GENERATION_CODES, Evidence, contradictions, detect, generations
from curator.diagnostic import Severity
from curator.example import parse

CONSTRUCTS = {
    "character": [
        'print @(10,5),"Name"',
        "x=1;print@(1,2)x",
        '? @(1,2),"x"',
        'input "Name: ",name$',
        "input@(10,3),p$",
        "input (0,err=*same)a$",
        "if a then inpute 5,0,a$",
        "print 'CS'",
        "print (0)'SB',a$,'SF'",
        "cls$='CL'",
    ],
    "vpro5": [
        'open (gui)"X0"',
        "print (gui)'window'(10,10,200,100,\"Title\",$$)",
        "print (sysgui,err=*next)'BUTTON'(1,10,10,80,20,\"OK\",$$)",
        "print (gui)'context'(1)",
        "text$=ctrl(gui,101,1)",
        "x$=sendmsg(gui,101,20,0,$$)",
        "n$=notice(gui,1)",
        "dim n$:noticetpl(5,14)",
    ],
    "bbj-gui": [
        'sysgui! = BBjAPI().openSysGui("X0")',
        "gui! = bbjapi().getSysGui()",
        'w! = gui!.addWindow(10,10,300,200,"Orders")',
        'b!.setCallback(b!.ON_BUTTON_PUSH,"push")',
        "declare BBjTopLevelWindow window!",
        "process_events",
        "callback(on_close,done,0)",
    ],
    "dwc": [
        "web! = BBjAPI().getWebManager()",
        'web!.injectStyle(".a { color: red }")',
        'result$=gui!.executeScript("location.href")',
        'gui!.executeAsyncScript("alert(1)")',
        'panel!.addPanelStyle("card")',
        'slider! = w!.addWebComponent("input")',
        "declare BBjWebComponent slider!",
    ],
}


@pytest.mark.parametrize("generation,code", [(g, c) for g, codes in CONSTRUCTS.items() for c in codes])
def test_a_construct_shows_its_generation(generation: str, code: str) -> None:
    assert generations(detect(code)) == (generation,)


@pytest.mark.parametrize(
    "code",
    [
        'print "Hello"\nfor i=1 to 3\nprint i\nnext i',
        "rem print @(1,2) and BBjAPI().getWebManager()",
        'a$="BBjAPI().openSysGui(""X0"") print @(1,2)"',
        "input (1,end=done)a$\ndone:",
        "print (printer)'FF','LF',@(10),\"Total\"",
        'input = 5\nprint = 4\nctrl = 2\ninput$ = "x"',
        "log.input = 3\nx!.notice(1)",
        'node!.setAttribute("id", "5")\nnode!.addClass("x")',
        'open (1,mode="O_CREATE")"X0Y.TXT"',
        'x = msgbox("Sure?", 36)',
        "class public A\nmethod public void run()\nmethodend\nclassend",
    ],
)
def test_what_every_generation_has_is_no_evidence(code: str) -> None:
    assert detect(code) == []


def test_evidence_says_where_and_what() -> None:
    code = 'rem menu\nprint "Menu",\n: @(10,5),"1 Orders"\n  x = BBjAPI().getWebManager()\n'
    assert detect(code) == [
        Evidence("character", 3, 3, "PRINT @(x,y)"),
        Evidence("dwc", 4, 16, "getWebManager()"),
    ]


def test_a_construct_is_reported_once() -> None:
    assert len(detect("print 'CS'\nprint 'CS'\n")) == 1


def test_a_dwc_program_is_dwc_though_it_is_full_of_gui_constructs() -> None:
    code = 'w! = BBjAPI().openSysGui("X0").addWindow("Hi")\nw!.addButton("OK").setAttribute("theme", "primary")\n'
    found = detect(code)
    assert {e.generation for e in found} == {"bbj-gui", "dwc"}
    assert generations(found) == ("dwc",)


def test_scripts_of_an_html_view_are_no_sign_of_the_browser() -> None:
    code = 'html! = w!.addHtmlView(101,0,0,400,300,"")\nhtml!.executeScript("go()")\n'
    assert generations(detect(code)) == ("bbj-gui",)


def test_any_text_is_taken() -> None:
    for text in ["", "\x00", ":", "(" * 5000, '"' * 4999, "print (", "@(", "input", "<<bbj>>\x01input a$"]:
        detect(text)


def codes(labels: list[str], code: str) -> list[tuple[str, int]]:
    return [(d.code, d.line) for d in contradictions(labels, detect(code))]


def test_an_older_label_than_the_code_needs_is_a_warning_at_the_construct() -> None:
    code = 'rem x\nw! = BBjAPI().openSysGui("X0")\nBBjAPI().getWebManager().setTitle("x")\n'
    (found,) = contradictions(["character"], detect(code))
    assert (found.code, found.line, found.column, found.severity) == ("W701", 3, 10, Severity.WARNING)
    assert found.message == 'getWebManager() is BBj DWC (browser), but the generation label says "character"'
    assert found.hint == 'use the label "dwc", or write the code without it'


def test_specific_code_under_the_label_all_is_a_warning() -> None:
    assert codes(["all"], "print 'CS'\n") == [("W701", 1)]
    assert codes(["character", "vpro5"], "process_events\n") == [("W701", 1)]


def test_a_label_without_evidence_is_a_hint_only_if_another_is_evident() -> None:
    assert codes(["dwc"], "process_events\n") == [("H702", 1)]
    assert codes(["vpro5", "bbj-gui"], "process_events\n") == [("H702", 1)]
    assert codes(["dwc"], "print 1\n") == []


def test_labels_that_fit_are_left_alone() -> None:
    assert codes(["all"], "print 1\n") == []
    assert codes(["bbj-gui", "dwc"], "process_events\n") == []
    assert codes(["dwc"], "process_events\nx! = BBjAPI().getWebManager()\n") == []
    assert codes(["character", "vpro5"], "print 'CS'\nopen (1)\"X0\"\n") == []
    assert codes(["nonsense"], "process_events\n") == []
    assert codes([], "process_events\n") == []


@pytest.mark.parametrize("row", GENERATION_CODES, ids=lambda row: row.code)
def test_the_bad_sample_gives_exactly_its_code_and_the_good_one_none(row) -> None:  # type: ignore[no-untyped-def]
    for text, expected in ((row.bad, [row.code]), (row.good, [])):
        example = parse(text)
        found = [d.code for b in example.bbj_blocks for d in contradictions(example.generations, detect(b.text))]
        assert found == expected
