"""Dose grids: stored integers, their scaling, and one affine that says where they lie, for every orientation."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from rtfractions.errors import RTFractionsError, counted

Floats = NDArray[np.float64]

SAME_POSITION_MM: Final = 1e-3
"""Grids whose corresponding voxels are no further apart than this are one grid."""


class GridError(RTFractionsError, ValueError):
    """A dose grid that cannot be, or grids that cannot be added."""

    code = "grid"


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """Doses as a file stores them.

    Attributes
    ----------
    stored : ndarray of int, shape (frame, row, column)
        Stored integers.
    scaling_gy : float
        Dose in Gy of a stored 1.
    """

    stored: NDArray[np.integer[Any]]
    scaling_gy: float


@dataclass(frozen=True, slots=True, eq=False)
class DoseGrid:
    """Doses on a grid of parallel frames.

    The dose of a voxel is the sum of its layers: one for the dose of a plan, one a beam for a dose put together
    from beams. Integers stay as they were stored; doses arise as float64, block by block.

    Attributes
    ----------
    layers : tuple of Layer
        At least one; all of one shape, at least two voxels along each axis.
    origin_mm : ndarray, shape (3,)
        Position (x, y, z) of the centre of the first voxel, in the DICOM patient system.
    axes : ndarray, shape (3, 3)
        Unit vectors along which frame, row and column number grow; orthogonal.
    frame_offsets_mm : ndarray, shape (frame,)
        Distance of each frame from the first along the first axis; starts at 0 and increases, not
        necessarily in equal steps.
    spacing_mm : tuple of float
        Distance of neighbouring rows, and of neighbouring columns.

    Raises
    ------
    GridError
        If the parts do not fit.
    """

    layers: tuple[Layer, ...]
    origin_mm: Floats
    axes: Floats
    frame_offsets_mm: Floats
    spacing_mm: tuple[float, float]

    def __post_init__(self) -> None:
        shape = self.shape
        if any(layer.stored.shape != shape for layer in self.layers) or len(shape) != 3 or min(shape) < 2:
            raise GridError("a dose grid has at least two frames, rows and columns")
        offsets = self.frame_offsets_mm
        if offsets.shape != shape[:1] or offsets[0] != 0 or not np.all(np.diff(offsets) > 0):
            raise GridError("the frames of a dose grid lie at increasing offsets, the first at 0")
        if not (min(self.spacing_mm) > 0 and np.all(np.isfinite(self.origin_mm))):
            raise GridError("the spacing of a dose grid is above 0")
        if not np.allclose(self.axes @ self.axes.T, np.eye(3), atol=1e-6):
            raise GridError("the axes of a dose grid are orthogonal unit vectors")

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of frames, rows and columns."""
        return self.layers[0].stored.shape

    @property
    def affine(self) -> Floats:
        """Where voxels lie: matrix of shape (4, 4) from (frame offset in mm, row, column, 1) to (x, y, z, 1)."""
        matrix = np.eye(4)
        matrix[:3, :3] = self.axes.T * (1.0, *self.spacing_mm)
        matrix[:3, 3] = self.origin_mm
        return matrix

    @property
    def frame_spacing_mm(self) -> tuple[float, float]:
        """Smallest and largest distance of neighbouring frames."""
        steps = np.diff(self.frame_offsets_mm)
        return float(steps.min()), float(steps.max())

    @property
    def maximum_gy(self) -> float:
        """Largest dose of a voxel in Gy."""
        if len(self.layers) == 1:
            return float(self.layers[0].stored.max()) * self.layers[0].scaling_gy
        return max(float(block.max()) for block in self.blocks_gy())

    @property
    def minimum_gy(self) -> float:
        """Smallest dose of a voxel in Gy; below 0 where the file has negative doses."""
        if len(self.layers) == 1:
            return float(self.layers[0].stored.min()) * self.layers[0].scaling_gy
        return min(float(block.min()) for block in self.blocks_gy())

    def block_gy(self, frames: slice) -> Floats:
        """Doses in Gy of some frames, as float64 of shape (frame, row, column)."""
        first, *others = self.layers
        dose = first.stored[frames].astype(np.float64)
        dose *= first.scaling_gy
        for layer in others:
            dose += layer.stored[frames] * layer.scaling_gy
        return dose

    def blocks_gy(self, frames: int = 8) -> Iterator[Floats]:
        """All doses in Gy, so many frames at a time."""
        for start in range(0, self.shape[0], frames):
            yield self.block_gy(slice(start, start + frames))

    def position_mm(self, frame: int, row: int, column: int) -> Floats:
        """Centre (x, y, z) of a voxel."""
        index = np.array([self.frame_offsets_mm[frame], row, column, 1.0])
        position: Floats = (self.affine @ index)[:3]
        return position

    def indices_of(self, points_mm: Floats) -> Floats:
        """Where points lie in the grid.

        Parameters
        ----------
        points_mm : ndarray, shape (n, 3)
            Positions (x, y, z).

        Returns
        -------
        ndarray, shape (n, 3)
            Frame, row and column with their fractions; outside the grid below 0 or above its last index.
        """
        along = (points_mm - self.origin_mm) @ self.axes.T
        offsets = self.frame_offsets_mm
        below = np.clip(np.searchsorted(offsets, along[:, 0], side="right") - 1, 0, len(offsets) - 2)
        frame = below + (along[:, 0] - offsets[below]) / (offsets[below + 1] - offsets[below])
        return np.column_stack([frame, along[:, 1] / self.spacing_mm[0], along[:, 2] / self.spacing_mm[1]])

    def sample_gy(self, points_mm: Floats) -> tuple[Floats, NDArray[np.bool_]]:
        """Doses at points, linear between voxel centres.

        Parameters
        ----------
        points_mm : ndarray, shape (n, 3)
            Positions (x, y, z).

        Returns
        -------
        dose_gy : ndarray, shape (m,)
            Doses of the points inside the grid, in their order. Outside the outermost voxel centres no dose is
            known.
        inside : ndarray of bool, shape (n,)
            Which points these are.
        """
        indices = self.indices_of(points_mm)
        last = np.array(self.shape) - 1
        inside: NDArray[np.bool_] = np.all((indices >= -1e-9) & (indices <= last + 1e-9), axis=1)
        low = np.clip(np.floor(indices[inside]).astype(np.intp), 0, last - 1)
        part = np.clip(indices[inside] - low, 0.0, 1.0)
        dose = np.zeros(len(low))
        for corner in np.ndindex(2, 2, 2):
            weight = np.prod(np.where(corner, part, 1.0 - part), axis=1)
            frame, row, column = (low + np.array(corner)).T
            for layer in self.layers:
                dose += weight * (layer.stored[frame, row, column] * layer.scaling_gy)
        return dose, inside

    def coincides_with(self, other: "DoseGrid") -> bool:
        """Whether every voxel of another grid lies where the same voxel of this one does."""
        if self.shape != other.shape:
            return False
        corners = [(f, r, c) for f in (0, -1) for r in (0, 1) for c in (0, 1)]
        last = np.array(self.shape) - 1
        return bool(
            np.allclose(self.frame_offsets_mm, other.frame_offsets_mm, rtol=0, atol=SAME_POSITION_MM)
            and all(
                np.allclose(
                    self.position_mm(f, r * last[1], c * last[2]),
                    other.position_mm(f, r * last[1], c * last[2]),
                    rtol=0,
                    atol=SAME_POSITION_MM,
                )
                for f, r, c in corners
            )
        )

    def plus(self, other: "DoseGrid") -> "DoseGrid":
        """The physical sum of two doses on one grid.

        Raises
        ------
        GridError
            If the grids do not coincide: doses are never added by index.
        """
        if not self.coincides_with(other):
            raise GridError(
                f"doses on different grids ({_size(self)}; {_size(other)}) cannot be added",
                remedy="export them on one grid",
            )
        return DoseGrid(
            self.layers + other.layers, self.origin_mm, self.axes, self.frame_offsets_mm, self.spacing_mm
        )


def _size(grid: DoseGrid) -> str:
    frames, rows, columns = grid.shape
    return f"{counted(frames, 'frame')} of {rows} x {columns}"
