"""Structures as solids: which shape, which ends, and how finely they are sampled."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from rtfractions.dosimetry.dvh import DVHError
from rtfractions.dosimetry.grid_places import ALIGNED, least_and_greatest
from rtfractions.dosimetry.sampling import Lines, Steps, lines_of
from rtfractions.dosimetry.shapes import EndCaps, Solid, mixed, shaped, smallness, stacked
from rtfractions.errors import Where
from rtfractions.grid import DoseGrid
from rtfractions.loops import joined
from rtfractions.notices import Notice
from rtfractions.structures import Structure

Floats = NDArray[np.float64]

EndCapsOption = Literal["auto", "half", "none", "tapered"]

SAMPLES: Final = 30_000
"""About how many samples a structure has at least."""

MOST_SAMPLES: Final = 8_000_000
"""Samples from which on steps are enlarged; a structure has about four times as many at most."""

_SCANLINES: Final = 5
"""About how many scanlines find the shape of a large structure within a voxel."""

_LARGER: Final = 0.25
"""Part of a step by which the distance of two planes may be larger without a place between them."""

_SAME: Final = 0.05
"""Part of a step by which planes of different grids may lie apart and count as one."""

_THINNED: Final = (1 + _LARGER) / 2
"""Part of a step that planes are at least apart where there would be too many samples.

So every other one is left out only where a step is then as large as their distance, and they are no edges either.
"""

_ASKEW: Final = 3
"""How much finer the steps are where a grid lies askew, so that samples cannot end at its voxels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """What decides how finely something is sampled.

    Attributes
    ----------
    volume_mm3 : float
        Its volume.
    breadth_mm : float
        Area over perimeter of its sections: half the width of a thin wall.
    """

    volume_mm3: float
    breadth_mm: float


class Model(Protocol):
    """Something that has a volume in space and can be sampled."""

    @property
    def axes(self) -> Floats:
        """Rows u, v, w: unit vectors in the DICOM patient system, shape (3, 3)."""
        ...

    @property
    def size(self) -> Size:
        """What decides how finely it is sampled."""
        ...

    @property
    def surface_mm(self) -> Floats:
        """Points (u, v, w) on its surface, shape (N, 3)."""
        ...

    @property
    def end_caps(self) -> str:
        """What lies beyond its outermost planes, for the report."""
        ...

    @property
    def small(self) -> float:
        """How far it is treated as small, 0 to 1."""
        ...

    @property
    def where(self) -> Where:
        """For messages."""
        ...

    @property
    def notices(self) -> tuple[Notice, ...]:
        """What must be told of it."""
        ...

    def lines(self, steps: Steps) -> Iterator[Lines]:
        """Its samples, batch by batch."""
        ...

    def contains(self, point_mm: Floats) -> bool:
        """Whether a point (u, v, w) lies inside."""
        ...


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class StructureModel:
    """A structure as a solid; attributes as of `Model`."""

    structure: Structure
    solid: Solid
    size: Size
    end_caps: str
    small: float
    notices: tuple[Notice, ...]

    @property
    def axes(self) -> Floats:
        """The structure's axes."""
        return self.structure.axes

    @property
    def surface_mm(self) -> Floats:
        """Vertices of contours, and of the faces of the ends."""
        return self.solid.surface_mm

    @property
    def where(self) -> Where:
        """The structure's name."""
        return Where(structure=self.structure.name)

    def lines(self, steps: Steps) -> Iterator[Lines]:
        """Its samples, batch by batch."""
        return lines_of(self.solid.sections(steps.w_mm, steps.w_planes_mm), self.axes, steps)

    def contains(self, point_mm: Floats) -> bool:
        """Whether a point (u, v, w) lies inside."""
        return self.solid.contains(*point_mm.tolist())


def model_of(
    structure: Structure,
    grids: Sequence[DoseGrid],
    *,
    end_caps: EndCapsOption = "auto",
    outer_volume_cm3: float | None = None,
    always_shaped: bool = False,
) -> StructureModel:
    """A structure as a solid.

    Parameters
    ----------
    structure : Structure
        With closed contours.
    grids : sequence of DoseGrid
        A single plane without a stated thickness is as thick as the voxels of the first.
    end_caps : str
        ``"half"`` a slice beyond the outermost planes, ``"none"``, ``"tapered"`` as the shape suggests, or
        ``"auto"``: tapered for small structures, half for large ones.
    outer_volume_cm3 : float, optional
        Volume of the largest target around a target: nested targets get one method, that of the outermost.
    always_shaped : bool
        Whether large structures, too, get a shape between their planes: the steps of a stack of slabs would
        distort a margin.

    Raises
    ------
    DVHError
        If it has no closed contours, or they enclose nothing.
    """
    where = Where(structure=structure.name)
    if not structure.planes:
        problem = "it has no closed contours, and so no volume"
        raise DVHError(problem, remedy="draw it in the planning system", where=where)
    notices = structure.notices
    slabs = structure.slabs_mm
    if slabs is None:
        thickness = voxel_mm(grids[0], structure.axes)[2]
        position = structure.planes[0].position_mm
        slabs = position + np.array([[-0.5, 0.5]]) * thickness
        message = f"it has a single plane, taken as thick as the voxels of the dose: {thickness:g} mm"
        notices += (Notice("dvh.one-slice", message, where),)
    areas = np.array([plane.area_mm2 for plane in structure.planes])
    volume_mm3 = float(areas @ (slabs[:, 1] - slabs[:, 0]))
    if not volume_mm3 > 0:
        raise DVHError("its contours enclose nothing", remedy="draw it again", where=where)
    small = smallness(max(volume_mm3 / 1000.0, outer_volume_cm3 or 0.0))
    size = Size(volume_mm3=volume_mm3, breadth_mm=float(areas.sum()) / _perimeter(structure))
    for_small: EndCaps = "tapered" if end_caps == "auto" else end_caps
    for_large: EndCaps = "half" if end_caps == "auto" else end_caps
    if small == 1 or always_shaped:
        solid, caps = shaped(structure, slabs, for_small), for_small
    elif small == 0:
        solid, caps = stacked(structure, slabs, for_large), for_large
    else:
        solid = mixed(shaped(structure, slabs, for_small), stacked(structure, slabs, for_large), small)
        caps = for_small
    if not solid.intervals:
        problem = "without end caps a single plane has no volume"
        raise DVHError(problem, remedy="ask for half a slice beyond it", where=where)
    told = caps if always_shaped or for_small == for_large or small in (0, 1) else "tapered and half"
    return StructureModel(
        structure=structure, solid=solid, size=size, end_caps=told, small=small, notices=notices
    )


def steps_for(model: Model, grids: Sequence[DoseGrid]) -> Steps:
    """How finely something is sampled: no coarser than the dose, nor than its volume and breadth ask for.

    Between planes of voxels a linearly interpolated dose has no kink, and its mean is that in the middle, but for
    products of coordinates. So samples end at the planes of all grids.

    Notes
    -----
    Where that makes more than `MOST_SAMPLES`, all steps are enlarged alike, and samples end at some planes only.
    """
    planes = [[_planes_mm(grid, model.axes, axis) for grid in grids] for axis in range(3)]
    askew = any(one is None for some in planes for one in some)
    voxels = np.min([voxel_mm(grid, model.axes) for grid in grids], axis=0) / (_ASKEW if askew else 1)
    steps = np.minimum(voxels, (model.size.volume_mm3 / SAMPLES) ** (1 / 3))
    steps[:2] = np.minimum(steps[:2], model.size.breadth_mm)
    samples = model.size.volume_mm3 / float(np.prod(steps))
    enlarged = max(samples / MOST_SAMPLES, 1.0) ** (1 / 3)
    steps *= enlarged
    apart = steps * (_THINNED if enlarged > 1 else _SAME)
    low, high = least_and_greatest(model.surface_mm)
    # A cap, or a section between planes, may reach a little further than the contours.
    low, high = low - 0.2 * (high - low), high + 0.2 * (high - low)
    u, v, w = (
        _joined([one for one in some if one is not None], float(least))
        for some, least in zip(planes, apart, strict=True)
    )
    return Steps(
        u_mm=float(steps[0]),
        v_mm=float(steps[1]),
        w_mm=float(steps[2]),
        u_edges_mm=_edges(u, float(steps[0]), float(low[0]), float(high[0])),
        v_edges_mm=_edges(v, float(steps[1]), float(low[1]), float(high[1])),
        w_planes_mm=w,
        w_edges_mm=_edges(w, float(steps[2]), float(low[2]), float(high[2])),
        # A spline is read in the middle of a row of cells, where a linear dose is known anywhere in it.
        scanlines=1 if model.small == 1 else int(np.ceil(_SCANLINES * steps[1] / voxels[1])),
    )


def _planes_mm(grid: DoseGrid, axes: Floats, axis: int) -> Floats | None:
    """Where along an axis the planes of voxels of a grid lie, ascending; None where they are askew to it."""
    turn = grid.axes @ axes[axis]
    of_grid = int(np.argmax(np.abs(turn)))
    if np.delete(np.abs(turn), of_grid).max() > ALIGNED:
        return None
    count = grid.shape[of_grid]
    offsets = grid.frame_offsets_mm if of_grid == 0 else np.arange(count) * grid.spacing_mm[of_grid - 1]
    return np.sort(axes[axis] @ grid.origin_mm + turn[of_grid] * offsets)


def _joined(planes: list[Floats], apart_mm: float) -> Floats:
    """The planes of some grids, ascending, of those nearer to each other only some."""
    every = np.sort(np.concatenate([np.zeros(0), *planes]))
    if (np.diff(every) > apart_mm).all():
        return every
    kept: list[float] = []
    for one in every.tolist():
        if not kept or one - kept[-1] > apart_mm:
            kept.append(one)
    return np.array(kept)


def _edges(planes_mm: Floats, step_mm: float, low_mm: float, high_mm: float) -> Floats:
    """Planes, and places between and beyond them about a step apart, from low to high."""
    if not len(planes_mm):
        planes_mm = np.array([low_mm])
    first, last = float(planes_mm[0]), float(planes_mm[-1])
    before = first - step_mm * np.arange(np.ceil(max(first - low_mm, 0.0) / step_mm), 0, -1)
    after = last + step_mm * np.arange(1, np.ceil(max(high_mm - last, 0.0) / step_mm) + 1)
    gaps = np.diff(planes_mm)
    times = np.where(gaps <= (1 + _LARGER) * step_mm, 1, np.ceil(gaps / step_mm)).astype(np.int64)
    nth = np.arange(times.sum()) - np.repeat(np.cumsum(times) - times, times)
    between = np.repeat(planes_mm[:-1], times) + nth * np.repeat(gaps / times, times)
    edges = np.concatenate((before, between, planes_mm[-1:], after))
    within = np.searchsorted(edges, (low_mm, high_mm))
    return edges[max(within[0] - 1, 0) : within[1] + 1]


def voxel_mm(grid: DoseGrid, axes: Floats) -> Floats:
    """Distance of voxels along some axes, shape (3,): where these are oblique, to the next plane of voxels."""
    along = np.abs(grid.axes @ axes.T)
    spacing = np.array([grid.frame_spacing_mm[0], *grid.spacing_mm])
    distance: Floats = (spacing[:, None] / np.maximum(along, 1e-9)).min(axis=0)
    return distance


def _perimeter(structure: Structure) -> float:
    points, starts = joined([loop for plane in structure.planes for loop in plane.loops])
    squared = np.zeros(len(points))
    for axis in (0, 1):
        along = np.ascontiguousarray(points[:, axis])
        edges = np.empty_like(along)
        np.subtract(along[1:], along[:-1], out=edges[:-1])
        edges[starts[1:] - 1] = along[starts[:-1]] - along[starts[1:] - 1]
        squared += edges * edges
    return float(np.sqrt(squared).sum())
