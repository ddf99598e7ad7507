"""RT Plans: every fraction group, every target with its own dose reference, each prescription with its source."""

from decimal import Decimal
from typing import Final

from pydicom.dataset import Dataset

from rtfractions.dicom.dose_references import DoseReference, FractionGroup, dose_references, fraction_groups
from rtfractions.dicom.prescriptions import SAME_DOSE_GY, doses_of, prescribed
from rtfractions.dicom.reading import RT_ION_PLAN
from rtfractions.dicom.values import code_of, items_of, refusal, text_of
from rtfractions.notices import Notice
from rtfractions.patient import Plan, PlanTarget, normal

NOT_FOR_TREATMENT: Final = frozenset({"VERIFICATION", "MACHINE_QA", "RESEARCH", "SERVICE"})
"""Plan intents (300A,000A) of plans that no patient was treated with."""

PHOTONS_AND_ELECTRONS: Final = frozenset({"PHOTON", "ELECTRON"})
"""Radiation types (300A,00C6) whose dose carries no RBE weight."""


def read_plan(dataset: Dataset) -> Plan:
    """Read an RT Plan.

    Parameters
    ----------
    dataset : Dataset
        An RT Plan or RT Ion Plan.

    Returns
    -------
    Plan
        A plan that no patient was treated with is set aside, its targets unread.

    Raises
    ------
    DicomError
        If a value is there and cannot be: the plan is refused, and every number that rests on it.
    """
    uid = text_of(dataset, "SOPInstanceUID")
    if uid is None:
        raise refusal("SOPInstanceUID", "is missing")
    set_aside = _why_set_aside(dataset)
    if set_aside is not None:
        notice = Notice("plan.set-aside", f"the plan is listed and not counted: {set_aside}")
        return Plan(uid, (), set_aside, notices=(notice,))
    references = dose_references(dataset)
    groups = fraction_groups(dataset, references)
    targets, notices = _targets(dataset, references, groups)
    status = code_of(dataset, "ApprovalStatus")
    if status != "APPROVED":
        notices.append(
            Notice(
                "plan.not-approved",
                f"the plan's approval status is {status.lower() if status else 'not stated'}",
            )
        )
    return Plan(uid, tuple(targets), notices=tuple(notices))


def _why_set_aside(dataset: Dataset) -> str | None:
    intent = code_of(dataset, "PlanIntent")
    if intent in NOT_FOR_TREATMENT:
        return f"its intent is {intent}"
    if code_of(dataset, "RTPlanGeometry") == "TREATMENT_DEVICE":
        return "it has no patient geometry (TREATMENT_DEVICE)"
    if code_of(dataset, "ApprovalStatus") == "REJECTED":
        return "it was rejected"
    if text_of(dataset, "SOPClassUID") == RT_ION_PLAN or "IonBeamSequence" in dataset:
        return "it is an ion plan: whether its dose is RBE-weighted is not read yet"
    if items_of(dataset, "ApplicationSetupSequence"):
        return "it is a brachytherapy plan"
    radiation = {code_of(beam, "RadiationType") for beam in items_of(dataset, "BeamSequence")} - {None}
    if radiation - PHOTONS_AND_ELECTRONS:
        return f"its radiation is {', '.join(sorted(map(str, radiation)))}: whether its dose is RBE-weighted is not read yet"
    return None


def _targets(
    dataset: Dataset, references: list[DoseReference], groups: list[FractionGroup]
) -> tuple[list[PlanTarget], list[Notice]]:
    """The plan's targets: references to one structure are one, and a point may belong to a target."""
    gathered: list[list[DoseReference]] = []
    for reference in references:
        same = [refs for refs in gathered if _one_structure(refs[0], reference)]
        if same and not reference.is_point:
            same[0].append(reference)
        elif not reference.is_point:
            gathered.append([reference])
    notices = _add_points([reference for reference in references if reference.is_point], gathered, groups)
    if not gathered:
        gathered = [[DoseReference(0, "target", None, None)]]
    description = text_of(dataset, "PrescriptionDescription")
    targets = []
    for refs in gathered:
        prescription, doubts = prescribed(refs, groups, description, alone=len(gathered) == 1)
        notices += doubts
        targets.append(PlanTarget(refs[0].name, refs[0].structure_number, prescription))
    return targets, notices


def _add_points(
    points: list[DoseReference], gathered: list[list[DoseReference]], groups: list[FractionGroup]
) -> list[Notice]:
    """Put each point to the target of its name, make it a target of its own, or say why it is neither."""
    notices = []
    of_volumes = set[Decimal]().union(*(doses_of(references, groups) for references in gathered))
    for point in points:
        namesakes = [
            references for references in gathered if normal(references[0].name) == normal(point.name)
        ]
        doses = doses_of([point], groups)
        like_a_volume = any(abs(a - b) <= SAME_DOSE_GY for a in doses for b in of_volumes)
        if not doses:
            if not namesakes:
                gathered.append([point])  # a target of its own, of which nothing is prescribed
        elif not of_volumes or (like_a_volume and not namesakes):
            problem = f"the prescription to {point.name!r} is to a point, not to a volume"
            notices.append(Notice("plan.point-prescription", problem))
            if namesakes:
                namesakes[0].append(point)
            else:
                gathered.append([point])
        elif not like_a_volume:
            problem = f"the dose reference {point.name!r} is a point with another dose than the targets"
            notices.append(
                Notice("plan.reference-point", f"{problem}: taken as a reference point, not as a lesion")
            )
    return notices


def _one_structure(a: DoseReference, b: DoseReference) -> bool:
    return a.structure_number is not None and a.structure_number == b.structure_number
