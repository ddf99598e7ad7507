"""DICOM files, opened with suspicion: bounded, whole, and silent about what they hold."""

import io
import logging
import warnings
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import pydicom
from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset, read_partial
from pydicom.sequence import Sequence
from pydicom.tag import BaseTag
from pydicom.uid import DeflatedExplicitVRLittleEndian

from rtfractions.dicom.limits import Limits
from rtfractions.errors import InputFileError

HEADER_BYTES: Final = 2**16
"""How much of a file is read first to see what it is; the whole file where that is not enough."""

_PREAMBLE_BYTES: Final = 132
_LAST_HEADER_TAG: Final = 0x0020_0052  # Frame of Reference UID
_INFLATED_PIECE: Final = 2**20

# pydicom logs what it finds odd, values included. Without a handler, Python would print that to stderr.
logging.getLogger("pydicom").addHandler(logging.NullHandler())


class DicomError(InputFileError):
    """A DICOM file that could not be read, or holds what cannot be."""

    code = "dicom"


class CutShortError(DicomError):
    """A file that ends inside an element."""


class Kind(StrEnum):
    """What a DICOM file is, as far as this program minds."""

    PLAN = "RT Plan"
    STRUCTURE_SET = "RT Structure Set"
    DOSE = "RT Dose"
    RECORD = "RT Treatment Record"
    REGISTRATION = "Registration"
    OTHER = "other"


_CLASS: Final = "1.2.840.10008.5.1.4.1.1."
RT_ION_PLAN: Final = f"{_CLASS}481.8"

KINDS: Final = {
    f"{_CLASS}481.5": Kind.PLAN,
    RT_ION_PLAN: Kind.PLAN,
    f"{_CLASS}481.3": Kind.STRUCTURE_SET,
    f"{_CLASS}481.2": Kind.DOSE,
    f"{_CLASS}481.4": Kind.RECORD,
    f"{_CLASS}481.6": Kind.RECORD,
    f"{_CLASS}481.7": Kind.RECORD,
    f"{_CLASS}481.9": Kind.RECORD,
    f"{_CLASS}66.1": Kind.REGISTRATION,
    f"{_CLASS}66.3": Kind.REGISTRATION,
}
"""By SOP Class UID; all others are `Kind.OTHER`."""

MODALITIES: Final = {
    "RTPLAN": Kind.PLAN,
    "RTSTRUCT": Kind.STRUCTURE_SET,
    "RTDOSE": Kind.DOSE,
    "RTRECORD": Kind.RECORD,
    "REG": Kind.REGISTRATION,
}
"""By Modality; all others are `Kind.OTHER`."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a DICOM file says it is, and of whom.

    Attributes
    ----------
    kind : Kind
        What it is: its SOP class, its modality and its file meta information agree.
    modality : str
        Its modality, as it stands.
    patient_id, issuer : str
        Patient ID and Issuer of Patient ID; empty where there is none.
    study_uid, sop_instance_uid, frame_uid : str
        Study, SOP Instance and Frame of Reference UID; empty where there is none.
    """

    kind: Kind
    modality: str
    patient_id: str
    issuer: str
    study_uid: str
    sop_instance_uid: str
    frame_uid: str


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
    return has_preamble(start) or start[:2] in (b"\x02\x00", b"\x08\x00", b"\x00\x02", b"\x00\x08")


def has_preamble(start: bytes) -> bool:
    """Whether bytes start with the 132 bytes that a DICOM file starts with."""
    return start[128:_PREAMBLE_BYTES] == b"DICM"


def header_of(start: bytes, limits: Limits) -> Header:
    """What a file says it is, from its first bytes.

    Parameters
    ----------
    start : bytes
        The file's first bytes, or all of them.
    limits : Limits
        How much is read.

    Raises
    ------
    CutShortError
        If its header goes on beyond them.
    DicomError
        If it is damaged, or says two things about what it is.
    """
    dataset = _parsed(start, limits, stop_when=_beyond_header)
    with guarded():
        modality = _text(dataset, "Modality").upper()
        uids = {_text(dataset, "SOPClassUID"), _text(_meta(start), "MediaStorageSOPClassUID")} - {""}
        identity = [
            _text(dataset, keyword)
            for keyword in (
                "PatientID",
                "IssuerOfPatientID",
                "StudyInstanceUID",
                "SOPInstanceUID",
                "FrameOfReferenceUID",
            )
        ]
    if not uids and modality in MODALITIES:
        raise DicomError("has no SOP Class UID", remedy="export it again")
    said = {KINDS.get(uid, Kind.OTHER) for uid in uids}
    said |= {MODALITIES.get(modality, Kind.OTHER)} if modality else set()
    if len(said) > 1:
        problem = "says two things about what it is, by SOP class and modality"
        raise DicomError(f"{problem} ({' and '.join(sorted(said))})", remedy="export it again")
    return Header(said.pop() if said else Kind.OTHER, modality, *identity)


def dataset_of(data: bytes, limits: Limits) -> Dataset:
    """The dataset of a DICOM file that was read whole.

    Parameters
    ----------
    data : bytes
        The file.
    limits : Limits
        How much is read.

    Raises
    ------
    DicomError
        If it is no DICOM, cut short, nested too deeply, or inflates to too much.
    """
    dataset = _parsed(data, limits)
    if _nesting(dataset, limits.nesting) > limits.nesting:
        raise DicomError("is nested too deeply", remedy=f"at most {limits.nesting} levels are read")
    return dataset


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


def _text(dataset: Dataset, keyword: str) -> str:
    value = dataset.get(keyword)
    return "" if value is None else str(value).strip(" \0")


def _parsed(
    data: bytes, limits: Limits, stop_when: Callable[[BaseTag, str | None, int], bool] | None = None
) -> Dataset:
    with guarded():
        meta = _meta(data)
        if meta.get("TransferSyntaxUID") == DeflatedExplicitVRLittleEndian:
            start = _PREAMBLE_BYTES + 12 + int(meta.FileMetaInformationGroupLength)
            plain = _inflated(data[start:], limits.inflated_bytes, whole=stop_when is None)
            return read_dataset(_WholeFile(plain), False, True, stop_when=stop_when)
        if stop_when is not None:
            return read_partial(_WholeFile(data), stop_when=stop_when, force=True)
        return pydicom.dcmread(_WholeFile(data), force=True)


def _beyond_header(tag: BaseTag, _vr: str | None, _length: int) -> bool:
    return bool(tag > _LAST_HEADER_TAG)


def _meta(data: bytes) -> Dataset:
    """The file meta information; empty where there is none."""
    if not has_preamble(data):
        return Dataset()
    file = io.BytesIO(data[_PREAMBLE_BYTES : _PREAMBLE_BYTES + HEADER_BYTES])
    return read_dataset(file, False, True, stop_when=lambda tag, _vr, _length: tag >> 16 != 2)


def _inflated(data: bytes, maximum_bytes: int, *, whole: bool) -> bytes:
    """The dataset of a deflated file, or its start; pydicom would inflate it without a bound."""
    if whole:
        _refuse_bomb(data, maximum_bytes)
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    return inflater.decompress(data, maximum_bytes if whole else HEADER_BYTES)


def _refuse_bomb(data: bytes, maximum_bytes: int) -> None:
    """Inflate once for nothing, a piece at a time, so that what is too large never stands in memory."""
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    total = 0
    for start in range(0, len(data), HEADER_BYTES):
        packed, plain = data[start : start + HEADER_BYTES], b""
        while packed or len(plain) == _INFLATED_PIECE:
            plain = inflater.decompress(packed, _INFLATED_PIECE)
            packed = inflater.unconsumed_tail
            total += len(plain)
            if total > maximum_bytes:
                raise DicomError(f"inflates to more than the {maximum_bytes} bytes that are read")
    if not inflater.eof:
        raise CutShortError("is cut short")


def _nesting(dataset: Dataset, enough: int) -> int:
    """How many levels of sequences pydicom has opened; it opens those of defined length only when asked."""
    depth, level = 0, [dataset]
    while level and depth <= enough:
        level = [
            item
            for parent in level
            for element in parent.values()
            if isinstance(value := element.value, Sequence)
            for item in value
        ]
        depth += bool(level)
    return depth
