"""Patients in memory whose dose-volume histograms are known exactly: boxes in a dose that rises linearly along z."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from analytic_shapes import AXIAL, Floats

from rtfractions import protocols
from rtfractions.doses import Dose, DoseSummation, DoseType, PlanDose
from rtfractions.grid import DoseGrid, Layer
from rtfractions.notices import Notice
from rtfractions.patient import Lesion, LesionsFrom, Patient
from rtfractions.plans import FractionGroup, Plan, PlanKind, PlanTarget, Prescription, PrescriptionSource
from rtfractions.protocols import LoadedProtocol
from rtfractions.records import Delivery
from rtfractions.schedule_text import parse
from rtfractions.structures import Plane, RefusedStructure, Structure, StructureSet

FRAME = "1.2.3.1"
STRUCTURES = "1.2.3.2"

SLICE_MM = 2.0
HALF_MM = 60.0
"""The dose is known this far from the origin along every axis."""

_UNIT_GY = 1e-6
_SPACING_MM = 3.0


@dataclass(frozen=True)
class LinearDose:
    """A dose that is `centre_gy` at z = 0 and rises by `gy_per_mm` along z."""

    centre_gy: float = 20.0
    gy_per_mm: float = 0.2

    def gy(self, z_mm: float) -> float:
        """The dose at a height."""
        return self.centre_gy + self.gy_per_mm * z_mm


@dataclass(frozen=True)
class Box:
    """A box of a width and depth in mm around the z axis, from one height to another.

    The heights are whole multiples of `SLICE_MM`, so that slabs around its planes fill it.
    """

    name: str
    low_mm: float
    high_mm: float
    side_mm: float = 40.0
    interpreted_type: str | None = "ORGAN"
    at_mm: tuple[float, float] = (0.0, 0.0)
    notices: tuple[Notice, ...] = ()

    @property
    def volume_cm3(self) -> float:
        """Its volume."""
        return self.side_mm**2 * (self.high_mm - self.low_mm) / 1000

    def dose_to_hottest(self, dose: LinearDose, part: float) -> float:
        """The dose in Gy that a part of its volume gets at least."""
        return dose.gy(self.high_mm - part * (self.high_mm - self.low_mm))

    def part_with_at_least(self, dose: LinearDose, gy: float) -> float:
        """The part of its volume with a dose or more."""
        height = (gy - dose.centre_gy) / dose.gy_per_mm
        return float(np.clip((self.high_mm - height) / (self.high_mm - self.low_mm), 0, 1))

    def drawn(self, number: int) -> Structure:
        """The box as contours."""
        half = self.side_mm / 2
        corners = np.array([[-half, -half], [half, -half], [half, half], [-half, half]]) + self.at_mm
        heights = np.arange(self.low_mm + SLICE_MM / 2, self.high_mm, SLICE_MM)
        return Structure(
            number=number,
            name=self.name,
            interpreted_type=self.interpreted_type,
            frame_of_reference_uid=FRAME,
            planes=tuple(Plane(float(z), (corners,)) for z in heights),
            notices=self.notices,
        )


PTV = Box("PTV", -20, 20, interpreted_type="PTV")
GTV = Box("GTV", -10, 10, side_mm=20, interpreted_type="GTV")
CORD = Box("SpinalCord", -40, 40, side_mm=10, at_mm=(0, -40))


@dataclass(frozen=True)
class Case:
    """What a patient is put together from.

    Attributes
    ----------
    boxes : sequence of Box
        The structures; their numbers count from 1.
    refused : sequence of RefusedStructure
        Those that could not be read.
    schedules : sequence of str
        What each plan prescribes; a plan for each, all with the same dose.
    targets : sequence of str or None
        For each plan the name of the structure that it is linked to, None where it is linked to none.
    fractions : sequence of int or None
        Fractions of the groups of each plan, where they are not those of its schedule.
    dose : LinearDose
        The dose of every plan.
    lowest_mm : float
        From where on along z the dose is known.
    dose_type : DoseType
        What the dose is.
    kind : PlanKind
        What the plans treat with.
    doses : bool
        Whether there are doses.
    """

    boxes: Sequence[Box] = (PTV, GTV, CORD)
    refused: Sequence[RefusedStructure] = ()
    schedules: Sequence[str] = ("24 Gy / 3",)
    targets: Sequence[str | None] = ("PTV",)
    fractions: Sequence[int | None] | None = None
    dose: LinearDose = field(default_factory=LinearDose)
    lowest_mm: float = -HALF_MM
    dose_type: DoseType = DoseType.PHYSICAL
    kind: PlanKind = PlanKind.EXTERNAL_BEAM
    doses: bool = True

    def patient(self, *lesions: Lesion) -> Patient:
        """The patient; without lesions of a sheet each target of a plan is one."""
        structures = StructureSet(
            STRUCTURES,
            None,
            FRAME,
            tuple(box.drawn(i) for i, box in enumerate(self.boxes, start=1)),
            tuple(self.refused),
        )
        plans = [self._plan(i, schedule) for i, schedule in enumerate(self.schedules)]
        doses = [self._dose(plan.sop_instance_uid) for plan in plans] if self.doses else []
        of_plans = tuple(
            Lesion(
                f"L{i + 1}",
                target.prescription,
                plan_uid=plan.sop_instance_uid,
                plan_target=target,
                delivery=Delivery(),
            )
            for i, plan in enumerate(plans)
            for target in plan.targets
        )
        return Patient(
            "P1",
            lesions or of_plans,
            LesionsFrom.SHEET if lesions else LesionsFrom.PLAN_LINKS,
            plans=tuple(plans),
            doses=tuple(doses),
            plan_doses=tuple(
                PlanDose(
                    plan_uid=dose.plan_uids[0],
                    grid=dose.grid,
                    dose_type=dose.dose_type,
                    dose_uids=(dose.sop_instance_uid,),
                    summation=dose.summation,
                )
                for dose in doses
            ),
            structure_sets=(structures,),
        )

    def _plan(self, index: int, schedule: str) -> Plan:
        name = self.targets[index]
        number = next((i for i, box in enumerate(self.boxes, start=1) if box.name == name), None)
        linked = 99 if name is not None and number is None else number
        prescription = Prescription(parse(schedule), PrescriptionSource.TARGET)
        groups: Sequence[int | None] = (
            self.fractions if self.fractions is not None else (parse(schedule).fractions,)
        )
        return Plan(
            plan_uid(index),
            (PlanTarget(f"target {index + 1}", linked, prescription),),
            kind=self.kind,
            frame_of_reference_uid=FRAME,
            structure_set_uid=STRUCTURES,
            fraction_groups=tuple(
                FractionGroup(number=i, fractions=n) for i, n in enumerate(groups, start=1)
            ),
        )

    def _dose(self, uid: str) -> Dose:
        return Dose(
            sop_instance_uid=f"{uid}.9",
            grid=self.grid(),
            dose_type=self.dose_type,
            summation=DoseSummation.PLAN,
            plan_uids=(uid,),
            structure_set_uid=STRUCTURES,
            frame_of_reference_uid=FRAME,
        )

    def grid(self) -> DoseGrid:
        """The dose on voxels of 3 mm."""
        steps: Floats = np.arange(-HALF_MM, HALF_MM + _SPACING_MM, _SPACING_MM)
        heights = steps[steps >= self.lowest_mm]
        values = np.array([self.dose.gy(float(z)) for z in heights])
        shape = (len(heights), len(steps), len(steps))
        stored = np.round(np.broadcast_to(values[:, None, None], shape) / _UNIT_GY).astype(np.int64)
        origin = np.array([steps[0], steps[0], heights[0]])
        return DoseGrid(
            (Layer(stored, _UNIT_GY),), origin, AXIAL, heights - heights[0], (_SPACING_MM, _SPACING_MM)
        )


def plan_uid(index: int) -> str:
    """UID of a plan, counted from 0."""
    return f"1.2.3.4.{index + 1}"


def dose_protocol(
    *,
    organs: Sequence[dict[str, Any]] = (),
    targets: Sequence[dict[str, Any]] = (),
    isodose: tuple[float, float] | None = None,
    worst_grade: str = "deviation_unacceptable",
    **sections: Any,
) -> LoadedProtocol:
    """A protocol of rules on dose beside the schedule 24 Gy / 3; a rule without id gets one."""
    stated = {"worst_grade": worst_grade, "source": "S1"}
    document: dict[str, Any] = {
        "schema": "rtfractions.protocol/1",
        "id": "TEST",
        "title": "test",
        "version": "1",
        "basis": "local_protocol",
        "sources": [{"id": "S1", "kind": "local_protocol", "label": "a protocol", "citation": "made up"}],
        "schedules": {
            "list": "open",
            "match_tolerance_gy": 0.05,
            "allowed": [{"id": "a", "schedule": "24 Gy / 3", "status": "preferred", "source": "S1"}],
            **stated,
        },
        **sections,
    }
    for key, rules in (("organs_at_risk", organs), ("targets", targets)):
        if rules:
            document[key] = {**stated, "rules": [{"id": f"r{i}", **rule} for i, rule in enumerate(rules)]}
    if isodose is not None:
        document["prescription_isodose"] = {"percent_of_maximum": isodose, **stated}
    text = json.dumps(document)  # JSON is YAML
    return protocols.load(text, text.encode(), file="test.yaml")
