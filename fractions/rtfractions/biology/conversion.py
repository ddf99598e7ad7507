"""What a schedule is worth: each phase converted with its own fractions, then added."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from rtfractions.biology import lq
from rtfractions.biology.alpha_beta import AlphaBeta
from rtfractions.notices import Notice
from rtfractions.schedule import Phase, Schedule


@dataclass(frozen=True, slots=True)
class Isoeffect:
    """BED and EQD2 of a schedule, with all that they rest on.

    Attributes
    ----------
    schedule : Schedule
        What was converted.
    alpha_beta : AlphaBeta
        The alpha/beta ratio used, and its source.
    model : str
        The model: ``"lq"``, with full repair between fractions and no time factor.
    parameters : mapping of str to float
        The model's parameters beside alpha/beta.
    bed_gy, eqd2_gy : float
        BED and EQD2 in Gy.
    notices : tuple of Notice
        What a reader of the two numbers must know.
    """

    schedule: Schedule
    alpha_beta: AlphaBeta
    model: str
    bed_gy: float
    eqd2_gy: float
    parameters: Mapping[str, float] = field(default_factory=dict)
    notices: tuple[Notice, ...] = ()


def convert(schedule: Schedule, alpha_beta: AlphaBeta) -> Isoeffect:
    """BED and EQD2 of a schedule in the LQ model.

    Parameters
    ----------
    schedule : Schedule
        Its phases convert separately and add: physical doses of different fractions do not.
    alpha_beta : AlphaBeta
        The ratio, with its source.

    Examples
    --------
    >>> isoeffect = convert(Schedule.uniform(total_dose_gy=40, fractions=10), AlphaBeta(value_gy=10, source="tumour"))
    >>> round(isoeffect.bed_gy, 2), round(isoeffect.eqd2_gy, 2)
    (56.0, 46.67)
    """
    bed_gy = eqd2_gy = 0.0
    for phase in schedule.phases:
        dose_gy = float(phase.total_dose_gy)
        bed_gy += lq.bed(dose_gy, fractions=phase.fractions, alpha_beta_gy=alpha_beta.value_gy)
        eqd2_gy += lq.eqd2(dose_gy, fractions=phase.fractions, alpha_beta_gy=alpha_beta.value_gy)
    return Isoeffect(schedule, alpha_beta, "lq", bed_gy, eqd2_gy, notices=model_notices(schedule))


def model_notices(schedule: Schedule) -> tuple[Notice, ...]:
    """What the LQ model does not know about a schedule."""
    notices = []
    steepest = max(schedule.phases, key=lambda phase: phase.exact_dose_per_fraction_gy)
    if steepest.exact_dose_per_fraction_gy > lq.WELL_VALIDATED_UP_TO_GY_PER_FRACTION:
        notices.append(_high_dose_per_fraction(schedule, steepest))
    if any(phase.fractions_per_treatment_day > 1 for phase in schedule.phases):
        notices.append(
            Notice(
                "lq.complete-repair-assumed",
                f"{schedule}: several fractions a day are converted as if repair between them were complete; "
                "with less than complete repair the effect is larger",
            )
        )
    if schedule.rbe_weighted:
        notices.append(
            Notice(
                "lq.rbe-weighted",
                f"{schedule}: the dose carries an RBE weight already; BED and EQD2 are of the weighted dose",
            )
        )
    return tuple(notices)


def _high_dose_per_fraction(schedule: Schedule, phase: Phase) -> Notice:
    limit, reasonable = lq.WELL_VALIDATED_UP_TO_GY_PER_FRACTION, lq.REASONABLE_UP_TO_GY_PER_FRACTION
    beyond = phase.exact_dose_per_fraction_gy > reasonable
    return Notice(
        "lq.high-dose-per-fraction",
        f"{schedule}: {phase.dose_per_fraction_gy:.4g} Gy a fraction is above the {limit:g} Gy up to which LQ is "
        f"reasonably well validated, and {'above' if beyond else 'within'} the {reasonable:g} Gy up to which it is "
        "reasonable to use (Brenner 2008)",
    )
