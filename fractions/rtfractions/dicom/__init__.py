"""DICOM RT files read into the words of the ground floor; no other room knows pydicom."""

from rtfractions.dicom.folder import Reading, read_patients

__all__ = ["Reading", "read_patients"]
