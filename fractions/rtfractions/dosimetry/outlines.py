"""Single outlines as rays from their centres: what lies between two, and whether a point lies inside."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Rays(NamedTuple):
    """An outline seen whole from its centre.

    Attributes
    ----------
    centre : ndarray, shape (2,)
        Its centroid.
    angle : ndarray, shape (N,)
        Angles of its points, ascending within one turn.
    points : ndarray, shape (N, 2)
        The points, from the centre.
    """

    centre: Floats
    angle: Floats
    points: Floats


def rays_of(loops: tuple[Floats, ...]) -> Rays | None:
    """A single outline as seen from its centroid; None where it is not one, or not seen whole."""
    if len(loops) != 1:
        return None
    origin = loops[0][0]
    points = loops[0] - origin
    following = points[_turned(len(points), 1)]
    cross = points[:, 0] * following[:, 1] - following[:, 0] * points[:, 1]
    if not abs(cross.sum()) > 0:
        return None
    centre = ((points + following) * cross[:, None]).sum(axis=0) / (3 * cross.sum())
    if cross.sum() < 0:
        points = points[::-1]
    seen = points - centre
    angle = np.arctan2(seen[:, 1], seen[:, 0])
    start = int(np.argmin(angle))
    turned = _turned(len(angle), start)
    angle, seen = angle[turned], seen[turned]
    if not (np.diff(angle) > 0).all() or angle[0] + 2 * np.pi - angle[-1] >= np.pi:
        return None
    return Rays(centre + origin, angle, seen)


def between(lower: Rays, upper: Rays, t: Floats, area_mm2: Floats) -> Floats:
    """Outlines between two, at parts `t` of the way, of given areas: shape (L, N, 2)."""
    angle = np.union1d(lower.angle, upper.angle)
    radius = (1 - t[:, None]) * _radii(lower, angle) + t[:, None] * _radii(upper, angle)
    following = _turned(len(angle), 1)
    own = 0.5 * (radius * radius[:, following] * np.sin(angle[following] - angle)).sum(axis=1)
    radius *= np.sqrt(area_mm2 / own)[:, None]
    centre = (1 - t[:, None]) * lower.centre + t[:, None] * upper.centre
    outline: Floats = centre[:, None] + radius[..., None] * np.column_stack((np.cos(angle), np.sin(angle)))
    return outline


def _turned(count: int, start: int) -> NDArray[np.int64]:
    """Numbers of points on a loop from one of them on; `numpy.roll` takes many times longer."""
    number = np.arange(start, start + count)
    number[count - start :] -= count
    return number


def _radii(rays: Rays, angle: Floats) -> Floats:
    """How far an outline lies from its centre in some directions."""
    edge = np.searchsorted(rays.angle, angle, side="right") - 1
    begin, end = rays.points[edge], rays.points[(edge + 1) % len(rays.points)]
    along = end - begin
    over = begin[:, 0] * along[:, 1] - begin[:, 1] * along[:, 0]
    radius: Floats = over / (np.cos(angle) * along[:, 1] - np.sin(angle) * along[:, 0])
    return radius


def crossings_beyond(loop: Floats, u: float, v: float) -> int:
    """How often a loop crosses the line along u at v, beyond u."""
    following = np.roll(loop, -1, axis=0)
    crosses = (loop[:, 1] > v) != (following[:, 1] > v)
    begin, end = loop[crosses], following[crosses]
    at = begin[:, 0] + (v - begin[:, 1]) / (end[:, 1] - begin[:, 1]) * (end[:, 0] - begin[:, 0])
    return int(np.count_nonzero(at > u))
