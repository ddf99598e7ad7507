"""Sets of constraints beside the protocol: what they say of every plan, without changing a grade."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from math import log
from typing import Final

import msgspec

from rtfractions.biology import lq
from rtfractions.compliance import dose_rule
from rtfractions.compliance.dose_limits import Fractionation
from rtfractions.compliance.dose_rule import Book, Case
from rtfractions.compliance.findings import AdvisoryFindings, Finding
from rtfractions.compliance.organs_rule import Interval, cases_of
from rtfractions.compliance.plan_reviews import PlanReview
from rtfractions.errors import counted
from rtfractions.metrics import VOLUMES_AT_DOSES, Metric, MetricKind, MetricUnit
from rtfractions.protocols.bounds import BoundText
from rtfractions.protocols.constraint_sets import ConstraintSet
from rtfractions.protocols.dose_rules import DoseLimit, DoseRule
from rtfractions.protocols.entries import MetricText, StructureAlias
from rtfractions.verdicts import Advice, Verdict

TRANSLATED: Final = "translated"
"""Basis of findings on limits that were stated for another fractionation."""

CONVENTIONAL_GY: Final = 2.0
"""A limit for doses per fraction around this is a limit on EQD2."""


def check(
    constraint_set: ConstraintSet,
    sha256: str,
    graded: Sequence[PlanReview],
    reviews: Sequence[PlanReview],
    *,
    aliases: Sequence[StructureAlias] = (),
    prior: str | None = None,
    elsewhere: str | None = None,
    interval_of: Callable[[str], Interval | None] = lambda _: None,
    alpha_beta_gy: float | None = None,
) -> AdvisoryFindings:
    """What a set of constraints says of the plans of a patient.

    Parameters
    ----------
    constraint_set : ConstraintSet
        The set.
    sha256 : str
        SHA-256 of its file.
    graded : sequence of PlanReview
        The plans that treat lesions on study.
    reviews : sequence of PlanReview
        All counted plans of the patient.
    aliases, prior, elsewhere, interval_of
        As for `organs_rule.check`; the set's own names of structures are known beside these.
    alpha_beta_gy : float, optional
        Translate limits that are not stated for a plan's fractionation by isoeffect at this alpha/beta; without it
        they do not apply.
    """
    book = Book(
        kind="constraint",
        worst_grade="deviation_unacceptable",
        source=constraint_set.sources[0],
        source_of=constraint_set.source,
    )
    names = (*aliases, *constraint_set.aliases)
    findings: list[Finding] = []
    for review in graded:
        for rule in map(_each_alone, constraint_set.constraints):
            cases = cases_of(
                rule,
                review,
                reviews,
                aliases=names,
                prior=prior,
                elsewhere=elsewhere,
                interval_of=interval_of,
            )
            for case in cases:
                findings += map(_advised, _checked(rule, case, book, alpha_beta_gy))
    return AdvisoryFindings(constraint_set, sha256, tuple(findings))


def _each_alone(rule: DoseRule) -> DoseRule:
    """A rule whose objectives and mandatory limits are judged one by one.

    A set has no bands: that a mandatory limit is not decided, as other plans are not summed, must not hide an objective
    that is exceeded.
    """
    limits: list[DoseLimit] = []
    for limit in rule.limits:
        if limit.objective is None or limit.mandatory is None:
            limits.append(limit)
        else:
            limits.append(msgspec.structs.replace(limit, mandatory=None))
            limits.append(msgspec.structs.replace(limit, objective=None))
    return msgspec.structs.replace(rule, limits=tuple(limits))


def _advised(finding: Finding) -> Finding:
    """A finding in the words of a set, which grades nothing: nothing of it is an acceptable variation."""
    advice = {
        Verdict.PER_PROTOCOL: Advice.KEPT,
        Verdict.VARIATION_ACCEPTABLE: Advice.OBJECTIVE_EXCEEDED,
        Verdict.DEVIATION_UNACCEPTABLE: Advice.LIMIT_EXCEEDED,
    }.get(finding.verdict)
    return finding if advice is None else replace(finding, verdict=Verdict.INFO, advice=advice)


def _checked(rule: DoseRule, case: Case, book: Book, alpha_beta_gy: float | None) -> tuple[Finding, ...]:
    findings = dose_rule.check(rule, case, book)
    if alpha_beta_gy is None or [one.verdict for one in findings] != [Verdict.NOT_APPLICABLE]:
        return findings
    translated, how = translate(rule, case.review.fractionation, alpha_beta_gy)
    if translated is None:
        return tuple(replace(one, message=f"{one.message}; not translated: {how}") for one in findings)

    def rule_at(ratio_gy: float) -> DoseRule:
        other, _ = translate(rule, case.review.fractionation, ratio_gy)
        assert other is not None, "whether a rule can be translated does not hang on alpha/beta"
        return other

    return tuple(
        replace(one, basis=TRANSLATED, message=f"{TRANSLATED} from {how}: {one.message}")
        for one in dose_rule.check(translated, replace(case, rule_at=rule_at), book)
    )


def translate(rule: DoseRule, plan: Fractionation, alpha_beta_gy: float) -> tuple[DoseRule | None, str]:
    """A rule in EQD2, made of its limit for the nearest number of fractions.

    Parameters
    ----------
    rule : DoseRule
        A rule whose limits are not stated for the plan's fractionation.
    plan : Fractionation
        How the plan's dose is given.
    alpha_beta_gy : float
        The alpha/beta of the translation.

    Returns
    -------
    DoseRule or None
        Limit and observed dose both as EQD2 at that alpha/beta; None where it cannot be translated.
    str
        What it was translated from and how, or why it was not.

    Notes
    -----
    A limit for conventional doses per fraction is one on EQD2. A limit on a mean dose in some other number of
    fractions is not translated: the mean of a dose does not say how much of it comes in large fractions.
    """
    metric = rule.metric.metric
    if metric.quantity != "physical":
        return None, "it is on converted dose"
    if metric.needs_prescription:
        return None, "it is in % of the prescription"
    conventional = [limit for limit in rule.limits if _is_conventional(limit)]
    numbered = sorted({n for limit in rule.limits for n in limit.fractions or ()})
    ratio = f"alpha/beta {alpha_beta_gy:g} Gy"
    if numbered and plan.fractions is not None:
        planned = plan.fractions
        nearest = min(numbered, key=lambda n: (abs(log(n / planned)), n))
        if metric.kind is MetricKind.MEAN:
            return None, "a mean dose has no one dose per fraction"
        limits = [limit for limit in rule.limits if nearest in (limit.fractions or ())]
        how = f"{counted(nearest, 'fraction')} to {planned} by EQD2 at {ratio}"

        def eqd2(gy: Decimal) -> Decimal:
            found = lq.eqd2(float(gy), fractions=nearest, alpha_beta_gy=alpha_beta_gy)
            return Decimal(f"{float(found):.6f}").normalize()

    elif conventional:
        limits = conventional
        how = f"conventional fractionation to EQD2 at {ratio}"

        def eqd2(gy: Decimal) -> Decimal:
            return gy

    else:
        return None, "no number of fractions is near"
    converted = metric.of("eqd2", Decimal(repr(alpha_beta_gy)))
    if metric.kind in VOLUMES_AT_DOSES:
        assert metric.at is not None
        converted = replace(converted, at=eqd2(metric.at))
    else:
        limits = [_converted(limit, eqd2) for limit in limits]
    fitting = tuple(_for_any(limit) for limit in limits)
    return _with(rule, converted, fitting), how


def _is_conventional(limit: DoseLimit) -> bool:
    if limit.dose_per_fraction_gy is None:
        return False
    low, high = limit.dose_per_fraction_gy
    return low <= CONVENTIONAL_GY <= high


def _converted(limit: DoseLimit, eqd2: Callable[[Decimal], Decimal]) -> DoseLimit:
    """A limit with its doses as EQD2."""

    def bound(text: BoundText | None) -> BoundText | None:
        if text is None:
            return None
        own = text.bound
        assert own.unit == MetricUnit.GY
        return BoundText(f"{own.operator} {eqd2(own.value):f} Gy")

    return msgspec.structs.replace(limit, objective=bound(limit.objective), mandatory=bound(limit.mandatory))


def _for_any(limit: DoseLimit) -> DoseLimit:
    return msgspec.structs.replace(limit, fractions=None, dose_per_fraction_gy=None)


def _with(rule: DoseRule, metric: Metric, limits: tuple[DoseLimit, ...]) -> DoseRule:
    return msgspec.structs.replace(rule, metric=MetricText(str(metric)), limits=limits)
