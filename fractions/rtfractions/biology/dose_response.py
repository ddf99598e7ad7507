"""Probabilities from doses: what NTCP and TCP share, and the curves that serve both.

Every number comes with its parameters and their provenance, and is indicative: it speaks of the patients, the
endpoint and the kind of dose that the parameters were fitted to.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Final, Protocol

from rtfractions.biology.alpha_beta import as_float
from rtfractions.biology.arguments import ParameterError, float_array, like_input, number, text
from rtfractions.biology.eud import dvh_bins, geud
from rtfractions.biology.provenance import DoseBasis, Outcome, Provenance, checked_provenance
from rtfractions.biology.quantities import DOSE, DoseError
from rtfractions.errors import quoted
from rtfractions.notices import Notice

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

SMALLEST_D50_GY: Final = 1e-2
LARGEST_D50_GY: Final = 1e5
"""Range of a dose of 50 % probability."""

SMALLEST_GAMMA50: Final = 1e-2
LARGEST_GAMMA50: Final = 1e2
"""Range of gamma50, the normalised slope at 50 %."""


class Model(Protocol):
    """Parameters of a model, with its name and where they come from."""

    model: ClassVar[str]

    @property
    def provenance(self) -> Provenance:
        """Who says so, for what."""


class Curve(Model, Protocol):
    """Parameters of a model, which give the probability of a DVH."""

    def respond(
        self, doses: NDArray[np.float64], fractions: NDArray[np.float64], risk_factors: Mapping[str, bool]
    ) -> tuple[float, float | None]:
        """The probability of checked bins, and the equivalent uniform dose it came from where it has one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DoseResponse:
    """A probability with all that it rests on.

    Attributes
    ----------
    outcome : str
        ``"ntcp"`` or ``"tcp"``.
    probability : float
        0 to 1.
    model : str
        The model's name.
    parameters : Model
        Its parameters, with their provenance.
    eud_gy : float or None
        The equivalent uniform dose in Gy of the reduction, where the model has one.
    dose_basis : DoseBasis
        The kind of dose that was given.
    notices : tuple of Notice
        What a reader must know.
    """

    outcome: Outcome
    probability: float
    model: str
    parameters: Model
    eud_gy: float | None
    dose_basis: DoseBasis
    notices: tuple[Notice, ...]


def evaluate(
    doses_gy: ArrayLike,
    volumes: ArrayLike,
    *,
    outcome: Outcome,
    dose_basis: DoseBasis,
    parameters: Curve,
    kinds: tuple[type, ...],
    risk_factors: Mapping[str, bool] | None,
) -> DoseResponse:
    """The probability of a DVH: see `dvh_ntcp` and `dvh_tcp`, which name the `kinds` of parameters they take."""
    if not isinstance(parameters, kinds):
        raise ParameterError(
            f"the parameters are {quoted(parameters)}",
            remedy=f"give one of {', '.join(kind.__name__ for kind in kinds)}",
        )
    if parameters.provenance.outcome != outcome:
        raise ParameterError(
            f"the parameters ({parameters.provenance.source}) are of {parameters.provenance.outcome.upper()}",
            remedy=f"choose parameters of {outcome.upper()}",
        )
    notices = parameters.provenance.notices(dose_basis)
    bins = dvh_bins(doses_gy, volumes)
    factors = _risk_factors(risk_factors, getattr(parameters, "log_odds", {}))
    probability, eud_gy = parameters.respond(*bins, factors)
    return DoseResponse(
        outcome=outcome,
        probability=probability,
        model=parameters.model,
        parameters=parameters,
        eud_gy=eud_gy,
        dose_basis=dose_basis,
        notices=notices,
    )


def _risk_factors(given: Mapping[str, bool] | None, known: Mapping[str, float]) -> Mapping[str, bool]:
    """The risk factors of a patient: each one of the model stated, and no other."""
    factors = {} if given is None else given
    if not isinstance(factors, Mapping) or not all(isinstance(value, bool) for value in factors.values()):
        raise ParameterError(f"the risk factors are {quoted(given)}", remedy="map each name to True or False")
    if set(factors) != set(known):
        asked = ", ".join(sorted(known)) if known else "none"
        raise ParameterError(
            f"the risk factors given are {quoted(', '.join(sorted(map(str, factors))) or 'none')}",
            remedy=f"state each that the model has, and no other: {asked}",
        )
    return factors


def effective_dose(
    doses: NDArray[np.float64], fractions: NDArray[np.float64], a: float | None, source: str
) -> float:
    """The gEUD that a curve is read at; parameters without `a` bear a uniform dose only."""
    if a is None:
        if doses.min() != doses.max():
            raise ParameterError(
                f"the parameters ({source}) have no volume parameter a",
                remedy="they serve a uniform dose only",
            )
        return float(doses[0])
    return geud(doses, fractions, a=a)


def checked_dose(eud_gy: ArrayLike) -> NDArray[np.float64]:
    """Doses that a curve is read at."""
    return float_array(eud_gy, "doses in Gy", low=DOSE.low, high=DOSE.high, error=DoseError)


def set_d50_and_gamma50(curve: Any) -> None:
    """Check the two parameters that most curves share, and the provenance."""
    d50 = number(curve.d50_gy, "D50", low=SMALLEST_D50_GY, high=LARGEST_D50_GY)
    gamma50 = number(curve.gamma50, "gamma50", low=SMALLEST_GAMMA50, high=LARGEST_GAMMA50)
    object.__setattr__(curve, "d50_gy", d50)
    object.__setattr__(curve, "gamma50", gamma50)
    set_a(curve)
    checked_provenance(curve.provenance)


def set_a(curve: Any) -> None:
    """Check the volume parameter, which may be absent."""
    if curve.a is not None:
        a = as_float(curve.a)
        if a is None or math.isnan(a):
            raise ParameterError(f"a is {quoted(curve.a)}", remedy="give a number, or None for uniform doses")
        object.__setattr__(curve, "a", a)


def expit(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """``1 / (1 + exp(-x))`` without overflow."""
    import numpy as np

    small = np.exp(-np.abs(x))
    return np.asarray(np.where(x >= 0.0, 1.0, small) / (1.0 + small))


def poisson_logarithm(doses: NDArray[np.float64], *, d50_gy: float, gamma50: float) -> NDArray[np.float64]:
    """Natural logarithm of ``2^(-exp(e gamma50 (1 - D / D50)))``, the Poisson curve of Källman 1992."""
    import numpy as np

    return np.asarray(-math.log(2.0) * np.exp(math.e * gamma50 * (1.0 - doses / d50_gy)))


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLogistic:
    """Niemierko's logit model: ``1 / (1 + (D50 / EUD)^(4 gamma50))``; no dose gives 0.

    Attributes
    ----------
    d50_gy : float
        TD50 or TCD50 in Gy, 0.01 to 1e5.
    gamma50 : float
        Normalised slope at 50 %, 0.01 to 100.
    a : float or None
        Volume parameter of the gEUD; None where none was published: then a uniform dose only is taken.
    provenance : Provenance
        Who says so, for what.

    Notes
    -----
    Niemierko 1999 (Med Phys 26:1100).
    """

    model: ClassVar[str] = "log-logistic"
    d50_gy: float
    gamma50: float
    a: float | None
    provenance: Provenance

    def __post_init__(self) -> None:
        set_d50_and_gamma50(self)

    def probability(self, eud_gy: ArrayLike) -> Any:
        """The probability of uniform doses in Gy, a float or an array of the shape given."""
        import numpy as np

        doses = checked_dose(eud_gy)
        with np.errstate(divide="ignore"):  # log(0) is -inf, and its probability 0
            return like_input(expit(4.0 * self.gamma50 * np.log(doses / self.d50_gy)))

    def respond(
        self, doses: NDArray[np.float64], fractions: NDArray[np.float64], risk_factors: Mapping[str, bool]
    ) -> tuple[float, float | None]:
        """As `Curve.respond`."""
        eud = effective_dose(doses, fractions, self.a, self.provenance.source)
        return self.probability(eud), eud


@dataclass(frozen=True, slots=True, kw_only=True)
class PoissonGamma50:
    """The Poisson curve in D50 and gamma50: ``2^(-exp(e gamma50 (1 - EUD / D50)))``.

    Attributes are those of `LogLogistic`.

    Notes
    -----
    Källman 1992 (Int J Radiat Biol 62:249). At no dose it gives ``2^(-exp(e gamma50))``, not 0.
    """

    model: ClassVar[str] = "poisson-gamma50"
    d50_gy: float
    gamma50: float
    a: float | None
    provenance: Provenance

    def __post_init__(self) -> None:
        set_d50_and_gamma50(self)

    def probability(self, eud_gy: ArrayLike) -> Any:
        """The probability of uniform doses in Gy, a float or an array of the shape given."""
        import numpy as np

        logarithm = poisson_logarithm(checked_dose(eud_gy), d50_gy=self.d50_gy, gamma50=self.gamma50)
        return like_input(np.exp(logarithm))

    def respond(
        self, doses: NDArray[np.float64], fractions: NDArray[np.float64], risk_factors: Mapping[str, bool]
    ) -> tuple[float, float | None]:
        """As `Curve.respond`."""
        eud = effective_dose(doses, fractions, self.a, self.provenance.source)
        return self.probability(eud), eud


@dataclass(frozen=True, slots=True, kw_only=True)
class LinearLogistic:
    """Logistic regression on the gEUD: ``1 / (1 + exp(-(b0 + b1 EUD + sum of log odds ratios)))``.

    Attributes
    ----------
    intercept : float
        b0, -1000 to 1000.
    per_gy : float
        b1 in 1/Gy, 1e-7 to 1e5.
    a : float or None
        Volume parameter of the gEUD, 1 for the mean dose; None for a uniform dose only.
    log_odds : mapping of str to float
        Natural logarithm of the odds ratio of each risk factor of the patient; a result needs each one stated.
    provenance : Provenance
        Who says so, for what.

    Notes
    -----
    With ``b0 = -4 gamma50`` and ``b1 = 4 gamma50 / D50`` (`from_d50`) this is the logit of TG-166 2012, eq. 10,
    there cited from Okunieff 1995; odds ratios as Appelt 2014 (Acta Oncol 53:605). It is not Niemierko's logit
    model, which goes with the logarithm of the dose.
    """

    model: ClassVar[str] = "linear-logistic"
    intercept: float
    per_gy: float
    a: float | None
    provenance: Provenance
    log_odds: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "intercept", number(self.intercept, "the intercept", low=-1e3, high=1e3))
        object.__setattr__(self, "per_gy", number(self.per_gy, "the slope", low=1e-7, high=1e5))
        set_a(self)
        if not isinstance(self.log_odds, Mapping):
            raise ParameterError(f"the log odds are {quoted(self.log_odds)}", remedy="map names to numbers")
        odds = {
            text(name, "a risk factor"): number(value, f"log odds of {name}", low=-100.0, high=100.0)
            for name, value in self.log_odds.items()
        }
        object.__setattr__(self, "log_odds", odds)  # a copy, and one that goes to other processes
        checked_provenance(self.provenance)

    @classmethod
    def from_d50(
        cls,
        *,
        d50_gy: float,
        gamma50: float,
        a: float | None,
        provenance: Provenance,
        odds_ratios: Mapping[str, float] | None = None,
    ) -> LinearLogistic:
        """The same curve from D50 in Gy, gamma50 and odds ratios."""
        d50 = number(d50_gy, "D50", low=SMALLEST_D50_GY, high=LARGEST_D50_GY)
        gamma = number(gamma50, "gamma50", low=SMALLEST_GAMMA50, high=LARGEST_GAMMA50)
        if odds_ratios is not None and not isinstance(odds_ratios, Mapping):
            raise ParameterError(f"the odds ratios are {quoted(odds_ratios)}", remedy="map names to numbers")
        log_odds = {
            name: math.log(number(ratio, f"the odds ratio of {quoted(name)}", low=1e-6, high=1e6))
            for name, ratio in (odds_ratios or {}).items()
        }
        return cls(
            intercept=-4.0 * gamma,
            per_gy=4.0 * gamma / d50,
            a=a,
            log_odds=log_odds,
            provenance=provenance,
        )

    def probability(self, eud_gy: ArrayLike, *, risk_factors: Mapping[str, bool] | None = None) -> Any:
        """The probability of uniform doses in Gy for a patient whose risk factors are each stated."""
        doses = checked_dose(eud_gy)
        factors = _risk_factors(risk_factors, self.log_odds)
        shift = sum(self.log_odds[name] for name, present in factors.items() if present)
        return like_input(expit(self.intercept + self.per_gy * doses + shift))

    def respond(
        self, doses: NDArray[np.float64], fractions: NDArray[np.float64], risk_factors: Mapping[str, bool]
    ) -> tuple[float, float | None]:
        """As `Curve.respond`."""
        eud = effective_dose(doses, fractions, self.a, self.provenance.source)
        return self.probability(eud, risk_factors=risk_factors), eud
