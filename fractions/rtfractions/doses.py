"""RT Dose objects: a dose grid, and what dose it is."""

from dataclasses import dataclass
from enum import StrEnum

from rtfractions.grid import DoseGrid
from rtfractions.notices import Notice


class DoseType(StrEnum):
    """What the numbers of a dose grid are (DICOM Dose Type)."""

    PHYSICAL = "PHYSICAL"
    EFFECTIVE = "EFFECTIVE"
    """Weighted for biological effect, as Gy(RBE) is."""


class DoseSummation(StrEnum):
    """What was summed in a dose grid (DICOM Dose Summation Type)."""

    PLAN = "PLAN"
    MULTI_PLAN = "MULTI_PLAN"
    PLAN_OVERVIEW = "PLAN_OVERVIEW"
    FRACTION = "FRACTION"
    BEAM = "BEAM"
    BRACHY = "BRACHY"
    FRACTION_SESSION = "FRACTION_SESSION"
    BEAM_SESSION = "BEAM_SESSION"
    BRACHY_SESSION = "BRACHY_SESSION"
    CONTROL_POINT = "CONTROL_POINT"
    RECORD = "RECORD"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Dose:
    """A dose grid as a file gives it.

    Attributes
    ----------
    sop_instance_uid : str
        The dose's DICOM UID.
    grid : DoseGrid
        Doses in Gy.
    dose_type : DoseType
        Physical, or weighted for biological effect.
    summation : DoseSummation
        What was summed.
    plan_uids : tuple of str
        Plans it refers to; none where it names none.
    fraction_group : int or None
        The fraction group it is of, where it names one.
    beams : tuple of int
        The beams (or brachytherapy setups) it is of, where it names some.
    structure_set_uid : str or None
        The structure set it refers to.
    frame_of_reference_uid : str or None
        The frame of reference of its positions.
    calculated_by : str or None
        Manufacturer, model and software version of what wrote it: the standard has no attribute for the
        algorithm.
    heterogeneity : tuple of str
        Tissue heterogeneity corrections, as the file states them.
    notices : tuple of Notice
        What the reader has to say of it.
    """

    sop_instance_uid: str
    grid: DoseGrid
    dose_type: DoseType
    summation: DoseSummation
    plan_uids: tuple[str, ...]
    fraction_group: int | None = None
    beams: tuple[int, ...] = ()
    structure_set_uid: str | None = None
    frame_of_reference_uid: str | None = None
    calculated_by: str | None = None
    heterogeneity: tuple[str, ...] = ()
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PlanDose:
    """The dose of the whole course of one plan.

    Attributes
    ----------
    plan_uid : str
        The plan.
    grid : DoseGrid
        Its dose: one file's, or the sum of all its beams' or fraction groups'.
    dose_type : DoseType
        Physical, or weighted for biological effect.
    dose_uids : tuple of str
        The files it was put together from.
    summation : DoseSummation
        What each of them was.
    """

    plan_uid: str
    grid: DoseGrid
    dose_type: DoseType
    dose_uids: tuple[str, ...]
    summation: DoseSummation
