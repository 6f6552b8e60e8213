"""Pages that stand alone: styles and SVG are inside, no script, nothing is fetched.

The bars are drawn here, because matplotlib is only there for those who train, and a bar is a rectangle.
"""

from collections.abc import Iterable, Mapping, Sequence
from html import escape

from curator.lengths import Lengths

# Of a row of a table so many stand on a page.
SHOWN = 200


def page(title: str, parts: Iterable[str]) -> str:
    """A whole page. `parts` are HTML; `title` is text."""
    return (
        "<!doctype html>\n<html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>{escape(title)}</title><style>{_STYLE}</style>\n<h1>{escape(title)}</h1>\n"
        + "\n".join(parts)
        + "\n</html>\n"
    )


_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color-scheme: light dark }
table { border-collapse: collapse } td, th { text-align: left; padding: .1rem .8rem .1rem 0; vertical-align: top }
svg { display: block; margin: .5rem 0 1.5rem; max-width: 100% } svg text { font: 13px system-ui, sans-serif; fill: CanvasText }
svg rect { fill: #3b6ea8 } .note { border-left: .3rem solid #c77700; padding-left: .6rem } summary { cursor: pointer }
.grid td, .grid th + th { text-align: right; padding: .1rem .6rem } .grid tr.sum { border-top: 1px solid GrayText; font-weight: bold }
.grid tr:not(.sum, :first-child) th { font-weight: normal }
.grid td.gap { outline: 1px dashed #c77700; outline-offset: -2px } .scroll { overflow-x: auto }
"""  # noqa: E501


def bars(name: str, values: Mapping[str, int] | Mapping[int, int]) -> str:
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
    spoken = escape(f"{name}: {listed(values)}", quote=True)
    return (
        f'<h3>{escape(name)}</h3><svg role=img aria-label="{spoken}" width={left + width + 80} '
        f'height={len(values) * row} viewBox="0 0 {left + width + 80} {len(values) * row}">{"".join(drawn)}</svg>'
    )


def histogram(name: str, lengths: Lengths) -> str:
    """Bars for the bins of lengths, with smallest, largest and median in the heading."""
    bins = {f"{low} to {high - 1}" if high - low > 1 else str(low): count for low, high, count in lengths.bins}
    return bars(f"{name}: {lengths.smallest} to {lengths.largest}, median {lengths.median:g}", bins)


def table(columns: Sequence[str], rows: Sequence[Sequence[object]], shown: int = SHOWN) -> str:
    """A table of texts, the first `shown` rows of it."""
    head = "".join(f"<th>{escape(column)}" for column in columns)
    body = "".join("<tr>" + "".join(f"<td>{escape(str(cell))}" for cell in row) for row in rows[:shown])
    more = f"<p>And {len(rows) - shown} more.</p>" if len(rows) > shown else ""
    return f"<div class=scroll><table><tr>{head}{body}</table></div>{more}"


def grid(columns: Sequence[str], rows: Iterable[tuple[str, Sequence[int | None], bool]]) -> str:
    """Counts in rows and columns, the fuller the darker. None is a place that makes no sense, 0 a gap.

    A row is its label, a count for each column but the first, and whether it sums up others.
    """
    listed_rows = list(rows)
    largest = max((n for _, counts, is_sum in listed_rows if not is_sum for n in counts if n), default=1)
    head = "".join(f"<th>{escape(column)}" for column in columns)
    body = []
    for label, counts, is_sum in listed_rows:
        cells = "".join(_cell(count, 0 if is_sum else largest) for count in counts)
        body.append(f"<tr{' class=sum' if is_sum else ''}><th>{escape(label)}{cells}")
    return f"<div class=scroll><table class=grid><tr>{head}{''.join(body)}</table></div>"


def listed(values: Mapping[str, int] | Mapping[int, int]) -> str:
    """ "this 3, that 4", or "none"."""
    return ", ".join(f"{name} {count}" for name, count in values.items()) or "none"


def _cell(count: int | None, largest: int) -> str:
    if count is None:
        return "<td>–"
    if not count:
        return "<td class=gap>0" if largest else "<td>0"
    shade = f" style='background:rgb(59 110 168 / {0.08 + 0.5 * count / largest:.2f})'" if largest else ""
    return f"<td{shade}>{count}"
