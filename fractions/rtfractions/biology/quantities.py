"""The quantities of the models, each with the range in which it is computed with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from rtfractions.biology.arguments import ParameterError, number
from rtfractions.errors import RTFractionsError, quoted


class DoseError(RTFractionsError, ValueError):
    """A dose, a number of fractions or a dose per fraction that cannot be converted."""

    code = "dose"


class SolutionError(RTFractionsError, ValueError):
    """An equation without an answer: no schedule, or no alpha/beta, does what was asked."""

    code = "solution"


@dataclass(frozen=True, slots=True)
class Quantity:
    """A quantity and the range in which it is computed with.

    Attributes
    ----------
    name : str
        As a message calls it, "the dose".
    low, high : float
        The range, ends included.
    unit : str
        As printed, empty for a pure number.
    error : type of RTFractionsError
        What is raised outside the range.
    """

    name: str
    low: float
    high: float
    unit: str = ""
    error: type[RTFractionsError] = ParameterError

    def refusal(self, value: object, among: str = "") -> RTFractionsError:
        """The error for a value outside the range."""
        unit = f" {self.unit}" if self.unit else ""
        return self.error(
            f"{self.name} is {quoted(value)}{unit}{among}",
            remedy=f"it lies between {self.low:g} and {self.high:g}{unit}",
        )

    def number(self, value: Any) -> float:
        """The value as float.

        Raises
        ------
        RTFractionsError
            Of the type `error`, if it is no number or outside the range.
        """
        return number(value, self.name, low=self.low, high=self.high, unit=self.unit, error=self.error)


LARGEST_DOSE_GY: Final = 1e6
"""Larger doses are refused: no tissue gets them, and their squares would overflow."""

LARGEST_BED_GY: Final = 1e18
"""Above the BED of any dose, number of fractions and alpha/beta that is accepted."""

DOSE: Final = Quantity("the dose", 0.0, LARGEST_DOSE_GY, "Gy", DoseError)
DOSE_PER_FRACTION: Final = Quantity("the dose per fraction", 0.0, LARGEST_DOSE_GY, "Gy", DoseError)
POSITIVE_DOSE_PER_FRACTION: Final = Quantity("the dose per fraction", 1e-6, LARGEST_DOSE_GY, "Gy", DoseError)
FRACTIONS: Final = Quantity("the number of fractions", 1e-3, 1e6, "", DoseError)
REFERENCE: Final = Quantity("the reference dose per fraction", 1e-3, 1e3, "Gy", DoseError)
BED: Final = Quantity("BED", 0.0, LARGEST_BED_GY, "Gy", DoseError)
NET_BED: Final = Quantity("BED", -LARGEST_BED_GY, LARGEST_BED_GY, "Gy", DoseError)
"""BED after repopulation, which may have outweighed the dose."""

EQD2: Final = Quantity("EQD2", 0.0, LARGEST_BED_GY, "Gy", DoseError)
ALPHA: Final = Quantity("alpha", 1e-3, 10.0, "per Gy")
HOURS: Final = Quantity("the duration", 0.0, 1e6, "h")
CLOCK: Final = Quantity("the time", -1e6, 1e6, "h")
HALF_TIME: Final = Quantity("the repair half-time", 1e-6, 1e9, "h")
HALF_LIFE: Final = Quantity("the half-life", 1e-3, 1e9, "h")
HALF_LIFE_DAYS: Final = Quantity("the half-life", 1e-3, 1e7, "days")
DOSE_RATE: Final = Quantity("the dose rate", 0.0, 1e6, "Gy/h", DoseError)
DAYS: Final = Quantity("the overall time", 0.0, 36525.0, "days")
KICK_OFF: Final = Quantity("the kick-off time", 0.0, 36525.0, "days")
DOUBLING_TIME: Final = Quantity("the doubling time", 0.1, 36525.0, "days")
REPOPULATION: Final = Quantity("BED lost to repopulation", 0.0, 100.0, "Gy/day")
