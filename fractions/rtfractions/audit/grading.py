"""One patient graded alone: its files read, reviewed, and its result file made; this runs in a process of its own."""

import dataclasses
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec

from rtfractions import compliance
from rtfractions.audit.cohort import Shared, Task
from rtfractions.audit.privacy import each_text, renamed_notices, without_uids
from rtfractions.audit.result_files import Known, sealed
from rtfractions.compliance import PatientFindings
from rtfractions.dicom import Discovery, Limits, PatientFiles, read_patient
from rtfractions.dicom.discovery import FoundFile
from rtfractions.dicom.reading import HEADER_BYTES, LONG_HEADER_BYTES, LongHeaderError, header_of
from rtfractions.dicom.sources import Source
from rtfractions.errors import InputFileError, RTFractionsError, Where
from rtfractions.files import InputFile, sha256_hex
from rtfractions.notices import Notice
from rtfractions.patient import Patient, join
from rtfractions.protocols.vocabulary import known_site_words
from rtfractions.reports import check_html, check_report, cohort_html
from rtfractions.reports.check_report import CheckDocument
from rtfractions.reports.cohort_results import AuditResult, LookedUp, Status
from rtfractions.reports.envelope import Context, Message
from rtfractions.verdicts import Verdict

if TYPE_CHECKING:  # figures need matplotlib: it is loaded where there is a dose to draw
    from rtfractions.reports.check_figures import PatientFigures

Document = TypeVar("Document")

OPEN: Final = frozenset({Verdict.DEVIATION_UNACCEPTABLE, Verdict.QUERY, Verdict.NOT_EVALUABLE})
"""Verdicts of patients that a person must look at."""

DEFECT: Final = 70
"""Exit code of a result in which the program failed."""

CHANGED: Final = "file.changed"
"""Code of the refusal of a file that is not what it was when it was found."""


class ChangedFileError(InputFileError):
    """A file that changed or vanished during the audit."""

    code = CHANGED


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a task.

    Attributes
    ----------
    content : bytes or None
        The result file; None where the one that is there still holds.
    page : bytes
        The patient's page, which the result file names by its SHA-256.
    status : Status
        What became of the patient.
    verdict : Verdict or None
        The patient's, where graded.
    is_defect : bool
        The program failed, not the data.
    """

    content: bytes | None
    status: Status
    page: bytes = b""
    verdict: Verdict | None = None
    is_defect: bool = False


def prepare() -> None:
    """Load what grading needs now and then: what a patient's own process loads is lost with it."""
    for module in ("numpy.ma", "rtfractions.dosimetry"):
        import_module(module)
    known_site_words()
    check_html.load_templates()


def prepare_figures() -> None:
    """Load what figures need too, and draw one: fonts are looked for at the first."""
    prepare()
    import_module("rtfractions.reports.check_figures")
    from matplotlib.figure import Figure as Drawing

    from rtfractions.reports.figures import as_bytes as drawn

    for suffix in (".svg", ".png"):
        drawing = Drawing()
        drawing.add_subplot().set_title("dose [Gy]")
        drawn(drawing, suffix, text_as_paths=True)


def grade(shared: Shared, task: Task, known: Known | None) -> Outcome:
    """Grade a patient, unless the result that is there was made of the same.

    Parameters
    ----------
    shared : Shared
        Protocol, options, and whose the objects of the cohort are.
    task : Task
        The patient.
    known : Known or None
        What the result file that is there was made of.
    """
    settings = shared.settings
    files, whole = _fingerprinted(task, shared)
    key = _key(task, files, shared) if whole else None
    owners = _Owners(shared, task.label)
    if known is not None and known.key == key and owners.still(known.looked_up):
        return Outcome(None, known.status, verdict=known.verdict)
    patient, inputs, errors = _read(task, files, owners, shared)
    if any(error.code == CHANGED for error in errors):
        key = None  # what was refused may be there again in the next run
    inputs = (*shared.sheets, *inputs)
    figures: tuple[PatientFigures, ...] = ()
    if patient.plans or patient.incomplete or task.lesions is not None:
        findings = compliance.check(
            patient,
            settings.rules,
            planned=settings.planned,
            constraint_sets=settings.constraint_sets,
            overlay=task.overlay,
            constraints_alpha_beta_gy=settings.constraints_alpha_beta_gy,
        )
        document = _reviewed(findings, task, shared, inputs, errors)
        if settings.figures == "all" or (settings.figures == "open" and findings.verdict in OPEN):
            figures = _drawn(findings)
        status, reason, review = Status.GRADED, None, document.patients[0]
    else:
        status, reason, review = Status.REFUSED, "no RT Plan was found", None
        errors = (*errors, InputFileError(reason))
        context = Context(True, inputs, patient.notices, errors, (3,))
        document = check_report.document([], settings.protocol, context, overlay=settings.overlay)
    document, figures = _public(document, shared), _public(figures, shared)
    result = AuditResult(
        schema="rtfractions.audit-result/1",
        program=document.program,
        generated_at=None,
        inputs=document.inputs,
        warnings=document.warnings,
        errors=document.errors,
        exit_reasons=document.exit_reasons,
        key=key,
        digest="",
        page_sha256=None,
        patient=task.label,
        status=status,
        reason=reason,
        found_in=task.found_in,
        looked_up=owners.looked_up(),
        protocol=document.protocol,
        overlay=document.overlay,
        review=None if review is None else document.patients[0],
    )
    if review is None:
        return _with_page(result, cohort_html.unreviewed_as_html(result))
    page = check_html.as_html(document, figures, up=cohort_html.LINKS_UP)
    return _with_page(result, page, review.verdict)


def _reviewed(
    findings: PatientFindings,
    task: Task,
    shared: Shared,
    inputs: tuple[InputFile, ...],
    errors: tuple[RTFractionsError, ...],
) -> CheckDocument:
    """The document that `check` would make of the patient."""
    overlay, notices = shared.settings.overlay, findings.notices
    if overlay is not None and task.overlay is not None:
        overlay = replace(overlay, overlay=task.overlay)
        lesions = [lesion.label for lesion in findings.patient.lesions]
        notices += task.overlay.unmatched({findings.patient.label: lesions})
    reasons = _exit_reasons(findings.verdict, refused=bool(errors))
    entry = check_report.patient_entry(findings, overlay=overlay)
    context = Context(True, inputs, notices, errors, reasons)
    return check_report.document([entry], shared.settings.protocol, context, overlay=overlay)


def _drawn(findings: PatientFindings) -> "tuple[PatientFigures, ...]":
    """The patient's figures, while the doses are here; a sheet alone has none, and needs nothing that draws."""
    if not any(review.dose is not None for review in findings.plans):
        return ()
    from rtfractions.reports.check_figures import figures_of

    return (figures_of(findings),)


def _public(document: Document, shared: Shared) -> Document:
    """A document without UIDs unless identifiers are included."""
    settings = shared.settings
    if settings.include_identifiers:
        return document
    changed: Document = each_text(document, lambda text: without_uids(text, settings.key))
    return changed


def _with_page(result: AuditResult, page: str, verdict: Verdict | None = None) -> Outcome:
    """The outcome of a result and its page, which stands in the result by its SHA-256."""
    data = page.encode()
    content = sealed(dataclasses.asdict(replace(result, page_sha256=sha256_hex(data))))
    return Outcome(content, result.status, data, verdict, is_defect=DEFECT in result.exit_reasons)


def failed(shared: Shared, task: Task, status: Status, reason: str, *, is_defect: bool = False) -> Outcome:
    """The outcome for a patient whose process came to nothing; it is tried again in the next run."""
    settings = shared.settings
    head = Context(True, exit_reasons=(DEFECT if is_defect else 3,)).head("rtfractions.audit-result/1")
    head["errors"] = (Message(f"audit.{status.value.replace('_', '-')}", reason, Where()),)
    result = AuditResult(
        **head,
        key=None,
        digest="",
        page_sha256=None,
        patient=task.label,
        status=status,
        reason=reason,
        found_in=task.found_in,
        looked_up=(),
        protocol=settings.protocol_entry,
        overlay=settings.overlay_entry,
        review=None,
    )
    return _with_page(result, cohort_html.unreviewed_as_html(result))


def _exit_reasons(verdict: Verdict, *, refused: bool) -> tuple[int, ...]:
    reasons = (3,) if refused else ()
    if verdict is Verdict.DEVIATION_UNACCEPTABLE:
        return (*reasons, 1)
    return (*reasons, 4) if verdict in (Verdict.QUERY, Verdict.NOT_EVALUABLE) else reasons


@dataclass(frozen=True, slots=True)
class _CheckedSource(Source):
    """A source that gives the bytes that were fingerprinted, or none."""

    sha256: str = ""

    def read(self, limits: Limits) -> bytes:
        data = Source.read(self, limits)
        if sha256_hex(data) != self.sha256:
            raise ChangedFileError("changed while it was read", where=Where(file=self.name))
        return data


def _fingerprinted(task: Task, shared: Shared) -> tuple[list[FoundFile], bool]:
    """The files, named as outputs name them, bound to their bytes; and whether all are what they were when found."""
    limits, private = shared.settings.limits, not shared.settings.include_identifiers
    files, whole = [], True
    for file in task.files:
        error, sha256 = file.error, ""
        name = file.source.name
        try:
            data = file.source.read(limits)
            sha256 = sha256_hex(data)
            name = f"sha256:{sha256}" if private else name
            if not _has_header(data, file):
                raise ChangedFileError("changed after it was found", where=Where(file=name))
        except RTFractionsError as problem:
            whole = False
            name = name if sha256 or not private else "a file that could not be read"
            error = error or problem
        names: dict[str, str | None] = {file.source.name: name}
        source = file.source
        checked = _CheckedSource(source.path, name, source.archives, source.member, sha256)
        if error is not None:
            error = error.at(replace(error.where, file=name))
        files.append(replace(file, source=checked, notices=renamed_notices(file.notices, names), error=error))
    return files, whole


def _has_header(data: bytes, file: FoundFile) -> bool:
    """Whether the bytes still say what they said when the file was found: whose it is rests on that."""
    try:
        return header_of(data[:HEADER_BYTES]) == file.header
    except LongHeaderError:
        return header_of(data[:LONG_HEADER_BYTES], LONG_HEADER_BYTES) == file.header


def _key(task: Task, files: list[FoundFile], shared: Shared) -> str:
    """SHA-256 of all that the result rests on, but other patients' objects; the order of files is none of it."""
    private = not shared.settings.include_identifiers
    rests_on = {
        "settings": shared.settings.digest,
        "label": task.label,
        "files": sorted(
            [
                file.source.sha256 if isinstance(file.source, _CheckedSource) else "",
                "" if private else file.source.name,
                "" if file.error is None else file.error.message,
            ]
            for file in files
        ),
        "sheets": sorted(sheet.sha256 for sheet in shared.sheets),
        "found_in": task.found_in,
        "with_files": shared.with_files,
        "is_alone": task.is_alone,
        "overlay": msgspec.to_builtins(task.overlay),
    }
    return sha256_hex(json.dumps(rests_on, sort_keys=True).encode())


class _Owners(Mapping[str, str]):
    """The patient of each object of the cohort, and a record of what was asked about other patients'."""

    def __init__(self, shared: Shared, label: str) -> None:
        self._owners, self._key, self._label = shared.owners, shared.settings.key, label
        self._asked: dict[str, bool] = {}

    def __getitem__(self, uid: str) -> str:
        name = self._key.uid(uid)
        owner = self._owners.get(name)
        if owner != self._label:
            self._asked[name] = owner is not None
        return self._owners[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._owners)

    def __len__(self) -> int:
        return len(self._owners)

    def still(self, looked_up: Mapping[str, bool]) -> bool:
        """Whether all that an earlier result asked has the same answer."""
        return all(
            (self._owners.get(name, self._label) != self._label) == of_another
            for name, of_another in looked_up.items()
        )

    def looked_up(self) -> tuple[LookedUp, ...]:
        return tuple(LookedUp(name, other) for name, other in sorted(self._asked.items()))


@dataclass(frozen=True, slots=True)
class _Alone(Discovery):
    """The files of one patient, with what the cohort says of objects that are not among them."""

    of_cohort: _Owners | None = None

    def owners(self) -> Mapping[str, str]:
        return Discovery.owners(self) if self.of_cohort is None else self.of_cohort


def _read(
    task: Task, files: list[FoundFile], owners: _Owners, shared: Shared
) -> tuple[Patient, tuple[InputFile, ...], tuple[RTFractionsError, ...]]:
    """The patient of the files, of the sheet, or of both."""
    lesions = None if task.lesions is None else replace(task.lesions, label=task.label)
    if not files:
        assert lesions is not None
        if shared.with_files:
            lesions = _noted(lesions, "patient.no-files", "no file of this patient was read")
        return lesions, (), ()
    mine = PatientFiles(task.label, tuple(sorted(files, key=_order)))
    refused = (InputFileError("a file was refused"),) if task.is_alone else ()
    reading = read_patient(mine, _Alone((mine,), refused, (), owners), limits=shared.settings.limits)
    of_doses = tuple(notice for dose in reading.patient.doses for notice in dose.notices)
    patient = replace(reading.patient, notices=(*reading.patient.notices, *of_doses))
    if lesions is not None:
        (patient,) = join([lesions], [patient])
    elif shared.sheets:
        patient = _noted(patient, "patient.not-on-sheet", "the lesion sheet does not name this patient")
    inputs = sorted(reading.inputs, key=lambda file: (file.name, file.sha256))
    return patient, tuple(inputs), tuple(sorted(reading.errors, key=str))


def _order(file: FoundFile) -> tuple[str, str]:
    """By content, so that a file may be renamed and nothing changes."""
    assert isinstance(file.source, _CheckedSource)
    return file.source.sha256, file.source.name


def _noted(patient: Patient, code: str, message: str) -> Patient:
    return replace(patient, notices=(*patient.notices, Notice(code, f"{patient.label}: {message}")))
