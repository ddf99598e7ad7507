"""What an interval of alpha/beta leaves of BED and EQD2: ranges, and where a comparison changes sides.

BED and EQD2 of the LQ model, of any mixture of phases and with any fixed loss to repopulation, are Möbius functions
of alpha/beta, hence monotonic: the ends of an interval give the ends of the range. Other models are not (LQ-L with a
transition dose tied to alpha/beta): their range is sampled. Where an interval reaches 0 or infinity it has no end,
and neither has the range.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias, get_args

from rtfractions.biology.alpha_beta import (
    MAXIMUM_ALPHA_BETA_GY,
    MINIMUM_ALPHA_BETA_GY,
    AlphaBeta,
    as_float,
)
from rtfractions.biology.arguments import number, text
from rtfractions.errors import RTFractionsError, quoted
from rtfractions.schedule import Schedule

Converted: TypeAlias = Literal["bed", "eqd2"]
Level: TypeAlias = Literal["95", "90", "68", "SD", "range"]
"""What an interval is: a confidence interval in %, one standard deviation, or a range of values."""

SAMPLES_OF_AN_INTERVAL: Final = 1001
"""Values of alpha/beta at which a model is evaluated over an interval, evenly in its logarithm."""

LARGEST_VALUE_GY: Final = 1e12
"""Above the BED of any schedule."""


class UncertaintyError(RTFractionsError, ValueError):
    """An interval, a distribution or a question about them that cannot be."""

    code = "uncertainty"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlphaBetaInterval:
    """An interval of alpha/beta in Gy; an end that reaches 0 or infinity is open.

    Attributes
    ----------
    low_gy, high_gy : float or None
        The ends, 0.1 to 100 Gy, the lower below the higher; None where open.
    level : str
        What the interval is: ``"95"``, ``"90"``, ``"68"`` (confidence in %), ``"SD"`` or ``"range"``.
    source : str
        Who says so.

    Raises
    ------
    AlphaBetaError
        If an end is outside the range of alpha/beta.
    UncertaintyError
        If the ends are not in order, or level or source are missing.
    """

    low_gy: float | None
    high_gy: float | None
    level: Level
    source: str

    def __post_init__(self) -> None:
        text(self.source, "the source of the interval", error=UncertaintyError)
        if not isinstance(self.level, str) or self.level not in get_args(Level):
            raise UncertaintyError(
                f"the level of the interval is {quoted(self.level)}",
                remedy=f"one of {', '.join(get_args(Level))}",
            )
        for name in ("low_gy", "high_gy"):
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, AlphaBeta(value_gy=value, source=self.source).value_gy)
        if self.low_gy is not None and self.high_gy is not None and not self.low_gy < self.high_gy:
            raise UncertaintyError(
                f"the interval of alpha/beta goes from {self.low_gy:g} to {self.high_gy:g} Gy",
                remedy="give the lower end first",
            )

    @classmethod
    def published(
        cls, *, low_gy: float | None, high_gy: float | None, level: Level, source: str
    ) -> AlphaBetaInterval:
        """An interval as printed, which may be negative or infinite: such ends are open.

        Parameters
        ----------
        low_gy, high_gy : float or None
            The printed ends in Gy; an end below 0.1 or above 100 Gy, or None, is open.
        level, source : str
            As the attributes.
        """
        low, high = _printed(low_gy, -math.inf), _printed(high_gy, math.inf)
        return cls(
            low_gy=low if low >= MINIMUM_ALPHA_BETA_GY else None,
            high_gy=high if high <= MAXIMUM_ALPHA_BETA_GY else None,
            level=level,
            source=source,
        )

    def __str__(self) -> str:
        if self.low_gy is None and self.high_gy is None:
            return "any"
        if self.low_gy is None:
            return f"up to {self.high_gy:g} Gy"
        return (
            f"{self.low_gy:g} Gy and more"
            if self.high_gy is None
            else f"{self.low_gy:g} to {self.high_gy:g} Gy"
        )


def _printed(end: float | None, absent: float) -> float:
    if end is None:
        return absent
    value = as_float(end)
    if value is None or math.isnan(value):
        raise UncertaintyError(f"an end of the interval is {quoted(end)}", remedy="give Gy, or None")
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueRange:
    """The values that a quantity takes over an interval of alpha/beta.

    Attributes
    ----------
    low_gy, high_gy : float or None
        Lowest and highest value; None where the interval is open on that side, so that there is none.
    interval : AlphaBetaInterval
        The interval.
    method : str
        ``"exact"``: from the ends, for what is monotonic; ``"sampled"``.
    """

    low_gy: float | None
    high_gy: float | None
    interval: AlphaBetaInterval
    method: Literal["exact", "sampled"]


def lq_range(
    schedule: Schedule,
    interval: AlphaBetaInterval,
    *,
    quantity: Converted,
    repopulation_loss_gy: float = 0.0,
) -> ValueRange:
    """BED or EQD2 of a schedule in the LQ model over an interval of alpha/beta, from its ends: exact.

    Parameters
    ----------
    schedule : Schedule
        Of any number of phases.
    interval : AlphaBetaInterval
        The interval; an open end leaves the range without its end on that side.
    quantity : str
        ``"bed"`` or ``"eqd2"``.
    repopulation_loss_gy : float, default 0
        BED in Gy lost to repopulation, the same for every alpha/beta (a number of Gy per day times days).

    Raises
    ------
    UncertaintyError
        If an argument is none of these, or the loss exceeds the BED somewhere in the interval.

    Notes
    -----
    With D the total dose, S the sum of n d² over the phases and K the loss, BED = D - K + S / R and
    EQD2 = (R (D - K) + S) / (R + 2): Möbius functions of R = alpha/beta.

    Examples
    --------
    >>> schedule = Schedule.uniform(total_dose_gy=38, fractions=4)
    >>> two_to_one = AlphaBetaInterval(low_gy=1, high_gy=3, level="range", source="AAPM TG-101")
    >>> found = lq_range(schedule, two_to_one, quantity="eqd2")
    >>> found.low_gy, found.high_gy
    (95.0, 133.0)
    """
    check_interval(interval)
    terms = _Terms.of(schedule, quantity, repopulation_loss_gy)
    at_low = None if interval.low_gy is None else terms.value(interval.low_gy)
    at_high = None if interval.high_gy is None else terms.value(interval.high_gy)
    if terms.slope_sign == 0:  # the same at every alpha/beta, and known if any end is
        at_low = at_high = at_low if at_low is not None else at_high
    low, high = (at_low, at_high) if terms.slope_sign >= 0 else (at_high, at_low)
    return ValueRange(low_gy=low, high_gy=high, interval=interval, method="exact")


def sampled_range(
    value_of: Callable[[float], float], interval: AlphaBetaInterval, *, samples: int = SAMPLES_OF_AN_INTERVAL
) -> ValueRange:
    """The range of any function of alpha/beta over a closed interval, sampled densely.

    Parameters
    ----------
    value_of : callable
        Takes alpha/beta in Gy, gives Gy; for models that are not monotonic in alpha/beta.
    interval : AlphaBetaInterval
        The interval, closed at both ends.
    samples : int, default 1001
        Number of values of alpha/beta, evenly in its logarithm, ends included; 3 to 1e6. The neighbourhoods of
        the lowest and of the highest are sampled once more with as many.

    Raises
    ------
    UncertaintyError
        If the interval is open, or the function gives what is no finite number.

    Examples
    --------
    >>> interval = AlphaBetaInterval(low_gy=1, high_gy=4, level="range", source="example")
    >>> found = sampled_range(lambda ratio: (ratio - 2) ** 2, interval)
    >>> round(found.low_gy, 6), found.high_gy
    (0.0, 4.0)
    """
    check_interval(interval)
    count = whole_number(samples, "the number of samples", low=3, high=1_000_000)
    if interval.low_gy is None or interval.high_gy is None:
        raise UncertaintyError(
            f"the interval ({interval}) is open where it reaches 0 or infinity, and is not sampled there",
            remedy="give an interval with both ends",
        )
    ratios = _even(interval.low_gy, interval.high_gy, count)
    values = [evaluated(value_of, ratio) for ratio in ratios]
    found = []
    for extreme in (min, max):
        at = values.index(extreme(values))
        close = _even(ratios[max(at - 1, 0)], ratios[min(at + 1, count - 1)], count)
        found.append(extreme(values[at], extreme(evaluated(value_of, ratio) for ratio in close)))
    return ValueRange(low_gy=found[0], high_gy=found[1], interval=interval, method="sampled")


def lq_sigma(schedule: Schedule, *, alpha_beta_gy: float, sigma_gy: float, quantity: Converted) -> float:
    """First-order standard deviation in Gy of BED or EQD2 for one of alpha/beta, LQ model.

    Parameters
    ----------
    schedule : Schedule
        Of any number of phases.
    alpha_beta_gy, sigma_gy : float
        alpha/beta in Gy, and its standard deviation, 0 to 100 Gy.
    quantity : str
        ``"bed"`` or ``"eqd2"``.

    Notes
    -----
    ``|D (2 - d)| / (2 + R)^2 sigma`` for EQD2 of equal fractions, ``D d / R^2 sigma`` for BED.

    Examples
    --------
    >>> lq_sigma(Schedule.uniform(total_dose_gy=38, fractions=4), alpha_beta_gy=2, sigma_gy=1, quantity="eqd2")
    17.8125
    """
    terms = _Terms.of(schedule, quantity, 0.0)
    ratio = AlphaBeta(value_gy=alpha_beta_gy, source="argument").value_gy
    sigma = number(
        sigma_gy, "the standard deviation of alpha/beta", low=0.0, high=1e2, error=UncertaintyError
    )
    return abs(terms.slope(ratio)) * sigma


def flip_alpha_beta(
    schedule: Schedule, *, limit_gy: float, quantity: Converted, repopulation_loss_gy: float = 0.0
) -> float | None:
    """The alpha/beta in Gy at which BED or EQD2 of a schedule equals a limit, and a comparison changes sides.

    Parameters
    ----------
    schedule : Schedule
        Of any number of phases.
    limit_gy : float
        The limit in Gy of the same quantity, 0 to 1e12.
    quantity : str
        ``"bed"`` or ``"eqd2"``.
    repopulation_loss_gy : float, default 0
        As for `lq_range`.

    Returns
    -------
    float or None
        0.1 to 100 Gy; None where the comparison comes out the same for every alpha/beta in that range.

    Notes
    -----
    ``R = S / (L - D + K)`` for BED, ``R = (S - 2 L) / (L - D + K)`` for EQD2, in the terms of `lq_range`.

    Examples
    --------
    >>> flip_alpha_beta(Schedule.uniform(total_dose_gy=40, fractions=10), limit_gy=50, quantity="eqd2")
    6.0
    >>> flip_alpha_beta(Schedule.uniform(total_dose_gy=50, fractions=25), limit_gy=54, quantity="eqd2") is None
    True
    """
    terms = _Terms.of(schedule, quantity, repopulation_loss_gy)
    limit = number(limit_gy, "the limit", low=0.0, high=LARGEST_VALUE_GY, error=UncertaintyError)
    if terms.slope_sign == 0 or limit == terms.linear:
        return None
    shift = 2.0 * limit if quantity == "eqd2" else 0.0
    ratio = (terms.quadratic - shift) / (limit - terms.linear)
    return ratio if MINIMUM_ALPHA_BETA_GY <= ratio <= MAXIMUM_ALPHA_BETA_GY else None


@dataclass(frozen=True, slots=True)
class _Terms:
    """What LQ knows of a schedule: D - K, and S, the sum of n d²."""

    linear: float
    quadratic: float
    quantity: Converted

    @classmethod
    def of(cls, schedule: Schedule, quantity: Converted, loss_gy: float) -> _Terms:
        if not isinstance(schedule, Schedule):
            raise UncertaintyError(f"the schedule is {quoted(schedule)}", remedy="give a Schedule")
        if not isinstance(quantity, str) or quantity not in get_args(Converted):
            raise UncertaintyError(f"the quantity is {quoted(quantity)}", remedy="bed or eqd2")
        loss = number(
            loss_gy, "the loss to repopulation", low=0.0, high=LARGEST_VALUE_GY, error=UncertaintyError
        )
        doses = [float(phase.total_dose_gy) for phase in schedule.phases]
        squares = [dose * (dose / p.fractions) for dose, p in zip(doses, schedule.phases, strict=True)]
        return cls(math.fsum([*doses, -loss]), math.fsum(squares), quantity)

    def value(self, ratio: float) -> float:
        bed = self.linear + self.quadratic / ratio
        if bed < 0.0:
            raise UncertaintyError(
                f"at alpha/beta {ratio:g} Gy repopulation takes {-bed:g} Gy more than the BED given",
                remedy="the model does not hold there",
            )
        if self.quantity == "bed":
            return bed
        return (ratio * self.linear + self.quadratic) / (ratio + 2.0)

    def slope(self, ratio: float) -> float:
        if self.quantity == "bed":
            return -self.quadratic / ratio**2
        return (2.0 * self.linear - self.quadratic) / (ratio + 2.0) ** 2

    @property
    def slope_sign(self) -> int:
        """-1, 0 or 1, the same at every alpha/beta; rounding of the sums is no slope."""
        slope = -self.quadratic if self.quantity == "bed" else 2.0 * self.linear - self.quadratic
        rounding = 1e-12 * (2.0 * abs(self.linear) + self.quadratic)
        return 0 if abs(slope) <= rounding else (1 if slope > 0.0 else -1)


def check_interval(interval: Any) -> None:
    """Refuse what is no interval."""
    if not isinstance(interval, AlphaBetaInterval):
        raise UncertaintyError(f"the interval is {quoted(interval)}", remedy="give an AlphaBetaInterval")


def whole_number(value: Any, name: str, *, low: int, high: int) -> int:
    """A whole number in its range; numbers of numpy too."""
    found = as_float(value)
    if found is None or not low <= found <= high or found != math.floor(found):
        raise UncertaintyError(
            f"{name} is {quoted(value)}", remedy=f"a whole number between {low} and {high}"
        )
    return int(value)


def _even(low: float, high: float, count: int) -> list[float]:
    """Values evenly spaced in the logarithm, the ends exact."""
    step = math.log(high / low) / (count - 1)
    inner = [min(max(low * math.exp(step * i), low), high) for i in range(1, count - 1)]
    return [low, *inner, high]


def evaluated(value_of: Callable[[float], float], ratio: float) -> float:
    """What a function gives for an alpha/beta, which must be a finite number."""
    if not callable(value_of):
        raise UncertaintyError(f"{quoted(value_of)} cannot be called", remedy="give a function of alpha/beta")
    value = as_float(value_of(ratio))
    if value is None or not math.isfinite(value):
        raise UncertaintyError(f"at alpha/beta {ratio:g} Gy the function gives no finite number")
    return value
