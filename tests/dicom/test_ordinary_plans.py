"""Ordinary plans in the habits of planning systems: read without a refusal, right, and with no needless notice.

A refused everyday plan costs as much trust as a wrong number. `synthetic_vendors` writes the folders; what each must
give stands here: prescriptions and maxima as they were put in, volumes as polygon area x planes x distance.
"""

import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from math import ceil, pi, sin
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian
from synthetic import dicom_bytes, uid
from synthetic_balls import CIRCLE_POINTS, SLICE_MM, Target
from synthetic_plan import Group, Reference, rt_plan
from synthetic_record import Beam, GroupSummary, beams_record, summary_record
from synthetic_vendors import (
    Files,
    brachyvision,
    cyberknife,
    eclipse,
    elements,
    gammaplan,
    image,
    monaco,
    mridian,
    on_structures_of,
    oncentra,
    pinnacle,
    positioned,
    raystation,
    raystation_proton,
    research,
    tomotherapy,
    xio,
)

from rtfractions.dicom import Reading, read_patients
from rtfractions.patient import Patient
from rtfractions.plans import PrescriptionSource

Run = Callable[..., Any]


def polygon_mm2(radius_mm: float) -> float:
    """Area of the regular polygon whose corners lie on a circle."""
    return CIRCLE_POINTS / 2 * radius_mm**2 * sin(2 * pi / CIRCLE_POINTS)


def ball_cm3(radius_mm: float, step_mm: float = SLICE_MM) -> float:
    """A ball drawn as polygons: the sum of their areas, each times the distance of the planes."""
    most = ceil(radius_mm / step_mm) - 1
    heights = [i * step_mm for i in range(-most, most + 1)]
    return sum(polygon_mm2((radius_mm**2 - z**2) ** 0.5) for z in heights) * step_mm / 1000


def ring_cm3(outer_mm: float, inner_mm: float, planes: int) -> float:
    return (polygon_mm2(outer_mm) - polygon_mm2(inner_mm)) * planes * SLICE_MM / 1000


BODY_CM3 = 120 * 100 * 41 * 3 / 1000


@dataclass(frozen=True)
class Case:
    """A folder and what it must give; structures are by name, `empty` are those with nothing to read."""

    files: Files
    schedules: dict[str, str | None]
    maxima_gy: tuple[float, ...]
    volumes_cm3: dict[str, float] = field(default_factory=dict)
    codes: frozenset[str] = frozenset()
    empty: frozenset[str] = frozenset()
    unclear: str | None = None
    """What is said of prescriptions that must not be graded by themselves."""


def target(prescribed_gy: float, maximum_gy: float, name: str = "PTV", **where: Any) -> Target:
    return Target(name=name, prescribed_gy=prescribed_gy, maximum_gy=maximum_gy, **where)


SIB = [
    target(66, 69, "PTV66", radius_mm=10.0, number=7),
    target(60, 64, "PTV60", radius_mm=15.0, number=8),
    target(54, 58, "PTV54", radius_mm=20.0, number=9),
]
SIB_SCHEDULES: dict[str, str | None] = {"PTV66": "66 Gy / 30", "PTV60": "60 Gy / 30", "PTV54": "54 Gy / 30"}
SIB_VOLUMES = {"PTV66": ball_cm3(10), "PTV60": ball_cm3(15), "PTV54": ball_cm3(20)}

METASTASES = [
    target(24, 30, "PTV Met 01 +1.0 mm", radius_mm=6.0, centre_mm=(-15.0, -10.0, 0.0), number=7),
    target(24, 29, "PTV Met 02 +0.5 mm", radius_mm=5.0, centre_mm=(15.0, 10.0, 6.0), number=8),
    target(20, 25, "PTV Met 03 +0.5 mm", radius_mm=7.5, centre_mm=(10.0, -15.0, -12.0), number=9),
]

OFF_CENTRE = Target(
    name="PTV", prescribed_gy=24, maximum_gy=30, radius_mm=10.0, centre_mm=(15.0, -15.0, 15.0)
)
"""Left, anterior, superior: a grid that is turned or flipped puts it elsewhere."""

ECLIPSE_CODES = frozenset({"plan.not-approved", "plan.reference-point"})
ECLIPSE_VOLUMES = {
    "BODY": BODY_CM3,
    "Sehnerv li (Prüfung)": ball_cm3(9),
    "CouchSurface": 400 * 60 * 41 * 3 / 1000,
}
RAYSTATION_CODES = frozenset({"plan.beam-dose-points-differ", "dose.parts-beside-plan", "dose.summation"})
RAYSTATION_VOLUMES = {
    "BODY": BODY_CM3,
    "Ring": ring_cm3(20, 12, 9),
    "Keyhole": ring_cm3(20, 12, 9),
    "SpinalCord": ball_cm3(6),
}
BEAMS_ALONE = frozenset({"dose.summation", "dose.put-together"})

ORIENTATIONS = {
    "head-first prone": (-1, 0, 0, 0, -1, 0),
    "feet-first supine": (-1, 0, 0, 0, 1, 0),
    "feet-first prone": (1, 0, 0, 0, -1, 0),
    "head-first decubitus left": (0, 1, 0, -1, 0, 0),
    "head-first decubitus right": (0, -1, 0, 1, 0, 0),
    "feet-first decubitus left": (0, -1, 0, -1, 0, 0),
    "sagittal frames": (0, 1, 0, 0, 0, -1),
    "coronal frames": (1, 0, 0, 0, 0, -1),
}


def cases() -> dict[str, Callable[[], Case]]:
    """Every folder by name; each is made when its test runs."""
    ptv = {"PTV": ball_cm3(15), "BODY": BODY_CM3}

    def eclipse_of(prescribed: float, maximum: float, fractions: int) -> Callable[[], Case]:
        return lambda: Case(
            eclipse("E1", 101, [target(prescribed, maximum)], fractions),
            {"PTV": f"{prescribed:g} Gy / {fractions}"},
            (maximum,),
            {**ptv, **ECLIPSE_VOLUMES},
            ECLIPSE_CODES,
            frozenset({"Areola", "zOptPTV"}),
        )

    def monaco_of(
        prescribed: float, maximum: float, fractions: int, *, with_plan: bool
    ) -> Callable[[], Case]:
        return lambda: Case(
            monaco("M1", 101, [target(prescribed, maximum)], fractions, with_plan_dose=with_plan),
            {"PTV": f"{prescribed:g} Gy / {fractions}"},
            (maximum,),
            {**ptv, "couch": 300 * 30 * 61 * 2 / 1000},
            frozenset({"dose.summation", "dose.parts-beside-plan"}) if with_plan else BEAMS_ALONE,
        )

    def pinnacle_of(prescribed: float, maximum: float, fractions: int) -> Callable[[], Case]:
        return lambda: Case(
            pinnacle("A1", 101, [target(prescribed, maximum)], fractions),
            {"target": f"{prescribed:g} Gy / {fractions}"},
            (maximum,),
            {**ptv, "Normal Tissue": ball_cm3(12), "Old PTV": ball_cm3(12)},
            frozenset({"plan.not-approved", "structure.empty-contour"}) | BEAMS_ALONE,
            unclear="known from beam doses x fractions only",
        )

    def cyberknife_of(prescribed: float, maximum: float, fractions: int) -> Callable[[], Case]:
        return lambda: Case(
            cyberknife("C1", 101, [target(prescribed, maximum)], fractions),
            {"PTV": f"{prescribed:g} Gy / {fractions}"},
            (maximum,),
            ptv,
        )

    def gammaplan_of(prescribed: float, maximum: float) -> Callable[[], Case]:
        return lambda: Case(
            gammaplan("G1", 101, [target(prescribed, maximum, "Met", radius_mm=6.0)], 1),
            {"Met": f"{prescribed:g} Gy / 1"},
            (maximum,),
            {"Met": ball_cm3(6, 1.0)},
            frozenset({"plan.not-approved", "dose.frame-pointer"}),
        )

    def brachyvision_of(prescribed: float, source: float, fractions: int) -> Callable[[], Case]:
        return lambda: Case(
            brachyvision("V1", 101, [target(prescribed, prescribed)], fractions, source_gy=source),
            {"PTV": f"{prescribed:g} Gy / {fractions}"},
            (source,),
            ptv,
            empty=frozenset({"Applicator1"}),
            unclear="it is brachytherapy",
        )

    def positioned_as(orientation: tuple[int, ...]) -> Callable[[], Case]:
        return lambda: Case(
            positioned("O1", 101, [OFF_CENTRE], 3, orientation=orientation),
            {"PTV": "24 Gy / 3"},
            (30.0,),
            {"PTV": ball_cm3(10), "BODY": BODY_CM3},
        )

    raystation_sib = {**RAYSTATION_VOLUMES, **SIB_VOLUMES}
    return {
        "eclipse, conventional": eclipse_of(50, 53.5, 25),
        "eclipse, opposed fields": eclipse_of(30, 31.5, 10),
        "eclipse, one fraction": eclipse_of(8, 8.9, 1),
        "eclipse, SABR on the 80 % line": eclipse_of(54, 67.5, 3),
        "eclipse, two fractions": eclipse_of(24, 30, 2),
        "eclipse, hippocampal in 10": eclipse_of(40, 44, 10),
        "raystation, simultaneous boost": lambda: Case(
            raystation("R1", 101, SIB, 30), SIB_SCHEDULES, (69.0,), raystation_sib, RAYSTATION_CODES
        ),
        "raystation, prescribed by the fraction group": lambda: Case(
            raystation("R1", 101, SIB, 30, in_group=True),
            SIB_SCHEDULES,
            (69.0,),
            raystation_sib,
            RAYSTATION_CODES,
        ),
        "raystation, twice a day": lambda: Case(
            raystation("R1", 101, [target(45, 48)], 30, per_day=2),
            {"PTV": "45 Gy / 30 BID"},
            (48.0,),
            {**RAYSTATION_VOLUMES, "PTV": ball_cm3(15)},
            RAYSTATION_CODES | {"plan.several-fractions-a-day"},
        ),
        "raystation, protons": lambda: Case(
            raystation_proton("R2", 101, [target(60, 63)], 30),
            {"PTV": "60 Gy(RBE) / 30"},
            (63.0,),
            ptv,
            frozenset({"dose.effective", "dose.effective-taken"}),
        ),
        "pinnacle, whole course as FRACTION": pinnacle_of(50, 57, 5),
        "pinnacle, one fraction as FRACTION": pinnacle_of(20, 28, 1),
        "pinnacle, conventional as FRACTION": pinnacle_of(60, 66, 30),
        "monaco, plan and beams": monaco_of(24, 30, 3, with_plan=True),
        "monaco, beams alone": monaco_of(50, 60, 5, with_plan=False),
        "monaco, beams alone of one fraction": monaco_of(20, 27, 1, with_plan=False),
        "monaco, beams alone of two even fractions": monaco_of(24, 25.7, 2, with_plan=False),
        "monaco, breast with simultaneous boost": lambda: Case(
            monaco(
                "M1",
                101,
                [
                    target(48, 51, "PTVboost", radius_mm=8.0),
                    target(40.05, 43, "PTVbreast", radius_mm=20.0, number=8),
                ],
                15,
            ),
            {"PTVboost": "48 Gy / 15", "PTVbreast": "40.05 Gy / 15"},
            (51.0,),
            {"PTVboost": ball_cm3(8), "PTVbreast": ball_cm3(20)},
            frozenset({"dose.summation", "dose.parts-beside-plan"}),
        ),
        "xio": lambda: Case(
            xio("X1", 101, [target(30, 33)], 10),
            {"PTV": "30 Gy / 10"},
            (33.0,),
            ptv,
            frozenset({"file.no-preamble", "plan.not-approved", "plan.point-prescription"}),
        ),
        "oncentra": lambda: Case(
            oncentra("N1", 101, [target(50, 54)], 25),
            {"PTV": "50 Gy / 25"},
            (54.0,),
            {**ptv, "Femurkopf": ball_cm3(9)},
        ),
        "elements, three metastases": lambda: Case(
            elements("B1", 101, METASTASES, 1),
            {t.name: f"{t.prescribed_gy:g} Gy / 1" for t in METASTASES},
            (30.0,),
            {t.name: ball_cm3(t.radius_mm) for t in METASTASES},
            BEAMS_ALONE | {"plan.not-approved"},
        ),
        "iplan, 12 Gy twice": lambda: Case(
            elements("B1", 101, [target(24, 30)], 2),
            {"PTV": "24 Gy / 2"},
            (30.0,),
            ptv,
            BEAMS_ALONE | {"plan.not-approved"},
        ),
        "cyberknife, 80 % line": cyberknife_of(54, 67.5, 3),
        "cyberknife, 80 % line of 24 Gy": cyberknife_of(24, 30, 3),
        "cyberknife, 65 % line": cyberknife_of(50, 77, 5),
        "cyberknife, dose and structures alone": lambda: Case(
            cyberknife("C1", 101, [target(54, 67.5)], 3, with_plan=False),
            {},
            (),
            ptv,
            frozenset({"dose.plan-missing"}),
        ),
        "tomotherapy, simultaneous boost": lambda: Case(
            tomotherapy("T1", 101, SIB, 30), SIB_SCHEDULES, (69.0,), {**SIB_VOLUMES, "BODY": BODY_CM3}
        ),
        "gammaplan, 50 % line": gammaplan_of(25, 50),
        "gammaplan, 50 % line of 20 Gy": gammaplan_of(20, 40),
        "brachyvision, 7 Gy four times": brachyvision_of(28, 190, 4),
        "brachyvision, 2400 Gy beside a source": brachyvision_of(28, 2400, 4),
        "mridian": lambda: Case(
            mridian("W1", 101, [target(50, 58)], 5),
            {"PTV": "50 Gy / 5"},
            (58.0,),
            {**ptv, "Dünndarm": ball_cm3(9)},
        ),
        "research programs": lambda: Case(
            research("Q1", 101, [target(60, 64)], 30),
            {"PTV": None},
            (64.0,),
            {"TargetVolume": ball_cm3(15)},
            frozenset({"plan.not-approved", "dose.effective", "dose.frame-pointer"}),
        ),
        **{f"lying {name}": positioned_as(vectors) for name, vectors in ORIENTATIONS.items()},
        "course and boost as two plans": two_plans,
        "course and boost as two fraction groups": two_fraction_groups,
        "verification plan beside": lambda: verification_beside(beams=False),
        "verification plan with beam doses beside": lambda: verification_beside(beams=True),
        "sum of two plans beside": sum_beside,
        "treatment records beside": records_beside,
        "anonymised, the plan in a study of its own": anonymised,
        "a plan and the one it replaced": replaced_plan,
        "EQD2 of the same plan beside": eqd2_beside,
        "identity and names in several character sets": several_character_sets,
        "padding behind the data, group lengths before": padded,
        "beam doses of the whole course": beam_doses_of_the_course,
        "a dose turned by a couch of six degrees of freedom": turned_couch,
        "hardly any reference between the files": few_references,
        "images, registration, DICOMDIR and texts beside": clutter_beside,
    }


def changed(files: Files, name: str, change: Callable[[Dataset], object]) -> Files:
    """The files, with one of them changed."""
    dataset = pydicom.dcmread(io.BytesIO(files[name]))
    change(dataset)
    return {**files, name: dicom_bytes(dataset, ExplicitVRLittleEndian)}


def two_plans() -> Case:
    """50 Gy in 25 and a boost of 16 Gy in 8 to a smaller target of the same structure set."""
    course = monaco("P1", 101, [target(50, 53), target(16, 17, "Boost", radius_mm=8.0, number=8)], 25)
    course = changed(course, "RTPLAN.101.0.dcm", lambda plan: plan.DoseReferenceSequence.pop())
    boost = monaco("P1", 102, [target(16, 17.5, "Boost", radius_mm=8.0, number=8)], 8)
    return Case(
        {**course, **on_structures_of(boost, 102, 101)},
        {"PTV": "50 Gy / 25", "Boost": "16 Gy / 8"},
        (53.0, 17.5),
        {"PTV": ball_cm3(15), "Boost": ball_cm3(8)},
        frozenset({"dose.summation", "dose.parts-beside-plan"}),
    )


def two_fraction_groups() -> Case:
    """The same in one plan, whose dose is of both groups."""
    files = cyberknife("P1", 101, [target(66, 70)], 33)
    groups = [Group("25", ("1.0", "1.0"), {1: "50"}), Group("8", ("1.0", "1.0"), {1: "16"})]
    plan = rt_plan("P1", 101, [Reference(1, "PTV", "66", 7)], groups)
    return Case(
        {**files, "RTPLAN.101.0.dcm": dicom_bytes(plan)},
        {"PTV": "50 Gy / 25 + 16 Gy / 8"},
        (70.0,),
        {"PTV": ball_cm3(15)},
    )


def verification_beside(*, beams: bool) -> Case:
    """A plan for quality assurance on a phantom, with the dose there, whole or field by field."""
    files = cyberknife("P1", 101, [target(54, 67.5)], 3)
    checked = monaco("P1", 102, [target(54, 60)], 3, with_plan_dose=not beams)
    checked = changed(checked, "RTPLAN.102.0.dcm", lambda plan: setattr(plan, "PlanIntent", "VERIFICATION"))
    if not beams:
        checked = {name: data for name, data in checked.items() if not name.endswith((".3.dcm", ".4.dcm"))}
    return Case(
        {**files, **checked},
        {"PTV": "54 Gy / 3"},
        (67.5,),
        {"PTV": ball_cm3(15)},
        frozenset({"plan.set-aside"} | ({"dose.summation"} if beams else set())),
    )


def sum_beside() -> Case:
    """Two plans with their doses, and the sum that the system made of them."""
    case = two_plans()
    added = cyberknife("P1", 103, [target(66, 70.5)], 33, with_plan=False)

    def as_sum(dose: Dataset) -> None:
        dose.DoseSummationType = "MULTI_PLAN"
        (plan,) = dose.ReferencedRTPlanSequence
        other = Dataset()
        other.update(plan)
        plan.ReferencedSOPInstanceUID, other.ReferencedSOPInstanceUID = uid(1, 101), uid(1, 102)
        dose.ReferencedRTPlanSequence = [plan, other]

    added = changed(on_structures_of(added, 103, 101), "RTDOSE.103.1.dcm", as_sum)
    return Case(
        {**case.files, **added},
        case.schedules,
        case.maxima_gy,
        case.volumes_cm3,
        case.codes | {"dose.several-plans"},
    )


def records_beside() -> Case:
    """All three fractions as a record and system writes them: beams and setup fields apart, and a summary."""
    files = eclipse("P1", 101, [target(54, 67.5)], 3)
    days = ("20260112", "20260114", "20260116")
    for fraction, day in enumerate(days, start=1):
        for beam in (1, 2):
            setup = Beam(3, str(fraction), "0", "0", "SETUP")
            record = beams_record(
                "P1", 10 * fraction + beam, [setup, Beam(beam, str(fraction))], plan_number=101, date=day
            )
            files[f"RTRECORD.{fraction}.{beam}"] = dicom_bytes(record)
    whole = [GroupSummary(1, "3", "3", [(i, day, "NORMAL") for i, day in enumerate(days, start=1)])]
    summary = summary_record(
        "P1", 99, whole, plan_number=101, first=days[0], last=days[-1], status="COMPLETED"
    )
    return Case(
        {**files, "RTRECORD.summary": dicom_bytes(summary)},
        {"PTV": "54 Gy / 3"},
        (67.5,),
        {"PTV": ball_cm3(15)},
        ECLIPSE_CODES,
        frozenset({"Areola", "zOptPTV"}),
    )


PLAIN = cyberknife("P1", 101, [target(24, 30)], 3)
PLAN, STRUCTURES, DOSE = PLAIN
PLAIN_VOLUMES = {"PTV": ball_cm3(15), "BODY": BODY_CM3}


def plain(files: Files, *codes: str) -> Case:
    """A case of 24 Gy in 3 on the 80 % line."""
    return Case(files, {"PTV": "24 Gy / 3"}, (30.0,), PLAIN_VOLUMES, frozenset(codes))


def anonymised() -> Case:
    """Patient ID emptied, as anonymisers do; the files refer to each other, so they are of one patient."""

    def without_id(dataset: Dataset) -> None:
        dataset.PatientID = dataset.PatientName = ""

    files = PLAIN
    for name in PLAIN:
        files = changed(files, name, without_id)
    return plain(changed(files, PLAN, lambda plan: setattr(plan, "StudyInstanceUID", uid(2, 900))))


def replaced_plan() -> Case:
    """Planned again on the same structure set; which of the two was treated is not stated, so it is a query."""
    new = on_structures_of(cyberknife("P1", 102, [target(24, 29)], 3), 102, 101)

    def derived(plan: Dataset) -> None:
        item = Dataset()
        item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = plan.SOPClassUID, uid(1, 101)
        item.RTPlanRelationship = "PREDECESSOR"
        plan.ReferencedRTPlanSequence = [item]

    new = changed(new, "RTPLAN.102.0.dcm", derived)
    codes = frozenset({"plan.supersedes", "plan.superseded"})
    return Case(
        {**PLAIN, **new}, {"PTV": None}, (30.0, 29.0), PLAIN_VOLUMES, codes, unclear="2 plans treat it"
    )


def eqd2_beside() -> Case:
    """A photon plan's dose, and what a program made of it: the physical dose is the plan's (A16, G16)."""

    def as_eqd2(dose: Dataset) -> None:
        dose.DoseType, dose.DoseComment = "EFFECTIVE", "EQD2 a/b=3 LQ n=3; NOT PHYSICAL"
        dose.SOPInstanceUID, dose.DoseGridScaling = f"{uid(6, 101)}.2", "1.2e-8"

    eqd2 = changed(PLAIN, DOSE, as_eqd2)[DOSE]
    return plain({**PLAIN, "EQD2.dcm": eqd2}, "dose.effective", "dose.physical-taken")


def several_character_sets() -> Case:
    """E42, D10: one patient ID in Latin-1, in UTF-8 and with code extensions."""

    def named(character_set: str | list[str]) -> Callable[[Dataset], None]:
        def change(dataset: Dataset) -> None:
            dataset.SpecificCharacterSet, dataset.PatientID = character_set, "MÜ-1"
            if dataset.Modality == "RTSTRUCT":
                dataset.StructureSetROISequence[-1].ROIName = "Grenzmaß"

        return change

    files = changed(PLAIN, PLAN, named("ISO_IR 100"))
    files = changed(files, DOSE, named("ISO_IR 192"))
    return plain(changed(files, STRUCTURES, named(["ISO 2022 IR 6", "ISO 2022 IR 100"])))


def padded() -> Case:
    """Data Set Trailing Padding, and the group lengths that DICOM retired in 2004."""
    files = changed(PLAIN, DOSE, lambda dose: dose.add_new(0xFFFC_FFFC, "OB", bytes(126)))
    return plain(changed(files, PLAN, lambda plan: plan.add_new(0x0008_0000, "UL", 100)))


def beam_doses_of_the_course() -> Case:
    """Beam doses that are not of a fraction: the dose grid says that the prescription stands."""

    def times_three(plan: Dataset) -> None:
        for beam in plan.FractionGroupSequence[0].ReferencedBeamSequence:
            beam.BeamDose = "12"

    files = monaco("P1", 101, [target(24, 30)], 3)
    return plain(
        changed(files, "RTPLAN.101.0.dcm", times_three),
        "plan.beam-doses-differ",
        "dose.summation",
        "dose.parts-beside-plan",
    )


def turned_couch() -> Case:
    """B13, B15: a grid turned by 1.5 degrees, its cosines rounded to six digits."""
    cosines = [0.999657, 0.026177, 0, -0.026177, 0.999657, 0]
    return plain(changed(PLAIN, DOSE, lambda dose: setattr(dose, "ImageOrientationPatient", cosines)))


def few_references() -> Case:
    """Neither plan nor dose names the structure set, and nothing names a frame of reference."""

    def alone(dataset: Dataset) -> None:
        for keyword in (
            "FrameOfReferenceUID",
            "ReferencedStructureSetSequence",
            "ReferencedFrameOfReferenceSequence",
        ):
            if keyword in dataset:
                delattr(dataset, keyword)
        for roi in dataset.get("StructureSetROISequence", []):
            del roi.ReferencedFrameOfReferenceUID

    files = PLAIN
    for name in PLAIN:
        files = changed(files, name, alone)
    return plain(files, "dose.no-frame-of-reference", "structure-set.no-frame-of-reference")


def clutter_beside() -> Case:
    """What else an export drops into the folder."""
    files = tomotherapy("P1", 101, [target(40, 44)], 10)
    storage = "1.2.840.10008.5.1.4.1.1."
    beside = {
        f"images/{modality}": image("P1", 101, modality, f"{storage}{suffix}")
        for modality, suffix in (("CT", "2"), ("MR", "4"), ("PT", "128"), ("RTIMAGE", "481.1"), ("OT", "7"))
    }
    beside["REG"] = image("P1", 101, "REG", f"{storage}66.1")
    directory = pydicom.Dataset()
    directory.FileSetID, directory.SOPClassUID = "EXPORT", "1.2.840.10008.1.3.10"
    directory.SOPInstanceUID = uid(8, 1)
    beside["DICOMDIR"] = dicom_bytes(directory)
    beside |= {
        "README.TXT": b"exported",
        ".DS_Store": b"\0\0\0\1Bud1",
        "._RTPLAN.101.0.dcm": b"\0\5\x16\7\0\2\0\0",
        "empty": b"",
    }
    return Case(
        {**files, **beside},
        {"PTV": "40 Gy / 10"},
        (44.0,),
        {"PTV": ball_cm3(15)},
        frozenset({"folder.passed-over", "registration.not-applied"}),
    )


CASES = cases()


def written(folder: Path, files: Files) -> Path:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def the_patient(reading: Reading) -> Patient:
    assert [str(error) for error in reading.errors] == []
    (patient,) = reading.patients
    return patient


def check_read(reading: Reading, case: Case) -> None:
    """All that a case says of its folder."""
    patient = the_patient(reading)
    assert patient.incomplete is None

    found = {lesion.label: lesion.prescription for lesion in patient.lesions}
    assert {name: p.schedule and str(p.schedule) for name, p in found.items()} == case.schedules
    if case.unclear is None:
        assert {p.unclear for p in found.values()} <= {None}
        assert {p.source for p in found.values() if p.schedule} <= {
            PrescriptionSource.FRACTION_GROUP,
            PrescriptionSource.TARGET,
        }
    else:
        assert all(case.unclear in str(p.unclear) for p in found.values())

    counted = {plan.sop_instance_uid for plan in patient.plans if plan.set_aside is None}
    doses = sorted(
        (dose for dose in patient.plan_doses if dose.plan_uid in counted), key=lambda d: d.plan_uid
    )
    assert [dose.grid.maximum_gy for dose in doses] == pytest.approx(case.maxima_gy, rel=1e-4)

    structures = {s.name: s for of in patient.structure_sets for s in of.structures}
    refused = {s.name for of in patient.structure_sets for s in of.refused}
    assert refused == case.empty
    assert {name: structures[name].volume_cm3 for name in case.volumes_cm3} == pytest.approx(
        case.volumes_cm3, rel=1e-4
    )

    codes = {notice.code for notice in (*reading.notices, *patient.all_notices())}
    assert codes == case.codes


@pytest.mark.parametrize("name", CASES)
def test_an_ordinary_folder_is_read_right_and_without_needless_words(name: str, tmp_path: Path) -> None:
    case = CASES[name]()
    check_read(read_patients([written(tmp_path, case.files)]), case)


@pytest.mark.parametrize("name", CASES)
def test_inspect_and_check_take_an_ordinary_folder(name: str, tmp_path: Path, run: Run) -> None:
    case = CASES[name]()
    folder = written(tmp_path, case.files)
    shown = run("inspect", folder)
    assert (shown.code, "Traceback" in shown.err) == (0, False)
    assert all(structure in shown.out for structure in case.volumes_cm3)
    graded = run("check", folder, "--protocol", "NCT03406468", "--exit-zero", "--format", "json")
    if not case.schedules:  # without a plan there is nothing to grade
        assert graded.code == 3
        return
    assert graded.code == 0, graded.err
    (patient,) = graded.json["patients"]
    assert {lesion["lesion"]: lesion["schedule"] for lesion in patient["lesions"]} == case.schedules


@pytest.mark.parametrize(
    "name", ["eclipse, conventional", "xio", "images, registration, DICOMDIR and texts beside"]
)
def test_an_archive_reads_as_the_folder_in_it(name: str, tmp_path: Path) -> None:
    case = CASES[name]()
    archive = tmp_path / "export.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for member, data in case.files.items():
            packed.writestr(member, data)
    reading = read_patients([archive])
    patient, from_folder = (
        the_patient(reading),
        the_patient(read_patients([written(tmp_path / "folder", case.files)])),
    )
    assert patient.lesions[0].prescription == from_folder.lesions[0].prescription
    assert patient.plan_doses[0].grid.maximum_gy == from_folder.plan_doses[0].grid.maximum_gy
    assert {n.code for n in patient.all_notices()} == {n.code for n in from_folder.all_notices()}


@pytest.mark.parametrize("name", [f"lying {name}" for name in ORIENTATIONS])
def test_the_dose_is_where_the_target_is(name: str, tmp_path: Path) -> None:
    # B11, B12
    patient = the_patient(read_patients([written(tmp_path, CASES[name]().files)]))
    (dose,) = patient.plan_doses
    centre = np.array(OFF_CENTRE.centre_mm)
    mirrored = centre * [(x, y, z) for x in (1, -1) for y in (1, -1) for z in (1, -1)]
    doses, inside = dose.grid.sample_gy(mirrored)
    assert inside.all()
    assert doses[0] == pytest.approx(30.0, rel=1e-4)
    assert (doses[1:] < 2).all()  # 30 mm and more from the centre: at most 24 Gy exp(-20 / 8)
    at_surface, _ = dose.grid.sample_gy(patient.structure_sets[0].named("PTV").vertices_mm)
    assert np.median(at_surface) == pytest.approx(24.0, rel=0.05)  # the grid is coarse beside the bend there


def test_the_delivery_of_the_recorded_course(tmp_path: Path) -> None:
    patient = the_patient(read_patients([written(tmp_path, records_beside().files)]))
    (lesion,) = patient.lesions
    assert lesion.delivery.fractions_delivered == 3
    assert (str(lesion.delivery.start), str(lesion.delivery.end)) == ("2026-01-12", "2026-01-16")


def test_one_of_two_fractions_on_the_half_line_is_not_the_course(tmp_path: Path) -> None:
    # A18, F11: 12 Gy on the 50 % line has a maximum of 24 Gy, as 24 Gy on the 100 % line: the target's contours tell
    one_fraction = monaco("M1", 101, [target(12, 24)], 2, with_plan_dose=False)

    def of_course(plan: Dataset) -> None:
        plan.DoseReferenceSequence[0].TargetPrescriptionDose = "24"

    files = changed(one_fraction, "RTPLAN.101.0.dcm", of_course)
    reading = read_patients([written(tmp_path, files)])
    (error,) = reading.errors
    assert "fraction" in str(error)
    assert reading.patients[0].plan_doses == ()


def test_patients_who_lost_their_ids_stay_apart(tmp_path: Path) -> None:
    # D9: nothing of the one refers to the other
    def without_id(dataset: Dataset) -> None:
        dataset.PatientID = dataset.PatientName = ""

    both = {**PLAIN, **cyberknife("P2", 102, [target(54, 67.5)], 3)}
    files = both
    for name in both:
        files = changed(files, name, without_id)
    reading = read_patients([written(tmp_path, files)])
    assert reading.errors == ()
    assert [[str(lesion.prescription.schedule) for lesion in p.lesions] for p in reading.patients] == [
        ["24 Gy / 3"],
        ["54 Gy / 3"],
    ]
    assert [d.grid.maximum_gy for p in reading.patients for d in p.plan_doses] == pytest.approx([30, 67.5])


def test_a_point_of_a_system_has_no_volume_and_no_error(tmp_path: Path) -> None:
    files = pinnacle("A1", 101, [target(50, 57)], 5)
    (structures,) = the_patient(read_patients([written(tmp_path, files)])).structure_sets
    point = structures.named("rx 5 x PTV")
    assert (point.volume_cm3, point.points_mm.tolist()) == (None, [[1.0, 2.0, 3.0]])


def test_a_structure_of_many_points_costs_nothing_but_time(tmp_path: Path) -> None:
    # E19: more than 64 KiB of contour data in one element
    from synthetic_structures import Roi, circle, rt_structure_set

    fine = rt_structure_set(
        "P1", 101, [Roi(1, "BODY", [circle(z=z, radius_mm=100, points=5000) for z in (0, 3, 6)])]
    )
    path = tmp_path / "fine.dcm"
    path.write_bytes(dicom_bytes(fine, "1.2.840.10008.1.2"))
    (structures,) = the_patient(read_patients([path])).structure_sets
    assert structures.named("BODY").volume_cm3 == pytest.approx(pi * 100**2 * 9 / 1000, rel=1e-5)
