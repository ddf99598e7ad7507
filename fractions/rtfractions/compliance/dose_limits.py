"""Limits on dose: which of a rule's is for a plan, and where a number stands in its bands."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rtfractions.errors import counted
from rtfractions.protocols.bounds import SLACK, Bound
from rtfractions.protocols.dose_rules import DoseLimit
from rtfractions.verdicts import Verdict, no_worse_than

DOSE_PER_FRACTION_SLACK_GY: Final = 1e-6

_MOST_DECIMALS: Final = 9


@dataclass(frozen=True, slots=True)
class Fractionation:
    """How a plan's dose is given, as far as limits are stated for it.

    Attributes
    ----------
    fractions : int or None
        Number of fractions of the plan.
    no_fractions : str or None
        Why it has no one number.
    doses_per_fraction_gy : tuple of float
        What is prescribed to its targets in one fraction, each once; none where it is not known.
    """

    fractions: int | None
    no_fractions: str | None = None
    doses_per_fraction_gy: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Chosen:
    """The limits of a rule that are for a plan.

    Attributes
    ----------
    limits : tuple of DoseLimit
        Those that are.
    undecided : str or None
        Why it is not known of others whether they are.
    none : str or None
        Without either: what the rule is stated for, and what the plan is.
    """

    limits: tuple[DoseLimit, ...]
    undecided: str | None = None
    none: str | None = None


def choose(limits: Sequence[DoseLimit], plan: Fractionation) -> Chosen:
    """The limits that are stated for a plan's fractionation; nothing is interpolated between them.

    Parameters
    ----------
    limits : sequence of DoseLimit
        Of one rule.
    plan : Fractionation
        How the plan's dose is given.
    """
    fitting = [_fits(limit, plan) for limit in limits]
    chosen = tuple(limit for limit, fits in zip(limits, fitting, strict=True) if fits)
    if None in fitting:
        open_ = [limit for limit, fits in zip(limits, fitting, strict=True) if fits is None]
        return Chosen(chosen, undecided=f"{_stated_for(open_)}; {_unknown(open_, plan)}")
    if chosen:
        return Chosen(chosen)
    return Chosen((), none=f"{_stated_for(limits)}; {_given(limits, plan)}")


def grade(limit: DoseLimit, observed: float, worst_grade: str) -> tuple[Verdict, Bound]:
    """Where a number stands in the bands of a limit, and the bound that decides it.

    Parameters
    ----------
    limit : DoseLimit
        With an objective, a mandatory limit, or both.
    observed : float
        In its unit, not rounded.
    worst_grade : str
        The worst grade that the rule's source can support.
    """
    objective = None if limit.objective is None else limit.objective.bound
    mandatory = None if limit.mandatory is None else limit.mandatory.bound
    if mandatory is not None and not mandatory.met_by(observed):
        return no_worse_than(Verdict.DEVIATION_UNACCEPTABLE, worst_grade), mandatory
    if objective is not None and not objective.met_by(observed):
        if (
            limit.strength == "unspecified"
        ):  # it may be mandatory: what misses it is not known to be acceptable
            return no_worse_than(Verdict.DEVIATION_UNACCEPTABLE, worst_grade), objective
        return Verdict.VARIATION_ACCEPTABLE, objective
    decides = objective or mandatory
    assert decides is not None, "the form of a limit has one of the two"
    return Verdict.PER_PROTOCOL, decides


def worst_grade_of(limit: DoseLimit, worst_grade: str) -> str:
    """The worst grade that a protocol's limit can support: a query where it does not say how much it means it."""
    if limit.strength == "unspecified" and worst_grade == Verdict.DEVIATION_UNACCEPTABLE:
        return Verdict.QUERY.value
    return worst_grade


def compared(limit: DoseLimit, bound: Bound, verdict: Verdict) -> str:
    """How a number stands to the bound that decides its verdict, and in a variation which bound it still keeps.

    Examples
    --------
    >>> from rtfractions.protocols.bounds import BoundText
    >>> limit = DoseLimit(objective=BoundText(">= 95 %"), mandatory=BoundText(">= 90 %"))
    >>> compared(limit, limit.objective.bound, Verdict.VARIATION_ACCEPTABLE)
    'not >= 95 %, yet >= 90 %'
    """
    if verdict is Verdict.PER_PROTOCOL:
        return str(bound)
    mandatory = None if limit.mandatory is None else limit.mandatory.bound
    return f"not {bound}" + ("" if mandatory in (None, bound) else f", yet {mandatory}")


def bounds_of(limit: DoseLimit) -> tuple[Bound, ...]:
    """The bounds of a limit, the one that is missed last first."""
    return tuple(text.bound for text in (limit.mandatory, limit.objective) if text is not None)


def shown(observed: float, *bounds: Bound) -> str:
    """A number in as few digits as explain on which side of the bounds it lies.

    Examples
    --------
    >>> from rtfractions.protocols.bounds import parse_bound
    >>> shown(23.996, parse_bound("< 24 Gy")), shown(13.2, parse_bound("< 24 Gy"))
    ('23.996', '13.20')
    """
    for decimals in range(2, _MOST_DECIMALS):
        text = f"{observed:.{decimals}f}"
        if all(_side(float(text), bound) == _side(observed, bound) for bound in bounds):
            return text
    return repr(observed)


def _side(number: float, bound: Bound) -> int:
    """-1 below a bound, 1 above it, 0 at it."""
    away = number - float(bound.value)
    return 0 if abs(away) <= SLACK else 1 if away > 0 else -1


def _fits(limit: DoseLimit, plan: Fractionation) -> bool | None:
    """Whether a limit is for a plan; None where what decides it is not known."""
    if limit.fractions is not None:
        return None if plan.fractions is None else plan.fractions in limit.fractions
    if limit.dose_per_fraction_gy is None:
        return True
    if not plan.doses_per_fraction_gy:
        return None
    low, high = limit.dose_per_fraction_gy
    slack = DOSE_PER_FRACTION_SLACK_GY
    within = {low - slack <= gy <= high + slack for gy in plan.doses_per_fraction_gy}
    return within.pop() if len(within) == 1 else None


def _unknown(limits: Sequence[DoseLimit], plan: Fractionation) -> str:
    if any(limit.fractions is not None for limit in limits):
        return plan.no_fractions or "the plan's number of fractions is not known"
    given = plan.doses_per_fraction_gy
    if not given:
        return "the prescribed dose per fraction is not known"
    return f"the plan's targets get {_listed(given)} Gy a fraction"


def _stated_for(limits: Sequence[DoseLimit]) -> str:
    numbers = sorted({n for limit in limits for n in limit.fractions or ()})
    ranges = dict.fromkeys(
        limit.dose_per_fraction_gy for limit in limits if limit.dose_per_fraction_gy is not None
    )
    parts = []
    if numbers:
        *first, last = map(str, numbers)
        listed = f"{', '.join(first)} and {last}" if first else last
        parts.append(f"{listed} {'fraction' if listed == '1' else 'fractions'}")
    parts += [f"{low:g} to {high:g} Gy a fraction" for low, high in ranges]
    return f"the limit is stated for {' and for '.join(parts)}"


def _given(limits: Sequence[DoseLimit], plan: Fractionation) -> str:
    given = []
    if plan.fractions is not None and any(limit.fractions is not None for limit in limits):
        given.append(f"the plan has {counted(plan.fractions, 'fraction')}, and nothing is interpolated")
    if any(limit.dose_per_fraction_gy is not None for limit in limits):
        given.append(f"the plan gives {_listed(plan.doses_per_fraction_gy)} Gy")
    return "; ".join(given)


def _listed(doses_gy: Sequence[float]) -> str:
    return " and ".join(f"{gy:.4g}" for gy in doses_gy)
