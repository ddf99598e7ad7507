"""A plan's prescriptions beside its beam doses and its dose grid: slips of total and fraction, and of cGy.

Radiotherapy knows no fixed ratio of maximum to prescription. 24 Gy on the 80 % line have a maximum of 30 Gy,
25 Gy on the 50 % line one of 50 Gy: only ratios that a slip makes are held against a plan, and only where the
dose of its target does not speak against the slip.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from rtfractions.dicom.reading import DicomError
from rtfractions.dicom.values import refusal
from rtfractions.notices import Notice
from rtfractions.plans import FractionGroup, Plan, PlanKind, Prescription, PrescriptionSource
from rtfractions.schedule import Schedule

ORDINARY_MAXIMUM: Final = (1.0, 2.2)
"""Dose maximum over the prescription: within, nothing is said (hazard F11)."""

ORDINARY_BEAM_DOSES: Final = (0.4, 2.2)
"""Beam doses x fractions over the prescription: below and above, the plan is looked at."""

CENTI: Final = 100
"""What a slip of cGy makes of a dose."""

SLIP_TOLERANCE: Final = 0.1
"""A ratio this near to n or 100, or to their inverse, is taken for a slip of total and fraction, or of cGy."""

COVERAGE_TOLERANCE: Final = 0.25
"""The dose at the target's contours bears a slip out where it is this near to it."""

COVERED: Final = (0.8, 1.3)
"""Dose at the target's contours over the prescription: within, the target has the prescription, and no slip is
one."""

_A_SLIP: Final = "perhaps a slip of total and fraction, or of cGy"
_FROM_REFERENCES: Final = (PrescriptionSource.FRACTION_GROUP, PrescriptionSource.TARGET)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What else the files say of the dose of one target; what they do not say is None.

    Attributes
    ----------
    beam_dose_total_gy : Decimal or None
        Beam doses x fractions in Gy.
    maximum_dose_gy : float or None
        Maximum of the plan's dose grid in Gy; only for the target of the highest prescription.
    contour_dose_gy : float or None
        Median dose in Gy at the contours of the linked target, near which its prescription isodose runs.
    """

    beam_dose_total_gy: Decimal | None = None
    maximum_dose_gy: float | None = None
    contour_dose_gy: float | None = None


def check_plan(
    plan: Plan,
    *,
    maximum_dose_gy: float | None = None,
    contour_dose_gy: Mapping[int, float] = MappingProxyType({}),
) -> Plan:
    """Hold each prescription of a plan against what else is known of its dose.

    Parameters
    ----------
    plan : Plan
        As it was read.
    maximum_dose_gy : float, optional
        Maximum in Gy of the dose grid of the whole plan.
    contour_dose_gy : mapping, optional
        By structure number, the median dose in Gy at the contours of the structure.

    Returns
    -------
    Plan
        With what was found as notices and, where a slip is likely, as unclear prescriptions. Prescriptions that do
        not stand on dose references are left alone, and so is brachytherapy, whose dose has no ordinary maximum.

    Raises
    ------
    DicomError
        If the dose grid proves a slip.
    """
    if plan.set_aside is not None or plan.kind is PlanKind.BRACHYTHERAPY:
        return plan
    highest = max(
        (s.total_dose_gy for target in plan.targets if (s := target.prescription.schedule) is not None),
        default=None,
    )
    # Beam doses speak of the plan: with several targets they are nobody's.
    beam_dose_total_gy = total_beam_dose_gy(plan.fraction_groups) if len(plan.targets) == 1 else None
    targets, notices = [], list(plan.notices)
    for target in plan.targets:
        prescription, schedule = target.prescription, target.prescription.schedule
        if schedule is not None and prescription.source in _FROM_REFERENCES:
            number = target.structure_number
            evidence = Evidence(
                beam_dose_total_gy=beam_dose_total_gy,
                maximum_dose_gy=maximum_dose_gy if schedule.total_dose_gy == highest else None,
                contour_dose_gy=None if number is None else contour_dose_gy.get(number),
            )
            prescription, found = checked(prescription, schedule, evidence)
            notices += found
        elif schedule is not None and maximum_dose_gy is not None:
            ratio = maximum_dose_gy / float(schedule.total_dose_gy)
            if not ORDINARY_MAXIMUM[0] <= ratio <= ORDINARY_MAXIMUM[1]:
                notices.append(_unusual(ratio, schedule))
        targets.append(replace(target, prescription=prescription))
    return replace(plan, targets=tuple(targets), notices=tuple(notices))


def checked(
    prescription: Prescription, schedule: Schedule, evidence: Evidence
) -> tuple[Prescription, tuple[Notice, ...]]:
    """One prescription beside the evidence.

    Parameters
    ----------
    prescription : Prescription
        From a dose reference.
    schedule : Schedule
        Its schedule.
    evidence : Evidence
        What else is known of the target's dose.

    Returns
    -------
    Prescription
        Unclear where beam doses or the target's dose make a slip likely.
    tuple of Notice
        What is unusual and proves nothing.

    Raises
    ------
    DicomError
        If the dose grid proves a slip.
    """
    total_gy = float(schedule.total_dose_gy)
    maximum = None if evidence.maximum_dose_gy is None else evidence.maximum_dose_gy / total_gy
    coverage = None if evidence.contour_dose_gy is None else evidence.contour_dose_gy / total_gy
    is_covered = coverage is not None and COVERED[0] <= coverage <= COVERED[1]
    is_ordinary = maximum is not None and ORDINARY_MAXIMUM[0] <= maximum <= ORDINARY_MAXIMUM[1]
    notices = []
    if maximum is not None and not is_covered and _is_slip(maximum, coverage, schedule.fractions):
        raise _refused(schedule, evidence)
    if (
        maximum is not None
        and coverage is None
        and maximum < ORDINARY_MAXIMUM[0] * (1 - SLIP_TOLERANCE)
        and ORDINARY_MAXIMUM[0] <= maximum * schedule.fractions <= ORDINARY_MAXIMUM[1]
    ):
        problem = f"the dose maximum is {maximum:.3g} times the prescription of {schedule}"
        prescription = replace(prescription, unclear=f"{problem}: the dose may be of one fraction")
    if maximum is not None and not is_ordinary:
        notices.append(_unusual(maximum, schedule))
    if coverage is not None and _speaks_for_slip(coverage, maximum, schedule.fractions):
        problem = (
            f"the dose at the contours of its target is {coverage:.3g} times the prescription of {schedule}"
        )
        prescription = replace(prescription, unclear=f"{problem}: {_A_SLIP}")
    if evidence.beam_dose_total_gy is not None:
        prescription, found = _beside_beams(
            prescription, schedule, evidence.beam_dose_total_gy, is_contradicted=is_covered or is_ordinary
        )
        notices += found
    return prescription, tuple(notices)


def _unusual(maximum: float, schedule: Schedule) -> Notice:
    problem = f"the dose maximum is {maximum:.3g} times the {schedule} prescribed"
    return Notice("plan.dose-maximum-unusual", problem)


def total_beam_dose_gy(groups: Sequence[FractionGroup]) -> Decimal | None:
    """Beam doses x fractions of all fraction groups in Gy; None where a group lacks either."""
    totals = [
        group.beam_dose_gy * group.fractions
        for group in groups
        if group.beam_dose_gy is not None and group.fractions is not None
    ]
    return sum(totals, Decimal(0)) if totals and len(totals) == len(groups) else None


def _is_slip(maximum: float, coverage: float | None, fractions: int) -> bool:
    """Whether a dose grid proves a slip, by its maximum and the target's coverage over the prescription.

    With two fractions the factors 2 and 1/2 lie in and beside the ordinary: only coverage tells.
    """
    for slip in _slips(fractions):
        if _is_near(maximum, slip) and (coverage is None or _is_near(coverage, slip, COVERAGE_TOLERANCE)):
            return True
    return fractions == 2 and coverage is not None and _speaks_for_slip(coverage, maximum, fractions)


def _speaks_for_slip(coverage: float, maximum: float | None, fractions: int) -> bool:
    """Whether a target has n or 100 times its prescription, or that part of it where no dose reaches it.

    A target with a part of its prescription may just be poorly covered, as one beside the spinal cord.
    """
    factors = (2.0, 0.5) if fractions == 2 else ()
    return any(
        _is_near(coverage, slip) and (slip > 1 or (maximum is not None and maximum < 1))
        for slip in (*factors, *_slips(fractions))
    )


def _slips(fractions: int) -> tuple[float, ...]:
    """Factors from the prescription to the dose that a slip makes and no ordinary plan has."""
    factors = (CENTI,) if fractions <= 2 else (fractions, CENTI)
    return tuple(slip for factor in factors for slip in (float(factor), 1 / factor))


def _is_near(ratio: float, slip: float, tolerance: float = SLIP_TOLERANCE) -> bool:
    return abs(ratio / slip - 1) <= tolerance


def _refused(schedule: Schedule, evidence: Evidence) -> DicomError:
    problem = f"{schedule} is prescribed, and the maximum of its dose is {evidence.maximum_dose_gy:.4g} Gy"
    if evidence.contour_dose_gy is not None:
        problem += f", the dose at the contours of its target {evidence.contour_dose_gy:.4g} Gy"
    remedy = "correct the plan, or take the dose of the whole course"
    return refusal("TargetPrescriptionDose", f"{problem} ({_A_SLIP})", remedy)


def _beside_beams(
    prescription: Prescription, schedule: Schedule, beam_dose_total_gy: Decimal, *, is_contradicted: bool
) -> tuple[Prescription, list[Notice]]:
    """A slip that beam doses alone show is a query; where the dose grid contradicts it, a notice."""
    ratio = float(beam_dose_total_gy / schedule.total_dose_gy)
    problem = f"{schedule} is prescribed, and its beam doses x fractions are {ratio:.3g} times that"
    if any(_is_near(ratio, slip) for slip in _slips(schedule.fractions)):
        if not is_contradicted:
            return replace(prescription, unclear=f"{problem}: {_A_SLIP}"), []
    elif ORDINARY_BEAM_DOSES[0] <= ratio <= ORDINARY_BEAM_DOSES[1]:
        return prescription, []
    return prescription, [Notice("plan.beam-doses-differ", problem)]
