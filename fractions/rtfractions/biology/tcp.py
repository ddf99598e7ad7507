"""Tumour control probability of a DVH: Poisson, with alike or differing tumours, and the curves in D50 and gamma50.

Sources: Webb & Nahum 1993 (Phys Med Biol 38:653) for the Poisson model with radiosensitivity that differs between
patients; Niemierko 1999, Källman 1992 and AAPM TG-166 2012 for the curves.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final

from rtfractions.biology.arguments import ParameterError, like_input, number
from rtfractions.biology.dose_response import (
    DoseResponse,
    LinearLogistic,
    LogLogistic,
    PoissonGamma50,
    checked_dose,
    evaluate,
)
from rtfractions.biology.provenance import DoseBasis, Provenance, checked_provenance

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

_TAIL: Final = 10.0
"""Standard deviations that the average over patients reaches on either side: beyond is less than 1e-23."""

_NODES: Final = 16
"""Points of Gauss-Legendre quadrature in each panel."""

_BLOCK: Final = 1024
"""Bins that are summed at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PoissonTCP:
    """No clonogen survives: ``exp(-N exp(-alpha BED))``, averaged over patients whose alpha differs.

    Attributes
    ----------
    clonogens : float
        Clonogens N of the whole target, 0.001 to 1e30: density times volume.
    alpha_per_gy : float
        Mean alpha of the patients in 1/Gy, 0.0001 to 10.
    alpha_sd_per_gy : float
        Its standard deviation between patients in 1/Gy, 1e-6 to 10; 0 where all are alike.
    provenance : Provenance
        Who says so, for what; the dose basis is BED.

    Notes
    -----
    Webb & Nahum 1993. alpha is normally distributed, cut at 0 and renormalised. A bin with the fraction v_i of
    the volume holds v_i N clonogens, so the TCP of a DVH is the product over its bins, for each alpha.
    """

    model: ClassVar[str] = "poisson"
    clonogens: float
    alpha_per_gy: float
    alpha_sd_per_gy: float
    provenance: Provenance

    def __post_init__(self) -> None:
        clonogens = number(self.clonogens, "the number of clonogens", low=1e-3, high=1e30)
        object.__setattr__(self, "clonogens", clonogens)
        object.__setattr__(self, "alpha_per_gy", number(self.alpha_per_gy, "alpha", low=1e-4, high=10.0))
        spread = number(self.alpha_sd_per_gy, "the standard deviation of alpha", low=0.0, high=10.0)
        if 0.0 < spread < 1e-6:
            raise ParameterError(
                f"the standard deviation of alpha is {spread}", remedy="give 0, or 1e-6 and more"
            )
        object.__setattr__(self, "alpha_sd_per_gy", spread)
        if checked_provenance(self.provenance).dose_basis.quantity != "bed":
            raise ParameterError(
                "the parameters of the Poisson model speak of BED", remedy="say so in dose_basis"
            )

    def probability(self, bed_gy: ArrayLike) -> Any:
        """TCP of uniform BEDs in Gy, a float or an array of the shape given."""
        import numpy as np

        beds = checked_dose(bed_gy)
        one = np.ones(1)
        values = [self._control(np.array([bed]), one) for bed in beds.ravel().tolist()]
        return like_input(np.asarray(values, dtype=np.float64).reshape(beds.shape))

    def respond(
        self, doses: NDArray[np.float64], fractions: NDArray[np.float64], risk_factors: Mapping[str, bool]
    ) -> tuple[float, float | None]:
        """As `Curve.respond`."""
        return self._control(doses, fractions), None

    def _control(self, beds: NDArray[np.float64], fractions: NDArray[np.float64]) -> float:
        import numpy as np

        log_clonogens = math.log(self.clonogens) + np.log(fractions)
        mean, spread = self.alpha_per_gy, self.alpha_sd_per_gy
        if spread == 0.0:
            return _no_survivor(_log_survivors(np.array([mean]), beds, log_clonogens)).item()
        low = max(-mean / spread, -_TAIL)
        # Panels end along the normal curve, and where the survivors pass through powers of e^2: between e^7 and
        # e^-37 survivors control goes from nothing to certainty, however steeply in alpha.
        levels = _alpha_of_survivors(
            np.linspace(7.0, -37.0, 23), beds, log_clonogens, high=mean + _TAIL * spread
        )
        ends = np.concatenate([np.linspace(low, _TAIL, 41), (levels - mean) / spread])
        ends = np.unique(np.clip(ends, low, _TAIL))
        nodes, weights = np.polynomial.legendre.leggauss(_NODES)
        half = np.diff(ends)[:, None] / 2.0
        z = (ends[:-1, None] + half * (nodes + 1.0)).ravel()
        density = (half * weights).ravel() * np.exp(-0.5 * z * z)
        control = _no_survivor(_log_survivors(mean + spread * z, beds, log_clonogens))
        return float(min((density @ control) / density.sum(), 1.0))


def _log_survivors(
    alphas: NDArray[np.float64], beds: NDArray[np.float64], log_clonogens: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Logarithm of the mean number of surviving clonogens, for each alpha; the bins are taken in blocks."""
    import numpy as np

    total = np.full(alphas.shape, -np.inf)
    for start in range(0, beds.size, _BLOCK):
        block = slice(start, start + _BLOCK)
        exponents = log_clonogens[block, None] - alphas * beds[block, None]
        largest = exponents.max(axis=0)
        total = np.logaddexp(total, largest + np.log(np.exp(exponents - largest).sum(axis=0)))
    return total


def _no_survivor(log_survivors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Poisson probability of no survivor."""
    import numpy as np

    return np.asarray(np.exp(-np.exp(np.minimum(log_survivors, 700.0))))


def _alpha_of_survivors(
    levels: NDArray[np.float64], beds: NDArray[np.float64], log_clonogens: NDArray[np.float64], *, high: float
) -> NDArray[np.float64]:
    """The alphas from 0 to `high` at which so many survive (as logarithms), by bisection; an end where none is."""
    import numpy as np

    below, above = np.zeros_like(levels), np.full_like(levels, high)
    for _ in range(40):
        middle = (below + above) / 2.0
        too_many = _log_survivors(middle, beds, log_clonogens) > levels
        below, above = np.where(too_many, middle, below), np.where(too_many, above, middle)
    return above


TCP_PARAMETERS: Final = (PoissonTCP, LogLogistic, LinearLogistic, PoissonGamma50)
"""The kinds of parameters that `dvh_tcp` takes."""


def dvh_tcp(
    doses_gy: ArrayLike,
    volumes: ArrayLike,
    *,
    dose_basis: DoseBasis,
    parameters: PoissonTCP | LogLogistic | LinearLogistic | PoissonGamma50,
    risk_factors: Mapping[str, bool] | None = None,
) -> DoseResponse:
    """Tumour control probability of a differential DVH.

    Parameters
    ----------
    doses_gy, volumes
        The differential DVH of the target, as for `dvh_bins`: doses of the basis that the parameters are of,
        BED for `PoissonTCP`.
    dose_basis : DoseBasis
        What the doses are.
    parameters : PoissonTCP, LogLogistic, LinearLogistic or PoissonGamma50
        The model with its parameters: there is no default.
    risk_factors : mapping of str to bool, optional
        Each risk factor of a `LinearLogistic` that has some.

    Returns
    -------
    DoseResponse
        The probability, with parameters and notices.

    Raises
    ------
    DoseError
        If the DVH is none.
    ParameterError
        If parameters are missing, are of complications, or are of another kind of dose than given.

    Examples
    --------
    >>> basis = DoseBasis(quantity="bed", alpha_beta_gy=10)
    >>> from rtfractions.biology.provenance import Verification
    >>> mine = Provenance(
    ...     source="my fit", verification=Verification.MEMORY, endpoint="local control", outcome="tcp",
    ...     dose_basis=basis,
    ... )
    >>> model = PoissonTCP(clonogens=1e7, alpha_per_gy=0.3, alpha_sd_per_gy=0.08, provenance=mine)
    >>> round(dvh_tcp([72.0], [1.0], dose_basis=basis, parameters=model).probability, 6)
    0.797411
    """
    return evaluate(
        doses_gy,
        volumes,
        outcome="tcp",
        dose_basis=dose_basis,
        parameters=parameters,
        kinds=TCP_PARAMETERS,
        risk_factors=risk_factors,
    )
