"""An audit's report: as lines for a terminal, as JSON values, as one HTML page with bars."""

from collections.abc import Iterator
from dataclasses import asdict, fields
from html import escape
from pathlib import Path

from curator import __version__, pages
from curator.rows.audit import Report
from curator.rows.audit_codes import BY_CODE
from curator.rows.audit_fix import MENDED, REMOVED, Writer

# So many findings of a code stand in the text, and `pages.SHOWN` on the page; JSON has them all.
SHOWN_ON_TERMINAL = 5

# Codes that an audit shares with the checks of examples.
_SHARED = {
    "W701": "code of another generation",
    "H702": "nothing of the generation asked for",
    "W809": "no verdict from the judge",
}


def as_lines(report: Report, shown: int = SHOWN_ON_TERMINAL) -> list[str]:
    """The report for a terminal: findings by code, what was mended, what the rows are like."""
    lines = []
    for code, count in report.counts.items():
        lines.append(f"{code}  {count} x  {title(code)}")
        for d in report.findings.first(code, shown):
            lines.append(f"      line {d.line}: {d.message}" + (f"; {d.hint}" if d.hint else ""))
        if count > shown:
            lines.append(f"      and {count - shown} more")
    if report.fix_counts:
        lines.append("can be mended: " + pages.listed({f"{c} {title(c)}": n for c, n in report.fix_counts.items()}))
    if report.repeated_prompts:
        lines.append(f"{report.repeated_prompts} questions are asked more than once, in "
                     f"{report.rows_with_repeated_prompts} rows")  # fmt: skip
    for name, lengths in report.lengths.items():
        lines.append(f"{name}: {lengths.smallest} to {lengths.largest}, median {lengths.median:g}")
    if report.rows:
        lines.append(f"form: {pages.listed(report.forms)}; answers in a row: {pages.listed(report.turns)}")
    if report.programs:
        lines.append(f"programs (judge: {report.judge}): {pages.listed(report.programs)}")
        lines.append(f"generation of the code: {pages.listed(report.generations)}")
    lines += [f"not checked: {what}" for what in report.not_checked]
    return lines


def summary(report: Report) -> str:
    """The report in one line."""
    found = sum(report.counts.values())
    if not report.rows and not report.bad_lines:
        return f"{report.path}: no row in it; is it the right file?"
    unfit = f"{report.unfit_rows} of them unfit" if report.unfit_rows else "none of them unfit"
    return f"{report.rows + report.bad_lines} rows, {unfit} for training; {found} findings (judge: {report.judge})"


def written(writer: Writer, out: Path) -> str:
    """What --fix has done, in one line."""
    mended = pages.listed({f"{code} {title(code)}": count for code, count in sorted(writer.fixes.items())})
    reasons = pages.listed({f"{code} {title(code)}": count for code, count in sorted(writer.reasons.items())})
    aside = f"{writer.removed} to {(out.parent / REMOVED).as_posix()} ({reasons})"
    return f"{writer.kept} rows written to {out.as_posix()}, {aside}; mended: {mended} (each in {MENDED})"


def as_dict(report: Report) -> dict[str, object]:
    """The report as JSON values, without the findings and fixes."""
    known = {field.name: getattr(report, field.name) for field in fields(report)}
    return {
        "created_by": f"curator {__version__}",
        **{name: value for name, value in known.items() if name not in ("findings", "lengths")},
        "lengths": {name: asdict(lengths) for name, lengths in report.lengths.items()},
    }


def as_lists(report: Report) -> dict[str, Iterator[dict[str, object]]]:
    """All findings and all fixes as JSON values, one at a time."""
    return {"findings": (d.as_dict() for d in report.findings), "fixes": (asdict(fix) for fix in report.fixes())}


def title(code: str) -> str:
    """What a code means, in a few words."""
    return BY_CODE[code].title if code in BY_CODE else _SHARED.get(code, code)


def as_html(report: Report) -> str:
    """The report as one page."""
    counts = {f"{code} {title(code)}": count for code, count in report.counts.items()}
    parts = [
        f"<p>{escape(summary(report))}. Made by curator {__version__}.</p>",
        *(f"<p class=note>Not checked: {escape(what)}</p>" for what in report.not_checked),
        "<h2>Findings</h2>",
        pages.bars("Findings by code", counts) if counts else "<p>None.</p>",
    ]
    for code, count in report.counts.items():
        why = f"<p>{escape(BY_CODE[code].why)}</p>" if code in BY_CODE else ""
        rows = [(d.line, d.message, d.hint) for d in report.findings.first(code, pages.SHOWN)]
        parts.append(
            f"<details><summary>{code} {escape(title(code))}: {count}</summary>{why}"
            f"{pages.table(['line', 'what', 'what to do'], rows)}{_more(count)}</details>"
        )
    if report.fix_counts:
        mended = {f"{code} {title(code)}": count for code, count in report.fix_counts.items()}
        rows = [(f.line, f.code, f.what) for f in report.findings.fixes(pages.SHOWN)]
        parts.append(
            f"<h2>What --fix mends</h2>{pages.bars('Mended, by code', mended)}<details><summary>Line by line</summary>"
            f"{pages.table(['line', 'code', 'what'], rows)}{_more(sum(mended.values()))}</details>"
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


def _more(count: int) -> str:
    return f"<p>And {count - pages.SHOWN} more; --format json lists all.</p>" if count > pages.SHOWN else ""
