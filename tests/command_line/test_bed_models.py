"""``rtfractions bed`` with models, time, repair and intervals; expected numbers from the facts' biology pages."""

import csv
import io
from collections.abc import Callable
from typing import Any

import jsonschema
import pytest

from rtfractions.reports.schemas import json_schema

Run = Callable[..., Any]

TIME = ("--kick-off", 28, "--repopulation", 0.9)


def results(run: Run, *arguments: object) -> list[Any]:
    """The results of the first schedule, with full precision."""
    document = run("bed", *arguments, "--format", "json").json
    jsonschema.validate(document, json_schema("bed"))
    found: list[Any] = document["schedules"][0]["results"]
    return found


def test_both_meanings_of_eqd2_with_a_time(run: Run) -> None:
    # facts 1.3: 84 - 16.2 = 67.8; 1.2: the two-sided EQD2 of 2 Gy fractions is the physical dose
    text = run("bed", "70Gy/35", *TIME, "--alpha-beta", 10).out
    assert "70 Gy / 35         2.00        67.80           56.50            70.00" in text
    assert "BED(a/b=10)  EQD2tc(a/b=10)  EQD2iso(a/b=10)" in text
    assert "in 46 days (elapsed days: the last day less the first)" in text
    (result,) = results(run, "70Gy/35", *TIME, "--alpha-beta", 10)
    assert result["eqd2_gy"] is None
    assert result["bed_gy"] == pytest.approx(67.8)
    assert result["eqd2_time_corrected_gy"] == pytest.approx(56.5)
    assert result["eqd2_isoeffective_gy"] == pytest.approx(70)
    assert result["parameters"] == {"overall_days": 46, "repopulation_gy_per_day": 0.9, "kick_off_days": 28}
    rows = list(
        csv.DictReader(io.StringIO(run("bed", "70Gy/35", *TIME, "--alpha-beta=10", "--format=csv").out))
    )
    assert rows[0]["eqd2_gy"] == ""
    assert float(rows[0]["eqd2_time_corrected_gy"]) == result["eqd2_time_corrected_gy"]
    assert float(rows[0]["eqd2_isoeffective_gy"]) == result["eqd2_isoeffective_gy"]


@pytest.mark.parametrize(
    ("fractions", "days"), [(5, 4), (10, 11), (15, 18), (20, 25), (25, 32), (30, 39), (35, 46)]
)
def test_overall_time_is_elapsed_days(run: Run, fractions: int, days: int) -> None:
    # facts 1.2, first column of the table of conventions
    (result,) = results(run, f"{2 * fractions}Gy/{fractions}", *TIME, "--alpha-beta", 10)
    assert result["parameters"]["overall_days"] == days


def test_days_as_given_and_a_doubling_time(run: Run) -> None:
    # ln 2 / (0.35 * 3) = 0.660140 Gy a day, 32 days of it after day 21
    options = ("--days", 53, "--kick-off", 21, "--doubling-time", 3, "--alpha", 0.35, "--alpha-beta", 10)
    (result,) = results(run, "70Gy/35", *options)
    assert result["bed_gy"] == pytest.approx(84 - 32 * 0.66014017, abs=1e-6)
    assert result["parameters"]["doubling_time_days"] == 3


def test_repopulation_that_outweighs_the_dose_is_said_and_not_cut_off(run: Run) -> None:
    text = run("bed", "20Gy/10", "--days=60", "--kick-off=0", "--repopulation=1", "--alpha-beta=10").out
    assert "repopulation outweighs the dose, BED is -36 Gy" in text  # 24 - 60


def test_lql_below_and_above_its_transition(run: Run) -> None:
    # Astrahan 2008: 3 (6 (1 + 6 / 10) + 2.2 (18 - 6)) = 108, with the tangent 1 + 2 * 6 / 10 = 2.2
    lql = ("--model", "lql", "--transition-dose", 6, "--alpha-beta", 10)
    (result,) = results(run, "54Gy/3", *lql)
    assert (result["model"], result["bed_gy"], result["eqd2_gy"]) == (
        "lql",
        pytest.approx(108),
        pytest.approx(90),
    )
    assert result["parameters"] == {"transition_dose_gy": 6, "gamma_over_alpha": pytest.approx(2.2)}
    assert "gamma/alpha was not given and is 2.2" in run("bed", "54Gy/3", *lql).out
    (result,) = results(run, "54Gy/3", *lql, "--gamma-over-alpha", 3)
    assert result["bed_gy"] == pytest.approx(3 * (9.6 + 3 * 12))


def test_usc_brings_its_own_alpha_beta(run: Run) -> None:
    # Park 2008: (18 - 1.8) / (0.33 * 1.25) a fraction; alpha/beta 8.6, printed
    options = ("--model", "usc", "--alpha", 0.33, "--d0", 1.25, "--dq", 1.8)
    (result,) = results(run, "54Gy/3", *options)
    assert result["bed_gy"] == pytest.approx(3 * 16.2 / 0.4125)
    assert round(result["alpha_beta_gy"], 1) == 8.6
    text = run("bed", "54Gy/3", *options)
    assert "a/b=8.605: alpha/beta 8.6048 Gy, follows from the USC parameters" in text.out
    assert "no --alpha-beta given" not in text.err


def test_mlq(run: Run) -> None:
    # Guerrero & Li 2004 at 24 Gy, alpha/beta 10, delta 0.15: 24 + 2 (3.6 + exp(-3.6) - 1) / (10 * 0.0225)
    (result,) = results(run, "24Gy/1", "--model=mlq", "--delta=0.15", "--alpha-beta=10")
    assert result["bed_gy"] == pytest.approx(47.354, abs=5e-4)


def test_repair_between_fractions_counts_nights_too(run: Run) -> None:
    # facts 1.4: CHART, BED3 100.55, against 95.98 with overnight repair taken as complete
    repair = ("--interval", 6, "--repair-half-time", 4, "--alpha-beta", 3)
    (result,) = results(run, "54Gy/36 TID 21/wk", *repair)
    assert result["bed_gy"] == pytest.approx(100.55, abs=0.005)
    text = run("bed", "54Gy/36 TID 21/wk", *repair)
    assert "100.55" in text.out
    assert "incomplete repair" in text.out
    assert text.err == ""


def test_a_short_interval_is_said(run: Run) -> None:
    text = run("bed", "54Gy/36 TID", "--interval=4", "--repair-half-time=4", "--alpha-beta=3").out
    assert "less than 6 h apart" in text


def test_the_example_of_tg101_over_its_interval(run: Run) -> None:
    # AAPM TG-101: 38 Gy / 4 at alpha/beta 2 +- 1 is 109 (95-133) Gy
    options = ("38Gy/4", "--alpha-beta", 2, "--alpha-beta-interval", "1:3")
    text = run("bed", *options).out
    assert "109.25" in text
    assert "95.00 to 133.00" in text
    assert "over alpha/beta 1 to 3 Gy" in text
    (schedule,) = run("bed", *options, "--format", "json").json["schedules"]
    assert schedule["interval"] == {
        "alpha_beta_low_gy": 1,
        "alpha_beta_high_gy": 3,
        "alpha_beta_source": "given on the command line",
        "method": "exact",
        "bed_low_gy": pytest.approx(38 * (1 + 9.5 / 3)),
        "bed_high_gy": pytest.approx(38 * 10.5),
        "eqd2_low_gy": pytest.approx(95),
        "eqd2_high_gy": pytest.approx(133),
        "follow_alpha_beta": [],
    }
    (row,) = csv.DictReader(io.StringIO(run("bed", *options, "--format", "csv").out))
    assert (row["eqd2_low_gy"], row["eqd2_high_gy"]) == ("95.0", "133.0")


@pytest.mark.parametrize(
    ("typed", "ends"),
    [("1:", (1, None)), ("1:inf", (1, None)), (":3", (None, 3)), ("0:3", (None, 3)), ("-1:3", (None, 3))],
)
def test_an_end_at_zero_or_infinity_is_open(
    run: Run, typed: str, ends: tuple[float | None, float | None]
) -> None:
    options = ("38Gy/4", "--alpha-beta=2", f"--alpha-beta-interval={typed}")
    over = run("bed", *options, "--format=json").json["schedules"][0]["interval"]
    assert (over["alpha_beta_low_gy"], over["alpha_beta_high_gy"]) == ends
    known = (None, 133) if ends[0] == 1 else (95, None)  # EQD2 of 9.5 Gy fractions falls with alpha/beta
    assert (over["eqd2_low_gy"], over["eqd2_high_gy"]) == known
    assert ("below 133.00" if ends[0] == 1 else "above 95.00") in run("bed", *options).out


def test_other_models_are_sampled_over_a_closed_interval(run: Run) -> None:
    options = ("24Gy/3", "--model=lql", "--transition-dose=6", "--alpha-beta=3", "--format=json")
    over = run("bed", *options, "--alpha-beta-interval=2:5").json["schedules"][0]["interval"]
    # 3 (6 + 36 / R + (1 + 12 / R) 2): 114 at 2 Gy, 60 at 5 Gy
    assert (over["method"], over["bed_low_gy"], over["bed_high_gy"]) == (
        "sampled",
        pytest.approx(60),
        pytest.approx(114),
    )
    result = run("bed", *options, "--alpha-beta-interval=2:")
    assert (result.code, result.out) == (2, "")
    assert "give an interval with both ends" in result.err


def test_a_parameter_that_follows_alpha_beta_is_told_above_the_interval(run: Run) -> None:
    options = ("24Gy/3", "--model=lql", "--transition-dose=6", "--alpha-beta=3", "--alpha-beta-interval=2:5")
    assert "gamma/alpha anew at each" in run("bed", *options).out
    assert "anew" not in run("bed", *options, "--gamma-over-alpha=5").out


def test_one_repopulation_rate_for_several_ratios_is_told(run: Run) -> None:
    timed = ("70Gy/35", "--days=46", "--kick-off=28", "--repopulation=0.9")
    assert "one repopulation rate is taken" in run("bed", *timed).out
    assert "one repopulation rate" not in run("bed", *timed, "--alpha-beta=10").out


def test_incomplete_repair_keeps_the_ends_of_an_interval(run: Run) -> None:
    # BED is 54 + Q / R still: facts 1.4 has 100.55 at 3 Gy, hence Q = 139.65
    options = ("54Gy/36 TID 21/wk", "--interval=6", "--repair-half-time=4", "--alpha-beta=3", "--format=json")
    over = run("bed", *options, "--alpha-beta-interval=1:10").json["schedules"][0]["interval"]
    assert over["method"] == "exact"
    assert (over["bed_low_gy"], over["bed_high_gy"]) == (
        pytest.approx(54 + 13.965, abs=0.002),
        pytest.approx(54 + 139.65, abs=0.02),
    )
    assert over["eqd2_low_gy"] == pytest.approx((54 + 13.965) / 1.2, abs=0.002)
    over = run("bed", *options, "--alpha-beta-interval=1:").json["schedules"][0]["interval"]
    assert (over["bed_low_gy"], over["bed_high_gy"]) == (None, pytest.approx(193.65, abs=0.02))


def test_an_interval_with_a_time_gives_bed_alone(run: Run) -> None:
    options = ("70Gy/35", *TIME, "--alpha-beta=10", "--alpha-beta-interval=5:20")
    over = run("bed", *options, "--format=json").json["schedules"][0]["interval"]
    assert (over["bed_low_gy"], over["bed_high_gy"]) == (pytest.approx(77 - 16.2), pytest.approx(98 - 16.2))
    assert over["eqd2_low_gy"] is over["eqd2_high_gy"] is None
    assert "60.80 to 81.80" in run("bed", *options).out


@pytest.mark.parametrize(
    "options",
    [
        (),
        TIME,
        (*TIME, "--alpha-beta-interval", "2:5"),
        ("--model", "lql", "--transition-dose", 6),
        ("--model", "mlq", "--delta", 0.15, *TIME),
        ("--repair-half-time", 4, "--interval", 6, *TIME),
    ],
)
def test_a_table_fits_a_page(run: Run, options: tuple[object, ...]) -> None:
    text = run("bed", "70Gy/35", "50Gy/25 + 16Gy/8", "45Gy/30 BID", *options).out
    assert max(map(len, text.splitlines())) <= 110
    for number in run("bed", "70Gy/35", *options, "--format", "json").json["schedules"][0]["results"]:
        assert f"{number['bed_gy']:.2f}" in text


def test_rbe_weighted_dose_stays_so(run: Run) -> None:
    assert "70 Gy(RBE) / 35 *" in run("bed", "70Gy(RBE)/35", *TIME, "--alpha-beta", 3).out


BED = ("bed", "70Gy/35")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((*BED, "--model=lql"), "--model lql needs --transition-dose"),
        ((*BED, "--model=usc", "--alpha=0.3"), "--model usc needs --d0, --dq"),
        ((*BED, "--model=mlq"), "--model mlq needs --delta"),
        ((*BED, "--delta=0.1"), "--model lq has no --delta"),
        ((*BED, "--model=mlq", "--delta=0.1", "--d0=1"), "--model mlq has no --d0"),
        ((*BED, "--model=lqc"), "lqc"),
        ((*BED, "--alpha=0.3"), "--alpha goes with"),
        ((*BED, "--model=usc", "--alpha=.3", "--d0=1", "--dq=2", "--alpha-beta=3"), "leave --alpha-beta out"),
        ((*BED, "--model=usc", "--alpha=.9", "--d0=2", "--dq=2"), "alpha D0 is 1.8"),
        ((*BED, "--model=usc", "--alpha=.3", "--d0=1", "--dq=2", "--alpha-beta-interval=2:5"), "no interval"),
        ((*BED, "--model=usc", "--alpha=.3", "--d0=1", "--dq=2", "--plot=a.svg"), "no curve"),
        ((*BED, "--days=46"), "--days without repopulation"),
        ((*BED, "--kick-off=28"), "--kick-off with --repopulation"),
        ((*BED, "--repopulation=0.9"), "--kick-off with --repopulation"),
        ((*BED, *TIME, "--doubling-time=3"), "give one"),
        ((*BED, "--kick-off=28", "--doubling-time=3"), "--doubling-time needs --alpha"),
        ((*BED, *TIME, "--days=20"), "70 Gy / 35 takes 34 elapsed days at least"),
        (("bed", "20Gy/5", "70Gy/35", *TIME, "--days=20"), "70 Gy / 35 takes 34 elapsed days at least"),
        ((*BED, "--interval=6"), "--interval needs --repair-half-time"),
        (("bed", "45Gy/30 BID", "--repair-half-time=4"), "interval between fractions of a day is missing"),
        ((*BED, "--model=mlq", "--delta=.1", "--repair-half-time=4"), "modelled in LQ"),
        ((*BED, "--alpha-beta-interval=2"), "LOW:HIGH"),
        ((*BED, "--alpha-beta-interval=2:5:7"), "LOW:HIGH"),
        ((*BED, "--alpha-beta-interval=:"), "LOW:HIGH"),
        ((*BED, "--alpha-beta-interval=nan:5"), "LOW:HIGH"),
        ((*BED, "--alpha-beta-interval=2,5:5"), "LOW:HIGH"),
        ((*BED, "--alpha-beta-interval=5:2"), "lower end first"),
        ((*BED, *TIME, "--days=nan"), "'nan' is not a number"),
        ((*BED, *TIME, "--days=inf"), "'inf' is not a number"),
        ((*BED, *TIME, "--days=1_0"), "'1_0' is not a number"),
        ((*BED, *TIME, "--days=46,5"), "with a decimal point"),
        ((*BED, *TIME, "--days=1e400"), "between 0 and 36525 days"),
        ((*BED, "--kick-off=-1", "--repopulation=0.9"), "between 0 and 36525 days"),
        ((*BED, "--kick-off=28", "--repopulation=101"), "between 0 and 100 Gy/day"),
        ((*BED, "--model=lql", "--transition-dose=0"), "between 0.001 and 1e+06 Gy"),
    ],
)
def test_what_makes_no_sense_is_a_usage_error(run: Run, arguments: tuple[object, ...], said: str) -> None:
    result = run(*arguments)
    assert (result.code, result.out) == (2, "")
    assert result.err.count("\n") == 1
    assert said in result.err
