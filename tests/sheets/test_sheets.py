"""Lesion sheets: every error named by row and column, no row hidden by another."""

import contextlib
import datetime
from pathlib import Path

import pytest

from rtfractions.sheets import COLUMNS, Sheets, read_sheets

HEADER = "patient,lesion,site,schedule,start,end,fractions_delivered,max_diameter_mm,on_study,plan_uid\n"
GOOD_ROW = "P1,L1,lung,24 Gy/3,2019-03-04,2019-03-08,3,20,yes,1.2.3\n"


def read(tmp_path: Path, text: str | bytes, name: str = "sheet.csv", **options: bool) -> Sheets:
    (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    with contextlib.chdir(tmp_path):
        return read_sheets([Path(name)], **options)


def refused(tmp_path: Path, text: str | bytes, name: str = "sheet.csv") -> str:
    """What is said of a sheet that is refused as a whole."""
    sheets = read(tmp_path, text, name)
    assert (sheets.patients, sheets.inputs) == ((), ())
    (error,) = sheets.errors
    return str(error)


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
        ("2019-03-08", "2019-03-05", "end", "3 fractions of 24 Gy / 3 take 3 days at least"),
        ("lung", "x" * 1001, "site", "1001 characters"),
        (",3,20", ",3.5,20", "fractions_delivered", "whole"),
        (",3,20", ",-1,20", "fractions_delivered", "whole"),
        (",3,20", ",three,20", "fractions_delivered", "whole"),
        (",20,", ",0,", "max_diameter_mm", "above 0"),
        (",20,", ",2 cm,", "max_diameter_mm", "above 0"),
        (",20,", ",nan,", "max_diameter_mm", "above 0"),
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
    assert incomplete == {"P1"}


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
        ('patient,lesion,schedule\nP1,"L1,24 Gy/3\n', "row 2: is not CSV"),
        ("Größe".encode("latin-1"), "UTF-8"),
        ("patient,lesion,schedule\nP1,L1,24 Gy/3\n".encode("utf-16"), "UTF-8"),
    ],
)
def test_a_sheet_that_is_wrong_as_a_whole_is_refused(tmp_path: Path, text: str | bytes, said: str) -> None:
    message = refused(tmp_path, text)
    assert said in message
    assert message.startswith("sheet.csv")


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
    assert said in refused(tmp_path, text, "sheet.yaml")


def test_a_yaml_entry_that_is_wrong_is_named(tmp_path: Path) -> None:
    sheet = read(tmp_path, "- {patient: P1, lesion: L1, schedule: 3x8}\n", "sheet.yaml")
    assert str(sheet.errors[0]).startswith("sheet.yaml, row 1, column schedule: ")


@pytest.mark.parametrize("name", ["sheet.xlsx", "sheet.XLS", "sheet.ods"])
def test_a_workbook_is_asked_for_as_csv(tmp_path: Path, name: str) -> None:
    assert "save the sheet as CSV" in refused(tmp_path, b"PK", name)


def test_empty_columns_of_spreadsheets_are_no_columns(tmp_path: Path) -> None:
    (patient,) = read(tmp_path, "patient,lesion,schedule,,\nP1,L1,24 Gy/3,,\n").patients
    assert len(patient.lesions) == 1
    assert read(tmp_path, "patient,lesion,schedule,,\nP1,L1,24 Gy/3,,x\n").errors


def test_whole_numbers_may_have_become_floats(tmp_path: Path) -> None:
    (patient,) = read(tmp_path, "patient,lesion,schedule,fractions_delivered\nP1,L1,24 Gy/3,3.0\n").patients
    assert patient.lesions[0].delivery.fractions_delivered == 3


def test_nothing_of_a_row_is_lost(tmp_path: Path) -> None:
    text = "patient,lesion,schedule,volume_cm3,stop_reason,structure\nP1,L1,24 Gy/3,1.5,pain,PTV\n"
    (lesion,) = read(tmp_path, text).patients[0].lesions
    assert (lesion.volume_cm3, lesion.delivery.stop_reason, lesion.structure) == (1.5, "pain", "PTV")


def test_a_patient_may_stand_on_several_sheets(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("patient,lesion,schedule\nP1,L1,24 Gy/3\n")
    (tmp_path / "b.yaml").write_text("- {patient: P1, lesion: L2, schedule: 24 Gy/3}\n")
    (tmp_path / "c.csv").write_text("patient,lesion\n")
    sheets = read_sheets([tmp_path / "a.csv", tmp_path / "b.yaml", tmp_path / "c.csv"])
    assert [[lesion.label for lesion in patient.lesions] for patient in sheets.patients] == [["L1", "L2"]]
    assert len(sheets.inputs) == 2
    assert len(sheets.errors) == 1


def test_one_name_in_two_encodings_is_one_patient_and_one_lesion(tmp_path: Path) -> None:
    text = "patient,lesion,schedule\nL\u00e9a,H\u00f6he,24 Gy/3\nLe\u0301a,Ho\u0308he,24 Gy/3\n"
    sheets = read(tmp_path, text)
    assert len(sheets.patients) == 1
    assert "stands twice" in str(sheets.errors[0])


@pytest.mark.parametrize("row", [",L2,3x8", ",L2,24 Gy/3", "L2,24 Gy/3", "P1,L2,24 Gy/3,lung,x"])
def test_a_row_that_may_be_the_patients_above_leaves_it_incomplete(tmp_path: Path, row: str) -> None:
    # merged cells leave the patient's cell empty; a lost cell shifts the row
    sheets = read(tmp_path, f"patient,lesion,schedule,site\nP0,L1,24 Gy/3,lung\nP1,L1,24 Gy/3,lung\n{row}\n")
    assert [patient.label for patient in sheets.patients] == ["P0", "P1"]
    assert [patient.incomplete is not None for patient in sheets.patients] == [False, True]


@pytest.mark.parametrize("null", ["null", "~", "Null", ""])
def test_null_in_yaml_is_an_empty_cell(tmp_path: Path, null: str) -> None:
    text = f"- {{patient: P1, lesion: L1, schedule: 24 Gy/3, justification: {null}}}\n"
    assert read(tmp_path, text, "sheet.yaml").patients[0].lesions[0].justification is None


def test_a_yaml_entry_without_a_schedule_hides_no_other(tmp_path: Path) -> None:
    text = "- {patient: P1, lesion: L1}\n- {patient: P2, lesion: L1, schedule: 24 Gy/3}\n"
    sheets = read(tmp_path, text, "sheet.yaml")
    assert str(sheets.errors[0]).startswith("sheet.yaml, row 1, column schedule: ")
    assert [len(patient.lesions) for patient in sheets.patients] == [0, 1]


@pytest.mark.parametrize(
    ("schedule", "delivered", "end", "fits"),
    [
        ("24 Gy/3 QOD", "", "2019-03-07", False),
        ("24 Gy/3 QOD", "", "2019-03-08", True),
        ("24 Gy/3 QOD", "2", "2019-03-06", True),
        ("24 Gy/3 1/wk", "", "2019-03-11", False),
        ("24Gy/8 BID + 20Gy/10", "", "2019-03-16", False),
        ("24Gy/8 BID + 20Gy/10", "", "2019-03-17", True),
    ],
)
def test_the_days_of_a_course_hold_its_fractions(
    tmp_path: Path, schedule: str, delivered: str, end: str, fits: bool
) -> None:
    text = f"patient,lesion,schedule,start,end,fractions_delivered\nP1,L1,{schedule},2019-03-04,{end},{delivered}\n"
    assert (not read(tmp_path, text).errors) is fits


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
