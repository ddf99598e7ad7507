"""Fractionation schedules as exact values: phases of equal fractions, given in sequence.

Doses are decimals, as they were typed: 40.05 Gy in 15 fractions is exactly 2.67 Gy a fraction, and a
tolerance of 0.05 Gy means 0.05 Gy. Conversion to float happens once, where a calculation begins.
"""

import math
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import Final

from rtfractions.errors import RTFractionsError, quoted

MAXIMUM_TOTAL_DOSE_GY: Final = Decimal(10_000)
"""Bound of the value type: far above any treatment, it keeps the arithmetic exact."""

MAXIMUM_FRACTIONS: Final = 1000
"""Bound of the value type, like `MAXIMUM_TOTAL_DOSE_GY`."""

SMALLEST_DOSE_STEP_GY: Final = Decimal(1).scaleb(-18)
"""Doses are whole multiples of this, so that sums and products stay exact."""

PER_DAY_WORDS: Final = {0.5: "QOD", 1.0: "QD", 2.0: "BID", 3.0: "TID", 4.0: "QID"}
"""Fractions per day that a schedule may state, with the canonical word for each."""


class ScheduleError(RTFractionsError, ValueError):
    """A schedule that cannot be, or a text that does not say which schedule it means."""

    code = "schedule"


def exact_dose_gy(value: Decimal | float) -> Decimal:
    """A dose in Gy as an exact decimal; a float counts as the shortest decimal that denotes it.

    Parameters
    ----------
    value : Decimal, int or float
        A dose above 0 and at most 10 000 Gy, a whole multiple of 1e-18 Gy.

    Raises
    ------
    ScheduleError
        If the value is not a number, not finite, or outside that range.

    Examples
    --------
    >>> exact_dose_gy(40.05)
    Decimal('40.05')
    """
    if isinstance(value, bool) or not isinstance(value, Decimal | int | float):
        raise ScheduleError(f"{quoted(value)} is not a dose", remedy="give a number of Gy")
    dose = Decimal(repr(value) if isinstance(value, float) else value)
    if not dose.is_finite() or not 0 < dose <= MAXIMUM_TOTAL_DOSE_GY:
        raise ScheduleError(
            f"a dose of {value} Gy cannot be",
            remedy=f"doses are above 0 and at most {MAXIMUM_TOTAL_DOSE_GY} Gy",
        )
    if dose % SMALLEST_DOSE_STEP_GY:
        raise ScheduleError(f"a dose of {value} Gy has more decimals than a dose can have")
    return dose


def dose_text(dose_gy: Decimal) -> str:
    """A decimal in its shortest plain notation.

    Examples
    --------
    >>> dose_text(Decimal("40.00")), dose_text(Decimal("4E+1")), dose_text(Decimal("2.670"))
    ('40', '40', '2.67')
    """
    text = f"{dose_gy:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """Equal fractions to one total dose.

    Attributes
    ----------
    total_dose_gy : Decimal
        Total dose in Gy, above 0 and at most 10 000; Gy(RBE) where `rbe_weighted`.
    fractions : int
        Number of fractions, 1 to 1000.
    per_day : float or None
        Fractions per day where stated: 0.5 (every other day), 1, 2, 3 or 4.
    per_week : int or None
        Fractions per week where stated, 1 to 28; above 7 only beside `per_day`.
    rbe_weighted : bool
        True where the dose carries an RBE weight, as ``70 Gy(RBE)``.

    Raises
    ------
    ScheduleError
        If a value is outside its range, or the two frequencies contradict each other.
    """

    total_dose_gy: Decimal
    fractions: int
    per_day: float | None = None
    per_week: int | None = None
    rbe_weighted: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "total_dose_gy", exact_dose_gy(self.total_dose_gy))
        if isinstance(self.fractions, bool) or not isinstance(self.fractions, int):
            raise ScheduleError(
                f"{quoted(self.fractions)} is not a number of fractions", remedy="give a whole number"
            )
        if not 1 <= self.fractions <= MAXIMUM_FRACTIONS:
            raise ScheduleError(
                f"{self.fractions} fractions cannot be", remedy=f"a schedule has 1 to {MAXIMUM_FRACTIONS}"
            )
        if self.per_day is not None and (isinstance(self.per_day, bool) or self.per_day not in PER_DAY_WORDS):
            raise ScheduleError(
                f"{self.per_day!r} fractions per day cannot be", remedy="0.5 (every other day), 1, 2, 3 or 4"
            )
        self._check_per_week()

    def _check_per_week(self) -> None:
        if self.per_week is None:
            return
        if (
            isinstance(self.per_week, bool)
            or not isinstance(self.per_week, int)
            or not 1 <= self.per_week <= 28
        ):
            raise ScheduleError(f"{self.per_week!r} fractions per week cannot be", remedy="1 to 28")
        if self.per_day is None:
            if self.per_week > 7:
                raise ScheduleError(
                    f"{self.per_week} fractions per week are several a day", remedy="say so, as BID 10/wk"
                )
            return
        word = PER_DAY_WORDS[self.per_day]
        if self.per_week > math.ceil(7 * self.per_day) or (self.per_day > 1 and self.per_week % self.per_day):
            raise ScheduleError(
                f"{self.per_week} fractions per week do not go with {word}",
                remedy="the number before /wk counts fractions, not days: five days of two fractions are BID 10/wk",
            )

    @property
    def exact_dose_per_fraction_gy(self) -> Fraction:
        """Dose per fraction in Gy, exact."""
        return Fraction(self.total_dose_gy) / self.fractions

    @property
    def dose_per_fraction_gy(self) -> float:
        """Dose per fraction in Gy, correctly rounded to float."""
        return float(self.exact_dose_per_fraction_gy)

    @property
    def fractions_per_treatment_day(self) -> int:
        """Fractions on a day of treatment: 1 unless more are stated, alike for daily and every other day."""
        return math.ceil(self.per_day) if self.per_day is not None else 1

    def fewest_days(self, fractions: int) -> int:
        """The fewest days from first to last that so many fractions take, both included."""
        if self.per_day is not None and self.per_day < 1:
            return max(0, 2 * fractions - 1)
        days = math.ceil(fractions / self.fractions_per_treatment_day)
        if self.per_week is not None:
            calendar_weeks = math.ceil(fractions / self.per_week)
            # late in the first week, early in the last
            days = max(days, 7 * (calendar_weeks - 2) + 2)
        return days

    def __str__(self) -> str:
        unit = "Gy(RBE)" if self.rbe_weighted else "Gy"
        text = f"{dose_text(self.total_dose_gy)} {unit} / {self.fractions}"
        if self.per_day is not None:
            text += f" {PER_DAY_WORDS[self.per_day]}"
        if self.per_week is not None:
            text += f" {self.per_week}/wk"
        return text


@dataclass(frozen=True, slots=True)
class Schedule:
    """Phases given one after the other.

    Attributes
    ----------
    phases : tuple of Phase
        At least one. All of them RBE-weighted, or none.

    Examples
    --------
    >>> schedule = Schedule.uniform(total_dose_gy=40.05, fractions=15)
    >>> str(schedule), schedule.dose_per_fraction_gy
    ('40.05 Gy / 15', 2.67)
    """

    phases: tuple[Phase, ...]

    def __post_init__(self) -> None:
        if not self.phases:
            raise ScheduleError("a schedule has at least one phase")
        if len({phase.rbe_weighted for phase in self.phases}) > 1:
            raise ScheduleError(
                "RBE-weighted and photon doses stand in one schedule",
                remedy="state each phase in Gy(RBE), or grade them apart",
            )
        if self.fractions > MAXIMUM_FRACTIONS or self.total_dose_gy > MAXIMUM_TOTAL_DOSE_GY:
            raise ScheduleError(f"{self.total_dose_gy} Gy in {self.fractions} fractions cannot be")

    @classmethod
    def uniform(
        cls,
        *,
        total_dose_gy: Decimal | float,
        fractions: int,
        per_day: float | None = None,
        per_week: int | None = None,
        rbe_weighted: bool = False,
    ) -> "Schedule":
        """A schedule of one phase; the arguments are those of `Phase`, the dose in any numeric form."""
        phase = Phase(
            total_dose_gy=exact_dose_gy(total_dose_gy),
            fractions=fractions,
            per_day=per_day,
            per_week=per_week,
            rbe_weighted=rbe_weighted,
        )
        return cls((phase,))

    @property
    def total_dose_gy(self) -> Decimal:
        """Sum of the phases' doses in Gy: a physical dose, for naming and matching, never for conversion."""
        return sum((phase.total_dose_gy for phase in self.phases), Decimal(0))

    @property
    def fractions(self) -> int:
        """Number of fractions of all phases."""
        return sum(phase.fractions for phase in self.phases)

    @property
    def dose_per_fraction_gy(self) -> float | None:
        """Dose per fraction in Gy where all phases have the same, else None."""
        doses = {phase.exact_dose_per_fraction_gy for phase in self.phases}
        return float(doses.pop()) if len(doses) == 1 else None

    def fewest_days(self, fractions: int) -> int:
        """The fewest days from first to last that the first so many fractions take, both included.

        Examples
        --------
        >>> Schedule.uniform(total_dose_gy=45, fractions=30, per_day=2.0).fewest_days(30)
        15
        """
        days = 0
        for phase in self.phases:
            days += phase.fewest_days(min(fractions, phase.fractions))
            fractions = max(0, fractions - phase.fractions)
        return days + fractions

    @property
    def rbe_weighted(self) -> bool:
        """Whether the doses carry an RBE weight."""
        return self.phases[0].rbe_weighted

    def __str__(self) -> str:
        return " + ".join(str(phase) for phase in self.phases)


@dataclass(frozen=True, slots=True)
class ScheduleRange:
    """A schedule as a protocol allows it: total dose from `low` to `high`, both included.

    Attributes
    ----------
    low, high : Schedule
        Alike in everything but dose; the same schedule where the protocol names one dose.

    Examples
    --------
    >>> srs = ScheduleRange(Schedule.uniform(total_dose_gy=20, fractions=1),
    ...                     Schedule.uniform(total_dose_gy=24, fractions=1))
    >>> str(srs), srs.matches(Schedule.uniform(total_dose_gy=24.05, fractions=1), tolerance_gy=Decimal("0.05"))
    ('20-24 Gy / 1', True)
    """

    low: Schedule
    high: Schedule

    def __post_init__(self) -> None:
        one_dose = self.low == self.high
        if not one_dose and (len(self.low.phases) > 1 or not _alike(self.low, self.high)):
            raise ScheduleError("a range of schedules varies the total dose of one phase and nothing else")
        if self.low.total_dose_gy > self.high.total_dose_gy:
            raise ScheduleError(
                f"the range {self.low.total_dose_gy}-{self.high.total_dose_gy} Gy runs downwards",
                remedy="give the lower dose first",
            )

    def matches(self, schedule: Schedule, *, tolerance_gy: Decimal) -> bool:
        """Whether `schedule` is this one: fractions, phases, RBE and fractions per treatment day alike.

        Parameters
        ----------
        schedule : Schedule
            What was prescribed.
        tolerance_gy : Decimal
            By how many Gy each phase's total dose may differ, also at the ends of a range.
        """
        return _alike(self.low, schedule) and all(
            low.total_dose_gy - tolerance_gy <= phase.total_dose_gy <= high.total_dose_gy + tolerance_gy
            for low, phase, high in zip(self.low.phases, schedule.phases, self.high.phases, strict=True)
        )

    def nearest_to(self, schedule: Schedule) -> Schedule:
        """The schedule of the range whose total dose is nearest to that of `schedule`."""
        if self.low == self.high:
            return self.low
        dose_gy = min(max(schedule.total_dose_gy, self.low.total_dose_gy), self.high.total_dose_gy)
        return Schedule((replace(self.low.phases[0], total_dose_gy=dose_gy),))

    def __str__(self) -> str:
        if self.low == self.high:
            return str(self.low)
        return f"{dose_text(self.low.total_dose_gy)}-{self.high}"


def _alike(a: Schedule, b: Schedule) -> bool:
    def pattern(schedule: Schedule) -> list[tuple[int, int, bool]]:
        return [(p.fractions, p.fractions_per_treatment_day, p.rbe_weighted) for p in schedule.phases]

    return pattern(a) == pattern(b)
