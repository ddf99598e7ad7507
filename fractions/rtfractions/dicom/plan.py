"""RT Plans: every fraction group, every target with its own dose reference, each prescription with its source."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from pydicom.dataset import Dataset

from rtfractions.dicom.reading import RT_ION_PLAN
from rtfractions.dicom.values import decimal_of, integer_of, items_of, refusal, tag_text, text_of
from rtfractions.errors import RTFractionsError
from rtfractions.notices import Notice
from rtfractions.patient import Plan, PlanTarget, Prescription, PrescriptionSource, same_name
from rtfractions.schedule import MAXIMUM_FRACTIONS, Phase, Schedule, dose_text
from rtfractions.schedule_text import UNUSUAL_ABOVE_TOTAL_GY, UNUSUAL_BELOW_GY_PER_FRACTION, parse

NOT_FOR_TREATMENT: Final = frozenset({"VERIFICATION", "MACHINE_QA", "RESEARCH", "SERVICE"})
"""Plan intents (300A,000A) of plans that no patient was treated with."""

SAME_DOSE_GY: Final = Decimal("0.01")
"""Two statements of one dose in a plan agree within this; planning systems round to it."""


_NOTHING_PRESCRIBED: Final = Prescription(None, None, missing="the plan prescribes no dose to it")


@dataclass(frozen=True, slots=True)
class _FractionGroup:
    fractions: int | None
    doses_gy: dict[int, Decimal]
    """Prescribed dose by number of the dose reference."""
    beam_dose_gy: Decimal | None
    """Sum of the beam doses of one fraction; None where a treatment beam has none."""


@dataclass(frozen=True, slots=True)
class _DoseReference:
    number: int
    name: str
    structure_number: int | None
    dose_gy: Decimal | None
    is_point: bool


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
    groups = _fraction_groups(dataset)
    targets, notices = _targets(dataset, groups)
    status = text_of(dataset, "ApprovalStatus")
    if status != "APPROVED":
        notices.append(
            Notice(
                "plan.not-approved",
                f"the plan's approval status is {status.lower() if status else 'not stated'}",
            )
        )
    return Plan(uid, tuple(targets), notices=tuple(notices))


def _why_set_aside(dataset: Dataset) -> str | None:
    intent = text_of(dataset, "PlanIntent")
    if intent in NOT_FOR_TREATMENT:
        return f"its intent is {intent}"
    if text_of(dataset, "RTPlanGeometry") == "TREATMENT_DEVICE":
        return "it has no patient geometry (TREATMENT_DEVICE)"
    if text_of(dataset, "ApprovalStatus") == "REJECTED":
        return "it was rejected"
    if text_of(dataset, "SOPClassUID") == RT_ION_PLAN or "IonBeamSequence" in dataset:
        return "it is an ion plan: whether its dose is RBE-weighted is not read yet"
    if items_of(dataset, "ApplicationSetupSequence"):
        return "it is a brachytherapy plan"
    return None


def _fraction_groups(dataset: Dataset) -> list[_FractionGroup]:
    is_setup: dict[int, bool] = {}
    for beam in items_of(dataset, "BeamSequence"):
        number = integer_of(beam, "BeamNumber")
        if number is not None:
            is_setup[number] = text_of(beam, "TreatmentDeliveryType") == "SETUP"
    groups = []
    for item in items_of(dataset, "FractionGroupSequence"):
        fractions = integer_of(item, "NumberOfFractionsPlanned")
        if fractions is not None and not 1 <= fractions <= MAXIMUM_FRACTIONS:
            raise refusal(
                "NumberOfFractionsPlanned",
                f"{fractions} fractions cannot be",
                f"1 to {MAXIMUM_FRACTIONS} are read",
            )
        doses: dict[int, Decimal] = {}
        for reference in items_of(item, "ReferencedDoseReferenceSequence"):
            number, dose = integer_of(reference, "ReferencedDoseReferenceNumber"), _prescribed_dose(reference)
            if number is not None and dose is not None:
                doses[number] = dose
        groups.append(
            _FractionGroup(
                fractions=fractions,
                doses_gy=doses,
                beam_dose_gy=_beam_dose(item, is_setup),
            )
        )
    return groups


def _beam_dose(group: Dataset, is_setup: dict[int, bool]) -> Decimal | None:
    """Dose of one fraction summed over the treatment beams; refused where the plan lacks a beam it names."""
    references = items_of(group, "ReferencedBeamSequence")
    stated = integer_of(group, "NumberOfBeams")
    if stated is not None and stated != len(references):
        raise refusal(
            "NumberOfBeams",
            f"the fraction group states {stated} beams and lists {len(references)}",
            "export it again",
        )
    total = Decimal(0)
    for reference in references:
        number = integer_of(reference, "ReferencedBeamNumber")
        if number not in is_setup:
            raise refusal(
                "BeamSequence",
                f"the plan lacks beam {number}, which a fraction group names",
                "export it again",
            )
        dose = decimal_of(reference, "BeamDose")
        if is_setup[number]:
            continue
        if dose is None:
            return None
        total += dose
    return total if total > 0 else None


def _prescribed_dose(item: Dataset) -> Decimal | None:
    dose = decimal_of(item, "TargetPrescriptionDose")
    if dose is not None and not 0 < dose <= UNUSUAL_ABOVE_TOTAL_GY:
        raise refusal(
            "TargetPrescriptionDose",
            f"{dose} Gy cannot be a prescription",
            f"doses are above 0 and at most {UNUSUAL_ABOVE_TOTAL_GY} Gy; in cGy they are a hundred times too large",
        )
    return dose


def _dose_references(dataset: Dataset) -> list[_DoseReference]:
    """The target dose references, in the plan's order."""
    references: list[_DoseReference] = []
    for i, item in enumerate(items_of(dataset, "DoseReferenceSequence"), start=1):
        number = integer_of(item, "DoseReferenceNumber") or i
        dose = _prescribed_dose(item)
        if text_of(item, "DoseReferenceType") != "TARGET":
            if dose is not None:
                raise refusal("TargetPrescriptionDose", "stands on a dose reference that is no target")
            continue
        if any(reference.number == number for reference in references):
            raise refusal("DoseReferenceNumber", f"the number {number} stands twice", "export the plan again")
        structure_number = integer_of(item, "ReferencedROINumber")
        kind = text_of(item, "DoseReferenceStructureType")
        references.append(
            _DoseReference(
                number=number,
                name=text_of(item, "DoseReferenceDescription") or f"target {number}",
                structure_number=structure_number,
                dose_gy=dose,
                is_point=structure_number is None and kind in ("POINT", "COORDINATES"),
            )
        )
    return references


def _targets(dataset: Dataset, groups: list[_FractionGroup]) -> tuple[list[PlanTarget], list[Notice]]:
    """The plan's targets: references to one structure are one, a point may belong to a target."""
    notices: list[Notice] = []
    description = text_of(dataset, "PrescriptionDescription")
    gathered: list[list[_DoseReference]] = []
    points: list[_DoseReference] = []
    for reference in _dose_references(dataset):
        same = [refs for refs in gathered if _one_structure(refs[0], reference)]
        if reference.is_point:
            points.append(reference)
        elif same:
            same[0].append(reference)
        else:
            gathered.append([reference])
    prescribed = {number for group in groups for number in group.doses_gy}

    def has_dose(references: list[_DoseReference]) -> bool:
        return any(ref.dose_gy is not None or ref.number in prescribed for ref in references)

    a_volume_has_dose = any(has_dose(references) for references in gathered)
    for point in points:
        namesakes = [references for references in gathered if same_name(references[0].name, point.name)]
        if not has_dose([point]):
            if not namesakes:
                gathered.append([point])  # a target of its own, of which nothing is prescribed
        elif a_volume_has_dose:
            if not namesakes:
                notices.append(_reference_point(point))
        else:
            notices.append(_point_prescription(point))
            if namesakes:
                namesakes[0].append(point)
            else:
                gathered.append([point])
    if not gathered:
        gathered = [[_DoseReference(0, "target", None, None, is_point=False)]]
    # Beam doses and a description speak of the plan: with several targets they are nobody's prescription.
    elsewhere = _not_prescribed(groups, description) if len(gathered) == 1 else _NOTHING_PRESCRIBED
    targets = [
        PlanTarget(refs[0].name, refs[0].structure_number, _prescription(refs, groups) or elsewhere)
        for refs in gathered
    ]
    return targets, notices


def _reference_point(point: _DoseReference) -> Notice:
    return Notice(
        "plan.reference-point",
        f"the dose reference {point.name!r} is a point with a dose of its own, beside a target with one: "
        "taken as a reference point, not as another lesion",
    )


def _point_prescription(point: _DoseReference) -> Notice:
    return Notice(
        "plan.point-prescription", f"the prescription to {point.name!r} is to a point, not to a volume"
    )


def _one_structure(a: _DoseReference, b: _DoseReference) -> bool:
    return a.structure_number is not None and a.structure_number == b.structure_number


def _prescription(references: list[_DoseReference], groups: list[_FractionGroup]) -> Prescription | None:
    """What dose references prescribe to one target, those of fraction groups first; None where none does."""
    numbers = [reference.number for reference in references]
    in_groups = [(group, {group.doses_gy[n] for n in numbers if n in group.doses_gy}) for group in groups]
    totals = {reference.dose_gy for reference in references if reference.dose_gy is not None}
    for doses in (totals, *(doses for _, doses in in_groups)):
        if len(doses) > 1:
            return Prescription(
                None, PrescriptionSource.TARGET, unclear=f"its dose references differ: {_doses_text(doses)}"
            )
    stated = [(group, doses.pop()) for group, doses in in_groups if doses]
    total = totals.pop() if totals else None
    if stated:
        in_all = sum((dose for _, dose in stated), Decimal(0))
        if total is not None and abs(in_all - total) > SAME_DOSE_GY:
            return Prescription(
                None,
                PrescriptionSource.FRACTION_GROUP,
                unclear=f"the fraction groups prescribe {dose_text(in_all)} Gy, the dose reference {dose_text(total)} Gy",
            )
        return _in_fractions(stated, PrescriptionSource.FRACTION_GROUP)
    if total is not None and len(groups) > 1:
        fractions = " + ".join(str(group.fractions or "?") for group in groups)
        return Prescription(
            None,
            PrescriptionSource.TARGET,
            unclear=f"{dose_text(total)} Gy over fraction groups of {fractions} fractions: "
            "how it is divided among them is not stated",
        )
    if total is not None:
        return _in_fractions([(group, total) for group in groups], PrescriptionSource.TARGET)
    return None


def _not_prescribed(groups: list[_FractionGroup], description: str | None) -> Prescription:
    """What beam doses or a text suggest where no dose reference prescribes: never graded."""
    beams = [(g, g.beam_dose_gy * g.fractions) for g in groups if g.beam_dose_gy is not None and g.fractions]
    if beams and len(beams) == len(groups):
        rounded = [(group, dose.quantize(Decimal("0.0001"))) for group, dose in beams]
        return _in_fractions(rounded, PrescriptionSource.BEAM_DOSE)
    if description is not None:
        try:
            return _ungraded(parse(description), PrescriptionSource.DESCRIPTION)
        except RTFractionsError:
            pass  # a free text need not be a schedule
    return _NOTHING_PRESCRIBED


def _in_fractions(parts: list[tuple[_FractionGroup, Decimal]], source: PrescriptionSource) -> Prescription:
    """One phase for each fraction group and its dose."""
    if not parts or any(group.fractions is None for group, _ in parts):
        return Prescription(None, source, missing=f"the plan lacks {tag_text('NumberOfFractionsPlanned')}")
    schedule = Schedule(
        tuple(Phase(dose, group.fractions) for group, dose in parts if group.fractions is not None)
    )
    if source is PrescriptionSource.BEAM_DOSE:
        return _ungraded(schedule, source)
    if any(phase.exact_dose_per_fraction_gy < UNUSUAL_BELOW_GY_PER_FRACTION for phase in schedule.phases):
        return Prescription(
            schedule,
            source,
            unclear=f"{schedule} is below {UNUSUAL_BELOW_GY_PER_FRACTION} Gy a fraction: "
            "the plan may state the dose of one fraction",
        )
    return Prescription(schedule, source)


def _ungraded(schedule: Schedule, source: PrescriptionSource) -> Prescription:
    return Prescription(schedule, source, unclear=f"{schedule} is known from {source.words} only")


def _doses_text(doses: set[Decimal]) -> str:
    return " and ".join(f"{dose_text(dose)} Gy" for dose in sorted(doses))
