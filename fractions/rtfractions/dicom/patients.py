"""Patients put together from their files."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from rtfractions.dicom.discovery import Discovery, FoundFile, PatientFiles, discover, input_of
from rtfractions.dicom.dose import read_dose
from rtfractions.dicom.lesions import are_linked, lesions_of
from rtfractions.dicom.limits import Limits
from rtfractions.dicom.links import link
from rtfractions.dicom.parts import Parts
from rtfractions.dicom.plan import read_plan
from rtfractions.dicom.reading import Kind, dataset_of
from rtfractions.dicom.structure_set import read_structure_set
from rtfractions.dicom.treatment_record import read_record
from rtfractions.doses import Dose
from rtfractions.errors import RTFractionsError, SettingError, Where
from rtfractions.files import InputFile
from rtfractions.notices import Notice
from rtfractions.patient import LesionsFrom, Patient
from rtfractions.records import TreatmentRecord
from rtfractions.structures import StructureSet

_Object = TypeVar("_Object", Dose, StructureSet, TreatmentRecord)


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
    """

    patient: Patient
    inputs: tuple[InputFile, ...]
    errors: tuple[RTFractionsError, ...]


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
            of_doses = tuple(notice for dose in patient.doses for notice in dose.notices)
            patient = replace(
                patient, doses=(), plan_doses=(), structure_sets=(), notices=patient.notices + of_doses
            )
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
    parts, inputs = Parts(), list[InputFile]()
    for file in files.files:
        _read(file, parts, inputs, limits)
    if found.errors and len(found.patients) == 1:
        parts.incomplete = "a file was refused"
    link(parts, files.label, found.owners())
    return PatientReading(_patient(files.label, parts), tuple(inputs), tuple(parts.errors))


def _read(file: FoundFile, parts: Parts, inputs: list[InputFile], limits: Limits) -> None:
    """Read one file into the parts, or note why not."""
    name, kind = file.source.name, file.header.kind
    parts.notices += file.notices
    try:
        if file.error is not None:
            raise file.error
        data = file.source.read(limits)
        inputs.append(input_of(file, data))
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
    except SettingError:  # no fault of the file
        raise
    except RTFractionsError as error:
        parts.errors.append(error.at(replace(error.where, file=name)))
        parts.refused.add(file.header.sop_instance_uid)
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


def _patient(label: str, parts: Parts) -> Patient:
    plans = sorted(parts.plans.values(), key=lambda plan: plan.sop_instance_uid)
    counted_plans = [plan for plan in plans if plan.set_aside is None]
    return Patient(
        label=label,
        lesions=lesions_of(counted_plans),
        lesions_from=LesionsFrom.PLAN_LINKS if are_linked(counted_plans) else LesionsFrom.PLAN_CANDIDATES,
        plans=tuple(plans),
        doses=_sorted(parts.doses.values()),
        plan_doses=tuple(parts.plan_doses),
        structure_sets=_sorted(parts.structure_sets.values()),
        records=_sorted(parts.records.values()),
        incomplete=parts.incomplete,
        notices=tuple(parts.notices),
    )


def _sorted(objects: Iterable[_Object]) -> tuple[_Object, ...]:
    return tuple(sorted(objects, key=lambda o: o.sop_instance_uid))
