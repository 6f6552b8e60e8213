"""The fields of the form: which key of the front matter, what is shown, what the author is told, what is written back.

No Textual here, so that the help of a field can be printed by a command as well.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from curator.example import Example, as_words
from curator.labels import DIFFICULTIES, GENERATIONS, REVIEW_STATES, TYPES

Kind = Literal["line", "text", "list", "choice", "generations"]


@dataclass(frozen=True)
class Field:
    """One key of the front matter as a form field."""

    key: str
    label: str
    kind: Kind
    help: str
    good: str
    bad: str
    choices: tuple[str, ...] = ()
    migration_only: bool = False


FIELDS = (
    Field("title", "Title", "line", "What the example shows, in one line. The file name comes from it.",
          "Read a customer by primary key", "Example 12, or: database stuff"),
    Field("type", "Type", "choice",
          "What the model is to learn. completion: task to code. comprehension: code to explanation. migration: "
          "old code to new code. explanation: question to answer.",
          "completion", "code", TYPES),
    Field("generation", "Generation", "generations",
          "The BBj generations the code runs in. character: terminal, @(x,y) and INPUT. vpro5: 'WINDOW' mnemonics on a "
          "SYSGUI channel. bbj-gui: BBjAPI() and callbacks. dwc: the browser. all: loops, files, strings.",
          "all, for a FOR loop that prints", "all, for code that calls addWindow()", GENERATIONS),
    Field("difficulty", "Difficulty", "choice",
          "How much BBj the reader must know. basic: one idea. intermediate: several together. advanced: design.",
          "basic, for a first FOR loop", "advanced, because it is long", DIFFICULTIES),
    Field("description", "Description", "text",
          "The task in one or two sentences, as you would ask a colleague. It becomes the question the model is asked.",
          "Read the record of customer 000042 and print name and balance.", "This example shows reading."),
    Field("tags", "Tags", "list", "Free words to find it by, with commas between.",
          "mkeyed, read record, dom", "bbj, code, example"),
    Field("requires_version", "Needs BBj", "line", "The first BBj version that runs it. Empty: any.",
          "23.04", "latest"),
    Field("from_generation", "From", "choice", "Migration only: the generation of the Before code.",
          "vpro5", "old", GENERATIONS, migration_only=True),
    Field("to_generation", "To", "choice", "Migration only: the generation of the After code.",
          "dwc", "new", GENERATIONS, migration_only=True),
    Field("author", "Author", "line", "Who wrote it, as in your Git commits. A reviewer must be somebody else.",
          "Anna Meier <anna@example.com>", "me"),
    Field("license", "Licence", "line", "The terms for using it, as an SPDX identifier. Empty: MIT, as the corpus.",
          "MIT, or Apache-2.0", "free to use"),
    Field("source", "Source", "line", "Where the code comes from, if you did not write it for this corpus.",
          "our order entry, 2004, names changed", "internet"),
    Field("review", "Review", "choice",
          "Where it stands. draft: you are at it. proposed: ready for a reviewer, who sets approved or rejected. "
          "draft and rejected ones are not trained on.",
          "proposed, when F8 finds nothing more", "approved, by its own author", REVIEW_STATES),
)  # fmt: skip

BY_KEY = {field.key: field for field in FIELDS}


def value_shown(field: Field, example: Example) -> str | tuple[str, ...]:
    """What the form shows for a field: text, or the words chosen. Words the form has no place for are left out."""
    value = example.meta.get(field.key)
    if field.kind == "generations":
        return tuple(word for word in field.choices if word in as_words(value))
    if field.kind == "list":
        return ", ".join(as_words(value))
    if field.kind == "choice":
        words = as_words(value)
        return words[0] if len(words) == 1 and words[0] in field.choices else ""
    return "" if value is None else " ".join(str(value).split("\n"))


def value_written(field: Field, shown: str | Sequence[str]) -> object:
    """What `with_meta` gets for what the author entered; None takes the key out."""
    if field.kind == "generations":
        words = [word for word in field.choices if word in shown]
        return words[0] if len(words) == 1 else words or None
    assert isinstance(shown, str)
    if field.kind == "list":
        return [word.strip() for word in shown.split(",") if word.strip()] or None
    text = " ".join(shown.split("\n")).strip() if field.kind == "text" else shown.strip()
    return text if text or field.key == "title" else None


def chosen(before: Sequence[str], after: Sequence[str]) -> tuple[str, ...]:
    """The generations after a click, without a contradiction: `all` and a named one exclude each other."""
    if "all" in after and len(after) > 1:
        return tuple(word for word in after if word != "all") if "all" in before else ("all",)
    return tuple(after)
