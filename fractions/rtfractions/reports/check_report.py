"""A review in all its forms: the document, and what is made from it."""

from rtfractions.reports.check_csv import as_csv
from rtfractions.reports.check_document import (
    CheckDocument,
    CheckEntry,
    LesionEntry,
    OverlayEntry,
    PatientEntry,
    ProtocolEntry,
)
from rtfractions.reports.check_entries import document, overlay_entry, patient_entry, protocol_entry
from rtfractions.reports.check_html import as_html, as_pdf, refuse_pdf
from rtfractions.reports.check_junit import as_junit
from rtfractions.reports.check_text import as_text

__all__ = [
    "CheckDocument",
    "CheckEntry",
    "LesionEntry",
    "OverlayEntry",
    "PatientEntry",
    "ProtocolEntry",
    "as_csv",
    "as_html",
    "as_junit",
    "as_pdf",
    "as_text",
    "document",
    "overlay_entry",
    "patient_entry",
    "protocol_entry",
    "refuse_pdf",
]
