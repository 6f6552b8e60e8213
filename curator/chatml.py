"""Examples as conversations: the one place where prompts are made, for training and for evaluation alike.

No special tokens here: a row holds `messages`, and the chat template that trainer, GGUF and Modelfile share adds the
tokens. The wording varies over a few phrasings, chosen by a stable hash of the id, so that the same example always
gives the same row.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from curator.example import CodeBlock, Example, as_words
from curator.labels import GENERATION_NAMES, TYPES

SYSTEM = (
    "You are an expert BBj programmer. You answer with code that the BBj compiler accepts, in the BBj generation that "
    "is asked for, and explain it briefly."
)

# What examples are under that name no licence of their own: that of this project.
CORPUS_LICENSE = "MIT"

# One completion in CONTINUED_SHARE shows the first lines of the program and asks for the whole of it.
CONTINUED_SHARE = 4

_PHRASINGS: dict[str, tuple[str, ...]] = {
    "completion": (
        "Write a BBj program for {generation}: {title}.\n\n{description}",
        "{title}\n\n{description}\n\nWrite it in BBj for {generation}.",
        "I need a BBj program ({generation}). {description}",
        "Task: {title}.\n{description}\nGeneration: {generation}. Answer with a complete BBj program.",
    ),
    "continued": (
        "Complete this BBj program for {generation}: {title}. {description}\n\n{code}",
        "This is how a BBj program for {generation} begins:\n\n{code}\n\n{description}\nGive the whole program.",
    ),
    "comprehension": (
        "Explain what this BBj program ({generation}) does.\n\n{code}",
        "What does the following BBj code for {generation} do, and how?\n\n{code}",
        "{code}\n\nWalk me through this BBj program. It is written for {generation}.",
    ),
    "migration": (
        "Migrate this BBj program from {source} to {generation}: {title}.\n\n{code}",
        "Rewrite the following {source} program for {generation}. {description}\n\n{code}",
        "{code}\n\nThis program is {source}. Show how it is written for {generation}.",
    ),
    "explanation": (
        "{description} (BBj, {generation})",
        "A question about BBj for {generation}: {description}",
        "{title}: {description} Answer for {generation}, with code.",
    ),
}


@dataclass(frozen=True)
class Message:
    """One turn: `role` is "system", "user" or "assistant"."""

    role: str
    content: str


@dataclass(frozen=True)
class Task:
    """What is asked, without the answer: a training example's question or an evaluation case.

    `code` is the program the question shows (the Before code, the program to explain or the beginning to complete).
    """

    id: str
    type: str
    generation: tuple[str, ...]
    title: str
    description: str = ""
    code: str = ""
    from_generation: tuple[str, ...] = ()


@dataclass(frozen=True)
class Conversation:
    """One row of a dataset."""

    id: str
    messages: tuple[Message, ...]
    generation: tuple[str, ...]
    type: str
    difficulty: str
    topic: str
    source: str
    license: str
    cluster: str

    def as_row(self) -> dict[str, object]:
        """The JSON object of `schemas/conversation.schema.json`."""
        return {
            "id": self.id,
            "messages": [{"role": m.role, "content": m.content} for m in self.messages],
            "generation": list(self.generation),
            "type": self.type,
            "difficulty": self.difficulty,
            "topic": self.topic,
            "source": self.source,
            "license": self.license,
            "cluster": self.cluster,
        }


def prompt(task: Task) -> list[Message]:
    """The system and the user message that ask for `task`."""
    phrasings = _PHRASINGS["continued" if task.type == "completion" and task.code else task.type]
    wording = phrasings[_stable_hash(task.id) % len(phrasings)]
    question = wording.format(
        title=task.title.strip().rstrip("."),
        description=task.description.strip() or task.title.strip(),
        generation=spoken(task.generation),
        source=spoken(task.from_generation),
        code=task.code,
    )
    return [Message("system", SYSTEM), Message("user", question)]


def conversations(example: Example, cluster: str = "") -> list[Conversation]:
    """The conversations an example gives: one, or none if its type or its code is missing."""
    task, answer = _task(example), _answer(example)
    if not task or not answer:
        return []
    return [
        Conversation(
            id=task.id,
            messages=(*prompt(task), Message("assistant", answer)),
            generation=example.generations,
            type=example.type,
            difficulty=str(example.meta.get("difficulty") or ""),
            topic=task.id.split("/")[0],
            source=source_of(example),
            license=license_of(example),
            cluster=cluster or task.id,
        )
    ]


def target_generation(example: Example) -> tuple[str, ...]:
    """The generation of the code the model is to write: `to_generation` of a migration, else the label."""
    return as_words(example.meta.get("to_generation")) or example.generations


def source_of(example: Example) -> str:
    """Where an example comes from, if not written for this corpus: of an imported row the dataset, not the line."""
    return re.split(r", line \d+", str(example.meta.get("source") or "corpus"), maxsplit=1)[0]


def license_of(example: Example) -> str:
    """The licence an example names, or that of the corpus."""
    return str(example.meta.get("license") or CORPUS_LICENSE)


def example_id(path: str) -> str:
    """`<topic>/<slug>`, whatever stands before it in the path."""
    return "/".join(path.replace("\\", "/").removesuffix(".md").split("/")[-2:])


def plain_code(text: str) -> str:
    """Code as the model sees it: LF line ends, no blank lines around it."""
    return text.replace("\r\n", "\n").strip("\n").rstrip()


def _task(example: Example) -> Task | None:
    blocks = example.bbj_blocks
    if not blocks or not example.generations or example.type not in TYPES:
        return None
    key = example_id(example.path)
    code = ""
    if example.type == "completion" and len(blocks) == 1 and _stable_hash(key + "/beginning") % CONTINUED_SHARE == 0:
        lines = plain_code(blocks[0].text).split("\n")
        code = _fenced(CodeLines("", lines[: max(2, len(lines) // 3)]))
    elif example.type == "comprehension":
        code = _rendered(blocks)
    elif example.type == "migration":
        code = _rendered(_part(blocks, "before"))
    return Task(
        id=key,
        type=example.type,
        generation=target_generation(example),
        title=example.title,
        description=str(example.meta.get("description") or ""),
        code=code,
        from_generation=as_words(example.meta.get("from_generation")),
    )


def _answer(example: Example) -> str:
    explanation = example.prose("Explanation")
    output = example.prose("Expected Output") or example.prose("Expected Behavior")
    blocks = example.bbj_blocks
    if example.type == "completion":
        return _joined(_rendered(blocks), explanation)
    if example.type == "migration":
        after = _rendered(_part(blocks, "after"))
        return _joined(after, explanation) if after else ""
    if example.type == "comprehension":
        return _joined(explanation, output)
    if example.type == "explanation":
        return _joined(explanation, _rendered(blocks))
    return ""


@dataclass(frozen=True)
class CodeLines:
    """A file of a program on its way into a fence."""

    filename: str
    lines: list[str]


def _part(blocks: Sequence[CodeBlock], word: str) -> list[CodeBlock]:
    return [block for block in blocks if block.part.lower().startswith(word)]


def _rendered(blocks: Sequence[CodeBlock]) -> str:
    return _joined(*(_fenced(CodeLines(b.filename or "", plain_code(b.text).split("\n"))) for b in blocks))


def _fenced(code: CodeLines) -> str:
    name = f"`{code.filename}`:\n\n" if code.filename else ""
    return f"{name}```bbj\n" + "\n".join(code.lines) + "\n```"


def _joined(*parts: str) -> str:
    return "\n\n".join(part.replace("\r\n", "\n") for part in parts if part)


def spoken(generation: tuple[str, ...]) -> str:
    """A generation, or several, as a question names it."""
    return " or ".join(GENERATION_NAMES.get(word, word) for word in generation) or "BBj"


def _stable_hash(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
