"""RT Structure Sets made up for samples and tests."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag
from pydicom.uid import RTStructureSetStorage
from synthetic import common, uid

Points = NDArray[np.float64]

FROM_NUMBER: Any = object()
"""Stands for the frame of reference that belongs to the set's number."""

BOX_CM3 = 4.0 * 3.0 * 5 * 0.3
"""Volume of `boxes`: 40 x 30 mm on 5 planes, 3 mm apart."""


@dataclass(frozen=True)
class Outline:
    """A contour; `data` replaces the text of its points, whatever it says. What is None is left out."""

    points_mm: Points | Sequence[Sequence[float]]
    kind: str | None = "CLOSED_PLANAR"
    data: bytes | None = None
    point_count: str | None = ""
    slab_thickness: str | None = None
    offset: str | None = None


@dataclass(frozen=True)
class Roi:
    """A structure; what is None is left out.

    `outlines` are contours, or merely the points of closed ones. `frame` is its frame of reference, that of the
    set's number by default. `contour_item` False leaves out its item of the ROI Contour Sequence.
    """

    number: int | None
    name: str | None
    outlines: Sequence[Outline | Points] | None = ()
    interpreted_type: str | None = "ORGAN"
    volume: str | None = None
    frame: str | None = FROM_NUMBER
    contour_item: bool = True
    other: dict[str, Any] = field(default_factory=dict)


def rt_structure_set(
    patient_id: str,
    number: int,
    rois: Iterable[Roi],
    *,
    label: str | None = "STRUCTURES",
    frames: Sequence[str] | None = None,
) -> Dataset:
    """An RT Structure Set; `number` makes its UIDs and its frame of reference, `frames` lists others."""
    rois = list(rois)
    dataset = common(patient_id, number, kind=5, sop_class=RTStructureSetStorage, modality="RTSTRUCT")
    own = dataset.FrameOfReferenceUID
    if label is not None:
        dataset.StructureSetLabel = label
    dataset.StructureSetDate, dataset.StructureSetTime = "20260102", "120000"
    dataset.ReferencedFrameOfReferenceSequence = [_frame(frame) for frame in frames or [own]]
    dataset.StructureSetROISequence = [_roi(roi, own) for roi in rois]
    dataset.ROIContourSequence = [_contours(roi) for roi in rois if roi.contour_item]
    dataset.RTROIObservationsSequence = [_observation(i, roi) for i, roi in enumerate(rois)]
    dataset.ApprovalStatus = "UNAPPROVED"
    return dataset


def frame_of_reference(number: int) -> str:
    """The frame of reference of all objects of that number."""
    return uid(4, number)


def circle(
    *, z: float, radius_mm: float, points: int = 64, centre: tuple[float, float] = (0.0, 0.0)
) -> Points:
    """A transverse circle, as a polygon with its points on it, shape (points, 3)."""
    angle = np.arange(points) * (2 * np.pi / points)
    u, v = centre
    return np.column_stack(
        (u + radius_mm * np.cos(angle), v + radius_mm * np.sin(angle), np.full(points, float(z)))
    )


def box(*, z: float, width_mm: float, height_mm: float, centre: tuple[float, float] = (0.0, 0.0)) -> Points:
    """A transverse rectangle, shape (4, 3)."""
    corners = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]]) * (width_mm, height_mm) + centre
    return np.column_stack((corners, np.full(4, float(z))))


def boxes(positions: Sequence[float] = (0, 3, 6, 9, 12), **other: Any) -> list[Points]:
    """Transverse rectangles of 40 x 30 mm at some heights in mm."""
    return [box(z=z, width_mm=40, height_mm=30, **other) for z in positions]


def with_hole(z: float, encoding: str) -> list[Outline]:
    """One of `boxes` with a hole of 20 x 10 mm: ``nested``, ``opposite`` (in winding too), ``keyhole`` or ``xor``."""
    outer = box(z=z, width_mm=40, height_mm=30)
    inner = box(z=z, width_mm=20, height_mm=10)
    if encoding == "keyhole":
        bridge = [np.array([[-20.0, 0, z], [-10, 0, z]]), np.array([[-10.0, 0, z], [-20, 0, z]])]
        return [Outline(np.concatenate((outer, bridge[0], inner[::-1], inner[-1:], bridge[1])))]
    kind = "CLOSEDPLANAR_XOR" if encoding == "xor" else "CLOSED_PLANAR"
    return [Outline(outer, kind), Outline(inner[::-1] if encoding == "opposite" else inner, kind)]


def text_of_points(points_mm: Points | Sequence[Sequence[float]]) -> bytes:
    """Points as Contour Data writes them, with 0.0001 mm and no more characters than a DS may have."""
    values = np.round(np.asarray(points_mm, np.float64).ravel(), 4) + 0.0  # no -0
    return "\\".join(map(repr, values.tolist())).encode()


def set_text(item: Dataset, keyword_or_tag: int | str, data: bytes) -> None:
    """Give an attribute a text (VR DS) as it is to stand in the file, right or wrong."""
    tag = Tag(keyword_or_tag)
    padded = data + b" " * (len(data) % 2)
    vr = "DS" if len(padded) < 2**16 else "UN"  # the length of a DS has 16 bits in explicit VR
    item[tag] = RawDataElement(tag, vr, len(padded), padded, 0, False, True)


def _frame(frame: str) -> Dataset:
    item = Dataset()
    item.FrameOfReferenceUID = frame
    return item


def _roi(roi: Roi, own: str) -> Dataset:
    item = Dataset()
    if roi.number is not None:
        item.ROINumber = roi.number
    frame = own if roi.frame is FROM_NUMBER else roi.frame
    if frame is not None:
        item.ReferencedFrameOfReferenceUID = frame
    if roi.name is not None:
        item.ROIName = roi.name
    if roi.volume is not None:
        item.ROIVolume = roi.volume
    item.ROIGenerationAlgorithm = "MANUAL"
    for keyword, value in roi.other.items():
        setattr(item, keyword, value)
    return item


def _contours(roi: Roi) -> Dataset:
    item = Dataset()
    item.ROIDisplayColor = [255, 0, 0]
    if roi.outlines is not None:
        item.ContourSequence = [
            _contour(outline if isinstance(outline, Outline) else Outline(outline))
            for outline in roi.outlines
        ]
    if roi.number is not None:
        item.ReferencedROINumber = roi.number
    return item


def _contour(outline: Outline) -> Dataset:
    item = Dataset()
    if outline.kind is not None:
        item.ContourGeometricType = outline.kind
    if outline.slab_thickness is not None:
        item.ContourSlabThickness = outline.slab_thickness
    if outline.offset is not None:
        item.ContourOffsetVector = outline.offset.split("\\")
    if outline.point_count is not None:
        item.NumberOfContourPoints = outline.point_count or str(len(outline.points_mm))
    data = text_of_points(outline.points_mm) if outline.data is None else outline.data
    set_text(item, "ContourData", data)
    return item


def _observation(index: int, roi: Roi) -> Dataset:
    item = Dataset()
    item.ObservationNumber = index + 1
    item.ReferencedROINumber = roi.number or 0
    item.RTROIInterpretedType = roi.interpreted_type or ""
    item.ROIInterpreter = ""
    return item
