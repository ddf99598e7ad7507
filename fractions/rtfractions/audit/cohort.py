"""A cohort: the patients of a folder tree and of lesion sheets, each with all that is needed to grade it alone."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal, TypeVar

from rtfractions.audit.decisions import Rename, of_patient, of_patients, renaming, shared_part, strangers
from rtfractions.audit.privacy import renamed_error, renamed_notices, renamed_where, unquoted
from rtfractions.audit.settings import Settings
from rtfractions.dicom import Discovery, PatientFiles, discover
from rtfractions.dicom.discovery import FoundFile
from rtfractions.errors import InputFileError, RTFractionsError
from rtfractions.files import InputFile, read_bytes, sha256_hex
from rtfractions.names import normal
from rtfractions.notices import Notice
from rtfractions.patient import Patient, loose_id, similar_ids
from rtfractions.protocols.overlays import Overlay
from rtfractions.sheets import SUFFIXES, WORKBOOK_SUFFIXES, read_sheets

_Found = TypeVar("_Found", Patient, PatientFiles)
FoundIn = Literal["files", "sheet", "files and sheet"]

_COPY: Final = "file.copy"
"""Code of the notice of a copy, whose text names the file that is counted."""


@dataclass(frozen=True, slots=True)
class Task:
    """A patient to be graded: everything about one, nothing about others.

    Attributes
    ----------
    patient : str
        The pseudonym, which is also the name of the result file.
    label : str
        What the outputs call the patient: the pseudonym, or the Patient ID where identifiers are included.
    files : tuple of FoundFile
        The RT objects.
    lesions : Patient or None
        The patient as lesion sheets have it.
    is_alone : bool
        A file was refused whose patient is not known, and there is no other patient it can be of.
    overlay : Overlay or None
        What the overlay says of all patients, and of this one.
    """

    patient: str
    label: str
    files: tuple[FoundFile, ...]
    lesions: Patient | None
    is_alone: bool
    overlay: Overlay | None = None

    @property
    def found_in(self) -> FoundIn:
        """Who knows the patient."""
        if self.lesions is None:
            return "files"
        return "files and sheet" if self.files else "sheet"


@dataclass(frozen=True, slots=True)
class Shared:
    """What all tasks of a run share; workers get it once.

    Attributes
    ----------
    settings : Settings
        How the cohort is audited.
    sheets : tuple of InputFile
        The lesion sheets, as outputs name them.
    with_files : bool
        RT objects were given beside them.
    owners : mapping of str to str
        The patient of each object, by the UID that stands for its SOP Instance UID.
    """

    settings: Settings
    sheets: tuple[InputFile, ...]
    with_files: bool
    owners: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Cohort:
    """The patients that were found.

    Attributes
    ----------
    tasks : tuple of Task
        One a patient, in the order of their pseudonyms.
    shared : Shared
        What they share.
    errors : tuple of RTFractionsError
        What was refused and is known to be of no one patient.
    notices : tuple of Notice
        What is to be said of the cohort as a whole.
    """

    tasks: tuple[Task, ...]
    shared: Shared
    errors: tuple[RTFractionsError, ...]
    notices: tuple[Notice, ...]


def find_cohort(path: Path, sheets: Iterable[Path], settings: Settings) -> Cohort:
    """Find the patients below a path and on lesion sheets, and put together what belongs to one.

    Parameters
    ----------
    path : Path
        A folder, whose whole tree is looked through, a zip archive, an RT object, or itself a lesion sheet.
    sheets : iterable of Path
        Lesion sheets: what they say the lesions are stands.
    settings : Settings
        How the cohort is audited.
    """
    is_sheet = path.is_file() and path.suffix.lower() in (*SUFFIXES, *WORKBOOK_SUFFIXES)
    sheet_paths = [*([path] if is_sheet else []), *sheets]
    read = read_sheets(sheet_paths, allow_unusual=settings.allow_unusual)
    found = Discovery((), (), ()) if is_sheet else discover([path], settings.limits)
    names = dict[str, str | None]()
    sheet_inputs = read.inputs
    if not settings.include_identifiers:
        sheet_inputs = tuple(replace(sheet, name=_public(sheet.sha256)) for sheet in read.inputs)
        names = {str(sheet): _name_of_bytes(sheet, settings) for sheet in sheet_paths}
    on_sheet = _by_label((patient.label, patient) for patient in read.patients)
    in_files = _by_label((files.label, files) for files in found.patients)
    pseudonyms = {label: settings.key.patient(label) for label in dict.fromkeys((*on_sheet, *in_files))}
    _refuse_collisions(pseudonyms)
    rename = _renaming(pseudonyms, on_sheet, in_files, settings)
    decided = None if settings.overlay is None else settings.overlay.overlay
    if settings.overlay is not None:
        told = shared_part(settings.overlay, rename, with_path=settings.include_identifiers)
        settings = replace(settings, overlay=told)
    is_alone = bool(found.errors) and len(found.patients) == 1
    tasks, owners, labels = [], dict[str, str](), dict[str, str]()
    for label, pseudonym in pseudonyms.items():
        files, lesions = in_files.get(label), on_sheet.get(label)
        stated = files.label if files is not None else lesions.label if lesions is not None else label
        shown = stated if settings.include_identifiers else pseudonym
        labels[stated] = pseudonym
        own = () if files is None else files.files
        if not settings.include_identifiers:
            own = tuple(_without_others_names(file, found) for file in own)
            lesions = None if lesions is None else _with_sheet_named(lesions, names)
        own_decisions = None
        if decided is not None and settings.overlay is not None:
            own_decisions = of_patient(decided, settings.overlay.overlay, stated, shown, rename)
        alone = is_alone and files is not None
        tasks.append(Task(pseudonym, shown, own, lesions, alone, own_decisions))
        for file in own:
            if file.header.sop_instance_uid:
                owners[settings.key.uid(file.header.sop_instance_uid)] = shown
    errors: tuple[RTFractionsError, ...] = (*read.errors, *found.errors)
    notices = tuple(notice for notice in found.notices if notice.code != "patient.similar-id")
    if not settings.include_identifiers:
        errors = (
            *(_sheet_error(error, names) for error in read.errors),
            *(_file_error(error, path, settings) for error in found.errors),
        )
        notices = tuple(_without_names(notice, path, settings) for notice in notices)
    notices = (*notices, *_similar(labels, settings))
    if decided is not None:
        notices += strangers(decided, labels, with_names=settings.include_identifiers)
    shared = Shared(settings, sheet_inputs, with_files=not is_sheet, owners=owners)
    return Cohort(
        tuple(sorted(tasks, key=lambda task: task.patient)),
        shared,
        tuple(sorted(errors, key=str)),
        tuple(sorted(dict.fromkeys(notices), key=str)),
    )


def _by_label(patients: Iterable[tuple[str, _Found]]) -> dict[str, _Found]:
    """Patients by label as labels are compared; of two that compare alike, the second stands apart."""
    found: dict[str, _Found] = {}
    for label, patient in patients:
        key = normal(label)
        while key in found:
            key += "\0"
        found[key] = patient
    return found


def _renaming(
    pseudonyms: Mapping[str, str],
    on_sheet: Mapping[str, Patient],
    in_files: Mapping[str, PatientFiles],
    settings: Settings,
) -> Rename:
    """What takes the labels of patients out of the overlay's texts; nothing where identifiers are included."""
    if settings.overlay is None or settings.include_identifiers:
        return lambda text: text
    names = {
        label: settings.key.patient(normal(label)) for _, _, label in of_patients(settings.overlay.overlay)
    }
    for key, pseudonym in pseudonyms.items():
        names.update((each[key].label, pseudonym) for each in (on_sheet, in_files) if key in each)
    return renaming(names)


def _refuse_collisions(pseudonyms: Mapping[str, str]) -> None:
    """Two patients of one name would share a result file: so unlikely that another key is the answer."""
    if len(set(pseudonyms.values())) < len(pseudonyms):
        raise InputFileError(
            "two patients would get the same pseudonym", remedy="name another key with --pseudonym-key"
        )


def _public(sha256: str) -> str:
    """What outputs call a file whose path they must not name."""
    return f"sha256:{sha256}"


def _with_sheet_named(patient: Patient, names: Mapping[str, str | None]) -> Patient:
    lesions = tuple(replace(each, notices=renamed_notices(each.notices, names)) for each in patient.lesions)
    return replace(patient, lesions=lesions, notices=renamed_notices(patient.notices, names))


def _sheet_error(error: RTFractionsError, names: Mapping[str, str | None]) -> RTFractionsError:
    where = renamed_where(error.where, names)
    if isinstance(where.column, str):
        where = replace(where, column=unquoted(where.column))
    return type(error)(unquoted(error.problem), remedy=unquoted(error.remedy), where=where)


def _without_others_names(file: FoundFile, found: Discovery) -> FoundFile:
    """The file, its refusal telling no name of the files that contest its UID."""
    if file.error is None:
        return file
    uid = file.header.sop_instance_uid
    rivals: dict[str, str | None] = {
        other.source.name: None
        for patient in found.patients
        for other in patient.files
        if other.header.sop_instance_uid == uid and other.source.name != file.source.name
    }
    rivals[file.source.name] = file.source.name  # its own place is named with the others, by its bytes
    return replace(file, error=renamed_error(file.error, rivals))


def _file_error(error: RTFractionsError, path: Path, settings: Settings) -> RTFractionsError:
    """A refusal of a file of no known patient, named by the SHA-256 of its bytes where they can be read."""
    name = error.where.file
    if name is None:
        return error
    place = path / name if path.is_dir() else path
    return renamed_error(error, {name: _name_of_bytes(place, settings)})


def _name_of_bytes(path: Path, settings: Settings) -> str | None:
    """A file's name by its bytes; None for a folder, a member of an archive, and what cannot be read."""
    try:
        return _public(sha256_hex(read_bytes(path, name="", maximum_bytes=settings.limits.file_bytes)))
    except RTFractionsError:
        return None


def _without_names(notice: Notice, path: Path, settings: Settings) -> Notice:
    """A notice about files, without their paths; copies have one name, that of their bytes."""
    name, message = None, notice.message
    if notice.code == _COPY:
        message = "is there more than once, and counted once"
        name = None if notice.where.file is None else _name_of_bytes(path / notice.where.file, settings)
    return Notice(notice.code, message, replace(notice.where, file=name))


def _similar(labels: Mapping[str, str], settings: Settings) -> list[Notice]:
    """Patients with nearly the same ID; said of the cohort, so that no patient's result depends on another's name."""
    if settings.include_identifiers:
        return list(similar_ids(labels).values())
    alike: dict[str, list[str]] = {}
    for label, pseudonym in labels.items():
        alike.setdefault(loose_id(label), []).append(pseudonym)
    message = "their IDs are similar, and taken as those of different patients"
    return [
        Notice("patient.similar-id", f"{', '.join(sorted(same))}: {message}")
        for same in alike.values()
        if len(same) > 1
    ]
