"""``rtfractions solve``."""

import csv
import io
from collections.abc import Callable
from typing import Any

import jsonschema
import pytest

from rtfractions.reports.schemas import json_schema

Run = Callable[..., Any]

TIME = ("--kick-off", 28, "--repopulation", 0.9)


def solutions(run: Run, *arguments: object) -> list[Any]:
    document = run("solve", *arguments, "--format", "json").json
    jsonschema.validate(document, json_schema("solve"))
    found: list[Any] = document["solutions"]
    return found


def test_the_dose_per_fraction_of_a_number_of_fractions(run: Run) -> None:
    # 20 d (1 + d / R) = 60 (1 + 2 / R) solved by hand: d = (-R + sqrt(R^2 + 12 (R + 2))) / 2
    late, early = solutions(run, "60Gy/30", "--fractions", 20, "--alpha-beta", 3, "--alpha-beta", 10)
    assert late["dose_per_fraction_gy"] == pytest.approx((-3 + 69**0.5) / 2)
    assert early["dose_per_fraction_gy"] == pytest.approx((-10 + 244**0.5) / 2)
    assert (late["fractions"], late["bed_gy"], late["eqd2_gy"]) == (20, pytest.approx(100), pytest.approx(60))
    assert (late["schedule"], late["whole"]) == ("20 x 2.65331 Gy", [])
    text = run("solve", "60Gy/30", "--fractions", 20, "--alpha-beta", 3).out
    assert "3         20      2.65331    53.066  100.00   60.00" in text


def test_a_broken_number_of_fractions_comes_with_whole_ones(run: Run) -> None:
    # 100 Gy of BED3 in fractions worth 3 * 2 Gy: 16.667, between 48 Gy (BED 96) and 51 Gy (BED 102)
    options = ("60Gy/30", "--dose-per-fraction", 3, "--alpha-beta", 3)
    (solution,) = solutions(run, *options)
    assert solution["fractions"] == pytest.approx(50 / 3)
    assert [warning["code"] for warning in solution["warnings"]] == ["solve.fractions-broken"]
    found = [
        (near["schedule"], near["fractions"], near["bed_gy"], near["eqd2_gy"]) for near in solution["whole"]
    ]
    assert found == [
        ("48 Gy / 16", 16, pytest.approx(96), pytest.approx(57.6)),
        ("51 Gy / 17", 17, pytest.approx(102), pytest.approx(61.2)),
    ]
    result = run("solve", *options)
    for line in (
        "3    16.6667            3    50.000  100.00   60.00",
        "3         16            3    48.000   96.00   57.60",
        "3         17            3    51.000  102.00   61.20",
    ):
        assert line in result.out
    assert "has a whole number of fractions" in result.err
    rows = list(csv.DictReader(io.StringIO(run("solve", *options, "--format", "csv").out)))
    assert [row["kind"] for row in rows] == ["isoeffective", "whole number", "whole number"]
    assert [float(row["total_dose_gy"]) for row in rows] == pytest.approx([50, 48, 51])


def test_a_whole_number_is_one_without_neighbours(run: Run) -> None:
    (solution,) = solutions(run, "60Gy/30", "--dose-per-fraction", 2, "--alpha-beta", 3)
    assert (solution["fractions"], solution["whole"], solution["warnings"]) == (pytest.approx(30), [], [])


def test_with_a_time_each_schedule_has_its_own(run: Run) -> None:
    # 67.8 = 30 d (1 + d / 10) - 0.9 (39 - 28), d = -5 + sqrt(25 + 25.9)
    (solution,) = solutions(run, "70Gy/35", "--fractions", 30, *TIME, "--alpha-beta", 10)
    assert solution["dose_per_fraction_gy"] == pytest.approx(-5 + 50.9**0.5)
    assert solution["parameters"]["overall_days"] == 39
    assert solution["eqd2_gy"] is None
    assert solution["eqd2_isoeffective_gy"] == pytest.approx(70)
    text = run("solve", "70Gy/35", "--fractions", 30, *TIME, "--alpha-beta", 10).out
    assert "10         30      2.13442    64.033    39  67.80   56.50    70.00" in text
    assert "70 Gy / 35: 16.2 Gy of BED lost in 46 days" in text
    (later,) = solutions(run, "70Gy/35", "--fractions", 30, "--days", 50, *TIME, "--alpha-beta", 10)
    assert later["bed_gy"] == pytest.approx(67.8 - 4 * 0.9)


def test_models(run: Run) -> None:
    # BED 108 of 54 Gy / 3 in LQ-L is 5 fractions of d below 6 Gy: 21.6 = 9.6 + 2.2 (d - 6), d = 11.4545 above it
    options = ("54Gy/3", "--fractions", 5, "--model", "lql", "--transition-dose", 6, "--alpha-beta", 10)
    (solution,) = solutions(run, *options)
    assert solution["dose_per_fraction_gy"] == pytest.approx(6 + 12 / 2.2)
    (solution,) = solutions(
        run, "54Gy/3", "--fractions=1", "--model=usc", "--alpha=0.33", "--d0=1.25", "--dq=1.8"
    )
    assert solution["dose_per_fraction_gy"] == pytest.approx(54 - 2 * 1.8)  # Park 2008: D - (n - 1) Dq


def test_an_rbe_weight_and_an_unusual_schedule_are_carried(run: Run) -> None:
    (solution,) = solutions(run, "70Gy(RBE)/35", "--dose-per-fraction", 3, "--alpha-beta", 3)
    assert solution["schedule"].endswith(" x 3 Gy(RBE)")
    assert [near["schedule"] for near in solution["whole"]] == ["57 Gy(RBE) / 19", "60 Gy(RBE) / 20"]
    assert "--allow-unusual" in run("solve", "10Gy/40", "--fractions", 20).err
    assert run("solve", "10Gy/40", "--fractions", 20, "--allow-unusual").code == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("60Gy/30",), "give --fractions or --dose-per-fraction"),
        (("60Gy/30", "--fractions=20", "--dose-per-fraction=3"), "give --fractions or --dose-per-fraction"),
        (("60Gy/30", "--fractions=20.5"), "'20.5' is not a whole number"),
        (("60Gy/30", "--fractions=nan"), "'nan' is not a whole number"),
        (("60Gy/30", "--fractions=0"), "the number of fractions is"),
        (("60Gy/30", "--fractions=-3"), "the number of fractions is"),
        (("60Gy/30", "--dose-per-fraction=inf"), "'inf' is not a number"),
        (("60Gy/30", "--dose-per-fraction=0"), "the dose per fraction is"),
        (("60Gy/30", "--dose-per-fraction=300"), "one fraction of 300 Gy is worth more than 60 Gy / 30"),
        (("20Gy/10", "--fractions=5", "--days=60", "--kick-off=0", "--repopulation=1"), "outweighs the dose"),
        (("60Gy/30", "--dose-per-fraction=2", "--kick-off=0", "--repopulation=9", "--days=39"), "outweighs"),
        (("3x8", "--fractions=5"), "3x8Gy"),
        (("60Gy/30", "--fractions=20", "--model=lql"), "--model lql needs --transition-dose"),
    ],
)
def test_what_has_no_answer_is_a_usage_error(run: Run, arguments: tuple[object, ...], said: str) -> None:
    result = run("solve", *arguments)
    assert (result.code, result.out) == (2, "")
    assert result.err.count("\n") == 1
    assert said in result.err
