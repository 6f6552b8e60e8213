"""What `trainer run` and `trainer preview` print: the plan, the result, the tokens of a row."""

import html
import json
from pathlib import Path
from typing import Any

from curator import output
from trainer.errors import TrainerError
from trainer.model import public_name
from trainer.run import Plan
from trainer.tokens import Tokens


def print_plan(plan: Plan) -> None:
    """What would be trained, without training it."""
    output.say(f"{plan.config.name}: {public_name(plan.config)}, dataset {plan.dataset.content_hash[:12]}")
    for name, data in plan.report().items():
        stage = getattr(plan.config, name)
        rows = [
            (
                split,
                str(data[split]["rows"]),
                str(data[split]["packed_rows"]),
                f"{data[split]['tokens']:,}",
                f"{data[split]['loss_tokens']:,}",
                str(data[split]["longest"]),
                str(data[split]["truncated"]),
                str(data[split]["dropped"]),
                f"{data[split]['packing_efficiency']:.0%}",
            )
            for split in ("train", "validation")
        ]
        read = data["train"]["tokens"] * data["steps"] * stage.batch_size * stage.accumulation
        read //= data["train"]["packed_rows"]
        title = f"{name}: {data['steps']} steps, about {read:,} tokens, rows of at most {stage.max_length}"
        columns = ["split", "rows", "packed", "tokens", "with loss", "longest", "cut off", "dropped", "filled"]
        output.table(title, columns, rows)
    output.say("dry run: all checks passed, nothing was loaded or written")


def print_result(folder: Path) -> None:
    """The table at the end of a run, from its run.json."""
    record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
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
    columns = ["stage", "steps", "tokens", "minutes", "tokens/s", "loss before", "loss best", "at step", "ended by"]
    output.table(f"{folder}: validation loss, {record['minutes']:.1f} minutes in all", columns, rows)


def preview(plan: Plan, rows: int, page: Path | None) -> None:
    """Print the first `rows` conversations with their tokens, or write all of them to a page."""
    if "stage2" not in plan.stages:
        raise TrainerError("stage 2 is switched off in this config; there is nothing to preview")
    split = plan.stages["stage2"].train
    if page is not None:
        try:
            page.write_text(_page(plan.tokenizer, split.tokens), encoding="utf-8")
        except OSError as error:
            raise TrainerError(f"{page}: cannot be written ({error.strerror}); choose another --html") from None
        output.say(f"{len(split.tokens)} conversations: {page}")
        return
    from rich.console import Console
    from rich.text import Text

    console = Console()
    for number, tokens in enumerate(split.tokens[:rows], start=1):
        console.print(f"--- {number}: {len(tokens.ids)} tokens, {sum(tokens.loss)} with loss", style="bold")
        text = Text()
        for piece, loss in _pieces(plan.tokenizer, tokens):
            # Bold as well as green: readable without colour, too.
            text.append(output.visible(piece), style="bold green" if loss else "dim")
        console.print(text, soft_wrap=True)


def _pieces(tokenizer: Any, tokens: Tokens) -> list[tuple[str, bool]]:
    """Runs of tokens with and without loss, as text. Decoded as runs: a single token may be half a character."""
    runs: list[tuple[list[int], bool]] = []
    for token, loss in zip(tokens.ids, tokens.loss, strict=True):
        if not runs or runs[-1][1] != loss:
            runs.append(([], loss))
        runs[-1][0].append(token)
    return [(tokenizer.decode(ids), loss) for ids, loss in runs]


def _page(tokenizer: Any, rows: list[Tokens]) -> str:
    parts = [
        "<!doctype html><html lang='en'><meta charset='utf-8'><title>What the loss is taken on</title>"
        "<style>body{font:14px/1.5 monospace;max-width:70em;margin:2em auto;padding:0 1em}pre{white-space:pre-wrap;"
        "border-left:3px solid #ccc;padding-left:1em;color:#666}b{color:#00542e;background:#dff3e6}</style>"
        "<h1>What the loss is taken on</h1><p>Green and bold: answer and stop token, learnt. Grey: read only.</p>"
    ]
    for number, tokens in enumerate(rows, start=1):
        parts.append(f"<h2>{number}: {len(tokens.ids)} tokens, {sum(tokens.loss)} with loss</h2><pre>")
        for piece, loss in _pieces(tokenizer, tokens):
            parts.append(f"<b>{html.escape(piece)}</b>" if loss else html.escape(piece))
        parts.append("</pre>")
    return "".join(parts) + "</html>\n"
