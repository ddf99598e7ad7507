"""Frequency, number of fractions, overall treatment time, gaps and intervals."""

import datetime
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from rtfractions.compliance import gap_rule
from rtfractions.compliance.conditions import read
from rtfractions.compliance.findings import NOT_BEGUN, Finding, ReadingVerdict, no_rule
from rtfractions.errors import counted
from rtfractions.patient import Lesion
from rtfractions.protocols.schema import DayLimit, OverallTime, Protocol, Reading, Timing
from rtfractions.schedule import Phase
from rtfractions.verdicts import Verdict, no_worse_than, roll_up

OVERALL_TIME: Final = "overall_time"
OVERALL_TIME_TOGETHER: Final = "overall_time_together"
FREQUENCY: Final = "frequency"
FRACTIONS: Final = "fractions"


Course = tuple[datetime.date, datetime.date]
"""Days of the first and the last fraction."""


def days(course: Course, count: str) -> int:
    """The days of a course, counted as a `DayLimit` says.

    Parameters
    ----------
    course : tuple of datetime.date
        First and last day, in order.
    count : str
        ``"inclusive"``: the first day is day 1; ``"elapsed"``: it is day 0; ``"weekdays"``: Monday to Friday,
        first and last day included.

    Examples
    --------
    >>> monday = datetime.date(2019, 3, 4)
    >>> [days((monday, monday + datetime.timedelta(14)), count) for count in ("inclusive", "elapsed", "weekdays")]
    [15, 14, 11]
    """
    start, end = course
    elapsed = (end - start).days
    if count == "elapsed":
        return elapsed
    if count == "inclusive":
        return elapsed + 1
    weeks, rest = divmod(elapsed + 1, 7)
    return 5 * weeks + sum((start.weekday() + i) % 7 < 5 for i in range(rest))


def check(lesion: Lesion, protocol: Protocol, *, planned: bool) -> tuple[Finding, ...]:
    """Grade a lesion's timing; without a rule in the protocol, one finding that says so."""
    timing = protocol.timing
    if timing is None:
        return (no_rule(OVERALL_TIME),)
    findings = []
    if timing.frequency is not None:
        findings.append(_frequency(lesion, timing, protocol))
    if timing.max_fractions is not None:
        findings.append(_fractions(lesion, timing, timing.max_fractions, protocol))
    if timing.overall is not None:
        findings.append(_overall(_course(lesion), timing, timing.overall, protocol, planned=planned))
    return (*findings, *gap_rule.check(lesion, timing, protocol, planned=planned))


def check_together(lesions: Sequence[Lesion], protocol: Protocol, *, planned: bool) -> Finding | None:
    """Grade the time over all lesions, where the protocol means it or may mean it.

    Parameters
    ----------
    lesions : sequence of Lesion
        The lesions that count; of one lesion its own check says all.
    """
    timing = protocol.timing
    if timing is None or timing.overall is None or timing.scope is None or len(lesions) < 2:
        return None
    if timing.scope.of == "per_lesion":
        return None
    courses = [_course(lesion) for lesion in lesions]
    known = [course for course in courses if course is not None]
    whole = (min(start for start, _ in known), max(end for _, end in known)) if known else None
    together = _overall(whole, timing, timing.overall, protocol, planned=planned)
    together = replace(together, rule=OVERALL_TIME_TOGETHER, message=f"all lesions: {together.message}")
    if whole is None or planned:
        return together
    if len(known) < len(courses) and together.verdict is Verdict.PER_PROTOCOL:
        # what is known of is within the limit, and may be less than all
        message = "the days of the first and last fraction are not given for all lesions"
        return replace(together, verdict=Verdict.NOT_EVALUABLE, message=message, readings=())
    if timing.scope.ambiguity is None:
        return together
    each = roll_up(_overall(c, timing, timing.overall, protocol, planned=False).verdict for c in courses)
    verdict, readings = read(
        protocol.ambiguity(timing.scope.ambiguity),
        lambda reading: each if reading.scope == "per_lesion" else together.verdict,
    )
    return replace(together, verdict=verdict, readings=readings)


def _course(lesion: Lesion) -> Course | None:
    start, end = lesion.delivery.start, lesion.delivery.end
    return None if start is None or end is None else (start, end)


def _broken(timing: Timing, rule: str) -> Verdict:
    return no_worse_than(Verdict.DEVIATION_UNACCEPTABLE, timing.worst_grade_of(rule))


def _frequency(lesion: Lesion, timing: Timing, protocol: Protocol) -> Finding:
    source, schedule = protocol.source(timing.source), lesion.prescription.schedule
    stated = (
        [] if schedule is None else [p for p in schedule.phases if (p.per_day, p.per_week) != (None, None)]
    )
    if not stated:
        message = "fractions per day or week are not stated; the overall time is checked"
        return Finding(FREQUENCY, Verdict.NOT_APPLICABLE, message, source, required=timing.frequency)
    daily = all(_is_daily(phase) for phase in stated)
    message = f"{schedule} is {'' if daily else 'not '}one fraction a weekday"
    verdict = Verdict.PER_PROTOCOL if daily else _broken(timing, FREQUENCY)
    return Finding(FREQUENCY, verdict, message, source, observed=str(schedule), required=timing.frequency)


def _is_daily(phase: Phase) -> bool:
    return phase.per_day in (None, 1.0) and phase.per_week in (None, 5)


def _fractions(lesion: Lesion, timing: Timing, maximum: int, protocol: Protocol) -> Finding:
    source, schedule = protocol.source(timing.source), lesion.prescription.schedule
    if schedule is None:
        return Finding(
            FRACTIONS,
            Verdict.NOT_EVALUABLE,
            "no prescription was read",
            source,
            required=maximum,
            unit="fractions",
        )
    count = schedule.fractions
    verdict = Verdict.PER_PROTOCOL if count <= maximum else _broken(timing, FRACTIONS)
    message = f"{counted(count, 'fraction')}, at most {maximum}"
    return Finding(FRACTIONS, verdict, message, source, observed=count, required=maximum, unit="fractions")


def _overall(
    course: Course | None, timing: Timing, overall: OverallTime, protocol: Protocol, *, planned: bool
) -> Finding:
    """Grade first and last day against the limit, under each reading of it."""
    source = protocol.source(timing.source_of("overall"))
    finding = Finding(OVERALL_TIME, Verdict.NOT_APPLICABLE, NOT_BEGUN, source)
    if planned:
        return finding
    if course is None:
        message = "the days of the first and last fraction are not given"
        return replace(finding, verdict=Verdict.NOT_EVALUABLE, message=message)

    readings: tuple[ReadingVerdict, ...] = ()
    decides = None
    if overall.ambiguity is None:
        limits = [overall.days]
        verdict = _graded(course, overall.days, timing)
    else:
        ambiguity = protocol.ambiguity(overall.ambiguity)
        limits = [reading.days for reading in ambiguity.readings]
        verdict, readings = read(ambiguity, lambda reading: _graded(course, reading.days, timing))
        decides = next((r for r in ambiguity.readings if r.id == ambiguity.default), None)
    known = [limit for limit in limits if limit is not None]
    shown = known[0] if decides is None or decides.days is None else decides.days
    counts = "; ".join(f"{_counted(course, limit)} (limit {limit.max})" for limit in known)
    return replace(
        finding,
        verdict=verdict,
        message=f"{course[0]} to {course[1]}, {_agreement(readings, decides)}{counts}",
        observed=days(course, shown.count),
        required=shown.max,
        unit="days",
        readings=readings,
    )


def _graded(course: Course, limit: DayLimit | None, timing: Timing) -> Verdict:
    if limit is None:  # a reading that gives no limit; the loader refuses such files
        return Verdict.QUERY
    return Verdict.PER_PROTOCOL if days(course, limit.count) <= limit.max else _broken(timing, "overall")


def _counted(course: Course, limit: DayLimit) -> str:
    number, noun = days(course, limit.count), "weekday" if limit.count == "weekdays" else "day"
    how = {"inclusive": " inclusive", "elapsed": " elapsed", "weekdays": ""}[limit.count]
    return counted(number, noun) + how


def _agreement(readings: tuple[ReadingVerdict, ...], decides: Reading | None) -> str:
    if not readings:
        return ""
    if decides is not None:
        return f"reading {decides.id} decides: "
    verdicts = {reading.verdict for reading in readings}
    if len(verdicts) > 1:
        return "the readings differ: "
    return "within every reading: " if verdicts == {Verdict.PER_PROTOCOL} else "beyond every reading: "
