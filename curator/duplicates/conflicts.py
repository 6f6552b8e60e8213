"""The same question with different answers: what no rule can resolve, so it is listed for somebody to decide."""

import hashlib
from array import array
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from curator.duplicates.collection import Question, Record
from curator.similarity import shingles

# An answer is compared with this many different ones; a prompt with more than that ("Continue.") is no question.
_MOST_VARIANTS = 50
# Answers less similar than this are different ones. It is no option: whoever asks for identical texts only (1.0) does
# not mean that every other comma is a conflict.
DIFFERENT = 0.7


@dataclass(frozen=True)
class Conflict:
    """A question that is answered in several ways. `variants` are the keys of the documents, by answer.

    `kind` says what is the same: "prompt" or "code"; `question` is that text.
    """

    kind: str
    question: str
    variants: tuple[tuple[str, ...], ...]

    def pairs(self) -> Iterator[tuple[str, str]]:
        """The pairs of documents whose answers differ, the smaller key first."""
        for number, variant in enumerate(self.variants):
            for other in self.variants[number + 1 :]:
                yield from ((min(a, b), max(a, b)) for a in variant for b in other)


class Questions:
    """Remembers of each document, in 24 bytes a question, what is asked and what is answered."""

    def __init__(self) -> None:
        self._asked, self._answered, self._documents = array("Q"), array("Q"), array("Q")

    def add(self, document: int, record: Record) -> None:
        """Take in the questions of a document, whose number is larger than those before."""
        for question in record.questions:
            if asked := _asked(question):
                self._asked.append(asked)
                self._answered.append(_digest(question.answer))
                self._documents.append(document)

    def suspects(self) -> set[int]:
        """The documents that share a question with another one and do not answer it word for word alike."""
        first: dict[int, int] = {}
        several = set()
        for asked, answered in zip(self._asked, self._answered, strict=True):
            if first.setdefault(asked, answered) != answered:
                several.add(asked)
        return {d for asked, d in zip(self._asked, self._documents, strict=True) if asked in several}


def conflicts(records: Sequence[Record], threshold: float) -> list[Conflict]:
    """The conflicts among documents: the same question, and answers whose Jaccard similarity is below `threshold`,
    or below `DIFFERENT` if that is less.

    A question is the same if it is so but for case and white space.
    """
    threshold = min(threshold, DIFFERENT)
    by_question: dict[int, list[tuple[Record, Question]]] = defaultdict(list)
    for record in records:
        for question in record.questions:
            if asked := _asked(question):
                by_question[asked].append((record, question))
    found = []
    for same in by_question.values():
        variants = _variants([(record.key, question.answer) for record, question in same], threshold)
        if len(variants) > 1:
            text = same[0][1].text.split("\n", 1)[-1] if same[0][1].kind == "code" else same[0][1].text
            found.append(Conflict(same[0][1].kind, text.strip(), variants))
    return sorted(found, key=lambda c: (c.variants, c.kind))


def _variants(answers: Sequence[tuple[str, str]], threshold: float) -> tuple[tuple[str, ...], ...]:
    """Keys by answer: with the first answer they are similar to, in order."""
    keys: list[list[str]] = []
    sets: list[frozenset[str]] = []
    seen: dict[int, int] = {}
    for key, answer in answers:
        digest = _digest(answer)
        if digest not in seen:
            mine = shingles.of(answer)
            near = (n for n, s in enumerate(sets) if shingles.jaccard(mine, s) >= threshold or not (mine or s))
            number = next(near, None)
            if number is None:
                number = len(keys)
                keys.append([])
                if number < _MOST_VARIANTS:
                    sets.append(mine)
            seen[digest] = number
        keys[seen[digest]].append(key)
    return tuple(tuple(dict.fromkeys(variant)) for variant in keys)


def _asked(question: Question) -> int:
    """A number for a question, 0 for one without words: an empty prompt asks nothing."""
    text = _plain(question.text)
    if question.kind == "code" and " " not in text:  # the label alone, without code
        return 0
    return _digest(f"{question.kind} {text}") if text else 0


def _digest(text: str) -> int:
    plain = _plain(text).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(plain, digest_size=8).digest(), "big")


def _plain(text: str) -> str:
    return " ".join(text.lower().split())
