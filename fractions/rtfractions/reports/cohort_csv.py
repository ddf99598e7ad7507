"""The cohort as long tables: its counts and statistics, and every check of every patient."""

from collections.abc import Iterable, Iterator, Sequence

from rtfractions.reports.cohort import AuditDocument, CountEntry, PatientLine
from rtfractions.reports.cohort_results import Check, ResultFile
from rtfractions.reports.tables import Cell, csv_text

HEADER = (
    "table",
    "item",
    "verdict",
    "count",
    "of",
    "proportion",
    "low95",
    "high95",
    "statistic",
    "value",
    "unit",
)
"""Columns of the summary; a row is a count or a value."""

CHECKS_HEADER = ("patient", "lesion", "rule", "verdict", "observed", "required", "unit", "message", "source")
"""Columns of the checks, those of `rtfractions check`."""


def as_csv(document: AuditDocument) -> str:
    """The counts and statistics, one row each."""
    return csv_text(HEADER, _rows(document))


def checks_as_csv(lines: Sequence[PatientLine], results: Iterable[ResultFile | None]) -> str:
    """Every check, one row each; the roll-ups are rows of rule ``lesion`` and ``patient``.

    Parameters
    ----------
    lines : sequence of PatientLine
        The patients.
    results : iterable of ResultFile or None
        Their results, in that order; None where there is none.
    """
    rows: list[tuple[Cell, ...]] = []
    for line, result in zip(lines, results, strict=True):
        if result is not None and result.review is not None:
            rows += _check_rows(line.patient, result)
        rows.append((line.patient, None, "patient", line.outcome, None, None, None, line.headline, None))
    return csv_text(CHECKS_HEADER, rows)


def _check_rows(patient: str, result: ResultFile) -> Iterator[tuple[Cell, ...]]:
    assert result.review is not None
    for lesion in result.review.lesions:
        for check in lesion.checks:
            yield _check_row(patient, lesion.lesion, check)
        yield (patient, lesion.lesion, "lesion", lesion.verdict, lesion.schedule, None, None, None, None)
    for check in result.review.checks:
        yield _check_row(patient, None, check)
    for advisory in result.review.advisory:
        for check in advisory.checks:
            yield _check_row(patient, None, check, f"advisory:{advisory.id}:")


def _check_row(patient: str, lesion: str | None, check: Check, of: str = "") -> tuple[Cell, ...]:
    values = (check.observed, check.required, check.unit, check.message, check.source)
    return (patient, lesion, f"{of}{check.rule}", check.verdict, *values)


def _rows(document: AuditDocument) -> Iterator[tuple[Cell, ...]]:
    for entry in document.outcomes:
        yield _count("patients", "all", entry)
    for entry in document.lesions:
        yield _count("lesions on study", "all", entry)
    for table, groups in (("checks by rule", document.rules), ("lesions by site", document.sites)):
        for group in groups:
            for entry in group.verdicts:
                yield _count(table, group.name, entry)
    for group in document.rules:
        if group.uncertain:
            yield ("uncertain by rule", group.name, None, group.uncertain, group.total, *[None] * 6)
    for entry in document.schedules:
        yield _count("schedules", entry.name, entry, verdict=None)
    for entry in document.conditions:
        yield _count("conditions", entry.name, entry, verdict=None)
    for advisory in document.advisory:
        yield _count("advisory", advisory.id, advisory.patients)
        table = f"advisory:{advisory.id}"
        for name in ("kept", "exceeded", "undecided", "translated", "uncertain"):
            yield (table, name, None, getattr(advisory, name), *[None] * 7)
        for limit in advisory.limits:
            yield (table, limit.rule, "exceeded", limit.checks, limit.of, *[None] * 6)
    for dose in document.doses:
        for name in ("mean", "median", "minimum", "maximum"):
            value = getattr(dose, name)
            yield ("doses", dose.name, None, dose.count, None, None, None, None, name, value, dose.unit)
    for total in document.published:
        for statistic, number in (("published", total.published), ("found", total.found)):
            yield (
                "published totals",
                total.name,
                None,
                None,
                None,
                None,
                None,
                None,
                statistic,
                number,
                None,
            )
    for missing in document.missing:
        number = len(missing.patients)
        yield ("missing files", missing.kind, None, number, document.patients_found, *[None] * 6)
    for questions in document.questions:
        yield ("questions", questions.to, None, len(questions.questions), *[None] * 7)


def _count(table: str, item: str, entry: CountEntry, *, verdict: str | None = "") -> tuple[Cell, ...]:
    name = entry.name if verdict == "" else verdict
    values = (entry.count, entry.of, entry.proportion, entry.low, entry.high)
    return (table, item, name, *values, None, None, None)
