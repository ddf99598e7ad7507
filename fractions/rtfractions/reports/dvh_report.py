"""DVH metrics of structures as a document: values, what they rest on, and what others say of the same structures."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from rtfractions.dosimetry.comparison import Opinion
from rtfractions.dosimetry.courses import ChosenDose
from rtfractions.dosimetry.plan_dvhs import Asked, StructureResult
from rtfractions.errors import printable
from rtfractions.plans import PlanTarget
from rtfractions.reports.envelope import Context, Envelope, Message, messages
from rtfractions.reports.metric_entries import MetricEntry, metric_entry
from rtfractions.reports.tables import Cell, csv_text


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
        metrics=tuple(map(metric_entry, result.metrics)),
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
        "alpha_beta_source",
    )
    rows: list[tuple[Cell, ...]] = []
    for entry in document.structures:
        of = (entry.name, entry.number, entry.volume_cm3, entry.covered_fraction)
        if entry.error is not None:
            rows.append((*of, None, None, None, None, None, None, entry.error, None))
        rows += [
            (
                *of,
                m.metric,
                m.quantity,
                m.alpha_beta_gy,
                m.value,
                m.unit,
                m.bound,
                m.error,
                m.alpha_beta_source,
            )
            for m in entry.metrics
        ]
    return csv_text(header, rows)
