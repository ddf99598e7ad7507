"""What refers to what among the objects of one patient: linked, noted where doubtful, refused where it cannot stand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from rtfractions.dicom.cross_checks import check_plan
from rtfractions.dicom.plan import with_rbe_stated
from rtfractions.dicom.plan_doses import contour_dose_gy, dose_of_plan, targets_beside
from rtfractions.dicom.reading import DicomError
from rtfractions.dicom.values import tag_text
from rtfractions.doses import Dose, DoseSummation, DoseType, PlanDose
from rtfractions.errors import RTFractionsError, Where, quoted
from rtfractions.notices import Notice
from rtfractions.plans import Plan, PlanKind
from rtfractions.records import TreatmentRecord
from rtfractions.structures import RefusedStructure, Structure, StructureSet

MAXIMUM_DOSE_GY: Final = 1000.0
"""Above this the dose of external beams is none: a wrong scaling or a flipped bit. Near a source there is more."""


@dataclass(slots=True)
class Parts:
    """What has been read of a patient so far.

    Attributes
    ----------
    plans, doses, structure_sets, records : dict
        Objects by SOP Instance UID; what is refused is taken out again.
    files : dict
        The file of each object, by SOP Instance UID.
    plan_doses : list of PlanDose
        The doses that are known to be a plan's.
    notices : list of Notice
        What is to be said of the patient as a whole.
    errors : list of RTFractionsError
        What was refused.
    incomplete : str or None
        What is known to be missing of the plans.
    """

    plans: dict[str, Plan] = field(default_factory=dict)
    doses: dict[str, Dose] = field(default_factory=dict)
    structure_sets: dict[str, StructureSet] = field(default_factory=dict)
    records: dict[str, TreatmentRecord] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    plan_doses: list[PlanDose] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    errors: list[RTFractionsError] = field(default_factory=list)
    incomplete: str | None = None

    def refuse(self, uid: str, keyword: str, problem: str, remedy: str = "") -> None:
        """Note why an object cannot stand, at its file and an attribute."""
        where = Where(file=self.files[uid], tag=tag_text(keyword))
        self.errors.append(DicomError(problem, remedy=remedy, where=where))

    def note(self, code: str, message: str, uid: str) -> None:
        """Note what is doubtful about an object, at its file."""
        self.notices.append(Notice(code, message, Where(file=self.files[uid])))


def link(parts: Parts, others: Mapping[str, str]) -> None:
    """Link the objects of one patient, in place.

    Parameters
    ----------
    parts : Parts
        What was read. Prescriptions are held against the dose of their plan where that is known.
    others : mapping
        The patient of each object that is not this one's, by SOP Instance UID.
    """
    _refuse_references_to_others(parts, others)
    _refuse_doses_that_cannot_be(parts)
    for uid, plan in list(parts.plans.items()):
        if plan.set_aside is not None:
            continue
        structure_set = _structure_set_of(plan, parts)
        dose = _dose_of(plan, structure_set, parts)
        try:
            checked = _checked(plan, dose, structure_set)
        except DicomError as error:
            parts.errors.append(error.at(replace(error.where, file=parts.files[uid])))
            parts.incomplete = "a plan was refused"
            del parts.plans[uid]
            continue
        places = [replace(notice.where, file=parts.files[uid]) for notice in checked.notices]
        notices = tuple(n.at(place) for n, place in zip(checked.notices, places, strict=True))
        parts.plans[uid] = replace(checked, notices=notices)
        parts.plan_doses += [] if dose is None else [dose]
    _note_orphans(parts)
    _set_superseded_aside(parts)


def _refuse_references_to_others(parts: Parts, others: Mapping[str, str]) -> None:
    """Refuse what says it is of this patient and refers to another's objects."""
    for uid, dose in list(parts.doses.items()):
        if any(plan in others for plan in dose.plan_uids) or dose.structure_set_uid in others:
            parts.refuse(uid, "PatientID", "the dose refers to objects of another patient")
            del parts.doses[uid]
    for uid, plan in list(parts.plans.items()):
        if plan.structure_set_uid in others:
            parts.refuse(uid, "PatientID", "the plan refers to the structure set of another patient")
            parts.incomplete = "a plan was refused"
            del parts.plans[uid]
    for uid, record in list(parts.records.items()):
        if record.plan_uid in others:
            parts.refuse(uid, "PatientID", "the treatment record refers to the plan of another patient")
            del parts.records[uid]


def _refuse_doses_that_cannot_be(parts: Parts) -> None:
    """Refuse doses no external beam gives, and doses in another frame of reference than their structures."""
    for uid, dose in list(parts.doses.items()):
        plans = [parts.plans[plan] for plan in dose.plan_uids if plan in parts.plans]
        near_sources = dose.summation in (DoseSummation.BRACHY, DoseSummation.BRACHY_SESSION) or any(
            plan.kind is PlanKind.BRACHYTHERAPY for plan in plans
        )
        structures = parts.structure_sets.get(dose.structure_set_uid or "")
        if dose.grid.maximum_gy > MAXIMUM_DOSE_GY and not near_sources:
            problem = f"the largest dose would be {dose.grid.maximum_gy:.6g} Gy, above {MAXIMUM_DOSE_GY:g} Gy"
            remedy = "the scaling or the voxels are wrong; export the dose again"
            parts.refuse(uid, "DoseGridScaling", problem, remedy)
        elif structures is not None and not _same_frame(
            dose.frame_of_reference_uid, structures.frame_of_reference_uid
        ):
            problem = "the dose lies in another frame of reference than its structure set"
            parts.refuse(uid, "FrameOfReferenceUID", problem, "positions in the two cannot be compared")
        else:
            continue
        del parts.doses[uid]


def _structure_set_of(plan: Plan, parts: Parts) -> StructureSet | None:
    """The structure set a plan names, where it is there and in the plan's frame of reference."""
    uid = plan.structure_set_uid
    if uid is None or uid not in parts.structure_sets:
        if uid is not None and parts.structure_sets:
            message = "the plan's own structure set is not there; no other is taken for it"
            parts.note("plan.other-structure-set", message, plan.sop_instance_uid)
        return None
    found = parts.structure_sets[uid]
    strays = [
        s for s in found.structures if not _same_frame(s.frame_of_reference_uid, plan.frame_of_reference_uid)
    ]
    if strays and len(strays) == len(found.structures):
        problem = "the structure set lies in another frame of reference than its plan"
        parts.refuse(uid, "FrameOfReferenceUID", problem, "positions in the two cannot be compared")
        del parts.structure_sets[uid]
        return None
    if strays:
        found = parts.structure_sets[uid] = _without(found, strays, parts.files[uid])
    return found


def _without(found: StructureSet, strays: Sequence[Structure], file: str) -> StructureSet:
    """The set with the structures refused that were drawn in another frame of reference, as on an MR."""
    refused = [
        RefusedStructure(
            stray.number,
            stray.name,
            DicomError(
                "lies in another frame of reference than the plan",
                where=Where(file, tag_text("ReferencedFrameOfReferenceUID"), stray.name),
            ),
        )
        for stray in strays
    ]
    kept = tuple(s for s in found.structures if not any(s is stray for stray in strays))
    return replace(found, structures=kept, refused=(*found.refused, *refused))


def _same_frame(a: str | None, b: str | None) -> bool:
    """Whether two frames of reference may be one; one that is not stated may be."""
    return a is None or b is None or a == b


def _dose_of(plan: Plan, structure_set: StructureSet | None, parts: Parts) -> PlanDose | None:
    frames = [("plan", plan.frame_of_reference_uid)]
    frames += [] if structure_set is None else [("structure set", structure_set.frame_of_reference_uid)]
    of_plan = []
    for uid, dose in list(parts.doses.items()):
        if dose.plan_uids != (plan.sop_instance_uid,):
            continue
        other = [what for what, frame in frames if not _same_frame(dose.frame_of_reference_uid, frame)]
        if other:
            problem = f"the dose lies in another frame of reference than its {' and its '.join(other)}"
            parts.refuse(uid, "FrameOfReferenceUID", problem, "positions in the two cannot be compared")
            del parts.doses[uid]
        else:
            of_plan.append((parts.files[uid], dose))
    found = dose_of_plan(plan, of_plan, structure_set)
    parts.notices += found.notices
    parts.errors += found.errors
    return found.dose


def _checked(plan: Plan, dose: PlanDose | None, structure_set: StructureSet | None) -> Plan:
    """The plan with its prescriptions checked against its dose grid, as far as there is one."""
    if dose is None:
        return check_plan(plan)
    plan = with_rbe_stated(plan, effective=dose.dose_type is DoseType.EFFECTIVE)
    beside = [
        Notice("plan.target-outside-dose", f"the dose does not reach the target {quoted(structure.name)}")
        for structure in targets_beside(plan, structure_set, dose.grid)
    ]
    plan = replace(plan, notices=(*plan.notices, *beside))
    at_contours = contour_dose_gy(plan, structure_set, dose.grid)
    return check_plan(plan, maximum_dose_gy=dose.grid.maximum_gy, contour_dose_gy=at_contours)


def _note_orphans(parts: Parts) -> None:
    """Say which doses and records have no plan, and so no number of fractions."""
    for uid, dose in parts.doses.items():
        if not dose.plan_uids:
            message = "the dose names no plan: its number of fractions is not known"
            parts.note("dose.no-plan-reference", message, uid)
        elif any(plan not in parts.plans for plan in dose.plan_uids):
            message = "the dose's plan is not there: its number of fractions is not known"
            parts.note("dose.plan-missing", message, uid)
        elif len(dose.plan_uids) > 1:
            message = "the dose is a sum over several plans: it has no number of fractions of its own"
            parts.note("dose.several-plans", message, uid)
    for uid, record in parts.records.items():
        if record.plan_uid is not None and record.plan_uid not in parts.plans:
            parts.note("record.plan-missing", "the treatment record's plan is not there", uid)


def _set_superseded_aside(parts: Parts) -> None:
    """List plans that another replaced, and that no record says was treated, without counting them."""
    treated = {record.plan_uid for record in parts.records.values()}
    for plan in list(parts.plans.values()):
        for uid in plan.supersedes:
            old = parts.plans.get(uid)
            if old is None or old.set_aside is not None:
                continue
            if uid in treated:
                parts.note("plan.superseded", "the plan was replaced by another after it was treated", uid)
                continue
            parts.note("plan.superseded", "the plan is listed and not counted: another replaced it", uid)
            parts.plans[uid] = replace(old, set_aside="another plan replaced it")
