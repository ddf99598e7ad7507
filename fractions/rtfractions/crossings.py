"""Where closed loops cross scanlines, and what of each line lies inside them.

Loops stand in one array of points, as `loops` says, each in a group; lines are spread evenly over each group. A
line is inside from its first crossing to its second, from its third to its fourth, and so on.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rtfractions.compiled import compiled
from rtfractions.crossing_loop import crossings_one_by_one

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


class Crossings(NamedTuple):
    """Where edges of loops cross scanlines.

    Attributes
    ----------
    line : ndarray of int, shape (m,)
        Number of the line; those of the first group come first.
    at : ndarray, shape (m,)
        Position along it.
    up : ndarray, shape (m,)
        1 where the loop goes upwards, -1 where it goes down.
    loop : ndarray of int, shape (m,)
        Whose edge it is.
    """

    line: Integers
    at: Floats
    up: Floats
    loop: Integers


def following_points(starts: Integers) -> Integers:
    """For each point the one that follows it on its loop."""
    following = np.arange(1, starts[-1] + 1)
    following[starts[1:] - 1] = starts[:-1]
    return following


def crossings_on_lines(
    across: Floats,
    along: Floats,
    starts: Integers,
    group: Integers,
    low: Floats,
    high: Floats,
    lines: int,
) -> Crossings:
    """Where loops cross `lines` scanlines that are spread evenly from `low` to `high` of their group.

    A point on a line counts as below it, so that a loop crosses every line an even number of times.

    Parameters
    ----------
    across, along : ndarray, shape (N,)
        Points of the loops: where they lie on a line, and at which height; lines are spread over the heights.
    starts : ndarray of int, shape (n + 1,)
        Where each loop starts among the points; the last entry is N.
    group : ndarray of int, shape (n,)
        The group of each loop.
    low, high : ndarray, shape (G,)
        The heights that the lines of each group lie between.
    lines : int
        How many a group has.
    """
    step = (high - low) / lines
    if one_by_one := compiled(crossings_one_by_one):
        return Crossings(*one_by_one(across, along, starts, group, low, step, lines))
    counts = np.diff(starts)
    per_mm = np.divide(1.0, step, out=np.zeros_like(step), where=step > 0)
    above = np.ceil((along - np.repeat(low[group], counts)) * np.repeat(per_mm[group], counts) - 0.5)
    above = np.clip(above, 0, lines).astype(np.int64)
    following = following_points(starts)
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
    return Crossings(of * lines + k, at, np.sign(change[edge]).astype(np.float64), loop)


def length_inside(line: Integers, at: Floats, lines: int) -> Floats:
    """Length inside on each line, from all crossings of it: from the first to the second, and so on."""
    order = ordered(line, at)
    ends = np.ones(len(order))
    ends[::2] = -1.0
    return sums(line[order], ends * at[order], lines)


def ordered(line: Integers, at: Floats) -> Integers:
    """The order of crossings by line and position, in one sort by a number whose whole part is the line."""
    if not len(at):
        return np.zeros(0, np.int64)
    low = at.min()
    return np.argsort(line + (at - low) / (1.001 * (at.max() - low) or 1.0))


def sums(key: Integers, values: Floats, size: int) -> Floats:
    """Sums of the values of each key, 0 to size - 1."""
    return np.asarray(np.bincount(key, values, size), np.float64)
