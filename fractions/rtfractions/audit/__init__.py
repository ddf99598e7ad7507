"""Audits of a cohort: patients found, each graded alone, results kept, the whole summed up."""

from rtfractions.audit.cohort import Cohort, find_cohort
from rtfractions.audit.folder import OutputFolder
from rtfractions.audit.lock import locked
from rtfractions.audit.manifest import manifest_of, read_manifest, refuse_other, write_manifest
from rtfractions.audit.pseudonyms import PseudonymKey, default_key_file, key_from
from rtfractions.audit.reporting import write_reports
from rtfractions.audit.runner import Progress, run
from rtfractions.audit.settings import Settings
from rtfractions.audit.summary import summarise

__all__ = [
    "Cohort",
    "OutputFolder",
    "Progress",
    "PseudonymKey",
    "Settings",
    "default_key_file",
    "find_cohort",
    "key_from",
    "locked",
    "manifest_of",
    "read_manifest",
    "refuse_other",
    "run",
    "summarise",
    "write_manifest",
    "write_reports",
]
