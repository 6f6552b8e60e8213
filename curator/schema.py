"""The contracts in `schemas/`, found in a wheel and in an editable install alike, and how a value breaks them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from curator.errors import MissingError

if TYPE_CHECKING:
    from jsonschema import ValidationError


@dataclass(frozen=True)
class Violation:
    """One way in which a value breaks a schema: where in the value, which rule, and what the rule allows."""

    where: tuple[str | int, ...]
    rule: str
    message: str
    allowed: tuple[str, ...] = ()


def schema_folder() -> Path:
    """The folder of schemas: inside the package in a wheel, beside it in a checkout."""
    package = Path(__file__).parent
    for folder in (package / "schemas", package.parent / "schemas"):
        if (folder / "example.schema.json").is_file():
            return folder
    raise MissingError(f"no schemas/ in {package} nor beside it; reinstall bbj-curator")


@cache
def load(name: str) -> dict[str, object]:
    """The schema of that name: "example", "conversation", "dataset", "eval-case" or "report"."""
    read: dict[str, object] = json.loads((schema_folder() / f"{name}.schema.json").read_text("utf-8"))
    return read


def violations(name: str, value: object) -> Iterator[Violation]:
    """All the ways in which `value` breaks the schema `name`, the most specific one where there are alternatives."""
    for error in _validator(name).iter_errors(value):
        while error.context:  # oneOf/anyOf: show the alternative that came nearest, not "is not valid under any"
            error = max(error.context, key=_nearness)
        allowed = error.validator_value if error.validator == "enum" else ()
        yield Violation(tuple(error.absolute_path), str(error.validator), error.message, tuple(map(str, allowed)))


def _nearness(error: "ValidationError") -> tuple[int, bool, bool]:
    """The deeper an alternative got, the nearer it is; a list was not meant to be a word, nor a word a list."""
    is_list = isinstance(error.instance, list)
    return len(error.absolute_path), error.validator != "type", (error.validator == "enum") != is_list


@cache
def _validator(name: str):  # type: ignore[no-untyped-def]
    # jsonschema costs about 100 ms to import; commands that check nothing do not pay it
    from jsonschema import Draft7Validator

    return Draft7Validator(load(name))
