"""Make the sample lesion sheets and RT Plans of this folder; the same bytes each time.

Run ``python sample_plans/make_samples.py`` from the root of the project after a change here. Every patient,
every plan and the local protocol are invented. No patient stands behind them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import dcmwrite
from pydicom.uid import UID, ExplicitVRLittleEndian, RTPlanStorage

UID_ROOT = "1.2.826.0.1.3680043.10.1666.2026"
"""Root of the samples' UIDs: invented, in no use elsewhere."""


@dataclass(frozen=True)
class Reference:
    """A dose reference of a plan."""

    number: int
    description: str
    dose_gy: str | None = None
    roi_number: int | None = None
    structure_type: str = "VOLUME"
    kind: str | None = "TARGET"


@dataclass(frozen=True)
class Group:
    """A fraction group: fractions, dose of each beam in a fraction, prescribed dose by reference number."""

    fractions: str | None
    beam_doses_gy: Sequence[str | None] = ("4.0", "4.0")
    doses_gy: dict[int, str] = field(default_factory=dict)


def rt_plan(
    patient_id: str,
    number: int,
    references: Sequence[Reference],
    groups: Sequence[Group],
    *,
    intent: str = "CURATIVE",
    geometry: str = "PATIENT",
    approval: str = "APPROVED",
) -> Dataset:
    """An RT Plan with static beams; `number` makes its UIDs."""
    plan = Dataset()
    plan.SpecificCharacterSet = "ISO_IR 192"
    plan.InstanceCreationDate = plan.StudyDate = plan.RTPlanDate = "20260102"
    plan.InstanceCreationTime = plan.StudyTime = plan.RTPlanTime = "120000"
    plan.SOPClassUID = RTPlanStorage
    plan.SOPInstanceUID = f"{UID_ROOT}.1.{number}"
    plan.AccessionNumber = plan.ReferringPhysicianName = plan.OperatorsName = ""
    plan.Modality = "RTPLAN"
    plan.Manufacturer = "rtfractions samples"
    plan.PatientName = f"Sample^{patient_id}"
    plan.PatientID = patient_id
    plan.PatientBirthDate = plan.PatientSex = ""
    plan.StudyInstanceUID = f"{UID_ROOT}.2.{number}"
    plan.SeriesInstanceUID = f"{UID_ROOT}.3.{number}"
    plan.StudyID = str(number)
    plan.SeriesNumber = None
    plan.FrameOfReferenceUID = f"{UID_ROOT}.4.{number}"
    plan.PositionReferenceIndicator = ""
    plan.RTPlanLabel = f"PLAN {number}"
    plan.PlanIntent = intent
    plan.RTPlanGeometry = geometry
    plan.DoseReferenceSequence = [_reference(reference) for reference in references]
    plan.FractionGroupSequence = [
        _group(i, group, _beams_before(groups, i)) for i, group in enumerate(groups)
    ]
    plan.BeamSequence = [_beam(n + 1) for n in range(_beams_before(groups, len(groups)))]
    if geometry == "PATIENT":
        structures = Dataset()
        structures.ReferencedSOPClassUID = "1.2.840.10008.5.1.4.1.1.481.3"
        structures.ReferencedSOPInstanceUID = f"{UID_ROOT}.5.{number}"
        plan.ReferencedStructureSetSequence = [structures]
    plan.ApprovalStatus = approval
    return plan


def _reference(reference: Reference) -> Dataset:
    item = Dataset()
    item.DoseReferenceNumber = reference.number
    item.DoseReferenceStructureType = reference.structure_type
    item.DoseReferenceDescription = reference.description
    if reference.kind is not None:
        item.DoseReferenceType = reference.kind
    if reference.roi_number is not None:
        item.ReferencedROINumber = reference.roi_number
    if reference.dose_gy is not None:
        item.TargetPrescriptionDose = reference.dose_gy
    return item


def _beams_before(groups: Sequence[Group], index: int) -> int:
    return sum(len(group.beam_doses_gy) for group in groups[:index])


def _group(index: int, group: Group, first_beam: int) -> Dataset:
    item = Dataset()
    item.FractionGroupNumber = index + 1
    item.NumberOfFractionsPlanned = group.fractions
    item.NumberOfBeams = len(group.beam_doses_gy)
    item.NumberOfBrachyApplicationSetups = 0
    item.ReferencedBeamSequence = []
    for i, dose in enumerate(group.beam_doses_gy):
        beam = Dataset()
        if dose is not None:
            beam.BeamDose = dose
        beam.BeamMeterset = "400"
        beam.ReferencedBeamNumber = first_beam + i + 1
        item.ReferencedBeamSequence.append(beam)
    item.ReferencedDoseReferenceSequence = []
    for number, dose in group.doses_gy.items():
        reference = Dataset()
        reference.TargetPrescriptionDose = dose
        reference.ReferencedDoseReferenceNumber = number
        item.ReferencedDoseReferenceSequence.append(reference)
    return item


def _beam(number: int) -> Dataset:
    beam = Dataset()
    beam.BeamNumber = number
    beam.BeamName = f"Field {number}"
    beam.BeamType = "STATIC"
    beam.RadiationType = "PHOTON"
    beam.TreatmentDeliveryType = "TREATMENT"
    beam.NumberOfControlPoints = 0
    return beam


def dicom_bytes(dataset: Dataset, transfer_syntax: str = ExplicitVRLittleEndian) -> bytes:
    """A dataset as a DICOM file; nothing in it depends on the day or on pydicom's version."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    meta.TransferSyntaxUID = UID(transfer_syntax)
    meta.ImplementationClassUID = UID(f"{UID_ROOT}.9")
    meta.ImplementationVersionName = "RTFRACTIONS"
    dataset.file_meta = meta
    buffer = DicomBytesIO()
    dcmwrite(buffer, dataset, enforce_file_format=True)
    return buffer.getvalue()


REINDUCTION = """\
patient,lesion,site,schedule,technique,intent,fractions_delivered,stop_reason,justification,max_diameter_mm,on_study
RI-01,L1,adrenal,24 Gy/3,SBRT,,3,,,,
RI-02,L1,vertebra T8,30 Gy/10,3D,palliative,10,,"painful metastasis, department standard",,
RI-03,L1,brain,3 x 8 Gy,SRS,,3,,,18,
RI-04,L1,brain,20 Gy/1,Gamma Knife,,1,,,14,
RI-05,L1,lung,20 Gy/5,VMAT,,5,,n/a,,
RI-06,L1,lung,30 Gy/3,SBRT,,3,,,,
RI-07,L1,rib,8 Gy/1,3D,palliative,1,,painful bone metastasis,,
RI-08,L1,liver,24 Gy/3,SBRT,,2,toxicity,,,
RI-09,L1,lung,24 Gy/3,SBRT,,3,,,,
RI-09,L2,adrenal,24 Gy/3,SBRT,,3,,,,
RI-10,L1,lung,24 Gy/3,SBRT,,4,,,,
RI-11,L1,lung,24 Gy/3,SBRT,,3,,,,
RI-11,L2,femur,8 Gy/1,3D,palliative,1,,painful bone metastasis,,no
RI-12,L1,brain,24 Gy/1,SRS,,1,,,35,
"""

GENSHEIMER = """\
patient,lesion,site,schedule,technique,start,end,fractions_delivered
GE-01,L1,lung,40 Gy/10,VMAT,2019-03-04,2019-03-15,10
GE-01,L2,adrenal,40 Gy/10,VMAT,2019-03-04,2019-03-15,10
GE-02,L1,liver,50 Gy/5,SBRT,2019-03-04,2019-03-08,5
GE-03,L1,lung,40 Gy/10,VMAT,2019-03-04,2019-03-18,10
GE-04,L1,lung,40 Gy/10,VMAT,2019-03-04,2019-03-15,10
GE-04,L2,lung,40 Gy/10,VMAT,2019-03-04,2019-03-15,10
GE-04,L3,liver,40 Gy/10,VMAT,2019-03-04,2019-03-15,10
GE-04,L4,adrenal,40 Gy/10,VMAT,2019-03-04,2019-03-15,10
GE-04,L5,rib,40 Gy/10,VMAT,2019-03-04,2019-03-15,10
GE-05,L1,lung,60 Gy/8,SBRT,2019-03-04,2019-03-13,8
GE-06,L1,brain,27 Gy/3,SRS,2019-03-04,2019-03-08,3
GE-07,L1,lung,40 Gy/10,VMAT,,,10
GE-08,L1,lung,40 Gy/10,VMAT,2019-03-04,2019-03-15,10
GE-08,L2,liver,27 Gy/3,SBRT,2019-04-01,2019-04-05,3
"""

GENSHEIMER_YAML = """\
# The same columns as a CSV sheet; one entry a lesion.
- patient: GE-21
  lesion: L1
  site: left lung
  schedule: 40 Gy in 10 fx
  technique: VMAT
  start: 2019-03-04
  end: 2019-03-15
  fractions_delivered: 10
- patient: GE-21
  lesion: L2
  site: lymph node, mediastinal
  schedule: 27Gy/3
  technique: SABR
  start: 2019-03-11
  end: 2019-03-15
  fractions_delivered: 3
"""

GENSHEIMER_PLANS_SHEET = """\
patient,lesion,site,schedule,technique,start,end,structure
GE-51,L1,lung,40 Gy/10,VMAT,2019-03-04,2019-03-15,PTV lung
GE-51,L2,liver,40 Gy/10,VMAT,2019-03-04,2019-03-15,PTV liver
"""

LOCAL_PROTOCOL = """\
# An invented protocol, to show how one is written: a closed list, and bands of its own.
schema: rtfractions.protocol/1
id: LOCAL-EXAMPLE
title: Example of a local protocol
version: 1, invented
basis: local_protocol
sources:
  - id: S1
    kind: local_protocol
    label: department protocol 1
    citation: invented for this sample

lesions: {min: 1, max: 3, worst_grade: deviation_unacceptable, source: S1}

schedules:
  list: closed
  match_tolerance_gy: 0.05
  worst_grade: deviation_unacceptable
  source: S1
  allowed:
    - {id: sabr-3, schedule: 54 Gy / 3, status: preferred, source: S1}
    - {id: sabr-5, schedule: 55 Gy / 5, status: listed, source: S1}

timing:
  overall: {days: {max: 14, count: inclusive}}
  scope: {of: per_lesion}
  worst_grade: variation_acceptable
  source: S1
"""

LOCAL = """\
patient,lesion,site,schedule,start,end
LO-01,L1,lung,54 Gy/3,2019-03-04,2019-03-08
LO-02,L1,lung,55 Gy/5,2019-03-04,2019-03-20
LO-03,L1,lung,60 Gy/5,2019-03-04,2019-03-08
"""


def samples() -> dict[str, bytes]:
    """The content of every sample, by its path in this folder."""
    plans = {
        "plans/reinduction/a.dcm": rt_plan(
            "RI-51", 1, [Reference(1, "PTV adrenal", "24.0", 7)], [Group("3", doses_gy={1: "24.0"})]
        ),
        "plans/reinduction/b.dcm": rt_plan(
            "RI-52", 2, [Reference(1, "PTV T8", "30.0", 3)], [Group("10", ("1.5", "1.5"))]
        ),
        "plans/reinduction/c.dcm": rt_plan(
            "RI-52", 3, [Reference(1, "PTV T8", "30.0", 3)], [Group("1")], intent="VERIFICATION"
        ),
        "plans/reinduction/d.dcm": rt_plan("RI-53", 4, [], [Group("3")]),
        "plans/gensheimer/a.dcm": rt_plan(
            "GE-51",
            5,
            [
                Reference(1, "PTV lung", "40.0", 4),
                Reference(2, "PTV liver", "40.0", 9),
                Reference(3, "PTV liver, edge", None, 9),
                Reference(4, "Cord", None, 2, kind="ORGAN_AT_RISK"),
            ],
            [Group("10", ("2.0", "2.0"))],
        ),
    }
    texts = {
        "reinduction.csv": REINDUCTION,
        "gensheimer.csv": GENSHEIMER,
        "gensheimer.yaml": GENSHEIMER_YAML,
        "gensheimer_plans.csv": GENSHEIMER_PLANS_SHEET,
        "local_protocol.yaml": LOCAL_PROTOCOL,
        "local.csv": LOCAL,
    }
    return {name: text.encode() for name, text in texts.items()} | {
        name: dicom_bytes(plan) for name, plan in plans.items()
    }


def main() -> None:
    """Write every sample beside this script."""
    for name, content in samples().items():
        path = Path(__file__).parent / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


if __name__ == "__main__":
    main()
