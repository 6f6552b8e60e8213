"""JSON Lines as the trainer reads them: all that is wrong with a file is said at once, each with its line."""

import json
from collections.abc import Callable, Sequence
from typing import Any

from trainer.errors import TrainerError

NAMED = 20
"""Problems that an error names; the others are counted."""


def read_lines(text: str, path: str, wrong: Callable[[Any], str]) -> tuple[list[tuple[int, dict[str, Any]]], list[str]]:
    """The good rows of a file with the numbers of their lines, and what is wrong with the others.

    `wrong` says what keeps a row from being used, "" if nothing does. Only a line feed ends a line: in a JSON string
    may stand what `str.splitlines` takes for an end too, as U+2028.
    """
    rows, problems = [], []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            problems.append(f"{path}:{number}: not JSON ({error})")
            continue
        what = wrong(row)
        if what:
            problems.append(f"{path}:{number}: {what}")
        else:
            rows.append((number, row))
    return rows, problems


def refuse(problems: Sequence[str], cure: str = "") -> None:
    """Raises TrainerError with the problems, if there are any, and the cure behind them."""
    if problems:
        more = [f"and {len(problems) - NAMED} more"] if len(problems) > NAMED else []
        raise TrainerError("\n".join([*problems[:NAMED], *more, *([cure] if cure else [])]))
