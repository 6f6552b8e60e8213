"""The report of a run: report.html in its folder, one page that needs nothing else, made from the folder's files alone.

Try it: python -c "from trainer.run_report import write_report; print(write_report('runs/smollm2-135m-1'))"
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from curator.corpus import write
from trainer.clock import outside_steps, table_rows
from trainer.data import HAPPENED
from trainer.evaluation.report_html import Code, esc, losses, section, table, whole_page
from trainer.evaluation.report_plots import learning_rate
from trainer.plots import TITLES, read_metrics
from trainer.record import read_record

FILE = "report.html"
# Keys of run.json that have a place of their own on the page.
_ELSEWHERE = ("stages", "seconds", "outside_steps", "stop_test", "token_health", "hashes", "versions", "hardware")
_RESULTS = {
    "steps": "optimiser steps",
    "planned_steps": "planned steps",
    "stopped_by": "ended by",
    "tokens": "tokens read",
    "minutes": "minutes",
    "training_minutes": "of them in training steps",
    "tokens_per_second": "tokens per second of training",
    "eval_loss_before": "validation loss before",
    "eval_loss_best": "validation loss of the checkpoint that went on",
    "best_step": "step of that checkpoint",
    "general_loss_before": "loss on general code before",
    "general_loss": "loss on general code after",
    "why": "why that checkpoint",
    "probe_before": "compile probe before",
    "probe": "compile probe after",
    "peak_memory_gb": "peak memory, GB",
}


def write_report(run_folder: Path | str) -> Path:
    """Write report.html into a run folder, whole or not at all; returns its path."""
    folder = Path(run_folder)
    path = folder / FILE
    write(path, page(folder))
    return path


def page(folder: Path) -> str:
    """The page of a run folder, as HTML."""
    record = read_record(folder)
    metrics = read_metrics(folder)
    stages = record.get("stages", {})
    parts = [
        f"<h1>Training of {esc(record.get('base_model', 'a model'))}</h1>",
        f'<p class="headline">{esc(_headline(record))}</p>',
        f'<p class="quiet">config {esc(record.get("config"))}, {esc(record.get("minutes"))} minutes, '
        f'<span class="short">{esc(record.get("started"))}</span></p>',
        section("Results", _results(stages)),
        section("Where the time went", _time(record)),
        section("Losses", losses(metrics) + f"<h3>Learning rate</h3><figure>{learning_rate(metrics)}</figure>"),
        section("Does it stop?", _stop_test(record.get("stop_test"))),
        section("Chat tokens before training", _token_health(record.get("token_health") or ())),
        section("The data", _data(_read(folder / "data-report.json"))),
        section("Record", _record(record)),
        section("Config", f'<pre tabindex="0">{esc((folder / "config.toml").read_text(encoding="utf-8"))}</pre>'),
    ]
    return whole_page(f"Training of {record.get('base_model', 'a model')}", parts)


def _headline(record: Mapping[str, Any]) -> str:
    fell = [
        f"{name.replace('stage', 'stage ')} took the validation loss from {stage['eval_loss_before']:.3f} to "
        f"{stage['eval_loss_best']:.3f}"
        for name, stage in record.get("stages", {}).items()
    ]
    return f"{record.get('status', 'unknown')}: " + ("; ".join(fell) or "no stage is done") + "."


def _results(stages: Mapping[str, Any]) -> str:
    if not stages:
        return "<p>No stage is done.</p>"
    rows = [[title, *(_text(stage.get(key)) for stage in stages.values())] for key, title in _RESULTS.items()]
    return table("Results of the stages", ["what", *stages], rows)


def _time(record: Mapping[str, Any]) -> str:
    rows, outside = table_rows(record), outside_steps(record)
    if outside is None:
        return "<p>Not recorded.</p>"
    return f"<p>{outside:.1%} of the run is outside the training steps.</p>" + table(
        "Parts of the run; they add up to all of it", ["part", "seconds", "share"], [list(row) for row in rows]
    )


def _stop_test(test: Mapping[str, Any] | None) -> str:
    if test is None:
        return "<p>Not tested.</p>"
    return table("Stop test on held-out prompts", ["what", "value"], [[key, _text(test[key])] for key in test])


def _token_health(rows: Sequence[Mapping[str, Any]]) -> str:
    if not rows:
        return "<p>Not looked at.</p>"
    columns = list(rows[0])
    return table("Rows of the chat tokens", columns, [[_text(row.get(key)) for key in columns] for row in rows])


def _data(report: Mapping[str, Any]) -> str:
    columns = ["rows", "packed_rows", "tokens", "loss_tokens", "longest", *HAPPENED]
    parts = []
    for name, stage in report.items():
        rows = [[split, *(_text(stage[split].get(key, 0)) for key in columns)] for split in ("train", "validation")]
        parts.append(f"<h3>{esc(TITLES[name])}</h3>" + table(f"Rows of {name}", ["split", *columns], rows))
    return "".join(parts) + "<p>data-report.json has the same for each label, affected-rows.jsonl the rows.</p>"


def _record(record: Mapping[str, Any]) -> str:
    parts = [table("The run", ["what", "value"], list(_code(record, skip=_ELSEWHERE)))]
    for key, title in (("hashes", "Hashes"), ("versions", "Versions"), ("hardware", "Hardware")):
        parts.append(table(title, ["what", "value"], list(_code(record.get(key) or {}))))
    return "".join(parts)


def _code(values: Mapping[str, Any], skip: Sequence[str] = ()) -> Iterator[list[str]]:
    for key, value in values.items():
        if key not in skip:
            yield [key, Code(_text(value))]


def _text(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool | str):
        return str(value)
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_text(inner)}" for key, inner in value.items()) or "-"
    return ", ".join(map(_text, value)) or "-"


def _read(path: Path) -> dict[str, Any]:
    values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return values
