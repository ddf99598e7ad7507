"""The dose-volume histogram of a structure, a region, a course.

Samples give the mean dose of each small part and how much it varies there; the surface, and voxels whose
centres lie inside, give the extremes; the histogram spreads each sample over what it varies by.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import product
from operator import itemgetter
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from rtfractions.compiled import compiled
from rtfractions.dosimetry import sample_loops
from rtfractions.dosimetry.dvh import DVH, DVHError, Quantity, Settings
from rtfractions.dosimetry.grid_places import indices_of, local_mm
from rtfractions.dosimetry.histogram import Batch, cumulative
from rtfractions.dosimetry.interpolation import Interpolation, even_frames
from rtfractions.dosimetry.modelling import EndCapsOption, Model, model_of, steps_for
from rtfractions.dosimetry.sampled_doses import Doses, doses_at, doses_of
from rtfractions.dosimetry.sampling import Lines
from rtfractions.grid import DoseGrid
from rtfractions.notices import Notice
from rtfractions.structures import Structure

Floats = NDArray[np.float64]

InterpolationOption = Literal["auto", "linear", "cubic"]

Convert = Callable[[Sequence[Floats]], Floats]
"""From the doses of the phases, one array each, to what the histogram is of; rises with each of them."""

NOTABLE_DIFFERENCE: Final = 0.01
"""Part by which linear and cubic interpolation may differ before both are told."""

_LOOKED_AT: Final = 50
"""Voxels that are tried for each extreme. A sample at the surface may hold a voxel that lies just outside."""

_SLACK: Final = 1e-6
"""Voxels or mm that count as nothing."""

_COVERED: Final = 1e-9
"""Part of the volume that may be missing by rounding alone."""


def structure_dvh(
    structure: Structure,
    grid: DoseGrid,
    *,
    end_caps: EndCapsOption = "auto",
    dose_interpolation: InterpolationOption = "auto",
    outer_volume_cm3: float | None = None,
) -> DVH:
    """The dose-volume histogram of a structure.

    Parameters
    ----------
    structure : Structure
        With closed contours.
    grid : DoseGrid
        The dose.
    end_caps : str
        What lies beyond the outermost planes: ``"half"`` a slice, ``"none"``, ``"tapered"`` as the shape
        suggests, or ``"auto"``: tapered up to `shapes.SMALL_CM3`, half from `shapes.LARGE_CM3` on, and in
        between a mixture of both.
    dose_interpolation : str
        ``"linear"``, ``"cubic"`` (a B-spline), or ``"auto"``: cubic for small structures as above, on evenly
        spaced frames.
    outer_volume_cm3 : float, optional
        Volume of the largest target around a target, whose method it is to have.

    Raises
    ------
    DVHError
        If the structure has no volume, or lies outside the dose grid.
    """
    model = model_of(structure, (grid,), end_caps=end_caps, outer_volume_cm3=outer_volume_cm3)
    return model_dvh(model, (grid,), dose_interpolation=dose_interpolation)


def model_dvh(
    model: Model,
    grids: Sequence[DoseGrid],
    convert: Convert | None = None,
    *,
    dose_interpolation: InterpolationOption = "auto",
    quantity: Quantity = "physical",
    alpha_beta_gy: float | None = None,
) -> DVH:
    """The dose-volume histogram of a model in the doses of one phase or more.

    Parameters
    ----------
    model : Model
        What `model_of` makes of a structure, or `regions.region_model` of several.
    grids : sequence of DoseGrid
        The dose of each phase; they need not coincide.
    convert : callable, optional
        Makes BED or EQD2 of the phases' doses, point by point; needed where there are several.
    dose_interpolation : str
        As for `structure_dvh`.
    quantity, alpha_beta_gy
        What `convert` makes, for the report.

    Raises
    ------
    DVHError
        If the model lies outside the dose grids.
    """
    cubic = _cubic_part(dose_interpolation, model, grids)
    converted = convert or _physical
    gathered = _Gathered()
    linear = _Gathered() if cubic > 0 and dose_interpolation == "auto" else None
    for lines in model.lines(steps_for(model, grids)):
        by_linear = [doses_of(lines, grid, "linear") for grid in grids] if cubic < 1 or linear else []
        by_cubic = [doses_of(lines, grid, "cubic") for grid in grids] if cubic > 0 else []
        gathered.add(lines, _blend(by_linear, by_cubic, cubic), grids, converted)
        if linear:
            linear.add(lines, by_linear, grids, converted)
    if not gathered.covered_cm3:
        raise DVHError("lies outside the dose grid", remedy="no dose is known of it", where=model.where)
    gathered.look_around(model, grids, converted, cubic)
    settings = Settings(end_caps=model.end_caps, dose_interpolation=_told(cubic))
    dvh = gathered.dvh(model, settings, quantity, alpha_beta_gy)
    if linear:
        linear.look_around(model, grids, converted, 0.0)
        dvh = _with_difference(dvh, linear.dvh(model, settings, quantity, alpha_beta_gy), model)
    return dvh


def samples(
    model: Model, grids: Sequence[DoseGrid], *, dose_interpolation: InterpolationOption = "auto"
) -> Iterator[tuple[Lines, list[Doses]]]:
    """The samples of a model with the doses of each phase, batch by batch.

    Parameters
    ----------
    model, grids, dose_interpolation
        As for `model_dvh`.

    Yields
    ------
    Lines
        Samples: ``points_mm`` (x, y, z), ``weight_cm3``.
    list of Doses
        For each grid ``dose_gy`` at these points, what it changes by within each, and where it is known.
    """
    cubic = _cubic_part(dose_interpolation, model, grids)
    for lines in model.lines(steps_for(model, grids)):
        by_linear = [doses_of(lines, grid, "linear") for grid in grids] if cubic < 1 else []
        by_cubic = [doses_of(lines, grid, "cubic") for grid in grids] if cubic > 0 else []
        yield lines, _blend(by_linear, by_cubic, cubic)


class _Gathered:
    """Doses, spreads and weights of the samples seen so far, and their extremes."""

    def __init__(self) -> None:
        self.batches: list[Batch] = []
        self.dose_times_volume = 0.0
        self.whole_cm3 = self.covered_cm3 = 0.0
        self.least, self.greatest = np.inf, -np.inf
        self.voxels: list[tuple[float, Floats]] = []

    def add(self, lines: Lines, phases: list[Doses], grids: Sequence[DoseGrid], convert: Convert) -> None:
        """Add a batch of samples."""
        inside = np.logical_and.reduce([one.known for one in phases])
        weight = lines.weight_cm3
        volume_cm3 = float(weight.sum())
        self.whole_cm3 += volume_cm3
        if not inside.all():
            weight = weight[inside]
            volume_cm3 = float(weight.sum())
            phases = [Doses(one.dose_gy[inside], one.change_gy[inside], one.known) for one in phases]
        if not len(weight):
            return
        dose = convert([one.dose_gy for one in phases])
        self._extremes(dose)
        spread_over = compiled(sample_loops.spread_over) or _spread_over
        spread, doubtful = spread_over(dose, _changes(phases, convert), self.least, self.greatest)
        self.covered_cm3 += volume_cm3
        self.dose_times_volume += float((dose * weight).sum())
        self.batches.append(Batch(dose, spread, weight))
        if len(grids) == 1 and doubtful.any():
            voxels, points = _voxels_within(lines, np.flatnonzero(inside)[doubtful], grids[0])
            values = convert([voxels])
            order = np.argsort(values)
            for some in (order[:_LOOKED_AT], order[-_LOOKED_AT:]):
                self.voxels.extend(zip(values[some].tolist(), points[some], strict=True))

    def look_around(self, model: Model, grids: Sequence[DoseGrid], convert: Convert, cubic: float) -> None:
        """Look for extremes on the surface, and at voxels whose centres lie inside."""
        points = model.surface_mm
        inside = np.ones(len(points), bool)
        phases = []
        for grid in grids:
            doses = np.zeros(len(points))
            parts: dict[Interpolation, float] = {"linear": 1 - cubic, "cubic": cubic}
            for interpolation, part in parts.items():
                if part > 0:
                    found, known = doses_at(points, model.axes, grid, interpolation)
                    doses += part * found
                    inside &= known
            phases.append(np.maximum(doses, 0.0))
        self._extremes(convert([doses[inside] for doses in phases]))
        self.voxels.sort(key=itemgetter(0))
        for some in (self.voxels[:_LOOKED_AT], self.voxels[: -_LOOKED_AT - 1 : -1]):
            for dose, point in some:
                if self.least <= dose <= self.greatest:
                    break
                if model.contains(point):
                    self._extremes(np.array([dose]))
                    break

    def dvh(self, model: Model, settings: Settings, quantity: Quantity, alpha_beta_gy: float | None) -> DVH:
        """The histogram of what has been added."""
        nodes, volume = cumulative(self.batches, self.least, self.greatest)
        covered = float(volume[0]) / self.whole_cm3
        complete = covered > 1 - _COVERED
        notices = model.notices
        if not complete:
            message = (
                f"only {100 * covered:.4g} % of its volume lies in the dose grid: its least dose is unknown"
            )
            notices += (Notice("dvh.partial-coverage", message, model.where),)
        return DVH(
            dose_gy=nodes,
            volume_cm3_at=volume,
            volume_cm3=self.whole_cm3,
            covered_fraction=1.0 if complete else covered,
            minimum_gy=self.least if complete else None,
            maximum_gy=self.greatest,
            mean_gy=self.dose_times_volume / self.covered_cm3,
            settings=settings,
            quantity=quantity,
            alpha_beta_gy=alpha_beta_gy,
            notices=notices,
        )

    def _extremes(self, doses: Floats) -> None:
        if len(doses):
            self.least = min(self.least, float(doses.min()))
            self.greatest = max(self.greatest, float(doses.max()))


def _physical(doses: Sequence[Floats]) -> Floats:
    return doses[0]


def _cubic_part(option: InterpolationOption, model: Model, grids: Sequence[DoseGrid]) -> float:
    """How far the dose is interpolated by splines, 0 to 1."""
    if option == "cubic" and not all(map(even_frames, grids)):
        problem = "the frames of the dose are not evenly spaced"
        raise DVHError(problem, remedy="ask for linear interpolation", where=model.where)
    if option == "auto":
        return model.small if all(map(even_frames, grids)) else 0.0
    return float(option == "cubic")


def _told(cubic: float) -> str:
    return "linear" if cubic == 0 else "cubic" if cubic == 1 else "cubic and linear"


def _blend(by_linear: list[Doses], by_cubic: list[Doses], cubic: float) -> list[Doses]:
    """So much of the spline, which may not fall below 0, and the rest of linear doses."""
    if not by_cubic:
        return by_linear
    splines = [one._replace(dose_gy=np.maximum(one.dose_gy, 0.0)) for one in by_cubic]
    if cubic == 1:
        return splines
    return [
        Doses(
            cubic * spline.dose_gy + (1 - cubic) * linear.dose_gy,
            cubic * spline.change_gy + (1 - cubic) * linear.change_gy,
            linear.known,
        )
        for spline, linear in zip(splines, by_linear, strict=True)
    ]


def _changes(phases: list[Doses], convert: Convert) -> Floats:
    """How much the converted dose changes over each sample along u, v and w, shape (3, n)."""
    if convert is _physical:
        return phases[0].change_gy.T
    changes = np.empty((3, len(phases[0].dose_gy)))
    for axis in range(3):
        halves = [one.change_gy[:, axis] / 2 for one in phases]
        above = convert([one.dose_gy + half for one, half in zip(phases, halves, strict=True)])
        below = convert([one.dose_gy - half for one, half in zip(phases, halves, strict=True)])
        np.subtract(above, below, out=changes[axis])
    return changes


def _spread_over(
    dose: Floats, change: Floats, least: float, greatest: float
) -> tuple[Floats, NDArray[np.bool_]]:
    """Half the width over which the dose of each sample is spread, and which samples may hold a new extreme."""
    u, v, w = change
    spread = 0.5 * np.sqrt(u * u + v * v + w * w)
    reach = sample_loops.CORNER * spread
    return spread, (dose + reach > greatest) | (dose - reach < least)


def _voxels_within(lines: Lines, which: NDArray[np.int64], grid: DoseGrid) -> tuple[Floats, Floats]:
    """Doses and places (u, v, w) of the voxels whose centres lie in some of the samples."""
    line = lines.line[which]
    v, w = lines.v_mm[line] + lines.aside_mm[which], lines.w_mm[line] + lines.above_mm[which]
    points = np.column_stack((lines.u_mm[which], v, w))
    indices = indices_of(points, lines.axes, grid)
    # Samples end at voxels, so that their middles lie half way between two: both may be within.
    lower, upper = np.ceil(indices - 0.5 - _SLACK), np.floor(indices + 0.5 + _SLACK)
    corner = np.array(list(product((False, True), repeat=3)))[:, None]
    another = ~np.any(corner & (upper == lower), axis=2).ravel()
    nearest = np.clip(np.where(corner, upper, lower).reshape(-1, 3), 0, np.array(grid.shape) - 1)
    frame, row, column = np.ascontiguousarray(nearest.T, np.int64)
    away = local_mm(np.tile(indices, (len(corner), 1)), (frame, row, column), lines.axes, grid)
    sizes = (lines.length_mm[which], lines.height_mm[which], lines.thickness_mm[which])
    for along, size_mm in zip(away, sizes, strict=True):
        another &= np.abs(along) <= np.tile(size_mm / 2 + _SLACK, len(corner))
    within = np.flatnonzero(another)
    doses = np.zeros(len(within))
    for layer in grid.layers:
        doses += layer.stored[frame[within], row[within], column[within]] * layer.scaling_gy
    return doses, points[within % len(points)] + np.column_stack([along[within] for along in away])


def _with_difference(dvh: DVH, linear: DVH, model: Model) -> DVH:
    """The histogram, with a notice where linear interpolation would have changed it notably."""
    told = []
    for name, percent in (("D98%", 98), ("D50%", 50), ("D2%", 2)):
        ours, other = (one.dose_to_hottest(percent / 100 * one.known_volume_cm3) for one in (dvh, linear))
        if abs(ours - other) > NOTABLE_DIFFERENCE * ours:
            told.append(f"{name} {other:.4g} Gy, not {ours:.4g} Gy")
    if abs(dvh.mean_gy - linear.mean_gy) > NOTABLE_DIFFERENCE * dvh.mean_gy:
        told.append(f"mean {linear.mean_gy:.4g} Gy, not {dvh.mean_gy:.4g} Gy")
    if not told:
        return dvh
    message = f"linear instead of cubic interpolation of the dose would make its {'; '.join(told)}"
    return replace(dvh, notices=(*dvh.notices, Notice("dvh.interpolation", message, model.where)))
