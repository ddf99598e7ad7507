"""Making up for an interruption of treatment, by the methods of the RCR, with what each costs late-reacting tissue.

In the order of preference: keep the overall time and the dose (weekends, or second fractions of a day at least 6 h
apart); keep the overall time and change the dose per fraction; accept a longer time and add dose. The tumour's BED
loses ``K max(0, T - T_k)``, that of late-reacting tissue nothing, and recovery of normal tissue during the gap is not
credited (Dale 2002, Clin Oncol 14:382; Hendry 1996, Clin Oncol 8:297).
"""

from dataclasses import dataclass, replace
from itertools import islice, takewhile
from typing import Any, Final

from rtfractions.biology import lq
from rtfractions.biology.alpha_beta import AlphaBeta
from rtfractions.biology.arguments import ParameterError
from rtfractions.biology.conversion import SHORTEST_INTERVAL_HOURS, check_time, high_dose_per_fraction
from rtfractions.biology.models import LQ
from rtfractions.biology.quantities import SolutionError
from rtfractions.biology.repopulation import Repopulation, TreatmentTime, checked_repopulation
from rtfractions.biology.solvers import solve_dose_per_fraction
from rtfractions.biology.treatment_week import CONVENTION, TreatmentWeek, checked_schedule, treatment_days
from rtfractions.errors import counted, quoted
from rtfractions.notices import Notice
from rtfractions.schedule import Schedule

LONGEST_GAP_DAYS: Final = 365
MOST_FRACTIONS: Final = 1000
MOST_FRACTIONS_A_DAY: Final = 3
"""As in CHART; more a day have no room at `SHORTEST_INTERVAL_HOURS` between them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompensationRow:
    """One way to go on after an interruption.

    Attributes
    ----------
    method : str
        ``"prescribed"``, ``"uncompensated"``, ``"keep-time-and-dose"``, ``"keep-time-change-dose"``,
        ``"extend-add-fractions"`` or ``"extend-change-dose"``.
    description : str
        What is to be done; where `impossible` is set, why it cannot be.
    impossible : bool
        Whether it cannot be done; the numbers are then None.
    fractions : int or None
        Fractions still to give (all of them in the row ``"prescribed"``).
    dose_per_fraction_gy : float or None
        Dose of each of those in Gy.
    total_dose_gy : float or None
        Dose of the whole course in Gy, that delivered already included.
    overall_days : float or None
        Elapsed days of the whole course.
    tumour_bed_gy : float or None
        Tumour BED of the whole course after repopulation in Gy.
    tumour_bed_gained_gy : float or None
        How much more that is than without compensation.
    late_bed_gy : float or None
        BED of late-reacting tissue in Gy.
    late_change_percent : float or None
        By how many percent that differs from the prescribed schedule's.
    """

    method: str
    description: str
    impossible: bool = False
    fractions: int | None = None
    dose_per_fraction_gy: float | None = None
    total_dose_gy: float | None = None
    overall_days: float | None = None
    tumour_bed_gy: float | None = None
    tumour_bed_gained_gy: float | None = None
    late_bed_gy: float | None = None
    late_change_percent: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Compensation:
    """An interruption, and the ways to go on.

    Attributes
    ----------
    schedule : Schedule
        What was prescribed.
    delivered : int
        Fractions given before the gap.
    gap_days : int
        By how many days the next fraction is late.
    tumour, late : AlphaBeta
        The two ratios, and their sources.
    repopulation : Repopulation
        K and T_k.
    prescribed, uncompensated : CompensationRow
        The treatment without the gap, and with it when nothing is changed.
    methods : tuple of CompensationRow
        The ways to compensate, in the order of preference; empty where the gap loses nothing.
    notices : tuple of Notice
        What a planning meeting must know.
    """

    schedule: Schedule
    delivered: int
    gap_days: int
    tumour: AlphaBeta
    late: AlphaBeta
    repopulation: Repopulation
    prescribed: CompensationRow
    uncompensated: CompensationRow
    methods: tuple[CompensationRow, ...]
    notices: tuple[Notice, ...]


def compensate_interruption(
    schedule: Schedule,
    *,
    delivered: int,
    gap_days: int,
    tumour: AlphaBeta,
    late: AlphaBeta,
    repopulation: Repopulation,
    overall_days: float | None = None,
) -> Compensation:
    """The ways to make up for a gap in a treatment, in the LQ model with full repair between fractions.

    Parameters
    ----------
    schedule : Schedule
        What was prescribed, of one phase.
    delivered : int
        Fractions given before the gap, at least one and not all.
    gap_days : int
        By how many calendar days the next fraction is later than planned, 1 to 365; where treatment would go on at a
        weekend it goes on at the next day of treatment.
    tumour, late : AlphaBeta
        alpha/beta of the tumour and of late-reacting tissue.
    repopulation : Repopulation
        K and T_k of the tumour.
    overall_days : float, optional
        Elapsed days of the prescribed schedule; those of a calendar that starts on a Monday unless given. The gap
        prolongs the time by as many days as on that calendar.

    Raises
    ------
    ParameterError
        If a value is out of range.
    SolutionError
        If the schedule has several phases, or repopulation outweighs it.

    Examples
    --------
    >>> compensation = compensate_interruption(
    ...     Schedule.uniform(total_dose_gy=70, fractions=35), delivered=20, gap_days=7,
    ...     tumour=AlphaBeta(value_gy=10, source="tumour"), late=AlphaBeta(value_gy=3, source="late"),
    ...     repopulation=Repopulation(gy_per_day=0.9, kick_off_days=28))
    >>> changed = compensation.methods[1]
    >>> changed.fractions, round(changed.dose_per_fraction_gy, 5), round(changed.late_bed_gy, 2)
    (10, 2.81025, 121.09)
    """
    course = _Course(schedule, delivered, gap_days, tumour, late, repopulation, overall_days)
    rows = [course.keep_time_and_dose(), course.keep_time(), course.add_fractions(), course.change_dose()]
    loses = course.uncompensated_bed < course.prescribed_bed
    return Compensation(
        schedule=schedule,
        delivered=delivered,
        gap_days=gap_days,
        tumour=tumour,
        late=late,
        repopulation=repopulation,
        prescribed=course.prescribed(),
        uncompensated=course.uncompensated(),
        methods=tuple(rows) if loses else (),
        notices=tuple(course.notices(rows, loses)),
    )


class _Course:
    """A course with its gap: the days it has, and what can be made of the rest."""

    def __init__(
        self,
        schedule: Any,
        delivered: Any,
        gap_days: Any,
        tumour: Any,
        late: Any,
        repopulation: Any,
        overall_days: Any,
    ) -> None:
        if len(checked_schedule(schedule).phases) > 1:
            raise SolutionError(
                f"{schedule} has several phases", remedy="compensate for the phase that was interrupted"
            )
        for ratio in (tumour, late):
            if not isinstance(ratio, AlphaBeta):
                raise ParameterError(f"{type(ratio).__name__} is no alpha/beta", remedy="give an AlphaBeta")
        if schedule.fractions < 2:
            raise SolutionError(f"{schedule} cannot be interrupted")
        self.schedule, self.phase = schedule, schedule.phases[0]
        self.week = TreatmentWeek.of(self.phase)
        self.delivered = _whole(delivered, "the number of fractions delivered", schedule.fractions - 1)
        self.gap_days = _whole(gap_days, "the gap in days", LONGEST_GAP_DAYS)
        self.remaining = schedule.fractions - self.delivered
        self.dose: float = self.phase.dose_per_fraction_gy
        self.repopulation = checked_repopulation(repopulation)
        self.tumour, self.late = LQ(tumour.value_gy), LQ(late.value_gy)
        days = treatment_days(schedule)
        self.last_day, self.resumed = (
            days[-1],
            next(self.week.days_from(days[self.delivered] + self.gap_days)),
        )
        time = TreatmentTime(
            elapsed_days=days[-1] if overall_days is None else overall_days, repopulation=self.repopulation
        )
        check_time(schedule, time)
        if time.elapsed_days < days[-1]:
            raise ParameterError(
                f"{schedule} takes {days[-1]} elapsed days on its calendar, not {time.elapsed_days:g}",
                remedy="say how many fractions a week (6/wk) or a day (BID)",
            )
        self.planned_days = time.elapsed_days
        self.beyond_calendar = time.elapsed_days - days[-1]
        slots = takewhile(lambda day: day <= self.last_day, self.week.days_from(self.resumed))
        self.slots = min(self.remaining, len(list(slots)))
        self.prescribed_bed = self._bed(self.remaining, self.dose, self.planned_days)
        self.prescribed_late = self._late(self.remaining, self.dose)
        self.prolonged_days = self._days(self.remaining)
        self.uncompensated_bed = self._bed(self.remaining, self.dose, self.prolonged_days)
        if self.prescribed_bed <= 0.0:
            raise SolutionError(
                f"{schedule}: repopulation outweighs the dose", remedy="there is nothing to keep"
            )

    def _days(self, fractions: int) -> float:
        """Elapsed days when so many fractions follow the gap."""
        last = next(islice(self.week.days_from(self.resumed), fractions - 1, None))
        return last + self.beyond_calendar

    def _bed(self, fractions: int, dose: float, days: float) -> float:
        """Tumour BED of the course when so many fractions of a dose follow."""
        given = self.delivered * self.tumour.bed_per_fraction_gy(self.dose)
        return given + fractions * self.tumour.bed_per_fraction_gy(dose) - self.repopulation.bed_lost_gy(days)

    def _late(self, fractions: int, dose: float) -> float:
        """BED of late-reacting tissue of the course when so many fractions of a dose follow."""
        given = self.delivered * self.late.bed_per_fraction_gy(self.dose)
        return given + fractions * self.late.bed_per_fraction_gy(dose)

    def _row(
        self, method: str, description: str, fractions: int, dose: float, days: float
    ) -> CompensationRow:
        tumour, late = self._bed(fractions, dose, days), self._late(fractions, dose)
        return CompensationRow(
            method=method,
            description=description,
            fractions=fractions,
            dose_per_fraction_gy=dose,
            total_dose_gy=self.delivered * self.dose + fractions * dose,
            overall_days=days,
            tumour_bed_gy=tumour,
            tumour_bed_gained_gy=tumour - self.uncompensated_bed,
            late_bed_gy=late,
            late_change_percent=100.0 * (late - self.prescribed_late) / self.prescribed_late,
        )

    def prescribed(self) -> CompensationRow:
        """The treatment without the gap."""
        row = self._row("prescribed", "as prescribed", self.remaining, self.dose, self.planned_days)
        return replace(row, fractions=self.schedule.fractions)

    def uncompensated(self) -> CompensationRow:
        """The treatment with the gap and nothing changed."""
        description = "the rest as prescribed, later"
        return self._row("uncompensated", description, self.remaining, self.dose, self.prolonged_days)

    def keep_time_and_dose(self) -> CompensationRow:
        """Method 1: more sessions in the planned time."""
        method, extra = "keep-time-and-dose", self.remaining - self.slots
        most_a_day = max(self.week.fractions_per_day, MOST_FRACTIONS_A_DAY)
        most_a_day = min(self.week.fractions_per_day + 1, most_a_day)
        if self.remaining > most_a_day * max(0, self.last_day - self.resumed + 1):
            return _impossible(
                method,
                f"no room for {counted(self.remaining, 'fraction')} in the planned time, {most_a_day} a day",
            )
        description = (
            f"the planned time and dose, {extra} of the {counted(self.remaining, 'fraction')} at weekends or as one "
            f"more of a day, at least {SHORTEST_INTERVAL_HOURS:g} h apart"
        )
        return self._row(method, description, self.remaining, self.dose, self.planned_days)

    def keep_time(self) -> CompensationRow:
        """Method 2: larger fractions on the days of treatment that are left."""
        method = "keep-time-change-dose"
        if self.slots == 0:
            return _impossible(method, "no day of treatment is left in the planned time")
        dose = self._solve(self.slots, self.planned_days)
        description = f"the planned time, {counted(self.slots, 'larger fraction')}"
        return self._row(method, description, self.slots, dose, self.planned_days)

    def add_fractions(self) -> CompensationRow:
        """Method 3: more fractions of the prescribed dose in a longer time."""
        method = "extend-add-fractions"
        for fractions in range(self.remaining, MOST_FRACTIONS + 1):
            days = self._days(fractions)
            if self._bed(fractions, self.dose, days) >= self.prescribed_bed * (1.0 - 1e-12):
                added = fractions - self.remaining
                description = f"a longer time, {counted(added, 'fraction')} of the prescribed dose added"
                return self._row(method, description, fractions, self.dose, days)
        return _impossible(method, "repopulation outruns fractions of the prescribed dose")

    def change_dose(self) -> CompensationRow:
        """Method 3 with the number of fractions kept: the rest larger, in a longer time."""
        dose = self._solve(self.remaining, self.prolonged_days)
        description = f"a longer time, {counted(self.remaining, 'larger fraction')}"
        return self._row("extend-change-dose", description, self.remaining, dose, self.prolonged_days)

    def _solve(self, fractions: int, days: float) -> float:
        given = self.delivered * self.tumour.bed_per_fraction_gy(self.dose)
        missing = self.prescribed_bed + self.repopulation.bed_lost_gy(days) - given
        return solve_dose_per_fraction(missing, fractions=fractions, model=self.tumour)

    def notices(self, rows: list[CompensationRow], loses: bool) -> list[Notice]:
        """What a planning meeting must know."""
        repopulation, kick_off = self.repopulation, self.repopulation.kick_off_days
        notices = [
            Notice(
                "time.convention",
                f"overall time is in {CONVENTION}; {repopulation.gy_per_day:.4g} Gy of tumour BED a day is lost "
                f"after day {kick_off:g}",
            )
        ]
        if not loses:
            notices.append(
                Notice(
                    "compensation.no-loss",
                    f"the gap is no loss in this model: the prolonged treatment takes {self.prolonged_days:g} days, "
                    f"the planned one {self.planned_days:g}, and repopulation begins after day {kick_off:g}",
                )
            )
            return notices
        if self.beyond_calendar > 0:
            notices.append(
                Notice(
                    "compensation.days-of-a-calendar",
                    f"the planned time of {self.planned_days:g} days is longer than the {self.last_day} of an "
                    f"uninterrupted calendar from a Monday, on which room for {counted(self.slots, 'fraction')} was "
                    "counted as left: count those of the real calendar",
                )
            )
        if self.resumed <= kick_off:
            notices.append(
                Notice(
                    "compensation.gap-before-kick-off",
                    f"the gap ends on day {self.resumed}, before repopulation begins after day {kick_off:g}: what is "
                    "lost comes from the treatment ending later, not from the gap itself",
                )
            )
        notices.append(
            Notice(
                "compensation.no-recovery",
                "late BED credits no recovery of normal tissue in the gap, and takes repair between fractions as "
                "complete",
            )
        )
        for row in rows:
            dose = row.dose_per_fraction_gy
            if dose is not None and dose > lq.WELL_VALIDATED_UP_TO_GY_PER_FRACTION:
                notices.append(high_dose_per_fraction(row.method, dose))
        return notices


def _impossible(method: str, why: str) -> CompensationRow:
    return CompensationRow(method=method, description=why, impossible=True)


def _whole(value: Any, name: str, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        raise ParameterError(f"{name} is {quoted(value)}", remedy=f"a whole number of 1 to {most}")
    return value
