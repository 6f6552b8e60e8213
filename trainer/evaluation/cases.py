"""The questions of an evaluation: the suite of this project, or the rows of a dataset that nobody trained on.

Prompts come from `curator.chatml` alone, as in training; a dataset row keeps its own and loses its answer. Only tasks
whose answer is a program are cases: what has no code cannot be compiled, and is counted as left out.

Try: python -c "from trainer.evaluation.cases import load_cases; print(len(load_cases('suite').cases))"
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from curator import schema
from curator.chatml import Message, Task, prompt
from trainer.errors import TrainerError, TrainerMissingError
from trainer.evaluation.extract import Found, extract
from trainer.jsonl import read_lines, refuse

SUITE = Path(__file__).parent / "suite" / "cases.toml"
CODE_TYPES = frozenset({"completion", "migration"})
"""Task types whose answer is a program. An explanation may quote code, but is not one."""


@dataclass(frozen=True)
class Case:
    """One question.

    Attributes:
        generation: what the answer may be written in; for a migration the target.
        prompt: the messages up to the answer. `task`: what is asked for, without the wording all prompts share.
        requires: patterns that a program doing the task contains. `reference`: a solution, never shown to a model.
        cluster: near-duplicate cases share it; statistics draw them together.
    """

    id: str
    type: str
    generation: tuple[str, ...]
    topic: str
    difficulty: str
    prompt: tuple[Message, ...]
    task: str
    requires: tuple[str, ...]
    reference: str
    cluster: str


@dataclass(frozen=True)
class CaseSet:
    """The cases, what they are called in a report, and how many rows were left out because no program is asked for."""

    name: str
    cases: tuple[Case, ...]
    left_out: int = 0


def load_cases(source: str = "suite", limit: int = 0) -> CaseSet:
    """Read "suite", a TOML file of [[case]] tables, or a JSON Lines file of conversations.

    `limit` keeps that many cases, spread evenly over the file, so that a short look still sees every part of it.
    Raises TrainerMissingError if there is no such file, TrainerError with all problems if it is not one.
    """
    path = SUITE if source == "suite" else Path(source)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise TrainerError(f"{source}: not UTF-8 (byte {error.start}); save it as UTF-8") from None
    except OSError as error:
        hint = 'give --cases "suite", a TOML file of cases or a JSON Lines file of conversations'
        raise TrainerMissingError(f"{source}: cannot read the cases ({error.strerror}); {hint}") from None
    name = source if source == "suite" else path.name
    if path.suffix == ".jsonl":
        cases, left_out, problems = _from_rows(text, source)
    else:
        cases, left_out, problems = _from_toml(text, source)
    seen: set[str] = set()
    for case in cases:
        if case.id in seen:
            problems.append(f'{source}: the id "{case.id}" stands twice; ids must be unique')
        seen.add(case.id)
    refuse(problems)
    if not cases:
        raise TrainerError(f"{source}: no case that asks for a program")
    if 0 < limit < len(cases):
        cases = [cases[at * len(cases) // limit] for at in range(limit)]
    return CaseSet(name, tuple(cases), left_out)


def _from_toml(text: str, source: str) -> tuple[list[Case], int, list[str]]:
    try:
        rows = tomllib.loads(text).get("case", [])
    except tomllib.TOMLDecodeError as error:
        raise TrainerError(f"{source}: not TOML: {error}") from None
    cases, problems = [], []
    for number, row in enumerate(rows if isinstance(rows, list) else [rows], 1):
        wrong = list(_wrong(row))
        problems += [f"{source}: case {number} ({_name(row)}): {message}" for message in wrong]
        if not wrong:
            cases.append(_case(row))
    return cases, 0, problems


def _wrong(row: Any) -> Iterator[str]:
    for violation in schema.violations("eval-case", row):
        yield f"{'.'.join(map(str, violation.where)) or 'the case'}: {violation.message}"
    for pattern in row.get("requires", ()) if isinstance(row, dict) else ():
        try:
            re.compile(str(pattern))
        except re.error as error:
            yield f"requires: {pattern!r} is no regular expression: {error}"


def _case(row: Mapping[str, Any]) -> Case:
    generation = (row["generation"],)
    task = Task(
        id=row["id"],
        type=row["type"],
        generation=generation,
        title=row["title"],
        description=row["description"],
        # in a fence, as training examples show it
        code=f"```bbj\n{row['code'].strip()}\n```" if "code" in row else "",
        from_generation=(row["from_generation"],) if "from_generation" in row else (),
    )
    return Case(
        id=row["id"],
        type=row["type"],
        generation=generation,
        topic=row["topic"],
        difficulty=row["difficulty"],
        prompt=tuple(prompt(task)),
        task="\n".join((row["title"], row["description"], row.get("code", ""))),
        requires=tuple(row["requires"]),
        reference=row["reference"],
        cluster=row["id"],
    )


def _from_rows(text: str, source: str) -> tuple[list[Case], int, list[str]]:
    rows, problems = read_lines(text, source, _wrong_row)
    cases, left_out = [], 0
    for _, row in rows:
        answer = extract(row["messages"][-1]["content"])
        if row["type"] not in CODE_TYPES or answer.found is not Found.FENCE:
            left_out += 1
            continue
        asked = tuple(Message(m["role"], m["content"]) for m in row["messages"][:-1])
        cases.append(
            Case(
                id=row["id"],
                type=row["type"],
                generation=tuple(row["generation"]),
                topic=row["topic"],
                difficulty=row["difficulty"],
                prompt=asked,
                task="\n".join(m.content for m in asked if m.role == "user"),
                requires=(),
                reference=answer.code,
                cluster=row["cluster"],
            )
        )
    return cases, left_out, problems


def _wrong_row(row: Any) -> str:
    wrong = [violation.message for violation in schema.violations("conversation", row)]
    if not wrong and (row["messages"][-1]["role"] != "assistant" or len(row["messages"]) < 3):
        return "the last message must be the answer (role assistant)"
    return "; ".join(wrong)


def _name(row: Any) -> str:
    return str(row.get("id", "no id")) if isinstance(row, dict) else "no table"
