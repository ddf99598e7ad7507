"""Metrics of a DVH: a value with what it rests on, or why there is none; never 0 for an absent one."""

import math
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final

from rtfractions.dosimetry.dvh import DVH
from rtfractions.metrics import Metric, MetricError, MetricKind, MetricUnit

DOSE_SLACK_GY: Final = 1e-6
"""A volume with at least a dose counts what is this much below it, as every limit of this program does."""

VOLUME_SLACK_CM3: Final = 1e-6
"""A structure may be this much smaller than the volume asked for."""

COMPLETE: Final = 1 - 1e-9
"""Covered fraction from which on every dose of a structure counts as known."""

MINIMUM_COVERED_FRACTION: Final = 0.95
"""Below this what is said of a structure as a whole (a mean, a percentage of its volume, what it was spared) is
not evaluable. What is said of its hottest cm3 is then still a lower bound."""

MAXIMUM_PRESCRIPTION_GY: Final = 10_000.0
"""Largest prescription that a percentage is taken of; plans above 200 Gy are refused where they are read."""


class Bound(StrEnum):
    """What a value is where the dose of part of the structure is not known."""

    EXACT = "exact"
    """The dose of the whole structure is known."""
    AT_LEAST = "at_least"
    """The true value is this or more, whatever the unknown doses are."""
    AT_MOST = "at_most"
    """The true value is this or less, whatever the unknown doses are."""
    COVERED_PART = "covered_part"
    """The value of the part whose dose is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """The value of a metric.

    Attributes
    ----------
    metric : Metric
        What was asked.
    value : float
        In `unit`; not rounded.
    unit : MetricUnit
        Gy, % or cc (cm3).
    covered_fraction : float
        Part of the structure's volume whose dose is known.
    bound : Bound
        What the value is where that is not all of it.
    """

    metric: Metric
    value: float
    unit: MetricUnit
    covered_fraction: float
    bound: Bound


def evaluate(
    metric: Metric, dvh: DVH, *, prescription_gy: Decimal | float | None = None
) -> Value | MetricError:
    """The value of a metric, or why it has none.

    Parameters
    ----------
    metric : Metric
        What is asked.
    dvh : DVH
        Of the kind of dose that the metric asks for, and of its alpha/beta.
    prescription_gy : Decimal or float, optional
        What doses in % are of, in Gy.

    Returns
    -------
    Value or MetricError
        Volumes in % are of the whole structure, known or not. Between nodes the DVH is interpolated.

    Notes
    -----
    Where part of the structure has no known dose, its minimum is unknown. Doses to the hottest volume, volumes with at
    least a dose and the maximum are lower bounds, the dose to the coldest volume an upper bound, and the mean is that
    of the covered part.
    """
    try:
        return _evaluated(metric, dvh, prescription_gy)
    except MetricError as error:
        return error


def _evaluated(metric: Metric, dvh: DVH, prescription_gy: Decimal | float | None) -> Value:
    _refuse_other_dose(metric, dvh)
    prescription = _prescription_gy(metric, prescription_gy)
    complete = dvh.covered_fraction >= COMPLETE
    if not complete and dvh.covered_fraction < MINIMUM_COVERED_FRACTION and not _of_hottest_cm3(metric):
        raise MetricError(
            f"{metric}: not evaluable, the dose of only {100 * dvh.covered_fraction:.3g} % of the volume is known",
            remedy=f"at least {100 * MINIMUM_COVERED_FRACTION:g} % is needed; export a larger dose grid",
        )
    if metric.kind in (MetricKind.VOLUME_AT_LEAST, MetricKind.VOLUME_BELOW):
        value = _volume(metric, dvh, prescription)
    else:
        value = _dose_gy(metric, dvh)
        if prescription is not None:
            value *= 100 / float(prescription)
    if not math.isfinite(value):
        raise MetricError(f"{metric}: the DVH has no finite value")
    bound = Bound.EXACT if complete else _BOUNDS[metric.kind]
    return Value(
        metric=metric, value=value, unit=metric.unit, covered_fraction=dvh.covered_fraction, bound=bound
    )


_BOUNDS: Final = {
    MetricKind.DOSE_TO_HOTTEST: Bound.AT_LEAST,
    MetricKind.DOSE_TO_COLDEST: Bound.AT_MOST,
    MetricKind.VOLUME_AT_LEAST: Bound.AT_LEAST,
    MetricKind.VOLUME_BELOW: Bound.AT_LEAST,
    MetricKind.MEAN: Bound.COVERED_PART,
    MetricKind.MAX: Bound.AT_LEAST,
    MetricKind.MIN: Bound.AT_MOST,
}


def _of_hottest_cm3(metric: Metric) -> bool:
    """Whether it says something of the hottest cm3 alone, which unknown doses elsewhere can only raise."""
    volume_unit = metric.unit if metric.kind is MetricKind.VOLUME_AT_LEAST else metric.at_unit
    return metric.kind is MetricKind.MAX or (
        metric.kind in (MetricKind.DOSE_TO_HOTTEST, MetricKind.VOLUME_AT_LEAST)
        and volume_unit is MetricUnit.CC
    )


def _refuse_other_dose(metric: Metric, dvh: DVH) -> None:
    of = _dose_text(metric.quantity, None if metric.alpha_beta_gy is None else float(metric.alpha_beta_gy))
    there = _dose_text(dvh.quantity, dvh.alpha_beta_gy)
    if of != there:
        raise MetricError(
            f"{metric} is of {of}, the DVH of {there}", remedy="convert the DVH, not its values"
        )


def _dose_text(quantity: str, alpha_beta_gy: float | None) -> str:
    if alpha_beta_gy is None:
        return f"{quantity} dose"
    return f"{quantity.upper()} with alpha/beta {alpha_beta_gy:.9g} Gy"


def _prescription_gy(metric: Metric, prescription_gy: Decimal | float | None) -> Decimal | None:
    """The prescription that the metric needs, as a decimal; None where it needs none."""
    if not metric.needs_prescription:
        return None
    if prescription_gy is None:
        raise MetricError(
            f"{metric}: the prescription it is a percentage of is not known", remedy="ask for Gy"
        )
    a_float = not isinstance(prescription_gy, Decimal)
    exact = Decimal(repr(float(prescription_gy))) if a_float else Decimal(prescription_gy)
    if not exact.is_finite() or not 0 < exact <= Decimal(MAXIMUM_PRESCRIPTION_GY):
        raise MetricError(f"{metric}: a prescription of {exact} Gy cannot be")
    return exact


def _dose_gy(metric: Metric, dvh: DVH) -> float:
    if metric.kind is MetricKind.MEAN:
        return dvh.mean_gy
    if metric.kind is MetricKind.MAX:
        return dvh.maximum_gy
    if metric.kind is MetricKind.MIN:
        if dvh.minimum_gy is None:
            raise MetricError(f"{metric}: part of the volume has no known dose, so its minimum is not known")
        return dvh.minimum_gy
    assert metric.at is not None
    volume = float(metric.at)
    if metric.at_unit is MetricUnit.PERCENT:
        volume *= dvh.volume_cm3 / 100
    known = float(dvh.volume_cm3_at[0])
    if volume > known + VOLUME_SLACK_CM3:
        what = "structure has" if dvh.covered_fraction >= COMPLETE else "part of known dose has"
        raise MetricError(f"{metric}: the {what} {known:.4g} cm3, less than the {volume:.4g} cm3 asked for")
    volume = min(volume, known)
    if metric.kind is MetricKind.DOSE_TO_HOTTEST:
        return dvh.dose_to_hottest(volume)
    return dvh.dose_to_coldest(volume)


def _volume(metric: Metric, dvh: DVH, prescription_gy: Decimal | None) -> float:
    assert metric.at is not None
    dose = float(metric.at if prescription_gy is None else metric.at * prescription_gy / 100)
    volume = dvh.volume_with_at_least(dose - DOSE_SLACK_GY)
    if metric.kind is MetricKind.VOLUME_BELOW:
        volume = float(dvh.volume_cm3_at[0]) - volume
    return 100 * volume / dvh.volume_cm3 if metric.unit is MetricUnit.PERCENT else volume
