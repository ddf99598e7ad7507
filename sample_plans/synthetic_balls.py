"""Targets made up for tests: balls on a falling dose, drawn as polygons, with a body and other structures around."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from synthetic_dose import AXIAL, rt_dose
from synthetic_structures import Roi, box, circle, rt_structure_set

SLICE_MM = 3.0
"""Distance of the planes on which structures are drawn, and of the dose's frames."""

CIRCLE_POINTS = 64
"""Corners of the polygons that stand for circles."""

_SHAPE = (21, 26, 24)
_SPACING_MM = (2.5, 2.5)
_FALL_OFF_MM = 8.0


@dataclass(frozen=True, kw_only=True)
class Target:
    """A ball with its prescription on the surface and its maximum in the centre."""

    name: str
    prescribed_gy: float
    maximum_gy: float
    radius_mm: float = 15.0
    centre_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)
    number: int = 7


def decimal_text(value: float) -> str:
    """A number as a DICOM decimal."""
    return f"{value:.10g}"


def structure_set(
    patient: str, number: int, targets: Iterable[Target], others: Iterable[Roi] = ()
) -> Dataset:
    """A body, the targets, and other structures."""
    body = Roi(1, "BODY", boxes(120.0, 100.0, 41), "EXTERNAL")
    balls = [Roi(t.number, t.name, ball(t.radius_mm, t.centre_mm), "PTV") for t in targets]
    return rt_structure_set(patient, number, [body, *balls, *others])


def ball(
    radius_mm: float, centre_mm: tuple[float, float, float] = (0.0, 0.0, 0.0), step: float = SLICE_MM
) -> list[NDArray[np.float64]]:
    """Circles on planes through the centre, below and above it."""
    x, y, z = centre_mm
    most = int(np.ceil(radius_mm / step)) - 1
    return [
        circle(
            z=z + i * step,
            radius_mm=float(np.sqrt(radius_mm**2 - (i * step) ** 2)),
            points=CIRCLE_POINTS,
            centre=(x, y),
        )
        for i in range(-most, most + 1)
    ]


def boxes(
    width_mm: float,
    height_mm: float,
    planes: int,
    *,
    centre: tuple[float, float] = (0.0, 0.0),
    step: float = SLICE_MM,
    first: float | None = None,
) -> list[NDArray[np.float64]]:
    """The same rectangle on many planes, those in the middle around z = 0 where `first` does not say."""
    start = -(planes // 2) * step if first is None else first
    return [
        box(z=start + i * step, width_mm=width_mm, height_mm=height_mm, centre=centre) for i in range(planes)
    ]


def rings(outer_mm: float, inner_mm: float, planes: int) -> list[NDArray[np.float64]]:
    """A ring as two contours on each plane."""
    heights = (np.arange(planes) - planes // 2) * SLICE_MM
    return [circle(z=z, radius_mm=radius) for z in heights for radius in (outer_mm, inner_mm)]


def keyholes(outer_mm: float, inner_mm: float, planes: int) -> list[NDArray[np.float64]]:
    """A ring as one contour on each plane, in and out along a line."""
    rings = []
    for z in (np.arange(planes) - planes // 2) * SLICE_MM:
        outer, inner = circle(z=z, radius_mm=outer_mm), circle(z=z, radius_mm=inner_mm)
        rings.append(np.vstack((outer, outer[:1], inner[:1], inner[::-1])))
    return rings


def ball_dose(
    patient: str,
    number: int,
    targets: Sequence[Target],
    *,
    bits: int = 32,
    top: int | None = None,
    part: float = 1.0,
    orientation: Sequence[float] = AXIAL,
    spacing_mm: tuple[float, float] = _SPACING_MM,
    step: float = SLICE_MM,
    descending: bool = False,
    summation: str = "PLAN",
    dose_type: str = "PHYSICAL",
    fraction_group: int | None = None,
    instance: int | None = None,
) -> Dataset:
    """A dose with a voxel in the origin; `top` is the largest stored integer."""
    columns_along, rows_along = np.array(orientation[:3]), np.array(orientation[3:])
    along = np.array([np.cross(columns_along, rows_along), rows_along, columns_along])
    steps = np.array([-step if descending else step, *spacing_mm])
    first = -(np.array(_SHAPE) // 2 * steps) @ along
    points = first + (np.indices(_SHAPE).reshape(3, -1).T * steps) @ along
    dose_gy = part * np.max([_around(target, points) for target in targets], axis=0)
    scaling = f"{dose_gy.max() / (top or 2**bits - 1):.9e}"
    stored = np.round(dose_gy / float(scaling)).astype(np.int64).clip(0, 2**bits - 1).reshape(_SHAPE)
    return rt_dose(
        patient,
        number,
        stored,
        scaling=scaling,
        position_mm=first.tolist(),
        orientation=orientation,
        spacing_mm=spacing_mm,
        offsets_mm=(np.arange(_SHAPE[0]) * steps[0]).tolist(),
        bits=bits,
        summation=summation,
        dose_type=dose_type,
        fraction_group=fraction_group,
        instance=instance,
    )


def _around(target: Target, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Dose in Gy of one target: a parabola within it, and exponential beyond."""
    r = np.linalg.norm(points - np.array(target.centre_mm), axis=1) / target.radius_mm
    inside = target.maximum_gy - (target.maximum_gy - target.prescribed_gy) * r**2
    outside = target.prescribed_gy * np.exp((1 - r) * target.radius_mm / _FALL_OFF_MM)
    return np.asarray(np.where(r <= 1, inside, outside))


def halves(dose: Dataset, patient: str, number: int) -> list[Dataset]:
    """The doses of two beams that together are a dose, voxel by voxel."""
    stored = np.frombuffer(dose.PixelData, f"<u{dose.BitsAllocated // 8}").reshape(_SHAPE).astype(np.int64)
    return [
        rt_dose(
            patient,
            number,
            half,
            scaling=str(dose.DoseGridScaling),
            position_mm=list(map(float, dose.ImagePositionPatient)),
            spacing_mm=_SPACING_MM,
            offsets_mm=list(map(float, dose.GridFrameOffsetVector)),
            bits=dose.BitsAllocated,
            summation="BEAM",
            beams=[beam],
            instance=10 + beam,
        )
        for beam, half in ((1, stored // 2), (2, stored - stored // 2))
    ]


def dvh(target: Target) -> Dataset:
    """A stored histogram of a target, of two bins."""
    item = Dataset()
    item.DVHType, item.DoseUnits, item.DoseType, item.DVHVolumeUnits = "CUMULATIVE", "GY", "PHYSICAL", "CM3"
    item.DVHDoseScaling = "1"
    item.DVHNumberOfBins = 2
    item.DVHData = ["0.01", "14.0", decimal_text(target.maximum_gy), "0"]
    referenced = Dataset()
    referenced.DVHROIContributionType, referenced.ReferencedROINumber = "INCLUDED", target.number
    item.DVHReferencedROISequence = [referenced]
    return item
