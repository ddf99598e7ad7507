"""What files are and how they link, as the one document that every form of the report is made from."""

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from rtfractions.doses import Dose, PlanDose
from rtfractions.errors import printable
from rtfractions.files import InputFile
from rtfractions.patient import Patient
from rtfractions.plans import Plan, PrescriptionSource
from rtfractions.records import TreatmentRecord
from rtfractions.reports.envelope import Context, Envelope, Message, messages, printable_or_none, told
from rtfractions.structures import StructureSet


@dataclass(frozen=True, slots=True)
class GroupEntry:
    """A fraction group of a plan."""

    number: int | None
    fractions: int | None
    fractions_per_day: float | None
    beams: tuple[int, ...]
    beam_dose_gy: float | None


@dataclass(frozen=True, slots=True)
class TargetEntry:
    """A target of a plan; `missing` and `unclear` say why a schedule is not there, or must not be graded."""

    name: str
    structure_number: int | None
    structure_name: str | None
    schedule: str | None
    prescription_source: PrescriptionSource | None
    missing: str | None
    unclear: str | None


@dataclass(frozen=True, slots=True)
class PlanDoseEntry:
    """The dose of a plan's whole course, the files it was put together from, and its maximum over the highest prescription."""

    dose_uids: tuple[str, ...]
    summation_type: str
    dose_type: str
    maximum_gy: float
    maximum_over_prescription: float | None


@dataclass(frozen=True, slots=True)
class DeliveryEntry:
    """What treatment records say of a plan."""

    fractions_delivered: int | None
    start: str | None
    end: str | None


@dataclass(frozen=True, slots=True)
class PlanEntry:
    """A plan; `set_aside` says why one is listed and not counted, `dose` is null where none may be used."""

    plan_uid: str
    file: str
    label: str | None
    date: str | None
    kind: str
    radiation: tuple[str, ...]
    approval: str | None
    intent: str | None
    set_aside: str | None
    structure_set_uid: str | None
    structure_set_found: bool
    fraction_groups: tuple[GroupEntry, ...]
    targets: tuple[TargetEntry, ...]
    dose: PlanDoseEntry | None
    records: int
    delivery: DeliveryEntry
    warnings: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class DoseEntry:
    """A dose file; spacings in mm are of frames (smallest, largest), rows and columns."""

    sop_instance_uid: str
    file: str
    summation_type: str
    dose_type: str
    plan_uids: tuple[str, ...]
    beams: tuple[int, ...]
    frames: int
    rows: int
    columns: int
    spacing_mm: tuple[float, float, float, float]
    minimum_gy: float
    maximum_gy: float
    calculated_by: str | None
    heterogeneity: tuple[str, ...]
    warnings: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class StructureEntry:
    """A structure; `error` says why one was refused, then all but name and number is null."""

    name: str
    number: int | None
    type: str | None
    contours: int | None
    planes: int | None
    plane_spacing_mm: float | None
    volume_cm3: float | None
    points: int | None
    warnings: tuple[Message, ...]
    error: Message | None


@dataclass(frozen=True, slots=True)
class StructureSetEntry:
    """A structure set."""

    sop_instance_uid: str
    file: str
    label: str | None
    structures: tuple[StructureEntry, ...]
    warnings: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class PatientEntry:
    """All that was found of a patient."""

    patient: str
    plans: tuple[PlanEntry, ...]
    doses: tuple[DoseEntry, ...]
    structure_sets: tuple[StructureSetEntry, ...]
    warnings: tuple[Message, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectDocument(Envelope):
    """What `rtfractions inspect` prints."""

    schema: Literal["rtfractions.inspect/1"]
    patients: tuple[PatientEntry, ...]


def document(patients: Sequence[PatientEntry], context: Context) -> InspectDocument:
    """The document of an inspection."""
    return InspectDocument(**context.head("rtfractions.inspect/1"), patients=tuple(patients))


def patient_entry(patient: Patient, inputs: Iterable[InputFile]) -> PatientEntry:
    """What was found of a patient.

    Parameters
    ----------
    patient : Patient
        The patient, with doses and structures.
    inputs : iterable of InputFile
        The patient's files.
    """
    files = {file.sop_instance_uid: printable(file.name) for file in inputs if file.sop_instance_uid}
    sets = {structures.sop_instance_uid: structures for structures in patient.structure_sets}
    doses = {dose.plan_uid: dose for dose in patient.plan_doses}
    return PatientEntry(
        patient=printable(patient.label),
        plans=tuple(
            _plan_entry(
                plan,
                files,
                structures=sets.get(plan.structure_set_uid or ""),
                dose=doses.get(plan.sop_instance_uid),
                records=[record for record in patient.records if record.plan_uid == plan.sop_instance_uid],
            )
            for plan in patient.plans
        ),
        doses=tuple(_dose_entry(dose, files) for dose in patient.doses),
        structure_sets=tuple(_set_entry(structures, files) for structures in patient.structure_sets),
        warnings=messages(patient.notices),
    )


def _plan_entry(
    plan: Plan,
    files: Mapping[str, str],
    *,
    structures: StructureSet | None,
    dose: PlanDose | None,
    records: Sequence[TreatmentRecord],
) -> PlanEntry:
    prescribed_gy = max(
        (float(t.prescription.schedule.total_dose_gy) for t in plan.targets if t.prescription.schedule),
        default=None,
    )
    names: dict[int | None, str] = {}
    if structures is not None:
        names |= {structure.number: structure.name for structure in structures.structures}
        names |= {refused.number: refused.name for refused in structures.refused}
    return PlanEntry(
        plan_uid=printable(plan.sop_instance_uid),
        file=files.get(plan.sop_instance_uid, ""),
        label=printable_or_none(plan.label),
        date=_day(plan.date),
        kind=plan.kind,
        radiation=tuple(map(printable, plan.radiation)),
        approval=printable_or_none(plan.approval),
        intent=printable_or_none(plan.intent),
        set_aside=plan.set_aside,
        structure_set_uid=printable_or_none(plan.structure_set_uid),
        structure_set_found=structures is not None,
        fraction_groups=tuple(
            GroupEntry(
                group.number,
                group.fractions,
                group.per_day,
                group.beams,
                None if group.beam_dose_gy is None else float(group.beam_dose_gy),
            )
            for group in plan.fraction_groups
        ),
        targets=tuple(
            TargetEntry(
                name=printable(target.name),
                structure_number=target.structure_number,
                structure_name=printable_or_none(names.get(target.structure_number)),
                schedule=None if target.prescription.schedule is None else str(target.prescription.schedule),
                prescription_source=target.prescription.source,
                missing=printable_or_none(target.prescription.missing),
                unclear=printable_or_none(target.prescription.unclear),
            )
            for target in plan.targets
        ),
        dose=None
        if dose is None
        else PlanDoseEntry(
            dose.dose_uids,
            dose.summation,
            dose.dose_type,
            dose.grid.maximum_gy,
            None if prescribed_gy is None else dose.grid.maximum_gy / prescribed_gy,
        ),
        records=len(records),
        delivery=DeliveryEntry(
            plan.delivery.fractions_delivered, _day(plan.delivery.start), _day(plan.delivery.end)
        ),
        warnings=messages(plan.notices),
    )


def _dose_entry(dose: Dose, files: Mapping[str, str]) -> DoseEntry:
    frames, rows, columns = dose.grid.shape
    return DoseEntry(
        sop_instance_uid=printable(dose.sop_instance_uid),
        file=files.get(dose.sop_instance_uid, ""),
        summation_type=dose.summation,
        dose_type=dose.dose_type,
        plan_uids=tuple(map(printable, dose.plan_uids)),
        beams=dose.beams,
        frames=frames,
        rows=rows,
        columns=columns,
        spacing_mm=(*dose.grid.frame_spacing_mm, *dose.grid.spacing_mm),
        minimum_gy=dose.grid.minimum_gy,
        maximum_gy=dose.grid.maximum_gy,
        calculated_by=printable_or_none(dose.calculated_by),
        heterogeneity=tuple(map(printable, dose.heterogeneity)),
        warnings=messages(dose.notices),
    )


def _set_entry(structures: StructureSet, files: Mapping[str, str]) -> StructureSetEntry:
    entries = [
        StructureEntry(
            name=printable(s.name),
            number=s.number,
            type=printable_or_none(s.interpreted_type),
            contours=s.contour_count,
            planes=len(s.planes),
            plane_spacing_mm=s.spacing_mm,
            volume_cm3=s.volume_cm3,
            points=len(s.points_mm),
            warnings=messages(s.notices),
            error=None,
        )
        for s in structures.structures
    ]
    entries += [
        StructureEntry(printable(r.name), r.number, None, None, None, None, None, None, (), told(r.error))
        for r in structures.refused
    ]
    return StructureSetEntry(
        sop_instance_uid=printable(structures.sop_instance_uid),
        file=files.get(structures.sop_instance_uid, ""),
        label=printable_or_none(structures.label),
        structures=tuple(sorted(entries, key=lambda entry: -1 if entry.number is None else entry.number)),
        warnings=messages(structures.notices),
    )


def _day(date: datetime.date | None) -> str | None:
    return None if date is None else date.isoformat()
