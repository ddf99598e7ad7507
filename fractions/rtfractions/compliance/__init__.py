"""Compliance: a patient against a protocol, one module a kind of rule."""

from rtfractions.compliance.findings import Finding, LesionFindings, PatientFindings, ReadingVerdict
from rtfractions.compliance.review import check

__all__ = ["Finding", "LesionFindings", "PatientFindings", "ReadingVerdict", "check"]
