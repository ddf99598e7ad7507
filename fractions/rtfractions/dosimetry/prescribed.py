"""What a percentage of the prescription is of, in the dose of a plan."""

from collections.abc import Iterable
from typing import Final

from rtfractions.doses import DoseSummation, DoseType
from rtfractions.dosimetry.courses import ChosenDose, DoseChoiceError
from rtfractions.errors import counted
from rtfractions.plans import PlanKind, PlanTarget, Prescription, PrescriptionSource
from rtfractions.structures import Structure

NOT_OF_THE_TARGET: Final = (PrescriptionSource.BEAM_DOSE, PrescriptionSource.DESCRIPTION)
"""Where a prescription was read that no percentage is taken of."""


def prescription_of(chosen: ChosenDose, structure: Structure) -> Prescription:
    """What a percentage of the prescription is of in a structure.

    Parameters
    ----------
    chosen : ChosenDose
        The dose, with its plan.
    structure : Structure
        The structure.

    Returns
    -------
    Prescription
        That of the target linked to the structure, else the plan's only one; its schedule is known.

    Raises
    ------
    DoseChoiceError
        If there is none, or several, or it is not of the same kind of dose.
    """
    plan = chosen.plan
    if any(dose.summation is DoseSummation.MULTI_PLAN for dose in chosen.doses):
        raise DoseChoiceError("the dose is a sum over plans, which no single prescription is of")
    if plan is None:
        raise DoseChoiceError("the plan of the dose is not there")
    targets = linked_targets(plan.targets, structure.number) or list(plan.targets)
    if not targets:
        raise DoseChoiceError("the plan prescribes to no target")
    if len(targets) > 1:
        raise DoseChoiceError(
            f"the plan has {counted(len(targets), 'target prescription')}, and not one that is linked to the structure"
        )
    return usable(targets[0].prescription, chosen)


def usable(prescription: Prescription, chosen: ChosenDose) -> Prescription:
    """A prescription that percentages of a dose may be taken of; its schedule is known.

    Parameters
    ----------
    prescription : Prescription
        What a plan or a lesion sheet prescribes.
    chosen : ChosenDose
        The dose.

    Raises
    ------
    DoseChoiceError
        If they may not: it is not known, unclear, not that of a target, or not of the same kind of dose.
    """
    if prescription.schedule is None:
        raise DoseChoiceError(f"it is not known: {prescription.missing or prescription.unclear}")
    if prescription.source in NOT_OF_THE_TARGET:
        raise DoseChoiceError(f"it is known only from {prescription.source.words}")
    is_brachytherapy = chosen.plan is not None and chosen.plan.kind is PlanKind.BRACHYTHERAPY
    if prescription.unclear is not None and not is_brachytherapy:
        raise DoseChoiceError(f"it is unclear: {prescription.unclear}")
    if prescription.schedule.rbe_weighted != (chosen.dose_type is DoseType.EFFECTIVE):
        raise DoseChoiceError("of prescription and dose, one is RBE-weighted and one is not")
    return prescription


def linked_targets(targets: Iterable[PlanTarget], number: int) -> list[PlanTarget]:
    """The targets that a plan links to the structure of a number."""
    return [target for target in targets if target.structure_number == number]
