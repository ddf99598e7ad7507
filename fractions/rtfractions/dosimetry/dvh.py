"""Dose-volume histograms: how much of a structure gets how much dose, and both ways back."""

from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rtfractions.errors import RTFractionsError
from rtfractions.notices import Notice

Floats = NDArray[np.float64]

Quantity = Literal["physical", "bed", "eqd2"]

_SLACK: Final = 1e-9
"""Part of a volume by which sums of it may differ."""


class DVHError(RTFractionsError, ValueError):
    """A dose-volume histogram that cannot be, or that has no answer to what was asked."""

    code = "dvh"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a DVH was computed, and is reported beside it.

    Attributes
    ----------
    end_caps : str
        What lies beyond the outermost contours: ``"half"``, ``"none"`` or ``"tapered"``.
    dose_interpolation : str
        The dose between voxel centres: ``"linear"`` or ``"cubic"``.
    """

    end_caps: str
    dose_interpolation: str


class Differential(NamedTuple):
    """A DVH as volumes of dose intervals.

    Attributes
    ----------
    dose_gy : ndarray, shape (n,)
        Bounds of the intervals, ascending; two equal bounds hold the volume of exactly that dose.
    volume_cm3 : ndarray, shape (n - 1,)
        Volume within each; together the known volume.
    """

    dose_gy: Floats
    volume_cm3: Floats


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class DVH:
    """A cumulative dose-volume histogram, linear between its nodes.

    Attributes
    ----------
    dose_gy : ndarray, shape (n,)
        Doses of the nodes, ascending, at least two. Equal neighbours are a jump: volume of exactly that dose.
    volume_cm3_at : ndarray, shape (n,)
        Volume with at least that dose, not increasing: first all the known volume, last 0.
    volume_cm3 : float
        Volume of the whole structure, above 0.
    covered_fraction : float
        Part of the volume whose dose is known, above 0 to 1.
    minimum_gy : float or None
        Smallest dose; None where part of the structure lies outside the dose grid.
    maximum_gy : float
        Largest known dose.
    mean_gy : float
        Mean of the known doses.
    quantity : str
        What the doses are: ``"physical"``, ``"bed"`` or ``"eqd2"``.
    alpha_beta_gy : float or None
        alpha/beta of BED and EQD2; None for physical dose.
    settings : Settings
        How it was computed.
    notices : tuple of Notice
        What must be told beside it.

    Raises
    ------
    DVHError
        If the parts do not fit.
    """

    dose_gy: Floats
    volume_cm3_at: Floats
    volume_cm3: float
    covered_fraction: float
    minimum_gy: float | None
    maximum_gy: float
    mean_gy: float
    settings: Settings
    quantity: Quantity = "physical"
    alpha_beta_gy: float | None = None
    notices: tuple[Notice, ...] = ()

    def __post_init__(self) -> None:
        dose, volume = self.dose_gy, self.volume_cm3_at
        if dose.ndim != 1 or dose.shape != volume.shape or len(dose) < 2:
            raise DVHError("a DVH has at least two nodes, each a dose and a volume")
        if not (np.isfinite(dose).all() and np.isfinite(volume).all()):
            raise DVHError("the nodes of a DVH are finite")
        if (np.diff(dose) < 0).any() or (np.diff(volume) > 0).any() or volume[-1] != 0 or volume[0] <= 0:
            raise DVHError("the volume of a DVH falls from all the known volume to 0 as the dose rises")
        if not 0 < self.covered_fraction <= 1 or abs(
            volume[0] - self.covered_fraction * self.volume_cm3
        ) > _SLACK * max(volume[0], self.volume_cm3):
            raise DVHError("the first volume of a DVH is the covered part of the structure")
        if (self.quantity == "physical") != (self.alpha_beta_gy is None):
            raise DVHError("BED and EQD2 have an alpha/beta, physical dose has none")

    @property
    def known_volume_cm3(self) -> float:
        """The volume whose dose is known."""
        return float(self.volume_cm3_at[0])

    def volume_with_at_least(self, dose_gy: float) -> float:
        """Volume in cm3 with that dose or more."""
        node = int(np.searchsorted(self.dose_gy, dose_gy, side="left"))
        if node == 0:
            return self.known_volume_cm3
        if node == len(self.dose_gy):
            return 0.0
        low, high = self.dose_gy[node - 1 : node + 1]
        before, after = self.volume_cm3_at[node - 1 : node + 1]
        return float(before + (dose_gy - low) / (high - low) * (after - before))

    def dose_to_hottest(self, volume_cm3: float) -> float:
        """The dose in Gy that the hottest so many cm3 get at least; of 0 cm3 the maximum of the curve.

        Raises
        ------
        DVHError
            If the known volume is smaller.
        """
        wanted = self._known(volume_cm3)
        node = len(self.dose_gy) - 1 - int(np.searchsorted(self.volume_cm3_at[::-1], wanted, side="left"))
        return self._dose_between(node, wanted)

    def dose_to_coldest(self, volume_cm3: float) -> float:
        """The dose in Gy that the coldest so many cm3 get at most; of 0 cm3 the minimum of the curve.

        Raises
        ------
        DVHError
            If the known volume is smaller.
        """
        left = self.known_volume_cm3 - self._known(volume_cm3)
        node = int(np.searchsorted(-self.volume_cm3_at, -left, side="left"))
        return self._dose_between(node - 1, left) if node else float(self.dose_gy[0])

    def differential(self) -> Differential:
        """The volume between neighbouring nodes."""
        return Differential(self.dose_gy, -np.diff(self.volume_cm3_at))

    def _known(self, volume_cm3: float) -> float:
        known = self.known_volume_cm3
        if not 0 <= volume_cm3 <= known * (1 + _SLACK):
            part = "" if self.covered_fraction == 1 else "known "
            problem = f"the {part}volume is {known:.4g} cm3, not {volume_cm3:.4g} cm3"
            raise DVHError(problem, remedy="ask for a volume within it")
        return min(volume_cm3, known)

    def _dose_between(self, node: int, volume_cm3: float) -> float:
        """The dose between a node and the next where the curve has a volume; of the last node its own dose."""
        if node == len(self.dose_gy) - 1:
            return float(self.dose_gy[node])
        low, high = self.dose_gy[node : node + 2]
        before, after = self.volume_cm3_at[node : node + 2]
        return float(low + (before - volume_cm3) / (before - after) * (high - low))
