"""Sets on a lattice of lines: what of each line is inside, combined by a rule, or with a margin.

On a line everything is exact: it lies inside from here to there. A margin grows each segment of a line, on that
line and on all lines around, by what Pythagoras leaves of it.
"""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rtfractions.crossings import ordered

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

_FAR_MM: Final = 1e6


class Segments(NamedTuple):
    """What of the lines of a lattice is inside.

    Attributes
    ----------
    line : ndarray of int, shape (m,)
        Line of each segment, ascending.
    start_mm, end_mm : ndarray, shape (m,)
        From and to, along u.
    """

    line: Integers
    start_mm: Floats
    end_mm: Floats


class Lattice(NamedTuple):
    """Lines along u, as many in each layer; line k lies in layer k // lines.

    Attributes
    ----------
    v_low_mm : ndarray, shape (L,)
        Where the first line's share along v begins, in each layer.
    v_step_mm : float
        The distance of lines.
    lines : int
        How many lines a layer has.
    w_mm, thickness_mm : ndarray, shape (L,)
        Middle and thickness of the layers.
    """

    v_low_mm: Floats
    v_step_mm: float
    lines: int
    w_mm: Floats
    thickness_mm: Floats

    def length_mm(self, some: Segments) -> Floats:
        """Length inside in each layer."""
        layer = some.line // self.lines
        sums = np.bincount(layer, some.end_mm - some.start_mm, len(self.w_mm))
        return np.asarray(sums, np.float64)

    def places(self, line: Integers) -> tuple[Floats, Floats, Floats]:
        """V and w of lines, and the thickness of their layers."""
        layer, number = np.divmod(line, self.lines)
        v = self.v_low_mm[layer] + (number + 0.5) * self.v_step_mm
        return v, self.w_mm[layer], self.thickness_mm[layer]


def combined(some: Sequence[Segments], rule: Callable[..., Flags]) -> Segments:
    """Where a rule holds of being inside of each; it must not hold outside of all."""
    line = np.concatenate([line for one in some for line in (one.line, one.line)])
    at = np.concatenate([at for one in some for at in (one.start_mm, one.end_mm)])
    order = ordered(line, at)
    line, at = line[order], at[order]
    inside = []
    for i in range(len(some)):
        change = [
            np.full(len(one.line), sign if k == i else 0) for k, one in enumerate(some) for sign in (1, -1)
        ]
        inside.append(np.cumsum(np.concatenate(change)[order]) > 0)
    holds = rule(*inside)
    turns = np.flatnonzero(np.diff(holds, prepend=False))
    starts, ends = turns[::2], turns[1::2]
    kept = at[ends] > at[starts]
    return Segments(line[starts][kept], at[starts][kept], at[ends][kept])


def with_margin(inside: Segments, margin_mm: float, lattice: Lattice) -> Segments:
    """What lies within a margin of what is inside; with one below 0, further than that from all that is not.

    Layers of the lattice are all as thick as the first.
    """
    if margin_mm < 0:
        return _outside(with_margin(_outside(inside, lattice), -margin_mm, lattice), lattice)
    step_w = float(lattice.thickness_mm[0])
    layer, number = np.divmod(inside.line, lattice.lines)
    grown = inside
    most = (int(margin_mm / step_w), int(margin_mm / lattice.v_step_mm))
    for k in range(-most[0], most[0] + 1):
        parts = []
        for j in range(-most[1], most[1] + 1):
            left = margin_mm**2 - (k * step_w) ** 2 - (j * lattice.v_step_mm) ** 2
            if left < 0:
                continue
            some = (layer + k >= 0) & (layer + k < len(lattice.w_mm))
            some &= (number + j >= 0) & (number + j < lattice.lines)
            reach = float(np.sqrt(left))
            line = inside.line[some] + k * lattice.lines + j
            parts.append(Segments(line, inside.start_mm[some] - reach, inside.end_mm[some] + reach))
        # Joined as they come, so that no more is held than one row of a ball asks for.
        grown = combined((Segments(*map(np.concatenate, zip(grown, *parts, strict=True))),), lambda a: a)
    return grown


def _outside(inside: Segments, lattice: Lattice) -> Segments:
    """The rest of all lines, as far as anything reaches."""
    every = np.arange(lattice.lines * len(lattice.w_mm))
    far = np.full(len(every), _FAR_MM)
    return combined((Segments(every, -far, far), inside), lambda a, b: a & ~b)
