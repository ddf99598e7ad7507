"""Schedules side by side: what they are worth at each alpha/beta."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from rtfractions.reports.envelope import Context, Envelope, Message, messages
from rtfractions.reports.marks import Marks
from rtfractions.reports.tables import Cell, aligned, csv_text
from rtfractions.reports.wording import (
    PARAMETERS,
    TWO_MEANINGS,
    gy,
    head_lines,
    note_lines,
    ratio_lines,
    worth,
    wrapped,
)
from rtfractions.reports.wrapping import WIDEST
from rtfractions.schedule import Phase

if TYPE_CHECKING:  # ranges are imported where an interval is asked for
    from rtfractions.biology import Isoeffect, ValueRange


Converted: TypeAlias = "tuple[tuple[Isoeffect, ...], tuple[ValueRange, ValueRange | None] | None]"
"""A schedule at each alpha/beta; and its BED, and EQD2 without a time, over an interval of alpha/beta."""


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
    eqd2_gy: float | None
    eqd2_time_corrected_gy: float | None
    eqd2_isoeffective_gy: float | None
    warnings: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class IntervalEntry:
    """What an interval of alpha/beta leaves of a schedule; an open end is null, and so is EQD2 with a time.

    `follow_alpha_beta` names parameters of the model that are another at each alpha/beta of the interval.
    """

    alpha_beta_low_gy: float | None
    alpha_beta_high_gy: float | None
    alpha_beta_source: str
    method: Literal["exact", "sampled"]
    bed_low_gy: float | None
    bed_high_gy: float | None
    eqd2_low_gy: float | None
    eqd2_high_gy: float | None
    follow_alpha_beta: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ScheduleEntry:
    """A schedule with its results; `dose_per_fraction_gy` is null where phases differ in it."""

    schedule: str
    total_dose_gy: float
    fractions: int
    dose_per_fraction_gy: float | None
    phases: tuple[PhaseEntry, ...]
    results: tuple[Result, ...]
    interval: IntervalEntry | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BedDocument(Envelope):
    """What `rtfractions bed` prints."""

    schema: Literal["rtfractions.bed/1"]
    schedules: tuple[ScheduleEntry, ...]

    @property
    def results(self) -> list[Result]:
        """The results of all schedules."""
        return [result for entry in self.schedules for result in entry.results]


def document(
    schedules: Sequence[Converted], context: Context, *, follow_alpha_beta: tuple[str, ...] = ()
) -> BedDocument:
    """The document of a run.

    Parameters
    ----------
    schedules : sequence of Converted
        Each schedule with its results, the alpha/beta ratios in the same order.
    context : Context
        The head of the document.
    follow_alpha_beta : tuple of str
        Parameters of the model that are another at each alpha/beta.
    """
    return BedDocument(
        **context.head("rtfractions.bed/1"),
        schedules=tuple(_schedule_entry(converted, follow_alpha_beta) for converted in schedules),
    )


def _schedule_entry(converted: Converted, follow_alpha_beta: tuple[str, ...]) -> ScheduleEntry:
    isoeffects, over = converted
    schedule = isoeffects[0].schedule
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
                eqd2_time_corrected_gy=result.eqd2_time_corrected_gy,
                eqd2_isoeffective_gy=result.eqd2_isoeffective_gy,
                warnings=messages(result.notices),
            )
            for result in isoeffects
        ),
        interval=None if over is None else _interval_entry(*over, follow_alpha_beta),
    )


def _interval_entry(
    bed: "ValueRange", eqd2: "ValueRange | None", follow_alpha_beta: tuple[str, ...]
) -> IntervalEntry:
    return IntervalEntry(
        alpha_beta_low_gy=bed.interval.low_gy,
        alpha_beta_high_gy=bed.interval.high_gy,
        alpha_beta_source=bed.interval.source,
        method=bed.method,
        bed_low_gy=bed.low_gy,
        bed_high_gy=bed.high_gy,
        eqd2_low_gy=None if eqd2 is None else eqd2.low_gy,
        eqd2_high_gy=None if eqd2 is None else eqd2.high_gy,
        follow_alpha_beta=follow_alpha_beta,
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


def as_text(document: BedDocument) -> str:
    """The document as a table that can be pasted into a message."""
    marks = Marks(w for result in document.results for w in result.warnings)
    table = _side_by_side(document, marks)
    if len(table[: table.index("\n")]) > WIDEST:
        table = _one_below_the_other(document, marks)
    model, *parameters = head_lines(document.results)
    head = "".join(wrapped(line) for line in (f"BED and EQD2 in Gy; {model}", *parameters))
    over = _over_interval(document)
    meanings = TWO_MEANINGS if document.results[0].eqd2_time_corrected_gy is not None else ""
    return f"{head}\n{table}\n{over}{ratio_lines(document.results)}{meanings}{marks.legend()}{note_lines(document)}"


def _side_by_side(document: BedDocument, marks: Marks) -> str:
    header = ["schedule", "Gy/fraction"]
    for result in document.schedules[0].results:
        header += _columns(result)
    rows = [header]
    for entry in document.schedules:
        row = _named(entry, marks)
        for result in entry.results:
            row += [gy(value) for value in worth(result)]
        rows.append(row)
    return aligned(rows, right=range(1, len(header)))


def _one_below_the_other(document: BedDocument, marks: Marks) -> str:
    columns = [column.partition("(")[0] for column in _columns(document.results[0])]
    rows = [["schedule", "Gy/fraction", "a/b", *columns]]
    for entry in document.schedules:
        rows += [
            [*_named(entry, marks), f"{result.alpha_beta_gy:.4g}", *(gy(value) for value in worth(result))]
            for result in entry.results
        ]
    return aligned(rows, right=range(1, len(rows[0])))


def _named(entry: ScheduleEntry, marks: Marks) -> list[str]:
    doses = dict.fromkeys(f"{phase.dose_per_fraction_gy:.2f}" for phase in entry.phases)
    return [
        marks.marked(entry.schedule, (w for result in entry.results for w in result.warnings)),
        ", ".join(doses),
    ]


def _over_interval(document: BedDocument) -> str:
    """The values over an interval, as a table of its own."""
    shown = [(entry.schedule, entry.interval) for entry in document.schedules if entry.interval is not None]
    if not shown:
        return ""
    first = shown[0][1]
    rows = [["schedule", "BED", "EQD2Gy"]]
    rows += [
        [name, _from_to(over.bed_low_gy, over.bed_high_gy), _from_to(over.eqd2_low_gy, over.eqd2_high_gy)]
        for name, over in shown
    ]
    if document.results[0].eqd2_gy is None:
        rows = [row[:2] for row in rows]
    ends = _from_to(first.alpha_beta_low_gy, first.alpha_beta_high_gy, "{:.6g}")
    how = "from its ends" if first.method == "exact" else "sampled"
    follow = "".join(f"; {PARAMETERS[name][0]} anew at each" for name in first.follow_alpha_beta)
    said = wrapped(f"over alpha/beta {ends} Gy, {first.alpha_beta_source}; {how}{follow}:")
    return f"{said}\n{aligned(rows, right=range(1, len(rows[0])))}\n"


def _from_to(low: float | None, high: float | None, form: str = "{:.2f}") -> str:
    if low is None and high is None:
        return "open"
    if low is None:
        return f"below {form.format(high)}"
    if high is None:
        return f"above {form.format(low)}"
    return f"{form.format(low)} to {form.format(high)}"


def _columns(result: Result) -> list[str]:
    at = f"(a/b={result.alpha_beta_gy:.4g})"
    if result.eqd2_time_corrected_gy is None:
        return [f"BED{at}", f"EQD2Gy{at}"]
    return [f"BED{at}", f"EQD2tc{at}", f"EQD2iso{at}"]


def as_csv(document: BedDocument) -> str:
    """The document as CSV, one row a result; what was asked for of time and interval stands in further columns."""
    header = [
        "schedule",
        "total_dose_gy",
        "fractions",
        "dose_per_fraction_gy",
        "alpha_beta_gy",
        "model",
        "bed_gy",
        "eqd2_gy",
    ]
    timed = document.results[0].eqd2_time_corrected_gy is not None
    rows: list[list[Cell]] = []
    for entry in document.schedules:
        for result in entry.results:
            row: list[Cell] = [
                entry.schedule,
                entry.total_dose_gy,
                entry.fractions,
                entry.dose_per_fraction_gy,
            ]
            row += [result.alpha_beta_gy, result.model, result.bed_gy, result.eqd2_gy]
            row += [result.eqd2_time_corrected_gy, result.eqd2_isoeffective_gy] * timed
            rows.append(row + _interval_cells(entry.interval))
    header += ["eqd2_time_corrected_gy", "eqd2_isoeffective_gy"] * timed
    if document.schedules[0].interval is not None:
        header += [f"{name}_{end}_gy" for name in ("alpha_beta", "bed", "eqd2") for end in ("low", "high")]
    return csv_text(header, rows)


def _interval_cells(over: IntervalEntry | None) -> list[Cell]:
    if over is None:
        return []
    return [
        over.alpha_beta_low_gy,
        over.alpha_beta_high_gy,
        over.bed_low_gy,
        over.bed_high_gy,
        over.eqd2_low_gy,
        over.eqd2_high_gy,
    ]
