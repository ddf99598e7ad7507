"""Lesion sheets: every error named by row and column, no row hidden by another."""

import datetime
from pathlib import Path

import pytest

from rtfractions.errors import InputFileError
from rtfractions.sheets import COLUMNS, Sheet, read_sheet

HEADER = "patient,lesion,site,schedule,start,end,fractions_delivered,max_diameter_mm,on_study,plan_uid\n"
GOOD_ROW = "P1,L1,lung,24 Gy/3,2019-03-04,2019-03-08,3,20,yes,1.2.3\n"


def read(tmp_path: Path, text: str | bytes, name: str = "sheet.csv", **options: bool) -> Sheet:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_sheet(path, name=name, **options)


def test_a_row_becomes_a_lesion(tmp_path: Path) -> None:
    sheet = read(tmp_path, HEADER + GOOD_ROW)
    assert not sheet.errors
    (patient,) = sheet.patients
    (lesion,) = patient.lesions
    assert (patient.label, lesion.label, lesion.site, lesion.plan_uid) == ("P1", "L1", "lung", "1.2.3")
    assert str(lesion.prescription.schedule) == "24 Gy / 3"
    assert lesion.max_diameter_mm == 20.0
    assert lesion.delivery.start == datetime.date(2019, 3, 4)
    assert lesion.delivery.fractions_delivered == 3
    assert lesion.on_study


@pytest.mark.parametrize(
    ("good", "bad", "column", "said"),
    [
        ("24 Gy/3", "3x8", "schedule", "8x3Gy"),
        ("24 Gy/3", "2Gy/30", "schedule", "--allow-unusual"),
        ("24 Gy/3", "20-24 Gy/1", "schedule", "range"),
        ("24 Gy/3", "", "schedule", "empty"),
        ("P1,", ",", "patient", "empty"),
        ("L1", " ", "lesion", "empty"),
        ("2019-03-04", "04.03.2019", "start", "2019-03-04"),
        ("2019-03-04", "20190304", "start", "2019-03-04"),
        ("2019-03-04", "2019-02-30", "start", "2019-03-04"),
        ("2019-03-04", "2019-03-09", "end", "before the start"),
        ("2019-03-08", "2019-03-05", "end", "3 fractions do not fit into 2 days"),
        (",3,20", ",3.0,20", "fractions_delivered", "whole"),
        (",3,20", ",-1,20", "fractions_delivered", "whole"),
        (",3,20", ",three,20", "fractions_delivered", "whole"),
        (",20,", ",0,", "max_diameter_mm", "mm above 0"),
        (",20,", ",2 cm,", "max_diameter_mm", "mm above 0"),
        (",20,", ",nan,", "max_diameter_mm", "mm above 0"),
        (",20,", ',"20,5",', "max_diameter_mm", "decimal point"),
        (",yes,", ",maybe,", "on_study", "yes or no"),
        ("1.2.3", "plan 1", "plan_uid", "UID"),
    ],
)
def test_a_wrong_cell_is_named_and_hides_nothing(
    tmp_path: Path, good: str, bad: str, column: str, said: str
) -> None:
    row = GOOD_ROW.replace(good, bad, 1)
    assert row != GOOD_ROW
    sheet = read(tmp_path, HEADER + GOOD_ROW.replace("L1", "L0") + row + GOOD_ROW.replace("P1", "P2"))
    (error,) = sheet.errors
    assert str(error).startswith(f"sheet.csv, row 3, column {column}: ")
    assert said in str(error)
    assert {patient.label: len(patient.lesions) for patient in sheet.patients} == {"P1": 1, "P2": 1}
    incomplete = {patient.label for patient in sheet.patients if patient.incomplete}
    assert incomplete == (set() if column == "patient" else {"P1"})


def test_a_lesion_stands_once_for_a_patient(tmp_path: Path) -> None:
    sheet = read(tmp_path, HEADER + GOOD_ROW + GOOD_ROW + GOOD_ROW.replace("P1", "P2"))
    assert [str(error.where) for error in sheet.errors] == ["sheet.csv, row 3, column lesion"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("patient,lesion,shedule\nP1,L1,24 Gy/3\n", "did you mean 'schedule'?"),
        ("patient,lesion,Schedule\nP1,L1,24 Gy/3\n", "did you mean 'schedule'?"),
        ("patient,lesion,schedule,colour\nP1,L1,24 Gy/3,red\n", "known: patient, lesion"),
        ("patient,lesion,schedule,site,site\nP1,L1,24 Gy/3,a,b\n", "stands twice"),
        ("patient,schedule\nP1,24 Gy/3\n", "'lesion' is missing"),
        ("patient,lesion,schedule\n", "no rows"),
        ("patient,lesion,schedule\n,,\n\n", "no rows"),
        ("", "empty"),
        ('patient,lesion,schedule\nP1,"L1,24 Gy/3\n', "CSV"),
        ("Größe".encode("latin-1"), "UTF-8"),
        ("patient,lesion,schedule\nP1,L1,24 Gy/3\n".encode("utf-16"), "UTF-8"),
    ],
)
def test_a_sheet_that_is_wrong_as_a_whole_is_refused(tmp_path: Path, text: str | bytes, said: str) -> None:
    with pytest.raises(InputFileError) as refused:
        read(tmp_path, text)
    assert said in str(refused.value)
    assert str(refused.value).startswith("sheet.csv")


def test_a_row_of_another_length_is_refused(tmp_path: Path) -> None:
    sheet = read(
        tmp_path,
        "patient,lesion,schedule,site\nP1,L1,24 Gy/3\nP1,L2,24 Gy/3,lung,right\nP1,L3,24 Gy/3,lung\n",
    )
    assert [error.where.row for error in sheet.errors] == [2, 3]
    assert [lesion.label for lesion in sheet.patients[0].lesions] == ["L3"]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_sheets_of_other_countries_are_read(tmp_path: Path, separator: str) -> None:
    # hazards I22: spreadsheets write semicolons where the decimal comma rules.
    text = "patient,lesion,schedule\nP1,L1,x\n".replace(",", separator).replace("x", '"40,05 Gy in 15 fx"')
    (patient,) = read(tmp_path, b"\xef\xbb\xbf" + text.encode()).patients
    assert str(patient.lesions[0].prescription.schedule) == "40.05 Gy / 15"


def test_the_rows_are_counted_as_a_spreadsheet_counts_them(tmp_path: Path) -> None:
    sheet = read(tmp_path, 'patient,lesion,schedule,site\nP1,L1,24 Gy/3,"two\nlines"\n\nP1,L2,3x8,lung\n')
    assert [error.where.row for error in sheet.errors] == [4]


def test_yaml_has_the_same_columns_and_no_surprises(tmp_path: Path) -> None:
    # hazards I3, I4: `no` is no false, 0012 is no octal 10, an empty cell is empty.
    text = "- {patient: 0012, lesion: no, schedule: 24 Gy/3, site: , start: 2019-03-04, end: 2019-03-08}\n"
    (patient,) = read(tmp_path, text, "sheet.yaml").patients
    assert (patient.label, patient.lesions[0].label, patient.lesions[0].site) == ("0012", "no", None)
    assert patient.lesions[0].delivery.end == datetime.date(2019, 3, 8)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- {patient: P1, lesion: L1, shedule: 24 Gy/3}\n", "line 1, column 29: unknown column 'shedule'"),
        ("- {patient: P1, lesion: L1, lesion: L2, schedule: 24 Gy/3}\n", "stands here and in line 1"),
        ("- {patient: P1, lesion: L1, schedule: [24, 3]}\n", "more than a text"),
        ("patient: P1\n", "not a list"),
        ("- P1\n", "not a mapping"),
        ("[]\n", "no rows"),
        ("- {patient: P1\n", "YAML"),
    ],
)
def test_a_yaml_sheet_that_is_wrong_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InputFileError) as refused:
        read(tmp_path, text, "sheet.yaml")
    assert said in str(refused.value)


def test_a_yaml_entry_that_is_wrong_is_named(tmp_path: Path) -> None:
    sheet = read(tmp_path, "- {patient: P1, lesion: L1, schedule: 3x8}\n", "sheet.yaml")
    assert str(sheet.errors[0]).startswith("sheet.yaml, row 1, column schedule: ")


def test_twice_a_day_fits_into_half_the_days(tmp_path: Path) -> None:
    text = "patient,lesion,schedule,start,end\nP1,L1,45 Gy/30 BID,2019-03-04,2019-03-18\n"
    assert not read(tmp_path, text).errors
    assert read(tmp_path, text.replace(" BID", "")).errors


def test_what_was_assumed_is_said_at_its_cell(tmp_path: Path) -> None:
    (patient,) = read(tmp_path, "patient,lesion,schedule\nP1,L1,24/3\n").patients
    (notice,) = patient.lesions[0].notices
    assert str(notice).startswith("sheet.csv, row 2, column schedule: ")


def test_unusual_schedules_are_accepted_on_request(tmp_path: Path) -> None:
    assert not read(tmp_path, "patient,lesion,schedule\nP1,L1,2Gy/30\n", allow_unusual=True).errors


def test_the_columns_are_those_of_the_interface() -> None:
    interface = (
        "patient, lesion, site, schedule, technique, intent, start, end, fractions_delivered, stop_reason, "
        "justification, max_diameter_mm, volume_cm3, on_study, structure, plan_uid"
    )
    assert ", ".join(COLUMNS) == interface
