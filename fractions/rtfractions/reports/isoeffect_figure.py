"""Isoeffect curves as a figure: what schedules are worth against alpha/beta."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rtfractions.errors import printable
from rtfractions.reports.figures import COLOURS, LINES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from rtfractions.biology import AlphaBetaInterval

TICKS_GY: Final = (0.1, 0.2, 0.5, 1, 2, 3, 5, 10, 20, 50, 100)
"""Ratios that stand at the alpha/beta axis."""

_LABEL_GAP_POINTS: Final = 11.0

_AXES_OF_FIGURE: Final = 0.8


@dataclass(frozen=True, slots=True)
class Curve:
    """A line of a figure, with its label at its end.

    Attributes
    ----------
    label : str
        What it is of.
    x, y : sequence of float
        Its points, in ascending x.
    """

    label: str
    x: Sequence[float]
    y: Sequence[float]


def alpha_betas_gy(*shown: float) -> tuple[float, ...]:
    """The alpha/beta axis of isoeffect curves: evenly in its logarithm from 1 to 20 Gy, and as far as is to be shown."""
    low, high = min((1.0, *shown)), max((20.0, *shown))
    steps = 200
    inner = [low * (high / low) ** (i / steps) for i in range(1, steps)]
    return (low, *inner, high)


def isoeffect_figure(
    curves: Sequence[Curve],
    *,
    quantity: str,
    said: Sequence[str],
    marked_gy: Sequence[float] = (),
    interval: "AlphaBetaInterval | None" = None,
) -> "Figure":
    """Isoeffect curves: what schedules are worth against alpha/beta.

    Parameters
    ----------
    curves : sequence of Curve
        One a schedule: alpha/beta in Gy, and the isoeffective dose in Gy.
    quantity : str
        What the vertical axis shows, as ``"EQD2"``.
    said : sequence of str
        What a reader must know of the model, a line each; the interval is added.
    marked_gy : sequence of float
        alpha/beta ratios that are marked by a line.
    interval : AlphaBetaInterval, optional
        An interval of alpha/beta that is shaded, to the edge where it is open.
    """
    from matplotlib.figure import Figure

    height = max(4.5, 1.2 + len(curves) * _LABEL_GAP_POINTS / 60)
    figure = Figure(figsize=(7.2, height), dpi=150, layout="constrained")
    axes = figure.add_subplot()
    axes.set_xscale("log")
    first, last = curves[0].x[0], curves[0].x[-1]
    if interval is not None:
        low = first if interval.low_gy is None else interval.low_gy
        high = last if interval.high_gy is None else interval.high_gy
        axes.axvspan(low, high, color="0.88", zorder=0)
        said = [*said, f"shaded: alpha/beta {interval}"]
    for ratio in marked_gy:
        axes.axvline(ratio, color="0.75", linewidth=0.8, zorder=0)
    for i, curve in enumerate(curves):
        axes.plot(
            curve.x,
            curve.y,
            color=COLOURS[i % len(COLOURS)],
            linestyle=LINES[i // len(COLOURS) % len(LINES)],
            linewidth=1.8,
        )
    axes.set_xlim(first, last)
    axes.set_ylim(bottom=axes.get_ylim()[0] if min(min(curve.y) for curve in curves) < 0.0 else 0.0)
    ticks = [tick for tick in TICKS_GY if first <= tick <= last]
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.set_xticks([], minor=True)
    axes.set_xlabel("alpha/beta [Gy]")
    axes.set_ylabel(f"{quantity} [Gy]")
    axes.set_title("\n".join(said), fontsize=9, color="0.35", loc="left")
    axes.spines[["top", "right"]].set_visible(False)
    _label_at_ends(axes, curves, gap=_LABEL_GAP_POINTS / (height * 72 * _AXES_OF_FIGURE))
    return figure


def _label_at_ends(axes: "Axes", curves: Sequence[Curve], *, gap: float) -> None:
    """Labels right of the lines' ends, apart from each other, with a thin line to each end."""
    bottom, top = axes.get_ylim()
    heights = spread([(curve.y[-1] - bottom) / (top - bottom) for curve in curves], gap)
    for i, (curve, height) in enumerate(zip(curves, heights, strict=True)):
        colour = COLOURS[i % len(COLOURS)]
        axes.annotate(
            printable(curve.label),
            (curve.x[-1], curve.y[-1]),
            (1.05, height),
            textcoords="axes fraction",
            va="center",
            fontsize=9,
            color=colour,
            annotation_clip=False,
            arrowprops={
                "arrowstyle": "-",
                "color": colour,
                "linestyle": LINES[i // len(COLOURS) % len(LINES)],
                "linewidth": 0.8,
                "relpos": (0.0, 0.5),
                "shrinkA": 1.0,
                "shrinkB": 0.0,
            },
        )


def spread(places: Sequence[float], gap: float) -> list[float]:
    """Places from 0 to 1 moved apart to at least `gap`, in their order, as little as may be.

    Examples
    --------
    >>> [round(place, 2) for place in spread([0.5, 0.9, 0.5], 0.1)]
    [0.45, 0.9, 0.55]
    """
    order = sorted(range(len(places)), key=places.__getitem__)
    groups: list[tuple[float, int]] = []  # the middle of labels that touch, and how many they are
    for i in order:
        middle, count = places[i], 1
        while groups and middle - groups[-1][0] < gap * (count + groups[-1][1]) / 2:
            before, others = groups.pop()
            middle, count = (before * others + middle * count) / (others + count), others + count
        groups.append((max(middle, gap * (count - 1) / 2), count))
    apart = [middle + gap * (j - (count - 1) / 2) for middle, count in groups for j in range(count)]
    found = [0.0] * len(places)
    highest = 1.0
    for i, place in zip(reversed(order), reversed(apart), strict=True):
        found[i] = min(place, highest)
        highest = found[i] - gap
    return found
