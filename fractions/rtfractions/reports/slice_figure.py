"""Dose in planes through a target: colours, isodoses and contours."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from rtfractions.dosimetry.slices import Slice
from rtfractions.errors import printable
from rtfractions.reports.figures import COLOURS, LINES, can_be_drawn
from rtfractions.structures import Floats, Structure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

Line = Literal["-", "--", "-.", ":"] | tuple[float, tuple[float, float]]

ISODOSES: Final[dict[int, Line]] = {20: ":", 50: "--", 80: "-.", 100: "-", 120: (0.0, (1.0, 3.0))}
"""Isodoses that are drawn, in % of the prescription, and their kinds of line."""

MOST_STRUCTURES: Final = 10
"""How many structures are drawn, beside the outline of the body."""

SHOWN_FROM: Final = 0.1
"""Dose is coloured from this part of the prescription on."""

EXTERNAL: Final = "EXTERNAL"

_ISODOSE_COLOUR: Final = "0.2"
_WIDTH_INCHES: Final = 10.0
_LEGEND_INCHES: Final = 0.7


def slices_figure(
    slices: Sequence[Slice],
    *,
    prescription_gy: float,
    quantity: str,
) -> "Figure":
    """Slices side by side.

    Parameters
    ----------
    slices : sequence of Slice
        Through one target, with the structures in the order in which they matter.
    prescription_gy : float
        What isodoses are percentages of.
    quantity : str
        What the colour bar is of, as ``"dose [Gy]"``.
    """
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    widths = [one.extent_mm[1] - one.extent_mm[0] for one in slices]
    heights = [one.extent_mm[3] - one.extent_mm[2] for one in slices]
    scale = (_WIDTH_INCHES - 1.6) / sum(widths)
    figure = Figure(
        figsize=(_WIDTH_INCHES, min(max(heights) * scale, 6.0) + 0.5 + _LEGEND_INCHES),
        dpi=110,
        layout="constrained",
    )
    panels = figure.subplots(1, len(slices), squeeze=False, width_ratios=widths)[0]
    highest = max(float(one.dose_gy.max()) for one in slices)
    colours = _colours(slices)
    drawn: AxesImage | None = None
    for axes, one in zip(panels, slices, strict=True):
        drawn = _draw(axes, one, prescription_gy, highest, colours)
    assert drawn is not None
    figure.colorbar(drawn, ax=list(panels), shrink=0.85, label=quantity, pad=0.01)
    of_structures = [
        Line2D([], [], color=colour, linestyle=line, linewidth=1.6, label=_label(structure))
        for structure, (colour, line) in colours.items()
    ]
    of_isodoses = [
        Line2D(
            [],
            [],
            color=_ISODOSE_COLOUR,
            linestyle=line,
            linewidth=_isodose_width(percent),
            label=f"{percent} % of {prescription_gy:g} Gy",
        )
        for percent, line in ISODOSES.items()
    ]
    legend = figure.legend(
        handles=of_structures + of_isodoses, loc="outside lower center", ncols=6, fontsize=7.5, frameon=False
    )
    for text in legend.get_texts():
        text.set_parse_math(False)
    return figure


def _colours(slices: Sequence[Slice]) -> dict[Structure, tuple[str, Line]]:
    """Colour and line of the structures that are drawn, the body's outline last."""
    cut = dict.fromkeys(
        one.structure
        for each in slices
        for one in each.structures
        if any(_is_seen(outline, each.extent_mm) for outline in one.outlines_mm)
    )
    inner = [structure for structure in cut if structure.interpreted_type != EXTERNAL][:MOST_STRUCTURES]
    colours: dict[Structure, tuple[str, Line]] = {
        structure: (COLOURS[i % len(COLOURS)], LINES[i // len(COLOURS) % len(LINES)])
        for i, structure in enumerate(inner)
    }
    colours.update({one: ("0.45", "-") for one in cut if one.interpreted_type == EXTERNAL})
    return colours


def _draw(
    axes: "Axes",
    one: Slice,
    prescription_gy: float,
    highest_gy: float,
    colours: dict[Structure, tuple[str, Line]],
) -> "AxesImage":
    from matplotlib import patheffects

    left, right, low, high = one.extent_mm
    seen = np.ma.masked_where(~one.known | (one.dose_gy < SHOWN_FROM * prescription_gy), one.dose_gy)
    image = axes.imshow(
        seen,
        origin="lower",
        extent=(left, right, low, high),
        vmin=0.0,
        vmax=max(highest_gy, prescription_gy),
        cmap="YlOrRd",
        alpha=0.75,
        interpolation="bilinear",
    )
    known_gy = one.dose_gy[one.known]
    inside = [
        percent
        for percent in ISODOSES
        if known_gy.size and known_gy.min() < percent * prescription_gy / 100 < known_gy.max()
    ]
    if inside:
        rows, columns = one.dose_gy.shape
        x = left + (np.arange(columns) + 0.5) * (right - left) / columns
        y = low + (np.arange(rows) + 0.5) * (high - low) / rows
        axes.contour(
            x,
            y,
            np.ma.masked_where(~one.known, one.dose_gy),
            levels=[percent * prescription_gy / 100 for percent in inside],
            colors=_ISODOSE_COLOUR,
            linewidths=[_isodose_width(percent) for percent in inside],
            linestyles=[ISODOSES[percent] for percent in inside],
        )
    halo = [patheffects.Stroke(linewidth=2.2, foreground="white"), patheffects.Normal()]
    for cut in one.structures:
        if cut.structure not in colours:
            continue
        colour, line = colours[cut.structure]
        for outline in cut.outlines_mm:
            axes.plot(
                outline[:, 0],
                outline[:, 1],
                color=colour,
                linestyle=line,
                linewidth=1.4,
                path_effects=halo if line == "-" else None,
            )
    axes.set_xlim(left, right)
    axes.set_ylim((high, low) if one.downwards else (low, high))
    axes.set_aspect("equal")
    normal = "xyz".replace(one.axes[0], "").replace(one.axes[1], "")
    position_mm = round(one.position_mm, 1) + 0.0  # no -0.0
    axes.set_title(f"{one.direction}, {normal} = {position_mm:.1f} mm", fontsize=8.5)
    axes.tick_params(labelsize=7)
    axes.set_xlabel(f"{one.axes[0]} [mm]", fontsize=7.5, labelpad=1)
    axes.set_ylabel(f"{one.axes[1]} [mm]", fontsize=7.5, labelpad=0)
    for text, x, y, across, up in (
        (one.sides[0], 0.01, 0.5, "left", "center"),
        (one.sides[1], 0.99, 0.5, "right", "center"),
        (one.sides[2], 0.5, 0.01, "center", "bottom"),
        (one.sides[3], 0.5, 0.99, "center", "top"),
    ):
        axes.text(
            x, y, text, transform=axes.transAxes, ha=across, va=up, fontsize=8.5, weight="bold", color="0.3"
        )
    return image


def _is_seen(outline_mm: Floats, extent_mm: tuple[float, float, float, float]) -> bool:
    """Whether any point of an outline lies on the raster."""
    left, right, low, high = extent_mm
    across, upright = outline_mm[:, 0], outline_mm[:, 1]
    return bool(np.any((across > left) & (across < right) & (upright > low) & (upright < high)))


def _isodose_width(percent: int) -> float:
    return 1.4 if percent == 100 else 0.9


def _label(structure: Structure) -> str:
    name = printable(structure.name)
    return name if can_be_drawn(name) else f"{name} (no. {structure.number})"
