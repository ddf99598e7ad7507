"""The linear-quadratic model for doses given in equal, fully repaired fractions.

Sources: Barendsen 1982 (IJROBP 8:1981), Withers 1983 (Cancer 51:2086), Fowler 1989 (BJR 62:679).
Clinically the model holds for about 1 to 10 Gy a fraction; Brenner 2008 calls it reasonably well validated
up to about 10 Gy and reasonable for use up to about 18 Gy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, overload

from rtfractions.biology.alpha_beta import AlphaBeta
from rtfractions.biology.elementwise import elementwise
from rtfractions.biology.quantities import DOSE, FRACTIONS, LARGEST_DOSE_GY, REFERENCE, DoseError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

__all__ = ["LARGEST_DOSE_GY", "DoseError", "bed", "eqd2", "eqdx", "ratio_gy"]

WELL_VALIDATED_UP_TO_GY_PER_FRACTION: Final = 10.0
"""Brenner 2008: "reasonably well validated up to about 10 Gy / fraction"."""

REASONABLE_UP_TO_GY_PER_FRACTION: Final = 18.0
"""Brenner 2008: "would be reasonable for use up to about 18 Gy per fraction"."""


@overload
def bed(total_dose_gy: float, *, fractions: float, alpha_beta_gy: float) -> float: ...
@overload
def bed(
    total_dose_gy: ArrayLike,
    *,
    fractions: float,
    alpha_beta_gy: float,
    out: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]: ...
def bed(
    total_dose_gy: Any, *, fractions: float, alpha_beta_gy: float, out: NDArray[np.float64] | None = None
) -> Any:
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
    out : numpy.ndarray of float64, optional
        For arrays: where the result is written, of the same shape and sharing no memory with the dose.
        Large arrays are converted in blocks, without a temporary of their size. After an error its content is
        undefined.

    Returns
    -------
    float or numpy.ndarray of float64
        BED in Gy, of the shape of `total_dose_gy`.

    Raises
    ------
    DoseError
        If a dose or the number of fractions is no number or out of range, or `out` cannot take the result.
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
    n, ratio = FRACTIONS.number(fractions), ratio_gy(alpha_beta_gy)
    return _converted(total_dose_gy, n, ratio, ratio, out)


@overload
def eqdx(
    total_dose_gy: float, *, fractions: float, alpha_beta_gy: float, reference_dose_per_fraction_gy: float
) -> float: ...
@overload
def eqdx(
    total_dose_gy: ArrayLike,
    *,
    fractions: float,
    alpha_beta_gy: float,
    reference_dose_per_fraction_gy: float,
    out: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]: ...
def eqdx(
    total_dose_gy: Any,
    *,
    fractions: float,
    alpha_beta_gy: float,
    reference_dose_per_fraction_gy: float,
    out: NDArray[np.float64] | None = None,
) -> Any:
    """Total dose in Gy that has the same LQ effect in fractions of the reference dose.

    ``EQDX = BED / (1 + x / (alpha/beta)) = D (D / n + alpha/beta) / (x + alpha/beta)``.

    Parameters
    ----------
    total_dose_gy, fractions, alpha_beta_gy, out
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
    n, ratio = FRACTIONS.number(fractions), ratio_gy(alpha_beta_gy)
    scale_gy = REFERENCE.number(reference_dose_per_fraction_gy) + ratio
    return _converted(total_dose_gy, n, ratio, scale_gy, out)


@overload
def eqd2(total_dose_gy: float, *, fractions: float, alpha_beta_gy: float) -> float: ...
@overload
def eqd2(
    total_dose_gy: ArrayLike,
    *,
    fractions: float,
    alpha_beta_gy: float,
    out: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]: ...
def eqd2(
    total_dose_gy: Any, *, fractions: float, alpha_beta_gy: float, out: NDArray[np.float64] | None = None
) -> Any:
    """Total dose in Gy that has the same LQ effect in fractions of 2 Gy: `eqdx` with a reference of 2 Gy.

    Examples
    --------
    >>> round(eqd2(20.0, fractions=30, alpha_beta_gy=3.0), 2)  # a voxel of 20 Gy, at its own 20 / 30 Gy a fraction
    14.67
    """
    result: Any = eqdx(
        total_dose_gy,
        fractions=fractions,
        alpha_beta_gy=alpha_beta_gy,
        reference_dose_per_fraction_gy=2.0,
        out=out,
    )
    return result


def ratio_gy(alpha_beta_gy: float) -> float:
    """An alpha/beta ratio given as a number, in its range.

    Raises
    ------
    AlphaBetaError
        If it is no number between 0.1 and 100 Gy.
    """
    return AlphaBeta(value_gy=alpha_beta_gy, source="argument").value_gy


def _converted(total_dose_gy: Any, fractions: float, ratio_gy: float, scale_gy: float, out: Any) -> Any:
    """``D (D / n + R) / scale``, BED and EQDX: as ``D (D q + p)``, for each voxel two products and a sum."""
    quadratic, linear = 1.0 / (fractions * scale_gy), ratio_gy / scale_gy

    def formula(_: Any, dose: Any) -> Any:
        return (dose * quadratic + linear) * dose

    def in_place(numpy: Any, result: NDArray[np.float64], dose: NDArray[np.float64]) -> None:
        numpy.multiply(dose, quadratic, out=result)
        result += linear
        result *= dose

    return elementwise(formula, (total_dose_gy, DOSE), out=out, in_place=in_place)
