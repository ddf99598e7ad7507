"""Models of the effect of one fraction: LQ, and three that bend less steeply at high dose per fraction.

Each is ``BED = linear(d) + quadratic(d) / (alpha/beta)`` for a fraction of dose d, and differs in the two terms:

======  =========================================  ==============================================
model   source                                     above the range of LQ
======  =========================================  ==============================================
`LQ`    Fowler 1989, BJR 62:679                    quadratic for ever
`LQL`   Astrahan 2008, Med Phys 35:4161            a straight line above the transition dose
`USC`   Park 2008, IJROBP 70:847                   the straight line of the multitarget curve
`MLQ`   Guerrero & Li 2004, Phys Med Biol 49:4825  bends steadily into a straight line
======  =========================================  ==============================================

EQD2 of a model is its BED divided by its own BED of 2 Gy, times 2 Gy: that is ``BED / (1 + 2 / (alpha/beta))``
where 2 Gy lies below the transition, and keeps 2 Gy a fraction the fixed point where it does not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, cast

from rtfractions.biology import lq
from rtfractions.biology.alpha_beta import AlphaBeta
from rtfractions.biology.arguments import ParameterError
from rtfractions.biology.elementwise import SCALAR, Values, elementwise
from rtfractions.biology.quantities import (
    BED,
    DOSE,
    DOSE_PER_FRACTION,
    FRACTIONS,
    NET_BED,
)
from rtfractions.notices import Notice

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Model(Protocol):
    """The effect of one fraction, and what follows from it for equal, fully repaired fractions.

    Every method takes a float or an array of any shape, and raises a `DoseError` for what is out of range.
    """

    @property
    def name(self) -> str:
        """``"lq"``, ``"lql"``, ``"usc"`` or ``"mlq"``."""

    @property
    def alpha_beta_gy(self) -> float:
        """The alpha/beta ratio in Gy."""

    @property
    def own_alpha_beta(self) -> AlphaBeta | None:
        """The alpha/beta that follows from the model's other parameters; None where it is one of them."""

    @property
    def parameters(self) -> Mapping[str, float]:
        """What the model rests on beside alpha/beta, by name with unit."""

    @property
    def notices(self) -> tuple[Notice, ...]:
        """What a reader must know of the parameters."""

    def terms(self, functions: Any, dose: Any) -> tuple[Any, Any]:
        """The two terms of a fraction's BED, in Gy and Gy2, for doses known to be in range."""

    def inverse(self, functions: Any, bed: Any) -> Any:
        """The dose of a fraction with this BED, for BEDs known to be in range."""

    def bed_per_fraction_gy(self, dose_per_fraction_gy: Values) -> Values:
        """BED in Gy of one fraction of 0 to 1e6 Gy."""

    def dose_per_fraction_gy(self, bed_per_fraction_gy: Values) -> Values:
        """Dose in Gy of one fraction with a BED of 0 to 1e18 Gy: the inverse of `bed_per_fraction_gy`."""

    def bed_gy(
        self, total_dose_gy: Values, *, fractions: float, out: NDArray[np.float64] | None = None
    ) -> Values:
        """BED in Gy of equal fractions, each element of an array with its own dose per fraction.

        Parameters
        ----------
        total_dose_gy : float or array_like
            Total dose in Gy, 0 to 1e6.
        fractions : float
            Number of fractions, 0.001 to 1e6.
        out : numpy.ndarray of float64, optional
            As for `bed`.
        """

    def eqd2_gy(self, bed_gy: Values) -> Values:
        """EQD2 in Gy of a BED of this model in Gy; of a net BED below 0 a value below 0."""


def fraction_bed(model: Model, functions: Any, dose: Any) -> Any:
    """BED of one fraction, for doses known to be in range."""
    linear, quadratic = model.terms(functions, dose)
    return linear + quadratic / model.alpha_beta_gy


class FractionModel:
    """What every model does with its terms and their inverse."""

    __slots__ = ()

    @property
    def own_alpha_beta(self) -> AlphaBeta | None:
        """As `Model.own_alpha_beta`."""
        return None

    @property
    def notices(self) -> tuple[Notice, ...]:
        """As `Model.notices`."""
        return ()

    def bed_per_fraction_gy(self: Model, dose_per_fraction_gy: Values) -> Values:
        """As `Model.bed_per_fraction_gy`."""
        formula = partial(fraction_bed, self)
        result: Values = elementwise(formula, (dose_per_fraction_gy, DOSE_PER_FRACTION))
        return result

    def dose_per_fraction_gy(self: Model, bed_per_fraction_gy: Values) -> Values:
        """As `Model.dose_per_fraction_gy`."""
        result: Values = elementwise(self.inverse, (bed_per_fraction_gy, BED))
        return result

    def bed_gy(
        self: Model, total_dose_gy: Values, *, fractions: float, out: NDArray[np.float64] | None = None
    ) -> Values:
        """As `Model.bed_gy`."""
        n = FRACTIONS.number(fractions)

        def formula(functions: Any, dose: Any) -> Any:
            return n * fraction_bed(self, functions, dose / n)

        result: Values = elementwise(formula, (total_dose_gy, DOSE), out=out)
        return result

    def eqd2_gy(self: Model, bed_gy: Values) -> Values:
        """As `Model.eqd2_gy`."""
        linear, quadratic = self.terms(SCALAR, 2.0)
        of_two_gray = linear * self.alpha_beta_gy + quadratic  # times alpha/beta, which leaves less to round
        twice = 2.0 * self.alpha_beta_gy
        result: Values = elementwise(lambda _, bed: bed * twice / of_two_gray, (bed_gy, NET_BED))
        return result


def quadratic_inverse(functions: Any, bed: Any, ratio: float) -> Any:
    """The dose d with ``d (1 + d / ratio)`` equal to `bed`, without cancellation for any size of it."""
    return 2.0 * bed / (1.0 + functions.sqrt(1.0 + 4.0 * bed / ratio))


@dataclass(frozen=True, slots=True)
class LQ(FractionModel):
    """The linear-quadratic model.

    Attributes
    ----------
    alpha_beta_gy : float
        alpha/beta ratio in Gy, 0.1 to 100.

    Examples
    --------
    >>> model = LQ(10.0)
    >>> round(model.bed_per_fraction_gy(2.0), 9), round(model.dose_per_fraction_gy(2.4), 9)
    (2.4, 2.0)
    """

    alpha_beta_gy: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "alpha_beta_gy", lq.ratio_gy(self.alpha_beta_gy))

    @property
    def name(self) -> str:
        """As `Model.name`."""
        return "lq"

    @property
    def parameters(self) -> Mapping[str, float]:
        """As `Model.parameters`."""
        return {}

    def terms(self, functions: Any, dose: Any) -> tuple[Any, Any]:
        """As `Model.terms`."""
        return dose, dose * dose

    def inverse(self, functions: Any, bed: Any) -> Any:
        """As `Model.inverse`."""
        return quadratic_inverse(functions, bed, self.alpha_beta_gy)

    def bed_gy(
        self, total_dose_gy: Values, *, fractions: float, out: NDArray[np.float64] | None = None
    ) -> Values:
        """As `Model.bed_gy`."""
        result: Any = lq.bed(total_dose_gy, fractions=fractions, alpha_beta_gy=self.alpha_beta_gy, out=out)
        return cast(Values, result)


def sfed(total_dose_gy: Values, *, fractions: float, model: Model) -> Values:
    """Single-fraction equivalent dose in Gy: the dose that has the same BED in one fraction.

    In the USC model ``D - (n - 1) Dq`` where the dose per fraction is above D_T (Park 2008, IJROBP 70:847).

    Parameters
    ----------
    total_dose_gy : float or array_like
        Total dose in Gy, 0 to 1e6.
    fractions : float
        Number of fractions, 0.001 to 1e6.
    model : Model
        The model; of the four here, LQ reaches single doses for which it is not valid.

    Raises
    ------
    DoseError
        If a dose or the number of fractions is out of range.

    Examples
    --------
    >>> from rtfractions.biology import USC
    >>> round(sfed(60.0, fractions=3, model=USC(alpha_per_gy=0.33, d0_gy=1.25, dq_gy=1.8)), 9)
    56.4
    """
    n, model = FRACTIONS.number(fractions), checked_model(model)

    def formula(functions: Any, dose: Any) -> Any:
        return model.inverse(functions, n * fraction_bed(model, functions, dose / n))

    result: Values = elementwise(formula, (total_dose_gy, DOSE))
    return result


def checked_model(model: Any) -> Model:
    """The model, where it is one.

    Raises
    ------
    ParameterError
        If it is anything else.
    """
    if not isinstance(model, FractionModel):
        raise ParameterError(f"{type(model).__name__} is no model", remedy="give LQ, LQL, USC or MLQ")
    return cast(Model, model)
