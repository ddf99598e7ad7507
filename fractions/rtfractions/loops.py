"""Closed loops in a plane: the area they enclose, by the even-odd rule.

Many loops are measured at once. They stand one after the other in one array of points, shape ``(N, 2)``, and
``starts``, shape ``(n + 1,)``, holds where each begins; its last entry is ``N``. The last point of a loop is
joined to its first, which is not repeated.

A point is inside where a line from it to the outside crosses loops an odd number of times. So a loop in another
is a hole, and so is the inner part of a keyhole.

Areas of loops that do not cross come from their vertices and are exact. Where loops cross, areas come from
scanlines. A few scanlines also find what crosses: on each, the length inside must be what the windings, or the
nesting, make it.
"""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rtfractions.crossings import (
    Crossings,
    crossings_on_lines,
    following_points,
    length_inside,
    ordered,
    sums,
)

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

THINNEST_MM: Final = 0.005
"""A loop whose area is less than this times its diagonal encloses nothing: coordinates are written to 0.01 mm."""

MAXIMUM_LOOPS: Final = 1000
"""Most loops on one plane that are told apart; a bone drawn by threshold has some hundred."""

_SEARCH_LINES: Final = 32
"""Scanlines in each direction that look for crossings; what fits between them is under 0.1 % of the box."""

_INNER_LINES: Final = 3
"""Scanlines that look for a point well inside a loop."""

_FINE_LINES: Final = 512
"""Scanlines that measure an area where loops cross; the error is well under 0.2 %."""

_NEGLIGIBLE: Final = 1e-4
"""Part of an area about which the search lines may disagree before it is measured by fine ones."""

_BATCH_POINTS: Final = 2**16
"""Points of loops that are searched at once: what is held stays small, and in the processor's cache."""

_MAXIMUM_CROSSINGS: Final = 10_000_000
"""Most crossings that fine lines make; loops that wind more are measured by fewer lines."""


class Measured(NamedTuple):
    """Loops, each measured alone.

    Attributes
    ----------
    area_mm2 : ndarray, shape (n,)
        Area inside by the even-odd rule.
    twisted_mm2 : ndarray, shape (n,)
        Area that another rule would count otherwise; above 0 where a loop crosses itself.
    """

    area_mm2: Floats
    twisted_mm2: Floats


class Together(NamedTuple):
    """Planes, each measured with all its loops.

    Attributes
    ----------
    area_mm2 : ndarray, shape (P,)
        Area inside by the even-odd rule.
    overlap_mm2 : ndarray, shape (P,)
        About the area that several loops have in common without being nested; the even-odd rule leaves it out.
    """

    area_mm2: Floats
    overlap_mm2: Floats


def joined(loops: Sequence[Floats]) -> tuple[Floats, Integers]:
    """Loops in one array, and where each starts."""
    starts = np.zeros(len(loops) + 1, np.int64)
    np.cumsum([len(loop) for loop in loops], out=starts[1:])
    return np.concatenate(loops), starts


def boxes(points: Floats, starts: Integers) -> Floats:
    """Bounding boxes of loops, shape (n, 4): least u, least v, greatest u, greatest v."""
    columns = [np.ascontiguousarray(points[:, axis]) for axis in (0, 1)]
    least = [np.minimum.reduceat(column, starts[:-1]) for column in columns]
    greatest = [np.maximum.reduceat(column, starts[:-1]) for column in columns]
    return np.stack([*least, *greatest], axis=1)


def boxes_meet(box: Floats) -> NDArray[np.bool_]:
    """Which boxes have area in common, shape (n, n); none with itself."""
    least, greatest = box[:, :2], box[:, 2:]
    common = np.minimum(greatest[:, None], greatest[None]) - np.maximum(least[:, None], least[None])
    meet = np.asarray(common.min(axis=-1) > 0)
    np.fill_diagonal(meet, False)
    return meet


def measured(points: Floats, starts: Integers) -> Measured:
    """Measure loops one by one: the even-odd area of each, and how far it crosses itself."""
    if len(starts) == 1:
        return Measured(np.zeros(0), np.zeros(0))
    parts = [
        _measured(points[starts[first] : starts[last]], starts[first : last + 1] - starts[first])
        for first, last in _batches(starts)
    ]
    return Measured(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def together(points: Floats, starts: Integers, plane: Integers, area_mm2: Floats) -> Together:
    """Measure the loops of planes together: the even-odd area of each plane, and how far its loops overlap.

    Parameters
    ----------
    points, starts : ndarray
        The loops, those of the first plane first, at most `MAXIMUM_LOOPS` of one plane.
    plane : ndarray of int, shape (n,)
        The plane of each loop: 0 to P - 1, ascending, none left out.
    area_mm2 : ndarray, shape (n,)
        Even-odd area of each loop alone.
    """
    area = sums(plane, area_mm2, int(plane[-1]) + 1)
    overlap = np.zeros(len(area))
    members, cluster, pairs = _clusters(boxes(points, starts), plane, area_mm2)
    if not len(members):
        return Together(area, overlap)
    points, starts = chosen(points, starts, members)
    area_mm2, plane = area_mm2[members], plane[members]
    sign = np.where(_depths(points, starts, pairs) % 2, -1.0, 1.0)
    first = np.flatnonzero(np.diff(cluster, prepend=-1))
    nested = sums(cluster, sign * area_mm2, len(first))
    doubt = _overlaps(points, starts, first, sign)
    for i in np.flatnonzero(doubt > _NEGLIGIBLE * sums(cluster, area_mm2, len(first))):
        loops = np.flatnonzero(cluster == i)
        nested[i] = _scanned_area(*chosen(points, starts, loops), _FINE_LINES)
        overlap[plane[first[i]]] += doubt[i]
    area += sums(plane[first], nested, len(area)) - sums(plane, area_mm2, len(area))
    return Together(area, overlap)


def chosen(points: Floats, starts: Integers, which: Integers) -> tuple[Floats, Integers]:
    """Some of the loops, in the order of `which`."""
    index, chosen_starts = _points_of(starts, which)
    return points[index], chosen_starts


def difference_mm2(a: Floats, b: Floats) -> float:
    """Area that lies in only one of two loops, to some per cent."""
    return _scanned_area(*joined((a, b)), 8 * _SEARCH_LINES)


def _batches(starts: Integers) -> Iterator[tuple[int, int]]:
    first, loops = 0, len(starts) - 1
    while first < loops:
        beyond = int(np.searchsorted(starts, starts[first] + _BATCH_POINTS, side="right")) - 1
        last = min(max(beyond, first + 1), loops)
        yield first, last
        first = last


def _measured(points: Floats, starts: Integers) -> Measured:
    u, v = np.ascontiguousarray(points[:, 0]), np.ascontiguousarray(points[:, 1])
    box = boxes(points, starts)
    following = following_points(starts)
    signed = 0.5 * np.add.reduceat(u * v[following] - u[following] * v, starts[:-1])
    turn = np.where(signed < 0, -1.0, 1.0)
    each = np.arange(len(signed))
    twisted = np.maximum(
        _twist(crossings_on_lines(u, v, starts, each, box[:, 1], box[:, 3], _SEARCH_LINES), turn)
        * (box[:, 3] - box[:, 1]),
        _twist(crossings_on_lines(v, u, starts, each, box[:, 0], box[:, 2], _SEARCH_LINES), -turn)
        * (box[:, 2] - box[:, 0]),
    ) / _SEARCH_LINES  # fmt: skip
    area = np.abs(signed)
    twisted[twisted <= _NEGLIGIBLE * area] = 0.0
    for i in np.flatnonzero(twisted):
        loop = points[starts[i] : starts[i + 1]]
        area[i] = _scanned_area(loop, np.array([0, len(loop)]), _FINE_LINES)
    return Measured(area, twisted)


def _twist(crossings: Crossings, turn: Floats) -> Floats:
    """Sum over a loop's lines of the length where even-odd is not the winding of the whole loop."""
    size = len(turn) * _SEARCH_LINES
    wound = sums(crossings.line, crossings.up * crossings.at, size) * np.repeat(turn, _SEARCH_LINES)
    # Two crossings enclose one length, wound one way or the other; only where there are more, order matters.
    inside = np.abs(wound)
    several = np.bincount(crossings.line, minlength=size) > 2
    if several.any():
        chosen = several[crossings.line]
        inside[several] = length_inside(crossings.line[chosen], crossings.at[chosen], size)[several]
    return np.asarray(np.abs(inside - wound).reshape(len(turn), _SEARCH_LINES).sum(axis=1))


def _clusters(
    box: Floats, plane: Integers, area_mm2: Floats
) -> tuple[Integers, Integers, tuple[Integers, Integers]]:
    """Loops whose boxes meet those of others on their plane.

    Returns
    -------
    members : ndarray of int
        These loops, those of the first cluster first.
    cluster : ndarray of int
        The cluster of each of them: loops that hang together by their boxes.
    pairs : two ndarrays of int
        Members, and with each a larger one that it meets.
    """
    begin = np.flatnonzero(np.diff(plane, prepend=-1))
    sizes = np.diff(begin, append=len(plane))
    members, sizes_of_clusters, inner, outer = [], [], [], []
    count = 0
    for first, size in zip(begin[sizes > 1].tolist(), sizes[sizes > 1].tolist(), strict=True):
        meet = boxes_meet(box[first : first + size])
        if not meet.any():
            continue
        for group in _connected(meet):
            if len(group) == 1:
                continue
            group = group[np.argsort(-area_mm2[first + group], kind="stable")]
            i, j = np.nonzero(np.tril(meet[np.ix_(group, group)]))
            members.append(first + group)
            sizes_of_clusters.append(len(group))
            inner.append(count + i)
            outer.append(count + j)
            count += len(group)
    if not members:
        nothing = np.zeros(0, np.int64)
        return nothing, nothing, (nothing, nothing)
    cluster = np.repeat(np.arange(len(members)), sizes_of_clusters)
    return np.concatenate(members), cluster, (np.concatenate(inner), np.concatenate(outer))


def _depths(points: Floats, starts: Integers, pairs: tuple[Integers, Integers]) -> Integers:
    """How many larger loops each loop lies in: its inner point tells."""
    inner = _inner_points(points, starts)
    depth = np.zeros(len(starts) - 1, np.int64)
    _, ends = _points_of(starts, pairs[1])
    for first, last in _batches(ends):
        i, j = pairs[0][first:last], pairs[1][first:last]
        index, of_pair = _points_of(starts, j)
        following = index[following_points(of_pair)]
        pair = np.repeat(np.arange(len(j)), np.diff(of_pair))
        v = inner[i, 1][pair]
        edge = np.flatnonzero((points[index, 1] > v) != (points[following, 1] > v))
        begin, end, pair = points[index[edge]], points[following[edge]], pair[edge]
        at = begin[:, 0] + (v[edge] - begin[:, 1]) / (end[:, 1] - begin[:, 1]) * (end[:, 0] - begin[:, 0])
        crossed = np.bincount(pair[at < inner[i, 0][pair]], minlength=len(j))
        depth += np.bincount(i[crossed % 2 == 1], minlength=len(depth))
    return depth


def _inner_points(points: Floats, starts: Integers) -> Floats:
    """A point well inside of each loop, shape (n, 2): the middle of the longest of some stretches inside."""
    box = boxes(points, starts)
    inner = (box[:, :2] + box[:, 2:]) / 2
    each = np.arange(len(inner))
    found = crossings_on_lines(points[:, 0], points[:, 1], starts, each, box[:, 1], box[:, 3], _INNER_LINES)
    order = ordered(found.line, found.at)
    left, right, line = found.at[order][::2], found.at[order][1::2], found.line[order][::2]
    longest = np.lexsort((right - left, line // _INNER_LINES))
    left, right, line = left[longest], right[longest], line[longest]
    loop = line // _INNER_LINES
    last = np.flatnonzero(np.diff(loop, append=-1))
    inner[loop[last], 0] = (left[last] + right[last]) / 2
    part = (line[last] % _INNER_LINES + 0.5) / _INNER_LINES
    inner[loop[last], 1] = box[loop[last], 1] + part * (box[loop[last], 3] - box[loop[last], 1])
    return inner


def _overlaps(points: Floats, starts: Integers, first: Integers, sign: Floats) -> Floats:
    """For each cluster, half the area where even-odd is not what its loops, nested as they are, make it."""
    doubt = np.zeros(len(first))
    begin = np.append(first, len(sign))
    for some, others in _batches(starts[begin]):
        loops = slice(begin[some], begin[others])
        part = points[starts[begin[some]] : starts[begin[others]]]
        starts_of_part = starts[begin[some] : begin[others] + 1] - starts[begin[some]]
        groups = begin[some : others + 1] - begin[some]
        doubt[some:others] = _overlap(part, starts_of_part, groups, sign[loops])
    return doubt


def _overlap(points: Floats, starts: Integers, begin: Integers, sign: Floats) -> Floats:
    box = boxes(points, starts)
    group = np.repeat(np.arange(len(begin) - 1), np.diff(begin))
    doubt = np.zeros(len(begin) - 1)
    lines = 2 * _SEARCH_LINES
    for across, along in ((0, 1), (1, 0)):
        low = np.minimum.reduceat(box[:, along], begin[:-1])
        high = np.maximum.reduceat(box[:, 2 + along], begin[:-1])
        found = crossings_on_lines(points[:, across], points[:, along], starts, group, low, high, lines)
        inside = length_inside(found.line, found.at, len(doubt) * lines).reshape(-1, lines)
        of_loop = found.loop * lines + found.line % lines
        alone = length_inside(of_loop, found.at, len(sign) * lines).reshape(-1, lines)
        expected = np.add.reduceat(alone * sign[:, None], begin[:-1], axis=0)
        doubt = np.maximum(doubt, np.abs(inside - expected).sum(axis=1) * (high - low) / lines / 2)
    return doubt


def _points_of(starts: Integers, which: Integers) -> tuple[Integers, Integers]:
    """Numbers of the points of some loops, and where each loop starts among them."""
    counts = starts[which + 1] - starts[which]
    chosen_starts = np.concatenate(([0], np.cumsum(counts)))
    index = np.arange(chosen_starts[-1]) + np.repeat(starts[which] - chosen_starts[:-1], counts)
    return index, chosen_starts


def _connected(meet: NDArray[np.bool_]) -> Iterator[Integers]:
    """Groups of indices that hang together."""
    left = np.ones(len(meet), bool)
    while left.any():
        group = np.zeros(len(meet), bool)
        new = group.copy()
        new[left.argmax()] = True
        while new.any():
            group |= new
            new = meet[new].any(axis=0) & ~group
        left &= ~group
        yield np.flatnonzero(group)


def _scanned_area(points: Floats, starts: Integers, lines: int) -> float:
    """Even-odd area of loops together, by scanlines."""
    v = points[:, 1]
    low, high = float(v.min()), float(v.max())
    if not high > low:
        return 0.0
    a_line = float(np.abs(v[following_points(starts)] - v).sum()) / (high - low)
    lines = max(min(lines, int(_MAXIMUM_CROSSINGS / a_line)), 1)
    group = np.zeros(len(starts) - 1, np.int64)
    crossings = crossings_on_lines(points[:, 0], v, starts, group, np.array([low]), np.array([high]), lines)
    return float(length_inside(crossings.line, crossings.at, lines).sum()) * (high - low) / lines
