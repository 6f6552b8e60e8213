"""Did the model see the questions? A measured share means nothing if the cases stand in the training data.

Compares every case with every text of the dataset a run was trained on, by the same shingles (runs of five tokens) the
corpus is deduplicated by. Two questions: is the task there, and is its solution there? Also here, as it reads the same
files: the set of training lines, for telling what a model wrote from what it copied.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from curator.near.answers import NEAR
from curator.similarity import shingles
from trainer.errors import TrainerError, TrainerMissingError
from trainer.evaluation.cases import Case

TRAINED_ON = ("train.jsonl", "pretrain.jsonl")
"""Validation rows are not trained on, but they choose the checkpoint: `SEEN` is what must not hold a case."""
SEEN = (*TRAINED_ON, "validation.jsonl", "pretrain-validation.jsonl")

SIMILAR = NEAR
"""Jaccard similarity of shingles from which two texts count as the same: the threshold of `curator dedupe`."""
CONTAINED = 0.8
"""Share of a case's shingles that stand in one training text: finds a solution inside a long file, where Jaccard is
small. Higher than `SIMILAR`, as short texts of one topic share idioms."""
FEWEST_SHINGLES = 8
"""A text of fewer shingles is compared by equality alone: two such tasks share most of their words by chance."""
COPIED_FROM = 20
"""Characters from which a line is long enough to be copied; `end if` and `next i` are everybody's."""


@dataclass(frozen=True)
class TrainingText:
    """One text that was trained on: file, id, its cluster, what was asked ("" for raw text), all of it."""

    file: str
    id: str
    cluster: str
    question: str
    text: str


@dataclass(frozen=True)
class Leak:
    """A case that stands in the training data. `what` is "prompt", "reference" or "cluster"."""

    case: str
    what: str
    file: str
    id: str
    similarity: float
    containment: float


def training_texts(dataset: Path, files: Sequence[str] = SEEN) -> Iterator[TrainingText]:
    """The texts of a dataset folder. Files that are not there are skipped, unless none is."""
    present = [dataset / name for name in files if (dataset / name).is_file()]
    if not present:
        raise TrainerMissingError(
            f"{dataset}: no {TRAINED_ON[0]} there, so nobody can tell whether the cases were trained on; "
            "give the dataset of the run with --data, or go on without the audit with --allow-leaks"
        )
    for path in present:
        for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
            if line.strip():
                try:
                    yield _text(path.name, json.loads(line))
                except (ValueError, KeyError, TypeError, AttributeError):
                    raise TrainerError(
                        f"{path}:{number}: no row of a dataset; make it again: curator convert"
                    ) from None


def find_leaks(cases: Sequence[Case], texts: Iterator[TrainingText]) -> list[Leak]:
    """Every (case, training text) pair that is the same or nearly so, worst first. Reads the texts once."""
    prompts = {case.id: shingles.of(case.task) for case in cases}
    references = {case.id: shingles.of(case.reference) for case in cases}
    same_prompt = _by_text((case.id, case.task) for case in cases)
    same_reference = _by_text((case.id, case.reference) for case in cases)
    clusters = defaultdict(list)
    for case in cases:
        clusters[case.cluster].append(case.id)
    prompt_index, reference_index = _index(prompts), _index(references)

    leaks: list[Leak] = []
    for text in texts:
        question, whole = shingles.of(text.question), shingles.of(text.text)

        def found(case: str, what: str, similarity: float, containment: float, text: TrainingText = text) -> None:
            leaks.append(Leak(case, what, text.file, text.id, similarity, containment))

        for key, numbers in _near(question, prompts, prompt_index):
            found(key, "prompt", *numbers)
        for key in same_prompt.get(_plain(text.question), ()):
            if len(prompts[key]) < FEWEST_SHINGLES:
                found(key, "prompt", 1.0, 1.0)
        for key, numbers in _near(whole, references, reference_index):
            found(key, "reference", *numbers)
        for key in same_reference.get(_plain(text.text), ()):
            if len(references[key]) < FEWEST_SHINGLES:
                found(key, "reference", 1.0, 1.0)
        for key in clusters.get(text.cluster, ()):
            found(key, "cluster", 1.0, 1.0)
    return sorted(leaks, key=lambda leak: (-max(leak.similarity, leak.containment), leak.case, leak.file, leak.id))


def training_lines(dataset: Path) -> frozenset[str]:
    """All lines of at least `COPIED_FROM` characters in what was trained on, blanks at both ends left out."""
    return frozenset(line for text in training_texts(dataset, TRAINED_ON) for line in long_lines(text.text))


def long_lines(text: str) -> list[str]:
    """The lines of a text that are long enough to be copied."""
    lines = (line.strip() for line in text.replace("\r", "\n").split("\n"))
    return [line for line in lines if len(line) >= COPIED_FROM]


def _text(file: str, row: Mapping[str, object]) -> TrainingText:
    cluster = str(row.get("cluster") or "")
    if "text" in row:
        return TrainingText(file, str(row["id"]), cluster, "", str(row["text"]))
    messages = row["messages"]
    assert isinstance(messages, list)
    # the system text is the same everywhere and says nothing
    question = "\n".join(m["content"] for m in messages if m["role"] == "user")
    whole = "\n".join(m["content"] for m in messages if m["role"] != "system")
    return TrainingText(file, str(row["id"]), cluster, question, whole)


def _near(
    text: frozenset[str], cases: Mapping[str, frozenset[str]], index: Mapping[str, Sequence[str]]
) -> Iterator[tuple[str, tuple[float, float]]]:
    """The cases near to a text, with similarity and containment; only those that share a shingle are looked at."""
    shared = Counter(case for shingle in text for case in index.get(shingle, ()))
    for case, common in shared.items():
        size = len(cases[case])
        similarity, containment = common / (size + len(text) - common), common / size
        if size >= FEWEST_SHINGLES and (similarity >= SIMILAR or containment >= CONTAINED):
            yield case, (similarity, containment)


def _index(cases: Mapping[str, frozenset[str]]) -> dict[str, list[str]]:
    index: dict[str, list[str]] = defaultdict(list)
    for case, found in cases.items():
        for shingle in found:
            index[shingle].append(case)
    return dict(index)


def _by_text(texts: Iterator[tuple[str, str]]) -> dict[str, list[str]]:
    by_text: dict[str, list[str]] = defaultdict(list)
    for case, text in texts:
        if plain := _plain(text):
            by_text[plain].append(case)
    return dict(by_text)


def _plain(text: str) -> str:
    return " ".join(shingles.tokens(text))
