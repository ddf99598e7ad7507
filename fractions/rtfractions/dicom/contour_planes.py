"""Closed contours, put on the planes they were drawn on, in any orientation."""

from collections import Counter
from itertools import islice, pairwise
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rtfractions.dicom.values import refusal
from rtfractions.errors import counted
from rtfractions.loops import (
    MAXIMUM_LOOPS,
    THINNEST_MM,
    boxes,
    boxes_meet,
    chosen,
    difference_mm2,
    measured,
    together,
)
from rtfractions.notices import Notice
from rtfractions.structures import Plane

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

PLANAR_MM: Final = 0.5
"""A point further than this from the plane of its contour is not on it."""

FLAT_MM: Final = 0.02
"""Contours that vary no more than this along x, y or z are drawn at right angles to it: the rest is rounding."""

ONE_PLANE_MM: Final = 0.1
"""Contours no further apart than this lie on one plane: no image has slices that close."""

ROUNDING_MM: Final = 0.01
"""Contours no further apart than this differ in position by rounding alone."""

COPY_GAP_MM: Final = 0.02
"""Two outlines on one plane that lie closer than this on average are one, written twice."""

REDRAWN_GAP_MM: Final = 1.0
"""Two outlines a little apart that lie closer than this on average are one, drawn twice: no wall is that thin."""

REDRAWN_OVERLAP: Final = 0.5
"""So are two that cross and have more than this part of their union in common."""

MAXIMUM_COMPARED: Final = 10_000
"""Most pairs of contours of like size and place on one plane that are compared."""

NOTABLE_PART: Final = 0.005
"""Part of a plane's area that crossings must concern to be worth a notice."""

_REPEATED_MM: Final = 1e-4
_SLACK_MM: Final = 1e-6
_AXES: Final = {2: (0, 1, 2), 0: (1, 2, 0), 1: (2, 0, 1)}


class Arranged(NamedTuple):
    """Contours on their planes.

    Attributes
    ----------
    axes : ndarray, shape (3, 3)
        Unit vectors u, v, w, as `Structure` has them.
    planes : tuple of Plane
        In ascending position.
    notices : tuple of Notice
        What was left out, and what is doubtful.
    """

    axes: Floats
    planes: tuple[Plane, ...]
    notices: tuple[Notice, ...]


def arranged(points_mm: Floats, starts: Integers) -> Arranged:
    """Put closed contours on their planes.

    Contours within `ONE_PLANE_MM` lie on one plane. There, an outline that repeats an earlier one is left out, so
    that the two do not cancel: on exactly the same plane when it is the same, a little apart when it is nearly.

    Parameters
    ----------
    points_mm : ndarray, shape (N, 3)
        Points (x, y, z) in mm of the contours, one after the other.
    starts : ndarray, shape (n + 1,)
        Where each contour begins.

    Raises
    ------
    DicomError
        If no contour encloses anything, if one is not planar, or if their planes are not parallel.
    """
    contours = len(starts) - 1
    points_mm, starts = _enough(*_unrepeated(points_mm, starts))
    if len(starts) == 1:
        raise refusal("ContourData", f"no contour of {contours} has three different points")
    axes, local = _turned(points_mm, starts)
    uv = np.ascontiguousarray(local[:, :2])
    positions = _positions(np.ascontiguousarray(local[:, 2]), starts)
    areas, twisted = measured(uv, starts)
    box = boxes(uv, starts)
    solid = np.flatnonzero(areas > THINNEST_MM * np.hypot(*(box[:, 2:] - box[:, :2]).T))
    if not len(solid):
        raise refusal("ContourData", f"no contour of {contours} encloses an area")
    counts: Counter[str] = Counter(empty=contours - len(solid))
    groups = [
        group if len(group) == 1 else _without_copies(group, uv, starts, positions, areas, box, counts)
        for group in _grouped(solid[np.argsort(positions[solid], kind="stable")], positions)
    ]
    order = np.concatenate(groups)
    plane = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
    uv, starts = chosen(uv, starts, order)
    area_mm2, overlap_mm2 = together(uv, starts, plane, areas[order])
    counts["overlapping"] = int(np.count_nonzero(overlap_mm2 > NOTABLE_PART * area_mm2))
    crosses = twisted[order] > NOTABLE_PART * area_mm2[plane]
    counts["crossing"] = len(np.unique(plane[crosses]))
    loops = (uv[first:last] for first, last in pairwise(starts.tolist()))
    planes = [
        Plane(_common(positions[group]), tuple(islice(loops, len(group))), known_area_mm2=area)
        for group, area in zip(groups, area_mm2.tolist(), strict=True)
    ]
    return Arranged(axes, tuple(planes), tuple(_notices(counts, contours)))


def _common(positions: Floats) -> float:
    """The position of a plane: that of its contours, exactly where they agree."""
    same = len(positions) == 1 or not np.ptp(positions)
    return float(positions[0] if same else positions.mean())


def _loops(group: Integers, uv: Floats, starts: Integers) -> tuple[Floats, ...]:
    return tuple([uv[starts[i] : starts[i + 1]] for i in group.tolist()])


def _unrepeated(points_mm: Floats, starts: Integers) -> tuple[Floats, Integers]:
    """The contours without a last point that is the first again."""
    last = starts[1:] - 1
    repeats = np.abs(points_mm[last] - points_mm[starts[:-1]]).max(axis=1) < _REPEATED_MM
    if not repeats.any():
        return points_mm, starts
    kept = np.ones(len(points_mm), bool)
    kept[last[repeats]] = False
    return points_mm[kept], starts - np.concatenate(([0], np.cumsum(repeats)))


def _enough(points_mm: Floats, starts: Integers) -> tuple[Floats, Integers]:
    """The contours of three points or more."""
    sizes = np.diff(starts)
    enough = sizes >= 3
    if enough.all():
        return points_mm, starts
    return points_mm[np.repeat(enough, sizes)], np.concatenate(([0], np.cumsum(sizes[enough])))


def _turned(points_mm: Floats, starts: Integers) -> tuple[Floats, Floats]:
    """The axes of the contours' planes, and the points along them."""
    extents = np.stack([_extents(points_mm[:, axis], starts) for axis in range(3)], axis=1)
    for normal in _AXES:
        if extents[:, normal].max() <= FLAT_MM:
            order = list(_AXES[normal])
            return np.eye(3)[order], points_mm[:, order]
    sizes = np.diff(starts)
    centred = points_mm - np.repeat(np.add.reduceat(points_mm, starts[:-1]) / sizes[:, None], sizes, axis=0)
    spreads, directions = np.linalg.eigh(centred.T @ centred)
    w = directions[:, 0]
    normal = int(np.abs(w).argmax())
    order = list(_AXES[normal])
    w = w * np.sign(w[normal])
    # Uneven points tilt the fit; a plane at right angles to an axis that fits about as well is the one meant.
    if (centred[:, normal] ** 2).sum() <= 4 * max(spreads[0], 0.0):
        axes = np.eye(3)[order]
    else:
        u = np.eye(3)[order[0]] - w[order[0]] * w
        u /= np.linalg.norm(u)
        axes = np.stack((u, np.cross(w, u), w))
    local = points_mm @ axes.T
    _check_planar(local[:, 2], starts)
    return axes, local


def _check_planar(w: Floats, starts: Integers) -> None:
    for i in np.flatnonzero(_extents(w, starts) > PLANAR_MM):
        part = slice(starts[i], starts[i + 1])
        off = float(np.abs(w[part] - np.median(w[part])).max())
        if off <= PLANAR_MM:
            continue
        problem = (
            f"a closed contour is not planar, or not parallel to the others: a point is {off:.1f} mm off"
        )
        raise refusal("ContourData", problem, "draw the structure on one set of slices")


def _positions(w: Floats, starts: Integers) -> Floats:
    """Where the plane of each contour lies: exactly where its points say, if they agree."""
    mean = np.add.reduceat(w, starts[:-1]) / np.diff(starts)
    return np.where(_extents(w, starts) > 0, mean, w[starts[:-1]])


def _extents(values: Floats, starts: Integers) -> Floats:
    values = np.ascontiguousarray(values)
    return np.asarray(np.maximum.reduceat(values, starts[:-1]) - np.minimum.reduceat(values, starts[:-1]))


def _grouped(order: Integers, positions: Floats) -> list[Integers]:
    """Contours on one plane, for each plane; `order` is that of their positions."""
    reach = ONE_PLANE_MM + _SLACK_MM
    breaks = np.flatnonzero(np.diff(positions[order]) > reach) + 1
    groups = []
    for group in np.split(order, breaks):
        while positions[group[-1]] - positions[group[0]] > reach:  # a chain of close contours
            first = int(np.searchsorted(positions[group], positions[group[0]] + reach, side="right"))
            groups.append(group[:first])
            group = group[first:]
        groups.append(group)
    return groups


def _without_copies(
    group: Integers,
    uv: Floats,
    starts: Integers,
    positions: Floats,
    areas: Floats,
    box: Floats,
    counts: Counter[str],
) -> Integers:
    """The contours of a plane, without those that repeat an earlier one; `counts` learns how many."""
    if len(group) > MAXIMUM_LOOPS:
        problem = (
            f"it has {len(group)} contours on one plane, more than the {MAXIMUM_LOOPS} that are told apart"
        )
        raise refusal("ContourData", problem)
    alike = np.argwhere(np.triu(_boxes_alike(box[group])))
    if len(alike) > MAXIMUM_COMPARED:
        problem = f"{len(alike)} pairs of its contours on one plane nearly cover each other"
        raise refusal("ContourData", problem, "export the structure set again")
    dropped: set[int] = set()
    for i, j in alike.tolist():
        if i in dropped or j in dropped:
            continue
        a, b = int(group[i]), int(group[j])
        apart = bool(abs(positions[a] - positions[b]) > ROUNDING_MM)
        one, other = _loops(group[[i, j]], uv, starts)
        if _is_copy(one, other, areas[[a, b]], apart=apart):
            dropped.add(j)
            counts["redrawn" if apart else "repeated"] += 1
    return np.delete(group, sorted(dropped)) if dropped else group


def _boxes_alike(box: Floats) -> NDArray[np.bool_]:
    """Which boxes have at least half of their union in common."""
    meet = boxes_meet(box)
    i, j = np.nonzero(meet)
    common = np.prod(np.minimum(box[i, 2:], box[j, 2:]) - np.maximum(box[i, :2], box[j, :2]), axis=1)
    size = np.prod(box[:, 2:] - box[:, :2], axis=1)
    meet[i, j] = common > 0.5 * (size[i] + size[j] - common)
    return meet


def _is_copy(a: Floats, b: Floats, areas: Floats, *, apart: bool) -> bool:
    """Whether two loops are one outline: written twice, or, on planes a little apart, drawn twice."""
    length = max(float(np.hypot(*(np.roll(loop, -1, axis=0) - loop).T).sum()) for loop in (a, b))
    between = (REDRAWN_GAP_MM if apart else COPY_GAP_MM) * length
    if not apart and np.ptp(areas) > between:
        return False
    different = difference_mm2(a, b)
    if different < between:
        return True
    common = (float(areas.sum()) - different) / 2
    nested = common > 0.99 * areas.min()
    return apart and not nested and common > REDRAWN_OVERLAP * (different + common)


def _notices(counts: Counter[str], contours: int) -> list[Notice]:
    of_all = f"of {counted(contours, 'contour')}"
    notices = []
    if n := counts["empty"]:
        message = f"{n} {of_all} enclose nothing (fewer than three points, or no area) and are left out"
        notices.append(Notice("structure.empty-contour", message))
    if n := counts["repeated"]:
        message = f"{n} {of_all} repeat another on the same plane and are left out"
        notices.append(Notice("structure.repeated-contour", message))
    if n := counts["redrawn"]:
        message = f"{n} {of_all} are nearly the outline of another less than {ONE_PLANE_MM} mm away"
        notices.append(Notice("structure.close-planes", f"{message} and are left out"))
    if n := counts["crossing"]:
        message = f"contours cross themselves on {counted(n, 'plane')}"
        rule = "what they wind around an even number of times counts as outside"
        notices.append(Notice("structure.self-crossing", f"{message}: {rule} (even-odd)"))
    if n := counts["overlapping"]:
        message = f"contours overlap in part on {counted(n, 'plane')}"
        rule = "what lies in two of them counts as outside"
        notices.append(Notice("structure.overlapping-contours", f"{message}: {rule} (even-odd)"))
    return notices
