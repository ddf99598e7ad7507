"""Limits as people write them: `< 14 Gy`, `>= 95 %`."""

import functools
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

from rtfractions.errors import RTFractionsError, quoted

Operator = Literal["<", "<=", ">", ">="]

OPERATORS: Final[dict[str, Operator]] = {"<": "<", "<=": "<=", ">": ">", ">=": ">="}
"""The operators by their text."""


class BoundError(RTFractionsError, ValueError):
    """A text that is no limit."""

    code = "bound"


@dataclass(frozen=True, slots=True)
class Bound:
    """A limit on a number.

    Attributes
    ----------
    operator : str
        ``"<"``, ``"<="``, ``">"`` or ``">="``: what the number has to be.
    value : Decimal
        The limit, 0 or more.
    unit : str or None
        ``"Gy"``, ``"%"`` or ``"cc"``; None of an index.
    """

    operator: Operator
    value: Decimal
    unit: str | None

    @property
    def is_upper(self) -> bool:
        """Whether it limits from above."""
        return self.operator in ("<", "<=")

    def met_by(self, observed: float) -> bool:
        """Whether a number keeps the limit; one within `SLACK` of it is at the limit, and NaN keeps none."""
        limit = float(self.value)
        return {
            "<": observed < limit - SLACK,
            "<=": observed <= limit + SLACK,
            ">": observed > limit + SLACK,
            ">=": observed >= limit - SLACK,
        }[self.operator]

    def __str__(self) -> str:
        return f"{self.operator} {self.value:f}" + (f" {self.unit}" if self.unit else "")


SLACK: Final = 1e-6
"""Within this of a limit, in its unit, a number is at the limit: what arithmetic leaves."""

_BOUND: Final = re.compile(r"(<=|<|>=|>)\s*(\d{1,6}(?:\.\d{1,6})?)\s*(Gy|%|cc)?", re.ASCII)


@functools.lru_cache(maxsize=1000)
def parse_bound(text: str) -> Bound:
    """Read a limit.

    Raises
    ------
    BoundError
        If the text is none.

    Examples
    --------
    >>> str(parse_bound(">=95 %")), parse_bound("< 14 Gy").met_by(13.9)
    ('>= 95 %', True)
    """
    found = _BOUND.fullmatch(text.strip())
    if found is None:
        raise BoundError(f"{quoted(text)} is no limit", remedy="write < 14 Gy, <= 32 Gy or >= 95 %")
    return Bound(OPERATORS[found[1]], Decimal(found[2]), found[3])


class BoundText(str):
    """A limit as the file states it, known to be readable."""

    @property
    def bound(self) -> Bound:
        """The limit that it states."""
        return parse_bound(self)
