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
