"""Descriptive statistics as trials report them: proportions with exact intervals, mean, median and range."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

CONFIDENCE: Final = 0.95
"""Of the intervals that are reported."""

_LONGEST_FRACTION: Final = 10_000
_TINY: Final = 1e-300
_PRECISION: Final = 1e-15


@dataclass(frozen=True, slots=True)
class Interval:
    """An interval of a proportion.

    Attributes
    ----------
    low, high : float
        From 0 to 1.
    """

    low: float
    high: float


def exact_interval(count: int, of: int, *, confidence: float = CONFIDENCE) -> Interval | None:
    """The exact interval of a proportion (Clopper and Pearson 1934, Biometrika 26:404); None of nothing.

    Parameters
    ----------
    count, of : int
        So many of so many.
    confidence : float
        Between 0 and 1.

    Examples
    --------
    >>> interval = exact_interval(0, 10)
    >>> interval.low, round(interval.high, 4)
    (0.0, 0.3085)
    """
    if not 0 <= count <= of or not 0 < confidence < 1:
        raise ValueError(f"{count} of {of} at a confidence of {confidence}")
    if of == 0:
        return None
    tail = (1 - confidence) / 2
    low = 0.0 if count == 0 else _beta_quantile(tail, count, of - count + 1)
    high = 1.0 if count == of else _beta_quantile(1 - tail, count + 1, of - count)
    return Interval(low, high)


def _beta_quantile(probability: float, a: float, b: float) -> float:
    """The quantile of the beta distribution, by halving: sixty halvings leave no more than rounding."""
    low, high = 0.0, 1.0
    while True:
        middle = (low + high) / 2
        if middle in (low, high):
            return middle
        if beta_cdf(middle, a, b) < probability:
            low = middle
        else:
            high = middle


def beta_cdf(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function I_x(a, b), by its continued fraction (DLMF 8.17.22).

    Examples
    --------
    >>> round(beta_cdf(0.3, 2, 5), 12) == round(1 - 0.7**6 - 6 * 0.3 * 0.7**5, 12)
    True
    """
    if x <= 0.0:
        return 0.0
    if x >= 1.0:
        return 1.0
    if x > (a + 1) / (a + b + 2):  # the fraction converges fast on the other side
        return 1.0 - beta_cdf(1.0 - x, b, a)
    log_front = a * math.log(x) + b * math.log1p(-x) + math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    return math.exp(log_front) / a / _continued_fraction(x, a, b)


def _continued_fraction(x: float, a: float, b: float) -> float:
    """1 + d1/(1 + d2/(1 + ...)), by the method of Lentz."""
    value, c, d = 1.0, 1.0, 0.0
    for i in range(1, _LONGEST_FRACTION):
        m = i // 2
        if i % 2:
            term = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        else:
            term = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        d = 1.0 / ((1.0 + term * d) or _TINY)
        c = (1.0 + term / c) or _TINY
        value *= c * d
        if abs(c * d - 1.0) < _PRECISION:
            return value
    raise ArithmeticError("the continued fraction does not converge")


@dataclass(frozen=True, slots=True)
class Spread:
    """What values are like.

    Attributes
    ----------
    count : int
        How many.
    mean, median, minimum, maximum : float
        In the unit of the values.
    """

    count: int
    mean: float
    median: float
    minimum: float
    maximum: float


def spread(values: Sequence[float]) -> Spread | None:
    """What values are like, in whatever order they come; None of none.

    Examples
    --------
    >>> spread([3.0, 1.0, 2.0, 10.0])
    Spread(count=4, mean=4.0, median=2.5, minimum=1.0, maximum=10.0)
    """
    if not values:
        return None
    ordered = sorted(values)
    half, odd = divmod(len(ordered), 2)
    median = ordered[half] if odd else (ordered[half - 1] + ordered[half]) / 2
    return Spread(len(ordered), math.fsum(ordered) / len(ordered), median, ordered[0], ordered[-1])
