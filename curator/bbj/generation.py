"""Which generation of BBj a program belongs to, told from its code alone, with the evidence for it.

Only code counts, not strings and comments. Evidence is what a program of an older generation cannot contain: a single
`getWebManager()` makes it DWC. What every generation has (loops, files, strings, plain PRINT) is no evidence, and a
program without any is for all generations. To teach it a construct, add its name to one of the tables below.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from curator.bbj.lexer import Token, tokens
from curator.bbj.logical import Logical, logical_lines
from curator.diagnostic import Code, Diagnostic, Severity, Tier
from curator.labels import GENERATION_NAMES, GENERATIONS


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Terminal mnemonics. Those of a printer too ('FF', 'LF', 'CR') say nothing about the screen and are left out.
_TERMINAL_MNEMONICS = _words(
    "cs ce cl cf sb sf bb eb br er bu eu rb ld id ic dc vt be ee bi ei bo eo scroll box window"
)
# Mnemonics that make or steer windows and controls; names that a printer knows too ('TEXT', 'FONT') are left out.
_SYSGUI_MNEMONICS = _words("""
    addchild button caption checkbox child context customedit destroy disable edit editn enable eventmask focus
    getcontext grid groupbox hide hscroll icon inpute inputn listadd listbox listbutton listdel listedit listmadd
    listsel listview menu navigator notify radiobutton radiogroup setcontext setmenu show statusbar tabctrl title
    toolbutton tree txedit txappend uncheck check vscroll window wintitle
""")
_SYSGUI_FUNCTIONS = _words("ctrl sendmsg notice noticetpl winfirst winnext wininfo menuinfo resopen")

_GUI_METHODS = _words("""
    opensysgui getsysgui addwindow createtoplevelwindow addchildwindow createchildwindow getavailablecontext
    addbarchart addbutton addcedit addcheckbox addcolorchooser adddataawaregrid adddataboundgrid addeditbox
    addeditboxspinner addfilechooser addfontchooser addgenericchart addgrid addgroupbox addhorizontalscrollbar
    addhorizontalslider addhtmledit addhtmlview addimagectrl addinputd addinputdspinner addinpute addinputespinner
    addinputn addinputnspinner addinputt addinputtspinner addlinechart addlistbox addlistbutton addlistedit
    addmenubutton addnavigator addpiechart addprintpreview addprogressbar addradiobutton addradiogroup addsplitter
    addstatictext addstatusbar addtabctrl addtoolbutton addtree addverticalscrollbar addverticalslider
    addwrappedjcomponent addpopupmenu setcallback
""")
_GUI_CLASSES = _words("""
    bbjsysgui bbjwindow bbjtoplevelwindow bbjchildwindow bbjdialogwindow bbjcontrol bbjbarchart bbjbutton bbjcedit
    bbjchart bbjcheckbox bbjcheckablemenuitem bbjcolorchooser bbjcombobox bbjdataawaregrid bbjdataboundgrid
    bbjdrawpanel bbjeditbox bbjeditboxspinner bbjfilechooser bbjfontchooser bbjgenericchart bbjgrid bbjgroupbox
    bbjhtmledit bbjhtmlview bbjimagectrl bbjinputd bbjinputdspinner bbjinpute bbjinputespinner bbjinputn
    bbjinputnspinner bbjinputt bbjinputtspinner bbjlinechart bbjlistbox bbjlistbutton bbjlistedit bbjlistspinner
    bbjmenu bbjmenubar bbjmenubutton bbjmenuitem bbjnavigator bbjpiechart bbjpopupmenu bbjprintpreview bbjprogressbar
    bbjradiobutton bbjradiogroup bbjscrollbar bbjslider bbjspinner bbjsplitter bbjstandardgrid bbjstatictext
    bbjstatusbar bbjtabctrl bbjtogglebutton bbjtoolbutton bbjtree bbjwrappedjcomponent
""")
_GUI_VERBS = _words("process_events callback remove_callback")

_WEB_METHODS = _words("""
    getwebmanager getbuimanager injectstyle injectstyleurl injectlinkurl injectscripturl addwebcomponent setslot
    addpanelstyle setpanelstyle removepanelstyle addpanelclass removepanelclass togglepanelclass setdockstyle
    adddockclass removedockclass addwindowclass removewindowclass addouterclass removeouterclass getcomputedstyle
    getcomputedpanelstyle newwebcomponent neweventoptions
""")
_WEB_CLASSES = _words("""
    bbjwebmanager bbjwebcomponent bbjbuimanager bbjwebevent bbjwebeventoptions bbjflexlayout
    bbjapplayout bbjdrawer bbjtoast bbjbrowserbackevent bbjbrowsercloseevent
""")
# Java objects have methods of these names too: they count only in a program that has windows or is DWC anyway.
_WEB_METHODS_OF_CONTROLS = _words("""
    setattribute removeattribute setstyle unsetstyle addclass removeclass toggleclass
""")
# A BBjHtmlView has methods of these names too, on every desktop: without one, they belong to the browser.
_SCRIPT_METHODS = _words("executescript executeasyncscript injectscript")
_HTML_VIEW = _words("addhtmlview bbjhtmlview gethtmlview")

_CONSOLE_INPUT = _words("input inpute inputn")
_CHANNEL_VERBS = _words("print ? write input inpute inputn read find extract open")
_AGE = {name: age for age, name in enumerate(GENERATIONS)}  # "all", then from the oldest to the newest


@dataclass(frozen=True)
class Evidence:
    """A construct that belongs to a generation, and where it was first seen: physical line and column from 1."""

    generation: str
    line: int
    column: int
    construct: str


GENERATION_CODES: tuple[Code, ...] = (
    Code(
        "W701",
        "the code is of another generation than the label",
        Severity.WARNING,
        Tier.GENERATION,
        "The code has constructs that the labelled generation does not know. A model trained on it would learn to "
        "answer a question about the one generation with code of the other. Correct the label or the code.",
        bad="""---
title: Clear the screen
type: completion
generation: all
---

## Code

```bbj
rem Clear the terminal and print in the middle
print 'CS',@(30,12),"Hello"
```

## Expected Output

Hello, in the middle of an empty screen

## Explanation

'CS' clears the screen; @(30,12) moves to column 30 of row 12.
""",
        good="""---
title: Clear the screen
type: completion
generation: character
---

## Code

```bbj
rem Clear the terminal and print in the middle
print 'CS',@(30,12),"Hello"
```

## Expected Output

Hello, in the middle of an empty screen

## Explanation

'CS' clears the screen; @(30,12) moves to column 30 of row 12.
""",
        sample="example",
    ),
    Code(
        "H702",
        "nothing in the code is of the labelled generation",
        Severity.HINT,
        Tier.GENERATION,
        "The label names a generation of which the code shows nothing, while it shows constructs of another one. "
        "That may be right (a BBj GUI program also runs in the browser), but then both belong in the label.",
        bad="""---
title: Ask for a name
type: completion
generation: dwc
---

## Code

```bbj
rem Ask for a name on the terminal
input "Name: ",name$
print "Hello ",name$
```

## Expected Output

Hello and the name that was typed

## Explanation

INPUT prints its prompt and waits for a line.
""",
        good="""---
title: Ask for a name
type: completion
generation: character
---

## Code

```bbj
rem Ask for a name on the terminal
input "Name: ",name$
print "Hello ",name$
```

## Expected Output

Hello and the name that was typed

## Explanation

INPUT prints its prompt and waits for a line.
""",
        sample="example",
    ),
)


def detect(text: str) -> list[Evidence]:
    """The evidence in a program, in the order of its lines; each construct once, where it is first seen."""
    lines = [(logical, *_read(logical.text)) for logical in _lines(text)]
    has_html_view = any(names_html_view for _, names_html_view, _ in lines)
    found: dict[tuple[str, str], Evidence] = {}
    doubtful: list[Evidence] = []
    for logical, _, signs in lines:
        for generation, start, construct in signs:
            if generation == "script" and has_html_view:
                continue
            at = Evidence(
                "dwc" if generation in ("script", "control") else generation, *logical.place(start), construct
            )
            if generation == "control":
                doubtful.append(at)
            else:
                found.setdefault((at.generation, construct), at)
    if any(evidence.generation in ("bbj-gui", "dwc") for evidence in found.values()):
        for at in doubtful:
            found.setdefault((at.generation, at.construct), at)
    return sorted(found.values(), key=lambda evidence: (evidence.line, evidence.column))


def generations(evidence: Iterable[Evidence]) -> tuple[str, ...]:
    """The newest generation that the evidence asks for, alone in a tuple; () if there is none: the label `all` fits.

    Only the newest, because a DWC program is full of constructs of the BBj GUI that it is built on.
    """
    found = {item.generation for item in evidence}
    return (max(found, key=_AGE.__getitem__),) if found else ()


def contradictions(labels: Sequence[str], evidence: Sequence[Evidence]) -> list[Diagnostic]:
    """What speaks against the labels of an example, at the first place of the evidence; at most one diagnostic.

    W701: the code needs a generation newer than every label, or is specific though the label says `all`.
    H702: a labelled generation has no evidence of its own, while another, unlabelled or newer one, has.
    """
    needed = generations(evidence)
    known = [label for label in labels if label in _AGE]
    if not needed or not known:
        return []
    (newest,) = needed
    first = next(item for item in evidence if item.generation == newest)
    if max(_AGE[label] for label in known) < _AGE[newest]:
        written = " and ".join(f'"{label}"' for label in known)
        return [
            Diagnostic(
                "",
                first.line,
                first.column,
                "W701",
                Severity.WARNING,
                f"{first.construct} is {GENERATION_NAMES[newest]}, but the generation label says {written}",
                f'use the label "{newest}", or write the code without it',
            )
        ]
    shown = {item.generation for item in evidence}
    # a GUI program runs in the browser unchanged: a newer label beside the needed one is a claim, not a mistake
    silent = [name for name in known if name not in shown and (newest not in known or _AGE[name] < _AGE[newest])]
    if not silent or silent == ["all"]:
        return []
    return [
        Diagnostic(
            "",
            first.line,
            first.column,
            "H702",
            Severity.HINT,
            f'nothing in the code is specific to "{silent[0]}", but {first.construct} is {GENERATION_NAMES[newest]}',
            f'is the label "{newest}" meant?',
        )
    ]


def _lines(text: str) -> list[Logical]:
    return logical_lines(text) if not text.startswith("<<bbj>>") else []  # a tokenised program has no text


@lru_cache(maxsize=8192)
def _read(text: str) -> tuple[bool, tuple[tuple[str, int, str], ...]]:
    """Does a logical line name an HTML view, and what in it tells a generation: (generation, offset, construct).

    Kept by line, like the checker's results: after a keystroke all lines but one are known.
    """
    line = [token for token in tokens(text) if token.kind != "rem"]
    names_html_view = any(token.kind == "name" and token.text.lower() in _HTML_VIEW for token in line)
    return names_html_view, tuple((kind, token.start, construct) for kind, token, construct in _in_line(line))


def _in_line(line: list[Token]) -> Iterator[tuple[str, Token, str]]:
    """(generation, token, construct) of everything in a logical line that tells a generation.

    Besides the generations: "script" and "control" are DWC under a condition that only the whole program answers.
    """
    verb, channel = "", ""  # of the statement being read
    for index, token in enumerate(line):
        before = line[index - 1].text if index else ""
        after = line[index + 1].text if index + 1 < len(line) else ""
        word = token.text.lower()
        if token.text == ";":
            verb, channel = "", ""
        elif token.kind == "mnemonic":
            name = word.strip("'")
            if channel in ("", "0"):
                if name in _TERMINAL_MNEMONICS:
                    yield "character", token, token.text.upper()
            elif name in _SYSGUI_MNEMONICS:
                yield "vpro5", token, f"PRINT ({channel}){token.text.upper()}"
        elif token.text == "?":
            verb, channel = "print", _channel(line, index + 1)
        elif token.text == "@" and after == "(":
            if channel in ("", "0"):
                yield "character", token, f"{verb.upper()} @(x,y)".strip()
        elif token.kind == "string":
            is_window_device = len(token.text) == 4 and token.text[1] in "Xx" and token.text[2].isdigit()
            if verb == "open" and before == ")" and is_window_device:
                yield "vpro5", token, f"OPEN ({channel}){token.text.upper()}"
        elif token.kind == "name":
            if before == ".":
                yield from _method(token, word, after)
            elif before == "#" or word[-1] in "$!%":
                continue
            elif word in _CHANNEL_VERBS and after not in ("=", ".", ":") and (after != ")" or not before):
                verb, channel = word, _channel(line, index + 1)
                if word in _CONSOLE_INPUT and channel in ("", "0"):
                    yield "character", token, word.upper()
            elif after == "(" and word in _SYSGUI_FUNCTIONS:
                yield "vpro5", token, f"{word.upper()}()"
            elif word in _GUI_VERBS and after not in ("=", ".", ":"):
                yield "bbj-gui", token, word.upper()
            elif word in _GUI_CLASSES:
                yield "bbj-gui", token, token.text
            elif word in _WEB_CLASSES:
                yield "dwc", token, token.text


def _method(token: Token, word: str, after: str) -> Iterator[tuple[str, Token, str]]:
    if after == "(":
        construct = f"{token.text}()"
        if word in _WEB_METHODS:
            yield "dwc", token, construct
        elif word in _GUI_METHODS:
            yield "bbj-gui", token, construct
        elif word in _SCRIPT_METHODS:
            yield "script", token, construct
        elif word in _WEB_METHODS_OF_CONTROLS:
            yield "control", token, construct
    elif word in _GUI_CLASSES:  # com.basis.bbj.proxies.sysgui.BBjButton
        yield "bbj-gui", token, token.text
    elif word in _WEB_CLASSES:
        yield "dwc", token, token.text


def _channel(line: list[Token], index: int) -> str:
    """What stands between the brackets after a verb, up to the first comma: `(gui,err=x)` -> "gui"; "" if none."""
    if index >= len(line) or line[index].text != "(":
        return ""
    depth, parts = 0, []
    for token in line[index:]:
        depth += {"(": 1, ")": -1}.get(token.text, 0)
        if depth == 0 or (depth == 1 and token.text == ","):
            break
        if token is not line[index]:
            parts.append(token.text)
    return "".join(parts)
