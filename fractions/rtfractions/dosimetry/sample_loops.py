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


def in_layers(
    line: Integers,
    start_mm: Floats,
    end_mm: Floats,
    edges_mm: Floats,
    plane_of_line: Integers,
    height_mm: Floats,
    area_mm2: Floats,
    layers: Integers,
    thickness_mm: Floats,
    part: Floats,
) -> tuple[Integers, Integers, Integers, Floats, Floats, Floats]:
    """Stretches cut into pieces that stand in the layers of their plane; as `sampling._in_layers`.

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
    sliver = 0.0
    if len(edges_mm) > 1:
        sliver = SLIVER * (edges_mm[-1] - edges_mm[0]) / (len(edges_mm) - 1)
    first_edge, pieces = np.zeros(len(line), np.int64), np.zeros(len(line), np.int64)
    samples = 0
    for stretch in range(len(line)):
        length = end_mm[stretch] - start_mm[stretch]
        if length > 0:
            first_edge[stretch] = np.searchsorted(edges_mm, start_mm[stretch] + sliver, side="right")
            end = np.searchsorted(edges_mm, end_mm[stretch] - sliver, side="left")
            pieces[stretch] = max(end - first_edge[stretch], 0) + 1
            plane = plane_of_line[line[stretch]]
            scanned_mm2[plane] += length * height_mm[line[stretch]]
            samples += pieces[stretch] * layers[plane]
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
        one, low = line[stretch], start_mm[stretch]
        for piece in range(pieces[stretch]):
            last = piece == pieces[stretch] - 1
            high = end_mm[stretch] if last else edges_mm[first_edge[stretch] + piece]
            for nth in range(times[one]):
                line_of_sample[sample] = first[one] + nth
                u_mm[sample], length_mm[sample] = (low + high) / 2, high - low
                weight_cm3[sample] = weight_of_mm[first[one] + nth] * (high - low)
                sample += 1
            low = high
    return of_line, of_layer, line_of_sample, u_mm, length_mm, weight_cm3


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
