"""Patients reviewed against a protocol, as a document, a text and a long table."""

import textwrap
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rtfractions.compliance import Finding, LesionFindings, PatientFindings
from rtfractions.errors import printable
from rtfractions.plans import PrescriptionSource
from rtfractions.protocols import LoadedProtocol
from rtfractions.reports.envelope import Context, Envelope, Message, messages
from rtfractions.reports.marks import LEGENDS, Marks
from rtfractions.reports.tables import Cell, aligned, csv_text
from rtfractions.verdicts import Verdict


@dataclass(frozen=True, slots=True)
class ProtocolEntry:
    """The protocol that was graded against."""

    id: str
    title: str
    version: str
    basis: str
    sha256: str


@dataclass(frozen=True, slots=True)
class ReadingEntry:
    """The verdict under one reading of an ambiguous text."""

    id: str
    text: str
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class DifferenceEntry:
    """Prescribed minus nearest listed schedule, in Gy."""

    alpha_beta_gy: float
    bed_gy: float
    eqd2_gy: float


@dataclass(frozen=True, slots=True)
class NearestEntry:
    """The listed schedule nearest to an unlisted one; never called equivalent."""

    schedule: str
    differences: tuple[DifferenceEntry, ...]


@dataclass(frozen=True, slots=True)
class CheckEntry:
    """What one rule came to; what does not apply is null."""

    rule: str
    verdict: Verdict
    basis: str | None
    observed: float | str | None
    required: float | str | None
    unit: str | None
    distance: float | None
    structure: str | None
    alpha_beta_flip_gy: float | None
    uncertain: bool | None
    readings: tuple[ReadingEntry, ...]
    message: str
    rests_on: str | None
    source: str | None
    nearest: NearestEntry | None


@dataclass(frozen=True, slots=True)
class IsoeffectEntry:
    """What the prescribed schedule is worth at one alpha/beta."""

    alpha_beta_gy: float
    model: str
    bed_gy: float
    eqd2_gy: float


@dataclass(frozen=True, slots=True)
class LesionEntry:
    """A lesion with its checks."""

    lesion: str
    site: str | None
    on_study: bool
    schedule: str | None
    prescription_source: PrescriptionSource | None
    plan_uid: str | None
    fractions_delivered: int | None
    isoeffects: tuple[IsoeffectEntry, ...]
    verdict: Verdict
    checks: tuple[CheckEntry, ...]
    warnings: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class PlanEntry:
    """A plan that was read; `set_aside` says why one is listed and not counted."""

    plan_uid: str
    set_aside: str | None
    warnings: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class PatientEntry:
    """A patient with checks, lesions and plans."""

    patient: str
    verdict: Verdict
    headline: str
    checks: tuple[CheckEntry, ...]
    lesions: tuple[LesionEntry, ...]
    plans: tuple[PlanEntry, ...]
    warnings: tuple[Message, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckDocument(Envelope):
    """What `rtfractions check` prints."""

    schema: Literal["rtfractions.check/1"]
    protocol: ProtocolEntry
    patients: tuple[PatientEntry, ...]


def document(
    patients: Sequence[PatientFindings], protocol: LoadedProtocol, context: Context
) -> CheckDocument:
    """The document of a review."""
    rules = protocol.protocol
    return CheckDocument(
        **context.head("rtfractions.check/1"),
        protocol=ProtocolEntry(rules.id, rules.title, rules.version, rules.basis, protocol.sha256),
        patients=tuple(_patient_entry(patient) for patient in patients),
    )


def _patient_entry(findings: PatientFindings) -> PatientEntry:
    return PatientEntry(
        patient=printable(findings.patient.label),
        verdict=findings.verdict,
        headline=printable(findings.headline),
        checks=tuple(_check_entry(finding) for finding in findings.findings),
        lesions=tuple(_lesion_entry(lesion) for lesion in findings.lesions),
        plans=tuple(
            PlanEntry(printable(p.sop_instance_uid), p.set_aside, messages(p.notices))
            for p in findings.patient.plans
        ),
        warnings=messages(findings.patient.notices),
    )


def _lesion_entry(findings: LesionFindings) -> LesionEntry:
    lesion, prescription = findings.lesion, findings.lesion.prescription
    return LesionEntry(
        lesion=printable(lesion.label),
        site=None if lesion.site is None else printable(lesion.site),
        on_study=lesion.on_study,
        schedule=None if prescription.schedule is None else str(prescription.schedule),
        prescription_source=prescription.source,
        plan_uid=None if lesion.plan_uid is None else printable(lesion.plan_uid),
        fractions_delivered=lesion.delivery.fractions_delivered,
        isoeffects=tuple(
            IsoeffectEntry(i.alpha_beta.value_gy, i.model, i.bed_gy, i.eqd2_without_time_gy)
            for i in findings.isoeffects
        ),
        verdict=findings.verdict,
        checks=tuple(_check_entry(finding) for finding in findings.findings),
        warnings=messages(findings.notices),
    )


def _check_entry(finding: Finding) -> CheckEntry:
    source, nearest = finding.source, finding.nearest
    return CheckEntry(
        rule=finding.rule,
        verdict=finding.verdict,
        basis=finding.basis,
        observed=printable(finding.observed) if isinstance(finding.observed, str) else finding.observed,
        required=printable(finding.required) if isinstance(finding.required, str) else finding.required,
        unit=finding.unit,
        distance=finding.distance,
        structure=None,
        alpha_beta_flip_gy=None,
        uncertain=None,
        readings=tuple(ReadingEntry(r.id, r.text, r.verdict) for r in finding.readings),
        message=printable(finding.message),
        rests_on=finding.rests_on,
        source=None if source is None else f"{source.label}: {source.citation}",
        nearest=None
        if nearest is None
        else NearestEntry(
            str(nearest.schedule),
            tuple(DifferenceEntry(d.alpha_beta_gy, d.bed_gy, d.eqd2_gy) for d in nearest.differences),
        ),
    )


def as_csv(document: CheckDocument) -> str:
    """The document as CSV, one row a check; the roll-ups are rows of rule ``lesion`` and ``patient``."""
    header = ("patient", "lesion", "rule", "verdict", "observed", "required", "unit", "message", "source")
    rows: list[tuple[Cell, ...]] = []
    for patient in document.patients:
        for lesion in patient.lesions:
            rows += [_csv_row(patient.patient, lesion.lesion, check) for check in lesion.checks]
            rows.append(
                (
                    patient.patient,
                    lesion.lesion,
                    "lesion",
                    lesion.verdict,
                    lesion.schedule,
                    None,
                    None,
                    None,
                    None,
                )
            )
        rows += [_csv_row(patient.patient, None, check) for check in patient.checks]
        rows.append(
            (patient.patient, None, "patient", patient.verdict, None, None, None, patient.headline, None)
        )
    return csv_text(header, rows)


def _csv_row(patient: str, lesion: str | None, check: CheckEntry) -> tuple[Cell, ...]:
    values = (check.observed, check.required, check.unit, check.message, check.source)
    return (patient, lesion, check.rule, check.verdict, *values)


TO_LOOK_AT = frozenset(
    {Verdict.DEVIATION_UNACCEPTABLE, Verdict.QUERY, Verdict.NOT_EVALUABLE, Verdict.VARIATION_ACCEPTABLE}
)
"""Verdicts of checks that a reader must look at."""

_WIDTH = 110


def as_text(document: CheckDocument, protocol: LoadedProtocol, *, every_check: bool) -> str:
    """The document for a reader at a terminal: all lesions in a table, then what needs a person.

    Parameters
    ----------
    document : CheckDocument
        The document.
    protocol : LoadedProtocol
        Its protocol, for what it is silent about.
    every_check : bool
        Print every check, not only those that a reader must look at.
    """
    rules = document.protocol
    head = (
        f"{rules.id} {rules.title}: {rules.version}\n"
        f"Rules read from a {rules.basis.replace('_', ' ')}; grading bands and roll-up are this program's. "
        f"Protocol sha256 {rules.sha256[:12]}.\n"
    )
    parts = [
        head,
        _lesion_table(document),
        "".join(_patient_text(patient, every_check) for patient in document.patients),
        _unread(document),
    ]
    if protocol.protocol.silent:
        parts.append(_wrapped(f"No rule in this protocol on: {'; '.join(protocol.protocol.silent)}.", ""))
    counts = Counter(patient.verdict for patient in document.patients)
    summary = ", ".join(f"{counts[verdict]} {verdict.words}" for verdict in Verdict if counts[verdict])
    number = len(document.patients)
    parts.append(f"{number} {'patient' if number == 1 else 'patients'}: {summary}\n")
    return "\n".join(part for part in parts if part)


def _lesion_table(document: CheckDocument) -> str:
    lesions = [(patient.patient, lesion) for patient in document.patients for lesion in patient.lesions]
    if not lesions:
        return ""
    ratios = next(
        ([i.alpha_beta_gy for i in lesion.isoeffects] for _, lesion in lesions if lesion.isoeffects), []
    )
    marks = Marks(warning for _, lesion in lesions for warning in lesion.warnings)
    header = ["patient", "lesion", "site", "schedule"]
    for ratio in ratios:
        header += [f"BED(a/b={ratio:g})", f"EQD2Gy(a/b={ratio:g})"]
    rows = [[*header, "verdict"]]
    for label, lesion in lesions:
        worth = [f"{gy:.2f}" for i in lesion.isoeffects for gy in (i.bed_gy, i.eqd2_gy)] or ["-"] * 2 * len(
            ratios
        )
        verdict = lesion.verdict.words if lesion.on_study else "off study"
        schedule = marks.marked(lesion.schedule or "-", lesion.warnings)
        rows.append([label, lesion.lesion, lesion.site or "-", schedule, *worth, verdict])
    return aligned(rows, right=range(4, 4 + 2 * len(ratios))) + marks.legend()


def _patient_text(patient: PatientEntry, every_check: bool) -> str:
    lines = [_wrapped(f"{patient.patient}: {patient.verdict.words}", "")]
    if patient.verdict is Verdict.PER_PROTOCOL:
        lines = [_wrapped(f"{patient.patient}: {patient.headline}", "")]
    lines += [_check_text("", check) for check in patient.checks if every_check or _to_look_at(check)]
    lines += [
        _note(w, "  ") for w in (*patient.warnings, *(w for plan in patient.plans for w in plan.warnings))
    ]
    for lesion in patient.lesions:
        source = lesion.prescription_source
        if source not in (None, PrescriptionSource.LESION_SHEET):
            lines.append(
                _wrapped(f"{lesion.lesion}: prescription from {source.words}, plan {lesion.plan_uid}", "  ")
            )
        lines += [_check_text(f"{lesion.lesion} ", c) for c in lesion.checks if every_check or _to_look_at(c)]
        lines += [
            _wrapped(f"{lesion.lesion} note: {warning.message}", "  ")
            for warning in lesion.warnings
            if warning.code not in LEGENDS
        ]
    return "".join(lines)


def _unread(document: CheckDocument) -> str:
    """What was refused or passed over: no verdict speaks of it."""
    of_patients = {
        warning
        for patient in document.patients
        for warnings in (
            patient.warnings,
            *(plan.warnings for plan in patient.plans),
            *(lesion.warnings for lesion in patient.lesions),
        )
        for warning in warnings
    }
    refused = [_wrapped(f"refused: {_told(error)}", "") for error in document.errors]
    return "".join(refused + [_note(w, "") for w in document.warnings if w not in of_patients])


def _note(warning: Message, indent: str) -> str:
    return _wrapped(f"note: {_told(warning)}", indent)


def _told(message: Message) -> str:
    place = str(message.where)
    return f"{place}: {message.message}" if place else message.message


def _to_look_at(check: CheckEntry) -> bool:
    return check.verdict in TO_LOOK_AT or check.basis is not None


def _check_text(lesion: str, check: CheckEntry) -> str:
    source = "" if check.rests_on is None else f" ({check.rests_on})"
    lines = [_wrapped(f"{lesion}{check.rule}: {check.verdict.words}{source}: {check.message}", "  ")]
    for reading in check.readings:
        lines.append(_wrapped(f"reading {reading.id}, {reading.text}: {reading.verdict.words}", "      "))
    return "".join(lines)


def _wrapped(text: str, indent: str) -> str:
    wrapped = textwrap.fill(
        text,
        _WIDTH,
        initial_indent=indent,
        subsequent_indent=indent + "    ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    return wrapped + "\n"
