"""Which dose is meant, and in how many fractions it was planned: chosen among candidates, never guessed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rtfractions.doses import Dose, DoseSummation, DoseType, PlanDose
from rtfractions.dosimetry.conversion import ConversionError, PhaseDose, checked_fractions
from rtfractions.errors import RTFractionsError, counted, quoted
from rtfractions.grid import DoseGrid
from rtfractions.notices import Notice
from rtfractions.patient import Patient
from rtfractions.plans import FractionGroup, Plan, PlanKind
from rtfractions.structures import Structure, StructureError, StructureSet

OWN_PROGRAM: Final = "rtfractions rtfractions convert"
"""What `Dose.calculated_by` begins with for doses that this program converted."""


class DoseChoiceError(RTFractionsError, ValueError):
    """No dose, or several, where one is meant."""

    code = "dose-choice"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ChosenDose:
    """A dose of a whole course, and what it belongs to.

    Attributes
    ----------
    grid : DoseGrid
        The physical dose, or the RBE-weighted one.
    dose_type : DoseType
        Which of the two.
    doses : tuple of Dose
        The files it was put together from, in the order of the grid's layers.
    plan : Plan or None
        Its plan, where that was read.
    structure_set : StructureSet or None
        The structures in its frame of reference that its plan or it itself names.
    """

    grid: DoseGrid
    dose_type: DoseType
    doses: tuple[Dose, ...]
    plan: Plan | None
    structure_set: StructureSet | None

    @property
    def plan_uids(self) -> tuple[str, ...]:
        """The plans it is of."""
        return tuple(dict.fromkeys(uid for dose in self.doses for uid in dose.plan_uids))


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Phases:
    """A dose in the parts that have one number of fractions each.

    Attributes
    ----------
    doses : tuple of PhaseDose
        One, or one for each fraction group.
    from_plan : bool
        Whether the numbers are the plan's; False where the user gave another or the only one. Such a dose grades
        nothing.
    notices : tuple of Notice
        What must be told beside whatever is converted.
    """

    doses: tuple[PhaseDose, ...]
    from_plan: bool
    notices: tuple[Notice, ...] = ()


def patient_meant(
    patients: Sequence[Patient], *, dose_uid: str | None = None, plan_uids: Sequence[str] = ()
) -> Patient:
    """The patient whose dose is meant: the only one, or the one that has the objects named.

    Raises
    ------
    DoseChoiceError
        If there is none, or there are several.
    """
    having = [
        patient
        for patient in patients
        if patient.doses
        and (dose_uid is None or dose_uid in [dose.sop_instance_uid for dose in patient.doses])
        and set(plan_uids) <= {uid for dose in patient.doses for uid in dose.plan_uids}
    ]
    if len(having) == 1:
        return having[0]
    if len(patients) > 1 and len(having) > 1:
        problem = f"there are files of {len(patients)} patients"
        raise DoseChoiceError(problem, remedy="name one patient's files, or choose with --dose or --plan")
    raise DoseChoiceError("no dose was read that fits", remedy="see what is there with rtfractions inspect")


def one_frame_of_reference(choices: Sequence[ChosenDose]) -> None:
    """Refuse doses of several plans that do not lie in one frame of reference.

    Raises
    ------
    DoseChoiceError
        If their frames of reference differ, or one is not stated.
    """
    frames = {dose.frame_of_reference_uid for chosen in choices for dose in chosen.doses}
    if len(choices) > 1 and (len(frames) > 1 or None in frames):
        raise DoseChoiceError(
            "the doses of the plans do not lie in one frame of reference: positions cannot be compared"
        )


def choose_dose(patient: Patient, *, dose_uid: str | None = None, plan_uid: str | None = None) -> ChosenDose:
    """The dose that is meant.

    Parameters
    ----------
    patient : Patient
        With doses and structures.
    dose_uid, plan_uid : str, optional
        SOP Instance UID of the dose, or of its plan, that is meant.

    Raises
    ------
    DoseChoiceError
        If nothing fits, several do, or the dose is not that of a whole plan.
    """
    candidates = [_of_plan(patient, plan_dose) for plan_dose in patient.plan_doses]
    used = {dose.sop_instance_uid for chosen in candidates for dose in chosen.doses}
    others = [dose for dose in patient.doses if dose.sop_instance_uid not in used]
    if dose_uid is not None:
        named = [chosen for chosen in candidates if dose_uid in [d.sop_instance_uid for d in chosen.doses]]
        named += [_alone(patient, dose) for dose in others if dose.sop_instance_uid == dose_uid]
    else:
        named = candidates or _orphans(patient, others)
    if plan_uid is not None:
        named = [chosen for chosen in named if chosen.plan_uids == (plan_uid,)]
    if len(named) == 1:
        return named[0]
    listed = [f"{dose.sop_instance_uid} ({dose.summation})" for dose in patient.doses]
    there = f"there are the doses {', '.join(listed)}" if listed else "no dose was read"
    if named:
        problem = f"{len(named)} doses could be meant"
        raise DoseChoiceError(problem, remedy=f"choose with --dose or --plan; {there}")
    asked = [f"UID {quoted(dose_uid)}"] if dose_uid else []
    asked += [f"plan {quoted(plan_uid)}"] if plan_uid else []
    what = f"no dose of {' and '.join(asked)}" if asked else "no dose that is of a whole plan"
    raise DoseChoiceError(f"there is {what}", remedy=there)


def _orphans(patient: Patient, others: Sequence[Dose]) -> list[ChosenDose]:
    """Doses of plans that are not there; where a plan is there, a reason not to take its dose has been told."""
    plans = {plan.sop_instance_uid for plan in patient.plans}
    for summation in (DoseSummation.PLAN, DoseSummation.MULTI_PLAN):
        found = [
            _alone(patient, dose)
            for dose in others
            if dose.summation is summation
            and (len(dose.plan_uids) > 1 or not plans.intersection(dose.plan_uids))
        ]
        if found:
            return found
    return []


def _of_plan(patient: Patient, plan_dose: PlanDose) -> ChosenDose:
    by_uid = {dose.sop_instance_uid: dose for dose in patient.doses}
    (plan,) = (plan for plan in patient.plans if plan.sop_instance_uid == plan_dose.plan_uid)
    doses = tuple(by_uid[uid] for uid in plan_dose.dose_uids)
    return ChosenDose(
        grid=plan_dose.grid,
        dose_type=plan_dose.dose_type,
        doses=doses,
        plan=plan,
        structure_set=_structures(patient, plan, doses),
    )


def _alone(patient: Patient, dose: Dose) -> ChosenDose:
    """A dose that was not taken for that of a plan: one of several, or one whose plan is not there."""
    if dose.summation not in (DoseSummation.PLAN, DoseSummation.MULTI_PLAN):
        problem = f"the dose of summation type {dose.summation} is not known to be that of a whole course"
        raise DoseChoiceError(problem, remedy="export the dose of the whole plan (PLAN)")
    of = [plan for plan in patient.plans if (plan.sop_instance_uid,) == dose.plan_uids]
    plan = of[0] if of else None
    return ChosenDose(
        grid=dose.grid,
        dose_type=dose.dose_type,
        doses=(dose,),
        plan=plan,
        structure_set=_structures(patient, plan, (dose,)),
    )


def _structures(patient: Patient, plan: Plan | None, doses: Sequence[Dose]) -> StructureSet | None:
    """The structure set that the plan was made on, else the one the dose names, in one frame of reference."""
    named = {plan.structure_set_uid} if plan is not None else {dose.structure_set_uid for dose in doses}
    frames = {dose.frame_of_reference_uid for dose in doses} - {None}
    for found in patient.structure_sets:
        own = {s.frame_of_reference_uid or found.frame_of_reference_uid for s in found.structures} - {None}
        if named == {found.sop_instance_uid} and len(own | frames) <= 1:
            return found
    return None


def structures_named(chosen: ChosenDose, names: Sequence[str]) -> list[Structure]:
    """The structures of these names, in the structure set that belongs to a dose.

    Raises
    ------
    StructureError
        If there is no such set, or as `StructureSet.named`.
    """
    if names and chosen.structure_set is None:
        raise StructureError(
            f"there is no structure {quoted(names[0])}: no structure set in the dose's frame of reference belongs to it",
            remedy="give the structure set that the plan or the dose refers to",
        )
    return [chosen.structure_set.named(name) for name in names] if chosen.structure_set else []


def phases_of(
    chosen: ChosenDose,
    patient: Patient,
    *,
    fractions: int | None = None,
    override_plan_fractions: bool = False,
    effective_as_rbe: bool = False,
) -> Phases:
    """The parts of a dose that have one number of fractions each.

    Parameters
    ----------
    chosen : ChosenDose
        The dose.
    patient : Patient
        Of whom it is.
    fractions : int, optional
        The number of fractions, where the plan has none.
    override_plan_fractions : bool, default False
        Take `fractions` where the plan has another number.
    effective_as_rbe : bool, default False
        An EFFECTIVE dose is RBE-weighted dose.

    Raises
    ------
    ConversionError
        If the dose must not be converted, or its number of fractions is not known.
    """
    notices = _about_type(chosen, effective_as_rbe=effective_as_rbe)
    if any(dose.summation is DoseSummation.MULTI_PLAN or len(dose.plan_uids) > 1 for dose in chosen.doses):
        raise ConversionError(
            "the dose is a sum over several plans: it has no number of fractions",
            remedy="convert the dose of each plan; conversions add, physical doses do not",
        )
    groups = () if chosen.plan is None else chosen.plan.fraction_groups
    if len(groups) > 1:
        if fractions is not None:
            raise ConversionError(
                f"one number of fractions is given for the plan's {len(groups)} fraction groups",
                remedy="leave out --fractions",
            )
        return Phases(
            doses=_by_group(chosen, groups), from_plan=True, notices=(*notices, *_about(chosen, patient))
        )
    planned = groups[0].fractions if groups else None
    if planned is None and patient.incomplete is not None and chosen.plan is None:
        raise ConversionError(
            f"the dose's plan was not read, and {patient.incomplete}",
            remedy="repair or take away what was refused",
        )
    number = checked_fractions(fractions) if fractions is not None else planned
    if number is None:
        why = "its plan is not there" if chosen.plan is None else "its plan does not state it"
        problem = f"the number of fractions of the dose is not known: {why}"
        raise ConversionError(problem, remedy="give --fractions N")
    if planned is not None and number != planned:
        differ = f"{counted(number, 'fraction')} given, where the plan has {planned}"
        if not override_plan_fractions:
            raise ConversionError(differ, remedy="leave out --fractions, or add --override-plan-fractions")
        notices.append(Notice("fractions.overridden", f"{differ}: a dose converted so grades nothing"))
    elif planned is None:
        message = f"the number of fractions, {number}, was given by the user and stands in no plan"
        notices.append(Notice("fractions.from-user", message))
    return Phases(
        doses=(PhaseDose(grid=chosen.grid, fractions=number),),
        from_plan=number == planned,
        notices=(*notices, *_about(chosen, patient)),
    )


def _about_type(chosen: ChosenDose, *, effective_as_rbe: bool) -> list[Notice]:
    if any((dose.calculated_by or "").startswith(OWN_PROGRAM) for dose in chosen.doses):
        raise ConversionError(
            "the dose was converted by this program already",
            remedy="convert the physical dose it was made from",
        )
    if chosen.dose_type is DoseType.PHYSICAL:
        if chosen.plan is None or chosen.plan.kind is not PlanKind.ION:
            return []
        message = "the dose of ions is physical: no RBE is in it, nor in what it is converted to"
        return [Notice("lq.no-rbe", message)]
    if not effective_as_rbe:
        raise ConversionError(
            "the dose is EFFECTIVE: weighted for biological effect, perhaps converted already",
            remedy="where it is RBE-weighted dose, say so with --effective-as rbe; else convert the physical dose",
        )
    message = (
        "the dose carries an RBE weight already, as the user states; BED and EQD2 are of the weighted dose"
    )
    return [Notice("lq.rbe-weighted", message)]


def _by_group(chosen: ChosenDose, groups: tuple[FractionGroup, ...]) -> tuple[PhaseDose, ...]:
    """A phase for each fraction group, from doses of groups or of beams."""
    grid, phases = chosen.grid, []
    for group in groups:
        own = [
            layer
            for layer, dose in zip(grid.layers, chosen.doses, strict=True)
            if (dose.beams and set(dose.beams) <= set(group.beams))
            or (dose.summation is DoseSummation.FRACTION and dose.fraction_group == group.number)
        ]
        if not own:
            raise ConversionError(
                f"the plan has {len(groups)} fraction groups, and their doses are not there one by one",
                remedy="export a dose for each fraction group (FRACTION) or beam (BEAM)",
            )
        if group.fractions is None:
            raise ConversionError(f"fraction group {group.number} of the plan states no number of fractions")
        part = DoseGrid(tuple(own), grid.origin_mm, grid.axes, grid.frame_offsets_mm, grid.spacing_mm)
        phases.append(PhaseDose(grid=part, fractions=group.fractions))
    if sum(len(phase.grid.layers) for phase in phases) != len(grid.layers):
        raise ConversionError("a dose belongs to several fraction groups of its plan, or to none")
    return tuple(phases)


def _about(chosen: ChosenDose, patient: Patient) -> tuple[Notice, ...]:
    """What the plan and the treatment records say against the conversion."""
    notices: list[Notice] = []
    if chosen.plan is None:
        return ()
    groups = chosen.plan.fraction_groups
    if any((group.per_day or 1) > 1 for group in groups):
        message = "several fractions a day are converted as if repair between them were complete"
        notices.append(Notice("lq.complete-repair-assumed", message))
    planned = [group.fractions for group in groups if group.fractions is not None]
    delivered = {
        lesion.delivery.fractions_delivered
        for lesion in patient.lesions
        if lesion.plan_uid == chosen.plan.sop_instance_uid
    } - {None, sum(planned)}
    if planned and delivered:
        given = ", ".join(map(str, sorted(d for d in delivered if d is not None)))
        message = f"the planned dose was taken, of {sum(planned)} fractions; treatment records say {given}"
        notices.append(Notice("dose.planned-not-delivered", message))
    return tuple(notices)
