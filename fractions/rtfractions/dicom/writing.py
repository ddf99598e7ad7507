"""RT Dose objects of converted dose, written so that nobody can take them for physical dose in good faith.

The new object has UIDs of its own, Dose Type EFFECTIVE, a comment and codes that say what was done, and references
to the plan and to the dose it was made from. Of the source it keeps what an RT Dose must say of patient, study,
frame of reference and geometry, and nothing else: no private attributes, no histograms of the physical dose, no
free text.
"""

import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydicom.datadict import dictionary_VR, keyword_dict
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import dcmwrite
from pydicom.uid import UID, ExplicitVRLittleEndian, RTDoseStorage

from rtfractions import __version__
from rtfractions.dicom.decimal_strings import decimal_text, scaling_of
from rtfractions.dicom.discovery import Discovery
from rtfractions.dicom.limits import Limits
from rtfractions.dicom.marking import (
    FRACTIONATION_BASED,
    FROM_PRIOR_DOSES,
    MANUFACTURER,
    METHODS,
    MODEL_NAME,
    RADIOBIOLOGICAL,
    SOURCE_DOSE,
    Marking,
)
from rtfractions.dicom.reading import DicomError, dataset_of, guarded
from rtfractions.dicom.values import code_of, decimals_of, items_of, text_of
from rtfractions.doses import DoseSummation
from rtfractions.errors import Where
from rtfractions.files import InputFile, sha256_hex

Floats = NDArray[np.float64]

_KEPT: Final = (
    # Patient (PS3.3 C.7.1.1) and Clinical Trial Subject
    "SpecificCharacterSet",
    "PatientName",
    "PatientID",
    "IssuerOfPatientID",
    "PatientBirthDate",
    "PatientBirthTime",
    "PatientSex",
    "PatientIdentityRemoved",
    "DeidentificationMethod",
    "ClinicalTrialSponsorName",
    "ClinicalTrialProtocolID",
    "ClinicalTrialProtocolName",
    "ClinicalTrialSiteID",
    "ClinicalTrialSiteName",
    "ClinicalTrialSubjectID",
    "ClinicalTrialSubjectReadingID",
    # General Study (C.7.2.1)
    "StudyInstanceUID",
    "StudyDate",
    "StudyTime",
    "ReferringPhysicianName",
    "StudyID",
    "AccessionNumber",
    "StudyDescription",
    # Frame of Reference (C.7.4.1)
    "FrameOfReferenceUID",
    "PositionReferenceIndicator",
    # what the dose calculation took for the tissue
    "TissueHeterogeneityCorrection",
)
"""Attributes that are copied as they stand."""

_EMPTY: Final = (
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyDate",
    "StudyTime",
    "ReferringPhysicianName",
    "StudyID",
    "AccessionNumber",
    "PositionReferenceIndicator",
    "SeriesNumber",
    "OperatorsName",
    "InstanceNumber",
    "SliceThickness",
)
"""Attributes that must be there, empty where the source has none."""

_GEOMETRY: Final = (
    "ImagePositionPatient",
    "ImageOrientationPatient",
    "PixelSpacing",
    "GridFrameOffsetVector",
)

_TRANSFORMS: Final = ("NON_RIGID", "RIGID", "NONE")
"""How a dose may have been mapped through a registration; of several sources the first of these is said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenDose:
    """A converted dose as a DICOM file.

    Attributes
    ----------
    data : bytes
        The file.
    sop_instance_uid, series_instance_uid : str
        Its new UIDs.
    scaling_gy : Decimal
        Dose in Gy of a stored 1.
    maximum_gy : float
        The largest dose in Gy.
    """

    data: bytes
    sop_instance_uid: str
    series_instance_uid: str
    scaling_gy: Decimal
    maximum_gy: float


def read_again(found: Discovery, uid: str, inputs: Iterable[InputFile], limits: Limits) -> bytes:
    """The file of an object that was read, as it was read.

    Parameters
    ----------
    found : Discovery
        Where it was found.
    uid : str
        Its SOP Instance UID.
    inputs : iterable of InputFile
        What was read.
    limits : Limits
        How much is read.

    Raises
    ------
    DicomError
        If it has changed since.
    """
    sha256 = {file.sha256 for file in inputs if file.sop_instance_uid == uid}
    sources = [f.source for p in found.patients for f in p.files if f.header.sop_instance_uid == uid]
    for source in sources:
        data = source.read(limits)
        if sha256_hex(data) in sha256:
            return data
    name = sources[0].name if sources else None
    raise DicomError("has changed since it was read", remedy="run again", where=Where(file=name))


def dose_file(
    sources: Iterable[bytes],
    blocks_gy: Callable[[], Iterator[Floats]],
    marking: Marking,
    *,
    limits: Limits,
    also_from: Iterable[str] = (),
) -> WrittenDose:
    """An RT Dose of converted dose.

    Parameters
    ----------
    sources : iterable of bytes
        The RT Dose files it was made from; the first gives geometry, patient, study and frame of reference.
    blocks_gy : callable
        Gives the converted doses in Gy, some frames at a time, in the order in which `grid.DoseGrid` holds those of
        the first source; it is called twice, so that they need never all be there.
    marking : Marking
        What it must say of itself.
    limits : Limits
        How much is read.
    also_from : iterable of str
        SHA-256 of other files that the doses rest on. The new UIDs are made from all of these, the marking and the
        version of the program: the same inputs, parameters and time give the same UIDs.

    Raises
    ------
    DicomError
        If a source cannot be read, or the doses are not those of its grid.
    """
    digests, datasets = [], []
    for data in sources:
        digests.append(sha256_hex(data))
        datasets.append(dataset_of(data, limits))
        datasets[-1].pop("PixelData", None)  # it is as large as the grid, and not needed
    first = datasets[0]
    entropy = "\n".join([*digests, *also_from, repr(marking), __version__])
    plans = _plan_references(datasets)
    dose = _identity(first, marking, entropy)
    _mark(dose, marking, datasets, plans)
    offsets = decimals_of(first, "GridFrameOffsetVector")
    maximum = _place(dose, first, offsets, blocks_gy)
    with guarded():
        data = _encoded(dose)
    return WrittenDose(
        data=data,
        sop_instance_uid=dose.SOPInstanceUID,
        series_instance_uid=dose.SeriesInstanceUID,
        scaling_gy=scaling_of(maximum),
        maximum_gy=maximum,
    )


def _identity(source: Dataset, marking: Marking, entropy: str) -> Dataset:
    """A dataset with the patient, study and frame of reference of the source, and with UIDs of its own."""
    dose = Dataset()
    for keyword in _KEPT:
        _copy(source, dose, keyword)
    for keyword in _EMPTY:
        if keyword not in dose:
            setattr(dose, keyword, None)
    dose.SOPClassUID = RTDoseStorage
    dose.SOPInstanceUID = _uid(f"instance\n{entropy}")
    dose.SeriesInstanceUID = _uid(f"series\n{entropy}")
    dose.Modality = "RTDOSE"
    dose.SeriesDescription = marking.series_description
    dose.Manufacturer = MANUFACTURER
    dose.ManufacturerModelName = MODEL_NAME
    dose.SoftwareVersions = __version__
    if marking.written_at is not None:
        dose.InstanceCreationDate = dose.ContentDate = f"{marking.written_at:%Y%m%d}"
        dose.InstanceCreationTime = dose.ContentTime = f"{marking.written_at:%H%M%S}"
    return dose


def _uid(text: str) -> str:
    """A UID under the root 2.25, which belongs to no organisation, made from a text."""
    digest = bytes.fromhex(sha256_hex(text.encode()))
    return f"2.25.{uuid.UUID(bytes=digest[:16], version=5).int}"


def _copy(source: Dataset, dose: Dataset, keyword: str) -> None:
    """Copy an attribute with the bytes it has, also those no character set explains."""
    if keyword not in source:
        return
    with guarded():
        element = source.get_item(keyword)
        if isinstance(element, RawDataElement):
            vr = dictionary_VR(keyword_dict[keyword])
            element = element._replace(VR=vr, value=element.value or b"")
        if element is not None:
            dose[keyword_dict[keyword]] = element


def _mark(dose: Dataset, marking: Marking, sources: list[Dataset], plans: list[Dataset]) -> None:
    """Say what the dose is, what it was made from, and that it is not physical."""
    dose.DoseUnits = "GY"
    dose.DoseType = "EFFECTIVE"
    several = len(plans) > 1
    dose.DoseSummationType = str(DoseSummation.MULTI_PLAN if several else DoseSummation.PLAN)
    dose.DoseComment = marking.comment
    derivations = [RADIOBIOLOGICAL, *([FROM_PRIOR_DOSES] if several else [])]
    dose.DerivationCodeSequence = [_code(*derivation) for derivation in derivations]
    dose.DerivationDescription = marking.description
    effect = Dataset()
    effect.RadiobiologicalDoseEffectFlag = "YES"
    effect.EffectiveDoseCalculationMethodCategoryCodeSequence = [_code(*FRACTIONATION_BASED)]
    effect.EffectiveDoseCalculationMethodCodeSequence = [_code(*METHODS[marking.quantity])]
    effect.EffectiveDoseCalculationMethodDescription = marking.comment
    dose.RadiobiologicalDoseEffectSequence = [effect]
    if plans:
        dose.ReferencedRTPlanSequence = plans
    dose.ReferencedInstanceSequence = [_source_reference(source) for source in sources]
    structures = _references(sources[:1], "ReferencedStructureSetSequence")
    if structures:
        dose.ReferencedStructureSetSequence = structures
    said = [code_of(source, "SpatialTransformOfDose") for source in sources]
    transform = next((how for how in _TRANSFORMS if how in said), None)
    if transform is not None:
        dose.SpatialTransformOfDose = transform
    if transform in _TRANSFORMS[:-1]:  # then required, though it may be empty
        dose.ReferencedSpatialRegistrationSequence = _references(
            sources, "ReferencedSpatialRegistrationSequence"
        )


def _plan_references(sources: list[Dataset]) -> list[Dataset]:
    return _references(sources, "ReferencedRTPlanSequence")


def _references(sources: list[Dataset], keyword: str) -> list[Dataset]:
    """The objects that sources refer to, each once, without what of them was meant: a beam, a fraction group."""
    found = {}
    for source in sources:
        for item in items_of(source, keyword):
            sop_class, uid = text_of(item, "ReferencedSOPClassUID"), text_of(item, "ReferencedSOPInstanceUID")
            if sop_class is not None and uid is not None:
                found[uid] = _reference(sop_class, uid)
    return list(found.values())


def _source_reference(source: Dataset) -> Dataset:
    uid = text_of(source, "SOPInstanceUID")
    if uid is None:
        raise DicomError("a source dose has no SOP Instance UID")
    item = _reference(RTDoseStorage, uid)
    item.PurposeOfReferenceCodeSequence = [_code(*SOURCE_DOSE)]
    return item


def _reference(sop_class: str, uid: str) -> Dataset:
    item = Dataset()
    with guarded():
        item.ReferencedSOPClassUID = sop_class
        item.ReferencedSOPInstanceUID = uid
    return item


def _code(value: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue = value
    item.CodingSchemeDesignator = "DCM"
    item.CodeMeaning = meaning
    return item


def _place(
    dose: Dataset, source: Dataset, offsets: tuple[Decimal, ...], blocks_gy: Callable[[], Iterator[Floats]]
) -> float:
    """Put the doses into the dataset, on the grid of the source; the largest of them."""
    for keyword in _GEOMETRY:
        setattr(dose, keyword, [decimal_text(value) for value in decimals_of(source, keyword)])
    maximum, shape = 0.0, (0, 0)
    frames = 0
    for block in blocks_gy():
        if not (np.isfinite(block).all() and block.min() >= 0):
            raise DicomError("a converted dose is below 0 or no number")
        maximum = max(maximum, float(block.max()))
        frames, shape = frames + len(block), block.shape[1:]
    if frames != len(offsets):
        raise DicomError(f"{frames} frames of converted dose do not go with {len(offsets)} frame offsets")
    scaling = scaling_of(maximum)
    stored = np.empty((frames, *shape), "<u4")
    start = 0
    for block in blocks_gy():
        stored[start : start + len(block)] = np.rint(block / float(scaling))
        start += len(block)
    if offsets[-1] < offsets[0]:  # a grid holds its frames in ascending order; the file keeps its own
        stored = stored[::-1]
    dose.SamplesPerPixel = 1
    dose.PhotometricInterpretation = "MONOCHROME2"
    dose.NumberOfFrames = frames
    dose.FrameIncrementPointer = keyword_dict["GridFrameOffsetVector"]
    dose.Rows, dose.Columns = shape
    dose.BitsAllocated = dose.BitsStored = 32
    dose.HighBit = 31
    dose.PixelRepresentation = 0
    dose.DoseGridScaling = f"{scaling:E}"
    dose.PixelData = stored.tobytes()
    dose["PixelData"].VR = "OW"
    return maximum


def _encoded(dose: Dataset) -> bytes:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = dose.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dose.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = UID(_uid("rtfractions"))
    meta.ImplementationVersionName = "RTFRACTIONS"
    dose.file_meta = meta
    buffer = DicomBytesIO()
    dcmwrite(buffer, dose, enforce_file_format=True)
    return buffer.getvalue()
