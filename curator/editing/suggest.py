"""Which generation the code of an example asks for, with the evidence, beside what its labels say.

The form shows it under the labels and takes it over by one key; nothing is changed by itself, because a label may know
what the code does not show.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from curator.bbj.generation import contradictions, detect, generations
from curator.example import CodeBlock, Example, as_words, parse, with_meta


@dataclass(frozen=True)
class Suggestion:
    """What the code of one label asks for.

    Attributes:
        key: the key of the front matter: "generation", or "from_generation" for the Before code of a migration.
        suggested: the generation the code asks for; "all" where nothing in it belongs to a single one.
        label: the words the author wrote.
        construct: what the suggestion rests on; "" if nothing in the code belongs to a generation.
        line: the line of the construct in the example's file, 0 if there is none.
        agrees: the label and the code do not contradict each other.
    """

    key: str
    suggested: str
    label: tuple[str, ...]
    construct: str = ""
    line: int = 0
    agrees: bool = False

    @property
    def evidence(self) -> str:
        """Such as "line 3: getWebManager()"."""
        return f"line {self.line}: {self.construct}" if self.construct else "nothing in the code belongs to one alone"

    @property
    def said(self) -> str:
        """One sentence for the form: the suggestion, the agreement or the contradiction."""
        if not self.label:
            return f"Suggested: {self.suggested} ({self.evidence})"
        if not self.agrees:
            return f"The label says {', '.join(self.label)}, the code says {self.suggested} ({self.evidence})"
        if self.suggested in self.label:
            return f"Fits the code ({self.evidence})"
        return f"Possible; the code alone says {self.suggested} ({self.evidence})"


def suggestions(example: Example) -> list[Suggestion]:
    """A suggestion per label; none while there is no code."""
    written = [block for block in example.bbj_blocks if block.text.strip()]
    before = [block for block in written if block.part.casefold().startswith("before")]
    after = [block for block in written if block not in before]
    found = []
    if after:
        label = as_words(example.meta.get("to_generation")) or example.generations
        found.append(_suggestion("generation", after, label))
    if before and example.type == "migration":
        found.append(_suggestion("from_generation", before, as_words(example.meta.get("from_generation"))))
    return found


def taken(example: Example, found: Iterable[Suggestion]) -> str:
    """The text with the suggested labels; a migration's `to_generation` goes with its generation."""
    for suggestion in found:
        if suggestion.suggested in suggestion.label and suggestion.agrees:
            continue
        keys = [suggestion.key]
        if suggestion.key == "generation" and example.type == "migration":
            keys.append("to_generation")
        for key in keys:
            example = parse(with_meta(example, key, suggestion.suggested), example.path)
    return example.text


def _suggestion(key: str, blocks: Sequence[CodeBlock], label: tuple[str, ...]) -> Suggestion:
    in_file = [(evidence, block.first_line - 1) for block in blocks for evidence in detect(block.text)]
    evidence = [item for item, _ in in_file]
    needed = generations(evidence)
    if not needed:
        return Suggestion(key, "all", label, agrees=bool(label))
    (newest,) = needed
    first, lines = next((item, lines) for item, lines in in_file if item.generation == newest)
    agrees = bool(label) and not contradictions(label, evidence)
    return Suggestion(key, newest, label, first.construct, first.line + lines, agrees)
