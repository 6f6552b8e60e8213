"""The text a new example starts from, by type and generation. `curator new` and the TUI share it.

A template is a whole example that passes the checks: a small program of the right generation that runs, with the words
to be replaced marked by `PLACEHOLDER`, so that nobody starts from an empty page and nobody forgets a section.
Try it: `python -c "from curator.templates import template; print(template('Close a window', 'completion', 'dwc'))"`
"""

from collections.abc import Sequence

import yaml

# Stands where the author has to write; a search for it finds what is left to do.
PLACEHOLDER = "TODO:"

# The generation before, for a migration that says only where it goes to.
_OLDER = {"vpro5": "character", "bbj-gui": "vpro5", "dwc": "bbj-gui", "all": "character", "character": "character"}
_CONSOLE = ("all", "character")

_CODE = {
    "all": """\
rem {title}
total = 0
for i = 1 to 3
    total = total + i
next i
print "Total:", total
end
""",
    "character": """\
rem {title}
print 'cs', @(5,2), "Name:"
input @(12,2), name$
print @(5,4), "Hello, ", name$
end
""",
    "vpro5": """\
rem {title}
sysgui = unt
open (sysgui) "X0"
print (sysgui) 'window'(100,100,320,140,"Hello",$00010003$)
print (sysgui) 'button'(1,110,60,90,25,"Close",$$)
dim event$:tmpl(sysgui)
repeat
    read record (sysgui,siz=len(event$)) event$
until event.code$ = "B" or event.code$ = "X"
end
""",
    "bbj-gui": """\
rem {title}
sysgui! = BBjAPI().openSysGui("X0")
window! = sysgui!.addWindow(100, 100, 320, 140, "Hello", $00010003$)
button! = window!.addButton(101, 110, 60, 90, 25, "Close")
button!.setCallback(button!.ON_BUTTON_PUSH, "on_close")
window!.setCallback(window!.ON_CLOSE, "on_close")
process_events

on_close:
release
""",
    "dwc": """\
rem {title}
web! = BBjAPI().getWebManager()
web!.injectStyle(".greeting {{ color: var(--dwc-color-primary); }}")
sysgui! = BBjAPI().openSysGui("X0")
window! = sysgui!.addWindow("Hello")
text! = window!.addStaticText("Hello from the browser")
text!.addClass("greeting")
button! = window!.addButton("Close")
button!.setCallback(button!.ON_BUTTON_PUSH, "on_close")
process_events

on_close:
release
""",
}

_EXPLANATION = {
    "completion": "say how the code works and why it is written this way.",
    "comprehension": "walk through the code from top to bottom: what each part does, and to what end.",
    "migration": "say what changed from Before to After, and why.",
    "explanation": "answer the question of the description; the code shows what the answer says.",
}
_DESCRIPTION = {
    "completion": "the task in one or two sentences, as you would ask a colleague.",
    "comprehension": "what the program is for, in one sentence.",
    "migration": "what the program does, and what it is to become.",
    "explanation": "the question that the explanation answers?",
}


def template(
    title: str,
    type: str = "completion",
    generation: str | Sequence[str] = "all",
    difficulty: str = "basic",
    from_generation: str | Sequence[str] = (),
) -> str:
    """The Markdown of a new example.

    `generation` is the label: one word or several. A migration goes from `from_generation` (the older one if it is not
    given) to `generation`. Words outside the format's lists give the code of `all`; the checks name them.
    """
    labels = [generation] if isinstance(generation, str) else list(generation)
    target = labels[-1] if labels else "all"
    before = [from_generation] if isinstance(from_generation, str) and from_generation else list(from_generation)
    before = before or [_OLDER.get(target, "character")]
    meta: dict[str, object] = {"title": _one_line(title), "type": type, "generation": _word_or_list(labels)}
    meta["difficulty"] = difficulty
    meta["description"] = f"{PLACEHOLDER} {_DESCRIPTION.get(type, _DESCRIPTION['completion'])}"
    if type == "migration":
        meta |= {"from_generation": _word_or_list(before), "to_generation": _word_or_list(labels)}
    expected = "Expected Output" if target in _CONSOLE else "Expected Behavior"
    shown = "what is printed, line by line." if target in _CONSOLE else "what the user sees and can do."
    explained = _EXPLANATION.get(type, _EXPLANATION["completion"])
    return (
        f"---\n{_yaml(meta)}---\n\n## Code\n\n{_code(type, _one_line(title), before, target)}\n"
        f"## {expected}\n\n{PLACEHOLDER} {shown}\n\n## Explanation\n\n{PLACEHOLDER} {explained}\n"
    )


def code_for(title: str, generation: str) -> str:
    """A small program of that generation, without fences."""
    return _CODE.get(generation, _CODE["all"]).format(title=_one_line(title))


def _code(type: str, title: str, before: Sequence[str], target: str) -> str:
    if type != "migration":
        return f"```bbj\n{code_for(title, target)}```\n"
    return (
        f"### Before ({before[-1]})\n\n```bbj\n{code_for(title, before[-1])}```\n\n"
        f"### After ({target})\n\n```bbj\n{code_for(title, target)}```\n"
    )


def _one_line(title: str) -> str:
    return " ".join(title.split())


def _word_or_list(words: Sequence[str]) -> object:
    return words[0] if len(words) == 1 else list(words)


def _yaml(meta: dict[str, object]) -> str:
    """Front matter in the order given, each key on one line."""
    return "".join(f"{key}: {_scalar(value)}\n" for key, value in meta.items())


def _scalar(value: object) -> str:
    text = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=float("inf"))
    return text.removesuffix("...\n").strip()
