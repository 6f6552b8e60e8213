"""An audit's report: as lines for a terminal, as JSON values, as one HTML page with bars.

The page needs nothing else: styles and SVG are inside, and no script. The bars are drawn here, because matplotlib is
only there for those who train, and a bar is a rectangle.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from html import escape
from pathlib import Path

from curator import __version__
from curator.audit import Lengths, Report
from curator.audit_codes import BY_CODE
from curator.audit_fix import REMOVED, Writer
from curator.diagnostic import Diagnostic

# So many findings of a code stand in the text and on the page; JSON has them all.
SHOWN_ON_TERMINAL, SHOWN_ON_PAGE = 5, 200

# Codes that an audit shares with the checks of examples.
_SHARED = {
    "W701": "the code is of another generation than is asked for",
    "H702": "nothing in the code is of the generation that is asked for",
    "W809": "the judge gave no verdict",
}


def as_lines(report: Report, shown: int = SHOWN_ON_TERMINAL) -> list[str]:
    """The report for a terminal: findings by code, what was mended, what the rows are like."""
    lines = []
    by_code = _by_code(report.findings)
    for code, count in report.counts.items():
        lines.append(f"{code}  {count} x  {title(code)}")
        lines += [f"      line {d.line}: {d.message}" for d in by_code[code][:shown]]
        if count > shown:
            lines.append(f"      and {count - shown} more")
    if report.fix_counts:
        lines.append("can be mended: " + _listed({f"{c} {title(c)}": n for c, n in report.fix_counts.items()}))
    if report.repeated_prompts:
        lines.append(f"{report.repeated_prompts} questions are asked more than once, in "
                     f"{report.rows_with_repeated_prompts} rows")  # fmt: skip
    for name, lengths in report.lengths.items():
        lines.append(f"{name}: {lengths.smallest} to {lengths.largest}, median {lengths.median:g}")
    lines.append(f"form: {_listed(report.forms)}; answers in a row: {_listed(report.turns)}")
    lines.append(f"programs (judge: {report.judge}): {_listed(report.programs)}")
    lines.append(f"generation of the code: {_listed(report.generations)}")
    lines += [f"not checked: {what}" for what in report.not_checked]
    return lines


def summary(report: Report) -> str:
    """The report in one line."""
    found = sum(report.counts.values())
    unfit = f"{report.unfit_rows} of them unfit" if report.unfit_rows else "none of them unfit"
    return f"{report.rows + report.bad_lines} rows, {unfit} for training; {found} findings (judge: {report.judge})"


def written(report: Report, writer: Writer, out: Path) -> str:
    """What --fix has done, in one line."""
    mended = _listed({f"{code} {title(code)}": count for code, count in report.fix_counts.items()})
    reasons = _listed({f"{code} {title(code)}": count for code, count in sorted(writer.reasons.items())})
    aside = f"{writer.removed} to {(out.parent / REMOVED).as_posix()} ({reasons})"
    return f"{writer.kept} rows written to {out.as_posix()}, {aside}; mended: {mended}"


def as_dict(report: Report) -> dict[str, object]:
    """The report as JSON values."""
    return {
        "created_by": f"curator {__version__}",
        **{key: value for key, value in asdict(report).items() if key not in ("findings", "fixes", "lengths")},
        "lengths": {name: asdict(lengths) for name, lengths in report.lengths.items()},
        "findings": [d.as_dict() for d in report.findings],
        "fixes": [asdict(fix) for fix in report.fixes],
    }


def title(code: str) -> str:
    """What a code means, in a few words."""
    return BY_CODE[code].title if code in BY_CODE else _SHARED.get(code, code)


def as_html(report: Report) -> str:
    """The report as one page."""
    by_code = _by_code(report.findings)
    counts = {f"{code} {title(code)}": count for code, count in report.counts.items()}
    parts = [
        f"<h1>Audit of {escape(report.path)}</h1>",
        f"<p>{escape(summary(report))}. Made by curator {__version__}.</p>",
        *(f"<p class=note>Not checked: {escape(what)}</p>" for what in report.not_checked),
        "<h2>Findings</h2>",
        _bars("Findings by code", counts) if counts else "<p>None.</p>",
    ]
    for code, count in report.counts.items():
        why = f"<p>{escape(BY_CODE[code].why)}</p>" if code in BY_CODE else ""
        rows = "".join(
            f"<tr><td>{d.line}<td>{escape(d.message)}<td>{escape(d.hint)}" for d in by_code[code][:SHOWN_ON_PAGE]
        )
        more = f"<p>And {count - SHOWN_ON_PAGE} more.</p>" if count > SHOWN_ON_PAGE else ""
        parts.append(
            f"<details><summary>{code} {escape(title(code))}: {count}</summary>{why}"
            f"<table><tr><th>line<th>what<th>what to do{rows}</table>{more}</details>"
        )
    if report.fixes:
        mended = {f"{code} {title(code)}": count for code, count in report.fix_counts.items()}
        listed = "".join(f"<tr><td>{f.line}<td>{f.code}<td>{escape(f.what)}" for f in report.fixes[:SHOWN_ON_PAGE])
        parts.append(
            f"<h2>What --fix mends</h2>{_bars('Mended, by code', mended)}"
            f"<details><summary>Line by line</summary><table><tr><th>line<th>code<th>what{listed}</table></details>"
        )
    parts.append("<h2>The rows</h2>")
    if report.repeated_prompts:
        parts.append(f"<p>{report.repeated_prompts} questions are asked more than once, in "
                     f"{report.rows_with_repeated_prompts} rows.</p>")  # fmt: skip
    parts += [_histogram(name, lengths) for name, lengths in report.lengths.items()]
    for name, values in (
        (f"Programs, by verdict (judge: {report.judge})", report.programs),
        ("Rows by generation of their code", report.generations),
        ("Rows by form", report.forms),
        ("Rows by number of answers", report.turns),
    ):
        if values:
            parts.append(_bars(name, values))
    return (
        "<!doctype html>\n<html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>Audit of {escape(report.path)}</title><style>{_STYLE}</style>\n" + "\n".join(parts) + "\n</html>\n"
    )


_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color-scheme: light dark }
table { border-collapse: collapse } td, th { text-align: left; padding: .1rem .8rem .1rem 0; vertical-align: top }
svg { display: block; margin: .5rem 0 1.5rem; max-width: 100% } svg text { font: 13px system-ui, sans-serif; fill: CanvasText }
svg rect { fill: #3b6ea8 } .note { border-left: .3rem solid #c77700; padding-left: .6rem } summary { cursor: pointer }
"""  # noqa: E501


def _histogram(name: str, lengths: Lengths) -> str:
    bins = {f"{low} to {high - 1}" if high - low > 1 else str(low): count for low, high, count in lengths.bins}
    return _bars(f"{name}: {lengths.smallest} to {lengths.largest}, median {lengths.median:g}", bins)


def _bars(name: str, values: Mapping[str, int] | Mapping[int, int]) -> str:
    """A horizontal bar per value with its number; a screen reader hears them as the description."""
    row, left, width = 22, 340, 420
    largest = max(values.values(), default=0) or 1
    drawn = []
    for index, (label, value) in enumerate(values.items()):
        y = index * row
        length = max(round(width * value / largest), 1) if value else 0
        drawn.append(
            f"<text x={left - 8} y={y + 15} text-anchor=end>{escape(str(label)[:52])}</text>"
            f"<rect x={left} y={y + 3} width={length} height={row - 6} rx=2 />"
            f"<text x={left + length + 6} y={y + 15}>{value}</text>"
        )
    spoken = escape(f"{name}: {_listed(values)}", quote=True)
    return (
        f'<h3>{escape(name)}</h3><svg role=img aria-label="{spoken}" width={left + width + 80} '
        f'height={len(values) * row} viewBox="0 0 {left + width + 80} {len(values) * row}">{"".join(drawn)}</svg>'
    )


def _by_code(findings: Sequence[Diagnostic]) -> dict[str, list[Diagnostic]]:
    grouped: dict[str, list[Diagnostic]] = defaultdict(list)
    for finding in findings:
        grouped[finding.code].append(finding)
    return grouped


def _listed(values: Mapping[str, int] | Mapping[int, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in values.items()) or "none"
