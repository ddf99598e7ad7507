"""Earlier courses: cumulative EQD2, and what a tolerance leaves for another course.

Recovery between courses is never assumed: it is 0 unless stated with its source.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from rtfractions.biology.arguments import ParameterError, text
from rtfractions.biology.elementwise import elementwise
from rtfractions.biology.lq import ratio_gy
from rtfractions.biology.models import Model, checked_model
from rtfractions.biology.quantities import BED, EQD2, FRACTIONS, Quantity, SolutionError
from rtfractions.errors import quoted

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

RECOVERED: Final = Quantity("the recovered share", 0.0, 1.0)
MONTHS: Final = Quantity("the interval", 0.0, 1200.0, "months")
YEARS: Final = Quantity("the interval", 1.0, 100.0, "years")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PriorCourse:
    """An earlier course, as EQD2 of one point, one structure or a grid.

    Attributes
    ----------
    eqd2_gy : float or numpy.ndarray
        EQD2 in Gy, 0 or more; grids of several courses are mapped onto one another before.
    alpha_beta_gy : float
        The alpha/beta of that EQD2 in Gy.
    recovered : float
        Share r of its effect that the tissue has recovered from, 0 to 1; 0 unless stated.
    recovery_source : str or None
        Who says so; required where `recovered` is above 0.

    Raises
    ------
    DoseError, ParameterError, AlphaBetaError
        If a value is out of range, or a recovery has no source.
    """

    eqd2_gy: float | NDArray[np.float64]
    alpha_beta_gy: float
    recovered: float = 0.0
    recovery_source: str | None = None

    def __post_init__(self) -> None:
        values = elementwise(lambda _, eqd2: eqd2, (self.eqd2_gy, EQD2))
        object.__setattr__(self, "eqd2_gy", values)
        object.__setattr__(self, "alpha_beta_gy", ratio_gy(self.alpha_beta_gy))
        object.__setattr__(self, "recovered", RECOVERED.number(self.recovered))
        if self.recovered > 0.0 or self.recovery_source is not None:
            text(self.recovery_source, "the source of the recovery")


def cumulative_eqd2(courses: Sequence[PriorCourse]) -> Any:
    """EQD2 in Gy of several courses, ``sum (1 - r) EQD2``, a float or an array.

    Parameters
    ----------
    courses : sequence of PriorCourse
        At least one, all of the same alpha/beta.

    Raises
    ------
    ParameterError
        If their alpha/beta differ, or there is none.
    DoseError
        If their shapes do not go together.

    Examples
    --------
    >>> cumulative_eqd2([PriorCourse(eqd2_gy=40.0, alpha_beta_gy=2.0), PriorCourse(eqd2_gy=10.0, alpha_beta_gy=2.0)])
    50.0
    """
    checked = _checked(courses)
    kept = [1.0 - course.recovered for course in checked]

    def formula(_: Any, *eqd2s: Any) -> Any:
        return sum(share * eqd2 for share, eqd2 in zip(kept, eqd2s, strict=True))

    return elementwise(formula, *((course.eqd2_gy, EQD2) for course in checked))


def residual_tolerance(limit_eqd2_gy: float, courses: Sequence[PriorCourse]) -> Any:
    """EQD2 in Gy that a limit leaves after earlier courses: ``limit - sum (1 - r) EQD2``.

    Parameters
    ----------
    limit_eqd2_gy : float
        Tolerance as EQD2 in Gy, 0 to 1e18, at the alpha/beta of the courses.
    courses : sequence of PriorCourse
        As for `cumulative_eqd2`.

    Returns
    -------
    float or numpy.ndarray of float64
        Below 0 where the limit is exceeded already: never cut off there.

    Examples
    --------
    >>> prior = PriorCourse(eqd2_gy=40.0, alpha_beta_gy=2.0, recovered=0.5, recovery_source="an example")
    >>> residual_tolerance(50.0, [prior])
    30.0
    """
    return EQD2.number(limit_eqd2_gy) - cumulative_eqd2(courses)


def residual_dose_per_fraction(
    limit_eqd2_gy: float, courses: Sequence[PriorCourse], *, fractions: float, model: Model
) -> float:
    """Dose per fraction in Gy of another course of so many fractions that uses up what a limit leaves.

    Parameters
    ----------
    limit_eqd2_gy, courses
        As for `residual_tolerance`, the courses being single numbers.
    fractions : float
        Number of fractions, 0.001 to 1e6.
    model : Model
        The model, of the courses' alpha/beta.

    Raises
    ------
    SolutionError
        If nothing is left.
    DoseError, ParameterError
        If a value is out of range.

    Examples
    --------
    >>> from rtfractions.biology.models import LQ
    >>> prior = PriorCourse(eqd2_gy=40.0, alpha_beta_gy=2.0, recovered=0.5, recovery_source="an example")
    >>> round(residual_dose_per_fraction(50.0, [prior], fractions=5, model=LQ(2.0)), 9)
    4.0
    """
    n, model = FRACTIONS.number(fractions), checked_model(model)
    checked = _checked(courses)
    if model.alpha_beta_gy != checked[0].alpha_beta_gy:
        raise ParameterError(
            f"the courses are EQD2 at alpha/beta {checked[0].alpha_beta_gy:g} Gy, the model has "
            f"{model.alpha_beta_gy:g} Gy",
            remedy="convert both with one alpha/beta",
        )
    left = residual_tolerance(limit_eqd2_gy, checked)
    if not isinstance(left, float):
        raise ParameterError("a dose per fraction is solved for one point, not for an array")
    if left <= 0.0:
        raise SolutionError(
            f"the earlier courses leave {left:.4g} Gy of the tolerance", remedy="nothing is left to give"
        )
    of_two_gray = model.bed_per_fraction_gy(2.0)
    return model.dose_per_fraction_gy(left / 2.0 * of_two_gray / n)


def _checked(courses: Any) -> list[PriorCourse]:
    try:
        found = list(courses)
    except TypeError:
        found = []
    if not found or not all(isinstance(course, PriorCourse) for course in found):
        raise ParameterError("there are no earlier courses", remedy="give PriorCourse objects, at least one")
    if len({course.alpha_beta_gy for course in found}) > 1:
        raise ParameterError(
            "EQD2 of different alpha/beta do not add", remedy="convert the courses with one alpha/beta"
        )
    return found


DOI_NIEDER_SOURCE: Final = "rule of thumb quoted by Doi & Nieder 2021: 25 % after 6 months, 50 % after 12"


def doi_nieder_recovery(months: float) -> float:
    """Recovered share by the rule of thumb that Doi & Nieder 2021 quote: 0.25 from 6 months on, 0.5 from 12 on.

    Parameters
    ----------
    months : float
        Months since the earlier course, 0 to 1200.

    Notes
    -----
    Used only by its name; give `DOI_NIEDER_SOURCE` as the `recovery_source`.

    Examples
    --------
    >>> doi_nieder_recovery(5.9), doi_nieder_recovery(6), doi_nieder_recovery(12)
    (0.0, 0.25, 0.5)
    """
    interval = MONTHS.number(months)
    return 0.5 if interval >= 12.0 else 0.25 if interval >= 6.0 else 0.0


JONES_GRANT_VARIANTS: Final = {"fit": (2.8, 1.67), "cautious": (1.5, 1.2)}
JONES_GRANT_SOURCE: Final = "Jones & Grant 2014, unverified: coefficients as in DICOMautomaton"


def unverified_jones_grant_bed(
    bed_gy: float, *, tolerance_bed_gy: float, years: float, variant: str
) -> float:
    """BED in Gy that a first course of the central nervous system still counts for, **unverified**.

    ``BED_tol [1 - (1 - BED / BED_tol)**(1 / (1 + r))]`` with ``r = 2.8 + exp(1.67 (t - 1))`` (fit) or
    ``1.5 + exp(1.2 (t - 1))`` (cautious), t in years, BED at alpha/beta 2 Gy (Jones & Grant 2014). The coefficients
    were seen in another program only (DICOMautomaton): `JONES_GRANT_SOURCE` travels with the number.

    Parameters
    ----------
    bed_gy : float
        BED of the first course in Gy, above 0 and below the tolerance.
    tolerance_bed_gy : float
        BED of the tolerance in Gy.
    years : float
        Years since the first course; below 1 it is refused, since no recovery is known there.
    variant : str
        ``"fit"`` or ``"cautious"``.

    Raises
    ------
    ParameterError, DoseError
        If a value is out of range.

    Examples
    --------
    >>> round(unverified_jones_grant_bed(80.0, tolerance_bed_gy=100.0, years=2.0, variant="cautious"), 6)
    24.158926
    """
    bed, tolerance, time = BED.number(bed_gy), BED.number(tolerance_bed_gy), YEARS.number(years)
    if not 0.0 < bed < tolerance:
        raise ParameterError(
            f"a first course of {bed:g} Gy and a tolerance of {tolerance:g} Gy",
            remedy="its BED is above 0 and below the tolerance",
        )
    if not isinstance(variant, str) or variant not in JONES_GRANT_VARIANTS:
        raise ParameterError(f"{quoted(variant)} is no variant", remedy=" or ".join(JONES_GRANT_VARIANTS))
    start, growth = JONES_GRANT_VARIANTS[variant]
    recovery = start + math.exp(growth * (time - 1.0))
    return -tolerance * math.expm1(math.log1p(-bed / tolerance) / (1.0 + recovery))
