"""Files to words: DICOM RT objects, found, read with suspicion, and put together as patients."""

from rtfractions.dicom.discovery import Discovery, PatientFiles, discover
from rtfractions.dicom.limits import Limits
from rtfractions.dicom.patients import PatientReading, Reading, read_patient, read_patients

__all__ = [
    "Discovery",
    "Limits",
    "PatientFiles",
    "PatientReading",
    "Reading",
    "discover",
    "read_patient",
    "read_patients",
]
