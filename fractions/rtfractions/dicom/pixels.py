"""Pixel data of an RT Dose: stored integers, exactly as many as the file says, whatever their encoding."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from rtfractions.dicom.limits import Limits
from rtfractions.dicom.reading import DicomError, guarded
from rtfractions.dicom.values import code_of, integer_of, refusal
from rtfractions.errors import Where, counted
from rtfractions.notices import Notice

MAXIMUM_PADDING_BYTES: Final = 2
"""Bytes behind the last voxel, all zero, that are taken for padding."""

MAXIMUM_COMPRESSION: Final = 1024
"""Voxel bytes for each compressed byte that a decoder is started for; run lengths give at most 64."""

_NATIVE: Final = (
    ImplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    DeflatedExplicitVRLittleEndian,
)
_LOSSLESS: Final = {
    "1.2.840.10008.1.2.5": "RLE Lossless",
    "1.2.840.10008.1.2.4.57": "JPEG Lossless",
    "1.2.840.10008.1.2.4.70": "JPEG Lossless SV1",
    "1.2.840.10008.1.2.4.80": "JPEG-LS Lossless",
    "1.2.840.10008.1.2.4.90": "JPEG 2000 Lossless",
}

Stored = NDArray[np.integer[Any]]


def stored_values(dataset: Dataset, limits: Limits) -> tuple[Stored, list[Notice]]:
    """The stored integers of an RT Dose.

    Parameters
    ----------
    dataset : Dataset
        An RT Dose.
    limits : Limits
        How much is decoded.

    Returns
    -------
    stored : ndarray of int, shape (frame, row, column)
        In the byte order of this machine, read-only where nothing had to be decoded.
    notices : list of Notice
        What was odd.

    Raises
    ------
    DicomError
        If the file holds no voxels, other than it says, or what an RT Dose cannot hold (PS3.3 C.8.8.3).
    """
    frames, rows, columns = _shape(dataset)
    voxels = frames * rows * columns
    if voxels > limits.voxels:
        problem = (
            f"the grid has {frames} x {rows} x {columns} voxels, more than the {limits.voxels} that are read"
        )
        raise refusal("Rows", problem)
    data_type, notices = _data_type(dataset)
    _refuse_lossy(dataset)
    syntax = _transfer_syntax(dataset)
    data = _pixel_bytes(dataset)
    size = voxels * data_type.itemsize
    if syntax in _NATIVE:
        _refuse_other_length(len(data), size, data[size:])
        swapped = (
            data_type.newbyteorder(">") if syntax == ExplicitVRBigEndian else data_type.newbyteorder("<")
        )
        stored = np.frombuffer(data, swapped, voxels)
        stored = stored.astype(data_type, copy=False).reshape(frames, rows, columns)
    else:
        stored = _decoded(dataset, syntax, len(data), size).reshape(frames, rows, columns)
    _refuse_unstored_bits(dataset, stored, data_type)
    return stored, notices


def _shape(dataset: Dataset) -> tuple[int, int, int]:
    if "PixelData" not in dataset and ("FloatPixelData" in dataset or "DoubleFloatPixelData" in dataset):
        raise DicomError(
            "stores its voxels as floats, which an RT Dose cannot",
            remedy="export it with integers",
            where=Where(tag="(7FE0,0008) FloatPixelData" if "FloatPixelData" in dataset else "(7FE0,0009)"),
        )
    if "PixelData" not in dataset:
        raise refusal("PixelData", "is missing: the file holds no dose grid", "export the dose with its grid")
    shape = []
    for keyword in ("NumberOfFrames", "Rows", "Columns"):
        number = _number(dataset, keyword)
        if number is None:
            raise refusal(keyword, "is missing", "export the dose again")
        if number < 1:
            raise refusal(keyword, f"{number} cannot be", "export the dose again")
        shape.append(number)
    return shape[0], shape[1], shape[2]


def _number(dataset: Dataset, keyword: str) -> int | None:
    """A number of VR US, or IS for the number of frames."""
    if keyword == "NumberOfFrames":
        return integer_of(dataset, keyword)
    with guarded():
        value = dataset.get(keyword)
    if value is None:
        return None
    if not isinstance(value, int):
        raise refusal(keyword, "is no single number")
    return value


def _data_type(dataset: Dataset) -> tuple[np.dtype[Any], list[Notice]]:
    for keyword, only in (("SamplesPerPixel", 1), ("PhotometricInterpretation", "MONOCHROME2")):
        found = code_of(dataset, keyword) if isinstance(only, str) else _number(dataset, keyword)
        if found is not None and found != only:
            raise refusal(keyword, f"{found} is nothing an RT Dose can have", f"{only} is")
    bits = _number(dataset, "BitsAllocated")
    if bits not in (16, 32):
        raise refusal(
            "BitsAllocated", "is missing" if bits is None else f"{bits} cannot be", "16 and 32 are read"
        )
    stored_bits, high_bit = _number(dataset, "BitsStored"), _number(dataset, "HighBit")
    notices = []
    if stored_bits is not None and stored_bits != bits:
        if not 1 <= stored_bits < bits or high_bit != stored_bits - 1:
            problem = f"{stored_bits} of {bits} bits, the highest {high_bit}, cannot be"
            raise refusal("BitsStored", problem, "export the dose again")
        notices.append(
            Notice("dose.bits-stored", f"{stored_bits} of {bits} bits are stored, where a dose stores all")
        )
    signed = _number(dataset, "PixelRepresentation")
    if signed not in (None, 0, 1):
        raise refusal("PixelRepresentation", f"{signed} cannot be", "0 and 1 are read")
    return np.dtype(f"{'i' if signed else 'u'}{bits // 8}"), notices


def _refuse_lossy(dataset: Dataset) -> None:
    if code_of(dataset, "LossyImageCompression") == "01":
        raise refusal("LossyImageCompression", "the dose was compressed with loss", "export it without")


def _transfer_syntax(dataset: Dataset) -> UID:
    with guarded():
        meta = getattr(dataset, "file_meta", None)
        said = None if meta is None else meta.get("TransferSyntaxUID")
        if said:
            return UID(said)
        implicit, little = dataset.original_encoding
    if little is False:
        return ExplicitVRBigEndian
    return ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian


def _pixel_bytes(dataset: Dataset) -> bytes:
    with guarded():
        element = dataset.get_item("PixelData")
        value = element.value if isinstance(element, RawDataElement) else getattr(element, "value", None)
    if not isinstance(value, bytes) or not value:
        raise refusal("PixelData", "is empty: the file holds no dose grid", "export the dose with its grid")
    return value


def _refuse_other_length(length: int, size: int, behind: bytes) -> None:
    if length < size:
        problem = f"holds {length} bytes, where the grid has {size}"
        raise refusal("PixelData", problem, "the file is incomplete, or says a wrong size; export it again")
    if length > size and (length > size + MAXIMUM_PADDING_BYTES or any(behind)):
        problem = f"holds {length} bytes, where the grid has {size}"
        raise refusal("PixelData", problem, "the file says a wrong size; export it again")


def _decoded(dataset: Dataset, syntax: UID, length: int, size: int) -> Stored:
    """Voxels of a compressed file, through pydicom and the decoders it finds."""
    name = _LOSSLESS.get(str(syntax))
    if name is None:
        with guarded():
            known = syntax.name if syntax.is_transfer_syntax and not syntax.is_private else "unknown"
        raise DicomError(
            f"the transfer syntax {known} is not read: it is unknown, or loses something",
            remedy="export the dose uncompressed",
            where=Where(tag="(0002,0010) TransferSyntaxUID"),
        )
    if size > length * MAXIMUM_COMPRESSION:
        raise refusal("PixelData", f"{length} bytes cannot decompress to the {size} of the grid")
    try:
        with guarded():
            decoded: Stored = dataset.pixel_array
    except DicomError:
        raise refusal(
            "PixelData",
            f"could not be decompressed ({name}): it is damaged, or no decoder is installed",
            "export the dose uncompressed",
        ) from None
    if decoded.nbytes != size:
        raise refusal("PixelData", f"decompresses to {decoded.nbytes} bytes, where the grid has {size}")
    return decoded


def _refuse_unstored_bits(dataset: Dataset, stored: Stored, data_type: np.dtype[Any]) -> None:
    """Voxels above the bits that the file says are stored: then one of the two is wrong."""
    bits = _number(dataset, "BitsStored")
    if bits is None or bits == data_type.itemsize * 8 or data_type.kind == "i":
        return
    above = int(np.count_nonzero(stored >> bits))
    if above:
        raise refusal("BitsStored", f"{counted(above, 'voxel')} need more than the {bits} bits stored")
