"""Isoeffective schedules: what another number of fractions or another dose per fraction must be."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from rtfractions.biology import Isoeffect, IsoeffectiveSchedule
from rtfractions.reports.envelope import Context, Envelope, Message, messages
from rtfractions.reports.marks import Marks
from rtfractions.reports.tables import Cell, aligned, csv_text
from rtfractions.reports.wording import TWO_MEANINGS, gy, head_lines, note_lines, ratio_lines, worth, wrapped
from rtfractions.schedule import Schedule


@dataclass(frozen=True, slots=True)
class WholeNumber:
    """The schedule with the whole number of fractions next to a broken one, at the same dose per fraction."""

    schedule: str
    total_dose_gy: float
    fractions: int
    dose_per_fraction_gy: float
    overall_days: float | None
    bed_gy: float
    eqd2_gy: float | None
    eqd2_time_corrected_gy: float | None
    eqd2_isoeffective_gy: float | None


@dataclass(frozen=True, slots=True)
class Solution:
    """A schedule that is worth as much; where its number of fractions is broken, `whole` has the next whole ones."""

    schedule: str
    total_dose_gy: float
    fractions: float
    dose_per_fraction_gy: float
    alpha_beta_gy: float
    alpha_beta_source: str
    model: str
    parameters: dict[str, float]
    bed_gy: float
    eqd2_gy: float | None
    eqd2_time_corrected_gy: float | None
    eqd2_isoeffective_gy: float | None
    whole: tuple[WholeNumber, ...]
    warnings: tuple[Message, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SolveDocument(Envelope):
    """What `rtfractions solve` prints."""

    schema: Literal["rtfractions.solve/1"]
    matched: str
    solutions: tuple[Solution, ...]


def document(
    matched: Schedule, found: Sequence[tuple[IsoeffectiveSchedule, Sequence[Isoeffect]]], context: Context
) -> SolveDocument:
    """The document of a run.

    Parameters
    ----------
    matched : Schedule
        The schedule that was matched.
    found : sequence of tuple
        For each alpha/beta the solution, and what the whole numbers of fractions next to a broken one are worth.
    context : Context
        The head of the document.
    """
    unit = "Gy(RBE)" if matched.rbe_weighted else "Gy"
    return SolveDocument(
        **context.head("rtfractions.solve/1"),
        matched=str(matched),
        solutions=tuple(
            Solution(
                schedule=f"{one.fractions:.6g} x {one.dose_per_fraction_gy:.6g} {unit}",
                total_dose_gy=one.total_dose_gy,
                fractions=one.fractions,
                dose_per_fraction_gy=one.dose_per_fraction_gy,
                alpha_beta_gy=one.alpha_beta.value_gy,
                alpha_beta_source=one.alpha_beta.source,
                model=one.model,
                parameters=dict(one.parameters),
                bed_gy=one.bed_gy,
                eqd2_gy=one.eqd2_gy,
                eqd2_time_corrected_gy=one.eqd2_time_corrected_gy,
                eqd2_isoeffective_gy=one.eqd2_isoeffective_gy,
                whole=tuple(_whole_number(near, one.dose_per_fraction_gy) for near in whole),
                warnings=messages(one.notices),
            )
            for one, whole in found
        ),
    )


def _whole_number(near: Isoeffect, dose_per_fraction_gy: float) -> WholeNumber:
    return WholeNumber(
        schedule=str(near.schedule),
        total_dose_gy=float(near.schedule.total_dose_gy),
        fractions=near.schedule.fractions,
        dose_per_fraction_gy=dose_per_fraction_gy,
        overall_days=near.parameters.get("overall_days"),
        bed_gy=near.bed_gy,
        eqd2_gy=near.eqd2_gy,
        eqd2_time_corrected_gy=near.eqd2_time_corrected_gy,
        eqd2_isoeffective_gy=near.eqd2_isoeffective_gy,
    )


def as_text(document: SolveDocument) -> str:
    """The document as a table that can be pasted into a message."""
    first = document.solutions[0]
    timed = first.eqd2_time_corrected_gy is not None
    rows = [["a/b", "fractions", "Gy/fraction", "total Gy", *["days"] * timed, "BED"]]
    rows[0] += ["EQD2tc", "EQD2iso"] if timed else ["EQD2Gy"]
    marks = Marks(warning for one in document.solutions for warning in one.warnings)
    for one in document.solutions:
        ratio = f"{one.alpha_beta_gy:.4g}"
        rows.append([marks.marked(ratio, one.warnings), *_row(one, one.parameters.get("overall_days"))])
        rows += [[ratio, *_row(near, near.overall_days)] for near in one.whole]
    model, *parameters = head_lines(document.solutions, without=("overall_days",))
    head = "".join(wrapped(line) for line in (f"Isoeffective with {document.matched}; {model}", *parameters))
    near = WHOLE_NUMBERS if any(one.whole for one in document.solutions) else ""
    return (
        f"{head}\n{aligned(rows, right=range(len(rows[0])))}\n{near}{ratio_lines(document.solutions)}"
        f"{TWO_MEANINGS * timed}{marks.legend()}{note_lines(document)}"
    )


WHOLE_NUMBERS: Final = "whole numbers of fractions stand below a broken one, with what they are worth\n"
"""What the rows below a broken number of fractions are."""


def _row(one: Solution | WholeNumber, days: float | None) -> list[str]:
    shown = [f"{one.fractions:.6g}", f"{one.dose_per_fraction_gy:.6g}", f"{one.total_dose_gy:.3f}"]
    return [*shown, *([] if days is None else [f"{days:g}"]), *(gy(value) for value in worth(one))]


def as_csv(document: SolveDocument) -> str:
    """The document as CSV, one row a solution, and one for each whole number of fractions next to a broken one."""
    header = (
        "matched",
        "kind",
        "total_dose_gy",
        "fractions",
        "dose_per_fraction_gy",
        "alpha_beta_gy",
        "model",
        "bed_gy",
        "eqd2_gy",
        "eqd2_time_corrected_gy",
        "eqd2_isoeffective_gy",
    )
    rows: list[tuple[Cell, ...]] = []
    for one in document.solutions:
        rows.append(_cells(document.matched, "isoeffective", one, one))
        rows += [_cells(document.matched, "whole number", one, near) for near in one.whole]
    return csv_text(header, rows)


def _cells(matched: str, kind: str, one: Solution, shown: Solution | WholeNumber) -> tuple[Cell, ...]:
    return (
        matched,
        kind,
        shown.total_dose_gy,
        shown.fractions,
        shown.dose_per_fraction_gy,
        one.alpha_beta_gy,
        one.model,
        shown.bed_gy,
        shown.eqd2_gy,
        shown.eqd2_time_corrected_gy,
        shown.eqd2_isoeffective_gy,
    )
