"""The doses of samples and of points.

Where the axes of a dose grid are those of the contours, in whatever order and direction, the dose is interpolated
first across the lines of samples, once a line and voxel, and then along them; elsewhere point by point.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rtfractions.compiled import compiled, compiles
from rtfractions.dosimetry import dose_loops
from rtfractions.dosimetry.dose_loops import INSIDE
from rtfractions.dosimetry.grid_places import (
    ALIGNED,
    index_along,
    indices_of,
    least_and_greatest,
    per_mm_along,
)
from rtfractions.dosimetry.interpolation import (
    Block,
    Interpolation,
    Taps,
    as_stored,
    block_of,
    known,
    values_at,
)
from rtfractions.dosimetry.sampling import BATCH, Lines
from rtfractions.grid import DoseGrid

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

_SPARSE: Final = 6
"""How many voxels can be interpolated across a line in the time that one sample takes by itself."""

_LARGE: Final = 1.5
"""Size in voxels from which on a sample is looked at for whether it lies where its line does."""


class Doses(NamedTuple):
    """Doses of samples or points.

    Attributes
    ----------
    dose_gy : ndarray, shape (n,)
        Dose in the middle; of no meaning where it is not known.
    change_gy : ndarray, shape (n, 3)
        How much it changes over the sample along u, v and w.
    known : ndarray of bool, shape (n,)
        Which lie between the outermost voxel centres.
    """

    dose_gy: Floats
    change_gy: Floats
    known: NDArray[np.bool_]


def doses_of(lines: Lines, grid: DoseGrid, interpolation: Interpolation) -> Doses:
    """Doses of samples by a grid."""
    turn = grid.axes @ lines.axes.T
    if np.abs(turn[np.abs(turn) < 0.5]).max(initial=0.0) > ALIGNED:
        return _pointwise(lines, grid, interpolation)
    order = np.argmax(np.abs(turn), axis=0)  # the grid's axis along u, along v, along w
    start = grid.axes @ grid.origin_mm
    positions = (lines.u_mm, lines.v_mm, lines.w_mm)
    u, v, w = (
        index_along(grid, axis, turn[axis, j] * position - start[axis])
        for j, (axis, position) in enumerate(zip(order, positions, strict=True))
    )
    compiles_linear = compiles() and interpolation == "linear"
    block = as_stored(grid) if compiles_linear else None
    if block is None:
        low, high = np.empty(3), np.empty(3)
        for axis, index in zip(order, (u, v, w), strict=True):
            low[axis], high[axis] = index.min(), index.max()
        block = block_of(grid, low, high, interpolation)
    if block is None:
        return Doses(np.zeros(len(u)), np.zeros((len(u), 3)), np.zeros(len(u), bool))
    by_u, by_v, by_w = (
        np.sign(turn[axis, j]) * per_mm_along(grid, axis, index)
        for j, (axis, index) in enumerate(zip(order, (u, v, w), strict=True))
    )
    along = _Along(
        u,
        lines.line,
        int(block.first[order[0]]),
        (lines.length_mm, lines.height_mm, lines.thickness_mm),
        (lines.aside_mm, lines.above_mm),
        by_u,
        np.broadcast_to(by_v, v.shape),
        np.broadcast_to(by_w, w.shape),
        grid.shape[order[0]],
        known(grid, order[1], v) & known(grid, order[2], w),
    )
    find = _cubic if interpolation == "cubic" else _linear_compiled if compiles_linear else _linear
    dose, change, inside = find(block, order, v, w, along)
    if interpolation == "linear" and len(some := _in_other_voxels(v, w, along)):
        dose[some], within = doses_at(lines.local_mm[some], lines.axes, grid, interpolation)
        inside[some] &= within
    return Doses(dose, change.T, inside)


class Tables(NamedTuple):
    """Doses at voxels along u, interpolated across lines or samples.

    Attributes
    ----------
    level : ndarray
        Doses.
    along_v, along_w : ndarray
        How much they change in a voxel along v, and along w.
    mixed : ndarray
        How much the change along v changes in a voxel along w.
    """

    level: Floats
    along_v: Floats
    along_w: Floats
    mixed: Floats


class _Along(NamedTuple):
    """Samples as they stand along their lines.

    Attributes
    ----------
    place : ndarray, shape (n,)
        Index of each in the grid along u.
    line : ndarray of int, shape (n,)
        Its line.
    first : int
        Index of the first voxel of the block along u.
    size_mm : tuple of ndarray, shape (n,)
        Its size along u, v and w.
    away_mm : tuple of ndarray, shape (n,)
        How far it lies from its line along v and w.
    by_u : ndarray, shape (n,) or (1,)
        Voxels in a mm along u.
    by_v, by_w : ndarray, shape (L,)
        Voxels in a mm along v and w.
    size : int
        How many voxels the grid has along u.
    known : ndarray of bool, shape (L,)
        Which lines lie between the outermost voxels.
    """

    place: Floats
    line: Integers
    first: int
    size_mm: tuple[Floats, Floats, Floats]
    away_mm: tuple[Floats, Floats]
    by_u: Floats
    by_v: Floats
    by_w: Floats
    size: int
    known: Flags

    def inside(self) -> Flags:
        """Which samples lie between the outermost voxels."""
        within = (self.place >= -INSIDE) & (self.place <= self.size - 1 + INSIDE)
        return np.asarray(within & self.known[self.line])


def _linear_compiled(
    block: Block, order: Integers, v: Floats, w: Floats, along: _Along
) -> tuple[Floats, Floats, Flags]:
    """As `_linear`, without an intermediate array."""
    linear = compiled(dose_loops.linear_along_lines)
    assert linear is not None
    of_v, of_w = block.taps(order[1], v), block.taps(order[2], w)
    _, rows, columns = block.values.shape
    steps = np.array([rows * columns, columns, 1])[order]
    first = of_w.first * steps[2] + of_v.first * steps[1]
    size = block.values.shape[order[0]]
    return linear(
        block.values.reshape(-1),
        block.unit_gy,
        steps,
        size,
        first,
        of_v.value[1],
        of_w.value[1],
        along.place,
        along.line,
        along.first,
        along.size_mm,
        along.away_mm,
        along.by_u,
        along.by_v,
        along.by_w,
        along.size,
        along.known,
    )


def _linear(
    block: Block, order: Integers, v: Floats, w: Floats, along: _Along
) -> tuple[Floats, Floats, Flags]:
    """Doses, how much they change over the samples along u, v and w, shape (3, n), and which are known."""
    values = np.ascontiguousarray(block.values.transpose(order[2], order[1], order[0]))
    layers, rows, columns = values.shape
    of_u, of_v, of_w = block.taps(order[0], along.place), block.taps(order[1], v), block.taps(order[2], w)
    start = along.line * columns + of_u.first
    if len(start) * _SPARSE < len(v) * columns:
        tables = _across_samples(values, of_u, of_v, of_w, along.line)
        start = np.arange(0, 2 * len(start), 2)
    else:
        tables = _across(values.reshape(layers * rows, columns), rows, of_v, of_w)
    change = np.empty((3, len(start)))
    at, beyond = [], start + 1
    for one in (tables.level, tables.along_v, tables.along_w):
        low, step = one.take(start), one.take(beyond)
        step -= low
        if one is tables.level:
            change[0] = step
        step *= of_u.value[1]
        step += low
        at.append(step)
    dose, change[1], change[2] = at
    _over_samples(dose, change, along)
    aside, above = along.away_mm
    some = np.flatnonzero(aside)
    low, step = tables.mixed.take(start[some]), tables.mixed.take(beyond[some])
    step -= low
    step *= of_u.value[1, some]
    step += low
    dose[some] += step * (along.by_v * along.by_w)[along.line[some]] * aside[some] * above[some]
    return dose, change, along.inside()


def _cubic(
    block: Block, order: Integers, v: Floats, w: Floats, along: _Along
) -> tuple[Floats, Floats, Flags]:
    """As `_linear`, by splines."""
    values = np.ascontiguousarray(block.values.transpose(order[2], order[1], order[0]))
    layers, rows, columns = values.shape
    of_v, of_w = block.taps(order[1], v), block.taps(order[2], w)
    level, along_v, along_w = _spline_across(values.reshape(layers * rows, columns), rows, of_v, of_w)
    if find := compiled(dose_loops.cubic_along_lines):
        dose, change = find(level, along_v, along_w, along.place, along.line, along.first)
    else:
        of_u = block.taps(order[0], along.place)
        start = along.line * columns + of_u.first
        dose, change = np.zeros(len(start)), np.zeros((3, len(start)))
        for k in range(len(of_u.value)):
            at_k = start + k
            found = level.take(at_k)
            dose += of_u.value[k] * found
            change[0] += of_u.slope[k] * found
            change[1] += of_u.value[k] * along_v.take(at_k)
            change[2] += of_u.value[k] * along_w.take(at_k)
    _over_samples(dose, change, along)
    aside, above = along.away_mm
    some = np.flatnonzero((aside != 0) | (above != 0))
    if len(some):  # a spline bends on the way from the line
        line = along.line[some]
        indices = np.empty((len(some), 3))
        indices[:, order[0]] = along.place[some]
        indices[:, order[1]] = v[line] + aside[some] * along.by_v[line]
        indices[:, order[2]] = w[line] + above[some] * along.by_w[line]
        dose[some] = values_at(block, indices)
    return dose, change, along.inside()


def _in_other_voxels(v: Floats, w: Floats, along: _Along) -> Integers:
    """Which samples lie between other voxels than their lines do, as some of those that are larger than voxels."""
    others = np.zeros(len(along.line), bool)
    across = zip((v, w), (along.by_v, along.by_w), along.away_mm, along.size_mm[1:], strict=True)
    for index, per_mm, away_mm, size_mm in across:
        if size_mm.max(initial=0.0) * np.abs(per_mm).max(initial=0.0) > _LARGE:
            own = index[along.line]
            others |= np.floor(own + away_mm * per_mm[along.line]) != np.floor(own)
    return np.flatnonzero(others)


def _over_samples(dose: Floats, change: Floats, along: _Along) -> None:
    """From changes in a voxel to changes over the samples, and from doses on the lines to those beside them."""
    change[0] *= along.by_u * along.size_mm[0]
    for k, per_mm in ((1, along.by_v), (2, along.by_w)):
        change[k] *= per_mm[along.line]
        dose += change[k] * along.away_mm[k - 1]
        change[k] *= along.size_mm[k]


def _across(table: Floats, rows: int, of_v: Taps, of_w: Taps) -> Tables:
    """Rows of voxels interpolated across the lines, shape (L, columns)."""
    first = of_w.first * rows + of_v.first
    corners = [table.take(first + k, axis=0) for k in (0, 1, rows, rows + 1)]
    return _between_corners(corners, of_v.value[1][:, None], of_w.value[1][:, None])


def _spline_across(table: Floats, rows: int, of_v: Taps, of_w: Taps) -> tuple[Floats, Floats, Floats]:
    """As `_across`, by splines: doses, and changes along v and w."""
    first = of_w.first * rows + of_v.first
    if cubic := compiled(dose_loops.cubic_across):
        return cubic(table, rows, first, of_v.value, of_v.slope, of_w.value, of_w.slope)
    level, along_v, along_w = (np.zeros((len(first), table.shape[1])) for _ in range(3))
    for i in range(len(of_w.value)):
        for j in range(len(of_v.value)):
            row = table.take(first + i * rows + j, axis=0)
            level += (of_w.value[i] * of_v.value[j])[:, None] * row
            along_v += (of_w.value[i] * of_v.slope[j])[:, None] * row
            along_w += (of_w.slope[i] * of_v.value[j])[:, None] * row
    return level, along_v, along_w


def _across_samples(values: Floats, of_u: Taps, of_v: Taps, of_w: Taps, line: Integers) -> Tables:
    """As `_across` linearly, but of each sample only the two voxels on either side along its line, shape (n, 2)."""
    _, rows, columns = values.shape
    flat = values.reshape(-1)
    first = ((of_w.first * rows + of_v.first) * columns)[line] + of_u.first
    at = first[:, None] + np.arange(2)
    corners = [flat.take(at + k * columns) for k in (0, 1, rows, rows + 1)]
    return _between_corners(corners, of_v.value[1][line, None], of_w.value[1][line, None])


def _between_corners(corners: list[Floats], v: Floats, w: Floats) -> Tables:
    """Doses between those at four corners.

    The corners are the lower along w and beyond it along v, then the upper and beyond it; they are overwritten.
    """
    low, low_beyond, high, high_beyond = corners
    low_beyond -= low
    high_beyond -= high
    low += v * low_beyond
    high += v * high_beyond
    high -= low
    low += w * high
    high_beyond -= low_beyond
    low_beyond += w * high_beyond
    return Tables(low, low_beyond, high, high_beyond)


def doses_at(
    points_mm: Floats, axes: Floats, grid: DoseGrid, interpolation: Interpolation
) -> tuple[Floats, NDArray[np.bool_]]:
    """Doses at points (u, v, w), shape (n, 3): 0 where not known, and where they are known."""
    whole = as_stored(grid) if interpolation == "linear" else None
    if whole is not None and (linear := compiled(dose_loops.linear_at)):
        turn, start_mm = grid.axes @ axes.T, grid.axes @ grid.origin_mm
        return linear(
            whole.values,
            whole.unit_gy,
            points_mm,
            turn,
            start_mm,
            grid.frame_offsets_mm,
            grid.spacing_mm,
        )
    dose, inside = np.zeros(len(points_mm)), np.zeros(len(points_mm), bool)
    for start in range(0, len(points_mm), BATCH // 4):
        part = slice(start, start + BATCH // 4)
        indices = indices_of(points_mm[part], axes, grid)
        within = np.logical_and.reduce([known(grid, axis, indices[:, axis]) for axis in range(3)])
        some = indices if within.all() else indices[within]
        inside[part] = within
        if len(some):
            block = whole or block_of(grid, *least_and_greatest(some), interpolation)
            assert block is not None
            dose[part][within] = values_at(block, some)
    return dose, inside


def _pointwise(lines: Lines, grid: DoseGrid, interpolation: Interpolation) -> Doses:
    indices = indices_of(lines.local_mm, lines.axes, grid)
    inside = np.all([known(grid, axis, indices[:, axis]) for axis in range(3)], axis=0)
    dose, change = np.zeros(len(indices)), np.zeros((len(indices), 3))
    some = indices[inside]
    if len(some):
        block = block_of(grid, *least_and_greatest(some), interpolation)
        assert block is not None
        dose[inside] = values_at(block, some)
        for axis in range(3):
            change[inside, axis] = values_at(block, some, slope_along=axis)
            change[inside, axis] *= per_mm_along(grid, axis, some[:, axis])
    gradient = change @ (grid.axes @ lines.axes.T)
    size = np.column_stack((lines.length_mm, lines.height_mm, lines.thickness_mm))
    return Doses(dose, gradient * size, inside)
