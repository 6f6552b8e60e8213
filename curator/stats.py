"""What the corpus covers and where its gaps are."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median

from curator import chatml
from curator.example import Example
from curator.labels import GENERATIONS, TOPICS, TYPES

# Nobody migrates to the oldest generation.
MEANINGLESS = frozenset({("migration", "character")})


@dataclass(frozen=True)
class Stats:
    """Counts of examples by label. `matrix` is type -> generation -> examples; a list of generations counts in each."""

    examples: int
    lines_of_code: int
    median_lines: float
    labels: dict[str, dict[str, int]]
    matrix: dict[str, dict[str, int]]
    topics: dict[str, dict[str, int]]
    gaps: list[tuple[str, str]] = field(default_factory=list)

    def as_dict(self) -> dict[str, object]:
        """The fields as JSON values."""
        return {
            "examples": self.examples,
            "lines_of_code": self.lines_of_code,
            "median_lines": self.median_lines,
            "labels": self.labels,
            "type_x_generation": self.matrix,
            "topic_x_generation": self.topics,
            "gaps": [{"type": kind, "generation": generation} for kind, generation in self.gaps],
        }


def count(examples: Sequence[Example]) -> Stats:
    """The counts of a corpus; a gap is a type and generation without an example."""
    lengths = [sum(len(b.text.splitlines()) for b in e.bbj_blocks) for e in examples]
    matrix = {kind: _by_generation(e for e in examples if e.type == kind) for kind in TYPES}
    topics = {topic: _by_generation(e for e in examples if _topic(e) == topic) for topic in TOPICS}
    return Stats(
        examples=len(examples),
        lines_of_code=sum(lengths),
        median_lines=median(lengths) if lengths else 0,
        labels={
            "type": _counted(e.type for e in examples),
            "generation": _counted("+".join(e.generations) for e in examples),
            "topic": _counted(_topic(e) for e in examples),
            "difficulty": _counted(str(e.meta.get("difficulty") or "not given") for e in examples),
            "review": _counted(str(e.meta.get("review") or "not given") for e in examples),
        },
        matrix=matrix,
        topics=topics,
        gaps=[
            (kind, generation)
            for kind in TYPES
            for generation in GENERATIONS
            if not matrix[kind][generation] and (kind, generation) not in MEANINGLESS
        ],
    )


def _topic(example: Example) -> str:
    return chatml.example_id(example.path).split("/")[0]


def _by_generation(examples: Iterable[Example]) -> dict[str, int]:
    counted = Counter(generation for example in examples for generation in chatml.target_generation(example))
    return {generation: counted[generation] for generation in GENERATIONS}


def _counted(words: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(words).items(), key=lambda item: (-item[1], item[0])))
