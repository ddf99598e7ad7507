"""What files are and how they link, as a long table: one row a property of an object."""

from collections.abc import Iterable

from rtfractions.reports.envelope import Message
from rtfractions.reports.inspect_document import InspectDocument, PatientEntry
from rtfractions.reports.tables import Cell, csv_text


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
