"""The codes that `curator audit` gives to the rows of a foreign dataset: E91x to E93x, in the table's usual form.

An error is what makes a row unfit for training (`--fix` keeps it aside), a warning what a person should look at, a
hint what is only worth knowing. A code keeps its meaning for ever.
"""

from curator.diagnostic import Code, Diagnostic, Severity, Tier

_E, _W, _H = Severity.ERROR, Severity.WARNING, Severity.HINT


def _row(code: str, title: str, severity: Severity, why: str) -> Code:
    return Code(code, title, severity, Tier.CORPUS, why)


AUDIT_CODES = (
    _row("E911", "a line that is no row", _E,
         "A trainer stops at such a line, or passes over it without a word."),
    _row("E912", "turns out of order", _E,
         "A conversation is one system message at most, then user and assistant in turns, and the assistant has the "
         "last word. Anything else teaches the model to answer itself, or not at all."),
    _row("E913", "an empty message", _E, "An empty answer teaches the model to say nothing."),
    _row("E914", "a fragment of an answer", _E,
         "An answer of a word or two, or one that breaks off, teaches the model to break off."),
    _row("W915", "literal \\n instead of line ends", _W,
         "The text was escaped twice: the model would learn to write a backslash and an n. `--fix` puts line ends in."),
    _row("W916", "code without a fence", _W,
         "Code outside a fence is prose to every tool. `--fix` adds the fence where the whole answer is a program."),
    _row("W917", "BBj code in another fence", _W,
         "Only fences marked bbj are checked and trained on as BBj. `--fix` changes the word if a judge accepts the "
         "code."),
    _row("E918", "a fence is never closed", _E,
         "The answer breaks off inside the code. `--fix` closes the fence if a judge accepts the code as it is."),
    _row("E919", "the judge rejects the code", _E,
         "Code that does not compile teaches code that does not compile. The message names the judge and its reason."),
    _row("E920", "the same row again", _E,
         "Question and answer are those of an earlier row: it would count twice. `--fix` keeps the first one."),
    _row("W921", "the same question, nearly the same answer", _W,
         "The question was asked in an earlier row and answered almost alike; one of the two is enough."),
    _row("W922", "the same question, another answer", _W,
         "Two answers to one question: both may be right, or one is wrong. Nobody but a reader can tell."),
    _row("W923", "the same answer to another question", _W,
         "One of the two questions may have got the wrong answer."),
    _row("W924", "nearly the same question", _W,
         "Near-duplicates count twice in training and leak between training and test set if they are split."),
    _row("W925", "nearly the same answer", _W,
         "Near-duplicates count twice in training and leak between training and test set if they are split."),
    _row("H926", "an unusual length", _H,
         "Far longer or shorter than the other rows: often two rows that run into each other, or half of one."),
    _row("E927", "a secret", _E,
         "A key or password in the data can be asked out of the model. Withdraw the key: it is already public here."),
    _row("W928", "personal data", _W,
         "What the model learns about a person cannot be deleted again. Replace it by an invented value."),
    _row("W929", "another language than expected", _W,
         "A model that is asked in one language and trained on another mixes the two."),
    _row("E930", "tokens of a chat template in the text", _E,
         "The template adds its own tokens; in the text they would end the turn in the middle."),
    _row("H931", "untidy layout", _H,
         "Line ends of another system and blanks around a text are learned like everything else. `--fix` tidies them."),
)  # fmt: skip

BY_CODE: dict[str, Code] = {row.code: row for row in AUDIT_CODES}


def found(code: str, path: str, line: int, message: str, hint: str = "", column: int = 1) -> Diagnostic:
    """A finding with the severity that the table gives its code."""
    return Diagnostic(path, line, column, code, BY_CODE[code].severity, message, hint)
