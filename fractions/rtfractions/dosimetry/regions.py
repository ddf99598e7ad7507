"""Regions made of structures: what lies in one and not in another, in either, in both; margins and shells.

All structures of a region are cut by the same lines of a lattice, and are combined and grown there.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from rtfractions.dosimetry.dvh import DVH, DVHError
from rtfractions.dosimetry.engine import InterpolationOption, model_dvh
from rtfractions.dosimetry.lattices import Lattice, Segments, combined, with_margin
from rtfractions.dosimetry.modelling import (
    EndCapsOption,
    Size,
    StructureModel,
    model_of,
    steps_for,
)
from rtfractions.dosimetry.sampling import Lines, Steps, lines_in_layers
from rtfractions.dosimetry.scanline import Stretches, parted, scanned_on
from rtfractions.dosimetry.shapes import smallness
from rtfractions.dosimetry.tiers import Layers
from rtfractions.errors import Where
from rtfractions.grid import DoseGrid
from rtfractions.notices import Notice
from rtfractions.structures import Structure

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

MARGIN_LINES: Final = 20
"""At most so many lines lie within a margin on either side; a margin is then exact to a few hundredths of a mm."""

LINES_IN_A_STEP: Final = 8
"""Lines of a region without a margin in a step of its samples."""

MOST_MARGIN_MM: Final = 200.0
"""Larger margins are refused."""

_GOLDEN: Final = (5**0.5 - 1) / 2


@dataclass(frozen=True, slots=True, eq=False)
class Combined:
    """Two regions as one.

    Attributes
    ----------
    kind : str
        ``"union"``, ``"intersection"``, or ``"difference"``: what lies in the first and not in the second.
    first, second : Region
        The two.
    """

    kind: Literal["union", "intersection", "difference"]
    first: "Region"
    second: "Region"


@dataclass(frozen=True, slots=True, eq=False)
class Grown:
    """A region with a margin.

    Attributes
    ----------
    region : Region
        The region.
    margin_mm : float
        The margin, the same in all directions; below 0 the region shrinks.

    Raises
    ------
    DVHError
        If the margin is no number up to `MOST_MARGIN_MM`.
    """

    region: "Region"
    margin_mm: float

    def __post_init__(self) -> None:
        if not abs(self.margin_mm) <= MOST_MARGIN_MM:
            raise DVHError(f"a margin is at most {MOST_MARGIN_MM:g} mm, not {self.margin_mm:g} mm")


Region = Structure | Combined | Grown


def shell(region: Region, *, from_mm: float, to_mm: float) -> Combined:
    """What lies between two margins around a region, as 20 to 30 mm away from a target.

    Raises
    ------
    DVHError
        If a margin is too large, or the second is not larger than the first.
    """
    if not from_mm < to_mm:
        raise DVHError(f"a shell from {from_mm:g} mm to {to_mm:g} mm has no thickness")
    return Combined("difference", Grown(region, to_mm), Grown(region, from_mm) if from_mm else region)


def region_dvh(
    region: Region,
    grid: DoseGrid,
    *,
    end_caps: EndCapsOption = "auto",
    dose_interpolation: InterpolationOption = "auto",
) -> DVH:
    """The dose-volume histogram of a region; parameters as of `structure_dvh`.

    Raises
    ------
    DVHError
        If the region is empty, its structures are not drawn on parallel planes in one orientation and one frame
        of reference, or it lies outside the dose grid.
    """
    model = region_model(region, (grid,), end_caps=end_caps)
    return model_dvh(model, (grid,), dose_interpolation=dose_interpolation)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class RegionModel:
    """A region on a lattice of lines; attributes as of `Model`."""

    axes: Floats
    lattice: Lattice
    inside: Segments
    size: Size
    end_caps: str
    small: float
    where: Where
    notices: tuple[Notice, ...]

    @property
    def surface_mm(self) -> Floats:
        """Both ends of all segments."""
        line = np.concatenate((self.inside.line, self.inside.line))
        u = np.concatenate((self.inside.start_mm, self.inside.end_mm))
        v, w, _ = self.lattice.places(line)
        return np.column_stack((u, v, w))

    def lines(self, steps: Steps) -> Iterator[Lines]:
        """Its samples, batch by batch; across its lines as coarse as these."""
        lattice, (line, start, end) = self.lattice, self.inside
        half = lattice.thickness_mm / 2
        parts = parted(lattice.w_mm - half, lattice.w_mm + half, steps.w_planes_mm)
        numbers, own = np.unique(line, return_inverse=True)
        planes, of_plane = np.unique(numbers // lattice.lines, return_inverse=True)
        height = np.full(len(numbers), lattice.v_step_mm)
        found = Stretches(own, start, end, of_plane, self.lattice.places(numbers)[0], height)
        within = np.isin(parts.of, planes)
        low, high = parts.low[within], parts.high[within]
        section = np.searchsorted(planes, parts.of[within])
        layers = Layers(section, (low + high) / 2, high - low, np.ones(len(low)))
        area = lattice.length_mm(self.inside)[planes] * lattice.v_step_mm
        return lines_in_layers(found, layers, area, self.axes, steps)

    def contains(self, point_mm: Floats) -> bool:
        """Whether a point (u, v, w) lies inside, by the line next to it."""
        u, v, w = point_mm.tolist()
        layer = int(np.argmin(np.abs(self.lattice.w_mm - w)))
        number = int((v - self.lattice.v_low_mm[layer]) // self.lattice.v_step_mm)
        line = layer * self.lattice.lines + number
        some = slice(*np.searchsorted(self.inside.line, (line, line + 1)))
        return bool(np.any((self.inside.start_mm[some] <= u) & (u <= self.inside.end_mm[some])))


def region_model(
    region: Region, grids: Sequence[DoseGrid], *, end_caps: EndCapsOption = "auto"
) -> RegionModel:
    """A region on lines; parameters and refusals as of `region_dvh`."""
    structures = list(dict.fromkeys(_structures(region)))
    where = Where(structure=_name(region))
    _check_together(structures, where)
    grown = _margin(region) > 0
    models = {one: model_of(one, grids, end_caps=end_caps, always_shaped=grown) for one in structures}
    axes = structures[0].axes
    some = list(models.values())
    # The finest that one of the structures asks for: what is left of two may be as thin as the thinner.
    steps = np.min([steps_for(model, grids)[:3] for model in some], axis=0)
    lattice = _lattice(region, models, steps)
    inside = _inside(region, models, lattice)
    volume = float(lattice.length_mm(inside) @ lattice.thickness_mm) * lattice.v_step_mm
    if not volume > 0:
        raise DVHError("nothing is left of it", remedy="see whether its structures meet", where=where)
    told = {model.end_caps for model in some}
    return RegionModel(
        axes=axes,
        lattice=lattice,
        inside=inside,
        size=Size(volume_mm3=volume, breadth_mm=min(model.size.breadth_mm for model in some)),
        end_caps=told.pop() if len(told) == 1 else "tapered and half",
        small=smallness(volume / 1000.0),
        where=where,
        notices=tuple(notice for model in some for notice in model.notices),
    )


def _structures(region: Region) -> Iterator[Structure]:
    if isinstance(region, Structure):
        yield region
    elif isinstance(region, Grown):
        yield from _structures(region.region)
    else:
        yield from _structures(region.first)
        yield from _structures(region.second)


def _name(region: Region) -> str:
    if isinstance(region, Structure):
        return region.name
    if isinstance(region, Grown):
        return f"{_name(region.region)} {region.margin_mm:+g} mm"
    sign = {"union": "+", "intersection": "&", "difference": "-"}[region.kind]
    return f"({_name(region.first)} {sign} {_name(region.second)})"


def _margin(region: Region) -> float:
    """How far a region and its complement may reach from its structures."""
    if isinstance(region, Structure):
        return 0.0
    if isinstance(region, Grown):
        return _margin(region.region) + abs(region.margin_mm)
    return max(_margin(region.first), _margin(region.second))


def _check_together(structures: Sequence[Structure], where: Where) -> None:
    first = structures[0]
    for other in structures[1:]:
        if other.frame_of_reference_uid != first.frame_of_reference_uid:
            raise DVHError("its structures lie in different frames of reference", where=where)
        if not np.allclose(other.axes, first.axes, atol=1e-6):
            problem = "its structures are drawn in different orientations"
            raise DVHError(problem, remedy="combine them in the planning system", where=where)


def _lattice(region: Region, models: dict[Structure, StructureModel], steps: Floats) -> Lattice:
    """Lines through all structures and what margins reach."""
    margin = _margin(region)
    step_v, step_w = steps[1] / LINES_IN_A_STEP, steps[2]
    if margin:
        step_v = step_w = max(float(steps.min()) / 2, margin / MARGIN_LINES)
    intervals = [one for model in models.values() for _, one in model.solid.intervals]
    v = [loop[:, 1] for model in models.values() for plane in model.structure.planes for loop in plane.loops]
    v_low, v_high = min(float(one.min()) for one in v), max(float(one.max()) for one in v)
    # A cap, or a section between planes, may reach a little further than the contours.
    reach = margin + 0.15 * (v_high - v_low) + step_v
    lines = int(np.ceil((v_high - v_low + 2 * reach) / step_v))
    bounds = np.unique([bound for one in intervals for bound in (one.low_mm, one.high_mm)])
    if margin:
        beyond = int(np.ceil(margin / step_w)) + 1
        count = int(np.ceil((bounds[-1] - bounds[0]) / step_w)) + 2 * beyond
        edges = bounds[0] + (np.arange(count + 1, dtype=np.float64) - beyond) * step_w
    else:
        bounds = bounds[np.concatenate(([True], np.diff(bounds) > 1e-6))]
        counts = np.maximum(np.ceil(np.diff(bounds) / step_w), 1).astype(int)
        parts = [
            np.linspace(low, high, count, endpoint=False)
            for low, high, count in zip(bounds[:-1], bounds[1:], counts, strict=True)
        ]
        edges = np.concatenate((*parts, bounds[-1:]))
    begins = np.full(len(edges) - 1, v_low - reach)
    if (
        not margin
    ):  # so that edges along u, which fall wholly on one side of a line, do not err alike in all layers
        begins += np.arange(len(begins)) * _GOLDEN % 1.0 * step_v
    return Lattice(begins, step_v, lines + 1, (edges[1:] + edges[:-1]) / 2, np.diff(edges))


def _inside(region: Region, models: dict[Structure, StructureModel], lattice: Lattice) -> Segments:
    if isinstance(region, Structure):
        return _of_structure(models[region], lattice)
    if isinstance(region, Grown):
        return with_margin(_inside(region.region, models, lattice), region.margin_mm, lattice)
    first, second = (_inside(one, models, lattice) for one in (region.first, region.second))
    rules: dict[str, Callable[[Flags, Flags], Flags]] = {
        "union": np.logical_or,
        "intersection": np.logical_and,
        "difference": lambda a, b: a & ~b,
    }
    return combined((first, second), rules[region.kind])


def _of_structure(model: StructureModel, lattice: Lattice) -> Segments:
    """A structure on the lattice. Of sections that fill parts of a layer, one is taken for the whole.

    Which one is taken is the same for all structures on a layer, and even over the layers.
    """
    chance = np.arange(1, len(lattice.w_mm) + 1) * _GOLDEN % 1.0
    taken: dict[int, tuple[Floats, ...]] = {}
    filled = np.zeros(len(lattice.w_mm))
    for weight, interval in model.solid.intervals:
        first, last = np.searchsorted(lattice.w_mm, (interval.low_mm, interval.high_mm))
        within = np.arange(first, last)
        if not len(within):
            continue
        for section in interval.sections(lattice.w_mm[within], lattice.thickness_mm[within]):
            layers = np.searchsorted(lattice.w_mm, section.w_mm)
            before = filled[layers]
            filled[layers] = before + section.part * weight
            for layer in layers[(before <= chance[layers]) & (chance[layers] < filled[layers])]:
                taken[int(layer)] = section.loops
    if not taken:
        return Segments(np.zeros(0, np.int64), np.zeros(0), np.zeros(0))
    layers = np.array(sorted(taken))
    found = scanned_on(
        [taken[k] for k in layers.tolist()], lattice.v_low_mm[layers], lattice.v_step_mm, lattice.lines
    )
    plane, number = np.divmod(found[0], lattice.lines)
    return Segments(layers[plane] * lattice.lines + number, found[1], found[2])


def union(*regions: Region) -> Region:
    """What lies in any of some regions, as both kidneys."""
    return reduce(lambda a, b: Combined("union", a, b), regions)
