"""A patient made up for reviews: two lesions, a plan for each, organs, and a treatment record of every fraction.

Both doses are closed forms of the distance r from a centre, D(r) = maximum / (1 + (r / a)^power), so that isodoses
are spheres and every number of a review has an expected value: `RadialDose` gives them, and a lens formula the part
of a round target that lies inside an isodose. Targets are balls, their contours true in area.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import pi, sin, sqrt

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from synthetic import uid
from synthetic_dose import rt_dose
from synthetic_plan import Group, Reference, rt_plan
from synthetic_record import Beam, beams_record
from synthetic_structures import Outline, Roi, rt_structure_set

Floats = NDArray[np.float64]
Point = tuple[float, float, float]

GRID_ORIGIN_MM = (-144.0, -104.0, -120.0)
GRID_SHAPE = (61, 53, 73)
GRID_SPACING_MM = 4.0
SCALING_GY = "0.001"
SLICE_MM = 3.0


@dataclass(frozen=True)
class RadialDose:
    """A dose that falls off with the distance from a centre.

    Parameters
    ----------
    centre_mm : tuple of float
        Where it is largest.
    maximum_gy : float
        Its largest value.
    prescribed_gy, radius_mm : float
        The prescribed dose, and the radius of its isodose.
    power : float
        How steep it is.
    """

    centre_mm: Point
    maximum_gy: float
    prescribed_gy: float
    radius_mm: float
    power: float

    def gy(self, r_mm: Floats | float) -> Floats:
        """Dose in Gy at a distance from the centre."""
        at_isodose = self.maximum_gy / self.prescribed_gy - 1
        return np.asarray(self.maximum_gy / (1 + at_isodose * (r_mm / self.radius_mm) ** self.power))

    def radius_of_mm(self, dose_gy: float) -> float:
        """Radius in mm of an isodose."""
        part = (self.maximum_gy / dose_gy - 1) / (self.maximum_gy / self.prescribed_gy - 1)
        return float(self.radius_mm * part ** (1 / self.power))


@dataclass(frozen=True)
class Target:
    """A lesion: a ball, with its margin, its plan and the days of its fractions."""

    number: int
    plan: int
    label: str
    centre_mm: Point
    gross_mm: float
    planning_mm: float
    dose: RadialDose
    days: tuple[str, ...]

    @property
    def name(self) -> str:
        """The name of its planning target volume, as TG-263 writes it: with the dose in cGy."""
        return f"PTV{self.number}_{100 * self.dose.prescribed_gy:.0f}"


NUMBER = 61
"""Makes the UIDs that both plans share: study, frame of reference and structure set."""

LUNG = Target(
    1,
    61,
    "Lung LUL",
    centre_mm=(72.0, -12.0, 72.0),
    gross_mm=13.0,
    planning_mm=20.0,
    dose=RadialDose((72.0, -12.0, 72.0), 50.0, 40.0, radius_mm=20.5, power=4.0),
    days=("12", "13", "14", "15", "16", "19", "20", "21", "22", "23"),
)
"""40 Gy in 10 fractions on the 80 % line; ten weekdays."""

ADRENAL = Target(
    2,
    62,
    "Adrenal L",
    centre_mm=(30.5, 32.0, -40.0),
    gross_mm=9.0,
    planning_mm=15.0,
    dose=RadialDose((32.0, 32.0, -40.0), 36.0, 27.0, radius_mm=15.0, power=3.0),
    days=("13", "15", "22"),
)
"""27 Gy in 3 fractions on the 75 % line, 1.5 mm beside the target's centre; a week between the last two."""

TARGETS = (LUNG, ADRENAL)
INTERNAL_MM = 16.0
"""Radius of the internal target volume of the lesion in the lung."""


def review(patient_id: str) -> dict[str, Dataset]:
    """The objects of the patient, by the path of their sample."""
    objects = {"review/structures.dcm": rt_structure_set(patient_id, NUMBER, structures())}
    for target in TARGETS:
        plan = _plan(patient_id, target)
        dose = rt_dose(
            patient_id,
            target.plan,
            np.round(dose_gy(target.dose) / float(SCALING_GY)),
            scaling=SCALING_GY,
            position_mm=GRID_ORIGIN_MM,
            spacing_mm=(GRID_SPACING_MM, GRID_SPACING_MM),
            offsets_mm=(GRID_SPACING_MM * np.arange(GRID_SHAPE[0])).tolist(),
            bits=16,
        )
        dose.ManufacturerModelName, dose.SoftwareVersions = "closed form", "1"
        dose.ReferencedStructureSetSequence[0].ReferencedSOPInstanceUID = uid(5, NUMBER)
        for shared in (plan, dose):
            shared.StudyInstanceUID, shared.FrameOfReferenceUID = uid(2, NUMBER), uid(4, NUMBER)
        objects[f"review/plan{target.number}.dcm"] = plan
        objects[f"review/dose{target.number}.dcm"] = dose
        for fraction, day in enumerate(target.days, 1):
            record = beams_record(
                patient_id,
                100 * target.plan + fraction,
                [Beam(1, str(fraction)), Beam(2, str(fraction))],
                plan_number=target.plan,
                date=f"202601{day}",
            )
            record.StudyInstanceUID = uid(2, NUMBER)
            objects[f"review/record{target.number}_{fraction:02}.dcm"] = record
    return objects


def _plan(patient_id: str, target: Target) -> Dataset:
    fractions = len(target.days)
    of_beam = f"{target.dose.prescribed_gy / fractions / 2:g}"
    plan = rt_plan(
        patient_id,
        target.plan,
        [
            Reference(1, target.name, f"{target.dose.prescribed_gy:g}", _number(target.name)),
            Reference(2, "SpinalCord", None, _number("SpinalCord"), kind="ORGAN_AT_RISK"),
        ],
        [Group(str(fractions), (of_beam, of_beam))],
    )
    plan.RTPlanLabel = target.label
    plan.ReferencedStructureSetSequence[0].ReferencedSOPInstanceUID = uid(5, NUMBER)
    return plan


def dose_gy(dose: RadialDose) -> Floats:
    """A dose in Gy at the centre of each voxel, shape (frame, row, column)."""
    z, y, x = (
        origin + GRID_SPACING_MM * index - centre
        for origin, index, centre in zip(
            reversed(GRID_ORIGIN_MM), np.indices(GRID_SHAPE), reversed(dose.centre_mm), strict=True
        )
    )
    return dose.gy(np.sqrt(x**2 + y**2 + z**2))


def structures() -> list[Roi]:
    """Targets, organs and body."""
    drawn: list[tuple[str, str | None, list[Outline]]] = []
    for target in TARGETS:
        drawn.append((target.name, "PTV", ball(target.centre_mm, target.planning_mm)))
        drawn.append((f"GTV{target.number}", "GTV", ball(target.centre_mm, target.gross_mm)))
    drawn.append(("ITV1", None, ball(LUNG.centre_mm, INTERNAL_MM)))
    whole = np.arange(-117.0, 118.0, SLICE_MM)
    drawn += [
        ("BODY", "EXTERNAL", tube((0, 0), (140, 100), whole, points=48)),
        (
            "Skin",
            "ORGAN",
            [*tube((0, 0), (140, 100), whole, points=48), *tube((0, 0), (135, 95), whole, points=48)],
        ),
        ("SpinalCord", "ORGAN", tube((0, 62), (6, 5), whole, points=24)),
        ("Esophagus", "ORGAN", tube((2, 36), (8, 6), whole[whole > -20], points=24)),
        ("Lung_L", "ORGAN", ellipsoid((78, -5, 45), (40, 60, 65))),
        ("Lung_R", "ORGAN", ellipsoid((-78, -5, 45), (40, 60, 65))),
        ("Heart", "ORGAN", ellipsoid((8, -30, 5), (34, 30, 32))),
        ("Liver", "ORGAN", ellipsoid((-50, -25, -65), (62, 45, 42))),
        ("Magen", "ORGAN", ellipsoid((52, -32, -52), (30, 28, 35))),
        ("Kidney_L", "ORGAN", ellipsoid((56, 46, -82), (22, 22, 28))),
        ("Kidney_R", "ORGAN", ellipsoid((-56, 46, -82), (22, 22, 28))),
    ]
    rois = [Roi(number, name, outlines, kind) for number, (name, kind, outlines) in enumerate(drawn, 1)]
    isocentre = Outline([[*LUNG.centre_mm]], "POINT")
    return [*rois, Roi(len(rois) + 1, "Iso_Lung", [isocentre], "ISOCENTER")]


def _number(name: str) -> int:
    """The ROI number of a structure."""
    return next(roi.number for roi in structures() if roi.name == name and roi.number is not None)


def ball(centre_mm: Point, radius_mm: float) -> list[Outline]:
    """Circles of a ball, to 0.01 mm."""
    return ellipsoid(centre_mm, (radius_mm, radius_mm, radius_mm), points=64, decimals=2)


def ellipsoid(centre_mm: Point, half_mm: Point, *, points: int = 40, decimals: int = 1) -> list[Outline]:
    """Ellipses of an ellipsoid, on the slices that all structures are drawn on."""
    cx, cy, cz = centre_mm
    a, b, c = half_mm
    heights = SLICE_MM * np.arange(np.ceil((cz - c) / SLICE_MM), np.floor((cz + c) / SLICE_MM) + 1)
    parts = [(float(z), sqrt(1 - ((z - cz) / c) ** 2)) for z in heights if abs(z - cz) < c - 0.1]
    return [_ellipse((cx, cy), (part * a, part * b), z, points, decimals) for z, part in parts]


def tube(
    centre_mm: tuple[float, float], half_mm: tuple[float, float], heights_mm: Iterable[float], *, points: int
) -> list[Outline]:
    """The same ellipse on slices."""
    return [_ellipse(centre_mm, half_mm, float(z), points, 1) for z in heights_mm]


def _ellipse(
    centre_mm: tuple[float, float], half_mm: tuple[float, float], z: float, points: int, decimals: int
) -> Outline:
    """A polygon of the area of an ellipse."""
    angle = np.arange(points) * (2 * pi / points)
    true_in_area = sqrt(2 * pi / points / sin(2 * pi / points))
    x, y = (
        centre + true_in_area * half * along
        for centre, half, along in zip(centre_mm, half_mm, (np.cos(angle), np.sin(angle)), strict=True)
    )
    return Outline(np.round(np.column_stack((x, y, np.full(points, z))), decimals))
