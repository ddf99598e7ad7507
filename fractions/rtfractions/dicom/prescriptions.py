"""What a plan prescribes to a target, from the best source that says it, and where its sources disagree."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from rtfractions.dicom.cross_checks import total_beam_dose_gy
from rtfractions.dicom.dose_names import contradiction
from rtfractions.dicom.dose_references import DoseReference
from rtfractions.dicom.radiation import weighted
from rtfractions.dicom.values import tag_text
from rtfractions.errors import RTFractionsError
from rtfractions.notices import Notice
from rtfractions.plans import FractionGroup, Prescription, PrescriptionSource
from rtfractions.schedule import Phase, Schedule, dose_text
from rtfractions.schedule_text import UNUSUAL_ABOVE_TOTAL_GY, UNUSUAL_BELOW_GY_PER_FRACTION, parse

SAME_DOSE_GY: Final = Decimal("0.01")
"""Two statements of one dose in a plan agree within this; planning systems round to it."""

DECIMALS_OF_BEAM_DOSES: Final = 4
"""Decimals of Gy of beam doses x fractions: shown and compared, never graded."""

_NOTHING_PRESCRIBED: Final = Prescription(None, None, missing="the plan prescribes no dose to it")


def prescribed(
    references: list[DoseReference], groups: Sequence[FractionGroup], description: str | None, *, alone: bool
) -> tuple[Prescription, list[Notice]]:
    """What is prescribed to one target.

    Parameters
    ----------
    references : list of DoseReference
        The target's dose references.
    groups : sequence of FractionGroup
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
        What the description and the names of the dose references say otherwise.
    """
    found = _prescription(references, groups)
    if found is None:
        return (_not_prescribed(groups, description) if alone else _NOTHING_PRESCRIBED), []
    if found.schedule is None:
        return found, []
    notices = [
        Notice("plan.name-contradicts", problem)
        for name in dict.fromkeys(reference.name for reference in references)
        if (problem := contradiction(name, found.schedule)) is not None
    ]
    described = _described(description) if alone else None
    # A text says Gy(RBE) or does not; whether the plan's dose is weighted, the plan says.
    if described is not None and weighted(described, False) != found.schedule:
        problem = f"the prescription description says {described}, the dose reference {found.schedule}"
        notices.append(Notice("plan.description-differs", problem))
    return found, notices


def doses_of(references: list[DoseReference], groups: Sequence[FractionGroup]) -> set[Decimal]:
    """Every dose in Gy that is prescribed to these references, in total or by a fraction group."""
    own = {reference.dose_gy for reference in references if reference.dose_gy is not None}
    return own.union(*(_doses_by(group, references) for group in groups))


def _doses_by(group: FractionGroup, references: list[DoseReference]) -> set[Decimal]:
    """The doses in Gy that a fraction group itself prescribes to these references."""
    numbers = {reference.number for reference in references}
    return {dose for number, dose in group.prescribed_gy if number in numbers}


def _agreed(doses: set[Decimal]) -> bool:
    return not doses or max(doses) - min(doses) <= SAME_DOSE_GY


def _prescription(references: list[DoseReference], groups: Sequence[FractionGroup]) -> Prescription | None:
    """What dose references prescribe to one target, those of fraction groups first; None where none does."""
    in_groups = [(group, _doses_by(group, references)) for group in groups]
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
        elif any(not group.prescribed_gy for group in groups):
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


def _not_prescribed(groups: Sequence[FractionGroup], description: str | None) -> Prescription:
    """What beam doses or a text suggest where no dose reference prescribes: never graded."""
    total = total_beam_dose_gy(groups)
    if total is not None and total <= UNUSUAL_ABOVE_TOTAL_GY:
        return _in_fractions(_by_beams(groups), PrescriptionSource.BEAM_DOSE)
    described = _described(description)
    return _NOTHING_PRESCRIBED if described is None else _ungraded(described, PrescriptionSource.DESCRIPTION)


def _by_beams(groups: Sequence[FractionGroup]) -> list[tuple[FractionGroup, Decimal]]:
    """Beam doses x fractions of each group in Gy."""
    return [
        (group, round(group.beam_dose_gy * group.fractions, DECIMALS_OF_BEAM_DOSES))
        for group in groups
        if group.beam_dose_gy is not None and group.fractions is not None
    ]


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
