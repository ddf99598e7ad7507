"""Incomplete repair between fractions: the general engine for any times and doses, and Thames' factor.

Sublethal damage decays exponentially with a half-time, or with two. Of two fractions a time t apart the share
``theta(t) = exp(-ln 2 t / T_half)`` of the first one's damage is left to interact with the second:

``BED = sum d_i + (1 / R) (sum d_i**2 + 2 sum_{i<j} d_i d_j theta(t_j - t_i))``

(Thames 1985, IJRB 47:319; Guttenberger 1990; Millar & Canney 1993, IJRB 64:275).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rtfractions.biology.arguments import ParameterError, numeric_array
from rtfractions.biology.elementwise import SCALAR, Values, elementwise
from rtfractions.biology.lq import ratio_gy
from rtfractions.biology.protraction_factor import lea_catcheside, mean_decay
from rtfractions.biology.quantities import CLOCK, DOSE, FRACTIONS, HOURS, Quantity
from rtfractions.biology.repair_kinetics import RepairKinetics, checked_kinetics
from rtfractions.errors import quoted

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

FACTOR = Quantity("the incomplete-repair factor", 0.0, 1e6)
INTERVAL = Quantity("the interval between fractions", 1e-3, 24.0, "h")


@dataclass(frozen=True, slots=True, kw_only=True)
class IncompleteRepair:
    """Repair between the fractions of a schedule: how fast, and how far apart the fractions of a day are.

    Attributes
    ----------
    kinetics : RepairKinetics
        The half-times.
    interval_hours : float or None
        Hours between fractions of one day, 0.001 to 24; None for schedules of one fraction a day.
    """

    kinetics: RepairKinetics
    interval_hours: float | None = None

    def __post_init__(self) -> None:
        checked_kinetics(self.kinetics)
        if self.interval_hours is not None:
            object.__setattr__(self, "interval_hours", INTERVAL.number(self.interval_hours))

    @property
    def parameters(self) -> Mapping[str, float]:
        """What it rests on, by name with unit."""
        if self.interval_hours is None:
            return self.kinetics.parameters
        return {**self.kinetics.parameters, "interval_hours": self.interval_hours}


def incomplete_repair_factor(
    fractions_per_day: int, *, interval_hours: float, kinetics: RepairKinetics
) -> float:
    """Thames' factor h_m of m equal fractions a day, with full repair overnight.

    ``BED = D (1 + (1 + h_m) d / R)`` with ``h_m = (2 / m) sum_{k=1}^{m-1} (m - k) theta**k``, the sum of which
    ``(2/m) (theta / (1 - theta)) (m - (1 - theta**m) / (1 - theta))`` is the closed form (Thames 1985, IJRB 47:319).

    Parameters
    ----------
    fractions_per_day : int
        m, 1 to 24.
    interval_hours : float
        Hours from one fraction to the next, 0.001 to 24; all within 24 h.
    kinetics : RepairKinetics
        With two half-times the factor is the weighted mean of theirs.

    Returns
    -------
    float
        0 for one fraction a day and for half-times near 0; m - 1 where nothing is repaired.

    Raises
    ------
    ParameterError
        If a value is out of range, or the fractions do not fit into a day.

    Examples
    --------
    >>> kinetics = RepairKinetics.mono_exponential(1.5)
    >>> round(incomplete_repair_factor(2, interval_hours=6, kinetics=kinetics), 6)
    0.0625
    """
    interval = INTERVAL.number(interval_hours)
    m = fractions_in_a_day(fractions_per_day, interval)
    total = math.fsum(
        (m - k) * weight * math.exp(-rate * k * interval)
        for k in range(1, m)
        for weight, rate in checked_kinetics(kinetics).rates
    )
    return 2.0 * total / m


def fractions_in_a_day(fractions_per_day: Any, interval: float) -> int:
    """The number of fractions a day, where they fit into one."""
    if isinstance(fractions_per_day, bool) or not isinstance(fractions_per_day, int):
        raise ParameterError(
            f"the number of fractions per day is {quoted(fractions_per_day)}", remedy="give a whole number"
        )
    if not 1 <= fractions_per_day <= 24 or (fractions_per_day - 1) * interval >= 24.0:
        raise ParameterError(
            f"{fractions_per_day} fractions {interval:g} h apart do not fit into a day",
            remedy="1 to 24 in 24 h",
        )
    return fractions_per_day


def bed_incomplete_repair(
    total_dose_gy: Values, *, fractions: float, alpha_beta_gy: float, repair_factor: float
) -> Values:
    """BED in Gy of equal fractions with incomplete repair: ``D (1 + (1 + h) d / R)`` (Thames 1985).

    Parameters
    ----------
    total_dose_gy : float or array_like
        Total dose in Gy, 0 to 1e6.
    fractions : float
        Number of fractions, 0.001 to 1e6.
    alpha_beta_gy : float
        alpha/beta ratio in Gy, 0.1 to 100.
    repair_factor : float
        h, from `incomplete_repair_factor` or `repair_factor_of_times`.

    Raises
    ------
    DoseError, ParameterError, AlphaBetaError
        If a value is out of range.

    Examples
    --------
    >>> h = incomplete_repair_factor(2, interval_hours=6, kinetics=RepairKinetics.mono_exponential(4))
    >>> round(bed_incomplete_repair(81.6, fractions=68, alpha_beta_gy=3, repair_factor=h), 6)
    125.779983
    """
    n, ratio, factor = FRACTIONS.number(fractions), ratio_gy(alpha_beta_gy), FACTOR.number(repair_factor)

    def formula(_: Any, dose: Any) -> Any:
        return dose * (1.0 + (1.0 + factor) * dose / (n * ratio))

    result: Values = elementwise(formula, (total_dose_gy, DOSE))
    return result


def repair_factor_of_times(start_hours: Sequence[float], *, kinetics: RepairKinetics) -> float:
    """The factor h of equal fractions at any times: ``(2 / n) sum_{i<j} theta(t_j - t_i)``.

    Parameters
    ----------
    start_hours : sequence of float
        Time of each fraction in hours, in sequence.
    kinetics : RepairKinetics
        The half-times.

    Returns
    -------
    float
        0 to n - 1; with it `bed_incomplete_repair` is `bed_of_fractions` of equal doses.

    Examples
    --------
    >>> chart = [24.0 * day + 6.0 * k for day in range(12) for k in range(3)]
    >>> round(repair_factor_of_times(chart, kinetics=RepairKinetics.mono_exponential(4)), 4)
    0.7241
    """
    starts, _ = _checked_times(start_hours, 0.0)
    pairs = _interaction([1.0] * len(starts), starts, [0.0] * len(starts), checked_kinetics(kinetics))
    return 2.0 * float(pairs) / len(starts)


def bed_of_fractions(
    doses_gy: Sequence[float] | ArrayLike,
    *,
    start_hours: Sequence[float],
    duration_hours: float | Sequence[float] = 0.0,
    alpha_beta_gy: float,
    kinetics: RepairKinetics,
) -> Any:
    """BED in Gy of any doses at any times, acute or at a constant rate over a finite time each.

    ``BED = sum d_i + (1 / R) (sum d_i**2 G(mu D_i) + 2 sum_{i<j} K_ij)`` with start times t, durations D and
    ``K_ij = d_i d_j exp(-mu (t_j - t_i - D_i)) f(mu D_i) f(mu D_j)``, ``f(x) = (1 - exp(-x)) / x``: equation 21 of
    Millar & Canney 1993 (IJRB 64:275) with its exponents joined, so that none overflows. For acute doses it is the
    sum in the head of this module. Repair overnight and over weekends is what the times make of it.

    Parameters
    ----------
    doses_gy : sequence of float, or array_like
        Dose of each fraction or pulse in Gy, 0 to 1e6, along the first axis; further axes are voxels.
    start_hours : sequence of float
        Start of each in hours from any origin, none before the end of the one before it.
    duration_hours : float or sequence of float
        How long each takes in hours; 0 for an acute dose.
    alpha_beta_gy : float
        alpha/beta ratio in Gy, 0.1 to 100.
    kinetics : RepairKinetics
        The half-times.

    Returns
    -------
    float or numpy.ndarray of float64
        BED, of the shape of one fraction's dose.

    Raises
    ------
    DoseError, ParameterError, AlphaBetaError
        If a value is out of range, numbers of doses and times differ, or two fractions overlap.

    Examples
    --------
    >>> chart = [24.0 * day + 6.0 * k for day in range(12) for k in range(3)]
    >>> kinetics = RepairKinetics.mono_exponential(4)
    >>> round(bed_of_fractions([1.5] * 36, start_hours=chart, alpha_beta_gy=3, kinetics=kinetics), 2)
    100.55
    """
    ratio, kinetics = ratio_gy(alpha_beta_gy), checked_kinetics(kinetics)
    starts, durations = _checked_times(start_hours, duration_hours)
    doses = _checked_doses(doses_gy, len(starts))
    own = sum(
        dose * dose * sum(weight * lea_catcheside(SCALAR, rate * duration) for weight, rate in kinetics.rates)
        for dose, duration in zip(doses, durations, strict=True)
    )
    return sum(doses) + (own + 2.0 * _interaction(doses, starts, durations, kinetics)) / ratio


def _interaction(
    doses: Sequence[Any], starts: Sequence[float], durations: Sequence[float], kinetics: RepairKinetics
) -> Any:
    """Sum of K_ij over all pairs, in one pass: what is left unrepaired is carried from fraction to fraction."""
    total: Any = 0.0
    for weight, rate in kinetics.rates:
        left: Any = 0.0  # unrepaired damage of all earlier fractions at the end of the last of them
        end = starts[0]
        for dose, start, duration in zip(doses, starts, durations, strict=True):
            effective = dose * mean_decay(rate * duration)
            left = left * math.exp(-rate * max(0.0, start - end))
            total = total + weight * left * effective
            left = left * math.exp(-rate * duration) + effective
            end = start + duration
    return total


def _checked_times(start_hours: Any, duration_hours: Any) -> tuple[list[float], list[float]]:
    starts = [CLOCK.number(start) for start in _as_list(start_hours, "the times")]
    if isinstance(duration_hours, str | bytes) or not hasattr(duration_hours, "__len__"):
        durations = [HOURS.number(duration_hours)] * len(starts)
    else:
        durations = [HOURS.number(duration) for duration in _as_list(duration_hours, "the durations")]
    if not starts or len(durations) != len(starts):
        raise ParameterError(
            f"{len(starts)} times and {len(durations)} durations", remedy="give one for each dose"
        )
    for i in range(1, len(starts)):
        end = starts[i - 1] + durations[i - 1]
        if starts[i] < end - 1e-9:
            raise ParameterError(
                f"fraction {i + 1} starts at {starts[i]:g} h, before the end of the one before it at {end:g} h",
                remedy="give the fractions in sequence",
            )
    return starts, durations


def _as_list(values: Any, what: str) -> list[Any]:
    if isinstance(values, str | bytes):
        values = None
    try:
        return list(values)
    except TypeError:
        raise ParameterError(
            f"{what} are no sequence of numbers", remedy="give one number for each dose"
        ) from None


def _checked_doses(doses_gy: Any, number: int) -> list[Any]:
    """The doses along the first axis: floats, or arrays of float64."""
    if isinstance(doses_gy, list | tuple) and all(not hasattr(dose, "__len__") for dose in doses_gy):
        doses: list[Any] = [DOSE.number(dose) for dose in doses_gy]
    else:
        array: NDArray[np.float64] = elementwise(
            lambda _, dose: dose, (numeric_array(doses_gy, DOSE.name, error=DOSE.error), DOSE)
        )
        doses = array.tolist() if array.ndim == 1 else list(array) if array.ndim else []
    if len(doses) != number:
        raise ParameterError(f"{len(doses)} doses at {number} times", remedy="give one time for each dose")
    return doses
