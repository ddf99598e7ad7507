"""The verdict cases: for each, the lesions' verdicts, the patient's, and the exit code, end to end.

`verdict_cases.csv` is a copy of the cases agreed for both trials, with the reason for each.
"""

import csv
import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rtfractions.sheets import COLUMNS

ROWS = list(csv.DictReader(Path(__file__).with_name("verdict_cases.csv").read_text("utf-8").splitlines()))
CASES = [list(rows) for _, rows in itertools.groupby(ROWS, key=lambda row: row["case"])]


def write_sheet(path: Path, rows: list[dict[str, str]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        columns = [column for column in COLUMNS if column in rows[0]]
        csv.writer(file).writerows([columns, *([row[column] for column in columns] for row in rows)])
    return path


def test_all_cases_are_here() -> None:
    assert [int(case[0]["case"]) for case in CASES] == list(range(1, 27))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]['case']}-{case[0]['why']}")
def test_verdict_case(case: list[dict[str, str]], tmp_path: Path, run: Callable[..., Any]) -> None:
    sheet = write_sheet(tmp_path / "sheet.csv", case)
    result = run("check", sheet, "--protocol", case[0]["protocol"], "--format", "json")
    (patient,) = result.json["patients"]
    assert [lesion["verdict"] for lesion in patient["lesions"]] == [row["lesion_verdict"] for row in case]
    assert patient["verdict"] == case[0]["patient_verdict"]
    assert result.code == int(case[0]["exit_code"])


@pytest.mark.parametrize("protocol", ["NCT03406468", "NCT03176173"])
def test_all_cases_of_a_trial_in_one_sheet(protocol: str, tmp_path: Path, run: Callable[..., Any]) -> None:
    rows = [row for row in ROWS if row["protocol"] == protocol]
    sheet = write_sheet(tmp_path / "sheet.csv", rows)
    result = run("check", sheet, "--protocol", protocol, "--format", "json")
    found = {patient["patient"]: patient["verdict"] for patient in result.json["patients"]}
    assert found == {row["patient"]: row["patient_verdict"] for row in rows}
    assert result.code == 1
    assert result.json["exit_reasons"] == [1, 4]
