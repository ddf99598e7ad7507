"""DICOM files, opened with suspicion: bounded, whole, and silent about what they hold."""

import io
import logging
import warnings
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pydicom
from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset, read_partial
from pydicom.tag import BaseTag
from pydicom.uid import DeflatedExplicitVRLittleEndian

from rtfractions.errors import InputFileError, Where
from rtfractions.files import read_bytes

MAXIMUM_PLAN_BYTES: Final = 256 * 2**20
"""Largest plan that is read, also after inflating; a plan of 10 000 control points is a tenth of it."""

HEADER_BYTES: Final = 2**16
"""How much of a file is read first to see what it is; the whole file where that is not enough."""

RT_PLAN: Final = "1.2.840.10008.5.1.4.1.1.481.5"
RT_ION_PLAN: Final = "1.2.840.10008.5.1.4.1.1.481.8"

_PREAMBLE_BYTES: Final = 132
_LAST_HEADER_TAG: Final = 0x0020_000D  # Study Instance UID

# pydicom logs what it finds odd, values included. Without a handler, Python would print that to stderr.
logging.getLogger("pydicom").addHandler(logging.NullHandler())


class DicomError(InputFileError):
    """A DICOM file that could not be read, or holds what cannot be."""

    code = "dicom"


class CutShortError(DicomError):
    """A file that ends inside an element."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a DICOM file says it is, and of whom.

    Attributes
    ----------
    is_plan : bool
        An RT Plan or RT Ion Plan.
    patient : str
        The Patient ID; without one, the study says who belongs together.
    """

    is_plan: bool
    patient: str


class _WholeFile(io.BytesIO):
    """Bytes that refuse to be read past their end: pydicom takes a value cut short for a whole one.

    At the end of a whole file pydicom asks for one more element, gets nothing, and stops.
    """

    _ended = False

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        if size is not None and len(data) < size:
            if data or self._ended:
                raise CutShortError("is cut short")
            self._ended = True
        return data


def looks_like_dicom(start: bytes) -> bool:
    """Whether bytes start as a DICOM file does: with its preamble, or with group 0002 or 0008."""
    return start[128:132] == b"DICM" or start[:2] in (b"\x02\x00", b"\x08\x00", b"\x00\x02", b"\x00\x08")


def read_header(path: Path, *, name: str) -> Header | None:
    """What a file is, from its first elements; None where it is no DICOM.

    Parameters
    ----------
    path : Path
        The file.
    name : str
        What the user calls it, for messages.

    Raises
    ------
    InputFileError
        If it cannot be read.
    DicomError
        If it is damaged, or says two things about what it is.
    """
    start = read_bytes(path, name=name, maximum_bytes=HEADER_BYTES, cut=True)
    if not looks_like_dicom(start):
        return None
    try:
        dataset = _parsed(start, stop_when=_beyond_header)
    except CutShortError:
        data = read_bytes(path, name=name, maximum_bytes=MAXIMUM_PLAN_BYTES)
        dataset = _parsed(data, stop_when=_beyond_header)
    with guarded():
        modality = str(dataset.get("Modality") or "")
        classes = (dataset.get("SOPClassUID"), _meta(start).get("MediaStorageSOPClassUID"))
        study = str(dataset.get("StudyInstanceUID") or "not stated")
        patient = str(dataset.get("PatientID") or "").strip() or f"(no patient ID, study {study})"
    said = {str(uid) in (RT_PLAN, RT_ION_PLAN) for uid in classes if uid}
    if modality == "RTPLAN" and not said:
        raise DicomError("has no SOP Class UID", where=Where(file=name))
    if modality:
        said.add(modality == "RTPLAN")
    if len(said) > 1:
        problem = "says two things about what it is, by SOP class and modality"
        raise DicomError(problem, remedy="export it again", where=Where(file=name))
    return Header(True in said, patient)


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
        If it is no DICOM, cut short, nested too deeply, or inflates to more than `MAXIMUM_PLAN_BYTES`.
    """
    data = read_bytes(path, name=name, maximum_bytes=MAXIMUM_PLAN_BYTES)
    return _parsed(data), data


@contextmanager
def guarded() -> Iterator[None]:
    """Whatever bytes make pydicom raise, as one kind of refusal without values, and its warnings unsaid.

    It stands around calls of pydicom and nothing else, so that a defect of ours stays one. pydicom converts a
    value when it is first asked for: that is such a call too.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except DicomError:
        raise
    except RecursionError:
        raise DicomError("is nested too deeply") from None
    except Exception as error:  # noqa: BLE001 - pydicom raises what the bytes provoke; its text holds values
        raise DicomError(f"is no readable DICOM file ({type(error).__name__})") from None


def _parsed(data: bytes, stop_when: Callable[[BaseTag, str | None, int], bool] | None = None) -> Dataset:
    with guarded():
        meta = _meta(data)
        if meta.get("TransferSyntaxUID") == DeflatedExplicitVRLittleEndian:
            start = _PREAMBLE_BYTES + 12 + int(meta.FileMetaInformationGroupLength)
            plain = _inflated(data[start:], whole=stop_when is None)
            return read_dataset(_WholeFile(plain), False, True, stop_when=stop_when)
        if stop_when is not None:
            return read_partial(_WholeFile(data), stop_when=stop_when, force=True)
        return pydicom.dcmread(_WholeFile(data), force=True)


def _beyond_header(tag: BaseTag, _vr: str | None, _length: int) -> bool:
    return bool(tag > _LAST_HEADER_TAG)


def _meta(data: bytes) -> Dataset:
    """The file meta information; empty where there is none."""
    if data[128:_PREAMBLE_BYTES] != b"DICM":
        return Dataset()
    file = io.BytesIO(data[_PREAMBLE_BYTES:])
    return read_dataset(file, False, True, stop_when=lambda tag, _vr, _length: tag >> 16 != 2)


def _inflated(data: bytes, *, whole: bool) -> bytes:
    """The dataset of a deflated file, or its start; pydicom would inflate it without a bound."""
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    plain = inflater.decompress(data, MAXIMUM_PLAN_BYTES if whole else HEADER_BYTES)
    if whole and inflater.unconsumed_tail:
        raise DicomError(f"inflates to more than the {MAXIMUM_PLAN_BYTES} bytes that are read")
    if whole and not inflater.eof:
        raise CutShortError("is cut short")
    return plain
