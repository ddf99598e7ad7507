"""What a schedule is worth: each phase converted with its own fractions, then added."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from rtfractions.biology import lq
from rtfractions.biology.alpha_beta import AlphaBeta
from rtfractions.biology.arguments import ParameterError
from rtfractions.biology.models import LQ, Model, checked_model
from rtfractions.biology.quantities import SolutionError
from rtfractions.notices import Notice
from rtfractions.schedule import Schedule

if TYPE_CHECKING:  # imported where time or repair is asked for, so that a plain conversion starts sooner
    from rtfractions.biology.repair import IncompleteRepair
    from rtfractions.biology.repopulation import TreatmentTime

SHORTEST_INTERVAL_HOURS: Final = 6.0
"""Fractions of one day are given at least so far apart (RCR; Dale 2002, Clin Oncol 14:382)."""


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
        The model: ``"lq"``, ``"lql"``, ``"usc"`` or ``"mlq"``. Without parameters of time and repair there is no
        time factor, and repair between fractions is complete.
    bed_gy : float
        BED in Gy, after repopulation where a time was given; below 0 where it outweighs the dose.
    eqd2_gy : float or None
        EQD2 in Gy; None with a time, when EQD2 has two meanings.
    parameters : mapping of str to float
        The parameters beside alpha/beta, of the model, of time and of repair.
    notices : tuple of Notice
        What a reader of the numbers must know.
    eqd2_time_corrected_gy : float or None
        With a time: one-sided EQD2 in Gy, the 2 Gy treatment losing nothing.
    eqd2_isoeffective_gy : float or None
        With a time: two-sided EQD2 in Gy, the 2 Gy treatment losing BED over its own time; None where there is none.
    """

    schedule: Schedule
    alpha_beta: AlphaBeta
    model: str
    bed_gy: float
    eqd2_gy: float | None
    parameters: Mapping[str, float] = field(default_factory=dict)
    notices: tuple[Notice, ...] = ()
    eqd2_time_corrected_gy: float | None = None
    eqd2_isoeffective_gy: float | None = None

    @property
    def eqd2_without_time_gy(self) -> float:
        """EQD2 in Gy of a conversion that was asked for without a time."""
        assert self.eqd2_gy is not None
        return self.eqd2_gy


def convert(
    schedule: Schedule,
    alpha_beta: AlphaBeta | None = None,
    *,
    model: Model | None = None,
    time: TreatmentTime | None = None,
    repair: IncompleteRepair | None = None,
) -> Isoeffect:
    """BED and EQD2 of a schedule.

    Parameters
    ----------
    schedule : Schedule
        Its phases convert separately and add: physical doses of different fractions do not.
    alpha_beta : AlphaBeta, optional
        The ratio, with its source. Only a `USC` model, which has its own, goes without.
    model : Model, optional
        `LQ` unless given; a model given has the same alpha/beta.
    time : TreatmentTime, optional
        Overall time and repopulation.
    repair : IncompleteRepair, optional
        Repair between fractions, in LQ only: the general engine at the times of an uninterrupted calendar that
        starts on a Monday, repair overnight and over weekends included.

    Raises
    ------
    ParameterError
        If model and alpha/beta contradict each other, repair is asked of a model other than LQ, the interval of
        several fractions a day is missing, or the overall time is too short for the fractions.

    Examples
    --------
    >>> isoeffect = convert(Schedule.uniform(total_dose_gy=40, fractions=10), AlphaBeta(value_gy=10, source="tumour"))
    >>> round(isoeffect.bed_gy, 2), round(isoeffect.eqd2_gy, 2)
    (56.0, 46.67)
    """
    if not isinstance(schedule, Schedule):
        raise ParameterError(f"{type(schedule).__name__} is no schedule", remedy="give a Schedule")
    alpha_beta, model = chosen_model(alpha_beta, model)
    parameters = dict(model.parameters)
    bed_gy = sum(
        model.bed_gy(float(phase.total_dose_gy), fractions=phase.fractions) for phase in schedule.phases
    )
    if repair is not None:
        bed_gy, factor = _with_repair(schedule, model, repair)
        parameters |= {**repair.parameters, "incomplete_repair_factor": factor}
    notices = (*model.notices, *model_notices(schedule, model=model, repair=repair))
    if time is None:
        return Isoeffect(schedule, alpha_beta, model.name, bed_gy, model.eqd2_gy(bed_gy), parameters, notices)
    check_time(schedule, time)
    net_gy = bed_gy - time.bed_lost_gy
    isoeffective_gy, time_notices = _in_time(schedule, net_gy, model, time)
    return Isoeffect(
        schedule,
        alpha_beta,
        model.name,
        net_gy,
        None,
        {**parameters, "overall_days": time.elapsed_days, **time.repopulation.parameters},
        (*notices, *time_notices),
        eqd2_time_corrected_gy=model.eqd2_gy(net_gy),
        eqd2_isoeffective_gy=isoeffective_gy,
    )


def chosen_model(alpha_beta: AlphaBeta | None, model: Model | None) -> tuple[AlphaBeta, Model]:
    """The alpha/beta and the model of a conversion, LQ unless one is given.

    Raises
    ------
    ParameterError
        If they contradict each other, or there is no alpha/beta.
    """
    if model is not None:
        checked_model(model)
    if alpha_beta is None:
        if model is None or model.own_alpha_beta is None:
            raise ParameterError("there is no alpha/beta", remedy="give it; only a USC model has its own")
        alpha_beta = model.own_alpha_beta
    if not isinstance(alpha_beta, AlphaBeta):
        raise ParameterError(f"{type(alpha_beta).__name__} is no alpha/beta", remedy="give an AlphaBeta")
    if model is None:
        return alpha_beta, LQ(alpha_beta.value_gy)
    if model.alpha_beta_gy != alpha_beta.value_gy:
        raise ParameterError(
            f"the {model.name} model has an alpha/beta of {model.alpha_beta_gy:.6g} Gy, not {alpha_beta}",
            remedy="make the model with that alpha/beta; USC brings its own",
        )
    return alpha_beta, model


def check_time(schedule: Schedule, time: Any) -> None:
    """Refuse an overall time in which the fractions of a schedule cannot be given.

    Raises
    ------
    ParameterError
        If the time is shorter than the fractions need, or no `TreatmentTime`.
    """
    from rtfractions.biology.repopulation import TreatmentTime

    if not isinstance(time, TreatmentTime):
        raise ParameterError(f"{type(time).__name__} is no overall time", remedy="give a TreatmentTime")
    fewest = schedule.fewest_days(schedule.fractions) - 1
    if time.elapsed_days < fewest:
        raise ParameterError(
            f"{schedule} takes {fewest} elapsed days at least, not {time.elapsed_days:g}",
            remedy="count from the first day to the last, or say how many fractions a day (BID)",
        )


def _with_repair(schedule: Schedule, model: Model, repair: Any) -> tuple[float, float]:
    """BED with incomplete repair, and the factor h with which BED is ``sum D (1 + (1 + h) d / R)``."""
    from rtfractions.biology.repair import IncompleteRepair, bed_of_fractions, fractions_in_a_day
    from rtfractions.biology.treatment_week import TreatmentWeek, treatment_days

    if not isinstance(repair, IncompleteRepair):
        raise ParameterError(f"{type(repair).__name__} is no repair", remedy="give an IncompleteRepair")
    if not isinstance(model, LQ):
        raise ParameterError(
            f"incomplete repair is modelled in LQ, not in the {model.name} model",
            remedy="leave one of them out",
        )
    interval = repair.interval_hours
    doses, hours = [], []
    days = iter(treatment_days(schedule))
    for phase in schedule.phases:
        daily = TreatmentWeek.of(phase).fractions_per_day
        if daily > 1 and interval is None:
            raise ParameterError(
                f"{schedule}: the interval between fractions of a day is missing", remedy="give it in hours"
            )
        fractions_in_a_day(daily, interval or 0.0)
        for i in range(phase.fractions):
            doses.append(phase.dose_per_fraction_gy)
            hours.append(24.0 * next(days) + (i % daily) * (interval or 0.0))
    bed_gy: float = bed_of_fractions(
        doses, start_hours=hours, alpha_beta_gy=model.alpha_beta_gy, kinetics=repair.kinetics
    )
    complete = sum(dose * dose for dose in doses) / model.alpha_beta_gy
    return bed_gy, (bed_gy - sum(doses)) / complete - 1.0


def _in_time(
    schedule: Schedule, net_gy: float, model: Model, time: TreatmentTime
) -> tuple[float | None, list[Notice]]:
    """Two-sided EQD2, and what must be said of the time."""
    from rtfractions.biology.repopulation import fewest_fractions
    from rtfractions.biology.treatment_week import CONVENTION, TreatmentWeek

    repopulation = time.repopulation
    told = (
        f"{schedule}: {time.bed_lost_gy:.4g} Gy of BED lost in {time.elapsed_days:g} days ({CONVENTION}), "
        f"{repopulation.gy_per_day:.4g} Gy a day after day {repopulation.kick_off_days:g}"
    )
    notices = [Notice("time.convention", told)]
    if net_gy < 0.0:
        notices.append(
            Notice(
                "time.bed-negative", f"{schedule}: repopulation outweighs the dose, BED is {net_gy:.4g} Gy"
            )
        )
    try:
        of_two_gray = model.bed_per_fraction_gy(2.0)
        return 2.0 * fewest_fractions(net_gy, of_two_gray, repopulation, TreatmentWeek()), notices
    except SolutionError as error:
        return None, [*notices, Notice("time.no-isoeffective", f"{schedule}: {error.problem}")]


def model_notices(
    schedule: Schedule, *, model: Model, repair: IncompleteRepair | None = None
) -> tuple[Notice, ...]:
    """What a model does not know about a schedule."""
    notices = []
    # LQ-L and USC are LQ itself up to their transition
    if model.name == "lq" or "transition_dose_gy" in model.parameters:
        lq_up_to = model.parameters.get("transition_dose_gy", math.inf)
        steepest = max(phase.exact_dose_per_fraction_gy for phase in schedule.phases)
        if lq.WELL_VALIDATED_UP_TO_GY_PER_FRACTION < steepest <= lq_up_to:
            notices.append(high_dose_per_fraction(str(schedule), float(steepest)))
    if any(phase.fractions_per_treatment_day > 1 for phase in schedule.phases):
        if repair is None:
            notices.append(
                Notice(
                    "lq.complete-repair-assumed",
                    f"{schedule}: several fractions a day are converted as if repair between them were complete; "
                    "with less than complete repair the effect is larger",
                )
            )
        elif repair.interval_hours is not None and repair.interval_hours < SHORTEST_INTERVAL_HOURS:
            notices.append(
                Notice(
                    "repair.short-interval",
                    f"{schedule}: fractions {repair.interval_hours:g} h apart are less than "
                    f"{SHORTEST_INTERVAL_HOURS:g} h apart",
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


def high_dose_per_fraction(what: str, dose_per_fraction_gy: float) -> Notice:
    """The notice for a dose per fraction above those for which LQ is well validated."""
    limit, reasonable = lq.WELL_VALIDATED_UP_TO_GY_PER_FRACTION, lq.REASONABLE_UP_TO_GY_PER_FRACTION
    beyond = dose_per_fraction_gy > reasonable
    return Notice(
        "lq.high-dose-per-fraction",
        f"{what}: {dose_per_fraction_gy:.4g} Gy a fraction is above the {limit:g} Gy up to which LQ is "
        f"reasonably well validated, and {'above' if beyond else 'within'} the {reasonable:g} Gy up to which it is "
        "reasonable to use (Brenner 2008); compare with the LQ-L model, which rises less steeply",
    )
