"""The evaluation suite keeps its promises: it fits its schema, its own solutions pass, none of it is training data."""

import json
import re
import tomllib
from collections import Counter
from pathlib import Path

import jsonschema
import pytest

from curator.bbj.check import check
from curator.bbj.generation import detect, generations
from curator.diagnostic import Severity
from curator.example import parse
from curator.labels import DIFFICULTIES, GENERATIONS, TOPICS
from curator.similarity import shingles

ROOT = Path(__file__).parents[2]
SUITE = ROOT / "trainer" / "evaluation" / "suite" / "cases.toml"
SCHEMA = json.loads((ROOT / "schemas" / "eval-case.schema.json").read_text(encoding="utf-8"))
CASES = tomllib.loads(SUITE.read_text(encoding="utf-8"))["case"]
IDS = [case["id"] for case in CASES]

NEAR_DUPLICATE = 0.5


def without_comments(program: str) -> str:
    """The program without its `rem` lines, so that a comment cannot satisfy a requirement."""
    return re.sub(r"(?im)^\s*(?:\d+\s+)?rem\b.*$", "", program)


def every_required_is_found(case: dict, program: str) -> list[str]:
    """The patterns of the case that the program does not contain."""
    code = without_comments(program)
    return [p for p in case["requires"] if not re.search(p, code, re.IGNORECASE | re.MULTILINE)]


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_a_case_fits_the_schema(case: dict) -> None:
    errors = [error.message for error in jsonschema.Draft7Validator(SCHEMA).iter_errors(case)]
    assert errors == []


def test_the_schema_is_a_valid_schema_and_describes_every_field() -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    assert all(field.get("description") for field in SCHEMA["properties"].values())


def test_the_schema_uses_the_words_of_the_example_format() -> None:
    fields = SCHEMA["properties"]
    assert tuple(fields["generation"]["enum"]) == GENERATIONS
    assert tuple(fields["to_generation"]["enum"]) == GENERATIONS
    assert tuple(fields["topic"]["enum"]) == TOPICS
    assert tuple(fields["difficulty"]["enum"]) == DIFFICULTIES
    assert tuple(SCHEMA["definitions"]["one_generation"]["enum"]) == GENERATIONS[1:]


def test_ids_and_descriptions_are_unique() -> None:
    assert [name for name, n in Counter(IDS).items() if n > 1] == []
    assert [text for text, n in Counter(case["description"] for case in CASES).items() if n > 1] == []


def test_there_are_at_least_100_cases_and_15_of_every_generation() -> None:
    assert len(CASES) >= 100
    per_generation = Counter(case["generation"] for case in CASES)
    assert set(per_generation) == set(GENERATIONS)
    assert min(per_generation.values()) >= 15


def test_a_migration_asks_for_the_generation_it_counts_for() -> None:
    moves = [case for case in CASES if case["type"] == "migration"]
    assert len(moves) >= 12
    assert [case["id"] for case in moves if case["to_generation"] != case["generation"]] == []
    assert [case["id"] for case in moves if case["from_generation"] == case["to_generation"]] == []


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_the_programs_of_a_case_are_accepted(case: dict) -> None:
    for program in [case["reference"], *([case["code"]] if "code" in case else [])]:
        assert [d for d in check(program) if d.severity is Severity.ERROR] == []


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_the_reference_has_what_the_case_requires(case: dict) -> None:
    assert every_required_is_found(case, case["reference"]) == []


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_the_reference_shows_the_generation_that_is_asked_for(case: dict) -> None:
    # Plain code fits any generation, and a terminal, where plain PRINT is at home.
    found = generations(detect(case["reference"]))
    assert found == (case["generation"],) or (not found and case["generation"] in ("all", "character"))


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_a_program_that_does_nothing_lacks_what_the_case_requires(case: dict) -> None:
    assert every_required_is_found(case, "rem " + case["title"] + '\nx=1\nprint "done"\nend\n') != []


def test_an_unchanged_old_program_is_no_answer_to_a_migration() -> None:
    unfair = [c["id"] for c in CASES if c["type"] == "migration" and not every_required_is_found(c, c["code"])]
    assert unfair == []


def test_references_are_short_enough_for_a_small_model() -> None:
    assert [case["id"] for case in CASES if len(case["reference"].splitlines()) > 35] == []


def training_texts() -> dict[str, str]:
    """Every code block, title and description of the shipped examples, by where it stands."""
    texts = {}
    for path in sorted((ROOT / "training-data").rglob("*.md")):
        example = parse(path.read_bytes().decode("utf-8"), str(path))
        where = path.relative_to(ROOT).as_posix()
        texts[f"{where} description"] = str(example.meta.get("description") or "")
        for block in example.bbj_blocks:
            texts[f"{where}:{block.first_line}"] = block.text
    return texts


def test_no_case_is_a_near_duplicate_of_the_training_data() -> None:
    known = {where: shingles.of(text) for where, text in training_texts().items() if text}
    assert known, "no training data found"
    leaks = []
    for case in CASES:
        for name in ("description", "code", "reference"):
            mine = shingles.of(case.get(name, ""))
            leaks += [
                f"{case['id']}.{name} ~ {where}"
                for where, theirs in known.items()
                if mine and shingles.jaccard(mine, theirs) >= NEAR_DUPLICATE
            ]
    assert leaks == []


def test_no_two_cases_have_nearly_the_same_reference() -> None:
    mine = [(case["id"], shingles.of(case["reference"])) for case in CASES]
    twins = [
        f"{a} ~ {b}"
        for i, (a, first) in enumerate(mine)
        for b, second in mine[i + 1 :]
        if shingles.jaccard(first, second) >= NEAR_DUPLICATE
    ]
    assert twins == []
