"""Gaps and intervals between fractions: from their times, or as far as first day, last day and number prove it.

A gap is counted in days from one fraction to the next, weekends included. Without times of day, two fractions a
number of days apart are that many times 24 hours apart, give or take a day; without the days of single fractions,
the longest gap is at least its average, and at most what the other fractions leave of the course.
"""

import datetime
from dataclasses import replace
from itertools import pairwise
from math import ceil
from typing import Final, NamedTuple

from rtfractions.compliance.findings import NOT_BEGUN, Finding
from rtfractions.errors import counted
from rtfractions.patient import Lesion
from rtfractions.protocols.bounds import SLACK
from rtfractions.protocols.schema import Protocol, Timing
from rtfractions.records import FractionTime
from rtfractions.schedule import Schedule
from rtfractions.verdicts import Verdict, no_worse_than

GAP: Final = "longest_gap"
INTERVAL: Final = "shortest_interval"


class _Between(NamedTuple):
    """Two fractions, and the hours between them: from, and to."""

    before: FractionTime
    after: FractionTime
    low_h: float
    high_h: float


def check(lesion: Lesion, timing: Timing, protocol: Protocol, *, planned: bool) -> tuple[Finding, ...]:
    """Grade the longest gap and the shortest interval, as far as the protocol limits them.

    Parameters
    ----------
    lesion : Lesion
        With the times of its fractions, from treatment records; else with first day, last day and number.
    timing : Timing
        The protocol's rules of timing.
    protocol : Protocol
        Has their source.
    planned : bool
        Treatment has not begun.
    """
    found = []
    if timing.max_gap_days is not None:
        worst = timing.worst_grade_of("max_gap_days")
        gap = _gap(lesion, timing.max_gap_days, worst, planned=planned)
        found.append(replace(gap, source=protocol.source(timing.source_of("max_gap_days"))))
    if timing.min_interval_hours is not None:
        worst = timing.worst_grade_of("min_interval_hours")
        interval = _interval(lesion, timing.min_interval_hours, worst, planned=planned)
        found.append(replace(interval, source=protocol.source(timing.source_of("min_interval_hours"))))
    return tuple(found)


def _gap(lesion: Lesion, most: int, worst_grade: str, *, planned: bool) -> Finding:
    required = f"at most {counted(most, 'day')}"
    known = _without_times(GAP, lesion, planned=planned)
    if known is not None:
        return replace(known, required=required)
    given = lesion.delivery
    if given.fraction_times:
        days = [time.date for time in given.fraction_times]
        longest, before, after = max(
            ((after - before).days, before, after) for before, after in pairwise(days)
        )
        verdict = Verdict.PER_PROTOCOL if longest <= most else _broken(worst_grade)
        message = f"longest gap {counted(longest, 'day')}, {before} to {after}, {required}"
        return Finding(GAP, verdict, message, observed=longest, required=most, unit="days")
    assert given.start is not None  # or no gap would be known
    assert given.end is not None
    elapsed = (given.end - given.start).days
    low, high = _bounds(elapsed, given.fractions_delivered, lesion.prescription.schedule)
    observed = f"{low} to {high} days" if low < high else counted(low, "day")
    verdict = (
        Verdict.PER_PROTOCOL
        if high <= most
        else _broken(worst_grade)
        if low > most
        else Verdict.NOT_EVALUABLE
    )
    message = f"{_course(lesion)}: the longest gap is {observed}, {required}"
    if verdict is Verdict.NOT_EVALUABLE:
        message += "; the days of single fractions are not given"
    return Finding(GAP, verdict, message, observed=observed, required=required)


def _interval(lesion: Lesion, least: float, worst_grade: str, *, planned: bool) -> Finding:
    required = f"at least {_hours(least)}"
    known = _without_times(INTERVAL, lesion, planned=planned)
    if known is not None:
        return replace(known, required=required)
    times = lesion.delivery.fraction_times
    if not times:
        return _average_interval(lesion, least, worst_grade)
    between = [_between(before, after) for before, after in pairwise(times)]
    too_short = [one for one in between if _is_short(one, least)]
    if too_short:
        shortest, verdict = min(too_short, key=lambda one: one.high_h), _broken(worst_grade)
    else:
        shortest = min(between, key=lambda one: one.low_h)
        same_day = shortest.before.date == shortest.after.date
        verdict = Verdict.QUERY if same_day else Verdict.NOT_EVALUABLE
        if shortest.low_h >= least - SLACK:
            verdict = Verdict.PER_PROTOCOL
    exact = shortest.low_h == shortest.high_h
    words = _hours(shortest.low_h) if exact else f"{_hours(shortest.low_h)} to {_hours(shortest.high_h)}"
    message = (
        f"shortest interval {words}, {_moment(shortest.before.date, shortest.before.last)} "
        f"to {_moment(shortest.after.date, shortest.after.first)}, {required}"
    )
    if verdict in (Verdict.QUERY, Verdict.NOT_EVALUABLE):
        message += "; times of day are not stated"
    if not exact:
        return Finding(INTERVAL, verdict, message, observed=words, required=required)
    return Finding(INTERVAL, verdict, message, observed=shortest.low_h, required=least, unit="h")


def _average_interval(lesion: Lesion, least: float, worst_grade: str) -> Finding:
    """The shortest interval is no longer than the average; of two fractions it is the only one."""
    required, given = f"at least {_hours(least)}", lesion.delivery
    assert given.start is not None  # or no interval would be known
    assert given.end is not None
    elapsed, fractions = (given.end - given.start).days, given.fractions_delivered
    if fractions is not None and 24 * (elapsed + 1) <= least * (fractions - 1):
        verdict, why = _broken(worst_grade), f"some lie less than {_hours(least)} apart"
    elif fractions == 2 and 24 * (elapsed - 1) >= least:
        verdict, why = Verdict.PER_PROTOCOL, f"they lie at least {_hours(24.0 * (elapsed - 1))} apart"
    else:
        verdict, why = Verdict.NOT_EVALUABLE, "the times of single fractions are not given"
    return Finding(INTERVAL, verdict, f"{_course(lesion)}: {why}, {required}", required=required)


def _without_times(rule: str, lesion: Lesion, *, planned: bool) -> Finding | None:
    """What there is to say where nothing is known of the days, or nothing lies between fractions."""
    given = lesion.delivery
    if planned:
        return Finding(rule, Verdict.NOT_APPLICABLE, NOT_BEGUN)
    if given.unclear is not None:
        return Finding(rule, Verdict.QUERY, given.unclear)
    if given.fractions_delivered in (0, 1):
        return Finding(
            rule, Verdict.NOT_APPLICABLE, f"{counted(given.fractions_delivered, 'fraction')} given"
        )
    if not given.fraction_times and (given.start is None or given.end is None):
        return Finding(rule, Verdict.NOT_EVALUABLE, "the days of the fractions are not given")
    return None


def _bounds(elapsed: int, fractions: int | None, schedule: Schedule | None) -> tuple[int, int]:
    """The least and the most days that the longest gap of a course can have.

    Fractions are on days of their own unless the schedule states several a day.
    """
    if fractions is None:
        return min(elapsed, 1), elapsed
    low = ceil(elapsed / (fractions - 1))
    if schedule is None:
        return low, elapsed
    a_day = max(phase.fractions_per_treatment_day for phase in schedule.phases)
    others = max(ceil(fractions / a_day) - 2, 0)
    return low, max(low, elapsed - others)


def _between(before: FractionTime, after: FractionTime) -> _Between:
    days = (after.date - before.date).days
    if before.last is None or after.first is None:
        return _Between(before, after, 24.0 * max(days - 1, 0), 24.0 * (days + 1))
    apart = datetime.datetime.combine(after.date, after.first) - datetime.datetime.combine(
        before.date, before.last
    )
    hours = apart.total_seconds() / 3600
    return _Between(before, after, hours, hours)


def _is_short(one: _Between, least: float) -> bool:
    """Whether an interval is proven to be too short; `high_h` without times of day is never reached."""
    return one.high_h < least - SLACK or (one.low_h < one.high_h <= least)


def _course(lesion: Lesion) -> str:
    given = lesion.delivery
    fractions = given.fractions_delivered
    number = "fractions of unknown number" if fractions is None else counted(fractions, "fraction")
    return f"{number} from {given.start} to {given.end}"


def _hours(hours: float) -> str:
    return f"{round(hours, 2):g} h"


def _moment(date: datetime.date, time: datetime.time | None) -> str:
    return str(date) if time is None else f"{date} {time:%H:%M}"


def _broken(worst_grade: str) -> Verdict:
    return no_worse_than(Verdict.DEVIATION_UNACCEPTABLE, worst_grade)
