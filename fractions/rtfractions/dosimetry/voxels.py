"""Which voxels of a dose grid belong to a structure: those whose centre lies inside.

Inside is what an odd number of contours surrounds, on the plane in whose slab the centre lies. Lines of voxels are
filled between the points where they cross contours; a centre exactly on a contour counts by one rule everywhere.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rtfractions.errors import Where
from rtfractions.grid import SAME_POSITION_MM, DoseGrid
from rtfractions.loops import joined
from rtfractions.structures import Structure, StructureError

Floats = NDArray[np.float64]

IN_PLANE: Final = 1e-6
"""How far from 0 the product of a grid axis and a structure's normal may be for the axis to lie in its planes."""

_POINTS_AT_ONCE: Final = 2**22
"""Pairs of edges and centres that are compared at once, where no grid axis lies in the planes."""


class _Plane(NamedTuple):
    """The contours of one plane as edges."""

    low: float
    high: float
    begin: Floats
    end: Floats


class VoxelsInside:
    """Finds the voxels of a grid whose centre lies in a structure, frames at a time.

    Parameters
    ----------
    structure : Structure
        With closed contours.
    grid : DoseGrid
        The grid, in any orientation to the structure.

    Raises
    ------
    StructureError
        If the structure has no closed contours.
    """

    def __init__(self, structure: Structure, grid: DoseGrid) -> None:
        if not structure.closed:
            problem = "the structure has no closed contours, and so no inside"
            raise StructureError(problem, where=Where(structure=structure.name))
        slabs = structure.slabs_mm
        if slabs is None:  # a single plane of unknown thickness: as thick as the grid resolves
            slabs = structure.positions_mm[:, None] + np.array([[-0.5, 0.5]]) * grid.frame_spacing_mm[0]
        touching = np.isclose(slabs[1:, 0], slabs[:-1, 1], rtol=0, atol=SAME_POSITION_MM)
        slabs[1:, 0][touching] = slabs[:-1, 1][
            touching
        ]  # so that rounding leaves no centre between two slabs
        self._grid = grid
        # Positions along the structure's axes are offset + a x frame offset + b x row + c x column.
        self._steps = (
            grid.axes @ structure.axes.T * np.array([[1.0], [grid.spacing_mm[0]], [grid.spacing_mm[1]]])
        )
        self._offset: Floats = structure.axes @ grid.origin_mm
        in_plane = np.flatnonzero(np.abs(grid.axes @ structure.axes[2]) < IN_PLANE)
        self._along = int(in_plane[-1]) if len(in_plane) else None
        turn = np.eye(2)
        if self._along is not None:
            direction = (grid.axes @ structure.axes.T)[self._along, :2]
            turn = np.array([[direction[0], direction[1]], [-direction[1], direction[0]]])
        self._turn = turn
        self._planes = []
        for plane, (low, high) in zip(structure.planes, slabs.tolist(), strict=True):
            points, starts = joined(plane.loops)
            points = points @ turn.T
            following = np.arange(1, len(points) + 1)
            following[starts[1:] - 1] = starts[:-1]
            self._planes.append(_Plane(low, high, points, points[following]))

    def __call__(self, frames: slice) -> NDArray[np.bool_]:
        """Which voxels of some frames lie inside, shape (frame, row, column)."""
        _, rows, columns = self._grid.shape
        index = (self._grid.frame_offsets_mm[frames], np.arange(float(rows)), np.arange(float(columns)))
        inside = np.zeros([len(one) for one in index], bool)
        if inside.size:
            fill = self._fill_points if self._along is None else self._fill_lines
            fill(index, inside)
        return inside

    def _fill_lines(self, index: tuple[Floats, Floats, Floats], inside: NDArray[np.bool_]) -> None:
        """Fill lines of voxels along an axis that lies in the planes."""
        along = self._along
        assert along is not None
        first, second = (axis for axis in range(3) if axis != along)
        lines = (
            self._offset
            + index[first][:, None, None] * self._steps[first]
            + index[second][None, :, None] * self._steps[second]
        ).reshape(-1, 3)
        across = lines[:, :2] @ self._turn.T
        step = float(np.linalg.norm(self._steps[along]))
        start = float(across[0, 0])  # the same for all lines: the axes are at right angles
        filled = np.zeros((len(lines), len(index[along])), bool)
        for plane in self._planes:
            chosen = np.flatnonzero((lines[:, 2] >= plane.low) & (lines[:, 2] < plane.high))
            if len(chosen):
                positions = start + step * index[along]
                filled[chosen] = _filled(plane, across[chosen, 1], positions)
        shape = [inside.shape[first], inside.shape[second], inside.shape[along]]
        inside[...] = np.moveaxis(filled.reshape(shape), (0, 1, 2), (first, second, along))

    def _fill_points(self, index: tuple[Floats, Floats, Floats], inside: NDArray[np.bool_]) -> None:
        """Test centres one by one, where the grid is oblique to the planes in every direction."""
        frame, row, column = (one.reshape(shape) for one, shape in zip(index, _SHAPES, strict=True))
        centres = self._offset + frame * self._steps[0] + row * self._steps[1] + column * self._steps[2]
        for plane in self._planes:
            least = np.array([*plane.begin.min(axis=0), plane.low])
            greatest = np.array([*plane.begin.max(axis=0), plane.high])
            chosen = np.nonzero(((centres >= least) & (centres < greatest)).all(axis=-1))
            points = centres[chosen]
            batch = max(1, _POINTS_AT_ONCE // len(plane.begin))
            crossed = [_odd(plane, points[i : i + batch]) for i in range(0, len(points), batch)]
            inside[chosen] = np.concatenate(crossed) if crossed else False


def points_inside(structure: Structure, points_mm: Floats) -> NDArray[np.bool_]:
    """Which points (x, y, z), shape (n, 3), lie in the slabs of a structure with closed contours.

    A single plane without a stated thickness has no inside.
    """
    local = points_mm @ structure.axes.T
    slabs = structure.slabs_mm
    inside = np.zeros(len(local), bool)
    for plane, (low, high) in zip(structure.planes, [] if slabs is None else slabs.tolist(), strict=False):
        chosen = np.flatnonzero((local[:, 2] >= low) & (local[:, 2] < high))
        for loop in plane.loops if len(chosen) else ():
            edges = _Plane(low, high, loop, np.roll(loop, -1, axis=0))
            inside[chosen] ^= _odd(edges, local[chosen])
    return inside


_SHAPES: Final = ((-1, 1, 1, 1), (1, -1, 1, 1), (1, 1, -1, 1))


def _filled(plane: _Plane, across: Floats, positions: Floats) -> NDArray[np.bool_]:
    """Which positions along lines lie inside; `across` tells the lines apart.

    A point on a line counts as below it, so that a loop crosses every line an even number of times.
    """
    order = np.argsort(across, kind="stable")
    sorted_lines = across[order]
    below = np.searchsorted(sorted_lines, np.minimum(plane.begin[:, 1], plane.end[:, 1]), side="left")
    above = np.searchsorted(sorted_lines, np.maximum(plane.begin[:, 1], plane.end[:, 1]), side="left")
    times = above - below
    edge = np.repeat(np.arange(len(times)), times)
    line = below[edge] + np.arange(len(edge)) - np.repeat(np.cumsum(times) - times, times)
    begin, end = plane.begin[edge], plane.end[edge]
    part = (sorted_lines[line] - begin[:, 1]) / (end[:, 1] - begin[:, 1])
    at = begin[:, 0] + np.clip(part, 0.0, 1.0) * (end[:, 0] - begin[:, 0])
    first = np.searchsorted(positions, at, side="left")
    size = len(positions) + 1
    crossings = np.bincount(order[line] * size + first, minlength=len(across) * size).reshape(-1, size)
    filled: NDArray[np.bool_] = np.cumsum(crossings, axis=1)[:, :-1] % 2 == 1
    return filled


def _odd(plane: _Plane, points: Floats) -> NDArray[np.bool_]:
    """Which points have an odd number of edges on one side."""
    (begin_u, begin_v), (end_u, end_v) = plane.begin.T[:, :, None], plane.end.T[:, :, None]
    u, v = points[:, 0], points[:, 1]
    spans = (begin_v > v) != (end_v > v)
    height = np.where(spans, end_v - begin_v, 1.0)
    crossed = spans & (begin_u + (v - begin_v) / height * (end_u - begin_u) <= u)
    odd: NDArray[np.bool_] = crossed.sum(axis=0) % 2 == 1
    return odd
