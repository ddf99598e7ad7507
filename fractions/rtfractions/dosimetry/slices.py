"""Slices through a target in the patient system: the dose on a regular raster, and where structures are cut.

On a slice parallel to the planes that a structure is drawn on, its outlines are those of the plane in whose slab the
slice lies. On other slices it is cut as a stack of slabs: from plane to plane its cut edges are joined by straight
lines, and where it branches or ends, slabs have flat faces. Dose between voxel centres is the cubic spline that small
structures and isodoses are computed with, and linear where the frames have no one distance.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from rtfractions.dosimetry.interpolation import even_frames
from rtfractions.dosimetry.modelling import model_of, steps_for
from rtfractions.dosimetry.sampled_doses import doses_at
from rtfractions.grid import SAME_POSITION_MM, DoseGrid
from rtfractions.structures import Plane, Structure

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

Direction = Literal["axial", "coronal", "sagittal"]

MARGIN_MM: Final = 60.0
"""How far a slice reaches beyond the target."""

STEP_MM: Final = (1.0, 2.0)
"""The least and the most distance of the points of a raster."""

PIXELS: Final = 250
"""About how many points a raster has along an axis before its step grows."""

_AXES: Final[dict[Direction, tuple[int, int, int]]] = {
    "axial": (0, 1, 2),
    "coronal": (0, 2, 1),
    "sagittal": (1, 2, 0),
}
"""Which of x, y and z runs to the right, which along the vertical, and which stands on the slice."""

_SIDES: Final = (("R", "L"), ("A", "P"), ("I", "S"))
"""Where x, y and z begin and where they go: right and left, anterior and posterior, inferior and superior."""

_PARALLEL: Final = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class CutStructure:
    """A structure on a slice.

    Attributes
    ----------
    structure : Structure
        The structure.
    outlines_mm : tuple of ndarray, shape (N, 2)
        Polylines of positions (horizontal, vertical); a closed one ends where it begins.
    """

    structure: Structure
    outlines_mm: tuple[Floats, ...]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Slice:
    """A slice through a dose and structures.

    Attributes
    ----------
    direction : str
        ``"axial"``, ``"coronal"`` or ``"sagittal"``.
    position_mm : float
        Where it lies along the axis that stands on it: z, y or x.
    axes : tuple of str
        The patient's axes that run along the columns and the rows of the raster, as ``("x", "z")``.
    sides : tuple of str
        What lies left, right, at the bottom and at the top of it as it is looked at: R, L, A, P, I, S.
    downwards : bool
        Whether the second axis runs downwards as it is looked at: y of an axial slice, with anterior at the top.
    extent_mm : tuple of float
        Outer edges of the raster: least and greatest position along the first axis, then along the second.
    dose_gy : ndarray, shape (rows, columns)
        Doses in Gy at the middles of the raster's cells, rows ascending along the second axis; 0 where not known.
    known : ndarray of bool, shape (rows, columns)
        Which lie in the dose grid.
    structures : tuple of CutStructure
        The structures that it cuts, in the order they were given.
    """

    direction: Direction
    position_mm: float
    axes: tuple[str, str]
    sides: tuple[str, str, str, str]
    downwards: bool
    extent_mm: tuple[float, float, float, float]
    dose_gy: Floats
    known: Flags
    structures: tuple[CutStructure, ...]


def slices_of(
    grid: DoseGrid, structures: Sequence[Structure], target: Structure, *, margin_mm: float = MARGIN_MM
) -> tuple[Slice, Slice, Slice]:
    """The axial, the coronal and the sagittal slice through the middle of a target.

    Parameters
    ----------
    grid : DoseGrid
        The dose, in any orientation.
    structures : sequence of Structure
        What is shown on them, the target too where it is among them; those without closed contours are left out.
    target : Structure
        The target. The slices go through its centre of mass, that of its own planes' orientation through the plane
        next to it.
    margin_mm : float
        How far they reach beyond the target, and no further than the dose grid.

    Raises
    ------
    DVHError
        If the target has no volume.
    """
    model = model_of(target, (grid,))
    some = list(model.lines(steps_for(model, (grid,))))
    weight = np.concatenate([lines.weight_cm3 for lines in some])
    centre = weight @ np.concatenate([lines.points_mm for lines in some]) / weight.sum()
    along = int(np.argmax(np.abs(target.axes[2])))
    if 1 - abs(target.axes[2, along]) < _PARALLEL:
        positions = target.positions_mm * target.axes[2, along]
        centre[along] = positions[np.argmin(np.abs(positions - centre[along]))]
    low, high = target.vertices_mm.min(axis=0) - margin_mm, target.vertices_mm.max(axis=0) + margin_mm
    last = np.array(grid.shape) - 1
    corners = np.array([grid.position_mm(*(last * corner).tolist()) for corner in np.ndindex(2, 2, 2)])
    low, high = np.maximum(low, corners.min(axis=0)), np.minimum(high, corners.max(axis=0))
    axial, coronal, sagittal = (_slice(grid, structures, direction, centre, low, high) for direction in _AXES)
    return axial, coronal, sagittal


def _slice(
    grid: DoseGrid,
    structures: Sequence[Structure],
    direction: Direction,
    centre: Floats,
    low: Floats,
    high: Floats,
) -> Slice:
    across, upright, normal = _AXES[direction]
    size = max(float(high[across] - low[across]), float(high[upright] - low[upright]))
    step = float(np.clip(size / PIXELS, *STEP_MM))
    u, v = (_middles(float(low[axis]), float(high[axis]), step) for axis in (across, upright))
    points = np.empty((len(v), len(u), 3))
    points[..., across], points[..., upright], points[..., normal] = u[None, :], v[:, None], centre[normal]
    dose, known = doses_at(points.reshape(-1, 3), np.eye(3), grid, "cubic" if even_frames(grid) else "linear")
    cut = [
        CutStructure(one, outlines)
        for one in structures
        if one.closed and (outlines := outlines_on(one, direction, float(centre[normal])))
    ]
    downwards = direction == "axial"
    bottom, top = _SIDES[upright][::-1] if downwards else _SIDES[upright]
    half = step / 2
    return Slice(
        direction=direction,
        position_mm=float(centre[normal]),
        axes=("xyz"[across], "xyz"[upright]),
        sides=(*_SIDES[across], bottom, top),
        downwards=downwards,
        extent_mm=(float(u[0]) - half, float(u[-1]) + half, float(v[0]) - half, float(v[-1]) + half),
        dose_gy=np.maximum(dose, 0.0).reshape(len(v), len(u)),
        known=known.reshape(len(v), len(u)),
        structures=tuple(cut),
    )


def _middles(low: float, high: float, step: float) -> Floats:
    count = max(int((high - low) / step) + 1, 1)
    middles: Floats = (low + high) / 2 + (np.arange(count, dtype=np.float64) - (count - 1) / 2) * step
    return middles


def outlines_on(structure: Structure, direction: Direction, position_mm: float) -> tuple[Floats, ...]:
    """Where a slice cuts a structure: polylines of positions (horizontal, vertical), shape (N, 2).

    Parameters
    ----------
    structure : Structure
        With closed contours; one on a single plane of unknown thickness is cut by slices along that plane only.
    direction : str
        ``"axial"``, ``"coronal"`` or ``"sagittal"``.
    position_mm : float
        Where the slice lies along z, y or x.
    """
    across, upright, normal = _AXES[direction]
    stands = structure.axes[:, normal]  # along u, v and w
    shown = structure.axes[:, (across, upright)]
    if 1 - abs(stands[2]) < _PARALLEL:
        plane = _plane_at(structure, position_mm * stands[2])
        loops = [] if plane is None else [np.vstack((loop, loop[:1])) for loop in plane.loops]
        return tuple(loop @ shown[:2] + position_mm * stands[2] * shown[2] for loop in loops)
    slabs = structure.slabs_mm
    if slabs is None:
        return ()
    # On each plane the slice is a line: points (u, v) = away * normal + s * along.
    length = float(np.hypot(stands[0], stands[1]))
    line_normal = stands[:2] / length
    line_along = np.array([-line_normal[1], line_normal[0]])
    positions = structure.positions_mm
    cuts = [
        _crossings(plane, line_normal, line_along, (position_mm - stands[2] * plane.position_mm) / length)
        for plane in structure.planes
    ]
    found = []
    for s, w in _joined(cuts, positions, slabs):
        away = (position_mm - stands[2] * w) / length
        local = np.column_stack((away[:, None] * line_normal + s[:, None] * line_along, w))
        found.append(local @ shown)
    return tuple(found)


def _plane_at(structure: Structure, w_mm: float) -> Plane | None:
    """The plane in whose slab a height lies, the nearer of two."""
    slabs, positions = structure.slabs_mm, structure.positions_mm
    if slabs is None:
        slabs = positions[:, None] + np.zeros(2)
    within = np.flatnonzero(
        (slabs[:, 0] - SAME_POSITION_MM <= w_mm) & (w_mm <= slabs[:, 1] + SAME_POSITION_MM)
    )
    if not len(within):
        return None
    return structure.planes[int(within[np.argmin(np.abs(positions[within] - w_mm))])]


def _crossings(plane: Plane, normal: Floats, along: Floats, away_mm: float) -> Floats:
    """Where a line crosses the contours of a plane: stretches inside, from and to along the line, shape (m, 2).

    A point on the line counts as below it, so that a contour is crossed an even number of times.
    """
    found = []
    for loop in plane.loops:
        above, s = loop @ normal - away_mm, loop @ along
        after, s_after = np.roll(above, -1), np.roll(s, -1)
        crossed = (above > 0) != (after > 0)
        part = above[crossed] / (above[crossed] - after[crossed])
        found.append(s[crossed] + part * (s_after[crossed] - s[crossed]))
    return np.sort(np.concatenate(found)).reshape(-1, 2)


def _joined(cuts: Sequence[Floats], positions: Floats, slabs: Floats) -> list[tuple[Floats, Floats]]:
    """Polylines (s, w) around the stretches of all planes: their ends from plane to plane, and flat faces."""
    lines: list[tuple[Floats, Floats]] = []
    open_s, open_w = list[Floats](), list[float]()  # of the ends of the stretches that are being followed

    def close(high: float) -> None:
        if open_s:
            ends = np.array([open_s[0], *open_s, open_s[-1]])
            heights = np.array([bottom, *open_w, high])
            lines.extend((end, heights) for end in ends.T)
        open_s.clear()
        open_w.clear()

    def face(s: Floats, w: float) -> None:
        pieces = np.sort(s).reshape(-1, 2)
        lines.extend((piece, np.full(2, w)) for piece in pieces if piece[1] > piece[0])

    bottom, nothing = 0.0, np.empty(0)
    before = np.empty((0, 2))
    for k, cut in enumerate(cuts):
        low, high_before = float(slabs[k, 0]), float(slabs[k - 1, 1])
        touch = k > 0 and abs(low - high_before) < SAME_POSITION_MM
        follow = touch and len(cut) == len(before) > 0
        follow = follow and bool(((cut[:, 0] < before[:, 1]) & (before[:, 0] < cut[:, 1])).all())
        if not follow:
            close(high_before)
            face(np.concatenate((before.ravel(), cut.ravel() if touch else nothing)), high_before)
            if not touch:
                face(cut.ravel(), low)
            bottom = low
        if len(cut):
            open_s.append(cut.ravel())
            open_w.append(float(positions[k]))
        before = cut
    close(float(slabs[-1, 1]))
    face(before.ravel(), float(slabs[-1, 1]))
    return lines
