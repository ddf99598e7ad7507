"""BED and EQD2 of doses in space: each voxel with its own dose per fraction, each phase with its own fractions.

LQ, full repair between fractions, no time factor (`rtfractions.biology.lq`). The dose per fraction is D / n of the
voxel, or of the point of a DVH, never the prescription's. Doses are interpolated before they are converted: a
converted grid, interpolated afterwards, reads too low where the dose is steep. Doses of phases are converted one by
one and then added; their physical sum is never converted.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from rtfractions.biology import lq
from rtfractions.biology.alpha_beta import AlphaBeta
from rtfractions.dosimetry.dvh import DVH
from rtfractions.errors import RTFractionsError, quoted
from rtfractions.grid import DoseGrid
from rtfractions.notices import Notice
from rtfractions.schedule import MAXIMUM_FRACTIONS

Floats = NDArray[np.float64]

Converted = Literal["bed", "eqd2"]
"""What a dose can be converted to."""

CHORD_TOLERANCE_GY: Final = 1e-6
"""How far a converted DVH may bend away from the line between two of its nodes; more nodes are put in between."""

MAXIMUM_NODES: Final = 200_000
"""About how many nodes a converted DVH has at most; beyond it the tolerance gives way."""

LOW_DOSE_PER_FRACTION_GY: Final = 0.5
"""Below this the LQ model is an extrapolation: cells can be more sensitive to very low doses."""


class ConversionError(RTFractionsError, ValueError):
    """A dose that must not be converted, or not as asked."""

    code = "conversion"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PhaseDose:
    """The dose of fractions that are given alike.

    Attributes
    ----------
    grid : DoseGrid
        The dose of all of them together.
    fractions : int
        How many they are, 1 to 1000.

    Raises
    ------
    ConversionError
        If that is no number of fractions.
    """

    grid: DoseGrid
    fractions: int

    def __post_init__(self) -> None:
        checked_fractions(self.fractions)


def checked_fractions(fractions: int) -> int:
    """A number of fractions.

    Raises
    ------
    ConversionError
        If it is not whole, or not 1 to 1000.
    """
    if isinstance(fractions, bool) or not isinstance(fractions, int | np.integer):
        raise ConversionError(f"{quoted(fractions)} is no number of fractions", remedy="give a whole number")
    if not 1 <= fractions <= MAXIMUM_FRACTIONS:
        problem = f"{quoted(fractions)} fractions cannot be"
        raise ConversionError(problem, remedy=f"a course has 1 to {MAXIMUM_FRACTIONS}")
    return int(fractions)


def convert_doses(dose_gy: Floats, *, quantity: Converted, fractions: int, alpha_beta_gy: float) -> Floats:
    """BED or EQD2 in Gy of an array of doses, each at its own dose per fraction; below 0 there is no effect.

    Parameters
    ----------
    dose_gy : ndarray of any shape
        Physical doses in Gy of all fractions together.
    quantity : {"bed", "eqd2"}
        What to convert to.
    fractions : int
        Number of equal fractions, 1 to 1000.
    alpha_beta_gy : float
        alpha/beta in Gy, 0.1 to 100.

    Raises
    ------
    ConversionError, DoseError, AlphaBetaError
        If the quantity, the number of fractions, a dose or alpha/beta cannot be.
    """
    if quantity not in ("bed", "eqd2"):
        raise ConversionError(f"{quoted(quantity)} is nothing to convert to", remedy="bed and eqd2 are")
    formula = lq.bed if quantity == "bed" else lq.eqd2
    result: Floats = formula(
        np.maximum(dose_gy, 0.0), fractions=checked_fractions(fractions), alpha_beta_gy=alpha_beta_gy
    )
    return result


def convert_dvh(dvh: DVH, *, quantity: Converted, fractions: int, alpha_beta_gy: float) -> DVH:
    """The DVH of BED or EQD2 where one uniform schedule gave the whole dose, by its dose axis.

    Parameters
    ----------
    dvh : DVH
        Of physical dose.
    quantity, fractions, alpha_beta_gy
        As for `convert_doses`.

    Returns
    -------
    DVH
        The conversion grows with dose, so that every node keeps its volume and doses to volumes convert with it.
        The mean does not: it is that of the converted doses, from the differential DVH.

    Raises
    ------
    ConversionError
        If the DVH is of converted dose already, or as `convert_doses`.
    """
    if dvh.quantity != "physical":
        problem = f"the DVH is of {dvh.quantity.upper()} already"
        raise ConversionError(problem, remedy="convert the one of physical dose")
    alpha_beta_gy = AlphaBeta(value_gy=alpha_beta_gy, source="argument").value_gy

    def converted(dose_gy: Floats) -> Floats:
        return convert_doses(dose_gy, quantity=quantity, fractions=fractions, alpha_beta_gy=alpha_beta_gy)

    at_0, at_1, at_2 = converted(np.arange(3.0))
    nodes_gy, volumes = _refined(dvh, at_2 - 2 * at_1 + at_0)
    low, high = np.maximum(nodes_gy[:-1], 0.0), np.maximum(nodes_gy[1:], 0.0)
    # Between nodes volume is spread evenly over dose. There Simpson's rule is exact for a quadratic.
    means = (converted(low) + 4 * converted((low + high) / 2) + converted(high)) / 6
    return replace(
        dvh,
        dose_gy=converted(nodes_gy),
        volume_cm3_at=volumes,
        minimum_gy=None if dvh.minimum_gy is None else float(converted(np.array([dvh.minimum_gy]))[0]),
        maximum_gy=float(converted(np.array([dvh.maximum_gy]))[0]),
        mean_gy=float(-np.diff(volumes) @ means / volumes[0]),
        quantity=quantity,
        alpha_beta_gy=alpha_beta_gy,
        notices=(*dvh.notices, *model_notices(dvh.maximum_gy, fractions)),
    )


def convert_phases(
    doses_gy: Sequence[Floats], *, fractions: Sequence[int], quantity: Converted, alpha_beta_gy: float
) -> Floats:
    """BED or EQD2 in Gy of phases at the same points: each is converted with its own fractions, and then added.

    Parameters
    ----------
    doses_gy : sequence of ndarray of one shape
        Physical doses of each phase in Gy, interpolated already: conversion comes after.
    fractions : sequence of int
        Number of fractions of each phase.
    quantity, alpha_beta_gy
        As for `convert_doses`.

    Raises
    ------
    ConversionError, DoseError, AlphaBetaError
        As `convert_doses`.
    """
    total = np.zeros_like(doses_gy[0])
    for dose_gy, own in zip(doses_gy, fractions, strict=True):
        total += convert_doses(dose_gy, quantity=quantity, fractions=own, alpha_beta_gy=alpha_beta_gy)
    return total


def model_notices(maximum_gy: float, fractions: int) -> tuple[Notice, ...]:
    """What the LQ model does not know about doses up to a maximum in so many fractions."""
    per_fraction = maximum_gy / fractions
    limit, reasonable = lq.WELL_VALIDATED_UP_TO_GY_PER_FRACTION, lq.REASONABLE_UP_TO_GY_PER_FRACTION
    if per_fraction > limit:
        beyond = per_fraction > reasonable
        message = (
            f"up to {per_fraction:.4g} Gy a fraction is above the {limit:g} Gy up to which LQ is reasonably well "
            f"validated, and {'above' if beyond else 'within'} the {reasonable:g} Gy up to which it is reasonable to "
            "use (Brenner 2008)"
        )
        return (Notice("lq.high-dose-per-fraction", message),)
    if per_fraction < LOW_DOSE_PER_FRACTION_GY:
        message = (
            f"no part gets more than {per_fraction:.2g} Gy a fraction: below {LOW_DOSE_PER_FRACTION_GY:g} Gy LQ is an "
            "extrapolation"
        )
        return (Notice("lq.low-dose-per-fraction", message),)
    return ()


def _refined(dvh: DVH, curvature_per_gy: float) -> tuple[Floats, Floats]:
    """The curve with nodes so close that a converted one hardly bends between them; doses and volumes."""
    dose, volume = dvh.dose_gy, dvh.volume_cm3_at
    if dose[0] < 0 < dose[-1]:  # doses below 0 all convert to 0: the bend there is a node
        at = int(np.searchsorted(dose, 0.0))
        volume = np.insert(volume, at, dvh.volume_with_at_least(0.0))
        dose = np.insert(dose, at, 0.0)
    width = np.where(np.diff(volume) < 0, np.diff(dose), 0.0)
    parts = np.ceil(width * np.sqrt(curvature_per_gy / (8 * CHORD_TOLERANCE_GY)))
    parts *= min(1.0, MAXIMUM_NODES / max(parts.sum(), 1.0))
    parts = np.maximum(np.ceil(parts), 1).astype(np.int64)
    interval = np.repeat(np.arange(len(parts)), parts)
    nth = np.arange(len(interval)) - np.repeat(np.cumsum(parts) - parts, parts)
    part = nth / parts[interval]
    # The bounds keep rounding from breaking the order of the nodes.
    doses = np.minimum(dose[interval] + part * np.diff(dose)[interval], dose[interval + 1])
    volumes = np.maximum(volume[interval] + part * np.diff(volume)[interval], volume[interval + 1])
    return np.append(doses, dose[-1]), np.append(volumes, volume[-1])
