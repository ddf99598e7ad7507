"""RT Doses made up for samples and tests."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import RTDoseStorage, RTPlanStorage, RTStructureSetStorage
from synthetic import common, reference, uid

AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
"""Image Orientation of a patient on the back, head first."""


def rt_dose(
    patient_id: str,
    number: int,
    stored: NDArray[Any],
    *,
    scaling: str = "0.001",
    position_mm: Sequence[float] = (0.0, 0.0, 0.0),
    orientation: Sequence[float] = AXIAL,
    spacing_mm: tuple[float, float] = (2.5, 2.5),
    offsets_mm: Sequence[float] | None = None,
    bits: int = 32,
    summation: str = "PLAN",
    dose_type: str = "PHYSICAL",
    beams: Sequence[int] = (),
    fraction_group: int | None = None,
    instance: int | None = None,
) -> Dataset:
    """An RT Dose of plan `number`, uncompressed and little endian.

    Parameters
    ----------
    patient_id : str
        Patient ID.
    number : int
        The plan's number, which makes the UIDs.
    stored : ndarray of int, shape (frame, row, column)
        Stored integers.
    scaling : str
        Dose in Gy of a stored 1.
    position_mm, orientation, spacing_mm
        Image Position, Image Orientation and Pixel Spacing (of rows, of columns).
    offsets_mm : sequence of float, optional
        Grid Frame Offset Vector; 3 mm apart from 0 where not given.
    bits : int
        16 or 32.
    summation, dose_type : str
        Dose Summation Type and Dose Type.
    beams : sequence of int
        The beams it is of.
    fraction_group : int, optional
        The fraction group it is of.
    instance : int, optional
        Makes the SOP Instance UID, where a plan has several doses.
    """
    dose = common(patient_id, number, kind=6, sop_class=RTDoseStorage, modality="RTDOSE")
    if instance is not None:
        dose.SOPInstanceUID = f"{uid(6, number)}.{instance}"
    frames, rows, columns = stored.shape
    dose.SamplesPerPixel = 1
    dose.PhotometricInterpretation = "MONOCHROME2"
    dose.NumberOfFrames = frames
    dose.FrameIncrementPointer = 0x3004000C
    dose.Rows, dose.Columns = rows, columns
    dose.PixelSpacing = list(map(_decimal, spacing_mm))
    dose.ImagePositionPatient = list(map(_decimal, position_mm))
    dose.ImageOrientationPatient = list(map(_decimal, orientation))
    dose.SliceThickness = None
    dose.BitsAllocated = dose.BitsStored = bits
    dose.HighBit = bits - 1
    dose.PixelRepresentation = 0
    dose.DoseUnits = "GY"
    dose.DoseType = dose_type
    dose.DoseSummationType = summation
    offsets = [3.0 * i for i in range(frames)] if offsets_mm is None else offsets_mm
    dose.GridFrameOffsetVector = list(map(_decimal, offsets))
    dose.DoseGridScaling = scaling
    dose.TissueHeterogeneityCorrection = "IMAGE"
    plan = reference(RTPlanStorage, uid(1, number))
    if beams or fraction_group is not None:
        group = Dataset()
        group.ReferencedFractionGroupNumber = fraction_group or 1
        group.ReferencedBeamSequence = [_referenced_beam(beam) for beam in beams]
        plan.ReferencedFractionGroupSequence = [group]
    dose.ReferencedRTPlanSequence = [plan]
    dose.ReferencedStructureSetSequence = [reference(RTStructureSetStorage, uid(5, number))]
    dose.PixelData = stored.astype(f"<u{bits // 8}").tobytes() + b"\0" * (stored.size * bits // 8 % 2)
    dose["PixelData"].VR = "OW"
    return dose


def _referenced_beam(number: int) -> Dataset:
    beam = Dataset()
    beam.ReferencedBeamNumber = number
    return beam


def _decimal(value: float) -> str:
    """A number in the 16 characters of a DICOM decimal."""
    return next(text for digits in range(16, 0, -1) if len(text := f"{value + 0.0:.{digits}g}") <= 16)


def linear_dose(
    shape: tuple[int, int, int],
    *,
    position_mm: Sequence[float],
    spacing_mm: tuple[float, float, float],
    at_origin: float,
    gradient: Sequence[float],
) -> NDArray[Any]:
    """Stored integers, of 0.001 Gy each, of a dose that grows linearly along x, y and z on an axial grid.

    Parameters
    ----------
    shape : tuple of int
        Number of frames, rows and columns.
    position_mm : sequence of float
        Centre (x, y, z) of the first voxel.
    spacing_mm : tuple of float
        Distance of frames, rows and columns.
    at_origin : float
        Dose in Gy at (0, 0, 0).
    gradient : sequence of float
        Gy per mm along x, y and z.
    """
    frame, row, column = np.indices(shape)
    x = position_mm[0] + column * spacing_mm[2]
    y = position_mm[1] + row * spacing_mm[1]
    z = position_mm[2] + frame * spacing_mm[0]
    dose = at_origin + gradient[0] * x + gradient[1] * y + gradient[2] * z
    stored: NDArray[Any] = np.round(dose * 1000).astype(np.int64)
    return stored
