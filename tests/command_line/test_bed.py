"""``rtfractions bed`` as a physicist and as a script use it."""

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from rtfractions.reports.schemas import json_schema

Run = Callable[..., Any]

FOUR = ("40Gy/10", "24Gy/3", "20Gy/5", "20Gy/1")


def test_the_table_a_physicist_pastes_into_a_message(run: Run) -> None:
    result = run("bed", *FOUR, "--alpha-beta", 10, "--alpha-beta", 3)
    assert result.code == 0
    # numbers: protocols.md section 1.3 and the X rows of the validation table
    assert result.out == (
        "BED and EQD2 in Gy; linear-quadratic model, no time factor\n"
        "\n"
        "schedule     Gy/fraction  BED(a/b=10)  EQD2Gy(a/b=10)  BED(a/b=3)  EQD2Gy(a/b=3)\n"
        "40 Gy / 10          4.00        56.00           46.67       93.33          56.00\n"
        "24 Gy / 3           8.00        43.20           36.00       88.00          52.80\n"
        "20 Gy / 5           4.00        28.00           23.33       46.67          28.00\n"
        "20 Gy / 1 *        20.00        60.00           50.00      153.33          92.00\n"
        "\n"
        "a/b=10: alpha/beta 10 Gy, given on the command line\n"
        "a/b=3: alpha/beta 3 Gy, given on the command line\n"
        "* above 10 Gy a fraction, where LQ is less well validated (Brenner 2008)\n"
    )
    assert result.out.isascii()
    assert result.err.count("\n") == 1
    assert "Brenner 2008" in result.err


def test_the_default_alpha_beta_is_said_in_every_form(run: Run) -> None:
    text = run("bed", "40Gy/10")
    assert "convention" in text.out
    assert "no --alpha-beta given" in text.err
    document = run("bed", "40Gy/10", "--format", "json").json
    assert [warning["code"] for warning in document["warnings"]] == ["alpha-beta.default"]
    assert "no --alpha-beta given" in run("bed", "40Gy/10", "--format", "csv").err


def test_json_holds_what_the_contract_says(run: Run) -> None:
    document = run("bed", "50Gy/25 + 16Gy/8", "45Gy/30 BID", "--alpha-beta", 3, "--format", "json").json
    jsonschema.validate(document, json_schema("bed"))
    assert document["schema"] == "rtfractions.bed/1"
    boost, twice_daily = document["schedules"]
    assert boost["schedule"] == "50 Gy / 25 + 16 Gy / 8"
    assert [phase["total_dose_gy"] for phase in boost["phases"]] == [50, 16]
    assert boost["dose_per_fraction_gy"] == 2.0
    assert twice_daily["phases"][0]["per_day"] == 2
    (result,) = twice_daily["results"]
    assert result["model"] == "lq"
    assert result["parameters"] == {}
    assert result["warnings"][0]["code"] == "lq.complete-repair-assumed"


def test_the_outer_dose_per_fraction_is_null_where_phases_differ(run: Run) -> None:
    (schedule,) = run("bed", "45Gy/25 + 14Gy/2", "--format", "json").json["schedules"]
    assert schedule["dose_per_fraction_gy"] is None


def test_csv_is_long_with_the_contracts_columns(run: Run) -> None:
    rows = list(csv.DictReader(io.StringIO(run("bed", *FOUR, "--format", "csv").out)))
    assert list(rows[0]) == (
        [
            "schedule",
            "total_dose_gy",
            "fractions",
            "dose_per_fraction_gy",
            "alpha_beta_gy",
            "model",
            "bed_gy",
            "eqd2_gy",
        ]
    )
    assert len(rows) == 8
    assert [float(row["bed_gy"]) for row in rows[:2]] == pytest.approx([56, 280 / 3])


def test_full_precision_in_json_and_csv(run: Run) -> None:
    (schedule,) = run("bed", "20Gy/5", "--alpha-beta", 10, "--format", "json").json["schedules"]
    assert schedule["results"][0]["eqd2_gy"] == 70 / 3
    assert repr(70 / 3) in run("bed", "20Gy/5", "--alpha-beta", 10, "--format", "csv").out


def test_each_alpha_beta_is_given_once_and_in_order(run: Run) -> None:
    (schedule,) = run(
        "bed", "24Gy/3", *("--alpha-beta=3", "--alpha-beta=1.5", "--alpha-beta=3"), "--format=json"
    ).json["schedules"]
    assert [result["alpha_beta_gy"] for result in schedule["results"]] == [3, 1.5]


def test_reproducible_output_has_no_time(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("bed", "40Gy/10", "--format", "json", "--reproducible").json["generated_at"] is None
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1600000000")
    assert run("bed", "40Gy/10", "--format", "json").json["generated_at"] == "2020-09-13T12:26:40Z"


def test_a_file_takes_the_result_and_stdout_stays_empty(run: Run, tmp_path: Path) -> None:
    result = run("bed", "40Gy/10", "-q", "-o", tmp_path / "bed.txt")
    assert (result.code, result.out, result.err) == (0, "", "")
    assert "46.67" in (tmp_path / "bed.txt").read_text()


def test_quiet_keeps_the_warnings_in_json(run: Run) -> None:
    result = run("bed", "20Gy/1", "-q", "--format", "json")
    assert result.err == ""
    assert len(result.json["warnings"]) == 2


def test_verbose_says_how_each_schedule_was_read(run: Run) -> None:
    assert "'4005cGy/15' is read as 40.05 Gy / 15" in run("bed", "4005cGy/15", "-v").err


def test_options_come_from_the_environment_too(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RTFRACTIONS_BED_FORMAT", "csv")
    assert run("bed", "40Gy/10").out.startswith("schedule,")


def test_one_refused_schedule_refuses_all(run: Run) -> None:
    result = run("bed", "40Gy/10", "3x8")
    assert (result.code, result.out) == (2, "")
    assert result.err.count("\n") == 1
