"""What lies below files and folders: RT objects by their headers, grouped by patient, never by name."""

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, TypeAlias

from rtfractions.dicom.limits import Limits
from rtfractions.dicom.reading import (
    HEADER_BYTES,
    LONG_HEADER_BYTES,
    DicomError,
    Header,
    Kind,
    LongHeaderError,
    dataset_of,
    has_preamble,
    header_of,
    looks_like_dicom,
)
from rtfractions.dicom.sources import ZIP_START, Archives, Source, below, members
from rtfractions.errors import InputFileError, RTFractionsError, Where, counted
from rtfractions.files import InputFile, sha256_hex
from rtfractions.notices import Notice
from rtfractions.patient import similar_ids

RIVALS_NAMED: Final = 3
"""How many files of the same UID a message names."""

_Key: TypeAlias = tuple[str, str, str]
"""A patient ID, ``"study"`` or ``"frame"``, and the UID."""

# What is passed over: a noun, of which there may be several, and what stands behind it.
_OTHER_FILE: Final = ("other file", "")
_LINK: Final = ("link", "")
_INNER_ARCHIVE: Final = ("archive", " in an archive")


@dataclass(frozen=True, slots=True)
class FoundFile:
    """An RT object, as far as its header tells.

    Attributes
    ----------
    source : Source
        Where its bytes are.
    header : Header
        What it says it is.
    notices : tuple of Notice
        What is odd about the file.
    error : RTFractionsError or None
        Why it must not be read.
    """

    source: Source
    header: Header
    notices: tuple[Notice, ...] = ()
    error: RTFractionsError | None = None


@dataclass(frozen=True, slots=True)
class PatientFiles:
    """The RT objects of one patient.

    Attributes
    ----------
    label : str
        The Patient ID; without one, the study says who belongs together.
    files : tuple of FoundFile
        In the order in which they were found.
    """

    label: str
    files: tuple[FoundFile, ...]

    @property
    def has_plan(self) -> bool:
        """Whether one of them says it is a plan."""
        return any(file.header.kind is Kind.PLAN for file in self.files)


@dataclass(frozen=True, slots=True)
class Discovery:
    """What was found.

    Attributes
    ----------
    patients : tuple of PatientFiles
        Sorted by label.
    errors : tuple of RTFractionsError
        Files and folders that were refused, and whose patient is not known.
    notices : tuple of Notice
        What was passed over.
    """

    patients: tuple[PatientFiles, ...]
    errors: tuple[RTFractionsError, ...]
    notices: tuple[Notice, ...]
    _owners: Mapping[str, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        owners = {
            file.header.sop_instance_uid: patient.label
            for patient in self.patients
            for file in patient.files
            if file.header.sop_instance_uid
        }
        object.__setattr__(self, "_owners", owners)

    def owners(self) -> Mapping[str, str]:
        """The patient of each object, by SOP Instance UID."""
        return self._owners


@dataclass(slots=True)
class _Finds:
    """What has been found so far."""

    limits: Limits
    files: list[FoundFile] = field(default_factory=list)
    errors: list[RTFractionsError] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    passed: Counter[tuple[str, str]] = field(default_factory=Counter)
    archives: Archives = field(default_factory=Archives)

    def refuse(self, problem: str, name: str, remedy: str = "") -> None:
        self.errors.append(InputFileError(problem, remedy=remedy, where=Where(file=name)))


def discover(paths: Iterable[Path], limits: Limits) -> Discovery:
    """Find the RT objects of files, folders and zip archives.

    Parameters
    ----------
    paths : iterable of Path
        Files, each of which must be an RT object or an archive of some, and folders, below which they are looked
        for. A DICOMDIR is not followed, nor are links below a folder.
    limits : Limits
        How much is looked at.

    Returns
    -------
    Discovery
        A file that is refused hides no other.
    """
    finds = _Finds(limits)
    try:
        for path in paths:
            _look_at_named(path, finds)
        patients = _patients(_without_copies(finds))
    finally:
        finds.archives.close()
    finds.notices += similar_ids(patient.label for patient in patients).values()
    return Discovery(patients, tuple(finds.errors), tuple(finds.notices))


def _look_at_named(path: Path, finds: _Finds) -> None:
    """Look at what the user named, and say what was passed over in it."""
    before = len(finds.files) + len(finds.errors)
    holds_others = os.path.isdir(path)
    if holds_others:
        _look_below(path, finds)
    else:
        holds_others = _look_at(Source(path, str(path)), finds)
    if len(finds.files) + len(finds.errors) == before:
        what = "holds no RT object" if holds_others else "is no RT object"
        finds.refuse(what, str(path), "plans, structure sets, doses and treatment records are read")
    if finds.passed and holds_others:
        passed = [counted(number, noun) + rest for (noun, rest), number in sorted(finds.passed.items())]
        message = f"passed over: {', '.join(passed)}"
        finds.notices.append(Notice("folder.passed-over", message, Where(file=str(path))))
    finds.passed.clear()


def _look_below(folder: Path, finds: _Finds) -> None:
    for number, (path, what) in enumerate(below(folder)):
        if number == finds.limits.files:
            finds.refuse(f"holds more than the {finds.limits.files} files looked at", str(folder))
            break
        name = str(path.relative_to(folder))
        if isinstance(what, OSError):
            finds.refuse(f"cannot be read ({what.strerror})", name)
        elif what == "file":
            _look_at(Source(path, name), finds)
        else:
            finds.passed[_LINK if what == "link" else _OTHER_FILE] += 1


def _look_at(source: Source, finds: _Finds) -> bool:
    """Take a file in, or count it among those passed over; whether it is an archive of DICOM files."""
    try:
        start = source.start(HEADER_BYTES)
        if start.startswith(ZIP_START):
            return _look_into(source, finds)
        if not looks_like_dicom(start):
            finds.passed[_OTHER_FILE] += 1
            return False
        try:
            header = header_of(start)
        except LongHeaderError:
            header = header_of(source.start(LONG_HEADER_BYTES), LONG_HEADER_BYTES)
    except RTFractionsError as error:
        finds.errors.append(error.at(replace(error.where, file=source.name)))
        return False
    if header.kind is Kind.OTHER:
        finds.passed[(f"{header.modality} file", "") if header.modality.isalpha() else _OTHER_FILE] += 1
        return False
    notices: tuple[Notice, ...] = ()
    if not has_preamble(start):
        message = "lacks the preamble of a DICOM file; it was read by what it holds"
        notices = (Notice("file.no-preamble", message, Where(file=source.name)),)
    finds.files.append(FoundFile(source, header, notices))
    return False


def _look_into(source: Source, finds: _Finds) -> bool:
    """Look at the members of an archive; one without any DICOM, as an Office file is, counts as one other file."""
    if source.member is not None:
        finds.passed[_INNER_ARCHIVE] += 1
        return False
    inside = _Finds(finds.limits, archives=finds.archives)
    for member in members(source.path, source.name, finds.archives, finds.limits):
        _look_at(member, inside)
    if not (inside.files or inside.errors or inside.passed.keys() - {_OTHER_FILE}):
        finds.passed[_OTHER_FILE] += 1
        return False
    finds.files += inside.files
    finds.errors += inside.errors
    finds.passed += inside.passed
    return True


def _without_copies(finds: _Finds) -> list[FoundFile]:
    """Each object once: a copy is dropped, two contents under one UID are refused both."""
    namesakes: dict[str, list[FoundFile]] = {}
    for file in finds.files:
        namesakes.setdefault(file.header.sop_instance_uid, []).append(file)
    kept: list[FoundFile] = []
    for file in finds.files:
        same = namesakes[file.header.sop_instance_uid]
        if len(same) == 1 or not file.header.sop_instance_uid:
            kept.append(file)
        elif file is same[0]:
            kept += _told_apart(same, finds)
    return kept


def _told_apart(same: list[FoundFile], finds: _Finds) -> Iterator[FoundFile]:
    contents: dict[str, FoundFile] = {}
    for file in same:
        try:
            data = file.source.read(finds.limits)
            dataset_of(data, finds.limits)
        except RTFractionsError as error:
            yield replace(file, error=error)  # a damaged copy contests nothing
            continue
        digest = sha256_hex(data)
        if digest in contents:
            message = f"is a copy of {contents[digest].source.name}, and counted once"
            finds.notices.append(Notice("file.copy", message, Where(file=file.source.name)))
        contents.setdefault(digest, file)
    for digest, file in contents.items():
        if len(contents) == 1:
            yield file
            continue
        others = [f"{other.source.name} (sha256 {d[:12]})" for d, other in contents.items() if d != digest]
        named = ", ".join(others[:RIVALS_NAMED]) + " and more" * (len(others) > RIVALS_NAMED)
        problem = f"shares its SOP Instance UID with {named}, and has other content (sha256 {digest[:12]})"
        contested = DicomError(problem, remedy="keep the right one", where=Where(file=file.source.name))
        yield replace(file, error=contested)


def _patients(files: Sequence[FoundFile]) -> tuple[PatientFiles, ...]:
    """The files by patient: ID and, where one ID comes from several issuers, its issuer.

    A file without an ID, or without the issuer where others name several, belongs to those that it shares study or
    frame of reference with.
    """
    groups = _by_study_or_frame([file.header for file in files])
    issuers, issuers_there, studies = dict[str, set[str]](), dict[_Key, set[str]](), dict[_Key, set[str]]()
    for file, group in zip(files, groups, strict=True):
        header = file.header
        issuers.setdefault(header.patient_id, set()).update({header.issuer} - {""})
        issuers_there.setdefault(group, set()).update({header.issuer} - {""})
        studies.setdefault(group, set()).update({header.study_uid} - {""})
    patients: dict[str, list[FoundFile]] = {}
    for file, group in zip(files, groups, strict=True):
        label, issuer, there = file.header.patient_id, file.header.issuer, issuers_there[group]
        if not label:
            label = f"(no patient ID, {_told(group, studies[group])})"
        elif len(issuers[label]) > 1:
            if not issuer and len(there) == 1:
                (issuer,) = there
            elif not issuer:
                file = _kept_apart(file)
            label = f"{label} (issuer {issuer or 'not stated'})"
        patients.setdefault(label, []).append(file)
    return tuple(PatientFiles(label, tuple(patients[label])) for label in sorted(patients))


def _kept_apart(file: FoundFile) -> FoundFile:
    message = (
        "names no issuer of its patient ID, where other files of that ID name several and neither study nor frame "
        "of reference tells which: it is taken as another patient's"
    )
    return replace(
        file,
        notices=(*file.notices, Notice("patient.issuer-missing", message, Where(file=file.source.name))),
    )


def _told(group: _Key, studies: set[str]) -> str:
    """What tells files without a patient ID from others."""
    if studies:
        return f"study {min(studies)}"
    return f"frame of reference {group[2]}" if group[2] else "study not stated"


def _by_study_or_frame(headers: Sequence[Header]) -> list[_Key]:
    """The group of each header: the same for those of one patient ID that study or frame of reference join."""
    parents: dict[_Key, _Key] = {}

    def root(key: _Key) -> _Key:
        while (parent := parents.setdefault(key, key)) != key:
            parents[key] = key = parents[parent]
        return key

    firsts = []
    for header in headers:
        named = {"study": header.study_uid, "frame": header.frame_uid}
        keys = [(header.patient_id, what, uid) for what, uid in named.items() if uid]
        keys = keys or [(header.patient_id, "", "")]
        low, high = sorted((root(keys[0]), root(keys[-1])))
        parents[high] = low
        firsts.append(keys[0])
    return [root(key) for key in firsts]


def input_of(file: FoundFile, data: bytes) -> InputFile:
    """A file that was read, for the reports."""
    header = file.header
    return InputFile(
        file.source.name, sha256_hex(data), header.modality or None, header.sop_instance_uid or None
    )
