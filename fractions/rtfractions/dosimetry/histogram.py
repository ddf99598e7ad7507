"""The cumulative histogram of doses that vary linearly within their volumes.

The dose of each sample is spread evenly over what it varies by. So the cumulative curve is a sum of ramps,
known exactly at every node, and no bin width shows in it.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

NODES: Final = 2000
"""Intervals of a curve, evenly spread from the least to the greatest dose."""

_FLAT: Final = 1e-9
"""Spread, as part of the range of doses, below which a sample has one dose."""

_PLATEAU: Final = 1e-3
"""Part of the volume with exactly one dose that is worth a jump in the curve."""


_CANDIDATES: Final = 2**14
"""About how many samples are sorted to find frequent doses."""

_BATCH: Final = 2**17
"""Samples that are spread at once."""


def cumulative(
    dose_gy: Floats, spread_gy: Floats, weight: Floats, minimum_gy: float, maximum_gy: float
) -> tuple[Floats, Floats]:
    """The cumulative curve of samples.

    Parameters
    ----------
    dose_gy, spread_gy, weight : ndarray, shape (n,)
        Mean dose, half the width over which it is spread, and weight of each sample.
    minimum_gy, maximum_gy : float
        Least and greatest dose; all samples lie between.

    Returns
    -------
    dose_gy : ndarray, shape (m,)
        Nodes, ascending; two equal ones are a jump.
    weight : ndarray, shape (m,)
        Weight with at least that dose; 0 at the last.
    """
    total = float(weight.sum())
    width = maximum_gy - minimum_gy
    if not width > 1e-9 * max(abs(maximum_gy), 1e-3):
        middle = (minimum_gy + maximum_gy) / 2
        return np.array([middle, middle]), np.array([total, 0.0])
    spread = np.minimum(spread_gy, np.minimum(dose_gy - minimum_gy, maximum_gy - dose_gy))
    plateaus, jumps, on_one = _plateaus(dose_gy, weight, spread <= _FLAT * width, _PLATEAU * total)
    grid = np.linspace(minimum_gy, maximum_gy, NODES + 1)
    if len(plateaus):
        dose_gy, spread, weight = dose_gy[~on_one], spread[~on_one], weight[~on_one]
    smooth = _ramps(dose_gy, spread, weight, grid)
    nodes = np.sort(np.concatenate((grid, plateaus, plateaus)))
    curve = np.interp(nodes, grid, smooth)
    for end, jump in zip(np.searchsorted(nodes, plateaus, side="right"), jumps, strict=True):
        curve[: end - 1] += jump
    curve[0], curve[-1] = total, 0.0
    return nodes, np.minimum.accumulate(np.clip(curve, 0.0, total))


def _plateaus(
    dose: Floats, weight: Floats, flat: NDArray[np.bool_], least: float
) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Doses that much of the volume has exactly, how much of it, and which samples these are."""
    on_one = np.zeros(len(dose), bool)
    which = np.flatnonzero(flat)
    if not len(which) or weight[which].sum() < least:
        return np.zeros(0), np.zeros(0), on_one
    flats, weights = dose[which], weight[which]
    unit = 1e-9 * max(float(np.abs(flats).max()), 1e-3)
    key = np.round(flats / unit)
    # A sorted part of them is enough to find what is frequent.
    candidates = np.unique(key[:: max(len(key) // _CANDIDATES, 1)])
    nearest = np.minimum(np.searchsorted(candidates, key), len(candidates) - 1)
    same = candidates[nearest] == key
    sums = np.asarray(np.bincount(nearest[same], weights[same], len(candidates)), np.float64)
    kept = sums > least
    on_one[which] = same & kept[nearest]
    return candidates[kept] * unit, sums[kept], on_one


def _ramps(dose: Floats, spread: Floats, weight: Floats, grid: Floats) -> Floats:
    """Weight at or above each node; a sample falls evenly from all at dose - spread to none at dose + spread."""
    step = grid[1] - grid[0]
    slope, offset = np.zeros(len(grid) + 1), np.zeros(len(grid) + 1)
    for start in range(0, len(dose), _BATCH):
        part = slice(start, start + _BATCH)
        # Narrower than a bin, a sample may be as wide as a small part of it: the sums stay exact to rounding.
        half = np.maximum(spread[part] / step, 1e-3)
        middle = (dose[part] - grid[0]) / step
        steepness = weight[part] / (2 * half)
        for ends, signed in ((middle - half, steepness), (middle + half, -steepness)):
            node = np.clip(np.ceil(ends), 0, len(grid)).astype(np.int64)
            slope += np.bincount(node, signed, len(grid) + 1)
            offset += np.bincount(node, signed * ends, len(grid) + 1)
    below = np.arange(len(grid)) * np.cumsum(slope[:-1]) - np.cumsum(offset[:-1])
    return np.asarray(weight.sum() - below)
