"""Rules on indices of conformity and gradient, lesion by lesion."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from rtfractions.compliance import dose_limits
from rtfractions.compliance.dose_rule import doubts_of
from rtfractions.compliance.findings import Finding
from rtfractions.compliance.lesion_targets import Tie
from rtfractions.compliance.plan_reviews import PlanReview, TargetReview
from rtfractions.dosimetry.indices import Indices, isodose_indices
from rtfractions.errors import RTFractionsError, quoted
from rtfractions.protocols.dose_rules import DoseLimit, IndexRule
from rtfractions.protocols.schema import Protocol
from rtfractions.structures import Structure
from rtfractions.verdicts import Verdict

RATIO: Final = "ratio"
"""Unit of an index that is a ratio of volumes."""


def check(tie: Tie, review: PlanReview | None, protocol: Protocol) -> tuple[Finding, ...]:
    """Grade the indices of a lesion's targets; nothing where the protocol states no rule.

    Parameters
    ----------
    tie : Tie
        The lesion with its target.
    review : PlanReview or None
        Its plan.
    protocol : Protocol
        The rules.

    Notes
    -----
    Isodoses that join those of another target of the same plan, or that the dose grid cuts, leave an index not
    evaluable. Targets of other plans are in no way of this plan's isodoses.
    """
    rules = protocol.conformity
    if rules is None:
        return ()
    source = protocol.source(rules.source)
    known: dict[TargetReview, Indices | str] = {}
    findings: list[Finding] = []
    for rule in rules.rules:
        finding = Finding(f"conformity.{rule.id}", Verdict.NOT_EVALUABLE, "", source, plan_uid=tie.plan_uid)
        if tie.structure is None or review is None:
            message = f"{rule.index}: {tie.problem}"
            findings.append(replace(finding, verdict=tie.verdict, message=message))
            continue
        targets = [
            one for one in review.targets if one.lesion == tie.lesion.label and one.role == rule.structure
        ]
        if not targets:
            message = f"{rule.index}: no {rule.structure} is known to belong to the lesion"
            findings.append(replace(finding, message=message))
        for target in targets:
            if target not in known:
                known[target] = _indices(target, tie, review)
            own = replace(finding, structure=target.result.name)
            findings += _graded(rule, known[target], target, review, own, protocol)
    return tuple(findings)


def _indices(target: TargetReview, tie: Tie, review: PlanReview) -> Indices | str:
    """The indices of a target, or why it has none."""
    prescription, structure = target.result.prescription, target.result.structure
    if review.no_dose is not None or review.dose is None:
        return review.no_dose or "its plan has no dose"
    if structure is None:
        return "it was refused" if target.result.error is None else target.result.error.problem
    if prescription is None or prescription.schedule is None:
        return "the dose prescribed to it is not known"
    unknown = [one.lesion.label for one in review.ties if one.structure is None]
    if unknown:
        lesions = ", ".join(map(quoted, unknown))
        return f"the plan treats {lesions} too, whose target is not known: isodoses may join"
    try:
        return isodose_indices(
            review.dose.grid,
            structure,
            prescription_gy=float(prescription.schedule.total_dose_gy),
            others=tuple(_others(tie, review)),
            external=_external(review),
        )
    except RTFractionsError as error:
        of = error.where.structure
        return error.problem if of in (None, structure.name) else f"{quoted(of)}: {error.problem}"


def _others(tie: Tie, review: PlanReview) -> Iterator[Structure]:
    """The other targets of a plan: of its other lesions, and those that it prescribes to beside them.

    What lies in the lesion's own target is none: a boost to its GTV is a dose to the lesion.
    """
    tied = [one.structure for one in review.ties if one.structure is not None]
    numbers = {target.structure_number for target in review.plan.targets}
    drawn = [] if review.structure_set is None else review.structure_set.structures
    own = [one.result.structure for one in review.targets if one.lesion == tie.lesion.label]
    for structure in (*tied, *(one for one in drawn if one.number in numbers and one not in tied)):
        if structure.closed and not any(structure is one for one in own):
            yield structure


def _external(review: PlanReview) -> Structure | None:
    """The body, where one structure is it."""
    drawn = [] if review.structure_set is None else review.structure_set.structures
    bodies = [one for one in drawn if one.interpreted_type == "EXTERNAL" and one.closed]
    return bodies[0] if len(bodies) == 1 else None


def _graded(
    rule: IndexRule,
    indices: Indices | str,
    target: TargetReview,
    review: PlanReview,
    finding: Finding,
    protocol: Protocol,
) -> Iterator[Finding]:
    """One finding for each limit that is for the plan, else one that says why not."""
    chosen = dose_limits.choose(rule.limits, review.fractionation)
    for limit in chosen.limits:
        own = finding if limit.source is None else replace(finding, source=protocol.source(limit.source))
        yield _limit(limit, rule, indices, target, review, replace(own, limit=limit), protocol)
    if chosen.undecided is not None:
        yield replace(finding, message=f"{rule.index}: {chosen.undecided}")
    if chosen.none is not None:
        message = f"{rule.index}: {chosen.none}"
        yield replace(finding, verdict=Verdict.NOT_APPLICABLE, message=message)


def _limit(
    limit: DoseLimit,
    rule: IndexRule,
    indices: Indices | str,
    target: TargetReview,
    review: PlanReview,
    finding: Finding,
    protocol: Protocol,
) -> Finding:
    if limit.disabled is not None:
        return replace(finding, verdict=Verdict.INFO, message=f"{rule.index}: not compared, {limit.disabled}")
    found = indices if isinstance(indices, str) else indices.named(rule.index)
    if isinstance(found, str | RTFractionsError):
        why = found if isinstance(found, str) else found.problem
        return replace(finding, message=f"{rule.index}: {why}")
    bounds = dose_limits.bounds_of(limit)
    unit = rule.unit
    told = f"{rule.index} {dose_limits.shown(found, *bounds)}" + (f" {unit}" if unit else "")
    finding = replace(finding, observed=found, unit=unit or RATIO)
    if limit.kind != "limit":
        return replace(finding, verdict=Verdict.INFO, message=f"{told}: recorded")
    if not bounds:
        message = f"{told}; the source gives {limit.printed}, which is no single limit"
        return replace(finding, verdict=Verdict.QUERY, message=message)
    assert protocol.conformity is not None
    worst_grade = dose_limits.worst_grade_of(limit, protocol.conformity.worst_grade)
    verdict, bound = dose_limits.grade(limit, found, worst_grade)
    message = f"{told}, {dose_limits.compared(limit, bound, verdict)}"
    if rule.index == "D2cm[%]" and _external(review) is None:
        message += "; no one structure is the body: all of the dose grid counts"
    doubts = doubts_of(review, target.result.notices)
    if doubts and bounds[0].met_by(found):
        verdict = Verdict.QUERY
        message += f"; for a person to look at: {'; '.join(doubts)}"
    return replace(finding, verdict=verdict, message=message, required=float(bound.value))
