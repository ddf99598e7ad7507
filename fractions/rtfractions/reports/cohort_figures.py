"""Figures of a cohort: how patients came out, and what lesions are worth."""

from typing import TYPE_CHECKING, Final

from rtfractions.errors import printable
from rtfractions.reports.cohort import AuditDocument, CountEntry, HistogramEntry
from rtfractions.reports.cohort_text import words
from rtfractions.reports.figures import as_bytes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS: Final = {
    "per_protocol": "#009e73",
    "variation_acceptable": "#56b4e9",
    "deviation_unacceptable": "#d55e00",
    "query": "#e69f00",
    "not_evaluable": "#cc79a7",
}
"""Of verdicts, told apart by people with any kind of colour vision (Okabe and Ito 2008); all else is grey."""

MOST_SCHEDULES: Final = 12
"""How many schedules have a bar of their own."""

SHOWN_DOSES: Final = ("BED(a/b=10)", "EQD2Gy(a/b=10)")
"""What is shown as a histogram."""


def outcome_svg(document: AuditDocument) -> bytes:
    """Patients by outcome, with the exact intervals of their shares, as SVG."""
    entries = [entry for entry in document.outcomes if entry.count]
    return _svg(_bars(entries, "patients [%]"))


def schedule_svg(document: AuditDocument) -> bytes:
    """Lesions on study by prescribed schedule, the commonest first, as SVG."""
    return _svg(_bars(document.schedules[:MOST_SCHEDULES], "lesions on study [%]"))


def dose_svg(document: AuditDocument) -> bytes | None:
    """Histograms of BED and EQD2 of the lesions on study, as SVG; None where there is nothing to show."""
    from matplotlib.figure import Figure

    shown = [entry for entry in document.dose_histograms if entry.name in SHOWN_DOSES]
    if not shown:
        return None
    figure = Figure(figsize=(7.2, 2.6), dpi=150, layout="constrained")
    for axes, entry in zip(figure.subplots(1, len(shown), squeeze=False)[0], shown, strict=True):
        _draw_histogram(axes, entry)
    return _svg(figure)


def _bars(entries: "list[CountEntry] | tuple[CountEntry, ...]", axis: str) -> "Figure":
    """Horizontal bars of shares; the whiskers are the exact intervals."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 0.7 + 0.32 * max(len(entries), 1)), dpi=150, layout="constrained")
    axes = figure.add_subplot()
    places = list(range(len(entries)))
    shares = [100 * (entry.proportion or 0.0) for entry in entries]
    low = [share - 100 * (entry.low or 0.0) for share, entry in zip(shares, entries, strict=True)]
    high = [100 * (entry.high or 0.0) - share for share, entry in zip(shares, entries, strict=True)]
    axes.barh(places, shares, height=0.62, color=[COLOURS.get(entry.name, "0.6") for entry in entries])
    axes.errorbar(shares, places, xerr=[low, high], fmt="none", ecolor="0.25", elinewidth=1.0, capsize=2.5)
    for place, entry, share, above in zip(places, entries, shares, high, strict=True):
        axes.annotate(
            str(entry.count),
            (share + above, place),
            (4, 0),
            textcoords="offset points",
            va="center",
            fontsize=8,
            color="0.25",
        )
    axes.set_yticks(places, [printable(words(entry.name)) for entry in entries], fontsize=8, parse_math=False)
    axes.set_xlim(0.0, 100.0)
    axes.invert_yaxis()
    axes.set_xlabel(axis, fontsize=8)
    axes.tick_params(axis="x", labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def _draw_histogram(axes: "Axes", entry: HistogramEntry) -> None:
    from matplotlib.ticker import MaxNLocator

    lefts = [bar.low for bar in entry.bars]
    widths = [bar.high - bar.low for bar in entry.bars]
    counts = [bar.count for bar in entry.bars]
    axes.bar(lefts, counts, width=widths, align="edge", color="#0072b2", edgecolor="white", linewidth=0.8)
    axes.set_xlabel(f"{entry.name} [Gy]" if entry.unit not in entry.name else entry.name, fontsize=8)
    axes.set_ylabel("lesions", fontsize=8)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)


def _svg(figure: "Figure") -> bytes:
    return as_bytes(figure, ".svg")
