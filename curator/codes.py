"""The table of diagnostic codes: what each means, why it matters, a bad and a good sample. `curator explain` shows it.

E0xx file, E1xx front matter, E2xx sections, E3xx BBj syntax, E4xx compiler rules, W5xx block balance, H6xx style,
W7xx generation, E8xx what bbjcpl says, W9xx the corpus as a whole. A code keeps its meaning for ever.
"""

from curator.bbj.codes import BBJ_CODES
from curator.bbj.generation import GENERATION_CODES
from curator.diagnostic import Code, Diagnostic, Severity, Tier
from curator.judge.bbjcpl import COMPILER_CODES
from curator.rows.audit_codes import AUDIT_CODES
from curator.templates import PLACEHOLDER

_GOOD = """---
title: Print a greeting
type: completion
generation: all
---

## Code

```bbj
rem Print a greeting
print "Hello"
```

## Expected Output

Hello

## Explanation

PRINT writes to the terminal.
"""


def _bad(old: str, new: str) -> str:
    assert old in _GOOD, old
    return _GOOD.replace(old, new)


_MIGRATION = _GOOD.replace("type: completion", "type: migration").replace(
    '```bbj\nrem Print a greeting\nprint "Hello"\n```',
    '### Before (character)\n\n```bbj\nrem Before\nprint "Hello"\n```\n\n'
    '### After (any)\n\n```bbj\nrem After\nprint "Hello, world"\n```',
)

_E, _W, _H = Severity.ERROR, Severity.WARNING, Severity.HINT
_FILE, _FRONT, _SECTIONS, _STYLE, _CORPUS = Tier.FILE, Tier.FRONT_MATTER, Tier.SECTIONS, Tier.STYLE, Tier.CORPUS


def _example(code: str, title: str, severity: Severity, tier: Tier, why: str, bad: str = "", good: str = _GOOD) -> Code:
    return Code(code, title, severity, tier, why, bad, good if bad else "", sample="example")


EXAMPLE_CODES = (
    _example("E001", "not UTF-8", _E, _FILE,
             "Every tool of the chain reads UTF-8; a file in another encoding would train the model on damaged text."),
    _example("E002", "the file cannot be read", _E, _FILE, "A file that cannot be opened is not in the corpus."),
    _example("E101", "no front matter", _E, _FRONT,
             "The labels (title, type, generation) stand between two `---` lines at the top of the file. Without them "
             "the example cannot be filed, split or turned into a prompt.",
             _GOOD.split("---\n", 2)[2].lstrip("\n")),
    _example("E102", "a word that is not in the list", _E, _FRONT,
             "Generation, type and difficulty are closed lists: a misspelt word would make a class of its own.",
             _bad("generation: all", "generation: bbj_gui")),
    _example("E103", "a required key is missing", _E, _FRONT,
             "Title, type and generation are needed to make a prompt.", _bad("generation: all\n", "")),
    _example("E104", "an unknown key", _E, _FRONT,
             "A key that nothing reads is most often a misspelt one, and its value would be lost without notice.",
             _bad("generation: all", "generation: all\nlevel: basic")),
    _example("E105", "a value of the wrong kind", _E, _FRONT,
             "YAML reads 23.04 as a number and loses its last digit, and an empty title titles nothing; text that "
             "looks like a number or a date goes in quotes.",
             _bad("generation: all", "generation: all\nrequires_version: 23.10")),
    _example("E106", "the front matter is not YAML", _E, _FRONT,
             "If the front matter cannot be read, none of the labels can. Text with a colon or a quote in it goes in "
             "double quotes.", _bad("title: Print a greeting", 'title: "Print a greeting')),
    _example("E107", "a key is given twice", _E, _FRONT,
             "YAML keeps the last one in silence; one of the two is a mistake.",
             _bad("generation: all", "generation: all\ntitle: Another")),
    _example("E108", "migration labels on another type", _E, _FRONT,
             "`from_generation` and `to_generation` only mean something in a migration.",
             _bad("generation: all", "generation: all\nfrom_generation: character")),
    _example("E201", "no Code section", _E, _SECTIONS,
             "An example is code with its explanation; the code stands under `## Code`.",
             _bad("## Code", "## Program").replace("```bbj\nrem", "```bbj\nrem")),
    _example("E202", "no Expected Behavior or Expected Output", _E, _SECTIONS,
             "What the program prints (Expected Output) or does on the screen (Expected Behavior) lets a reader, and "
             "later a test, tell whether the code is right.", _bad("## Expected Output\n\nHello\n\n", "")),
    _example("E203", "no Explanation section", _E, _SECTIONS,
             "The explanation is what the model learns to say about the code.",
             _bad("## Explanation\n\nPRINT writes to the terminal.\n", "")),
    _example("E204", "a section is empty", _E, _SECTIONS,
             "An empty section teaches the model to say nothing.", _bad("PRINT writes to the terminal.\n", "")),
    _example("E205", "a section is given twice", _E, _SECTIONS,
             "Only the first one would be used.", _GOOD + "\n## Explanation\n\nOnce more.\n"),
    _example("W206", "sections in another order", _W, _SECTIONS,
             "Readers expect Code, Expected, Explanation in this order; nothing is lost otherwise.",
             _bad("## Expected Output\n\nHello\n\n", "") + "\n## Expected Output\n\nHello\n"),
    _example("W207", "something is still to be written", _W, _SECTIONS,
             f"`{PLACEHOLDER}` stands where a template waits for words. Until they are there, `curator convert` leaves "
             "the example out.", _bad("PRINT writes", f"{PLACEHOLDER} PRINT writes")),
    _example("E211", "no BBj code", _E, _SECTIONS,
             "Code belongs in a fence that starts with ```bbj; code outside a fence is prose to every tool.",
             _bad('```bbj\nrem Print a greeting\nprint "Hello"\n```', 'print "Hello"')),
    _example("E212", "another fence language", _E, _SECTIONS,
             "Only fences marked bbj are checked, coloured and trained on.", _bad("```bbj", "```basic")),
    _example("E213", "a fence is never closed", _E, _SECTIONS,
             "Everything below it would count as code.", _bad('"Hello"\n```', '"Hello"')),
    _example("E214", "a migration without Before or After", _E, _SECTIONS,
             "A migration shows the old program under `### Before (...)` and the new one under `### After (...)`.",
             _bad("type: completion", "type: migration"), _MIGRATION),
    _example("E215", "several files without names", _E, _SECTIONS,
             "In a program of several files, each fence has its file's name above it: `<!-- filename: x.bbj -->`.",
             _bad('print "Hello"\n```', 'print "Hello"\n```\n\n```bbj\nrem Another file\nprint "More"\n```')),
    _example("E216", "an empty code block", _E, _SECTIONS, "An empty fence teaches nothing.",
             _bad('rem Print a greeting\nprint "Hello"\n', "")),
    _example("H221", "the code does not start with rem", _H, _STYLE,
             "The first line says what the program does, so that it can be read, and completed, on its own.",
             _bad("rem Print a greeting\n", "")),
    _example("E231", "the file name is not kebab-case", _E, _CORPUS,
             "Names are lower-case words with hyphens and start with a letter (read-customer.md): they become ids in "
             "the dataset and must mean the same on every file system."),
    _example("E232", "the folder is not a topic", _E, _CORPUS,
             "Examples lie in `training-data/<topic>/`, one folder for each of the seven topics."),
    _example("E241", "two examples with one name", _E, _CORPUS,
             "`<topic>/<name>` is the id of an example; two with the same id cannot be told apart in the dataset."),
    _example("W809", "the compiler gave no verdict", _W, Tier.COMPILER_RULE,
             "bbjcpl was slow, crashed or said something nobody understands. That is neither a pass nor a failure: "
             "run it again, or check with `--compiler builtin`."),
    _example("W901", "near-duplicate", _W, _CORPUS,
             "Two examples that share most of their text train the model twice on the same and would leak the test "
             "set if they were split. `curator dedupe` shows the pairs and which one to keep."),
)  # fmt: skip

CODES: dict[str, Code] = {
    row.code: row for row in (*EXAMPLE_CODES, *BBJ_CODES, *GENERATION_CODES, *COMPILER_CODES, *AUDIT_CODES)
}


def diagnose(
    code: str, path: str, line: int, column: int, message: str, hint: str = "", end: int | None = None
) -> Diagnostic:
    """A diagnostic with the severity that the table gives its code."""
    return Diagnostic(path, line, column, code, CODES[code].severity, message, hint, end)
