"""What all synthetic RT objects have in common: invented UIDs, an invented patient, and the bytes of a file."""

from pydicom.datadict import tag_for_keyword
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import dcmwrite
from pydicom.tag import Tag
from pydicom.uid import UID, ExplicitVRLittleEndian

UID_ROOT = "1.2.826.0.1.3680043.10.1666.2026"
"""Root of the samples' UIDs: invented, in no use elsewhere."""


def common(patient_id: str, number: int, *, kind: int, sop_class: str, modality: str) -> Dataset:
    """What every RT object says: of whom it is, and its UIDs.

    Parameters
    ----------
    patient_id : str
        Patient ID; the name is made from it.
    number : int
        Makes the UIDs. Objects of one patient and number share study and frame of reference.
    kind : int
        Branch of `UID_ROOT` of the SOP Instance UID: 1 plan, 5 structure set, 6 dose, 7 treatment record.
    sop_class, modality : str
        What the object is.
    """
    dataset = Dataset()
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.InstanceCreationDate = dataset.StudyDate = "20260102"
    dataset.InstanceCreationTime = dataset.StudyTime = "120000"
    dataset.SOPClassUID = sop_class
    dataset.SOPInstanceUID = uid(kind, number)
    dataset.AccessionNumber = dataset.ReferringPhysicianName = dataset.OperatorsName = ""
    dataset.Modality = modality
    dataset.Manufacturer = "rtfractions samples"
    dataset.PatientName = f"Sample^{patient_id}"
    dataset.PatientID = patient_id
    dataset.PatientBirthDate = dataset.PatientSex = ""
    dataset.StudyInstanceUID = uid(2, number)
    dataset.SeriesInstanceUID = uid(3, number)
    dataset.StudyID = str(number)
    dataset.SeriesNumber = None
    dataset.FrameOfReferenceUID = uid(4, number)
    dataset.PositionReferenceIndicator = ""
    return dataset


def uid(kind: int, number: int) -> str:
    """The UID of an object, by its kind (see `common`) and number."""
    return f"{UID_ROOT}.{kind}.{number}"


def reference(sop_class: str, sop_instance_uid: str) -> Dataset:
    """An item that refers to another object."""
    item = Dataset()
    item.ReferencedSOPClassUID = sop_class
    item.ReferencedSOPInstanceUID = sop_instance_uid
    return item


def dicom_bytes(dataset: Dataset, transfer_syntax: str = ExplicitVRLittleEndian) -> bytes:
    """A dataset as a DICOM file; nothing in it depends on the day or on pydicom's version."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    meta.TransferSyntaxUID = UID(transfer_syntax)
    meta.ImplementationClassUID = UID(f"{UID_ROOT}.9")
    meta.ImplementationVersionName = "RTFRACTIONS"
    dataset.file_meta = meta
    buffer = DicomBytesIO()
    dcmwrite(buffer, dataset, enforce_file_format=True)
    return buffer.getvalue()


def set_raw(item: Dataset, keyword: str, vr: str, value: bytes) -> None:
    """Put bytes into an item that pydicom's own writer would refuse."""
    number = tag_for_keyword(keyword)
    assert number is not None
    tag = Tag(number)
    item._dict[tag] = RawDataElement(tag, vr, len(value), value, 0, False, True)
