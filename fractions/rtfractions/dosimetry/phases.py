"""A dose in the parts that have one number of fractions each: from the plan, or from the user where it has none."""

from dataclasses import dataclass
from typing import Final

from rtfractions.doses import DoseSummation, DoseType
from rtfractions.dosimetry.conversion import ConversionError, PhaseDose, checked_fractions
from rtfractions.dosimetry.courses import ChosenDose
from rtfractions.errors import counted, quoted
from rtfractions.grid import DoseGrid
from rtfractions.notices import Notice
from rtfractions.patient import Patient
from rtfractions.plans import FractionGroup, Plan, PlanKind

OWN_PROGRAM: Final = "rtfractions rtfractions convert"
"""What `Dose.calculated_by` begins with for doses that this program converted."""

AS_HIGH_DOSE_RATE: Final = (
    "the dose is of brachytherapy whose plan does not state its type, converted as if each fraction were given within "
    "minutes (HDR): that is wrong for low dose rates, pulses and permanent implants"
)


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
        The dose, which is EFFECTIVE, is RBE-weighted dose.

    Raises
    ------
    ConversionError
        If the dose must not be converted, or its number of fractions is not known.
    """
    notices = _about_type(chosen, effective_as_rbe=effective_as_rbe)
    _refuse_slow_sources(chosen.plan)
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
        return Phases(doses=_by_group(chosen, groups), from_plan=True, notices=(*notices, *_about(chosen)))
    planned = groups[0].fractions if groups else None
    if planned is None and patient.incomplete is not None and chosen.plan is None:
        raise ConversionError(
            f"the dose's plan was not read, and {patient.incomplete}",
            remedy="repair or take away what was refused",
        )
    number = checked_fractions(fractions) if fractions is not None else planned
    if number is None:
        why = "its plan is not there"
        if chosen.plan is not None:
            why = (
                f"its plan is set aside, {chosen.plan.set_aside}"
                if chosen.plan.set_aside
                else "its plan does not state it"
            )
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
        notices=(*notices, *_about(chosen)),
    )


def _refuse_slow_sources(plan: Plan | None) -> None:
    """Refuse brachytherapy that is not over in minutes: its fractions are not those of the model."""
    rate = None if plan is None else plan.brachytherapy_type
    if rate not in (None, "HDR"):
        raise ConversionError(
            f"the dose is of brachytherapy of the type {quoted(rate)}: it is given so slowly that cells repair "
            "meanwhile, and dose per fraction does not tell its effect",
            remedy="rtfractions.biology.protraction has models with a dose rate",
        )


def _about_type(chosen: ChosenDose, *, effective_as_rbe: bool) -> list[Notice]:
    if any((dose.calculated_by or "").startswith(OWN_PROGRAM) for dose in chosen.doses):
        raise ConversionError(
            "the dose was converted by this program already",
            remedy="convert the physical dose it was made from",
        )
    if chosen.dose_type is DoseType.PHYSICAL:
        if effective_as_rbe:
            raise ConversionError(
                "the dose is PHYSICAL: it carries no RBE weight", remedy="leave out --effective-as"
            )
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


def _about(chosen: ChosenDose) -> tuple[Notice, ...]:
    """What the plan and the treatment records say against the conversion."""
    notices: list[Notice] = []
    if chosen.plan is None:
        return ()
    if chosen.plan.kind is PlanKind.BRACHYTHERAPY and chosen.plan.brachytherapy_type is None:
        notices.append(Notice("lq.brachytherapy", AS_HIGH_DOSE_RATE))
    groups = chosen.plan.fraction_groups
    if any((group.per_day or 1) > 1 for group in groups):
        message = "several fractions a day are converted as if repair between them were complete"
        notices.append(Notice("lq.complete-repair-assumed", message))
    planned = [group.fractions for group in groups if group.fractions is not None]
    delivered = chosen.plan.delivery.fractions_delivered
    if planned and delivered is not None and delivered != sum(planned):
        message = (
            f"the planned dose was taken, of {sum(planned)} fractions; treatment records say {delivered}"
        )
        notices.append(Notice("dose.planned-not-delivered", message))
    return tuple(notices)
