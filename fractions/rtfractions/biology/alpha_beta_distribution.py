"""What a distribution of alpha/beta leaves of any quantity: median and quantiles, by drawing.

Distributions are lognormal, fitted to a confidence interval. A normal one would put alpha/beta below 0: published
intervals cross it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rtfractions.biology.alpha_beta import MAXIMUM_ALPHA_BETA_GY, MINIMUM_ALPHA_BETA_GY, AlphaBeta
from rtfractions.biology.arguments import number, text
from rtfractions.biology.uncertainty import (
    AlphaBetaInterval,
    UncertaintyError,
    check_interval,
    evaluated,
    whole_number,
)
from rtfractions.errors import quoted

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_COVERAGE: Final = {"95": 0.95, "90": 0.90, "68": 0.68, "SD": math.erf(math.sqrt(0.5))}
"""The central part of a distribution that an interval of each level holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LognormalAlphaBeta:
    """A lognormal distribution of alpha/beta, cut at 0.1 and 100 Gy. Never normal: such intervals would cross 0.

    Attributes
    ----------
    median_gy : float
        Its median before the cut, 0.1 to 100 Gy.
    log_sd : float
        Standard deviation of the natural logarithm, 1e-6 to 5.
    source : str
        Where it comes from.
    """

    median_gy: float
    log_sd: float
    source: str

    def __post_init__(self) -> None:
        text(self.source, "the source of the distribution", error=UncertaintyError)
        median = AlphaBeta(value_gy=self.median_gy, source=self.source).value_gy
        object.__setattr__(self, "median_gy", median)
        log_sd = number(self.log_sd, "the standard deviation", low=1e-6, high=5.0, error=UncertaintyError)
        object.__setattr__(self, "log_sd", log_sd)

    @classmethod
    def fitted(cls, interval: AlphaBetaInterval) -> LognormalAlphaBeta:
        """The distribution whose central part of that level is the interval.

        Raises
        ------
        UncertaintyError
            If the interval is open, or a mere range without a level.

        Examples
        --------
        >>> prostate = AlphaBetaInterval(low_gy=0.9, high_gy=2.2, level="95", source="Miralbell 2012")
        >>> round(LognormalAlphaBeta.fitted(prostate).median_gy, 3)
        1.407
        """
        from statistics import NormalDist  # here: it imports much that plain numbers do not need

        check_interval(interval)
        if interval.low_gy is None or interval.high_gy is None:
            raise UncertaintyError(
                f"no distribution is fitted to an open interval ({interval})",
                remedy="give an interval with both ends",
            )
        if interval.level not in _COVERAGE:
            raise UncertaintyError(
                "no distribution is fitted to a range, which says nothing of its probability",
                remedy="give a confidence interval",
            )
        low, high = math.log(interval.low_gy), math.log(interval.high_gy)
        ends = NormalDist().inv_cdf(0.5 + _COVERAGE[interval.level] / 2.0)
        return cls(
            median_gy=math.exp((low + high) / 2.0),
            log_sd=max((high - low) / (2.0 * ends), 1e-6),
            source=f"lognormal fitted to {interval} ({interval.level}; {interval.source})",
        )

    def sample(self, count: int, *, seed: int) -> NDArray[np.float64]:
        """Values of alpha/beta in Gy within 0.1 to 100, the same for the same seed.

        Parameters
        ----------
        count : int
            How many, 1 to 1e7.
        seed : int
            Seed of numpy's default generator, 0 to 2^63 - 1.
        """
        import numpy as np

        wanted = whole_number(count, "the number of samples", low=1, high=10_000_000)
        generator = np.random.default_rng(whole_number(seed, "the seed", low=0, high=2**63 - 1))
        low, high = math.log(MINIMUM_ALPHA_BETA_GY), math.log(MAXIMUM_ALPHA_BETA_GY)
        kept: list[NDArray[np.float64]] = []
        while sum(part.size for part in kept) < wanted:
            drawn = generator.normal(math.log(self.median_gy), self.log_sd, wanted)
            kept.append(drawn[(drawn >= low) & (drawn <= high)])
        ratios = np.exp(np.concatenate(kept)[:wanted])
        return np.clip(ratios, MINIMUM_ALPHA_BETA_GY, MAXIMUM_ALPHA_BETA_GY)  # exp(log(100)) may round above


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """The distribution of a quantity for a distribution of alpha/beta.

    Attributes
    ----------
    median_gy, low_gy, high_gy : float
        Median, 2.5 % and 97.5 % quantiles.
    samples, seed : int
        How many values of alpha/beta were drawn, with which seed.
    distribution : LognormalAlphaBeta
        What they were drawn from.
    """

    median_gy: float
    low_gy: float
    high_gy: float
    samples: int
    seed: int
    distribution: LognormalAlphaBeta


def monte_carlo(
    value_of: Callable[[float], float], distribution: LognormalAlphaBeta, *, seed: int, samples: int = 10_000
) -> Spread:
    """Median and 2.5 and 97.5 % quantiles of any function of alpha/beta.

    Parameters
    ----------
    value_of : callable
        Takes alpha/beta in Gy, gives Gy.
    distribution : LognormalAlphaBeta
        Of alpha/beta.
    seed : int
        Recorded in the result; the same seed gives the same numbers.
    samples : int, default 10000
        100 to 1e6.

    Raises
    ------
    UncertaintyError
        If an argument is none of these, or the function gives what is no finite number.
    """
    import numpy as np

    if not isinstance(distribution, LognormalAlphaBeta):
        raise UncertaintyError(
            f"the distribution is {quoted(distribution)}", remedy="give a LognormalAlphaBeta"
        )
    count = whole_number(samples, "the number of samples", low=100, high=1_000_000)
    values = [evaluated(value_of, ratio) for ratio in distribution.sample(count, seed=seed).tolist()]
    low, median, high = np.quantile(values, [0.025, 0.5, 0.975]).tolist()
    return Spread(
        median_gy=median, low_gy=low, high_gy=high, samples=count, seed=int(seed), distribution=distribution
    )
