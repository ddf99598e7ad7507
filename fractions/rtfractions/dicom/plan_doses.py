"""Which dose is the dose of a plan: one file, or all its beams together, or none that may be used."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from rtfractions.dicom.reading import DicomError
from rtfractions.dicom.values import tag_text
from rtfractions.doses import Dose, DoseSummation, DoseType, PlanDose
from rtfractions.errors import RTFractionsError, Where
from rtfractions.grid import DoseGrid, GridError
from rtfractions.notices import Notice
from rtfractions.plans import Plan, PlanKind
from rtfractions.schedule import Schedule

WHOLE_COURSE: Final = (0.9, 2.2)
"""Maximum dose over prescription that is ordinary for the dose of a whole course.

24 Gy on the 80 % line has a 30 Gy maximum, 25 Gy on the 50 % line 50 Gy."""

PARTS: Final = {
    DoseSummation.BEAM: "beams",
    DoseSummation.BRACHY: "application setups",
    DoseSummation.FRACTION: "fraction groups",
}
"""Summation types whose doses together may be the dose of the plan."""

_SUMMATION_TAG: Final = tag_text("DoseSummationType")


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What was made of the doses of a plan.

    Attributes
    ----------
    dose : PlanDose or None
        The dose of its whole course.
    notices : tuple of Notice
        What was concluded.
    errors : tuple of RTFractionsError
        Why the doses there are cannot be the plan's.
    """

    dose: PlanDose | None
    notices: tuple[Notice, ...] = ()
    errors: tuple[RTFractionsError, ...] = ()


def dose_of_plan(plan: Plan, doses: Sequence[tuple[str, Dose]]) -> Conclusion:
    """The dose of a plan's whole course.

    Parameters
    ----------
    plan : Plan
        The plan.
    doses : sequence of (str, Dose)
        Every dose that refers to this plan alone, with the name of its file.

    Returns
    -------
    Conclusion
        A PLAN dose where there is one; it is never added to the doses of its beams. Else the sum of the beams',
        setups' or fraction groups' doses, where all are there and together they are the dose of the course.
    """
    whole = [(name, dose) for name, dose in doses if dose.summation is DoseSummation.PLAN]
    if whole:
        return _one_of(plan, whole, beside=len(doses) - len(whole))
    for summation, parts in PARTS.items():
        these = [(name, dose) for name, dose in doses if dose.summation is summation]
        if these:
            return _together(plan, these, parts)
    return Conclusion(
        None,
        errors=tuple(
            DicomError(
                f"a dose of summation type {dose.summation} is not the dose of its plan",
                remedy="export the dose of the whole plan (PLAN)",
                where=Where(file=name, tag=_SUMMATION_TAG),
            )
            for name, dose in doses
        ),
    )


def _one_of(plan: Plan, whole: list[tuple[str, Dose]], beside: int) -> Conclusion:
    notices = []
    if plan.kind is PlanKind.ION and {dose.dose_type for _, dose in whole} == set(DoseType):
        # Ion plans are prescribed in weighted dose, and systems export the physical one beside it.
        whole = [(name, dose) for name, dose in whole if dose.dose_type is DoseType.EFFECTIVE]
        notices.append(
            Notice("dose.effective-taken", "of physical and effective dose the effective was taken")
        )
    if len(whole) > 1:
        candidates = ", ".join(f"{name} ({_type_text(dose)})" for name, dose in whole)
        problem = f"the plan has {len(whole)} doses: {candidates}"
        error = DicomError(
            problem, remedy="keep the one that is meant", where=Where(file=whole[0][0], tag=_SUMMATION_TAG)
        )
        return Conclusion(None, errors=(error,))
    if beside:
        message = "the plan's dose was taken; doses of its parts beside it were not added to it"
        notices.append(Notice("dose.parts-beside-plan", message, Where(file=whole[0][0])))
    return Conclusion(_plan_dose(plan, [whole[0][1]], whole[0][1].grid), tuple(notices))


def _type_text(dose: Dose) -> str:
    return f"{dose.dose_type.lower()}, maximum {dose.grid.maximum_gy:.4g} Gy"


def _plan_dose(plan: Plan, doses: list[Dose], grid: DoseGrid) -> PlanDose:
    return PlanDose(
        plan_uid=plan.sop_instance_uid,
        grid=grid,
        dose_type=doses[0].dose_type,
        dose_uids=tuple(dose.sop_instance_uid for dose in doses),
        summation=doses[0].summation,
    )


def _together(plan: Plan, these: list[tuple[str, Dose]], parts: str) -> Conclusion:
    """The sum of partial doses, proven complete and to be of the whole course."""
    doses = [dose for _, dose in these]
    where = Where(file=these[0][0], tag=_SUMMATION_TAG)
    try:
        _refuse_incomplete(plan, doses, parts)
        grid = _sum(doses)
        said = _refuse_part_of_course(plan, grid)
    except (DicomError, GridError) as error:
        return Conclusion(None, errors=(error.at(where),))
    how = f"the doses of all {len(doses)} {parts} were added" if len(doses) > 1 else "one dose holds it all"
    notice = Notice("dose.put-together", f"{how}: {said}", where)
    return Conclusion(_plan_dose(plan, doses, grid), (notice,))


def _refuse_incomplete(plan: Plan, doses: list[Dose], parts: str) -> None:
    if len({dose.dose_type for dose in doses}) > 1:
        raise DicomError(f"the doses of the {parts} are of different types: physical and effective")
    if doses[0].summation is DoseSummation.FRACTION:
        expected = {group.number for group in plan.fraction_groups}
        # With one group in the plan, a dose need not say which it is of.
        given = [
            d.fraction_group if len(expected) > 1 or d.fraction_group else _only(expected) for d in doses
        ]
    else:
        expected = {beam for group in plan.fraction_groups for beam in group.beams}
        given = [part for dose in doses for part in dose.beams]
    twice = sorted({str(part) for part in given if given.count(part) > 1})
    if twice:
        raise DicomError(
            f"there are several doses of {parts} {', '.join(twice)}", remedy="keep the ones that are meant"
        )
    if not expected or set(given) != expected:
        raise DicomError(
            f"there are doses of {parts} {_listed(given)}; the plan has {_listed(expected)}",
            remedy="export the dose of the whole plan",
        )


def _only(numbers: set[int | None]) -> int | None:
    return next(iter(numbers), None)


def _listed(numbers: Iterable[int | None]) -> str:
    return ", ".join(sorted(str("?" if n is None else n) for n in numbers)) or "none"


def _sum(doses: list[Dose]) -> DoseGrid:
    grid = doses[0].grid
    for dose in doses[1:]:
        grid = grid.plus(dose.grid)
    return grid


def _refuse_part_of_course(plan: Plan, grid: DoseGrid) -> str:
    """Why the dose is taken for that of the whole course; refused where it is one fraction's, or may be."""
    schedules = [target.prescription.schedule for target in plan.targets]
    known = [schedule for schedule in schedules if isinstance(schedule, Schedule)]
    if not known:
        raise DicomError(
            "the plan prescribes nothing that would tell the dose of the course from that of a fraction",
            remedy="export the dose of the whole plan (PLAN)",
        )
    highest = max(known, key=lambda schedule: schedule.total_dose_gy)
    ratio = grid.maximum_gy / float(highest.total_dose_gy)
    as_course, as_fraction = (
        WHOLE_COURSE[0] <= r <= WHOLE_COURSE[1] for r in (ratio, ratio * highest.fractions)
    )
    said = f"its maximum of {grid.maximum_gy:.4g} Gy is {ratio:.3g} times the {highest} prescribed"
    if as_course and not (as_fraction and highest.fractions > 1):
        return f"{said}, so it is of the whole course"
    what = (
        "of one fraction" if as_fraction and not as_course else "of the course or of a fraction is not clear"
    )
    raise DicomError(f"{said}: {what}", remedy="export the dose of the whole plan (PLAN)")
