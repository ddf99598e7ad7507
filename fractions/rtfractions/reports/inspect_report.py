"""What files are and how they link, as a document, a tree and a long table."""

import datetime
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from rtfractions.doses import Dose, PlanDose
from rtfractions.errors import counted, printable
from rtfractions.files import InputFile
from rtfractions.patient import Patient
from rtfractions.plans import Plan, PlanKind, PrescriptionSource
from rtfractions.records import TreatmentRecord
from rtfractions.reports.envelope import Context, Envelope, Message, messages, told
from rtfractions.reports.tables import Cell, aligned, csv_text
from rtfractions.reports.trees import Branch
from rtfractions.reports.trees import as_text as tree_text
from rtfractions.structures import StructureSet

WIDTH: Final = 110
"""Columns of a terminal that a line is wrapped to."""


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
        label=_printable(plan.label),
        date=_day(plan.date),
        kind=plan.kind,
        radiation=tuple(map(printable, plan.radiation)),
        approval=_printable(plan.approval),
        intent=_printable(plan.intent),
        set_aside=plan.set_aside,
        structure_set_uid=_printable(plan.structure_set_uid),
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
                structure_name=_printable(names.get(target.structure_number)),
                schedule=None if target.prescription.schedule is None else str(target.prescription.schedule),
                prescription_source=target.prescription.source,
                missing=_printable(target.prescription.missing),
                unclear=_printable(target.prescription.unclear),
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
        calculated_by=_printable(dose.calculated_by),
        heterogeneity=tuple(map(printable, dose.heterogeneity)),
        warnings=messages(dose.notices),
    )


def _set_entry(structures: StructureSet, files: Mapping[str, str]) -> StructureSetEntry:
    entries = [
        StructureEntry(
            name=printable(s.name),
            number=s.number,
            type=_printable(s.interpreted_type),
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
        label=_printable(structures.label),
        structures=tuple(sorted(entries, key=lambda entry: -1 if entry.number is None else entry.number)),
        warnings=messages(structures.notices),
    )


def _printable(text: str | None) -> str | None:
    return None if text is None else printable(text)


def _day(date: datetime.date | None) -> str | None:
    return None if date is None else date.isoformat()


def as_csv(document: InspectDocument) -> str:
    """The document as CSV, one row a property of an object."""
    header = ("patient", "object", "sop_instance_uid", "name", "property", "value", "unit")
    rows: list[tuple[Cell, ...]] = []
    for patient in document.patients:
        for kind, uid, name, properties, warnings in _objects(patient):
            for key, value, unit in properties:
                if value is not None:
                    rows.append((patient.patient, kind, uid, name, key, value, unit))
            rows += [(patient.patient, kind, uid, name, "warning", w.message, None) for w in warnings]
        rows += [
            (patient.patient, "patient", None, None, "warning", w.message, None) for w in patient.warnings
        ]
    rows += [
        (None, "file", None, error.where.file, "refused", error.message, None) for error in document.errors
    ]
    return csv_text(header, rows)


_Properties = list[tuple[str, Cell, str | None]]


def _objects(
    patient: PatientEntry,
) -> Iterable[tuple[str, str, str | None, _Properties, Iterable[Message]]]:
    for plan in patient.plans:
        yield (
            "plan",
            plan.plan_uid,
            plan.label,
            [
                ("file", plan.file, None),
                ("date", plan.date, None),
                ("kind", plan.kind, None),
                (
                    "fractions",
                    " + ".join(str(g.fractions or "?") for g in plan.fraction_groups) or None,
                    None,
                ),
                ("beams", sum(len(group.beams) for group in plan.fraction_groups), None),
                ("approval", plan.approval, None),
                ("intent", plan.intent, None),
                ("set_aside", plan.set_aside, None),
                ("structure_set_uid", plan.structure_set_uid, None),
                ("dose_uids", " ".join(plan.dose.dose_uids) if plan.dose else None, None),
                ("maximum", plan.dose.maximum_gy if plan.dose else None, "Gy"),
                ("records", plan.records, None),
                ("fractions_delivered", plan.delivery.fractions_delivered, None),
                ("start", plan.delivery.start, None),
                ("end", plan.delivery.end, None),
            ],
            plan.warnings,
        )
        for target in plan.targets:
            prescription: _Properties = [
                ("structure_number", target.structure_number, None),
                ("schedule", target.schedule, None),
                ("prescription_source", target.prescription_source, None),
                ("missing", target.missing, None),
                ("unclear", target.unclear, None),
            ]
            yield "target", plan.plan_uid, target.name, prescription, ()
    for dose in patient.doses:
        yield (
            "dose",
            dose.sop_instance_uid,
            None,
            [
                ("file", dose.file, None),
                ("summation_type", dose.summation_type, None),
                ("dose_type", dose.dose_type, None),
                ("plan_uids", " ".join(dose.plan_uids) or None, None),
                ("frames", dose.frames, None),
                ("rows", dose.rows, None),
                ("columns", dose.columns, None),
                ("frame_spacing_smallest", dose.spacing_mm[0], "mm"),
                ("frame_spacing_largest", dose.spacing_mm[1], "mm"),
                ("row_spacing", dose.spacing_mm[2], "mm"),
                ("column_spacing", dose.spacing_mm[3], "mm"),
                ("calculated_by", dose.calculated_by, None),
                ("heterogeneity", " ".join(dose.heterogeneity) or None, None),
                ("minimum", dose.minimum_gy, "Gy"),
                ("maximum", dose.maximum_gy, "Gy"),
            ],
            dose.warnings,
        )
    for structures in patient.structure_sets:
        about_set: _Properties = [("file", structures.file, None)]
        yield "structure_set", structures.sop_instance_uid, structures.label, about_set, structures.warnings
        for entry in structures.structures:
            about: _Properties = [
                ("number", entry.number, None),
                ("type", entry.type, None),
                ("contours", entry.contours, None),
                ("planes", entry.planes, None),
                ("plane_spacing", entry.plane_spacing_mm, "mm"),
                ("volume", entry.volume_cm3, "cm3"),
                ("points", entry.points, None),
                ("refused", None if entry.error is None else entry.error.message, None),
            ]
            yield "structure", structures.sop_instance_uid, entry.name, about, entry.warnings


def as_text(document: InspectDocument) -> str:
    """The document for a reader at a terminal: a tree for each patient, then what was refused or passed over."""
    trees = [tree_text([_patient_branch(patient)]) for patient in document.patients]
    foot = "".join(_wrapped(f"refused: {_told(error)}") for error in document.errors)
    of_patients = {warning for patient in document.patients for warning in _warnings(patient)}
    foot += "".join(_wrapped(f"note: {_told(w)}") for w in document.warnings if w not in of_patients)
    number = len(document.patients)
    foot += f"{counted(number, 'patient')}, {counted(len(document.inputs), 'file')} read"
    foot += f", {len(document.errors)} refused\n" if document.errors else "\n"
    return "\n".join([*trees, foot])


def _warnings(patient: PatientEntry) -> Iterable[Message]:
    yield from patient.warnings
    for plan in patient.plans:
        yield from plan.warnings
    for dose in patient.doses:
        yield from dose.warnings
    for structures in patient.structure_sets:
        yield from structures.warnings
        for structure in structures.structures:
            yield from structure.warnings


def _patient_branch(patient: PatientEntry) -> Branch:
    top = Branch(f"patient {patient.patient}")
    shown_sets, shown_doses = set[str](), set[str]()
    for plan in patient.plans:
        branch = top.add(_plan_text(plan))
        if plan.fraction_groups:
            branch.add(_fractions_text(plan))
        for target in plan.targets:
            branch.add(_target_text(target))
        if plan.dose is not None:
            alone = len(plan.dose.dose_uids) == 1
            if not alone:
                branch.add(_sum_text(plan.dose))
            for dose in patient.doses:
                if dose.sop_instance_uid in plan.dose.dose_uids:
                    shown_doses.add(dose.sop_instance_uid)
                    _add_dose(branch, dose, times=_times_text(plan.dose) if alone else "")
        elif plan.set_aside is None:
            branch.add("no dose of this plan was found that can be used")
        if plan.structure_set_uid is None:
            branch.add("names no structure set")
        elif not plan.structure_set_found:
            branch.add("its structure set is not there")
        for structures in patient.structure_sets:
            if structures.sop_instance_uid == plan.structure_set_uid:
                if structures.sop_instance_uid in shown_sets:
                    branch.add(f"structures as above ({structures.file})")
                else:
                    shown_sets.add(structures.sop_instance_uid)
                    _add_structures(branch, structures)
        if plan.records:
            branch.add(_delivery_text(plan))
        _add_notes(branch, (w for w in plan.warnings if w.code != "plan.set-aside"))
    for dose in patient.doses:
        if dose.sop_instance_uid not in shown_doses:
            _add_dose(top, dose, "not used as the dose of a plan: ")
    for structures in patient.structure_sets:
        if structures.sop_instance_uid not in shown_sets:
            _add_structures(top, structures, "of no plan here: ")
    if not (patient.plans or patient.doses or patient.structure_sets):
        top.add("nothing of this patient could be read")
    for warning in patient.warnings:
        top.add(_folded(f"note: {_told(warning)}"))
    return top


def _plan_text(plan: PlanEntry) -> str:
    about = [
        plan.kind,
        *(word.lower() for word in plan.radiation),
        (plan.approval or "approval not stated").lower(),
        *([plan.intent.lower()] if plan.intent else []),
        *([plan.date] if plan.date else []),
    ]
    label = f" {plan.label!r}" if plan.label else ""
    first = f"plan{label} ({plan.file}): {', '.join(about)}"
    if plan.set_aside is not None:
        first += f"; not counted: {plan.set_aside}"
    return _folded(first)


def _fractions_text(plan: PlanEntry) -> str:
    what = "setup" if plan.kind == PlanKind.BRACHYTHERAPY else "beam"
    groups = []
    for group in plan.fraction_groups:
        text = "? fractions" if group.fractions is None else counted(group.fractions, "fraction")
        text += f" of {counted(len(group.beams), what)}"
        if group.fractions_per_day is not None:
            text += f", {group.fractions_per_day:g} a day"
        if group.beam_dose_gy is not None:
            text += f", {what} doses {group.beam_dose_gy:.4g} Gy a fraction"
        groups.append(text)
    return _folded(" + ".join(groups))


def _target_text(target: TargetEntry) -> str:
    to = target.name
    if to == "target":
        to = "the target"
    if target.structure_number is not None:
        name = "" if target.structure_name in (None, target.name) else f" {target.structure_name!r}"
        to += f" (structure {target.structure_number}{name})"
    if target.schedule is None:
        return _folded(
            f"{'target ' * (to != 'the target')}{to}: {target.unclear or target.missing or 'no prescription'}"
        )
    source = "" if target.prescription_source is None else f", from {target.prescription_source.words}"
    text = f"{target.schedule} to {to}{source}"
    return _folded(f"{text}; not clear: {target.unclear}" if target.unclear else text)


def _sum_text(dose: PlanDoseEntry) -> str:
    parts = counted(len(dose.dose_uids), "file")
    text = (
        f"dose of the course, the sum of {parts}: {dose.dose_type.lower()}, maximum {dose.maximum_gy:.2f} Gy"
    )
    return _folded(text + _times_text(dose))


def _times_text(dose: PlanDoseEntry) -> str:
    ratio = dose.maximum_over_prescription
    return "" if ratio is None else f", {ratio:.3g} times the highest prescription"


def _add_dose(branch: Branch, dose: DoseEntry, how: str = "", times: str = "") -> None:
    low, high, row, column = dose.spacing_mm
    frame = f"{low:g}" if high - low < 1e-3 else f"{low:g} to {high:g}"
    beams = f" of beam {', '.join(map(str, dose.beams))}" if dose.beams else ""
    first = (
        f"{how}dose ({dose.file}): {dose.summation_type}{beams}, {dose.dose_type.lower()}, maximum "
        f"{dose.maximum_gy:.2f} Gy{times}"
    )
    text = f"{dose.columns} x {dose.rows} x {dose.frames} voxels of {column:g} x {row:g} x {frame} mm"
    if dose.heterogeneity:
        text += f"; heterogeneity correction {', '.join(dose.heterogeneity)}"
    if dose.calculated_by is not None:
        text += f"; {dose.calculated_by}"
    shown = [warning for warning in dose.warnings if warning.code != "dose.summation"]  # the line says it
    _add_notes(branch.add(f"{_folded(first)}\n{_folded(text)}"), shown)


def _add_structures(branch: Branch, structures: StructureSetEntry, how: str = "") -> None:
    label = f" {structures.label!r}" if structures.label else ""
    number = counted(len(structures.structures), "structure")
    child = branch.add(f"{how}structure set{label} ({structures.file}): {number}")
    rows = [["no", "name", "type", "contours", "planes", "apart mm", "volume cm3", ""]]
    for entry in structures.structures:
        volume = "-" if entry.volume_cm3 is None else _volume_text(entry.volume_cm3)
        spacing = "-" if entry.plane_spacing_mm is None else f"{entry.plane_spacing_mm:.4g}"
        said = f"refused: {_short(entry.error)}" if entry.error else "*" * bool(entry.warnings)
        if entry.error is None and not entry.planes and entry.points:
            said += counted(entry.points, "point")
        counts = [str(entry.contours), str(entry.planes), spacing, volume]
        rows.append(
            [
                "-" if entry.number is None else str(entry.number),
                entry.name,
                entry.type or "-",
                *(["-"] * 4 if entry.error else counts),
                said,
            ]
        )
    child.text += "\n" + aligned(rows, right=(0, 3, 4, 5, 6)).rstrip("\n")
    _add_notes(child, structures.warnings)
    for entry in structures.structures:
        _add_notes(child, entry.warnings, f"* {entry.name}: ")


def _short(error: Message) -> str:
    """The problem of a refusal, without its remedy."""
    return error.message.partition(": ")[0]


def _volume_text(volume_cm3: float) -> str:
    return f"{volume_cm3:.2f}" if volume_cm3 >= 1 else f"{volume_cm3:.3g}"


def _delivery_text(plan: PlanEntry) -> str:
    given = plan.delivery.fractions_delivered
    text = f"{'an unknown number' if given is None else given} of fractions delivered"
    if given is not None:
        text = f"{counted(given, 'fraction')} delivered"
    if plan.delivery.start is not None:
        text += f", {plan.delivery.start}"
        text += f" to {plan.delivery.end}" * (plan.delivery.end != plan.delivery.start)
    return f"{text} ({counted(plan.records, 'treatment record')})"


def _add_notes(branch: Branch, warnings: Iterable[Message], before: str = "note: ") -> None:
    for warning in warnings:
        branch.add(_folded(f"{before}{warning.message}"))


def _told(message: Message) -> str:
    place = str(message.where)
    return f"{place}: {message.message}" if place else message.message


def _folded(text: str) -> str:
    """A long line on several, for a branch of a tree."""
    return textwrap.fill(text, WIDTH - 10, break_long_words=False, break_on_hyphens=False)


def _wrapped(text: str) -> str:
    return (
        textwrap.fill(text, WIDTH, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)
        + "\n"
    )
