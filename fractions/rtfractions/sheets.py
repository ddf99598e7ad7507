"""Lesion sheets: one row a lesion, in CSV or YAML, every refusal named by row and column.

A row that is refused does not hide the others: its patient stays, known to be incomplete.
"""

import csv
import datetime
import difflib
import io
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, NoReturn, TypeVar

from rtfractions import strict_yaml
from rtfractions.errors import InputFileError, RTFractionsError, Where, counted, quoted
from rtfractions.files import MAXIMUM_SHEET_BYTES, MAXIMUM_YAML_BYTES, InputFile, read_text, sha256_hex
from rtfractions.names import normal
from rtfractions.patient import Lesion, LesionsFrom, Patient
from rtfractions.plans import Prescription, PrescriptionSource
from rtfractions.records import Delivery
from rtfractions.schedule import Schedule
from rtfractions.schedule_text import parse_with_notices

COLUMNS: Final = (
    "patient",
    "lesion",
    "site",
    "schedule",
    "technique",
    "intent",
    "start",
    "end",
    "fractions_delivered",
    "stop_reason",
    "justification",
    "max_diameter_mm",
    "volume_cm3",
    "on_study",
    "structure",
    "plan_uid",
)
"""The columns a sheet may have."""

REQUIRED_COLUMNS: Final = ("patient", "lesion", "schedule")

SUFFIXES: Final = (".csv", ".tsv", ".txt", ".yaml", ".yml")
"""How the name of a lesion sheet ends."""

WORKBOOK_SUFFIXES: Final = (".xlsx", ".xls", ".ods")
"""How the name of a workbook ends, which is not read."""

MAXIMUM_CELL_CHARACTERS: Final = 1000
"""Longest cell that is read."""

_SEPARATORS: Final = (",", ";", "\t")
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_NUMBER: Final = re.compile(r"\d+(\.\d+)?", re.ASCII)
_WHOLE: Final = re.compile(r"(\d{1,4})(\.0+)?", re.ASCII)
_UID: Final = re.compile(r"[0-9]+(\.[0-9]+)*", re.ASCII)

T = TypeVar("T")


class SheetError(InputFileError):
    """A sheet, or a row of it, that was refused."""

    code = "sheet"


@dataclass(frozen=True, slots=True)
class Sheets:
    """What lesion sheets hold.

    Attributes
    ----------
    patients : tuple of Patient
        In the order of the sheets; those with a refused row are marked incomplete.
    inputs : tuple of InputFile
        The sheets that were read.
    errors : tuple of RTFractionsError
        The refused sheets and rows.
    """

    patients: tuple[Patient, ...]
    inputs: tuple[InputFile, ...]
    errors: tuple[RTFractionsError, ...]


def read_sheets(paths: Iterable[Path], *, allow_unusual: bool = False) -> Sheets:
    """Read lesion sheets; ``.yaml`` and ``.yml`` are YAML, everything else is CSV.

    Parameters
    ----------
    paths : iterable of Path
        The files. A patient may stand on several of them.
    allow_unusual : bool, default False
        Accept schedules below 0.5 Gy a fraction and above 200 Gy in total.

    Returns
    -------
    Sheets
        A sheet that is refused as a whole (unknown, doubled or missing columns, no rows, no text) hides no other.
    """
    rows: list[_Row] = []
    inputs: list[InputFile] = []
    errors: list[RTFractionsError] = []
    for path in paths:
        name = str(path)
        try:
            if path.suffix.lower() in WORKBOOK_SUFFIXES:
                raise SheetError("is a workbook", remedy="save the sheet as CSV", where=Where(file=name))
            if path.suffix.lower() in (".yaml", ".yml"):
                text, data = read_text(path, name=name, maximum_bytes=MAXIMUM_YAML_BYTES)
                rows += _yaml_rows(text, name)
            else:
                text, data = read_text(path, name=name, maximum_bytes=MAXIMUM_SHEET_BYTES)
                rows += _csv_rows(text, name)
            inputs.append(InputFile(name, sha256_hex(data)))
        except RTFractionsError as error:
            errors.append(error)
    patients, row_errors = _patients(rows, allow_unusual)
    return Sheets(patients, tuple(inputs), (*errors, *row_errors))


@dataclass(frozen=True, slots=True)
class _Row:
    cells: Mapping[str, str]
    file: str
    number: int
    problem: str | None = None

    def where(self, column: str | None = None) -> Where:
        return Where(file=self.file, row=self.number, column=column)

    def text(self, column: str) -> str | None:
        return self.cells.get(column, "").strip() or None

    def refuse(self, column: str, problem: str, remedy: str) -> NoReturn:
        raise SheetError(problem, remedy=remedy, where=self.where(column))

    def read(self, column: str, convert: Callable[[str], T], wanted: str) -> T | None:
        """The cell, converted; None where it is empty."""
        text = self.text(column)
        if text is None:
            return None
        try:
            return convert(text)
        except ValueError:
            self.refuse(
                column, f"{quoted(text)} is not {wanted}", "leave the cell empty where it is not known"
            )


def _csv_rows(text: str, name: str) -> list[_Row]:
    separator = max(_SEPARATORS, key=lambda s: text.partition("\n")[0].count(s))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    records: list[list[str]] = []
    try:
        records.extend(reader)
    except csv.Error as error:
        where = Where(file=name, row=len(records) + 1)
        raise SheetError(f"is not CSV ({error})", remedy="check the quotation marks", where=where) from None
    if not records:
        raise SheetError("is empty", remedy="give a header and a row a lesion", where=Where(file=name))
    header = [cell.strip() for cell in records[0]]
    width = max(
        (i for i, cell in enumerate(header, start=1) if cell), default=0
    )  # spreadsheets add empty columns
    _check_columns(header[:width], [Where(file=name, row=1)] * width, name)
    _check_required(header, name)
    rows = []
    for number, record in enumerate(records[1:], start=2):
        cells, beyond = record[:width], record[width:]
        if any(cell.strip() for cell in record):
            fits = len(cells) == width and not any(cell.strip() for cell in beyond)
            problem = None if fits else f"the row has {len(record)} cells, the header {width}"
            rows.append(_Row(dict(zip(header, cells, strict=False)), name, number, problem))
    return _not_empty(rows, name)


def _yaml_rows(text: str, name: str) -> list[_Row]:
    document = strict_yaml.read(text, file=name, as_text=True)
    entries: Any = document.value
    if not isinstance(entries, list):
        raise SheetError(
            "is not a list of lesions", remedy="start each lesion with '- '", where=Where(file=name)
        )
    rows = []
    for i, entry in enumerate(entries):
        if not isinstance(entry, dict):
            raise SheetError("is not a mapping of columns to values", where=document.where((i,)))
        for column, value in entry.items():
            if not isinstance(value, str):
                raise SheetError(f"{column!r} holds more than a text", where=document.where((i, column)))
        _check_columns(list(entry), [document.where((i, column), key=True) for column in entry], name)
        rows.append(_Row(entry, name, i + 1))
    return _not_empty(rows, name)


def _not_empty(rows: list[_Row], name: str) -> list[_Row]:
    if not rows:
        raise SheetError("has no rows", remedy="give a row a lesion", where=Where(file=name))
    return rows


def _check_columns(columns: list[str], places: list[Where], name: str) -> None:
    for i, (column, where) in enumerate(zip(columns, places, strict=True)):
        if column not in COLUMNS:
            near = difflib.get_close_matches(column.lower(), COLUMNS, n=1, cutoff=0.7)
            remedy = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(COLUMNS)}"
            raise SheetError(f"unknown column {quoted(column)}", remedy=remedy, where=where)
        if column in columns[:i]:
            raise SheetError(f"the column {column!r} stands twice", where=where)


def _check_required(columns: list[str], name: str) -> None:
    for column in REQUIRED_COLUMNS:
        if column not in columns:
            raise SheetError(f"the column {column!r} is missing", where=Where(file=name))


def _patients(
    rows: Iterable[_Row], allow_unusual: bool
) -> tuple[tuple[Patient, ...], tuple[RTFractionsError, ...]]:
    """The patients of all rows, and what was refused.

    A row without a patient, as merged cells leave it, and a row of another length may belong to the patient above:
    that patient is then incomplete too.
    """
    patients: dict[str, Patient] = {}
    errors: list[RTFractionsError] = []
    above: str | None = None
    for row in rows:
        label = row.text("patient")
        key = None if label is None else normal(label)
        patient = Patient(label, (), LesionsFrom.SHEET) if label is not None else None
        patient = patients.get(key, patient) if key is not None else None
        try:
            lesion = _lesion(row, patient, allow_unusual)
        except RTFractionsError as error:
            errors.append(error)
            if row.problem is None and key is not None and patient is not None:
                patients[key] = patient
            for doubtful in {key, above} if row.problem is not None or key is None else {key}:
                if doubtful in patients:
                    patients[doubtful] = replace(
                        patients[doubtful], incomplete="a row of the lesion sheet was refused"
                    )
        else:
            if key is not None and patient is not None:
                patients[key] = replace(patient, lesions=(*patient.lesions, lesion))
        above = key or above
    return tuple(patients.values()), tuple(errors)


def _lesion(row: _Row, patient: Patient | None, allow_unusual: bool) -> Lesion:
    if row.problem is not None:
        raise SheetError(row.problem, remedy="quote cells that hold a separator", where=row.where())
    for column, cell in row.cells.items():
        if len(cell) > MAXIMUM_CELL_CHARACTERS:
            row.refuse(
                column,
                f"the cell holds {len(cell)} characters",
                f"at most {MAXIMUM_CELL_CHARACTERS} are read",
            )
    label, schedule_text = row.text("lesion"), row.text("schedule")
    if patient is None:
        row.refuse("patient", "the cell is empty", "name the patient")
    if label is None:
        row.refuse("lesion", "the cell is empty", "name the lesion")
    if schedule_text is None:
        row.refuse("schedule", "the cell is empty", "give the prescribed schedule, as 40 Gy/10")
    if any(normal(lesion.label) == normal(label) for lesion in patient.lesions):
        row.refuse("lesion", f"{quoted(label)} stands twice for this patient", "give each lesion one row")
    try:
        schedule, notices = parse_with_notices(schedule_text, allow_unusual=allow_unusual)
    except RTFractionsError as error:
        raise error.at(row.where("schedule")) from None
    return Lesion(
        label=label,
        prescription=Prescription(schedule, PrescriptionSource.LESION_SHEET),
        site=row.text("site"),
        technique=row.text("technique"),
        intent=row.text("intent"),
        justification=row.text("justification"),
        max_diameter_mm=row.read(
            "max_diameter_mm", _positive, "a number of mm above 0, with a decimal point"
        ),
        volume_cm3=row.read("volume_cm3", _positive, "a number of cm3 above 0, with a decimal point"),
        delivery=_delivery(row, schedule),
        on_study=row.read("on_study", _yes_or_no, "yes or no") is not False,
        structure=row.text("structure"),
        plan_uid=row.read("plan_uid", _uid, "a DICOM UID"),
        notices=tuple(notice.at(row.where("schedule")) for notice in notices),
    )


def _delivery(row: _Row, schedule: Schedule) -> Delivery:
    start = row.read("start", _date, "a date as 2019-03-04")
    end = row.read("end", _date, "a date as 2019-03-04")
    delivered = row.read("fractions_delivered", _whole, "a whole number")
    if start is not None and end is not None:
        if start > end:
            row.refuse("end", f"{end} lies before the start, {start}", "check both dates")
        fractions = schedule.fractions if delivered is None else delivered
        days, needed = (end - start).days + 1, schedule.fewest_days(fractions)
        if days < needed:
            row.refuse(
                "end",
                f"{counted(fractions, 'fraction')} of {schedule} take {counted(needed, 'day')} at least, "
                f"and {start} to {end} are {counted(days, 'day')}",
                "check the dates, or state the fractions per day in the schedule, as 45Gy/30 BID",
            )
    return Delivery(start, end, delivered, row.text("stop_reason"))


def _positive(text: str) -> float:
    if not _NUMBER.fullmatch(text) or not 0 < float(text) < math.inf:
        raise ValueError
    return float(text)


def _whole(text: str) -> int:
    match = _WHOLE.fullmatch(text)  # 10.0 too: a column with empty cells becomes floats on its way
    if match is None:
        raise ValueError
    return int(match[1])


def _date(text: str) -> datetime.date:
    if not _DATE.fullmatch(text):
        raise ValueError
    return datetime.date.fromisoformat(text)


def _yes_or_no(text: str) -> bool:
    if text.lower() not in ("yes", "no"):
        raise ValueError
    return text.lower() == "yes"


def _uid(text: str) -> str:
    if not _UID.fullmatch(text) or len(text) > 64:
        raise ValueError
    return text
