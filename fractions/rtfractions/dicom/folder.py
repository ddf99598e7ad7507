"""Patients from files and folders: grouped by what the files say, never by how they are named."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from pydicom.dataset import Dataset

from rtfractions.dicom.plan import read_plan
from rtfractions.dicom.reading import DicomError, is_plan, looks_like_dicom, read_file, refusing
from rtfractions.dicom.values import text_of
from rtfractions.errors import InputFileError, RTFractionsError, Where
from rtfractions.files import InputFile, sha256_hex
from rtfractions.patient import Lesion, LesionsFrom, Patient, Plan

MAXIMUM_FILES: Final = 100_000
"""Most files that are looked at below one folder."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What files and folders hold.

    Attributes
    ----------
    patients : tuple of Patient
        Sorted by label.
    inputs : tuple of InputFile
        The plans that were read, those refused for their values too.
    errors : tuple of RTFractionsError
        The files that were refused.
    """

    patients: tuple[Patient, ...]
    inputs: tuple[InputFile, ...]
    errors: tuple[RTFractionsError, ...]


@dataclass(frozen=True, slots=True)
class _File:
    """A file as far as it could be read: a plan, or an error."""

    name: str
    input: InputFile | None = None
    patient: str | None = None
    plan: Plan | None = None
    error: RTFractionsError | None = None


def read_patients(paths: Iterable[Path]) -> Reading:
    """Read the RT Plans of files and folders, and put them together as patients.

    Parameters
    ----------
    paths : iterable of Path
        Files, each of which must be an RT Plan, and folders, below which RT Plans are looked for. Links below a
        folder are not followed; what is no RT Plan there is passed over.

    Returns
    -------
    Reading
        A file that is refused hides no other; its patient, where it is known, is marked incomplete.
    """
    files: list[_File] = []
    for path in paths:
        found = list(_plans_at(path))
        if not found:
            found = [_File(str(path), error=InputFileError("holds no RT Plan", where=Where(file=str(path))))]
        files += found
    files = _without_conflicts(files)
    patients = [
        _patient(label, files) for label in sorted({f.patient for f in files if f.patient is not None})
    ]
    return Reading(
        patients=tuple(patients),
        inputs=tuple(file.input for file in files if file.input is not None),
        errors=tuple(file.error for file in files if file.error is not None),
    )


def _plans_at(path: Path) -> Iterator[_File]:
    """The plans of a file or below a folder, named as the user named the file, or relative to the folder."""
    if not path.is_dir():
        yield _read(path, str(path), must_be_plan=True)
        return
    looked_at = 0
    for folder, folders, names in os.walk(path, followlinks=False):
        folders.sort()
        for name in sorted(names):
            file = Path(folder, name)
            looked_at += 1
            if looked_at > MAXIMUM_FILES:
                where = Where(file=str(path))
                yield _File(
                    str(path),
                    error=InputFileError(f"holds more than the {MAXIMUM_FILES} files looked at", where=where),
                )
                return
            if file.is_file() and not file.is_symlink() and looks_like_dicom(file):
                found = _read(file, str(file.relative_to(path)), must_be_plan=False)
                if found.input is not None or found.error is not None:
                    yield found


def _read(path: Path, name: str, *, must_be_plan: bool) -> _File:
    file: InputFile | None = None
    patient: str | None = None
    try:
        with refusing(name):
            if must_be_plan and path.is_file() and not looks_like_dicom(path):
                raise DicomError("is no DICOM file")
            if path.is_file() and not is_plan(path):
                if must_be_plan:
                    raise DicomError("is no RT Plan", remedy="name the plan, or the folder it is in")
                return _File(name)
            dataset, data = read_file(path, name=name)
            patient = _patient_label(dataset)
            file = InputFile(path, name, sha256_hex(data), "RTPLAN", text_of(dataset, "SOPInstanceUID"))
            return _File(name, file, patient, plan=read_plan(dataset))
    except RTFractionsError as error:
        return _File(name, file, patient, error=error)


def _patient_label(dataset: Dataset) -> str:
    """The Patient ID; without one, the study says who belongs together."""
    study = text_of(dataset, "StudyInstanceUID")
    return text_of(dataset, "PatientID") or f"(no patient ID, study {study or 'not stated'})"


def _without_conflicts(files: list[_File]) -> list[_File]:
    """Each plan once: the same file twice counts once, two files with one UID are both refused."""
    by_uid: dict[str, set[str]] = {}
    for file in files:
        if file.input is not None and file.input.sop_instance_uid is not None:
            by_uid.setdefault(file.input.sop_instance_uid, set()).add(file.input.sha256)
    kept: dict[tuple[str, str], _File] = {}
    for file in files:
        key = (file.name, "")
        if file.input is not None and file.input.sop_instance_uid is not None:
            uid = file.input.sop_instance_uid
            key = (uid, file.input.sha256)
            if len(by_uid[uid]) > 1 and file.error is None:
                problem = f"has the SOP Instance UID of another file of other content ({', '.join(sorted(by_uid[uid]))})"
                error = DicomError(problem, remedy="keep the right one", where=Where(file=file.name))
                file = replace(file, plan=None, error=error)
        kept.setdefault(key, file)
    return list(kept.values())


def _patient(label: str, files: list[_File]) -> Patient:
    own = [file for file in files if file.patient == label]
    plans = [
        replace(file.plan, notices=tuple(n.at(replace(n.where, file=file.name)) for n in file.plan.notices))
        for file in own
        if file.plan is not None
    ]
    counted = [plan for plan in plans if plan.set_aside is None]
    lesions: dict[str, Lesion] = {}
    for plan in counted:
        for target in plan.targets:
            label_of_lesion, times = target.name, 1
            while label_of_lesion in lesions:
                times += 1
                label_of_lesion = f"{target.name} ({times})"
            lesions[label_of_lesion] = Lesion(
                label_of_lesion, target.prescription, plan_uid=plan.sop_instance_uid
            )
    linked = all(target.structure_number is not None for plan in counted for target in plan.targets)
    return Patient(
        label=label,
        lesions=tuple(lesions.values()),
        lesions_from=LesionsFrom.PLAN_LINKS if linked else LesionsFrom.PLAN_CANDIDATES,
        plans=tuple(plans),
        incomplete="a plan was refused" if any(file.error is not None for file in own) else None,
    )
