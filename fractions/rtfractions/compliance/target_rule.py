"""Rules on the dose to targets, lesion by lesion; and a line on what the target gets, whatever the protocol says."""

from dataclasses import replace
from typing import Final

from rtfractions.compliance import dose_rule
from rtfractions.compliance.dose_rule import Book, Case
from rtfractions.compliance.findings import Finding
from rtfractions.compliance.lesion_targets import Tie
from rtfractions.compliance.plan_reviews import PlanReview, TargetReview
from rtfractions.compliance.structures_by_name import Place, without
from rtfractions.dosimetry.course_dvhs import NamedRegion
from rtfractions.dosimetry.evaluation import Bound, Value
from rtfractions.errors import quoted
from rtfractions.metrics import parse_metric
from rtfractions.plans import Prescription
from rtfractions.protocols.dose_rules import DoseRule
from rtfractions.protocols.schema import Protocol
from rtfractions.verdicts import Verdict

INFORMATION: Final = "target_dose"
"""The line on what the target gets."""

_D95: Final = parse_metric("D95%[Gy]")


def check(tie: Tie, review: PlanReview | None, protocol: Protocol) -> tuple[Finding, ...]:
    """Grade the dose to a lesion's targets.

    Parameters
    ----------
    tie : Tie
        The lesion with its target.
    review : PlanReview or None
        Its plan.
    protocol : Protocol
        The rules.
    """
    rules = protocol.targets
    if rules is None:
        return ()
    book = Book(
        kind="target",
        worst_grade=rules.worst_grade,
        source=protocol.source(rules.source),
        source_of=protocol.source,
    )
    findings: list[Finding] = []
    for rule in rules.rules:
        if tie.structure is None or review is None:
            finding = Finding(
                book.rule_name(rule),
                tie.verdict,
                f"{rule.metric.metric}: {tie.problem}",
                book.source,
                plan_uid=tie.plan_uid,
            )
            findings.append(finding)
            continue
        for place in _places(rule, tie, review, protocol):
            case = Case(review=review, place=place, prescription=_prescription(tie, review))
            findings += dose_rule.check(rule, case, book)
    return tuple(findings)


def information(tie: Tie, review: PlanReview | None) -> tuple[Finding, ...]:
    """What a lesion's target gets and where its prescription lies; nothing without a dose."""
    target = None if review is None or review.no_dose is not None else _target(tie, review)
    if target is None or review is None:
        return ()
    name = target.result.name
    d95 = next((one.found for one in target.result.metrics if one.metric == _D95), None)
    finding = Finding(INFORMATION, Verdict.INFO, "", structure=name, plan_uid=review.uid)
    if not isinstance(d95, Value):
        why = target.result.error or d95
        return (replace(finding, message=f"{target.role} {quoted(name)}: {why}"),)
    at_least = "at least " if d95.bound is Bound.AT_LEAST else ""
    message = f"{target.role} {quoted(name)}: {_D95} {at_least}{d95.value:.2f} Gy"
    schedule = None if target.result.prescription is None else target.result.prescription.schedule
    if schedule is not None:
        message += f", {100 * d95.value / float(schedule.total_dose_gy):.1f} % of the prescription"
    if target.isodose_percent is not None:
        message += f"; the prescription is {target.isodose_percent:.1f} % of its largest dose"
    return (replace(finding, message=message, observed=d95.value, unit="Gy"),)


def _places(rule: DoseRule, tie: Tie, review: PlanReview, protocol: Protocol) -> tuple[Place, ...]:
    """The lesion's targets of the rule's role, without what is taken out of them."""
    own = [one for one in review.targets if one.lesion == tie.lesion.label and one.role == rule.structure]
    structures = [one.result.structure for one in own]
    places = tuple(Place(named=NamedRegion(one.name, one)) for one in structures if one is not None)
    if not places:
        return (Place(problem=f"no {rule.structure} is known to belong to the lesion"),)
    if rule.minus is None:
        return places
    return without(places, rule.minus, review, protocol.aliases)


def _target(tie: Tie, review: PlanReview) -> TargetReview | None:
    """The lesion's own target: what its plan prescribes to."""
    if tie.structure is None:
        return None
    return next(one for one in review.targets if one.result.structure is tie.structure)


def _prescription(tie: Tie, review: PlanReview) -> Prescription | None:
    target = _target(tie, review)
    return None if target is None else target.result.prescription
