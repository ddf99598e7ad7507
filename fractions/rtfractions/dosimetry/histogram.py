"""The cumulative histogram of doses that vary linearly within their volumes.

The dose of each sample is spread evenly over what it varies by. So the cumulative curve is a sum of ramps,
known exactly at every node, and no bin width shows in it.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rtfractions.compiled import compiled
from rtfractions.dosimetry import sample_loops

Floats = NDArray[np.float64]

NODES: Final = 4000
"""Intervals of a curve. They widen evenly from the least dose to the greatest, where each is 1 / 2000 of the whole.

Where most of a structure has little dose, as of a body, its volume falls by much within few of its doses.
"""

_FLAT: Final = 1e-9
"""Spread, as part of the range of doses, below which a sample has one dose."""

_NARROWEST: Final = 5e-7
"""Half the width that a sample has at least, as part of the range of doses: the sums stay exact to rounding."""

_PLATEAU: Final = 1e-3
"""Part of the volume with exactly one dose that is worth a jump in the curve."""


_CANDIDATES: Final = 2**14
"""About how many samples are sorted to find frequent doses."""


class Batch(NamedTuple):
    """Samples: mean dose, half the width over which it is spread, and weight of each, shape (n,)."""

    dose_gy: Floats
    spread_gy: Floats
    weight: Floats


def cumulative(batches: Sequence[Batch], minimum_gy: float, maximum_gy: float) -> tuple[Floats, Floats]:
    """The cumulative curve of samples.

    Parameters
    ----------
    batches : sequence of Batch
        The samples. They stay in batches, because arrays of all of them would take more time than the sums.
    minimum_gy, maximum_gy : float
        Least and greatest dose; all samples lie between.

    Returns
    -------
    dose_gy : ndarray, shape (m,)
        Nodes, ascending; two equal ones are a jump.
    weight : ndarray, shape (m,)
        Weight with at least that dose; 0 at the last.
    """
    total = sum(float(batch.weight.sum()) for batch in batches)
    width = maximum_gy - minimum_gy
    if not width > 1e-9 * max(abs(maximum_gy), 1e-3):
        middle = (minimum_gy + maximum_gy) / 2
        return np.array([middle, middle]), np.array([total, 0.0])
    narrowed = compiled(sample_loops.within) or _within
    within = [
        one._replace(spread_gy=narrowed(one.dose_gy, one.spread_gy, minimum_gy, maximum_gy))
        for one in batches
    ]
    unit = 1e-9 * max(abs(minimum_gy), abs(maximum_gy))
    keys, jumps = _plateaus(within, unit, _FLAT * width, _PLATEAU * total)
    ramps = _Ramps(minimum_gy, width)
    grid = minimum_gy + width * ramps.nodes
    grid[-1] = maximum_gy
    for one in within:
        if len(keys):
            off = ~((one.spread_gy <= _FLAT * width) & np.isin(np.round(one.dose_gy / unit), keys))
            one = Batch(one.dose_gy[off], one.spread_gy[off], one.weight[off])
        ramps.add(one)
    plateaus = keys * unit
    nodes = np.sort(np.concatenate((grid, plateaus, plateaus)))
    curve = np.interp(nodes, grid, ramps.curve())
    for end, jump in zip(np.searchsorted(nodes, plateaus, side="right"), jumps, strict=True):
        curve[: end - 1] += jump
    curve[0], curve[-1] = total, 0.0
    return nodes, np.minimum.accumulate(np.clip(curve, 0.0, total))


def _within(dose_gy: Floats, spread_gy: Floats, minimum_gy: float, maximum_gy: float) -> Floats:
    """Spreads that reach beyond neither extreme."""
    return np.minimum(spread_gy, np.minimum(dose_gy - minimum_gy, maximum_gy - dose_gy))


def _plateaus(batches: Sequence[Batch], unit: float, flat: float, least: float) -> tuple[Floats, Floats]:
    """Doses, as whole numbers of a unit, that much of the volume has exactly, and how much of it."""
    keys, weights = [], []
    for one in batches:
        on_one = one.spread_gy <= flat
        if on_one.any():
            keys.append(np.round(one.dose_gy[on_one] / unit))
            weights.append(one.weight[on_one])
    if not keys or sum(float(one.sum()) for one in weights) < least:
        return np.zeros(0), np.zeros(0)
    # A sorted part of them is enough to find what is frequent.
    every = max(sum(map(len, keys)) // _CANDIDATES, 1)
    candidates = np.unique(np.concatenate([key[::every] for key in keys]))
    sums = np.zeros(len(candidates))
    for key, weight in zip(keys, weights, strict=True):
        nearest = np.minimum(np.searchsorted(candidates, key), len(candidates) - 1)
        same = candidates[nearest] == key
        sums += np.bincount(nearest[same], weight[same], len(candidates))
    kept = sums > least
    return candidates[kept], sums[kept]


class _Ramps:
    """Weight at or above each node; a sample falls evenly from all at dose - spread to none at dose + spread."""

    def __init__(self, minimum_gy: float, width_gy: float) -> None:
        self.nodes: Floats = (np.arange(NODES + 1) / NODES) ** 2  # in widths, from the least dose
        self.minimum_gy, self.width_gy = minimum_gy, width_gy
        self.total = 0.0
        self.slope, self.offset = np.zeros(NODES + 2), np.zeros(NODES + 2)

    def add(self, batch: Batch) -> None:
        """Add samples."""
        self.total += float(batch.weight.sum())
        if ramps := compiled(sample_loops.ramps):
            ramps(*batch, self.minimum_gy, self.width_gy, _NARROWEST, self.slope, self.offset)
            return
        half = np.maximum(batch.spread_gy / self.width_gy, _NARROWEST)
        middle = (batch.dose_gy - self.minimum_gy) / self.width_gy
        steepness = batch.weight / (2 * half)
        for ends, signed in ((middle - half, steepness), (middle + half, -steepness)):
            node = (NODES * np.sqrt(np.maximum(ends, 0.0))).astype(np.int64) + 1
            self.slope += np.bincount(node, signed, NODES + 2)
            self.offset += np.bincount(node, signed * ends, NODES + 2)

    def curve(self) -> Floats:
        """Weight at or above each node."""
        below = self.nodes * np.cumsum(self.slope[:-1]) - np.cumsum(self.offset[:-1])
        return np.asarray(self.total - below)
