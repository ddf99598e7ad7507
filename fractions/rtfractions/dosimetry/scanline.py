"""Contours cut into pieces along scanlines: exact along the lines, evenly spread across them, even-odd.

Each plane has scanlines of its own, spread evenly from the least to the greatest v of its contours, so that
a rectangle is exact whatever its place. What lies inside on a line is cut into pieces of equal length, each
known by its middle. Weights are made to sum to the plane's area.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rtfractions.compiled import compiled
from rtfractions.dosimetry import sample_loops
from rtfractions.loops import joined

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


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
        Distance from it to the next line of its plane.
    """

    line: Integers
    start_mm: Floats
    end_mm: Floats
    plane_of_line: Integers
    v_mm: Floats
    height_mm: Floats


class Pieces(NamedTuple):
    """Stretches cut into pieces.

    Attributes
    ----------
    line : ndarray of int, shape (n,)
        Number of the scanline of each piece, ascending.
    u_mm : ndarray, shape (n,)
        Its middle.
    length_mm : ndarray, shape (n,)
        Its length.
    """

    line: Integers
    u_mm: Floats
    length_mm: Floats


def scanned(planes: Sequence[Sequence[Floats]], step_mm: float) -> Stretches:
    """What lies inside closed contours, on scanlines at most `step_mm` apart.

    Parameters
    ----------
    planes : sequence of sequences of ndarray, shape (N, 2)
        The contours (u, v) of each plane, at least one each.
    step_mm : float
        Largest distance of scanlines.
    """
    loops = [loop for plane in planes for loop in plane]
    points, starts = joined(loops)
    group = np.repeat(np.arange(len(planes)), [len(plane) for plane in planes])
    first_loop = np.concatenate(([0], np.cumsum([len(plane) for plane in planes])))[:-1]
    along = np.ascontiguousarray(points[:, 1])
    first_point = starts[first_loop]
    low, high = np.minimum.reduceat(along, first_point), np.maximum.reduceat(along, first_point)
    lines = np.maximum(np.ceil((high - low) / step_mm), 1).astype(np.int64)
    return _crossed(points[:, 0], along, starts, group, low, (high - low) / lines, lines)


def scanned_on(
    planes: Sequence[Sequence[Floats]], low_mm: float, step_mm: float, lines: int
) -> tuple[Integers, Floats, Floats]:
    """What lies inside the contours of planes on lines that all of them share.

    Parameters
    ----------
    planes : sequence of sequences of ndarray, shape (N, 2)
        The contours (u, v) of each plane, at least one each.
    low_mm, step_mm : float
        Where the first line's share along v begins, and the distance of lines.
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
    low, step = (np.full(len(planes), value) for value in (low_mm, step_mm))
    every = np.full(len(planes), lines, np.int64)
    found = _crossed(points[:, 0], points[:, 1], starts, group, low, step, every)
    return found.line, found.start_mm, found.end_mm


def _crossed(
    across: Floats,
    along: Floats,
    starts: Integers,
    group: Integers,
    low: Floats,
    step: Floats,
    lines: Integers,
) -> Stretches:
    """Cross loops with the scanlines of their groups. A point on a line counts as below it."""
    first_line = np.cumsum(lines) - lines
    plane_of_line = np.repeat(np.arange(len(lines)), lines)
    number = np.arange(len(plane_of_line)) - first_line[plane_of_line]
    crossed = compiled(sample_loops.crossed) or _stretches
    return Stretches(
        *crossed(across, along, starts, group, low, step, lines),
        plane_of_line,
        low[plane_of_line] + (number + 0.5) * step[plane_of_line],
        step[plane_of_line],
    )


def _stretches(
    across: Floats,
    along: Floats,
    starts: Integers,
    group: Integers,
    low: Floats,
    step: Floats,
    lines: Integers,
) -> tuple[Integers, Floats, Floats]:
    """Line, start and end of each stretch."""
    counts = np.diff(starts)
    of_point = np.repeat(group, counts)
    per_mm = np.divide(1.0, step, out=np.zeros_like(step), where=step > 0)
    above = np.ceil((along - low[of_point]) * per_mm[of_point] - 0.5)
    above = np.clip(above, 0, lines[of_point]).astype(np.int64)
    following = np.arange(1, starts[-1] + 1)
    following[starts[1:] - 1] = starts[:-1]
    change = above[following] - above
    times = np.abs(change)
    edge = np.repeat(np.arange(len(change)), times)
    first = np.minimum(above, above[following])
    nth = np.arange(len(edge)) - np.repeat(np.cumsum(times) - times, times)
    k = first[edge] + nth
    of = of_point[edge]
    after = following[edge]
    part = (low[of] + (k + 0.5) * step[of] - along[edge]) / (along[after] - along[edge])
    at = across[edge] + np.clip(part, 0.0, 1.0) * (across[after] - across[edge])
    first_line = np.cumsum(lines) - lines
    line = first_line[of] + k
    order = np.lexsort((at, line))
    line, at = line[order], at[order]
    return line[::2], at[::2], at[1::2]


def cut(line: Integers, start_mm: Floats, end_mm: Floats, step_mm: float) -> Pieces:
    """Stretches cut into pieces of equal length, at most `step_mm`; empty ones are left out."""
    length = end_mm - start_mm
    kept = length > 0
    line, start_mm, length = line[kept], start_mm[kept], length[kept]
    times = np.ceil(length / step_mm).astype(np.int64)
    size = length / times
    of = np.repeat(np.arange(len(times)), times)
    nth = np.arange(len(of)) - np.repeat(np.cumsum(times) - times, times)
    return Pieces(line[of], start_mm[of] + (nth + 0.5) * size[of], size[of])
