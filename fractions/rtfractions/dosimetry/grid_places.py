"""Where positions along the axes of contours lie in a dose grid, and where its voxels lie along those axes."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from rtfractions.grid import DoseGrid

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

ALIGNED: Final = 1e-6
"""Largest component of a unit vector along an axis to which it is called perpendicular."""


def indices_of(points_mm: Floats, axes: Floats, grid: DoseGrid) -> Floats:
    """Frame, row and column, with their fractions, of points (u, v, w); both of shape (n, 3)."""
    turn, start = grid.axes @ axes.T, grid.axes @ grid.origin_mm
    indices = np.empty((3, len(points_mm))).T  # column by column, as all that follows goes through them
    for axis in range(3):
        # Sums by hand: a matrix product of that many rows would wake up the threads of the linear algebra.
        along = np.full(len(points_mm), -start[axis])
        for j in np.flatnonzero(turn[axis]):
            along += turn[axis, j] * points_mm[:, j]
        indices[:, axis] = index_along(grid, axis, along)
    return indices


def local_mm(
    indices: Floats, voxels: tuple[Integers, Integers, Integers], axes: Floats, grid: DoseGrid
) -> list[Floats]:
    """How far voxels (frame, row, column) lie from indices of a grid, along u, v and w."""
    offsets, (rows_mm, columns_mm) = grid.frame_offsets_mm, grid.spacing_mm
    along = (
        offsets[voxels[0]] - np.interp(indices[:, 0], np.arange(len(offsets)), offsets),
        (voxels[1] - indices[:, 1]) * rows_mm,
        (voxels[2] - indices[:, 2]) * columns_mm,
    )
    turn = grid.axes @ axes.T
    return [sum((turn[i, j] * along[i] for i in range(3) if turn[i, j]), np.zeros(1)) for j in range(3)]


def least_and_greatest(indices: Floats) -> tuple[Floats, Floats]:
    """Least and greatest of each column; column by column, for numpy is slow along a short axis."""
    columns = [indices[:, axis] for axis in range(3)]
    return np.array([one.min() for one in columns]), np.array([one.max() for one in columns])


def index_along(grid: DoseGrid, axis: int, along_mm: Floats) -> Floats:
    """Where positions along an axis, from the first voxel, lie in the grid."""
    if axis:
        return along_mm / grid.spacing_mm[axis - 1]
    offsets = grid.frame_offsets_mm
    below = np.clip(np.searchsorted(offsets, along_mm, side="right") - 1, 0, len(offsets) - 2)
    index: Floats = below + (along_mm - offsets[below]) / (offsets[below + 1] - offsets[below])
    return index


def per_mm_along(grid: DoseGrid, axis: int, index: Floats) -> Floats:
    """How many voxels a mm is along an axis, shape (n,), or (1,) where it is the same everywhere."""
    if axis:
        return np.array([1 / grid.spacing_mm[axis - 1]])
    gaps = np.diff(grid.frame_offsets_mm)
    per_mm: Floats = 1 / gaps[np.clip(np.floor(index).astype(np.int64), 0, len(gaps) - 1)]
    return per_mm
