"""What a review found, as entries of its document: words and numbers alone, so that dose grids can go."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rtfractions.compliance import Finding, LesionFindings, PatientFindings
from rtfractions.compliance.findings import AdvisoryFindings
from rtfractions.errors import printable
from rtfractions.plans import Plan
from rtfractions.protocols import LoadedProtocol
from rtfractions.protocols.overlays import LoadedOverlay
from rtfractions.reports.check_document import (
    AdvisoryEntry,
    Asked,
    CheckDocument,
    CheckEntry,
    DifferenceEntry,
    DistanceEntry,
    IsoeffectEntry,
    LesionEntry,
    NearestEntry,
    OrganEntry,
    OverlayEntry,
    PatientEntry,
    PlanDoseEntry,
    PlanEntry,
    ProtocolEntry,
    ReadingEntry,
    TargetEntry,
)
from rtfractions.reports.envelope import Context, messages, printable_or_none
from rtfractions.reports.metric_entries import metric_entry
from rtfractions.verdicts import Verdict

if TYPE_CHECKING:  # a lesion sheet is graded without numpy
    from rtfractions.compliance.plan_reviews import PlanReview, TargetReview
    from rtfractions.dosimetry.courses import ChosenDose
    from rtfractions.dosimetry.plan_dvhs import StructureResult


def document(
    patients: Sequence[PatientEntry],
    protocol: LoadedProtocol,
    context: Context,
    *,
    overlay: LoadedOverlay | None = None,
) -> CheckDocument:
    """The document of a review.

    Parameters
    ----------
    patients : sequence of PatientEntry
        From `patient_entry`.
    protocol : LoadedProtocol
        What was graded against.
    context : Context
        The head of the document.
    overlay : LoadedOverlay, optional
        The overlay that was applied.
    """
    return CheckDocument(
        **context.head("rtfractions.check/1"),
        protocol=protocol_entry(protocol),
        overlay=None if overlay is None else overlay_entry(overlay),
        patients=tuple(patients),
    )


def protocol_entry(protocol: LoadedProtocol) -> ProtocolEntry:
    """A protocol as the document names it."""
    rules = protocol.protocol
    return ProtocolEntry(
        rules.id,
        rules.title,
        rules.version,
        rules.basis,
        protocol.sha256,
        rules.silent,
        tuple(one.text for one in rules.not_graded),
    )


def patient_entry(findings: PatientFindings, *, overlay: LoadedOverlay | None = None) -> PatientEntry:
    """A patient as the document holds it: numbers and words alone, so that dose grids can go.

    Parameters
    ----------
    findings : PatientFindings
        What was found.
    overlay : LoadedOverlay, optional
        The overlay that was applied.
    """
    label = findings.patient.label
    prior: str | None = None
    decides: tuple[str, ...] = ()
    if overlay is not None:
        prior = overlay.overlay.prior_radiotherapy(label)
        decides = overlay.overlay.lines(label)[len(overlay.overlay.lines()) :]
    reviews = {review.plan.sop_instance_uid: review for review in findings.plans}
    return PatientEntry(
        patient=printable(label),
        verdict=findings.verdict,
        headline=printable(findings.headline),
        checks=tuple(_check_entry(finding) for finding in findings.findings),
        lesions=tuple(_lesion_entry(lesion) for lesion in findings.lesions),
        plans=tuple(_plan_entry(plan, reviews.get(plan.sop_instance_uid)) for plan in findings.patient.plans),
        advisory=tuple(_advisory_entry(advisory) for advisory in findings.advisory),
        prior_radiotherapy=printable_or_none(prior),
        decides=tuple(map(printable, decides)),
        warnings=messages(findings.patient.notices),
    )


def _lesion_entry(findings: LesionFindings) -> LesionEntry:
    lesion, prescription, delivery = findings.lesion, findings.lesion.prescription, findings.lesion.delivery
    structure = lesion.plan_target.name if lesion.plan_target is not None else lesion.structure
    return LesionEntry(
        lesion=printable(lesion.label),
        site=printable_or_none(lesion.site),
        technique=printable_or_none(lesion.technique),
        intent=printable_or_none(lesion.intent),
        on_study=lesion.on_study,
        schedule=None if prescription.schedule is None else str(prescription.schedule),
        prescription_source=prescription.source,
        plan_uid=printable_or_none(lesion.plan_uid),
        structure=printable_or_none(structure),
        fractions_delivered=delivery.fractions_delivered,
        start=None if delivery.start is None else delivery.start.isoformat(),
        end=None if delivery.end is None else delivery.end.isoformat(),
        isoeffects=tuple(
            IsoeffectEntry(i.alpha_beta.value_gy, i.model, i.bed_gy, i.eqd2_without_time_gy)
            for i in findings.isoeffects
        ),
        verdict=findings.verdict,
        checks=tuple(_check_entry(finding) for finding in findings.findings),
        warnings=messages(findings.notices),
    )


def _check_entry(finding: Finding) -> CheckEntry:
    source, nearest, other, limit = finding.source, finding.nearest, finding.volume_distance, finding.limit
    return CheckEntry(
        rule=finding.rule,
        verdict=finding.verdict,
        advice=finding.advice,
        basis=finding.basis,
        observed=printable(finding.observed) if isinstance(finding.observed, str) else finding.observed,
        required=printable(finding.required) if isinstance(finding.required, str) else finding.required,
        unit=finding.unit,
        distance=finding.distance,
        volume_distance=None if other is None else DistanceEntry(*other),
        structure=printable_or_none(finding.structure),
        plan_uid=printable_or_none(finding.plan_uid),
        alpha_beta_flip_gy=finding.alpha_beta_flip_gy,
        uncertain=finding.uncertain,
        readings=tuple(ReadingEntry(r.id, r.text, r.verdict) for r in finding.readings),
        asked_of=_asked_of(finding),
        message=printable(finding.message),
        rests_on=finding.rests_on,
        source=None if source is None else f"{source.label}: {source.citation}",
        verification=None if limit is None else limit.verification,
        endpoint=None if limit is None else limit.endpoint,
        risk=None if limit is None else limit.risk,
        nearest=None
        if nearest is None
        else NearestEntry(
            str(nearest.schedule),
            tuple(DifferenceEntry(d.alpha_beta_gy, d.bed_gy, d.eqd2_gy) for d in nearest.differences),
        ),
    )


def _asked_of(finding: Finding) -> Asked | None:
    """Who can decide: facts that are missing or odd are the site's; a text is the trial's.

    That is one whose readings come to different verdicts, or that neither names nor excludes a schedule.
    """
    if finding.verdict not in (Verdict.QUERY, Verdict.NOT_EVALUABLE):
        return None
    readings_differ = len({reading.verdict for reading in finding.readings}) > 1
    is_open = readings_differ or finding.nearest is not None
    return "trial" if finding.verdict is Verdict.QUERY and is_open else "site"


def _plan_entry(plan: Plan, review: "PlanReview | None") -> PlanEntry:
    return PlanEntry(
        plan_uid=printable(plan.sop_instance_uid),
        set_aside=printable_or_none(plan.set_aside),
        fractions=None if review is None else review.fractions,
        dose=None if review is None or review.dose is None else _dose_entry(review.dose),
        no_dose=None if review is None else printable_or_none(review.no_dose),
        targets=() if review is None else tuple(_target_entry(target) for target in review.targets),
        organs=() if review is None else tuple(_organ_entry(organ) for organ in review.organs),
        warnings=messages(plan.notices),
    )


def _dose_entry(dose: "ChosenDose") -> PlanDoseEntry:
    grid, files = dose.grid, dose.doses
    return PlanDoseEntry(
        dose_uids=tuple(printable(one.sop_instance_uid) for one in files),
        dose_type=str(dose.dose_type),
        summation_type=str(files[0].summation),
        voxels=grid.shape,
        in_plane_spacing_mm=grid.spacing_mm,
        frame_spacing_mm=grid.frame_spacing_mm,
        maximum_gy=grid.maximum_gy,
        calculated_by=tuple(
            dict.fromkeys(printable(one.calculated_by) for one in files if one.calculated_by)
        ),
        heterogeneity=tuple(dict.fromkeys(printable(word) for one in files for word in one.heterogeneity)),
    )


def _target_entry(target: "TargetReview") -> TargetEntry:
    schedule, organ = target.prescription.schedule, _organ_entry(target.result)
    return TargetEntry(
        lesion=printable_or_none(target.lesion),
        role=target.role,
        structure=organ.structure,
        number=organ.number,
        prescription=None if schedule is None else str(schedule),
        isodose_percent=target.isodose_percent,
        volume_cm3=organ.volume_cm3,
        covered_fraction=organ.covered_fraction,
        metrics=organ.metrics,
        error=organ.error,
    )


def _organ_entry(result: "StructureResult") -> OrganEntry:
    physical = result.dvhs[0] if result.dvhs else None
    return OrganEntry(
        structure=printable(result.name),
        number=result.number,
        volume_cm3=None if physical is None else physical.volume_cm3,
        covered_fraction=None if physical is None else physical.covered_fraction,
        metrics=tuple(map(metric_entry, result.metrics)),
        error=None if result.error is None else result.error.message,
    )


def _advisory_entry(findings: AdvisoryFindings) -> AdvisoryEntry:
    constraints = findings.constraint_set
    return AdvisoryEntry(
        id=constraints.id,
        title=printable(constraints.title),
        version=printable(constraints.version),
        sha256=findings.sha256,
        exceeded=len(findings.exceeded),
        checks=tuple(_check_entry(finding) for finding in findings.findings),
    )


def overlay_entry(loaded: LoadedOverlay) -> OverlayEntry:
    """An overlay as the document names it: what holds for every patient."""
    overlay = loaded.overlay
    return OverlayEntry(
        name=printable(overlay.name),
        role=printable(overlay.role),
        date=overlay.date.isoformat(),
        reason=printable(overlay.reason),
        file=printable(loaded.file),
        sha256=loaded.sha256,
        decides=tuple(map(printable, overlay.lines())),
    )
