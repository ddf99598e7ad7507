"""DVHs of BED and EQD2 of a model, whose dose one schedule gave, or several phases."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from rtfractions.dosimetry.conversion import Converted, PhaseDose, convert_dvh, convert_phases, model_notices
from rtfractions.dosimetry.dvh import DVH
from rtfractions.dosimetry.engine import InterpolationOption, model_dvh
from rtfractions.dosimetry.modelling import Model
from rtfractions.dosimetry.phases import Phases

Floats = NDArray[np.float64]


def converted_dvh(
    model: Model,
    physical: DVH,
    phases: Phases,
    *,
    quantity: Converted,
    alpha_beta_gy: float,
    dose_interpolation: InterpolationOption = "auto",
) -> DVH:
    """The DVH of BED or EQD2 of a model, whether one schedule gave the dose or several fraction groups did.

    Parameters
    ----------
    model : Model
        The structure or region.
    physical : DVH
        Its DVH of physical dose.
    phases : Phases
        The dose in parts of one number of fractions each.
    quantity, alpha_beta_gy
        As for `conversion.convert_dvh`.
    dose_interpolation : str
        As `physical` was computed.

    Raises
    ------
    RTFractionsError
        As `conversion.convert_dvh` and `engine.model_dvh`.
    """
    if len(phases.doses) == 1:
        fractions = phases.doses[0].fractions
        return convert_dvh(physical, quantity=quantity, fractions=fractions, alpha_beta_gy=alpha_beta_gy)
    return _summed(model, phases.doses, dose_interpolation, quantity, alpha_beta_gy)


def _summed(
    model: Model,
    phases: Sequence[PhaseDose],
    dose_interpolation: InterpolationOption,
    quantity: Converted,
    alpha_beta_gy: float,
) -> DVH:
    """The DVH of the sum of the phases' converted doses, with what the LQ model does not know of each."""
    found = summed_dvh(
        model,
        phases,
        quantity=quantity,
        alpha_beta_gy=alpha_beta_gy,
        dose_interpolation=dose_interpolation,
    )
    notices = list(found.notices)
    for phase in phases:
        alone = model_dvh(model, (phase.grid,), dose_interpolation=dose_interpolation)
        notices += model_notices(alone.maximum_gy, phase.fractions)
    return replace(found, notices=tuple(dict.fromkeys(notices)))


def summed_dvh(
    model: Model,
    phases: Sequence[PhaseDose],
    *,
    quantity: Converted,
    alpha_beta_gy: float,
    dose_interpolation: InterpolationOption = "auto",
) -> DVH:
    """The DVH of the sum of the phases' converted doses, point by point: their physical sum cannot be converted.

    Parameters
    ----------
    model : Model
        The structure or region.
    phases : sequence of PhaseDose
        Each with its dose and its number of fractions.
    quantity, alpha_beta_gy, dose_interpolation
        As for `converted_dvh`.

    Raises
    ------
    RTFractionsError
        As `engine.model_dvh`.
    """

    def convert(doses_gy: Sequence[Floats]) -> Floats:
        fractions = [phase.fractions for phase in phases]
        return convert_phases(doses_gy, fractions=fractions, quantity=quantity, alpha_beta_gy=alpha_beta_gy)

    return model_dvh(
        model,
        [phase.grid for phase in phases],
        convert,
        dose_interpolation=dose_interpolation,
        quantity=quantity,
        alpha_beta_gy=alpha_beta_gy,
    )
