"""Normal-tissue complication probability of a DVH: LKB, relative seriality, and the curves in D50 and gamma50.

Sources: Lyman 1985 (Radiat Res 104:S13), Kutcher & Burman 1989 (IJROBP 16:1623), Burman 1991 (IJROBP 21:123),
Källman 1992 (Int J Radiat Biol 62:249), Niemierko 1999 (Med Phys 26:1100); AAPM TG-166 2012 for all of them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final

from rtfractions.biology.arguments import like_input, number
from rtfractions.biology.dose_response import (
    LARGEST_D50_GY,
    LARGEST_GAMMA50,
    SMALLEST_D50_GY,
    SMALLEST_GAMMA50,
    DoseResponse,
    LinearLogistic,
    LogLogistic,
    PoissonGamma50,
    checked_dose,
    evaluate,
    poisson_logarithm,
)
from rtfractions.biology.eud import geud
from rtfractions.biology.provenance import DoseBasis, Provenance, checked_provenance

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class LKB:
    """Lyman-Kutcher-Burman: ``Phi((gEUD - TD50) / (m TD50))`` with a = 1 / n.

    Attributes
    ----------
    n : float
        Volume parameter, 0.001 to 100; 1 for the mean dose, towards 0 for the maximum.
    m : float
        Inverse slope, 0.001 to 10.
    td50_gy : float
        Uniform dose in Gy to the whole organ that complicates half, 0.01 to 1e5.
    provenance : Provenance
        Who says so, for what.

    Notes
    -----
    Kutcher & Burman 1989: the same as reducing the DVH to the effective volume ``sum v_i (D_i / D_max)^(1/n)``
    at D_max, with ``TD50(v) = TD50 v^-n``. gamma50 is ``1 / (m sqrt(2 pi))``. At no dose the model gives
    ``Phi(-1 / m)``, not 0.
    """

    model: ClassVar[str] = "lkb"
    n: float
    m: float
    td50_gy: float
    provenance: Provenance

    def __post_init__(self) -> None:
        object.__setattr__(self, "n", number(self.n, "n", low=1e-3, high=1e2))
        object.__setattr__(self, "m", number(self.m, "m", low=1e-3, high=10.0))
        td50 = number(self.td50_gy, "TD50", low=SMALLEST_D50_GY, high=LARGEST_D50_GY)
        object.__setattr__(self, "td50_gy", td50)
        checked_provenance(self.provenance)

    def probability(self, eud_gy: ArrayLike) -> Any:
        """NTCP of gEUDs in Gy, a float or an array of the shape given."""
        t = (checked_dose(eud_gy) - self.td50_gy) / (self.m * self.td50_gy)
        return like_input(_normal_cdf(t))

    def respond(
        self, doses: NDArray[np.float64], fractions: NDArray[np.float64], risk_factors: Mapping[str, bool]
    ) -> tuple[float, float | None]:
        """As `Curve.respond`."""
        eud = geud(doses, fractions, a=1.0 / self.n)
        return self.probability(eud), eud


@dataclass(frozen=True, slots=True, kw_only=True)
class RelativeSeriality:
    """Källman's relative seriality: ``(1 - prod (1 - P_i^s)^v_i)^(1/s)``, P_i the Poisson curve of the bin.

    Attributes
    ----------
    d50_gy : float
        Dose in Gy to the whole organ that complicates half, 0.01 to 1e5.
    gamma50 : float
        Normalised slope at 50 %, 0.01 to 100.
    s : float
        Relative seriality, 0.0001 to 100: about 0 for parallel, 1 for serial organs.
    provenance : Provenance
        Who says so, for what.

    Notes
    -----
    Källman 1992; evaluated in logarithms, so that no power under- or overflows.
    """

    model: ClassVar[str] = "relative-seriality"
    d50_gy: float
    gamma50: float
    s: float
    provenance: Provenance

    def __post_init__(self) -> None:
        d50 = number(self.d50_gy, "D50", low=SMALLEST_D50_GY, high=LARGEST_D50_GY)
        object.__setattr__(self, "d50_gy", d50)
        gamma50 = number(self.gamma50, "gamma50", low=SMALLEST_GAMMA50, high=LARGEST_GAMMA50)
        object.__setattr__(self, "gamma50", gamma50)
        object.__setattr__(self, "s", number(self.s, "s", low=1e-4, high=1e2))
        checked_provenance(self.provenance)

    def probability(self, dose_gy: ArrayLike) -> Any:
        """NTCP of uniform doses in Gy, a float or an array of the shape given."""
        import numpy as np

        logarithm = poisson_logarithm(checked_dose(dose_gy), d50_gy=self.d50_gy, gamma50=self.gamma50)
        return like_input(np.exp(logarithm))

    def respond(
        self, doses: NDArray[np.float64], fractions: NDArray[np.float64], risk_factors: Mapping[str, bool]
    ) -> tuple[float, float | None]:
        """As `Curve.respond`."""
        import numpy as np

        power = self.s * poisson_logarithm(doses, d50_gy=self.d50_gy, gamma50=self.gamma50)  # ln P_i^s
        if not power.min() < 0.0:
            return 1.0, None  # every bin complicates, to the last digit
        # y_i = -ln(1 - P_i^s); below e^-37 it is P_i^s itself to the last digit, and P_i^s = 1 makes it infinite.
        with np.errstate(divide="ignore"):
            log_y = np.where(power < -37.0, power, np.log(-_log1mexp(np.maximum(power, -37.0))))
        largest = float(log_y.max())
        if math.isinf(largest):
            return (1.0 if largest > 0.0 else 0.0), None
        log_sum = largest + math.log(float(fractions @ np.exp(log_y - largest)))
        log_complement = log_sum if log_sum < -37.0 else math.log(-math.expm1(-math.exp(log_sum)))
        return min(math.exp(log_complement / self.s), 1.0), None


def _log1mexp(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """``log(1 - exp(x))`` for x at or below 0, without losing digits near either end."""
    import numpy as np

    near = x > -math.log(2.0)
    with np.errstate(divide="ignore"):
        return np.asarray(
            np.where(
                near, np.log(-np.expm1(np.where(near, x, -1.0))), np.log1p(-np.exp(np.where(near, -1.0, x)))
            )
        )


def _normal_cdf(t: NDArray[np.float64]) -> NDArray[np.float64]:
    import numpy as np

    values = [0.5 * math.erfc(-x / math.sqrt(2.0)) for x in t.ravel().tolist()]
    return np.asarray(values, dtype=np.float64).reshape(t.shape)


NTCP_PARAMETERS: Final = (LKB, LogLogistic, LinearLogistic, PoissonGamma50, RelativeSeriality)
"""The kinds of parameters that `dvh_ntcp` takes."""


def dvh_ntcp(
    doses_gy: ArrayLike,
    volumes: ArrayLike,
    *,
    dose_basis: DoseBasis,
    parameters: LKB | LogLogistic | LinearLogistic | PoissonGamma50 | RelativeSeriality,
    risk_factors: Mapping[str, bool] | None = None,
) -> DoseResponse:
    """Normal-tissue complication probability of a differential DVH.

    Parameters
    ----------
    doses_gy, volumes
        The differential DVH, as for `dvh_bins`: doses of the basis that the parameters are of.
    dose_basis : DoseBasis
        What the doses are: physical, EQD2 or BED, with alpha/beta or the number of fractions.
    parameters : LKB, LogLogistic, LinearLogistic, PoissonGamma50 or RelativeSeriality
        The model with its parameters: there is no default.
    risk_factors : mapping of str to bool, optional
        Each risk factor of a `LinearLogistic` that has some.

    Returns
    -------
    DoseResponse
        The probability, with parameters, equivalent uniform dose and notices.

    Raises
    ------
    DoseError
        If the DVH is none.
    ParameterError
        If parameters are missing, are of tumour control, or are of another kind of dose than given.

    Examples
    --------
    >>> from rtfractions.biology.parameter_sets import parameter_set
    >>> lung = parameter_set("lung-pneumonitis-burman-1991")
    >>> round(dvh_ntcp([20.0], [1.0], dose_basis=DoseBasis(quantity="physical"), parameters=lung).probability, 4)
    0.1538
    """
    return evaluate(
        doses_gy,
        volumes,
        outcome="ntcp",
        dose_basis=dose_basis,
        parameters=parameters,
        kinds=NTCP_PARAMETERS,
        risk_factors=risk_factors,
    )
