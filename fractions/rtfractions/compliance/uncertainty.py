"""What a verdict on dose hangs on: another alpha/beta, another sound way to compute the dose."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from decimal import Decimal
from math import exp, log
from typing import Final

from rtfractions.compliance.dose_limits import bounds_of, grade, shown
from rtfractions.compliance.findings import Finding
from rtfractions.dosimetry.course_dvhs import CourseDVHs
from rtfractions.dosimetry.evaluation import Value
from rtfractions.dosimetry.regions import Region
from rtfractions.dosimetry.shapes import LARGE_CM3
from rtfractions.metrics import ALPHA_BETA_RANGE_GY, Metric, MetricKind, MetricUnit
from rtfractions.protocols.dose_rules import DoseLimit
from rtfractions.verdicts import Verdict

NEAR_LIMIT: Final = 0.05
"""Part of a limit within which other ways to compute the dose are tried."""

SMALL_VOLUME_CM3: Final = Decimal(1)
"""Up to this a dose to a volume hangs on few voxels, whatever the structure."""

NEAR_FLIP: Final = 2.0
"""A message tells of an alpha/beta that changes the verdict within this factor of the one used."""

FINELY: Final = (12, 20)
"""Ratios tried on each side, and bisections towards the nearest change: exact to a millionth."""

COARSELY: Final = (2, 7)
"""The same where each ratio takes long: exact to some percent."""


StatedAt = Callable[[float], tuple[DoseLimit, Metric]]


def weighed(
    finding: Finding,
    limit: DoseLimit,
    metric: Metric,
    region: Region,
    dvhs: CourseDVHs,
    *,
    prescription_gy: Decimal | None,
    interval_gy: tuple[float, float] | None,
    worst_grade: str,
    stated_at: StatedAt | None = None,
) -> Finding:
    """A finding on dose, with what would bring another verdict.

    Parameters
    ----------
    finding : Finding
        With its observed number and the verdict on it.
    limit : DoseLimit
        The limit.
    metric : Metric
        What was observed.
    region, dvhs
        Where, and the dose.
    prescription_gy : Decimal or None
        What percentages of dose are of.
    interval_gy : tuple of float or None
        The interval that alpha/beta lies in, where one is attached to the structure.
    worst_grade : str
        The worst grade that the rule's source can support.
    stated_at : callable, optional
        Limit and metric at another alpha/beta, where the limit itself was translated at one; else only the dose changes.
    """
    observed = finding.observed
    assert isinstance(observed, float)
    verdict = grade(limit, observed, worst_grade)[0]
    reasons: list[str] = []
    told: list[str] = []
    tried = False
    if metric.alpha_beta_gy is not None:
        used = float(metric.alpha_beta_gy)

        def verdict_at(ratio_gy: float) -> Verdict | None:
            ratio_gy = round(ratio_gy, 6)
            own, of = (
                (limit, metric.of(metric.quantity, Decimal(repr(ratio_gy))))
                if stated_at is None
                else stated_at(ratio_gy)
            )
            value = dvhs.tried(region, of)
            return grade(own, value.value, worst_grade)[0] if isinstance(value, Value) else None

        flips_gy = flips(verdict_at, used, FINELY if dvhs.converts_quickly else COARSELY)
        flip_gy = _nearest(flips_gy, used)
        finding = replace(finding, alpha_beta_flip_gy=flip_gy)
        if interval_gy is not None:
            tried = True
            low, high = interval_gy
            within_gy = _nearest([gy for gy in flips_gy if low <= gy <= high], used)
            if within_gy is not None:
                reasons.append(f"alpha/beta {within_gy:.3g} Gy, within {low:g} to {high:g} Gy, changes it")
            elif any(verdict_at(end) not in (verdict, None) for end in interval_gy):
                reasons.append(f"alpha/beta of {low:g} to {high:g} Gy changes it")
        elif flip_gy is not None and max(flip_gy / used, used / flip_gy) <= NEAR_FLIP:
            told.append(f"alpha/beta {flip_gy:.3g} Gy would change it")
    others = _by_other_settings(observed, limit, metric, region, dvhs, prescription_gy)
    if others:
        tried = True
        if any(grade(limit, other, worst_grade)[0] is not verdict for other in others):
            low, high = min(*others, observed), max(*others, observed)
            bounds = bounds_of(limit)
            reasons.append(
                f"other sound ends of contours and interpolations of dose give {shown(low, *bounds)} to "
                f"{shown(high, *bounds)} {finding.unit}"
            )
    message = "; ".join((finding.message, *(f"uncertain: {reason}" for reason in reasons), *told))
    return replace(finding, message=message, uncertain=bool(reasons) if tried else None)


def flips(
    verdict_at: Callable[[float], Verdict | None], used_gy: float, steps: tuple[int, int] = FINELY
) -> list[float]:
    """The alpha/beta below and above at which a verdict first is another, as far as they are between 0.1 and 100 Gy.

    Parameters
    ----------
    verdict_at : callable
        The verdict at an alpha/beta in Gy; None where there is none.
    used_gy : float
        The alpha/beta used.
    steps : tuple of int
        `FINELY` or `COARSELY`.

    Examples
    --------
    >>> at = lambda gy: Verdict.PER_PROTOCOL if gy > 1.5 else Verdict.DEVIATION_UNACCEPTABLE
    >>> [round(gy, 3) for gy in flips(at, 3.0)]
    [1.5]
    """
    verdict = verdict_at(used_gy)
    if verdict is None:
        return []
    found = [
        _towards(verdict_at, verdict, used_gy, float(end), steps)
        for end in ALPHA_BETA_RANGE_GY
        if float(end) != used_gy
    ]
    return [gy for gy in found if gy is not None]


def _nearest(ratios_gy: Iterable[float], used_gy: float) -> float | None:
    return min(ratios_gy, key=lambda gy: abs(log(gy / used_gy)), default=None)


def _towards(
    verdict_at: Callable[[float], Verdict | None],
    verdict: Verdict,
    used_gy: float,
    end_gy: float,
    steps: tuple[int, int],
) -> float | None:
    """The nearest change of a verdict on the way to an end, in logarithmic steps."""
    scanned, closed_in = steps
    step = log(end_gy / used_gy) / scanned
    same, other = used_gy, None
    for i in range(1, scanned + 1):
        ratio_gy = end_gy if i == scanned else used_gy * exp(i * step)
        if verdict_at(ratio_gy) not in (verdict, None):
            other = ratio_gy
            break
        same = ratio_gy
    if other is None:
        return None
    for _ in range(closed_in):
        middle = exp((log(same) + log(other)) / 2)
        if verdict_at(middle) is verdict:
            same = middle
        else:
            other = middle
    return other


def _by_other_settings(
    observed: float,
    limit: DoseLimit,
    metric: Metric,
    region: Region,
    dvhs: CourseDVHs,
    prescription_gy: Decimal | None,
) -> list[float]:
    """What other sound settings give, where the number is near a limit and hangs on a small volume."""
    if not any(
        abs(observed - float(bound.value)) <= NEAR_LIMIT * float(bound.value) for bound in bounds_of(limit)
    ):
        return []
    if not _is_small(metric, region, dvhs):
        return []
    found = [
        dvhs.value(region, metric, prescription_gy=prescription_gy, sampling=sampling)
        for sampling in dvhs.samplings
    ]
    return [one.value for one in found if isinstance(one, Value)]


def _is_small(metric: Metric, region: Region, dvhs: CourseDVHs) -> bool:
    if metric.kind in (MetricKind.MAX, MetricKind.MIN):
        return True
    if metric.at_unit is MetricUnit.CC and metric.at is not None and metric.at <= SMALL_VOLUME_CM3:
        return True
    return dvhs.dvh(region).volume_cm3 < LARGE_CM3
