"""The loops that interpolate doses, written out for numba to compile; `compiled` decides whether.

Each does what its caller does in numpy, in the same order of operations, so that the results are the same. Python
itself could run them, hundreds of times more slowly. None calls another, because numba tells by the file of a
function whether what it has compiled before is still right.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

INSIDE = 1e-6
"""Part of a voxel by which a point may lie beyond the outermost voxel centres."""


def linear_along_lines(
    flat: NDArray[Any],
    unit_gy: float,
    steps: Integers,
    columns: int,
    first: Integers,
    of_v: Floats,
    of_w: Floats,
    place: Floats,
    line: Integers,
    first_u: int,
    size_mm: tuple[Floats, Floats, Floats],
    away_mm: tuple[Floats, Floats],
    by_u: Floats,
    by_v: Floats,
    by_w: Floats,
    size: int,
    known: Flags,
) -> tuple[Floats, Floats, Flags]:
    """Doses by linear interpolation, their changes, and which are known; as `sampled_doses._linear`.

    Parameters
    ----------
    flat : ndarray
        Voxels, of which each 1 is `unit_gy`.
    steps : ndarray of int, shape (3,)
        From a voxel to the next along u, v and w.
    columns : int
        How many voxels there are along u.
    first : ndarray of int, shape (L,)
        The first voxel along u of those at and below each line.
    of_v, of_w : ndarray, shape (L,)
        Part of the way to the next along v and w.
    place, line, first_u, size_mm, away_mm, by_u, by_v, by_w, size, known
        As `sampled_doses._Along`.
    """
    dose, change, inside = np.empty(len(place)), np.empty((3, len(place))), np.empty(len(place), np.bool_)
    (length, height, thickness), (aside, above) = size_mm, away_mm
    last = float(columns - 2)
    step_u, step_v, step_w = steps
    seen_line = seen = -1
    c = c_v = c_w = c_vw = 0.0
    for i in range(len(place)):
        local = place[i] - first_u
        below = min(max(np.floor(local), 0.0), last)
        t = min(max(local - below, 0.0), 1.0)
        one, column = line[i], int(below)
        v, w = of_v[one], of_w[one]
        here = first[one] + column * step_u
        if one == seen_line and column == seen:  # what lay beyond the sample before
            a, a_v, a_w, a_vw = c, c_v, c_w, c_vw
        else:
            a, b = flat[here] * unit_gy, flat[here + step_w] * unit_gy
            a_v, b_v = flat[here + step_v] * unit_gy - a, flat[here + step_v + step_w] * unit_gy - b
            a_w, a_vw = b + v * b_v - (a + v * a_v), b_v - a_v
            a, a_v = a + v * a_v + w * a_w, a_vw * w + a_v
        seen_line, seen = one, column + 1
        here += step_u
        c, d = flat[here] * unit_gy, flat[here + step_w] * unit_gy
        c_v, d_v = flat[here + step_v] * unit_gy - c, flat[here + step_v + step_w] * unit_gy - d
        c_w, c_vw = d + v * d_v - (c + v * c_v), d_v - c_v
        c, c_v = c + v * c_v + w * c_w, c_vw * w + c_v
        per_mm = by_u[i] if len(by_u) > 1 else by_u[0]
        change_v, change_w = ((c_v - a_v) * t + a_v) * by_v[one], ((c_w - a_w) * t + a_w) * by_w[one]
        mixed = ((c_vw - a_vw) * t + a_vw) * (by_v[one] * by_w[one])
        dose[i] = (c - a) * t + a + change_v * aside[i] + change_w * above[i] + mixed * aside[i] * above[i]
        change[0, i] = (c - a) * (per_mm * length[i])
        change[1, i] = change_v * height[i]
        change[2, i] = change_w * thickness[i]
        inside[i] = known[one] and -INSIDE <= place[i] <= size - 1 + INSIDE
    return dose, change, inside


def linear_at(
    values: NDArray[Any],
    unit_gy: float,
    points_mm: Floats,
    turn: Floats,
    start_mm: Floats,
    offsets_mm: Floats,
    spacing_mm: tuple[float, float],
) -> tuple[Floats, Flags]:
    """Doses at points by linear interpolation, and which are known; as `sampled_doses.doses_at`.

    Parameters
    ----------
    values : ndarray, shape (frame, row, column)
        Voxels, of which each 1 is `unit_gy`.
    points_mm : ndarray, shape (n, 3)
        Points (u, v, w).
    turn : ndarray, shape (3, 3)
        Axes of the grid in u, v and w.
    start_mm : ndarray, shape (3,)
        The first voxel along them.
    offsets_mm, spacing_mm
        As of `DoseGrid`.
    """
    found, inside = np.zeros(len(points_mm)), np.zeros(len(points_mm), np.bool_)
    below, part = np.empty(3, np.int64), np.empty(3)
    at, last_frame = 0, len(offsets_mm) - 2
    for point in range(len(points_mm)):
        known = True
        for axis in range(3):
            along = -start_mm[axis]
            for j in range(3):
                if turn[axis, j] != 0:
                    along += turn[axis, j] * points_mm[point, j]
            if axis:
                place = along / spacing_mm[axis - 1]
            else:
                # Mostly the next point lies between the same frames.
                if not offsets_mm[at] <= along < offsets_mm[at + 1]:
                    at = min(max(np.searchsorted(offsets_mm, along, side="right") - 1, 0), last_frame)
                place = at + (along - offsets_mm[at]) / (offsets_mm[at + 1] - offsets_mm[at])
            known = known and -INSIDE <= place <= values.shape[axis] - 1 + INSIDE
            whole = min(max(np.floor(place), 0.0), float(values.shape[axis] - 2))
            below[axis], part[axis] = int(whole), min(max(place - whole, 0.0), 1.0)
        if not known:
            continue
        dose = 0.0
        for i in range(2):
            for j in range(2):
                frame, row = below[0] + i, below[1] + j
                along = (1 - part[2]) * (values[frame, row, below[2]] * unit_gy)
                along += part[2] * (values[frame, row, below[2] + 1] * unit_gy)
                weight = (part[0] if i else 1 - part[0]) * (part[1] if j else 1 - part[1])
                dose += weight * along
        found[point], inside[point] = dose, True
    return found, inside


def cubic_across(
    table: Floats,
    rows: int,
    first: Integers,
    value_v: Floats,
    slope_v: Floats,
    value_w: Floats,
    slope_w: Floats,
) -> tuple[Floats, Floats, Floats]:
    """Rows of voxels interpolated across the lines by splines; as `sampled_doses._spline_across`."""
    columns = table.shape[1]
    level, along_v, along_w = (
        np.zeros((len(first), columns)),
        np.zeros((len(first), columns)),
        np.zeros((len(first), columns)),
    )
    for line in range(len(first)):
        for i in range(4):
            for j in range(4):
                row = first[line] + i * rows + j
                value = value_w[i, line] * value_v[j, line]
                by_v, by_w = value_w[i, line] * slope_v[j, line], slope_w[i, line] * value_v[j, line]
                for column in range(columns):
                    level[line, column] += value * table[row, column]
                    along_v[line, column] += by_v * table[row, column]
                    along_w[line, column] += by_w * table[row, column]
    return level, along_v, along_w


def cubic_along_lines(
    level: Floats, along_v: Floats, along_w: Floats, place: Floats, line: Integers, first_u: int
) -> tuple[Floats, Floats]:
    """Doses on lines by splines, and their changes in a voxel along u, v and w; as in `sampled_doses._cubic`.

    Parameters
    ----------
    level, along_v, along_w : ndarray, shape (L, columns)
        What `cubic_across` gives.
    place, line, first_u
        As `sampled_doses._Along`.
    """
    dose, change = np.empty(len(place)), np.empty((3, len(place)))
    last = float(level.shape[1] - 3)
    for i in range(len(place)):
        local = place[i] - first_u
        below = min(max(np.floor(local), 1.0), last)
        t = min(max(local - below, 0.0), 1.0)
        s = 1 - t
        s2, t2 = s * s, t * t
        s3, t3 = s2 * s, t2 * t
        value = (s3 / 6, (3 * t3 - 6 * t2 + 4) / 6, (3 * s3 - 6 * s2 + 4) / 6, t3 / 6)
        slope = (-s2 / 2, (3 * t2 - 4 * t) / 2, (-3 * s2 + 4 * s) / 2, t2 / 2)
        one, column = line[i], int(below) - 1
        at = u = v = w = 0.0
        for k in range(4):
            at += value[k] * level[one, column + k]
            u += slope[k] * level[one, column + k]
            v += value[k] * along_v[one, column + k]
            w += value[k] * along_w[one, column + k]
        dose[i] = at
        change[0, i], change[1, i], change[2, i] = u, v, w
    return dose, change


def cubic_at(values: Floats, first: Integers, places: Floats) -> Floats:
    """Doses at points by splines; as `interpolation.values_at`.

    Parameters
    ----------
    values : ndarray, shape (frame, row, column)
        Coefficients.
    first : ndarray of int, shape (3,)
        Frame, row and column in the grid of the first.
    places : ndarray, shape (3, n)
        Frame, row and column in the grid of each point.
    """
    found = np.empty(places.shape[1])
    below, weight = np.empty(3, np.int64), np.empty((3, 4))
    for point in range(places.shape[1]):
        for axis in range(3):
            local = places[axis, point] - first[axis]
            whole = min(max(np.floor(local), 1.0), float(values.shape[axis] - 3))
            t = min(max(local - whole, 0.0), 1.0)
            s = 1 - t
            s2, t2 = s * s, t * t
            s3, t3 = s2 * s, t2 * t
            below[axis] = int(whole) - 1
            weight[axis, 0], weight[axis, 3] = s3 / 6, t3 / 6
            weight[axis, 1], weight[axis, 2] = (3 * t3 - 6 * t2 + 4) / 6, (3 * s3 - 6 * s2 + 4) / 6
        dose = 0.0
        for i in range(4):
            for j in range(4):
                along = 0.0
                for k in range(4):
                    along += weight[2, k] * values[below[0] + i, below[1] + j, below[2] + k]
                dose += weight[0, i] * weight[1, j] * along
        found[point] = dose
    return found


def spline(values: Floats, factor: Floats) -> Floats:
    """Coefficients of splines along the middle axis; as `interpolation._spline`."""
    outer, n, inner = values.shape
    c = np.empty((outer, n + 2, inner))
    for a in range(outer):
        for b in range(inner):
            c[a, 1, b], c[a, n, b] = values[a, 0, b], values[a, n - 1, b]
        for i in range(1, n - 1):
            for b in range(inner):
                c[a, i + 1, b] = (6.0 * values[a, i, b] - c[a, i, b]) * factor[i]
        for i in range(n - 2, 0, -1):
            for b in range(inner):
                c[a, i + 1, b] -= factor[i] * c[a, i + 2, b]
        for b in range(inner):
            c[a, 0, b] = 2 * c[a, 1, b] - c[a, 2, b]
            c[a, n + 1, b] = 2 * c[a, n, b] - c[a, n - 1, b]
    return c
