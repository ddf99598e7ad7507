"""The reports of an output folder, made anew from its result files."""

from collections.abc import Collection, Iterator

from rtfractions.audit.folder import OutputFolder
from rtfractions.audit.manifest import Manifest
from rtfractions.audit.result_files import read_result
from rtfractions.reports.cohort import AuditDocument
from rtfractions.reports.cohort_csv import as_csv, checks_as_csv
from rtfractions.reports.cohort_html import as_html
from rtfractions.reports.cohort_junit import as_junit
from rtfractions.reports.cohort_results import ResultFile
from rtfractions.reports.cohort_text import as_text
from rtfractions.reports.envelope import as_json


def rendered(
    folder: OutputFolder,
    manifest: Manifest,
    document: AuditDocument,
    form: str,
    *,
    everything: bool,
    failing: Collection[str] = (),
) -> str:
    """The cohort's report in one form.

    Parameters
    ----------
    folder : OutputFolder
        The audit's.
    manifest : Manifest
        Which patients were found.
    document : AuditDocument
        What they came to.
    form : str
        ``"json"``, ``"csv"``, ``"checks"``, ``"html"``, ``"junit"``, or text.
    everything : bool
        List every patient and question in the text.
    failing : collection of str
        What is a failure in JUnit XML beside a deviation.
    """
    if form == "json":
        return as_json(document)
    if form == "csv":
        return as_csv(document)
    if form == "checks":
        return checks_as_csv(document.patients, results(folder, manifest))
    if form == "html":
        return as_html(document)
    if form == "junit":
        return as_junit(document, results(folder, manifest), failing=failing)
    return as_text(document, everything=everything)


def results(folder: OutputFolder, manifest: Manifest) -> Iterator[ResultFile | None]:
    """The result of each patient that was found, one after the other."""
    for found in manifest.patients:
        yield read_result(folder, found.patient, protocol_sha256=manifest.protocol.sha256)


def write_reports(
    folder: OutputFolder, manifest: Manifest, document: AuditDocument, *, failing: Collection[str] = ()
) -> None:
    """Write every report into the folder; its lock must be held.

    Raises
    ------
    OutputFileError
        If one cannot be written.
    """
    names = {
        "summary.txt": "text",
        "summary.json": "json",
        "summary.csv": "csv",
        "checks.csv": "checks",
        "summary.html": "html",
        "summary.xml": "junit",
    }
    for name, form in names.items():
        folder.write(
            folder.path / name, rendered(folder, manifest, document, form, everything=True, failing=failing)
        )
