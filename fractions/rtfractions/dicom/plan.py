"""RT Plans: every fraction group, every target with its own dose reference, each prescription with its source."""

import datetime
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Final

from pydicom.dataset import Dataset

from rtfractions.dicom.dose_references import DoseReference, dose_references
from rtfractions.dicom.fraction_scheme import fraction_scheme
from rtfractions.dicom.prescriptions import SAME_DOSE_GY, doses_of, prescribed
from rtfractions.dicom.radiation import may_be_rbe_weighted, once_stated, qualified
from rtfractions.dicom.reading import RT_ION_PLAN, DicomError
from rtfractions.dicom.values import code_of, date_of, items_of, refusal, text_of
from rtfractions.names import normal
from rtfractions.notices import Notice
from rtfractions.plans import FractionGroup, Plan, PlanKind, PlanTarget

NOT_FOR_TREATMENT: Final = frozenset({"VERIFICATION", "MACHINE_QA", "RESEARCH", "SERVICE"})
"""Plan intents (300A,000A) of plans that no patient was treated with."""


def read_plan(dataset: Dataset) -> Plan:
    """Read an RT Plan.

    Parameters
    ----------
    dataset : Dataset
        An RT Plan, of external beams or brachytherapy, or an RT Ion Plan.

    Returns
    -------
    Plan
        Its prescriptions as its dose references state them: `cross_checks.check_plan` holds them against beam doses
        and dose grid. A plan that no patient was treated with is set aside, its beams and targets unread.

    Raises
    ------
    DicomError
        If a value is there and cannot be: the plan is refused, and every number that rests on it.
    """
    plan = _outline(dataset)
    if plan.set_aside is not None:
        notice = Notice("plan.set-aside", f"the plan is listed and not counted: {plan.set_aside}")
        return replace(plan, notices=(notice, *plan.notices))
    references = dose_references(dataset)
    scheme = fraction_scheme(dataset, [reference.number for reference in references])
    targets, notices = _targets(dataset, references, scheme.groups)
    notices += scheme.notices
    if plan.approval != "APPROVED":
        status = plan.approval.lower() if plan.approval else "not stated"
        notices.append(Notice("plan.not-approved", f"the plan's approval status is {status}"))
    if plan.supersedes:
        problem = f"the plan was derived from {' and '.join(plan.supersedes)}, which it may replace"
        notices.append(Notice("plan.supersedes", problem))

    def borne(target: PlanTarget) -> PlanTarget:
        own = qualified(target.prescription, plan.kind, scheme.radiation, is_effective=scheme.is_effective)
        return replace(target, prescription=own)

    return replace(
        plan,
        targets=tuple(map(borne, targets)),
        radiation=scheme.radiation,
        fraction_groups=scheme.groups,
        notices=(*notices, *plan.notices),
    )


def with_rbe_stated(plan: Plan, *, effective: bool) -> Plan:
    """A plan whose dose grid says whether the dose is RBE-weighted, where the plan itself does not.

    Parameters
    ----------
    plan : Plan
        Any plan. One of photons and electrons, one of brachytherapy, and one that says itself that its dose is
        RBE-weighted come back as they are.
    effective : bool
        The Dose Type (3004,0004) of the plan's RT Dose is EFFECTIVE; False where it is PHYSICAL.

    Returns
    -------
    Plan
        With an effective dose its prescriptions are in Gy(RBE), with a physical dose they stay unclear.
    """
    if plan.kind is PlanKind.BRACHYTHERAPY or not may_be_rbe_weighted(plan.kind, plan.radiation):
        return plan
    targets = (
        replace(target, prescription=once_stated(target.prescription, effective=effective))
        for target in plan.targets
    )
    return replace(plan, targets=tuple(targets))


def _outline(dataset: Dataset) -> Plan:
    """What the plan says of itself as a whole."""
    uid = text_of(dataset, "SOPInstanceUID")
    if uid is None:
        raise refusal("SOPInstanceUID", "is missing")
    notices: list[Notice] = []
    related = [
        (code_of(item, "RTPlanRelationship"), text_of(item, "ReferencedSOPInstanceUID"))
        for item in items_of(dataset, "ReferencedRTPlanSequence")
    ]
    predecessors = [other for relation, other in related if relation == "PREDECESSOR" and other is not None]
    return Plan(
        uid,
        (),
        _why_set_aside(dataset, {relation for relation, _ in related}),
        kind=_kind(dataset),
        label=text_of(dataset, "RTPlanLabel"),
        date=_date(dataset, notices),
        approval=code_of(dataset, "ApprovalStatus"),
        intent=code_of(dataset, "PlanIntent"),
        frame_of_reference_uid=text_of(dataset, "FrameOfReferenceUID"),
        structure_set_uid=_structure_set(dataset, notices),
        supersedes=tuple(dict.fromkeys(predecessors)),
        brachytherapy_type=code_of(dataset, "BrachyTreatmentType"),
        notices=tuple(notices),
    )


def _why_set_aside(dataset: Dataset, relations: set[str | None]) -> str | None:
    intent = code_of(dataset, "PlanIntent")
    if intent in NOT_FOR_TREATMENT:
        return f"its intent is {intent}"
    if "VERIFIED_PLAN" in relations:
        return "it verifies another plan"
    if code_of(dataset, "RTPlanGeometry") == "TREATMENT_DEVICE":
        return "it has no patient geometry (TREATMENT_DEVICE)"
    if code_of(dataset, "ApprovalStatus") == "REJECTED":
        return "it was rejected"
    return None


def _kind(dataset: Dataset) -> PlanKind:
    if items_of(dataset, "ApplicationSetupSequence"):
        return PlanKind.BRACHYTHERAPY
    if text_of(dataset, "SOPClassUID") == RT_ION_PLAN or "IonBeamSequence" in dataset:
        return PlanKind.ION
    return PlanKind.EXTERNAL_BEAM


def _date(dataset: Dataset, notices: list[Notice]) -> datetime.date | None:
    try:
        return date_of(dataset, "RTPlanDate")
    except DicomError as error:
        notices.append(
            Notice("plan.date-unreadable", f"the plan's date is unknown: {error.problem}", error.where)
        )
        return None


def _structure_set(dataset: Dataset, notices: list[Notice]) -> str | None:
    """The structure set the plan was made on, where it names one."""
    uids = {
        text_of(item, "ReferencedSOPInstanceUID")
        for item in items_of(dataset, "ReferencedStructureSetSequence")
    } - {None}
    if len(uids) > 1:
        problem = f"the plan names {len(uids)} structure sets: none is taken for its own"
        notices.append(Notice("plan.several-structure-sets", problem))
        return None
    return next(iter(uids), None)


def _targets(
    dataset: Dataset, references: list[DoseReference], groups: Sequence[FractionGroup]
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
    points: list[DoseReference], gathered: list[list[DoseReference]], groups: Sequence[FractionGroup]
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
