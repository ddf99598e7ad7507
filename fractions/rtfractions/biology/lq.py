"""The linear-quadratic model for doses given in equal, fully repaired fractions.

Sources: Barendsen 1982 (IJROBP 8:1981), Withers 1983 (Cancer 51:2086), Fowler 1989 (BJR 62:679).
Clinically the model holds for about 1 to 10 Gy a fraction; Brenner 2008 calls it reasonably well validated
up to about 10 Gy and reasonable for use up to about 18 Gy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, overload

from rtfractions.biology.alpha_beta import AlphaBeta, as_float
from rtfractions.errors import RTFractionsError, quoted

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

WELL_VALIDATED_UP_TO_GY_PER_FRACTION: Final = 10.0
"""Brenner 2008: "reasonably well validated up to about 10 Gy / fraction"."""

REASONABLE_UP_TO_GY_PER_FRACTION: Final = 18.0
"""Brenner 2008: "would be reasonable for use up to about 18 Gy per fraction"."""


LARGEST_DOSE_GY: Final = 1e6
"""Larger doses are refused: no tissue gets them, and their squares would overflow."""

SMALLEST_FRACTIONS: Final = 1e-3
LARGEST_FRACTIONS: Final = 1e6
"""Range of the number of fractions, which a solver may leave broken."""

SMALLEST_REFERENCE_GY: Final = 1e-3
"""Smallest dose per fraction that EQDX is given for; the limit of vanishing fractions is BED."""

_DOSE_RANGE: Final = f"doses are 0 to {LARGEST_DOSE_GY:g} Gy"


class DoseError(RTFractionsError, ValueError):
    """A dose, a number of fractions or a dose per fraction that cannot be converted."""

    code = "dose"


@overload
def bed(total_dose_gy: float, *, fractions: float, alpha_beta_gy: float) -> float: ...
@overload
def bed(total_dose_gy: ArrayLike, *, fractions: float, alpha_beta_gy: float) -> NDArray[np.float64]: ...
def bed(total_dose_gy: Any, *, fractions: float, alpha_beta_gy: float) -> Any:
    """Biologically effective dose in Gy, LQ model, full repair between fractions, no time factor.

    ``BED = D (1 + (D / n) / (alpha/beta))``, for each element of an array with its own ``D / n``.

    Parameters
    ----------
    total_dose_gy : float or array_like
        Total physical dose D in Gy of all fractions, 0 to 1e6, of any shape.
    fractions : float
        Number of equal fractions n, 0.001 to 1e6; whole where a schedule is meant.
    alpha_beta_gy : float
        alpha/beta ratio in Gy, 0.1 to 100.

    Returns
    -------
    float or numpy.ndarray of float64
        BED in Gy, of the shape of `total_dose_gy`.

    Raises
    ------
    DoseError
        If a dose or the number of fractions is no number or out of range.
    AlphaBetaError
        If alpha/beta is outside its range.

    Notes
    -----
    Fowler 1989, BJR 62:679.

    Examples
    --------
    >>> round(bed(40.0, fractions=10, alpha_beta_gy=10.0), 9)
    56.0
    """
    dose, fractions, ratio = _checked(total_dose_gy, fractions, alpha_beta_gy)
    return dose * (dose / fractions + ratio) / ratio


@overload
def eqdx(
    total_dose_gy: float, *, fractions: float, alpha_beta_gy: float, reference_dose_per_fraction_gy: float
) -> float: ...
@overload
def eqdx(
    total_dose_gy: ArrayLike, *, fractions: float, alpha_beta_gy: float, reference_dose_per_fraction_gy: float
) -> NDArray[np.float64]: ...
def eqdx(
    total_dose_gy: Any, *, fractions: float, alpha_beta_gy: float, reference_dose_per_fraction_gy: float
) -> Any:
    """Total dose in Gy that has the same LQ effect in fractions of the reference dose.

    ``EQDX = BED / (1 + x / (alpha/beta)) = D (D / n + alpha/beta) / (x + alpha/beta)``.

    Parameters
    ----------
    total_dose_gy, fractions, alpha_beta_gy
        As for `bed`.
    reference_dose_per_fraction_gy : float
        Dose per fraction x in Gy of the schedule compared with, 0.001 to 1000.

    Returns
    -------
    float or numpy.ndarray of float64
        EQDX in Gy, of the shape of `total_dose_gy`.

    Raises
    ------
    DoseError, AlphaBetaError
        As `bed`.

    Notes
    -----
    Bentzen 2012, Radiother Oncol 105:266 (terminology).

    Examples
    --------
    >>> round(eqdx(70.0, fractions=70 / 3, alpha_beta_gy=10.0, reference_dose_per_fraction_gy=5.0), 3)
    60.667
    """
    reference = _number(
        reference_dose_per_fraction_gy,
        "the reference dose per fraction",
        low=SMALLEST_REFERENCE_GY,
        high=1000.0,
    )
    dose, fractions, ratio = _checked(total_dose_gy, fractions, alpha_beta_gy)
    return dose * (dose / fractions + ratio) / (reference + ratio)


@overload
def eqd2(total_dose_gy: float, *, fractions: float, alpha_beta_gy: float) -> float: ...
@overload
def eqd2(total_dose_gy: ArrayLike, *, fractions: float, alpha_beta_gy: float) -> NDArray[np.float64]: ...
def eqd2(total_dose_gy: Any, *, fractions: float, alpha_beta_gy: float) -> Any:
    """Total dose in Gy that has the same LQ effect in fractions of 2 Gy: `eqdx` with a reference of 2 Gy.

    Examples
    --------
    >>> round(eqd2(20.0, fractions=30, alpha_beta_gy=3.0), 2)  # a voxel of 20 Gy, at its own 20 / 30 Gy a fraction
    14.67
    """
    return eqdx(
        total_dose_gy, fractions=fractions, alpha_beta_gy=alpha_beta_gy, reference_dose_per_fraction_gy=2.0
    )


def _checked(total_dose_gy: Any, fractions: float, alpha_beta_gy: float) -> tuple[Any, float, float]:
    """The arguments of every conversion as floats (the dose perhaps an array), in range."""
    return (
        _dose_gy(total_dose_gy),
        _number(fractions, "the number of fractions", low=SMALLEST_FRACTIONS, high=LARGEST_FRACTIONS),
        AlphaBeta(value_gy=alpha_beta_gy, source="argument").value_gy,
    )


def _dose_gy(dose: Any) -> Any:
    """The dose as float, or as an array of float64; refused where an element is out of range."""
    number = as_float(dose)
    if number is not None:
        if not 0.0 <= number <= LARGEST_DOSE_GY:  # nan too
            raise DoseError(f"a dose of {quoted(dose)} Gy cannot be converted", remedy=_DOSE_RANGE)
        return number
    import numpy as np  # here, so that scalars do not pay for it

    try:
        array = np.asarray(dose)
        if array.dtype.kind not in "iuf":
            raise TypeError
    except (TypeError, ValueError):
        raise DoseError(f"{quoted(dose)} is not a dose", remedy="give numbers of Gy") from None
    array = array.astype(np.float64)
    unfit = array.size - np.count_nonzero((array >= 0.0) & (array <= LARGEST_DOSE_GY))  # nan is unfit
    if unfit:
        raise DoseError(f"{unfit} of {array.size} doses cannot be converted", remedy=_DOSE_RANGE)
    return array


def _number(value: float, name: str, *, low: float, high: float) -> float:
    number = as_float(value)
    if number is None:
        raise DoseError(f"{name} is {quoted(value)}", remedy="give a number")
    if not low <= number <= high:  # nan too
        raise DoseError(f"{name} is {quoted(value)}", remedy=f"it lies between {low:g} and {high:g}")
    return number
