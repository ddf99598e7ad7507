"""BED and EQD2 on a dose grid, with an alpha/beta for each structure and one for all else."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rtfractions.biology.alpha_beta import AlphaBeta
from rtfractions.dosimetry.conversion import (
    ConversionError,
    Converted,
    PhaseDose,
    convert_doses,
    model_notices,
)
from rtfractions.dosimetry.voxels import VoxelsInside
from rtfractions.errors import Where, counted
from rtfractions.grid import DoseGrid
from rtfractions.notices import Notice
from rtfractions.structures import Structure

Floats = NDArray[np.float64]

MAXIMUM_STRUCTURES: Final = 254
"""Most structures with an alpha/beta of their own: each voxel keeps its number in one byte."""

VOXELS_AT_ONCE: Final = 2**18
"""About how many voxels are converted at once: no temporary is as large as the grid."""


@dataclass(frozen=True, slots=True)
class StructureAlphaBeta:
    """A structure and its alpha/beta."""

    structure: Structure
    alpha_beta: AlphaBeta


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ConvertedGrid:
    """A dose grid to be converted; the grid is that of the first phase.

    Attributes
    ----------
    phases : tuple of PhaseDose
        Each converted with its own number of fractions, then added. A phase on another grid is interpolated at
        the voxel centres of the first, before it is converted.
    quantity : {"bed", "eqd2"}
        What to convert to.
    alpha_beta : AlphaBeta
        For voxels in none of the structures.
    by_structure : tuple of StructureAlphaBeta
        In order of precedence: a voxel whose centre lies in several structures belongs to the first.
    number : ndarray of uint8, shape (frame, row, column)
        Made from them: 0 for voxels in no structure, else 1 + the index of the structure.

    Raises
    ------
    ConversionError
        If there is no phase, or there are too many structures.
    StructureError
        If a structure has no closed contours.
    """

    phases: tuple[PhaseDose, ...]
    quantity: Converted
    alpha_beta: AlphaBeta
    by_structure: tuple[StructureAlphaBeta, ...] = ()
    number: NDArray[np.uint8] = field(init=False)

    def __post_init__(self) -> None:
        if not self.phases:
            raise ConversionError("there is no dose to convert")
        if len(self.by_structure) > MAXIMUM_STRUCTURES:
            raise ConversionError(
                f"more than {MAXIMUM_STRUCTURES} structures have an alpha/beta of their own"
            )
        object.__setattr__(self, "number", _numbers(self.grid, [own.structure for own in self.by_structure]))

    @property
    def grid(self) -> DoseGrid:
        """Where the voxels lie."""
        return self.phases[0].grid

    @property
    def voxels(self) -> tuple[int, ...]:
        """How many voxels have the alpha/beta of each structure, and last how many are in none."""
        counts = np.bincount(self.number.ravel(), minlength=len(self.by_structure) + 1)
        return (*map(int, counts[1:]), int(counts[0]))

    def notices(self) -> tuple[Notice, ...]:
        """What must be told beside the converted doses."""
        notices = [
            notice
            for phase in self.phases
            for notice in model_notices(phase.grid.maximum_gy, phase.fractions)
        ]
        below = [phase.grid for phase in self.phases if phase.grid.minimum_gy < 0]
        negative = sum(int(np.count_nonzero(block < 0)) for grid in below for block in grid.blocks_gy())
        if negative:
            message = f"{counted(negative, 'voxel')} below 0 Gy converted to 0"
            notices.append(Notice("convert.negative-dose", message))
        for own, voxels in zip(self.by_structure, self.voxels[:-1], strict=True):
            if not voxels:
                message = "no voxel has its alpha/beta: it holds no voxel centre, or only those of structures before it"
                notices.append(Notice("convert.no-voxel", message, Where(structure=own.structure.name)))
        return tuple(dict.fromkeys(notices))

    def blocks_gy(self) -> Iterator[Floats]:
        """The converted dose in Gy, some frames at a time, shape (frame, row, column).

        Raises
        ------
        ConversionError
            If the grid of another phase does not reach a voxel of the first.
        """
        for frames in blocks_of_frames(self.grid):
            yield self.block_gy(frames)

    def block_gy(self, frames: slice) -> Floats:
        """The converted dose in Gy of some frames, shape (frame, row, column); errors as `blocks_gy`."""
        ratios = [self.alpha_beta, *(own.alpha_beta for own in self.by_structure)]
        number = self.number[frames]
        total = np.zeros(number.shape)
        present = np.flatnonzero(np.bincount(number.ravel()))
        for phase in self.phases:
            dose = self._dose_gy(phase.grid, frames)
            for i in present:
                here = number == i if len(present) > 1 else ...
                total[here] += convert_doses(
                    dose[here],
                    quantity=self.quantity,
                    fractions=phase.fractions,
                    alpha_beta_gy=ratios[i].value_gy,
                )
        return total

    def _dose_gy(self, grid: DoseGrid, frames: slice) -> Floats:
        """The physical dose of a phase at the voxel centres of the first."""
        if grid is self.grid or self.grid.coincides_with(grid):
            return grid.block_gy(frames)
        shape = self.number[frames].shape
        frame, row, column = np.indices(shape).reshape(3, -1)
        offsets = self.grid.frame_offsets_mm[frames][frame]
        centres = np.column_stack([offsets, row, column, np.ones(len(row))]) @ self.grid.affine[:3].T
        dose, inside = grid.sample_gy(centres)
        if not inside.all():
            raise ConversionError(
                "the dose grid of one plan does not reach all of that of the first: the sum there is not known",
                remedy="name the plan with the smaller grid first, or export both on one grid",
            )
        return dose.reshape(shape)


def blocks_of_frames(grid: DoseGrid) -> Iterator[slice]:
    """Slices of frames of about `VOXELS_AT_ONCE` voxels, at least one frame each."""
    frames, rows, columns = grid.shape
    step = max(1, VOXELS_AT_ONCE // (rows * columns))
    for start in range(0, frames, step):
        yield slice(start, min(start + step, frames))


def _numbers(grid: DoseGrid, structures: Sequence[Structure]) -> NDArray[np.uint8]:
    number = np.zeros(grid.shape, np.uint8)
    finders = [VoxelsInside(structure, grid) for structure in structures]
    for frames in blocks_of_frames(grid):
        block = number[frames]
        for i, inside in reversed(list(enumerate(finders, start=1))):  # the first is written last
            block[inside(frames)] = i
    return number
