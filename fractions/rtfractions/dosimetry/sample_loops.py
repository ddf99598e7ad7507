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
    line: Integers,
    start_mm: Floats,
    end_mm: Floats,
    aside_mm: Floats,
    height_mm: Floats,
    strip_of_line: Integers,
    edges_mm: Floats,
) -> tuple[Integers, Floats, Floats, Floats, Floats, Floats]:
    """What lies inside on scanlines, by cells; as `sampling._cells`."""
    begin, end = np.empty(len(line), np.int64), np.empty(len(line), np.int64)
    strips = strip_of_line[-1] + 1 if len(strip_of_line) else 0
    least, most = np.full(strips, len(edges_mm)), np.full(strips, -1)
    strip_mm = np.zeros(strips)
    for one in range(len(strip_of_line)):
        strip_mm[strip_of_line[one]] += height_mm[one]
    for i in range(len(line)):
        begin[i] = np.searchsorted(edges_mm, start_mm[i], side="right") - 1
        end[i] = max(np.searchsorted(edges_mm, end_mm[i], side="left") - 1, begin[i])
        strip = strip_of_line[line[i]]
        least[strip], most[strip] = min(least[strip], begin[i]), max(most[strip], end[i])
    size = 0
    for strip in range(strips):
        size += max(most[strip] - least[strip] + 1, 0)
    of_strip, u_mm, v_mm = np.empty(size, np.int64), np.empty(size), np.empty(size)
    length_mm, tall_mm, area_mm2 = np.empty(size), np.empty(size), np.empty(size)
    # Every cell that a stretch touches counts as full, and then what is missing at both ends is taken away.
    turns, lost = np.zeros((len(edges_mm) + 1, 3)), np.zeros((len(edges_mm), 5))
    found = i = 0
    for strip in range(strips):
        while i < len(line) and strip_of_line[line[i]] == strip:
            h, v = height_mm[line[i]], aside_mm[line[i]]
            square = h * v * v + h * h * h / 12
            turns[begin[i], 0] += h
            turns[begin[i], 1] += h * v
            turns[begin[i], 2] += square
            turns[end[i] + 1, 0] -= h
            turns[end[i] + 1, 1] -= h * v
            turns[end[i] + 1, 2] -= square
            for side in range(2):
                k = end[i] if side else begin[i]
                low = end_mm[i] if side else edges_mm[k]
                high = edges_mm[k + 1] if side else start_mm[i]
                missing, away = high - low, (low + high) / 2 - (edges_mm[k] + edges_mm[k + 1]) / 2
                lost[k, 0] += h * missing
                lost[k, 1] += h * missing * away
                lost[k, 2] += h * missing * (away * away + missing * missing / 12)
                lost[k, 3] += h * v * missing
                lost[k, 4] += square * missing
            i += 1
        full = full_v = full_v2 = 0.0
        for k in range(least[strip], most[strip] + 1):
            full, full_v, full_v2 = full + turns[k, 0], full_v + turns[k, 1], full_v2 + turns[k, 2]
            width = edges_mm[k + 1] - edges_mm[k]
            area = full * width - lost[k, 0]
            if area > LEAST_PART * (strip_mm[strip] * width):
                of_strip[found], area_mm2[found] = strip, area
                along, across = -lost[k, 1] / area, (full_v * width - lost[k, 3]) / area
                along2 = (full * width * (width * width) / 12 - lost[k, 2]) / area
                across2 = (full_v2 * width - lost[k, 4]) / area
                u_mm[found], v_mm[found] = (edges_mm[k] + edges_mm[k + 1]) / 2 + along, across
                length_mm[found] = np.sqrt(12 * max(along2 - along * along, 0.0))
                tall_mm[found] = np.sqrt(12 * max(across2 - across * across, 0.0))
                found += 1
            turns[k], lost[k] = 0.0, 0.0
        if most[strip] >= 0:
            turns[most[strip] + 1] = 0.0
    return (
        of_strip[:found],
        u_mm[:found],
        v_mm[:found],
        length_mm[:found],
        tall_mm[:found],
        area_mm2[:found],
    )


def in_layers(
    strip: Integers,
    u_mm: Floats,
    aside_mm: Floats,
    length_mm: Floats,
    height_mm: Floats,
    area_mm2: Floats,
    first: Integers,
    times: Integers,
    weight: Floats,
) -> tuple[Integers, Floats, Floats, Floats, Floats, Floats]:
    """Cells of strips in each of their layers; as `sampling._in_layers`."""
    size = 0
    for i in range(len(strip)):
        size += times[strip[i]]
    line, volume = np.empty(size, np.int64), np.empty(size)
    u, aside, length, height = np.empty(size), np.empty(size), np.empty(size), np.empty(size)
    at = 0
    for i in range(len(strip)):
        for one in range(first[strip[i]], first[strip[i]] + times[strip[i]]):
            line[at], volume[at] = one, weight[one] * area_mm2[i]
            u[at], aside[at], length[at], height[at] = u_mm[i], aside_mm[i], length_mm[i], height_mm[i]
            at += 1
    return line, u, aside, length, height, volume


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
        node = int(min(np.ceil(nodes * np.sqrt(max(low, 0.0))), nodes + 1))
        slope[node] += steepness
        offset[node] += steepness * low
        node = int(min(np.ceil(nodes * np.sqrt(max(high, 0.0))), nodes + 1))
        slope[node] -= steepness
        offset[node] -= steepness * high
