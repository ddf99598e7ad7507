"""Where the prescription lies: the prescribed dose in % of the largest dose to the target."""

from dataclasses import replace
from typing import Final

from rtfractions.compliance.dose_limits import shown
from rtfractions.compliance.dose_rule import doubts_of
from rtfractions.compliance.findings import Finding
from rtfractions.compliance.lesion_targets import Tie
from rtfractions.compliance.plan_reviews import PlanReview
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
    target = next(one for one in review.targets if one.result.structure is tie.structure)
    percent = target.isodose_percent
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
    doubts = doubts_of(review, target.result.notices)
    if within and doubts:
        verdict, message = Verdict.QUERY, f"{message}; for a person to look at: {'; '.join(doubts)}"
    # The end that is missed, or else that is nearer.
    end = low if abs(percent - low) < abs(percent - high) else high
    return (replace(finding, verdict=verdict, message=message, observed=percent, required=end, unit="%"),)
