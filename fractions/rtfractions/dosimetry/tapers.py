"""How a structure ends beyond its outermost plane.

The area goes on as the parabola through the last planes says. Where it falls to 0 before the next plane would have
come, the structure ends there; where it does not, the end is cut off, in the limit of equal sections half way to
that plane, as for a slab. Where sections are alike and only the last is smaller, nothing says how the area goes on:
such an end is half a ball as wide as they are.
"""

from math import sqrt
from typing import Final, NamedTuple

import numpy as np

from rtfractions.structures import Structure

_ROUNDNESS: Final = 2.8
"""Power of the rounding of an end that would close two slices away; near that of a lying cylinder."""

_TRUSTED: Final = 3.0
"""Most by which the area may bend more at an end than a plane further in."""

_ALIKE: Final = 0.05
"""Part by which the area of two planes may differ for them to be alike; at twice that they are not."""


class Taper(NamedTuple):
    """How far an end reaches, and its area: at s mm, (area + slope s + bend s^2) (1 - (s / length)^roundness)^(1/2).

    Attributes
    ----------
    length_mm : float
        How far it reaches.
    slope : float
        Slope of its area at the plane, in mm2 per mm.
    bend : float
        Half the second derivative of its area.
    roundness : float
        The power with which it is rounded off; infinite where it is not.
    """

    length_mm: float
    slope: float
    bend: float
    roundness: float


def flat(half_mm: float) -> Taper:
    """An end that goes on unchanged for half a slice."""
    return Taper(half_mm, 0.0, 0.0, np.inf)


def tapers(structure: Structure, order: list[int], half_mm: float) -> list[tuple[float, Taper]]:
    """How a part of a structure ends: what its end is made of, and how much of each.

    The area is judged by planes at least half the usual distance apart.

    Parameters
    ----------
    structure : Structure
        With closed contours.
    order : list of int
        The planes of the part, outermost first.
    half_mm : float
        Half the distance to where the next plane would have come.
    """
    positions, usual = structure.positions_mm, structure.spacing_mm or 0.0
    judged = [order[0]]
    for k in order[1:]:
        if abs(positions[k] - positions[judged[-1]]) >= usual / 2:
            judged.append(k)
    if len(judged) < 2:
        return [(1.0, flat(half_mm))]
    at = np.abs(positions[judged[:4]] - positions[judged[0]])
    areas = np.array([structure.planes[k].area_mm2 for k in judged[:4]])
    chords = -np.diff(areas) / np.diff(at)
    bends = (chords[:-1] - chords[1:]) / (at[2:] - at[:-2])
    # Where the planes further in bend the other way, or hardly, the outermost ones are drawn unevenly, or the end
    # is of its own kind.
    trusted = np.inf
    if len(bends) > 1:
        trusted = _TRUSTED * max(float(bends[-1] * np.sign(bends[0])), 0.0)
    slice_mm = max(2 * half_mm, usual)
    bend = 0.0
    if len(bends):
        bend = float(np.sign(bends[0])) * min(abs(float(bends[0])), trusted)
    slope = float(chords[0]) + bend * float(at[1])
    goes_on = _going_on(float(areas[0]), slope, bend, slice_mm)
    if not (trusted < np.inf and abs(bends[0]) > trusted and areas[0] < areas[1]):
        return [(1.0, goes_on)]
    ball, left_mm = _half_ball(float(areas[0]), float(areas[1]))
    alike = np.clip(2 - abs(areas[2] / areas[1] - 1) / _ALIKE, 0.0, 1.0)
    # As for any end, the next plane would have shown one that is longer.
    short = np.clip(4 * (1 - left_mm / slice_mm), 0.0, 1.0)
    part = float((1 - trusted / abs(bends[0])) * alike * short)
    return [(share, taper) for share, taper in ((1 - part, goes_on), (part, ball)) if share > 0]


def _half_ball(area: float, area_before: float) -> tuple[Taper, float]:
    """The rest of half a ball of which a plane is the section, as wide as the plane before; and its length."""
    square = area_before / np.pi
    inside = sqrt(square * (1 - area / area_before))
    left = sqrt(square) - inside
    return Taper(left, -2 * np.pi * inside, -np.pi, np.inf), left


def _going_on(area: float, slope: float, bend: float, slice_mm: float) -> Taper:
    """An end whose area goes on as it fell."""
    closes = _first_zero(area, slope, bend)
    if closes <= slice_mm:
        return Taper(closes, slope, bend, np.inf)
    # It cannot go on to where it would close: the next plane would show it. The later it would close, the more
    # it is a flat end, half a slice away as any end between two planes is on average; the sooner, the rounder
    # and the nearer to that plane. A lying cylinder, of area (R^2 - w^2)^(1/2), would close 1.9 slices away.
    soon = slice_mm / closes
    length = slice_mm / 2 * (1 + min(2 * soon, 1.0))
    rounded = 2 * min(soon, 1 - soon)
    return Taper(length, slope, bend, _ROUNDNESS / rounded if rounded > 1e-3 else np.inf)


def _first_zero(area: float, slope: float, bend: float) -> float:
    """Distance at which area + slope s + bend s^2 is 0, or least; infinite where it does not fall."""
    if slope >= 0 and bend >= 0:
        return np.inf
    root: float = slope**2 - 4 * bend * area
    if root < 0:  # it rises again before, as beyond the apex of a cone
        return -slope / (2 * bend)
    if slope <= 0:
        return 2 * area / (-slope + sqrt(root))
    return (-slope - sqrt(root)) / (2 * bend)
