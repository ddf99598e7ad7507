"""The alpha/beta ratio: an argument of every conversion, never a hidden default."""

import math
import numbers
import re
from dataclasses import dataclass
from typing import Final

from rtfractions.errors import RTFractionsError, quoted
from rtfractions.notices import Notice

MINIMUM_ALPHA_BETA_GY: Final = 0.1
"""Below this BED diverges, and no tissue is known."""

MAXIMUM_ALPHA_BETA_GY: Final = 100.0
"""Above this BED is the physical dose within 1 % for every dose per fraction up to 1 Gy; no tissue is known."""


def as_float(value: object) -> float | None:
    """A real number of any type as float, infinity where it is too large for one; None for what is no number."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        return None
    try:
        return float(value)
    except OverflowError:
        return math.inf


class AlphaBetaError(RTFractionsError, ValueError):
    """An alpha/beta ratio that is no number between 0.1 and 100 Gy."""

    code = "alpha-beta"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlphaBeta:
    """An alpha/beta ratio, and where it comes from.

    Attributes
    ----------
    value_gy : float
        0.1 to 100 Gy.
    source : str
        Who says so: a citation, or that the user gave it.
    notices : tuple of Notice
        What a reader of any number computed with it must know.

    Raises
    ------
    AlphaBetaError
        If the value is no number or outside the range.
    """

    value_gy: float
    source: str
    notices: tuple[Notice, ...] = ()

    def __post_init__(self) -> None:
        value = as_float(self.value_gy)
        if value is None:
            raise AlphaBetaError(
                f"alpha/beta {quoted(self.value_gy)} is not a number", remedy="give it in Gy"
            )
        if not MINIMUM_ALPHA_BETA_GY <= value <= MAXIMUM_ALPHA_BETA_GY:  # nan too
            raise AlphaBetaError(
                f"alpha/beta {value} Gy is outside {MINIMUM_ALPHA_BETA_GY:g} to {MAXIMUM_ALPHA_BETA_GY:g} Gy",
                remedy="give it in Gy",
            )
        object.__setattr__(self, "value_gy", value)
        if not isinstance(self.source, str) or not any(map(str.isalnum, self.source)):
            raise AlphaBetaError(
                f"the source of alpha/beta is {quoted(self.source)}", remedy="say it in words"
            )

    def __str__(self) -> str:
        return f"{self.value_gy:g} Gy"


DEFAULT_ALPHA_BETAS: Final = (
    AlphaBeta(
        value_gy=10.0,
        source="convention for tumour and early-responding tissue (GEC-ESTRO LQ spreadsheet instructions)",
    ),
    AlphaBeta(value_gy=3.0, source="convention for late-responding tissue (GEC-ESTRO LQ spreadsheet)"),
)
"""The conventional pair, for where a user gives none and is told so."""


CATALOGUE_PREFIX: Final = "catalogue:"
"""What stands before the name of an entry of the catalogue where a number could stand."""


def parse_alpha_beta(text: str, *, source: str) -> AlphaBeta:
    """An alpha/beta ratio as typed: in Gy with a decimal point, or the name of an entry of the catalogue.

    Parameters
    ----------
    text : str
        As ``"10"``, ``"3.1"`` or ``"catalogue:prostate-miralbell-2012"``.
    source : str
        Who typed it; an entry of the catalogue brings its own source.

    Raises
    ------
    AlphaBetaError
        If the text is no number between 0.1 and 100.
    CatalogueError
        If the catalogue has no entry of that name.

    Examples
    --------
    >>> parse_alpha_beta("3.1", source="me").value_gy
    3.1
    """
    if not isinstance(text, str):
        raise AlphaBetaError(f"alpha/beta {quoted(text)} is no text", remedy="give one, as '10' or '3.1'")
    if text.strip().casefold().startswith(CATALOGUE_PREFIX):
        from rtfractions.biology.catalogue import entry  # here: plain numbers do not read the catalogue

        return entry(text.strip()[len(CATALOGUE_PREFIX) :]).alpha_beta
    if not re.fullmatch(r"[+-]?(\d+(\.\d*)?|\.\d+|nan|inf)", text.strip(), re.ASCII | re.IGNORECASE):
        raise AlphaBetaError(
            f"alpha/beta {quoted(text)} is not a number", remedy="give it in Gy, as 10 or 3.1"
        )
    return AlphaBeta(value_gy=float(text), source=source)
