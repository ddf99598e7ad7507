"""What a plan prescribes to a target, from the best source that says it, and where its sources disagree."""

from dataclasses import replace
from decimal import Decimal
from typing import Final

from rtfractions.dicom.dose_references import DoseReference, FractionGroup
from rtfractions.dicom.values import tag_text
from rtfractions.errors import RTFractionsError
from rtfractions.notices import Notice
from rtfractions.patient import Prescription, PrescriptionSource
from rtfractions.schedule import Phase, Schedule, dose_text
from rtfractions.schedule_text import UNUSUAL_ABOVE_TOTAL_GY, UNUSUAL_BELOW_GY_PER_FRACTION, parse

SAME_DOSE_GY: Final = Decimal("0.01")
"""Two statements of one dose in a plan agree within this; planning systems round to it."""

ORDINARY_BEAM_DOSES: Final = (Decimal("0.4"), Decimal("2.2"))
"""Beam doses x fractions over the prescription: below and above, the plan is looked at.

24 Gy on the 80 % line has 30 Gy at its maximum, 25 Gy on the 50 % line has 50 Gy."""

DECIMALS_OF_BEAM_DOSES: Final = 4
"""Decimals of Gy of beam doses x fractions: shown and compared, never graded."""

SLIP_TOLERANCE: Final = Decimal("0.1")
"""A ratio this near to n or 100, or to their inverse, is taken for a slip of total and fraction, or of cGy."""


_NOTHING_PRESCRIBED: Final = Prescription(None, None, missing="the plan prescribes no dose to it")


def prescribed(
    references: list[DoseReference], groups: list[FractionGroup], description: str | None, *, alone: bool
) -> tuple[Prescription, list[Notice]]:
    """What is prescribed to one target.

    Parameters
    ----------
    references : list of DoseReference
        The target's dose references.
    groups : list of FractionGroup
        All of the plan's fraction groups.
    description : str or None
        The plan's prescription description.
    alone : bool
        The plan has one target. Beam doses and a description speak of the plan: with several targets they are
        nobody's prescription.

    Returns
    -------
    Prescription
        From the fraction groups' own doses, else the dose references; else beam doses or the description, which
        grade nothing.
    list of Notice
        What beam doses or the description say otherwise.
    """
    found = _prescription(references, groups)
    if found is None:
        return (_not_prescribed(groups, description) if alone else _NOTHING_PRESCRIBED), []
    if alone and found.schedule is not None and found.unclear is None:
        return _cross_checked(found, found.schedule, groups, description)
    return found, []


def doses_of(references: list[DoseReference], groups: list[FractionGroup]) -> set[Decimal]:
    """Every dose in Gy that is prescribed to these references, in total or by a fraction group."""
    own = {reference.dose_gy for reference in references if reference.dose_gy is not None}
    return own.union(*(g.doses_gy.get(reference.number, set()) for g in groups for reference in references))


def _agreed(doses: set[Decimal]) -> bool:
    return not doses or max(doses) - min(doses) <= SAME_DOSE_GY


def _prescription(references: list[DoseReference], groups: list[FractionGroup]) -> Prescription | None:
    """What dose references prescribe to one target, those of fraction groups first; None where none does."""
    in_groups = [
        (
            group,
            set[Decimal]().union(*(group.doses_gy.get(reference.number, set()) for reference in references)),
        )
        for group in groups
    ]
    totals = {reference.dose_gy for reference in references if reference.dose_gy is not None}
    for doses in (totals, *(doses for _, doses in in_groups)):
        if not _agreed(doses):
            problem = f"its dose references differ: {_doses_text(doses)}"
            return Prescription(None, PrescriptionSource.TARGET, unclear=problem)
    stated = [(group, min(doses)) for group, doses in in_groups if doses]
    total = min(totals) if totals else None
    if stated:
        in_all = sum((dose for _, dose in stated), Decimal(0))
        problem = ""
        if total is not None and abs(in_all - total) > SAME_DOSE_GY:
            problem = f"the fraction groups prescribe {dose_text(in_all)} Gy, the dose reference {dose_text(total)} Gy"
        elif any(not group.doses_gy for group in groups):
            problem = f"{dose_text(in_all)} Gy from one fraction group; what another gives is not stated"
        if problem:
            return Prescription(None, PrescriptionSource.FRACTION_GROUP, unclear=problem)
        return _in_fractions(stated, PrescriptionSource.FRACTION_GROUP)
    if not all(reference.is_typed for reference in references):
        problem = (
            f"the plan lacks {tag_text('DoseReferenceType')}: whether it prescribes to a target is not stated"
        )
        return Prescription(None, PrescriptionSource.TARGET, unclear=problem)
    if total is not None and len(groups) > 1:
        fractions = " + ".join(str(group.fractions or "?") for group in groups)
        return Prescription(
            None,
            PrescriptionSource.TARGET,
            unclear=f"{dose_text(total)} Gy over fraction groups of {fractions} fractions: "
            "how it is divided among them is not stated",
        )
    if total is not None:
        return _in_fractions([(group, total) for group in groups], PrescriptionSource.TARGET)
    return None


def _not_prescribed(groups: list[FractionGroup], description: str | None) -> Prescription:
    """What beam doses or a text suggest where no dose reference prescribes: never graded."""
    beams = _by_beams(groups)
    if beams and sum(dose for _, dose in beams) <= UNUSUAL_ABOVE_TOTAL_GY:
        return _in_fractions(beams, PrescriptionSource.BEAM_DOSE)
    described = _described(description)
    return _NOTHING_PRESCRIBED if described is None else _ungraded(described, PrescriptionSource.DESCRIPTION)


def _by_beams(groups: list[FractionGroup]) -> list[tuple[FractionGroup, Decimal]]:
    """Beam doses x fractions of each group in Gy; none where a group lacks either."""
    beams = [
        (group, round(group.beam_dose_gy * group.fractions, DECIMALS_OF_BEAM_DOSES))
        for group in groups
        if group.beam_dose_gy is not None and group.fractions is not None
    ]
    return beams if len(beams) == len(groups) else []


def _in_fractions(parts: list[tuple[FractionGroup, Decimal]], source: PrescriptionSource) -> Prescription:
    """One phase for each fraction group and its dose."""
    if not parts or any(group.fractions is None for group, _ in parts):
        return Prescription(None, source, missing=f"the plan lacks {tag_text('NumberOfFractionsPlanned')}")
    schedule = Schedule(
        tuple(
            Phase(total_dose_gy=dose, fractions=group.fractions, per_day=group.per_day)
            for group, dose in parts
            if group.fractions is not None
        )
    )
    if source is PrescriptionSource.BEAM_DOSE:
        return _ungraded(schedule, source)
    if any(phase.exact_dose_per_fraction_gy < UNUSUAL_BELOW_GY_PER_FRACTION for phase in schedule.phases):
        return Prescription(
            schedule,
            source,
            unclear=f"{schedule} is below {UNUSUAL_BELOW_GY_PER_FRACTION} Gy a fraction: "
            "the plan may state the dose of one fraction",
        )
    return Prescription(schedule, source)


def _cross_checked(
    prescription: Prescription, schedule: Schedule, groups: list[FractionGroup], description: str | None
) -> tuple[Prescription, list[Notice]]:
    """The prescription beside what beam doses and description say of the same target.

    Beam doses x fractions that are n or 100 times the prescription, or that part of it, are taken for a slip of
    total and fraction or of cGy; with n of 1 or 2 they say nothing.
    """
    notices = []
    beams = _by_beams(groups)
    if beams:
        ratio = sum(dose for _, dose in beams) / schedule.total_dose_gy
        for factor in {schedule.fractions, 100} - {1, 2}:
            if any(
                abs(ratio / slip - 1) <= SLIP_TOLERANCE for slip in (Decimal(factor), Decimal(1) / factor)
            ):
                problem = (
                    f"{schedule} is prescribed, and its beam doses x fractions are {ratio:.3g} times that"
                )
                return replace(
                    prescription, unclear=f"{problem}: a slip of total and fraction, or of cGy"
                ), []
        if not ORDINARY_BEAM_DOSES[0] <= ratio <= ORDINARY_BEAM_DOSES[1]:
            problem = f"the beam doses x fractions are {ratio:.3g} times the prescription of {schedule}"
            notices.append(Notice("plan.beam-doses-differ", problem))
    described = _described(description)
    if described is not None and described != schedule:
        problem = f"the prescription description says {described}, the dose reference {schedule}"
        notices.append(Notice("plan.description-differs", problem))
    return prescription, notices


def _described(description: str | None) -> Schedule | None:
    """The schedule of a prescription description, which is a free text and need not be one."""
    if description is None:
        return None
    try:
        return parse(description)
    except RTFractionsError:
        return None


def _ungraded(schedule: Schedule, source: PrescriptionSource) -> Prescription:
    return Prescription(schedule, source, unclear=f"{schedule} is known from {source.words} only")


def _doses_text(doses: set[Decimal]) -> str:
    return " and ".join(f"{dose_text(dose)} Gy" for dose in sorted(doses))
