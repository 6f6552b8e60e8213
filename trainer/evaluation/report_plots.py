"""The plots of a report as SVG text that follows the page: colours are CSS variables, text is the page's own.

Matplotlib draws with placeholder colours, which are then replaced, so that one picture is readable in light and dark.
No plot stands alone: the page has a table of the same numbers beside each.
"""

import html
import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

from curator.output import visible
from trainer.extra import check_extra
from trainer.plots import draw_learning_rate, draw_losses

# Placeholders; they occur in nothing else that Matplotlib draws. See `_themed`.
TEXT, GRID = "#b0b1b2", "#b3b4b5"
ARMS = ("#c0c0c1", "#c0c0c2", "#c0c0c3", "#c0c0c4", "#c0c0c5")
OUTCOMES = ("#d0d0d1", "#d0d0d2", "#d0d0d3", "#d0d0d4", "#d0d0d5")
_WIDTH = 7.6  # inches; the page scales it to its column


def bars(arms: Sequence[Mapping[str, Any]], measure: str, label: str) -> str:
    """A measure with its intervals: all cases, then each generation; one bar for each arm."""
    groups = ["all cases", *arms[0]["by_generation"]] if arms else []
    height = 0.8 / max(len(arms), 1)
    figure, axes = _figure(0.6 + len(groups) * (0.24 + 0.24 * len(arms)))
    for a, arm in enumerate(arms):
        cells = [arm[measure], *(arm["by_generation"][name][measure] for name in groups[1:])]
        for g, cell in enumerate(cells):
            if cell["value"] is None:
                continue
            y = g + (a - (len(arms) - 1) / 2) * height
            value, low, high = (100 * cell[key] for key in ("value", "low", "high"))
            axes.barh(y, value, height * 0.86, color=ARMS[a % len(ARMS)], label=_plain(arm["name"]) if g == 0 else None)
            axes.errorbar(value, y, xerr=[[value - low], [high - value]], color=TEXT, capsize=2.5, linewidth=1.1)
            axes.text(high + 1.5, y, f"{value:.0f} %", va="center", fontsize=8.5, color=TEXT)
    axes.set_yticks(range(len(groups)), [_group(name) for name in groups])
    axes.invert_yaxis()
    axes.set_xlim(0, 108)
    axes.set_xticks(range(0, 101, 20))
    axes.set_xlabel(f"{_plain(label)}, % of the cases, with 95 % intervals")
    _legend(figure, axes, len(arms))
    return _svg(figure, f"Bars of {label} with intervals, by arm and generation; the table has the numbers")


def outcomes(arms: Sequence[Mapping[str, Any]]) -> str:
    """What became of the replies: one stacked bar for each arm."""
    figure, axes = _figure(0.8 + 0.45 * len(arms))
    names = list(arms[0]["outcomes"]) if arms else []
    for y, arm in enumerate(arms):
        left = 0
        for o, name in enumerate(names):
            count = arm["outcomes"][name]
            axes.barh(y, count, 0.62, left=left, color=OUTCOMES[o], label=name if y == 0 else None)
            if count:
                axes.text(left + count / 2, y, str(count), ha="center", va="center", fontsize=8.5, color="#ffffff")
            left += count
    axes.set_yticks(range(len(arms)), [_plain(arm["name"]) for arm in arms])
    axes.invert_yaxis()
    axes.set_xlabel("replies")
    _legend(figure, axes, len(names))
    return _svg(figure, "Outcomes of the replies by arm; the table has the numbers")


def losses(rows: Sequence[Mapping[str, Any]], title: str) -> str:
    """Training and validation loss of one stage over its steps."""
    figure, axes = _figure(2.7)
    draw_losses(axes, rows, ARMS, TEXT)
    _legend(figure, axes, 3)
    return _svg(figure, f"Loss curves of {title}; the table has the validation losses")


def learning_rate(rows: Sequence[Mapping[str, Any]]) -> str:
    """The learning rate over the steps of both stages, one after the other. `rows` are those of a metrics.jsonl."""
    figure, axes = _figure(1.8)
    draw_learning_rate(axes, rows, ARMS)
    _legend(figure, axes, 2)
    return _svg(figure, "Learning rate over the steps of both stages")


def _figure(height: float) -> tuple[Any, Any]:
    check_extra(("matplotlib",))
    from matplotlib.figure import Figure  # without pyplot: no window system, no list of open figures

    figure = Figure(figsize=(_WIDTH, height + 0.5), layout="constrained")
    figure.patch.set_alpha(0)
    axes = figure.add_subplot()
    axes.patch.set_alpha(0)
    axes.spines[["top", "right"]].set_visible(False)
    for spine in axes.spines.values():
        spine.set_color(GRID)
    axes.tick_params(colors=TEXT, labelsize=9)
    axes.grid(color=GRID, linewidth=0.6, alpha=0.6)
    axes.set_axisbelow(True)
    axes.xaxis.label.set_color(TEXT)
    axes.yaxis.label.set_color(TEXT)
    return figure, axes


def _legend(figure: Any, axes: Any, columns: int) -> None:
    handles, labels = axes.get_legend_handles_labels()
    if handles:
        figure.legend(
            handles, labels, loc="outside upper left", ncols=min(columns, 5), frameon=False, labelcolor=TEXT, fontsize=9
        )


def _plain(text: str) -> str:
    """Text that Matplotlib draws as it is: no formula between dollars, no name hidden for its leading underscore."""
    return (" " if text.startswith("_") else "") + visible(text).replace("$", r"\$")


def _group(name: str) -> str:
    return "all cases" if name == "all cases" else {"all": "all (any)"}.get(name, name)


def _svg(figure: Any, description: str) -> str:
    import matplotlib

    written = io.StringIO()
    # text stays text: readable by a screen reader's user, searchable, and in the page's font; ids differ by picture
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": description}):
        figure.savefig(written, format="svg", metadata={"Date": None, "Creator": None})
    svg = written.getvalue()
    return _themed(svg[svg.index("<svg") :], description)


def _themed(svg: str, description: str) -> str:
    svg = svg.replace(TEXT, "currentColor").replace(GRID, "var(--grid)")
    for number, colour in enumerate(ARMS, 1):
        svg = svg.replace(colour, f"var(--arm{number})")
    for number, colour in enumerate(OUTCOMES, 1):
        svg = svg.replace(colour, f"var(--outcome{number})")
    # a style element would hold for the whole page; the page's own style says the same of pictures
    svg = re.sub(r"<(metadata|style)\b.*?</\1>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", svg, count=1)
    svg = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", svg, count=1)
    # Matplotlib names its fonts; the page's own font is drawn instead
    svg = re.sub(r"(font: (?:\d+ )?[\d.]+px) [^;\"]*", r"\1 system-ui, sans-serif", svg)
    return svg.replace("<svg ", f'<svg role="img" aria-label="{html.escape(description)}" ', 1)
