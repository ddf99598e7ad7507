"""DICOM files, opened with suspicion: bounded, whole, and silent about what they hold."""

import io
import logging
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import pydicom
from pydicom.datadict import dictionary_has_tag, dictionary_VR
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset, read_partial
from pydicom.sequence import Sequence
from pydicom.tag import BaseTag
from pydicom.uid import DeflatedExplicitVRLittleEndian
from pydicom.valuerep import EXPLICIT_VR_LENGTH_32, STANDARD_VR

from rtfractions.dicom.limits import Limits
from rtfractions.errors import InputFileError

HEADER_BYTES: Final = 2**16
"""How much of a file is read first to see what it is."""

LONG_HEADER_BYTES: Final = 2**22
"""How much of it is read where that is not enough, as behind long private attributes."""

LONGEST_FIRST_VALUE: Final = 1024
"""Most bytes of the first value of a file that has neither preamble nor value representations."""

_PREAMBLE_BYTES: Final = 132
_LAST_HEADER_TAG: Final = 0x0020_0052  # Frame of Reference UID
_INFLATED_PIECE: Final = 2**20

_ITEM: Final = 0xFFFE_E000
_END_OF_ITEM: Final = 0xFFFE_E00D
_UNDEFINED_LENGTH: Final = 0xFFFF_FFFF
_VRS: Final = frozenset(vr.encode() for vr in STANDARD_VR)
_LONG_VRS: Final = frozenset(vr.encode() for vr in EXPLICIT_VR_LENGTH_32)

# pydicom logs what it finds odd, values included. Without a handler, Python would print that to stderr.
logging.getLogger("pydicom").addHandler(logging.NullHandler())


class DicomError(InputFileError):
    """A DICOM file that could not be read, or holds what cannot be."""

    code = "dicom"


class CutShortError(DicomError):
    """A file that ends inside an element."""


class LongHeaderError(DicomError):
    """A file whose first bytes do not reach to the end of its header."""


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


class _HeaderWalk:
    """Tells pydicom to stop behind the header, or where tags do not grow and what follows can be no DICOM.

    Attributes
    ----------
    ended, astray : bool
        Whether it stopped, and whether for the latter.
    """

    def __init__(self, *, in_order: bool) -> None:
        self.ended = self.astray = False
        self._in_order = in_order
        self._last, self._asked = -1, 0

    def __call__(self, tag: BaseTag, _vr: str | None, _length: int) -> bool:
        self._asked += 1
        asked_again = (
            self._asked == 2 and tag == self._last
        )  # pydicom does where it had guessed another encoding
        self.astray = self._in_order and tag <= self._last and not asked_again
        self._last = tag
        self.ended = self.astray or tag > _LAST_HEADER_TAG
        return self.ended


def looks_like_dicom(start: bytes) -> bool:
    """Whether bytes start as a DICOM file does: with its preamble, or an element of group 0002 or 0008."""
    group, vr, length = start[:2], start[4:6], int.from_bytes(start[4:8], "little")
    if has_preamble(start) or (group == b"\x00\x08" and vr in _VRS):
        return True
    return group in (b"\x02\x00", b"\x08\x00") and (vr in _VRS or length <= LONGEST_FIRST_VALUE)


def has_preamble(start: bytes) -> bool:
    """Whether bytes start with the 132 bytes that a DICOM file starts with."""
    return start[128:_PREAMBLE_BYTES] == b"DICM"


def header_of(start: bytes, maximum_bytes: int = HEADER_BYTES) -> Header:
    """What a file says it is, from its first bytes.

    Parameters
    ----------
    start : bytes
        The file's first `maximum_bytes`, or all of them.
    maximum_bytes : int
        How much is read, and inflated.

    Raises
    ------
    LongHeaderError
        If its header goes on beyond them.
    CutShortError
        If the file ends inside it.
    DicomError
        If it is damaged, or says two things about what it is.
    """
    walk = _HeaderWalk(in_order=not has_preamble(start))
    with guarded():
        meta, meta_end = _meta(start)
        plain = None
        if _is_deflated(meta):
            plain = zlib.decompressobj(-zlib.MAX_WBITS).decompress(start[meta_end:], maximum_bytes)
    goes_on = max(len(start), len(plain or b"")) >= maximum_bytes
    long_header = LongHeaderError(
        f"has a header of more than {maximum_bytes} bytes", remedy="export it without private attributes"
    )
    dataset: Dataset
    try:
        with guarded():
            if plain is None and not looks_like_dicom(start if has_preamble(start) else start[meta_end:]):
                walk.ended = walk.astray = True
                dataset = Dataset()
            elif plain is None:
                dataset = read_partial(_WholeFile(start), stop_when=walk, force=True)
            else:
                dataset = read_dataset(_WholeFile(plain), False, True, stop_when=walk)
    except CutShortError:
        if goes_on:
            raise long_header from None
        raise
    if goes_on and not walk.ended:
        raise long_header
    with guarded():
        modality = _text(dataset, "Modality").upper()
        uids = {_text(dataset, "SOPClassUID"), _text(meta, "MediaStorageSOPClassUID")} - {""}
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
    kind = said.pop() if said else Kind.OTHER
    if walk.astray and kind is not Kind.OTHER:
        raise DicomError("has no preamble, and its elements are out of order", remedy="export it again")
    return Header(kind, modality, *identity)


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
    with guarded():
        meta, meta_end = _meta(data)
        if _is_deflated(meta):
            plain = _inflated(data[meta_end:], limits.inflated_bytes)
            dataset = read_dataset(_WholeFile(plain), False, True)
        else:
            dataset = pydicom.dcmread(_WholeFile(data), force=True)
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
    except Exception as error:  # noqa: BLE001 - pydicom raises what the bytes provoke; its text holds values
        # Inside a sequence pydicom makes an OSError of whatever stopped it.
        cause = error.__context__ if isinstance(error, OSError) else error
        if isinstance(cause, DicomError):
            raise cause from None
        if isinstance(cause, RecursionError):
            remedy = "no RT object needs so many levels; export it again"
            raise DicomError("is nested too deeply", remedy=remedy) from None
        raise DicomError(f"is no readable DICOM file ({type(error).__name__})") from None


def _text(dataset: Dataset, keyword: str) -> str:
    value = dataset.get(keyword)
    return "" if value is None else str(value).strip(" \0")


def _meta(data: bytes) -> tuple[Dataset, int]:
    """The file meta information, empty where there is none, and where it ends."""
    file = io.BytesIO(data)
    if has_preamble(data):
        file.seek(_PREAMBLE_BYTES)
    elif not data.startswith(b"\x02\x00"):
        return Dataset(), 0
    meta = read_dataset(file, False, True, stop_when=lambda tag, _vr, _length: tag >> 16 != 2)
    return meta, file.tell()


def _is_deflated(meta: Dataset) -> bool:
    return bool(meta.get("TransferSyntaxUID") == DeflatedExplicitVRLittleEndian)


def _inflated(packed: bytes, maximum_bytes: int) -> bytes:
    """The dataset of a deflated file; pydicom would inflate it without a bound."""
    _refuse_bomb(packed, maximum_bytes)
    return zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed)


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
    """How many levels of sequences there are, counted until there are more than enough."""
    deepest, depth, level = 0, 0, [dataset]
    while level and max(deepest, depth) <= enough:
        elements = [element for parent in level for element in parent.values()]
        for element in elements:
            if isinstance(element, RawDataElement) and _is_sequence(element.tag, (element.VR or "").encode()):
                deepest = max(deepest, depth + _levels_in(element, enough))
        level = [
            item
            for element in elements
            if not isinstance(element, RawDataElement) and isinstance(element.value, Sequence)
            for item in element.value
        ]
        depth += bool(level)
    return max(deepest, depth)


def _levels_in(sequence: RawDataElement, enough: int) -> int:
    """How many levels there are in a sequence of defined length, which pydicom has not opened yet.

    A walk over the headers of its elements, without recursion; it counts on where a header makes no sense, for
    pydicom refuses what cannot be opened when it is asked to.
    """
    data = sequence.value or b""
    order = "<" if sequence.is_little_endian else ">"
    header, short, long = (struct.Struct(order + form).unpack_from for form in ("HHL", "H", "L"))
    deepest, at = 0, 0
    ends: list[int] = []  # of the items around
    while at + 8 <= len(data) and deepest <= enough:
        while ends and ends[-1] <= at:
            ends.pop()
        group, number, length = header(data, at)
        tag, vr = group << 16 | number, b"" if sequence.is_implicit_VR else data[at + 4 : at + 6]
        at += 8
        if tag == _ITEM:
            ends.append(len(data) if length == _UNDEFINED_LENGTH else at + length)
            deepest = max(deepest, len(ends))
        elif tag == _END_OF_ITEM and ends:
            ends.pop()
        elif group != _ITEM >> 16:
            if vr in _LONG_VRS and at + 4 <= len(data):
                (length,), at = long(data, at), at + 4
            elif b"AA" <= vr <= b"ZZ":
                (length,) = short(data, at - 2)
            if length != _UNDEFINED_LENGTH and not _is_sequence(tag, vr):
                at += length
    return deepest


def _is_sequence(tag: int, vr: bytes) -> bool:
    """Whether an element is a sequence, by its value representation or where it has none by the dictionary."""
    if b"AA" <= vr <= b"ZZ" and vr != b"UN":
        return vr == b"SQ"
    return dictionary_has_tag(tag) and dictionary_VR(tag) == "SQ"
