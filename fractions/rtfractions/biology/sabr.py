"""Local control after stereotactic ablative radiotherapy of the lung: a threshold flag, and one unverified model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final

from rtfractions.biology.arguments import ParameterError, float_array, like_input, number
from rtfractions.biology.dose_response import DoseResponse, checked_dose, expit
from rtfractions.biology.provenance import DoseBasis, Provenance, checked_provenance
from rtfractions.biology.quantities import DOSE, DoseError, Quantity
from rtfractions.errors import quoted

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

_DIAMETER: Final = Quantity("the largest diameter", 1e-2, 1e2, "cm", DoseError)

SABR_THRESHOLD_BED10_GY: Final = 100.0
SABR_UPPER_BED10_GY: Final = 146.0
SABR_SOURCE: Final = (
    "Cancer Care Ontario guideline on SABR for lung cancer (PMC5330637): BED10 (LQ) of 100 Gy or more, "
    "above 146 Gy to be avoided"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SABRFlag:
    """Whether a lung SABR schedule reaches the BED that guidelines ask for: a flag, no probability.

    Attributes
    ----------
    bed10_gy : float
        BED of the schedule in Gy, plain LQ, alpha/beta 10 Gy.
    reaches_threshold : bool
        Whether that is at least 100 Gy (with 1e-6 Gy of slack, as every limit).
    above_upper : bool
        Whether it is above the 146 Gy that the source says to avoid.
    source : str
        The source of both limits.
    """

    bed10_gy: float
    reaches_threshold: bool
    above_upper: bool
    source: str = SABR_SOURCE


def sabr_flag(bed10_gy: float) -> SABRFlag:
    """Hold the BED10 of a lung SABR schedule against the threshold of 100 Gy.

    Parameters
    ----------
    bed10_gy : float
        BED in Gy at alpha/beta 10 Gy in the plain LQ model, 0 to 1e6.

    Raises
    ------
    DoseError
        If it is no such number.

    Examples
    --------
    >>> sabr_flag(105.6).reaches_threshold, sabr_flag(93.75).reaches_threshold
    (True, False)
    """
    value = DOSE.number(bed10_gy)
    slack = 1e-6
    return SABRFlag(
        bed10_gy=value,
        reaches_threshold=value >= SABR_THRESHOLD_BED10_GY - slack,
        above_upper=value > SABR_UPPER_BED10_GY + slack,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeAdjustedTCP:
    """Two-year control from the size-adjusted BED: ``expit((BED10 - c L - TCD50) / k)``.

    Attributes
    ----------
    c_gy_per_cm : float
        BED10 in Gy that each cm of largest diameter costs, 0 to 1000.
    k_gy : float
        Width of the curve in Gy, 0.01 to 1e4.
    tcd50_gy : float
        Size-adjusted BED10 in Gy of 50 % control, -1e4 to 1e4.
    provenance : Provenance
        Who says so; the dose basis is BED with alpha/beta 10 Gy.

    Notes
    -----
    Form of Ohri 2012 (IJROBP 84:e379). Its published parameters were never seen here: the set
    ``ohri-2012-lung-sabr`` is from memory and says so in every result.
    """

    model: ClassVar[str] = "size-adjusted-bed"
    c_gy_per_cm: float
    k_gy: float
    tcd50_gy: float
    provenance: Provenance

    def __post_init__(self) -> None:
        object.__setattr__(self, "c_gy_per_cm", number(self.c_gy_per_cm, "c", low=0.0, high=1e3))
        object.__setattr__(self, "k_gy", number(self.k_gy, "k", low=1e-2, high=1e4))
        object.__setattr__(self, "tcd50_gy", number(self.tcd50_gy, "TCD50", low=-1e4, high=1e4))
        basis = checked_provenance(self.provenance).dose_basis
        if basis.quantity != "bed" or self.provenance.outcome != "tcp":
            raise ParameterError(
                "the size-adjusted model gives TCP from BED", remedy="say so in the provenance"
            )

    def probability(self, bed_gy: ArrayLike, *, largest_diameter_cm: ArrayLike) -> Any:
        """TCP of BEDs in Gy and largest diameters in cm (0.01 to 100); the two broadcast."""
        import numpy as np

        beds = checked_dose(bed_gy)
        lengths = float_array(
            largest_diameter_cm, "diameters in cm", low=_DIAMETER.low, high=_DIAMETER.high, error=DoseError
        )
        try:
            np.broadcast_shapes(beds.shape, lengths.shape)
        except ValueError:
            raise DoseError(
                f"doses of shape {beds.shape} and diameters of shape {lengths.shape}",
                remedy="give one for each",
            ) from None
        x = (beds - self.c_gy_per_cm * lengths - self.tcd50_gy) / self.k_gy
        return like_input(expit(np.asarray(x)))


def tcp_size_adjusted(
    bed_gy: float, *, largest_diameter_cm: float, dose_basis: DoseBasis, parameters: SizeAdjustedTCP
) -> DoseResponse:
    """Local control of one lesion from its BED and largest diameter.

    Parameters
    ----------
    bed_gy : float
        BED of the schedule in Gy.
    largest_diameter_cm : float
        Largest diameter in cm, 0.01 to 100.
    dose_basis : DoseBasis
        BED, with its alpha/beta.
    parameters : SizeAdjustedTCP
        The parameters: there is no default.

    Raises
    ------
    DoseError, ParameterError
        If an argument is no number in its range, or the parameters are of another dose.

    Examples
    --------
    >>> from rtfractions.biology.parameter_sets import parameter_set
    >>> control = tcp_size_adjusted(
    ...     151.2, largest_diameter_cm=2, dose_basis=DoseBasis(quantity="bed", alpha_beta_gy=10),
    ...     parameters=parameter_set("ohri-2012-lung-sabr"),
    ... )
    >>> round(control.probability, 6), control.notices[-1].code
    (0.985688, 'dose-response.unverified-parameters')
    """
    if not isinstance(parameters, SizeAdjustedTCP):
        raise ParameterError(f"the parameters are {quoted(parameters)}", remedy="give a SizeAdjustedTCP")
    notices = parameters.provenance.notices(dose_basis)
    bed = DOSE.number(bed_gy)
    length = _DIAMETER.number(largest_diameter_cm)
    return DoseResponse(
        outcome="tcp",
        probability=parameters.probability(bed, largest_diameter_cm=length),
        model=parameters.model,
        parameters=parameters,
        eud_gy=None,
        dose_basis=dose_basis,
        notices=notices,
    )
