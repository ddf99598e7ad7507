"""A plan's dose on its targets and organs: what rules are evaluated on, and what reports show."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from rtfractions.biology import DEFAULT_ALPHA_BETAS
from rtfractions.compliance.dose_limits import Fractionation
from rtfractions.compliance.lesion_targets import ROLES, Tie, role_of, tie
from rtfractions.doses import DoseType
from rtfractions.dosimetry.course_dvhs import CourseDVHs
from rtfractions.dosimetry.courses import ChosenDose, DoseChoiceError, choose_dose
from rtfractions.dosimetry.nesting import NESTED_SLACK_MM
from rtfractions.dosimetry.phases import Phases, phases_of
from rtfractions.dosimetry.plan_dvhs import COVERAGE, StructureResult
from rtfractions.dosimetry.prescribed import usable
from rtfractions.dosimetry.regions import Combined
from rtfractions.errors import RTFractionsError, counted, quoted
from rtfractions.metrics import DoseQuantity, Metric, parse_metric
from rtfractions.notices import Notice
from rtfractions.patient import Lesion, Patient
from rtfractions.plans import Plan, PlanKind, Prescription
from rtfractions.protocols.entries import StructureAlias
from rtfractions.structures import Structure, StructureSet
from rtfractions.verdicts import Verdict

TARGET_METRICS: Final = tuple(map(parse_metric, ("D98%", "D95%", "D50%", "D2%", "D0.03cc", "Mean")))
"""What is reported of every target beside V100% (ICRU 83 and 91)."""

CONTAINED: Final = 0.98
"""Part of a target's volume that lies in another which was drawn around it; contours that touch leave a little out."""

_CONVERTED: Final[tuple[DoseQuantity, ...]] = ("eqd2", "bed")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class TargetReview:
    """A target of a plan.

    Attributes
    ----------
    lesion : str or None
        The lesion it belongs to; None where that is not known.
    role : str
        ``"PTV"``, ``"CTV"``, ``"ITV"`` or ``"GTV"``.
    prescription : Prescription
        What is prescribed to the lesion.
    result : StructureResult
        DVHs of physical dose, of EQD2 and of BED at the conventional alpha/beta values; D98%, D95%, D50%, D2%, D0.03cc
        and mean of each, and V100% of the lesion's prescription.
    isodose_percent : float or None
        The prescribed dose in % of the largest dose to it; None where either is not known.
    """

    lesion: str | None
    role: str
    prescription: Prescription
    result: StructureResult
    isodose_percent: float | None


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PlanReview:
    """A plan with its dose.

    Attributes
    ----------
    plan : Plan
        The plan.
    dose : ChosenDose or None
        The dose of its whole course.
    no_dose : str or None
        Why there is none, or why its dose must grade nothing.
    fractions : int or None
        Number of fractions of the plan; None where it has several fraction groups or states none.
    fractionation : Fractionation
        The same, with the prescribed doses per fraction, as limits are chosen by it.
    targets : tuple of TargetReview
        Lesion by lesion, the PTV first.
    organs : tuple of StructureResult
        The organs that rules were evaluated on.
    ties : tuple of Tie
        Its lesions with their target structures.
    prescription : Prescription or None
        What percentages of dose in organs are of: the prescription of all its lesions, where that is one.
    structure_set : StructureSet or None
        Its structures.
    dvhs : CourseDVHs or None
        What DVHs are taken from; None without a dose that may grade.
    notices : tuple of Notice
        What must be told beside its numbers.
    """

    plan: Plan
    dose: ChosenDose | None
    no_dose: str | None
    fractions: int | None
    fractionation: Fractionation
    targets: tuple[TargetReview, ...] = ()
    organs: tuple[StructureResult, ...] = ()
    ties: tuple[Tie, ...] = ()
    prescription: Prescription | None = None
    structure_set: StructureSet | None = None
    dvhs: CourseDVHs | None = None
    notices: tuple[Notice, ...] = ()

    @property
    def uid(self) -> str:
        """The plan's UID."""
        return self.plan.sop_instance_uid

    def with_organs(self) -> "PlanReview":
        """The same with the organs that were evaluated since."""
        if self.dvhs is None:
            return self
        targets = [target.result.structure for target in self.targets]
        organs = tuple(
            one
            for one in self.dvhs.results()
            if one.structure is None or not any(one.structure is target for target in targets)
        )
        return replace(self, organs=organs)


def review_plans(
    patient: Patient,
    *,
    aliases: Sequence[StructureAlias] = (),
    structure_of: Callable[[Lesion], str | None] = lambda _: None,
) -> tuple[tuple[PlanReview, ...], tuple[Tie, ...]]:
    """The dose of every counted plan on its targets.

    Parameters
    ----------
    patient : Patient
        With plans, doses and structures.
    aliases : sequence of StructureAlias
        Names of structures, of protocol and overlay.
    structure_of : callable
        The target structure of a lesion that an overlay names.

    Returns
    -------
    tuple of PlanReview
        One for each counted plan, those without dose too.
    tuple of Tie
        Each lesion with its target, or why it has none.
    """
    counted_plans = [plan for plan in patient.plans if plan.set_aside is None]
    doses = {plan.sop_instance_uid: _dose_of(plan, patient) for plan in counted_plans}
    structures = {
        plan.sop_instance_uid: _structures_of(plan, patient, doses[plan.sop_instance_uid])
        for plan in counted_plans
    }
    ties = tuple(
        tie(lesion, patient, structures, aliases, structure_of(lesion)) for lesion in patient.lesions
    )
    ties = _without_rivals(ties)
    reviews = tuple(
        _review(
            plan,
            patient,
            doses[plan.sop_instance_uid],
            structures[plan.sop_instance_uid],
            tuple(one for one in ties if one.plan_uid == plan.sop_instance_uid),
            aliases,
        )
        for plan in counted_plans
    )
    return reviews, ties


def _dose_of(plan: Plan, patient: Patient) -> ChosenDose | str:
    """The dose of a plan's whole course, or why there is none."""
    try:
        return choose_dose(patient, plan_uid=plan.sop_instance_uid)
    except DoseChoiceError as error:
        if not any(plan.sop_instance_uid in dose.plan_uids for dose in patient.doses):
            return "no dose of the plan was read"
        return error.problem


def _structures_of(plan: Plan, patient: Patient, dose: ChosenDose | str) -> StructureSet | None:
    if isinstance(dose, ChosenDose):
        return dose.structure_set
    return next((s for s in patient.structure_sets if s.sop_instance_uid == plan.structure_set_uid), None)


def _without_rivals(ties: tuple[Tie, ...]) -> tuple[Tie, ...]:
    """The ties, none of them where two lesions have one structure in one plan."""
    checked = []
    for one in ties:
        rivals = [
            other.lesion.label
            for other in ties
            if other is not one
            and one.structure is not None
            and (other.plan_uid, other.structure) == (one.plan_uid, one.structure)
        ]
        if rivals:
            problem = f"its target is that of lesion {', '.join(rivals)} too"
            one = replace(one, structure=None, verdict=Verdict.QUERY, problem=problem)
        checked.append(one)
    return tuple(checked)


def _must_grade_nothing(dose: ChosenDose, plan: Plan) -> str | None:
    """Why a dose must not be held against limits on physical dose."""
    if dose.dose_type is DoseType.EFFECTIVE:
        return "its dose is weighted for biological effect (EFFECTIVE), and no limit is on such dose"
    if plan.kind is PlanKind.BRACHYTHERAPY:
        return "it is a brachytherapy plan, and limits are on external beams"
    if plan.kind is PlanKind.ION:
        return "its dose is the physical dose of ions: no RBE is in it"
    if not dose.grid.maximum_gy > 0:
        return "its dose is 0 everywhere"
    return None


def _review(
    plan: Plan,
    patient: Patient,
    dose: ChosenDose | str,
    structure_set: StructureSet | None,
    ties: tuple[Tie, ...],
    aliases: Sequence[StructureAlias],
) -> PlanReview:
    groups = plan.fraction_groups
    fractions = groups[0].fractions if len(groups) == 1 else None
    no_fractions = (
        f"the plan has {counted(len(groups), 'fraction group')}"
        if len(groups) > 1
        else "the plan does not state its number of fractions"
    )
    prescriptions = () if isinstance(dose, str) else _prescriptions(ties, dose)
    phases_given = [phase for one in prescriptions if one.schedule for phase in one.schedule.phases]
    per_fraction = dict.fromkeys(phase.dose_per_fraction_gy for phase in phases_given)
    fractionation = Fractionation(fractions, no_fractions, tuple(per_fraction))
    if isinstance(dose, str):
        return PlanReview(
            plan=plan,
            dose=None,
            no_dose=dose,
            fractions=fractions,
            fractionation=fractionation,
            ties=ties,
            structure_set=structure_set,
        )
    phases, notices = _phases(dose, patient)
    no_dose = _must_grade_nothing(dose, plan)
    dvhs = CourseDVHs(dose, phases)
    targets, found = _targets(dvhs, dose, ties, aliases)
    return PlanReview(
        plan=plan,
        dose=dose,
        no_dose=no_dose,
        fractions=fractions,
        fractionation=fractionation,
        targets=targets,
        ties=ties,
        prescription=prescriptions[0] if len({one.schedule for one in prescriptions}) == 1 else None,
        structure_set=structure_set,
        dvhs=dvhs if no_dose is None else None,
        notices=(*notices, *found),
    )


def _phases(dose: ChosenDose, patient: Patient) -> tuple[Phases | RTFractionsError, tuple[Notice, ...]]:
    try:
        phases = phases_of(dose, patient)
    except RTFractionsError as error:
        return error, ()
    return phases, phases.notices


def _prescriptions(ties: Sequence[Tie], dose: ChosenDose) -> tuple[Prescription, ...]:
    """What is prescribed to the lesions of a plan; nothing where one of them may not grade."""
    try:
        return tuple(usable(one.lesion.prescription, dose) for one in ties)
    except DoseChoiceError:
        return ()


def _targets(
    dvhs: CourseDVHs, dose: ChosenDose, ties: Sequence[Tie], aliases: Sequence[StructureAlias]
) -> tuple[tuple[TargetReview, ...], list[Notice]]:
    """The targets of a plan's lesions, and what lies in them; with what could not be taken."""
    tied = [(one, one.structure) for one in ties if one.structure is not None]
    inner: dict[str, list[tuple[str, Structure]]] = {one.lesion.label: [] for one, _ in tied}
    notices = []
    for structure in dose.structure_set.structures if dose.structure_set else ():
        role = role_of(structure, aliases)
        if role is None or role == "PTV" or any(structure is target for _, target in tied):
            continue
        around = [one.lesion.label for one, target in tied if _lies_in(structure, target, dvhs)]
        if len(around) == 1:
            inner[around[0]].append((role, structure))
        elif around:
            message = (
                f"{role} {quoted(structure.name)} lies in the targets of the lesions {', '.join(around)}: "
                "it is taken for none of them"
            )
            notices.append(Notice("target.in-several", message))
    reviews = []
    for one, target in tied:
        # A plan prescribes to what is to be covered: a target of no role is its PTV.
        drawn = [(role_of(target, aliases) or "PTV", target)]
        drawn += sorted(inner[one.lesion.label], key=lambda pair: ROLES.index(pair[0]))
        reviews += [_target(dvhs, dose, one.lesion, role, structure) for role, structure in drawn]
    return tuple(reviews), notices


def _lies_in(inner: Structure, outer: Structure, dvhs: CourseDVHs) -> bool:
    """Whether a structure is drawn within another."""
    inner_mm, outer_mm = inner.vertices_mm, outer.vertices_mm
    if not len(inner_mm) or not len(outer_mm):
        return False
    if (inner_mm.min(axis=0) < outer_mm.min(axis=0) - NESTED_SLACK_MM).any():
        return False
    if (inner_mm.max(axis=0) > outer_mm.max(axis=0) + NESTED_SLACK_MM).any():
        return False
    try:
        common = dvhs.volume_cm3(Combined("intersection", inner, outer))
        return common >= CONTAINED * dvhs.volume_cm3(inner)
    except RTFractionsError:  # they do not meet, or one has no volume
        return False


def _target(
    dvhs: CourseDVHs, dose: ChosenDose, lesion: Lesion, role: str, structure: Structure
) -> TargetReview:
    prescription: Prescription | None
    try:
        prescription = usable(lesion.prescription, dose)
    except DoseChoiceError:
        prescription = None
    converted = [
        one.of(quantity, Decimal(repr(ratio.value_gy)))
        for quantity in _CONVERTED
        for ratio in DEFAULT_ALPHA_BETAS
        for one in TARGET_METRICS
    ]
    metrics: tuple[Metric, ...] = (*TARGET_METRICS, COVERAGE, *converted)
    result = dvhs.result(structure, metrics, prescription=prescription)
    percent = None
    if prescription is not None and prescription.schedule is not None and result.dvhs:
        physical = result.dvhs[0]
        # Only where the whole of it lies in the grid is its largest dose known.
        if physical.minimum_gy is not None and physical.maximum_gy > 0:
            percent = 100 * float(prescription.schedule.total_dose_gy) / physical.maximum_gy
    return TargetReview(
        lesion=lesion.label,
        role=role,
        prescription=lesion.prescription,
        result=result,
        isodose_percent=percent,
    )
