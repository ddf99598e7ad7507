"""DVHs of structures as a figure: physical dose, and EQD2 below it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from rtfractions.dosimetry.dvh import DVH
from rtfractions.dosimetry.evaluation import Value
from rtfractions.dosimetry.plan_dvhs import StructureResult
from rtfractions.errors import printable
from rtfractions.metrics import Metric, MetricKind, MetricUnit
from rtfractions.reports.dvh_panels import DVH_PANEL_INCHES, DoseCurve, DosePanel, dvh_figure
from rtfractions.reports.figures import COLOURS, can_be_drawn

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_POINTS: Final = 1500
"""About how many points of a curve are drawn."""

AXES: Final = {"physical": "dose [Gy]", "eqd2": "EQD2 [Gy]"}
"""The panels; BED is not drawn beside EQD2, which is the same curve on another scale."""

WEIGHTED: Final = "dose weighted for biological effect [Gy]"
"""The axis of an EFFECTIVE dose: effective dose itself is a quantity of radiation protection."""


def figure_of(
    results: Sequence[StructureResult],
    *,
    effective: bool = False,
    panel_inches: tuple[float, float] = DVH_PANEL_INCHES,
) -> "Figure | None":
    """The figure of a run; None where there is no DVH.

    Parameters
    ----------
    results : sequence of StructureResult
        Structure by structure.
    effective : bool, default False
        Whether the dose is weighted for biological effect.
    panel_inches : tuple of float
        Width and height of a panel.
    """
    shown = [result for result in results if result.dvhs]
    ratios = {dvh.alpha_beta_gy for result in shown for dvh in result.dvhs} - {None}
    one_ratio = "".join(f", alpha/beta {ratio:g} Gy" for ratio in ratios) if len(ratios) == 1 else ""
    panels = [
        DosePanel(
            (WEIGHTED if effective else axis) if quantity == "physical" else axis + one_ratio,
            curves,
            _prescriptions(shown) if quantity == "physical" else (),
        )
        for quantity, axis in AXES.items()
        if (curves := _curves(shown, quantity, named_ratios=len(ratios) > 1))
    ]
    if not panels:
        return None
    said = ["cumulative DVHs; volume in % of each structure"]
    marked = dict.fromkeys(
        str(one.of) for result in shown for one in result.metrics if _mark(one.found, result.dvhs[0])
    )
    if marked:
        said.append(f"dots: {', '.join(marked)}")
    if len(panels) > 1:
        said.append("EQD2: linear-quadratic model, each dose at its own dose per fraction")
    return dvh_figure(panels, said=said, panel_inches=panel_inches)


def _curves(results: Sequence[StructureResult], quantity: str, *, named_ratios: bool) -> list[DoseCurve]:
    curves = []
    rounds = -(
        -len(results) // len(COLOURS)
    )  # as often the colours come round; kinds of line tell these apart
    for number, result in enumerate(results):
        own = [dvh for dvh in result.dvhs if dvh.quantity == quantity]
        name = result.name if can_be_drawn(printable(result.name)) else f"{result.name} (no. {result.number})"
        for nth, dvh in enumerate(own):
            ratio = f" (a/b={dvh.alpha_beta_gy:g})" if dvh.alpha_beta_gy and named_ratios else ""
            keep = np.unique(np.linspace(0, len(dvh.dose_gy) - 1, MOST_POINTS).astype(int))
            curves.append(
                DoseCurve(
                    label=name + ratio,
                    colour=number,
                    line=number // len(COLOURS) + nth * rounds,
                    dose_gy=np.maximum(dvh.dose_gy[keep], 0.0).tolist(),
                    volume_percent=(100 * dvh.volume_cm3_at[keep] / dvh.volume_cm3).tolist(),
                    marks=[
                        mark
                        for one in result.metrics
                        if one.metric.quantity == quantity
                        and _ratio(one.metric) == dvh.alpha_beta_gy
                        and (mark := _mark(one.found, dvh))
                    ],
                )
            )
    return curves


def _ratio(metric: Metric) -> float | None:
    return None if metric.alpha_beta_gy is None else float(metric.alpha_beta_gy)


def _mark(found: object, dvh: DVH) -> tuple[float, float] | None:
    """Where a metric lies on its curve; None where it lies beyond its ends, or is of the prescription."""
    if not isinstance(found, Value) or found.metric.needs_prescription or found.metric.at is None:
        return None
    metric, percent_of_cm3 = found.metric, 100 / dvh.volume_cm3
    at = float(found.metric.at)
    if metric.kind in (MetricKind.DOSE_TO_HOTTEST, MetricKind.DOSE_TO_COLDEST):
        volume = at if metric.at_unit is MetricUnit.PERCENT else at * percent_of_cm3
        known = 100 * dvh.covered_fraction
        return found.value, volume if metric.kind is MetricKind.DOSE_TO_HOTTEST else known - volume
    if not dvh.dose_gy[0] <= at <= dvh.maximum_gy:
        return None
    volume = found.value if found.unit is MetricUnit.PERCENT else found.value * percent_of_cm3
    return at, volume if metric.kind is MetricKind.VOLUME_AT_LEAST else 100 * dvh.covered_fraction - volume


def _prescriptions(results: Sequence[StructureResult]) -> list[tuple[float, str]]:
    schedules = dict.fromkeys(
        result.prescription.schedule for result in results if result.prescription is not None
    )
    return [(float(s.total_dose_gy), f"prescribed {s}") for s in schedules if s is not None]
