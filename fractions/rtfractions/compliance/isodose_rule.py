"""Where the prescription lies: the prescribed dose in % of the largest dose to the target."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from rtfractions.compliance.dose_limits import shown
from rtfractions.compliance.findings import Finding
from rtfractions.compliance.lesion_targets import Tie
from rtfractions.compliance.plan_reviews import PlanReview, TargetReview
from rtfractions.protocols.bounds import SLACK, parse_bound
from rtfractions.protocols.schema import Protocol
from rtfractions.verdicts import Verdict, no_worse_than

RULE: Final = "prescription_isodose"


def check(tie: Tie, review: PlanReview | None, protocol: Protocol) -> tuple[Finding, ...]:
    """Grade the isodose that a lesion's dose is prescribed to; nothing where the protocol states no rule.

    Parameters
    ----------
    tie : Tie
        The lesion with its target.
    review : PlanReview or None
        Its plan.
    protocol : Protocol
        The rules.
    """
    rule = protocol.prescription_isodose
    if rule is None:
        return ()
    low, high = rule.percent_of_maximum
    finding = Finding(
        RULE,
        Verdict.NOT_EVALUABLE,
        tie.problem,
        protocol.source(rule.source),
        required=f"{low:g} to {high:g} %",
        plan_uid=tie.plan_uid,
    )
    if tie.structure is None or review is None:
        return (replace(finding, verdict=tie.verdict),)
    finding = replace(finding, structure=tie.structure.name)
    if review.no_dose is not None:
        return (replace(finding, message=review.no_dose),)
    percent = percent_of(tie, review.targets)
    if percent is None:
        why = "the prescription or the largest dose to the whole target is not known"
        return (replace(finding, message=why),)
    lowest, highest = parse_bound(f">= {low:f} %"), parse_bound(f"<= {high:f} %")
    within = low - SLACK <= percent <= high + SLACK
    verdict = (
        Verdict.PER_PROTOCOL if within else no_worse_than(Verdict.DEVIATION_UNACCEPTABLE, rule.worst_grade)
    )
    message = (
        f"the prescribed dose is {shown(percent, lowest, highest)} % of the largest dose to the target, "
        f"{'' if within else 'not '}{low:g} to {high:g} %"
    )
    # The end that is missed, or else that is nearer.
    end = low if abs(percent - low) < abs(percent - high) else high
    return (replace(finding, verdict=verdict, message=message, observed=percent, required=end, unit="%"),)


def percent_of(tie: Tie, targets: Sequence[TargetReview]) -> float | None:
    """The isodose percentage of a lesion's own target; None where it is not known."""
    return next(
        (target.isodose_percent for target in targets if target.result.structure is tie.structure), None
    )
