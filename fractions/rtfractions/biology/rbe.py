"""Relative biological effectiveness: a constant factor, and published models of proton RBE against LET.

A constant RBE weights the dose before LQ; what comes out is Gy(RBE). The models of a variable RBE are **unverified**:
their coefficients were seen in another program (matRad), not in the papers, and matRad's McNamara model has 0.999064
where 0.99064 stands here. They are used by explicit name only and carry a notice that says so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from rtfractions.biology.arguments import ParameterError
from rtfractions.biology.elementwise import Values, elementwise
from rtfractions.biology.lq import ratio_gy
from rtfractions.biology.quantities import DOSE, DOSE_PER_FRACTION, FRACTIONS, Quantity
from rtfractions.errors import quoted
from rtfractions.notices import Notice

RBE: Final = Quantity("RBE", 0.1, 10.0)
LET: Final = Quantity("dose-averaged LET", 0.0, 100.0, "keV/um")

FIT_UP_TO_KEV_PER_UM: Final = 20.0
"""Dose-averaged LET up to about which the models were fitted."""

PROTON_RBE: Final = 1.1
"""The clinical convention for protons: Gy(RBE) is 1.1 times the dose."""


def rbe_weighted_dose(dose_gy: Values, *, rbe: float) -> Values:
    """Dose in Gy(RBE): the dose times a constant RBE, before any conversion to BED.

    Parameters
    ----------
    dose_gy : float or array_like
        Dose in Gy, 0 to 1e6.
    rbe : float
        0.1 to 10; 1.1 (`PROTON_RBE`) is the convention for protons. There is no default.

    Raises
    ------
    DoseError, ParameterError
        If a value is out of range.

    Examples
    --------
    >>> round(rbe_weighted_dose(60.0, rbe=PROTON_RBE), 9)
    66.0
    """
    factor = RBE.number(rbe)
    result: Values = elementwise(lambda _, dose: dose * factor, (dose_gy, DOSE))
    return result


@dataclass(frozen=True, slots=True)
class VariableRBE:
    """A published model of proton RBE, unverified.

    Attributes
    ----------
    name : str
        Its name here.
    source : str
        The paper, and where the coefficients were seen.
    limits : callable
        RBE_max and RBE_min of the functions of numpy, LET and alpha/beta.
    """

    name: str
    source: str
    limits: Callable[[Any, Any, float], tuple[Any, Any]]


VARIABLE_RBE: Final = {
    model.name: model
    for model in (
        VariableRBE(
            "wedenberg-2013",
            "Wedenberg 2013, Acta Oncol; coefficients as in matRad",
            lambda _, let, ratio: (1.0 + 0.434 * let / ratio, 1.0 + 0.0 * let),
        ),
        VariableRBE(
            "carabe-2007",
            "Carabe-Fernandez 2007, IJRB; coefficients as in matRad",
            lambda _, let, ratio: (0.843 + 0.154 * 2.686 * let / ratio, 1.09 + 0.006 * 2.686 * let / ratio),
        ),
        VariableRBE(
            "mcnamara-2015",
            "McNamara 2015, Phys Med Biol 60:8399; coefficients from memory, matRad has 0.999064 for 0.99064",
            lambda _, let, ratio: (
                0.99064 + 0.35605 * let / ratio,
                1.1012 - 0.0038703 * ratio**0.5 * let,
            ),
        ),
    )
}
"""The models by name. None is a default."""


def rbe_variable(
    dose_per_fraction_gy: Values, *, let_kev_per_um: Values | float, alpha_beta_gy: float, rbe_model: str
) -> Values:
    """Proton RBE at a dose per fraction: ``[sqrt(R**2 + 4 d R RBE_max + 4 d**2 RBE_min**2) - R] / (2 d)``.

    Parameters
    ----------
    dose_per_fraction_gy : float or array_like
        Proton dose per fraction d in Gy, 0 to 1e6. As d tends to 0 the RBE tends to RBE_max.
    let_kev_per_um : float or array_like
        Dose-averaged LET in keV/um, 0 to 100, of a shape that goes with the dose's; the fits end at about 20
        (`rbe_notices`).
    alpha_beta_gy : float
        alpha/beta ratio of photons R in Gy, 0.1 to 100.
    rbe_model : str
        ``"wedenberg-2013"``, ``"carabe-2007"`` or ``"mcnamara-2015"``: unverified, see the head of this module.

    Raises
    ------
    DoseError, ParameterError, AlphaBetaError
        If a value is out of range, or RBE_min is not above 0.

    Examples
    --------
    >>> round(rbe_variable(2.0, let_kev_per_um=2.5, alpha_beta_gy=2.0, rbe_model="carabe-2007"), 6)
    1.185965
    """
    model, ratio = _named(rbe_model), ratio_gy(alpha_beta_gy)

    def formula(functions: Any, dose: Any, let: Any) -> Any:
        highest, lowest = _limits(functions, model, let, ratio)
        root = functions.sqrt(ratio * ratio + 4.0 * dose * (ratio * highest + dose * lowest * lowest))
        # multiplied out, so that nothing cancels and d = 0 divides nothing by nothing
        return 2.0 * (ratio * highest + dose * lowest * lowest) / (root + ratio)

    result: Values = elementwise(formula, (dose_per_fraction_gy, DOSE_PER_FRACTION), (let_kev_per_um, LET))
    return result


def bed_variable_rbe(
    total_dose_gy: Values,
    *,
    fractions: float,
    let_kev_per_um: Values | float,
    alpha_beta_gy: float,
    rbe_model: str,
) -> Values:
    """BED in Gy of proton fractions: ``D (RBE_max + RBE_min**2 d / R)``.

    Parameters
    ----------
    total_dose_gy : float or array_like
        Total proton dose in Gy, without any RBE weight, 0 to 1e6.
    fractions : float
        Number of fractions, 0.001 to 1e6.
    let_kev_per_um, alpha_beta_gy, rbe_model
        As for `rbe_variable`.

    Raises
    ------
    DoseError, ParameterError, AlphaBetaError
        As `rbe_variable`.
    """
    model, ratio, n = _named(rbe_model), ratio_gy(alpha_beta_gy), FRACTIONS.number(fractions)

    def formula(functions: Any, dose: Any, let: Any) -> Any:
        highest, lowest = _limits(functions, model, let, ratio)
        return dose * (highest + lowest * lowest * dose / (n * ratio))

    result: Values = elementwise(formula, (total_dose_gy, DOSE), (let_kev_per_um, LET))
    return result


def rbe_notices(let_kev_per_um: Any, *, rbe_model: str) -> tuple[Notice, ...]:
    """What must travel with a variable RBE: that its model is unverified, and where LET is beyond its fit.

    Parameters
    ----------
    let_kev_per_um : float or array_like
        Dose-averaged LET in keV/um, 0 to 100.
    rbe_model : str
        As for `rbe_variable`.
    """
    model = _named(rbe_model)
    beyond = elementwise(lambda _, let: (let > FIT_UP_TO_KEV_PER_UM) * 1.0, (let_kev_per_um, LET))
    notices = [Notice("rbe.unverified", f"variable RBE {model.name} is unverified ({model.source})")]
    number = beyond if isinstance(beyond, float) else float(beyond.sum())
    if number:
        notices.append(
            Notice(
                "rbe.let-outside-fit",
                f"{number:.0f} values of LET are above the {FIT_UP_TO_KEV_PER_UM:g} keV/um up to about which "
                f"{model.name} was fitted",
            )
        )
    return tuple(notices)


def _named(rbe_model: Any) -> VariableRBE:
    if not isinstance(rbe_model, str) or rbe_model not in VARIABLE_RBE:
        raise ParameterError(
            f"{quoted(rbe_model)} is no model of RBE", remedy=f"one of {', '.join(VARIABLE_RBE)}"
        )
    return VARIABLE_RBE[rbe_model]


def _limits(functions: Any, model: VariableRBE, let: Any, ratio: float) -> tuple[Any, Any]:
    highest, lowest = model.limits(functions, let, ratio)
    if float(lowest if isinstance(lowest, float) else lowest.min(initial=1.0)) <= 0.0:
        raise ParameterError(
            f"RBE_min of {model.name} falls to 0 at this LET and alpha/beta", remedy="stay within its fit"
        )
    return highest, lowest
