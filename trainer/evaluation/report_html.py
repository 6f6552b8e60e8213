"""The report as one HTML page that needs nothing else: no script, no font, no picture from anywhere.

Replies, diagnostics and names come from models, compilers and files, and are hostile until escaped: every value goes
through `esc`, and a content security policy forbids scripts and requests even if one slipped through.
"""

import html
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from curator.output import visible
from trainer.evaluation import report_plots as plots
from trainer.evaluation.evaluate import spoken, spoken_p
from trainer.evaluation.statistics import Share, significant_split
from trainer.plots import TITLES

SHORT_CELL = 28
"""Characters up to which a cell of a table is not broken into lines."""
LONGEST_SAMPLE = 4000
"""Characters shown of one reply; the whole of it is in results.jsonl."""


def page(data: Mapping[str, Any], samples: Sequence[Mapping[str, Any]], metrics: Sequence[Mapping[str, Any]]) -> str:
    """The page. `data` is report.json, `samples` are the chosen result rows with their `prompt`, `metrics` the rows of
    the run's metrics.jsonl.
    """
    arms, judge = data["arms"], data["judge"]
    parts = [
        f"<h1>compile@1 of {esc(_title(data))}</h1>",
        f'<p class="headline">{_kept_together(esc(data["headline"]))}</p>',
        f'<p class="quiet">{esc(_conditions(data))}, <span class="short">{esc(data["created"])}</span></p>',
        section("Read this first", bullets(data["caveats"])),
        section("All figures", _summary(arms, judge)),
        section("Is the difference real?", _comparisons(data["comparisons"], judge)),
        section(
            f"compile@1 ({judge}) by generation",
            _figure(plots.bars(arms, "compile_at_1", f"compile@1 ({judge})"))
            + _groups(arms, "by_generation", "generation", judge)
            + "<h3>By type of task</h3>"
            + _groups(arms, "by_type", "type", judge),
        ),
        section("What became of the replies", _figure(plots.outcomes(arms)) + _outcomes(arms)),
        section(f"Why programs were rejected ({judge})", _errors(arms)),
        section(f"Asked for and written (programs accepted by {judge})", _matrices(arms)),
        section("How the training went", losses(metrics)),
        section("Samples", _samples(samples)),
        section("Were the cases in the training data?", _leaks(data["leaks"])),
        section("Record of the run", _record(data)),
    ]
    return whole_page(f"compile@1 of {_title(data)}", parts)


def whole_page(title: str, parts: Iterable[str]) -> str:
    """The HTML document around what is in it; `title` is plain text, `parts` are HTML."""
    return _PAGE.format(title=esc(title), style=_STYLE, body="\n".join(parts))


def esc(value: object) -> str:
    """Any value as harmless text: control characters made visible, HTML escaped."""
    return html.escape(visible(str(value)), quote=True)


def _title(data: Mapping[str, Any]) -> str:
    return str(data["run"].get("base_model") or " and ".join(arm["name"] for arm in data["arms"]))


def _conditions(data: Mapping[str, Any]) -> str:
    cases, sampling = data["cases"], data["sampling"]
    how = "greedy" if sampling["temperature"] == 0 else f"temperature {sampling['temperature']}"
    return (
        f"{cases['n']} cases ({cases['name']}), judge {data['judge']}, extraction {data['extraction_version']}, "
        f"{how}, at most {sampling['max_new_tokens']} tokens"
    )


def _summary(arms: Sequence[Mapping[str, Any]], judge: str) -> str:
    rows: list[tuple[str, list[str], str]] = [
        (f"compile@1 ({judge})", _shares(arms, "compile_at_1"), "the judge accepts the program"),
        (f"useful@1 ({judge})", _shares(arms, "useful_at_1"), "accepted, does what the task asks for, not trivial"),
        (f"useful@1 ({judge}), own work", _shares(arms, "useful_own"), "useful, at most half of its long lines copied"),
        ("in the generation asked for", _shares(arms, "generation_match"), "of the accepted programs"),
        (
            "copied lines",
            [_copied(arm["copied"]) for arm in arms],
            "lines of 20+ characters found in the training data",
        ),
        ("ended by itself", _shares(arms, "stopped"), "of the replies; the others ran into the token limit"),
        ("no verdict", [str(arm["outcomes"]["no verdict"]) for arm in arms], "in none of the figures"),
    ]
    return table(
        "All figures by arm",
        ["figure", *(arm["name"] for arm in arms), "what it is"],
        [[name, *cells, note] for name, cells, note in rows],
    )


def _comparisons(rows: Sequence[Mapping[str, Any]], judge: str) -> str:
    if not rows:
        return "<p>Only one arm: nothing to compare.</p>"
    words = "".join(f"<p>{esc(in_words(row, judge))}</p>" for row in rows)
    figures = table(
        "Paired comparison",
        ["measure", "arms", "both", "only first", "only second", "neither", "difference", "95 %", "p", "p adjusted"],
        [
            [
                f"{row['measure']} ({judge})",
                f"{row['first']} → {row['second']}",
                *(str(row[key]) for key in ("both", "only_first", "only_second", "neither")),
                f"{row['difference'] * 100:+.0f} points",
                f"{row['low'] * 100:+.0f} to {row['high'] * 100:+.0f}",
                spoken_p(row["p"]),
                spoken_p(row["p_adjusted"]),
            ]
            for row in rows
        ],
    )
    return words + figures


def in_words(row: Mapping[str, Any], judge: str) -> str:
    """A comparison for somebody who has never met the test."""
    discordant = row["only_first"] + row["only_second"]
    names = f"{row['first']} and {row['second']}"
    text = (
        f"{row['measure']} ({judge}): on {row['n']} cases, {names} fared alike on {row['n'] - discordant}. "
        f"{row['second']} alone succeeded on {row['only_second']}, {row['first']} alone on {row['only_first']}: "
        f"{row['difference'] * 100:+.0f} points [95 % interval {row['low'] * 100:+.0f} to {row['high'] * 100:+.0f}]. "
    )
    if row["without_verdict"]:
        text += f"{row['without_verdict']} cases without a verdict on both sides are left out. "
    if not discordant:
        return text + "Nothing tells the two apart."
    text += (
        f"If both were equally good, a split at least this uneven would come up with {spoken_p(row['p_adjusted'])} "
        f"(exact McNemar): {'hardly chance' if row['significant'] else 'it may well be chance'}. "
    )
    needed = significant_split(discordant)
    if needed is None:
        text += f"With only {discordant} cases on which they differ, no split could have been significant. "
    elif not row["significant"]:
        text += f"It would have taken {needed} of the {discordant} differing cases on one side. "
    if row["detectable"] is not None:
        text += (
            "An evaluation of this size, on arms that differ this often, finds a true difference of "
            f"{row['detectable'] * 100:.0f} points 8 times in 10."
        )
    return text.strip()


def _groups(arms: Sequence[Mapping[str, Any]], by: str, noun: str, judge: str) -> str:
    names = list(arms[0][by])
    columns = [noun, "n"]
    for arm in arms:
        columns += [f"{arm['name']}: compile@1", f"{arm['name']}: useful@1"]
    rows = []
    for name in names:
        row = [name, str(arms[0][by][name]["compile_at_1"]["n"])]
        for arm in arms:
            row += [_share(arm[by][name]["compile_at_1"]), _share(arm[by][name]["useful_at_1"])]
        rows.append(row)
    return table(f"compile@1 and useful@1 ({judge}) by {noun}", columns, rows)


def _outcomes(arms: Sequence[Mapping[str, Any]]) -> str:
    meaning = {
        "accepted": "the judge has no error",
        "rejected": "the judge has errors",
        "no code": "an empty reply or an empty code block",
        "truncated": "the token limit came before the end of the program",
        "no verdict": "the judge could not say; in no figure",
    }
    rows = [[name, *(str(arm["outcomes"][name]) for arm in arms), meaning[name]] for name in arms[0]["outcomes"]]
    for arm in arms:
        for why, count in arm["no_verdict"].items():
            rows.append([f"no verdict: {why}", *(str(count) if a is arm else "" for a in arms), ""])
    found = list(arms[0]["extraction"])
    return table("Outcomes", ["outcome", *(arm["name"] for arm in arms), "meaning"], rows) + table(
        "How the program was found",
        ["found as", *(arm["name"] for arm in arms)],
        [[name, *(str(arm["extraction"][name]) for arm in arms)] for name in found],
    )


def _errors(arms: Sequence[Mapping[str, Any]]) -> str:
    parts = ["<p>The first error of each rejected program: what to write training examples about next.</p>"]
    for arm in arms:
        rows = [
            [
                row["code"] or "none",
                str(row["count"]),
                row["title"],
                row["example"]["message"],
                Code(row["example"]["line"]),
            ]
            for row in arm["errors"]
        ]
        columns = ["code", "programs", "what", "an example's message", "its line"]
        parts.append(
            table(f"{arm['name']}: first errors", columns, rows) if rows else f"<p>{esc(arm['name'])}: none.</p>"
        )
    return "".join(parts)


def _matrices(arms: Sequence[Mapping[str, Any]]) -> str:
    parts = []
    for arm in arms:
        matrix = arm["generation_matrix"]
        written = sorted({name for row in matrix.values() for name in row})
        if not matrix:
            parts.append(f"<p>{esc(arm['name'])}: no accepted program.</p>")
            continue
        parts.append(
            table(
                f"{arm['name']}: asked for (rows) and written (columns)",
                ["asked for", *(name or "nothing specific" for name in written)],
                [[asked, *(str(row.get(name, 0)) for name in written)] for asked, row in matrix.items()],
            )
        )
    return "".join(parts)


def losses(metrics: Sequence[Mapping[str, Any]]) -> str:
    """Loss curves of both stages with their tables, as HTML. `metrics` are the rows of a metrics.jsonl."""
    parts = []
    for stage, title in TITLES.items():
        rows = [row for row in metrics if row.get("stage") == stage]
        if not rows:
            continue
        held_out = [[str(row["step"]), f"{row['eval_loss']:.3f}"] for row in rows if "eval_loss" in row]
        parts.append(f"<h3>{esc(title)}</h3>{_figure(plots.losses(rows, title))}")
        parts.append(table("Validation loss", ["step", "validation loss"], held_out) if held_out else "")
    return "".join(parts) or "<p>The run folder has no metrics.</p>"


def _samples(samples: Sequence[Mapping[str, Any]]) -> str:
    if not samples:
        return "<p>No replies.</p>"
    parts = ["<p>Up to five of each outcome, chosen by a hash of the case's name, not by hand.</p>"]
    group = None
    for sample in samples:
        if group != (sample["arm"], sample["outcome"]):
            group = (sample["arm"], sample["outcome"])
            parts.append(f"<h3>{esc(sample['arm'])}: {esc(sample['outcome'])}</h3>")
        notes = [f"{d['line']}:{d['column']} {d['code']} {d['message']}" for d in sample["diagnostics"][:10]]
        if sample["missing"]:
            notes.append("not found in the program: " + "  ".join(sample["missing"]))
        parts.append(
            f"<details><summary>{esc(sample['case'])} <small>{esc(', '.join(sample['generation']))}, "
            f"{esc(sample['type'])}{', useful' if sample['useful'] else ''}</small></summary>"
            f"<h4>Prompt</h4>{_pre(sample['prompt'])}<h4>Reply ({sample['tokens']} tokens)</h4>{_pre(sample['reply'])}"
            + (f"<h4>Diagnostics</h4>{bullets(notes)}" if notes else "")
            + "</details>"
        )
    return "".join(parts)


def _leaks(leaks: Mapping[str, Any]) -> str:
    if leaks["texts"] is None:
        return "<p>Not checked: the training data was not there.</p>"
    if not leaks["found"]:
        return f"<p>No: compared with {leaks['texts']} training and validation texts, no case is among them.</p>"
    rows = [
        [
            leak["case"],
            leak["what"],
            f"{leak['file']}: {leak['id']}",
            f"{leak['similarity']:.2f}",
            f"{leak['containment']:.2f}",
        ]
        for leak in leaks["found"]
    ]
    return table("Cases in the training data", ["case", "what", "where", "similarity", "contained"], rows)


def _record(data: Mapping[str, Any]) -> str:
    rows = [[key, Code(value if isinstance(value, str) else json.dumps(value))] for key, value in data["run"].items()]
    parts = [table("The run that was evaluated", ["what", "value"], rows) if rows else "<p>No run folder.</p>"]
    for arm in data["arms"]:
        identity = [[key, Code(value)] for key, value in arm["identity"].items()]
        parts.append(table(f"Arm {arm['name']}", ["what", "value"], identity))
    return "".join(parts)


class Code(str):
    """A cell that is shown as code."""


def _cell(value: str) -> str:
    if isinstance(value, Code):
        return f"<td><code>{esc(value)}</code></td>"
    short = ' class="short"' if len(value) <= SHORT_CELL else ""
    return f"<td{short}>{esc(value)}</td>"


def _kept_together(escaped: str) -> str:
    """The text with no line break inside an interval such as [49-68]."""
    return re.sub(r"\[\d+-\d+\]", r'<span class="short">\g<0></span>', escaped)


def _share(value: Mapping[str, Any]) -> str:
    return spoken(Share(**value))


def _shares(arms: Iterable[Mapping[str, Any]], key: str) -> list[str]:
    return [_share(arm[key]) for arm in arms]


def _copied(copied: Mapping[str, Any]) -> str:
    if copied["share"] is None:
        return "no long lines"
    return f"{copied['lines']} of {copied['of']} = {copied['share'] * 100:.0f} %"


def section(title: str, body: str) -> str:
    """A part of the page under its heading; `body` is HTML."""
    return f"<section><h2>{esc(title)}</h2>{body}</section>"


def bullets(items: Iterable[str]) -> str:
    """A list of plain texts."""
    return "<ul>" + "".join(f"<li>{esc(item)}</li>" for item in items) + "</ul>"


def _figure(svg: str) -> str:
    return f"<figure>{svg}</figure>"


def _pre(text: str) -> str:
    cut = text if len(text) <= LONGEST_SAMPLE else text[:LONGEST_SAMPLE] + "\n[...]"
    return f'<pre tabindex="0">{esc(cut)}</pre>'


def table(caption: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of plain texts, the first column being the rows' names; a cell that is `Code` is set as code."""
    head = "".join(f'<th scope="col">{esc(column)}</th>' for column in columns)
    body = "".join(
        f'<tr><th scope="row">{esc(row[0])}</th>' + "".join(_cell(value) for value in row[1:]) + "</tr>" for row in rows
    )
    named = esc(caption)
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{named}"><table><caption>{named}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<main>
{body}
</main>
</body>
</html>
"""  # noqa: E501

# Colours: Okabe and Ito, apart for colour-blind readers, lightened for dark. White numbers stand on the outcomes.
_STYLE = """
:root { --bg: #ffffff; --fg: #1b1f24; --quiet: #57606a; --line: #d0d7de; --soft: #f3f5f7; --grid: #c5ccd3;
  --arm1: #6b7785; --arm2: #0072b2; --arm3: #d55e00; --arm4: #009e73; --arm5: #a05c8b;
  --outcome1: #00785a; --outcome2: #b8500a; --outcome3: #6b7785; --outcome4: #8a5a00; --outcome5: #7d4a94; }
@media (prefers-color-scheme: dark) {
  :root { --bg: #14181d; --fg: #e4e9ee; --quiet: #a3adb8; --line: #38424d; --soft: #1d232a; --grid: #4a5561;
    --arm1: #97a3b0; --arm2: #56b4e9; --arm3: #f08a3c; --arm4: #2fc79a; --arm5: #d89ac4; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--bg); color: var(--fg); font: 16px/1.55 system-ui, sans-serif; }
main { max-width: 62rem; margin: 0 auto; padding: 2rem 1.25rem 5rem; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 0 0 .75rem; }
h2 { font-size: 1.25rem; margin: 2.75rem 0 .6rem; padding-top: 1rem; border-top: 1px solid var(--line); }
h3 { font-size: 1.05rem; margin: 1.5rem 0 .4rem; }
h4 { font-size: .9rem; margin: .8rem 0 .2rem; color: var(--quiet); }
.headline { font-size: 1.2rem; line-height: 1.45; margin: 0 0 .5rem; }
.quiet { color: var(--quiet); margin: 0; }
p, ul { max-width: 48rem; }
figure { margin: 1rem 0; }
figure svg * { stroke-linejoin: round; stroke-linecap: butt; }
figure svg { display: block; width: 100%; max-width: 48rem; height: auto; }
.scroll { overflow-x: auto; margin: 1rem 0; }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--quiet); padding-bottom: .3rem; }
th, td { text-align: left; vertical-align: top; padding: .35rem .9rem .35rem 0; border-bottom: 1px solid var(--line); }
.short { white-space: nowrap; }
thead th { font-weight: 600; }
tbody th { font-weight: 500; }
code, pre { font: .84rem/1.45 ui-monospace, "Cascadia Mono", Consolas, monospace; overflow-wrap: anywhere; }
pre { background: var(--soft); padding: .7rem .9rem; border-radius: 6px; white-space: pre-wrap; margin: .2rem 0; }
details { border-bottom: 1px solid var(--line); padding: .35rem 0; }
summary { cursor: pointer; }
small { color: var(--quiet); }
:focus-visible { outline: 2px solid var(--arm2); outline-offset: 2px; }
@media print { details { break-inside: avoid; } }
"""
