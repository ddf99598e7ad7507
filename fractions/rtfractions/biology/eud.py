"""Equivalent uniform doses of a differential DVH, whose bins may be of any width.

Sources: Niemierko 1997 (Med Phys 24:103) for the EUD from cell survival; Niemierko 1999 (Med Phys 26:1100,
abstract) for the generalised EUD; AAPM TG-166 2012 for the values of `a` in use.
"""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING, Final

from rtfractions.biology.alpha_beta import as_float
from rtfractions.biology.arguments import ParameterError, float_array, number
from rtfractions.biology.quantities import DOSE, DoseError
from rtfractions.errors import quoted

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

_GEOMETRIC_BELOW: Final = 1e-200
"""Below this |a| the powers cannot be told from their logarithms: the limit a = 0 is taken."""


def dvh_bins(doses_gy: ArrayLike, volumes: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The bins of a differential DVH that hold volume, with their volumes as fractions of the whole.

    Parameters
    ----------
    doses_gy : float or array_like
        Dose of each bin (or voxel) in Gy, 0 to 1e6, in any order and of any shape.
    volumes : float or array_like
        Volume of each bin, of the same shape, in any unit; 0 or more, one of them above 0.

    Returns
    -------
    doses_gy, fractions : numpy.ndarray of float64
        Two arrays of one axis; the fractions sum to 1.

    Raises
    ------
    DoseError
        If the two do not match, or hold what is no dose or no volume.
    """
    doses = float_array(doses_gy, "doses in Gy", low=DOSE.low, high=DOSE.high, error=DoseError)
    sizes = float_array(volumes, "volumes", low=0.0, high=sys.float_info.max, error=DoseError)
    if doses.shape != sizes.shape:
        raise DoseError(
            f"{doses.size} doses and {sizes.size} volumes of shapes {doses.shape} and {sizes.shape}",
            remedy="give a volume for each dose",
        )
    doses, sizes = doses.ravel(), sizes.ravel()
    largest = float(sizes.max(initial=0.0))
    if largest == 0.0:
        raise DoseError("the DVH holds no volume")
    shares = sizes / largest  # first, so that no sum overflows
    shares = shares / shares.sum()
    held = shares > 0.0
    return doses[held], shares[held]


def geud(doses_gy: ArrayLike, volumes: ArrayLike, *, a: float) -> float:
    """Generalised equivalent uniform dose in Gy: ``(sum v_i D_i^a)^(1/a)``.

    Parameters
    ----------
    doses_gy, volumes
        The differential DVH, as for `dvh_bins`.
    a : float
        Volume parameter: 1 gives the mean, 0 the geometric mean, infinity the maximum, minus infinity the
        minimum; 1 / n of the LKB model. For a at or below 0 a bin with volume and without dose gives 0.

    Returns
    -------
    float
        gEUD in Gy, between the lowest and the highest dose.

    Raises
    ------
    DoseError
        As `dvh_bins`.
    ParameterError
        If `a` is no number.

    Notes
    -----
    Niemierko 1999. The highest dose (lowest for negative a) is factored out before the power, so that nothing
    overflows. The gEUD of EQD2 is not the EQD2 of the gEUD: convert the bins first.

    Examples
    --------
    >>> round(geud([10, 30, 50], [0.3, 0.5, 0.2], a=8), 6)
    41.099063
    """
    import numpy as np

    power = as_float(a)
    if power is None or math.isnan(power):
        raise ParameterError(f"a is {quoted(a)}", remedy="give a number")
    doses, fractions = dvh_bins(doses_gy, volumes)
    low, high = float(doses.min()), float(doses.max())
    if power == math.inf or low == high:
        return high
    if power == -math.inf or (power <= 0.0 and low == 0.0):
        return low
    if power == 1.0:
        return _between(low, float(fractions @ doses), high)
    reference = high if power > 0.0 else low
    with np.errstate(divide="ignore", over="ignore"):  # exponents of -inf, and their powers of 0, are meant
        logarithms = np.log(doses / reference)
        exponents = power * logarithms
    if abs(power) < _GEOMETRIC_BELOW:
        return _between(low, reference * math.exp(float(fractions @ logarithms)), high)
    return _between(low, reference * math.exp(log_mean_exp(exponents, fractions) / power), high)


def eud_niemierko(
    doses_gy: ArrayLike, volumes: ArrayLike, *, surviving_fraction: float, reference_dose_gy: float
) -> float:
    """Equivalent uniform dose in Gy of Niemierko 1997: the uniform dose that lets as many clonogens survive.

    ``EUD = D_ref ln(sum v_i SF^(D_i / D_ref)) / ln SF``.

    Parameters
    ----------
    doses_gy, volumes
        The differential DVH, as for `dvh_bins`.
    surviving_fraction : float
        Surviving fraction SF at the reference dose, above 0 and below 1.
    reference_dose_gy : float
        The reference dose in Gy, 0.001 to 1000; 2 Gy for SF2.

    Returns
    -------
    float
        EUD in Gy, between the lowest and the mean dose.

    Raises
    ------
    DoseError
        As `dvh_bins`.
    ParameterError
        If the surviving fraction or the reference dose is out of its range.

    Examples
    --------
    >>> round(eud_niemierko([10, 30, 50], [0.3, 0.5, 0.2], surviving_fraction=0.5, reference_dose_gy=2), 6)
    13.469237
    """
    survival = number(surviving_fraction, "the surviving fraction", low=0.0, high=1.0)
    if survival in (0.0, 1.0):
        raise ParameterError(
            f"the surviving fraction is {survival:g}", remedy="it lies between 0 and 1, neither of them"
        )
    reference = number(reference_dose_gy, "the reference dose", low=1e-3, high=1e3)
    doses, fractions = dvh_bins(doses_gy, volumes)
    per_gy = math.log(survival) / reference
    low = float(doses.min())
    more = log_mean_exp(per_gy * (doses - low), fractions) / per_gy
    return _between(low, low + more, max(low, float(fractions @ doses)))


def log_mean_exp(exponents: NDArray[np.float64], fractions: NDArray[np.float64]) -> float:
    """``log(sum f_i exp(x_i))`` for fractions that sum to 1 and exponents at or below 0, one of them 0.

    Small exponents go through expm1 and log1p, which keep the digits that the sum near 1 would lose.
    """
    import numpy as np

    excess = float(fractions @ np.expm1(exponents))
    if excess > -0.5:
        return math.log1p(excess)
    return math.log(float(fractions @ np.exp(exponents)))


def _between(low: float, value: float, high: float) -> float:
    """The value without the rounding that would carry it over an end."""
    return min(max(value, low), high)
