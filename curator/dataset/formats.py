"""Conversations in the forms that other trainers read: Alpaca and ShareGPT. The labels of a row go with it."""

from collections.abc import Callable, Mapping
from typing import Any

_SHAREGPT_ROLES = {"system": "system", "user": "human", "assistant": "gpt"}


def alpaca(row: Mapping[str, Any]) -> dict[str, Any]:
    """`instruction`, `input`, `output`, `system`; earlier turns, if there are any, as pairs in `history`."""
    said = row["messages"]
    turns = [m["content"] for m in said if m["role"] != "system"]
    made = {"instruction": turns[-2], "input": "", "output": turns[-1]}
    made["system"] = "\n\n".join(m["content"] for m in said if m["role"] == "system")
    if len(turns) > 2:
        made["history"] = [[turns[i], turns[i + 1]] for i in range(0, len(turns) - 2, 2)]
    return made | _labels(row)


def sharegpt(row: Mapping[str, Any]) -> dict[str, Any]:
    """`conversations`: turns of `system`, `human` and `gpt`."""
    turns = [{"from": _SHAREGPT_ROLES[m["role"]], "value": m["content"]} for m in row["messages"]]
    return {"conversations": turns} | _labels(row)


FORMS: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {"alpaca": alpaca, "sharegpt": sharegpt}


def _labels(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key != "messages"}
