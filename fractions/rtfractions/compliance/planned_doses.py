"""All rules on dose, for a patient whose plans were read."""

from collections.abc import Callable, Sequence

from rtfractions.compliance import advisory, conformity_rule, isodose_rule, organs_rule, target_rule
from rtfractions.compliance.findings import DoseFindings, Finding
from rtfractions.compliance.organs_rule import Interval
from rtfractions.compliance.plan_reviews import PlanReview, review_plans
from rtfractions.patient import Lesion, Patient
from rtfractions.protocols.constraint_sets import ConstraintSet
from rtfractions.protocols.schema import Protocol
from rtfractions.verdicts import Verdict


def check(
    patient: Patient,
    protocol: Protocol,
    sets: Sequence[tuple[ConstraintSet, str]] = (),
    *,
    prior: str | None = None,
    structure_of: Callable[[Lesion], str | None] = lambda _: None,
    interval_of: Callable[[str], Interval | None] = lambda _: None,
    constraints_alpha_beta_gy: float | None = None,
) -> DoseFindings:
    """Evaluate all rules on dose.

    Parameters
    ----------
    patient : Patient
        With plans.
    protocol : Protocol
        The rules, with the aliases of an overlay.
    sets : sequence of (ConstraintSet, str)
        Advisory sets, each with the SHA-256 of its file.
    prior : str or None
        What is stated of earlier radiotherapy.
    structure_of : callable
        The target structure of a lesion that an overlay names.
    interval_of : callable
        The interval that alpha/beta of a structure lies in, where one is attached to it.
    constraints_alpha_beta_gy : float, optional
        Translate limits of advisory sets by isoeffect at this alpha/beta.
    """
    reviews, ties = review_plans(patient, aliases=protocol.aliases, structure_of=structure_of)
    by_uid = {review.uid: review for review in reviews}
    of_lesions = []
    for one in ties:
        review = None if one.plan_uid is None else by_uid.get(one.plan_uid)
        of_lesions.append(
            (
                *isodose_rule.check(one, review, protocol),
                *target_rule.check(one, review, protocol),
                *conformity_rule.check(one, review, protocol),
                *target_rule.information(one, review),
            )
            if one.lesion.on_study
            else ()
        )
    graded = [review for review in reviews if _on_study(review)]
    elsewhere = organs_rule.dose_elsewhere(patient, ties)
    organs = organs_rule.check(
        graded, reviews, protocol, prior=prior, elsewhere=elsewhere, interval_of=interval_of
    )
    found = tuple(
        advisory.check(
            constraint_set,
            sha256,
            graded,
            reviews,
            aliases=protocol.aliases,
            prior=prior,
            elsewhere=elsewhere,
            interval_of=interval_of,
            alpha_beta_gy=constraints_alpha_beta_gy,
        )
        for constraint_set, sha256 in sets
    )
    told = tuple(
        Finding("target_structures", Verdict.INFO, notice.message, plan_uid=review.uid)
        for review in reviews
        for notice in review.notices
        if notice.code == "target.in-several"
    )
    return DoseFindings(
        of_lesions=tuple(of_lesions),
        of_patient=(*organs, *told),
        plans=tuple(review.with_organs() for review in reviews),
        advisory=found,
    )


def _on_study(review: PlanReview) -> bool:
    """Whether a plan treats a lesion on study; one that is tied to no lesion may."""
    return not review.ties or any(one.lesion.on_study for one in review.ties)
