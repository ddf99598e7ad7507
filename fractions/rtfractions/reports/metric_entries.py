"""Metrics of a DVH as documents hold them, and as tables show them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rtfractions.errors import RTFractionsError

if TYPE_CHECKING:  # a lesion sheet is graded without numpy
    from rtfractions.dosimetry.plan_dvhs import MetricResult


BOUNDS: Final = {"at_least": "≥", "at_most": "≤", "covered_part": "~", "exact": ""}
"""What stands before a value where part of the structure has no known dose."""


@dataclass(frozen=True, slots=True)
class MetricEntry:
    """A metric; `bound` is not `exact` where the dose of part of the structure is not known."""

    metric: str
    quantity: str
    alpha_beta_gy: float | None
    alpha_beta_source: str | None
    value: float | None
    unit: str
    bound: str | None
    error: str | None


def metric_entry(result: "MetricResult") -> MetricEntry:
    """A metric that was asked for, as a document holds it."""
    metric, found, alpha_beta = result.metric, result.found, result.alpha_beta
    value, error = (None, found.message) if isinstance(found, RTFractionsError) else (found, None)
    return MetricEntry(
        metric=str(metric),
        quantity=metric.quantity,
        alpha_beta_gy=None if metric.alpha_beta_gy is None else float(metric.alpha_beta_gy),
        alpha_beta_source=None if alpha_beta is None else alpha_beta.source,
        value=None if value is None else value.value,
        unit=str(metric.unit),
        bound=None if value is None else str(value.bound),
        error=error,
    )


def column(entry: MetricEntry) -> str:
    """A metric as a table of its quantity calls it: the table says what the dose is."""
    if entry.alpha_beta_gy is None:
        return entry.metric
    before, _, after = entry.metric.partition(f"{entry.quantity.upper()}Gy(a/b=")
    return f"{before}Gy{after.partition(')')[2]}"


def cell(entry: MetricEntry) -> str:
    """The value of a metric for a table; a dash where it has none."""
    if entry.value is None:
        return "-"
    digits = 1 if entry.unit == "%" else 2
    return f"{BOUNDS[entry.bound or 'exact']}{entry.value:.{digits}f}"


def volume(volume_cm3: float | None) -> str:
    """A volume in cm3 for a table."""
    return "-" if volume_cm3 is None else f"{volume_cm3:.3f}" if volume_cm3 < 10 else f"{volume_cm3:.1f}"


def percent(fraction: float | None) -> str:
    """A covered fraction for a table: 100% is all of it."""
    if fraction is None:
        return "-"
    return "100%" if fraction == 1 else f"{min(100 * fraction, 99.9):.1f}%"
