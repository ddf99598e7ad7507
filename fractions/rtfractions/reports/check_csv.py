"""A review as a long table: one row a check, a metric or a roll-up."""

from collections.abc import Iterator

from rtfractions.reports.check_document import (
    CheckDocument,
    CheckEntry,
    OrganEntry,
    PatientEntry,
    TargetEntry,
)
from rtfractions.reports.check_words import about
from rtfractions.reports.tables import Cell, csv_text
from rtfractions.verdicts import Verdict

HEADER = ("patient", "lesion", "rule", "verdict", "observed", "required", "unit", "message", "source")


def as_csv(document: CheckDocument) -> str:
    """The document as CSV.

    Roll-ups are rows of rule ``lesion`` and ``patient``. Checks of an advisory set are rows of rule ``advisory:SET:RULE``,
    whose message begins with what a limit came to, and metrics are rows of rule ``metric:METRIC``, both with verdict
    ``info``: they enter no roll-up.
    """
    return csv_text(HEADER, (row for patient in document.patients for row in _rows(patient)))


def _rows(patient: PatientEntry) -> Iterator[tuple[Cell, ...]]:
    label = patient.patient
    for lesion in patient.lesions:
        for check in lesion.checks:
            yield _check(label, lesion.lesion, check.rule, check)
        roll_up = ("lesion", lesion.verdict, lesion.schedule, None, None, None, None)
        yield (label, lesion.lesion, *roll_up)
    for check in patient.checks:
        yield _check(label, None, check.rule, check)
    yield (label, None, "patient", patient.verdict, None, None, None, patient.headline, None)
    for advisory in patient.advisory:
        for check in advisory.checks:
            yield _check(label, None, f"advisory:{advisory.id}:{check.rule}", check)
    for plan in patient.plans:
        for target in plan.targets:
            yield from _metrics(label, target.lesion, target.role, target)
        for organ in plan.organs:
            yield from _metrics(label, None, "organ", organ)


def _check(patient: str, lesion: str | None, rule: str, check: CheckEntry) -> tuple[Cell, ...]:
    message = about(check, None if check.plan_uid is None else f"plan {check.plan_uid}")
    if check.advice is not None:
        message = f"{check.advice.words}: {message}"
    values = (check.observed, check.required, check.unit, message, check.source)
    return (patient, lesion, rule, check.verdict, *values)


def _metrics(
    patient: str, lesion: str | None, role: str, of: TargetEntry | OrganEntry
) -> Iterator[tuple[Cell, ...]]:
    what = f"{role} {of.structure}"
    if of.error is not None:
        yield (
            patient,
            lesion,
            "metric",
            Verdict.NOT_EVALUABLE,
            None,
            None,
            None,
            f"{what}: {of.error}",
            None,
        )
    for metric in of.metrics:
        said = what if metric.error is None else f"{what}: {metric.error}"
        if metric.bound not in (None, "exact"):
            said += f" ({metric.bound})"
        unit = None if metric.value is None else metric.unit
        yield (patient, lesion, f"metric:{metric.metric}", Verdict.INFO, metric.value, None, unit, said, None)
