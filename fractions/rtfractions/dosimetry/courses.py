"""Which dose is meant, with its plan and structures: chosen among candidates, never guessed."""

from collections.abc import Sequence
from dataclasses import dataclass

from rtfractions.doses import Dose, DoseSummation, DoseType, PlanDose
from rtfractions.errors import RTFractionsError, quoted
from rtfractions.grid import DoseGrid
from rtfractions.notices import Notice
from rtfractions.patient import Patient
from rtfractions.plans import Plan
from rtfractions.structures import Structure, StructureError, StructureSet


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
    doses = [dose for patient in patients for dose in patient.doses]
    if not doses:
        problem = "no dose was read"
        raise DoseChoiceError(problem, remedy="see what is there with rtfractions inspect")
    raise _none_of(doses, dose_uid, plan_uids)


def refuse_unlike(choices: Sequence[ChosenDose]) -> None:
    """Refuse doses of several plans whose conversions cannot be added.

    Raises
    ------
    DoseChoiceError
        If their frames of reference differ, or one is not stated, or if some are RBE-weighted and others are not.
    """
    frames = {dose.frame_of_reference_uid for chosen in choices for dose in chosen.doses}
    if len(choices) > 1 and (len(frames) > 1 or None in frames):
        raise DoseChoiceError(
            "the doses of the plans do not lie in one frame of reference: positions cannot be compared"
        )
    if len({chosen.dose_type for chosen in choices}) > 1:
        raise DoseChoiceError(
            "the doses of the plans are of different types, physical and effective: RBE-weighted dose is never mixed "
            "with photon dose",
            remedy="convert each plan by itself",
        )


def plans_left_out(choices: Sequence[ChosenDose], patient: Patient) -> tuple[Notice, ...]:
    """That other plans of the patient have a dose too, where they do: what an organ gets from them is not counted."""
    superseded = {uid for plan in patient.plans for uid in plan.supersedes}
    counted_uids = {
        plan.sop_instance_uid for plan in patient.plans if plan.set_aside is None
    } - superseded.union(*(chosen.plan_uids for chosen in choices))
    others = [dose for dose in patient.plan_doses if dose.plan_uid in counted_uids]
    if not others:
        return ()
    having = (
        "another plan of the patient has"
        if len(others) == 1
        else f"{len(others)} other plans of the patient have"
    )
    message = f"{having} a dose too, which is not in this: what organs get from it is not counted"
    return (Notice("dose.other-plans", message),)


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
        if named and len(named[0].doses) > 1:
            problem = f"the dose of UID {quoted(dose_uid)} is only one of {len(named[0].doses)} that are the plan's together"
            raise DoseChoiceError(problem, remedy="choose the plan with --plan")
        named += [_alone(patient, dose) for dose in others if dose.sop_instance_uid == dose_uid]
    else:
        named = candidates or _orphans(patient, others)
    if plan_uid is not None:
        named = [chosen for chosen in named if chosen.plan_uids == (plan_uid,)]
    if len(named) == 1:
        return named[0]
    if named:
        problem = f"{len(named)} doses could be meant"
        raise DoseChoiceError(problem, remedy=f"choose with --dose or --plan; {_listed(patient.doses)}")
    raise _none_of(patient.doses, dose_uid, () if plan_uid is None else (plan_uid,))


def _none_of(doses: Sequence[Dose], dose_uid: str | None, plan_uids: Sequence[str]) -> DoseChoiceError:
    """That what was asked for is not among the doses."""
    asked = [] if dose_uid is None else [f"UID {quoted(dose_uid)}"]
    asked += [f"plan {quoted(uid)}" for uid in plan_uids]
    what = f"no dose of {' and '.join(asked)}" if asked else "no dose that is of a whole plan"
    return DoseChoiceError(f"there is {what}", remedy=_listed(doses))


def _listed(doses: Sequence[Dose]) -> str:
    listed = [f"{dose.sop_instance_uid} ({dose.summation})" for dose in doses]
    return f"there are the doses {', '.join(listed)}" if listed else "no dose was read"


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
    beams = {beam for group in plan.fraction_groups for beam in group.beams} if plan else set()
    if dose.beams and beams - set(dose.beams):
        lacks = ", ".join(map(str, sorted(beams - set(dose.beams))))
        problem = f"the dose is not of the whole plan: it lacks the plan's beams {lacks}"
        raise DoseChoiceError(problem, remedy="export the dose of the whole plan (PLAN)")
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
