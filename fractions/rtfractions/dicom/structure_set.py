"""RT Structure Sets: every structure with its contours on their planes, or refused by itself."""

from collections import Counter
from dataclasses import replace
from typing import Final, NamedTuple

from pydicom.charset import python_encoding
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset

from rtfractions.compiled import compiles
from rtfractions.dicom.contours import Contour, contours_of
from rtfractions.dicom.limits import MAXIMUM_CONTOUR_POINTS, MAXIMUM_CONTOURS, MAXIMUM_STRUCTURES
from rtfractions.dicom.placement import with_strays_noted
from rtfractions.dicom.reading import DicomError, guarded
from rtfractions.dicom.structure import read_structure
from rtfractions.dicom.values import code_of, integer_of, items_of, refusal, text_of
from rtfractions.errors import RTFractionsError, counted, quoted
from rtfractions.notices import Notice
from rtfractions.structures import RefusedStructure, StructureSet

_ASCII_SETS: Final = frozenset({"", "ISO_IR 6", "ISO 2022 IR 6"})


class _Declared(NamedTuple):
    """An item of the Structure Set ROI Sequence, as far as it identifies a structure."""

    number: int | None
    name: str
    item: Dataset
    doubts: list[Notice]


class _Frames(NamedTuple):
    """Frames of reference of a set: the only one, if it is one, and all that are listed."""

    only: str | None
    listed: tuple[str, ...]


class _Limits(NamedTuple):
    structures: int
    contours: int
    points: int


_Found = dict[int, list[Contour] | DicomError]
"""The contours of each structure, or why they cannot be read."""


def read_structure_set(
    dataset: Dataset,
    *,
    maximum_structures: int = MAXIMUM_STRUCTURES,
    maximum_contours: int = MAXIMUM_CONTOURS,
    maximum_points: int = MAXIMUM_CONTOUR_POINTS,
) -> StructureSet:
    """Read an RT Structure Set.

    Parameters
    ----------
    dataset : Dataset
        An RT Structure Set.
    maximum_structures, maximum_contours, maximum_points : int
        Most that are read, checked before coordinates are decoded.

    Returns
    -------
    StructureSet
        A structure that cannot be read is refused by itself; the others stand.

    Raises
    ------
    DicomError
        If the set has no UID, no readable lists of structures and contours, or more than is read.
    SettingError
        If ``RTFRACTIONS_FAST`` cannot be as it is set.
    """
    compiles()  # a setting that cannot be is no fault of a structure
    uid = text_of(dataset, "SOPInstanceUID")
    if uid is None:
        raise refusal("SOPInstanceUID", "is missing")
    limits = _Limits(maximum_structures, maximum_contours, maximum_points)
    rois = _counted_items(dataset, "StructureSetROISequence", limits)
    encoded = _has_character_set(dataset)
    declared = [_declared(item, encoded=encoded) for item in rois]
    how_often = Counter(one.number for one in declared)
    frames, notices = _frames(dataset)
    found, doubts = _contours(dataset, how_often, limits)
    types = _interpreted_types(dataset, limits)
    structures, refused = [], []
    for one in declared:
        try:
            if one.number is None:
                raise refusal("ROINumber", "is missing, or is no whole number")
            if how_often[one.number] > 1:
                problem = f"{how_often[one.number]} structures have the number {one.number}"
                raise refusal("ROINumber", problem, "export the structure set again")
            contours = found.get(one.number, [])
            if isinstance(contours, DicomError):
                raise contours
            kinds = types.get(one.number, set())
            structures.append(
                read_structure(
                    one.item,
                    contours,
                    number=one.number,
                    name=one.name,
                    interpreted_type=next(iter(kinds)) if len(kinds) == 1 else None,
                    frame_of_reference_uid=_frame(one.item, frames),
                    doubts=one.doubts,
                )
            )
        except RTFractionsError as error:
            where = replace(error.where, structure=one.name)
            refused.append(RefusedStructure(one.number, one.name, error.at(where)))
    if frames.only is None and not frames.listed:
        message = (
            "the structure set names no frame of reference: that it belongs to the dose cannot be checked"
        )
        doubts.append(Notice("structure-set.no-frame-of-reference", message))
    if not declared:
        doubts.append(Notice("structure-set.empty", "the structure set has no structures"))
    label, _ = _text(dataset, "StructureSetLabel", encoded=encoded)
    return StructureSet(
        uid, label, frames.only, with_strays_noted(structures), tuple(refused), (*notices, *doubts)
    )


def _counted_items(dataset: Dataset, keyword: str, limits: _Limits) -> list[Dataset]:
    items = items_of(dataset, keyword)
    _check(keyword, len(items), limits.structures, "item")
    return items


def _check(keyword: str, number: int, maximum: int, noun: str) -> None:
    if number > maximum:
        raise refusal(keyword, f"has {counted(number, noun)}, more than the {maximum} that are read")


def _has_character_set(dataset: Dataset) -> bool:
    """Whether the set states a character set that has more than ASCII, and that is known."""
    try:
        text = text_of(dataset, "SpecificCharacterSet") or ""
    except DicomError:
        return False
    stated = {part.strip() for part in text.split("\\")}
    return stated <= python_encoding.keys() and bool(stated - _ASCII_SETS)


def _text(dataset: Dataset, keyword: str, *, encoded: bool) -> tuple[str | None, bool]:
    """A text, and whether it is surely what was written."""
    try:
        with guarded():
            element = dataset.get_item(keyword)
            raw = element.value if isinstance(element, RawDataElement) else None
        text = text_of(dataset, keyword)
    except DicomError:
        return None, False
    foreign = isinstance(raw, bytes) and (not raw.isascii() or b"\x1b" in raw)
    return text, text is None or not ("\ufffd" in text or (foreign and not encoded))


def _declared(item: Dataset, *, encoded: bool) -> _Declared:
    try:
        number = integer_of(item, "ROINumber")
    except DicomError:
        number = None
    name, sure = _text(item, "ROIName", encoded=encoded)
    doubts = []
    if not sure:
        message = "its name is not in the character set that the file states: characters of it may be others"
        doubts.append(Notice("structure.name-undecoded", message))
    if name is None:
        name = f"(ROI {'without number' if number is None else number}, unnamed)"
        doubts.append(Notice("structure.unnamed", "it has no name: choose it by number"))
    return _Declared(number, name, item, doubts)


def _frames(dataset: Dataset) -> tuple[_Frames, list[Notice]]:
    own = text_of(dataset, "FrameOfReferenceUID")
    items = items_of(dataset, "ReferencedFrameOfReferenceSequence")
    listed = tuple(dict.fromkeys(uid for item in items if (uid := text_of(item, "FrameOfReferenceUID"))))
    notices = []
    if own is not None and listed and own not in listed:
        message = f"the set's own frame of reference, {quoted(own)}, is none of those that it refers to"
        notices.append(Notice("structure-set.frame-of-reference", f"{message}: taken are the latter"))
    if len(listed) > 1:
        return _Frames(None, listed), notices
    return _Frames(listed[0] if listed else own, listed), notices


def _frame(item: Dataset, frames: _Frames) -> str | None:
    """The frame of reference of a structure."""
    own = text_of(item, "ReferencedFrameOfReferenceUID")
    if own is None and len(frames.listed) > 1:
        problem = f"does not say in which of the set's {len(frames.listed)} frames of reference it is drawn"
        raise refusal("ReferencedFrameOfReferenceUID", problem)
    if own is not None and frames.only is not None and own != frames.only:
        problem = f"{quoted(own)} is another frame of reference than the set's, {quoted(frames.only)}"
        raise refusal(
            "ReferencedFrameOfReferenceUID", problem, "transfer the structure to the planning image"
        )
    return own or frames.only


def _interpreted_types(dataset: Dataset, limits: _Limits) -> dict[int, set[str]]:
    """RT ROI Interpreted Types by ROI number; observations that cannot be read tell nothing."""
    types: dict[int, set[str]] = {}
    try:
        items = items_of(dataset, "RTROIObservationsSequence")
    except DicomError:
        return types
    _check("RTROIObservationsSequence", len(items), limits.contours, "item")
    for item in items:
        try:
            number = integer_of(item, "ReferencedROINumber")
            kind = code_of(item, "RTROIInterpretedType")
        except DicomError:
            continue
        if number is not None and kind is not None:
            types.setdefault(number, set()).add(kind)
    return types


def _contours(
    dataset: Dataset, how_often: Counter[int | None], limits: _Limits
) -> tuple[_Found, list[Notice]]:
    """The undecoded contours of all structures, and notices of those that belong to none."""
    found: _Found = {}
    astray: list[str] = []
    contours = points = 0
    for item in _counted_items(dataset, "ROIContourSequence", limits):
        try:
            number = integer_of(item, "ReferencedROINumber")
        except DicomError:
            number = None
        if number is None or number not in how_often:
            astray.append("no number" if number is None else str(number))
            continue
        own = _undecoded(item)
        if isinstance(own, list):
            contours += len(own)
            points += sum(contour.point_count for contour in own)
            _check("ContourSequence", contours, limits.contours, "contour")
            _check("ContourData", points, limits.points, "contour point")
        if number in found and own != [] and found[number] != []:
            own = refusal("ROIContourSequence", f"two items are for the structure {number}")
        found[number] = own or found.get(number, [])
    if not astray:
        return found, []
    message = f"{counted(len(astray), 'item')} of contours belong to no structure of the set"
    listed = ", ".join(astray[:10])
    return found, [Notice("structure-set.dangling-contours", f"{message} ({listed}): left out")]


def _undecoded(item: Dataset) -> list[Contour] | DicomError:
    try:
        return contours_of(items_of(item, "ContourSequence"))
    except DicomError as error:
        return error
