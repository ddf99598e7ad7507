"""The innermost loops of the engine, written out for numba to compile; `compiled` decides whether it does.

Each does what its caller does in numpy, in the same order of operations, so that the results are the same. Python
itself could run them, hundreds of times more slowly. They are all in this file, because numba tells by it
whether what it has compiled before is still right.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

INSIDE = 1e-6
"""Part of a voxel by which a point may lie beyond the outermost voxel centres."""

_MANY = 32
"""Crossings of a line from which on they are sorted by more than insertion."""


def crossed(
    across: Floats,
    along: Floats,
    starts: Integers,
    group: Integers,
    low: Floats,
    step: Floats,
    lines: Integers,
) -> tuple[Integers, Floats, Floats]:
    """Stretches of scanlines inside loops: line, start and end; as `scanline._crossed`."""
    above = np.empty(len(along), np.int64)
    first_line = np.cumsum(lines) - lines
    begin = np.zeros(lines.sum() + 1, np.int64)
    for loop in range(len(group)):
        of = group[loop]
        per_mm = 1.0 / step[of] if step[of] > 0 else 0.0
        for i in range(starts[loop], starts[loop + 1]):
            number = np.ceil((along[i] - low[of]) * per_mm - 0.5)
            above[i] = int(min(max(number, 0.0), float(lines[of])))
        before = starts[loop + 1] - 1
        for i in range(starts[loop], starts[loop + 1]):
            for k in range(min(above[before], above[i]), max(above[before], above[i])):
                begin[first_line[of] + k + 1] += 1
            before = i
    begin = np.cumsum(begin)
    at = np.empty(begin[-1])
    filled = begin[:-1].copy()
    for loop in range(len(group)):
        of = group[loop]
        before = starts[loop + 1] - 1
        for i in range(starts[loop], starts[loop + 1]):
            for k in range(min(above[before], above[i]), max(above[before], above[i])):
                part = (low[of] + (k + 0.5) * step[of] - along[before]) / (along[i] - along[before])
                part = min(max(part, 0.0), 1.0)
                line = first_line[of] + k
                at[filled[line]] = across[before] + part * (across[i] - across[before])
                filled[line] += 1
            before = i
    of_stretch = np.empty(len(at) // 2, np.int64)
    for line in range(len(begin) - 1):
        if begin[line + 1] - begin[line] > _MANY:
            at[begin[line] : begin[line + 1]] = np.sort(at[begin[line] : begin[line + 1]])
        else:
            for next_one in range(begin[line] + 1, begin[line + 1]):
                here, place = at[next_one], next_one
                while place > begin[line] and at[place - 1] > here:
                    at[place] = at[place - 1]
                    place -= 1
                at[place] = here
        of_stretch[begin[line] // 2 : begin[line + 1] // 2] = line
    return of_stretch, at[::2].copy(), at[1::2].copy()


def in_layers(
    line: Integers,
    start_mm: Floats,
    end_mm: Floats,
    step_mm: float,
    plane_of_line: Integers,
    height_mm: Floats,
    area_mm2: Floats,
    layers: Integers,
    thickness_mm: Floats,
    part: Floats,
) -> tuple[Integers, Integers, Integers, Floats, Floats, Floats]:
    """Stretches cut into pieces that stand in the layers of their plane; as `sampling._lines`.

    Returns
    -------
    of_line, of_layer : ndarray of int, shape (L,)
        Scanline and layer of each line of samples.
    line_of_sample : ndarray of int, shape (n,)
    u_mm, length_mm, weight_cm3 : ndarray, shape (n,)
    """
    first_layer = np.cumsum(layers) - layers
    times = layers[plane_of_line]
    first = np.cumsum(times) - times
    scanned_mm2 = np.zeros(len(layers))
    samples = 0
    for stretch in range(len(line)):
        length = end_mm[stretch] - start_mm[stretch]
        if length > 0:
            pieces = int(np.ceil(length / step_mm))
            plane = plane_of_line[line[stretch]]
            for _ in range(pieces):
                scanned_mm2[plane] += length / pieces * height_mm[line[stretch]]
            samples += pieces * layers[plane]
    total = times.sum()
    of_line, of_layer, weight_of_mm = np.empty(total, np.int64), np.empty(total, np.int64), np.empty(total)
    for one in range(len(plane_of_line)):
        plane = plane_of_line[one]
        scale = area_mm2[plane] / scanned_mm2[plane] if scanned_mm2[plane] > 0 else 0.0
        for nth in range(times[one]):
            at, layer = first[one] + nth, first_layer[plane] + nth
            of_line[at], of_layer[at] = one, layer
            weight_of_mm[at] = height_mm[one] * thickness_mm[layer] * part[layer] * scale / 1000.0
    line_of_sample, u_mm = np.empty(samples, np.int64), np.empty(samples)
    length_mm, weight_cm3 = np.empty(samples), np.empty(samples)
    sample = 0
    for stretch in range(len(line)):
        length = end_mm[stretch] - start_mm[stretch]
        if length > 0:
            pieces = int(np.ceil(length / step_mm))
            size = length / pieces
            one = line[stretch]
            for piece in range(pieces):
                middle = start_mm[stretch] + (piece + 0.5) * size
                for nth in range(times[one]):
                    line_of_sample[sample] = first[one] + nth
                    u_mm[sample], length_mm[sample] = middle, size
                    weight_cm3[sample] = weight_of_mm[first[one] + nth] * size
                    sample += 1
    return of_line, of_layer, line_of_sample, u_mm, length_mm, weight_cm3


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
    length_mm: Floats,
    by_u: Floats,
    by_v: Floats,
    by_w: Floats,
    size: int,
    known: Flags,
) -> tuple[Floats, Floats, Flags]:
    """Doses by linear interpolation, their changes, and which are known; as `sampled_doses._found`.

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
    place, line, first_u, length_mm, by_u, by_v, by_w, size, known
        As `sampled_doses._Along`.
    """
    dose, change, inside = np.empty(len(place)), np.empty((3, len(place))), np.empty(len(place), np.bool_)
    last = float(columns - 2)
    step_u, step_v, step_w = steps
    seen_line = seen = -1
    c = c_v = c_w = 0.0
    for i in range(len(place)):
        local = place[i] - first_u
        below = min(max(np.floor(local), 0.0), last)
        t = min(max(local - below, 0.0), 1.0)
        one, column = line[i], int(below)
        v, w = of_v[one], of_w[one]
        here = first[one] + column * step_u
        if one == seen_line and column == seen:  # what lay beyond the sample before
            a, a_v, a_w = c, c_v, c_w
        else:
            a, b = flat[here] * unit_gy, flat[here + step_w] * unit_gy
            a_v, b_v = flat[here + step_v] * unit_gy - a, flat[here + step_v + step_w] * unit_gy - b
            a_w = b + v * b_v - (a + v * a_v)
            a, a_v = a + v * a_v + w * a_w, (b_v - a_v) * w + a_v
        seen_line, seen = one, column + 1
        here += step_u
        c, d = flat[here] * unit_gy, flat[here + step_w] * unit_gy
        c_v, d_v = flat[here + step_v] * unit_gy - c, flat[here + step_v + step_w] * unit_gy - d
        c_w = d + v * d_v - (c + v * c_v)
        c, c_v = c + v * c_v + w * c_w, (d_v - c_v) * w + c_v
        dose[i] = (c - a) * t + a
        per_mm = by_u[i] if len(by_u) > 1 else by_u[0]
        change[0, i] = (c - a) * (per_mm * length_mm[i])
        change[1, i] = ((c_v - a_v) * t + a_v) * by_v[one]
        change[2, i] = ((c_w - a_w) * t + a_w) * by_w[one]
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
    """Rows of voxels interpolated across the lines by splines; as `sampling._across`."""
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
    level: Floats,
    along_v: Floats,
    along_w: Floats,
    place: Floats,
    line: Integers,
    first_u: int,
    length_mm: Floats,
    by_u: Floats,
    by_v: Floats,
    by_w: Floats,
    size: int,
    known: Flags,
) -> tuple[Floats, Floats, Flags]:
    """Doses by splines, their changes, and which are known; as `sampled_doses._found`.

    Parameters
    ----------
    level, along_v, along_w : ndarray, shape (L, columns)
        What `cubic_across` gives.
    place, line, first_u, length_mm, by_u, by_v, by_w, size, known
        As `sampled_doses._Along`.
    """
    dose, change, inside = np.empty(len(place)), np.empty((3, len(place))), np.empty(len(place), np.bool_)
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
        per_mm = by_u[i] if len(by_u) > 1 else by_u[0]
        change[0, i] = u * (per_mm * length_mm[i])
        change[1, i] = v * by_v[one]
        change[2, i] = w * by_w[one]
        inside[i] = known[one] and -INSIDE <= place[i] <= size - 1 + INSIDE
    return dose, change, inside


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


def spread_over(dose: Floats, change: Floats, least: float, greatest: float) -> tuple[Floats, Flags]:
    """Over what each dose is spread, and which may hold a new extreme; as `engine._spread_over`."""
    spread, doubtful = np.empty(len(dose)), np.empty(len(dose), np.bool_)
    for i in range(len(dose)):
        u, v, w = change[0, i], change[1, i], change[2, i]
        spread[i] = 0.5 * np.sqrt(u * u + v * v + w * w)
        reach = 0.5 * (abs(u) + abs(v) + abs(w))
        doubtful[i] = dose[i] + reach > greatest or dose[i] - reach < least
    return spread, doubtful


def within(dose: Floats, spread: Floats, least: float, greatest: float) -> Floats:
    """Spreads that reach beyond neither extreme; as `histogram._within`."""
    kept = np.empty(len(dose))
    for i in range(len(dose)):
        kept[i] = min(spread[i], min(dose[i] - least, greatest - dose[i]))
    return kept


def ramps(
    dose: Floats,
    spread: Floats,
    weight: Floats,
    least: float,
    step: float,
    slope: Floats,
    offset: Floats,
) -> None:
    """Add samples to the slopes and offsets of a cumulative curve; as `histogram._Ramps.add`."""
    size = float(len(slope) - 1)
    for i in range(len(dose)):
        half = max(spread[i] / step, 1e-3)
        middle = (dose[i] - least) / step
        steepness = weight[i] / (2 * half)
        low, high = middle - half, middle + half
        node = int(min(max(np.ceil(low), 0.0), size))
        slope[node] += steepness
        offset[node] += steepness * low
        node = int(min(max(np.ceil(high), 0.0), size))
        slope[node] -= steepness
        offset[node] -= steepness * high
