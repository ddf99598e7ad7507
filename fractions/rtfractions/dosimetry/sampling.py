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
from rtfractions.dosimetry.scanline import Stretches, scanned
from rtfractions.dosimetry.shapes import Section

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
    scanlines : int
        How many scanlines find the shape within a row of cells.
    """

    u_mm: float
    v_mm: float
    w_mm: float
    u_edges_mm: Floats
    v_edges_mm: Floats
    w_planes_mm: Floats
    scanlines: int


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """Samples in lines.

    Attributes
    ----------
    axes : ndarray, shape (3, 3)
        Rows u, v, w: unit vectors in the DICOM patient system.
    line : ndarray of int, shape (n,)
        Line of each sample.
    u_mm, aside_mm : ndarray, shape (n,)
        Its centre along u, and how far along v from its line.
    length_mm, height_mm : ndarray, shape (n,)
        Its size along u and v: that of a box whose parts lie as far from its centre on average.
    v_mm, w_mm, thickness_mm : ndarray, shape (L,)
        Where each line lies, and its size along w.
    weight_cm3 : ndarray, shape (n,)
        Volume of each sample.
    """

    axes: Floats
    line: Integers
    u_mm: Floats
    aside_mm: Floats
    length_mm: Floats
    height_mm: Floats
    v_mm: Floats
    w_mm: Floats
    thickness_mm: Floats
    weight_cm3: Floats

    @property
    def points_mm(self) -> Floats:
        """Centres (x, y, z) of the samples, shape (n, 3)."""
        return self.local_mm @ self.axes

    @property
    def local_mm(self) -> Floats:
        """Centres (u, v, w) of the samples, shape (n, 3)."""
        return np.column_stack((self.u_mm, self.v_mm[self.line] + self.aside_mm, self.w_mm[self.line]))


class Layers(NamedTuple):
    """The layers in which sections stand.

    Attributes
    ----------
    times : ndarray of int, shape (S,)
        How many layers each section has.
    w_mm, thickness_mm : ndarray, shape (M,)
        Middle and thickness of all layers, section by section.
    part : ndarray, shape (M,)
        Part of each that is filled.
    """

    times: Integers
    w_mm: Floats
    thickness_mm: Floats
    part: Floats


class Cells(NamedTuple):
    """What of cells lies inside.

    Attributes
    ----------
    strip : ndarray of int, shape (n,)
        Row of each cell, ascending.
    u_mm, aside_mm : ndarray, shape (n,)
        Centre of what is inside, along u, and along v from the middle of the row.
    length_mm, height_mm : ndarray, shape (n,)
        As of `Lines`.
    area_mm2 : ndarray, shape (n,)
        What is inside.
    """

    strip: Integers
    u_mm: Floats
    aside_mm: Floats
    length_mm: Floats
    height_mm: Floats
    area_mm2: Floats


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
    shift = np.zeros(len(sections))
    if steps.scanlines > 1:
        # An edge along u falls wholly on one side of a scanline. Where all planes have it in the same place, as
        # contours along pixels do, they must not all err alike.
        parts = np.arange(len(sections)) * _GOLDEN % 1.0 - 0.5
        shift += parts * (steps.v_mm / steps.scanlines)
    found = scanned(
        [section.loops for section in sections], divided(steps.v_edges_mm, steps.scanlines), shift
    )
    count = np.array([len(section.w_mm) for section in sections])
    layers = Layers(count, *(np.concatenate([section[i] for section in sections]) for i in range(2, 5)))
    area = np.array([section.area_mm2 for section in sections])
    return lines_in_layers(found, layers, axes, steps, area)


def lines_in_layers(
    found: Stretches, layers: Layers, axes: Floats, steps: Steps, area_mm2: Floats | None = None
) -> Lines:
    """Samples of what lies inside on scanlines, each section of which stands in some layers.

    Parameters
    ----------
    found : Stretches
        What lies inside on the scanlines of sections.
    layers : Layers
        The layers of each section.
    axes, steps
        As of the samples.
    area_mm2 : ndarray, shape (S,), optional
        The exact areas of the sections, to which what was found is scaled.
    """
    strip_of_line, plane_of_strip, v_mm = _strips(found, steps.v_edges_mm)
    kept = found.end_mm > found.start_mm
    line, start, end = found.line[kept], found.start_mm[kept], found.end_mm[kept]
    edges = steps.u_edges_mm
    if len(line):  # whatever reaches beyond the edges is in one cell
        low, high = float(start.min()), float(end.max())
        edges = np.concatenate(([low] if low < edges[0] else [], edges, [high] if high > edges[-1] else []))
    aside = found.v_mm - v_mm[strip_of_line]
    find = compiled(sample_loops.cells) or _cells
    cells = Cells(*find(line, start, end, aside, found.height_mm, strip_of_line, edges))
    plane = plane_of_strip[cells.strip]
    scale = np.ones(len(layers.times))
    if area_mm2 is not None:
        scanned_mm2 = np.bincount(plane, cells.area_mm2, len(scale))
        scale = np.divide(area_mm2, scanned_mm2, out=np.zeros(len(scale)), where=scanned_mm2 > 0)
    # Each strip stands in all layers of its section.
    times = layers.times[plane_of_strip]
    first = np.cumsum(times) - times
    of_strip = np.repeat(np.arange(len(times)), times)
    first_layer = np.cumsum(layers.times) - layers.times
    of_layer = first_layer[plane_of_strip[of_strip]] + np.arange(len(of_strip)) - first[of_strip]
    weight = layers.thickness_mm[of_layer] * layers.part[of_layer] / 1000.0
    weight *= scale[plane_of_strip[of_strip]]
    place = compiled(sample_loops.in_layers) or _in_layers
    line, u, aside, length, height, volume = place(*cells, first, times, weight)
    return Lines(
        axes,
        line,
        u,
        aside,
        length,
        height,
        v_mm[of_strip],
        layers.w_mm[of_layer],
        layers.thickness_mm[of_layer],
        volume,
    )


def _in_layers(
    strip: Integers,
    u_mm: Floats,
    aside_mm: Floats,
    length_mm: Floats,
    height_mm: Floats,
    area_mm2: Floats,
    first: Integers,
    times: Integers,
    weight: Floats,
) -> tuple[Integers, Floats, Floats, Floats, Floats, Floats]:
    """Cells of strips in each of their layers: line, and as of `Lines`.

    Parameters
    ----------
    strip, u_mm, aside_mm, length_mm, height_mm, area_mm2
        As of `Cells`.
    first, times : ndarray of int, shape (S,)
        The first line of each strip, and in how many it stands.
    weight : ndarray, shape (L,)
        What a mm2 on each line weighs.
    """
    repeats = times[strip]
    if (repeats == 1).all():
        return first[strip], u_mm, aside_mm, length_mm, height_mm, weight[first[strip]] * area_mm2
    cell = np.repeat(np.arange(len(repeats)), repeats)
    line = np.arange(len(cell)) + (first[strip] - (np.cumsum(repeats) - repeats))[cell]
    u, aside, length, height = (values[cell] for values in (u_mm, aside_mm, length_mm, height_mm))
    return line, u, aside, length, height, weight[line] * area_mm2[cell]


def divided(edges: Floats, times: int) -> Floats:
    """Edges with others evenly between them, so that there are so many times as many distances."""
    places = np.arange((len(edges) - 1) * times + 1)
    return np.asarray(np.interp(places / times, np.arange(len(edges)), edges))


def _strips(found: Stretches, edges_mm: Floats) -> tuple[Integers, Integers, Floats]:
    """Rows of cells: that of each scanline, and the section and the middle along v of each row."""
    row = np.searchsorted(edges_mm, found.v_mm, side="right")
    begins = np.ones(len(row), bool)
    begins[1:] = (np.diff(row) != 0) | (np.diff(found.plane_of_line) != 0)
    firsts = np.flatnonzero(begins)
    lasts = np.concatenate((firsts[1:], [len(row)])) - 1
    low = found.v_mm[firsts] - found.height_mm[firsts] / 2
    high = found.v_mm[lasts] + found.height_mm[lasts] / 2
    return np.cumsum(begins) - 1, found.plane_of_line[firsts], (low + high) / 2


def _cells(
    line: Integers,
    start_mm: Floats,
    end_mm: Floats,
    aside_mm: Floats,
    height_mm: Floats,
    strip_of_line: Integers,
    edges_mm: Floats,
) -> tuple[Integers, Floats, Floats, Floats, Floats, Floats]:
    """What lies inside on scanlines, by cells.

    Parameters
    ----------
    line : ndarray of int, shape (m,)
        Scanline of each stretch.
    start_mm, end_mm : ndarray, shape (m,)
        From and to along u.
    aside_mm, height_mm : ndarray, shape (L,)
        Where each scanline lies along v, from the middle of its row, and its share in height.
    strip_of_line : ndarray of int, shape (L,)
        Row of each scanline, ascending.
    edges_mm : ndarray, shape (E,)
        Where cells end along u; no stretch reaches beyond.

    Returns
    -------
    tuple of ndarray, shape (n,)
        As of `Cells`.
    """
    if not len(line):
        none = np.zeros(0)
        return np.zeros(0, np.int64), none, none, none, none, none
    begin = np.searchsorted(edges_mm, start_mm, side="right") - 1
    end = np.maximum(np.searchsorted(edges_mm, end_mm, side="left") - 1, begin)
    least, columns = begin.min(), end.max() - begin.min() + 2  # one more, in which nothing lies
    edges = edges_mm[least : least + columns]
    begin, end = begin - least, end - least
    width, middle = np.diff(edges), (edges[1:] + edges[:-1]) / 2
    h, v = height_mm[line], aside_mm[line]
    row = strip_of_line[line] * columns
    size = (int(strip_of_line[-1]) + 1) * columns
    # Every cell that a stretch touches counts as full, and then what is missing at both ends is taken away.
    ends = np.concatenate((row + begin, row + end))
    turns = np.concatenate((row + begin, row + end + 1))
    missing = np.concatenate((start_mm - edges[begin], edges[end + 1] - end_mm))
    away = np.concatenate(
        ((start_mm + edges[begin]) / 2 - middle[begin], (edges[end + 1] + end_mm) / 2 - middle[end])
    )
    per_mm = {0: h, 1: h * v, 2: h * v**2 + h**3 / 12}
    filled = {k: np.cumsum(np.bincount(turns, np.concatenate((x, -x)), size)) for k, x in per_mm.items()}
    lost = {k: np.bincount(ends, np.concatenate((x, x)) * missing, size) for k, x in per_mm.items()}
    whole = np.append(width, 0.0)
    full = (filled[0].reshape(-1, columns) * whole).reshape(-1)
    area = full - lost[0]
    most = np.repeat(np.bincount(strip_of_line, height_mm), columns) * np.tile(whole, size // columns)
    kept = np.flatnonzero(area > sample_loops.LEAST_PART * most)
    strip, column = np.divmod(kept, columns)
    area, full, whole = area[kept], full[kept], width[column]
    both = np.concatenate((h, h)) * missing
    of_u = -np.bincount(ends, both * away, size)[kept] / area
    of_u2 = (full * whole**2 / 12 - np.bincount(ends, both * (away**2 + missing**2 / 12), size)[kept]) / area
    of_v, of_v2 = ((filled[k][kept] * whole - lost[k][kept]) / area for k in (1, 2))
    length, height = (np.sqrt(12 * np.maximum(b - a**2, 0.0)) for a, b in ((of_u, of_u2), (of_v, of_v2)))
    return strip, middle[column] + of_u, of_v, length, height, area
