"""Patients put together from their files: what refers to what, what was doubtful, and what cannot stand."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, TypeVar

import numpy as np

from rtfractions.dicom.cross_checks import check_plan
from rtfractions.dicom.delivery import delivered
from rtfractions.dicom.discovery import Discovery, FoundFile, PatientFiles, discover, input_of
from rtfractions.dicom.dose import read_dose
from rtfractions.dicom.limits import Limits
from rtfractions.dicom.plan import read_plan, with_rbe_stated
from rtfractions.dicom.plan_doses import dose_of_plan
from rtfractions.dicom.reading import DicomError, Kind, dataset_of
from rtfractions.dicom.structure_set import read_structure_set
from rtfractions.dicom.treatment_record import read_record
from rtfractions.dicom.values import tag_text
from rtfractions.doses import Dose, DoseType, PlanDose
from rtfractions.errors import RTFractionsError, Where
from rtfractions.files import InputFile
from rtfractions.notices import Notice
from rtfractions.patient import Lesion, LesionsFrom, Patient
from rtfractions.plans import Plan
from rtfractions.records import TreatmentRecord
from rtfractions.structures import Structure, StructureSet

_Object = TypeVar("_Object", Dose, StructureSet, TreatmentRecord)

MAXIMUM_CONTOUR_POINTS_SAMPLED: Final = 20_000
"""Most contour points at which the dose of a target is looked at for the cross-check."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What files and folders hold.

    Attributes
    ----------
    patients : tuple of Patient
        Sorted by label.
    inputs : tuple of InputFile
        The files that were read, those refused for their values too.
    errors : tuple of RTFractionsError
        The files and folders that were refused.
    notices : tuple of Notice
        What was passed over.
    """

    patients: tuple[Patient, ...]
    inputs: tuple[InputFile, ...]
    errors: tuple[RTFractionsError, ...]
    notices: tuple[Notice, ...]


@dataclass(frozen=True, slots=True)
class PatientReading:
    """What the files of one patient hold.

    Attributes
    ----------
    patient : Patient
        The patient, as far as it could be read.
    inputs : tuple of InputFile
        The files that were read, those refused for their values too.
    errors : tuple of RTFractionsError
        The files that were refused, and doses and plans that cannot stand.
    files : dict
        The file of each object, by SOP Instance UID.
    """

    patient: Patient
    inputs: tuple[InputFile, ...]
    errors: tuple[RTFractionsError, ...]
    files: Mapping[str, str]


@dataclass(slots=True)
class _Parts:
    """What has been read of a patient so far."""

    plans: dict[str, Plan] = field(default_factory=dict)
    doses: dict[str, Dose] = field(default_factory=dict)
    structure_sets: dict[str, StructureSet] = field(default_factory=dict)
    records: dict[str, TreatmentRecord] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    inputs: list[InputFile] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    errors: list[RTFractionsError] = field(default_factory=list)
    incomplete: str | None = None

    def refuse(self, uid: str, keyword: str, problem: str, remedy: str = "") -> None:
        where = Where(file=self.files[uid], tag=tag_text(keyword))
        self.errors.append(DicomError(problem, remedy=remedy, where=where))

    def note(self, code: str, message: str, uid: str) -> None:
        self.notices.append(Notice(code, message, Where(file=self.files[uid])))


def read_patients(paths: Iterable[Path], *, limits: Limits | None = None, with_grids: bool = True) -> Reading:
    """Read the RT objects of files, folders and zip archives, and put them together as patients.

    Parameters
    ----------
    paths : iterable of Path
        Files, each of which must be an RT object or an archive of some, and folders, below which they are looked
        for. Links below a folder are not followed; what is no RT object there is passed over.
    limits : Limits, optional
        How much is read.
    with_grids : bool, default True
        Keep doses and contours. Without them a patient takes little memory; what they say about prescriptions
        has been looked at all the same.

    Returns
    -------
    Reading
        A file that is refused hides no other. Its patient is marked incomplete; where that cannot be read and
        there is one patient, it is that one.
    """
    limits = limits or Limits()
    found = discover(paths, limits)
    patients, inputs, errors = [], list[InputFile](), list(found.errors)
    for files in found.patients:
        reading = read_patient(files, found, limits=limits)
        patient = reading.patient
        if not with_grids:
            patient = replace(patient, doses=(), plan_doses=(), structure_sets=())
        patients.append(patient)
        inputs += reading.inputs
        errors += reading.errors
    return Reading(tuple(patients), tuple(inputs), tuple(errors), found.notices)


def read_patient(files: PatientFiles, found: Discovery, *, limits: Limits) -> PatientReading:
    """Read the files of one patient.

    Parameters
    ----------
    files : PatientFiles
        The files.
    found : Discovery
        All that was found with them: a file may refer to another patient's.
    limits : Limits
        How much is read.

    Returns
    -------
    PatientReading
        With every plan that was read, and with the doses that are known to be a plan's.
    """
    parts = _Parts()
    for file in files.files:
        _read(file, parts, limits)
    if found.errors and len(found.patients) == 1:
        parts.incomplete = "a file was refused"
    others = {uid: label for uid, label in found.owners().items() if label != files.label}
    _refuse_references_to_others(parts, others)
    plan_doses = []
    for uid, plan in list(parts.plans.items()):
        structure_set = _structure_set_of(plan, parts)
        dose = _dose_of(plan, structure_set, parts)
        try:
            parts.plans[uid] = _checked(plan, dose, structure_set)
        except DicomError as error:
            parts.errors.append(error.at(replace(error.where, file=parts.files[uid])))
            parts.incomplete = "a plan was refused"
            del parts.plans[uid]
            continue
        plan_doses += [] if dose is None else [dose]
    _note_doses_without_plan(parts)
    _set_superseded_aside(parts)
    patient = _patient(files.label, parts, tuple(plan_doses))
    return PatientReading(patient, tuple(parts.inputs), tuple(parts.errors), parts.files)


def _read(file: FoundFile, parts: _Parts, limits: Limits) -> None:
    """Read one file into the parts, or note why not."""
    name, kind = file.source.name, file.header.kind
    parts.notices += file.notices
    try:
        if file.error is not None:
            raise file.error
        data = file.source.read(limits)
        parts.inputs.append(input_of(file, data))
        dataset = dataset_of(data, limits)
        del data
        if kind is Kind.PLAN:
            plan = read_plan(dataset)
            uid = plan.sop_instance_uid
            parts.plans[uid] = replace(plan, notices=_in_file(plan.notices, name))
        elif kind is Kind.DOSE:
            dose = read_dose(dataset, limits=limits)
            uid = dose.sop_instance_uid
            parts.doses[uid] = replace(dose, notices=_in_file(dose.notices, name))
        elif kind is Kind.STRUCTURE_SET:
            structures = read_structure_set(
                dataset,
                maximum_structures=limits.structures,
                maximum_contours=limits.contours,
                maximum_points=limits.contour_points,
            )
            uid = structures.sop_instance_uid
            parts.structure_sets[uid] = _set_in_file(structures, name)
        elif kind is Kind.RECORD:
            record = read_record(dataset)
            uid = record.sop_instance_uid
            parts.records[uid] = replace(record, notices=_in_file(record.notices, name))
        else:
            message = "a registration is there; it is not applied"
            parts.notices.append(Notice("registration.not-applied", message, Where(file=name)))
            return
        parts.files[uid] = name
    except RTFractionsError as error:
        parts.errors.append(error.at(replace(error.where, file=name)))
        if kind is Kind.PLAN:
            parts.incomplete = "a plan was refused"


def _in_file(notices: Iterable[Notice], name: str) -> tuple[Notice, ...]:
    return tuple(notice.at(replace(notice.where, file=name)) for notice in notices)


def _set_in_file(structures: StructureSet, name: str) -> StructureSet:
    return replace(
        structures,
        structures=tuple(replace(s, notices=_in_file(s.notices, name)) for s in structures.structures),
        refused=tuple(
            replace(r, error=r.error.at(replace(r.error.where, file=name))) for r in structures.refused
        ),
        notices=_in_file(structures.notices, name),
    )


def _refuse_references_to_others(parts: _Parts, others: Mapping[str, str]) -> None:
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


def _structure_set_of(plan: Plan, parts: _Parts) -> StructureSet | None:
    """The structure set a plan names, where it is there and in the plan's frame of reference."""
    uid = plan.structure_set_uid
    if uid is None or uid not in parts.structure_sets:
        if uid is not None and parts.structure_sets:
            message = "the plan's own structure set is not there; no other is taken for it"
            parts.note("plan.other-structure-set", message, plan.sop_instance_uid)
        return None
    found = parts.structure_sets[uid]
    if not _same_frame(plan.frame_of_reference_uid, found.frame_of_reference_uid):
        problem = "the structure set lies in another frame of reference than its plan"
        parts.refuse(uid, "FrameOfReferenceUID", problem, "positions in the two cannot be compared")
        del parts.structure_sets[uid]
        return None
    return found


def _same_frame(a: str | None, b: str | None) -> bool:
    """Whether two frames of reference may be one; one that is not stated may be."""
    return a is None or b is None or a == b


def _dose_of(plan: Plan, structure_set: StructureSet | None, parts: _Parts) -> PlanDose | None:
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
    found = dose_of_plan(plan, of_plan)
    parts.notices += found.notices
    parts.errors += found.errors
    return found.dose


def _checked(plan: Plan, dose: PlanDose | None, structure_set: StructureSet | None) -> Plan:
    """The plan with its prescriptions checked against its dose grid, as far as there is one."""
    if dose is not None:
        plan = with_rbe_stated(plan, effective=dose.dose_type is DoseType.EFFECTIVE)
    if dose is None:
        return check_plan(plan)
    at_contours = {}
    for target in plan.targets:
        if structure_set is None or target.structure_number is None:
            continue
        found = [s for s in structure_set.structures if s.number == target.structure_number]
        if found and (found_gy := _contour_dose_gy(found[0], dose)) is not None:
            at_contours[target.structure_number] = found_gy
    return check_plan(plan, maximum_dose_gy=dose.grid.maximum_gy, contour_dose_gy=at_contours)


def _contour_dose_gy(structure: Structure, dose: PlanDose) -> float | None:
    """Median dose at a target's contours, near which its prescription isodose runs; None where little is known."""
    points = structure.vertices_mm
    points = points[:: len(points) // MAXIMUM_CONTOUR_POINTS_SAMPLED + 1]
    if not len(points):
        return None
    doses, inside = dose.grid.sample_gy(points)
    return float(np.median(doses)) if inside.mean() > 0.5 else None


def _note_doses_without_plan(parts: _Parts) -> None:
    for uid, dose in parts.doses.items():
        missing = [plan for plan in dose.plan_uids if plan not in parts.plans]
        if not dose.plan_uids:
            parts.note(
                "dose.no-plan-reference",
                "the dose names no plan, so its number of fractions is not known",
                uid,
            )
        elif missing:
            parts.note(
                "dose.plan-missing", "the dose's plan is not there: its number of fractions is not known", uid
            )
        elif len(dose.plan_uids) > 1:
            message = "the dose is a sum over several plans: it has no number of fractions of its own"
            parts.note("dose.several-plans", message, uid)


def _set_superseded_aside(parts: _Parts) -> None:
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


def _patient(label: str, parts: _Parts, plan_doses: tuple[PlanDose, ...]) -> Patient:
    plans = sorted(parts.plans.values(), key=lambda plan: plan.sop_instance_uid)
    counted_plans = [plan for plan in plans if plan.set_aside is None]
    lesions: dict[str, Lesion] = {}
    for plan in counted_plans:
        records = [r for r in parts.records.values() if r.plan_uid == plan.sop_instance_uid]
        given, notices = delivered(plan, records)
        for target in plan.targets:
            name, times = target.name, 1
            while name in lesions:
                times += 1
                name = f"{target.name} ({times})"
            lesions[name] = Lesion(
                name,
                target.prescription,
                delivery=given,
                plan_uid=plan.sop_instance_uid,
                notices=_in_file(notices, parts.files[plan.sop_instance_uid]),
            )
    linked = all(target.structure_number is not None for plan in counted_plans for target in plan.targets)
    return Patient(
        label=label,
        lesions=tuple(lesions.values()),
        lesions_from=LesionsFrom.PLAN_LINKS if linked else LesionsFrom.PLAN_CANDIDATES,
        plans=tuple(plans),
        doses=_sorted(parts.doses.values()),
        plan_doses=plan_doses,
        structure_sets=_sorted(parts.structure_sets.values()),
        records=_sorted(parts.records.values()),
        incomplete=parts.incomplete,
        notices=tuple(parts.notices),
    )


def _sorted(objects: Iterable[_Object]) -> tuple[_Object, ...]:
    return tuple(sorted(objects, key=lambda o: o.sop_instance_uid))
