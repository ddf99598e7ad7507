"""What lies below files and folders: RT objects by their headers, grouped by patient, never by name."""

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from rtfractions.dicom.limits import Limits
from rtfractions.dicom.reading import (
    HEADER_BYTES,
    CutShortError,
    DicomError,
    Header,
    Kind,
    dataset_of,
    has_preamble,
    header_of,
    looks_like_dicom,
)
from rtfractions.dicom.sources import ZIP_START, Source, below, members
from rtfractions.errors import InputFileError, RTFractionsError, Where, counted
from rtfractions.files import InputFile, sha256_hex
from rtfractions.notices import Notice
from rtfractions.patient import similar_ids

RIVALS_NAMED: Final = 3
"""How many files of the same UID a message names."""


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

    def owners(self) -> dict[str, str]:
        """The patient of each object, by SOP Instance UID."""
        return {
            file.header.sop_instance_uid: patient.label
            for patient in self.patients
            for file in patient.files
            if file.header.sop_instance_uid
        }


@dataclass(slots=True)
class _Finds:
    """What has been found so far."""

    limits: Limits
    files: list[FoundFile] = field(default_factory=list)
    errors: list[RTFractionsError] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    passed: Counter[str] = field(default_factory=Counter)

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
    for path in paths:
        before = len(finds.files) + len(finds.errors)
        if path.is_dir():
            _look_below(path, finds)
        else:
            _look_at(Source(path, str(path)), finds)
        if len(finds.files) + len(finds.errors) == before:
            what = "holds no RT object" if path.is_dir() or finds.passed["archives"] else "is no RT object"
            finds.refuse(what, str(path), "plans, structure sets, doses and treatment records are read")
        _say_what_was_passed_over(path, finds)
    files = _without_copies(finds)
    labels = _labels(files)
    finds.notices += similar_ids(sorted(set(labels))).values()
    return Discovery(
        patients=tuple(
            PatientFiles(label, tuple(file for file, of in zip(files, labels, strict=True) if of == label))
            for label in sorted(set(labels))
        ),
        errors=tuple(finds.errors),
        notices=tuple(finds.notices),
    )


def _look_below(folder: Path, finds: _Finds) -> None:
    unreadable: list[OSError] = []
    for number, path in enumerate(below(folder, unreadable)):
        if number == finds.limits.files:
            finds.refuse(f"holds more than the {finds.limits.files} files looked at", str(folder))
            break
        if path.is_symlink():
            finds.passed["links"] += 1
        elif not path.is_file():
            finds.passed["other files"] += 1
        else:
            _look_at(Source(path, str(path.relative_to(folder))), finds)
    for problem in unreadable:
        name = os.path.relpath(str(problem.filename), folder)
        finds.refuse(f"cannot be read ({problem.strerror})", name)


def _look_at(source: Source, finds: _Finds) -> None:
    """Take a file in, or count it among those passed over."""
    try:
        start = source.start(HEADER_BYTES)
        if start.startswith(ZIP_START) and source.archive is None:
            finds.passed["archives"] += 1
            for member in members(source.path, source.name, finds.limits):
                _look_at(member, finds)
            return
        if not looks_like_dicom(start):
            finds.passed["other files"] += 1
            return
        try:
            header = header_of(start, finds.limits)
        except CutShortError:
            header = header_of(source.read(finds.limits), finds.limits)
    except RTFractionsError as error:
        finds.errors.append(error.at(replace(error.where, file=source.name)))
        return
    if header.kind is Kind.OTHER:
        finds.passed[f"{header.modality} files" if header.modality.isalpha() else "other files"] += 1
        return
    notices: tuple[Notice, ...] = ()
    if not has_preamble(start):
        message = "lacks the preamble of a DICOM file; it was read by what it holds"
        notices = (Notice("file.no-preamble", message, Where(file=source.name)),)
    finds.files.append(FoundFile(source, header, notices))


def _say_what_was_passed_over(path: Path, finds: _Finds) -> None:
    finds.passed["archives"] = 0
    parts = [
        counted(number, what.removesuffix("s")) for what, number in sorted(finds.passed.items()) if number
    ]
    finds.passed.clear()
    if parts and path.is_dir():
        message = f"passed over: {', '.join(parts)}"
        finds.notices.append(Notice("folder.passed-over", message, Where(file=str(path))))


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


def _labels(files: list[FoundFile]) -> list[str]:
    """The patient of each file: ID and, where one ID comes from several issuers, its issuer.

    Files without an ID belong together where study or frame of reference do.
    """
    issuers: dict[str, set[str]] = {}
    for file in files:
        issuers.setdefault(file.header.patient_id, set()).add(file.header.issuer)
    unnamed = _by_study_or_frame([file.header for file in files if not file.header.patient_id])
    labels = []
    for file in files:
        header = file.header
        if not header.patient_id:
            labels.append(f"(no patient ID, study {unnamed[header] or 'not stated'})")
        elif len(issuers[header.patient_id] - {""}) > 1:
            labels.append(f"{header.patient_id} (issuer {header.issuer or 'not stated'})")
        else:
            labels.append(header.patient_id)
    return labels


def _by_study_or_frame(headers: list[Header]) -> dict[Header, str]:
    """The first study of those that each header's study is joined to, by itself or by a frame of reference."""
    study_of: dict[str, str] = {}
    for _ in headers:  # each round carries a study one step further; it ends when none moves
        before = dict(study_of)
        for header in headers:
            keys = [
                key for key in (f"study {header.study_uid}", f"frame {header.frame_uid}") if key[-1] != " "
            ]
            known = [study_of[key] for key in keys if key in study_of]
            first = min([*known, header.study_uid])
            study_of |= dict.fromkeys(keys, first)
        if study_of == before:
            break
    return {header: study_of.get(f"study {header.study_uid}", header.study_uid) for header in headers}


def input_of(file: FoundFile, data: bytes) -> InputFile:
    """A file that was read, for the reports."""
    header = file.header
    return InputFile(
        file.source.name, sha256_hex(data), header.modality or None, header.sop_instance_uid or None
    )
