"""Making up for an interruption: the ways to go on, with tumour gain and late cost in one table."""

from dataclasses import dataclass
from typing import Literal

from rtfractions.biology import Compensation, CompensationRow
from rtfractions.errors import counted
from rtfractions.reports.envelope import Context, Envelope
from rtfractions.reports.tables import Cell, aligned, csv_text
from rtfractions.reports.wording import gy, wrapped


@dataclass(frozen=True, slots=True)
class MethodEntry:
    """One way to go on; where it is impossible the numbers are null and the description says why."""

    method: str
    description: str
    impossible: bool
    fractions: int | None
    dose_per_fraction_gy: float | None
    total_dose_gy: float | None
    overall_days: float | None
    tumour_bed_gy: float | None
    tumour_bed_gained_gy: float | None
    late_bed_gy: float | None
    late_change_percent: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CompensateDocument(Envelope):
    """What `rtfractions compensate` prints; its first methods are the treatment as prescribed and uncompensated."""

    schema: Literal["rtfractions.compensate/1"]
    schedule: str
    fractions_delivered: int
    gap_days: int
    tumour_alpha_beta_gy: float
    tumour_alpha_beta_source: str
    late_alpha_beta_gy: float
    late_alpha_beta_source: str
    repopulation: dict[str, float]
    methods: tuple[MethodEntry, ...]


def document(found: Compensation, context: Context) -> CompensateDocument:
    """The document of a run."""
    return CompensateDocument(
        **context.head("rtfractions.compensate/1"),
        schedule=str(found.schedule),
        fractions_delivered=found.delivered,
        gap_days=found.gap_days,
        tumour_alpha_beta_gy=found.tumour.value_gy,
        tumour_alpha_beta_source=found.tumour.source,
        late_alpha_beta_gy=found.late.value_gy,
        late_alpha_beta_source=found.late.source,
        repopulation=dict(found.repopulation.parameters),
        methods=tuple(map(_entry, (found.prescribed, found.uncompensated, *found.methods))),
    )


def _entry(row: CompensationRow) -> MethodEntry:
    return MethodEntry(
        method=row.method,
        description=row.description,
        impossible=row.impossible,
        fractions=row.fractions,
        dose_per_fraction_gy=row.dose_per_fraction_gy,
        total_dose_gy=row.total_dose_gy,
        overall_days=row.overall_days,
        tumour_bed_gy=row.tumour_bed_gy,
        tumour_bed_gained_gy=row.tumour_bed_gained_gy,
        late_bed_gy=row.late_bed_gy,
        late_change_percent=row.late_change_percent,
    )


def as_text(document: CompensateDocument) -> str:
    """The document as a planning meeting reads it: one row a method, then what each asks."""
    late, tumour = document.late_alpha_beta_gy, document.tumour_alpha_beta_gy
    header = [
        "method",
        "to give",
        "total",
        "days",
        f"tumour BED(a/b={tumour:g})",
        "gained",
        f"late BED(a/b={late:g})",
        "late cost",
    ]
    rows = [header, *(_row(entry) for entry in document.methods)]
    head = (
        f"{document.schedule}, {counted(document.fractions_delivered, 'fraction')} delivered, then a gap of "
        f"{counted(document.gap_days, 'day')}\n"
        "doses and BED in Gy; linear-quadratic model, repopulation of the tumour counted\n"
    )
    said = "".join(wrapped(f"{entry.method}: {entry.description}") for entry in document.methods)
    sources = wrapped(f"a/b={tumour:g}: tumour, {document.tumour_alpha_beta_source}")
    sources += wrapped(f"a/b={late:g}: late-reacting tissue, {document.late_alpha_beta_source}")
    notes = "".join(wrapped(w.message) for w in document.warnings)
    return f"{head}\n{aligned(rows, right=range(2, len(header)))}\n{said}\n{sources}{notes}"


def _row(entry: MethodEntry) -> list[str]:
    if entry.impossible or entry.fractions is None or entry.dose_per_fraction_gy is None:
        return [entry.method, "cannot be done", *["-"] * 6]
    gained, cost = entry.tumour_bed_gained_gy, entry.late_change_percent
    return [
        entry.method,
        f"{entry.fractions} x {entry.dose_per_fraction_gy:.6g}",
        gy(entry.total_dose_gy),
        "-" if entry.overall_days is None else f"{entry.overall_days:g}",
        gy(entry.tumour_bed_gy),
        "-" if gained is None else f"{gained:+.2f}",
        gy(entry.late_bed_gy),
        "-" if cost is None else f"{cost:+.1f} %",
    ]


def as_csv(document: CompensateDocument) -> str:
    """The document as CSV, one row a method."""
    header = (
        "method",
        "impossible",
        "fractions",
        "dose_per_fraction_gy",
        "total_dose_gy",
        "overall_days",
        "tumour_bed_gy",
        "tumour_bed_gained_gy",
        "late_bed_gy",
        "late_change_percent",
        "description",
    )
    rows: list[tuple[Cell, ...]] = [
        (
            entry.method,
            "yes" if entry.impossible else "no",
            entry.fractions,
            entry.dose_per_fraction_gy,
            entry.total_dose_gy,
            entry.overall_days,
            entry.tumour_bed_gy,
            entry.tumour_bed_gained_gy,
            entry.late_bed_gy,
            entry.late_change_percent,
            entry.description,
        )
        for entry in document.methods
    ]
    return csv_text(header, rows)
