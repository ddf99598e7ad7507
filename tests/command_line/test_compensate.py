"""``rtfractions compensate``: the worked numbers of the facts' section 1.3, and what cannot be done."""

import csv
import io
from collections.abc import Callable
from typing import Any

import jsonschema
import pytest

from rtfractions.reports.schemas import json_schema

Run = Callable[..., Any]

OPTIONS = {
    "--delivered": "20",
    "--gap": "7",
    "--alpha-beta": "10",
    "--late-alpha-beta": "3",
    "--kick-off": "28",
    "--repopulation": "0.9",
}


def typed(schedule: str = "70Gy/35", **changes: str) -> list[str]:
    """The worked case as typed, with changes."""
    options = OPTIONS | {f"--{name.replace('_', '-')}": value for name, value in changes.items()}
    return ["compensate", schedule, *(f"{name}={value}" for name, value in options.items())]


def methods(run: Run, *arguments: str) -> dict[str, Any]:
    document = run(*arguments, "--format", "json").json
    jsonschema.validate(document, json_schema("compensate"))
    return {entry["method"]: entry for entry in document["methods"]}


def test_the_worked_case_as_a_planning_meeting_reads_it(run: Run) -> None:
    result = run(*typed())
    assert result.code == 0
    assert result.out.splitlines()[:10] == [
        "70 Gy / 35, 20 fractions delivered, then a gap of 7 days",
        "doses and BED in Gy; linear-quadratic model, repopulation of the tumour counted",
        "",
        "method                 to give       total  days  tumour BED(a/b=10)  gained  late BED(a/b=3)  late cost",
        "prescribed             35 x 2        70.00    46               67.80   +6.30           116.67     +0.0 %",
        "uncompensated          15 x 2        70.00    53               61.50   +0.00           116.67     +0.0 %",
        "keep-time-and-dose     15 x 2        70.00    46               67.80   +6.30           116.67     +0.0 %",
        "keep-time-change-dose  10 x 2.81025  68.10    46               67.80   +6.30           121.09     +3.8 %",
        "extend-add-fractions   22 x 2        84.00    64               68.40   +6.90           140.00    +20.0 %",
        "extend-change-dose     15 x 2.29383  74.41    53               67.80   +6.30           127.38     +9.2 %",
    ]
    assert max(map(len, result.out.splitlines())) <= 110
    assert "elapsed days: the last day less the first" in result.out
    assert "credits no recovery" in result.out


def test_json_and_csv_hold_the_same_with_full_precision(run: Run) -> None:
    found = methods(run, *typed())
    kept = found["keep-time-change-dose"]
    assert kept["dose_per_fraction_gy"] == pytest.approx(-5 + 61**0.5, abs=1e-12)  # 10 d (1 + d / 10) = 36
    assert kept["late_bed_gy"] == pytest.approx(121.09, abs=0.005)
    assert found["uncompensated"]["tumour_bed_gy"] == pytest.approx(61.5)
    rows = {row["method"]: row for row in csv.DictReader(io.StringIO(run(*typed(), "--format", "csv").out))}
    assert list(rows) == list(found)
    for method, entry in found.items():
        for name in ("dose_per_fraction_gy", "tumour_bed_gy", "late_bed_gy", "late_change_percent"):
            assert float(rows[method][name]) == entry[name]


def test_what_cannot_be_done_says_why_and_has_no_numbers(run: Run) -> None:
    result = run(*typed(delivered="34"))
    assert result.out.count("cannot be done") == 2
    assert "keep-time-change-dose: no day of treatment is left in the planned time" in result.out
    impossible = methods(run, *typed(delivered="34"))["keep-time-change-dose"]
    assert impossible["impossible"] is True
    assert impossible["dose_per_fraction_gy"] is impossible["late_bed_gy"] is None
    rows = csv.DictReader(io.StringIO(run(*typed(delivered="34"), "--format", "csv").out))
    assert [row["late_bed_gy"] for row in rows if row["impossible"] == "yes"] == ["", ""]


def test_a_gap_without_loss_needs_nothing(run: Run) -> None:
    # facts 1.3: a gap before the kick-off contributes no loss under this model, and that is said
    found = methods(run, *typed("24Gy/3", delivered="1"))
    assert list(found) == ["prescribed", "uncompensated"]
    assert "no loss in this model" in run(*typed("24Gy/3", delivered="1")).out


def test_days_of_the_schedule_as_prescribed(run: Run) -> None:
    found = methods(run, *typed(days="47"))
    assert found["prescribed"]["tumour_bed_gy"] == pytest.approx(67.8 - 0.9)


def test_an_rbe_weight_and_an_unverified_ratio_are_said(run: Run) -> None:
    text = run(*typed("70Gy(RBE)/35", late_alpha_beta="catalogue:prostate-bentzen-2005")).out
    assert "RBE weight" in text
    assert "not verified" in text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (typed(delivered="0"), "a whole number of 1 to 34"),
        (typed(delivered="35"), "a whole number of 1 to 34"),
        (typed(delivered="1.5"), "'1.5' is not a whole number"),
        (typed(gap="0"), "a whole number of 1 to 365"),
        (typed(gap="-7"), "a whole number of 1 to 365"),
        (typed(gap="nan"), "'nan' is not a whole number"),
        (typed(alpha_beta="0"), "0.1 to 100"),
        (typed(late_alpha_beta="nan"), "0.1 to 100"),
        (typed(late_alpha_beta="catalogue:nothing"), "nothing"),
        (typed(kick_off="inf"), "'inf' is not a number"),
        (typed(repopulation="-1"), "between 0 and 100 Gy/day"),
        (typed(repopulation="5"), "repopulation outweighs the dose"),
        (typed(days="10"), "takes 34 elapsed days at least"),
        (typed("50Gy/25 + 16Gy/8"), "several phases"),
        (typed("20Gy/1"), "cannot be interrupted"),
        (["compensate", "70Gy/35"], "--delivered"),
    ],
)
def test_what_makes_no_sense_is_a_usage_error(run: Run, arguments: list[str], said: str) -> None:
    result = run(*arguments)
    assert (result.code, result.out) == (2, "")
    assert result.err.count("\n") == 1
    assert said in result.err


def test_no_day_gets_more_than_three_fractions(run: Run) -> None:
    # 5 days at 3 a day have no room for what is left of 54 Gy / 36 three times a day; a fourth is never offered
    options = ("--delivered=6", "--gap=7", "--alpha-beta=10", "--late-alpha-beta=3", "--kick-off=5")
    text = run("compensate", "54Gy/36 TID 15/wk", *options, "--repopulation=0.9").out
    assert "no room for 30 fractions in the planned time, 3 a day" in text
