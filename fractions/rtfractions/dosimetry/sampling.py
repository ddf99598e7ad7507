"""Samples of a solid: pieces of scanlines with their middles, sizes and weights.

Samples stand in lines along u, all of a line at one v and w.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rtfractions.compiled import compiled
from rtfractions.dosimetry import sample_loops
from rtfractions.dosimetry.scanline import cut, scanned
from rtfractions.dosimetry.shapes import Section

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

BATCH: Final = 2**16
"""About how many samples are held at once with all that belongs to them."""


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
    """

    u_mm: float
    v_mm: float
    w_mm: float
    u_edges_mm: Floats
    v_edges_mm: Floats
    w_planes_mm: Floats


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
    found = scanned([section.loops for section in sections], steps.v_edges_mm)
    layers = np.array([len(section.w_mm) for section in sections])
    area = np.array([section.area_mm2 for section in sections])
    w, thickness, part = (np.concatenate([section[i] for section in sections]) for i in range(2, 5))
    in_layers = compiled(sample_loops.in_layers) or _in_layers
    of_line, of_layer, line, u, length, weight = in_layers(
        found.line,
        found.start_mm,
        found.end_mm,
        steps.u_edges_mm,
        found.plane_of_line,
        found.height_mm,
        area,
        layers,
        thickness,
        part,
    )
    return Lines(
        axes,
        line,
        u,
        length,
        found.v_mm[of_line],
        w[of_layer],
        found.height_mm[of_line],
        thickness[of_layer],
        weight,
    )


def _in_layers(
    line: Integers,
    start_mm: Floats,
    end_mm: Floats,
    edges_mm: Floats,
    plane_of_line: Integers,
    height_mm: Floats,
    area_mm2: Floats,
    layers: Integers,
    thickness_mm: Floats,
    part: Floats,
) -> tuple[Integers, Integers, Integers, Floats, Floats, Floats]:
    """Stretches cut into pieces, each line of a section standing in each of its layers.

    Returns
    -------
    of_line, of_layer : ndarray of int, shape (L,)
        Scanline and layer of each line of samples.
    line : ndarray of int, shape (n,)
        Line of each sample.
    u_mm, length_mm, weight_cm3 : ndarray, shape (n,)
    """
    pieces = cut(line, start_mm, end_mm, edges_mm)
    first_layer = np.cumsum(layers) - layers
    times = layers[plane_of_line]
    first = np.cumsum(times) - times
    of_line = np.repeat(np.arange(len(times)), times)
    plane = plane_of_line[of_line]
    of_layer = first_layer[plane] + np.arange(len(of_line)) - first[of_line]
    scanned_mm2 = np.bincount(
        plane_of_line[pieces.line], pieces.length_mm * height_mm[pieces.line], len(layers)
    )
    scale = np.divide(area_mm2, scanned_mm2, out=np.zeros_like(area_mm2), where=scanned_mm2 > 0)
    weight = height_mm[of_line] * thickness_mm[of_layer] * part[of_layer] * scale[plane] / 1000.0
    line, u, length = pieces
    if (layers != 1).any():
        repeats = times[pieces.line]
        piece = np.repeat(np.arange(len(repeats)), repeats)
        nth = np.arange(len(piece)) - np.repeat(np.cumsum(repeats) - repeats, repeats)
        line, u, length = first[line[piece]] + nth, u[piece], length[piece]
    return of_line, of_layer, line, u, length, weight[line] * length
