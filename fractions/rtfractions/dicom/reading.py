"""DICOM files, opened with suspicion: bounded, whole, and silent about what they hold."""

import io
import logging
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filereader import read_dataset, read_file_meta_info, read_partial
from pydicom.uid import DeflatedExplicitVRLittleEndian

from rtfractions.errors import InputFileError, RTFractionsError, Where
from rtfractions.files import read_bytes

MAXIMUM_PLAN_BYTES: Final = 256 * 2**20
"""Largest plan that is read, also after inflating; a plan of 10 000 control points is a tenth of it."""

RT_PLAN: Final = "1.2.840.10008.5.1.4.1.1.481.5"
RT_ION_PLAN: Final = "1.2.840.10008.5.1.4.1.1.481.8"

_PREAMBLE_BYTES: Final = 132
_GROUP_LENGTH_BYTES: Final = 12

# pydicom logs what it finds odd, values included. Without a handler, Python would print that to stderr.
logging.getLogger("pydicom").addHandler(logging.NullHandler())


class DicomError(InputFileError):
    """A DICOM file that could not be read, or holds what cannot be."""

    code = "dicom"


class _WholeFile(io.BytesIO):
    """Bytes that refuse to be read past their end: pydicom takes a value cut short for a whole one."""

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        if size is not None and 0 < len(data) < size:
            raise DicomError("is cut short")
        return data


def looks_like_dicom(path: Path) -> bool:
    """Whether a file starts as a DICOM file does: with its preamble, or with group 0002 or 0008."""
    try:
        with path.open("rb") as file:
            start = file.read(_PREAMBLE_BYTES)
    except OSError:
        return False
    return start[128:] == b"DICM" or start[:2] in (b"\x02\x00", b"\x08\x00", b"\x00\x02", b"\x00\x08")


def is_plan(path: Path) -> bool:
    """Whether a DICOM file holds an RT Plan or RT Ion Plan, from its first elements.

    Raises
    ------
    DicomError
        If the file says RTPLAN without saying of which class. What pydicom raises beside is for `refusing`.
    """
    meta = _file_meta(path)
    uid = None if meta is None else meta.get("MediaStorageSOPClassUID")
    if not uid:
        with path.open("rb") as file:
            start = read_partial(file, stop_when=lambda tag, _vr, _length: tag > 0x0008_0060, force=True)
        uid = start.get("SOPClassUID")
        if not uid and start.get("Modality") == "RTPLAN":
            raise DicomError("has no SOP Class UID")
    return uid in (RT_PLAN, RT_ION_PLAN)


def read_file(path: Path, *, name: str) -> tuple[Dataset, bytes]:
    """Read a DICOM file whole; the dataset, and the bytes it was read from.

    Parameters
    ----------
    path : Path
        The file.
    name : str
        What the user calls it, for messages.

    Raises
    ------
    InputFileError
        If it is no regular file or too large.
    DicomError
        If it is cut short, or inflates to more than `MAXIMUM_PLAN_BYTES`. What pydicom raises beside is for
        `refusing`.
    """
    data = read_bytes(path, name=name, maximum_bytes=MAXIMUM_PLAN_BYTES)
    meta = _file_meta(path)
    if meta is not None and meta.get("TransferSyntaxUID") == DeflatedExplicitVRLittleEndian:
        start = _PREAMBLE_BYTES + _GROUP_LENGTH_BYTES + int(meta.FileMetaInformationGroupLength)
        return read_dataset(_WholeFile(_inflated(data[start:])), False, True), data
    return pydicom.dcmread(_WholeFile(data), force=True), data


def _file_meta(path: Path) -> FileMetaDataset | None:
    with path.open("rb") as file:
        if file.read(_PREAMBLE_BYTES)[128:] != b"DICM":
            return None
    return read_file_meta_info(path)


def _inflated(data: bytes) -> bytes:
    """The dataset of a deflated file; pydicom would inflate it without a bound."""
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    plain = inflater.decompress(data, MAXIMUM_PLAN_BYTES)
    if inflater.unconsumed_tail:
        raise DicomError(f"inflates to more than the {MAXIMUM_PLAN_BYTES} bytes that are read")
    if not inflater.eof:
        raise DicomError("is cut short")
    return plain


@contextmanager
def refusing(name: str) -> Iterator[None]:
    """Whatever a broken or hostile file makes pydicom raise, as one kind of refusal that names the file.

    pydicom converts a value when it is first asked for, so that this must stand around every use of a dataset.

    Parameters
    ----------
    name : str
        What the user calls the file.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except RTFractionsError as error:
        raise error.at(replace(error.where, file=name)) from None
    except RecursionError:
        raise DicomError("is nested too deeply", where=Where(file=name)) from None
    except Exception as error:  # noqa: BLE001 - pydicom raises what the bytes provoke; its text holds values
        raise DicomError(
            f"is no readable DICOM file ({type(error).__name__})", where=Where(file=name)
        ) from None
