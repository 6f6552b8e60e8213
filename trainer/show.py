"""What `trainer run` and `trainer preview` print: the plan, the result, the tokens of a row and what each weighs."""

import html
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from curator import output
from curator.corpus import write
from trainer import forecast, processes
from trainer.clock import outside_steps, table_rows
from trainer.config import Stage
from trainer.data import HAPPENED, StageData, StageName
from trainer.errors import TrainerError
from trainer.model import public_name
from trainer.record import read_record
from trainer.run import Plan
from trainer.tokens import Tokens

# What the loss makes of a token: it is read only, it counts a little, it is learnt.
READ, WEIGHED, LEARNT = range(3)


def print_plan(plan: Plan) -> None:
    """What would be trained, without training it: the data report, in all and for each label."""
    output.say(f"{plan.config.name}: {public_name(plan.config)}, dataset {plan.dataset.content_hash[:12]}")
    reading: dict[StageName, int] = {}
    for name, data in zip(plan.stages, plan.report().values(), strict=True):
        stage: Stage = getattr(plan.config, name)
        train = data["train"]
        read = train["tokens"] + train.get("replay", {}).get("tokens", 0)
        a_step = stage.batch_size * stage.accumulation * processes.count()
        read = read * data["steps"] * a_step // train["packed_rows"]
        reading[name] = read
        shared = f" (in {processes.count()} processes)" if processes.count() > 1 else ""
        steps = f"{data['steps']} steps of {a_step} rows{shared}"
        title = f"{name}: {steps}, about {read:,} tokens, rows of at most {stage.max_length}"
        splits = {split: data[split] for split in ("train", "validation")}
        _print_counts(title, "split", splits, ("packed_rows", "longest"))
        _print_counts(f"{name}: training rows by label", "label", train["labels"])
        measured = data["measured"]
        if measured["rows"] < data["validation"]["rows_kept"]:
            output.say(
                f"{name}: evaluations measure a fixed sample of {measured['rows']} of the "
                f"{data['validation']['rows_kept']} validation rows, {measured['tokens']:,} tokens"
            )
        if stage.fim:
            output.say(f"{name}: {train['fim']} of {train['rows']} programs are shown with their middle last")
        if "replay" in train:
            replay = train["replay"]
            output.say(
                f"{name}: {replay['rows']} rows of data.replay, {replay['tokens']:,} tokens, {replay['share']:.1%} of "
                f"all (asked for: {replay['wanted_share']:.1%})" + (f", {replay['cut']} cut" if replay["cut"] else "")
            )
    forecast.show(plan.config, reading)
    output.say("dry run: all checks passed; no weights were loaded, nothing was trained")


_COLUMNS = {
    "rows": "rows",
    "packed_rows": "packed",
    "tokens": "tokens",
    "loss_tokens": "with loss",
    "longest": "longest",
    "over_length": "too long",
    "truncated": "cut off",
    "fully_masked": "masked",
    "dropped": "dropped",
    "duplicates": "held out too",
}


def _print_counts(title: str, first: str, counts: dict[str, dict[str, Any]], more: tuple[str, ...] = ()) -> None:
    """A table with a row for each key; under it, if anything happens to rows, one that says what and to how many."""

    def cells(row: dict[str, Any], keys: list[str]) -> list[str]:
        return [f"{row.get(key, 0):,}" for key in keys]

    keys = [key for key in _COLUMNS if key in ("rows", "tokens", "loss_tokens", *more)]
    output.table(
        title,
        [first, *(_COLUMNS[key] for key in keys), "filled"],
        [(name, *cells(row, keys), f"{row['packing_efficiency']:.0%}") for name, row in counts.items()],
    )
    affected = {name: row for name, row in counts.items() if any(row.get(key) for key in HAPPENED)}
    if affected:
        output.table(
            "of these rows",
            [first, *(_COLUMNS[key] for key in HAPPENED)],
            [(name, *cells(row, list(HAPPENED))) for name, row in affected.items()],
        )


def print_result(folder: Path) -> bool:
    """The table at the end of a run, from its run.json. False if the stop test was not passed."""
    record = read_record(folder)
    rows = [
        (
            name,
            f"{stage['steps']} of {stage['planned_steps']}",
            f"{stage['tokens']:,}",
            f"{stage['minutes']:.1f}",
            f"{stage['tokens_per_second']:.0f}",
            f"{stage['eval_loss_before']:.3f}",
            f"{stage['eval_loss_best']:.3f}",
            f"{stage['best_step']}",
            stage["stopped_by"],
        )
        for name, stage in record["stages"].items()
    ]
    columns = ["stage", "steps", "tokens", "min", "tok/s", "before", "best", "step", "end"]  # 80 columns wide
    output.table(f"{folder}: validation loss, {record['minutes']:.1f} minutes in all", columns, rows)
    general = [
        (name, f"{before:.3f}", f"{after:.3f}", f"{after - before:+.3f}")
        for name, stage in record["stages"].items()
        if (before := stage.get("general_loss_before")) is not None and (after := stage.get("general_loss")) is not None
    ]
    if general:
        output.table("loss on general code", ["stage", "before", "after", "change"], general)
    outside = outside_steps(record)
    if outside is not None:
        title = f"where the time went: {outside:.1%} outside the training steps"
        output.table(title, ["part", "seconds", "share"], table_rows(record))
    return _print_stop_test(record.get("stop_test"))


def _print_stop_test(test: dict[str, Any] | None) -> bool:
    if test is None:
        return True
    said = (
        f"stop test: {test['stopped']} of {test['prompts']} answers ended by themselves within {test['tokens']} tokens"
    )
    if test["failed"]:
        output.say(
            f"{said}, fewer than stop_test.min_share = {test['min_share']:g} asks for: the run is marked as failed. "
            "Its files are all there. More steps in stage 2 usually help; if run.json's token_health says untrained, "
            'leave lora.chat_tokens at "auto"'
        )
    else:
        output.say(said if test["min_share"] else f"{said}; not judged (stop_test.min_share = 0)")
    return not test["failed"]


# --- preview ------------------------------------------------------------------------------------------------------


def preview(plan: Plan, name: StageName, rows: int, page: Path | None) -> None:
    """Print the first `rows` training rows of a stage with their tokens, or write all of them to a page.

    Raises TrainerError if the stage is switched off, CuratorError if the page cannot be written.
    """
    if name not in plan.stages:
        raise TrainerError(f"{name} is switched off in this config; there is nothing to preview")
    data = plan.stages[name]
    weight: float = getattr(plan.config, name).prompt_weight
    counts = _type_counts(data)
    if page is not None:
        write(page, _page(plan.tokenizer, data, weight, counts))
        output.say(f"{len(data.train.rows)} rows: {page}")
        return
    from rich.console import Console
    from rich.text import Text

    console = Console()
    # Without colour readable, too: learnt is bold, read only is dim, every second token is underlined.
    styles = {READ: "dim", WEIGHED: "yellow", LEARNT: "bold green"}
    for number, (row, tokens) in enumerate(zip(data.train.rows[:rows], data.train.tokens, strict=False), start=1):
        console.print(_title(number, row, tokens), style="bold", markup=False, highlight=False)
        text = Text()
        for at, (piece, kind) in enumerate(_pieces(plan.tokenizer, tokens, weight)):
            text.append(output.visible(piece), style=styles[kind] + (" underline" if at % 2 else ""))
        console.print(text, soft_wrap=True)
    console.print(_legend(weight), markup=False, highlight=False)
    output.table("all training rows", ["type", "rows", "tokens", "with loss", "share with loss"], counts)


def _type_counts(data: StageData) -> list[tuple[str, ...]]:
    """Rows, tokens and tokens with loss for each type of row."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for row, tokens in zip(data.train.rows, data.train.tokens, strict=True):
        for kind in (_type(row), "all"):
            counts[kind].update(rows=1, tokens=len(tokens.ids), loss=sum(tokens.loss))
    everything = counts.pop("all", Counter())
    return [
        (kind, f"{c['rows']:,}", f"{c['tokens']:,}", f"{c['loss']:,}", f"{c['loss'] / max(c['tokens'], 1):.0%}")
        for kind, c in [*sorted(counts.items()), ("all", everything)]
    ]


def _type(row: dict[str, Any]) -> str:
    return str(row.get("type") or "program")


def _title(number: int, row: dict[str, Any], tokens: Tokens) -> str:
    said = f"--- {number}: {row['id']} ({_type(row)}), {len(tokens.ids)} tokens, {sum(tokens.loss)} with loss"
    return output.visible(said)


def _legend(weight: float) -> str:
    rest = f"yellow: counts with weight {weight:g}" if weight else "grey: read only"
    return f"green and bold: learnt (weight 1); {rest}; every second token is underlined"


def _pieces(tokenizer: Any, tokens: Tokens, weight: float) -> Iterator[tuple[str, int]]:
    """Each token as text, and what the loss makes of it. Tokens that are parts of one character come as one piece."""
    waiting: list[int] = []
    for at, (token, loss) in enumerate(zip(tokens.ids, tokens.loss, strict=True)):
        waiting.append(token)
        text = tokenizer.decode(waiting)
        last = at + 1 == len(tokens.ids) or tokens.loss[at + 1] != loss
        if text.endswith("\N{REPLACEMENT CHARACTER}") and len(waiting) < 4 and not last:
            continue
        yield text, LEARNT if loss else WEIGHED if weight else READ
        waiting = []


def _page(tokenizer: Any, data: StageData, weight: float, counts: list[tuple[str, ...]]) -> str:
    tags = {READ: None, WEIGHED: "i", LEARNT: "b"}
    parts = [
        "<!doctype html><html lang='en'><meta charset='utf-8'><title>What the loss is taken on</title>"
        "<style>body{font:14px/1.5 monospace;max-width:70em;margin:2em auto;padding:0 1em}pre{white-space:pre-wrap;"
        "border-left:3px solid #ccc;padding-left:1em;color:#666}b{color:#00542e;background:#dff3e6}"
        "i{color:#6b4c00;background:#fdf3d7;font-style:normal}u{text-decoration:none;border-bottom:1px solid #999}"
        "td,th{text-align:right;padding:0 1em 0 0}td:first-child,th:first-child{text-align:left}</style>"
        f"<h1>What the loss is taken on</h1><p>{html.escape(_legend(weight))}</p>"
        "<table><tr><th>type<th>rows<th>tokens<th>with loss<th>share with loss</tr>"
    ]
    parts += ["<tr>" + "".join(f"<td>{html.escape(cell)}" for cell in row) + "</tr>" for row in counts]
    parts.append("</table>")
    for number, (row, tokens) in enumerate(zip(data.train.rows, data.train.tokens, strict=True), start=1):
        parts.append(f"<h2>{html.escape(_title(number, row, tokens).removeprefix('--- '))}</h2><pre>")
        open_tag = None
        for at, (piece, kind) in enumerate(_pieces(tokenizer, tokens, weight)):
            if tags[kind] != open_tag:
                parts.append((f"</{open_tag}>" if open_tag else "") + (f"<{tags[kind]}>" if tags[kind] else ""))
                open_tag = tags[kind]
            parts.append(f"<u>{html.escape(piece)}</u>" if at % 2 else html.escape(piece))
        parts.append((f"</{open_tag}>" if open_tag else "") + "</pre>")
    return "".join(parts) + "</html>\n"
