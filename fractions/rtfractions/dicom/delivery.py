"""What was delivered of a plan, by its treatment records: fractions counted by their numbers, never guessed."""

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from rtfractions.errors import counted
from rtfractions.notices import Notice
from rtfractions.plans import FractionGroup, Plan
from rtfractions.records import BeamDelivery, Delivery, FractionTime, TreatmentRecord, TreatmentSummary
from rtfractions.schedule import dose_text

METERSET_TOLERANCE: Final = Decimal("0.01")
"""A beam that was given within this of what was specified was given whole, and not more."""

_Fraction = tuple[int, int]
"""Position of the fraction group in the plan, and number of the fraction in it."""


@dataclass(slots=True)
class _Found:
    """What one source says of the whole; what it leaves open is None."""

    fractions: int | None = None
    at_least: int = 0
    """Fractions that must have been given, where their number is not known."""
    start: datetime.date | None = None
    end: datetime.date | None = None
    is_whole: bool = True
    """No record is known to be missing."""
    times: tuple[FractionTime, ...] = ()
    """When each fraction was given, where all were given whole, each on one day."""


def delivered(plan: Plan, records: Sequence[TreatmentRecord]) -> tuple[Delivery, tuple[Notice, ...]]:
    """What was delivered of a plan.

    Parameters
    ----------
    plan : Plan
        The plan.
    records : sequence of TreatmentRecord
        Its treatment records, each once; those of other plans are not among them.

    Returns
    -------
    Delivery
        A fraction counts when every treatment beam of its group was given to what was specified, within
        `METERSET_TOLERANCE` and in all of its sessions together; without metersets, when each ended normally. What
        records leave open, and what summary and sessions state differently, is None.
    tuple of Notice
        Why something is None, which fractions were partial, and what was given more than once.
    """
    notices: list[Notice] = []
    sessions = _of_sessions(plan, records, notices)
    summary = _of_summaries(plan, records, notices)
    delivery = Delivery(
        start=_agreed("first", sessions.start, summary.start, notices),
        end=_last_day(sessions, summary, notices),
        fractions_delivered=_agreed_fractions(sessions, summary, notices),
    )
    if len(sessions.times) == delivery.fractions_delivered:
        delivery = replace(delivery, fraction_times=sessions.times)
    planned = [group.fractions for group in plan.fraction_groups if group.fractions is not None]
    given = delivery.fractions_delivered
    if given is not None and len(planned) == len(plan.fraction_groups) and given > sum(planned):
        problem = f"{counted(given, 'fraction')} were delivered of {sum(planned)} planned"
        notices.append(Notice("delivery.more-than-planned", problem))
    return delivery, tuple(dict.fromkeys(notices))


def _of_sessions(plan: Plan, records: Sequence[TreatmentRecord], notices: list[Notice]) -> _Found:
    """What the records of sessions say, all together."""
    found = _Found()
    deliveries = [(record.fraction_group, beam) for record in records for beam in record.deliveries]
    if not deliveries:
        return found
    by_fraction: dict[_Fraction, dict[int, list[BeamDelivery]]] = {}
    is_known = True
    for number, beam in deliveries:
        position = _position(plan.fraction_groups, number)
        if position is None:
            notices.append(_group_unknown(number))
        elif beam.fraction is None:
            problem = "a delivered beam has no fraction number: how many fractions were given is not known"
            notices.append(Notice("delivery.fraction-number-missing", problem))
        if position is None or beam.fraction is None:
            is_known = False
            continue
        own = plan.fraction_groups[position].beams
        beam_number = own[0] if beam.beam is None and len(own) == 1 else beam.beam
        beams = by_fraction.setdefault((position, beam.fraction), {})
        if beam_number is None:
            is_known = False
            problem = "a delivered beam has no number: which beams were given is not known"
            notices.append(Notice("delivery.beam-number-missing", problem))
        else:
            beams.setdefault(beam_number, []).append(beam)
    whole = _whole_fractions(plan, by_fraction, notices)
    found.is_whole = _are_all_there(plan, by_fraction, notices)
    if is_known and found.is_whole and not _are_repeated(plan, by_fraction, notices):
        found.fractions = len(whole)
        found.times = _times(by_fraction, whole)
    found.at_least = sum(
        max(len(numbers), *numbers)
        for position in range(len(plan.fraction_groups))
        if (numbers := [number for group, number in whole if group == position])
    )
    _set_days(found, [beam for _, beam in deliveries if _gave(beam)], by_fraction, notices)
    return found


def _position(groups: Sequence[FractionGroup], number: int | None) -> int | None:
    """Which fraction group a number means; a plan with one group need not be told."""
    if len(groups) == 1 and None in (number, groups[0].number):
        return 0
    return next((i for i, group in enumerate(groups) if number is not None and group.number == number), None)


def _group_unknown(number: int | None) -> Notice:
    which = "no fraction group" if number is None else f"fraction group {number}"
    problem = f"a treatment record names {which}, which is not one of the plan: its fractions are not counted"
    return Notice("delivery.fraction-group-unknown", problem)


def _gave(beam: BeamDelivery) -> bool:
    """Whether any dose was given."""
    return beam.delivered_meterset is None or beam.delivered_meterset > 0


def _whole_fractions(
    plan: Plan, by_fraction: dict[_Fraction, dict[int, list[BeamDelivery]]], notices: list[Notice]
) -> list[_Fraction]:
    """The fractions of which every treatment beam was given."""
    whole = []
    for fraction, beams in sorted(by_fraction.items()):
        position = fraction[0]
        expected = plan.fraction_groups[position].beams or sorted(
            {beam for (group, _), others in by_fraction.items() if group == position for beam in others}
        )
        name = _name(plan, fraction)
        lacking = []
        for beam in expected:
            lack = _lack(f"{name}: beam {beam}", beams.get(beam, []), notices)
            lacking += [f"beam {beam} has {lack}"] * (lack is not None)
        for beam, parts in beams.items():
            if beam not in expected and any(map(_gave, parts)):
                problem = f"{name}: beam {beam} was given, which is no treatment beam of its fraction group"
                notices.append(Notice("delivery.beam-unknown", problem))
        if beams and not lacking:
            whole.append(fraction)
        elif any(_gave(part) for parts in beams.values() for part in parts):
            problem = f"{name} was given in part and is not counted: {', '.join(lacking)}"
            notices.append(Notice("delivery.partial-fraction", problem))
    return whole


def _lack(name: str, parts: list[BeamDelivery], notices: list[Notice]) -> str | None:
    """What a beam of a fraction has where it has not all; a beam that has more is said."""
    if not parts:
        return "nothing"
    specified = max((p.specified_meterset for p in parts if p.specified_meterset is not None), default=None)
    given = [part.delivered_meterset for part in parts if part.delivered_meterset is not None]
    if not specified or len(given) < len(parts):
        normal = [part for part in parts if part.termination == "NORMAL"]
        if sum(not part.is_continuation for part in normal) > 1:
            problem = f"{name} is recorded {len(parts)} times: it is counted once"
            notices.append(Notice("delivery.more-than-specified", problem))
        return None if normal else "not ended normally"
    total = sum(given, Decimal(0))
    words = f"{dose_text(total)} of {dose_text(specified)}"
    if total > specified * (1 + METERSET_TOLERANCE):
        problem = f"{name} has {words} in {counted(len(parts), 'part')}: it is counted once"
        notices.append(Notice("delivery.more-than-specified", problem))
    return words if total < specified * (1 - METERSET_TOLERANCE) else None


def _are_repeated(
    plan: Plan, by_fraction: dict[_Fraction, dict[int, list[BeamDelivery]]], notices: list[Notice]
) -> bool:
    """Whether a beam of one fraction was given whole on several days: then the numbers cannot be counted by."""
    repeated = False
    for fraction, beams in sorted(by_fraction.items()):
        for beam, parts in sorted(beams.items()):
            days = {part.date for part in parts if part.date is not None and _is_whole(part)}
            if len(days) > 1:
                repeated = True
                problem = (
                    f"{_name(plan, fraction)}: beam {beam} was given whole on {len(days)} days: how many fractions "
                    "were given is not known"
                )
                notices.append(Notice("delivery.fraction-repeated", problem))
    return repeated


def _is_whole(part: BeamDelivery) -> bool:
    """Whether one session gave all that was specified."""
    if part.is_continuation:
        return False
    if part.specified_meterset and part.delivered_meterset is not None:
        return part.delivered_meterset >= part.specified_meterset * (1 - METERSET_TOLERANCE)
    return part.termination == "NORMAL"


def _name(plan: Plan, fraction: _Fraction) -> str:
    position, number = fraction
    if len(plan.fraction_groups) == 1:
        return f"fraction {number}"
    return f"fraction {number} of group {plan.fraction_groups[position].number}"


def _are_all_there(plan: Plan, by_fraction: Iterable[_Fraction], notices: list[Notice]) -> bool:
    """Whether every fraction up to the last one recorded has a record."""
    fractions = list(by_fraction)
    missing = []
    for position in range(len(plan.fraction_groups)):
        numbers = {number for group, number in fractions if group == position}
        missing += [_name(plan, (position, n)) for n in range(1, max(numbers, default=0)) if n not in numbers]
    if missing:
        first = f"{missing[0]}" if len(missing) == 1 else f"{missing[0]} and {len(missing) - 1} more"
        problem = f"no record of {first}, and one of a later fraction: how many were given is not known"
        notices.append(Notice("delivery.records-missing", problem))
    return not missing


def _set_days(
    found: _Found, given: list[BeamDelivery], by_fraction: Iterable[_Fraction], notices: list[Notice]
) -> None:
    """First and last day, where every delivery has its day."""
    days = [beam.date for beam in given if beam.date is not None]
    if len(days) < len(given):
        problem = "a delivery has no date: the first and the last day of treatment are not known"
        notices.append(Notice("delivery.date-missing", problem))
    elif days:
        found.end = max(days)
        lowest: dict[int, int] = {}
        for position, number in by_fraction:
            lowest[position] = min(number, lowest.get(position, number))
        if all(number == 1 for number in lowest.values()):
            found.start = min(days)


def _times(
    by_fraction: dict[_Fraction, dict[int, list[BeamDelivery]]], whole: Sequence[_Fraction]
) -> tuple[FractionTime, ...]:
    """When each fraction was given; none where one was given in part, or over several days."""
    times = []
    for fraction, beams in by_fraction.items():
        given = [part for parts in beams.values() for part in parts if _gave(part)]
        days = {part.date for part in given}
        day = days.pop() if len(days) == 1 else None
        if given and (fraction not in whole or day is None):
            return ()
        if day is not None:
            clock = [part.time for part in given if part.time is not None]
            known = len(clock) == len(given)
            times.append(FractionTime(day, *((min(clock), max(clock)) if known else (None, None))))
    return tuple(sorted(times, key=lambda one: (one.date, one.first or datetime.time.min)))


def _of_summaries(plan: Plan, records: Sequence[TreatmentRecord], notices: list[Notice]) -> _Found:
    """What the treatment summary says."""
    found = _Found()
    summary = _latest([r.summary for r in records if r.summary is not None], notices)
    if summary is None:
        return found
    positions = [_position(plan.fraction_groups, group.number) for group in summary.groups]
    numbers = [group.delivered for group in summary.groups if group.delivered is not None]
    for group, position in zip(summary.groups, positions, strict=True):
        if position is None:
            notices.append(_group_unknown(group.number))
        for status in group.fractions:
            if status.termination not in (None, "NORMAL"):
                problem = f"the treatment summary says that fraction {status.fraction} ended by {status.termination}"
                notices.append(Notice("delivery.partial-fraction", problem))
    own = set(range(len(plan.fraction_groups)))
    if own and set(positions) == own and len(positions) == len(numbers) == len(own):
        found.fractions = sum(numbers)
    first, last = summary.first_date, summary.last_date
    if first is not None and last is not None and first > last:
        problem = (
            f"the treatment summary says that treatment began {first} and ended {last}: neither is taken"
        )
        notices.append(Notice("delivery.dates-impossible", problem))
    else:
        found.start, found.end = first, last
    return found


def _latest(summaries: list[TreatmentSummary], notices: list[Notice]) -> TreatmentSummary | None:
    """The summary that goes furthest; none where they do not follow each other in days and fractions."""
    distinct = list(dict.fromkeys(summaries))
    if len(distinct) < 2:
        return next(iter(distinct), None)
    dated = sorted(
        (summary.last_date, sum(group.delivered or 0 for group in summary.groups), i)
        for i, summary in enumerate(distinct)
        if summary.last_date is not None
    )
    days = [day for day, _, _ in dated]
    numbers = [number for _, number, _ in dated]
    if len(dated) < len(distinct) or len(set(days)) < len(days) or numbers != sorted(numbers):
        problem = f"{len(distinct)} treatment summaries do not follow each other: none is taken"
        notices.append(Notice("delivery.several-summaries", problem))
        return None
    problem = f"of {len(distinct)} treatment summaries that of {days[-1]} goes furthest and is taken"
    notices.append(Notice("delivery.several-summaries", problem))
    return distinct[dated[-1][2]]


def _agreed_fractions(sessions: _Found, summary: _Found, notices: list[Notice]) -> int | None:
    """The number of fractions that sessions and summary state, or the one that is stated."""
    if summary.fractions is None:
        return sessions.fractions
    if sessions.fractions is None and summary.fractions >= sessions.at_least:
        return summary.fractions
    if sessions.fractions == summary.fractions:
        return summary.fractions
    recorded = sessions.at_least if sessions.fractions is None else sessions.fractions
    problem = (
        f"the treatment summary states {counted(summary.fractions, 'fraction')}, the sessions {recorded}"
    )
    notices.append(Notice("delivery.summary-differs", f"{problem}: neither is taken"))
    return None


def _last_day(sessions: _Found, summary: _Found, notices: list[Notice]) -> datetime.date | None:
    """The last day; where records are missing, a summary may well know of a later one."""
    later = sessions.end is not None and summary.end is not None and summary.end > sessions.end
    if later and not sessions.is_whole:
        return summary.end
    return _agreed("last", sessions.end, summary.end, notices)


def _agreed(
    which: str, sessions: datetime.date | None, summary: datetime.date | None, notices: list[Notice]
) -> datetime.date | None:
    if sessions is None or summary is None:
        return sessions or summary
    if sessions != summary:
        problem = (
            f"the {which} day of treatment is {summary} by the treatment summary, {sessions} by its sessions"
        )
        notices.append(Notice("delivery.dates-differ", f"{problem}: neither is taken"))
        return None
    return sessions
