"""What the home screen shows of an example, computed once for each text, and which examples a filter takes.

No Textual here. Ten thousand examples are filtered at every key of a search, so nothing is parsed or folded twice but
the text, which folds in 20 ms and would cost 16 MB to keep.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from curator import chatml
from curator.diagnostic import Diagnostic, Severity
from curator.example import Example
from curator.tui.shown import one_line

WITH, WITHOUT = "with", "without"


@dataclass(frozen=True, slots=True)
class Entry:
    """The labels of an example as text that the terminal may have; `example` is what they were taken from."""

    example: Example
    title: str
    topic: str
    type: str
    generation: str
    targets: tuple[str, ...]
    difficulty: str


def entry(example: Example) -> Entry:
    """The entry of an example."""
    difficulty = example.meta.get("difficulty")
    return Entry(
        example,
        one_line(example.title or "(no title)"),
        one_line(chatml.example_id(example.path).split("/")[0]),
        one_line(example.type),
        one_line(", ".join(example.generations)),
        chatml.target_generation(example),
        one_line(str(difficulty)) if difficulty else "",
    )


@dataclass(frozen=True)
class Filter:
    """What is asked for; "" asks for nothing. `problems` and `near` are "with" or "without"."""

    words: tuple[str, ...] = ()
    topic: str = ""
    type: str = ""
    generation: str = ""
    difficulty: str = ""
    state: str = ""
    problems: str = ""
    near: str = ""

    def takes(self, entry: Entry, state: str, found: list[Diagnostic] | None) -> bool:
        """True if the labels and states are asked for; `words` are for `Entries`, which searches all texts at once.

        `found` is None for an example that is not checked yet.
        """
        if self.topic and self.topic != entry.topic:
            return False
        if self.type and self.type != entry.type:
            return False
        if self.generation and self.generation not in entry.targets:
            return False
        if self.difficulty and self.difficulty != entry.difficulty:
            return False
        if self.state and self.state != state:
            return False
        if self.problems and (found is None or has_problems(found) != (self.problems == WITH)):
            return False
        return not (self.near and (found is None or has_near_duplicates(found) != (self.near == WITH)))


class Entries:
    """The entries of a corpus; only those of new texts are made anew."""

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}
        self._words: tuple[str, ...] = ()
        self._with_words: list[str] = []  # the paths of the texts that have them

    def update(self, examples: Mapping[str, Example]) -> None:
        """Be in step with these."""
        old = self._entries
        self._entries = {
            path: kept if (kept := old.get(path)) is not None and kept.example is example else entry(example)
            for path, example in examples.items()
        }
        self._words, self._with_words = (), list(self._entries)

    def __getitem__(self, path: str) -> Entry:
        return self._entries[path]

    def __len__(self) -> int:
        return len(self._entries)

    def matching(
        self, filter: Filter, states: Mapping[str, str], problems: Mapping[str, list[Diagnostic]]
    ) -> list[str]:
        """The paths that the filter takes, in order."""
        return [
            path
            for path in self._search(filter.words)
            if filter.takes(self._entries[path], states.get(path, ""), problems.get(path))
        ]

    def _search(self, words: tuple[str, ...]) -> list[str]:
        """The paths of the texts with all words; whoever types on is shown some of what the words so far found."""
        if words != self._words:
            narrower = all(any(old in new for new in words) for old in self._words)
            pool = self._with_words if narrower else list(self._entries)
            self._with_words = [path for path in pool if _has_all(self._entries[path].example.text, words)]
            self._words = words
        return self._with_words


def _has_all(text: str, words: tuple[str, ...]) -> bool:
    folded = text.casefold()
    return all(word in folded for word in words)


def has_problems(found: list[Diagnostic]) -> bool:
    """True for an error or a warning other than a near-duplicate, which has a filter of its own."""
    return any(d.severity is not Severity.HINT and d.code != "W901" for d in found)


def has_near_duplicates(found: list[Diagnostic]) -> bool:
    """True if the corpus has an example like it."""
    return any(d.code == "W901" for d in found)
