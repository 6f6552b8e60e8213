"""The statistics of a corpus as lines and tables for a terminal, and as one HTML page."""

from collections.abc import Iterator
from html import escape

from curator import __version__, pages
from curator.labels import DIFFICULTIES, GENERATIONS, TOPICS, TYPES
from curator.review import agreement
from curator.stats.coverage import makes_sense
from curator.stats.summary import Place, Stats

# So many gaps stand on the terminal and on the page; JSON has them all.
SHOWN_GAPS, GAPS_ON_PAGE = 12, 40

Row = tuple[str, list[int | None], bool]


def coverage_rows(stats: Stats) -> Iterator[Row]:
    """Topics, each with its types below it, and the sums: label, count for each generation (None: makes no sense), is
    it a sum."""
    for topic in (*TOPICS, ""):
        yield topic or "all topics", _counts(stats, topic, ""), True
        for kind in TYPES:
            yield f"  {kind}", _counts(stats, topic, kind), False


def difficulty_rows(stats: Stats) -> Iterator[Row]:
    """For each topic and difficulty the count for each generation, places without any example left out."""
    for topic in TOPICS:
        for difficulty in (*DIFFICULTIES, ""):
            counts: list[int | None] = [
                sum(n for cell, n in stats.cells.items() if (cell[0], *cell[2:]) == (topic, generation, difficulty))
                or (0 if makes_sense(topic, "", generation) else None)
                for generation in GENERATIONS
            ]
            if any(counts):
                yield f"{topic}, {difficulty or 'no difficulty'}", counts, False


def said(place: Place) -> str:
    """A place in one line."""
    gap = place.gap
    failing = "" if place.failing is None else f", {place.failing:.0%} of such answers not useful"
    return f"{gap.topic} {gap.type} for {gap.generation}: {gap.examples} examples{failing}"


def as_lines(stats: Stats) -> list[str]:
    """What a terminal shows below the table of coverage."""
    lines = [f"{label}: {pages.listed(stats.labels[label])}" for label in ("type", "generation", "difficulty")]
    lines += [f"{name}: {of.smallest} to {of.largest}, median {of.median:g}, {of.total} in all"
              for name, of in stats.lengths.items()]  # fmt: skip
    lines.append(_repeats(stats))
    lines += [f"  {', '.join(cluster.members)}" for cluster in stats.clusters[:5]]
    lines.append(f"review: {pages.listed(stats.review.states)}")
    if stats.review.agreement:
        lines += agreement.lines(stats.review.agreement)
    empty = sum(not place.gap.examples for place in stats.places)
    lines.append(f"{empty} of {len(stats.places)} places have no example. {_ranked_by(stats)}")
    lines += [f"  {said(place)}" for place in stats.places[:SHOWN_GAPS]]
    return lines


def as_html(stats: Stats) -> str:
    """The statistics as one page with plots."""
    columns = ["topic, type", *GENERATIONS]
    parts = [
        f"<p>{stats.examples} examples. Made by curator {__version__}.</p>",
        "<h2>Coverage</h2><p>Examples by topic, type and generation; an example of several generations counts in each. "
        "A dashed 0 is a gap, a – means that the labels do not go together.</p>",
        pages.grid(columns, coverage_rows(stats)),
        "<h3>By difficulty</h3>",
        pages.grid(["topic, difficulty", *GENERATIONS], difficulty_rows(stats)),
        f"<h2>What to write next</h2><p>{escape(_ranked_by(stats))}</p>",
        pages.table(
            ["topic", "type", "generation", "examples", "not useful", "need"],
            [
                (p.gap.topic, p.gap.type, p.gap.generation, p.gap.examples,
                 "not measured" if p.failing is None else f"{p.failing:.0%}", f"{p.need:.2f}")
                for p in stats.places
            ],
            GAPS_ON_PAGE,
        ),
        "<h2>Labels</h2>",
        *(pages.bars(f"Examples by {label}", values) for label, values in stats.labels.items() if values),
        f"<h2>Near-duplicates</h2><p>{escape(_repeats(stats))}</p>",
    ]  # fmt: skip
    if stats.clusters:
        rows = [(", ".join(c.kept), ", ".join(r.key for r in c.removals)) for c in stats.clusters]
        parts.append(pages.table(["to keep", "can go"], rows))
    parts += ["<h2>Review</h2>", pages.bars("Examples by state", stats.review.states)]
    if stats.review.agreement:
        whole = agreement.said(stats.review.agreement.whole)
        parts.append(f"<p>Labels against blind second labels: {escape(whole)}.</p>")
    parts += ["<h2>Lengths</h2>", *(pages.histogram(name, of) for name, of in stats.lengths.items())]
    return pages.page("The corpus in figures", parts)


def _counts(stats: Stats, topic: str, kind: str) -> list[int | None]:
    return [
        n if (n := stats.coverage.count(topic, kind, g)) or makes_sense(topic, kind, g) else None for g in GENERATIONS
    ]


def _repeats(stats: Stats) -> str:
    gone = sum(len(cluster.removals) for cluster in stats.clusters)
    return (
        f"near-duplicates (Jaccard {stats.threshold:g}): {len(stats.clusters)} clusters, {gone} examples that can go"
        if stats.clusters
        else f"near-duplicates (Jaccard {stats.threshold:g}): none"
    )


def _ranked_by(stats: Stats) -> str:
    weak = stats.weakness
    if weak is None:
        return "Emptiest first; give --report to rank them by what a model is weakest at:"
    return f"Weakest and emptiest first, by what {weak.arm} did not do (useful@1, judge: {weak.judge}):"
