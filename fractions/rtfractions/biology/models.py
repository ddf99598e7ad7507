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
from typing import TYPE_CHECKING, Any, Final, Protocol

from rtfractions.biology import lq
from rtfractions.biology.alpha_beta import AlphaBeta
from rtfractions.biology.arguments import ParameterError
from rtfractions.biology.elementwise import SCALAR, Values, elementwise
from rtfractions.biology.protraction_factor import lea_catcheside
from rtfractions.biology.quantities import (
    ALPHA,
    BED,
    DOSE,
    DOSE_PER_FRACTION,
    FRACTIONS,
    NET_BED,
    Quantity,
)
from rtfractions.notices import Notice

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

TRANSITION_DOSE: Final = Quantity("the transition dose", 1e-3, 1e6, "Gy")
GAMMA_OVER_ALPHA: Final = Quantity("gamma/alpha", 1e-3, 1e6)
D0: Final = Quantity("D0", 1e-3, 1e3, "Gy")
DQ: Final = Quantity("Dq", 1e-3, 1e3, "Gy")
DELTA: Final = Quantity("delta", 1e-9, 100.0, "per Gy")


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


class _Fractions:
    """What every model does with its terms and their inverse."""

    __slots__ = ()

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
class LQ(_Fractions):
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
        return result  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True)
class LQL(_Fractions):
    """LQ up to a transition dose, a straight line above it.

    ``BED = d (1 + d / R)`` up to d_T, and ``d_T (1 + d_T / R) + (gamma/alpha) (d - d_T)`` above
    (Astrahan 2008, Med Phys 35:4161).

    Attributes
    ----------
    alpha_beta_gy : float
        alpha/beta ratio R in Gy, 0.1 to 100.
    transition_dose_gy : float
        d_T in Gy, 0.001 to 1e6; at the upper end the model is LQ. Astrahan fits it for each tissue; 2 R is a
        convention, and no default.
    gamma_over_alpha : float, optional
        Slope of the line, 0.001 to 1e6. Where it is not given it is ``1 + 2 d_T / R``, with which the line is
        the tangent; a notice then says so.

    Examples
    --------
    >>> LQL(10.0, transition_dose_gy=10.0).bed_gy(54.0, fractions=3)
    132.0
    """

    alpha_beta_gy: float
    transition_dose_gy: float
    gamma_over_alpha: float | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "alpha_beta_gy", lq.ratio_gy(self.alpha_beta_gy))
        object.__setattr__(self, "transition_dose_gy", TRANSITION_DOSE.number(self.transition_dose_gy))
        if self.gamma_over_alpha is not None:
            object.__setattr__(self, "gamma_over_alpha", GAMMA_OVER_ALPHA.number(self.gamma_over_alpha))

    @property
    def name(self) -> str:
        """As `Model.name`."""
        return "lql"

    @property
    def slope(self) -> float:
        """gamma/alpha as given, or that of the tangent."""
        if self.gamma_over_alpha is not None:
            return self.gamma_over_alpha
        return 1.0 + 2.0 * self.transition_dose_gy / self.alpha_beta_gy

    @property
    def parameters(self) -> Mapping[str, float]:
        """As `Model.parameters`."""
        return {"transition_dose_gy": self.transition_dose_gy, "gamma_over_alpha": self.slope}

    @property
    def notices(self) -> tuple[Notice, ...]:
        """As `Model.notices`."""
        if self.gamma_over_alpha is not None:
            return ()
        return (
            Notice(
                "lql.gamma-over-alpha-derived",
                f"LQ-L: gamma/alpha was not given and is {self.slope:.4g} = 1 + 2 d_T / (alpha/beta) for d_T "
                f"{self.transition_dose_gy:g} Gy and alpha/beta {self.alpha_beta_gy:g} Gy, the smooth transition",
            ),
        )

    def terms(self, functions: Any, dose: Any) -> tuple[Any, Any]:
        """As `Model.terms`."""
        return linear_tail(functions, dose, self.transition_dose_gy, self.gamma_over_alpha)

    def inverse(self, functions: Any, bed: Any) -> Any:
        """As `Model.inverse`."""
        return linear_tail_inverse(functions, bed, self.alpha_beta_gy, self.transition_dose_gy, self.slope)


def linear_tail(functions: Any, dose: Any, transition: float, slope: float | None) -> tuple[Any, Any]:
    """The terms of LQ below and of a straight line above the transition: its tangent where `slope` is None."""
    below = functions.minimum(dose, transition)
    above = dose - below
    if slope is None:
        return dose, below * below + 2.0 * transition * above
    return below + slope * above, below * below


def linear_tail_inverse(functions: Any, bed: Any, ratio: float, transition: float, slope: float) -> Any:
    """The dose of a BED in LQ below and on a straight line above the transition."""
    below = functions.minimum(bed, transition * (1.0 + transition / ratio))
    return quadratic_inverse(functions, below, ratio) + (bed - below) / slope


@dataclass(frozen=True, slots=True, kw_only=True)
class USC(_Fractions):
    """The universal survival curve: LQ up to D_T, the line of the multitarget curve above.

    ``BED = (d - Dq) / (alpha D0)`` above ``D_T = 2 Dq / (1 - alpha D0)``; the smooth join makes
    ``beta = (1 - alpha D0)**2 / (4 D0 Dq)``, hence its own alpha/beta (Park 2008, IJROBP 70:847).

    Attributes
    ----------
    alpha_per_gy : float
        Initial slope in 1/Gy, 0.001 to 10.
    d0_gy : float
        Final slope of the survival curve D0 in Gy, ``alpha D0`` below 1.
    dq_gy : float
        Quasi-threshold dose Dq in Gy.

    Raises
    ------
    ParameterError
        If a parameter is out of range, or ``alpha D0`` is 1 or more.
    AlphaBetaError
        If the alpha/beta that follows is outside 0.1 to 100 Gy.

    Examples
    --------
    >>> model = USC(alpha_per_gy=0.33, d0_gy=1.25, dq_gy=1.8)
    >>> round(model.transition_dose_gy, 2), round(model.alpha_beta_gy, 1), round(model.bed_gy(60.0, fractions=3), 1)
    (6.13, 8.6, 132.4)
    """

    alpha_per_gy: float
    d0_gy: float
    dq_gy: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "alpha_per_gy", ALPHA.number(self.alpha_per_gy))
        object.__setattr__(self, "d0_gy", D0.number(self.d0_gy))
        object.__setattr__(self, "dq_gy", DQ.number(self.dq_gy))
        if self.alpha_per_gy * self.d0_gy >= 1.0:
            raise ParameterError(
                f"alpha D0 is {self.alpha_per_gy * self.d0_gy:g}",
                remedy="below 1, as the curve would otherwise start steeper than it ends",
            )
        lq.ratio_gy(self.alpha_beta_gy)

    @property
    def name(self) -> str:
        """As `Model.name`."""
        return "usc"

    @property
    def beta_per_gy2(self) -> float:
        """The beta of the smooth join in 1/Gy2."""
        return (1.0 - self.alpha_per_gy * self.d0_gy) ** 2 / (4.0 * self.d0_gy * self.dq_gy)

    @property
    def alpha_beta_gy(self) -> float:
        """As `Model.alpha_beta_gy`."""
        return self.alpha_per_gy / self.beta_per_gy2

    @property
    def alpha_beta(self) -> AlphaBeta:
        """The alpha/beta that follows from the parameters, with that as its source."""
        return AlphaBeta(
            value_gy=self.alpha_beta_gy, source="follows from the USC parameters alpha, D0 and Dq (Park 2008)"
        )

    @property
    def transition_dose_gy(self) -> float:
        """D_T in Gy."""
        return 2.0 * self.dq_gy / (1.0 - self.alpha_per_gy * self.d0_gy)

    @property
    def parameters(self) -> Mapping[str, float]:
        """As `Model.parameters`."""
        return {
            "alpha_per_gy": self.alpha_per_gy,
            "d0_gy": self.d0_gy,
            "dq_gy": self.dq_gy,
            "beta_per_gy2": self.beta_per_gy2,
            "transition_dose_gy": self.transition_dose_gy,
        }

    def terms(self, functions: Any, dose: Any) -> tuple[Any, Any]:
        """As `Model.terms`."""
        return linear_tail(functions, dose, self.transition_dose_gy, None)

    def inverse(self, functions: Any, bed: Any) -> Any:
        """As `Model.inverse`."""
        slope = 1.0 / (self.alpha_per_gy * self.d0_gy)
        return linear_tail_inverse(functions, bed, self.alpha_beta_gy, self.transition_dose_gy, slope)


@dataclass(frozen=True, slots=True)
class MLQ(_Fractions):
    """The modified linear-quadratic model for acute doses: the quadratic term saturates.

    ``BED = d + G(delta d) d**2 / R`` with the Lea-Catcheside G of `lea_catcheside_g`, that is
    ``d + 2 (delta d + exp(-delta d) - 1) / (R delta**2)``. The slope tends to ``1 + 2 / (R delta)``.
    Guerrero & Li 2004 (Phys Med Biol 49:4825), Carlone 2005; gLQ (Wang 2010) is the same function.

    Attributes
    ----------
    alpha_beta_gy : float
        alpha/beta ratio R in Gy, 0.1 to 100.
    delta_per_gy : float
        delta in 1/Gy, 1e-9 to 100; as it tends to 0 the model is LQ. There is no default.

    Examples
    --------
    >>> round(MLQ(10.0, delta_per_gy=0.15).bed_per_fraction_gy(24.0), 4)
    47.354
    """

    alpha_beta_gy: float
    delta_per_gy: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "alpha_beta_gy", lq.ratio_gy(self.alpha_beta_gy))
        object.__setattr__(self, "delta_per_gy", DELTA.number(self.delta_per_gy))

    @property
    def name(self) -> str:
        """As `Model.name`."""
        return "mlq"

    @property
    def parameters(self) -> Mapping[str, float]:
        """As `Model.parameters`."""
        return {"delta_per_gy": self.delta_per_gy}

    def terms(self, functions: Any, dose: Any) -> tuple[Any, Any]:
        """As `Model.terms`."""
        return dose, lea_catcheside(functions, self.delta_per_gy * dose) * dose * dose

    def inverse(self, functions: Any, bed: Any) -> Any:
        """As `Model.inverse`."""
        # BED is convex in the dose, so that Newton's steps fall towards the answer from the first one on
        dose = quadratic_inverse(functions, bed, self.alpha_beta_gy)
        bend = 2.0 / (self.alpha_beta_gy * self.delta_per_gy)
        for _ in range(NEWTON_STEPS):
            slope = 1.0 - bend * functions.expm1(-self.delta_per_gy * dose)
            short = bed - fraction_bed(self, functions, dose)
            dose = functions.maximum(dose + short / slope, 0.0)
        return dose


NEWTON_STEPS: Final = 12
"""Enough for 1e-12 over the whole range, as a test shows."""


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
    if not isinstance(model, LQ | LQL | USC | MLQ):
        raise ParameterError(f"{type(model).__name__} is no model", remedy="give LQ, LQL, USC or MLQ")
    return model
