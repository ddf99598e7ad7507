"""Cumulative DVHs drawn in panels, each curve with its label where there is most room beside it."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rtfractions.errors import printable
from rtfractions.reports.figures import COLOURS, LINES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LABEL_LEVELS: Final = (88, 80, 72, 64, 56, 48, 40, 32, 24, 16, 8)
"""Volumes in % at which a label may stand beside its curve."""

DVH_PANEL_INCHES: Final = (8.0, 4.4)
"""Width and height of a panel of DVHs."""

_DVH_FONT_POINTS: Final = 8.0

_LETTER: Final = _DVH_FONT_POINTS * 0.62 / (72 * 7.2)
"""About how wide a letter of a label is, in parts of the dose axis."""

_GAP: Final = 0.008

_LETTERS_PER_INCH: Final = 13
"""About how many letters of a line above the panels go into an inch."""

_ENOUGH_ROOM: Final = 0.12

_LABEL_HEIGHT: Final = 6


@dataclass(frozen=True, slots=True)
class DoseCurve:
    """A cumulative DVH in a figure.

    Attributes
    ----------
    label : str
        What it is of.
    colour : int
        Which colour: curves of one structure share it, across panels.
    line : int
        Which kind of line.
    dose_gy, volume_percent : sequence of float
        Its points, in ascending dose.
    marks : sequence of (float, float)
        Metrics on it: dose in Gy, and volume in %.
    """

    label: str
    colour: int
    line: int
    dose_gy: Sequence[float]
    volume_percent: Sequence[float]
    marks: Sequence[tuple[float, float]] = ()


@dataclass(frozen=True, slots=True)
class DosePanel:
    """A panel of a figure of DVHs.

    Attributes
    ----------
    axis : str
        What its dose is, as ``"dose [Gy]"``.
    curves : sequence of DoseCurve
        At least one.
    lines_gy : sequence of (float, str)
        Doses marked by a line, each with what it is.
    """

    axis: str
    curves: Sequence[DoseCurve]
    lines_gy: Sequence[tuple[float, str]] = ()


def dvh_figure(
    panels: Sequence[DosePanel],
    *,
    said: Sequence[str],
    panel_inches: tuple[float, float] = DVH_PANEL_INCHES,
) -> "Figure":
    """Cumulative DVHs, a panel for each kind of dose, one below the other.

    Parameters
    ----------
    panels : sequence of DosePanel
        At least one; physical dose first.
    said : sequence of str
        What a reader must know, a line each.
    panel_inches : tuple of float
        Width and height of a panel.
    """
    from matplotlib.figure import Figure

    width, height = panel_inches
    figure = Figure(figsize=(width, height * len(panels)), dpi=150, layout="constrained")
    for axes, panel in zip(figure.subplots(len(panels), squeeze=False)[:, 0], panels, strict=True):
        _draw_dvhs(axes, panel)
    lines = [line for one in said for line in textwrap.wrap(printable(one), round(_LETTERS_PER_INCH * width))]
    figure.axes[0].set_title("\n".join(lines), fontsize=9, color="0.35", loc="left", parse_math=False)
    return figure


def _draw_dvhs(axes: "Axes", panel: DosePanel) -> None:
    end = max([max(curve.dose_gy) for curve in panel.curves] + [dose for dose, _ in panel.lines_gy]) * 1.02
    axes.set_xlim(0.0, end or 1.0)
    axes.set_ylim(0.0, 103.0)
    for curve in panel.curves:
        colour = COLOURS[curve.colour % len(COLOURS)]
        axes.plot(
            [0.0, *curve.dose_gy],
            [curve.volume_percent[0], *curve.volume_percent],
            color=colour,
            linestyle=LINES[curve.line % len(LINES)],
            linewidth=1.5,
        )
        if curve.marks:
            axes.plot(*zip(*curve.marks, strict=True), "o", markersize=3.2, color=colour, clip_on=False)
    for dose, name in panel.lines_gy:
        axes.axvline(dose, color="0.6", linewidth=0.8, zorder=0)
        axes.annotate(
            printable(name),
            (dose, 103.0),
            (-2, 1),
            textcoords="offset points",
            ha="right",
            fontsize=7,
            color="0.4",
            parse_math=False,
        )
    axes.set_xlabel(panel.axis)
    axes.set_ylabel("volume [%]")
    axes.spines[["top", "right"]].set_visible(False)
    _label_beside(axes, panel.curves)


def _label_beside(axes: "Axes", curves: Sequence[DoseCurve]) -> None:
    """A label beside each curve, at the height and on the side where it is furthest from other curves and labels."""
    end = axes.get_xlim()[1]
    places = {level: [_dose_at(curve, level) / end for curve in curves] for level in _LABEL_LEVELS}
    taken: list[_Spot] = []
    for i, curve in enumerate(curves):
        length = len(printable(curve.label)) * _LETTER
        spots = [
            _Spot(level, places[level][i] + (_GAP if side > 0 else -_GAP - length), length, side)
            for side in (1, -1)
            for level in _LABEL_LEVELS
        ]
        best = max(spots, key=lambda spot: spot.room(i, places, taken))
        taken.append(best)
        axes.annotate(
            printable(curve.label),
            (best.left * end, best.level),
            (0, 2 * best.side),  # curves fall: right of one is above it, left is below
            textcoords="offset points",
            va="bottom" if best.side > 0 else "top",
            fontsize=_DVH_FONT_POINTS,
            color=COLOURS[curve.colour % len(COLOURS)],
            bbox={"boxstyle": "square,pad=0.05", "facecolor": "white", "edgecolor": "none", "alpha": 0.7},
            parse_math=False,
            annotation_clip=False,
        )


@dataclass(frozen=True, slots=True)
class _Spot:
    """Where a label may stand: at a volume in %, from a part of the dose axis on, right (1) or left (-1) of its curve."""

    level: int
    left: float
    length: float
    side: int

    @property
    def right(self) -> float:
        return self.left + self.length

    def room(self, i: int, places: dict[int, list[float]], taken: "Sequence[_Spot]") -> float:
        """How far the label is from others, in parts of the axis; below 0 where it meets one."""
        own = places[self.level][i]
        others = [place for j, place in enumerate(places[self.level]) if j != i]
        beyond = [place - self.right for place in others if place >= own]
        before = [self.left - place for place in others if place < own]
        if self.side > 0:  # a curve close behind would seem to bear the label
            before = [own - place for place in others if place < own]
        else:
            beyond = [place - own for place in others if place >= own]
        room = min([_ENOUGH_ROOM, *beyond, *before])
        meets = any(
            abs(other.level - self.level) < _LABEL_HEIGHT
            and self.left < other.right
            and self.right > other.left
            for other in taken
        )
        outside = max(0.0, self.right - 1.0) + max(0.0, -self.left)
        return room - meets - 5 * outside - (0.02 if self.side < 0 else 0.0)


def _dose_at(curve: DoseCurve, volume_percent: float) -> float:
    """The largest dose that so much of the volume gets, at a point of the curve."""
    points = zip(curve.dose_gy, curve.volume_percent, strict=True)
    return max((dose for dose, volume in points if volume >= volume_percent), default=0.0)
