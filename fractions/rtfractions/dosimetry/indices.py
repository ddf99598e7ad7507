"""Indices of conformity and gradient of a plan around one target.

======================= ==========================================================================================
CI_RTOG                 volume of the prescription isodose / target volume (Shaw 1993, RTOG)
CI_Paddick              target volume within it, squared / (target volume x its volume) (Paddick 2000)
GI                      volume of half the prescription / volume of the prescription (Paddick & Lippitz 2006)
R50%                    volume of half the prescription / target volume (RTOG 0813, 0915)
D2cm[%]                 largest dose 2 cm or more from the target, in % of the prescription (RTOG 0813, 0915)
======================= ==========================================================================================

An isodose counts for a target where it is that target's alone and whole; an index that needs another is an error.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rtfractions.dosimetry.engine import structure_dvh
from rtfractions.dosimetry.far_dose import largest_far_dose_gy
from rtfractions.dosimetry.interpolation import even_frames
from rtfractions.dosimetry.isodoses import IsodoseError, isodose_cm3
from rtfractions.dosimetry.modelling import model_of, steps_for
from rtfractions.errors import RTFractionsError, Where
from rtfractions.grid import DoseGrid
from rtfractions.structures import Structure

Floats = NDArray[np.float64]
Found = float | RTFractionsError

INDICES: Final = ("CI_RTOG", "CI_Paddick", "GI", "R50%", "D2cm[%]")
"""The indices, as protocols name them."""

FAR_MM: Final = 20.0
"""How far from the target D2cm begins."""

_COVERED: Final = 1e-6


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Indices:
    """Indices of a target, and the volumes that they are made of; what cannot be told is the error that says why.

    Attributes
    ----------
    prescription_gy : float
        The prescribed dose.
    target_cm3 : float
        Volume of the target.
    covered_cm3 : float
        Volume of the target that gets the prescribed dose.
    prescription_cm3, half_cm3 : float or RTFractionsError
        Volumes of its isodoses of the prescribed dose and of half of it.
    far_gy : float or RTFractionsError
        Largest dose `FAR_MM` or more from it.
    """

    prescription_gy: float
    target_cm3: float
    covered_cm3: float
    prescription_cm3: Found
    half_cm3: Found
    far_gy: Found

    @property
    def ci_rtog(self) -> Found:
        """Conformity index of RTOG."""
        return self._of(lambda prescription: prescription / self.target_cm3, self.prescription_cm3)

    @property
    def ci_paddick(self) -> Found:
        """Conformity index of Paddick."""
        return self._of(
            lambda prescription: self.covered_cm3**2 / (self.target_cm3 * prescription), self.prescription_cm3
        )

    @property
    def gradient_index(self) -> Found:
        """Gradient index of Paddick and Lippitz."""
        return self._of(lambda prescription, half: half / prescription, self.prescription_cm3, self.half_cm3)

    @property
    def r50(self) -> Found:
        """R50% of RTOG."""
        return self._of(lambda half: half / self.target_cm3, self.half_cm3)

    @property
    def d2cm_percent(self) -> Found:
        """D2cm of RTOG in % of the prescription."""
        return self._of(lambda far: 100 * far / self.prescription_gy, self.far_gy)

    def named(self, index: str) -> Found:
        """An index by its name, one of `INDICES`."""
        values = (self.ci_rtog, self.ci_paddick, self.gradient_index, self.r50, self.d2cm_percent)
        return dict(zip(INDICES, values, strict=True))[index]

    @staticmethod
    def _of(index: Callable[..., float], *parts: Found) -> Found:
        for part in parts:
            if isinstance(part, RTFractionsError):
                return part
        return index(*parts)


def isodose_indices(
    grid: DoseGrid,
    target: Structure,
    *,
    prescription_gy: float,
    others: Sequence[Structure] = (),
    external: Structure | None = None,
) -> Indices:
    """The indices of a target in a dose.

    Parameters
    ----------
    grid : DoseGrid
        The dose of the whole course of a plan.
    target : Structure
        The planning target volume of a lesion.
    prescription_gy : float
        The dose prescribed to it, above 0.
    others : sequence of Structure
        Targets of other lesions, treated by this plan or not; none of this lesion.
    external : Structure, optional
        The body, for D2cm; without it all of the grid counts.

    Raises
    ------
    RTFractionsError
        If the target has no volume, or part of it lies outside the dose grid, so that there are no indices at all;
        or if another target has no volume.
    """
    where = Where(structure=target.name)
    dvh = structure_dvh(target, grid, dose_interpolation="cubic" if even_frames(grid) else "linear")
    if dvh.covered_fraction < 1 - _COVERED:
        problem = f"only {100 * dvh.covered_fraction:.4g} % of it lies in the dose grid"
        raise IsodoseError(problem, remedy="export a larger dose grid", where=where)
    points = _points(target, grid)
    of_others = {other.name: _points(other, grid) for other in others}
    covered_cm3 = dvh.volume_with_at_least(prescription_gy)

    def isodose(dose_gy: float) -> Found:
        if not dvh.volume_with_at_least(dose_gy) > 0:
            return IsodoseError(f"no part of it gets {dose_gy:g} Gy", where=where)
        try:
            return isodose_cm3(grid, dose_gy=dose_gy, target=points, others=of_others)
        except RTFractionsError as error:
            return error.at(where)

    return Indices(
        prescription_gy=prescription_gy,
        target_cm3=dvh.volume_cm3,
        covered_cm3=covered_cm3,
        prescription_cm3=isodose(prescription_gy),
        half_cm3=isodose(prescription_gy / 2),
        far_gy=_far_gy(grid, target, of_others, external, where),
    )


def _points(structure: Structure, grid: DoseGrid) -> Floats:
    """Where a structure lies in a grid: frame, row and column of points all through it."""
    model = model_of(structure, (grid,))
    steps = steps_for(model, (grid,))
    return np.concatenate([grid.indices_of(lines.points_mm) for lines in model.lines(steps)])


def _far_gy(
    grid: DoseGrid,
    target: Structure,
    others: dict[str, Floats],
    external: Structure | None,
    where: Where,
) -> Found:
    try:
        far_gy = largest_far_dose_gy(grid, target, distance_mm=FAR_MM, external=external)
    except RTFractionsError as error:
        return error.at(where)
    for name, points in others.items():
        voxels = np.unique(np.round(points).astype(np.int64), axis=0)
        voxels = voxels[np.all((voxels >= 0) & (voxels < grid.shape), axis=1)]
        if not len(voxels):
            continue
        frames, rows, columns = voxels.T
        low = int(frames.min())
        block = grid.block_gy(slice(low, int(frames.max()) + 1))
        if float(block[frames - low, rows, columns].max()) >= far_gy:
            problem = f"{name} gets the largest dose {FAR_MM / 10:g} cm away"
            return IsodoseError(problem, remedy="evaluate the lesions together, by hand", where=where)
    return far_gy
