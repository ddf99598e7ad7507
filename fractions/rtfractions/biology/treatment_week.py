"""The days a schedule takes when nothing interrupts it, counted from a first fraction on a Monday.

Overall time is *elapsed* days, the last day less the first (Fowler; RCR): 35 weekday fractions take 46.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from rtfractions.biology.arguments import ParameterError
from rtfractions.biology.quantities import FRACTIONS
from rtfractions.errors import quoted
from rtfractions.schedule import Phase, Schedule

CONVENTION: Final = "elapsed days: the last day less the first"
"""The convention, for people."""

WEEKDAYS: Final = {
    1: (0,),
    2: (0, 3),
    3: (0, 2, 4),
    4: (0, 1, 3, 4),
    5: (0, 1, 2, 3, 4),
    6: (0, 1, 2, 3, 4, 5),
    7: (0, 1, 2, 3, 4, 5, 6),
}
"""Days of treatment in a week, Monday being 0, for so many a week."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TreatmentWeek:
    """On which days of the week treatment is given, and how often a day.

    Attributes
    ----------
    fractions_per_day : int
        Fractions on a day of treatment, 1 to 4.
    days_per_week : int
        Days of treatment in a week, 1 to 7; which they are is in `WEEKDAYS`, 5 being Monday to Friday and 3
        Monday, Wednesday and Friday.

    Examples
    --------
    >>> [TreatmentWeek().elapsed_days(fractions) for fractions in (5, 6, 35)]
    [4, 7, 46]
    """

    fractions_per_day: int = 1
    days_per_week: int = 5

    def __post_init__(self) -> None:
        for value, name, most in (
            (self.fractions_per_day, "fractions per day", 4),
            (self.days_per_week, "days per week", 7),
        ):
            if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
                raise ParameterError(
                    f"the number of {name} is {quoted(value)}", remedy=f"a whole number of 1 to {most}"
                )

    @classmethod
    def of(cls, phase: Phase) -> "TreatmentWeek":
        """The week of a phase: five days where it says nothing, Monday, Wednesday and Friday for QOD."""
        daily = phase.fractions_per_treatment_day
        if phase.per_week is not None:
            return cls(fractions_per_day=daily, days_per_week=min(7, math.ceil(phase.per_week / daily)))
        return cls(fractions_per_day=daily, days_per_week=3 if phase.per_day == 0.5 else 5)

    def elapsed_days(self, fractions: float) -> int:
        """Elapsed days of so many fractions, the first on a Monday; a broken number counts as the next whole one."""
        number = math.ceil(FRACTIONS.number(fractions) - 1e-9)  # what a solver leaves of a whole number
        weeks, day = divmod(max(0, math.ceil(number / self.fractions_per_day) - 1), self.days_per_week)
        return 7 * weeks + WEEKDAYS[self.days_per_week][day]

    def days_from(self, day: int) -> Iterator[int]:
        """The day of each fraction, without end, from the first day of treatment at or after `day`."""
        while True:
            if day % 7 in WEEKDAYS[self.days_per_week]:
                for _ in range(self.fractions_per_day):
                    yield day
            day += 1


def treatment_days(schedule: Schedule) -> tuple[int, ...]:
    """The day of each fraction, the first phase starting on Monday, day 0, each other on its next day of treatment.

    Examples
    --------
    >>> treatment_days(Schedule.uniform(total_dose_gy=28, fractions=7))
    (0, 1, 2, 3, 4, 7, 8)
    """
    days: list[int] = []
    for phase in checked_schedule(schedule).phases:
        start = days[-1] + 1 if days else 0
        days += islice(TreatmentWeek.of(phase).days_from(start), phase.fractions)
    return tuple(days)


def elapsed_days(schedule: Schedule) -> int:
    """Overall time of a schedule that starts on a Monday and is not interrupted, in elapsed days.

    Examples
    --------
    >>> elapsed_days(Schedule.uniform(total_dose_gy=70, fractions=35))
    46
    """
    return treatment_days(schedule)[-1]


def checked_schedule(schedule: Any) -> Schedule:
    """The schedule, where it is one; a `ParameterError` else."""
    if not isinstance(schedule, Schedule):
        raise ParameterError(f"{type(schedule).__name__} is no schedule", remedy="give a Schedule")
    return schedule
