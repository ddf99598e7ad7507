"""What of a solid lies in each cell of a lattice: how much, where its centre is, and how large it is.

Rows of cells along u are looked at on several scanlines, and in several sections where these meet between two planes
of voxels. Most cells are full, and are as large as their row; only of the others moments are summed.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rtfractions.compiled import compiled
from rtfractions.dosimetry import sample_loops
from rtfractions.dosimetry.scanline import Stretches
from rtfractions.dosimetry.tiers import Tiers

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


class Runs(NamedTuple):
    """Scanlines and their stretches by the cells that they touch.

    Attributes
    ----------
    lines, first_line : ndarray of int, shape (S,)
        How many scanlines each section has, and its first.
    v_mm, height_mm : ndarray, shape (L,)
        Where each scanline lies along v, and the height that it stands for.
    place : ndarray of int, shape (L,)
        Between which edges along v it lies.
    number, first_run : ndarray of int, shape (L,)
        How many stretches it has, and its first.
    first, last : ndarray of int, shape (m,)
        The first and the last cell that each stretch touches.
    before_mm, after_mm : ndarray, shape (m,)
        How much it leaves out of these along u, in front of it and behind it.
    edges_mm : ndarray, shape (E,)
        Where cells end along u.
    """

    lines: Integers
    first_line: Integers
    v_mm: Floats
    height_mm: Floats
    place: Integers
    number: Integers
    first_run: Integers
    first: Integers
    last: Integers
    before_mm: Floats
    after_mm: Floats
    edges_mm: Floats


class Scans(NamedTuple):
    """Scanlines as they count in rows of cells; one counts in all tiers that its section is a piece of.

    Attributes
    ----------
    line : ndarray of int, shape (K,)
        The scanline.
    row : ndarray of int, shape (K,)
        The row.
    height_mm : ndarray, shape (K,)
        How high a part of the row it stands for, times its share in the tier.
    aside_mm, above : ndarray, shape (K,)
        How far from the middle of the row: along v, and along w in parts of the tier's thickness.
    spread_mm2, spread : ndarray, shape (K,)
        Mean square distance from the middle of the row, along v and along w, of what it stands for.
    """

    line: Integers
    row: Integers
    height_mm: Floats
    aside_mm: Floats
    above: Floats
    spread_mm2: Floats
    spread: Floats


class Rows(NamedTuple):
    """Rows of cells.

    Attributes
    ----------
    scans : Scans
        How they are looked at.
    height_mm : ndarray, shape (R,)
        Sum of what their scanlines stand for; 0 of a row without any.
    v_mm, above : ndarray, shape (R,)
        Middle along v, and along w in parts of the tier's thickness above its middle; of a row without any, where
        others lie.
    size_mm, thickness : ndarray, shape (R,)
        Size of a full cell along v and along w, the latter in parts of the tier's thickness.
    """

    scans: Scans
    height_mm: Floats
    v_mm: Floats
    above: Floats
    size_mm: Floats
    thickness: Floats


class Cells(NamedTuple):
    """What of cells lies inside.

    Attributes
    ----------
    row : ndarray of int, shape (n,)
        Row of each cell, ascending.
    u_mm, aside_mm, above : ndarray, shape (n,)
        Centre of what is inside: along u, along v from the middle of the row, and likewise along w, in parts of the
        tier's thickness.
    length_mm, height_mm, thickness : ndarray, shape (n,)
        Its size along u, v and w; the last in parts of the tier's thickness.
    area_mm2 : ndarray, shape (n,)
        How much is inside, on average over the tier.
    """

    row: Integers
    u_mm: Floats
    aside_mm: Floats
    above: Floats
    length_mm: Floats
    height_mm: Floats
    thickness: Floats
    area_mm2: Floats


def rows_of(runs: Runs, tiers: Tiers) -> tuple[Rows, Integers]:
    """The rows of cells of tiers, and the tier of each."""
    pieces = tiers.pieces
    first_line, times = runs.first_line[pieces.section], runs.lines[pieces.section]
    # The rows of each tier are those from the lowest to the highest of its sections.
    begins = np.searchsorted(pieces.tier, np.arange(len(tiers.times)))
    low = np.minimum.reduceat(runs.place[first_line], begins)
    high = np.maximum.reduceat(runs.place[first_line + times - 1], begins)
    count = high - low + 1
    first_row = np.cumsum(count) - count
    piece = np.repeat(np.arange(len(times)), times)
    line = np.arange(len(piece)) + (first_line - (np.cumsum(times) - times))[piece]
    row = runs.place[line] + (first_row - low)[pieces.tier[piece]]
    height, v = runs.height_mm[line], runs.v_mm[line]
    above, weight = pieces.above[piece], height * pieces.share[piece]
    total = np.asarray(np.bincount(row, weight, int(count.sum())), np.float64)
    known = np.maximum(total, np.finfo(float).tiny)
    v_mm, middle = (np.bincount(row, weight * x, len(total)) / known for x in (v, above))
    if not total.all():
        v_mm[total == 0] = v.min()  # or doses would be made ready from here to v = 0
    aside, above = v - v_mm[row], above - middle[row]
    spread_mm2 = aside**2 + height**2 / 12
    spread = above**2 + (pieces.thickness**2 / 12)[piece]
    size_mm, thickness = (
        np.sqrt(12 * np.bincount(row, weight * x, len(total)) / known) for x in (spread_mm2, spread)
    )
    scans = Scans(line, row, weight, aside, above, spread_mm2, spread)
    return Rows(scans, total, v_mm, middle, size_mm, thickness), np.repeat(np.arange(len(count)), count)


def runs_of(found: Stretches, u_edges_mm: Floats, v_edges_mm: Floats) -> Runs:
    """Scanlines and their stretches by the cells they touch, which end at edges along u and v."""
    kept = found.end_mm > found.start_mm
    line, start, end = found.line[kept], found.start_mm[kept], found.end_mm[kept]
    if len(line):  # whatever reaches beyond the edges is in one cell
        low, high = float(start.min()), float(end.max())
        beyond = [high] if high > u_edges_mm[-1] else []
        u_edges_mm = np.concatenate(([low] if low < u_edges_mm[0] else [], u_edges_mm, beyond))
    first = np.searchsorted(u_edges_mm, start, side="right") - 1
    last = np.maximum(np.searchsorted(u_edges_mm, end, side="left") - 1, first)
    lines, number = np.bincount(found.plane_of_line), np.bincount(line, minlength=len(found.v_mm))
    return Runs(
        lines=lines,
        first_line=np.cumsum(lines) - lines,
        v_mm=found.v_mm,
        height_mm=found.height_mm,
        place=np.searchsorted(v_edges_mm, found.v_mm, side="right"),
        number=number,
        first_run=np.cumsum(number) - number,
        first=first,
        last=last,
        before_mm=start - u_edges_mm[first],
        after_mm=u_edges_mm[last + 1] - end,
        edges_mm=u_edges_mm,
    )


def cells_of(runs: Runs, rows: Rows) -> Cells:
    """What lies inside of the cells of rows."""
    find = compiled(sample_loops.cells) or _cells
    return Cells(
        *find(
            runs.number,
            runs.first_run,
            runs.first,
            runs.last,
            runs.before_mm,
            runs.after_mm,
            runs.edges_mm,
            rows.scans.line,
            rows.scans.row,
            rows.scans.height_mm,
            rows.scans.aside_mm,
            rows.scans.above,
            rows.scans.spread_mm2,
            rows.scans.spread,
            rows.height_mm,
            rows.size_mm,
            rows.thickness,
        )
    )


def _cells(
    number: Integers,
    first_run: Integers,
    first: Integers,
    last: Integers,
    before_mm: Floats,
    after_mm: Floats,
    edges_mm: Floats,
    line: Integers,
    row: Integers,
    h_mm: Floats,
    aside_mm: Floats,
    above: Floats,
    spread_mm2: Floats,
    spread: Floats,
    row_mm: Floats,
    size_mm: Floats,
    thickness: Floats,
) -> tuple[Integers, Floats, Floats, Floats, Floats, Floats, Floats, Floats]:
    """What lies inside of cells.

    Parameters
    ----------
    number, first_run, first, last, before_mm, after_mm, edges_mm
        As of `Runs`.
    line, row, h_mm, aside_mm, above, spread_mm2, spread
        As of `Scans`.
    row_mm, size_mm, thickness
        As of `Rows`; the first is their height.

    Returns
    -------
    tuple of ndarray, shape (n,)
        As of `Cells`.
    """
    # The stretches of each scan.
    times = number[line]
    scan = np.repeat(np.arange(len(times)), times)
    if not len(scan):
        none = np.zeros(0)
        return np.zeros(0, np.int64), none, none, none, none, none, none, none
    stretch = np.arange(len(scan)) + (first_run[line] - (np.cumsum(times) - times))[scan]
    first, last = first[stretch], last[stretch]
    least, columns = int(first.min()), int(last.max() - first.min()) + 2  # one more, in which nothing lies
    h, start = h_mm[scan], row[scan] * columns - least
    starts, ends = start + first, start + last
    touched = np.concatenate((starts, ends))
    missing_mm = np.concatenate((before_mm[stretch], after_mm[stretch]))
    missing = np.concatenate((h, h)) * missing_mm
    # Every cell that a stretch touches counts as full, and then what is missing at both ends is taken away.
    size = len(row_mm) * columns
    turns_at = np.concatenate((starts, ends + 1))
    # Row by row, or what rounding leaves of others would be inside where a row has nothing.
    full = np.cumsum(np.bincount(turns_at, np.concatenate((h, -h)), size).reshape(-1, columns), axis=1)
    edges = edges_mm[least : least + columns]
    width = np.diff(edges)
    whole = np.append(width, 0.0)
    area = full * whole
    area -= np.bincount(touched, missing, size).reshape(-1, columns)
    most = row_mm[:, None] * whole
    kept = area > sample_loops.LEAST_PART * most
    partial = (kept & (area < sample_loops.FULL_PART * most)).reshape(-1)
    cell = np.flatnonzero(kept)
    own_row = np.repeat(np.arange(len(kept)), np.count_nonzero(kept, axis=1))
    column = cell - own_row * columns
    area, length, u = area.reshape(-1)[cell], width[column], ((edges[1:] + edges[:-1]) / 2)[column]
    v, w, tall, thick = np.zeros(len(cell)), np.zeros(len(cell)), size_mm[own_row], thickness[own_row]
    # Of what is partly inside, moments: of all its scans from where they turn, less what is missing.
    some = np.flatnonzero(partial[cell])
    numbers = np.cumsum(partial) - partial  # of the partial cells; elsewhere that of the next one
    turn, lost = numbers[turns_at], partial[touched]
    at, missing, missing_mm = numbers[touched][lost], missing[lost], missing_mm[lost]
    area_of, width_of = area[some], length[some]
    filled = full.reshape(-1)[cell[some]] * width_of
    away = (width_of[at] - missing_mm) / 2
    away[: np.count_nonzero(lost[: len(stretch)])] *= -1
    u_of = -np.bincount(at, missing * away, len(some)) / area_of
    squared = missing_mm * missing_mm / 12 + away * away
    u2 = (filled * width_of**2 / 12 - np.bincount(at, missing * squared, len(some))) / area_of
    u[some] += u_of
    length[some] = np.sqrt(12 * np.maximum(u2 - u_of**2, 0.0))

    def mean(x: Floats) -> Floats:
        one = h * x[scan]
        filled = np.cumsum(np.bincount(turn, np.concatenate((one, -one)), len(some) + 1))[:-1] * width_of
        lost_of = np.bincount(at, np.concatenate((one, one))[lost] * missing_mm, len(some))
        return np.asarray((filled - lost_of) / area_of)

    for centre, extent, one, squares in ((v, tall, aside_mm, spread_mm2), (w, thick, above, spread)):
        if not one.any() and (squares == squares[0]).all():
            continue  # all scans lie in the middle of their rows
        middle = mean(one)
        centre[some] = middle
        extent[some] = np.sqrt(12 * np.maximum(mean(squares) - middle**2, 0.0))
    return own_row, u, v, w, length, tall, thick, area
