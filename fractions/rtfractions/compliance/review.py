"""A patient reviewed against a protocol: every rule, every lesion."""

from collections.abc import Sequence

from rtfractions.biology import DEFAULT_ALPHA_BETAS, convert
from rtfractions.compliance import (
    delivery_rule,
    lesions_rule,
    prescription_rule,
    prior_rule,
    schedule_rule,
    site_rule,
    timing_rule,
    unread_doses,
)
from rtfractions.compliance.conditions import weighed
from rtfractions.compliance.findings import DoseFindings, Finding, LesionFindings, PatientFindings
from rtfractions.compliance.site_rule import InScope, in_scope
from rtfractions.patient import Lesion, Patient
from rtfractions.protocols.constraint_library import LoadedConstraintSet
from rtfractions.protocols.overlays import Overlay
from rtfractions.protocols.schema import Protocol
from rtfractions.verdicts import Verdict


def check(
    patient: Patient,
    protocol: Protocol,
    *,
    planned: bool = False,
    constraint_sets: Sequence[LoadedConstraintSet] = (),
    overlay: Overlay | None = None,
    constraints_alpha_beta_gy: float | None = None,
) -> PatientFindings:
    """Review a patient against a protocol.

    Parameters
    ----------
    patient : Patient
        Lesions, prescriptions and delivery, as far as they are known; with plans, doses and structures where rules
        on dose are to be evaluated.
    protocol : Protocol
        The rules, with what an overlay changes in them.
    planned : bool, default False
        Treatment has not begun: rules about dates and delivery do not apply.
    constraint_sets : sequence of LoadedConstraintSet
        Advisory sets: they change no grade.
    overlay : Overlay, optional
        What it says of the patient: conditions that it confirms, earlier radiotherapy, targets of lesions.
    constraints_alpha_beta_gy : float, optional
        Translate limits of advisory sets to the plan's number of fractions by isoeffect at this alpha/beta.
    """
    prior = None if overlay is None else overlay.prior_radiotherapy(patient.label)
    on_dose = _on_dose(patient, protocol, constraint_sets, overlay, prior, constraints_alpha_beta_gy)
    lesions = tuple(
        _lesion(lesion, patient, protocol, found, overlay, planned=planned)
        for lesion, found in zip(patient.lesions, on_dose.of_lesions, strict=True)
    )
    counted = [
        lesion
        for lesion in patient.lesions
        if lesion.on_study and in_scope(lesion, protocol) is not InScope.NO
    ]
    together = timing_rule.check_together(counted, protocol, planned=planned)
    findings = (
        lesions_rule.check(patient, protocol, planned=planned),
        *(() if together is None else (together,)),
        *_whole(patient),
        *on_dose.of_patient,
        prior_rule.check(prior),
    )
    return PatientFindings(
        patient,
        tuple(map(weighed, findings)),
        lesions,
        plans=on_dose.plans,
        advisory=on_dose.advisory,
    )


def _on_dose(
    patient: Patient,
    protocol: Protocol,
    constraint_sets: Sequence[LoadedConstraintSet],
    overlay: Overlay | None,
    prior: str | None,
    constraints_alpha_beta_gy: float | None,
) -> DoseFindings:
    """What the rules on dose come to; a patient of a sheet alone is graded without what reads doses."""
    sets = [(loaded.constraint_set, loaded.sha256) for loaded in constraint_sets]
    if not any(plan.set_aside is None for plan in patient.plans):
        return unread_doses.check(patient, protocol, sets)
    from rtfractions.compliance import planned_doses

    def structure_of(lesion: Lesion) -> str | None:
        return None if overlay is None else overlay.structure_of(patient.label, lesion.label)

    def interval_of(structure: str) -> tuple[float, float] | None:
        ratio = None if overlay is None else overlay.alpha_beta_of(structure)
        return None if ratio is None else ratio.interval_gy

    return planned_doses.check(
        patient,
        protocol,
        sets,
        prior=prior,
        structure_of=structure_of,
        interval_of=interval_of,
        constraints_alpha_beta_gy=constraints_alpha_beta_gy,
    )


def _whole(patient: Patient) -> tuple[Finding, ...]:
    """Whether what was read is all there is, and all of it belongs to a lesion; rules of this program."""
    findings = []
    if patient.incomplete is not None:
        findings.append(Finding("input", Verdict.NOT_EVALUABLE, patient.incomplete))
    if patient.untied:
        message = f"targets of the plans belong to no lesion of the sheet: {'; '.join(patient.untied)}"
        findings.append(Finding("plan_targets", Verdict.QUERY, message))
    return tuple(findings)


def _lesion(
    lesion: Lesion,
    patient: Patient,
    protocol: Protocol,
    on_dose: tuple[Finding, ...],
    overlay: Overlay | None,
    *,
    planned: bool,
) -> LesionFindings:
    schedule = lesion.prescription.schedule
    isoeffects = () if schedule is None else tuple(convert(schedule, ratio) for ratio in DEFAULT_ALPHA_BETAS)
    if not lesion.on_study:
        off_study = Finding("on_study", Verdict.NOT_APPLICABLE, "off study: recorded, not counted")
        return LesionFindings(lesion, (off_study,), isoeffects)
    against_plan = prescription_rule.check(lesion, protocol)

    def confirmed(condition: str) -> bool:
        return overlay is not None and overlay.confirms(patient.label, lesion.label, condition)

    findings = (
        schedule_rule.check(lesion, protocol, confirmed=confirmed),
        *(() if against_plan is None else (against_plan,)),
        site_rule.check(lesion, protocol),
        delivery_rule.check(lesion, planned=planned),
        *timing_rule.check(lesion, protocol, planned=planned),
        *on_dose,
    )
    return LesionFindings(lesion, tuple(map(weighed, findings)), isoeffects)
