"""Targets within targets, which are treated by one method, so that no method alone makes the inner one colder."""

from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rtfractions.dosimetry.outlines import crossings_beyond
from rtfractions.structures import Structure

Floats = NDArray[np.float64]

TARGET_TYPES: Final = ("GTV", "CTV", "PTV")
"""Interpreted types of structures that are targets."""

NESTED_SLACK_MM: Final = 0.5
"""A target may reach so far beyond another that is drawn around it."""

MOST_POINTS: Final = 200
"""Most points of the inner target that are looked for in the outer one."""


def outer_volumes_cm3(structures: Iterable[Structure]) -> dict[int, float]:
    """Of each target within another, by number, the volume of the largest around it.

    Parameters
    ----------
    structures : iterable of Structure
        A structure set's, targets and others.

    Notes
    -----
    A target is within another that is no smaller, when it reaches nowhere farther than that, and most of it lies
    inside its contours: what lies between two parts of a target, or beside one that is bent, does not.
    """
    targets = [
        (structure, volume, structure.vertices_mm)
        for structure in structures
        if structure.interpreted_type in TARGET_TYPES and (volume := structure.volume_cm3) is not None
    ]
    boxes = [(points.min(axis=0), points.max(axis=0)) for _, _, points in targets]
    found: dict[int, float] = {}
    for (inner, volume, _), (low, high) in zip(targets, boxes, strict=True):
        around = [
            other_volume
            for (other, other_volume, _), (other_low, other_high) in zip(targets, boxes, strict=True)
            if other is not inner
            and other_volume >= volume
            and (other_low <= low + NESTED_SLACK_MM).all()
            and (other_high >= high - NESTED_SLACK_MM).all()
            and _mostly_inside(inner, other)
        ]
        if around:
            found[inner.number] = max(around)
    return found


def _mostly_inside(inner: Structure, outer: Structure) -> bool:
    """Whether most points well inside the contours of one lie inside the other's, on the plane next to each."""
    points = np.concatenate([_well_inside(loop) for plane in inner.planes for loop in plane.loops])
    at = np.concatenate([np.full(4 * len(plane.loops), plane.position_mm) for plane in inner.planes])
    local = np.column_stack((points, at)) @ inner.axes @ outer.axes.T
    some = local[:: len(local) // MOST_POINTS + 1]
    positions = outer.positions_mm
    inside = 0
    for u, v, w in some.tolist():
        plane = outer.planes[int(np.abs(positions - w).argmin())]
        inside += sum(crossings_beyond(loop, u, v) for loop in plane.loops) % 2
    return inside > len(some) / 2


def _well_inside(loop: Floats) -> Floats:
    """Four points half way between a loop's middle and points of it, shape (4, 2): off the edge it may share."""
    quarters = loop[np.arange(4) * len(loop) // 4]
    half_way: Floats = (quarters + loop.mean(axis=0)) / 2
    return half_way
