"""The largest dose at some distance from a target and beyond, as D2cm.

Dose falls off, so that it mostly lies exactly at that distance. Voxels near there are moved, away from the point of
the target's surface that is nearest, until they have it; the dose is looked at there, and at the voxels beyond.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rtfractions.dosimetry.interpolation import even_frames
from rtfractions.dosimetry.isodoses import IsodoseError
from rtfractions.dosimetry.modelling import model_of
from rtfractions.dosimetry.sampled_doses import doses_at
from rtfractions.dosimetry.surface_points import surface_points
from rtfractions.dosimetry.voxels import points_inside
from rtfractions.errors import Where
from rtfractions.grid import DoseGrid
from rtfractions.structures import Structure

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

APART: Final = 1 / 15
"""How far the points are apart that stand for a surface, in radii of a ball of the target's volume."""

APART_MM: Final = (0.4, 1.5)
"""The least and the most of that in mm. Seen from 20 mm away a surface is then known to 0.1 mm."""

_BLOCK_MM: Final = 10.0
"""Size of the blocks in which voxels are compared with the part of the surface that is nearest to them."""


_LOOKED_AT: Final = 1024
"""Points of high dose that are looked at at once, whether they lie in the body."""


def largest_far_dose_gy(
    grid: DoseGrid, target: Structure, *, distance_mm: float, external: Structure | None = None
) -> float:
    """The largest dose in Gy at least so far from the surface of a target.

    Parameters
    ----------
    grid : DoseGrid
        The dose.
    target : Structure
        The target, in the grid.
    distance_mm : float
        The distance, above 0.
    external : Structure, optional
        The body; without it everything in the grid counts.

    Raises
    ------
    IsodoseError
        If at that distance the grid ends inside the body, or there is nothing so far away.
    """
    model = model_of(target, (grid,), always_shaped=True)
    radius_mm = float(np.cbrt(model.size.volume_mm3 * 3 / (4 * np.pi)))
    surface = surface_points(model.solid, float(np.clip(APART * radius_mm, *APART_MM))) @ model.axes
    _check_reach(grid, surface, distance_mm, external, model.where)
    beyond = np.ones(grid.shape, bool)
    moved = list(_moved(grid, target, surface, distance_mm, beyond))
    points = np.concatenate(moved) if moved else np.empty((0, 3))
    dose, known = doses_at(points, np.eye(3), grid, "cubic" if even_frames(grid) else "linear")
    greatest = _greatest(dose[known], points[known], external)
    values = grid.block_gy(slice(None))
    beyond &= values > (0.0 if greatest is None else greatest)
    voxels = np.nonzero(beyond)
    further = _greatest(values[voxels], _centres(grid, *voxels), external)
    if greatest is None and further is None:
        raise IsodoseError(f"nothing lies {distance_mm:g} mm or more from it", where=model.where)
    return max(one for one in (greatest, further) if one is not None)


def _greatest(dose: Floats, points: Floats, external: Structure | None) -> float | None:
    """The largest of some doses at points (x, y, z) in the body; None where none lies there."""
    order = np.argsort(-dose, kind="stable")
    for start in range(0, len(order), _LOOKED_AT):
        some = order[start : start + _LOOKED_AT]
        inside = np.ones(len(some), bool) if external is None else points_inside(external, points[some])
        if inside.any():
            return float(dose[some[inside][0]])
    return None


def _moved(
    grid: DoseGrid, target: Structure, surface: Floats, distance_mm: float, beyond: NDArray[np.bool_]
) -> Iterator[Floats]:
    """Points (x, y, z) at the distance from a surface; marks in `beyond` the voxels that lie nearer."""
    reach = float(np.linalg.norm([grid.frame_spacing_mm[1], *grid.spacing_mm]))
    along = (surface - grid.origin_mm) @ grid.axes.T
    low, high = along.min(axis=0) - distance_mm - reach, along.max(axis=0) + distance_mm + reach
    ranges = []
    for axis, n in enumerate(grid.shape):
        positions = grid.frame_offsets_mm if axis == 0 else np.arange(n) * grid.spacing_mm[axis - 1]
        ranges.append(np.flatnonzero((positions >= low[axis]) & (positions <= high[axis])))
    frame, row, column = (one.ravel() for one in np.meshgrid(*ranges, indexing="ij"))
    centres = _centres(grid, frame, row, column)
    inside = points_inside(target, centres)
    beyond[frame[inside], row[inside], column[inside]] = False
    frame, row, column = (one[~inside] for one in (frame, row, column))
    centres = centres[~inside]
    for block in _blocks(centres):
        middle = centres[block].mean(axis=0)
        some = centres[block] - middle
        radius = float(np.sqrt(_squares(some).max()))
        to_surface = np.sqrt(_squares(surface - middle))
        nearest = float(to_surface.min())
        if nearest - radius > distance_mm + reach:
            continue
        if nearest + radius < distance_mm - reach:
            beyond[frame[block], row[block], column[block]] = False
            continue
        facing = surface[to_surface <= nearest + 2 * radius] - middle
        foot = facing[np.argmin(_squares(facing) - 2 * (some @ facing.T), axis=1)]
        away = some - foot
        distance = np.sqrt(_squares(away))
        nearer = block[distance < distance_mm]
        beyond[frame[nearer], row[nearer], column[nearer]] = False
        near = (np.abs(distance - distance_mm) <= reach) & (distance > 0)
        yield middle + foot[near] + away[near] * (distance_mm / distance[near])[:, None]


def _squares(vectors: Floats) -> Floats:
    """Squared lengths of vectors of shape (n, 3)."""
    return np.asarray(np.einsum("ij,ij->i", vectors, vectors))


def _blocks(points: Floats) -> Iterator[Integers]:
    """Numbers of points, block by block."""
    _, block = np.unique(np.floor(points / _BLOCK_MM), axis=0, return_inverse=True)
    order = np.argsort(block.ravel(), kind="stable")
    yield from np.split(order, np.flatnonzero(np.diff(block.ravel()[order])) + 1)


def _centres(grid: DoseGrid, frame: Integers, row: Integers, column: Integers) -> Floats:
    """Centres (x, y, z) of voxels, shape (n, 3)."""
    along = (grid.frame_offsets_mm[frame], row * grid.spacing_mm[0], column * grid.spacing_mm[1])
    return np.asarray(grid.origin_mm + np.column_stack(along) @ grid.axes)


def _check_reach(
    grid: DoseGrid, surface: Floats, distance_mm: float, external: Structure | None, where: Where
) -> None:
    """Refuse a grid that ends nearer to the target, inside the body."""
    steps = [np.array(step) - 1.0 for step in np.ndindex(3, 3, 3) if step != (1, 1, 1)]
    every = max(len(surface) // 1000, 1)
    beyond = np.concatenate([surface[::every] + distance_mm * step / np.linalg.norm(step) for step in steps])
    last = np.array(grid.shape) - 1
    indices = grid.indices_of(beyond)
    beyond = beyond[((indices < 0) | (indices > last)).any(axis=1)]
    if len(beyond) and (external is None or points_inside(external, beyond).any()):
        problem = f"the dose grid ends less than {distance_mm:g} mm from it"
        raise IsodoseError(problem, remedy="export a larger dose grid", where=where)
