"""One rule on dose in one structure of one plan: what was observed, what is required, and what it comes to."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final, Literal

from rtfractions.compliance import dose_limits, uncertainty
from rtfractions.compliance.findings import Finding
from rtfractions.compliance.plan_reviews import PlanReview
from rtfractions.compliance.structures_by_name import Place
from rtfractions.compliance.uncertainty import StatedAt
from rtfractions.dosimetry.course_dvhs import CourseDVHs, NamedRegion
from rtfractions.dosimetry.dvh import DVH
from rtfractions.dosimetry.evaluation import Bound as Known
from rtfractions.dosimetry.evaluation import Value
from rtfractions.errors import RTFractionsError, quoted
from rtfractions.metrics import Metric, MetricKind, MetricUnit
from rtfractions.notices import Notice
from rtfractions.plans import Prescription
from rtfractions.protocols.bounds import Bound
from rtfractions.protocols.dose_rules import DoseLimit, DoseRule
from rtfractions.protocols.entries import Source
from rtfractions.verdicts import Verdict

Kind = Literal["target", "organ", "constraint"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """Where rules on dose are stated.

    Attributes
    ----------
    kind : str
        ``"target"``, ``"organ"`` or ``"constraint"``: what findings are named by, as ``organ.cord-max``.
    worst_grade : str
        The worst grade that the source can support.
    source : Source
        Of rules whose limits name none.
    source_of : callable
        The source of an id.
    """

    kind: Kind
    worst_grade: str
    source: Source
    source_of: Callable[[str], Source]

    def worst_grade_of(self, limit: DoseLimit) -> str:
        """The worst grade that a limit of the source can support.

        Sets are advisory, and a limit that may be mandatory reads as exceeded there, never as acceptable.
        """
        return (
            self.worst_grade
            if self.kind == "constraint"
            else dose_limits.worst_grade_of(limit, self.worst_grade)
        )

    def rule_name(self, rule: DoseRule) -> str:
        """What a finding calls the rule, stable for scripts."""
        return f"{self.kind}.{rule.id}"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Case:
    """What a rule is evaluated on.

    Attributes
    ----------
    review : PlanReview
        The plan with its dose.
    place : Place
        The structure or region, or why there is none.
    prescription : Prescription or None
        What percentages of dose are of; None where that is not known.
    interval_gy : tuple of float or None
        The interval that alpha/beta of the structure lies in, where one is attached to it.
    only : str or None
        What is not summed: a limit that is kept is then not evaluable, with this as the reason.
    rule_at : callable or None
        The rule at another alpha/beta in Gy, where its limits were translated at one.
    """

    review: PlanReview
    place: Place
    prescription: Prescription | None
    interval_gy: tuple[float, float] | None = None
    only: str | None = None
    rule_at: Callable[[float], DoseRule] | None = None


def check(rule: DoseRule, case: Case, book: Book) -> tuple[Finding, ...]:
    """Grade a rule on dose: one finding for each of its limits that is for the plan, else one that says why not.

    Parameters
    ----------
    rule : DoseRule
        The rule.
    case : Case
        The structure in the plan's dose.
    book : Book
        Where the rule is stated.
    """
    place, review = case.place, case.review
    name = place.name if place.named is None else place.named.name
    finding = Finding(
        book.rule_name(rule),
        Verdict.NOT_EVALUABLE,
        "",
        book.source,
        structure=name,
        plan_uid=review.uid,
    )
    chosen = dose_limits.choose(rule.limits, review.fractionation)
    findings = [_limit(limit, rule, case, book, finding) for limit in chosen.limits]
    if chosen.undecided is not None:
        findings.append(replace(finding, message=f"{rule.metric.metric}: {chosen.undecided}"))
    if chosen.none is not None:
        message = f"{rule.metric.metric}: {chosen.none}"
        findings.append(replace(finding, verdict=Verdict.NOT_APPLICABLE, message=message))
    return tuple(findings)


def _limit(limit: DoseLimit, rule: DoseRule, case: Case, book: Book, finding: Finding) -> Finding:
    """One limit of a rule."""
    metric, place, review = rule.metric.metric, case.place, case.review
    source = book.source if limit.source is None else book.source_of(limit.source)
    finding = replace(finding, source=source, limit=limit)
    if limit.disabled is not None:
        return replace(finding, verdict=Verdict.INFO, message=f"{metric}: not compared, {limit.disabled}")
    if place.named is None:
        return replace(finding, verdict=place.verdict, message=f"{metric}: {place.problem}")
    if review.dvhs is None:
        return replace(finding, message=f"{metric}: {review.no_dose}")
    prescribed_gy = _prescribed_gy(case.prescription)
    found = review.dvhs.evaluate(place.named, metric, prescription_gy=prescribed_gy)
    if isinstance(found, RTFractionsError):
        return replace(finding, message=f"{metric}: {_why(found, metric, place.named)}")
    nth = rule.limits.index(limit)

    def stated_at(ratio_gy: float) -> tuple[DoseLimit, Metric]:
        assert case.rule_at is not None
        other = case.rule_at(ratio_gy)
        return other.limits[nth], other.metric.metric

    return graded(
        limit,
        metric,
        found,
        case,
        finding,
        book.worst_grade_of(limit),
        stated_at=None if case.rule_at is None else stated_at,
    )


def _why(error: RTFractionsError, metric: Metric, named: NamedRegion) -> str:
    """Why a metric has no value; of a region of several structures, which of them it is about."""
    problem = error.problem.removeprefix(f"{metric}: ")
    of = error.where.structure
    return problem if named.number is not None or of is None else f"{quoted(of)}: {problem}"


def graded(
    limit: DoseLimit,
    metric: Metric,
    found: Value,
    case: Case,
    finding: Finding,
    worst_grade: str,
    *,
    stated_at: StatedAt | None = None,
) -> Finding:
    """A finding with what was observed, and the verdict on it.

    Parameters
    ----------
    limit : DoseLimit
        The limit.
    metric : Metric
        What was observed.
    found : Value
        The number, and what it is where part of the structure's dose is not known.
    case : Case
        What it was observed on.
    finding : Finding
        With rule, source, structure and plan.
    worst_grade : str
        The worst grade that the source can support.
    stated_at : callable, optional
        Limit and metric at another alpha/beta, of a limit that was translated.
    """
    place, dvhs = case.place, case.review.dvhs
    assert place.named is not None
    assert dvhs is not None
    finding = replace(finding, observed=found.value, unit=metric.value_unit)
    bounds = dose_limits.bounds_of(limit)
    told = f"{metric} {_AT[found.bound]}{dose_limits.shown(found.value, *bounds)} {metric.unit}"
    if limit.kind != "limit":
        return replace(finding, verdict=Verdict.INFO, message=_recorded(limit, told))
    if not bounds:
        message = f"{told}; the source gives {limit.printed}, which is no single limit"
        return replace(finding, verdict=Verdict.QUERY, message=message)
    verdict, bound = dose_limits.grade(limit, found.value, worst_grade)
    missed = verdict is not Verdict.PER_PROTOCOL
    message = f"{told}, {dose_limits.compared(limit, bound, verdict)}{_strength(limit)}"
    finding = replace(
        finding,
        verdict=verdict,
        required=float(bound.value),
        message=message,
        volume_distance=_volume_distance(metric, bound, case),
    )
    if found.bound is Known.EXACT:
        finding = uncertainty.weighed(
            finding,
            limit,
            metric,
            place.named.region,
            dvhs,
            prescription_gy=_prescribed_gy(case.prescription),
            interval_gy=case.interval_gy,
            worst_grade=worst_grade,
            stated_at=stated_at,
        )
    # What is missed is missed for certain where no worse is possible and what is not known can only add to it.
    at_worst = not bounds[0].met_by(found.value)
    if found.bound is not Known.EXACT and not (at_worst and _BEYOND[found.bound] is bound.is_upper):
        part = f"{100 * found.covered_fraction:.3g} % of its volume lies in the dose grid"
        finding = replace(finding, verdict=Verdict.NOT_EVALUABLE, message=f"{finding.message}; only {part}")
    elif case.only is not None and not (at_worst if _breaks_with_dose(metric, bound) else not missed):
        finding = replace(
            finding,
            verdict=Verdict.NOT_EVALUABLE,
            message=f"this plan only: {finding.message}; {case.only}",
        )
    doubts = (*doubts_of(case.review, _dvh(dvhs, place.named, metric).notices), *_taken_out_unknown(case))
    # Doubt could hide a deviation behind a variation as well as behind a limit that is kept.
    if doubts and finding.verdict is not Verdict.NOT_EVALUABLE and not at_worst:
        message = f"{finding.message}; for a person to look at: {'; '.join(doubts)}"
        finding = replace(finding, verdict=Verdict.QUERY, message=message)
    if place.stands_for is not None:
        finding = replace(finding, verdict=Verdict.QUERY, message=_surrogate(finding, metric, place, missed))
    return finding


def _taken_out_unknown(case: Case) -> tuple[str, ...]:
    """Why what was taken out of the region may not be where it is drawn: its dose is not known."""
    taken_out, dvhs = case.place.taken_out, case.review.dvhs
    if taken_out is None or dvhs is None:
        return ()
    try:
        covered = dvhs.dvh(taken_out.region).covered_fraction
    except RTFractionsError as error:
        return (f"{taken_out.name}, which is taken out: {error.problem}",)
    if covered >= 1:
        return ()
    return (f"of {taken_out.name}, which is taken out, {100 * covered:.3g} % lies in the dose grid",)


def doubts_of(review: PlanReview, notices: Iterable[Notice]) -> tuple[str, ...]:
    """What leaves it doubtful whether a number is that of the structure: under it no limit is found kept.

    Parameters
    ----------
    review : PlanReview
        The plan with its dose.
    notices : iterable of Notice
        What is told of the structure.
    """
    of_doses = () if review.dose is None else (n for dose in review.dose.doses for n in dose.notices)
    told = (*review.plan.notices, *of_doses, *notices)
    # What makes a prescription unclear may be its dose: of one fraction, or in cGy.
    unclear = (target.prescription.unclear for target in review.plan.targets)
    doubts = (*filter(None, unclear), *(notice.message for notice in told if notice.code in DOUBTS))
    return tuple(dict.fromkeys(doubts))


DOUBTS: Final = frozenset(
    (
        "dose.no-frame-of-reference",
        "dose.other-structure-set",
        "dose.rescale-ignored",
        "dvh.one-slice",
        "plan.dose-maximum-unusual",
        "structure.gap",
        "structure.one-slice",
        "structure.open-contour",
        "structure.outside-external",
        "structure.overlapping-contours",
        "structure.self-crossing",
        "structure.stated-volume",
    )
)
"""Codes of notices on doses and contours that a person must have looked at before a limit counts as kept."""

_AT: Final = {Known.EXACT: "", Known.AT_LEAST: "at least ", Known.AT_MOST: "at most ", Known.COVERED_PART: ""}

_BEYOND: Final = {Known.AT_LEAST: True, Known.AT_MOST: False, Known.COVERED_PART: None}
"""Whether it is an upper limit that stays missed, whatever the dose that is not known; None: neither kind does."""


def _breaks_with_dose(metric: Metric, bound: Bound) -> bool:
    """Whether more dose, as of plans that are not summed, can only break a limit; else it can only help to keep it."""
    return bound.is_upper is not (metric.kind is MetricKind.VOLUME_BELOW)


def _recorded(limit: DoseLimit, told: str) -> str:
    said = [text for text in (limit.printed, limit.endpoint, limit.risk) if text is not None]
    bounds = [str(bound) for bound in dose_limits.bounds_of(limit)]
    what = "recorded" if limit.kind == "record" else "reported, not compared"
    return f"{told}: {what}" + (f" ({', '.join((*bounds, *said))})" if bounds or said else "")


def _strength(limit: DoseLimit) -> str:
    """What a reader must know of the limit beside its number."""
    told = ["optimal or mandatory: not stated"] if limit.strength == "unspecified" else []
    told += [limit.conflict] if limit.conflict is not None else []
    return f" ({'; '.join(told)})" if told else ""


def _surrogate(finding: Finding, metric: Metric, place: Place, missed: bool) -> str:
    """What a number in another structure says of the one that is meant."""
    if missed:
        says = "it is beyond the limit there, which need not be so in the structure meant"
    elif _grows_with_structure(metric):
        says = "what lies within it gets no more"
    else:
        says = "that says nothing of the structure meant"
    return f"{place.stands_for}: {finding.message}; {says}"


def _grows_with_structure(metric: Metric) -> bool:
    """Whether a part of a structure cannot have more of it: doses to, and volumes of, the hottest cm3."""
    if metric.kind is MetricKind.MAX:
        return True
    unit = metric.unit if metric.kind is MetricKind.VOLUME_AT_LEAST else metric.at_unit
    hot = metric.kind in (MetricKind.DOSE_TO_HOTTEST, MetricKind.VOLUME_AT_LEAST)
    return hot and unit is MetricUnit.CC


def _prescribed_gy(prescription: Prescription | None) -> Decimal | None:
    if prescription is None or prescription.schedule is None:
        return None
    return prescription.schedule.total_dose_gy


def _volume_distance(metric: Metric, bound: Bound, case: Case) -> tuple[float, str] | None:
    """How far the limit is in the other direction of the histogram; None where it has no such."""
    if metric.at is None or metric.at_unit is None:
        return None
    assert case.place.named is not None
    assert case.review.dvhs is not None
    dvh = _dvh(case.review.dvhs, case.place.named, metric)
    if dvh.covered_fraction < 1:
        return None
    per_percent_gy = float(_prescribed_gy(case.prescription) or 0) / 100 if metric.needs_prescription else 1.0
    at, limit = float(metric.at), float(bound.value)
    if metric.kind in (MetricKind.VOLUME_AT_LEAST, MetricKind.VOLUME_BELOW):
        volume = limit * dvh.volume_cm3 / 100 if metric.unit is MetricUnit.PERCENT else limit
        if not 0 <= volume <= dvh.volume_cm3:
            return None
        if metric.kind is MetricKind.VOLUME_AT_LEAST:
            return dvh.dose_to_hottest(volume) - at * per_percent_gy, _dose_unit(metric)
        return at * per_percent_gy - dvh.dose_to_coldest(volume), _dose_unit(metric)
    beyond = dvh.volume_with_at_least(limit * per_percent_gy)
    volume = beyond if metric.kind is MetricKind.DOSE_TO_HOTTEST else beyond - dvh.volume_cm3
    if metric.at_unit is MetricUnit.PERCENT:
        volume *= 100 / dvh.volume_cm3
    return volume + (-at if metric.kind is MetricKind.DOSE_TO_HOTTEST else at), str(metric.at_unit)


def _dose_unit(metric: Metric) -> str:
    if metric.quantity == "physical":
        return "Gy"
    return f"{metric.quantity.upper()}Gy(a/b={metric.alpha_beta_gy:f})"


def _dvh(dvhs: CourseDVHs, named: NamedRegion, metric: Metric) -> DVH:
    ratio = None if metric.alpha_beta_gy is None else float(metric.alpha_beta_gy)
    quantity = None if metric.quantity == "physical" else metric.quantity
    return dvhs.dvh(named.region, quantity=quantity, alpha_beta_gy=ratio)
