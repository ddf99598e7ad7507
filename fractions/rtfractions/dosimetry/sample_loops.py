"""The loops that make samples and histograms, written out for numba to compile; `compiled` decides whether.

Each does what its caller does in numpy, in the same order of operations, so that the results are the same. Python
itself could run them, hundreds of times more slowly. None calls another, because numba tells by the file of a
function whether what it has compiled before is still right.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

SLIVER = 0.05
"""Part of the distance of edges by which a piece may reach over one: no slivers are cut off."""

LEAST_PART = 1e-4
"""Part of a cell that is left out where no more is inside."""

CORNER = 3**0.5
"""How much further the dose may reach within a sample, at its corners, than over what it is spread."""

FULL_PART = 1 - 1e-9
"""Part of a cell from which on it counts as full."""

_MANY = 32
"""Crossings of a line from which on they are sorted by more than insertion."""


def crossed(
    across: Floats,
    along: Floats,
    starts: Integers,
    group: Integers,
    middles: Floats,
    first_edge: Integers,
    v: Floats,
    lines: Integers,
) -> tuple[Integers, Floats, Floats]:
    """Stretches of scanlines inside loops: line, start and end; as `scanline._stretches`."""
    above = np.empty(len(along), np.int64)
    first_line = np.cumsum(lines) - lines
    begin = np.zeros(lines.sum() + 1, np.int64)
    below = 0
    for loop in range(len(group)):
        of = group[loop]
        first, last = first_line[of], first_line[of] + lines[of] - 1
        for i in range(starts[loop], starts[loop + 1]):
            # From where the point before lies it is mostly no step or one.
            while below < len(middles) and middles[below] < along[i]:
                below += 1
            while below > 0 and middles[below - 1] >= along[i]:
                below -= 1
            number = min(max(below - first_edge[of], 0), max(lines[of] - 2, 0))
            if along[i] > v[first]:
                number += 1
            if lines[of] > 1 and along[i] > v[last]:
                number += 1
            above[i] = first + number
        before = starts[loop + 1] - 1
        for i in range(starts[loop], starts[loop + 1]):
            for k in range(min(above[before], above[i]), max(above[before], above[i])):
                begin[k + 1] += 1
            before = i
    begin = np.cumsum(begin)
    at = np.empty(begin[-1])
    filled = begin[:-1].copy()
    for loop in range(len(group)):
        before = starts[loop + 1] - 1
        for i in range(starts[loop], starts[loop + 1]):
            for k in range(min(above[before], above[i]), max(above[before], above[i])):
                part = (v[k] - along[before]) / (along[i] - along[before])
                part = min(max(part, 0.0), 1.0)
                at[filled[k]] = across[before] + part * (across[i] - across[before])
                filled[k] += 1
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


def cells(
    number: Integers,
    first_run: Integers,
    first: Integers,
    last: Integers,
    before_mm: Floats,
    after_mm: Floats,
    edges_mm: Floats,
    line: Integers,
    row: Integers,
    h_mm: Floats,
    aside_mm: Floats,
    above: Floats,
    spread_mm2: Floats,
    spread: Floats,
    row_mm: Floats,
    size_mm: Floats,
    thickness: Floats,
) -> tuple[Integers, Floats, Floats, Floats, Floats, Floats, Floats, Floats]:
    """What lies inside of cells; as `cells._cells`."""
    rows = len(row_mm)
    begin = np.zeros(rows + 1, np.int64)
    least, most = np.full(rows, len(edges_mm)), np.full(rows, -1)
    for scan in range(len(line)):
        begin[row[scan] + 1] += 1
        for i in range(first_run[line[scan]], first_run[line[scan]] + number[line[scan]]):
            least[row[scan]] = min(least[row[scan]], first[i])
            most[row[scan]] = max(most[row[scan]], last[i])
    begin = np.cumsum(begin)
    in_row, filled = np.empty(len(line), np.int64), begin[:-1].copy()
    for scan in range(len(line)):
        in_row[filled[row[scan]]] = scan
        filled[row[scan]] += 1
    size = 0
    for one in range(rows):
        size += max(most[one] - least[one] + 1, 0)
    of_row, u_mm, v_mm, w = np.empty(size, np.int64), np.empty(size), np.empty(size), np.empty(size)
    length_mm, tall_mm, thick, area_mm2 = np.empty(size), np.empty(size), np.empty(size), np.empty(size)
    # Every cell that a stretch touches counts as full, and then what is missing at both ends is taken away.
    turns, lost = np.zeros((len(edges_mm) + 1, 5)), np.zeros((len(edges_mm), 7))
    x = np.empty(5)
    found = 0
    for one in range(rows):
        for place in range(begin[one], begin[one + 1]):
            scan = in_row[place]
            h = h_mm[scan]
            x[0], x[1], x[2] = h, h * aside_mm[scan], h * spread_mm2[scan]
            x[3], x[4] = h * above[scan], h * spread[scan]
            for i in range(first_run[line[scan]], first_run[line[scan]] + number[line[scan]]):
                for k in range(5):
                    turns[first[i], k] += x[k]
                    turns[last[i] + 1, k] -= x[k]
                for side in range(2):
                    cell = last[i] if side else first[i]
                    missing = after_mm[i] if side else before_mm[i]
                    away = (edges_mm[cell + 1] - edges_mm[cell] - missing) / 2
                    if not side:
                        away = -away
                    for k in range(5):
                        lost[cell, k] += x[k] * missing
                    lost[cell, 5] += h * missing * away
                    lost[cell, 6] += h * missing * (missing * missing / 12 + away * away)
        full = full_v = full_v2 = full_w = full_w2 = 0.0
        for cell in range(least[one], most[one] + 1):
            full, full_v, full_v2 = full + turns[cell, 0], full_v + turns[cell, 1], full_v2 + turns[cell, 2]
            full_w, full_w2 = full_w + turns[cell, 3], full_w2 + turns[cell, 4]
            width = edges_mm[cell + 1] - edges_mm[cell]
            area = full * width - lost[cell, 0]
            if area > LEAST_PART * (row_mm[one] * width):
                of_row[found], area_mm2[found] = one, area
                u_mm[found] = (edges_mm[cell] + edges_mm[cell + 1]) / 2
                if area < FULL_PART * row_mm[one] * width:
                    u, u2 = (
                        -lost[cell, 5] / area,
                        (full * width * (width * width) / 12 - lost[cell, 6]) / area,
                    )
                    v, v2 = (full_v * width - lost[cell, 1]) / area, (full_v2 * width - lost[cell, 2]) / area
                    t, t2 = (full_w * width - lost[cell, 3]) / area, (full_w2 * width - lost[cell, 4]) / area
                    u_mm[found] += u
                    v_mm[found], w[found] = v, t
                    length_mm[found] = np.sqrt(12 * max(u2 - u * u, 0.0))
                    tall_mm[found] = np.sqrt(12 * max(v2 - v * v, 0.0))
                    thick[found] = np.sqrt(12 * max(t2 - t * t, 0.0))
                else:
                    v_mm[found] = w[found] = 0.0
                    length_mm[found], tall_mm[found], thick[found] = width, size_mm[one], thickness[one]
                found += 1
            turns[cell], lost[cell] = 0.0, 0.0
        if most[one] >= 0:
            turns[most[one] + 1] = 0.0
    return (
        of_row[:found],
        u_mm[:found],
        v_mm[:found],
        w[:found],
        length_mm[:found],
        tall_mm[:found],
        thick[:found],
        area_mm2[:found],
    )


def in_layers(
    row: Integers,
    u_mm: Floats,
    aside_mm: Floats,
    above: Floats,
    length_mm: Floats,
    height_mm: Floats,
    thickness: Floats,
    area_mm2: Floats,
    first: Integers,
    times: Integers,
    layer_mm: Floats,
    weight: Floats,
) -> tuple[Integers, Floats, Floats, Floats, Floats, Floats, Floats, Floats]:
    """Cells of rows in each of their layers; as `sampling._in_layers`."""
    size = 0
    for i in range(len(row)):
        size += times[row[i]]
    line, volume, above_mm, thickness_mm = (
        np.empty(size, np.int64),
        np.empty(size),
        np.empty(size),
        np.empty(size),
    )
    u, aside, length, height = np.empty(size), np.empty(size), np.empty(size), np.empty(size)
    at = 0
    for i in range(len(row)):
        for one in range(first[row[i]], first[row[i]] + times[row[i]]):
            line[at], volume[at] = one, weight[one] * area_mm2[i]
            u[at], aside[at], length[at], height[at] = u_mm[i], aside_mm[i], length_mm[i], height_mm[i]
            above_mm[at], thickness_mm[at] = above[i] * layer_mm[one], thickness[i] * layer_mm[one]
            at += 1
    return line, u, aside, above_mm, length, height, thickness_mm, volume


def spread_over(dose: Floats, change: Floats, least: float, greatest: float) -> tuple[Floats, Flags]:
    """Over what each dose is spread, and which may hold a new extreme; as `engine._spread_over`."""
    spread, doubtful = np.empty(len(dose)), np.empty(len(dose), np.bool_)
    for i in range(len(dose)):
        u, v, w = change[0, i], change[1, i], change[2, i]
        spread[i] = 0.5 * np.sqrt(u * u + v * v + w * w)
        reach = CORNER * spread[i]
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
    width: float,
    narrowest: float,
    slope: Floats,
    offset: Floats,
) -> None:
    """Add samples to the slopes and offsets of a cumulative curve; as `histogram._Ramps.add`."""
    nodes = float(len(slope) - 2)
    for i in range(len(dose)):
        half = max(spread[i] / width, narrowest)
        middle = (dose[i] - least) / width
        steepness = weight[i] / (2 * half)
        low, high = middle - half, middle + half
        node = int(nodes * np.sqrt(max(low, 0.0))) + 1
        slope[node] += steepness
        offset[node] += steepness * low
        node = int(nodes * np.sqrt(max(high, 0.0))) + 1
        slope[node] -= steepness
        offset[node] -= steepness * high
