"""Two DVHs of one structure side by side, and how much of each difference has which cause.

The causes are taken one at a time: our DVH is computed again, each time with one more choice of the other's, and what
a value changes by from one to the next is that choice's part. The parts of a value add up to its difference.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from rtfractions.dosimetry.dvh import DVH, DVHError
from rtfractions.dosimetry.engine import structure_dvh
from rtfractions.dosimetry.modelling import EndCapsOption
from rtfractions.errors import RTFractionsError, Where
from rtfractions.grid import DoseGrid
from rtfractions.notices import Notice
from rtfractions.structures import Structure

PERCENTS: Final = (98, 50, 2)
"""Doses to so much of the volume are compared."""

NOTABLE: Final = 0.02
"""Part of a value by which another program's may differ before it is told (hazard A27)."""

NOTABLE_GY: Final = 0.05
"""A dose that differs by less is not told, whatever part of it that is."""


class Step(NamedTuple):
    """Our DVH with one more choice of the other's.

    Attributes
    ----------
    cause : str
        The choice.
    dvh : DVH
        Ours, with this and all earlier choices.
    """

    cause: str
    dvh: DVH


class Part(NamedTuple):
    """What a cause contributes to a difference, in the unit of the value."""

    cause: str
    amount: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A value of two DVHs.

    Attributes
    ----------
    value : str
        ``"volume"``, ``"Mean"``, ``"D98%"``, ``"D50%"``, ``"D2%"`` or ``"Max"``.
    unit : str
        ``"cm3"`` or ``"Gy"``.
    ours, theirs : float
        The value of each.
    parts : tuple of Part
        What explains theirs minus ours, in full.
    """

    value: str
    unit: str
    ours: float
    theirs: float
    parts: tuple[Part, ...]

    @property
    def difference(self) -> float:
        """Theirs minus ours."""
        return self.theirs - self.ours

    @property
    def percent(self) -> float | None:
        """The difference in % of ours; None where ours is 0."""
        return 100 * self.difference / self.ours if self.ours else None

    @property
    def notable(self) -> bool:
        """Whether it must be told: above 2 %, and not merely of a dose near 0."""
        slack = NOTABLE_GY if self.unit == "Gy" else 0.0
        return abs(self.difference) > max(NOTABLE * abs(self.ours), slack)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """What somebody else's DVH of a structure says, beside ours.

    Attributes
    ----------
    source : str
        Whose it is.
    name : str
        The structure's name.
    number : int or None
        Its number.
    differences : tuple of Difference
        Value by value; none where there is an error.
    error : RTFractionsError or None
        Why it cannot be compared.
    """

    source: str
    name: str
    number: int | None
    differences: tuple[Difference, ...] = ()
    error: RTFractionsError | None = None

    def notices(self) -> tuple[Notice, ...]:
        """What must be told: notable differences of volume or mean."""
        told = [
            f"{one.value} {one.theirs:.4g} {one.unit}, not {one.ours:.4g} {one.unit}"
            for one in self.differences
            if one.value in ("volume", "Mean") and one.notable
        ]
        if not told:
            return ()
        message = f"its DVH {self.source} says {', '.join(told)}"
        if self.source.startswith("dicompyler"):
            message = f"{self.source} says {', '.join(told)}"
        return (Notice("dvh.second-opinion", message, Where(structure=self.name)),)


def as_the_voxel_counter(structure: Structure, grid: DoseGrid, ours: DVH) -> tuple[Step, ...]:
    """Our DVH made, step by step, like that of a program that counts voxels slice by slice.

    Parameters
    ----------
    structure : Structure
        The structure.
    grid : DoseGrid
        The dose.
    ours : DVH
        As it was computed.

    Returns
    -------
    tuple of Step
        With half a slice at the ends; then as a stack of slabs, each with its contour, in linearly interpolated
        dose. A step that the DVH has by its own settings is left out.
    """
    steps, last = [], ours
    if ours.settings.end_caps != "half":
        last = structure_dvh(structure, grid, end_caps="half")
        steps.append(Step("half-slice ends", last))
    if last.settings.dose_interpolation != "linear" or ours.settings.end_caps != "half":
        slabs = structure_dvh(
            structure, grid, end_caps="half", dose_interpolation="linear", outer_volume_cm3=_LARGE_CM3
        )
        steps.append(Step("slabs, linear dose", slabs))
    return tuple(steps)


def nearest_ends(structure: Structure, grid: DoseGrid, ours: DVH, theirs: DVH) -> tuple[Step, ...]:
    """Our DVH with the end caps that bring its volume nearest to another's; none where ours are nearest already."""
    best = ours
    options: tuple[EndCapsOption, ...] = ("half", "none", "tapered")
    for end_caps in options:
        try:
            found = structure_dvh(structure, grid, end_caps=end_caps)
        except DVHError:  # a single plane has no volume without caps
            continue
        if _off(found, theirs) < _CLEARLY * _off(best, theirs):
            best = found
    return () if best is ours else (Step(f"ends as --end-caps {best.settings.end_caps}", best),)


_LARGE_CM3: Final = 1e9
"""A volume around any structure, beside which it is large: that makes it a stack of slabs."""

_CLEARLY: Final = 0.8
"""Other end caps explain a volume when they leave no more than this part of its difference."""


def _off(dvh: DVH, theirs: DVH) -> float:
    return abs(dvh.volume_cm3 - theirs.volume_cm3)


def compare(
    ours: DVH, theirs: DVH, *, steps: Sequence[Step] = (), rest: str, with_volume: bool = True
) -> tuple[Difference, ...]:
    """The values of two DVHs of one structure, with what explains their differences.

    Parameters
    ----------
    ours, theirs : DVH
        Of the same kind of dose. Doses to a percentage are of each one's own known volume.
    steps : sequence of Step
        From ours towards theirs.
    rest : str
        What explains what no step does.
    with_volume : bool, default True
        Whether theirs has a volume of its own.
    """
    chain = [ours, *(step.dvh for step in steps), theirs]
    causes = [*(step.cause for step in steps), rest]
    columns = [_values(dvh) for dvh in chain]
    found = []
    for (name, unit), *values in zip(_NAMES, *columns, strict=True):
        if name == "volume" and not with_volume:
            continue
        parts = [
            Part(cause, after - before)
            for cause, before, after in zip(causes, values[:-1], values[1:], strict=True)
        ]
        found.append(Difference(value=name, unit=unit, ours=values[0], theirs=values[-1], parts=tuple(parts)))
    return tuple(found)


_NAMES: Final = (
    ("volume", "cm3"),
    ("Mean", "Gy"),
    *((f"D{percent}%", "Gy") for percent in PERCENTS),
    ("Max", "Gy"),
)


def _values(dvh: DVH) -> list[float]:
    known = dvh.known_volume_cm3
    doses = [dvh.dose_to_hottest(known * percent / 100) for percent in PERCENTS]
    return [dvh.volume_cm3, dvh.mean_gy, *doses, dvh.maximum_gy]
