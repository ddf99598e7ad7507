"""Folders of ordinary plans in the habits of planning systems, made up for tests.

What a system writes is drawn from public files and from what maintainers of public readers report; a folder shows a
habit, and is no copy of what a certain version exports.
"""

from collections.abc import Sequence

import numpy as np
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian
from synthetic import common, dicom_bytes, uid
from synthetic_balls import (
    Target,
    ball,
    ball_dose,
    boxes,
    decimal_text,
    dvh,
    halves,
    keyholes,
    rings,
    structure_set,
)
from synthetic_plan import Group, Reference, add_setup_beam, brachy_plan, ion_plan, rt_plan
from synthetic_structures import Outline, Roi, rt_structure_set

Files = dict[str, bytes]
"""Contents of files by name."""


def eclipse(patient: str, number: int, targets: Sequence[Target], fractions: int) -> Files:
    """Varian Eclipse: prescribed to a SITE and a calculation point, setup fields, stored DVHs, an empty structure."""
    references = [
        Reference(i, target.name, decimal_text(target.prescribed_gy), None, "SITE")
        for i, target in enumerate(targets, start=1)
    ]
    highest = max(target.prescribed_gy for target in targets)
    references.append(Reference(9, "CALC POINT", decimal_text(0.81 * highest), None, "COORDINATES"))
    plan = rt_plan(
        patient,
        number,
        references,
        [Group(str(fractions), _beam_doses(highest, fractions))],
        approval="UNAPPROVED",
    )
    del plan.PlanIntent
    for _ in ("CBCT", "MV setup"):
        add_setup_beam(plan)
    structures = structure_set(
        patient,
        number,
        targets,
        [
            Roi(20, "Sehnerv li (Prüfung)", ball(9.0, (30.0, 20.0, 0.0))),
            Roi(21, "CouchSurface", boxes(400.0, 60.0, 41, centre=(0.0, 150.0)), "SUPPORT"),
            Roi(22, "Areola", None),
            Roi(23, "zOptPTV", ()),
        ],
    )
    dose = ball_dose(patient, number, targets, top=2**20)
    dose.DVHSequence = [dvh(target) for target in targets]
    for dataset in (plan, structures, dose):
        dataset.SpecificCharacterSet = "ISO_IR 100"
        dataset.Manufacturer, dataset.ManufacturerModelName = "Varian Medical Systems", "ARIA RadOnc"
    return _files(number, plan, structures, dose, syntax=ImplicitVRLittleEndian)


def raystation(
    patient: str,
    number: int,
    targets: Sequence[Target],
    fractions: int,
    *,
    per_day: int = 1,
    in_group: bool = False,
) -> Files:
    """RayStation: prescribed to volumes, 16 bit, doses of plan and beams, points of interest, private tags.

    `in_group` writes the prescription at the fraction group alone.
    """
    doses = {target.number: decimal_text(target.prescribed_gy) for target in targets}
    highest = max(target.prescribed_gy for target in targets)
    plan = rt_plan(
        patient,
        number,
        [
            *(Reference(t.number, t.name, None if in_group else doses[t.number], t.number) for t in targets),
            Reference(90, "SpinalCord", None, 20, "VOLUME", "ORGAN_AT_RISK"),
        ],
        [Group(str(fractions), _beam_doses(highest, fractions), doses if in_group else {})],
    )
    plan.DoseReferenceSequence[-1].OrganAtRiskMaximumDose = "45"
    group = plan.FractionGroupSequence[0]
    for x, beam in enumerate(group.ReferencedBeamSequence):
        beam.BeamDoseSpecificationPoint = [str(20 * x), "0", "0"]
        beam.BeamDoseType = "PHYSICAL"
    if per_day > 1:
        group.NumberOfFractionPatternDigitsPerDay, group.RepeatFractionCycleLength = 2, 1
        group.FractionPattern = "11" * 5 + "00" * 2
    structures = structure_set(
        patient,
        number,
        targets,
        [
            Roi(20, "SpinalCord", ball(6.0, (0.0, 25.0, 0.0))),
            Roi(21, "Isocenter", [Outline([[0.0, 0.0, 0.0]], "POINT")], "ISOCENTER"),
            Roi(22, "Ring", rings(20.0, 12.0, 9), "CONTROL"),
            Roi(23, "Keyhole", keyholes(20.0, 12.0, 9), "CONTROL"),
        ],
    )
    dose = ball_dose(patient, number, targets, bits=16, fraction_group=1)
    beams = halves(dose, patient, number)
    for dataset in (plan, structures, dose):
        block = dataset.private_block(0x4001, "RAYSEARCHLABS 2.0", create=True)
        block.add_new(0x02, "UN", b"20260102080000.000000 ")
        dataset.Manufacturer, dataset.ManufacturerModelName = "RaySearch Laboratories", "RayStation"
    return _files(number, plan, structures, dose, *beams)


def raystation_proton(patient: str, number: int, targets: Sequence[Target], fractions: int) -> Files:
    """RayStation for protons: weighted dose, and beside it the physical dose of the same plan."""
    references = [Reference(t.number, t.name, decimal_text(t.prescribed_gy), t.number) for t in targets]
    group = Group(str(fractions), _beam_doses(targets[0].prescribed_gy, fractions))
    plan = ion_plan(patient, number, references, [group], dose_type="EFFECTIVE")
    effective = ball_dose(patient, number, targets, bits=16, dose_type="EFFECTIVE")
    physical = ball_dose(patient, number, targets, bits=16, part=1 / 1.1, instance=2)
    return _files(number, plan, structure_set(patient, number, targets), effective, physical)


def pinnacle(patient: str, number: int, targets: Sequence[Target], fractions: int) -> Files:
    """Pinnacle: no dose reference at all, FRACTION on the dose of the course, the prescription in a point's name."""
    plan = rt_plan(
        patient,
        number,
        [],
        [Group(str(fractions), _beam_doses(targets[0].prescribed_gy, fractions))],
        approval="UNAPPROVED",
    )
    del plan.DoseReferenceSequence
    structures = structure_set(
        patient,
        number,
        targets,
        [
            Roi(20, f"rx {fractions} x {targets[0].name}", [Outline([[1.0, 2.0, 3.0]], "POINT")], "MARKER"),
            Roi(21, "Normal Tissue", [*ball(12.0, (20.0, 0.0, 0.0)), np.zeros((2, 3))]),
            Roi(22, "Old PTV", ball(12.0), volume="0"),
        ],
    )
    dose = ball_dose(patient, number, targets, bits=16, top=16384, summation="FRACTION")
    for dataset in (plan, structures, dose):
        dataset.Manufacturer, dataset.ManufacturerModelName = "ADAC", "Pinnacle3"
    return _files(number, plan, structures, dose)


def monaco(
    patient: str, number: int, targets: Sequence[Target], fractions: int, *, with_plan_dose: bool = True
) -> Files:
    """Monaco: a dose for each beam, with that of the plan or without; contours between the dose planes."""
    references = [
        Reference(i, t.name, decimal_text(t.prescribed_gy), t.number) for i, t in enumerate(targets, start=1)
    ]
    highest = max(target.prescribed_gy for target in targets)
    plan = rt_plan(patient, number, references, [Group(str(fractions), _beam_doses(highest, fractions))])
    structures = structure_set(
        patient,
        number,
        targets,
        [
            Roi(
                20,
                "couch",
                boxes(300.0, 30.0, 61, centre=(0.0, 90.0), step=2.0, first=-61.3),
                "SUPPORT",
            )
        ],
    )
    dose = ball_dose(patient, number, targets)
    beams = halves(dose, patient, number)
    return _files(number, plan, structures, *([dose] if with_plan_dose else []), *beams)


def xio(patient: str, number: int, targets: Sequence[Target], fractions: int) -> Files:
    """XiO: no preamble and no file meta information, no character set, prescribed to a point alone."""
    (target,) = targets
    point = Reference(1, target.name, decimal_text(target.prescribed_gy), None, "COORDINATES")
    group = Group(str(fractions), _beam_doses(target.prescribed_gy, fractions))
    plan = rt_plan(patient, number, [point], [group], approval="UNAPPROVED")
    structures = structure_set(
        patient, number, targets, [Roi(20, "isocenter", [Outline([[0.0] * 3], "POINT")], "")]
    )
    dose = ball_dose(patient, number, targets, bits=16)
    dose.TissueHeterogeneityCorrection = None
    datasets = (plan, structures, dose)
    for dataset in datasets:
        del dataset.SpecificCharacterSet
        dataset.Manufacturer, dataset.ManufacturerModelName = "CMS, Inc.", "XiO"
    return {f"{dataset.Modality}.{number}": without_meta(dataset) for dataset in datasets}


def oncentra(patient: str, number: int, targets: Sequence[Target], fractions: int) -> Files:
    """Oncentra: absolute frame offsets, 16 bit, closed contours that repeat their first point."""
    references = [Reference(1, targets[0].name, decimal_text(targets[0].prescribed_gy), None, "VOLUME")]
    group = Group(str(fractions), _beam_doses(targets[0].prescribed_gy, fractions))
    plan = rt_plan(patient, number, references, [group])
    repeated = [np.vstack((points, points[:1])) for points in ball(9.0, (30.0, 0.0, 0.0))]
    structures = structure_set(patient, number, targets, [Roi(20, "Femurkopf", repeated)])
    dose = ball_dose(patient, number, targets, bits=16)
    z = float(dose.ImagePositionPatient[2])
    dose.GridFrameOffsetVector = [f"{z + float(offset):g}" for offset in dose.GridFrameOffsetVector]
    return _files(number, plan, structures, dose)


def elements(patient: str, number: int, targets: Sequence[Target], fractions: int) -> Files:
    """Brainlab iPlan and Elements: each target as SITE and as point of the same name, doses of the beams alone."""
    references = []
    for i, target in enumerate(targets):
        references.append(Reference(2 * i + 1, target.name, decimal_text(target.prescribed_gy), None, "SITE"))
        references.append(Reference(2 * i + 2, target.name, None, None, "COORDINATES"))
    highest = max(target.prescribed_gy for target in targets)
    plan = rt_plan(
        patient,
        number,
        references,
        [Group(str(fractions), _beam_doses(highest, fractions))],
        approval="UNAPPROVED",
    )
    plan.FractionGroupSequence[0].BeamDoseMeaning = "FRACTION_LEVEL"
    whole = ball_dose(patient, number, targets)
    return _files(number, plan, structure_set(patient, number, targets), *halves(whole, patient, number))


def cyberknife(
    patient: str, number: int, targets: Sequence[Target], fractions: int, *, with_plan: bool = True
) -> Files:
    """MultiPlan and Precision: nodes without beam doses, empty type 2 attributes; or a dose whose plan is not there."""
    references = [
        Reference(i, t.name, decimal_text(t.prescribed_gy), t.number) for i, t in enumerate(targets, start=1)
    ]
    plan = rt_plan(patient, number, references, [Group(str(fractions), (None, None, None))])
    plan.PlanIntent = plan.RTPlanDate = plan.RTPlanTime = ""
    structures = structure_set(
        patient, number, targets, [Roi(20, "AXIAL_FIDUCIAL", [Outline([[5.0] * 3], "POINT")], "")]
    )
    structures.StructureSetDate = structures.StructureSetTime = structures.ApprovalStatus = ""
    dose = ball_dose(patient, number, targets)
    dose.TissueHeterogeneityCorrection = dose.PositionReferenceIndicator = None
    return _files(number, *([plan] if with_plan else []), structures, dose)


def tomotherapy(patient: str, number: int, targets: Sequence[Target], fractions: int) -> Files:
    """TomoTherapy: one helical beam, targets of a simultaneous boost, dose in descending frames."""
    references = [
        Reference(i, t.name, decimal_text(t.prescribed_gy), t.number) for i, t in enumerate(targets, start=1)
    ]
    highest = max(target.prescribed_gy for target in targets)
    plan = rt_plan(patient, number, references, [Group(str(fractions), (decimal_text(highest / fractions),))])
    dose = ball_dose(patient, number, targets, descending=True)
    return _files(number, plan, structure_set(patient, number, targets), dose)


def gammaplan(patient: str, number: int, targets: Sequence[Target], fractions: int) -> Files:
    """Leksell GammaPlan: shots without dose or approval status, no Frame Increment Pointer, drawn on 1 mm slices."""
    references = [
        Reference(i, t.name, decimal_text(t.prescribed_gy), t.number) for i, t in enumerate(targets, start=1)
    ]
    plan = rt_plan(patient, number, references, [Group(str(fractions), (None,) * 4)])
    del plan.ApprovalStatus
    rois = [Roi(t.number, t.name, ball(t.radius_mm, t.centre_mm, step=1.0), "PTV") for t in targets]
    structures = rt_structure_set(patient, number, rois)
    dose = ball_dose(patient, number, targets, bits=16, spacing_mm=(1.25, 1.25), step=1.5)
    del dose.FrameIncrementPointer
    return _files(number, plan, structures, dose)


def brachyvision(
    patient: str, number: int, targets: Sequence[Target], fractions: int, *, source_gy: float
) -> Files:
    """BrachyVision: PLAN dose that is very high beside a source, catheters as open contours."""
    references = [
        Reference(i, t.name, decimal_text(t.prescribed_gy), t.number) for i, t in enumerate(targets, start=1)
    ]
    plan = brachy_plan(patient, number, references, [Group(str(fractions), ("3.5", "3.5"))])
    catheter = Outline([[0.0, 0.0, z] for z in (-9.0, 0.0, 9.0)], "OPEN_NONPLANAR")
    structures = structure_set(
        patient, number, targets, [Roi(20, "Applicator1", [catheter], "BRACHY_CHANNEL")]
    )
    source = Target(name="source", prescribed_gy=0.0, maximum_gy=source_gy, radius_mm=2.0)
    return _files(number, plan, structures, ball_dose(patient, number, [*targets, source]))


def mridian(patient: str, number: int, targets: Sequence[Target], fractions: int) -> Files:
    """ViewRay MRIdian: names in UTF-8, a structure set that lists the frame of reference of the CT beside that of the MR."""
    references = [
        Reference(i, t.name, decimal_text(t.prescribed_gy), t.number) for i, t in enumerate(targets, start=1)
    ]
    plan = rt_plan(
        patient, number, references, [Group(str(fractions), _beam_doses(targets[0].prescribed_gy, fractions))]
    )
    structures = structure_set(patient, number, targets, [Roi(20, "Dünndarm", ball(9.0, (30.0, 0.0, 0.0)))])
    other = Dataset()
    other.FrameOfReferenceUID = f"{uid(4, number)}.1"
    structures.ReferencedFrameOfReferenceSequence.append(other)
    return _files(number, plan, structures, ball_dose(patient, number, targets, spacing_mm=(3.0, 3.0)))


def research(patient: str, number: int, targets: Sequence[Target], fractions: int) -> Files:
    """Research programs, as matRad and OpenTPS: numbers from 0, hardly an optional attribute, effective dose."""
    references = [Reference(0, targets[0].name, None, 0)]
    plan = ion_plan(patient, number, references, [Group(str(fractions), (None, None))])
    for keyword in ("ApprovalStatus", "RTPlanLabel", "PlanIntent", "RTPlanDate", "RTPlanTime"):
        delattr(plan, keyword)
    plan.FractionGroupSequence[0].FractionGroupNumber = 0
    for beams in (plan.IonBeamSequence, plan.FractionGroupSequence[0].ReferencedBeamSequence):
        for i, beam in enumerate(beams):
            setattr(beam, "BeamNumber" if "BeamName" in beam else "ReferencedBeamNumber", i)
    structures = rt_structure_set(
        patient, number, [Roi(0, "TargetVolume", ball(targets[0].radius_mm))], label=None
    )
    del structures.RTROIObservationsSequence
    dose = ball_dose(patient, number, targets, bits=16, dose_type="EFFECTIVE")
    for keyword in ("FrameIncrementPointer", "TissueHeterogeneityCorrection", "SliceThickness"):
        delattr(dose, keyword)
    return _files(number, plan, structures, dose)


def positioned(
    patient: str, number: int, targets: Sequence[Target], fractions: int, *, orientation: Sequence[float]
) -> Files:
    """A plain system, and a patient who lies as the Image Orientation of the dose says."""
    references = [
        Reference(i, t.name, decimal_text(t.prescribed_gy), t.number) for i, t in enumerate(targets, start=1)
    ]
    plan = rt_plan(
        patient, number, references, [Group(str(fractions), _beam_doses(targets[0].prescribed_gy, fractions))]
    )
    dose = ball_dose(patient, number, targets, orientation=orientation)
    return _files(number, plan, structure_set(patient, number, targets), dose)


def without_meta(dataset: Dataset) -> bytes:
    """A dataset as old systems write it: implicit VR from the first byte on, without preamble and file meta."""
    buffer = DicomBytesIO()
    buffer.is_implicit_VR, buffer.is_little_endian = True, True
    write_dataset(buffer, dataset)
    return buffer.getvalue()


def image(patient: str, number: int, modality: str, sop_class: str) -> bytes:
    """An image of another kind that lies beside the plan."""
    dataset = common(patient, number, kind=8, sop_class=sop_class, modality=modality)
    dataset.Rows = dataset.Columns = 2
    dataset.BitsAllocated = dataset.BitsStored = 16
    dataset.HighBit, dataset.PixelRepresentation, dataset.SamplesPerPixel = 15, 0, 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.PixelData = bytes(8)
    dataset["PixelData"].VR = "OW"
    dataset.SOPInstanceUID = f"{uid(8, number)}.{int.from_bytes(modality.encode(), 'big')}"
    return dicom_bytes(dataset)


def on_structures_of(files: Files, number: int, other: int) -> Files:
    """The plan and doses of `number` as made on the structure set of plan `other`, which is left out here."""
    kept = {name: data for name, data in files.items() if not name.startswith("RTSTRUCT")}
    pairs = [(uid(kind, number).encode(), uid(kind, other).encode()) for kind in (2, 4, 5)]
    for old, new in pairs:
        assert len(old) == len(new)
        kept = {name: data.replace(old, new) for name, data in kept.items()}
    return kept


def _beam_doses(total_gy: float, fractions: int) -> tuple[str, str]:
    half = decimal_text(total_gy / fractions / 2)
    return half, half


def _files(number: int, *datasets: Dataset, syntax: str = ExplicitVRLittleEndian) -> Files:
    names = [f"{dataset.Modality}.{number}.{i}.dcm" for i, dataset in enumerate(datasets)]
    return {name: dicom_bytes(dataset, syntax) for name, dataset in zip(names, datasets, strict=True)}
