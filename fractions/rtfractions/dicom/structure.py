"""One structure of a set: its contours read, put on planes, and looked at for what is doubtful."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from rtfractions.dicom.contour_planes import arranged
from rtfractions.dicom.contours import (
    CLOSED,
    FURTHEST_MM,
    OPEN,
    POINT,
    Contour,
    coordinates,
    decimals,
    misstated,
)
from rtfractions.dicom.reading import DicomError
from rtfractions.dicom.values import decimal_of, refusal
from rtfractions.errors import Where, counted, quoted
from rtfractions.notices import Notice
from rtfractions.structures import PARTS_APART, Plane, Structure

Floats = NDArray[np.float64]

STATED_VOLUME_PART: Final = 0.1
"""A stated volume that differs from that of the contours by more than this part is worth a notice."""

SLICE_LEFT_OUT: Final = 1.75
"""Planes further apart than this times the usual distance are worth a notice: a slice seems to be left out."""

WIDE_SPACING_MM: Final = 10.0
"""Planes usually further apart than this are worth a notice: no planning image has slices that thick."""

NORMAL_MM: Final = 0.1
"""How far a contour offset vector may be from the normal of its plane."""


def read_structure(
    item: Dataset,
    contours: Sequence[Contour],
    *,
    number: int,
    name: str,
    interpreted_type: str | None,
    frame_of_reference_uid: str | None,
    doubts: Iterable[Notice],
) -> Structure:
    """Read one structure.

    Parameters
    ----------
    item : Dataset
        Its item of the Structure Set ROI Sequence.
    contours : sequence of Contour
        Its contours.
    number, name, interpreted_type, frame_of_reference_uid
        As `Structure` has them.
    doubts : iterable of Notice
        What is to be said of it already.

    Raises
    ------
    DicomError
        If it has no contours, none that enclose anything and no points, or one that cannot be.
    """
    if not contours:
        raise refusal("ContourSequence", "the structure has no contours", "draw it, or leave it out")
    closed, points, notices = _by_kind(contours)
    differing = misstated([*closed, *points])
    if differing:
        message = (
            f"{differing} of {counted(len(contours), 'contour')} do not have the number of points they state"
        )
        notices.append(Notice("structure.point-count", message))
    axes, planes = np.eye(3), tuple[Plane, ...]()
    if closed:
        points_mm, starts = coordinates(closed)
        offsets, said = _offsets(closed)
        if offsets is not None:
            points_mm = points_mm + np.repeat(offsets, np.diff(starts), axis=0)
        axes, planes, doubts_of_planes = arranged(points_mm, starts)
        if offsets is not None and np.abs(offsets @ axes[:2].T).max() > NORMAL_MM:
            raise refusal("ContourOffsetVector", "is not at right angles to the planes of the contours")
        notices += [*said, *doubts_of_planes]
    stated_volume, said = _stated_volume(item)
    structure = Structure(
        number=number,
        name=name,
        interpreted_type=interpreted_type,
        frame_of_reference_uid=frame_of_reference_uid,
        axes=axes,
        planes=planes,
        points_mm=coordinates(points)[0] if points else np.empty((0, 3)),
        contour_count=len(contours),
        slab_thickness_mm=_slab_thickness(closed),
        stated_volume_cm3=stated_volume,
    )
    notices += [*said, *_doubts_of_slabs(structure), *_doubts_of_volume(structure)]
    return replace(structure, notices=tuple(n.at(Where(structure=name)) for n in (*doubts, *notices)))


def _by_kind(contours: Sequence[Contour]) -> tuple[list[Contour], list[Contour], list[Notice]]:
    """Closed contours and points; open contours are left out."""
    closed = [contour for contour in contours if contour.kind in CLOSED]
    if len(closed) == len(contours):
        return closed, [], []
    points = [contour for contour in contours if contour.kind == POINT]
    opened = [contour for contour in contours if contour.kind in OPEN]
    for contour in contours:
        if contour.kind not in CLOSED and contour.kind not in OPEN and contour.kind != POINT:
            found = f"is {quoted(contour.kind)}" if contour.kind else "is missing"
            problem = f"{found} in contour {contour.number}"
            raise refusal("ContourGeometricType", problem, "whether it is closed is not known")
    if not closed and not points:
        problem = f"its {counted(len(opened), 'contour')} are open, and enclose no volume"
        raise refusal("ContourGeometricType", problem, "close them in the planning system")
    notices = []
    if opened:
        message = f"{len(opened)} of {counted(len(contours), 'contour')} are open, and are left out"
        notices.append(Notice("structure.open-contour", message))
    if closed and points:
        message = f"{counted(len(points), 'point')} beside {counted(len(closed), 'closed contour')}"
        notices.append(Notice("structure.point-beside-contours", f"{message}: no part of the volume"))
    return closed, points, notices


def _offsets(closed: Sequence[Contour]) -> tuple[Floats | None, list[Notice]]:
    """How far each contour is to be moved, shape (n, 3), by Contour Offset Vector; None where none is.

    The centre of a slab is the contour, moved by that vector; without a slab thickness the vector says nothing
    (PS3.3 C.8.8.6.2, retired in 2021).
    """
    if not any(contour.offset for contour in closed):
        return None, []
    offsets = np.zeros((len(closed), 3))
    not_applied = 0
    for i, contour in enumerate(closed):
        vector = decimals(contour.offset) if contour.offset else [0.0, 0.0, 0.0]
        if vector is None or len(vector) != 3 or not np.abs(vector).max() <= FURTHEST_MM:
            problem = f"of contour {contour.number} is no vector: {quoted(contour.offset.decode('ascii', 'replace'))}"
            raise refusal("ContourOffsetVector", problem)
        if any(vector):
            if _thickness(contour) is None:
                not_applied += 1
            else:
                offsets[i] = vector
    notices = []
    applied = int(np.count_nonzero(offsets.any(axis=1)))
    if applied:
        message = f"{counted(applied, 'contour')} moved by up to {np.abs(offsets).max():g} mm"
        notices.append(Notice("structure.contour-offset", f"{message}, as Contour Offset Vector says"))
    if not_applied:
        message = f"Contour Offset Vector of {counted(not_applied, 'contour')} is without a slab thickness"
        notices.append(Notice("structure.contour-offset", f"{message}, and so not applied"))
    return (offsets if applied else None), notices


def _thickness(contour: Contour) -> float | None:
    values = decimals(contour.slab_thickness) if contour.slab_thickness else None
    return values[0] if values is not None and len(values) == 1 and 0 < values[0] <= FURTHEST_MM else None


def _slab_thickness(closed: Sequence[Contour]) -> float | None:
    """Contour Slab Thickness, where all contours state the same."""
    stated = {contour.slab_thickness: contour for contour in closed}
    thicknesses = {_thickness(contour) for contour in stated.values()}
    return thicknesses.pop() if len(thicknesses) == 1 else None


def _stated_volume(item: Dataset) -> tuple[float | None, list[Notice]]:
    """ROI Volume in cm3; 0 is what systems write that have not computed it."""
    try:
        stated = decimal_of(item, "ROIVolume")
    except DicomError as error:
        return None, [Notice("structure.stated-volume", f"its stated volume is not read: {error.problem}")]
    return (float(stated) if stated is not None and stated > 0 else None), []


def _doubts_of_slabs(structure: Structure) -> list[Notice]:
    if len(structure.planes) == 1:
        thickness = structure.slab_thickness_mm
        message = "it has a single plane, and "
        message += (
            "no stated thickness: it has no volume by itself"
            if thickness is None
            else f"is taken as thick as it states: {thickness:g} mm"
        )
        return [Notice("structure.one-slice", message)]
    usual = structure.spacing_mm
    if usual is None:
        return []
    notices = []
    if usual > WIDE_SPACING_MM:
        message = f"its planes are usually {usual:g} mm apart: what lies between them is assumed"
        notices.append(Notice("structure.wide-spacing", message))
    gaps = np.diff(structure.positions_mm)
    apart = gaps[gaps > PARTS_APART * usual]
    bridged = gaps[(gaps > SLICE_LEFT_OUT * usual) & (gaps <= PARTS_APART * usual)]
    said = []
    if len(bridged):
        said.append(f"{counted(len(bridged), 'gap')} of up to {bridged.max():g} mm bridged")
    if len(apart):
        said.append(
            f"{counted(len(apart), 'gap')} of up to {apart.max():g} mm left empty, as between two parts"
        )
    if said:
        message = f"its planes are usually {usual:g} mm apart: {', '.join(said)}"
        notices.append(Notice("structure.gap", message))
    return notices


def _doubts_of_volume(structure: Structure) -> list[Notice]:
    stated, volume = structure.stated_volume_cm3, structure.volume_cm3
    if stated is None or volume is None or abs(volume - stated) <= STATED_VOLUME_PART * stated:
        return []
    message = f"its stated volume is {stated:.4g} cm3, that of its contours is {volume:.4g} cm3"
    return [Notice("structure.stated-volume", message)]
