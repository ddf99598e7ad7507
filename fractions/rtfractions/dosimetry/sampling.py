"""Samples of a solid: what of it lies in each cell of a lattice, with its centre, its size and its volume.

Cells end at the planes of voxels. What of a cell lies inside is found on several scanlines, but its dose is read
once: the shape of a structure varies more finely than a dose does between voxels. Samples stand in lines along u,
each line a row of cells at one w.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rtfractions.compiled import compiled
from rtfractions.dosimetry import sample_loops
from rtfractions.dosimetry.cells import Runs, cells_of, rows_of, runs_of
from rtfractions.dosimetry.scanline import Stretches, scanned
from rtfractions.dosimetry.shapes import Section
from rtfractions.dosimetry.tiers import Layers, Tiers, tiers_of

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

BATCH: Final = 2**16
"""About how many samples are held at once with all that belongs to them."""

_GOLDEN: Final = (5**0.5 - 1) / 2


class Steps(NamedTuple):
    """How finely something is sampled.

    Attributes
    ----------
    u_mm, v_mm, w_mm : float
        About how large samples are.
    u_edges_mm, v_edges_mm : ndarray, shape (E,)
        Where samples end along u and v, ascending: the planes of voxels, and as many places between them.
    w_planes_mm : ndarray, shape (F,)
        Planes of voxels along w, ascending, over which no sample reaches.
    w_edges_mm : ndarray, shape (E,)
        These, and as many places between them as along u and v: what lies between two is gathered in samples.
    scanlines : int
        How many scanlines find the shape within a row of cells.
    """

    u_mm: float
    v_mm: float
    w_mm: float
    u_edges_mm: Floats
    v_edges_mm: Floats
    w_planes_mm: Floats
    w_edges_mm: Floats
    scanlines: int


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Lines:
    """Samples in lines.

    Attributes
    ----------
    axes : ndarray, shape (3, 3)
        Rows u, v, w: unit vectors in the DICOM patient system.
    line : ndarray of int, shape (n,)
        Line of each sample.
    u_mm, aside_mm, above_mm : ndarray, shape (n,)
        Its centre along u, and how far along v and along w from its line.
    length_mm, height_mm, thickness_mm : ndarray, shape (n,)
        Its size along u, v and w: that of a box whose parts lie as far from its centre on average.
    v_mm, w_mm : ndarray, shape (L,)
        Where each line lies.
    weight_cm3 : ndarray, shape (n,)
        Volume of each sample.
    """

    axes: Floats
    line: Integers
    u_mm: Floats
    aside_mm: Floats
    above_mm: Floats
    length_mm: Floats
    height_mm: Floats
    thickness_mm: Floats
    v_mm: Floats
    w_mm: Floats
    weight_cm3: Floats

    @property
    def points_mm(self) -> Floats:
        """Centres (x, y, z) of the samples, shape (n, 3)."""
        return self.local_mm @ self.axes

    @property
    def local_mm(self) -> Floats:
        """Centres (u, v, w) of the samples, shape (n, 3)."""
        v, w = self.v_mm[self.line] + self.aside_mm, self.w_mm[self.line] + self.above_mm
        return np.column_stack((self.u_mm, v, w))


def lines_of(sections: Sequence[Section], axes: Floats, steps: Steps) -> Iterator[Lines]:
    """The samples of sections, batch by batch."""
    shift = np.zeros(len(sections))
    if steps.scanlines > 1:
        # An edge along u falls wholly on one side of a scanline. Where all planes have it in the same place, as
        # contours along pixels do, they must not all err alike.
        parts = np.arange(len(sections)) * _GOLDEN % 1.0 - 0.5
        shift += parts * (steps.v_mm / steps.scanlines)
    found = scanned(
        [section.loops for section in sections], divided(steps.v_edges_mm, steps.scanlines), shift
    )
    of = np.repeat(np.arange(len(sections)), [len(section.w_mm) for section in sections])
    layers = Layers(of, *(np.concatenate([section[i] for section in sections]) for i in range(2, 5)))
    area = np.array([section.area_mm2 for section in sections])
    return lines_in_layers(found, layers, area, axes, steps)


def lines_in_layers(
    found: Stretches, layers: Layers, area_mm2: Floats, axes: Floats, steps: Steps
) -> Iterator[Lines]:
    """Samples of what lies inside on scanlines, each section of which stands in some layers, batch by batch.

    Parameters
    ----------
    found : Stretches
        What lies inside on the scanlines of sections.
    layers : Layers
        The layers of all sections.
    area_mm2 : ndarray, shape (S,)
        The areas of the sections, to which what was found is scaled.
    axes, steps
        As of the samples.
    """
    tiers = tiers_of(layers, steps.w_edges_mm)
    pieces = tiers.pieces
    area = np.asarray(np.bincount(pieces.tier, pieces.share * area_mm2[pieces.section]), np.float64)
    size = (area / (steps.u_mm * steps.v_mm) + 10) * tiers.times
    batch = (np.cumsum(size) - size) // BATCH
    runs = runs_of(found, steps.u_edges_mm, steps.v_edges_mm)
    ends = np.append(np.flatnonzero(np.diff(batch)) + 1, len(batch))
    for first, end in zip([0, *ends[:-1].tolist()], ends.tolist(), strict=True):
        yield _lines(runs, tiers.between(first, end), area[first:end], axes)


def _lines(runs: Runs, tiers: Tiers, area_mm2: Floats, axes: Floats) -> Lines:
    """The samples of some tiers."""
    rows, tier_of_row = rows_of(runs, tiers)
    cells = cells_of(runs, rows)
    scanned_mm2 = np.bincount(tier_of_row[cells.row], cells.area_mm2, len(area_mm2))
    scale = np.divide(area_mm2, scanned_mm2, out=np.zeros(len(area_mm2)), where=scanned_mm2 > 0)
    # Each row stands in all layers of its tier.
    times = tiers.times[tier_of_row]
    first = np.cumsum(times) - times
    of_row = np.repeat(np.arange(len(times)), times)
    first_layer = np.cumsum(tiers.times) - tiers.times
    of_layer = first_layer[tier_of_row[of_row]] + np.arange(len(of_row)) - first[of_row]
    thickness = tiers.thickness_mm[of_layer]
    weight = thickness * tiers.part[of_layer] * (scale / 1000.0)[tier_of_row[of_row]]
    place = compiled(sample_loops.in_layers) or _in_layers
    line, u, aside, above, length, height, thick, volume = place(*cells, first, times, thickness, weight)
    return Lines(
        axes=axes,
        line=line,
        u_mm=u,
        aside_mm=aside,
        above_mm=above,
        length_mm=length,
        height_mm=height,
        thickness_mm=thick,
        v_mm=rows.v_mm[of_row],
        w_mm=tiers.w_mm[of_layer] + rows.above[of_row] * thickness,
        weight_cm3=volume,
    )


def _in_layers(
    row: Integers,
    u_mm: Floats,
    aside_mm: Floats,
    above: Floats,
    length_mm: Floats,
    height_mm: Floats,
    thickness: Floats,
    area_mm2: Floats,
    first: Integers,
    times: Integers,
    layer_mm: Floats,
    weight: Floats,
) -> tuple[Integers, Floats, Floats, Floats, Floats, Floats, Floats, Floats]:
    """Cells of rows in each of their layers: line, and as of `Lines`.

    Parameters
    ----------
    row, u_mm, aside_mm, above, length_mm, height_mm, thickness, area_mm2
        As of `Cells`.
    first, times : ndarray of int, shape (R,)
        The first line of each row, and in how many it stands.
    layer_mm, weight : ndarray, shape (L,)
        Thickness of the layer of each line, and what a mm2 on it weighs.
    """
    if (times == 1).all():  # each row is a line
        mm = layer_mm[row]
        return row, u_mm, aside_mm, above * mm, length_mm, height_mm, thickness * mm, weight[row] * area_mm2
    repeats = times[row]
    cell = np.repeat(np.arange(len(repeats)), repeats)
    line = np.arange(len(cell)) + (first[row] - (np.cumsum(repeats) - repeats))[cell]
    u, aside, length, height = (values[cell] for values in (u_mm, aside_mm, length_mm, height_mm))
    mm = layer_mm[line]
    return (
        line,
        u,
        aside,
        above[cell] * mm,
        length,
        height,
        thickness[cell] * mm,
        weight[line] * area_mm2[cell],
    )


def divided(edges: Floats, times: int) -> Floats:
    """Edges with others evenly between them, so that there are so many times as many distances."""
    places = np.arange((len(edges) - 1) * times + 1)
    return np.asarray(np.interp(places / times, np.arange(len(edges)), edges))
