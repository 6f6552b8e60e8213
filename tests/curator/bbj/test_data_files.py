"""Programs in tests/data: adding a file adds a test.

`valid/bbj/<name>.bbj` gives no diagnostic. `invalid/<code>/<name>.<line>.bbj` gives exactly
that code, once, in that line.
"""

from pathlib import Path

import pytest

from curator.bbj.check import check

DATA = Path(__file__).parents[2] / "data"
VALID = sorted((DATA / "valid" / "bbj").glob("*.bbj"))
INVALID = sorted((DATA / "invalid").glob("*/*.bbj"))


def shown(text: str) -> list[tuple[int, str, str]]:
    return [(d.line, d.code, d.message) for d in check(text)]


@pytest.mark.parametrize("file", VALID, ids=lambda file: file.stem)
def test_a_valid_program_gives_no_diagnostic(file: Path) -> None:
    assert shown(file.read_bytes().decode("utf-8")) == []


@pytest.mark.parametrize("file", INVALID, ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_an_invalid_program_gives_one_diagnostic_in_its_line(file: Path) -> None:
    line = int(file.name.split(".")[-2])
    found = shown(file.read_bytes().decode("utf-8"))
    assert [(d[0], d[1]) for d in found] == [(line, file.parent.name)], found


def test_there_are_files_to_test() -> None:
    assert len(VALID) > 10
    assert len(INVALID) > 80
