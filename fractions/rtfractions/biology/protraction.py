"""Protracted irradiation: long fractions, low dose rate, pulses, decaying sources and permanent implants.

``BED = D (1 + G D / R)`` with the Lea-Catcheside factor G of the dose rate's course in time
(Lea & Catcheside 1942; Dale 1985, BJR 58:515; Brenner & Hall 1991). Each half-time of repair has its G.
"""

from __future__ import annotations

import math
from typing import Any, Final

from rtfractions.biology.arguments import ParameterError
from rtfractions.biology.elementwise import Values, elementwise
from rtfractions.biology.lq import ratio_gy
from rtfractions.biology.protraction_factor import lea_catcheside
from rtfractions.biology.quantities import (
    DOSE,
    DOSE_RATE,
    FRACTIONS,
    HALF_LIFE,
    HALF_LIFE_DAYS,
    HOURS,
    SolutionError,
)
from rtfractions.biology.repair import bed_of_fractions
from rtfractions.biology.repair_kinetics import RepairKinetics, checked_kinetics
from rtfractions.biology.repopulation import Repopulation, checked_repopulation
from rtfractions.errors import quoted

MOST_PULSES: Final = 10_000
HOURS_OF_A_DAY: Final = 24.0


def lea_catcheside_g(duration_hours: Values, *, kinetics: RepairKinetics) -> Values:
    """The Lea-Catcheside factor of a constant dose rate: ``2 (exp(-x) - 1 + x) / x**2`` with ``x = mu tau``.

    Parameters
    ----------
    duration_hours : float or array_like
        Duration tau in hours, 0 to 1e6.
    kinetics : RepairKinetics
        With two half-times G is the weighted mean of theirs.

    Returns
    -------
    float or numpy.ndarray of float64
        1 for an acute dose, towards 0 for a long one.

    Raises
    ------
    ParameterError
        If a value is out of range.

    Examples
    --------
    >>> round(lea_catcheside_g(24.0, kinetics=RepairKinetics.mono_exponential(1.5)), 6)
    0.164076
    """
    rates = checked_kinetics(kinetics).rates

    def formula(functions: Any, duration: Any) -> Any:
        return sum(weight * lea_catcheside(functions, rate * duration) for weight, rate in rates)

    result: Values = elementwise(formula, (duration_hours, HOURS))
    return result


def bed_protracted(
    total_dose_gy: Values,
    *,
    duration_hours: float,
    alpha_beta_gy: float,
    kinetics: RepairKinetics,
    fractions: float = 1.0,
) -> Values:
    """BED in Gy of fractions that take time, each at a constant rate, with full repair between them.

    Parameters
    ----------
    total_dose_gy : float or array_like
        Total dose in Gy, 0 to 1e6.
    duration_hours : float
        Duration of each fraction in hours, 0 to 1e6.
    alpha_beta_gy : float
        alpha/beta ratio in Gy, 0.1 to 100.
    kinetics : RepairKinetics
        The half-times of repair.
    fractions : float
        Number of fractions, 0.001 to 1e6; one unless it is given.

    Raises
    ------
    DoseError, ParameterError, AlphaBetaError
        If a value is out of range.

    Examples
    --------
    >>> kinetics = RepairKinetics.mono_exponential(1.5)
    >>> round(bed_protracted(60.0, duration_hours=120.0, alpha_beta_gy=10, kinetics=kinetics), 6)
    72.750101
    """
    n, ratio = FRACTIONS.number(fractions), ratio_gy(alpha_beta_gy)
    g = lea_catcheside_g(HOURS.number(duration_hours), kinetics=kinetics)
    result: Values = elementwise(lambda _, dose: dose * (1.0 + g * dose / (n * ratio)), (total_dose_gy, DOSE))
    return result


def bed_ldr(
    dose_rate_gy_per_hour: Values, *, duration_hours: float, alpha_beta_gy: float, kinetics: RepairKinetics
) -> Values:
    """BED in Gy of a constant low dose rate: ``D (1 + [2 r / (mu R)] [1 - (1 - exp(-mu t)) / (mu t)])`` (Dale 1985).

    Parameters
    ----------
    dose_rate_gy_per_hour : float or array_like
        Dose rate r in Gy/h, 0 to 1e6.
    duration_hours, alpha_beta_gy, kinetics
        As for `bed_protracted`.

    Examples
    --------
    >>> kinetics = RepairKinetics.mono_exponential(1.5)
    >>> round(bed_ldr(0.5, duration_hours=80.0, alpha_beta_gy=3, kinetics=kinetics), 6)
    68.073387
    """
    ratio, hours = ratio_gy(alpha_beta_gy), HOURS.number(duration_hours)
    g = lea_catcheside_g(hours, kinetics=kinetics)

    def formula(_: Any, rate: Any) -> Any:
        dose = rate * hours
        return dose * (1.0 + g * dose / ratio)

    result: Values = elementwise(formula, (dose_rate_gy_per_hour, DOSE_RATE))
    return result


def bed_pdr(
    pulse_dose_gy: float,
    *,
    pulses: int,
    period_hours: float,
    duration_hours: float,
    alpha_beta_gy: float,
    kinetics: RepairKinetics,
) -> float:
    """BED in Gy of equal pulses: `bed_of_fractions` at equal intervals.

    Parameters
    ----------
    pulse_dose_gy : float
        Dose of a pulse in Gy, 0 to 1e6.
    pulses : int
        Number of pulses, 1 to 10 000.
    period_hours : float
        Hours from the start of one pulse to the start of the next, not less than `duration_hours`.
    duration_hours : float
        Hours that a pulse takes.
    alpha_beta_gy, kinetics
        As for `bed_protracted`.

    Raises
    ------
    DoseError, ParameterError, AlphaBetaError
        If a value is out of range, or pulses overlap.
    """
    if isinstance(pulses, bool) or not isinstance(pulses, int) or not 1 <= pulses <= MOST_PULSES:
        raise ParameterError(f"the number of pulses is {quoted(pulses)}", remedy=f"1 to {MOST_PULSES}")
    period, dose = HOURS.number(period_hours), DOSE.number(pulse_dose_gy)
    bed: float = bed_of_fractions(
        [dose] * pulses,
        start_hours=[i * period for i in range(pulses)],
        duration_hours=duration_hours,
        alpha_beta_gy=alpha_beta_gy,
        kinetics=kinetics,
    )
    return bed


def bed_decaying_source(
    initial_dose_rate_gy_per_hour: Values,
    *,
    half_life_hours: float,
    duration_hours: float | None,
    alpha_beta_gy: float,
    kinetics: RepairKinetics,
) -> Values:
    """BED in Gy of a decaying source, left for a time or until it has decayed.

    ``BED = D + (2 r**2 / R) I`` with initial rate r, ``D = r (1 - exp(-lambda t)) / lambda`` and ``I`` the integral over
    all pairs of times, ``[(1 - exp(-a t)) / a - (1 - exp(-b t)) / b] / (b - a)`` for ``a = 2 lambda`` and
    ``b = mu + lambda``. That is Dale's RE for a finite time (Dale 1985, BJR 58:515), and
    ``D (1 + r / ((mu + lambda) R))`` for full decay; where lambda is mu it has a limit, which is taken.

    Parameters
    ----------
    initial_dose_rate_gy_per_hour : float or array_like
        Dose rate r at the start in Gy/h, 0 to 1e6.
    half_life_hours : float
        Half-life of the source in hours, 0.001 to 1e9.
    duration_hours : float or None
        How long it is left in hours, 0 to 1e6; None until it has decayed.
    alpha_beta_gy : float
        alpha/beta ratio in Gy, 0.1 to 100.
    kinetics : RepairKinetics
        The half-times of repair.

    Raises
    ------
    DoseError, ParameterError, AlphaBetaError
        If a value is out of range.
    """
    ratio, decay = ratio_gy(alpha_beta_gy), math.log(2.0) / HALF_LIFE.number(half_life_hours)
    rates = checked_kinetics(kinetics).rates
    hours = None if duration_hours is None else HOURS.number(duration_hours)

    def formula(functions: Any, rate: Any) -> Any:
        return _decaying(functions, rate, decay, hours, ratio, rates)

    result: Values = elementwise(formula, (initial_dose_rate_gy_per_hour, DOSE_RATE))
    return result


def effective_treatment_days(
    total_dose_gy: Values, *, half_life_days: float, repopulation: Repopulation
) -> Values:
    """How long a permanent implant gains more BED than repopulation takes: ``T_eff = ln(r / K) / lambda``.

    Parameters
    ----------
    total_dose_gy : float or array_like
        Dose until full decay in Gy, 0 to 1e6; ``r = lambda D`` is the initial rate.
    half_life_days : float
        Half-life of the source in days, 0.001 to 1e7.
    repopulation : Repopulation
        K above 0 and T_k.

    Returns
    -------
    float or numpy.ndarray of float64
        T_k where the rate falls to K before repopulation begins: 0 with T_k = 0 where it is never above K.

    Raises
    ------
    SolutionError
        If K is 0: nothing then ends the treatment.

    Notes
    -----
    Dale & Jones 1998; TG-137 2009.

    Examples
    --------
    >>> repopulation = Repopulation.doubling(doubling_time_days=42, alpha_per_gy=0.15, kick_off_days=0)
    >>> round(effective_treatment_days(145.0, half_life_days=59.4, repopulation=repopulation), 4)
    234.2065
    """
    decay = math.log(2.0) / HALF_LIFE_DAYS.number(half_life_days)
    if checked_repopulation(repopulation).gy_per_day == 0.0:
        raise SolutionError("without repopulation a permanent implant has no effective treatment time")

    def formula(functions: Any, dose: Any) -> Any:
        return _effective_days(functions, dose * decay, decay, repopulation)

    result: Values = elementwise(formula, (total_dose_gy, DOSE))
    return result


def bed_permanent_implant(
    total_dose_gy: Values,
    *,
    half_life_days: float,
    alpha_beta_gy: float,
    kinetics: RepairKinetics,
    repopulation: Repopulation | None,
) -> Values:
    """BED in Gy of a permanent implant, repopulation taken off until the effective treatment time.

    Parameters
    ----------
    total_dose_gy : float or array_like
        Dose until full decay in Gy, 0 to 1e6.
    half_life_days : float
        Half-life of the source in days, 0.001 to 1e7.
    alpha_beta_gy : float
        alpha/beta ratio in Gy, 0.1 to 100.
    kinetics : RepairKinetics
        The half-times of repair.
    repopulation : Repopulation or None
        K and T_k; None for normal tissue and tumours that do not repopulate.

    Returns
    -------
    float or numpy.ndarray of float64
        The largest BED that is reached: never below 0, and 0 where the rate is at no time above K and T_k is 0.

    Raises
    ------
    DoseError, ParameterError, AlphaBetaError
        If a value is out of range.

    Notes
    -----
    Dale 1985; Dale & Jones 1998; TG-137 2009.

    Examples
    --------
    >>> repopulation = Repopulation.doubling(doubling_time_days=42, alpha_per_gy=0.15, kick_off_days=0)
    >>> kinetics = RepairKinetics.mono_exponential(0.27)
    >>> implant = dict(half_life_days=59.4, alpha_beta_gy=3.0, kinetics=kinetics)
    >>> round(bed_permanent_implant(145.0, repopulation=None, **implant), 6)
    146.327085
    >>> round(bed_permanent_implant(145.0, repopulation=repopulation, **implant), 6)
    111.124716
    """
    decay = math.log(2.0) / (HALF_LIFE_DAYS.number(half_life_days) * HOURS_OF_A_DAY)
    ratio, rates = ratio_gy(alpha_beta_gy), checked_kinetics(kinetics).rates
    lasting = repopulation is None or checked_repopulation(repopulation).gy_per_day == 0.0

    def formula(functions: Any, dose: Any) -> Any:
        rate = dose * decay
        if repopulation is None or lasting:
            return _decaying(functions, rate, decay, None, ratio, rates)
        days = _effective_days(functions, rate * HOURS_OF_A_DAY, decay * HOURS_OF_A_DAY, repopulation)
        lost = repopulation.gy_per_day * functions.maximum(0.0, days - repopulation.kick_off_days)
        return _decaying(functions, rate, decay, days * HOURS_OF_A_DAY, ratio, rates) - lost

    result: Values = elementwise(formula, (total_dose_gy, DOSE))
    return result


def _effective_days(functions: Any, rate: Any, decay: float, repopulation: Repopulation) -> Any:
    """T_eff of a rate in Gy/day and a decay constant in 1/day."""
    days = functions.log(functions.maximum(1.0, rate / repopulation.gy_per_day)) / decay
    return functions.maximum(days, repopulation.kick_off_days)


def _decaying(
    functions: Any, rate: Any, decay: float, hours: Any, ratio: float, rates: tuple[tuple[float, float], ...]
) -> Any:
    """BED of an initial rate in Gy/h that decays for so many hours, None for ever."""
    if hours is None:
        dose = rate / decay
        pairs = sum(weight / (2.0 * decay * (repair + decay)) for weight, repair in rates)
    else:
        dose = rate * hours * _mean_decay(functions, decay * hours)
        pairs = sum(
            weight * _pairs_of_times(functions, 2.0 * decay, repair + decay, hours)
            for weight, repair in rates
        )
    return dose + 2.0 * rate * rate * pairs / ratio


def _mean_decay(functions: Any, x: Any) -> Any:
    divisor = functions.where(x > 0.0, x, 1.0)
    return functions.where(x > 0.0, -functions.expm1(-x) / divisor, 1.0)


_SERIES_UP_TO: Final = 0.5
_TERMS: Final = 16


def _pairs_of_times(functions: Any, a: float, b: float, hours: Any) -> Any:
    """``[(1 - exp(-a t)) / a - (1 - exp(-b t)) / b] / (b - a)``, without cancellation for a near b or a short t.

    With f of `_mean_decay` it is ``t [f(x) - exp(-x) f(y - x)] / b`` for ``x = a t <= y = b t``, which cancels for
    small y only; there it is ``t**2`` times the series ``1/2! - (x + y)/3! + (x**2 + x y + y**2)/4! - ...``.
    """
    low, high = min(a, b), max(a, b)
    x, y = low * hours, high * hours
    closed = hours * (_mean_decay(functions, x) - functions.exp(-x) * _mean_decay(functions, y - x)) / high
    small_y = functions.minimum(y, _SERIES_UP_TO)
    small_x = functions.minimum(x, small_y)
    series: Any = 0.0
    power: Any = 1.0
    polynomial: Any = 1.0
    for k in range(_TERMS):
        series = series + (-1.0) ** k * polynomial / math.factorial(k + 2)
        power = power * small_x
        polynomial = small_y * polynomial + power
    return functions.where(y <= _SERIES_UP_TO, hours * hours * series, closed)
