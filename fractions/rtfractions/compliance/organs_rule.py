"""Rules on the dose to organs at risk, plan by plan."""

from collections.abc import Callable, Sequence

from rtfractions.compliance import dose_rule, prior_rule
from rtfractions.compliance.dose_rule import Book, Case
from rtfractions.compliance.findings import Finding
from rtfractions.compliance.lesion_targets import Tie
from rtfractions.compliance.plan_reviews import PlanReview
from rtfractions.compliance.structures_by_name import places_of
from rtfractions.errors import counted, quoted
from rtfractions.patient import Patient
from rtfractions.protocols.dose_rules import DoseRule
from rtfractions.protocols.entries import StructureAlias
from rtfractions.protocols.schema import Protocol

Interval = tuple[float, float]


def check(
    graded: Sequence[PlanReview],
    reviews: Sequence[PlanReview],
    protocol: Protocol,
    *,
    prior: str | None = None,
    elsewhere: str | None = None,
    interval_of: Callable[[str], Interval | None] = lambda _: None,
) -> tuple[Finding, ...]:
    """Grade the dose to organs, plan by plan.

    Parameters
    ----------
    graded : sequence of PlanReview
        The plans that treat lesions on study.
    reviews : sequence of PlanReview
        All counted plans of the patient: where there are several, none is the whole course.
    protocol : Protocol
        The rules.
    prior : str or None
        What is stated of earlier radiotherapy.
    elsewhere : str or None
        Dose of the course that is in none of the plans, as `dose_elsewhere` tells it.
    interval_of : callable
        The interval that alpha/beta of a structure lies in, where one is attached to it.
    """
    rules = protocol.organs_at_risk
    if rules is None:
        return ()
    book = Book(
        kind="organ",
        worst_grade=rules.worst_grade,
        source=protocol.source(rules.source),
        source_of=protocol.source,
    )
    return tuple(
        finding
        for review in graded
        for rule in rules.rules
        for case in cases_of(
            rule,
            review,
            reviews,
            aliases=protocol.aliases,
            prior=prior,
            elsewhere=elsewhere,
            interval_of=interval_of,
        )
        for finding in dose_rule.check(rule, case, book)
    )


def cases_of(
    rule: DoseRule,
    review: PlanReview,
    reviews: Sequence[PlanReview],
    *,
    aliases: Sequence[StructureAlias],
    prior: str | None,
    elsewhere: str | None,
    interval_of: Callable[[str], Interval | None],
) -> tuple[Case, ...]:
    """What a rule on an organ is evaluated on in a plan: each structure that it means.

    Parameters
    ----------
    rule : DoseRule
        The rule.
    review : PlanReview
        The plan.
    reviews : sequence of PlanReview
        All counted plans of the patient.
    aliases, prior, elsewhere, interval_of
        As for `check`.
    """
    only = not_summed(rule, review, reviews, prior, elsewhere)
    return tuple(
        Case(
            review=review,
            place=place,
            prescription=review.prescription if place.target is None else place.target.result.prescription,
            interval_gy=interval_of(rule.structure),
            only=only,
        )
        for place in places_of(rule, review, aliases)
    )


def not_summed(
    rule: DoseRule,
    review: PlanReview,
    reviews: Sequence[PlanReview],
    prior: str | None,
    elsewhere: str | None = None,
) -> str | None:
    """Why the dose of a plan is less than a rule is about; None where it is all of it."""
    if rule.sum_over == "plan":
        return None
    others = sum(other is not review for other in reviews)
    if others:
        return f"the dose of {counted(others, 'other plan')} of the course is not summed"
    if elsewhere is not None:
        return elsewhere
    return prior_rule.not_summed(prior) if rule.sum_over == "course_and_prior" else None


def dose_elsewhere(patient: Patient, ties: Sequence[Tie]) -> str | None:
    """Dose of the course that is known to be given, or to be given, by none of the counted plans.

    Parameters
    ----------
    patient : Patient
        With plans and treatment records.
    ties : sequence of Tie
        Its lesions with their plans.
    """
    counted_uids = {plan.sop_instance_uid for plan in patient.plans if plan.set_aside is None}
    treated = {record.plan_uid for record in patient.records if record.plan_uid is not None}
    if treated - counted_uids:
        number = counted(len(treated - counted_uids), "other plan")
        return f"treatment records are of {number}, whose dose is not summed"
    untreated = [tie.lesion.label for tie in ties if tie.plan_uid is None]
    if untreated:
        return f"which plan treats lesion {', '.join(map(quoted, untreated))} is not known, and its dose is not summed"
    return None
