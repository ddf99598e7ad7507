"""A plan's dose on its targets and organs: what rules are evaluated on, and what reports show."""

from dataclasses import dataclass

from rtfractions.dosimetry.courses import ChosenDose
from rtfractions.dosimetry.plan_dvhs import StructureResult
from rtfractions.plans import Plan, Prescription


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class TargetReview:
    """A target of a plan.

    Attributes
    ----------
    lesion : str or None
        The lesion it belongs to; None where that is not known.
    role : str
        ``"PTV"``, ``"CTV"``, ``"ITV"`` or ``"GTV"``.
    prescription : Prescription
        What is prescribed to the lesion.
    result : StructureResult
        DVHs (physical, then EQD2 at the tumour's alpha/beta) and D98%, D95%, D50%, D2%, D0.03cc, mean and V100%.
    isodose_percent : float or None
        The prescribed dose in % of the largest dose to it.
    """

    lesion: str | None
    role: str
    prescription: Prescription
    result: StructureResult
    isodose_percent: float | None


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PlanReview:
    """A plan with its dose.

    Attributes
    ----------
    plan : Plan
        The plan.
    dose : ChosenDose or None
        The dose of its whole course.
    no_dose : str or None
        Why there is none, or why its dose must grade nothing.
    fractions : int or None
        Number of fractions of the plan; None where it has several fraction groups or states none.
    targets : tuple of TargetReview
        Lesion by lesion, the PTV first.
    organs : tuple of StructureResult
        The organs that rules were evaluated on.
    """

    plan: Plan
    dose: ChosenDose | None
    no_dose: str | None
    fractions: int | None
    targets: tuple[TargetReview, ...] = ()
    organs: tuple[StructureResult, ...] = ()
