"""Which dose is the dose of a plan: one file, or all its beams together, or none that may be used."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rtfractions.dicom.cross_checks import COVERED
from rtfractions.dicom.reading import DicomError
from rtfractions.dicom.values import tag_text
from rtfractions.doses import Dose, DoseSummation, DoseType, PlanDose
from rtfractions.errors import RTFractionsError, Where
from rtfractions.grid import DoseGrid, GridError
from rtfractions.notices import Notice
from rtfractions.plans import Plan, PlanKind, PlanTarget
from rtfractions.schedule import Schedule
from rtfractions.structures import Structure, StructureSet

WHOLE_COURSE: Final = (0.9, 2.2)
"""Maximum dose over prescription that is ordinary for the dose of a whole course.

24 Gy on the 80 % line has a 30 Gy maximum, 25 Gy on the 50 % line 50 Gy."""

MAXIMUM_POINTS_SAMPLED: Final = 20_000
"""Most contour points of a target at which its dose is looked at."""

PARTS: Final = {
    DoseSummation.BEAM: "beams",
    DoseSummation.BRACHY: "application setups",
    DoseSummation.FRACTION: "fraction groups",
}
"""Summation types whose doses together may be the dose of the plan."""

_EXPORT_WHOLE: Final = "export the dose of the whole plan (PLAN)"
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


def dose_of_plan(
    plan: Plan, doses: Sequence[tuple[str, Dose]], structure_set: StructureSet | None
) -> Conclusion:
    """The dose of a plan's whole course.

    Parameters
    ----------
    plan : Plan
        The plan.
    doses : sequence of (str, Dose)
        Every dose that refers to this plan alone, with the name of its file.
    structure_set : StructureSet or None
        The plan's structure set, where it is there.

    Returns
    -------
    Conclusion
        A PLAN dose where there is one; it is never added to the doses of its beams. Else the sum of the beams',
        setups' or fraction groups' doses, where all are there and together they are the dose of the course.
    """
    whole = [(name, dose) for name, dose in doses if dose.summation is DoseSummation.PLAN]
    if whole:
        return _one_of(plan, whole, beside=len(doses) - len(whole))
    failed: list[RTFractionsError] = []
    for summation, parts in PARTS.items():
        these = [(name, dose) for name, dose in doses if dose.summation is summation]
        if these:
            found = _together(plan, these, parts, structure_set)
            if found.dose is not None:
                return found
            failed += found.errors
    if failed:
        return Conclusion(None, errors=tuple(failed))
    return Conclusion(
        None,
        errors=tuple(
            DicomError(
                f"a dose of summation type {dose.summation} is not the dose of its plan",
                remedy=_EXPORT_WHOLE,
                where=Where(file=name, tag=_SUMMATION_TAG),
            )
            for name, dose in doses
        ),
    )


def _one_of(plan: Plan, whole: list[tuple[str, Dose]], beside: int) -> Conclusion:
    notices = []
    if {dose.dose_type for _, dose in whole} == set(DoseType):
        # Ions are prescribed in weighted dose, and the physical one is exported beside it; what is effective beside
        # a photon dose was converted from it.
        taken = DoseType.EFFECTIVE if plan.kind is PlanKind.ION else DoseType.PHYSICAL
        whole = [(name, dose) for name, dose in whole if dose.dose_type is taken]
        message = f"of physical and effective dose the {taken.lower()} was taken"
        notices.append(Notice(f"dose.{taken.lower()}-taken", message, Where(file=whole[0][0])))
    if len(whole) > 1:
        candidates = ", ".join(f"{name} ({_type_text(dose)})" for name, dose in whole)
        problem = f"the plan has {len(whole)} doses: {candidates}"
        error = DicomError(
            problem, remedy="keep the one that is meant", where=Where(file=whole[0][0], tag=_SUMMATION_TAG)
        )
        return Conclusion(None, errors=(error,))
    name, dose = whole[0]
    missing = {beam for group in plan.fraction_groups for beam in group.beams} - set(dose.beams)
    if dose.beams and missing:
        problem = f"the dose is of {_listed(dose.beams)} of the plan's beams and lacks {_listed(missing)}"
        error = DicomError(problem, remedy=_EXPORT_WHOLE, where=Where(file=name, tag=_SUMMATION_TAG))
        return Conclusion(None, errors=(error,))
    if beside:
        message = "the plan's dose was taken; doses of its parts beside it were not added to it"
        notices.append(Notice("dose.parts-beside-plan", message, Where(file=name)))
    return Conclusion(_plan_dose(plan, [dose], dose.grid), tuple(notices))


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


def _together(
    plan: Plan, these: list[tuple[str, Dose]], parts: str, structure_set: StructureSet | None
) -> Conclusion:
    """The sum of partial doses, proven complete and to be of the whole course."""
    doses = [dose for _, dose in these]
    where = Where(file=these[0][0], tag=_SUMMATION_TAG)
    try:
        _refuse_incomplete(plan, doses, parts)
        grid = _sum(doses)
        said = _refuse_part_of_course(plan, grid, structure_set)
    except (DicomError, GridError) as error:
        return Conclusion(None, errors=(error.at(where),))
    how = (
        f"the doses of all {len(doses)} {parts} were added"
        if len(doses) > 1
        else f"the dose is of all {parts}"
    )
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


def _refuse_part_of_course(plan: Plan, grid: DoseGrid, structure_set: StructureSet | None) -> str:
    """Why the dose is taken for that of the whole course; refused where it is one fraction's, or may be."""
    targets = [target for target in plan.targets if target.prescription.schedule is not None]
    if not targets:
        raise DicomError(
            "the plan prescribes nothing that would tell the dose of the course from that of a fraction",
            remedy=_EXPORT_WHOLE,
        )
    highest = max(targets, key=lambda target: _schedule(target).total_dose_gy)
    schedule = _schedule(highest)
    ratio = grid.maximum_gy / float(schedule.total_dose_gy)
    said = f"the maximum of {grid.maximum_gy:.4g} Gy is {ratio:.3g} times the {schedule} prescribed"
    as_course, as_fraction = (
        WHOLE_COURSE[0] <= r <= WHOLE_COURSE[1] for r in (ratio, ratio * schedule.fractions)
    )
    near_sources = plan.kind is PlanKind.BRACHYTHERAPY
    if near_sources or (as_course and as_fraction and schedule.fractions > 1):
        # The maximum beside a source says nothing, and that of two fractions too little: the target's dose tells.
        at_contours = contour_dose_gy(plan, structure_set, grid).get(highest.structure_number or -1)
        if at_contours is not None:
            ratio = at_contours / float(schedule.total_dose_gy)
            said += f", the {at_contours:.4g} Gy at the contours of its target {ratio:.3g} times"
            as_course, as_fraction = (
                COVERED[0] <= r <= COVERED[1] for r in (ratio, ratio * schedule.fractions)
            )
        elif near_sources:
            as_course = as_fraction = False
    if as_course and not (as_fraction and schedule.fractions > 1):
        return f"{said}, so it is of the whole course"
    what = (
        "of one fraction" if as_fraction and not as_course else "of the course or of a fraction is not clear"
    )
    raise DicomError(f"{said}: {what}", remedy=_EXPORT_WHOLE)


def _schedule(target: PlanTarget) -> Schedule:
    assert target.prescription.schedule is not None
    return target.prescription.schedule


def contour_dose_gy(plan: Plan, structure_set: StructureSet | None, grid: DoseGrid) -> dict[int, float]:
    """Median dose in Gy at the contours of each target of a plan, near which its prescription isodose runs.

    Parameters
    ----------
    plan : Plan
        The plan.
    structure_set : StructureSet or None
        Its structure set.
    grid : DoseGrid
        Its dose.

    Returns
    -------
    dict
        By structure number; targets that are not linked, not drawn, or mostly outside the grid are left out.
    """
    found = {}
    for structure in drawn_targets(plan, structure_set):
        doses, inside = _sampled(structure, grid)
        if inside.mean() > 0.5:
            found[structure.number] = float(np.median(doses))
    return found


def targets_beside(plan: Plan, structure_set: StructureSet | None, grid: DoseGrid) -> list[Structure]:
    """The structures of targets that no voxel of a plan's dose reaches."""
    return [s for s in drawn_targets(plan, structure_set) if not _sampled(s, grid)[1].any()]


def drawn_targets(plan: Plan, structure_set: StructureSet | None) -> list[Structure]:
    """The structures with contours that targets of a plan are linked to."""
    numbers = {target.structure_number for target in plan.targets}
    structures = () if structure_set is None else structure_set.structures
    return [structure for structure in structures if structure.number in numbers and structure.closed]


def _sampled(structure: Structure, grid: DoseGrid) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    points = structure.vertices_mm
    return grid.sample_gy(points[:: len(points) // MAXIMUM_POINTS_SAMPLED + 1])
