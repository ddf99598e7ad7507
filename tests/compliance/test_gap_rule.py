"""Gaps and intervals between fractions: what times show, and what first day, last day and number prove."""

import datetime
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtfractions import protocols
from rtfractions.compliance import Finding, gap_rule
from rtfractions.patient import Lesion
from rtfractions.plans import Prescription, PrescriptionSource
from rtfractions.protocols.schema import Timing, TimingSource
from rtfractions.records import Delivery, FractionTime
from rtfractions.schedule_text import parse

PROTOCOL = protocols.library_protocol("NCT03176173").protocol
MONDAY = datetime.date(2026, 1, 12)


def timing(*, gap: int | None = None, interval: float | None = None, worst: Any = "") -> Timing:
    return Timing(
        worst_grade=worst or "deviation_unacceptable",
        source="S2",
        max_gap_days=gap,
        min_interval_hours=interval,
    )


def moment(day: int, clock: str | None = "08:00") -> FractionTime:
    """A fraction so many days after the first Monday."""
    time = None if clock is None else datetime.time.fromisoformat(clock)
    return FractionTime(MONDAY + datetime.timedelta(day), time, time)


def recorded(*times: FractionTime, schedule: str = "40Gy/10") -> Lesion:
    delivery = Delivery(times[0].date, times[-1].date, len(times), fraction_times=times)
    return lesion(delivery, schedule)


def on_sheet(elapsed: int, fractions: int | None, schedule: str = "40Gy/10") -> Lesion:
    return lesion(Delivery(MONDAY, MONDAY + datetime.timedelta(elapsed), fractions), schedule)


def lesion(delivery: Delivery, schedule: str) -> Lesion:
    return Lesion("L1", Prescription(parse(schedule), PrescriptionSource.LESION_SHEET), delivery=delivery)


def graded(of: Lesion, rules: Timing, *, planned: bool = False) -> Finding:
    (found,) = gap_rule.check(of, rules, PROTOCOL, planned=planned)
    assert found.source is not None
    return found


class TestGap:
    def test_a_weekend_is_a_gap_of_three_days(self) -> None:
        ten = recorded(*(moment(day) for day in (0, 1, 2, 3, 4, 7, 8, 9, 10, 11)))
        found = graded(ten, timing(gap=3))
        assert (found.verdict, found.observed, found.required, found.unit) == ("per_protocol", 3, 3, "days")
        assert found.distance == 0
        assert graded(ten, timing(gap=2)).verdict == "deviation_unacceptable"

    def test_the_message_gives_the_longest_gap_and_its_dates(self) -> None:
        found = graded(recorded(moment(1), moment(3), moment(10)), timing(gap=4))
        assert found.message == "longest gap 7 days, 2026-01-15 to 2026-01-22, at most 4 days"

    @pytest.mark.parametrize("worst", ["variation_acceptable", "query", "deviation_unacceptable"])
    def test_it_is_no_worse_than_the_source_supports(self, worst: str) -> None:
        assert graded(recorded(moment(0), moment(9)), timing(gap=4, worst=worst)).verdict == worst
        assert graded(on_sheet(9, 2), timing(gap=4, worst=worst)).verdict == worst

    @pytest.mark.parametrize(
        ("elapsed", "fractions", "schedule", "most", "verdict", "observed"),
        [
            (9, 3, "27Gy/3", 4, "deviation_unacceptable", "5 to 8 days"),  # 9 days in two gaps: one has 5
            (9, 3, "27Gy/3", 8, "per_protocol", "5 to 8 days"),  # and the other at least 1
            (9, 3, "27Gy/3", 5, "not_evaluable", "5 to 8 days"),
            (9, 10, "40Gy/10", 1, "per_protocol", "1 day"),
            (
                11,
                10,
                "40Gy/10",
                3,
                "per_protocol",
                "2 to 3 days",
            ),  # ten weekdays: no gap can exceed a weekend
            (4, 10, "30Gy/10 BID", 1, "per_protocol", "1 day"),
            (7, 10, "30Gy/10 BID", 1, "not_evaluable", "1 to 4 days"),  # days 1 and 8, and three between them
            (6, None, "40Gy/10", 6, "per_protocol", "1 to 6 days"),
            (6, None, "40Gy/10", 5, "not_evaluable", "1 to 6 days"),
            (0, None, "8Gy/1", 1, "per_protocol", "0 days"),
        ],
    )
    def test_what_first_day_last_day_and_number_prove(
        self, elapsed: int, fractions: int | None, schedule: str, most: int, verdict: str, observed: str
    ) -> None:
        found = graded(on_sheet(elapsed, fractions, schedule), timing(gap=most))
        assert (found.verdict, found.observed) == (verdict, observed)

    @given(st.sets(st.integers(0, 30), min_size=2, max_size=12), st.integers(1, 15))
    def test_less_known_never_grades_otherwise(self, days: set[int], most: int) -> None:
        """From a sheet the same course is graded as from its records, or not at all."""
        times = [moment(day) for day in sorted(days)]
        schedule = f"{len(times)}x4Gy"
        known = recorded(*times, schedule=schedule)
        rules = timing(gap=most)
        for less in (
            replace(known.delivery, fraction_times=()),
            replace(known.delivery, fraction_times=(), fractions_delivered=None),
        ):
            found = graded(replace(known, delivery=less), rules)
            assert found.verdict in ("not_evaluable", graded(known, rules).verdict)


class TestInterval:
    @pytest.mark.parametrize(
        ("second", "verdict", "hours"),
        [("14:00", "per_protocol", 6.0), ("13:59", "deviation_unacceptable", 5 + 59 / 60)],
    )
    def test_by_the_clock(self, second: str, verdict: str, hours: float) -> None:
        found = graded(recorded(moment(0), moment(0, second), moment(1)), timing(interval=6))
        assert found.verdict == verdict
        assert found.observed == pytest.approx(hours)
        assert found.unit == "h"
        assert "2026-01-12 08:00 to 2026-01-12" in found.message

    def test_it_runs_from_the_last_session_of_one_to_the_first_of_the_next(self) -> None:
        first = FractionTime(MONDAY, datetime.time(8), datetime.time(9))
        second = FractionTime(MONDAY, datetime.time(14, 30), datetime.time(15))
        assert graded(recorded(first, second), timing(interval=6)).observed == 5.5

    @pytest.mark.parametrize(
        ("day", "least", "verdict"),
        [
            (0, 6, "query"),  # two on one day, at what time is not stated
            (0, 24, "deviation_unacceptable"),  # a day has no 24 hours between two of its moments
            (1, 18, "not_evaluable"),
            (1, 48, "deviation_unacceptable"),
            (2, 24, "per_protocol"),
            (2, 24.5, "not_evaluable"),
        ],
    )
    def test_by_dates_alone(self, day: int, least: float, verdict: str) -> None:
        times = (moment(0, None), moment(day, None))
        assert graded(recorded(*times), timing(interval=least)).verdict == verdict

    def test_an_interval_that_is_too_short_outweighs_one_that_is_not_known(self) -> None:
        times = (moment(0), moment(0, "09:00"), moment(1, None))
        found = graded(recorded(*times), timing(interval=6))
        assert (found.verdict, found.observed) == ("deviation_unacceptable", 1.0)

    @pytest.mark.parametrize(
        ("elapsed", "fractions", "least", "verdict"),
        [
            (3, 2, 48, "per_protocol"),
            (3, 2, 49, "not_evaluable"),
            (9, 10, 18, "not_evaluable"),
            (
                4,
                10,
                14,
                "deviation_unacceptable",
            ),  # nine intervals in less than 120 h: one has less than 13.3
            (9, None, 18, "not_evaluable"),
        ],
    )
    def test_what_first_day_last_day_and_number_prove(
        self, elapsed: int, fractions: int | None, least: float, verdict: str
    ) -> None:
        found = graded(on_sheet(elapsed, fractions, "30Gy/10 BID"), timing(interval=least))
        assert found.verdict == verdict


@pytest.mark.parametrize("rules", [timing(gap=3), timing(interval=18.0)], ids=["gap", "interval"])
class TestBoth:
    def test_a_limit_from_elsewhere_has_its_own_source_and_worst_grade(self, rules: Timing) -> None:
        limit: Any = "max_gap_days" if rules.max_gap_days else "min_interval_hours"
        other = TimingSource(rule=limit, source="S3", worst_grade="query")
        elsewhere = msgspec.structs.replace(rules, from_elsewhere=(other,))
        found = graded(recorded(moment(0), moment(0, "09:00"), moment(9)), elsewhere)
        assert found.verdict == "query"
        assert found.source == PROTOCOL.source("S3")

    def test_without_days_they_are_not_evaluable(self, rules: Timing) -> None:
        # 5 of the design: a stated rule whose date is missing
        assert graded(lesion(Delivery(), "40Gy/10"), rules).verdict == "not_evaluable"
        assert graded(lesion(Delivery(fractions_delivered=3), "40Gy/10"), rules).verdict == "not_evaluable"

    def test_one_fraction_has_none(self, rules: Timing) -> None:
        assert graded(on_sheet(0, 1, "8Gy/1"), rules).verdict == "not_applicable"

    def test_before_treatment_they_do_not_apply(self, rules: Timing) -> None:
        assert graded(lesion(Delivery(), "40Gy/10"), rules, planned=True).verdict == "not_applicable"

    def test_sheet_and_records_that_differ_are_a_query(self, rules: Timing) -> None:
        unclear = Delivery(
            MONDAY, MONDAY, 3, unclear="ended 1 by the lesion sheet, 2 by the treatment records"
        )
        assert graded(lesion(unclear, "40Gy/10"), rules).verdict == "query"
