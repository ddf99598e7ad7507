"""Schedules as exact values."""

import math
from decimal import Decimal
from typing import Any

import pytest

from rtfractions.schedule import Phase, Schedule, ScheduleError, ScheduleRange
from rtfractions.schedule_text import parse


def uniform(total_dose_gy: float, fractions: int) -> Schedule:
    return Schedule.uniform(total_dose_gy=total_dose_gy, fractions=fractions)


def test_decimals_are_exact() -> None:
    # 40.05 Gy / 15 = 2.67 Gy exactly (START-B, FAST-Forward); in binary floats 40.05 / 15 is not.
    assert uniform(40.05, 15).phases[0].exact_dose_per_fraction_gy == Decimal("2.67")
    assert uniform(40.05, 15).dose_per_fraction_gy == 2.67


def test_dose_per_fraction_is_none_where_phases_differ() -> None:
    same = Schedule(
        (Phase(total_dose_gy=Decimal(50), fractions=25), Phase(total_dose_gy=Decimal(16), fractions=8))
    )
    different = Schedule(
        (Phase(total_dose_gy=Decimal(12), fractions=1), Phase(total_dose_gy=Decimal(12), fractions=2))
    )
    assert same.dose_per_fraction_gy == 2.0
    assert different.dose_per_fraction_gy is None
    assert different.total_dose_gy == 24
    assert different.fractions == 3


@pytest.mark.parametrize(
    "dose", [0, -1, 10_001, math.nan, math.inf, "40", True, None, Decimal("1e-19"), 1e-320]
)
def test_a_dose_that_cannot_be_is_refused(dose: Any) -> None:
    with pytest.raises(ScheduleError):
        Schedule.uniform(total_dose_gy=dose, fractions=10)


@pytest.mark.parametrize("fractions", [0, -1, 1001, 2.0, "3", True, None, math.nan])
def test_a_number_of_fractions_that_cannot_be_is_refused(fractions: Any) -> None:
    with pytest.raises(ScheduleError):
        Schedule.uniform(total_dose_gy=40, fractions=fractions)


@pytest.mark.parametrize(
    ("per_day", "per_week"),
    [(True, None), (None, 8), (5.0, None), (0.0, None), (None, 0), (None, 29), (2.0, 5), (1.0, 8), (0.5, 5)],
)
def test_frequencies_that_cannot_be_are_refused(per_day: float | None, per_week: int | None) -> None:
    with pytest.raises(ScheduleError):
        Schedule.uniform(total_dose_gy=40, fractions=10, per_day=per_day, per_week=per_week)


def test_rbe_weighted_and_photon_dose_never_stand_in_one_schedule() -> None:
    with pytest.raises(ScheduleError, match="RBE"):
        Schedule(
            (
                Phase(total_dose_gy=Decimal(50), fractions=25),
                Phase(total_dose_gy=Decimal(16), fractions=8, rbe_weighted=True),
            )
        )


def test_the_value_type_allows_what_people_hardly_mean() -> None:
    assert str(uniform(2, 30)) == "2 Gy / 30"


@pytest.mark.parametrize(
    ("text", "fractions", "days"),
    [
        ("40Gy/10", 10, 10),
        ("40Gy/10", 3, 3),
        ("45Gy/30 BID", 30, 15),
        ("45Gy/30 BID", 29, 15),
        ("24Gy/3 QOD", 3, 5),
        ("24Gy/3 QOD", 0, 0),
        ("30Gy/5 1/wk", 3, 9),  # Sunday, any day of the next week, Monday of the third
        ("60Gy/30 5/wk", 30, 30),  # six calendar weeks: the last days of the first to the first of the sixth
        ("24Gy/8 BID + 20Gy/10", 18, 14),
        ("24Gy/8 BID + 20Gy/10", 10, 6),
    ],
)
def test_the_fewest_days_a_course_can_take(text: str, fractions: int, days: int) -> None:
    assert parse(text).fewest_days(fractions) == days


def test_the_bounds_of_the_value_type() -> None:
    Schedule.uniform(total_dose_gy=10_000, fractions=1000)
    half = Phase(total_dose_gy=Decimal(5001), fractions=501)
    with pytest.raises(ScheduleError):
        Schedule((half, half))


class TestMatching:
    """A schedule matches within the tolerance, everything else being alike."""

    tolerance_gy = Decimal("0.05")
    listed = ScheduleRange(uniform(24, 3), uniform(24, 3))
    srs = ScheduleRange(uniform(20, 1), uniform(24, 1))

    @pytest.mark.parametrize(("dose", "matches"), [(24, True), (24.05, True), (23.95, True), (24.06, False)])
    def test_the_tolerance_is_exact_at_its_end(self, dose: float, matches: bool) -> None:
        # In binary floats 24.05 - 24 is 0.0500000000000007 and would not match.
        assert self.listed.matches(uniform(dose, 3), tolerance_gy=self.tolerance_gy) is matches

    @pytest.mark.parametrize(
        ("dose", "matches"), [(19.94, False), (19.95, True), (22, True), (24.05, True), (24.5, False)]
    )
    def test_the_ends_of_a_range_have_the_tolerance_too(self, dose: float, matches: bool) -> None:
        assert self.srs.matches(uniform(dose, 1), tolerance_gy=self.tolerance_gy) is matches

    @pytest.mark.parametrize(
        "other",
        [
            uniform(24, 4),
            Schedule(
                (Phase(total_dose_gy=Decimal(12), fractions=1), Phase(total_dose_gy=Decimal(12), fractions=2))
            ),
            Schedule.uniform(total_dose_gy=24, fractions=3, rbe_weighted=True),
            Schedule.uniform(total_dose_gy=24, fractions=3, per_day=2.0),
        ],
        ids=["fractions", "phases", "RBE", "twice a day"],
    )
    def test_what_is_not_alike_does_not_match(self, other: Schedule) -> None:
        assert not self.listed.matches(other, tolerance_gy=self.tolerance_gy)

    def test_once_a_day_is_what_unstated_means(self) -> None:
        daily = Schedule.uniform(total_dose_gy=24, fractions=3, per_day=1.0)
        every_other_day = Schedule.uniform(total_dose_gy=24, fractions=3, per_day=0.5)
        assert self.listed.matches(daily, tolerance_gy=self.tolerance_gy)
        assert self.listed.matches(every_other_day, tolerance_gy=self.tolerance_gy)

    def test_the_nearest_of_a_range_is_its_nearer_end(self) -> None:
        assert self.srs.nearest_to(uniform(8, 1)) == uniform(20, 1)
        assert self.srs.nearest_to(uniform(30, 1)) == uniform(24, 1)
        assert self.srs.nearest_to(uniform(22, 2)) == uniform(22, 1)

    def test_a_range_varies_the_dose_and_nothing_else(self) -> None:
        with pytest.raises(ScheduleError):
            ScheduleRange(uniform(20, 1), uniform(24, 2))
        with pytest.raises(ScheduleError, match="downwards"):
            ScheduleRange(uniform(24, 1), uniform(20, 1))
