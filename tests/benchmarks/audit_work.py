"""What `audit_speed.py` has done with each patient: graded with all its DVHs, or the same DVHs by dicompyler-core.

``python audit_work.py FOLDER even|odd`` is dicompyler-core's loop over every other patient's folder below one.
"""

import sys
import types
from pathlib import Path
from typing import Any

DRAWN = 5
"""Drawn structures of a synthetic patient."""


def grade_with_dvhs(shared: Any, task: Any, known: Any) -> Any:
    """As an audit grades, and the DVH of each structure computed on the way; in a process that ends with it."""
    from rtfractions import compliance
    from rtfractions.audit import grading
    from rtfractions.dosimetry import structure_dvh

    def check(patient: Any, protocol: Any, **options: Any) -> Any:
        computed = 0
        for dose in patient.plan_doses:
            for structure_set in patient.structure_sets:
                for structure in structure_set.structures:
                    if structure.volume_cm3 is not None:
                        assert structure_dvh(structure, dose.grid).mean_gy > 0
                        computed += 1
        assert computed == DRAWN
        return compliance.check(patient, protocol, **options)

    vars(grading)["compliance"] = types.SimpleNamespace(check=check)
    return grading.grade(shared, task, known)


def dicompyler_loop(folder: Path, part: str) -> None:
    """Read each patient's structure set and dose, and compute the DVH of each drawn structure."""
    from unittest import mock

    import pydicom
    import pydicom.dicomio

    # Its release imports a name that pydicom 3 no longer has.
    with mock.patch.object(pydicom.dicomio, "read_file", pydicom.dcmread, create=True):
        from dicompylercore import dicomparser, dvhcalc
    assert dicomparser
    for patient in sorted(folder.iterdir())[part == "odd" :: 2]:
        dose = pydicom.dcmread(patient / "dose.dcm")
        structures = pydicom.dcmread(patient / "structures.dcm")
        computed = 0
        for roi in structures.ROIContourSequence:
            if roi.get("ContourSequence") and roi.ContourSequence[0].ContourGeometricType == "CLOSED_PLANAR":
                assert dvhcalc.get_dvh(structures, dose, int(roi.ReferencedROINumber)).mean > 0
                computed += 1
        assert computed == DRAWN


if __name__ == "__main__":
    dicompyler_loop(Path(sys.argv[1]), sys.argv[2])
