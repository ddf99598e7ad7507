"""Where the voxels of an RT Dose lie: one affine for every orientation, or a refusal."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from rtfractions.dicom.values import decimals_of, refusal
from rtfractions.notices import Notice

DIRECTION_TOLERANCE: Final = 1e-3
"""How far direction cosines may be from unit length and right angles; files round them to three to six digits."""

OFFSET_TOLERANCE_MM: Final = 0.01
"""How far the first of absolute frame offsets may be from the position of the first frame."""

SMALLEST_SPACING_MM: Final = 0.01
LARGEST_SPACING_MM: Final = 200.0
"""Spacings of voxels that can be; the largest is for frames far apart."""

LARGEST_POSITION_MM: Final = 10_000.0
"""Positions further from the origin are no patient's."""

_GRID_FRAME_OFFSET_VECTOR: Final = 0x3004_000C

Floats = NDArray[np.float64]
Stored = NDArray[np.integer[Any]]


@dataclass(frozen=True, slots=True, eq=False)
class Geometry:
    """Where voxels lie, in the order in which a dose grid holds its frames.

    Attributes
    ----------
    origin_mm : ndarray, shape (3,)
        Centre of the first voxel of the first frame.
    axes : ndarray, shape (3, 3)
        Unit vectors along which frame, row and column number grow.
    frame_offsets_mm : ndarray, shape (frame,)
        Increasing from 0.
    spacing_mm : tuple of float
        Distance of rows, distance of columns.
    descending : bool
        The file holds the frames in the opposite order.
    """

    origin_mm: Floats
    axes: Floats
    frame_offsets_mm: Floats
    spacing_mm: tuple[float, float]
    descending: bool


def geometry_of(dataset: Dataset, frames: int) -> tuple[Geometry, list[Notice]]:
    """Where the voxels of an RT Dose lie.

    Parameters
    ----------
    dataset : Dataset
        An RT Dose.
    frames : int
        The number of its frames.

    Returns
    -------
    Geometry
        By Image Position, Image Orientation, Pixel Spacing and Grid Frame Offset Vector (PS3.3 C.7.6.2.1.1 and
        C.8.8.3.2).
    list of Notice
        What was odd.

    Raises
    ------
    DicomError
        If any of them is missing or cannot be, or the grid has one frame: a plane is not a volume.
    """
    if frames < 2:
        raise refusal("NumberOfFrames", "the dose is a single plane, not a volume", "export the whole grid")
    position = _numbers(dataset, "ImagePositionPatient", 3)
    if np.max(np.abs(position)) > LARGEST_POSITION_MM:
        raise refusal("ImagePositionPatient", "is further from the origin than any patient")
    rows_along, columns_along = _directions(dataset)
    row_spacing, column_spacing = _numbers(dataset, "PixelSpacing", 2)
    for spacing in (row_spacing, column_spacing):
        if not SMALLEST_SPACING_MM <= spacing <= LARGEST_SPACING_MM:
            raise refusal("PixelSpacing", f"{spacing:g} mm cannot be")
    # Image Orientation gives first the direction of increasing column number, then that of increasing row number;
    # frames follow each other along the cross product of the two.
    normal = np.cross(columns_along, rows_along)
    offsets = _frame_offsets(dataset, frames, position, np.array([columns_along, rows_along]))
    descending = bool(offsets[-1] < offsets[0])
    if descending:
        offsets = offsets[::-1]
    geometry = Geometry(
        origin_mm=position + normal * offsets[0],
        axes=np.array([normal, rows_along, columns_along]),
        frame_offsets_mm=offsets - offsets[0],
        spacing_mm=(float(row_spacing), float(column_spacing)),
        descending=descending,
    )
    return geometry, _frame_pointer(dataset)


def _numbers(dataset: Dataset, keyword: str, count: int | None = None) -> Floats:
    values = decimals_of(dataset, keyword)
    if not values:
        raise refusal(keyword, "is missing", "export the dose again")
    if count is not None and len(values) != count:
        raise refusal(keyword, f"has {len(values)} values, where {count} are needed", "export the dose again")
    return np.array([float(value) for value in values])


def _directions(dataset: Dataset) -> tuple[Floats, Floats]:
    """Unit vectors of increasing row number and of increasing column number."""
    values = _numbers(dataset, "ImageOrientationPatient", 6)
    columns_along, rows_along = values[:3], values[3:]
    lengths = np.linalg.norm(values.reshape(2, 3), axis=1)
    if np.max(np.abs(lengths - 1)) > DIRECTION_TOLERANCE:
        raise refusal("ImageOrientationPatient", "holds no unit vectors", "export the dose again")
    if abs(columns_along @ rows_along) > DIRECTION_TOLERANCE:
        raise refusal("ImageOrientationPatient", "holds vectors that are not at right angles")
    columns_along = columns_along / np.linalg.norm(columns_along)
    rows_along = rows_along - (rows_along @ columns_along) * columns_along
    return rows_along / np.linalg.norm(rows_along), columns_along


def _frame_offsets(dataset: Dataset, frames: int, position: Floats, directions: Floats) -> Floats:
    """Offsets of the frames along the normal, relative to Image Position."""
    offsets = _numbers(dataset, "GridFrameOffsetVector")
    if len(offsets) != frames:
        raise refusal(
            "GridFrameOffsetVector",
            f"has {len(offsets)} offsets for {frames} frames",
            "export the dose again",
        )
    if offsets[0] != 0:
        # Absolute z coordinates are defined for this one orientation only (PS3.3 C.8.8.3.2, case b).
        axial = np.allclose(directions, [[1, 0, 0], [0, 1, 0]], rtol=0, atol=DIRECTION_TOLERANCE)
        if not axial or abs(offsets[0] - position[2]) > OFFSET_TOLERANCE_MM:
            raise refusal(
                "GridFrameOffsetVector",
                f"starts at {offsets[0]:g}, which is neither 0 nor the z of an axial first frame",
                "where the frames lie is not defined; export the dose again",
            )
        offsets = offsets - offsets[0]
    steps = np.diff(offsets)
    if not (np.all(steps > 0) or np.all(steps < 0)):
        raise refusal("GridFrameOffsetVector", "neither grows nor falls from frame to frame")
    if np.min(np.abs(steps)) < SMALLEST_SPACING_MM or np.max(np.abs(steps)) > LARGEST_SPACING_MM:
        raise refusal(
            "GridFrameOffsetVector", f"has steps of {np.min(np.abs(steps)):g} to {np.max(np.abs(steps)):g} mm"
        )
    return offsets


def _frame_pointer(dataset: Dataset) -> list[Notice]:
    pointer = dataset.get("FrameIncrementPointer")
    if pointer == _GRID_FRAME_OFFSET_VECTOR:
        return []
    what = "is missing" if pointer is None else "points elsewhere"
    return [
        Notice(
            "dose.frame-pointer",
            f"Frame Increment Pointer {what}; the frames were placed by Grid Frame Offset Vector",
        )
    ]
