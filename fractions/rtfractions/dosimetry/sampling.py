"""Samples of a solid: pieces of scanlines with their middles, sizes and weights, and the doses there.

Samples stand in lines along u, all of a line at one v and w. Where the axes of a dose grid are those of the
contours, in whatever order and direction, the dose is interpolated first across the lines, once a line and
voxel, and then along them; elsewhere point by point.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rtfractions.dosimetry.interpolation import Block, Interpolation, Taps, block_of, known, values_at
from rtfractions.dosimetry.scanline import cut, scanned
from rtfractions.dosimetry.shapes import Section
from rtfractions.grid import DoseGrid

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

BATCH: Final = 2**16
"""About how many samples are held at once with all that belongs to them."""

_ALIGNED: Final = 1e-6
"""Largest component of a unit vector along an axis to which it is called perpendicular."""


class Steps(NamedTuple):
    """Largest sizes of samples in mm, along u, v and w."""

    u_mm: float
    v_mm: float
    w_mm: float


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """Samples in lines.

    Attributes
    ----------
    axes : ndarray, shape (3, 3)
        Rows u, v, w: unit vectors in the DICOM patient system.
    line : ndarray of int, shape (n,)
        Line of each sample.
    u_mm, length_mm : ndarray, shape (n,)
        Its middle and its length along u.
    v_mm, w_mm, height_mm, thickness_mm : ndarray, shape (L,)
        Where each line lies, and what it stands for, along v and w.
    weight_cm3 : ndarray, shape (n,)
        Volume of each sample.
    """

    axes: Floats
    line: Integers
    u_mm: Floats
    length_mm: Floats
    v_mm: Floats
    w_mm: Floats
    height_mm: Floats
    thickness_mm: Floats
    weight_cm3: Floats

    @property
    def points_mm(self) -> Floats:
        """Middles (x, y, z) of the samples, shape (n, 3)."""
        return self.local_mm @ self.axes

    @property
    def local_mm(self) -> Floats:
        """Middles (u, v, w) of the samples, shape (n, 3)."""
        return np.column_stack((self.u_mm, self.v_mm[self.line], self.w_mm[self.line]))


class Doses(NamedTuple):
    """Doses of samples or points.

    Attributes
    ----------
    dose_gy : ndarray, shape (n,)
        Dose in the middle; 0 where it is not known.
    change_gy : ndarray, shape (n, 3)
        How much it changes over the sample along u, v and w.
    known : ndarray of bool, shape (n,)
        Which lie between the outermost voxel centres.
    """

    dose_gy: Floats
    change_gy: Floats
    known: NDArray[np.bool_]


def lines_of(sections: Sequence[Section], axes: Floats, steps: Steps) -> Iterator[Lines]:
    """The samples of sections, batch by batch."""
    batch: list[Section] = []
    size = 0.0
    for section in sections:
        batch.append(section)
        size += (section.area_mm2 / (steps.u_mm * steps.v_mm) + 10) * len(section.w_mm)
        if size > BATCH:
            yield _lines(batch, axes, steps)
            batch, size = [], 0.0
    if batch:
        yield _lines(batch, axes, steps)


def _lines(sections: list[Section], axes: Floats, steps: Steps) -> Lines:
    found = scanned([section.loops for section in sections], steps.v_mm)
    pieces = cut(found.line, found.start_mm, found.end_mm, steps.u_mm)
    # Each line of a section stands in each of its layers.
    layers = np.array([len(section.w_mm) for section in sections])
    first_layer = np.cumsum(layers) - layers
    times = layers[found.plane_of_line]
    first = np.cumsum(times) - times
    of_line = np.repeat(np.arange(len(times)), times)
    plane = found.plane_of_line[of_line]
    layer = first_layer[plane] + np.arange(len(of_line)) - first[of_line]
    w, thickness, part = (np.concatenate([section[i] for section in sections]) for i in range(2, 5))
    scanned_mm2 = np.bincount(
        found.plane_of_line[pieces.line],
        pieces.length_mm * found.height_mm[pieces.line],
        len(sections),
    )
    area = np.array([section.area_mm2 for section in sections])
    scale = np.divide(area, scanned_mm2, out=np.zeros_like(area), where=scanned_mm2 > 0)
    height = found.height_mm[of_line]
    weight = height * thickness[layer] * part[layer] * scale[plane] / 1000.0
    line, u, length = pieces
    if (layers != 1).any():
        repeats = times[pieces.line]
        piece = np.repeat(np.arange(len(repeats)), repeats)
        nth = np.arange(len(piece)) - np.repeat(np.cumsum(repeats) - repeats, repeats)
        line, u, length = first[line[piece]] + nth, u[piece], length[piece]
    return Lines(
        axes,
        line,
        u,
        length,
        found.v_mm[of_line],
        w[layer],
        height,
        thickness[layer],
        weight[line] * length,
    )


def doses_of(lines: Lines, grid: DoseGrid, interpolation: Interpolation) -> Doses:
    """Doses of samples by a grid."""
    turn = grid.axes @ lines.axes.T
    if np.abs(turn[np.abs(turn) < 0.5]).max(initial=0.0) > _ALIGNED:
        return _pointwise(lines, grid, interpolation)
    order = np.argmax(np.abs(turn), axis=0)  # the grid's axis along u, along v, along w
    start = grid.axes @ grid.origin_mm
    positions = (lines.u_mm, lines.v_mm, lines.w_mm)
    u, v, w = (
        _index(grid, axis, turn[axis, j] * position - start[axis])
        for j, (axis, position) in enumerate(zip(order, positions, strict=True))
    )
    low, high = np.empty(3), np.empty(3)
    for axis, index in zip(order, (u, v, w), strict=True):
        low[axis], high[axis] = index.min(), index.max()
    block = block_of(grid, low, high, interpolation)
    if block is None:
        return Doses(np.zeros(len(u)), np.zeros((len(u), 3)), np.zeros(len(u), bool))
    within = known(grid, order[1], v) & known(grid, order[2], w)
    inside = known(grid, order[0], u) & within[lines.line]
    dose, change = _along_lines(block, order, u, v, w, lines.line)
    along_u, along_v, along_w = (
        np.sign(turn[axis, j]) * _per_mm(grid, axis, index)
        for j, (axis, index) in enumerate(zip(order, (u, v, w), strict=True))
    )
    change[0] *= along_u * lines.length_mm
    change[1] *= (along_v * lines.height_mm)[lines.line]
    change[2] *= (along_w * lines.thickness_mm)[lines.line]
    return Doses(dose, change.T, inside)


def _along_lines(
    block: Block, order: Integers, u: Floats, v: Floats, w: Floats, line: Integers
) -> tuple[Floats, Floats]:
    """Doses, and their changes per voxel along u, v and w, shape (3, n)."""
    values = np.ascontiguousarray(block.values.transpose(order[2], order[1], order[0]))
    layers, rows, columns = values.shape
    table = values.reshape(layers * rows, columns)
    of_v, of_w = block.taps(order[1], v), block.taps(order[2], w)
    level, along_v, along_w = _across(table, rows, of_v, of_w)
    of_u = block.taps(order[0], u)
    start = line * columns + of_u.first
    if len(of_u.value) == 2:  # linear: in half the operations that weights would need
        at, beyond, change = [], start + 1, np.empty((3, len(u)))
        for one in (level, along_v, along_w):
            low, step = one.take(start), one.take(beyond)
            step -= low
            if one is level:
                change[0] = step
            step *= of_u.value[1]
            step += low
            at.append(step)
        dose, change[1], change[2] = at
        return dose, change
    dose = np.zeros(len(u))
    change = np.zeros((3, len(u)))
    for k in range(len(of_u.value)):
        at = start + k
        found = level.take(at)
        dose += of_u.value[k] * found
        change[0] += of_u.slope[k] * found
        change[1] += of_u.value[k] * along_v.take(at)
        change[2] += of_u.value[k] * along_w.take(at)
    return dose, change


def _across(table: Floats, rows: int, of_v: Taps, of_w: Taps) -> tuple[Floats, Floats, Floats]:
    """Rows of voxels interpolated across the lines, shape (L, columns): doses, and changes along v and w."""
    first = of_w.first * rows + of_v.first
    if len(of_w.value) == 2:  # linear: in half the operations that weights would need
        v, w = of_v.value[1][:, None], of_w.value[1][:, None]
        low, high = table.take(first, axis=0), table.take(first + rows, axis=0)
        along_low, along_high = table.take(first + 1, axis=0), table.take(first + rows + 1, axis=0)
        along_low -= low
        along_high -= high
        low += v * along_low
        high += v * along_high
        high -= low
        low += w * high
        along_high -= along_low
        along_high *= w
        along_high += along_low
        return low, along_high, high
    level, along_v, along_w = (np.zeros((len(first), table.shape[1])) for _ in range(3))
    for i in range(len(of_w.value)):
        for j in range(len(of_v.value)):
            row = table.take(first + i * rows + j, axis=0)
            level += (of_w.value[i] * of_v.value[j])[:, None] * row
            along_v += (of_w.value[i] * of_v.slope[j])[:, None] * row
            along_w += (of_w.slope[i] * of_v.value[j])[:, None] * row
    return level, along_v, along_w


def doses_at(
    points_mm: Floats, axes: Floats, grid: DoseGrid, interpolation: Interpolation
) -> tuple[Floats, NDArray[np.bool_]]:
    """Doses at points (u, v, w), shape (n, 3): 0 where not known, and where they are known."""
    dose, inside = np.zeros(len(points_mm)), np.zeros(len(points_mm), bool)
    for start in range(0, len(points_mm), BATCH // 4):
        part = slice(start, start + BATCH // 4)
        indices = indices_of(points_mm[part], axes, grid)
        within = np.all([known(grid, axis, indices[:, axis]) for axis in range(3)], axis=0)
        some = indices[within]
        inside[part] = within
        if len(some):
            block = block_of(grid, *_corners(some), interpolation)
            assert block is not None
            dose[part][within] = values_at(block, some)
    return dose, inside


def indices_of(points_mm: Floats, axes: Floats, grid: DoseGrid) -> Floats:
    """Frame, row and column, with their fractions, of points (u, v, w); both of shape (n, 3)."""
    turn, start = grid.axes @ axes.T, grid.axes @ grid.origin_mm
    indices = np.empty((len(points_mm), 3))
    for axis in range(3):
        # Sums by hand: a matrix product of that many rows would wake up the threads of the linear algebra.
        along = np.full(len(points_mm), -start[axis])
        for j in np.flatnonzero(turn[axis]):
            along += turn[axis, j] * points_mm[:, j]
        indices[:, axis] = _index(grid, axis, along)
    return indices


def local_mm(
    indices: Floats, voxels: tuple[Integers, Integers, Integers], axes: Floats, grid: DoseGrid
) -> list[Floats]:
    """How far voxels (frame, row, column) lie from indices of a grid, along u, v and w."""
    offsets, (rows_mm, columns_mm) = grid.frame_offsets_mm, grid.spacing_mm
    along = (
        offsets[voxels[0]] - np.interp(indices[:, 0], np.arange(len(offsets)), offsets),
        (voxels[1] - indices[:, 1]) * rows_mm,
        (voxels[2] - indices[:, 2]) * columns_mm,
    )
    turn = grid.axes @ axes.T
    return [sum((turn[i, j] * along[i] for i in range(3) if turn[i, j]), np.zeros(1)) for j in range(3)]


def _pointwise(lines: Lines, grid: DoseGrid, interpolation: Interpolation) -> Doses:
    indices = indices_of(lines.local_mm, lines.axes, grid)
    inside = np.all([known(grid, axis, indices[:, axis]) for axis in range(3)], axis=0)
    dose, change = np.zeros(len(indices)), np.zeros((len(indices), 3))
    some = indices[inside]
    if len(some):
        block = block_of(grid, *_corners(some), interpolation)
        assert block is not None
        dose[inside] = values_at(block, some)
        for axis in range(3):
            change[inside, axis] = values_at(block, some, slope_along=axis)
            change[inside, axis] *= _per_mm(grid, axis, some[:, axis])
    gradient = change @ (grid.axes @ lines.axes.T)
    size = np.column_stack((lines.length_mm, lines.height_mm[lines.line], lines.thickness_mm[lines.line]))
    return Doses(dose, gradient * size, inside)


def _corners(indices: Floats) -> tuple[Floats, Floats]:
    """Least and greatest of each column; column by column, for numpy is slow along a short axis."""
    columns = [indices[:, axis] for axis in range(3)]
    return np.array([one.min() for one in columns]), np.array([one.max() for one in columns])


def _index(grid: DoseGrid, axis: int, along_mm: Floats) -> Floats:
    """Where positions along an axis, from the first voxel, lie in the grid."""
    if axis:
        return along_mm / grid.spacing_mm[axis - 1]
    offsets = grid.frame_offsets_mm
    below = np.clip(np.searchsorted(offsets, along_mm, side="right") - 1, 0, len(offsets) - 2)
    index: Floats = below + (along_mm - offsets[below]) / (offsets[below + 1] - offsets[below])
    return index


def _per_mm(grid: DoseGrid, axis: int, index: Floats) -> Floats:
    """How many voxels a mm is along an axis."""
    if axis:
        return np.full(len(index), 1 / grid.spacing_mm[axis - 1])
    gaps = np.diff(grid.frame_offsets_mm)
    per_mm: Floats = 1 / gaps[np.clip(np.floor(index).astype(np.int64), 0, len(gaps) - 1)]
    return per_mm
