"""The alpha/beta ratio: an argument of every conversion, never a hidden default."""

from dataclasses import dataclass
from typing import Final

from rtfractions.errors import RTFractionsError, quoted

MINIMUM_ALPHA_BETA_GY: Final = 0.1
"""Below this BED diverges, and no tissue is known."""

MAXIMUM_ALPHA_BETA_GY: Final = 100.0
"""Above this BED is the physical dose within 1 % for every dose per fraction up to 1 Gy; no tissue is known."""


class AlphaBetaError(RTFractionsError, ValueError):
    """An alpha/beta ratio that is no number between 0.1 and 100 Gy."""

    code = "alpha-beta"


@dataclass(frozen=True, slots=True)
class AlphaBeta:
    """An alpha/beta ratio, and where it comes from.

    Attributes
    ----------
    value_gy : float
        0.1 to 100 Gy.
    source : str
        Who says so: a citation, or that the user gave it.

    Raises
    ------
    AlphaBetaError
        If the value is no number or outside the range.
    """

    value_gy: float
    source: str

    def __post_init__(self) -> None:
        value = self.value_gy
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise AlphaBetaError(f"alpha/beta {quoted(value)} is not a number", remedy="give it in Gy")
        if not MINIMUM_ALPHA_BETA_GY <= value <= MAXIMUM_ALPHA_BETA_GY:  # nan too
            raise AlphaBetaError(
                f"alpha/beta {value} Gy is outside {MINIMUM_ALPHA_BETA_GY:g} to {MAXIMUM_ALPHA_BETA_GY:g} Gy",
                remedy="give it in Gy",
            )
        object.__setattr__(self, "value_gy", float(value))

    def __str__(self) -> str:
        return f"{self.value_gy:g} Gy"


DEFAULT_ALPHA_BETAS: Final = (
    AlphaBeta(
        10.0, "convention for tumour and early-responding tissue (GEC-ESTRO LQ spreadsheet instructions)"
    ),
    AlphaBeta(3.0, "convention for late-responding tissue (GEC-ESTRO LQ spreadsheet)"),
)
"""The conventional pair, for where a user gives none and is told so."""
