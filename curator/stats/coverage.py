"""How many examples there are for each topic, type and generation, and which are worth writing next."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from curator import chatml
from curator.example import Example
from curator.labels import GENERATIONS, TOPICS, TYPES

# Topics that a generation does not have: windows are of one generation, classes came with BBj, the browser with DWC.
# And nobody migrates to the oldest generation.
_NO_TOPIC = {"gui": ("all",), "oop": ("character", "vpro5"), "dwc": ("all", "character", "vpro5", "bbj-gui")}
_NO_TYPE = {"migration": ("character",)}


@dataclass(frozen=True)
class Gap:
    """A place of the matrix where examples are few, and how many it and its surroundings have."""

    topic: str
    type: str
    generation: str
    examples: int
    of_type: int  # with that type and generation, in any topic
    of_topic: int  # with that topic and generation, of any type


class Coverage:
    """Counts by topic, type and generation; an example of several generations counts in each."""

    def __init__(self, examples: Iterable[Example]) -> None:
        self._counts: Counter[tuple[str, str, str]] = Counter()
        self._sums: Counter[tuple[str, str, str]] = Counter()  # "" stands for any topic or any type
        for example in examples:
            topic = topic_of(example)
            for generation in chatml.target_generation(example):
                self._counts[topic, example.type, generation] += 1
                for sums in ((topic, "", generation), ("", example.type, generation), ("", "", generation)):
                    self._sums[sums] += 1

    def count(self, topic: str, type: str, generation: str) -> int:
        """The examples of one place; "" for topic or type takes all."""
        counts = self._counts if topic and type else self._sums
        return counts[topic, type, generation]

    def gaps(self) -> list[Gap]:
        """All places that make sense, those worth filling first: the emptiest, among the emptiest surroundings."""
        places = [
            Gap(topic, kind, generation, *(self.count(*p) for p in
                ((topic, kind, generation), ("", kind, generation), (topic, "", generation))))
            for topic in TOPICS
            for kind in TYPES
            for generation in GENERATIONS
            if makes_sense(topic, kind, generation)
        ]  # fmt: skip
        return sorted(places, key=lambda gap: (gap.examples, gap.of_type + gap.of_topic))


def topic_of(example: Example) -> str:
    """The topic of an example: the name of its folder."""
    return chatml.example_id(example.path).split("/")[0]


def makes_sense(topic: str, type: str, generation: str) -> bool:
    """False for labels that do not go together; "" for topic or type stands for any."""
    return generation not in _NO_TOPIC.get(topic, ()) and generation not in _NO_TYPE.get(type, ())
