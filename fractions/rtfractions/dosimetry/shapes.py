"""The shape of a structure between its planes and beyond its ends.

Large structures are stacks of slabs. Small ones get a shape: the area of the section at each height is a
parabola through neighbouring planes, as a ball, a cone and a cylinder have it, and its outline lies between
those of the two planes, about their centres. That needs one outline a plane, seen whole from its centre;
elsewhere the two planes fade into each other.

Beyond the outermost plane a cap ends the structure: flat, or as `tapers` says that it goes on.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rtfractions.dosimetry.outlines import Rays, between, crossings_beyond, rays_of
from rtfractions.dosimetry.scanline import parted
from rtfractions.dosimetry.tapers import flat, tapers
from rtfractions.loops import joined
from rtfractions.structures import PARTS_APART, Plane, Structure

Floats = NDArray[np.float64]

EndCaps = Literal["half", "none", "tapered"]

SMALL_CM3: Final = 12.0
"""Structures up to this volume get a shape between their planes."""

LARGE_CM3: Final = 24.0
"""From this volume on they are stacks of slabs; in between both are mixed, so that no number jumps."""

_BULGE: Final = 0.25
"""Most by which a section between two planes may be larger or smaller than between straight lines."""

_ROUNDED: Final = 0.9
"""Part of the length of a rounded end at which its surface is looked at, beside its tip."""


class Section(NamedTuple):
    """Contours, and the layers at which they are the section of a structure.

    Attributes
    ----------
    loops : tuple of ndarray, shape (N, 2)
        In-plane positions (u, v) of closed contours, even-odd.
    area_mm2 : float
        Area inside.
    w_mm, thickness_mm : ndarray, shape (L,)
        Middle and thickness of the layers.
    part : ndarray, shape (L,)
        Part of each layer that is filled, 0 to 1.
    """

    loops: tuple[Floats, ...]
    area_mm2: float
    w_mm: Floats
    thickness_mm: Floats
    part: Floats


class Slab(NamedTuple):
    """A plane's contours, the same from one height to another."""

    low_mm: float
    high_mm: float
    plane: Plane

    def sections(self, w_mm: Floats, thickness_mm: Floats) -> list[Section]:
        """Sections at layers within."""
        full = np.ones_like(w_mm)
        return [Section(self.plane.loops, self.plane.area_mm2, w_mm, thickness_mm, full)]


class Fading(NamedTuple):
    """Two planes of which one fades into the other."""

    low_mm: float
    high_mm: float
    lower: Plane
    upper: Plane

    def sections(self, w_mm: Floats, thickness_mm: Floats) -> list[Section]:
        """Sections at layers within."""
        t = (w_mm - self.low_mm) / (self.high_mm - self.low_mm)
        return [
            Section(self.lower.loops, self.lower.area_mm2, w_mm, thickness_mm, 1 - t),
            Section(self.upper.loops, self.upper.area_mm2, w_mm, thickness_mm, t),
        ]


class Between(NamedTuple):
    """Outlines between those of two planes."""

    low_mm: float
    high_mm: float
    lower: Rays
    upper: Rays
    areas_mm2: tuple[float, float]
    bend: float

    def sections(self, w_mm: Floats, thickness_mm: Floats) -> list[Section]:
        """Sections at layers within."""
        t = (w_mm - self.low_mm) / (self.high_mm - self.low_mm)
        straight = (1 - t) * self.areas_mm2[0] + t * self.areas_mm2[1]
        bulge = -self.bend * (w_mm - self.low_mm) * (self.high_mm - w_mm)
        area = straight + np.clip(bulge, -_BULGE * straight, _BULGE * straight)
        outlines = between(self.lower, self.upper, t, area)
        return _one_by_one(outlines, area, w_mm, thickness_mm)


class Cap(NamedTuple):
    """An end whose outline shrinks about its centre as its area does; without a centre, its filled part does.

    Slope, bend and roundness of its area are those of a `Taper`.
    """

    low_mm: float
    high_mm: float
    plane: Plane
    rays: Rays | None
    slope: float
    bend: float
    roundness: float

    def sections(self, w_mm: Floats, thickness_mm: Floats) -> list[Section]:
        """Sections at layers within."""
        area = self._areas(np.abs(w_mm - self.plane.position_mm))
        if self.rays is None:
            part = np.minimum(area / self.plane.area_mm2, 1.0)
            return [Section(self.plane.loops, self.plane.area_mm2, w_mm, thickness_mm, part)]
        some = area > 0
        outlines = self._outlines(area[some])
        return _one_by_one(outlines, area[some], w_mm[some], thickness_mm[some])

    def face(self) -> Floats:
        """Points (u, v, w) of its end, and of its rounding where it has one, shape (N, 3)."""
        length = self.high_mm - self.low_mm
        outwards = 1.0 if self.low_mm == self.plane.position_mm else -1.0
        distances = np.array([_ROUNDED * length, length] if self.roundness < np.inf else [length])
        if self.rays is None:
            outlines = [np.concatenate(self.plane.loops)] * len(distances)
        else:
            outlines = list(self._outlines(self._areas(distances)))
        heights = self.plane.position_mm + outwards * distances
        return np.concatenate([_at(*both) for both in zip(outlines, heights.tolist(), strict=True)])

    def _areas(self, distance: Floats) -> Floats:
        area = self.plane.area_mm2
        goes_on = np.clip(area + self.slope * distance + self.bend * distance**2, 0.0, (1 + _BULGE) * area)
        if self.roundness == np.inf:
            return np.asarray(goes_on)
        part = np.minimum(distance / (self.high_mm - self.low_mm), 1.0)
        return np.asarray(goes_on * np.sqrt(1 - part**self.roundness))

    def _outlines(self, area: Floats) -> Floats:
        assert self.rays is not None
        scale = np.sqrt(area / self.plane.area_mm2)[:, None, None]
        outlines: Floats = self.rays.centre + (self.plane.loops[0] - self.rays.centre) * scale
        return outlines


Interval = Slab | Fading | Between | Cap


@dataclass(frozen=True, slots=True, eq=False)
class Solid:
    """A structure as what it is between heights, and points on its surface.

    Attributes
    ----------
    intervals : tuple of (float, interval)
        Each with its weight: intervals of one weight do not overlap.
    surface_mm : ndarray, shape (N, 3)
        Points (u, v, w) on the surface: where the extremes of the dose may lie.
    """

    intervals: tuple[tuple[float, Interval], ...]
    surface_mm: Floats

    def sections(self, step_mm: float, planes_mm: Floats) -> list[Section]:
        """All its sections, in layers of about `step_mm` that reach over none of some planes, none of them empty."""
        low, high = np.array([(one.low_mm, one.high_mm) for _, one in self.intervals]).T
        parts = parted(low, high, planes_mm)
        size = parts.high - parts.low
        count = np.maximum(np.rint(size / step_mm), 1).astype(np.int64)
        nth = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        thickness = np.repeat(size / count, count)
        w = np.repeat(parts.low, count) + (nth + 0.5) * thickness
        layers = np.bincount(parts.of, count, len(low)).astype(np.int64)
        end = np.cumsum(layers)
        found = []
        for (weight, one), first, last in zip(
            self.intervals, (end - layers).tolist(), end.tolist(), strict=True
        ):
            for section in one.sections(w[first:last], thickness[first:last]):
                found.append(section if weight == 1 else section._replace(part=section.part * weight))
        return found

    def contains(self, u: float, v: float, w: float) -> bool:
        """Whether a point lies inside, or in what is only partly filled."""
        height = np.array([w])
        for _, one in self.intervals:
            if one.low_mm <= w <= one.high_mm:
                for section in one.sections(height, np.ones(1)):
                    if sum(crossings_beyond(loop, u, v) for loop in section.loops) % 2:
                        return True
        return False


def smallness(volume_cm3: float) -> float:
    """How far a structure of that volume is treated as small: 1 up to `SMALL_CM3`, 0 from `LARGE_CM3` on."""
    if volume_cm3 <= SMALL_CM3:
        return 1.0
    return float(max(np.log(LARGE_CM3 / volume_cm3) / np.log(LARGE_CM3 / SMALL_CM3), 0.0))


def stacked(structure: Structure, slabs_mm: Floats, end_caps: EndCaps) -> Solid:
    """A structure as a stack of slabs.

    Parameters
    ----------
    structure : Structure
        With closed contours.
    slabs_mm : ndarray, shape (P, 2)
        As `Structure.slabs_mm`.
    end_caps : str
        What lies beyond the outermost planes: half a slab, nothing, or what the shape suggests.
    """
    planes = structure.planes
    intervals: list[tuple[float, Interval]] = []
    surface = [_contours(structure)]
    for part in _parts(structure):
        inner = slabs_mm[part].copy()
        inner[0, 0], inner[-1, 1] = planes[part[0]].position_mm, planes[part[-1]].position_mm
        for k, (low, high) in zip(part, inner, strict=True):
            if high > low:
                intervals.append((1.0, Slab(low, high, planes[k])))
        _add_caps(structure, slabs_mm, part, end_caps, intervals, surface)
    return Solid(tuple(intervals), np.concatenate(surface))


def shaped(structure: Structure, slabs_mm: Floats, end_caps: EndCaps) -> Solid:
    """A structure with a shape between its planes; parameters as of `stacked`."""
    planes = structure.planes
    intervals: list[tuple[float, Interval]] = []
    surface = [_contours(structure)]
    for part in _parts(structure):
        areas = np.array([planes[k].area_mm2 for k in part])
        bends = _bends(structure.positions_mm[part], areas)
        rays = [rays_of(planes[k].loops) for k in part]
        for i, (k, after) in enumerate(pairwise(part)):
            low, high = planes[k].position_mm, planes[after].position_mm
            lower, upper = rays[i], rays[i + 1]
            if lower is None or upper is None:
                intervals.append((1.0, Fading(low, high, planes[k], planes[after])))
            else:
                both = (planes[k].area_mm2, planes[after].area_mm2)
                intervals.append((1.0, Between(low, high, lower, upper, both, float(bends[i]))))
        _add_caps(structure, slabs_mm, part, end_caps, intervals, surface)
    return Solid(tuple(intervals), np.concatenate(surface))


def mixed(first: Solid, second: Solid, part: float) -> Solid:
    """So much of one solid, and the rest of the other."""
    intervals = [
        (weight * share, one)
        for solid, share in ((first, part), (second, 1 - part))
        for weight, one in solid.intervals
    ]
    return Solid(tuple(intervals), np.concatenate((first.surface_mm, second.surface_mm)))


def _add_caps(
    structure: Structure,
    slabs_mm: Floats,
    part: list[int],
    end_caps: EndCaps,
    intervals: list[tuple[float, Interval]],
    surface: list[Floats],
) -> None:
    """Add what lies beyond the two ends of a part."""
    if end_caps == "none":
        return
    for order in (part, part[::-1]):
        k = order[0]
        plane = structure.planes[k]
        outwards = -1.0 if order is part else 1.0
        half = float(abs(slabs_mm[k, 0 if order is part else 1] - plane.position_mm))
        rays = rays_of(plane.loops) if end_caps == "tapered" else None
        ends = tapers(structure, order, half) if end_caps == "tapered" else [(1.0, flat(half))]
        for part_of_it, taper in ends:
            low, high = sorted((plane.position_mm, plane.position_mm + outwards * taper.length_mm))
            if high > low:
                cap = Cap(low, high, plane, rays, taper.slope, taper.bend, taper.roundness)
                intervals.append((part_of_it, cap))
                surface.append(cap.face())


def _parts(structure: Structure) -> list[list[int]]:
    """Planes that hang together."""
    usual, positions = structure.spacing_mm, structure.positions_mm
    parts = [[0]]
    for k in range(1, len(positions)):
        if usual is not None and positions[k] - positions[k - 1] > PARTS_APART * usual:
            parts.append([])
        parts[-1].append(k)
    return parts


def _bends(positions: Floats, areas: Floats) -> Floats:
    """Half the second derivative of the area between planes: the smaller of those at both, 0 where signs differ."""
    intervals = len(positions) - 1
    if intervals < 2:
        return np.zeros(max(intervals, 0))
    gaps = np.diff(positions)
    at_planes = np.diff(np.diff(areas) / gaps) / (gaps[:-1] + gaps[1:])
    lower = np.concatenate((at_planes[:1], at_planes))
    upper = np.concatenate((at_planes, at_planes[-1:]))
    return np.where(lower * upper > 0, np.sign(lower) * np.minimum(np.abs(lower), np.abs(upper)), 0.0)


def _one_by_one(outlines: Floats, area: Floats, w_mm: Floats, thickness_mm: Floats) -> list[Section]:
    """Sections of one layer each."""
    one = np.ones(1)
    return [
        Section((outline,), float(area[i]), w_mm[i : i + 1], thickness_mm[i : i + 1], one)
        for i, outline in enumerate(outlines)
    ]


def _contours(structure: Structure) -> Floats:
    """Points (u, v, w) of all contours, shape (N, 3)."""
    points, starts = joined([loop for plane in structure.planes for loop in plane.loops])
    surface = np.empty((len(points), 3))
    surface[:, :2] = points
    heights = [plane.position_mm for plane in structure.planes for _ in plane.loops]
    surface[:, 2] = np.repeat(heights, np.diff(starts))
    return surface


def _at(points: Floats, w: float) -> Floats:
    return np.column_stack((points, np.full(len(points), w)))
