"""An audit's report: as lines for a terminal, as JSON values, as one HTML page with bars."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from html import escape
from pathlib import Path

from curator import __version__, pages
from curator.diagnostic import Diagnostic
from curator.rows.audit import Report
from curator.rows.audit_codes import BY_CODE
from curator.rows.audit_fix import REMOVED, Writer

# So many findings of a code stand in the text, and `pages.SHOWN` on the page; JSON has them all.
SHOWN_ON_TERMINAL = 5

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
        lines.append("can be mended: " + pages.listed({f"{c} {title(c)}": n for c, n in report.fix_counts.items()}))
    if report.repeated_prompts:
        lines.append(f"{report.repeated_prompts} questions are asked more than once, in "
                     f"{report.rows_with_repeated_prompts} rows")  # fmt: skip
    for name, lengths in report.lengths.items():
        lines.append(f"{name}: {lengths.smallest} to {lengths.largest}, median {lengths.median:g}")
    lines.append(f"form: {pages.listed(report.forms)}; answers in a row: {pages.listed(report.turns)}")
    lines.append(f"programs (judge: {report.judge}): {pages.listed(report.programs)}")
    lines.append(f"generation of the code: {pages.listed(report.generations)}")
    lines += [f"not checked: {what}" for what in report.not_checked]
    return lines


def summary(report: Report) -> str:
    """The report in one line."""
    found = sum(report.counts.values())
    unfit = f"{report.unfit_rows} of them unfit" if report.unfit_rows else "none of them unfit"
    return f"{report.rows + report.bad_lines} rows, {unfit} for training; {found} findings (judge: {report.judge})"


def written(report: Report, writer: Writer, out: Path) -> str:
    """What --fix has done, in one line."""
    mended = pages.listed({f"{code} {title(code)}": count for code, count in report.fix_counts.items()})
    reasons = pages.listed({f"{code} {title(code)}": count for code, count in sorted(writer.reasons.items())})
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
        f"<p>{escape(summary(report))}. Made by curator {__version__}.</p>",
        *(f"<p class=note>Not checked: {escape(what)}</p>" for what in report.not_checked),
        "<h2>Findings</h2>",
        pages.bars("Findings by code", counts) if counts else "<p>None.</p>",
    ]
    for code, count in report.counts.items():
        why = f"<p>{escape(BY_CODE[code].why)}</p>" if code in BY_CODE else ""
        rows = [(d.line, d.message, d.hint) for d in by_code[code]]
        parts.append(
            f"<details><summary>{code} {escape(title(code))}: {count}</summary>{why}"
            f"{pages.table(['line', 'what', 'what to do'], rows)}</details>"
        )
    if report.fixes:
        mended = {f"{code} {title(code)}": count for code, count in report.fix_counts.items()}
        table = pages.table(["line", "code", "what"], [(f.line, f.code, f.what) for f in report.fixes])
        parts.append(
            f"<h2>What --fix mends</h2>{pages.bars('Mended, by code', mended)}"
            f"<details><summary>Line by line</summary>{table}</details>"
        )
    parts.append("<h2>The rows</h2>")
    if report.repeated_prompts:
        parts.append(f"<p>{report.repeated_prompts} questions are asked more than once, in "
                     f"{report.rows_with_repeated_prompts} rows.</p>")  # fmt: skip
    parts += [pages.histogram(name, lengths) for name, lengths in report.lengths.items()]
    for name, values in (
        (f"Programs, by verdict (judge: {report.judge})", report.programs),
        ("Rows by generation of their code", report.generations),
        ("Rows by form", report.forms),
        ("Rows by number of answers", report.turns),
    ):
        if values:
            parts.append(pages.bars(name, values))
    return pages.page(f"Audit of {report.path}", parts)


def _by_code(findings: Sequence[Diagnostic]) -> dict[str, list[Diagnostic]]:
    grouped: dict[str, list[Diagnostic]] = defaultdict(list)
    for finding in findings:
        grouped[finding.code].append(finding)
    return grouped
