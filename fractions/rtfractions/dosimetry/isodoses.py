"""Volumes of isodoses: how much of space gets at least a dose, and which part of it belongs to a target.

Between voxel centres the dose is a cubic spline, known on a finer lattice: linear interpolation alone makes the
isodose of a round target too small, by 4 % of a 4 cm3 one on a grid of 2.5 mm. Between the nodes of the lattice the
dose is linear in each direction. A cell between eight nodes that an isodose crosses is filled as far as the dose
along thin columns of it says, which is exact along each column; columns run along all three axes, and their mean is
taken. Frames at unequal distances have no spline, and stay linear.

An isodose falls into parts: voxels of at least that dose that share a cell hang together. That joins parts which only
touch, and so refuses rather than divides them.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rtfractions.dosimetry.interpolation import block_of, even_frames
from rtfractions.errors import RTFractionsError
from rtfractions.grid import DoseGrid

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

NODES: Final = 2_000_000
"""About how many nodes the finer lattice has at most; a large isodose needs no finer one."""

FINEST: Final = 6
"""Most nodes per voxel along each axis."""

COLUMNS: Final = 4
"""Columns along each of two axes into which a cell is divided."""

ISLAND: Final = 0.01
"""Part of an isodose that may lie apart and is left out where it may belong to any of several targets."""

_MARGIN: Final = 4
"""Voxels around what linear interpolation finds in which the spline is looked at."""

_CELLS: Final = 2**15
"""Cells divided at once."""


class IsodoseError(RTFractionsError, ValueError):
    """An isodose that is not one target's, or is not whole."""

    code = "isodose"


class _Field(NamedTuple):
    """Doses on the nodes of a lattice.

    Attributes
    ----------
    values : ndarray, shape (F, R, C)
        Doses in Gy.
    first : ndarray of int, shape (3,)
        Frame, row and column of the grid of its first node.
    nodes : int
        Nodes per voxel along each axis.
    gaps_mm : ndarray, shape (F - 1,)
        Distances of neighbouring frames.
    spacing_mm : tuple of float
        Distances of neighbouring rows and columns.
    """

    values: Floats
    first: Integers
    nodes: int
    gaps_mm: Floats
    spacing_mm: tuple[float, float]


def isodose_cm3(
    grid: DoseGrid,
    *,
    dose_gy: float,
    target: Floats,
    others: Mapping[str, Floats],
) -> float:
    """The volume of the isodose of a target.

    Parameters
    ----------
    grid : DoseGrid
        The dose.
    dose_gy : float
        Dose of the isodose.
    target : ndarray, shape (n, 3)
        Where the target lies: frame, row and column, with their fractions, of points all through it.
    others : mapping of str to ndarray, shape (n, 3)
        The same of targets of other lesions, by name.

    Returns
    -------
    float
        Volume in cm3 of all that gets at least the dose; where other targets get it too, of the parts that touch
        this one. 0 where nothing gets the dose.

    Raises
    ------
    IsodoseError
        If it joins the isodose of another target, reaches the edge of the grid, or parts of it that touch no target
        may belong to either.
    """
    whole = _of_grid(grid)
    parts = _parts_of(whole, dose_gy, target, others)
    if _reaches_edge(parts):
        raise IsodoseError(
            f"the {dose_gy:g} Gy isodose is cut by the edge of the dose grid",
            remedy="export a larger dose grid",
        )
    if not even_frames(grid):
        return _volume_mm3(whole, parts, dose_gy) / 1000.0
    fine = _refined(grid, parts, target)
    return _volume_mm3(fine, _parts_of(fine, dose_gy, target, others), dose_gy) / 1000.0


def _of_grid(grid: DoseGrid) -> _Field:
    values = grid.block_gy(slice(None))
    return _Field(values, np.zeros(3, np.int64), 1, np.diff(grid.frame_offsets_mm), grid.spacing_mm)


def _refined(grid: DoseGrid, parts: Flags, target: Floats) -> _Field:
    """The spline around parts of an isodose and a target."""
    found = np.argwhere(parts)
    points = np.concatenate((found.astype(np.float64), target))
    last = np.array(grid.shape) - 1
    low = np.clip(np.floor(points.min(axis=0)).astype(np.int64) - _MARGIN, 0, last - 1)
    high = np.clip(np.ceil(points.max(axis=0)).astype(np.int64) + _MARGIN, low + 1, last)
    block = block_of(grid, low.astype(np.float64), high.astype(np.float64), "cubic")
    assert block is not None  # the corners lie in the grid
    nodes = int(np.clip((NODES / np.prod(high - low)) ** (1 / 3), 1, FINEST))
    values = block.values
    for axis in range(3):
        index = np.linspace(low[axis], high[axis], nodes * int(high[axis] - low[axis]) + 1)
        taps = block.taps(axis, index)
        along = np.moveaxis(values, axis, 0)
        shape = (-1,) + (1,) * (along.ndim - 1)
        summed = sum(weight.reshape(shape) * along[taps.first + i] for i, weight in enumerate(taps.value))
        values = np.moveaxis(np.asarray(summed), 0, axis)
    gaps = np.repeat(np.diff(grid.frame_offsets_mm)[low[0] : high[0]], nodes) / nodes
    row, column = grid.spacing_mm
    return _Field(values, low, nodes, gaps, (row / nodes, column / nodes))


def _parts_of(field: _Field, dose_gy: float, target: Floats, others: Mapping[str, Floats]) -> Flags:
    """The nodes of the isodose that belong to the target."""
    inside = field.values >= dose_gy
    labels = labelled(inside)
    own = _touched(field, labels, dose_gy, target)
    theirs = set[int]()
    for name, points in others.items():
        touched = _touched(field, labels, dose_gy, points)
        if own & touched:
            problem = f"the {dose_gy:g} Gy isodose joins that of {name}"
            raise IsodoseError(problem, remedy="evaluate the lesions together, by hand")
        theirs |= touched
    if not theirs:  # whatever gets the dose belongs to the only target that gets it
        return inside
    mine: Flags = np.isin(labels, list(own))
    stray = inside & ~mine & ~np.isin(labels, list(theirs))
    if stray.sum() > ISLAND * mine.sum():
        problem = f"parts of the {dose_gy:g} Gy isodose touch no target and may belong to any of several"
        raise IsodoseError(problem, remedy="evaluate the lesions together, by hand")
    return mine


def _touched(field: _Field, labels: Integers, dose_gy: float, points: Floats) -> set[int]:
    """The parts of an isodose in which some points lie; points (frame, row, column) of the grid."""
    local = (points - field.first) * field.nodes
    last = np.array(field.values.shape) - 1
    local = local[np.all((local >= 0) & (local <= last), axis=1)]
    low = np.minimum(local.astype(np.int64), last - 1)
    part = local - low
    dose, label = np.zeros(len(low)), np.zeros(len(low), np.int64)
    for corner in np.ndindex(2, 2, 2):
        at = tuple((low + np.array(corner)).T)
        dose += np.prod(np.where(corner, part, 1.0 - part), axis=1) * field.values[at]
        label = np.maximum(label, labels[at])
    return set(label[dose >= dose_gy].tolist())


def labelled(inside: Flags) -> Integers:
    """Which parts nodes belong to: 0 outside, and in each part a number of its own.

    Parameters
    ----------
    inside : ndarray of bool, shape (F, R, C)
        Nodes that share a cell hang together.
    """
    labels = np.zeros(inside.shape, np.int64)
    if not inside.any():
        return labels
    _, rows, columns = inside.shape
    frame, row, column = np.nonzero(inside)
    # Runs of nodes along columns, as positions on one line; the free places between lines and frames keep the
    # neighbours of one line off the next.
    line = frame * (rows + 1) + row
    at = line * (columns + 2) + column
    starts = np.flatnonzero(np.diff(at, prepend=-2) != 1)
    ends = np.append(starts[1:], len(at)) - 1
    first, last = at[starts], at[ends]
    pairs = []
    for frames, lines in ((0, 1), (1, -1), (1, 0), (1, 1)):
        shift = (frames * (rows + 1) + lines) * (columns + 2)
        low = np.searchsorted(last, first + shift - 1)
        high = np.searchsorted(first, last + shift + 1, side="right")
        times = np.maximum(high - low, 0)
        run = np.repeat(np.arange(len(first)), times)
        nth = np.arange(len(run)) - np.repeat(np.cumsum(times) - times, times)
        pairs.append((run, low[run] + nth))
    one, other = (np.concatenate(side) for side in zip(*pairs, strict=True))
    found = np.arange(len(first))
    while (found[one] != found[other]).any():
        low, high = np.minimum(found[one], found[other]), np.maximum(found[one], found[other])
        np.minimum.at(found, high, low)
        while (found != found[found]).any():
            found = found[found]
    labels[inside] = 1 + np.repeat(found, ends - starts + 1)
    return labels


def _reaches_edge(parts: Flags) -> bool:
    return any(bool(parts.take(end, axis).any()) for axis in range(3) for end in (0, -1))


def _volume_mm3(field: _Field, parts: Flags, dose_gy: float) -> float:
    """The volume of parts of an isodose."""
    found = np.nonzero(parts)
    if not len(found[0]):
        return 0.0
    box = tuple(slice(max(int(one.min()) - 1, 0), int(one.max()) + 2) for one in found)
    parts, values = parts[box], field.values[box]
    gaps = field.gaps_mm[box[0].start : box[0].start + len(values) - 1]
    shape = tuple(n - 1 for n in values.shape)
    corners = [
        tuple(slice(c, c + n) for c, n in zip(corner, shape, strict=True)) for corner in np.ndindex(2, 2, 2)
    ]
    count = np.zeros(shape, np.int8)
    for corner in corners:
        count += parts[corner]
    filled = (count == len(corners)).sum(axis=(1, 2)).astype(np.float64)
    crossed = np.nonzero((count > 0) & (count < len(corners)))
    for start in range(0, len(crossed[0]), _CELLS):
        some = tuple(one[start : start + _CELLS] for one in crossed)
        doses = np.stack([values[corner][some] for corner in corners]).reshape(2, 2, 2, -1)
        filled += np.bincount(some[0], _filled(doses, dose_gy), len(filled))
    return float(filled @ gaps) * field.spacing_mm[0] * field.spacing_mm[1]


def _filled(doses: Floats, dose_gy: float) -> Floats:
    """How far cells are filled, by the doses of their corners, shape (2, 2, 2, n): the mean over three axes."""
    middles = (np.arange(COLUMNS) + 0.5) / COLUMNS
    part = np.zeros(doses.shape[-1])
    for axis in range(3):
        along = np.moveaxis(doses, axis, 0)
        for s in middles:
            edge = (1 - s) * along[:, 0] + s * along[:, 1]
            for t in middles:
                low, high = (1 - t) * edge[:, 0] + t * edge[:, 1]
                most, range_gy = np.maximum(low, high), np.abs(high - low)
                flat = (most >= dose_gy).astype(np.float64)
                steep = np.divide(most - dose_gy, range_gy, out=flat, where=range_gy > 0)
                part += np.clip(steep, 0.0, 1.0)
    return np.asarray(part / (3 * COLUMNS**2))
