"""Figures one would put in a talk: matplotlib without pyplot, the same bytes each time."""

import io
import textwrap
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from rtfractions.errors import RTFractionsError, printable, quoted
from rtfractions.reports.envelope import generated_at

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from rtfractions.biology import AlphaBetaInterval

SUFFIXES: Final = (".png", ".svg", ".pdf")
"""What a figure can be written as, by the suffix of its file."""

COLOURS: Final = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000")
"""Okabe and Ito 2008: told apart by people with any kind of colour vision; yellow is left out, it fades on white."""

LINES: Final[tuple[Literal["-", "--", "-.", ":"], ...]] = ("-", "--", "-.", ":")
"""Where colours come round again, the next kind of line."""

TICKS_GY: Final = (0.1, 0.2, 0.5, 1, 2, 3, 5, 10, 20, 50, 100)
"""Ratios that stand at the alpha/beta axis."""

_SALT: Final = "rtfractions"
_LABEL_GAP_POINTS: Final = 11.0
_AXES_OF_FIGURE: Final = 0.8


class FigureError(RTFractionsError, ValueError):
    """A figure that cannot be drawn or written as asked."""

    code = "figure"


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


def can_be_drawn(text: str) -> bool:
    """Whether the font of figures has all letters of a text; those it lacks become boxes, except in SVG."""
    from matplotlib.font_manager import findfont
    from matplotlib.ft2font import FT2Font

    letters = FT2Font(findfont("DejaVu Sans")).get_charmap()
    return all(ord(letter) in letters for letter in text)


def suffix_of(path: Path) -> str:
    """The suffix of a figure's file, in small letters.

    Raises
    ------
    FigureError
        If figures are not written as that.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise FigureError(
            f"{quoted(path.name)} is no file of a figure", remedy=f"name it {', '.join(SUFFIXES)}"
        )
    return suffix


def as_bytes(figure: "Figure", suffix: str, *, text_as_paths: bool = False) -> bytes:
    """A figure as the bytes of its file; the same figure gives the same bytes.

    Parameters
    ----------
    figure : Figure
        The figure.
    suffix : str
        One of `SUFFIXES`.
    text_as_paths : bool, default False
        In SVG, letters as their outlines: the figure looks alike wherever it is shown.

    Raises
    ------
    SettingError
        If ``SOURCE_DATE_EPOCH`` is no time: matplotlib reads it, though no time is written.
    """
    import matplotlib

    generated_at(reproducible=False)
    metadata = {".png": {"Software": None}, ".svg": {"Date": None}, ".pdf": {"CreationDate": None}}[suffix]
    buffer = io.BytesIO()
    with (
        matplotlib.rc_context({"svg.hashsalt": _SALT, "svg.fonttype": "path" if text_as_paths else "none"}),
        warnings.catch_warnings(),
    ):
        warnings.filterwarnings("ignore", "Glyph .* missing")  # a name in letters that the font lacks
        figure.savefig(buffer, format=suffix[1:], metadata=metadata)
    return buffer.getvalue()


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
