"""Models that bend less steeply than LQ at high dose per fraction: `models` has the table of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from rtfractions.biology import lq
from rtfractions.biology.alpha_beta import AlphaBeta
from rtfractions.biology.arguments import ParameterError
from rtfractions.biology.models import FractionModel, fraction_bed, quadratic_inverse
from rtfractions.biology.protraction_factor import lea_catcheside
from rtfractions.biology.quantities import ALPHA, Quantity
from rtfractions.notices import Notice

TRANSITION_DOSE: Final = Quantity("the transition dose", 1e-3, 1e6, "Gy")
GAMMA_OVER_ALPHA: Final = Quantity("gamma/alpha", 1e-3, 1e6)
D0: Final = Quantity("D0", 1e-3, 1e3, "Gy")
DQ: Final = Quantity("Dq", 1e-3, 1e3, "Gy")
DELTA: Final = Quantity("delta", 1e-9, 100.0, "per Gy")


@dataclass(frozen=True, slots=True)
class LQL(FractionModel):
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
            tangent = 1.0 + 2.0 * self.transition_dose_gy / self.alpha_beta_gy
            if self.gamma_over_alpha <= tangent * (1.0 + 1e-9):
                return ()
            return (
                Notice(
                    "lql.steeper-than-lq",
                    f"LQ-L: gamma/alpha {self.gamma_over_alpha:g} is steeper than the tangent "
                    f"{tangent:.4g} = 1 + 2 d_T / (alpha/beta) at d_T {self.transition_dose_gy:g} Gy and "
                    f"alpha/beta {self.alpha_beta_gy:g} Gy: just above the transition the BED is above that of LQ",
                ),
            )
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
class USC(FractionModel):
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
    def own_alpha_beta(self) -> AlphaBeta:
        """As `Model.own_alpha_beta`: it follows from alpha, D0 and Dq."""
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
class MLQ(FractionModel):
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
