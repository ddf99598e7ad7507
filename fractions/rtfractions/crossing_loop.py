"""Where loops cross scanlines, in a loop for numba to compile; `crossings` does without it."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def crossings_one_by_one(
    across: Floats,
    along: Floats,
    starts: Integers,
    group: Integers,
    low: Floats,
    step: Floats,
    lines: int,
) -> tuple[Integers, Floats, Floats, Integers]:
    """What `crossings.crossings_on_lines` finds, in the same order: line, position along it, up or down, and loop."""
    above = np.empty(len(along), np.int64)
    found = 0
    for loop in range(len(group)):
        of = group[loop]
        per_mm = 1.0 / step[of] if step[of] > 0 else 0.0
        for i in range(starts[loop], starts[loop + 1]):
            number = np.ceil((along[i] - low[of]) * per_mm - 0.5)
            above[i] = int(min(max(number, 0.0), float(lines)))
        before = above[starts[loop + 1] - 1]
        for i in range(starts[loop], starts[loop + 1]):
            found += abs(above[i] - before)
            before = above[i]
    line, of_loop = np.empty(found, np.int64), np.empty(found, np.int64)
    at, up = np.empty(found), np.empty(found)
    found = 0
    for loop in range(len(group)):
        of = group[loop]
        for i in range(starts[loop], starts[loop + 1]):
            after = i + 1 if i + 1 < starts[loop + 1] else starts[loop]
            for k in range(min(above[i], above[after]), max(above[i], above[after])):
                part = (low[of] + (k + 0.5) * step[of] - along[i]) / (along[after] - along[i])
                at[found] = across[i] + min(max(part, 0.0), 1.0) * (across[after] - across[i])
                line[found], of_loop[found] = of * lines + k, loop
                up[found] = 1.0 if above[after] > above[i] else -1.0
                found += 1
    return line, at, up, of_loop
