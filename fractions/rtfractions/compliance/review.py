"""A patient reviewed against a protocol: every rule, every lesion."""

from rtfractions.biology import DEFAULT_ALPHA_BETAS, convert
from rtfractions.compliance import (
    delivery_rule,
    lesions_rule,
    prescription_rule,
    schedule_rule,
    site_rule,
    timing_rule,
)
from rtfractions.compliance.findings import Finding, LesionFindings, PatientFindings
from rtfractions.compliance.site_rule import InScope, in_scope
from rtfractions.patient import Lesion, Patient
from rtfractions.protocols.schema import Protocol
from rtfractions.verdicts import Verdict


def check(patient: Patient, protocol: Protocol, *, planned: bool = False) -> PatientFindings:
    """Review a patient against a protocol.

    Parameters
    ----------
    patient : Patient
        Lesions, prescriptions and delivery, as far as they are known.
    protocol : Protocol
        The rules.
    planned : bool, default False
        Treatment has not begun: rules about dates and delivery do not apply.
    """
    lesions = tuple(_lesion(lesion, protocol, planned=planned) for lesion in patient.lesions)
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
    )
    return PatientFindings(patient, findings, lesions)


def _whole(patient: Patient) -> tuple[Finding, ...]:
    """Whether what was read is all there is, and all of it belongs to a lesion; rules of this program."""
    findings = []
    if patient.incomplete is not None:
        findings.append(Finding("input", Verdict.NOT_EVALUABLE, patient.incomplete))
    if patient.untied:
        message = f"targets of the plans belong to no lesion of the sheet: {'; '.join(patient.untied)}"
        findings.append(Finding("plan_targets", Verdict.QUERY, message))
    return tuple(findings)


def _lesion(lesion: Lesion, protocol: Protocol, *, planned: bool) -> LesionFindings:
    schedule = lesion.prescription.schedule
    isoeffects = () if schedule is None else tuple(convert(schedule, ratio) for ratio in DEFAULT_ALPHA_BETAS)
    if not lesion.on_study:
        off_study = Finding("on_study", Verdict.NOT_APPLICABLE, "off study: recorded, not counted")
        return LesionFindings(lesion, (off_study,), isoeffects)
    against_plan = prescription_rule.check(lesion, protocol)
    findings = (
        schedule_rule.check(lesion, protocol),
        *(() if against_plan is None else (against_plan,)),
        site_rule.check(lesion, protocol),
        delivery_rule.check(lesion, planned=planned),
        *timing_rule.check(lesion, protocol, planned=planned),
    )
    return LesionFindings(lesion, findings, isoeffects)
