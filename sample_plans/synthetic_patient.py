"""A whole patient made up for samples and tests: plan, dose, structure set and treatment records.

24 Gy in 3 fractions to a sphere of 20 mm, on the 80 % line of a dose that falls off as a Gaussian:
30 Gy exp(-r^2 / (2 sigma^2)), with 24 Gy at 20 mm from its centre.
"""

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from synthetic_dose import rt_dose
from synthetic_plan import Group, Reference, rt_plan
from synthetic_record import Beam, beams_record
from synthetic_structures import Outline, Roi, circle, rt_structure_set

MAXIMUM_GY = 30.0
PRESCRIBED_GY = 24.0
RADIUS_MM = 20.0
SIGMA_MM = RADIUS_MM / np.sqrt(2 * np.log(MAXIMUM_GY / PRESCRIBED_GY))

GRID_ORIGIN_MM = (-58.5, -58.5, -43.5)
GRID_SHAPE = (30, 40, 40)
GRID_SPACING_MM = 3.0


def patient(patient_id: str, number: int) -> dict[str, Dataset]:
    """The objects of the patient, by the path of their sample."""
    objects = {
        "patient/plan.dcm": rt_plan(
            patient_id,
            number,
            [Reference(1, "PTV", "24.0", 1), Reference(2, "Cord", None, 3, kind="ORGAN_AT_RISK")],
            [Group("3", ("4.0", "4.0"))],
        ),
        "patient/dose.dcm": rt_dose(
            patient_id,
            number,
            np.round(gaussian_gy() / 0.0005),
            scaling="0.0005",
            position_mm=GRID_ORIGIN_MM,
            spacing_mm=(GRID_SPACING_MM, GRID_SPACING_MM),
            bits=16,
        ),
        "patient/structures.dcm": rt_structure_set(patient_id, number, structures()),
    }
    for fraction, date in enumerate(("20260112", "20260114", "20260116"), start=1):
        objects[f"patient/record{fraction}.dcm"] = beams_record(
            patient_id,
            10 * number + fraction,
            [Beam(1, str(fraction)), Beam(2, str(fraction))],
            plan_number=number,
            date=date,
        )
    return objects


def gaussian_gy() -> NDArray[np.float64]:
    """The dose in Gy at the centre of each voxel, shape (frame, row, column)."""
    z, y, x = (
        origin + GRID_SPACING_MM * index
        for origin, index in zip(reversed(GRID_ORIGIN_MM), np.indices(GRID_SHAPE), strict=True)
    )
    dose: NDArray[np.float64] = MAXIMUM_GY * np.exp(-(x**2 + y**2 + z**2) / (2 * SIGMA_MM**2))
    return dose


def sphere(radius_mm: float, *, slice_mm: float = 3.0) -> list[NDArray[np.float64]]:
    """Circles on slices of a sphere around the origin, the outermost half a slice from its poles."""
    slices = int(radius_mm // slice_mm)
    heights = slice_mm * np.arange(-slices, slices + 1)
    return [circle(z=z, radius_mm=float(np.sqrt(radius_mm**2 - z**2))) for z in heights if abs(z) < radius_mm]


def structures() -> list[Roi]:
    """Target, cord, body, a ring around the target, and the isocentre."""
    heights = np.arange(-42.0, 43.0, 3.0)
    ring = [circle(z=z, radius_mm=r) for z in heights[10:19] for r in (35.0, 25.0)]
    return [
        Roi(1, "PTV", sphere(RADIUS_MM), "PTV"),
        Roi(2, "GTV", sphere(14.0), "GTV"),
        Roi(3, "SpinalCord", [circle(z=z, radius_mm=6, centre=(0.0, 45.0)) for z in heights]),
        Roi(4, "BODY", [circle(z=z, radius_mm=56, points=120) for z in heights], "EXTERNAL"),
        Roi(5, "Ring", ring, "CONTROL"),
        Roi(6, "ISO", [Outline([[0.0, 0.0, 0.0]], "POINT")], "ISOCENTER"),
        Roi(7, "Heart", None),
    ]
