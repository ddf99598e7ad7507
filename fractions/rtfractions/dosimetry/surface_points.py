"""Points that stand for the surface of a solid: along its outlines, and over faces that its layers leave bare."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from rtfractions.dosimetry.scanline import scanned_on
from rtfractions.dosimetry.shapes import Cap, Solid

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

LAYER_MM: Final = 0.5
"""Thickness of layers between planes."""

END_MM: Final = 0.2
"""Thickness of layers of the ends, which may be blunt."""


def surface_points(solid: Solid, apart_mm: float) -> Floats:
    """Points (u, v, w) on the surface of a solid, shape (n, 3).

    They lie about `apart_mm` from each other along outlines and over faces, and on faces up to half a layer
    (`LAYER_MM`, `END_MM`) too deep.

    Parameters
    ----------
    solid : Solid
        The solid; of one that is a mixture of two, all that belongs to either.
    apart_mm : float
        The distance.
    """
    layers: dict[float, tuple[float, list[Floats]]] = {}
    for _, one in solid.intervals:
        step = END_MM if isinstance(one, Cap) else LAYER_MM
        count = max(round((one.high_mm - one.low_mm) / step), 1)
        thickness = (one.high_mm - one.low_mm) / count
        heights = one.low_mm + (np.arange(count, dtype=np.float64) + 0.5) * thickness
        for section in one.sections(heights, np.full(count, thickness)):
            for w in section.w_mm.tolist():
                layers.setdefault(w, (thickness, []))[1].extend(section.loops)
    found = [solid.surface_mm]
    for w, (_, loops) in layers.items():
        outline = np.concatenate([_along(loop, apart_mm) for loop in loops])
        found.append(np.column_stack((outline, np.full(len(outline), w))))
    found.append(_bare(dict(sorted(layers.items())), apart_mm))
    points = np.concatenate(found)
    _, kept = np.unique(np.round(points / apart_mm), axis=0, return_index=True)
    return np.asarray(points[np.sort(kept)])


def _along(loop: Floats, apart_mm: float) -> Floats:
    """Points along a closed outline, its corners among them."""
    following = np.roll(loop, -1, axis=0)
    pieces = np.maximum(np.ceil(np.hypot(*(following - loop).T) / apart_mm), 1).astype(np.int64)
    edge = np.repeat(np.arange(len(loop)), pieces)
    part = (np.arange(len(edge)) - np.repeat(np.cumsum(pieces) - pieces, pieces)) / pieces[edge]
    return np.asarray(loop[edge] + part[:, None] * (following - loop)[edge])


def _bare(layers: dict[float, tuple[float, list[Floats]]], apart_mm: float) -> Floats:
    """Points on a lattice in each layer that the layer above or below does not cover."""
    w = np.array(list(layers))
    thickness = np.array([one for one, _ in layers.values()])
    inside, (u, v) = _lattice([loops for _, loops in layers.values()], apart_mm)
    touch = np.diff(w) < (thickness[1:] + thickness[:-1]) / 2 + LAYER_MM / 10
    both = inside[1:] & inside[:-1] & touch[:, None, None]
    none = np.zeros_like(inside[:1])
    covered = np.concatenate((none, both)) & np.concatenate((both, none))
    layer, row, column = np.nonzero(inside & ~covered)
    return np.column_stack((u[column], v[row], w[layer]))


def _lattice(layers: list[list[Floats]], apart_mm: float) -> tuple[Flags, tuple[Floats, Floats]]:
    """Which points of a lattice lie in each layer, shape (layers, along v, along u), and where they are."""
    loops = [loop for some in layers for loop in some]
    low = np.min([loop.min(axis=0) for loop in loops], axis=0)
    high = np.max([loop.max(axis=0) for loop in loops], axis=0)
    columns, rows = (np.floor((high - low) / apart_mm).astype(int) + 1).tolist()
    line, start, end = scanned_on(layers, np.full(len(layers), low[1]), apart_mm, rows)
    count = np.zeros((len(layers) * rows, columns + 1), np.int32)
    first, after = (np.ceil((at - low[0]) / apart_mm - 0.5).astype(np.int64) for at in (start, end))
    np.add.at(count, (line, np.clip(first, 0, columns)), 1)
    np.add.at(count, (line, np.clip(after, 0, columns)), -1)
    inside = np.cumsum(count, axis=1)[:, :columns].reshape(len(layers), rows, columns) > 0
    u, v = (
        start + (np.arange(n) + 0.5) * apart_mm
        for start, n in zip(low.tolist(), (columns, rows), strict=True)
    )
    return inside, (u, v)
