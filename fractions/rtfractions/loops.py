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

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

THINNEST_MM: Final = 0.005
"""A loop whose area is less than this times its diagonal encloses nothing: coordinates are written to 0.01 mm."""

MAXIMUM_LOOPS: Final = 1000
"""Most loops on one plane that are told apart; a bone drawn by threshold has some hundred."""

_SEARCH_LINES: Final = 32
"""Scanlines in each direction that look for crossings; what fits between them is under 0.1 % of the box."""

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
    """Loops of one plane, measured together.

    Attributes
    ----------
    area_mm2 : float
        Area inside by the even-odd rule.
    overlap_mm2 : float
        About the area that several loops have in common without being nested; the even-odd rule leaves it out.
    """

    area_mm2: float
    overlap_mm2: float


class _Crossings(NamedTuple):
    """Where edges cross scanlines: number of the line, position along it, 1 upwards or -1, and whose edge."""

    line: Integers
    at: Floats
    up: Floats
    loop: Integers


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


def together(points: Floats, starts: Integers, area_mm2: Floats) -> Together:
    """Measure the loops of one plane together: their even-odd area, and how far they overlap.

    Parameters
    ----------
    points, starts : ndarray
        The loops, at most `MAXIMUM_LOOPS`.
    area_mm2 : ndarray, shape (n,)
        Even-odd area of each alone.
    """
    area = overlap = 0.0
    box = boxes(points, starts)
    for group in _connected(boxes_meet(box)):
        if len(group) == 1:
            area += float(area_mm2[group[0]])
            continue
        loops = [points[starts[i] : starts[i + 1]] for i in group]
        one, doubt = _nested(*joined(loops), box[group], area_mm2[group])
        area += one
        overlap += doubt
    return Together(area, overlap)


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
    following = _following(starts)
    signed = 0.5 * np.add.reduceat(u * v[following] - u[following] * v, starts[:-1])
    turn = np.where(signed < 0, -1.0, 1.0)
    each = np.arange(len(signed))
    twisted = np.maximum(
        _twist(_crossings(u, v, starts, each, box[:, 1], box[:, 3], _SEARCH_LINES), turn)
        * (box[:, 3] - box[:, 1]),
        _twist(_crossings(v, u, starts, each, box[:, 0], box[:, 2], _SEARCH_LINES), -turn)
        * (box[:, 2] - box[:, 0]),
    ) / _SEARCH_LINES  # fmt: skip
    area = np.abs(signed)
    twisted[twisted <= _NEGLIGIBLE * area] = 0.0
    for i in np.flatnonzero(twisted):
        loop = points[starts[i] : starts[i + 1]]
        area[i] = _scanned_area(loop, np.array([0, len(loop)]), _FINE_LINES)
    return Measured(area, twisted)


def _twist(crossings: _Crossings, turn: Floats) -> Floats:
    """Sum over a loop's lines of the length where even-odd is not the winding of the whole loop."""
    size = len(turn) * _SEARCH_LINES
    wound = np.bincount(crossings.line, crossings.up * crossings.at, size) * np.repeat(turn, _SEARCH_LINES)
    # Two crossings enclose one length, wound one way or the other; only where there are more, order matters.
    inside = np.abs(wound)
    several = np.bincount(crossings.line, minlength=size) > 2
    if several.any():
        chosen = several[crossings.line]
        inside[several] = _inside(crossings.line[chosen], crossings.at[chosen], size)[several]
    return np.asarray(np.abs(inside - wound).reshape(len(turn), _SEARCH_LINES).sum(axis=1))


def _nested(points: Floats, starts: Integers, box: Floats, area_mm2: Floats) -> Together:
    """Loops whose boxes meet: each adds or takes away its area by how many larger ones it lies in."""
    sign = 1.0 - 2.0 * (_depths(points, starts, box, area_mm2) % 2)
    least, greatest = box[:, :2].min(axis=0), box[:, 2:].max(axis=0)
    overlap = 0.0
    for across, along in ((0, 1), (1, 0)):
        crossings = _crossings(
            points[:, across],
            points[:, along],
            starts,
            np.zeros(len(sign), np.int64),
            least[along : along + 1],
            greatest[along : along + 1],
            2 * _SEARCH_LINES,
        )
        inside = _inside(crossings.line, crossings.at, 2 * _SEARCH_LINES)
        of_each = crossings.loop * (2 * _SEARCH_LINES) + crossings.line
        alone = _inside(of_each, crossings.at, len(sign) * 2 * _SEARCH_LINES)
        expected = sign @ alone.reshape(len(sign), -1)
        step = (greatest[along] - least[along]) / (2 * _SEARCH_LINES)
        overlap = max(overlap, float(np.abs(inside - expected).sum() * step / 2))
    if overlap <= _NEGLIGIBLE * float(area_mm2.sum()):
        return Together(float(sign @ area_mm2), 0.0)
    return Together(_scanned_area(points, starts, _FINE_LINES), overlap)


def _depths(points: Floats, starts: Integers, box: Floats, area_mm2: Floats) -> Integers:
    """How many larger loops each loop lies in."""
    rank = np.empty(len(area_mm2), np.int64)
    rank[np.lexsort((np.arange(len(rank)), -area_mm2))] = np.arange(len(rank))
    loop = np.repeat(np.arange(len(rank)), np.diff(starts))
    following = _following(starts)
    depth = np.zeros(len(rank), np.int64)
    for i in range(len(rank)):
        u, v = _inner_point(points[starts[i] : starts[i + 1]], box[i])
        edge, at = _row(points, following, v)
        left_of = loop[edge[at < u]]
        odd = np.bincount(left_of, minlength=len(rank)) % 2
        depth[i] = odd[rank < rank[i]].sum()
    return depth


def _inner_point(loop: Floats, box: Floats) -> tuple[float, float]:
    """A point well inside a loop."""
    following = np.roll(np.arange(len(loop)), -1)
    best = (-1.0, 0.0, 0.0)
    for part in (0.47, 0.23, 0.71):
        v = float(box[1] + part * (box[3] - box[1]))
        at = np.sort(_row(loop, following, v)[1])
        widths = at[1::2] - at[::2]
        if len(widths):
            k = int(widths.argmax())
            best = max(best, (float(widths[k]), float(at[2 * k] + at[2 * k + 1]) / 2, v))
    return best[1], best[2]


def _row(points: Floats, following: Integers, v: float) -> tuple[Integers, Floats]:
    """Edges that cross the line at `v`, each by its first point, and where."""
    above = points[:, 1] > v
    edge = np.flatnonzero(above != above[following])
    first, last = points[edge], points[following[edge]]
    part = (v - first[:, 1]) / (last[:, 1] - first[:, 1])
    return edge, first[:, 0] + part * (last[:, 0] - first[:, 0])


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
    a_line = float(np.abs(v[_following(starts)] - v).sum()) / (high - low)
    lines = max(min(lines, int(_MAXIMUM_CROSSINGS / a_line)), 1)
    group = np.zeros(len(starts) - 1, np.int64)
    crossings = _crossings(points[:, 0], v, starts, group, np.array([low]), np.array([high]), lines)
    return float(_inside(crossings.line, crossings.at, lines).sum()) * (high - low) / lines


def _following(starts: Integers) -> Integers:
    """For each point the one that follows it on its loop."""
    following = np.arange(1, starts[-1] + 1)
    following[starts[1:] - 1] = starts[:-1]
    return following


def _crossings(
    across: Floats,
    along: Floats,
    starts: Integers,
    group: Integers,
    low: Floats,
    high: Floats,
    lines: int,
) -> _Crossings:
    """Where loops cross `lines` scanlines that are spread evenly from `low` to `high` of their group.

    A point on a line counts as below it, so that a loop crosses every line an even number of times.
    """
    counts = np.diff(starts)
    step = (high - low) / lines
    per_mm = np.divide(1.0, step, out=np.zeros_like(step), where=step > 0)
    above = np.ceil((along - np.repeat(low[group], counts)) * np.repeat(per_mm[group], counts) - 0.5)
    above = np.clip(above, 0, lines).astype(np.int64)
    following = _following(starts)
    change = above[following] - above
    times = np.abs(change)
    edge = np.repeat(np.arange(len(change)), times)
    first = np.minimum(above, above[following])
    nth = np.arange(len(edge)) - np.repeat(np.cumsum(times) - times, times)
    k = first[edge] + nth
    loop = np.repeat(np.arange(len(counts)), counts)[edge]
    of = group[loop]
    after = following[edge]
    part = (low[of] + (k + 0.5) * step[of] - along[edge]) / (along[after] - along[edge])
    at = across[edge] + np.clip(part, 0.0, 1.0) * (across[after] - across[edge])
    return _Crossings(of * lines + k, at, np.sign(change[edge]).astype(np.float64), loop)


def _inside(line: Integers, at: Floats, lines: int) -> Floats:
    """Length inside on each line, from all crossings of it: from the first to the second, and so on."""
    order = np.lexsort((at, line))
    ends = np.ones(len(order))
    ends[::2] = -1.0
    return np.bincount(line[order], ends * at[order], lines).astype(np.float64, copy=False)
