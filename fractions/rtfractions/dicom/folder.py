"""Patients from files and folders: grouped by what the files say, never by how they are named."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from rtfractions.dicom.plan import read_plan
from rtfractions.dicom.reading import DicomError, read_file, read_header
from rtfractions.dicom.values import text_of
from rtfractions.errors import InputFileError, RTFractionsError, Where, counted
from rtfractions.files import InputFile, sha256_hex
from rtfractions.notices import Notice
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
        The files and folders that were refused.
    notices : tuple of Notice
        What was passed over.
    """

    patients: tuple[Patient, ...]
    inputs: tuple[InputFile, ...]
    errors: tuple[RTFractionsError, ...]
    notices: tuple[Notice, ...]


@dataclass(frozen=True, slots=True)
class _File:
    """A file as far as it could be read: a plan, or an error."""

    path: Path
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
        A file that is refused hides no other. Its patient is marked incomplete; where that cannot be read and
        there is one patient, it is that one.
    """
    files: list[_File] = []
    notices: list[Notice] = []
    for path in paths:
        found = list(_below(path, notices)) if path.is_dir() else [_named_outright(path)]
        if not found:
            error = InputFileError("holds no RT Plan", where=Where(file=str(path)))
            found = [_File(path, str(path), error=error)]
        files += found
    files = _without_conflicts(files)
    labels = sorted({file.patient for file in files if file.patient is not None})
    if len(labels) == 1:
        files = [replace(file, patient=labels[0]) if file.patient is None else file for file in files]
    return Reading(
        patients=tuple(
            _patient(label, [file for file in files if file.patient == label]) for label in labels
        ),
        inputs=tuple(file.input for file in files if file.input is not None),
        errors=tuple(file.error for file in files if file.error is not None),
        notices=tuple(notices),
    )


def _named_outright(path: Path) -> _File:
    name = str(path)
    file = _read(path, name)
    if file is None:
        error = DicomError(
            "is no RT Plan", remedy="name the plan, or the folder it is in", where=Where(file=name)
        )
        return _File(path, name, error=error)
    return file


def _below(folder: Path, notices: list[Notice]) -> Iterator[_File]:
    """The plans below a folder, named relative to it, and what could not be read; the rest is only counted."""
    links = others = 0
    unreadable: list[OSError] = []
    for number, path in enumerate(_walk(folder, unreadable)):
        name = str(path.relative_to(folder))
        if number == MAXIMUM_FILES:
            error = InputFileError(
                f"holds more than the {MAXIMUM_FILES} files looked at", where=Where(file=str(folder))
            )
            yield _File(folder, str(folder), error=error)
            break
        if path.is_symlink():
            links += 1
        elif not path.is_file():
            others += 1
        else:
            file = _read(path, name)
            if file is None:
                others += 1
            else:
                yield file
    for problem in unreadable:
        where = Where(file=os.path.relpath(str(problem.filename), folder))
        yield _File(
            folder, str(where.file), error=InputFileError(f"cannot be read ({problem.strerror})", where=where)
        )
    passed = [counted(others, "file") + " without an RT Plan"] * bool(others)
    passed += [counted(links, "link")] * bool(links)
    if passed:
        notices.append(
            Notice("folder.passed-over", f"passed over: {' and '.join(passed)}", Where(file=str(folder)))
        )


def _walk(folder: Path, unreadable: list[OSError]) -> Iterator[Path]:
    """Everything below a folder but folders, in one order everywhere; links to folders count as links."""
    for parent, folders, names in os.walk(folder, onerror=unreadable.append, followlinks=False):
        linked = [name for name in folders if Path(parent, name).is_symlink()]
        folders.sort()
        for name in sorted(names + linked):
            yield Path(parent, name)


def _read(path: Path, name: str) -> _File | None:
    """A plan, or why it was refused; None where the file is no plan."""
    file = _File(path, name)
    try:
        header = read_header(path, name=name)
        if header is None or not header.is_plan:
            return None
        file = replace(file, patient=header.patient)
        dataset, data = read_file(path, name=name)
        uid = text_of(dataset, "SOPInstanceUID")
        file = replace(file, input=InputFile(name, sha256_hex(data), "RTPLAN", uid))
        return replace(file, plan=read_plan(dataset))
    except RTFractionsError as error:
        return replace(file, error=error.at(replace(error.where, file=name)))


def _without_conflicts(files: list[_File]) -> list[_File]:
    """Each plan once: the same file twice counts once, two files with one UID are both refused."""
    contents: dict[str, set[str]] = {}
    for file in files:
        if file.input is not None and file.input.sop_instance_uid is not None:
            contents.setdefault(file.input.sop_instance_uid, set()).add(file.input.sha256)
    kept: dict[tuple[object, ...], _File] = {}
    for file in files:
        if file.input is None or file.input.sop_instance_uid is None:
            kept[file.path, file.name] = file
            continue
        uid, content = file.input.sop_instance_uid, file.input.sha256
        if len(contents[uid]) > 1 and file.error is None:
            hashes = ", ".join(sorted(contents[uid]))
            problem = f"has the SOP Instance UID of another file of other content ({hashes})"
            error = DicomError(problem, remedy="keep the right one", where=Where(file=file.name))
            file = replace(file, plan=None, error=error)
        kept.setdefault((uid, content), file)
    return list(kept.values())


def _patient(label: str, files: list[_File]) -> Patient:
    plans = sorted(
        (
            replace(
                file.plan, notices=tuple(n.at(replace(n.where, file=file.name)) for n in file.plan.notices)
            )
            for file in files
            if file.plan is not None
        ),
        key=lambda plan: plan.sop_instance_uid,
    )
    counted_plans = [plan for plan in plans if plan.set_aside is None]
    lesions: dict[str, Lesion] = {}
    for plan in counted_plans:
        for target in plan.targets:
            name, times = target.name, 1
            while name in lesions:
                times += 1
                name = f"{target.name} ({times})"
            lesions[name] = Lesion(name, target.prescription, plan_uid=plan.sop_instance_uid)
    linked = all(target.structure_number is not None for plan in counted_plans for target in plan.targets)
    return Patient(
        label=label,
        lesions=tuple(lesions.values()),
        lesions_from=LesionsFrom.PLAN_LINKS if linked else LesionsFrom.PLAN_CANDIDATES,
        plans=tuple(plans),
        incomplete="a plan was refused" if any(file.error is not None for file in files) else None,
    )
