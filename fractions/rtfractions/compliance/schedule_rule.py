"""Whether a lesion's schedule is preferred, listed, conditional, unclear or unlisted."""

import math
from dataclasses import replace
from decimal import Decimal
from typing import Final

from rtfractions.biology import DEFAULT_ALPHA_BETAS, convert
from rtfractions.compliance.conditions import evaluate, read, verdict_under
from rtfractions.compliance.findings import Difference, Finding, NearestSchedule
from rtfractions.patient import Lesion
from rtfractions.protocols.schema import AllowedSchedule, ByDiameter, Protocol, worst
from rtfractions.schedule import Schedule
from rtfractions.verdicts import Verdict, no_worse_than

RULE: Final = "schedule"

_LISTS: Final = {
    "open": "the list is open",
    "stated": "the source does not say that there are no others",
    "closed": "the list is closed",
    "unknown": "whether there are others is unknown",
}


def check(lesion: Lesion, protocol: Protocol) -> Finding:
    """Grade a lesion's schedule against those the protocol names.

    Parameters
    ----------
    lesion : Lesion
        A prescription that must not be graded is a query; one that is missing is not evaluable.
    protocol : Protocol
        The rules.
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
    for entry in rules.allowed:
        if entry.schedule.range.matches(schedule, tolerance_gy=tolerance_gy):
            finding = _graded(entry, replace(finding, source=protocol.source(entry.source)), lesion, protocol)
            if finding.verdict is Verdict.PER_PROTOCOL and entry.by_diameter is not None:
                return _by_diameter(finding, entry.by_diameter, schedule, lesion, protocol)
            return finding
    return _unlisted(finding, schedule, lesion, protocol)


def _graded(entry: AllowedSchedule, finding: Finding, lesion: Lesion, protocol: Protocol) -> Finding:
    """The finding for a schedule that the protocol names."""
    if entry.ambiguity is not None:
        ambiguity = protocol.ambiguity(entry.ambiguity)
        verdict, readings = read(ambiguity, lambda r: verdict_under(r, Verdict.QUERY, lesion))
        message = f"{finding.observed} rests on an unclear remark, {ambiguity.text}"
        return replace(finding, verdict=verdict, message=message, readings=readings)
    if entry.condition is None:
        message = f"{finding.observed} is {entry.status}" + (f", {entry.group}" if entry.group else "")
        return replace(finding, verdict=Verdict.PER_PROTOCOL, message=message)
    condition = protocol.condition(entry.condition)
    shown = evaluate(condition.needs, lesion)
    as_it_stands = Verdict.PER_PROTOCOL if shown.shown else Verdict.QUERY
    finding = replace(finding, verdict=as_it_stands)
    if condition.ambiguity is not None:
        verdict, readings = read(
            protocol.ambiguity(condition.ambiguity), lambda r: verdict_under(r, as_it_stands, lesion)
        )
        finding = replace(finding, verdict=verdict, readings=readings)
    message = f"{finding.observed} is conditional ({condition.text}): "
    if shown.shown:
        return replace(
            finding, basis="stated", message=message + "accepted on the site's statement, not verified"
        )
    return replace(finding, message=message + f"not shown, {'; '.join(shown.lacking)}")


def _by_diameter(
    finding: Finding, limits: ByDiameter, schedule: Schedule, lesion: Lesion, protocol: Protocol
) -> Finding:
    """The finding, unless the lesion's diameter is given and less dose is allowed for it."""
    if lesion.max_diameter_mm is None:
        return replace(finding, message=f"{finding.message}; diameter not given: dose not checked against it")
    allowed_gy, text = _for_diameter(limits, lesion.max_diameter_mm, protocol)
    if allowed_gy is not None and schedule.total_dose_gy <= allowed_gy:
        return replace(finding, message=f"{finding.message}; {text}")
    return replace(
        finding,
        verdict=no_worse_than(Verdict.QUERY, worst(protocol.schedules.worst_grade)),
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
            return Decimal(
                repr(band.max_dose_gy)
            ), f"{label} has {band.max_dose_gy:g} Gy for {diameter_mm:g} mm"
    return (
        None,
        f"{label} has no dose above {limits.bands[-1].up_to_mm:g} mm, and {diameter_mm:g} mm is given",
    )


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
        verdict=no_worse_than(verdict, worst(rules.worst_grade)),
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
            Difference(alpha_beta.value_gy, own.bed_gy - other.bed_gy, own.eqd2_gy - other.eqd2_gy)
        )
    return NearestSchedule(nearest, tuple(differences))


def _differences_text(nearest: NearestSchedule) -> str:
    """As `` (a/b 10: BED +4.8 Gy, EQD2 +4.0 Gy)``."""
    texts = [
        f"a/b {d.alpha_beta_gy:g}: BED {d.bed_gy:+.1f} Gy, EQD2 {d.eqd2_gy:+.1f} Gy"
        for d in nearest.differences
    ]
    return f" ({'; '.join(texts)})" if texts else ""
