"""Whole RT files of every kind and encoding, for tests that damage them."""

import numpy as np
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ImplicitVRLittleEndian
from synthetic import dicom_bytes
from synthetic_dose import rt_dose
from synthetic_patient import sphere
from synthetic_plan import Group, Reference, brachy_plan, ion_plan, rt_plan
from synthetic_record import Beam, GroupSummary, beams_record, summary_record
from synthetic_structures import Outline, Roi, circle, rt_structure_set


def whole_files() -> dict[str, bytes]:
    """Files by name: plans, doses, structure sets and records."""
    references = [Reference(1, "PTV", "24.0", 1)]
    plan = rt_plan("P1", 1, references, [Group("3", doses_gy={1: "24.0"})])
    stored = np.random.default_rng(1).integers(0, 30_000, (4, 6, 5))
    dose = rt_dose("P1", 1, stored, beams=(1, 2), fraction_group=1)
    swapped = rt_dose("P1", 1, stored)
    swapped.PixelData = stored.astype(">u4").tobytes()
    rois = [
        Roi(1, "PTV", sphere(9.0), "PTV"),
        Roi(2, "Ring", [circle(z=0, radius_mm=9), circle(z=0, radius_mm=5)]),
        Roi(3, "ISO", [Outline([[0.0, 0.0, 0.0]], "POINT")]),
    ]
    structures = rt_structure_set("P1", 1, rois)
    record = beams_record("P1", 1, [Beam(1, "1"), Beam(2, "1")], plan_number=1, date="20260112")
    summary = summary_record(
        "P1", 2, [GroupSummary(1, "3", "1")], plan_number=1, first="20260112", last="20260112"
    )
    return {
        "plan": dicom_bytes(plan),
        "plan, implicit": dicom_bytes(plan, ImplicitVRLittleEndian),
        "plan, ion": dicom_bytes(ion_plan("P1", 2, references, [Group("3")])),
        "plan, brachy": dicom_bytes(brachy_plan("P1", 3, references, [Group("3")])),
        "dose": dicom_bytes(dose),
        "dose, big endian": dicom_bytes(swapped, ExplicitVRBigEndian),
        "dose, deflated": dicom_bytes(dose, DeflatedExplicitVRLittleEndian),
        "structures": dicom_bytes(structures),
        "structures, implicit": dicom_bytes(structures, ImplicitVRLittleEndian),
        "structures, no preamble": dicom_bytes(structures)[132:],
        "record": dicom_bytes(record),
        "summary": dicom_bytes(summary),
    }
