"""What refers to what among the objects of one patient: linked, noted where doubtful, refused where it cannot stand."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from rtfractions.dicom.cross_checks import check_plan
from rtfractions.dicom.delivery import delivered
from rtfractions.dicom.doubts import note_doubts
from rtfractions.dicom.parts import Parts
from rtfractions.dicom.plan import with_rbe_stated
from rtfractions.dicom.plan_doses import (
    contour_dose_gy,
    dose_of_plan,
    drawn_targets,
    targets_beside,
)
from rtfractions.dicom.reading import DicomError
from rtfractions.dicom.values import tag_text
from rtfractions.doses import Dose, DoseSummation, DoseType, PlanDose
from rtfractions.errors import Where, quoted
from rtfractions.names import normal
from rtfractions.notices import Notice
from rtfractions.plans import Plan, PlanKind
from rtfractions.structures import RefusedStructure, Structure, StructureSet

MAXIMUM_EXTERNAL_DOSE_GY: Final = 1000.0
"""Above this the dose of external beams is none: a wrong scaling or a flipped bit. Near a source there is more."""

NO_TARGETS: Final = frozenset({"ORGAN", "EXTERNAL", "AVOIDANCE"})
"""RT ROI Interpreted Types that nothing is prescribed to as a rule."""


def link(parts: Parts, label: str, owners: Mapping[str, str]) -> None:
    """Link the objects of one patient, in place.

    Parameters
    ----------
    parts : Parts
        What was read. Prescriptions are held against the dose of their plan where that is known.
    label : str
        The patient.
    owners : mapping
        The patient of each object that was found, by SOP Instance UID.
    """
    _refuse_references_to_others(parts, label, owners)
    _refuse_doses_that_cannot_be(parts)
    _refuse_strays(parts)
    for uid, plan in list(parts.plans.items()):
        records = [record for record in parts.records.values() if record.plan_uid == uid]
        delivery, notices = delivered(plan, records)
        plan = replace(plan, delivery=delivery, notices=(*plan.notices, *notices))
        if plan.set_aside is None:
            structure_set = parts.structure_sets.get(plan.structure_set_uid or "")
            dose = _dose_of(plan, structure_set, parts)
            try:
                plan = _checked(_with_links(plan, structure_set), dose, structure_set)
            except DicomError as error:
                parts.errors.append(error.at(replace(error.where, file=parts.files[uid])))
                parts.incomplete = "a plan was refused"
                parts.refused.add(uid)
                del parts.plans[uid]
                continue
            parts.plan_doses += [] if dose is None else [dose]
        elif records:
            parts.incomplete = "a plan that was treated is set aside"
            notice = Notice(
                "plan.set-aside-treated", "the plan is not counted, and treatment records are of it"
            )
            plan = replace(plan, notices=(*plan.notices, notice))
        places = [replace(notice.where, file=parts.files[uid]) for notice in plan.notices]
        told = tuple(n.at(place) for n, place in zip(plan.notices, places, strict=True))
        parts.plans[uid] = replace(plan, notices=told)
    note_doubts(parts)


def _refuse_references_to_others(parts: Parts, label: str, owners: Mapping[str, str]) -> None:
    """Refuse what says it is of this patient and refers to another's objects."""

    def is_of_another(uid: str | None) -> bool:
        return uid is not None and owners.get(uid, label) != label

    for uid, dose in list(parts.doses.items()):
        if any(map(is_of_another, (*dose.plan_uids, dose.structure_set_uid))):
            parts.refuse(uid, "PatientID", "the dose refers to objects of another patient")
            del parts.doses[uid]
    for uid, plan in list(parts.plans.items()):
        if is_of_another(plan.structure_set_uid):
            parts.refuse(uid, "PatientID", "the plan refers to the structure set of another patient")
            parts.incomplete = "a plan was refused"
            del parts.plans[uid]
    for uid, record in list(parts.records.items()):
        if is_of_another(record.plan_uid):
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
        if dose.grid.maximum_gy > MAXIMUM_EXTERNAL_DOSE_GY and not near_sources:
            problem = f"the largest dose would be {dose.grid.maximum_gy:.6g} Gy, above {MAXIMUM_EXTERNAL_DOSE_GY:g} Gy"
            remedy = "the scaling or the voxels are wrong; export the dose again"
            parts.refuse(uid, "DoseGridScaling", problem, remedy)
        elif structures is not None and _lies_apart(dose, structures):
            problem = "the dose lies in another frame of reference than its structure set"
            parts.refuse(uid, "FrameOfReferenceUID", problem, "positions in the two cannot be compared")
        else:
            continue
        del parts.doses[uid]


def _refuse_strays(parts: Parts) -> None:
    """Refuse structures that lie in the frame of reference of none of the plans made on their set."""
    for uid, found in list(parts.structure_sets.items()):
        plans = [plan for plan in parts.plans.values() if plan.structure_set_uid == uid]
        frames = {plan.frame_of_reference_uid for plan in plans}
        if not frames or None in frames:
            continue
        strays = [s for s in found.structures if s.frame_of_reference_uid not in (None, *frames)]
        if strays and len(strays) == len(found.structures):
            problem = "the structure set lies in another frame of reference than its plan"
            parts.refuse(uid, "FrameOfReferenceUID", problem, "positions in the two cannot be compared")
            parts.refused.add(uid)
            del parts.structure_sets[uid]
        elif strays:
            parts.structure_sets[uid] = _without(found, strays, parts.files[uid])


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


def _lies_apart(dose: Dose, found: StructureSet) -> bool:
    """Whether a dose lies in another frame of reference than every structure of a set."""
    frames = {found.frame_of_reference_uid} - {None} or {s.frame_of_reference_uid for s in found.structures}
    return bool(frames) and not any(_same_frame(dose.frame_of_reference_uid, frame) for frame in frames)


def _dose_of(plan: Plan, structure_set: StructureSet | None, parts: Parts) -> PlanDose | None:
    """The dose of a plan; refused where it lies in another frame than the plan or the structures of its targets."""
    frames = {"plan": plan.frame_of_reference_uid}
    for structure in drawn_targets(plan, structure_set):
        frames[f"target {quoted(structure.name)}"] = structure.frame_of_reference_uid
    of_plan = []
    for uid, dose in list(parts.doses.items()):
        if dose.plan_uids != (plan.sop_instance_uid,):
            continue
        other = [
            what for what, frame in frames.items() if not _same_frame(dose.frame_of_reference_uid, frame)
        ]
        if structure_set is not None and _lies_apart(dose, structure_set):
            other.append("structure set")
        if other:
            problem = f"the dose lies in another frame of reference than its {' and its '.join(other)}"
            parts.refuse(uid, "FrameOfReferenceUID", problem, "positions in the two cannot be compared")
            parts.refused.add(uid)
            del parts.doses[uid]
            continue
        if None not in (dose.structure_set_uid, plan.structure_set_uid) and (
            dose.structure_set_uid != plan.structure_set_uid
        ):
            parts.note("dose.other-structure-set", "the dose names another structure set than its plan", uid)
        of_plan.append((parts.files[uid], dose))
    found = dose_of_plan(plan, of_plan, structure_set)
    parts.notices += found.notices
    parts.errors += found.errors
    return found.dose


def _with_links(plan: Plan, structure_set: StructureSet | None) -> Plan:
    """The plan with the links of its targets looked at: a link to nothing is none."""
    if structure_set is None:
        return plan
    kinds = {s.number: (s.name, s.interpreted_type) for s in structure_set.structures}
    kinds |= {r.number: (r.name, None) for r in structure_set.refused if r.number is not None}
    targets, notices = [], list(plan.notices)
    for target in plan.targets:
        number = target.structure_number
        if number is not None and number not in kinds:
            problem = f"the target {quoted(target.name)} is linked to structure {number}, which its set lacks"
            notices.append(Notice("plan.structure-missing", problem))
            target = replace(target, structure_number=None)
        elif number is not None:
            name, kind = kinds[number]
            if kind in NO_TARGETS and normal(name) != normal(target.name):
                problem = f"the target {quoted(target.name)} is linked to {quoted(name)}, of type {kind}"
                notices.append(Notice("plan.target-is-organ", problem))
        targets.append(target)
    return replace(plan, targets=tuple(targets), notices=tuple(notices))


def _checked(plan: Plan, dose: PlanDose | None, structure_set: StructureSet | None) -> Plan:
    """The plan with its prescriptions checked against its dose grid, as far as there is one."""
    if dose is None:
        return check_plan(plan)
    plan = with_rbe_stated(plan, effective=dose.dose_type is DoseType.EFFECTIVE)
    notices = [
        Notice("plan.target-outside-dose", f"the dose does not reach the target {quoted(structure.name)}")
        for structure in targets_beside(plan, structure_set, dose.grid)
    ]
    schedules = [t.prescription.schedule for t in plan.targets if t.prescription.schedule is not None]
    weighted = any(schedule.rbe_weighted for schedule in schedules)
    if schedules and weighted != (dose.dose_type is DoseType.EFFECTIVE):
        prescribed = "RBE-weighted" if weighted else "physical"
        problem = f"the prescription is {prescribed}, the plan's dose {dose.dose_type.lower()}"
        notices.append(Notice("plan.dose-of-other-type", f"{problem}: the two must not be compared"))
    plan = replace(plan, notices=(*plan.notices, *notices))
    at_contours = contour_dose_gy(plan, structure_set, dose.grid)
    return check_plan(plan, maximum_dose_gy=dose.grid.maximum_gy, contour_dose_gy=at_contours)
