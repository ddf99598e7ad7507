"""Repopulation: what proliferation during the overall time takes away from BED.

``BED_T = BED - K max(0, T - T_k)`` with ``K = ln 2 / (alpha T_p)`` (Travis & Tucker 1987, Dale 1989, Fowler 1989).
EQD2 of it has two meanings, and two names:

- `eqd2_time_corrected` (one-sided): BED_T as EQD2, the reference treatment losing nothing;
- `eqd2_isoeffective` (two-sided): the total dose of 2 Gy fractions, five a week, that has the same BED_T after
  its own loss over its own overall time.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from rtfractions.biology.arguments import ParameterError
from rtfractions.biology.elementwise import Values, elementwise
from rtfractions.biology.models import Model, checked_model
from rtfractions.biology.quantities import (
    ALPHA,
    BED,
    DAYS,
    DOUBLING_TIME,
    KICK_OFF,
    NET_BED,
    REPOPULATION,
    SolutionError,
)
from rtfractions.biology.treatment_week import TreatmentWeek, elapsed_days
from rtfractions.schedule import Schedule

MOST_FRACTIONS: Final = 10_000
"""How far a schedule is searched for whose overall time depends on its fractions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Repopulation:
    """How fast BED is lost, and from when on. Neither has a default.

    Attributes
    ----------
    gy_per_day : float
        K, BED lost a day in Gy, 0 to 100.
    kick_off_days : float
        T_k, the elapsed day from which on it is lost; 0 for the form without a delay.
    doubling_time_days, alpha_per_gy : float or None
        Effective doubling time T_p and alpha, where K was computed from them.

    Raises
    ------
    ParameterError
        If a value is out of range, or K is not that of the doubling time.
    """

    gy_per_day: float
    kick_off_days: float
    doubling_time_days: float | None = None
    alpha_per_gy: float | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "gy_per_day", REPOPULATION.number(self.gy_per_day))
        object.__setattr__(self, "kick_off_days", KICK_OFF.number(self.kick_off_days))
        if self.doubling_time_days is None and self.alpha_per_gy is None:
            return
        if self.doubling_time_days is None or self.alpha_per_gy is None:
            raise ParameterError("a doubling time and an alpha go together", remedy="give both, or neither")
        rate = repopulation_gy_per_day(
            doubling_time_days=self.doubling_time_days, alpha_per_gy=self.alpha_per_gy
        )
        if not math.isclose(rate, self.gy_per_day, rel_tol=1e-9):
            raise ParameterError(
                f"{self.gy_per_day:g} Gy/day is not ln 2 / (alpha T_p) = {rate:g} Gy/day",
                remedy="give one of the two",
            )

    @classmethod
    def doubling(
        cls, *, doubling_time_days: float, alpha_per_gy: float, kick_off_days: float
    ) -> Repopulation:
        """Repopulation of an effective doubling time in days (0.1 or more) and alpha in 1/Gy (0.001 to 10).

        Examples
        --------
        >>> set_of_fowler = Repopulation.doubling(doubling_time_days=3, alpha_per_gy=0.35, kick_off_days=21)
        >>> round(set_of_fowler.gy_per_day, 4)
        0.6601
        """
        return cls(
            gy_per_day=repopulation_gy_per_day(
                doubling_time_days=doubling_time_days, alpha_per_gy=alpha_per_gy
            ),
            kick_off_days=kick_off_days,
            doubling_time_days=DOUBLING_TIME.number(doubling_time_days),
            alpha_per_gy=ALPHA.number(alpha_per_gy),
        )

    @property
    def parameters(self) -> Mapping[str, float]:
        """What it rests on, by name with unit."""
        named = {
            "repopulation_gy_per_day": self.gy_per_day,
            "kick_off_days": self.kick_off_days,
            "doubling_time_days": self.doubling_time_days,
            "repopulation_alpha_per_gy": self.alpha_per_gy,
        }
        return {name: value for name, value in named.items() if value is not None}

    def bed_lost_gy(self, overall_days: Values) -> Values:
        """BED lost in Gy over elapsed days of 0 to 36525, a float or an array."""

        def formula(functions: Any, days: Any) -> Any:
            return self.gy_per_day * functions.maximum(0.0, days - self.kick_off_days)

        result: Values = elementwise(formula, (overall_days, DAYS))
        return result


def repopulation_gy_per_day(*, doubling_time_days: float, alpha_per_gy: float) -> float:
    """BED lost to repopulation in Gy a day, ``ln 2 / (alpha T_p)`` (Fowler 1989, BJR 62:679).

    Parameters
    ----------
    doubling_time_days : float
        Effective doubling time T_p in days, 0.1 to 36525.
    alpha_per_gy : float
        alpha in 1/Gy, 0.001 to 10.

    Raises
    ------
    ParameterError
        If a value is out of range, or the loss above 100 Gy a day.

    Examples
    --------
    >>> round(repopulation_gy_per_day(doubling_time_days=3, alpha_per_gy=0.3), 3)
    0.77
    """
    loss = math.log(2.0) / (ALPHA.number(alpha_per_gy) * DOUBLING_TIME.number(doubling_time_days))
    return REPOPULATION.number(loss)


@dataclass(frozen=True, slots=True, kw_only=True)
class TreatmentTime:
    """Overall time of a treatment, and what proliferates in it.

    Attributes
    ----------
    elapsed_days : float
        The last day less the first, 0 to 36525.
    repopulation : Repopulation
        How fast BED is lost.
    """

    elapsed_days: float
    repopulation: Repopulation

    def __post_init__(self) -> None:
        object.__setattr__(self, "elapsed_days", DAYS.number(self.elapsed_days))
        checked_repopulation(self.repopulation)

    @classmethod
    def uninterrupted(cls, schedule: Schedule, repopulation: Repopulation) -> TreatmentTime:
        """The time a schedule takes that starts on a Monday and is not interrupted."""
        return cls(elapsed_days=elapsed_days(schedule), repopulation=repopulation)

    @property
    def bed_lost_gy(self) -> float:
        """BED lost over the overall time in Gy."""
        return self.repopulation.bed_lost_gy(self.elapsed_days)


def checked_repopulation(repopulation: Any) -> Repopulation:
    """The repopulation, where it is one; a `ParameterError` else."""
    if not isinstance(repopulation, Repopulation):
        raise ParameterError(
            f"{type(repopulation).__name__} is no repopulation", remedy="give a Repopulation"
        )
    return repopulation


def bed_time(bed_gy: Values, *, overall_days: float, repopulation: Repopulation) -> Values:
    """BED in Gy after repopulation: ``BED - K max(0, T - T_k)``.

    Parameters
    ----------
    bed_gy : float or array_like
        BED in Gy without a time factor, 0 to 1e18.
    overall_days : float
        Overall time T in elapsed days (the last day less the first), 0 to 36525.
    repopulation : Repopulation
        K and T_k.

    Returns
    -------
    float or numpy.ndarray of float64
        Never cut off at 0: a value below 0 says that repopulation outweighs the dose.

    Raises
    ------
    DoseError, ParameterError
        If a value is out of range.

    Examples
    --------
    >>> round(bed_time(84.0, overall_days=46, repopulation=Repopulation(gy_per_day=0.9, kick_off_days=28)), 9)
    67.8
    """
    lost = checked_repopulation(repopulation).bed_lost_gy(DAYS.number(overall_days))
    result: Values = elementwise(lambda _, bed: bed - lost, (bed_gy, BED))
    return result


def eqd2_time_corrected(
    bed_gy: Values, *, overall_days: float, repopulation: Repopulation, model: Model
) -> Values:
    """One-sided EQD2 with time in Gy: BED after repopulation as EQD2, the 2 Gy treatment losing nothing.

    Parameters
    ----------
    bed_gy, overall_days, repopulation
        As for `bed_time`.
    model : Model
        The model of the BED, whose rule gives EQD2.

    Returns
    -------
    float or numpy.ndarray of float64
        Below 0 where repopulation outweighs the dose.

    Examples
    --------
    >>> from rtfractions.biology.models import LQ
    >>> repopulation = Repopulation(gy_per_day=0.9, kick_off_days=28)
    >>> round(eqd2_time_corrected(84.0, overall_days=46, repopulation=repopulation, model=LQ(10.0)), 9)
    56.5
    """
    net: Values = bed_time(bed_gy, overall_days=overall_days, repopulation=repopulation)
    return checked_model(model).eqd2_gy(net)


def eqd2_isoeffective(
    bed_gy: float, *, overall_days: float, repopulation: Repopulation, model: Model
) -> float:
    """Two-sided EQD2 with time in Gy: the dose of 2 Gy fractions, five a week, that is worth as much after its own loss.

    Parameters
    ----------
    bed_gy, overall_days, repopulation
        As for `bed_time`, single numbers.
    model : Model
        The model of the BED.

    Returns
    -------
    float
        2 Gy times a number of fractions that may be broken; its overall time is that of the next whole number,
        from a Monday on. Across a weekend several treatments can be worth the same: this is the shortest.

    Raises
    ------
    SolutionError
        If repopulation outweighs the dose, or outruns 2 Gy a day before the BED is reached.

    Examples
    --------
    >>> from rtfractions.biology.models import LQ
    >>> repopulation = Repopulation(gy_per_day=0.9, kick_off_days=28)
    >>> round(eqd2_isoeffective(84.0, overall_days=46, repopulation=repopulation, model=LQ(10.0)), 9)
    70.0
    """
    bed = BED.number(bed_gy)
    net = bed_time(bed, overall_days=overall_days, repopulation=repopulation)
    of_two_gray = checked_model(model).bed_per_fraction_gy(2.0)
    return 2.0 * fewest_fractions(net, of_two_gray, repopulation, TreatmentWeek())


def fewest_fractions(
    net_bed: float, bed_per_fraction: float, repopulation: Repopulation, week: TreatmentWeek
) -> float:
    """The smallest number of fractions with this BED after repopulation over their own overall time.

    Within a fraction the time stands still and BED rises, from the last fraction of a week to the first of the next
    BED may fall: the first whole number that reaches the BED bounds the answer.
    """
    net = NET_BED.number(net_bed)
    if net < 0.0:
        raise SolutionError(
            f"repopulation outweighs the dose by a BED of {-net:.4g} Gy",
            remedy="no schedule is worth less than none",
        )
    if net == 0.0:
        return 0.0
    slack = 1e-12 * net
    for fractions in range(1, MOST_FRACTIONS + 1):
        lost = repopulation.bed_lost_gy(float(week.elapsed_days(fractions)))
        if fractions * bed_per_fraction - lost >= net - slack:
            return (net + lost) / bed_per_fraction
    raise SolutionError(
        f"{MOST_FRACTIONS} fractions do not reach a BED of {net:.6g} Gy after repopulation of "
        f"{repopulation.gy_per_day:g} Gy a day",
        remedy="give more dose a fraction, or less time",
    )
