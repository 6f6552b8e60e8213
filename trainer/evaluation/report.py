"""What an evaluation leaves behind: report.json (the contract), report.html (for people), report.md (for a model card),
results.jsonl (every reply with its verdict), and the table on the terminal.

All numbers come from `evaluate.figures`; nothing is computed here, so that no two of these can disagree.
"""

import hashlib
import json
import os
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from curator import __version__, output
from trainer.errors import TrainerError
from trainer.evaluation.evaluate import Evaluation, figures, result_rows, spoken, spoken_p
from trainer.evaluation.report_html import in_words, page
from trainer.evaluation.statistics import Share

SAMPLES = 5
"""Replies shown for each arm and outcome."""

RUN_FACTS = ("base_model", "config", "status", "seed", "started", "minutes", "commit", "corpus_commit", "hardware")
"""What the report repeats of run.json. Not the command: it may name folders of the machine."""


def write(
    evaluation: Evaluation, out: Path, run: Mapping[str, Any], metrics: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Write all files into `out` and return the content of report.json. `run` is the run's run.json ({} without)."""
    data = report_data(evaluation, run)
    rows = list(result_rows(evaluation))
    _write(out / "results.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    _write(out / "report.md", markdown(data))
    _write(out / "report.html", page(data, samples(evaluation), metrics))
    _write(out / "report.json", json.dumps(data, indent=2) + "\n")  # the last: where it stands, the others do
    return data


def report_data(evaluation: Evaluation, run: Mapping[str, Any]) -> dict[str, Any]:
    """The figures with where they come from: an instance of `schemas/report.schema.json`."""
    facts = {key: run[key] for key in RUN_FACTS if run.get(key) is not None}
    facts |= {f"hash of the {name}": value for name, value in run.get("hashes", {}).items() if isinstance(value, str)}
    if versions := {name: value for name, value in run.get("versions", {}).items() if value}:
        facts["versions"] = versions
    return {
        **figures(evaluation),
        "created_by": f"bbj-curator {__version__}",
        "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "run": facts,
    }


def samples(evaluation: Evaluation) -> list[dict[str, Any]]:
    """Up to `SAMPLES` result rows for each arm and outcome with their prompt, chosen by a hash of the case's name: not
    by hand, and the same cases for all arms where they share an outcome.
    """
    prompts = {case.id: case.prompt for case in evaluation.cases.cases}
    chosen: dict[tuple[str, str], list[dict[str, Any]]] = {}
    order = list(evaluation_outcomes(evaluation))
    for row in sorted(result_rows(evaluation), key=lambda row: hashlib.sha256(row["case"].encode()).digest()):
        group = chosen.setdefault((row["arm"], row["outcome"]), [])
        if len(group) < SAMPLES:
            group.append({**row, "prompt": prompts[row["case"]][-1].content})
    return [row for key in order for row in chosen.get(key, ())]


def evaluation_outcomes(evaluation: Evaluation) -> list[tuple[str, str]]:
    """All (arm, outcome) pairs in the order of the report."""
    from trainer.evaluation.assess import Outcome

    return [(arm.name, str(outcome)) for arm in evaluation.arms for outcome in Outcome]


def markdown(data: Mapping[str, Any]) -> str:
    """The main figures for a model card."""
    judge, arms = data["judge"], data["arms"]
    lines = [f"{data['headline']}", ""]
    lines += ["| figure | " + " | ".join(_cell(arm["name"]) for arm in arms) + " |", "|---" * (len(arms) + 1) + "|"]
    for name, key in (("compile@1", "compile_at_1"), ("useful@1", "useful_at_1")):
        lines.append(f"| {name} ({judge}) | " + " | ".join(spoken(Share(**arm[key])) for arm in arms) + " |")
        for group in arms[0]["by_generation"] if arms else ():
            cells = [spoken(Share(**arm["by_generation"][group][key])) for arm in arms]
            lines.append(f"| {name} ({judge}), {group} | " + " | ".join(cells) + " |")
    lines += ["", *(f"- {_cell(in_words(row, judge))}" for row in data["comparisons"])]
    lines += ["", *(f"- {_cell(note)}" for note in data["caveats"]), ""]
    return "\n".join(lines)


def print_tables(data: Mapping[str, Any]) -> None:
    """The result on the terminal: the figures, then what the comparison says."""
    judge, arms = data["judge"], data["arms"]
    names = [arm["name"] for arm in arms]
    rows: list[list[str]] = []
    for name, key in (("compile@1", "compile_at_1"), ("useful@1", "useful_at_1")):
        rows.append([f"{name} ({judge})", *(_short(arm[key]) for arm in arms)])
        for group in arms[0]["by_generation"]:
            rows.append([f"  {group}", *(_short(arm["by_generation"][group][key]) for arm in arms)])
    rows.append([f"useful@1 ({judge}), own work", *(_short(arm["useful_own"]) for arm in arms)])
    rows.append(["in the generation asked for", *(_short(arm["generation_match"]) for arm in arms)])
    rows.append(["ended by itself", *(_short(arm["stopped"]) for arm in arms)])
    rows.append(["copied lines", *(_percent(arm["copied"]["share"]) for arm in arms)])
    rows += [[str(outcome), *(str(arm["outcomes"][outcome]) for arm in arms)] for outcome in arms[0]["outcomes"]]
    output.table(f"{data['cases']['n']} cases ({data['cases']['name']})", ["figure", *names], rows)
    for row in data["comparisons"]:
        if row["measure"] == "compile@1":
            output.print_result(
                f"{row['first']} -> {row['second']}: {row['difference'] * 100:+.0f} points "
                f"[{row['low'] * 100:+.0f} to {row['high'] * 100:+.0f}], {spoken_p(row['p_adjusted'])} (exact McNemar, "
                f"{row['only_first'] + row['only_second']} cases differ)"
            )
    output.print_result(data["headline"])


def _short(share: Mapping[str, Any]) -> str:
    """`59/101 58 % [49-68]`, short enough for a terminal of 80 columns."""
    if share["value"] is None:
        return "not measured"
    interval = f"[{share['low'] * 100:.0f}-{share['high'] * 100:.0f}]"
    return f"{share['count']}/{share['n']} {share['value'] * 100:.0f} % {interval}"


def _percent(value: float | None) -> str:
    return "not measured" if value is None else f"{value * 100:.0f} %"


def _cell(text: str) -> str:
    """Text that ends no table cell and starts no HTML."""
    return output.visible(text).replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")


def _write(path: Path, text: str) -> None:
    """Write a file so that it is either the old one or the whole new one."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        number, half = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(number, "w", encoding="utf-8", newline="\n") as file:
                file.write(text)
            os.chmod(half, 0o644)  # noqa: PTH101 - mkstemp made it private; a report is to be read
            os.replace(half, path)  # noqa: PTH105
        except BaseException:
            os.unlink(half)  # noqa: PTH108
            raise
    except OSError as error:
        raise TrainerError(f"{path}: cannot write ({error.strerror}); give another --out") from None
