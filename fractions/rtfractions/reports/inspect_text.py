"""What files are and how they link, for a reader at a terminal: a tree for each patient."""

import textwrap
from collections.abc import Iterable

from rtfractions.errors import counted
from rtfractions.plans import PlanKind
from rtfractions.reports.envelope import Message
from rtfractions.reports.inspect_document import (
    DoseEntry,
    InspectDocument,
    PatientEntry,
    PlanDoseEntry,
    PlanEntry,
    StructureSetEntry,
    TargetEntry,
)
from rtfractions.reports.tables import aligned
from rtfractions.reports.trees import Branch
from rtfractions.reports.trees import as_text as tree_text
from rtfractions.reports.wrapping import WIDEST, wrapped


def as_text(document: InspectDocument) -> str:
    """The document for a reader at a terminal: a tree for each patient, then what was refused or passed over."""
    trees = [tree_text([_patient_branch(patient)]) for patient in document.patients]
    foot = "".join(wrapped(f"refused: {error}") for error in document.errors)
    of_patients = {warning for patient in document.patients for warning in _warnings(patient)}
    foot += "".join(wrapped(f"note: {w}") for w in document.warnings if w not in of_patients)
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
        top.add(_folded(f"note: {warning}"))
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


def _folded(text: str) -> str:
    """A long line on several, for a branch of a tree."""
    return textwrap.fill(text, WIDEST - 10, break_long_words=False, break_on_hyphens=False)
