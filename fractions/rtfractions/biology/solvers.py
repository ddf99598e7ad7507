"""Solvers: the dose per fraction, the number of fractions or the alpha/beta that makes schedules isoeffective.

With repopulation the number of fractions decides the overall time, which decides the BED: the time is that of the
next whole number of fractions on a calendar that starts on a Monday, in elapsed days. Where several numbers of
fractions are worth the same across a weekend the smallest is taken.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from rtfractions.biology import lq
from rtfractions.biology.alpha_beta import MAXIMUM_ALPHA_BETA_GY, MINIMUM_ALPHA_BETA_GY, AlphaBeta
from rtfractions.biology.arguments import ParameterError
from rtfractions.biology.conversion import chosen_model, convert, high_dose_per_fraction
from rtfractions.biology.elementwise import SCALAR, Values, elementwise
from rtfractions.biology.high_dose_models import LQL, MLQ
from rtfractions.biology.models import LQ, Model, checked_model
from rtfractions.biology.quantities import (
    BED,
    DAYS,
    DOSE,
    FRACTIONS,
    POSITIVE_DOSE_PER_FRACTION,
    SolutionError,
)
from rtfractions.biology.repopulation import (
    Repopulation,
    TreatmentTime,
    checked_repopulation,
    fewest_fractions,
)
from rtfractions.biology.treatment_week import TreatmentWeek
from rtfractions.notices import Notice
from rtfractions.schedule import Schedule

FIVE_DAYS: Final = TreatmentWeek()


def solve_dose_per_fraction(
    bed_gy: Values,
    *,
    fractions: float,
    model: Model,
    repopulation: Repopulation | None = None,
    overall_days: float | None = None,
    week: TreatmentWeek = FIVE_DAYS,
) -> Values:
    """Dose per fraction in Gy with which so many equal fractions have a BED.

    Parameters
    ----------
    bed_gy : float or array_like
        BED in Gy to reach, 0 to 1e18; after repopulation where it is given.
    fractions : float
        Number of fractions, 0.001 to 1e6.
    model : Model
        The model; LQ is solved by ``2 B / (n (1 + sqrt(1 + 4 B / (n R))))``.
    repopulation : Repopulation, optional
        K and T_k.
    overall_days : float, optional
        Elapsed days of the schedule sought; those of the calendar `week` unless given.
    week : TreatmentWeek
        The days of treatment.

    Returns
    -------
    float or numpy.ndarray of float64
        Of the shape of `bed_gy`.

    Raises
    ------
    DoseError, ParameterError
        If a value is out of range.

    Examples
    --------
    >>> from rtfractions.biology.models import LQ
    >>> round(solve_dose_per_fraction(36.0, fractions=10, model=LQ(10.0)), 6)
    2.81025
    """
    n, model = FRACTIONS.number(fractions), checked_model(model)
    calendar_days = float(_week(week).elapsed_days(n))
    lost = 0.0
    if repopulation is not None:
        days = calendar_days if overall_days is None else DAYS.number(overall_days)
        lost = checked_repopulation(repopulation).bed_lost_gy(days)
    elif overall_days is not None:
        raise ParameterError("an overall time counts only with repopulation", remedy="give both, or neither")

    def formula(functions: Any, bed: Any) -> Any:
        return model.inverse(functions, (bed + lost) / n)

    result: Values = elementwise(formula, (bed_gy, BED))
    return result


def solve_n_fractions(
    bed_gy: float,
    *,
    dose_per_fraction_gy: float,
    model: Model,
    repopulation: Repopulation | None = None,
    week: TreatmentWeek = FIVE_DAYS,
) -> float:
    """Number of fractions of a dose with which a BED is reached; as a rule it is broken.

    Parameters
    ----------
    bed_gy : float
        BED in Gy to reach, 0 to 1e18; after repopulation where it is given.
    dose_per_fraction_gy : float
        Dose per fraction in Gy, 1e-6 to 1e6.
    model : Model
        The model.
    repopulation : Repopulation, optional
        K and T_k; the overall time is that of the fractions found, see the head of this module.
    week : TreatmentWeek
        The days of treatment.

    Returns
    -------
    float
        ``BED / BED(d)``, or with repopulation the smallest n with ``n BED(d) - K max(0, T(n) - T_k) = BED``.

    Raises
    ------
    DoseError, ParameterError
        If a value is out of range.
    SolutionError
        If repopulation outruns the dose before the BED is reached.

    Examples
    --------
    >>> from rtfractions.biology.models import LQ
    >>> round(solve_n_fractions(100.0, dose_per_fraction_gy=3.0, model=LQ(3.0)), 6)
    16.666667
    """
    bed = BED.number(bed_gy)
    one = checked_model(model).bed_per_fraction_gy(POSITIVE_DOSE_PER_FRACTION.number(dose_per_fraction_gy))
    if repopulation is None:
        _week(week)
        return bed / one
    return fewest_fractions(bed, one, checked_repopulation(repopulation), _week(week))


def solve_alpha_beta(
    total_doses_gy: Sequence[float],
    fractions: Sequence[float],
    *,
    transition_dose_gy: float | None = None,
    gamma_over_alpha: float | None = None,
    delta_per_gy: float | None = None,
    repopulation: Repopulation | None = None,
    overall_days: Sequence[float] | None = None,
) -> float:
    """The alpha/beta in Gy at which two schedules have the same BED: ``(D2 d2 - D1 d1) / (D1 - D2)`` in LQ.

    Every model here has a BED of ``A + Q / R``, so that ``R = (Q2 - Q1) / (A1 - A2)``, the BED lost to repopulation
    being taken from A (Withers 1983, Cancer 51:2086, for LQ). USC has no alpha/beta to solve for.

    Parameters
    ----------
    total_doses_gy, fractions : two float
        Total dose in Gy and number of fractions of each schedule.
    transition_dose_gy, gamma_over_alpha : float, optional
        For LQ-L, as in `LQL`.
    delta_per_gy : float, optional
        For MLQ, as in `MLQ`.
    repopulation, overall_days : optional
        K and T_k, and the elapsed days of each schedule.

    Raises
    ------
    SolutionError
        If no alpha/beta, every alpha/beta, or one outside 0.1 to 100 Gy makes them isoeffective.
    DoseError, ParameterError
        If a value is out of range.

    Examples
    --------
    >>> round(solve_alpha_beta((60.0, 40.0), (30, 10)), 9)
    2.0
    """
    doses = [DOSE.number(dose) for dose in _two(total_doses_gy, "total doses")]
    numbers = [FRACTIONS.number(n) for n in _two(fractions, "numbers of fractions")]
    lost = [0.0, 0.0]
    if (repopulation is None) != (overall_days is None):
        raise ParameterError("repopulation and overall times go together", remedy="give both, or neither")
    if repopulation is not None and overall_days is not None:
        kinetics = checked_repopulation(repopulation)
        lost = [kinetics.bed_lost_gy(DAYS.number(days)) for days in _two(overall_days, "overall times")]
    form = _form(transition_dose_gy, gamma_over_alpha, delta_per_gy)
    terms: list[list[float]] = [
        [n * term for term in form.terms(SCALAR, dose / n)] for dose, n in zip(doses, numbers, strict=True)
    ]
    straight = (terms[0][0] - lost[0]) - (terms[1][0] - lost[1])
    bent = terms[1][1] - terms[0][1]
    if straight == 0.0 or not MINIMUM_ALPHA_BETA_GY <= bent / straight <= MAXIMUM_ALPHA_BETA_GY:
        found = "none" if straight == 0.0 else f"{bent / straight:.6g} Gy"
        raise SolutionError(
            f"no alpha/beta makes {doses[0]:g} Gy / {numbers[0]:g} and {doses[1]:g} Gy / {numbers[1]:g} "
            f"isoeffective (solution: {found})",
            remedy=f"it would lie between {MINIMUM_ALPHA_BETA_GY:g} and {MAXIMUM_ALPHA_BETA_GY:g} Gy",
        )
    return bent / straight


def _two(values: Any, what: str) -> list[Any]:
    try:
        pair = [] if isinstance(values, str | bytes) else list(values)
    except TypeError:
        pair = []
    if len(pair) != 2:
        raise ParameterError(f"two schedules have two {what}", remedy="give one for each")
    return pair


def _form(transition_dose_gy: Any, gamma_over_alpha: Any, delta_per_gy: Any) -> Model:
    """A model with these parameters; the terms of its BED do not know alpha/beta."""
    if delta_per_gy is not None:
        if transition_dose_gy is not None or gamma_over_alpha is not None:
            raise ParameterError(
                "delta is of MLQ, the transition dose and gamma/alpha of LQ-L", remedy="choose one"
            )
        return MLQ(1.0, delta_per_gy=delta_per_gy)
    if transition_dose_gy is not None:
        return LQL(1.0, transition_dose_gy=transition_dose_gy, gamma_over_alpha=gamma_over_alpha)
    if gamma_over_alpha is not None:
        raise ParameterError("gamma/alpha without a transition dose", remedy="give both for LQ-L")
    return LQ(1.0)


def _week(week: Any) -> TreatmentWeek:
    if not isinstance(week, TreatmentWeek):
        raise ParameterError(f"{type(week).__name__} is no treatment week", remedy="give a TreatmentWeek")
    return week


@dataclass(frozen=True, slots=True, kw_only=True)
class IsoeffectiveSchedule:
    """A schedule that is worth as much as another one.

    Attributes
    ----------
    fractions, dose_per_fraction_gy, total_dose_gy : float
        The schedule; the number of fractions may be broken.
    alpha_beta : AlphaBeta
        The ratio, and its source.
    model : str
        The model, as in `Isoeffect`.
    parameters : mapping of str to float
        The parameters beside alpha/beta; `overall_days` is that of this schedule.
    bed_gy : float
        Its BED in Gy, after repopulation where a time was given: that of the schedule it was solved for.
    eqd2_gy, eqd2_time_corrected_gy, eqd2_isoeffective_gy : float or None
        As in `Isoeffect`.
    notices : tuple of Notice
        What a reader must know.
    """

    fractions: float
    dose_per_fraction_gy: float
    total_dose_gy: float
    alpha_beta: AlphaBeta
    model: str
    parameters: Mapping[str, float]
    bed_gy: float
    eqd2_gy: float | None
    eqd2_time_corrected_gy: float | None
    eqd2_isoeffective_gy: float | None
    notices: tuple[Notice, ...]


def isoeffective_schedule(
    schedule: Schedule,
    alpha_beta: AlphaBeta | None = None,
    *,
    fractions: float | None = None,
    dose_per_fraction_gy: float | None = None,
    model: Model | None = None,
    time: TreatmentTime | None = None,
    overall_days: float | None = None,
    week: TreatmentWeek = FIVE_DAYS,
) -> IsoeffectiveSchedule:
    """The schedule of another number of fractions, or another dose per fraction, with the same BED.

    Parameters
    ----------
    schedule : Schedule
        What is to be matched.
    alpha_beta, model, time
        As for `convert`.
    fractions, dose_per_fraction_gy : float, optional
        One of the two is given, the other is solved for.
    overall_days : float, optional
        With `fractions` and a time: elapsed days of the schedule sought, else those of its calendar.
    week : TreatmentWeek
        The days of treatment of the schedule sought.

    Raises
    ------
    ParameterError
        If not exactly one of the two is given, or a value is out of range.
    SolutionError
        If no schedule has that BED.

    Examples
    --------
    >>> found = isoeffective_schedule(Schedule.uniform(total_dose_gy=60, fractions=30),
    ...                               AlphaBeta(value_gy=3, source="late"), dose_per_fraction_gy=3)
    >>> round(found.fractions, 4), round(found.total_dose_gy, 3)
    (16.6667, 50.0)
    """
    alpha_beta, model = chosen_model(alpha_beta, model)
    if (fractions is None) == (dose_per_fraction_gy is None):
        raise ParameterError(
            "a schedule is solved for one unknown", remedy="give the fractions or the dose per fraction"
        )
    matched = convert(schedule, alpha_beta, model=model, time=time)
    repopulation = None if time is None else time.repopulation
    if matched.bed_gy <= 0.0:
        raise SolutionError(
            f"{schedule}: repopulation outweighs the dose", remedy="there is nothing to match"
        )
    if fractions is not None:
        n = FRACTIONS.number(fractions)
        dose = solve_dose_per_fraction(
            matched.bed_gy,
            fractions=n,
            model=model,
            repopulation=repopulation,
            overall_days=overall_days,
            week=week,
        )
    elif overall_days is not None or dose_per_fraction_gy is None:
        raise ParameterError(
            "the number of fractions decides the overall time", remedy="leave the overall time out"
        )
    else:
        dose = POSITIVE_DOSE_PER_FRACTION.number(dose_per_fraction_gy)
        n = solve_n_fractions(
            matched.bed_gy, dose_per_fraction_gy=dose, model=model, repopulation=repopulation, week=week
        )
    parameters = dict(matched.parameters)
    if time is not None:
        parameters["overall_days"] = (
            week.elapsed_days(n) if overall_days is None else DAYS.number(overall_days)
        )
    return IsoeffectiveSchedule(
        fractions=n,
        dose_per_fraction_gy=dose,
        total_dose_gy=n * dose,
        alpha_beta=alpha_beta,
        model=model.name,
        parameters=parameters,
        bed_gy=matched.bed_gy,
        eqd2_gy=matched.eqd2_gy,
        eqd2_time_corrected_gy=matched.eqd2_time_corrected_gy,
        eqd2_isoeffective_gy=matched.eqd2_isoeffective_gy,
        notices=(*matched.notices, *_notices(n, dose, model)),
    )


def _notices(fractions: float, dose_per_fraction_gy: float, model: Model) -> list[Notice]:
    what = f"{fractions:.4g} x {dose_per_fraction_gy:.4g} Gy"
    notices = []
    if abs(fractions - round(fractions)) > 1e-9 * fractions:
        notices.append(
            Notice(
                "solve.fractions-broken", f"{what}: a schedule has a whole number of fractions, this has not"
            )
        )
    if model.name == "lq" and dose_per_fraction_gy > lq.WELL_VALIDATED_UP_TO_GY_PER_FRACTION:
        notices.append(high_dose_per_fraction(what, dose_per_fraction_gy))
    return notices
