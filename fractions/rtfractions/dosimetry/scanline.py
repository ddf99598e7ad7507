"""What of contours lies inside on scanlines: exact along the lines, even-odd.

Strips end at edges that all planes share, and at the least and the greatest v of a plane's contours, so that a
rectangle is exact whatever its place. In the middle of each strip lies a scanline.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rtfractions.compiled import compiled
from rtfractions.crossings import following_points, ordered
from rtfractions.dosimetry import sample_loops
from rtfractions.dosimetry.sample_loops import SLIVER
from rtfractions.loops import joined

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_CROSSINGS: Final = 2**20
"""About how many crossings are put in order at once: a bone drawn by threshold has tens of millions."""


class Stretches(NamedTuple):
    """What lies inside on the scanlines of some planes.

    Attributes
    ----------
    line : ndarray of int, shape (m,)
        Number of the scanline of each stretch, ascending; those of the first plane come first.
    start_mm, end_mm : ndarray, shape (m,)
        From and to, along u.
    plane_of_line : ndarray of int, shape (L,)
        The plane of each scanline.
    v_mm : ndarray, shape (L,)
        Where it lies.
    height_mm : ndarray, shape (L,)
        Height of the strip it stands for.
    """

    line: Integers
    start_mm: Floats
    end_mm: Floats
    plane_of_line: Integers
    v_mm: Floats
    height_mm: Floats


class Parts(NamedTuple):
    """What is between some lows and highs, cut at edges.

    Attributes
    ----------
    of : ndarray of int, shape (n,)
        Which it is a part of, ascending.
    low, high : ndarray, shape (n,)
        From and to.
    """

    of: Integers
    low: Floats
    high: Floats


def parted(low: Floats, high: Floats, edges: Floats) -> Parts:
    """What is between lows and highs, cut at edges, which ascend; what reaches hardly beyond one is not."""
    first, times = _edges_within(low, high, edges)
    of = np.repeat(np.arange(len(times)), times)
    nth = np.arange(len(of)) - np.repeat(np.cumsum(times) - times, times)
    lower, upper = low[of], high[of]
    if len(of) > len(low):
        edge = first[of] + nth
        begins, ends = nth > 0, nth < times[of] - 1
        lower[begins] = edges[edge[begins] - 1]
        upper[ends] = edges[edge[ends]]
    return Parts(of, lower, upper)


def _edges_within(low: Floats, high: Floats, edges: Floats) -> tuple[Integers, Integers]:
    """The first edge between each low and high, and into how many parts edges cut what is between."""
    sliver = SLIVER * float(edges[-1] - edges[0]) / (len(edges) - 1) if len(edges) > 1 else 0.0
    first = np.searchsorted(edges, low + sliver, side="right")
    end = np.searchsorted(edges, high - sliver, side="left")
    return first, np.maximum(end - first, 0) + 1


def scanned(planes: Sequence[Sequence[Floats]], edges_mm: Floats, shift_mm: Floats) -> Stretches:
    """What lies inside closed contours, on scanlines in the middle of strips.

    Parameters
    ----------
    planes : sequence of sequences of ndarray, shape (N, 2)
        The contours (u, v) of each plane, at least one each.
    edges_mm : ndarray, shape (E,)
        Where strips end along v, ascending; those of a plane begin and end with its contours.
    shift_mm : ndarray, shape (P,)
        How far the edges of each plane are shifted from there.
    """
    loops = [loop for plane in planes for loop in plane]
    points, starts = joined(loops)
    group = np.repeat(np.arange(len(planes)), [len(plane) for plane in planes])
    first_loop = np.concatenate(([0], np.cumsum([len(plane) for plane in planes])))[:-1]
    along = points[:, 1] - np.repeat(shift_mm[group], np.diff(starts))
    first_point = starts[first_loop]
    low, high = np.minimum.reduceat(along, first_point), np.maximum.reduceat(along, first_point)
    first_edge, lines = _edges_within(low, high, edges_mm)
    strips = parted(low, high, edges_mm)
    v_mm = (strips.low + strips.high) / 2
    stretches = _crossed(points[:, 0], along, starts, group, edges_mm, first_edge, v_mm, lines)
    return Stretches(*stretches, strips.of, v_mm + shift_mm[strips.of], strips.high - strips.low)


def scanned_on(
    planes: Sequence[Sequence[Floats]], low_mm: Floats, step_mm: float, lines: int
) -> tuple[Integers, Floats, Floats]:
    """What lies inside the contours of planes on lines that all of them share.

    Parameters
    ----------
    planes : sequence of sequences of ndarray, shape (N, 2)
        The contours (u, v) of each plane, at least one each.
    low_mm : ndarray, shape (P,)
        Where the first line's share along v begins, on each plane.
    step_mm : float
        The distance of lines.
    lines : int
        How many there are.

    Returns
    -------
    line : ndarray of int, shape (m,)
        Line of each stretch, ascending; those of plane k begin at k times `lines`.
    start_mm, end_mm : ndarray, shape (m,)
    """
    points, starts = joined([loop for plane in planes for loop in plane])
    group = np.repeat(np.arange(len(planes)), [len(plane) for plane in planes])
    along = points[:, 1] - np.repeat(low_mm[group], np.diff(starts))
    edges: Floats = step_mm * np.arange(lines + 1.0)
    v_mm = np.tile((edges[1:] + edges[:-1]) / 2, len(planes))
    first, every = (np.full(len(planes), value, np.int64) for value in (1, lines))
    return _crossed(points[:, 0], along, starts, group, edges, first, v_mm, every)


def _crossed(
    across: Floats,
    along: Floats,
    starts: Integers,
    group: Integers,
    edges: Floats,
    first_edge: Integers,
    v: Floats,
    lines: Integers,
) -> tuple[Integers, Floats, Floats]:
    """Cross loops with the scanlines of their groups. A point on a line counts as below it.

    Parameters
    ----------
    across, along : ndarray, shape (N,)
        Points (u, v) of the loops, of which loop k has those from ``starts[k]`` on.
    group : ndarray of int, shape (K,)
        Which lines each loop is crossed with.
    edges : ndarray, shape (E,)
        Edges between lines. All lines of a group but its first and last lie half way between two of them.
    first_edge, lines : ndarray of int, shape (G,)
        The edge after the first line of each group, and how many lines it has.
    v : ndarray, shape (L,)
        All lines, group by group.

    Returns
    -------
    line : ndarray of int, shape (m,)
        Line of each stretch, ascending.
    start, end : ndarray, shape (m,)
    """
    middles = (edges[1:] + edges[:-1]) / 2
    crossed = compiled(sample_loops.crossed) or _stretches
    return crossed(across, along, starts, group, middles, first_edge, v, lines)


def _stretches(
    across: Floats,
    along: Floats,
    starts: Integers,
    group: Integers,
    middles: Floats,
    first_edge: Integers,
    v: Floats,
    lines: Integers,
) -> tuple[Integers, Floats, Floats]:
    """Line, start and end of each stretch, found group after group."""
    of_point = np.repeat(group, np.diff(starts))
    first_line = np.cumsum(lines) - lines
    last_line = first_line + lines - 1
    above = np.searchsorted(middles, along, side="left") - first_edge[of_point]
    above = np.clip(above, 0, np.maximum(lines - 2, 0)[of_point])
    above += along > v[first_line][of_point]
    above += (along > v[last_line][of_point]) & (lines > 1)[of_point]
    following = following_points(starts)
    change = above[following] - above
    times = np.abs(change)
    first_points = starts[np.searchsorted(group, np.arange(len(lines) + 1))]
    before = np.concatenate(([0], np.cumsum(times)))[first_points[:-1]]
    begins = np.flatnonzero(np.diff(before // _CROSSINGS, prepend=-1))
    points = [*first_points[begins].tolist(), len(along)]
    found = []
    for first_point, end in pairwise(points):
        some = times[first_point:end]
        edge = np.repeat(np.arange(first_point, end), some)
        nth = np.arange(len(edge)) - np.repeat(np.cumsum(some) - some, some)
        after = following[edge]
        line = first_line[of_point[edge]] + np.minimum(above[edge], above[after]) + nth
        part = (v[line] - along[edge]) / (along[after] - along[edge])
        at = across[edge] + np.clip(part, 0.0, 1.0) * (across[after] - across[edge])
        at = at[ordered(line, at)]
        crossings = np.bincount(line)
        found.append((np.repeat(np.arange(len(crossings)), crossings // 2), at[::2], at[1::2]))
    line, start, stop = (np.concatenate(column) for column in zip(*found, strict=True))
    return line, start, stop
