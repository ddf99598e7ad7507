"""A review for a reader at a terminal: all lesions in a table, then what needs a person."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

from rtfractions.errors import counted
from rtfractions.plans import PrescriptionSource
from rtfractions.reports.check_document import (
    AdvisoryEntry,
    CheckDocument,
    CheckEntry,
    PatientEntry,
    PlanEntry,
)
from rtfractions.reports.check_words import (
    EXCEEDED,
    about,
    dose_facts,
    exceeded_words,
    is_prior,
    metric_tables,
    needs_a_look,
    number,
    other_warnings,
    refusals,
)
from rtfractions.reports.envelope import Message
from rtfractions.reports.marks import LEGENDS, Marks
from rtfractions.reports.metric_entries import percent, volume
from rtfractions.reports.tables import aligned
from rtfractions.reports.wrapping import wrapped
from rtfractions.verdicts import Verdict

_DEEP: Final = "    "
"""What stands beside the checks of a patient."""


def as_text(document: CheckDocument, *, every_check: bool) -> str:
    """The document as text.

    Parameters
    ----------
    document : CheckDocument
        The document.
    every_check : bool
        Print every check, not only those that a reader must look at.
    """
    rules = document.protocol
    parts = [
        f"{rules.id} {rules.title}: {rules.version}\n"
        f"Rules read from a {rules.basis.replace('_', ' ')}; grading bands and roll-up are this program's. "
        f"Protocol sha256 {rules.sha256[:12]}.\n" + _overlay_text(document),
        _lesion_table(document),
        "".join(_patient_text(patient, every_check) for patient in document.patients),
        _unread(document),
    ]
    if rules.silent:
        parts.append(wrapped(f"No rule in this protocol on: {'; '.join(rules.silent)}.", ""))
    counts = Counter(patient.verdict for patient in document.patients)
    summary = ", ".join(f"{counts[verdict]} {verdict.words}" for verdict in Verdict if counts[verdict])
    parts.append(f"{counted(len(document.patients), 'patient')}: {summary}\n")
    return "\n".join(part for part in parts if part)


def _overlay_text(document: CheckDocument) -> str:
    overlay = document.overlay
    if overlay is None:
        return ""
    head = f"Overlay of {overlay.name}, {overlay.role}, {overlay.date}: {overlay.reason} (sha256 {overlay.sha256[:12]})."
    return wrapped(head, "") + "".join(wrapped(line, "    ") for line in overlay.decides)


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
    said = patient.headline if patient.verdict is Verdict.PER_PROTOCOL else _with_advisory(patient)
    lines = [wrapped(f"{patient.patient}: {said}", "")]
    plans = {plan.plan_uid: f"plan {nth}" for nth, plan in enumerate(patient.plans, start=1)}
    lines += [
        _check_text("", check, plans)
        for check in patient.checks
        if every_check or needs_a_look(check) or is_prior(check)
    ]
    lines += [
        _note(w, "  ") for w in (*patient.warnings, *(w for plan in patient.plans for w in plan.warnings))
    ]
    for lesion in patient.lesions:
        source = lesion.prescription_source
        if source not in (None, PrescriptionSource.LESION_SHEET):
            lines.append(
                wrapped(f"{lesion.lesion}: prescription from {source.words}, plan {lesion.plan_uid}", "  ")
            )
        lines += [
            _check_text(f"{lesion.lesion} ", c, plans)
            for c in lesion.checks
            if every_check or needs_a_look(c)
        ]
        lines += [
            wrapped(f"{lesion.lesion} note: {warning.message}", "  ")
            for warning in lesion.warnings
            if warning.code not in LEGENDS
        ]
    lines += [text for plan in patient.plans for text in _plan_text(plan, plans[plan.plan_uid], every_check)]
    lines += [wrapped(f"overlay: {line}", _DEEP) for line in patient.decides]
    lines += [_advisory_text(advisory, plans, every_check) for advisory in patient.advisory]
    return "".join(lines)


def _with_advisory(patient: PatientEntry) -> str:
    """The verdict alone, whose reasons follow, and what stands beside it."""
    beside = [
        f"{counted(one.exceeded, 'advisory limit')} exceeded ({one.id})"
        for one in patient.advisory
        if one.exceeded
    ]
    return "; ".join((patient.verdict.words, *beside))


def _plan_text(plan: PlanEntry, name: str, every_check: bool) -> Iterator[str]:
    """The dose of a plan and its targets (EQD2 with every check); nothing of a plan whose dose was not looked at."""
    facts = list(dose_facts(plan))
    if facts:
        said = "; ".join(f"{name} {value}" for name, value in facts)
        yield wrapped(f"{name}, {plan.plan_uid}: {said}", _DEEP)
    for table in metric_tables(plan.targets, ("physical", "eqd2") if every_check else ("physical",)):
        converted = table.quantity != "physical"
        head = ["lesion", "role", "structure", *(["a/b"] if converted else []), "cm3", "covered"]
        rows = [[*head, *table.columns, *([] if converted else ["isodose"])]]
        for row in table.rows:
            target = row.of
            ratio = [] if row.alpha_beta_gy is None else [f"{row.alpha_beta_gy:g}"]
            isodose = [] if converted else [number(target.isodose_percent, "%")]
            size = [volume(target.volume_cm3), percent(target.covered_fraction)]
            names = [target.lesion or "-", target.role, target.structure]
            rows.append([*names, *ratio, *size, *row.cells, *isodose])
        yield f"{_DEEP}targets, {table.title} in Gy\n"
        yield aligned(rows, right=range(3, len(rows[0])), indent=_DEEP + "  ")
    for said in refusals((*plan.targets, *plan.organs)):
        yield wrapped(f"no value: {said}", _DEEP)


def _advisory_text(advisory: AdvisoryEntry, plans: Mapping[str, str], every_check: bool) -> str:
    """What a set says, under a heading of its own and in words that no one takes for a grade."""
    head = f"advisory, beside the grade: {advisory.title} [{advisory.id}], {advisory.version} (sha256 {advisory.sha256[:12]}): "
    lines = [wrapped(head + exceeded_words(advisory), _DEEP)]
    for check in advisory.checks:
        if every_check or check.said in EXCEEDED:
            text = (
                f"advisory {check.rule}: {check.said.words}: {about(check, plans.get(check.plan_uid or ''))}"
            )
            lines.append(wrapped(text, _DEEP + "  "))
    return "".join(lines)


def _unread(document: CheckDocument) -> str:
    """What was refused or passed over: no verdict speaks of it."""
    refused = [wrapped(f"refused: {error}", "") for error in document.errors]
    return "".join(refused + [_note(w, "") for w in other_warnings(document)])


def _note(warning: Message, indent: str) -> str:
    return wrapped(f"note: {warning}", indent)


def _check_text(lesion: str, check: CheckEntry, plans: Mapping[str, str]) -> str:
    source = "" if check.rests_on is None else f" ({check.rests_on})"
    message = about(check, plans.get(check.plan_uid or ""))
    lines = [wrapped(f"{lesion}{check.rule}: {check.verdict.words}{source}: {message}", "  ")]
    for reading in check.readings:
        lines.append(wrapped(f"reading {reading.id}, {reading.text}: {reading.verdict.words}", "      "))
    return "".join(lines)
