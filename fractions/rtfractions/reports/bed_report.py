"""Schedules side by side: what they are worth at each alpha/beta."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rtfractions.biology import Isoeffect
from rtfractions.reports.envelope import Context, Envelope, Message, messages
from rtfractions.reports.marks import Marks
from rtfractions.reports.tables import aligned, csv_text
from rtfractions.schedule import Phase


@dataclass(frozen=True, slots=True)
class PhaseEntry:
    """A phase of a schedule."""

    total_dose_gy: float
    fractions: int
    dose_per_fraction_gy: float
    per_day: float | None
    per_week: int | None
    rbe_weighted: bool


@dataclass(frozen=True, slots=True)
class Result:
    """BED and EQD2 at one alpha/beta."""

    alpha_beta_gy: float
    alpha_beta_source: str
    model: str
    parameters: dict[str, float]
    bed_gy: float
    eqd2_gy: float
    warnings: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class ScheduleEntry:
    """A schedule with its results; `dose_per_fraction_gy` is null where phases differ in it."""

    schedule: str
    total_dose_gy: float
    fractions: int
    dose_per_fraction_gy: float | None
    phases: tuple[PhaseEntry, ...]
    results: tuple[Result, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BedDocument(Envelope):
    """What `rtfractions bed` prints."""

    schema: Literal["rtfractions.bed/1"]
    schedules: tuple[ScheduleEntry, ...]


def document(isoeffects: Sequence[Sequence[Isoeffect]], context: Context) -> BedDocument:
    """The document of a run.

    Parameters
    ----------
    isoeffects : sequence of sequence of Isoeffect
        For each schedule its results, one for each alpha/beta, in the same order.
    context : Context
        The head of the document.
    """
    return BedDocument(
        **context.head("rtfractions.bed/1"),
        schedules=tuple(_schedule_entry(results) for results in isoeffects),
    )


def _schedule_entry(results: Sequence[Isoeffect]) -> ScheduleEntry:
    schedule = results[0].schedule
    return ScheduleEntry(
        schedule=str(schedule),
        total_dose_gy=float(schedule.total_dose_gy),
        fractions=schedule.fractions,
        dose_per_fraction_gy=schedule.dose_per_fraction_gy,
        phases=tuple(_phase_entry(phase) for phase in schedule.phases),
        results=tuple(
            Result(
                alpha_beta_gy=result.alpha_beta.value_gy,
                alpha_beta_source=result.alpha_beta.source,
                model=result.model,
                parameters=dict(result.parameters),
                bed_gy=result.bed_gy,
                eqd2_gy=result.eqd2_gy,
                warnings=messages(result.notices),
            )
            for result in results
        ),
    )


def _phase_entry(phase: Phase) -> PhaseEntry:
    return PhaseEntry(
        total_dose_gy=float(phase.total_dose_gy),
        fractions=phase.fractions,
        dose_per_fraction_gy=phase.dose_per_fraction_gy,
        per_day=phase.per_day,
        per_week=phase.per_week,
        rbe_weighted=phase.rbe_weighted,
    )


NOTES = frozenset({"schedule.gy-assumed"})
"""Notices that are about a schedule and not about a model: they stand whole below the table."""


def as_text(document: BedDocument) -> str:
    """The document as a table that can be pasted into a message."""
    marks = Marks(w for entry in document.schedules for result in entry.results for w in result.warnings)
    header = ["schedule", "Gy/fraction"]
    for result in document.schedules[0].results:
        header += [f"BED(a/b={result.alpha_beta_gy:g})", f"EQD2Gy(a/b={result.alpha_beta_gy:g})"]
    rows = [header]
    for entry in document.schedules:
        row = [marks.marked(entry.schedule, (w for result in entry.results for w in result.warnings))]
        row.append(", ".join(f"{phase.dose_per_fraction_gy:.2f}" for phase in entry.phases))
        for result in entry.results:
            row += [f"{result.bed_gy:.2f}", f"{result.eqd2_gy:.2f}"]
        rows.append(row)
    ratios = "".join(
        f"a/b={result.alpha_beta_gy:g}: alpha/beta {result.alpha_beta_gy:g} Gy, {result.alpha_beta_source}\n"
        for result in document.schedules[0].results
    )
    head = "BED and EQD2 in Gy; linear-quadratic model, no time factor\n"
    notes = "".join(f"{w.message}\n" for w in document.warnings if w.code in NOTES)
    return f"{head}\n{aligned(rows, right=range(1, len(header)))}\n{ratios}{marks.legend()}{notes}"


def as_csv(document: BedDocument) -> str:
    """The document as CSV, one row a result."""
    header = (
        "schedule",
        "total_dose_gy",
        "fractions",
        "dose_per_fraction_gy",
        "alpha_beta_gy",
        "model",
        "bed_gy",
        "eqd2_gy",
    )
    rows = [
        (
            e.schedule,
            e.total_dose_gy,
            e.fractions,
            e.dose_per_fraction_gy,
            r.alpha_beta_gy,
            r.model,
            r.bed_gy,
            r.eqd2_gy,
        )
        for e in document.schedules
        for r in e.results
    ]
    return csv_text(header, rows)
