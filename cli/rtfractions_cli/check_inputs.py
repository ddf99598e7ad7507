"""The patients of a review, read one after the other: no more than one patient's doses are held."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from rtfractions_cli.options import usage_error

if TYPE_CHECKING:
    from rtfractions.dicom import Discovery, Limits, PatientFiles
    from rtfractions.errors import RTFractionsError
    from rtfractions.files import InputFile
    from rtfractions.notices import Notice
    from rtfractions.patient import Patient


@dataclass(slots=True)
class Inputs:
    """What the named files hold; what is told of them grows with each patient that is read.

    Attributes
    ----------
    on_sheet : tuple of Patient
        The patients of lesion sheets.
    files : Files or None
        RT objects by their headers; None where nothing but sheets was named.
    inputs : list of InputFile
        The files that were read.
    errors : list of RTFractionsError
        What was refused.
    notices : list of Notice
        What was passed over.
    """

    on_sheet: tuple[Patient, ...]
    files: Files | None
    inputs: list[InputFile] = field(default_factory=list)
    errors: list[RTFractionsError] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)

    def patients(self) -> Iterator[Patient]:
        """The patients of sheets and files together, those on a sheet first; each is read when it is asked for."""
        from rtfractions.errors import InputFileError
        from rtfractions.patient import join

        if self.files is None:
            yield from join(self.on_sheet, ())
            return
        names = {patient.label for patient in self.on_sheet}
        sheets = {patient.label: patient for patient in self.on_sheet}
        left = self.files.by_label()
        # Who is there, in order, and what is to be said of that, is known before anything is read.
        for known in join(self.on_sheet, self.files.expected(names)):
            sheet, own = sheets.get(known.label), _taken(known.label, left)
            alone = () if sheet is None else (sheet,)
            (patient,) = join(alone, ()) if own is None else join(alone, (self._read(own),))
            said = known.notices[0 if sheet is None else len(sheet.notices) :]
            yield replace(patient, notices=tuple(dict.fromkeys((*patient.notices, *said))))
        for own in left.values():
            patient = self._read(own)
            self.errors.append(InputFileError(f"no RT Plan of patient {patient.label!r} was found"))

    def _read(self, files: PatientFiles) -> Patient:
        from rtfractions.dicom import read_patient

        assert self.files is not None
        reading = read_patient(files, self.files.found, limits=self.files.limits)
        self.inputs += reading.inputs
        self.errors += reading.errors
        patient = reading.patient
        of_doses = tuple(notice for dose in patient.doses for notice in dose.notices)
        return replace(patient, notices=patient.notices + of_doses)


@dataclass(frozen=True, slots=True)
class Files:
    """RT objects by their headers, and how much is read of them."""

    found: Discovery
    limits: Limits

    def by_label(self) -> dict[str, PatientFiles]:
        """The files of each patient."""
        return {one.label: one for one in self.found.patients}

    def expected(self, on_sheet: set[str]) -> Iterator[Patient]:
        """The patients that a plan or a sheet names, without what their files hold."""
        from rtfractions.names import normal
        from rtfractions.patient import LesionsFrom, Patient

        names = {normal(name) for name in on_sheet}
        unread = bool(self.found.errors) and len(self.found.patients) == 1
        for files in self.found.patients:
            if unread or files.has_plan or normal(files.label) in names:
                yield Patient(files.label, (), LesionsFrom.PLAN_CANDIDATES)


def find_inputs(paths: Sequence[Path], limit: tuple[str, ...], *, allow_unusual: bool) -> Inputs:
    """Sheets are read, and RT objects found by their headers; no sheet alone needs what reads DICOM.

    Parameters
    ----------
    paths : sequence of Path
        Sheets, files and folders, as they were named.
    limit : tuple of str
        Limits that were changed.
    allow_unusual : bool
        As for `read_sheets`.
    """
    from rtfractions.sheets import SUFFIXES, WORKBOOK_SUFFIXES, read_sheets

    suffixes = (*SUFFIXES, *WORKBOOK_SUFFIXES)
    sheet_paths = [path for path in paths if path.is_file() and path.suffix.lower() in suffixes]
    file_paths = [path for path in paths if path not in sheet_paths]
    sheets = read_sheets(sheet_paths, allow_unusual=allow_unusual)
    inputs, errors = list(sheets.inputs), list(sheets.errors)
    if not file_paths:
        return Inputs(sheets.patients, None, inputs, errors)
    from rtfractions.dicom import Limits, discover

    with usage_error():
        limits = Limits.changed(*limit)
    found = discover(file_paths, limits)
    errors += found.errors
    return Inputs(sheets.patients, Files(found, limits), inputs, errors, list(found.notices))


def _taken(label: str, left: dict[str, PatientFiles]) -> PatientFiles | None:
    """The files of a patient, taken from those that are left: by the label, or by one that compares alike."""
    from rtfractions.names import normal

    alike = [name for name in left if normal(name) == normal(label)]
    return left.pop(label if label in left else alike[0]) if alike else None
