"""Whether a lesion's schedule is preferred, listed, conditional, unclear or unlisted."""

import math
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Final

from rtfractions.biology import DEFAULT_ALPHA_BETAS, convert
from rtfractions.compliance.conditions import evaluate, read, verdict_under
from rtfractions.compliance.findings import Difference, Finding, NearestSchedule, ReadingVerdict
from rtfractions.patient import Lesion
from rtfractions.protocols.schema import AllowedSchedule, Ambiguity, ByDiameter, Condition, Protocol
from rtfractions.schedule import Schedule
from rtfractions.verdicts import Verdict, no_worse_than

RULE: Final = "schedule"

LIMIT_SLACK_GY: Final = Decimal("1e-6")
"""By how much a dose may exceed a limit and still meet it."""

_LISTS: Final = {
    "open": "the list is open",
    "stated": "the source does not say that there are no others",
    "closed": "the list is closed",
    "unknown": "whether there are others is unknown",
}


def check(
    lesion: Lesion, protocol: Protocol, *, confirmed: Callable[[str], bool] = lambda _: False
) -> Finding:
    """Grade a lesion's schedule against those the protocol names.

    Parameters
    ----------
    lesion : Lesion
        A prescription that must not be graded is a query; one that is missing is not evaluable.
    protocol : Protocol
        The rules.
    confirmed : callable
        Whether an overlay confirms a condition, by its id, for the lesion.
    """
    prescription, rules = lesion.prescription, protocol.schedules
    schedule = prescription.schedule
    finding = Finding(
        RULE,
        Verdict.NOT_EVALUABLE,
        prescription.missing or "no prescription was read",
        protocol.source(rules.source),
        observed=None if schedule is None else str(schedule),
        required=", ".join(str(e.schedule.range) for e in rules.allowed if e.status != "unclear"),
    )
    if prescription.unclear is not None:
        return replace(finding, verdict=Verdict.QUERY, message=prescription.unclear, source=None)
    if schedule is None:
        return finding
    tolerance_gy = Decimal(repr(rules.match_tolerance_gy))
    matching = [e for e in rules.allowed if e.schedule.range.matches(schedule, tolerance_gy=tolerance_gy)]
    if not matching:
        return _unlisted(finding, schedule, lesion, protocol)
    graded = [_graded(entry, finding, schedule, lesion, protocol, confirmed) for entry in matching]
    return next((found for found in graded if found.verdict is Verdict.PER_PROTOCOL), graded[0])


def _graded(
    entry: AllowedSchedule,
    finding: Finding,
    schedule: Schedule,
    lesion: Lesion,
    protocol: Protocol,
    confirmed: Callable[[str], bool],
) -> Finding:
    """The finding for a schedule that an entry of the protocol names."""
    finding = replace(finding, source=protocol.source(entry.source))
    if entry.ambiguity is not None:
        finding = _unclear(finding, protocol.ambiguity(entry.ambiguity))
    elif entry.condition is not None:
        condition = protocol.condition(entry.condition)
        if confirmed(condition.id):
            finding = _confirmed(finding, condition)
        else:
            finding = _conditional(finding, condition, lesion, protocol)
    else:
        message = f"{schedule} is {entry.status}" + (f", {entry.group}" if entry.group else "")
        finding = replace(finding, verdict=Verdict.PER_PROTOCOL, message=message)
    if finding.verdict is Verdict.PER_PROTOCOL and entry.by_diameter is not None:
        finding = _by_diameter(finding, entry.by_diameter, schedule, lesion, protocol)
    return replace(finding, verdict=no_worse_than(finding.verdict, protocol.schedules.worst_grade))


def _unclear(finding: Finding, ambiguity: Ambiguity) -> Finding:
    verdict, readings = read(ambiguity, lambda reading: verdict_under(reading, Verdict.QUERY))
    message = f"{finding.observed} rests on an unclear remark, {ambiguity.text}"
    return replace(finding, verdict=verdict, message=message, readings=readings)


def _conditional(finding: Finding, condition: Condition, lesion: Lesion, protocol: Protocol) -> Finding:
    """Allowed where the condition is shown, under the reading that decides."""
    shown = evaluate(condition.needs, lesion)
    as_it_stands = verdict = Verdict.PER_PROTOCOL if shown.shown else Verdict.QUERY
    readings: tuple[ReadingVerdict, ...] = ()
    if condition.ambiguity is not None:
        ambiguity = protocol.ambiguity(condition.ambiguity)
        verdict, readings = read(ambiguity, lambda reading: verdict_under(reading, as_it_stands, lesion))
    if verdict is Verdict.PER_PROTOCOL:
        how = "accepted on the site's statement, not verified"
    elif shown.shown:
        how = "shown by the site's statement, and not enough under every reading"
    else:
        how = f"not shown, {'; '.join(shown.lacking)}"
    return replace(
        finding,
        verdict=verdict,
        message=f"{finding.observed} is conditional ({condition.text}): {how}",
        basis="stated" if verdict is Verdict.PER_PROTOCOL else None,
        readings=readings,
    )


def _confirmed(finding: Finding, condition: Condition) -> Finding:
    """Allowed, as a named person looked at the condition and found it fulfilled."""
    message = f"{finding.observed} is conditional ({condition.text}): confirmed by the overlay"
    return replace(finding, verdict=Verdict.PER_PROTOCOL, message=message, basis="confirmed")


def _by_diameter(
    finding: Finding, limits: ByDiameter, schedule: Schedule, lesion: Lesion, protocol: Protocol
) -> Finding:
    """The finding, unless the lesion's diameter is given and less dose is allowed for it."""
    if lesion.max_diameter_mm is None:
        return replace(finding, message=f"{finding.message}; diameter not given: dose not checked against it")
    allowed_gy, text = _for_diameter(limits, lesion.max_diameter_mm, protocol)
    if allowed_gy is not None and schedule.total_dose_gy <= allowed_gy + LIMIT_SLACK_GY:
        return replace(finding, message=f"{finding.message}; {text}")
    return replace(
        finding,
        verdict=Verdict.QUERY,
        message=f"{finding.observed} is more than the diameter allows: {text}",
        source=protocol.source(limits.source),
        basis=None,
        readings=(),
    )


def _for_diameter(limits: ByDiameter, diameter_mm: float, protocol: Protocol) -> tuple[Decimal | None, str]:
    """The largest dose for a diameter, None above the last band; and both in words."""
    label = protocol.source(limits.source).label
    for band in limits.bands:
        if diameter_mm <= band.up_to_mm:
            text = f"{label} has {band.max_dose_gy:g} Gy for {diameter_mm:g} mm"
            return Decimal(repr(band.max_dose_gy)), text
    largest = limits.bands[-1].up_to_mm
    return None, f"{label} has no dose above {largest:g} mm, and {diameter_mm:g} mm is given"


def _unlisted(finding: Finding, schedule: Schedule, lesion: Lesion, protocol: Protocol) -> Finding:
    rules = protocol.schedules
    verdict = Verdict.DEVIATION_UNACCEPTABLE if rules.list == "closed" else Verdict.QUERY
    nearest = _nearest(schedule, protocol)
    reasons = [f"{finding.observed} is unlisted", _LISTS[rules.list]]
    if schedule.rbe_weighted:
        reasons.append("RBE-weighted dose is not matched to photon dose")
    if len(schedule.phases) > 1:
        reasons.append("phases are not matched to a plain schedule")
    if any(phase.fractions_per_treatment_day > 1 for phase in schedule.phases):
        reasons.append("several fractions a day are not matched to one a day")
    reasons.append(f"nearest listed {nearest.schedule}, not equivalent" + _differences_text(nearest))
    for entry in rules.allowed:
        if (
            entry.by_diameter is not None
            and _is_for(entry, schedule, lesion, protocol)
            and lesion.max_diameter_mm
        ):
            reasons.append(_for_diameter(entry.by_diameter, lesion.max_diameter_mm, protocol)[1])
    return replace(
        finding,
        verdict=no_worse_than(verdict, rules.worst_grade),
        message="; ".join(reasons),
        nearest=nearest,
    )


def _is_for(entry: AllowedSchedule, schedule: Schedule, lesion: Lesion, protocol: Protocol) -> bool:
    """Whether an entry is meant for such a lesion, in as many fractions."""
    shown = entry.condition is None or evaluate(protocol.condition(entry.condition).needs, lesion).shown
    return shown and entry.schedule.range.low.fractions == schedule.fractions


def _nearest(schedule: Schedule, protocol: Protocol) -> NearestSchedule:
    """The nearest of the named schedules, and what the prescribed one is worth more or less."""

    def distance(other: Schedule) -> float:
        return abs(math.log(schedule.total_dose_gy / other.total_dose_gy)) + abs(
            math.log(schedule.fractions / other.fractions)
        )

    named = [
        e.schedule.range.nearest_to(schedule) for e in protocol.schedules.allowed if e.status != "unclear"
    ]
    nearest = min(named or [protocol.schedules.allowed[0].schedule.range.low], key=distance)
    if schedule.rbe_weighted != nearest.rbe_weighted:
        return NearestSchedule(nearest, ())
    differences = []
    for alpha_beta in DEFAULT_ALPHA_BETAS:
        own, other = convert(schedule, alpha_beta), convert(nearest, alpha_beta)
        differences.append(
            Difference(
                alpha_beta_gy=alpha_beta.value_gy,
                bed_gy=own.bed_gy - other.bed_gy,
                eqd2_gy=own.eqd2_without_time_gy - other.eqd2_without_time_gy,
            )
        )
    return NearestSchedule(nearest, tuple(differences))


def _differences_text(nearest: NearestSchedule) -> str:
    """As `` (a/b 10: BED +4.8 Gy, EQD2 +4.0 Gy)``."""
    texts = [
        f"a/b {d.alpha_beta_gy:g}: BED {d.bed_gy:+.1f} Gy, EQD2 {d.eqd2_gy:+.1f} Gy"
        for d in nearest.differences
    ]
    return f" ({'; '.join(texts)})" if texts else ""
