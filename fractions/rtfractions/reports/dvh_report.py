"""DVH metrics of structures as a document: values, what they rest on, and what others say of the same structures."""

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from rtfractions.dosimetry.comparison import Opinion
from rtfractions.dosimetry.courses import ChosenDose
from rtfractions.dosimetry.plan_dvhs import Asked, StructureResult
from rtfractions.errors import counted, printable
from rtfractions.plans import PlanTarget
from rtfractions.reports.envelope import Context, Envelope, Message, messages
from rtfractions.reports.metric_entries import MetricEntry, cell, column, metric_entry, percent, volume
from rtfractions.reports.tables import Cell, aligned, csv_text

WIDTH: Final = 110
"""Columns of a terminal that a line is wrapped to."""


@dataclass(frozen=True, slots=True)
class PrescriptionEntry:
    """What the plan prescribes to a target; `unclear` says why it must not be graded without a person."""

    target: str
    structure_number: int | None
    schedule: str | None
    total_dose_gy: float | None
    source: str | None
    unclear: str | None


@dataclass(frozen=True, slots=True)
class DoseEntry:
    """The dose; `sop_instance_uid` is null where it was put together from several files, `parts`."""

    sop_instance_uid: str | None
    parts: tuple[str, ...]
    plan_uids: tuple[str, ...]
    summation_type: str
    dose_type: str
    fractions: int | None
    fractions_from_plan: bool
    prescriptions: tuple[PrescriptionEntry, ...]


@dataclass(frozen=True, slots=True)
class SettingsEntry:
    """What was asked for; each structure says what was used for it."""

    end_caps: str
    dose_interpolation: str


@dataclass(frozen=True, slots=True)
class CurveEntry:
    """A cumulative DVH, linear between its points: volume with at least that dose."""

    quantity: str
    alpha_beta_gy: float | None
    dose_gy: tuple[float, ...]
    volume_cm3: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class StructureEntry:
    """A structure; `error` says why it was refused, `curves` is null where they were not asked for."""

    name: str
    number: int | None
    volume_cm3: float | None
    covered_fraction: float | None
    end_caps: str | None
    dose_interpolation: str | None
    prescription_gy: float | None
    metrics: tuple[MetricEntry, ...]
    warnings: tuple[Message, ...]
    error: str | None
    curves: tuple[CurveEntry, ...] | None


@dataclass(frozen=True, slots=True)
class CauseEntry:
    """Part of a difference, in the value's unit; the parts of a value add up to its difference."""

    cause: str
    amount: float


@dataclass(frozen=True, slots=True)
class ComparedEntry:
    """A value of ours and of the other's; `difference` is theirs minus ours, in % of ours null where ours is 0."""

    value: str
    unit: str
    ours: float
    theirs: float
    difference: float
    difference_percent: float | None
    notable: bool
    explained_by: tuple[CauseEntry, ...]


@dataclass(frozen=True, slots=True)
class OpinionEntry:
    """What somebody else's DVH of a structure says, or why it cannot be compared."""

    source: str
    structure: str
    number: int | None
    values: tuple[ComparedEntry, ...]
    error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DvhDocument(Envelope):
    """What `rtfractions dvh` prints; `dose` is null where none was found, `second_opinion` where none was asked for."""

    schema: Literal["rtfractions.dvh/1"]
    dose: DoseEntry | None
    settings: SettingsEntry
    structures: tuple[StructureEntry, ...]
    second_opinion: tuple[OpinionEntry, ...] | None


def document(
    context: Context,
    *,
    asked: Asked,
    dose: DoseEntry | None = None,
    results: Iterable[StructureResult] = (),
    opinions: Sequence[Opinion] | None = None,
    curves: bool = False,
) -> DvhDocument:
    """The document of a run.

    Parameters
    ----------
    context : Context
        The head of the document.
    asked : Asked
        What was asked for.
    dose : DoseEntry, optional
        The dose, where one was found.
    results : iterable of StructureResult
        Structure by structure.
    opinions : sequence of Opinion, optional
        What others say, where that was asked for.
    curves : bool, default False
        Whether the curves themselves are in it.
    """
    return DvhDocument(
        **context.head("rtfractions.dvh/1"),
        dose=dose,
        settings=SettingsEntry(asked.end_caps, asked.dose_interpolation),
        structures=tuple(_structure_entry(result, curves=curves) for result in results),
        second_opinion=None if opinions is None else tuple(map(_opinion_entry, opinions)),
    )


def dose_entry(chosen: ChosenDose, *, fractions: int | None, from_plan: bool) -> DoseEntry:
    """The dose that was taken, and the number of fractions that was."""
    uids = tuple(dose.sop_instance_uid for dose in chosen.doses)
    targets = () if chosen.plan is None else chosen.plan.targets
    return DoseEntry(
        sop_instance_uid=uids[0] if len(uids) == 1 else None,
        parts=uids,
        plan_uids=chosen.plan_uids,
        summation_type=str(chosen.doses[0].summation),
        dose_type=str(chosen.dose_type),
        fractions=fractions,
        fractions_from_plan=from_plan,
        prescriptions=tuple(map(_prescription_entry, targets)),
    )


def _prescription_entry(target: PlanTarget) -> PrescriptionEntry:
    prescription = target.prescription
    schedule = prescription.schedule
    doubt = prescription.unclear or prescription.missing
    return PrescriptionEntry(
        target=printable(target.name),
        structure_number=target.structure_number,
        schedule=None if schedule is None else str(schedule),
        total_dose_gy=None if schedule is None else float(schedule.total_dose_gy),
        source=None if prescription.source is None else str(prescription.source),
        unclear=None if doubt is None else printable(doubt),
    )


def _structure_entry(result: StructureResult, *, curves: bool) -> StructureEntry:
    physical = result.dvhs[0] if result.dvhs else None
    schedule = None if result.prescription is None else result.prescription.schedule
    return StructureEntry(
        name=printable(result.name),
        number=result.number,
        volume_cm3=None if physical is None else physical.volume_cm3,
        covered_fraction=None if physical is None else physical.covered_fraction,
        end_caps=None if physical is None else physical.settings.end_caps,
        dose_interpolation=None if physical is None else physical.settings.dose_interpolation,
        prescription_gy=None if schedule is None else float(schedule.total_dose_gy),
        metrics=tuple(metric_entry(one.metric, one.found) for one in result.metrics),
        warnings=messages(result.notices),
        error=None if result.error is None else result.error.message,
        curves=tuple(
            CurveEntry(
                dvh.quantity,
                dvh.alpha_beta_gy,
                tuple(dvh.dose_gy.tolist()),
                tuple(dvh.volume_cm3_at.tolist()),
            )
            for dvh in result.dvhs
        )
        if curves
        else None,
    )


def _opinion_entry(opinion: Opinion) -> OpinionEntry:
    return OpinionEntry(
        source=opinion.source,
        structure=printable(opinion.name),
        number=opinion.number,
        values=tuple(
            ComparedEntry(
                value=one.value,
                unit=one.unit,
                ours=one.ours,
                theirs=one.theirs,
                difference=one.difference,
                difference_percent=one.percent,
                notable=one.notable,
                explained_by=tuple(CauseEntry(part.cause, part.amount) for part in one.parts),
            )
            for one in opinion.differences
        ),
        error=None if opinion.error is None else opinion.error.message,
    )


QUANTITIES: Final = {"physical": "dose", "bed": "BED", "eqd2": "EQD2"}
"""What the tables are of."""

LEGENDS: Final = {
    "t": "ends tapered as the shape suggests, not half a slice",
    "n": "no end caps",
    "m": "between small and large: ends and interpolation are mixtures of both ways",
    "c": "dose by cubic splines, not linear",
    "p": "partly outside the dose grid: ≥ at least, ≤ at most, ~ of the part inside",
    "w": "more is said of it on stderr and in JSON (warnings)",
}
"""Marks of structures."""


def as_text(document: DvhDocument) -> str:
    """The document for a reader at a terminal: a table for each kind of dose."""
    if document.dose is None:
        return "no DVH was computed\n"
    parts = [_head(document.dose, document.settings)]
    shown = [entry for entry in document.structures if entry.error is None]
    parts += [
        _table(shown, quantity)
        for quantity in QUANTITIES
        if any(one.quantity == quantity for entry in shown for one in entry.metrics)
    ]
    used = [mark for mark in LEGENDS if any(mark in _marks(entry) for entry in shown)]
    parts.append("".join(f"{mark}  {LEGENDS[mark]}\n" for mark in used))
    parts.append(_refusals(document.structures))
    if document.second_opinion is not None:
        parts.append(_opinions(document.second_opinion))
    return "\n".join(part for part in parts if part)


def _head(dose: DoseEntry, settings: SettingsEntry) -> str:
    unit = "Gy(RBE) or otherwise effective" if dose.dose_type == "EFFECTIVE" else "physical dose"
    if dose.fractions is None:
        fractions = "number of fractions not known"
    else:
        source = "" if dose.fractions_from_plan else " (given by the user)"
        fractions = f"{counted(dose.fractions, 'fraction')}{source}"
    name = dose.sop_instance_uid or f"put together from {counted(len(dose.parts), 'file')}"
    lines = [f"dose {name}: {unit} in Gy, {dose.summation_type}, {fractions}"]
    for one in dose.prescriptions:
        source = f" ({one.source.replace('_', ' ')})" if one.source else ""
        doubt = f"; unclear: {one.unclear}" if one.unclear else ""
        lines.append(f"prescribed to {one.target}: {one.schedule or 'not known'}{source}{doubt}")
    lines.append(f"end caps: {settings.end_caps}; dose between voxels: {settings.dose_interpolation}")
    return "".join(_wrapped(line) for line in lines)


def _table(entries: Sequence[StructureEntry], quantity: str) -> str:
    """The metrics of one kind of dose; a row a structure and alpha/beta."""
    converted = quantity != "physical"
    columns = list(
        dict.fromkeys(column(one) for entry in entries for one in entry.metrics if one.quantity == quantity)
    )
    header = ["structure", "", *(["a/b Gy"] if converted else []), "cm3", "covered", *columns]
    rows = [header]
    for entry in entries:
        own = [one for one in entry.metrics if one.quantity == quantity]
        for ratio in dict.fromkeys(one.alpha_beta_gy for one in own):
            cells = {column(one): cell(one) for one in own if one.alpha_beta_gy == ratio}
            row = [entry.name, _marks(entry)] + ([f"{ratio:g}"] if ratio is not None else [])
            row += [volume(entry.volume_cm3), percent(entry.covered_fraction)]
            rows.append([*row, *(cells.get(name, "") for name in columns)])
    title = QUANTITIES[quantity]
    head = f"{title} (LQ): doses and thresholds in Gy {title}\n" if converted else ""
    return head + aligned(rows, right=range(2, len(header)))


def _marks(entry: StructureEntry) -> str:
    caps, interpolation = entry.end_caps or "", entry.dose_interpolation or ""
    mixed = " and " in caps + interpolation
    marks = {
        "t": caps == "tapered",
        "n": caps == "none",
        "m": mixed,
        "c": interpolation == "cubic",
        "p": entry.covered_fraction != 1,
        "w": any(warning.code != "dvh.partial-coverage" for warning in entry.warnings),
    }
    return "".join(mark for mark, there in marks.items() if there)


def _refusals(entries: Sequence[StructureEntry]) -> str:
    lines = [_wrapped(f"refused: {entry.name}: {entry.error}") for entry in entries if entry.error]
    alike: dict[str, list[str]] = {}
    for entry in entries:
        for one in entry.metrics:
            if one.error is not None:
                said = one.error if one.error.startswith(one.metric) else f"{one.metric}: {one.error}"
                alike.setdefault(said, []).append(entry.name)
    lines += [_wrapped(f"no value: {', '.join(names)}: {said}") for said, names in alike.items()]
    return "".join(lines)


def _opinions(entries: Sequence[OpinionEntry]) -> str:
    """A table for each source, and what explains the differences that matter."""
    text = "second opinion: theirs beside ours, neither is the truth; explained is what differs by more than 2 %\n"
    for source in dict.fromkeys(entry.source for entry in entries):
        rows = [["structure", "value", "ours", "theirs", "difference", "%", "explained by"]]
        for entry in entries:
            if entry.source != source:
                continue
            if entry.error is not None:
                rows.append([entry.structure, "refused", "", "", "", "", entry.error])
            for one in entry.values:
                digits = 3 if abs(one.ours) < 10 else 2
                rows.append(
                    [
                        entry.structure,
                        f"{one.value} {one.unit}",
                        f"{one.ours:.{digits}f}",
                        f"{one.theirs:.{digits}f}",
                        f"{one.difference:+.{digits}f}",
                        "" if one.difference_percent is None else f"{one.difference_percent:+.1f}",
                        _causes(one, digits) if one.notable else "",
                    ]
                )
        text += f"\n{source}\n{aligned(rows, right=range(2, 6))}"
    return text if entries else f"{text}nobody has a DVH of these structures\n"


def _causes(entry: ComparedEntry, digits: int) -> str:
    """The parts that show in the digits printed, largest first."""
    parts = sorted(entry.explained_by, key=lambda part: -abs(part.amount))
    return "; ".join(
        f"{part.amount:+.{digits}f} {part.cause}" for part in parts if abs(part.amount) >= 0.5 * 10.0**-digits
    )


def _wrapped(line: str) -> str:
    return textwrap.fill(line, WIDTH, subsequent_indent="  ", break_on_hyphens=False) + "\n"


def as_csv(document: DvhDocument) -> str:
    """The document as CSV, one row a metric; a refused structure has one row with its error."""
    header = (
        "structure",
        "number",
        "volume_cm3",
        "covered_fraction",
        "metric",
        "quantity",
        "alpha_beta_gy",
        "value",
        "unit",
        "bound",
        "error",
    )
    rows: list[tuple[Cell, ...]] = []
    for entry in document.structures:
        of = (entry.name, entry.number, entry.volume_cm3, entry.covered_fraction)
        if entry.error is not None:
            rows.append((*of, None, None, None, None, None, None, entry.error))
        rows += [
            (*of, m.metric, m.quantity, m.alpha_beta_gy, m.value, m.unit, m.bound, m.error)
            for m in entry.metrics
        ]
    return csv_text(header, rows)
