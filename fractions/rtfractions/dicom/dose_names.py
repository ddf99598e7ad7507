"""Doses in the names of structures and targets: nothing is read from them, but they may contradict."""

import re
from decimal import Decimal
from itertools import accumulate
from typing import Final

from rtfractions.schedule import Schedule, dose_text

ROUNDED_GY: Final = Decimal("0.5")
"""Names round to whole Gy: a dose this near is the same."""

_LONGEST_NAME: Final = 200

_NUMBER: Final = r"(?<![\d.,])(\d{1,4}(?:[.,p]\d{1,2})?)"
_WITH_UNIT: Final = re.compile(rf"{_NUMBER}[\s_]*(c?)gy", re.ASCII | re.IGNORECASE)
_OF_A_TARGET: Final = re.compile(r"[pcgi]tv", re.ASCII | re.IGNORECASE)
_IN_CGY: Final = re.compile(r"(?<![\d.,])([1-9]\d{2}[05])(?![\d.,x%])", re.ASCII | re.IGNORECASE)
"""Four digits in a target's name, as TG-263 writes ``PTV_6600``."""
_IN_GY: Final = re.compile(
    r"[pcgi]tv[\s_-]?([3-9]\d(?:[.,p]\d{1,2})?)(?![\d.,a-z%])", re.ASCII | re.IGNORECASE
)
"""Two digits right after the kind of target, as ``PTV60``. Below 30 they may well count metastases."""


def contradiction(name: str, schedule: Schedule) -> str | None:
    """How the dose in a name contradicts a prescription; None where it does not, or the name holds no dose.

    Parameters
    ----------
    name : str
        Of a target, a dose reference or a structure.
    schedule : Schedule
        What is prescribed to it.

    Examples
    --------
    >>> contradiction("PTV_6600", Schedule.uniform(total_dose_gy=60, fractions=30))
    "the name 'PTV_6600' says 66 Gy, the prescription 60 Gy / 30"
    >>> contradiction("PTV_6600", Schedule.uniform(total_dose_gy=66, fractions=33))
    """
    named = _doses_gy(name[:_LONGEST_NAME])
    totals = [phase.total_dose_gy for phase in schedule.phases]
    each = [phase.total_dose_gy / phase.fractions for phase in schedule.phases]
    stated = (*totals, *accumulate(totals), *each)
    if not named or any(abs(dose - own) <= ROUNDED_GY for dose in named for own in stated):
        return None
    doses = " or ".join(f"{dose_text(dose)} Gy" for dose in sorted(named))
    return f"the name {name!r} says {doses}, the prescription {schedule}"


def _doses_gy(name: str) -> set[Decimal]:
    """What may be meant as doses in a name, in Gy."""
    doses = {_decimal(number) / (100 if centi else 1) for number, centi in _WITH_UNIT.findall(name)}
    if not doses and _OF_A_TARGET.search(name):
        doses = {Decimal(number) / 100 for number in _IN_CGY.findall(name)}
        doses |= {_decimal(number) for number in _IN_GY.findall(name)}
    return doses


def _decimal(number: str) -> Decimal:
    return Decimal(re.sub("[,pP]", ".", number))
