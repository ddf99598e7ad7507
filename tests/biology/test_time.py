"""Overall time, repopulation and the two meanings of EQD2 with time; compensation of interruptions."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtfractions.biology import (
    LQ,
    LQL,
    AlphaBeta,
    Compensation,
    ParameterError,
    Repopulation,
    SolutionError,
    TreatmentTime,
    TreatmentWeek,
    bed,
    bed_time,
    compensate_interruption,
    convert,
    elapsed_days,
    eqd2_isoeffective,
    eqd2_time_corrected,
    repopulation_gy_per_day,
    treatment_days,
)
from rtfractions.schedule_text import parse

DALE = Repopulation(gy_per_day=0.9, kick_off_days=28)
TUMOUR = AlphaBeta(value_gy=10, source="tumour")
LATE = AlphaBeta(value_gy=3, source="late")


@pytest.mark.parametrize(
    ("fractions", "days"), [(1, 0), (5, 4), (10, 11), (15, 18), (20, 25), (25, 32), (30, 39), (35, 46)]
)
def test_elapsed_days_of_weekday_fractions(fractions: int, days: int) -> None:
    # section 1.2, first column: Fowler and RCR, the first day being 0
    assert elapsed_days(parse(f"{2 * fractions}Gy/{fractions}")) == days
    assert TreatmentWeek().elapsed_days(fractions) == days


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("54Gy/36 TID 21/wk", 11),  # CHART: twelve consecutive days
        ("45Gy/30 BID", 18),
        ("50Gy/25 + 16Gy/8", 44),  # 33 weekday fractions
        ("30Gy/5 QOD", 9),  # Monday, Wednesday, Friday, Monday, Wednesday
        ("18Gy/6 2/wk", 17),
        ("60Gy/30 6/wk", 33),
        ("8Gy/1", 0),
    ],
)
def test_elapsed_days_of_other_weeks(text: str, days: int) -> None:
    assert elapsed_days(parse(text)) == days


@given(st.integers(1, 4), st.integers(1, 7), st.integers(1, 200))
def test_the_closed_form_counts_like_the_calendar(per_day: int, per_week: int, n: int) -> None:
    week = TreatmentWeek(fractions_per_day=per_day, days_per_week=per_week)
    days = week.days_from(0)
    assert [next(days) for _ in range(n)][-1] == week.elapsed_days(n)


def test_a_phase_begins_on_its_next_day_of_treatment() -> None:
    assert treatment_days(parse("6Gy/3 + 4Gy/2 BID + 6Gy/3"))[-5:] == (3, 3, 4, 7, 8)


def test_repopulation_of_a_doubling_time() -> None:
    # section 1.2: K = ln 2 / (alpha T_p), ln 2 and not 0.693 (pitfall 13)
    expected = math.log(2) / 1.05
    found = repopulation_gy_per_day(doubling_time_days=3, alpha_per_gy=0.35)
    assert found == pytest.approx(expected, rel=1e-14)
    fowler = Repopulation.doubling(doubling_time_days=3, alpha_per_gy=0.35, kick_off_days=21)
    assert fowler.parameters == {
        "repopulation_gy_per_day": pytest.approx(expected, rel=1e-14),
        "kick_off_days": 21,
        "doubling_time_days": 3,
        "repopulation_alpha_per_gy": 0.35,
    }
    with pytest.raises(ParameterError, match="ln 2"):
        replace(fowler, gy_per_day=0.9)


@given(st.floats(0, 200), st.floats(0, 100))
def test_nothing_is_lost_before_the_kick_off(dose: float, days: float) -> None:
    net = bed_time(dose, overall_days=days, repopulation=DALE)
    assert net == pytest.approx(dose - 0.9 * max(0, days - 28), abs=1e-12)
    assert bed_time(np.array([dose]), overall_days=days, repopulation=DALE).tolist() == [net]


def test_a_bed_below_zero_is_not_cut_off() -> None:
    assert bed_time(10.0, overall_days=68, repopulation=DALE) == pytest.approx(-26)
    assert eqd2_time_corrected(10.0, overall_days=68, repopulation=DALE, model=LQ(10)) == pytest.approx(
        -26 / 1.2
    )
    with pytest.raises(SolutionError, match="outweighs"):
        eqd2_isoeffective(10.0, overall_days=68, repopulation=DALE, model=LQ(10))
    isoeffect = convert(parse("8Gy/1"), TUMOUR, time=TreatmentTime(elapsed_days=68, repopulation=DALE))
    assert isoeffect.bed_gy == pytest.approx(14.4 - 36)
    assert isoeffect.eqd2_isoeffective_gy is None
    assert {"time.bed-negative", "time.no-isoeffective"} <= {notice.code for notice in isoeffect.notices}


@given(st.integers(1, 12), st.floats(0, 1.5), st.floats(0, 60), st.floats(1, 30))
def test_full_weeks_of_two_gray_are_isoeffective_to_themselves(
    weeks: int, loss: float, kick_off: float, ratio: float
) -> None:
    # section 1.2: at 2 Gy on the standard calendar the two-sided EQD2 is the physical dose exactly
    n, repopulation = 5 * weeks, Repopulation(gy_per_day=loss, kick_off_days=kick_off)
    found = eqd2_isoeffective(
        bed(2.0 * n, fractions=n, alpha_beta_gy=ratio),
        overall_days=elapsed_days(parse(f"{2 * n}Gy/{n}")),
        repopulation=repopulation,
        model=LQ(ratio),
    )
    assert found == pytest.approx(2 * n, rel=1e-9)


def test_across_a_weekend_the_shorter_schedule_is_taken() -> None:
    # 36 fractions end on day 49: BED 86.4 - 18.9 = 67.5, which 34.875 fractions have on day 46, 83.7 - 16.2
    found = eqd2_isoeffective(86.4, overall_days=49, repopulation=DALE, model=LQ(10))
    assert found == pytest.approx(69.75)


@given(st.floats(0.5, 6), st.integers(1, 40), st.floats(0, 60), st.floats(0.0, 1.0), st.floats(1, 20))
def test_the_isoeffective_dose_is_worth_as_much(
    d: float, n: int, days: float, loss: float, ratio: float
) -> None:
    repopulation = Repopulation(gy_per_day=loss, kick_off_days=21)
    total = bed(d * n, fractions=n, alpha_beta_gy=ratio)
    net = bed_time(total, overall_days=days, repopulation=repopulation)
    if net <= 0:
        return
    found = eqd2_isoeffective(total, overall_days=days, repopulation=repopulation, model=LQ(ratio)) / 2
    lost = repopulation.bed_lost_gy(float(TreatmentWeek().elapsed_days(max(found, 1e-3))))
    assert found * 2 * (1 + 2 / ratio) - lost == pytest.approx(net, rel=1e-9)


def test_repopulation_faster_than_two_gray_a_day_has_no_isoeffective_dose() -> None:
    fast = Repopulation(gy_per_day=2.0, kick_off_days=0)
    with pytest.raises(SolutionError, match="do not reach"):
        eqd2_isoeffective(84.0, overall_days=20, repopulation=fast, model=LQ(10))


def test_convert_with_time_gives_both_meanings_and_neither_the_plain_name() -> None:
    time = TreatmentTime.uninterrupted(parse("70Gy/35"), DALE)
    isoeffect = convert(parse("70Gy/35"), TUMOUR, time=time)
    assert isoeffect.bed_gy == pytest.approx(67.8)  # row LQ+T
    assert isoeffect.eqd2_gy is None
    assert isoeffect.eqd2_time_corrected_gy == pytest.approx(56.5)
    assert isoeffect.eqd2_isoeffective_gy == pytest.approx(70)
    assert isoeffect.parameters == {"overall_days": 46, "repopulation_gy_per_day": 0.9, "kick_off_days": 28}
    (notice,) = isoeffect.notices
    assert notice.code == "time.convention"
    assert "elapsed days" in notice.message


def test_convert_with_time_uses_the_models_own_rule() -> None:
    model = LQL(3, transition_dose_gy=6)
    time = TreatmentTime(elapsed_days=30, repopulation=DALE)
    isoeffect = convert(parse("60Gy/5"), LATE, model=model, time=time)
    assert isoeffect.eqd2_time_corrected_gy == pytest.approx(
        model.eqd2_gy(model.bed_gy(60.0, fractions=5) - 1.8)
    )


@pytest.mark.parametrize(("text", "days"), [("60Gy/30", 28), ("45Gy/30 BID", 13)])
def test_a_time_too_short_for_the_fractions_is_refused(text: str, days: float) -> None:
    with pytest.raises(ParameterError, match="elapsed days at least"):
        convert(parse(text), TUMOUR, time=TreatmentTime(elapsed_days=days, repopulation=DALE))


# ---------------------------------------------------------------- compensation


def compensation(delivered: int = 20, gap: int = 7, text: str = "70Gy/35", **changed: float) -> Compensation:
    repopulation = Repopulation(gy_per_day=changed.pop("k", 0.9), kick_off_days=changed.pop("kick_off", 28))
    return compensate_interruption(
        parse(text),
        delivered=delivered,
        gap_days=gap,
        tumour=TUMOUR,
        late=LATE,
        repopulation=repopulation,
        overall_days=changed.pop("overall_days", None),
    )


def test_the_worked_example() -> None:
    # section 1.3: 67.8, 116.7, 61.5; 2.8103 Gy in 10 fractions, late BED3 121.09, +3.8 %
    found = compensation()
    assert found.prescribed.tumour_bed_gy == pytest.approx(67.8)
    assert found.prescribed.late_bed_gy == pytest.approx(116.7, abs=0.05)
    assert (found.prescribed.fractions, found.prescribed.overall_days) == (35, 46)
    assert found.uncompensated.tumour_bed_gy == pytest.approx(61.5)
    assert (found.uncompensated.fractions, found.uncompensated.overall_days) == (15, 53)
    kept, changed, added, larger = found.methods
    assert kept.method == "keep-time-and-dose"
    assert (kept.fractions, kept.dose_per_fraction_gy, kept.overall_days) == (15, 2, 46)
    assert kept.tumour_bed_gained_gy == pytest.approx(6.3)
    assert kept.late_change_percent == 0
    assert "5 of the 15" in kept.description
    assert changed.method == "keep-time-change-dose"
    assert changed.fractions == 10
    assert changed.dose_per_fraction_gy == pytest.approx(2.8103, abs=0.0001)
    assert changed.tumour_bed_gy == pytest.approx(67.8)
    assert changed.late_bed_gy == pytest.approx(121.09, abs=0.005)
    assert changed.late_change_percent == pytest.approx(3.8, abs=0.05)
    # fractions of 2 Gy added: after 21 more BED10 is 98.4 - 0.9 (63 - 28) = 66.9, after 22 it is 100.8 - 32.4
    assert added.method == "extend-add-fractions"
    assert (added.fractions, added.overall_days, added.total_dose_gy) == (22, 64, 84)
    assert added.tumour_bed_gy == pytest.approx(68.4)
    assert added.late_bed_gy == pytest.approx(140)
    # fifteen larger ones until day 53: 15 d (1 + d / 10) = 67.8 + 22.5 - 48
    assert larger.method == "extend-change-dose"
    dose = larger.dose_per_fraction_gy
    assert dose is not None
    assert 15 * dose * (1 + dose / 10) == pytest.approx(42.3)
    assert larger.late_bed_gy == pytest.approx(40 * (1 + 2 / 3) + 15 * dose * (1 + dose / 3))


@given(st.integers(1, 34), st.integers(1, 40), st.floats(0, 1.2), st.floats(0, 50))
def test_every_method_keeps_the_tumours_bed(delivered: int, gap: int, k: float, kick_off: float) -> None:
    found = compensation(delivered, gap, k=k, kick_off=kick_off)
    assert found.uncompensated.overall_days is not None
    assert found.uncompensated.overall_days >= 46
    for row in found.methods:
        if row.impossible:
            assert row.tumour_bed_gy is None
            assert row.description
            continue
        prescribed = found.prescribed.tumour_bed_gy
        assert row.tumour_bed_gy is not None
        assert prescribed is not None
        if row.method == "extend-add-fractions":
            assert row.tumour_bed_gy >= prescribed - 1e-9
        else:
            assert row.tumour_bed_gy == pytest.approx(prescribed, abs=1e-9)
        assert row.late_change_percent is not None
        assert row.late_change_percent >= -1e-9


@pytest.mark.parametrize("gap", [5, 6, 7])
def test_treatment_goes_on_on_a_day_of_treatment(gap: int) -> None:
    # five weekdays missed, with or without the weekend behind them, are one week
    assert compensation(gap=gap).uncompensated == compensation(gap=7).uncompensated


def test_a_time_that_ends_before_the_kick_off_loses_nothing() -> None:
    found = compensation(text="40Gy/15", delivered=5, gap=3)
    assert found.methods == ()
    assert found.uncompensated.tumour_bed_gained_gy == 0
    assert "compensation.no-loss" in [notice.code for notice in found.notices]


def test_a_gap_before_the_kick_off_is_said_to_lose_by_a_later_end_only() -> None:
    found = compensation(delivered=5)
    assert found.uncompensated.tumour_bed_gy == pytest.approx(61.5)
    assert "compensation.gap-before-kick-off" in [notice.code for notice in found.notices]
    assert "compensation.gap-before-kick-off" not in [notice.code for notice in compensation().notices]


def test_what_cannot_be_done_says_why() -> None:
    found = compensation(delivered=33, gap=7)
    kept, changed, *_ = found.methods
    assert kept.impossible
    assert changed.impossible
    assert "no day of treatment is left" in changed.description
    # 28 Gy of BED a week are given, 5 x 2.4, and as much is lost
    assert compensation(k=2.0, kick_off=40).methods[2].impossible


def test_an_overall_time_given_is_prolonged_by_the_calendar() -> None:
    found = compensation(overall_days=48)
    assert found.prescribed.overall_days == 48
    assert found.uncompensated.overall_days == 55
    assert found.prescribed.tumour_bed_gy == pytest.approx(66)


def test_large_fractions_are_noted() -> None:
    found = compensation(text="54Gy/6", delivered=2, gap=5, kick_off=2, k=0.9)
    assert "lq.high-dose-per-fraction" in [notice.code for notice in found.notices]


@pytest.mark.parametrize("text", ["50Gy/25 + 16Gy/8", "8Gy/1"])
def test_what_cannot_be_interrupted_is_refused(text: str) -> None:
    with pytest.raises(SolutionError):
        compensation(delivered=1, text=text)
